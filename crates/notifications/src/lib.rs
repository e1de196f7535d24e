//! What the portal tells people without being asked: signals to open pages, and notifications.
//! Reference 3 §7, `signals` and `notifications`.
//!
//! Signals are sent to the pages that are connected to this process, and to nobody later.
//! Notifications are stored, one for each user or one for everybody, until they are a year old;
//! programs and steps of templates send them.
//!
//! Invariants: a signal for a user reaches connections with a good token of that user only; a
//! connection ends with its token; connections, channels and what waits to be sent are bounded. A
//! user sees and marks their own notifications and those for everybody only; a notification of the
//! same origin and scope takes the place of the one before.

mod action;
mod http;
mod notification;
mod service;
mod signals;
mod socket;
mod store;

pub use action::action;
pub use http::router;
pub use notification::{Audience, Payload, Severity};
pub use service::Notifications;
pub use signals::{Recipients, Signals};
pub use socket::signals_router;
pub use store::MIGRATIONS;
