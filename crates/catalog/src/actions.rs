//! Actions of the catalog, for templates, agents and other callers. Reference 1 §C.8.
//!
//! Each action is one use case with a schema; permissions are those of the use case.

use std::sync::Arc;

use async_trait::async_trait;
use index::{Cursor, TextFilter};
use model::{EntityRef, Filter, LocationRef, OrderField, Predicate, Projection};
use platform::actions::{Action, Run, Spec};
use platform::{Ctx, Error, Result};
use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::service::entities::parse;

/// Identifiers, titles, attributes and schemas.
const SPECS: &str = include_str!("actions.json");
/// Entities of one answer unless the input says otherwise.
const DEFAULT_LIMIT: usize = 200;

/// The catalog's actions, to be registered.
pub fn actions(catalog: &Catalog) -> Result<Vec<Arc<dyn Action>>> {
    let specs: Vec<Value> = serde_json::from_str(SPECS)
        .map_err(|error| Error::internal("actions are not JSON").with_source(error))?;
    let action = |value: &Value| {
        let action: Arc<dyn Action> = Arc::new(CatalogAction {
            spec: Spec::from_json(value)?,
            catalog: catalog.clone(),
        });
        Ok(action)
    };
    specs.iter().map(action).collect()
}

/// One use case of the catalog.
struct CatalogAction {
    spec: Spec,
    catalog: Catalog,
}

#[async_trait]
impl Action for CatalogAction {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    async fn run(&self, run: &Run, input: Value) -> Result<Value> {
        invoke(&run.ctx, &self.catalog, self.spec.name(), &input).await
    }
}

async fn invoke(ctx: &Ctx, catalog: &Catalog, name: &str, input: &Value) -> Result<Value> {
    match name {
        "get-catalog-entity" => get_entity(ctx, catalog, input).await,
        "query-catalog-entities" => query_entities(ctx, catalog, input).await,
        "get-catalog-model-description" => Ok(json!({ "description": MODEL })),
        "refresh-catalog-entity" => refresh_entity(ctx, catalog, input).await,
        "register-entity" => register(ctx, catalog, input).await,
        "unregister-entity" => unregister(ctx, catalog, input).await,
        "validate-entity" => validate(ctx, catalog, input).await,
        other => Err(Error::internal(format!(
            "no use case for the action `{other}`"
        ))),
    }
}

/// What the built-in kinds are, for agents.
const MODEL: &str = include_str!("model.md");

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str> {
    input
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Error::input(format!("Invalid input: `{name}` must be a text")))
}

/// The one entity that the parts of a reference mean.
async fn find_unique(ctx: &Ctx, catalog: &Catalog, input: &Value) -> Result<Value> {
    let mut filter = Filter::equals("metadata.name", required(input, "name")?);
    for (part, key) in [("kind", "kind"), ("namespace", "metadata.namespace")] {
        if let Some(value) = input.get(part).and_then(Value::as_str) {
            filter = filter.and(Filter::equals(key, value));
        }
    }
    let (picked, _) = catalog.list(ctx, filter, &[], Some(10), None).await?;
    let bodies = catalog.bodies(&picked).await?;
    let mut entities = bodies
        .into_iter()
        .flatten()
        .map(|body| parse(&body))
        .collect::<Result<Vec<_>>>()?;
    if entities.len() > 1 {
        let refs = entities
            .iter()
            .filter_map(|entity| EntityRef::from_entity(entity).ok());
        let refs = refs
            .map(|entity_ref| entity_ref.to_string())
            .collect::<Vec<_>>()
            .join(", ");
        return Err(Error::conflict(format!(
            "Multiple entities found, please provide more specific filters. Entities found: {refs}"
        )));
    }
    entities.pop().ok_or_else(|| {
        let name = input
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Error::input(format!("No entity found with name \"{name}\""))
    })
}

async fn get_entity(ctx: &Ctx, catalog: &Catalog, input: &Value) -> Result<Value> {
    find_unique(ctx, catalog, input).await
}

async fn refresh_entity(ctx: &Ctx, catalog: &Catalog, input: &Value) -> Result<Value> {
    let entity_ref = EntityRef::from_entity(&find_unique(ctx, catalog, input).await?)?;
    catalog.refresh(ctx, &entity_ref).await?;
    Ok(json!({ "entityRef": entity_ref.to_string() }))
}

async fn query_entities(ctx: &Ctx, catalog: &Catalog, input: &Value) -> Result<Value> {
    let cursor = if let Some(cursor) = input.get("cursor").and_then(Value::as_str) {
        Cursor::decode(cursor).map_err(|error| Error::input(error.to_string()))?
    } else {
        let mut cursor = Cursor::first(orders(input)?, text_filter(input));
        cursor.query = input.get("query").cloned();
        cursor
    };
    let filter = predicate_filter(cursor.query.as_ref())?;
    let limit = number(input, "limit").unwrap_or(DEFAULT_LIMIT);
    let offset = number(input, "offset").unwrap_or_default();
    let page = catalog
        .page(ctx, filter, &cursor, limit, offset, true)
        .await?;
    let fields = strings(input.get("fields"));
    let projection = Projection::parse(&fields)?;
    let mut items = Vec::with_capacity(page.picked.len());
    for body in catalog.bodies(&page.picked).await?.into_iter().flatten() {
        let entity = parse(&body)?;
        items.push(
            projection
                .as_ref()
                .map_or(entity.clone(), |fields| fields.apply(&entity)),
        );
    }
    let mut output = Map::new();
    output.insert("items".into(), items.into());
    output.insert("totalItems".into(), page.total.into());
    output.insert("hasMoreEntities".into(), page.next.is_some().into());
    if let Some(next) = page.next {
        output.insert("nextPageCursor".into(), next.encode().into());
    }
    Ok(output.into())
}

fn predicate_filter(query: Option<&Value>) -> Result<Filter> {
    let predicate = query.map(Predicate::parse).transpose()?;
    Ok(predicate.map_or_else(
        || Ok(Filter::everything()),
        |predicate| predicate.to_filter(),
    )?)
}

fn orders(input: &Value) -> Result<Vec<OrderField>> {
    let orders = match input.get("orderFields") {
        None => Vec::new(),
        Some(Value::Array(orders)) => orders.clone(),
        Some(one) => vec![one.clone()],
    };
    let parse = |order: Value| {
        serde_json::from_value(order)
            .map_err(|error| Error::input(format!("Invalid input: `orderFields`: {error}")))
    };
    orders.into_iter().map(parse).collect()
}

fn text_filter(input: &Value) -> Option<TextFilter> {
    let filter = input.get("fullTextFilter")?;
    let fields = filter.get("fields").map(|fields| strings(Some(fields)));
    Some(TextFilter {
        term: required(filter, "term").ok()?.to_owned(),
        fields,
    })
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// A number, which agents often write as text.
fn number(input: &Value, name: &str) -> Option<usize> {
    let value = input.get(name)?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    usize::try_from(number).ok()
}

async fn register(ctx: &Ctx, catalog: &Catalog, input: &Value) -> Result<Value> {
    let url = required(input, "locationUrl")?;
    if url::Url::parse(url).is_err() {
        return Err(Error::input(format!("{url} is an invalid URL")));
    }
    let registered = catalog
        .register(ctx, LocationRef::new("url", url)?, false)
        .await?;
    Ok(json!({ "locationId": registered.location.id }))
}

async fn unregister(ctx: &Ctx, catalog: &Catalog, input: &Value) -> Result<Value> {
    let by = input.get("type").unwrap_or(&Value::Null);
    if let Some(id) = by.get("locationId").and_then(Value::as_str) {
        catalog.unregister(ctx, id).await?;
        return Ok(json!({}));
    }
    let url = required(by, "locationUrl")?;
    let locations = catalog.list_locations(ctx).await?;
    let location = locations
        .iter()
        .find(|location| location.target.eq_ignore_ascii_case(url));
    let location =
        location.ok_or_else(|| Error::not_found(format!("Location with URL {url} not found")))?;
    catalog.unregister(ctx, &location.id).await?;
    Ok(json!({}))
}

async fn validate(ctx: &Ctx, catalog: &Catalog, input: &Value) -> Result<Value> {
    let text = required(input, "entity")?;
    let location = input.get("location").and_then(Value::as_str);
    let location = LocationRef::new(
        "url",
        location.unwrap_or("https://localhost/entity-validator"),
    )?;
    let mut documents = model::parse_documents(text, &model::YamlLimits::default());
    let mut broken = documents.iter().flat_map(|document| &document.problems);
    if let Some(problem) = broken.next() {
        let errors = [problem.message.clone()];
        return Ok(json!({ "isValid": false, "isValidYaml": false, "errors": errors }));
    }
    let Some(document) = documents.pop().filter(|_| documents.is_empty()) else {
        let errors = ["expected exactly one document"];
        return Ok(json!({ "isValid": false, "isValidYaml": true, "errors": errors }));
    };
    let errors = catalog
        .validate(ctx, document.value.clone(), location)
        .await?;
    if errors.is_empty() {
        let entity = document.value;
        return Ok(json!({ "isValid": true, "isValidYaml": true, "errors": [], "entity": entity }));
    }
    let errors: Vec<String> = errors.into_iter().map(|error| error.message).collect();
    Ok(json!({ "isValid": false, "isValidYaml": true, "errors": errors }))
}
