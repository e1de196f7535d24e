//! Annotations that say where an entity is from. Reference 1 §B.3, `AnnotateLocation`.

use integrations::ScmIntegrations;
use model::{DEFAULT_NAMESPACE, LocationRef};
use serde_json::{Map, Value};

use super::{LOCATION, ORIGIN_LOCATION};

const VIEW_URL: &str = "backstage.io/view-url";
const EDIT_URL: &str = "backstage.io/edit-url";
const SOURCE_LOCATION: &str = "backstage.io/source-location";

/// Digits of the shortest commit hash.
const COMMIT_DIGITS: usize = 40;

/// Adds the location annotations ahead of the entity's own; values the entity has stay.
pub(super) fn add_location(
    entity: &mut Value,
    location: &LocationRef,
    integrations: &ScmIntegrations,
) {
    let mut annotations = Map::new();
    annotations.insert(LOCATION.into(), Value::Null);
    annotations.insert(ORIGIN_LOCATION.into(), Value::Null);
    if location.location_type == "url" {
        add_urls(&mut annotations, &location.target, integrations);
    }
    merge_first(entity, "annotations", |own| {
        if let Some(Value::Object(own)) = own {
            annotations.extend(own);
        }
        annotations.into()
    });
}

fn add_urls(annotations: &mut Map<String, Value>, url: &str, integrations: &ScmIntegrations) {
    annotations.insert(VIEW_URL.into(), url.into());
    let known = url::Url::parse(url).is_ok_and(|url| integrations.by_url(&url).is_some());
    if !known {
        return;
    }
    if !names_a_commit(url) {
        annotations.insert(EDIT_URL.into(), integrations.resolve_edit_url(url).into());
    }
    if let Ok(folder) = integrations.resolve_url("./", url) {
        annotations.insert(SOURCE_LOCATION.into(), format!("url:{folder}").into());
    }
}

/// Whether a URL has a commit in it: it shows a version that nobody can edit.
fn names_a_commit(url: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    url.as_bytes()
        .split(|byte| !is_digit(*byte))
        .any(|run| run.len() >= COMMIT_DIGITS)
}

/// Adds the default namespace where there is none, ahead of everything else, as recorded.
pub(super) fn add_default_namespace(entity: &mut Value) {
    let namespace = entity.pointer("/metadata/namespace");
    if namespace.is_none_or(|namespace| namespace.as_str().is_some_and(str::is_empty)) {
        merge_first(entity, "namespace", |_| DEFAULT_NAMESPACE.into());
    }
}

/// Puts `metadata` first in the entity, and the key first in `metadata`: what a merge of
/// `{metadata: {key: …}}` with the entity gives.
fn merge_first(entity: &mut Value, key: &str, make: impl FnOnce(Option<Value>) -> Value) {
    let Some(members) = entity.as_object_mut() else {
        return;
    };
    let mut old = match members.shift_remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    let mut metadata = Map::with_capacity(old.len() + 1);
    metadata.insert(key.to_owned(), make(old.shift_remove(key)));
    metadata.append(&mut old);
    let mut merged = Map::with_capacity(members.len() + 1);
    merged.insert("metadata".into(), metadata.into());
    merged.append(members);
    *members = merged;
}
