//! `/.well-known/backstage/permissions`: permissions and rules of the catalog, and their evaluation.

use axum::extract::State;
use model::EntityRef;
use platform::http::zod::{self, Schema};
use platform::http::{Json, JsonBody};
use platform::permission::{Condition, Permission};
use platform::{Ctx, Error, Result};
use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::permission;

const PERMISSIONS: &[Permission] = &[
    permission::ENTITY_READ,
    permission::ENTITY_CREATE,
    permission::ENTITY_DELETE,
    permission::ENTITY_REFRESH,
    permission::ENTITY_VALIDATE,
    permission::LOCATION_READ,
    permission::LOCATION_CREATE,
    permission::LOCATION_DELETE,
    permission::LOCATION_ANALYZE,
    permission::INGESTION_READ,
    permission::INGESTION_MANAGE,
];
/// Parameters of the rules, as JSON Schema.
const RULES: &str = include_str!("permission_rules.json");
/// Nesting of conditions.
const MAX_DEPTH: usize = 32;

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
const ITEM: Schema = Schema::Object(&[
    ("id", Schema::Text),
    (
        "resourceRef",
        Schema::Union(&[
            Schema::Text,
            Schema::Array {
                item: &Schema::Text,
                is_non_empty: false,
            },
        ]),
    ),
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

pub(super) async fn describe(_ctx: Ctx) -> Result<Json<Value>> {
    let rules: Value = serde_json::from_str(RULES)
        .map_err(|error| Error::internal("rules are not JSON").with_source(error))?;
    let permissions: Vec<Value> = PERMISSIONS.iter().map(view).collect();
    Ok(Json(json!({ "permissions": permissions, "rules": rules })))
}

fn view(permission: &Permission) -> Value {
    let mut view = Map::new();
    let kind = if permission.resource_type.is_some() {
        "resource"
    } else {
        "basic"
    };
    view.insert("type".into(), kind.into());
    view.insert("name".into(), permission.name.into());
    let attributes = permission
        .action
        .map_or_else(|| json!({}), |action| json!({ "action": action }));
    view.insert("attributes".into(), attributes);
    if let Some(resource_type) = permission.resource_type {
        view.insert("resourceType".into(), resource_type.into());
    }
    view.into()
}

/// Evaluates conditions on entities, for permission policies that live elsewhere.
pub(super) async fn apply(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    body: JsonBody,
) -> Result<Json<Value>> {
    zod::check(&BODY, &body.0).map_err(Error::input)?;
    let items = body
        .0
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let answers = items
        .map(|item| apply_one(&ctx, &catalog, item))
        .collect::<Result<Vec<_>>>()?;
    Ok(Json(json!({ "items": answers })))
}

fn apply_one(_ctx: &Ctx, catalog: &Catalog, item: &Value) -> Result<Value> {
    let resource_type = item
        .get("resourceType")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if resource_type != permission::ENTITY {
        return Err(Error::input(format!(
            "Unexpected resource type: {resource_type}."
        )));
    }
    let conditions = item.get("conditions").unwrap_or(&Value::Null);
    let filter = permission::lower(&condition(conditions, 0)?)?;
    let decide = |resource: &Value| {
        let entity_ref = resource
            .as_str()
            .and_then(|text| text.parse::<EntityRef>().ok());
        let index = catalog.view.index();
        let hit = entity_ref.and_then(|entity_ref| index.by_ref(&entity_ref.to_string()));
        if hit.is_some_and(|hit| index.matches(hit.slot, &filter)) {
            "ALLOW"
        } else {
            "DENY"
        }
    };
    let result = match item.get("resourceRef") {
        Some(Value::Array(refs)) => refs.iter().map(decide).collect(),
        Some(one) => decide(one).into(),
        None => Value::Null,
    };
    Ok(json!({ "id": item.get("id"), "result": result }))
}

fn condition(value: &Value, depth: usize) -> Result<Condition> {
    if depth > MAX_DEPTH {
        return Err(Error::input("conditions are nested too deeply"));
    }
    let list = |name: &str| value.get(name).and_then(Value::as_array);
    let parts = |items: &Vec<Value>| -> Result<Vec<Condition>> {
        items
            .iter()
            .map(|item| condition(item, depth + 1))
            .collect()
    };
    if let Some(items) = list("anyOf") {
        return Ok(Condition::AnyOf(parts(items)?));
    }
    if let Some(items) = list("allOf") {
        return Ok(Condition::AllOf(parts(items)?));
    }
    if let Some(part) = value.get("not") {
        return Ok(Condition::Not(Box::new(condition(part, depth + 1)?)));
    }
    let text = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let params = value.get("params").cloned().unwrap_or_else(|| json!({}));
    Ok(Condition::Rule {
        rule: text("rule"),
        resource_type: text("resourceType"),
        params,
    })
}
