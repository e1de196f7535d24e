//! `/v2/Users`, `/v2/Groups` and what describes them, relative to `/api/scim`. RFC 7644 §3.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, LOCATION};
use platform::Ctx;
use platform::http::{Params, Segments, read_body};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::scim::{
    Change, Kind, Query, Resource, Scim, ScimError, ScimResult, find_schema, find_type,
    provider_config, schemas, types,
};

/// Largest body: a group with all of its members.
const MAX_BODY: usize = 5 << 20;
const SCIM: HeaderValue = HeaderValue::from_static("application/scim+json");
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The routes, relative to `/api/scim`.
pub fn router(scim: Scim) -> Router {
    Router::new()
        .route("/v2/ServiceProviderConfig", get(describe_provider))
        .route("/v2/ResourceTypes", get(list_types))
        .route("/v2/ResourceTypes/{id}", get(find_resource_type))
        .route("/v2/Schemas", get(list_schemas))
        .route("/v2/Schemas/{id}", get(find_resource_schema))
        .route("/v2/Users", get(list_users).post(create_user))
        .route(
            "/v2/Users/{id}",
            get(find_user)
                .put(replace_user)
                .patch(patch_user)
                .delete(delete_user),
        )
        .route("/v2/Groups", get(list_groups).post(create_group))
        .route(
            "/v2/Groups/{id}",
            get(find_group)
                .put(replace_group)
                .patch(patch_group)
                .delete(delete_group),
        )
        .with_state(scim)
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let mut body = json!({
            "schemas": [ERROR], "status": self.status.to_string(), "detail": self.detail,
        });
        if let Some(kind) = self.scim_type {
            body["scimType"] = kind.into();
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        reply(status, &body)
    }
}

fn reply(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, SCIM)], body.to_string()).into_response()
}

fn list(total: i64, start: i64, items: &[Value]) -> Response {
    let body = json!({
        "schemas": [LIST], "totalResults": total, "startIndex": start,
        "itemsPerPage": items.len(), "Resources": items,
    });
    reply(StatusCode::OK, &body)
}

/// The body, if it is what it should be.
async fn body<T: DeserializeOwned>(request: Request) -> ScimResult<T> {
    let bytes = read_body(request.into_body(), MAX_BODY).await?;
    serde_json::from_slice(&bytes).map_err(|_| ScimError {
        status: 400,
        scim_type: Some("invalidSyntax"),
        detail: "the body is not what it should be".to_owned(),
    })
}

async fn describe_provider(ctx: Ctx, State(scim): State<Scim>) -> ScimResult<Response> {
    scim.admit_reader(&ctx).await?;
    Ok(reply(StatusCode::OK, &provider_config(scim.base())))
}

async fn list_types(ctx: Ctx, State(scim): State<Scim>) -> ScimResult<Response> {
    scim.admit_reader(&ctx).await?;
    Ok(list(2, 1, &types(scim.base())))
}

async fn find_resource_type(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
) -> ScimResult<Response> {
    scim.admit_reader(&ctx).await?;
    let found = find_type(&id, scim.base());
    let found = found.ok_or_else(|| ScimError::not_found("ResourceType", &id))?;
    Ok(reply(StatusCode::OK, &found))
}

async fn list_schemas(ctx: Ctx, State(scim): State<Scim>) -> ScimResult<Response> {
    scim.admit_reader(&ctx).await?;
    Ok(list(2, 1, &schemas(scim.base())))
}

async fn find_resource_schema(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
) -> ScimResult<Response> {
    scim.admit_reader(&ctx).await?;
    let found = find_schema(&id, scim.base());
    let found = found.ok_or_else(|| ScimError::not_found("Schema", &id))?;
    Ok(reply(StatusCode::OK, &found))
}

async fn list_users(ctx: Ctx, State(scim): State<Scim>, params: Params) -> ScimResult<Response> {
    list_all(&ctx, &scim, Kind::User, &params).await
}

async fn list_groups(ctx: Ctx, State(scim): State<Scim>, params: Params) -> ScimResult<Response> {
    list_all(&ctx, &scim, Kind::Group, &params).await
}

async fn list_all(ctx: &Ctx, scim: &Scim, kind: Kind, params: &Params) -> ScimResult<Response> {
    let query = Query {
        filter: params.get("filter"),
        start: params.integer("startIndex"),
        count: params.integer("count"),
    };
    let found = scim.list(ctx, kind, &query).await?;
    let view = |resource: &Resource| projected(resource.view(scim.base()), params);
    let items: Vec<Value> = found.page.iter().map(view).collect();
    Ok(list(found.total, found.start, &items))
}

/// The attributes that were asked for; those that identify a resource always.
fn projected(view: Value, params: &Params) -> Value {
    let names = |name: &str| {
        let text = params.get(name).unwrap_or_default();
        let names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names.map(str::to_lowercase).collect::<Vec<_>>()
    };
    let (only, but) = (names("attributes"), names("excludedAttributes"));
    let Value::Object(mut map) = view else {
        return view;
    };
    let is_of = |list: &[String], name: &str| {
        let name = name.to_lowercase();
        let begins = |it: &String| *it == name || it.starts_with(&format!("{name}."));
        list.iter().any(begins)
    };
    map.retain(|name, _| {
        let is_fixed = matches!(&**name, "id" | "schemas");
        is_fixed || ((only.is_empty() || is_of(&only, name)) && !but.contains(&name.to_lowercase()))
    });
    map.into()
}

async fn find_user(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
    params: Params,
) -> ScimResult<Response> {
    let found = scim.find(&ctx, Kind::User, &id).await?;
    Ok(one(&scim, &found, &params))
}

async fn find_group(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
    params: Params,
) -> ScimResult<Response> {
    let found = scim.find(&ctx, Kind::Group, &id).await?;
    Ok(one(&scim, &found, &params))
}

fn one(scim: &Scim, resource: &Resource, params: &Params) -> Response {
    let view = projected(resource.view(scim.base()), params);
    with_etag(reply(StatusCode::OK, &view), resource)
}

fn with_etag(mut response: Response, resource: &Resource) -> Response {
    if let Ok(etag) = HeaderValue::try_from(resource.etag()) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

async fn create_user(ctx: Ctx, State(scim): State<Scim>, request: Request) -> ScimResult<Response> {
    create(&ctx, &scim, Kind::User, request).await
}

async fn create_group(
    ctx: Ctx,
    State(scim): State<Scim>,
    request: Request,
) -> ScimResult<Response> {
    create(&ctx, &scim, Kind::Group, request).await
}

async fn create(ctx: &Ctx, scim: &Scim, kind: Kind, request: Request) -> ScimResult<Response> {
    scim.admit_writer(ctx).await?;
    let wanted: Map<String, Value> = body(request).await?;
    let made = scim.create(ctx, kind, wanted).await?;
    let view = made.view(scim.base());
    let location = view.pointer("/meta/location").and_then(Value::as_str);
    let location = location.and_then(|location| HeaderValue::try_from(location).ok());
    let mut response = with_etag(reply(StatusCode::CREATED, &view), &made);
    if let Some(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

async fn replace_user(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
    request: Request,
) -> ScimResult<Response> {
    replace(&ctx, &scim, (Kind::User, &id), request).await
}

async fn replace_group(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
    request: Request,
) -> ScimResult<Response> {
    replace(&ctx, &scim, (Kind::Group, &id), request).await
}

async fn replace(
    ctx: &Ctx,
    scim: &Scim,
    which: (Kind, &str),
    request: Request,
) -> ScimResult<Response> {
    scim.admit_writer(ctx).await?;
    let is_current = current(request.headers());
    let change = Change::Replace(body(request).await?);
    let after = scim.change(ctx, which, change, is_current).await?;
    Ok(with_etag(
        reply(StatusCode::OK, &after.view(scim.base())),
        &after,
    ))
}

async fn patch_user(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
    request: Request,
) -> ScimResult<Response> {
    patch(&ctx, &scim, (Kind::User, &id), request).await
}

async fn patch_group(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
    request: Request,
) -> ScimResult<Response> {
    patch(&ctx, &scim, (Kind::Group, &id), request).await
}

async fn patch(
    ctx: &Ctx,
    scim: &Scim,
    which: (Kind, &str),
    request: Request,
) -> ScimResult<Response> {
    scim.admit_writer(ctx).await?;
    let is_current = current(request.headers());
    let change = Change::Patch(body(request).await?);
    let after = scim.change(ctx, which, change, is_current).await?;
    Ok(with_etag(
        reply(StatusCode::OK, &after.view(scim.base())),
        &after,
    ))
}

/// Whether a resource is the one that `If-Match` means; without the header every one is.
fn current(headers: &HeaderMap) -> impl Fn(&Resource) -> bool + Send + 'static {
    let wanted = headers.get(IF_MATCH).and_then(|value| value.to_str().ok());
    let wanted = wanted.map(str::to_owned);
    move |resource| match wanted.as_deref() {
        None | Some("*") => true,
        Some(wanted) => wanted.split(',').any(|it| it.trim() == resource.etag()),
    }
}

async fn delete_user(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
) -> ScimResult<StatusCode> {
    scim.delete(&ctx, Kind::User, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_group(
    ctx: Ctx,
    State(scim): State<Scim>,
    Segments([id]): Segments<1>,
) -> ScimResult<StatusCode> {
    scim.delete(&ctx, Kind::Group, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
