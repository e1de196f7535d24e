//! What is kept between two requests.

use platform::clock::{Millis, millis};
use platform::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

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
