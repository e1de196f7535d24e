//! Stitching: joins a processed entity with its relations and status into the bytes we serve.
//!
//! Invariants: the final entity is a function of the rows of the entity, its errors and the
//! relations it shows; equal input gives equal bytes; nothing is written when nothing changed.

use model::ErrorInfo;
use platform::db::Tx;
use platform::{Error, Millis, Result};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use crate::model::ProcessingError;
use crate::parallel;
use crate::store::refresh::{self, Stitchable};
use crate::store::{relations, stitches};

/// Fewer entities than these are not worth a thread.
const MIN_SHARE: usize = 64;

const ORPHAN: &str = "backstage.io/orphan";
const UNSAFE_URL: &str = "https://backstage.io/annotation-rejected-for-security-reasons";

/// What one batch did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stitched {
    /// Final entities written.
    pub changed: usize,
    /// Entities that came out as they were.
    pub unchanged: usize,
    /// Entities without anything to stitch.
    pub abandoned: usize,
    /// Milliseconds that the oldest of them was on the queue.
    pub delay: Millis,
}

impl Stitched {
    /// Entries taken off the queue.
    pub(crate) fn total(self) -> usize {
        self.changed + self.unchanged + self.abandoned
    }
}

/// Stitches the oldest entries of the queue.
pub(crate) fn run_batch(tx: &mut Tx<'_>, limit: usize, now: Millis) -> Result<Stitched> {
    let (refs, since): (Vec<String>, Vec<Millis>) =
        stitches::dequeue(tx, limit)?.into_iter().unzip();
    let delay = since.into_iter().min().map_or(0, |oldest| now - oldest);
    let done = stitch(tx, &refs, now)?;
    Ok(Stitched { delay, ..done })
}

/// Stitches these entities.
pub(crate) fn stitch(tx: &mut Tx<'_>, refs: &[String], now: Millis) -> Result<Stitched> {
    if refs.is_empty() {
        return Ok(Stitched::default());
    }
    let rows = refresh::load_stitchable(tx, refs)?;
    let ids: Vec<i64> = rows.values().map(|row| row.id).collect();
    let etags = stitches::load_etags(tx, &ids)?;
    let mut shown = relations::load_shown(tx, refs)?;
    let inputs = refs.iter().filter_map(|entity_ref| {
        let row = rows.get(entity_ref)?;
        let relations = shown.remove(entity_ref).unwrap_or_default();
        Some((
            entity_ref.as_str(),
            row,
            row.processed.as_deref()?,
            relations,
        ))
    });
    // The transaction that waits for it holds up every other writer, hence all cores.
    let made = parallel::map(
        inputs.collect(),
        MIN_SHARE,
        |(entity_ref, row, processed, relations)| {
            let (etag, body) = stitched(entity_ref, row, processed, relations)?;
            Some((entity_ref, row, etag, body))
        },
    );
    let made: Vec<_> = made.into_iter().flatten().collect();
    let mut finals = Vec::new();
    let mut done = Stitched {
        abandoned: refs.len() - made.len(),
        ..Stitched::default()
    };
    for (entity_ref, row, etag, body) in made {
        if etags.get(&row.id) == Some(&etag) {
            done.unchanged += 1;
            continue;
        }
        done.changed += 1;
        finals.push(stitches::Final {
            id: row.id,
            entity_ref: entity_ref.to_owned(),
            uid: row.uid.clone(),
            etag,
            body,
        });
    }
    stitches::upsert(tx, &finals, now)?;
    Ok(done)
}

/// Of these entities, those whose final form is not what stitching would give now.
pub(crate) fn find_stale(tx: &mut Tx<'_>, refs: &[String]) -> Result<Vec<String>> {
    let rows = refresh::load_stitchable(tx, refs)?;
    let ids: Vec<i64> = rows.values().map(|row| row.id).collect();
    let etags = stitches::load_etags(tx, &ids)?;
    let mut shown = relations::load_shown(tx, refs)?;
    let mut stale = Vec::new();
    for (entity_ref, row) in &rows {
        let Some(processed) = row.processed.as_deref() else {
            continue;
        };
        let relations = shown.remove(entity_ref).unwrap_or_default();
        let final_etag = stitched(entity_ref, row, processed, relations).map(|(etag, _)| etag);
        if final_etag.is_some_and(|etag| etags.get(&row.id) != Some(&etag)) {
            stale.push(entity_ref.clone());
        }
    }
    Ok(stale)
}

/// The etag and the JSON text of a final entity; `None`, and a log line, for rows that make none,
/// which must not hold up the others.
fn stitched(
    entity_ref: &str,
    row: &Stitchable,
    processed: &str,
    relations: Vec<(String, String)>,
) -> Option<(String, String)> {
    final_entity(row, processed, relations)
        .inspect_err(|error| {
            tracing::error!(entity = entity_ref, error = error.chain(), "cannot stitch");
        })
        .ok()
}

fn final_entity(
    row: &Stitchable,
    processed: &str,
    mut relations: Vec<(String, String)>,
) -> Result<(String, String)> {
    let mut entity: Map<String, Value> = serde_json::from_str(processed)
        .map_err(|error| Error::internal("stored entity is not JSON").with_source(error))?;
    relations.sort_unstable();
    let relations: Vec<Value> = relations
        .into_iter()
        .map(|(kind, target)| json!({"type": kind, "targetRef": target}))
        .collect();
    entity.insert("relations".into(), relations.into());
    if let Some(errors) = &row.errors {
        add_status(&mut entity, errors)?;
    }
    let metadata = entity.get_mut("metadata").and_then(Value::as_object_mut);
    let metadata = metadata.ok_or_else(|| Error::internal("stored entity has no metadata"))?;
    guard_annotations(metadata, row.is_orphan);
    let given = metadata
        .remove("etag")
        .filter(|etag| etag.as_str().is_some_and(|e| !e.is_empty()));
    metadata.remove("uid");
    let etag = stable_hash(&Value::Object(entity.clone()));
    if let Some(metadata) = entity.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("uid".into(), row.uid.clone().into());
        let shown = given.unwrap_or_else(|| etag.clone().into());
        metadata.insert("etag".into(), shown);
    }
    let body = serde_json::to_string(&entity)
        .map_err(|error| Error::internal("entity cannot be written").with_source(error))?;
    Ok((etag, body))
}

/// Marks orphans, and takes scripts out of links. Reference 1 §A.5, §B.6.
fn guard_annotations(metadata: &mut Map<String, Value>, is_orphan: bool) {
    if is_orphan {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(ORPHAN.into(), "true".into());
        }
    }
    let Some(annotations) = metadata
        .get_mut("annotations")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for key in ["backstage.io/view-url", "backstage.io/edit-url"] {
        if let Some(url) = annotations.get_mut(key)
            && url.as_str().is_some_and(model::is_script_url)
        {
            *url = UNSAFE_URL.into();
        }
    }
}

/// Appends processing errors to `status.items`. Reference 1 §B.6, §C.9.
fn add_status(entity: &mut Map<String, Value>, errors: &str) -> Result<()> {
    let errors: Vec<ProcessingError> = serde_json::from_str(errors)
        .map_err(|error| Error::internal("stored errors are not JSON").with_source(error))?;
    let items = errors.iter().map(|error| status_item(&error.error));
    let status = entity.entry("status").or_insert_with(|| json!({}));
    if let Some(status) = status.as_object_mut() {
        let list = status.entry("items").or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.extend(items);
        }
    }
    Ok(())
}

fn status_item(error: &ErrorInfo) -> Value {
    json!({
        "type": "backstage.io/catalog-processing",
        "level": "error",
        "message": format!("{}: {}", error.name, error.message),
        "error": error,
    })
}

/// SHA-1 of the JSON with its keys sorted, as Backstage makes etags.
fn stable_hash(value: &Value) -> String {
    let mut hasher = Sha1::new();
    hash_value(value, &mut hasher);
    hex::encode(hasher.finalize())
}

fn hash_value(value: &Value, hasher: &mut Sha1) {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            hasher.update("{");
            for (index, (key, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    hasher.update(",");
                }
                hasher.update(Value::from(key.as_str()).to_string());
                hasher.update(":");
                hash_value(value, hasher);
            }
            hasher.update("}");
        }
        Value::Array(items) => {
            hasher.update("[");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    hasher.update(",");
                }
                hash_value(item, hasher);
            }
            hasher.update("]");
        }
        scalar => hasher.update(scalar.to_string()),
    }
}
