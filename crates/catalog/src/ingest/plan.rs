//! What to do with each entity that a source emits.

use std::collections::{HashMap, HashSet};

use serde::de::IgnoredAny;
use sha1::{Digest, Sha1};

use crate::model::Deferred;
use crate::store::conflicts::Claim;
use crate::store::refresh::{Existing, Upsert};

/// What to do with each item of an emission.
#[derive(Default)]
pub(super) struct Plan<'a> {
    pub new: Vec<Upsert<'a>>,
    pub changed: Vec<(i64, Upsert<'a>)>,
    pub adopted: Vec<&'a str>,
    pub claims: Vec<Claim<'a>>,
    /// References that are ours, with the location key of the document that won.
    pub accepted: HashMap<&'a str, Option<&'a str>>,
    /// Whether the source itself has no certain origin to hand down.
    pub origin_lost: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn add(
        &mut self,
        item: &'a Deferred,
        hash: String,
        existing: Option<&'a Existing>,
        yields: &HashSet<&str>,
    ) {
        let entity_ref = item.entity_ref.as_str();
        // Of several documents with one reference the first wins that may have it. The others are
        // claims when they come from elsewhere, and passed over within one file.
        if let Some(key) = self.accepted.get(entity_ref) {
            if *key != item.location_key.as_deref() {
                let existing_key = key.unwrap_or_default();
                self.claims.push(Claim {
                    deferred: item,
                    existing_key,
                });
            }
            return;
        }
        let upsert = Upsert {
            deferred: item,
            hash,
            origin_lost: self.origin_lost,
        };
        let Some(row) = existing else {
            self.accepted
                .insert(entity_ref, item.location_key.as_deref());
            self.new.push(upsert);
            return;
        };
        let same_key = row.location_key == item.location_key;
        if !(same_key || row.location_key.is_none() || yields.contains(entity_ref)) {
            let existing_key = row.location_key.as_deref().unwrap_or_default();
            self.claims.push(Claim {
                deferred: item,
                existing_key,
            });
            return;
        }
        self.accepted
            .insert(entity_ref, item.location_key.as_deref());
        let finds_origin = row.origin_lost && !self.origin_lost;
        if row.unprocessed_hash != upsert.hash || !same_key || finds_origin {
            self.changed.push((row.id, upsert));
        }
        if row.is_orphan {
            self.adopted.push(entity_ref);
        }
    }
}

/// The text of an entity before and behind its origin: several sources may emit it, each with
/// another origin, and if each put its own in place of the other's, there would be no end to it.
pub(super) fn around_origin(entity: &str) -> [&str; 2] {
    const KEY: &str = "\"backstage.io/managed-by-origin-location\":";
    let mut places = entity.match_indices(KEY);
    let (Some((at, _)), None) = (places.next(), places.next()) else {
        return [entity, ""];
    };
    let (before, rest) = entity.split_at(at + KEY.len());
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
    values.next();
    [before, &rest[values.byte_offset()..]]
}

pub(super) fn hash(texts: &[&str]) -> String {
    let mut hash = Sha1::new();
    for text in texts {
        hash.update(text);
    }
    hex::encode(hash.finalize())
}
