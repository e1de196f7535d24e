//! Mounting a plugin's routes below `/api/<plugin>`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};

use crate::ctx::{Authenticator, Caller, Client, Ctx};
use crate::error::{Error, Result};
use crate::permission::Authorizer;

use super::challenge::{Challenge, check_reach};
use super::inside::ActsFor;
use super::limit::{self, Limiter};
use super::{PendingError, RequestInfo};

/// Characters of `User-Agent` that are kept.
const MAX_AGENT: usize = 200;

/// Who may enter a path of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone; the handler sees [`Caller::Anonymous`] without credentials.
    Unauthenticated,
    /// Users and services with good credentials.
    Authenticated,
}

/// A plugin's routes and who may enter them.
pub struct Plugin {
    /// Plugin id: the path segment after `/api/`.
    pub id: &'static str,
    /// Routes relative to the mount point.
    pub router: Router,
    /// Path prefixes open to everyone; `/` opens the whole plugin.
    pub open_paths: &'static [&'static str],
}

/// Sees every request that reached a plugin, after it was answered.
pub trait Observer: Send + Sync {
    /// Must not block.
    fn observe(&self, seen: Seen<'_>);
}

/// Left in the extensions of an answer that gives somebody a token: whom the request turned out to
/// be of.
#[derive(Debug, Clone)]
pub struct SignsIn(pub Arc<str>);

/// Left in the extensions of an answer by a handler that knows better than its route what was done,
/// and by whom.
#[derive(Debug, Clone)]
pub struct Act {
    /// What was done, `feature.noun.verb`.
    pub action: &'static str,
    /// To what.
    pub subject: Arc<str>,
    /// A few words more; never contents.
    pub detail: Option<Arc<str>>,
    /// Who did it, when that is not who showed credentials.
    pub caller: Option<Arc<Caller>>,
    /// Whether it was refused.
    pub is_refused: bool,
}

/// A request that was answered.
pub struct Seen<'a> {
    /// Plugin id.
    pub plugin: &'static str,
    /// Method.
    pub method: &'a Method,
    /// Template of the route, relative to the plugin; `None` for unknown paths.
    pub route: Option<&'a str>,
    /// Path, relative to the plugin.
    pub path: &'a str,
    /// Status of the answer.
    pub status: StatusCode,
    /// Whether credentials were shown, good or bad.
    pub has_credentials: bool,
    /// The context, unless the barrier refused the request.
    pub ctx: Option<&'a Ctx>,
    /// Whom the barrier refused, when their credentials are good elsewhere.
    pub refused: Option<&'a Caller>,
    /// What the handler says was done.
    pub act: Option<&'a Act>,
    /// Who signed in with the request.
    pub signs_in: Option<&'a str>,
    /// Id of the request.
    pub request_id: &'a str,
    /// From where it came.
    pub client: &'a Client,
}

/// Tells who may enter a path, where that is not known before the start.
pub type AccessOf = Arc<dyn Fn(&str) -> Access + Send + Sync>;

/// Tells which routes of a plugin change nothing although their method says otherwise.
pub type IsRead = fn(plugin: &str, route: &str) -> bool;

/// What plugins are mounted with.
#[derive(Clone)]
pub struct Mount {
    /// Knows who asks.
    pub authenticator: Arc<dyn Authenticator>,
    /// Decides what they may.
    pub authorizer: Arc<dyn Authorizer>,
    /// Sees every request.
    pub observer: Option<Arc<dyn Observer>>,
    /// Opens further paths than [`Plugin::open_paths`].
    pub access: Option<AccessOf>,
    /// How often each user and program may ask.
    pub limiter: Option<Arc<Limiter>>,
    /// Knows the questions with a body, which programs that may only read can ask too.
    pub is_read: Option<IsRead>,
    /// What refused programs are told; `None` where nobody gives them tokens.
    pub challenge: Option<Challenge>,
}

impl Mount {
    /// With nobody who sees requests.
    pub fn new(authenticator: Arc<dyn Authenticator>, authorizer: Arc<dyn Authorizer>) -> Self {
        Self {
            authenticator,
            authorizer,
            observer: None,
            access: None,
            limiter: None,
            is_read: None,
            challenge: None,
        }
    }
}

/// What the barrier needs.
#[derive(Clone)]
struct Barrier {
    plugin: &'static str,
    open_paths: &'static [&'static str],
    mount: Mount,
}

/// Puts the plugin's routes behind the credentials barrier, with Backstage's error bodies and bare
/// 404 answers for unknown paths. The result is to be nested at `/api/<id>`.
pub fn mount(
    plugin: Plugin,
    authenticator: Arc<dyn Authenticator>,
    authorizer: Arc<dyn Authorizer>,
) -> Router {
    mount_with(plugin, Mount::new(authenticator, authorizer))
}

/// Like [`mount`], with more than that.
pub fn mount_with(plugin: Plugin, mount: Mount) -> Router {
    let barrier = Barrier {
        plugin: plugin.id,
        open_paths: plugin.open_paths,
        mount,
    };
    plugin
        .router
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(from_fn_with_state(barrier, enter))
}

/// Unknown paths and methods: a bare 404, as Express answers. Reference 1 §A.7.
async fn not_found() -> StatusCode {
    StatusCode::NOT_FOUND
}

async fn enter(State(barrier): State<Barrier>, mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let uri = request.uri().clone();
    let request_id = super::request_id(&request);
    let client = client_of(&request);
    let has_credentials = request.headers().contains_key(AUTHORIZATION);
    let acting = request.extensions_mut().remove::<ActsFor>();
    let mut trail = Trail {
        route: request.extensions().get().cloned(),
        caller: None,
    };
    let admitted = barrier
        .admit(
            uri.path(),
            request.headers(),
            acting,
            Arc::clone(&request_id),
        )
        .await
        .and_then(|ctx| {
            let is_read = barrier.is_read(trail.route());
            check_reach(ctx.caller(), barrier.plugin, &method, is_read).map(|()| ctx)
        })
        .map(|ctx| ctx.with_client(client.clone()));
    let mut refused = None;
    let (mut response, ctx) = match admitted {
        Ok(ctx) => {
            trail.caller = Some(ctx.shared_caller());
            request.extensions_mut().insert(ctx.clone());
            let response = match barrier.count(&ctx) {
                Ok(()) => next.run(request).await,
                Err(wait) => limit::too_many(wait),
            };
            (response, Some(ctx))
        }
        Err(error) => {
            if has_credentials && barrier.mount.observer.is_some() {
                let authenticator = &barrier.mount.authenticator;
                refused = authenticator.identify(request.headers()).await;
            }
            (error.into_response(), None)
        }
    };
    let act = response.extensions_mut().remove::<Act>();
    let signs_in = response.extensions_mut().remove::<SignsIn>();
    if let Some(observer) = &barrier.mount.observer {
        observer.observe(Seen {
            plugin: barrier.plugin,
            method: &method,
            route: trail.route(),
            path: uri.path(),
            status: response.status(),
            has_credentials,
            ctx: ctx.as_ref(),
            refused: refused.as_deref(),
            act: act.as_ref(),
            signs_in: signs_in.as_ref().map(|it| &*it.0),
            request_id: &request_id,
            client: &client,
        });
    }
    let pending = response.extensions_mut().remove::<PendingError>();
    if let Some(challenge) = &barrier.mount.challenge {
        challenge.add_to(&mut response, pending.as_ref().map(PendingError::error));
    }
    if let Some(pending) = pending {
        pending.finish(&method, &uri, &mut response);
    }
    response.extensions_mut().insert(trail);
    response
}

fn client_of(request: &Request) -> Client {
    let info = request.extensions().get::<RequestInfo>();
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    Client {
        address: info.and_then(|info| info.peer),
        agent: agent.map(|agent| agent.chars().take(MAX_AGENT).collect::<String>().into()),
    }
}

/// What the front wants to know of a request behind the barrier, left in its answer.
#[derive(Clone)]
pub(super) struct Trail {
    route: Option<MatchedPath>,
    caller: Option<Arc<Caller>>,
}

impl Trail {
    /// The template of the route, relative to the plugin.
    pub(super) fn route(&self) -> Option<&str> {
        self.route.as_ref().map(MatchedPath::as_str)
    }

    /// Who asked, when that was found out.
    pub(super) fn subject(&self) -> Option<&str> {
        self.caller.as_deref().map(Caller::subject)
    }
}

impl Barrier {
    async fn admit(
        &self,
        path: &str,
        headers: &HeaderMap,
        acting: Option<ActsFor>,
        request_id: Arc<str>,
    ) -> Result<Ctx> {
        let caller = match acting {
            Some(ActsFor(caller)) => Ok(caller),
            None => self.mount.authenticator.authenticate(headers).await,
        };
        let caller = match self.access(path) {
            // An open route still learns who asks, but bad credentials do not close it.
            Access::Unauthenticated => caller.unwrap_or_else(|_| Arc::new(Caller::Anonymous)),
            Access::Authenticated => self.known(caller?)?,
        };
        Ok(Ctx::new(
            caller,
            Arc::clone(&self.mount.authorizer),
            request_id,
        ))
    }

    /// Counts a request of somebody who is known.
    fn count(&self, ctx: &Ctx) -> Result<(), Duration> {
        match (&self.mount.limiter, ctx.caller()) {
            (None, _) | (_, Caller::Anonymous) => Ok(()),
            (Some(limiter), caller) => limiter.admit(caller.subject()),
        }
    }

    /// The caller, who has to be somebody that may enter this plugin.
    fn known(&self, caller: Arc<Caller>) -> Result<Arc<Caller>> {
        match &*caller {
            Caller::Anonymous => Err(Error::unauthenticated("Missing credentials")),
            Caller::User(_) => Ok(caller),
            Caller::Service(service) => {
                let Some(restrictions) = &service.restrictions else {
                    return Ok(caller);
                };
                if restrictions
                    .iter()
                    .any(|restriction| restriction.plugin == self.plugin)
                {
                    return Ok(caller);
                }
                let plugins: Vec<_> = restrictions
                    .iter()
                    .map(|r| format!("'{}'", r.plugin))
                    .collect();
                Err(Error::forbidden(format!(
                    "This token's access is restricted to plugin(s) {}",
                    plugins.join(", ")
                )))
            }
        }
    }

    fn is_read(&self, route: Option<&str>) -> bool {
        let is_read = |route| {
            self.mount
                .is_read
                .map(|is_read| is_read(self.plugin, route))
        };
        route.and_then(is_read).unwrap_or(false)
    }

    fn access(&self, path: &str) -> Access {
        let open = self.open_paths.iter().any(|prefix| {
            let rest = path.strip_prefix(prefix.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        match &self.mount.access {
            _ if open => Access::Unauthenticated,
            Some(access) => access(path),
            None => Access::Authenticated,
        }
    }
}
