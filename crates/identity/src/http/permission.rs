//! The `permission` plugin: `POST /authorize`, `GET /health`. Reference 3 §3.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest, Request};
use axum::routing::{get, post};
use platform::http::{Json, JsonBody, Plugin};
use platform::{Ctx, Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::plugin_routes;
use crate::Identity;
use platform::http::zod::{self, Schema};

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

async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
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
async fn authorize(ctx: Ctx, request: Request) -> Result<Json<Value>> {
    // Before the body is read, so that its errors are for users only.
    ctx.require_user()?;
    let JsonBody::<MAX_BODY>(body) = JsonBody::from_request(request, &()).await?;
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
    Ok(Json(json!({ "items": items })))
}

/// Without a resource the answer would be conditions, which are for plugins only.
fn asks_for_conditions(query: &Query) -> bool {
    query.permission.r#type == "resource" && query.resource_ref.is_none()
}
