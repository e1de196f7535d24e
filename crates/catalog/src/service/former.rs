//! By which name something goes now that has gone.
//!
//! A file has no identities in it: an entity whose name is changed goes, and another one comes. What
//! is told is what speaks for it: the same file, the same moment, and what the two have in common.
//! Invariant: who could not see the one that went learns nothing, not even that it was there.

use std::cmp::Reverse;
use std::collections::HashMap;

use index::Index;
use model::{EntityRef, Filter, Flattener};
use platform::db::Tx;
use platform::{Ctx, Millis, Result};
use serde::Serialize;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::flat::Flat;
use crate::permission;
use crate::service::entities::parse;
use crate::store::changes::Stored;
use crate::store::refresh;
use crate::store::removed::{self, Removed};

const LOCATION: &str = "backstage.io/managed-by-location";
/// Entities of the same file that are looked at.
const MAX_BESIDE: usize = 200;
/// Names that are told.
const MAX_TOLD: usize = 5;

/// What became of a reference.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Former {
    /// When the entity was deleted, in milliseconds since the epoch.
    pub removed_at: Option<Millis>,
    /// What it may be called now, the likeliest first.
    pub items: Vec<Successor>,
}

/// An entity that may be another one by a new name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Successor {
    /// Canonical reference.
    pub entity_ref: String,
    /// Whether it came when the other one went.
    pub came_then: bool,
    /// What both have in common: `kind`, `name`, `title`, `description`, `spec`.
    pub alike: Vec<&'static str>,
}

impl Catalog {
    /// What became of an entity that the caller could see, as far as is known.
    pub(crate) async fn former(&self, ctx: &Ctx, entity_ref: &EntityRef) -> Result<Former> {
        let Some(readable) = permission::filter(ctx, permission::ENTITY_READ).await? else {
            return Ok(Former::default());
        };
        let entity_ref = entity_ref.to_string();
        if self.view.index().by_ref(&entity_ref).is_some() {
            return Ok(Former::default());
        }
        let sought = entity_ref.clone();
        let find = move |tx: &mut Tx<'_>| removed::find(tx, &sought);
        let Some(removed) = self.db.read(find).await? else {
            return Ok(Former::default());
        };
        if !could_see(&readable, &entity_ref, &removed) {
            return Ok(Former::default());
        }
        Ok(Former {
            removed_at: Some(removed.at),
            items: self.successors(ctx, &removed).await?,
        })
    }

    async fn successors(&self, ctx: &Ctx, removed: &Removed) -> Result<Vec<Successor>> {
        let was: Value = parse(removed.body.as_bytes())?;
        let Some(location) = annotation(&was, LOCATION) else {
            return Ok(Vec::new());
        };
        let key = format!("metadata.annotations.{LOCATION}");
        let beside = Filter::equals(&key, location);
        let (picked, _) = self.list(ctx, beside, &[], Some(MAX_BESIDE), None).await?;
        let mut beside = Vec::with_capacity(picked.len());
        for body in self.bodies(&picked).await?.into_iter().flatten() {
            let mut entity: Value = parse(&body)?;
            removed::shorten(&mut entity);
            beside.push((ref_of(&entity), entity));
        }
        let refs: Vec<String> = beside.iter().map(|(found, _)| found.clone()).collect();
        let load = move |tx: &mut Tx<'_>| refresh::load_discovered(tx, &refs);
        let came = self.db.read(load).await?;
        Ok(likeliest(&was, removed.gone_at, &beside, &came))
    }
}

/// Whether a filter lets through what went.
fn could_see(readable: &Filter, entity_ref: &str, removed: &Removed) -> bool {
    let stored = Stored {
        id: 1,
        entity_ref: entity_ref.to_owned(),
        uid: String::new(),
        etag: String::new(),
        body: removed.body.clone(),
    };
    let mut index = Index::new();
    let Some(flat) = Flat::of(stored, &mut Flattener::default()) else {
        return false;
    };
    flat.insert(&mut index);
    let hit = index.by_ref(entity_ref);
    hit.is_some_and(|hit| index.matches(hit.slot, readable))
}

/// Of the entities beside, those that may be the one that went.
fn likeliest(
    was: &Value,
    gone_at: Millis,
    beside: &[(String, Value)],
    came: &HashMap<String, Millis>,
) -> Vec<Successor> {
    let successor = |(entity_ref, entity): &(String, Value)| {
        let successor = Successor {
            entity_ref: entity_ref.clone(),
            came_then: came.get(entity_ref) == Some(&gone_at),
            alike: common(was, entity),
        };
        is_likely(&successor).then_some(successor)
    };
    let mut all: Vec<Successor> = beside.iter().filter_map(successor).collect();
    all.sort_by_cached_key(|it| {
        let is_same_kind = it.alike.contains(&"kind");
        let weight = (is_same_kind, it.came_then, it.alike.len());
        (Reverse(weight), it.entity_ref.clone())
    });
    all.truncate(MAX_TOLD);
    all
}

/// Beside one another in a file are also things that have nothing to do with each other.
fn is_likely(it: &Successor) -> bool {
    let has = |part| it.alike.contains(&part);
    let is_told_alike = has("title") || has("description");
    match (has("kind"), it.came_then) {
        (true, true) => true,
        (true, false) => has("spec") && is_told_alike,
        (false, true) => has("name") || is_told_alike,
        (false, false) => false,
    }
}

/// What two entities have in common.
fn common(a: &Value, b: &Value) -> Vec<&'static str> {
    const PARTS: [(&str, &str); 5] = [
        ("kind", "/kind"),
        ("name", "/metadata/name"),
        ("title", "/metadata/title"),
        ("description", "/metadata/description"),
        ("spec", "/spec"),
    ];
    let is_same = |path: &str| {
        let value = a.pointer(path);
        value.is_some() && value == b.pointer(path)
    };
    let same = PARTS.iter().filter(|(_, path)| is_same(path));
    same.map(|(name, _)| *name).collect()
}

fn annotation<'a>(entity: &'a Value, name: &str) -> Option<&'a str> {
    let annotations = entity.pointer("/metadata/annotations")?;
    annotations.get(name)?.as_str()
}

fn ref_of(entity: &Value) -> String {
    let text = |path: &str| entity.pointer(path).and_then(Value::as_str);
    let namespace = text("/metadata/namespace").unwrap_or("default");
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    EntityRef::new(
        kind.unwrap_or_default(),
        namespace,
        name.unwrap_or_default(),
    )
    .to_string()
}
