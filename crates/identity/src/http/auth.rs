//! The `auth` plugin: routes of providers, the guest, key sets, user info. Reference 3 §2.3, §2.4.
//!
//! The whole plugin is open to everyone, so handlers ask for credentials themselves. What OAuth
//! clients would need is off, and then answers as an unknown provider, as Backstage does.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use platform::ctx::Caller;
use platform::http::{Json, Plugin};
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

use super::{oauth, plugin_routes, provider, sessions};
use crate::Identity;
use crate::service::SignedIn;
use crate::verify::{Route, bearer_token};

const PLUGIN: &str = "auth";

/// The `auth` plugin.
pub fn auth_plugin(identity: &Arc<Identity>) -> Plugin {
    Plugin {
        id: PLUGIN,
        router: router(identity),
        open_paths: &["/"],
    }
}

fn router(identity: &Arc<Identity>) -> Router {
    let own = Router::new()
        .route(
            "/guest/refresh",
            get(sign_in_guest)
                .post(sign_in_guest)
                .fallback(unknown_guest),
        )
        .route(
            "/guest/start",
            get(guest_has_no_pages).fallback(unknown_guest),
        )
        .route(
            "/guest/handler/frame",
            get(guest_has_no_pages)
                .post(guest_has_no_pages)
                .fallback(unknown_guest),
        )
        .route("/.well-known/jwks.json", get(list_keys))
        .route("/.well-known/openid-configuration", get(describe_openid))
        .route(
            "/.well-known/oauth-client/cli.json",
            get(describe_cli_client),
        )
        .route("/v1/userinfo", get(find_user_info))
        .route(
            "/{provider}/start",
            get(provider::start).fallback(unknown_provider),
        )
        .route(
            "/{provider}/handler/frame",
            get(provider::finish)
                .post(provider::finish)
                .fallback(unknown_provider),
        )
        .route(
            "/{provider}/refresh",
            get(provider::refresh)
                .post(provider::refresh)
                .fallback(unknown_provider),
        )
        .route(
            "/{provider}/logout",
            post(provider::logout).fallback(unknown_provider),
        )
        .route("/{provider}", any(unknown_provider))
        .route("/{provider}/{*rest}", any(unknown_provider));
    let own = own.merge(oauth::acting_router()).merge(sessions::router());
    let own = if identity.server.is_some() {
        own.merge(oauth::router())
    } else {
        own
    };
    let own = own.with_state(Arc::clone(identity));
    own.merge(plugin_routes(identity, PLUGIN))
}

async fn sign_in_guest(State(identity): State<Arc<Identity>>, ctx: Ctx) -> Result<Response> {
    match identity.sign_in_guest().await? {
        Some(signed_in) => {
            let body = Json(signed_in_body(&signed_in));
            let (user_ref, now) = (&signed_in.user_ref, identity.clock.now());
            let visits = &identity.visits;
            let is_new = visits.begins("guest", user_ref, ctx.client(), now);
            let begins = is_new.then(|| provider::signs_in(&signed_in));
            Ok((begins, body).into_response())
        }
        None => Err(not_configured("guest")),
    }
}

fn signed_in_body(signed_in: &SignedIn) -> Value {
    json!({ "profile": {}, "backstageIdentity": identity_body(signed_in) })
}

/// What the front end learns of somebody who has signed in.
pub(super) fn identity_body(signed_in: &SignedIn) -> Value {
    json!({
        "token": signed_in.token,
        "identity": {
            "type": "user",
            "userEntityRef": signed_in.user_ref,
            "ownershipEntityRefs": signed_in.ownership,
        },
        "expiresInSeconds": signed_in.expires_in.as_secs(),
    })
}

/// The guest signs in without a page of an identity provider.
async fn guest_has_no_pages(State(identity): State<Arc<Identity>>) -> Error {
    if identity.settings.providers.guest.is_some() {
        Error::not_implemented("Not implemented")
    } else {
        not_configured("guest")
    }
}

async fn unknown_guest(State(identity): State<Arc<Identity>>) -> Error {
    if identity.settings.providers.guest.is_some() {
        unknown("guest")
    } else {
        not_configured("guest")
    }
}

pub(super) async fn unknown_provider(
    State(identity): State<Arc<Identity>>,
    params: RawPathParams,
) -> Error {
    let provider = params.iter().find(|(name, _)| *name == "provider");
    match provider.map_or("", |(_, provider)| provider) {
        "guest" if identity.settings.providers.guest.is_none() => not_configured("guest"),
        provider => unknown(provider),
    }
}

fn unknown(provider: &str) -> Error {
    Error::not_found(format!("Unknown auth provider '{provider}'"))
}

fn not_configured(provider: &str) -> Error {
    Error::not_found(format!("No auth provider registered for '{provider}'"))
}

async fn list_keys(State(identity): State<Arc<Identity>>) -> Result<Json<Value>> {
    let keys = identity.user_keys().await?;
    Ok(Json(json!({ "keys": keys })))
}

async fn describe_openid(State(identity): State<Arc<Identity>>) -> Json<Value> {
    if identity.server.is_some() {
        return Json(oauth::description(&identity));
    }
    let issuer = &identity.issuer;
    Json(json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/v1/token"),
        "userinfo_endpoint": format!("{issuer}/v1/userinfo"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [
            "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA",
        ],
        "scopes_supported": ["openid"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "claims_supported": ["sub", "ent"],
        "grant_types_supported": ["authorization_code"],
        "authorization_endpoint": format!("{issuer}/v1/authorize"),
        "code_challenge_methods_supported": ["S256", "plain"],
    }))
}

/// The metadata of our command line, for servers that read such documents.
async fn describe_cli_client(State(identity): State<Arc<Identity>>) -> (StatusCode, Json<Value>) {
    let server = identity.server.as_ref();
    if server.is_some_and(|server| server.settings.documents.is_some()) {
        let client = identity.cli_client();
        let body = json!({
            "client_id": client.id,
            "client_name": client.name,
            "redirect_uris": client.redirect_uris,
            "response_types": ["code"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "scope": "openid offline_access",
        });
        return (StatusCode::OK, Json(body));
    }
    let body = json!({
        "error": "not_found",
        "error_description": "Client ID metadata documents not enabled",
    });
    (StatusCode::NOT_FOUND, Json(body))
}

async fn find_user_info(
    State(identity): State<Arc<Identity>>,
    headers: HeaderMap,
) -> Result<Response> {
    let route = Route {
        plugin: PLUGIN,
        allows_limited: true,
    };
    let token =
        bearer_token(&headers).ok_or_else(|| Error::unauthenticated("No token provided"))?;
    let caller = identity.authenticate_token(token, route).await?;
    let Caller::User(user) = &*caller else {
        return Err(Error::input(
            "Userinfo endpoint must be called with a token that represents a user principal",
        ));
    };
    // Who never signed in here is not known; of others, what is true now is told.
    if identity
        .store
        .load_ownership(&user.entity_ref)
        .await?
        .is_none()
    {
        return Ok(no_user_info());
    }
    let claims = json!({"sub": user.entity_ref, "ent": &user.ownership[..]});
    Ok(Json(json!({ "claims": claims })).into_response())
}

/// A plain text, because Backstage answers one here.
fn no_user_info() -> Response {
    const TEXT: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
    let text = "User info not found";
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, TEXT)], text).into_response()
}
