//! `GET /.backstage/auth/v1/jwks.json`, `GET|DELETE /.backstage/auth/v1/cookie`: what every plugin
//! serves beside its own routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::get;
use http::HeaderMap;
use http::header::{HeaderValue, SET_COOKIE};
use platform::clock::Millis;
use platform::ctx::{Authenticator, Caller, User};
use platform::http::{Json, NoContent};
use platform::{Error, Result};
use serde_json::{Value, json};

use super::cookie;
use crate::Identity;
use crate::verify::{Route, cookie_token};

/// The path of a plugin's public keys; must be among its open paths.
pub const JWKS_PATH: &str = "/.backstage/auth/v1/jwks.json";
const COOKIE_PATH: &str = "/.backstage/auth/v1/cookie";

/// A cookie that lives longer than this is not replaced.
const MIN_COOKIE_LIFE: Millis = 300_000;

#[derive(Clone)]
struct PluginState {
    identity: Arc<Identity>,
    authenticator: Arc<dyn Authenticator>,
    plugin: &'static str,
}

/// The routes every plugin has, to be merged into its router before
/// [`mount`](platform::http::mount); [`JWKS_PATH`] must be among its open paths.
pub fn plugin_routes(identity: &Arc<Identity>, plugin: &'static str) -> Router {
    let state = PluginState {
        identity: Arc::clone(identity),
        authenticator: identity.authenticator(plugin),
        plugin,
    };
    Router::new()
        .route(JWKS_PATH, get(list_keys))
        .route(COOKIE_PATH, get(set_cookie).delete(clear_cookie))
        .with_state(state)
}

async fn list_keys(State(state): State<PluginState>) -> Result<Json<Value>> {
    let keys = state.identity.plugin_keys(state.plugin).await?;
    Ok(Json(json!({ "keys": keys })))
}

/// Gives the browser a cookie for what it loads by itself, like images of documentation.
async fn set_cookie(
    State(state): State<PluginState>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    let caller = state.authenticator.authenticate(&headers).await?;
    let user = require_user(&caller)?;
    let (expires_at, cookie) = match state.lasting_cookie(&headers, user).await {
        Some(expires_at) => (expires_at, None),
        None => (user.expires_at, Some(state.new_cookie(user)?)),
    };
    let body = json!({"expiresAt": cookie::iso_date(expires_at)?});
    let cookie = cookie.map(|cookie| (SET_COOKIE, cookie));
    Ok((AppendHeaders(cookie), Json(body)))
}

async fn clear_cookie(State(state): State<PluginState>) -> Result<impl IntoResponse> {
    let cookie = cookie::header(&state.identity.settings.base_url, "", 0)?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), NoContent))
}

impl PluginState {
    fn new_cookie(&self, user: &User) -> Result<HeaderValue> {
        let token = user
            .limited_token
            .as_deref()
            .ok_or_else(|| Error::forbidden("a program that acts for a user gets no cookie"))?;
        cookie::header(&self.identity.settings.base_url, token, user.expires_at)
    }

    /// When the cookie that the browser already has ends, unless that is soon or it is of somebody
    /// else.
    async fn lasting_cookie(&self, headers: &HeaderMap, user: &User) -> Option<i64> {
        let route = Route {
            plugin: self.plugin,
            allows_limited: true,
        };
        let token = cookie_token(headers)?;
        let known = self.identity.authenticate_token(token, route).await.ok()?;
        let Caller::User(known) = &*known else {
            return None;
        };
        let soon = self.identity.clock.now() + MIN_COOKIE_LIFE;
        let lasts = known.entity_ref == user.entity_ref && known.expires_at * 1_000 > soon;
        lasts.then_some(known.expires_at)
    }
}

/// The user, or the error of [`Ctx::require_user`](platform::Ctx::require_user). Not taken from the
/// context, because plugins that are open to everyone have no credentials there when they are bad.
fn require_user(caller: &Caller) -> Result<&User> {
    match caller {
        Caller::User(user) => Ok(user),
        Caller::Service(_) => Err(Error::forbidden(
            "This endpoint does not allow 'service' credentials",
        )),
        Caller::Anonymous => Err(Error::unauthenticated("Missing credentials")),
    }
}
