//! A session anew: by the cookie of a browser, or by what a proxy says.

use std::net::IpAddr;

use axum::response::{AppendHeaders, IntoResponse, Response};
use http::HeaderMap;
use http::header::{HeaderValue, ORIGIN, SET_COOKIE};
use platform::ctx::Client as Caller;
use platform::http::{Json, Params};
use platform::{Error, Result};
use serde_json::{Value, json};

use super::cookies::Cookies;
use super::{SessionBody, door, granted_scope, session_body, session_scope, sign_in, signs_in};
use crate::Identity;
use crate::oauth::{self, Client, Completed};
use crate::proxy::Proxy;
use crate::service::SignedIn;
use crate::session::{BrowserSession, Key, Renewal};
use crate::sign_in::Refusal;

/// A request for a new token.
pub(super) struct Asked<'r> {
    pub(super) identity: &'r Identity,
    pub(super) headers: &'r HeaderMap,
    pub(super) caller: &'r Caller,
}

/// What the browser shows, and what it has been granted.
struct Shown<'c> {
    client: &'c Client,
    cookies: Cookies,
    token: String,
    known: Option<BrowserSession>,
    scope: String,
}

impl Asked<'_> {
    pub(super) async fn cookie(&self, client: &Client, params: &Params) -> Result<Response> {
        let shown = self.shown(client, params).await?;
        let granted = granted_scope(client, &shown.cookies, self.headers);
        let is_granted = oauth::split_scopes(&shown.scope)
            .all(|wanted| oauth::split_scopes(&granted).any(|scope| scope == wanted));
        let completed = match client.refresh(&shown.token, &shown.scope, is_granted).await {
            Ok(completed) => completed,
            Err(error) => {
                let refusal = self.identity.refuse(door(client), &error).await;
                return Err(refresh_failed(&refusal));
            }
        };
        let (signed_in, is_new) = self.signed_in(&shown, &completed).await?;
        let now = self.identity.clock.now();
        let mut set = Vec::new();
        let scope = if client.preset.persists_scopes {
            set.push(shown.cookies.set_scope(&shown.scope, now)?);
            shown.scope.clone()
        } else {
            session_scope(&completed)
        };
        if let Some(token) = shown.renewed(&completed) {
            set.extend(shown.cookies.set_session(self.headers, token, now)?);
        }
        let body = session_body(&completed, scope, signed_in.as_ref());
        let set = set.into_iter().map(|cookie| (SET_COOKIE, cookie));
        let begins = signed_in.as_ref().filter(|_| is_new).map(signs_in);
        Ok((begins, AppendHeaders(set), Json(body)).into_response())
    }

    /// What the browser shows; refused when it shows nothing, or what stood for a session that its
    /// user has ended.
    async fn shown<'c>(&self, client: &'c Client, params: &Params) -> Result<Shown<'c>> {
        let origins = &self.identity.origins;
        let origin = self.headers.get(ORIGIN).map(HeaderValue::to_str);
        let origin = origin.and_then(Result::ok);
        let origin = origin.and_then(|text| origins.checked(text).ok());
        let cookies = Cookies::new(client, origin.as_deref().unwrap_or(origins.own()))?;
        let Some(token) = cookies.session(self.headers) else {
            let missing = Refusal::new("InputError", "Missing session cookie");
            return Err(refresh_failed(&missing));
        };
        let key = Key::of(door(client), &token);
        let known = match self.identity.shown_session(&key).await? {
            Ok(known) => known,
            Err(refusal) => return Err(refresh_failed(&refusal)),
        };
        let granted = granted_scope(client, &cookies, self.headers);
        let scope = client.scope(params.get("scope").unwrap_or_default(), &granted);
        Ok(Shown {
            client,
            cookies,
            token,
            known,
            scope,
        })
    }

    /// Who it is, and whether a session begins with that.
    async fn signed_in(
        &self,
        shown: &Shown<'_>,
        completed: &Completed,
    ) -> Result<(Option<SignedIn>, bool)> {
        let door = door(shown.client);
        let tokens = std::iter::once(&*shown.token).chain(shown.renewed(completed));
        let renewal = Renewal {
            door,
            client: self.caller,
            known: shown.known.clone(),
            keys: tokens.map(|token| Key::of(door, token)).collect(),
            life: shown.cookies.life(),
        };
        let facts = &completed.facts;
        let signed_in = match sign_in(self.identity, shown.client, facts, &renewal).await? {
            Ok(signed_in) => signed_in,
            Err(refusal) => return Err(refresh_failed(&refusal)),
        };
        let Some(signed_in) = signed_in else {
            return Ok((None, false));
        };
        let user_ref = &signed_in.user_ref;
        let is_new = self.identity.continue_session(&renewal, user_ref).await?;
        Ok((Some(signed_in), is_new))
    }

    pub(super) async fn proxy(&self, proxy: &Proxy, peer: Option<IpAddr>) -> Result<Response> {
        let signed_in = self.identity.sign_in_by_proxy(proxy, self.headers, peer);
        match signed_in.await? {
            Ok((vouched, signed_in)) => {
                let body = SessionBody {
                    profile: json!(vouched.facts.profile()),
                    provider_info: Value::Object(vouched.provider_info),
                    backstage_identity: Some(crate::http::auth::identity_body(&signed_in)),
                };
                let now = self.identity.clock.now();
                let visits = &self.identity.visits;
                let is_new = visits.begins(proxy.id, &signed_in.user_ref, self.caller, now);
                let begins = is_new.then(|| signs_in(&signed_in));
                Ok((begins, Json(body)).into_response())
            }
            Err(refusal) => Err(Error::unauthenticated(refusal.message)),
        }
    }
}

impl Shown<'_> {
    /// What stands for the session from now on, if that is something else.
    fn renewed<'t>(&self, completed: &'t Completed) -> Option<&'t str> {
        let token = completed.session.refresh_token.as_deref();
        token.filter(|token| *token != self.token)
    }
}

fn refresh_failed(cause: &Refusal) -> Error {
    let Refusal { name, message } = cause;
    Error::unauthenticated(format!("Refresh failed; caused by {name}: {message}"))
        .with_field("cause", json!({ "name": name, "message": message }))
}
