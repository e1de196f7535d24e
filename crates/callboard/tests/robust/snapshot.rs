//! What a portal answers, in a form that two portals can be compared by.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{Client, Lost};

/// Keys whose values are counted.
const FACETS: &str = "facet=kind&facet=spec.type&facet=spec.owner&facet=metadata.tags\
    &facet=relations.ownedBy&facet=relations.dependencyOf&facet=metadata.namespace";

/// Everything a portal answers, without what is drawn by lot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    /// Entities by reference, without uid.
    pub entities: BTreeMap<String, Value>,
    /// Values and counts by key.
    facets: Value,
    /// Type and target of registered locations, and the entities that stand for them.
    locations: Vec<String>,
}

impl Snapshot {
    pub(crate) async fn take(client: &Client) -> Result<Self, Lost> {
        let entities = client.get("/entities").await?.body;
        let entities = entities.as_array().cloned().unwrap_or_default();
        let facets = client.get(&format!("/entity-facets?{FACETS}")).await?.body;
        let mut locations: Vec<String> = locations(client)
            .await?
            .iter()
            .map(|location| format!("{} {}", location["target"], location["entityRef"]))
            .collect();
        locations.sort_unstable();
        Ok(Self {
            entities: by_ref(entities),
            facets: sorted(facets),
            locations,
        })
    }

    /// What differs, shortly; empty when nothing does.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = differences(&self.entities, &other.entities);
        if self.facets != other.facets {
            found.push(format!("facets: {} and {}", self.facets, other.facets));
        }
        if self.locations != other.locations {
            found.push(format!(
                "locations: {:?} and {:?}",
                self.locations, other.locations
            ));
        }
        found
    }
}

/// The registered locations.
pub(crate) async fn locations(client: &Client) -> Result<Vec<Value>, Lost> {
    let items = client.get("/locations").await?.body;
    let items = items.as_array().cloned().unwrap_or_default();
    Ok(items
        .into_iter()
        .map(|mut item| item["data"].take())
        .collect())
}

/// Entities by reference, without uid.
pub(crate) fn by_ref(entities: Vec<Value>) -> BTreeMap<String, Value> {
    entities
        .into_iter()
        .map(|mut entity| {
            let entity_ref = ref_of(&entity);
            if let Some(metadata) = entity["metadata"].as_object_mut() {
                metadata.remove("uid");
            }
            (entity_ref, entity)
        })
        .collect()
}

pub(crate) fn ref_of(entity: &Value) -> String {
    let text = |pointer: &str| {
        entity
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("?")
    };
    let [kind, namespace, name] = ["/kind", "/metadata/namespace", "/metadata/name"].map(text);
    format!("{kind}:{namespace}/{name}").to_lowercase()
}

/// Facets in one order; Backstage promises none.
fn sorted(mut facets: Value) -> Value {
    for (_, values) in facets["facets"].as_object_mut().into_iter().flatten() {
        if let Some(values) = values.as_array_mut() {
            values.sort_by_key(ToString::to_string);
        }
    }
    facets
}

/// What differs between two sets of entities.
pub(crate) fn differences(
    left: &BTreeMap<String, Value>,
    right: &BTreeMap<String, Value>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (entity_ref, one) in left {
        match right.get(entity_ref) {
            None => found.push(format!("{entity_ref} is only in the first: {one}")),
            Some(other) if one != other => found.push(format!("{one}\nand\n{other}")),
            Some(_) => {}
        }
    }
    let only_right = right
        .iter()
        .filter(|(entity_ref, _)| !left.contains_key(*entity_ref));
    found.extend(
        only_right.map(|(entity_ref, one)| format!("{entity_ref} is only in the second: {one}")),
    );
    found
}

/// Repeats `check` until it finds nothing, and fails with what it found last.
pub(crate) async fn until_none(
    what: &str,
    limit: Duration,
    mut check: impl AsyncFnMut() -> Vec<String>,
) {
    let end = Instant::now() + limit;
    loop {
        let found = check().await;
        if found.is_empty() {
            return;
        }
        let shown = found.len().min(5);
        assert!(
            Instant::now() < end,
            "{what}: {} after {limit:?}:\n{}",
            found.len(),
            found[..shown].join("\n")
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
