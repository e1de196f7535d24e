//! What is kept between two requests.

use platform::clock::{Millis, millis};
use platform::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

use crate::Identity;
use crate::digest::Digest;
use crate::jws::Jws;
use crate::token;

/// Something that was granted, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it is, for example `code`.
    pub kind: String,
    /// Its public name.
    pub id: String,
    /// Whom it belongs to.
    pub owner: String,
    /// Digest of what must be shown with it, or its state.
    pub digest: String,
    /// The rest, as JSON.
    pub body: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
}

/// A registered client.
pub(super) const CLIENT: &str = "client";
/// Somebody is asked whether a client may act for them.
pub(super) const SESSION: &str = "session";
/// The answer was yes, and the client has not come for its tokens.
pub(super) const CODE: &str = "code";
/// A program without a browser waits for its user.
pub(super) const DEVICE: &str = "device";
/// A client may come for new tokens.
pub(super) const REFRESH: &str = "refresh";
/// Whose a limited token is that a plugin makes of a client's token, and that does not say so.
const PASSED: &str = "passed";

impl Grant {
    pub(super) fn new(
        kind: &str,
        id: String,
        body: &impl Serialize,
        now: Millis,
        life: Duration,
    ) -> Result<Self> {
        Ok(Self {
            kind: kind.to_owned(),
            id,
            owner: String::new(),
            digest: String::new(),
            body: serde_json::to_string(body)
                .map_err(|error| Error::internal("writing a grant failed").with_source(error))?,
            created_at: now,
            expires_at: now.saturating_add(millis(life)),
        })
    }

    /// The same grant in another state, with another body.
    pub(super) fn with(&self, digest: &str, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_string(body)
            .map_err(|error| Error::internal("writing a grant failed").with_source(error))?;
        Ok(Self {
            digest: digest.to_owned(),
            body,
            ..self.clone()
        })
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.body)
            .map_err(|error| Error::internal("a grant is not what we write").with_source(error))
    }
}

impl Identity {
    /// Remembers the client of a token: a plugin that passes a call on shows the limited form of the
    /// token, whose content is Backstage's and has no place for it.
    pub(crate) async fn remember_agent(&self, user_token: &str, client_id: &str) -> Result<()> {
        let Some(jws) = Jws::parse(user_token) else {
            return Ok(());
        };
        let (Some(limited), Some(exp)) = (token::limited(&jws), jws.claims.exp) else {
            return Ok(());
        };
        let now = self.clock.now();
        let grant = Grant {
            owner: client_id.to_owned(),
            expires_at: exp.saturating_mul(1_000),
            ..Grant::new(PASSED, named(&limited), &(), now, Duration::ZERO)?
        };
        self.store.prune_grants(now).await?;
        self.store.insert_grant(grant).await
    }

    /// The client whose token a limited token was made of; `None` for the user's own.
    pub(crate) async fn agent_behind(&self, limited: &str) -> Result<Option<String>> {
        if self.server.is_none() {
            return Ok(None);
        }
        let found = self.store.find_grant(PASSED, &named(limited)).await?;
        Ok(found.map(|grant| grant.owner))
    }
}

fn named(token: &str) -> String {
    hex::encode(Digest::of(token).as_bytes())
}
