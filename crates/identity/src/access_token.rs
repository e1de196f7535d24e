//! Tokens of programs that operators make on the command line: kept as digests, listed, revoked.
//!
//! They say what `backend.auth.externalAccess` of type `static` says, without a secret in the
//! configuration. A revoked token is refused by every replica within a minute.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use platform::clock::{Millis, millis};
use platform::config::Secret;
use platform::ctx::{AccessRestriction, Caller, Service};
use platform::{Clock, Error, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::digest::Digest;
use crate::random;
use crate::store::Store;
use crate::verify::{MAX_CACHED, Scope, Verified};

/// How every such token begins, so that scanners of secrets find it.
const PREFIX: &str = "cbt_";
const ID_LENGTH: usize = 12;
const SECRET_BYTES: usize = 32;

/// A token at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Public part of the token.
    pub id: String,
    /// SHA-256 of the whole token, as text.
    pub digest: String,
    /// Who shows it.
    pub subject: String,
    /// What it is limited to; everything when empty.
    pub restrictions: Vec<Restriction>,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
    /// When an operator ended it.
    pub revoked_at: Option<Millis>,
}

/// What a token may do with one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// Id of the plugin.
    pub plugin: String,
    /// Names of permissions; all when empty.
    pub permissions: Vec<String>,
    /// Actions (`create`, `read`, `update`, `delete`); all when empty.
    #[serde(default)]
    pub actions: Vec<String>,
}

impl AccessToken {
    /// Whether it may be used.
    pub fn is_good(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }

    fn caller(&self) -> Caller {
        let restriction = |of: &Restriction| AccessRestriction {
            plugin: of.plugin.clone(),
            permissions: of.permissions.clone(),
            actions: of.actions.clone(),
        };
        let restrictions = self.restrictions.iter().map(restriction);
        Caller::Service(Service {
            subject: self.subject.clone(),
            restrictions: (!self.restrictions.is_empty()).then(|| restrictions.collect()),
        })
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken({} of {})", self.id, self.subject)
    }
}

/// Makes, lists and revokes tokens.
pub struct AccessTokens {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl AccessTokens {
    /// The tokens of a store.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Makes a token. It is shown now or never: the store only has its digest.
    pub async fn create(
        &self,
        subject: &str,
        restrictions: Vec<Restriction>,
        lifetime: Option<Duration>,
    ) -> Result<(AccessToken, Secret)> {
        if subject.is_empty() || subject.contains(char::is_whitespace) {
            return Err(Error::input("the subject must be text without spaces"));
        }
        let mut id = Uuid::new_v4().simple().to_string();
        id.truncate(ID_LENGTH);
        let secret = format!("{PREFIX}{id}.{}", random::text::<SECRET_BYTES>()?);
        let now = self.clock.now();
        let token = AccessToken {
            id,
            digest: hex::encode(Digest::of(&secret).as_bytes()),
            subject: subject.to_owned(),
            restrictions,
            created_at: now,
            expires_at: lifetime.map(|lifetime| now.saturating_add(millis(lifetime))),
            revoked_at: None,
        };
        self.store.insert_token(token.clone()).await?;
        Ok((token, Secret::new(secret)))
    }

    /// Every token, also those that ended, oldest first.
    pub async fn list(&self) -> Result<Vec<AccessToken>> {
        self.store.list_tokens().await
    }

    /// Ends a token; whether there was one to end.
    pub async fn revoke(&self, id: &str) -> Result<bool> {
        self.store.revoke_token(id, self.clock.now()).await
    }
}

/// Who shows such a token; `None` when it is none, or none that is good.
pub(crate) async fn verify(
    store: &dyn Store,
    token: &str,
    digest: &Digest,
    now: Millis,
) -> Result<Option<Verified>> {
    let id = token
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('.'));
    let Some((id, _)) = id else {
        return Ok(None);
    };
    let Some(known) = store.find_token(id).await? else {
        return Ok(None);
    };
    let shown = hex::encode(digest.as_bytes());
    let is_same = verify_slices_are_equal(known.digest.as_bytes(), shown.as_bytes()).is_ok();
    if !is_same || !known.is_good(now) {
        return Ok(None);
    }
    let end = known
        .expires_at
        .unwrap_or(Millis::MAX)
        .min(now + MAX_CACHED);
    let caller = Arc::new(known.caller());
    Ok(Some(Verified::new(caller, Scope::Everywhere, end)))
}
