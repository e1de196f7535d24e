//! What the portal tells people without being asked: signals to open pages, and notifications.
//! Reference 3 §7, `signals` and `notifications`.
//!
//! Signals are sent to the pages that are connected to this process, and to nobody later. Nothing
//! makes notifications yet: a front end that asks for them is told so, and there is no route to make
//! one.
//!
//! Invariants: a signal for a user reaches connections with a good token of that user only; a
//! connection ends with its token; connections, channels and what waits to be sent are bounded.

mod http;
mod signals;
mod socket;

pub use http::router;
pub use signals::{Recipients, Signals};
pub use socket::signals_router;
