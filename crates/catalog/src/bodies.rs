//! Bodies of final entities in memory, bounded by weight.
//!
//! A body counts only together with its etag, so a cache that lags behind the index is never
//! mistaken for the present entity.

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Weight of an entry beside its bytes.
const OVERHEAD: u64 = 128;

#[derive(Clone)]
struct Body {
    version: u64,
    bytes: Bytes,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<i64, Body> for ByBytes {
    fn weight(&self, _id: &i64, body: &Body) -> u64 {
        OVERHEAD + body.bytes.len() as u64
    }
}

/// A cache of bodies by row id.
pub(crate) struct Bodies {
    cache: Cache<i64, Body, ByBytes>,
    capacity: u64,
}

impl Bodies {
    pub(crate) fn new(capacity: u64) -> Self {
        // Typical bodies weigh a little over a kilobyte.
        let items = usize::try_from(capacity / 1024)
            .unwrap_or(usize::MAX)
            .max(64);
        Self {
            cache: Cache::with_weighter(items, capacity, ByBytes),
            capacity,
        }
    }

    /// The body of this version, if it is in memory.
    pub(crate) fn get(&self, id: i64, version: u64) -> Option<Bytes> {
        let body = self.cache.get(&id)?;
        (body.version == version).then_some(body.bytes)
    }

    /// Keeps a body that was read.
    pub(crate) fn insert(&self, id: i64, version: u64, bytes: Bytes) {
        self.cache.insert(id, Body { version, bytes });
    }

    /// Keeps a body at start-up, while there is room.
    pub(crate) fn warm(&self, id: i64, version: u64, bytes: Bytes) {
        if self.cache.weight() + OVERHEAD + bytes.len() as u64 <= self.capacity {
            self.insert(id, version, bytes);
        }
    }

    /// Forgets the body of a deleted entity.
    pub(crate) fn remove(&self, id: i64) {
        self.cache.remove(&id);
    }
}

/// Etags are SHA-1 in hex, or whatever a source gave: eight bytes of it tell versions apart.
pub(crate) fn version(etag: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    etag.hash(&mut hasher);
    hasher.finish()
}
