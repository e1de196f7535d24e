//! Who asks: the first argument of every service method.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;

use crate::error::{Error, Result};
use crate::permission::{Authorizer, Decision, Permission};

/// The principal behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody showed credentials; only routes open to everyone see this.
    Anonymous,
    /// A signed-in person.
    User(User),
    /// Another program.
    Service(Service),
}

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Canonical entity reference, for example `user:default/guest`.
    pub entity_ref: String,
    /// References that own things on the user's behalf: the user and their groups.
    pub ownership: Arc<[String]>,
    /// When the shown token ends, in seconds since the epoch.
    pub expires_at: i64,
    /// The cookie-grade token derived from the shown token, when it carries one.
    pub limited_token: Option<Arc<str>>,
    /// The program that calls on the user's behalf, for example `plugin:scaffolder`; `None` when the
    /// user's own browser calls.
    pub actor: Option<Arc<str>>,
}

/// Another program that calls us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Who it is, for example `lab-client` or `plugin:scaffolder`.
    pub subject: String,
    /// What its token is limited to; `None` for everything a service may.
    pub restrictions: Option<Arc<[AccessRestriction]>>,
}

/// One entry of `accessRestrictions` of an external token. Reference 3 §2.1.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccessRestriction {
    /// Plugin the token may call.
    pub plugin: String,
    /// Permissions it may use there; empty for all.
    pub permissions: Vec<String>,
    /// Permission actions it may use there; empty for all.
    pub actions: Vec<String>,
}

impl Caller {
    /// A name for logs and audit records.
    pub fn subject(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User(user) => &user.entity_ref,
            Self::Service(service) => &service.subject,
        }
    }
}

/// Turns request headers into a [`Caller`].
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The caller, [`Caller::Anonymous`] without credentials, or an
    /// [`Unauthenticated`](crate::Code::Unauthenticated) error for bad ones.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>>;
}

/// The context of one call: who asks, and who decides what they may.
#[derive(Clone)]
pub struct Ctx {
    caller: Arc<Caller>,
    authorizer: Arc<dyn Authorizer>,
    request_id: Arc<str>,
}

impl Ctx {
    /// A context for one call.
    pub fn new(caller: Arc<Caller>, authorizer: Arc<dyn Authorizer>, request_id: Arc<str>) -> Self {
        Self {
            caller,
            authorizer,
            request_id,
        }
    }

    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Who asks, to keep beyond the call.
    pub fn shared_caller(&self) -> Arc<Caller> {
        Arc::clone(&self.caller)
    }

    /// Identifies the request in logs and audit records.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The decision on one permission.
    pub async fn decide(&self, permission: Permission) -> Decision {
        let mut decisions = self.authorizer.decide(&self.caller, &[permission]).await;
        decisions.pop().unwrap_or(Decision::Deny)
    }

    /// Fails unless the caller has the permission without conditions.
    pub async fn require(&self, permission: Permission) -> Result<()> {
        match self.decide(permission).await {
            Decision::Allow => Ok(()),
            Decision::Deny | Decision::Conditional(_) => Err(Error::forbidden("")),
        }
    }

    /// The signed-in user, or 403 with Backstage's text for other callers.
    pub fn require_user(&self) -> Result<&User> {
        match &*self.caller {
            Caller::User(user) => Ok(user),
            Caller::Service(_) => Err(Error::forbidden(
                "This endpoint does not allow 'service' credentials",
            )),
            Caller::Anonymous => Err(Error::unauthenticated("Missing credentials")),
        }
    }
}

impl std::fmt::Debug for Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ctx")
            .field("caller", &self.caller.subject())
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
