//! Who emitted an entity, in memory: the way from an entity up to its roots, asked for again and
//! again.
//!
//! Invariants: what is kept is as of the revision that the index has or later; whoever follows the
//! change log calls [`Parents::forget`] before a revision counts as applied, and every change of
//! what an entity is emitted by is in the log.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use quick_cache::unsync::Cache;

/// Entities whose parents are kept.
const CAPACITY: usize = 100_000;
/// How far up a way is followed. Reference 1 §B.8.
const MAX_DEPTH: usize = 32;

/// An entity and everything above it, with the parents of each, level by level.
pub(crate) type Ancestors = Vec<(String, Arc<[String]>)>;

/// Parents by row id of the entity.
pub(crate) struct Parents(Cache<i64, Arc<[String]>>);

impl Parents {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    pub(crate) fn get(&self, id: i64) -> Option<Arc<[String]>> {
        self.0.get(&id).cloned()
    }

    pub(crate) fn keep(&mut self, id: i64, parents: Arc<[String]>) {
        self.0.insert(id, parents);
    }

    pub(crate) fn forget(&mut self, ids: &[i64]) {
        for id in ids {
            self.0.remove(id);
        }
    }

    pub(crate) fn forget_all(&mut self) {
        self.0.clear();
    }
}

/// Climbs from an entity to its roots. `parents_of` knows the parents of a level; an entity that it
/// leaves out has none.
pub(crate) fn climb<E>(
    start: String,
    mut parents_of: impl FnMut(&[String]) -> Result<HashMap<String, Arc<[String]>>, E>,
) -> Result<Ancestors, E> {
    let mut seen = HashSet::from([start.clone()]);
    let mut level = vec![start];
    let mut chain = Vec::new();
    for _ in 0..MAX_DEPTH {
        if level.is_empty() {
            break;
        }
        let mut found = parents_of(&level)?;
        let mut above = Vec::new();
        for entity in level {
            let parents = found.remove(&entity).unwrap_or_default();
            let unseen = parents
                .iter()
                .filter(|parent| seen.insert((*parent).clone()));
            above.extend(unseen.cloned());
            chain.push((entity, parents));
        }
        level = above;
    }
    Ok(chain)
}
