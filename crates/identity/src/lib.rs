//! Who calls: the `auth` plugin.
//!
//! Entry points: [`Identity`] signs users in, issues tokens and gives an
//! [`Authenticator`](platform::Authenticator) for each plugin; [`mod@http`] has the routes.
//!
//! Invariants: private keys and tokens never reach logs, errors or `Debug`; nothing of a token is
//! believed before its signature is verified with a key and algorithm that we chose.

mod digest;
mod external;
mod fetch;
pub mod http;
mod jws;
mod keys;
mod service;
mod settings;
mod store;
mod token;
mod verify;

pub use fetch::{Fetch, HttpFetch};
pub use keys::{PublicJwk, StoredKey};
pub use service::{Directory, Identity, SignedIn, Surroundings};
pub use settings::{ExternalAccess, ExternalMethod, GuestSettings, JwksAccess, Settings, Stage};
pub use store::{DbStore, MIGRATIONS, MemoryStore, Store};
