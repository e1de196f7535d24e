//! Export of entities, as an author would have written them.

use model::{Filter, LocationRef, flatten};
use platform::db::Db;
use platform::{Error, Result};
use serde_json::{Map, Value};

use crate::process::{LOCATION, ORIGIN_LOCATION};
use crate::store::changes;

use super::backstage::strip_generated;

/// Entities read at once.
const PAGE: i64 = 500;
/// Annotations that reading a location adds.
const LOCATION_ANNOTATIONS: [&str; 5] = [
    LOCATION,
    ORIGIN_LOCATION,
    "backstage.io/view-url",
    "backstage.io/edit-url",
    "backstage.io/orphan",
];
const SOURCE_LOCATION: &str = "backstage.io/source-location";

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// Which entities.
    pub filter: Filter,
    /// Keep the annotations that say where an entity was read.
    pub keep_annotations: bool,
    /// Leave entities as they are served, with relations, uid, etag and status, and include the
    /// Location entities that the catalog made.
    pub as_served: bool,
}

/// An export under way: one page at a time, so that a catalog of any size fits in memory.
#[derive(Debug)]
pub struct Export {
    db: Db,
    options: ExportOptions,
    after: i64,
}

impl Export {
    /// An export of a migrated database.
    pub fn new(db: Db, options: ExportOptions) -> Self {
        Self {
            db,
            options,
            after: 0,
        }
    }

    /// The next entities; `None` at the end. A page may be empty because of the filter.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Value>>> {
        let after = self.after;
        let rows = self
            .db
            .read(move |tx| changes::load_entities(tx, after, PAGE))
            .await?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        self.after = last.id;
        let mut entities = Vec::with_capacity(rows.len());
        for row in rows {
            let entity: Map<String, Value> = serde_json::from_str(&row.body).map_err(|error| {
                Error::internal(format!("stored entity `{}` is not JSON", row.entity_ref))
                    .with_source(error)
            })?;
            entities.extend(self.options.apply(entity));
        }
        Ok(Some(entities))
    }
}

impl ExportOptions {
    /// The entity as it is exported, if it is.
    fn apply(&self, entity: Map<String, Value>) -> Option<Value> {
        let entity = Value::Object(entity);
        if !self.selects(&entity) {
            return None;
        }
        let Value::Object(mut entity) = entity else {
            return None;
        };
        if !self.as_served {
            if is_generated(&entity) {
                return None;
            }
            strip_generated(&mut entity);
            if !self.keep_annotations {
                strip_annotations(&mut entity);
            }
            entity = in_reading_order(entity);
        }
        Some(Value::Object(entity))
    }

    fn selects(&self, entity: &Value) -> bool {
        if self.filter == Filter::everything() {
            return true;
        }
        let mut rows = Vec::new();
        let flattened = flatten(entity, &mut |row| {
            rows.push((row.key.to_owned(), row.value.map(str::to_owned)));
        });
        flattened.is_ok() && self.filter.matches_rows(&rows)
    }
}

/// Whether the catalog made the entity for a location.
fn is_generated(entity: &Map<String, Value>) -> bool {
    let is_location = entity.get("kind").and_then(Value::as_str) == Some("Location");
    let name = entity.get("metadata").and_then(|m| m.get("name"));
    is_location
        && name
            .and_then(Value::as_str)
            .is_some_and(|name| name.starts_with("generated-"))
}

fn strip_annotations(entity: &mut Map<String, Value>) {
    let Some(Value::Object(metadata)) = entity.get_mut("metadata") else {
        return;
    };
    let Some(Value::Object(annotations)) = metadata.get_mut("annotations") else {
        return;
    };
    if is_source_generated(annotations) {
        annotations.shift_remove(SOURCE_LOCATION);
    }
    for name in LOCATION_ANNOTATIONS {
        annotations.shift_remove(name);
    }
    if annotations.is_empty() {
        metadata.shift_remove("annotations");
    }
}

/// Whether the source location is just the folder the entity was read from.
fn is_source_generated(annotations: &Map<String, Value>) -> bool {
    let text = |name| annotations.get(name).and_then(Value::as_str);
    let location = text(LOCATION).and_then(|text| LocationRef::parse(text).ok());
    let (Some(source), Some(location)) = (text(SOURCE_LOCATION), location) else {
        return false;
    };
    let last = |target: &str| target.rsplit('/').next().unwrap_or_default().to_owned();
    let folder = source.strip_prefix("url:").unwrap_or(source);
    // Some hosts show files and folders under different paths, for example `blob` and `tree`.
    let same_way = folder.replace("/tree/", "/blob/");
    let file = last(&location.target);
    location.target == format!("{same_way}{file}")
}

/// Members in the order in which people write them.
fn in_reading_order(mut entity: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(metadata)) = entity.get_mut("metadata") {
        if metadata.get("namespace").and_then(Value::as_str) == Some("default") {
            metadata.shift_remove("namespace");
        }
        let members = std::mem::take(metadata);
        *metadata = first(members, &["name", "namespace", "title", "description"]);
    }
    first(entity, &["apiVersion", "kind", "metadata", "spec"])
}

fn first(mut members: Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let mut ordered = Map::with_capacity(members.len());
    for name in names {
        if let Some(value) = members.shift_remove(*name) {
            ordered.insert((*name).to_owned(), value);
        }
    }
    ordered.append(&mut members);
    ordered
}
