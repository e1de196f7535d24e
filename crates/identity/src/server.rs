//! The authorization server: tools and agents get tokens by which they act as their user.
//! OAuth 2.1 with PKCE, client ID metadata documents, registration, refresh tokens; the wire of
//! Backstage, reference "OAuth server".
//!
//! Invariants: nobody is sent to an address before it was checked against the client; a code is
//! used once, a refresh token once, and what is used twice ends the whole session; a token for a
//! resource opens that resource only; secrets are kept as digests; what strangers ask for is bounded,
//! and never keeps others out.

mod act;
mod acting;
mod authorize;
mod bound;
mod client;
mod device;
mod grant;
mod pattern;
mod scope;
mod settings;
mod token;

use std::time::Duration;

use platform::http::{Act, Limit, Limiter};
use platform::{Error, Result};

pub(crate) use act::answered;
pub(crate) use authorize::AuthorizeRequest;
pub(crate) use client::Registration;
pub(crate) use device::DEVICE_GRANT;
pub use grant::Grant;
pub(crate) use scope::{Limit as ScopeLimit, limits, reach_on};
pub(crate) use settings::ServerSettings;
pub(crate) use token::{Shown, TokenRequest};

use self::bound::Additions;
use self::client::Documents;

/// The authorization server.
pub(crate) struct Server {
    pub(crate) settings: ServerSettings,
    pub(crate) documents: Documents,
    /// Codes that a user types, of which few are good.
    guesses: Limiter,
    additions: Additions,
}

/// Codes that a user may type in a minute; opening the page and answering takes two.
const MAX_GUESSES: u32 = 20;

impl Server {
    /// The server; `None` when no kind of client is switched on.
    pub(crate) fn new(settings: ServerSettings) -> Result<Option<Self>> {
        if !settings.is_on() {
            return Ok(None);
        }
        Ok(Some(Self {
            documents: Documents::new(&settings)?,
            guesses: Limiter::new(Limit::new(MAX_GUESSES, Duration::from_mins(1))),
            additions: Additions::default(),
            settings,
        }))
    }
}

/// An error as OAuth has it.
#[derive(Debug)]
pub(crate) struct OAuthError {
    /// The registered code.
    pub(crate) code: &'static str,
    /// For the developer of the client.
    pub(crate) description: String,
    pub(crate) status: u16,
    /// What the audit log is told, if it is more than that something was refused.
    pub(crate) act: Option<Box<Act>>,
}

impl OAuthError {
    pub(crate) fn new(code: &'static str, description: impl Into<String>) -> Self {
        let status = match code {
            "invalid_client" => 401,
            "access_denied" => 403,
            "server_error" => 500,
            _ => 400,
        };
        Self {
            code,
            description: description.into(),
            status,
            act: None,
        }
    }
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        tracing::error!(error = error.chain(), "the authorization server failed");
        Self::new("server_error", "the server failed; its log says why")
    }
}

pub(crate) type OAuthResult<T> = Result<T, OAuthError>;
