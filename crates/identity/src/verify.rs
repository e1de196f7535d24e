//! From request headers to a caller.
//!
//! Invariants: a token is looked at as a plugin's, then as a user's, then as an external program's; a
//! cached verification is used no longer than the token lives, and at most [`MAX_CACHED`], so that a
//! change of what a user owns is soon seen; what depends on the route (target plugin, limited tokens)
//! is checked on every request.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use jsonwebtoken::DecodingKey;
use platform::clock::Millis;
use platform::ctx::{Authenticator, Caller, Reach, Service, User};
use platform::http::insufficient_scope;
use platform::{Error, Result};
use quick_cache::sync::Cache;

use crate::Identity;
use crate::access_token;
use crate::digest::Digest;
use crate::jws::{Claims, Jws, MAX_TOKEN_LENGTH};
use crate::keys::{Key, USERS};
use crate::server::{ScopeLimit, limits, reach_on};
use crate::service::is_plugin_id;
use crate::token;

/// Name of the cookie that carries a limited user token.
pub(crate) const COOKIE_NAME: &str = "backstage-auth";
/// How long a verification is used without looking again.
pub(crate) const MAX_CACHED: Millis = 60_000;
/// How far ahead of ours the clock of an issuer may be.
const CLOCK_SKEW: Millis = 30_000;
const CACHE_ENTRIES: usize = 10_000;

/// Where a token may be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// On every route.
    Everywhere,
    /// Where limited user tokens are allowed.
    Limited,
    /// On routes of one plugin.
    Plugin(String),
    /// On routes of the plugin that a user's token was made for.
    Resource(String),
}

/// What is known of a token after its signature was checked.
#[derive(Debug)]
pub(crate) struct Verified {
    caller: Arc<Caller>,
    scope: Scope,
    until: Millis,
    /// What a program's token is limited to; `None` for no limits.
    limits: Option<Vec<ScopeLimit>>,
}

impl Verified {
    pub(crate) fn new(caller: Arc<Caller>, scope: Scope, until: Millis) -> Self {
        Self {
            caller,
            scope,
            until,
            limits: None,
        }
    }
}

impl Verified {
    /// Who calls a plugin, as far as the token goes there.
    fn caller_on(&self, plugin: &str) -> Result<Arc<Caller>> {
        let (Some(limits), Caller::User(user)) = (&self.limits, &*self.caller) else {
            return Ok(Arc::clone(&self.caller));
        };
        // Every program may ask whom it acts for.
        let floor = (plugin == "auth").then_some(Reach::Read);
        let reach = reach_on(limits, plugin).max(floor);
        let reach = reach.ok_or_else(|| insufficient_scope(plugin, Reach::Read))?;
        Ok(Arc::new(Caller::User(User {
            reach,
            ..user.clone()
        })))
    }
}

/// Verified tokens by digest.
pub(crate) type VerifiedTokens = Cache<Digest, Arc<Verified>>;

pub(crate) fn new_cache() -> VerifiedTokens {
    Cache::new(CACHE_ENTRIES)
}

/// The route a token is shown on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) plugin: &'static str,
    pub(crate) allows_limited: bool,
}

/// Authenticates the requests of one plugin.
#[derive(Debug)]
pub(crate) struct PluginAuthenticator {
    pub(crate) identity: Arc<Identity>,
    pub(crate) route: Route,
}

#[async_trait]
impl Authenticator for PluginAuthenticator {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let cookie = || cookie_token(headers).filter(|_| self.route.allows_limited);
        match bearer_token(headers).or_else(cookie) {
            Some(token) => {
                let caller = self.identity.authenticate_token(token, self.route).await?;
                Ok(narrowed(caller, self.route.plugin))
            }
            None => Ok(Arc::new(Caller::Anonymous)),
        }
    }

    async fn identify(&self, headers: &HeaderMap) -> Option<Arc<Caller>> {
        self.identity.known_token(bearer_token(headers)?).await.ok()
    }
}

impl Identity {
    /// Who shows a token on a route.
    pub(crate) async fn authenticate_token(
        &self,
        token: &str,
        route: Route,
    ) -> Result<Arc<Caller>> {
        let verified = self.verified_token(token).await?;
        match &verified.scope {
            Scope::Limited if !route.allows_limited => {
                Err(Error::unauthenticated("Illegal limited user token"))
            }
            Scope::Plugin(target) if target != route.plugin => Err(bad_plugin_token()),
            Scope::Resource(target) if target != route.plugin => Err(illegal_token()),
            Scope::Everywhere | Scope::Limited | Scope::Plugin(_) | Scope::Resource(_) => {
                verified.caller_on(route.plugin)
            }
        }
    }

    async fn verified_token(&self, token: &str) -> Result<Arc<Verified>> {
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(illegal_token());
        }
        let digest = Digest::of(token);
        let now = self.clock.now();
        let known = self.verified.get(&digest);
        if let Some(known) = known.filter(|known| known.until > now) {
            return Ok(known);
        }
        let fresh = Arc::new(self.verify(token, &digest, now).await?);
        self.verified.insert(digest, Arc::clone(&fresh));
        Ok(fresh)
    }

    async fn verify(&self, token: &str, digest: &Digest, now: Millis) -> Result<Verified> {
        let jws = Jws::parse(token);
        if let Some(jws) = &jws {
            match jws.header.typ.as_deref() {
                Some(token::PLUGIN) => return self.verify_plugin(jws, now).await,
                Some(token::USER | token::LIMITED_USER) => {
                    return self.verify_user(jws, token, now).await;
                }
                _ => {}
            }
        }
        if let Some(verified) = access_token::verify(&*self.store, token, digest, now).await? {
            return Ok(verified);
        }
        self.external
            .verify(digest, jws.as_ref(), now)
            .await
            .ok_or_else(illegal_token)
    }

    async fn verify_user(&self, jws: &Jws<'_>, token: &str, now: Millis) -> Result<Verified> {
        let (user, is_limited) = self.signed_user(jws, token, now).await?;
        let until = until(Some(user.expires_at)).min(now + MAX_CACHED);
        let scope = match self.audience(jws) {
            _ if is_limited => Scope::Limited,
            Some(scope) => scope,
            None => return Err(illegal_token()),
        };
        let limits = jws.claims.scope.as_deref().map(limits);
        Ok(Verified {
            limits,
            ..Verified::new(Arc::new(Caller::User(user)), scope, until)
        })
    }

    /// The user of a token, and whether the token is a limited one.
    async fn signed_user(&self, jws: &Jws<'_>, token: &str, now: Millis) -> Result<(User, bool)> {
        let bad = || Error::unauthenticated("Failed user token verification");
        let key = self.key_of(jws).await?.ok_or_else(bad)?;
        let is_limited = jws.header.typ.as_deref() == Some(token::LIMITED_USER);
        let claims = &jws.claims;
        let is_ours = claims.iss.as_deref() == Some(&self.issuer) && self.audience(jws).is_some();
        let is_good = key.owner == USERS
            && (is_limited || is_ours)
            && is_complete(claims)
            && is_current(claims, now)
            && jws.is_signed_by(&key.verifier, token::ALGORITHM);
        if !is_good {
            return Err(bad());
        }
        let (Some(user_ref), Some(expires_at)) = (&claims.sub, claims.exp) else {
            return Err(bad());
        };
        let limited_token = if is_limited {
            Some(Arc::from(token))
        } else {
            token::limited(jws).map(Arc::from)
        };
        let agent: Option<Arc<str>> = match &claims.azp {
            None if is_limited => self.agent_behind(token).await?.map(Arc::from),
            own => own.as_deref().map(Arc::from),
        };
        let user = User {
            ownership: self.ownership(user_ref).await?,
            entity_ref: user_ref.clone(),
            expires_at,
            limited_token,
            actor: agent.clone(),
            agent,
            reach: Reach::default(),
        };
        Ok((user, is_limited))
    }

    /// Where a user's token may be used: everywhere, or on the plugin it was made for.
    fn audience(&self, jws: &Jws<'_>) -> Option<Scope> {
        match &*jws.claims.aud {
            audiences if audiences.iter().any(|aud| aud == token::USER_AUDIENCE) => {
                Some(Scope::Everywhere)
            }
            [resource] => self.plugin_of(&resource.parse().ok()?).map(Scope::Resource),
            _ => None,
        }
    }

    /// Who shows a token, wherever it may be used.
    pub(crate) async fn known_token(&self, token: &str) -> Result<Arc<Caller>> {
        Ok(Arc::clone(&self.verified_token(token).await?.caller))
    }

    async fn verify_plugin(&self, jws: &Jws<'_>, now: Millis) -> Result<Verified> {
        let claims = &jws.claims;
        let (Some(source), [target]) = (&claims.sub, &*claims.aud) else {
            return Err(bad_plugin_token());
        };
        if !(is_plugin_id(source) && is_complete(claims) && is_current(claims, now)) {
            return Err(bad_plugin_token());
        }
        // The key may have to be asked for elsewhere.
        let key = self.plugin_key(jws, source).await?;
        if !key.is_some_and(|key| jws.is_signed_by(&key, token::ALGORITHM)) {
            return Err(bad_plugin_token());
        }
        let caller = match &claims.obo {
            Some(user_token) => Caller::User(User {
                actor: Some(format!("plugin:{source}").into()),
                ..self.behalf(user_token, now).await?
            }),
            None => Caller::Service(Service {
                subject: format!("plugin:{source}"),
                restrictions: None,
            }),
        };
        let end = match &caller {
            Caller::User(user) => until(claims.exp).min(until(Some(user.expires_at))),
            Caller::Service(_) | Caller::Anonymous => until(claims.exp),
        };
        Ok(Verified::new(
            Arc::new(caller),
            Scope::Plugin(target.clone()),
            end.min(now + MAX_CACHED),
        ))
    }

    /// The key of a plugin's token: ours, or of the backend that runs the plugin.
    async fn plugin_key(&self, jws: &Jws<'_>, plugin: &str) -> Result<Option<DecodingKey>> {
        if let Some(key) = self.key_of(jws).await? {
            return Ok((key.owner == plugin).then(|| key.verifier.clone()));
        }
        match (self.peers.get(plugin), jws.header.kid.as_deref()) {
            (Some(keys), kid @ Some(_)) => Ok(keys.find(kid, token::ALGORITHM).await),
            _ => Ok(None),
        }
    }

    /// The user on whose behalf a plugin calls.
    async fn behalf(&self, user_token: &str, now: Millis) -> Result<User> {
        let jws = Jws::parse(user_token).filter(|jws| {
            matches!(
                jws.header.typ.as_deref(),
                Some(token::USER | token::LIMITED_USER)
            )
        });
        // A narrow token does not become a wide one.
        let jws = jws.filter(|jws| {
            jws.claims.scope.is_none() && !matches!(self.audience(jws), Some(Scope::Resource(_)))
        });
        let Some(jws) = jws else {
            return Err(Error::unauthenticated(
                "Invalid user token in plugin token obo claim",
            ));
        };
        let (user, _) = self.signed_user(&jws, user_token, now).await?;
        Ok(user)
    }

    async fn key_of(&self, jws: &Jws<'_>) -> Result<Option<Arc<Key>>> {
        match &jws.header.kid {
            Some(kid) => self.keys.find(kid).await,
            None => Ok(None),
        }
    }
}

/// The caller with the restrictions for one plugin only, if its token has any for it.
fn narrowed(caller: Arc<Caller>, plugin: &str) -> Arc<Caller> {
    let Caller::Service(service) = &*caller else {
        return caller;
    };
    let list = service.restrictions.as_deref().unwrap_or_default();
    let own = list.iter().find(|entry| entry.plugin == plugin);
    match own {
        Some(own) if list.len() > 1 => Arc::new(Caller::Service(Service {
            subject: service.subject.clone(),
            restrictions: Some([own.clone()].into()),
        })),
        _ => caller,
    }
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = std::str::from_utf8(headers.get(AUTHORIZATION)?.as_bytes()).ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_word = !token.is_empty() && !token.bytes().any(|byte| byte.is_ascii_whitespace());
    (scheme.eq_ignore_ascii_case("bearer") && is_word).then_some(token)
}

/// The token of the cookie we set.
pub(crate) fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE_NAME && !value.is_empty()).then_some(value))
}

/// Whether a token has not ended and has begun. Ends are strict; beginnings allow for clocks that
/// differ. A token without an end never ends: its issuer is trusted to know.
pub(crate) fn is_current(claims: &Claims, now: Millis) -> bool {
    let begins = claims.nbf.max(claims.iat).map_or(Millis::MIN, seconds);
    until(claims.exp) > now && begins <= now.saturating_add(CLOCK_SKEW)
}

/// Whether the claims are there that all tokens of ours have.
fn is_complete(claims: &Claims) -> bool {
    claims.iat.is_some()
        && claims.exp.is_some()
        && claims.sub.as_ref().is_some_and(|sub| !sub.is_empty())
}

/// The end of a token that says `exp`.
pub(crate) fn until(exp: Option<i64>) -> Millis {
    exp.map_or(Millis::MAX, seconds)
}

fn seconds(seconds: i64) -> Millis {
    seconds.saturating_mul(1_000)
}

fn illegal_token() -> Error {
    Error::unauthenticated("Illegal token")
}

fn bad_plugin_token() -> Error {
    Error::unauthenticated("Failed plugin token verification")
}
