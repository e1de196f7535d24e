//! Who calls: the `auth` plugin.
//!
//! Entry points: [`Identity`] signs users in, issues tokens and gives an
//! [`Authenticator`](platform::Authenticator) for each plugin; [`mod@http`] has the routes.
//!
//! Invariants: private keys and tokens never reach logs, errors or `Debug`; nothing of a token is
//! believed before its signature is verified with a key and algorithm that we chose.

mod access_token;
mod digest;
mod directory;
mod examine;
mod external;
mod fetch;
pub mod http;
mod jws;
mod key_set;
mod keys;
mod oauth;
mod origins;
mod programs;
mod providers;
mod proxy;
mod random;
mod server;
mod service;
mod session;
mod settings;
mod sign_in;
mod store;
mod token;
mod verify;

pub use access_token::{AccessToken, AccessTokens, Restriction};
pub use directory::Directory;
pub use examine::{ProviderReport, Simulation, claims_of};
pub use fetch::{Fetch, HttpFetch, Incoming, Outgoing};
pub use keys::{PublicJwk, StoredKey};
pub use programs::{Program, ProgramKind};
pub use server::Grant;
pub use service::{Identity, SignedIn, Surroundings};
pub use session::{Beginning, BrowserSession, Which};
pub use settings::{ExternalAccess, ExternalMethod, JwksAccess, Settings, Stage};
pub use sign_in::{FailedSignIn, FailedStep};
pub use store::{DbStore, MIGRATIONS, MemoryStore, SessionStore, Store};
