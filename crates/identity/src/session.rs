//! Sessions of browsers: where somebody is signed in, and how they end that.
//!
//! A session is known by the refresh cookie of its provider, so there is none where no cookie stands
//! for one: guests are let in anew with each page, and so is whoever a proxy vouches for. Sessions
//! from before there were rows get theirs at the next renewal.
//!
//! Invariants: rows hold no secret, what a browser shows is kept as a digest; nothing that stood for
//! a session that has ended continues it, as far back as [`MAX_KEYS`]; a renewal writes nothing but a
//! new refresh token, and when a session was used no more often than [`USED_EVERY`].

mod agent;
mod keep;
mod uses;
mod visits;

use platform::Millis;
use platform::ctx::Client;

pub(crate) use agent::{browser_of, system_of};
pub(crate) use keep::{Asking, Renewal, signed_out};
pub(crate) use uses::Uses;
pub(crate) use visits::Visits;

use crate::digest::Digest;
use crate::service::Door;

/// Most sessions of a user that go on; those that were not used for longest make room, and come back
/// when their browsers do.
pub(crate) const MAX_SESSIONS: u32 = 100;
/// Most sessions of a user that have ended and are kept, so that nobody continues them.
pub(crate) const MAX_ENDED: u32 = 1_000;
/// Most digests of what stood for one session.
pub(crate) const MAX_KEYS: u32 = 20;
/// How exactly is known when a session was used.
pub(crate) const USED_EVERY: Millis = 300_000;
/// Digits of the id of a session.
const ID_LENGTH: usize = 32;

/// Somebody is, or was, signed in with a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserSession {
    /// Its public name.
    pub id: String,
    /// Who is signed in.
    pub user_ref: String,
    /// Id of the provider.
    pub provider: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Network address at the sign-in.
    pub address: String,
    /// When it began.
    pub begun_at: Millis,
    /// When it was used last, to within minutes.
    pub used_at: Millis,
    /// When the browser forgets it.
    pub expires_at: Millis,
    /// When the user ended it.
    pub ended_at: Option<Millis>,
}

/// How a session comes to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// Somebody signed in: what was known of the session before does not count any more.
    SignIn,
    /// It was there already and nobody had written it down; what is known counts.
    Found,
}

/// Which sessions of a user are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one with this id.
    One(String),
    /// All, but for the one with this id.
    AllBut(Option<String>),
}

/// Digest of what a browser shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// Of the refresh token that a browser has for a provider.
    pub(crate) fn of(door: Door<'_>, token: &str) -> Self {
        let environment = door.environment.unwrap_or_default();
        let text = format!("{}\n{environment}\n{token}", door.provider);
        Self(hex::encode(Digest::of(&text).as_bytes()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of a session that begins with this key: two requests that find the same session at the
    /// same time write it down once.
    pub(crate) fn session_id(&self) -> String {
        let digest = Digest::of(&format!("session\n{}", self.0));
        let mut id = hex::encode(digest.as_bytes());
        id.truncate(ID_LENGTH);
        id
    }
}

/// Where a browser is.
fn address_of(client: &Client) -> String {
    let address = client.address.map(|address| address.to_string());
    address.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_neither_the_token_nor_itself() {
        let door = |provider, environment| Door {
            provider,
            environment,
        };
        let key = Key::of(door("oidc", Some("production")), "refresh-token");
        let others = [
            Key::of(door("oidc", Some("staging")), "refresh-token"),
            Key::of(door("okta", Some("production")), "refresh-token"),
            Key::of(door("oidc", Some("production")), "another"),
        ];
        assert!(!others.contains(&key));
        assert_eq!(key.as_str().len(), 64);
        assert!(!key.as_str().contains("refresh-token"));
        assert_eq!(key.session_id().len(), ID_LENGTH);
        assert!(!key.as_str().contains(&key.session_id()));
    }
}
