//! The published keys of another issuer, fetched when needed and kept for a while.
//!
//! Invariants: one fetch at a time, and never two within the cooldown, whatever tokens come; a failed
//! fetch keeps the keys known before until they are too old.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use parking_lot::RwLock;
use platform::clock::Millis;
use platform::{Clock, Error, Result};
use serde::Deserialize;
use url::Url;

use crate::fetch::{self, Fetch};

/// How long fetched keys are used.
const MAX_AGE: Millis = 600_000;
/// Least time between two fetches.
const COOLDOWN: Millis = 30_000;
const MAX_KEYS: usize = 100;

/// A key set at a URL.
pub(crate) struct KeySet {
    url: Url,
    fetch: Arc<dyn Fetch>,
    clock: Clock,
    loaded: RwLock<Loaded>,
    /// When a fetch was last tried; held while fetching.
    tried_at: tokio::sync::Mutex<Option<Millis>>,
}

#[derive(Default)]
struct Loaded {
    keys: Vec<RemoteKey>,
    at: Option<Millis>,
}

struct RemoteKey {
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    key: DecodingKey,
}

impl KeySet {
    pub(crate) fn new(url: Url, fetch: Arc<dyn Fetch>, clock: Clock) -> Self {
        Self {
            url,
            fetch,
            clock,
            loaded: RwLock::default(),
            tried_at: tokio::sync::Mutex::new(None),
        }
    }

    /// The key a token names, or the only one that fits when it names none.
    pub(crate) async fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Option<DecodingKey> {
        if let Some(key) = self.known(kid, algorithm) {
            return Some(key);
        }
        let mut tried_at = self.tried_at.lock().await;
        if let Some(key) = self.known(kid, algorithm) {
            return Some(key);
        }
        let now = self.clock.now();
        if tried_at.is_some_and(|at| now - at < COOLDOWN) {
            return None;
        }
        *tried_at = Some(now);
        match self.load().await {
            Ok(keys) => {
                *self.loaded.write() = Loaded {
                    keys,
                    at: Some(now),
                }
            }
            Err(error) => tracing::warn!(error = error.chain(), "fetching a key set failed"),
        }
        self.known(kid, algorithm)
    }

    /// Fails when the keys cannot be read, or none of them can be used.
    pub(crate) async fn check(&self) -> Result<()> {
        if self.load().await?.is_empty() {
            let text = format!("{} has no key that can be used", self.url);
            return Err(Error::unavailable(text));
        }
        Ok(())
    }

    fn known(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let loaded = self.loaded.read();
        loaded.at.filter(|at| self.clock.now() - at < MAX_AGE)?;
        let mut fitting = loaded.keys.iter().filter(|key| key.fits(kid, algorithm));
        let key = fitting.next()?;
        fitting.next().is_none().then(|| key.key.clone())
    }

    async fn load(&self) -> Result<Vec<RemoteKey>> {
        #[derive(Deserialize)]
        struct Published {
            keys: Vec<serde_json::Value>,
        }
        let body = fetch::get(&*self.fetch, &self.url).await?;
        let published: Published = serde_json::from_slice(&body).map_err(|error| {
            Error::unavailable(format!("{} is not a key set", self.url)).with_source(error)
        })?;
        let keys = published.keys.into_iter().take(MAX_KEYS);
        Ok(keys.filter_map(RemoteKey::from_json).collect())
    }
}

impl RemoteKey {
    /// `None` for keys of a kind we do not know, for symmetric keys, and for those that encrypt.
    fn from_json(json: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(json).ok()?;
        let encrypts = jwk.common.public_key_use == Some(PublicKeyUse::Encryption);
        let algorithm = match jwk.common.key_algorithm {
            Some(algorithm) => Some(algorithm.to_string().parse().ok()?),
            None => None,
        };
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        (!encrypts && key.family() != AlgorithmFamily::Hmac).then_some(Self {
            kid: jwk.common.key_id,
            algorithm,
            key,
        })
    }

    fn fits(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        kid.is_none_or(|kid| self.kid.as_deref() == Some(kid))
            && self.algorithm.is_none_or(|own| own == algorithm)
            && self.key.family() == algorithm.family()
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySet({})", self.url)
    }
}
