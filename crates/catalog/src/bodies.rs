//! Bodies of final entities in memory, bounded by weight.
//!
//! A body counts only together with its etag, so a cache that lags behind the index is never
//! mistaken for the present entity.

use bytes::Bytes;
use index::version_of;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::store::changes::Stored;

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

    /// Keeps the body of an entity that was read.
    pub(crate) fn insert(&self, stored: Stored) {
        self.keep(stored.id, &stored.etag, stored.body.into());
    }

    /// Keeps a body under the version that this etag makes.
    pub(crate) fn keep(&self, id: i64, etag: &str, bytes: Bytes) {
        let version = version_of(etag);
        self.cache.insert(id, Body { version, bytes });
    }

    /// Whether [`Bodies::warm`] may keep more.
    pub(crate) fn has_room(&self) -> bool {
        self.cache.weight() + OVERHEAD < self.capacity - self.capacity / 16
    }

    /// Keeps a body at start-up, while there is room.
    pub(crate) fn warm(&self, stored: Stored) {
        if self.cache.weight() + OVERHEAD + stored.body.len() as u64 <= self.capacity {
            self.insert(stored);
        }
    }

    /// Forgets the body of a deleted entity.
    pub(crate) fn remove(&self, id: i64) {
        self.cache.remove(&id);
    }
}
