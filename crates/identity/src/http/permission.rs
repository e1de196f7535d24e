//! The `permission` plugin: `POST /authorize`, `GET /health`. Reference 3 §3.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use platform::http::Plugin;
use platform::{Code, Ctx, Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::zod::{self, Schema};
use super::{plugin_routes, reply};
use crate::Identity;

const PLUGIN: &str = "permission";
/// What Express takes by default.
const MAX_BODY: usize = 100 * 1024;

/// The `permission` plugin.
pub fn permission_plugin(identity: &Arc<Identity>) -> Plugin {
    let own = Router::new()
        .route("/health", get(health))
        .route("/authorize", post(authorize));
    Plugin {
        id: PLUGIN,
        router: own.merge(plugin_routes(identity, PLUGIN)),
        open_paths: &["/health", super::JWKS_PATH],
    }
}

async fn health() -> Result<Response> {
    reply::json(&json!({"status": "ok"}))
}

const ACTION: Schema = Schema::Union(&[
    Schema::Literal("create"),
    Schema::Literal("read"),
    Schema::Literal("update"),
    Schema::Literal("delete"),
]);
const ATTRIBUTES: Schema = Schema::Object(&[("action", Schema::Optional(&ACTION))]);
const RESOURCE_REF: Schema = Schema::Union(&[
    Schema::Text,
    Schema::Array {
        item: &Schema::Text,
        is_non_empty: true,
    },
]);
const BASIC_ITEM: Schema = Schema::Object(&[
    ("id", Schema::Text),
    ("resourceRef", Schema::Optional(&Schema::Undefined)),
    (
        "permission",
        Schema::Object(&[
            ("type", Schema::Literal("basic")),
            ("name", Schema::Text),
            ("attributes", ATTRIBUTES),
        ]),
    ),
]);
const RESOURCE_ITEM: Schema = Schema::Object(&[
    ("id", Schema::Text),
    ("resourceRef", Schema::Optional(&RESOURCE_REF)),
    (
        "permission",
        Schema::Object(&[
            ("type", Schema::Literal("resource")),
            ("name", Schema::Text),
            ("attributes", ATTRIBUTES),
            ("resourceType", Schema::Text),
        ]),
    ),
]);
const REQUEST: Schema = Schema::Object(&[(
    "items",
    Schema::Array {
        item: &Schema::Union(&[BASIC_ITEM, RESOURCE_ITEM]),
        is_non_empty: false,
    },
)]);

/// What is read of a request after [`REQUEST`] has been checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    id: String,
    permission: QueriedPermission,
    resource_ref: Option<Value>,
}

#[derive(Deserialize)]
struct QueriedPermission {
    r#type: String,
}

/// Decides for the frontend. The policy allows everything, so every decision is the same.
async fn authorize(ctx: Ctx, request: Request) -> Result<Response> {
    ctx.require_user()?;
    let body = read_body(request).await?;
    if let Err(issues) = zod::check(&REQUEST, &body) {
        return Err(Error::input(issues));
    }
    let queries = body.get("items").cloned().unwrap_or_default();
    let queries: Vec<Query> = serde_json::from_value(queries)
        .map_err(|error| Error::input("items are not requests").with_source(error))?;
    if queries.iter().any(asks_for_conditions) {
        return Err(Error::input(
            "Resource permissions require a resourceRef to be set. Direct user requests without a \
             resourceRef are not allowed.",
        ));
    }
    let allow = |query: Query| json!({"id": query.id, "result": "ALLOW"});
    let items: Vec<_> = queries.into_iter().map(allow).collect();
    reply::json(&json!({ "items": items }))
}

/// Without a resource the answer would be conditions, which are for plugins only.
fn asks_for_conditions(query: &Query) -> bool {
    query.permission.r#type == "resource" && query.resource_ref.is_none()
}

/// The body, read as Express reads it: a body of another type counts as an empty object.
async fn read_body(request: Request) -> Result<Value> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Ok(json!({}));
    }
    let bytes = bounded(body).await?;
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::input(format!("request body is not JSON: {error}")))
}

async fn bounded(body: Body) -> Result<axum::body::Bytes> {
    to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| Error::new(Code::TooLarge, "request entity too large"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    value
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}
