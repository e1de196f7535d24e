//! `/.well-known/backstage/permissions`: what a plugin has to allow, and the evaluation of conditions
//! on its resources, for permission policies that live elsewhere. Reference 3 §3.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::ctx::{Caller, Ctx};
use crate::error::{Error, Result};
use crate::permission::{Condition, Permission, Permissioned};

use super::zod::{self, Schema};
use super::{Json, JsonBody};

/// Items of one request.
const MAX_ITEMS: usize = 10_000;

const CONDITIONS: Schema = Schema::Union(&[
    Schema::Object(&[("anyOf", CONDITION_LIST)]),
    Schema::Object(&[("allOf", CONDITION_LIST)]),
    Schema::Object(&[("not", Schema::Any)]),
    Schema::Object(&[("rule", Schema::Text), ("resourceType", Schema::Text)]),
]);
const CONDITION_LIST: Schema = Schema::Array {
    item: &Schema::Any,
    is_non_empty: true,
};
const REFS: Schema = Schema::Union(&[
    Schema::Text,
    Schema::Array {
        item: &Schema::Text,
        is_non_empty: false,
    },
]);
const ITEM: Schema = Schema::Object(&[
    ("id", Schema::Text),
    ("resourceRef", REFS),
    ("resourceType", Schema::Text),
    ("conditions", CONDITIONS),
]);
const BODY: Schema = Schema::Object(&[(
    "items",
    Schema::Array {
        item: &ITEM,
        is_non_empty: false,
    },
)]);

/// The routes, to be merged into a plugin's router.
pub fn permission_routes(plugin: Arc<dyn Permissioned>) -> Router {
    Router::new()
        .route(
            "/.well-known/backstage/permissions/metadata",
            get(describe_permissions),
        )
        .route(
            "/.well-known/backstage/permissions/apply-conditions",
            post(apply_conditions),
        )
        .with_state(plugin)
}

async fn describe_permissions(
    _ctx: Ctx,
    State(plugin): State<Arc<dyn Permissioned>>,
) -> Result<Json<Value>> {
    let permissions: Vec<_> = plugin
        .permissions()
        .iter()
        .map(Permission::to_json)
        .collect();
    Ok(Json(
        json!({ "permissions": permissions, "rules": plugin.rules()? }),
    ))
}

/// For services, as policies that live elsewhere are: the answers would tell users, and programs that
/// are limited to some permissions, about what they may not see.
async fn apply_conditions(
    ctx: Ctx,
    State(plugin): State<Arc<dyn Permissioned>>,
    body: JsonBody,
) -> Result<Json<Value>> {
    let is_admitted = match ctx.caller() {
        Caller::Service(service) => !service.is_limited(),
        Caller::User(_) | Caller::Anonymous => false,
    };
    if !is_admitted {
        return Err(Error::forbidden("conditions are applied for services only"));
    }
    zod::check(&BODY, &body.0).map_err(Error::input)?;
    let items = body.0.get("items").and_then(Value::as_array);
    let items = items.map(Vec::as_slice).unwrap_or_default();
    if items.len() > MAX_ITEMS {
        return Err(Error::input(format!("more than {MAX_ITEMS} items")));
    }
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        answers.push(apply_one(&*plugin, item).await?);
    }
    Ok(Json(json!({ "items": answers })))
}

async fn apply_one(plugin: &dyn Permissioned, item: &Value) -> Result<Value> {
    let resource_type = item.get("resourceType").and_then(Value::as_str);
    let resource_type = resource_type.unwrap_or_default();
    if !plugin.has_resource_type(resource_type) {
        return Err(Error::input(format!(
            "Unexpected resource type: {resource_type}."
        )));
    }
    let condition = Condition::from_json(item.get("conditions").unwrap_or(&Value::Null))?;
    let resources = item.get("resourceRef").unwrap_or(&Value::Null);
    let result = judge(plugin, &condition, resources).await?;
    Ok(json!({ "id": item.get("id"), "result": result }))
}

/// `ALLOW` or `DENY` for a reference, a list of them for a list.
pub async fn judge(
    plugin: &dyn Permissioned,
    condition: &Condition,
    resources: &Value,
) -> Result<Value> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let refs: Vec<String> = match resources {
        Value::Array(refs) => refs.iter().map(text).collect(),
        one => vec![text(one)],
    };
    let matches = plugin.matches(condition, &refs).await?;
    let mut results = matches
        .into_iter()
        .map(|is_match| Value::from(if is_match { "ALLOW" } else { "DENY" }));
    Ok(match resources {
        Value::Array(_) => results.collect(),
        _ => results.next().unwrap_or_default(),
    })
}
