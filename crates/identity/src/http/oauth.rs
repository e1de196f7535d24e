//! The routes of the authorization server; they exist only when it is on. Reference "OAuth server".

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use platform::ctx::Reach;
use platform::http::{Json, Params, read_body};
use serde_json::{Map, Value, json};

use super::device;
use crate::Identity;
use crate::jws::Jws;
use crate::server::{
    AuthorizeRequest, DEVICE_GRANT, OAuthError, OAuthResult, Registration, ScopeLimit, Server,
    Shown, TokenRequest, answered, limits,
};
use crate::verify::{Route, bearer_token};

/// Scopes that are told; there are more, for each plugin.
const SCOPES: [&str; 4] = ["openid", "portal:read", "portal:write", "portal:delete"];
/// Largest body of a request.
const MAX_BODY: usize = 64 * 1024;

pub(super) type Shared = State<Arc<Identity>>;

/// The routes below `/api/auth`.
pub(super) fn router() -> Router<Arc<Identity>> {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(describe))
        .route("/v1/authorize", get(authorize))
        .route("/v1/sessions/{id}", get(find_session))
        .route("/v1/sessions/{id}/approve", post(approve))
        .route("/v1/sessions/{id}/reject", post(reject))
        .route("/v1/token", post(give_token))
        .route("/v1/register", post(register))
        .route("/v1/revoke", post(revoke))
        .route("/v1/introspect", post(introspect))
        .merge(device::router())
}

/// The routes that are there also when the server is off, with nothing to tell.
pub(super) fn acting_router() -> Router<Arc<Identity>> {
    Router::new()
        .route("/v1/acting", get(list_acting))
        .route("/v1/acting/{id}", delete(end_acting))
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = json!({"error": self.code, "error_description": self.description});
        let mut response = (status, Json(body)).into_response();
        if self.status == 401 {
            let basic = HeaderValue::from_static("Basic realm=\"callboard\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, basic);
        }
        if let Some(act) = self.act {
            response.extensions_mut().insert(*act);
        }
        not_stored(response)
    }
}

pub(super) fn not_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn server(identity: &Identity) -> OAuthResult<&Server> {
    let off = || OAuthError::new("server_error", "the authorization server is off");
    identity.server.as_ref().ok_or_else(off)
}

/// What the server can do (RFC 8414, OpenID Connect Discovery).
pub(super) fn description(identity: &Identity) -> Value {
    let issuer = &identity.issuer;
    let mut said = json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/v1/token"),
        "userinfo_endpoint": format!("{issuer}/v1/userinfo"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": SCOPES,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "claims_supported": ["sub", "ent"],
        "grant_types_supported": ["authorization_code", DEVICE_GRANT],
        "device_authorization_endpoint": format!("{issuer}/v1/device_authorization"),
        "authorization_endpoint": format!("{issuer}/v1/authorize"),
        "code_challenge_methods_supported": ["S256"],
        "revocation_endpoint": format!("{issuer}/v1/revoke"),
        "introspection_endpoint": format!("{issuer}/v1/introspect"),
        "authorization_response_iss_parameter_supported": true,
    });
    let settings = identity.server.as_ref().map(|server| &server.settings);
    let Some(settings) = settings else {
        return said;
    };
    if settings.registration.is_some() {
        said["registration_endpoint"] = format!("{issuer}/v1/register").into();
    }
    if settings.documents.is_some() {
        said["client_id_metadata_document_supported"] = true.into();
    }
    if settings.refresh.is_some() {
        let scopes = [&SCOPES[..1], &["offline_access"], &SCOPES[1..]].concat();
        said["scopes_supported"] = json!(scopes);
        said["grant_types_supported"] =
            json!(["authorization_code", "refresh_token", DEVICE_GRANT]);
    }
    said
}

pub(super) async fn describe(State(identity): Shared) -> Json<Value> {
    Json(description(&identity))
}

async fn authorize(State(identity): Shared, params: Params) -> OAuthResult<Response> {
    let request = AuthorizeRequest {
        client_id: params.get("client_id"),
        redirect_uri: params.get("redirect_uri"),
        response_type: params.get("response_type"),
        scope: params.get("scope"),
        state: params.get("state"),
        code_challenge: params.get("code_challenge"),
        code_challenge_method: params.get("code_challenge_method"),
        resource: params.get("resource"),
    };
    let url = identity.authorize(server(&identity)?, &request).await?;
    let location = HeaderValue::try_from(url.as_str())
        .map_err(|_| OAuthError::new("server_error", "an address is no header"))?;
    let response = (StatusCode::FOUND, [(LOCATION, location)]).into_response();
    Ok(not_stored(response))
}

pub(super) fn id_of(path: &RawPathParams) -> &str {
    let id = path.iter().find(|(name, _)| *name == "id");
    id.map_or("", |(_, id)| id)
}

async fn find_session(State(identity): Shared, path: RawPathParams) -> OAuthResult<Json<Value>> {
    let session = identity.oauth_session(id_of(&path)).await?;
    Ok(Json(json!({
        "id": session.id,
        "clientId": session.client_id,
        "clientName": session.client_name,
        "scope": session.scope,
        "access": access(&session.scope),
        "redirectUri": session.redirect_uri,
        "resource": session.resource,
    })))
}

/// What scopes allow, for the page that asks: how far, by plugin; without a plugin, everywhere.
pub(super) fn access(scope: &str) -> Value {
    let limits = limits(scope);
    if limits.is_empty() {
        return json!([{"plugin": null, "reach": Reach::default().name()}]);
    }
    let view = |limit: &ScopeLimit| json!({"plugin": limit.plugin, "reach": limit.reach.name()});
    limits.iter().map(view).collect()
}

async fn approve(
    State(identity): Shared,
    path: RawPathParams,
    headers: HeaderMap,
) -> OAuthResult<Response> {
    let caller = person(&identity, &headers).await?;
    let (url, session) = identity.approve(&caller, id_of(&path)).await?;
    let act = answered(
        "auth.agent.approve",
        &session.client_id,
        Some(&session.scope),
    );
    let body = Json(json!({ "redirectUrl": url.as_str() }));
    Ok((Extension(act), body).into_response())
}

async fn reject(
    State(identity): Shared,
    path: RawPathParams,
    headers: HeaderMap,
) -> OAuthResult<Response> {
    let caller = person(&identity, &headers).await?;
    let (url, session) = identity.reject(&caller, id_of(&path)).await?;
    let act = answered(
        "auth.agent.reject",
        &session.client_id,
        Some(&session.scope),
    );
    let body = Json(json!({ "redirectUrl": url.as_str() }));
    Ok((Extension(act), body).into_response())
}

/// The clients that act for who asks.
async fn list_acting(State(identity): Shared, headers: HeaderMap) -> OAuthResult<Json<Value>> {
    let caller = person(&identity, &headers).await?;
    let items = identity.list_acting(user_ref(&caller)?).await?;
    let is_on = identity.server.is_some();
    Ok(Json(json!({ "isOn": is_on, "items": items })))
}

async fn end_acting(
    State(identity): Shared,
    path: RawPathParams,
    headers: HeaderMap,
) -> OAuthResult<Response> {
    let caller = person(&identity, &headers).await?;
    let ended = identity
        .end_acting(user_ref(&caller)?, id_of(&path))
        .await?;
    let Some(client_id) = ended else {
        let text = "no such client acts for you";
        return Err(OAuthError {
            status: 404,
            ..OAuthError::new("not_found", text)
        });
    };
    let act = answered("auth.agent.end", &client_id, None);
    Ok((Extension(act), StatusCode::NO_CONTENT).into_response())
}

fn user_ref(caller: &platform::ctx::Caller) -> OAuthResult<&str> {
    match caller {
        platform::ctx::Caller::User(user) => Ok(&user.entity_ref),
        _ => Err(OAuthError::new(
            "access_denied",
            "a signed-in user is needed",
        )),
    }
}

/// Who answers the question: somebody who signed in, not a program that acts for them.
pub(super) async fn person(
    identity: &Identity,
    headers: &HeaderMap,
) -> OAuthResult<Arc<platform::ctx::Caller>> {
    let token = bearer_token(headers).and_then(Jws::parse);
    let claims = token.and_then(|jws| jws.payload()).unwrap_or_default();
    if claims.contains_key("azp") {
        let text = "a program cannot answer for the user";
        return Err(OAuthError::new("access_denied", text));
    }
    caller(identity, headers).await
}

/// Who asks: by a token in the header, never by a cookie.
async fn caller(
    identity: &Identity,
    headers: &HeaderMap,
) -> OAuthResult<Arc<platform::ctx::Caller>> {
    let denied = |text| OAuthError::new("access_denied", text);
    let token = bearer_token(headers).ok_or_else(|| denied("a signed-in user is needed"))?;
    let route = Route {
        plugin: "auth",
        allows_limited: false,
    };
    let caller = identity.authenticate_token(token, route).await;
    caller.map_err(|_| denied("the token is not good"))
}

async fn give_token(State(identity): Shared, request: Request) -> OAuthResult<Response> {
    let credentials = basic(request.headers());
    let fields = Fields::read(request).await?;
    let token = TokenRequest {
        grant_type: fields.get("grant_type"),
        code: fields.get("code"),
        redirect_uri: fields.get("redirect_uri"),
        code_verifier: fields.get("code_verifier"),
        refresh_token: fields.get("refresh_token"),
        device_code: fields.get("device_code"),
        scope: fields.get("scope"),
        resource: fields.get("resource"),
        client: fields.client(credentials.as_ref()),
    };
    let issued = identity.token(server(&identity)?, &token).await?;
    let act = issued.agent.got_tokens(&issued.scope);
    Ok(not_stored((Extension(act), Json(issued)).into_response()))
}

async fn register(State(identity): Shared, request: Request) -> OAuthResult<Response> {
    let bad = |text| OAuthError::new("invalid_client_metadata", text);
    let body = read_body(request.into_body(), MAX_BODY).await;
    let body = body.map_err(|_| bad("the body is too large, or was not sent"))?;
    let wanted: Registration =
        serde_json::from_slice(&body).map_err(|_| bad("the body is not what it should be"))?;
    let registered = identity.register_client(server(&identity)?, wanted).await?;
    let client = registered.client;
    let mut answer = json!({
        "client_id": client.id,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": "none",
    });
    if let Some(secret) = registered.secret {
        answer["client_secret"] = secret.into();
        answer["client_secret_expires_at"] = 0.into();
        answer["token_endpoint_auth_method"] = "client_secret_basic".into();
    }
    let act = answered("auth.client.register", &client.id, Some(&client.name));
    let response = (StatusCode::CREATED, Extension(act), Json(answer));
    Ok(not_stored(response.into_response()))
}

async fn revoke(State(identity): Shared, request: Request) -> OAuthResult<Response> {
    let credentials = basic(request.headers());
    let fields = Fields::read(request).await?;
    let client = fields.client(credentials.as_ref());
    let token = fields.get("token").unwrap_or_default();
    let ended = identity.revoke(server(&identity)?, client, token).await?;
    let act = ended.map(|agent| Extension(agent.left()));
    Ok((act, StatusCode::OK).into_response())
}

/// For services of the portal and for users, about their own token.
async fn introspect(
    State(identity): Shared,
    headers: HeaderMap,
    request: Request,
) -> OAuthResult<Response> {
    let asking = caller(&identity, &headers).await?;
    if !may_look(&asking) {
        let text = "the token is not for the plugin `auth`";
        return Err(OAuthError::new("access_denied", text));
    }
    let fields = Fields::read(request).await?;
    let token = fields.get("token").unwrap_or_default();
    let said = identity.introspect(token).await;
    let is_service = matches!(&*asking, platform::ctx::Caller::Service(_));
    let is_own = said.get("sub").and_then(Value::as_str) == Some(asking.subject());
    let said = if is_service || is_own {
        said
    } else {
        json!({"active": false})
    };
    Ok(not_stored(Json(said).into_response()))
}

/// Whether somebody may look at tokens: a program whose token is limited must be let into `auth`.
fn may_look(caller: &platform::ctx::Caller) -> bool {
    let platform::ctx::Caller::Service(service) = caller else {
        return true;
    };
    let restrictions = service.restrictions.as_deref();
    restrictions.is_none_or(|list| list.iter().any(|entry| entry.plugin == "auth"))
}

/// The fields of a form, or of a JSON object as Backstage's own clients send it.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) async fn read(request: Request) -> OAuthResult<Self> {
        let bad = |text| OAuthError::new("invalid_request", text);
        let content_type = request.headers().get(CONTENT_TYPE);
        let is_json =
            content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
        let body = read_body(request.into_body(), MAX_BODY).await;
        let body = body.map_err(|_| bad("the body is too large, or was not sent"))?;
        if !is_json {
            let pairs = url::form_urlencoded::parse(&body).into_owned();
            return Ok(Self(pairs.collect()));
        }
        let object: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|_| bad("the body is no JSON object"))?;
        let texts = object.into_iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            _ => None,
        });
        Ok(Self(texts.collect()))
    }

    pub(super) fn get(&self, wanted: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    }

    /// Who the client says it is: in the header, else in the body.
    pub(super) fn client<'f>(&'f self, basic: Option<&'f (String, String)>) -> Shown<'f> {
        match basic {
            Some((id, secret)) => Shown {
                id: Some(id),
                secret: Some(secret),
            },
            None => Shown {
                id: self.get("client_id"),
                secret: self.get("client_secret"),
            },
        }
    }
}

/// The two parts of an `Authorization: Basic` header.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let encoded = value.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .ok()
            .map(std::borrow::Cow::into_owned)
    };
    Some((decoded(id)?, decoded(secret)?))
}
