//! Signing keys: made when needed, rotated, published and kept until no token needs them.
//!
//! Invariants: a key signs for the first third of its life, so every token it signed ends before the
//! key is forgotten; a key belongs to one owner and verifies nothing of others; keys live in the
//! [`Store`], so they survive restarts and replicas verify each other's tokens.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use parking_lot::RwLock;
use platform::clock::millis;
use platform::config::Secret;
use platform::{Clock, Error, Millis, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::Store;

/// How many times longer a key verifies than it signs.
const RETENTION: i64 = 3;
/// How long a loaded key set is used before the store is asked for keys of other replicas.
const MAX_AGE: Millis = 60_000;
/// Least time between two loads caused by unknown key ids, which anybody can send.
const RELOAD_COOLDOWN: Millis = 1_000;
/// The owner of the key that signs user tokens; a dot is not allowed in plugin ids.
pub(crate) const USERS: &str = "auth.users";

/// A public key as published. The order of members is Backstage's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicJwk {
    /// Always `EC`.
    pub kty: String,
    /// First coordinate.
    pub x: String,
    /// Second coordinate.
    pub y: String,
    /// Always `P-256`.
    pub crv: String,
    /// Key id.
    pub kid: String,
    /// Always `ES256`.
    pub alg: String,
}

/// A signing key at rest.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// Key id, a UUID.
    pub kid: String,
    /// Plugin id, or `auth.users` for user tokens.
    pub owner: String,
    /// The public half.
    pub public: PublicJwk,
    /// The private half: PKCS#8 as PEM.
    pub private_pem: Secret,
    /// When it was made.
    pub created_at: Millis,
    /// When it stops verifying.
    pub expires_at: Millis,
}

/// A signing key in use.
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) owner: String,
    pub(crate) signer: EncodingKey,
    pub(crate) verifier: DecodingKey,
    public: PublicJwk,
    created_at: Millis,
    expires_at: Millis,
}

impl Key {
    /// When it stops signing.
    fn signs_until(&self) -> Millis {
        self.created_at + (self.expires_at - self.created_at) / RETENTION
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} of {})", self.kid, self.owner)
    }
}

impl TryFrom<StoredKey> for Key {
    type Error = Error;

    fn try_from(stored: StoredKey) -> Result<Self> {
        let unusable = |error| {
            Error::internal(format!("signing key {} is unusable", stored.kid)).with_source(error)
        };
        let signer =
            EncodingKey::from_ec_pem(stored.private_pem.expose().as_bytes()).map_err(unusable)?;
        let verifier = DecodingKey::from_ec_components(&stored.public.x, &stored.public.y)
            .map_err(unusable)?;
        Ok(Self {
            kid: stored.kid,
            owner: stored.owner,
            signer,
            verifier,
            public: stored.public,
            created_at: stored.created_at,
            expires_at: stored.expires_at,
        })
    }
}

/// All keys of the store, as last loaded.
#[derive(Default)]
struct Snapshot {
    by_kid: HashMap<String, Arc<Key>>,
    loaded_at: Option<Millis>,
}

impl Snapshot {
    fn new(keys: Vec<StoredKey>, loaded_at: Millis) -> Self {
        let mut by_kid = HashMap::with_capacity(keys.len());
        for stored in keys {
            match Key::try_from(stored) {
                Ok(key) => {
                    by_kid.insert(key.kid.clone(), Arc::new(key));
                }
                Err(error) => tracing::warn!(error = error.chain(), "skipping a signing key"),
            }
        }
        Self {
            by_kid,
            loaded_at: Some(loaded_at),
        }
    }

    /// The newest key that may sign now and outlives what it signs.
    fn signing_key(&self, owner: &str, now: Millis, lifetime: Millis) -> Option<Arc<Key>> {
        self.by_kid
            .values()
            .filter(|key| key.owner == owner)
            .filter(|key| key.signs_until() > now && key.expires_at >= now + lifetime)
            .max_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)))
            .cloned()
    }

    fn is_younger_than(&self, age: Millis, now: Millis) -> bool {
        self.loaded_at
            .is_some_and(|loaded_at| now - loaded_at < age)
    }
}

/// The keys of all owners.
pub(crate) struct Keys {
    store: Arc<dyn Store>,
    clock: Clock,
    snapshot: RwLock<Arc<Snapshot>>,
    /// Held while loading or making keys, so that one request does it for all that wait.
    refresh: tokio::sync::Mutex<()>,
}

impl Keys {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self {
            store,
            clock,
            snapshot: RwLock::default(),
            refresh: tokio::sync::Mutex::new(()),
        }
    }

    /// The key that signs for `owner` now, made if there is none; it outlives tokens of `lifetime`.
    pub(crate) async fn signing_key(&self, owner: &str, lifetime: Duration) -> Result<Arc<Key>> {
        let lifetime = millis(lifetime);
        if let Some(key) = self.current(owner, lifetime) {
            return Ok(key);
        }
        let _guard = self.refresh.lock().await;
        if let Some(key) = self.current(owner, lifetime) {
            return Ok(key);
        }
        self.load().await?;
        if let Some(key) = self.current(owner, lifetime) {
            return Ok(key);
        }
        self.store.prune_keys(self.clock.now()).await?;
        self.store
            .insert_key(generate(owner, self.clock.now(), lifetime)?)
            .await?;
        self.load().await?;
        self.current(owner, lifetime)
            .ok_or_else(|| Error::internal("a new signing key is not in the store"))
    }

    /// The key with an id, unless it has expired. Unknown ids make the store be asked, now and then.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<Arc<Key>>> {
        if let Some(key) = self.known(kid) {
            return Ok(Some(key));
        }
        let _guard = self.refresh.lock().await;
        if let Some(key) = self.known(kid) {
            return Ok(Some(key));
        }
        if !self.is_younger_than(RELOAD_COOLDOWN) {
            self.load().await?;
        }
        Ok(self.known(kid))
    }

    /// Every key of `owner` that still verifies, oldest first; at least one.
    pub(crate) async fn published(
        &self,
        owner: &str,
        lifetime: Duration,
    ) -> Result<Vec<PublicJwk>> {
        self.signing_key(owner, lifetime).await?;
        let now = self.clock.now();
        let snapshot = self.snapshot();
        let mut keys: Vec<_> = snapshot
            .by_kid
            .values()
            .filter(|key| key.owner == owner && key.expires_at > now)
            .collect();
        keys.sort_unstable_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
        Ok(keys.into_iter().map(|key| key.public.clone()).collect())
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read())
    }

    fn current(&self, owner: &str, lifetime: Millis) -> Option<Arc<Key>> {
        let now = self.clock.now();
        let snapshot = self.snapshot();
        snapshot
            .is_younger_than(MAX_AGE, now)
            .then(|| snapshot.signing_key(owner, now, lifetime))?
    }

    fn known(&self, kid: &str) -> Option<Arc<Key>> {
        let key = Arc::clone(self.snapshot.read().by_kid.get(kid)?);
        (key.expires_at > self.clock.now()).then_some(key)
    }

    fn is_younger_than(&self, age: Millis) -> bool {
        self.snapshot.read().is_younger_than(age, self.clock.now())
    }

    async fn load(&self) -> Result<()> {
        let now = self.clock.now();
        let keys = self.store.load_keys().await?;
        *self.snapshot.write() = Arc::new(Snapshot::new(keys, now));
        Ok(())
    }
}

/// A new key that signs for as long as its tokens live.
fn generate(owner: &str, now: Millis, lifetime: Millis) -> Result<StoredKey> {
    let failed = |_| Error::internal("making a signing key failed");
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(failed)?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref())
        .map_err(|error| Error::internal("making a signing key failed").with_source(error))?;
    let kid = Uuid::new_v4().to_string();
    Ok(StoredKey {
        public: public_jwk(pair.public_key().as_ref(), &kid)?,
        private_pem: Secret::new(pem(document.as_ref())),
        owner: owner.to_owned(),
        kid,
        created_at: now,
        expires_at: now + lifetime * RETENTION,
    })
}

/// `point` is uncompressed: a tag byte and two coordinates of 32 bytes.
fn public_jwk(point: &[u8], kid: &str) -> Result<PublicJwk> {
    let (x, y) = point
        .strip_prefix(&[4])
        .filter(|coordinates| coordinates.len() == 64)
        .and_then(|coordinates| coordinates.split_at_checked(32))
        .ok_or_else(|| Error::internal("a new signing key is not on P-256"))?;
    Ok(PublicJwk {
        kty: "EC".to_owned(),
        x: URL_SAFE_NO_PAD.encode(x),
        y: URL_SAFE_NO_PAD.encode(y),
        crv: "P-256".to_owned(),
        kid: kid.to_owned(),
        alg: "ES256".to_owned(),
    })
}

fn pem(der: &[u8]) -> String {
    const LINE: usize = 64;
    let mut rest = &*STANDARD.encode(der);
    let mut pem = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
