//! Who asks: the first argument of every service method.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// The program that calls on the user's behalf, for example `plugin:scaffolder`, or the agent;
    /// `None` when the user's own browser calls.
    pub actor: Option<Arc<str>>,
    /// The program that the user let act for them, as its id in the authorization server; it is told
    /// also when a plugin passes its call on.
    pub agent: Option<Arc<str>>,
    /// How far the shown token goes on the plugin that is called.
    pub reach: Reach,
}

/// What the names of plugins begin with that call for a user, as actors.
const PLUGIN: &str = "plugin:";

impl User {
    /// Whether a plugin calls on the user's behalf, and not the user or a program of theirs.
    pub fn is_passed_on(&self) -> bool {
        let actor = self.actor.as_deref();
        self.agent.as_deref() != actor && actor.is_some_and(|actor| actor.starts_with(PLUGIN))
    }
}

/// How far a token lets a program go for its user; each includes those before it.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Reach {
    /// Reading what the user may read.
    Read,
    /// Creating, changing and using too.
    Write,
    /// Everything the user may, also deleting.
    #[default]
    Delete,
}

impl Reach {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Delete];

    /// Its name in scopes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }

    /// Whether it reaches permissions with an action; those without one use something.
    pub fn allows(self, action: Option<&str>) -> bool {
        let needed = match action {
            Some("read") => Self::Read,
            Some("delete") => Self::Delete,
            _ => Self::Write,
        };
        self >= needed
    }
}

/// Another program that calls us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Who it is, for example `lab-client` or `plugin:scaffolder`.
    pub subject: String,
    /// What its token is limited to; `None` for everything a service may.
    pub restrictions: Option<Arc<[AccessRestriction]>>,
}

impl Service {
    /// Whether its token is limited to some permissions or actions of the plugin that is called.
    pub fn is_limited(&self) -> bool {
        let mut restrictions = self.restrictions.iter().flat_map(|list| list.iter());
        restrictions.any(|it| !it.permissions.is_empty() || !it.actions.is_empty())
    }
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

    /// Who shows credentials that are good, be it not here: for the record of what was refused, and
    /// for nothing else.
    async fn identify(&self, _headers: &HeaderMap) -> Option<Arc<Caller>> {
        None
    }
}

/// From where a call reached us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Who opened the connection.
    pub address: Option<IpAddr>,
    /// What the program calls itself.
    pub agent: Option<Arc<str>>,
}

/// The context of one call: who asks, and who decides what they may.
#[derive(Clone)]
pub struct Ctx {
    caller: Arc<Caller>,
    authorizer: Arc<dyn Authorizer>,
    request_id: Arc<str>,
    client: Client,
    is_audited: Arc<AtomicBool>,
}

impl Ctx {
    /// A context for one call.
    pub fn new(caller: Arc<Caller>, authorizer: Arc<dyn Authorizer>, request_id: Arc<str>) -> Self {
        Self {
            caller,
            authorizer,
            request_id,
            client: Client::default(),
            is_audited: Arc::default(),
        }
    }

    /// The same call, from a known client.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// From where the call reached us.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Says that the use case wrote an audit record of its own, with more than the barrier knows.
    pub fn mark_audited(&self) {
        self.is_audited.store(true, Ordering::Relaxed);
    }

    /// Whether [`Ctx::mark_audited`] was called for this call.
    pub fn is_audited(&self) -> bool {
        self.is_audited.load(Ordering::Relaxed)
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
    pub async fn decide(&self, permission: Permission<'_>) -> Decision {
        let mut decisions = self.decide_all(&[permission]).await;
        decisions.pop().unwrap_or(Decision::Deny)
    }

    /// The decisions on several permissions, in order.
    pub async fn decide_all(&self, permissions: &[Permission<'_>]) -> Vec<Decision> {
        self.authorizer.decide(&self.caller, permissions).await
    }

    /// Fails unless the caller has the permission without conditions.
    pub async fn require(&self, permission: Permission<'_>) -> Result<()> {
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
