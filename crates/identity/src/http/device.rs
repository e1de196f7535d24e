//! `POST /v1/device_authorization`, `GET /v1/device/{id}`, `POST /v1/device/{id}/approve|reject`:
//! programs that show a code, and the page where their user types it. RFC 8628.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::HeaderMap;
use platform::http::Json;
use serde_json::json;

use super::cookie::iso_date;
use super::oauth::{Fields, Shared, access, basic, id_of, not_stored, person, server};
use crate::Identity;
use crate::server::{OAuthResult, answered};

/// The routes below `/api/auth`.
pub(super) fn router() -> Router<Arc<Identity>> {
    Router::new()
        .route("/v1/device_authorization", post(begin))
        .route("/v1/device/{id}", get(find))
        .route("/v1/device/{id}/approve", post(approve))
        .route("/v1/device/{id}/reject", post(reject))
}

async fn begin(State(identity): Shared, request: Request) -> OAuthResult<Response> {
    let credentials = basic(request.headers());
    let fields = Fields::read(request).await?;
    let client = fields.client(credentials.as_ref());
    let (scope, resource) = (fields.get("scope"), fields.get("resource"));
    let begun = identity
        .begin_device(server(&identity)?, client, scope, resource)
        .await?;
    Ok(not_stored(Json(begun).into_response()))
}

async fn find(
    State(identity): Shared,
    path: RawPathParams,
    headers: HeaderMap,
) -> OAuthResult<Response> {
    let caller = person(&identity, &headers).await?;
    let (waiting, expires_at) = identity
        .waiting_device(server(&identity)?, &caller, id_of(&path))
        .await?;
    let body = json!({
        "userCode": waiting.user_code,
        "clientId": waiting.client_id,
        "clientName": waiting.client_name,
        "scope": waiting.scope,
        "access": access(&waiting.scope),
        "resource": waiting.resource,
        "expiresAt": iso_date(expires_at / 1_000)?,
    });
    Ok(not_stored(Json(body).into_response()))
}

async fn approve(
    State(identity): Shared,
    path: RawPathParams,
    headers: HeaderMap,
) -> OAuthResult<Response> {
    answer(&identity, &path, &headers, true).await
}

async fn reject(
    State(identity): Shared,
    path: RawPathParams,
    headers: HeaderMap,
) -> OAuthResult<Response> {
    answer(&identity, &path, &headers, false).await
}

async fn answer(
    identity: &Identity,
    path: &RawPathParams,
    headers: &HeaderMap,
    is_yes: bool,
) -> OAuthResult<Response> {
    let caller = person(identity, headers).await?;
    let waiting = identity
        .answer_device(server(identity)?, &caller, id_of(path), is_yes)
        .await?;
    let action = if is_yes {
        "auth.agent.approve"
    } else {
        "auth.agent.reject"
    };
    let act = answered(action, &waiting.client_id, Some(&waiting.scope));
    let body = Json(json!({}));
    Ok(not_stored((Extension(act), body).into_response()))
}
