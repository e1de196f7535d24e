//! The web app: embedded assets, and the page that starts them.
//!
//! The app is built by Node (`web`) and embedded packed. Every path outside of `/api` gets the same
//! page, whose scripts then show what the path means. The page brings the configuration of the app,
//! who is signed in (by cookie) and the first data of the route, so that nothing has to be asked
//! before there is something to see.
//!
//! A front end that was built elsewhere can be served in its place (`front_end`).
//!
//! Invariants: no script runs that this page did not name, and none makes code out of text (content
//! security policy with a nonce for each answer, Trusted Types); first data is what the caller may
//! read, asked for in their name; tokens are never written into a page.

mod assets;
mod first_data;
mod front_end;
mod manifest;
mod page;
mod policy;
mod site;

pub use first_data::Apis;
pub use front_end::{FrontEnd, front_end_router};
pub use page::{CodeHost, Provider, ProviderKind};
pub use site::{Settings, router};
