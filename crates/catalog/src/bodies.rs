//! Bodies of final entities in memory, bounded by weight: as they are for those that are asked for
//! most, and all of a large catalog compressed.
//!
//! A body counts only together with its etag, so a cache that lags behind the index is never
//! mistaken for the present entity.

mod packed;

use bytes::Bytes;
use index::version_of;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::store::changes::Stored;
use packed::Packed;

/// Weight of an entry beside its bytes.
const OVERHEAD: u64 = 128;
/// Bytes of a typical body.
const TYPICAL: u64 = 1024;

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

/// How much memory bodies may take.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes of bodies that are kept as they are.
    pub plain: u64,
    /// Bytes of compressed bodies, which are made once not all fit in as they are.
    pub packed: u64,
}

impl Default for BodyLimits {
    /// Enough for some 10,000 entities as they are, and for 600,000 compressed.
    fn default() -> Self {
        Self {
            plain: 20 << 20,
            packed: 256 << 20,
        }
    }
}

/// Bodies by row id.
pub(crate) struct Bodies {
    plain: Cache<i64, Body, ByBytes>,
    capacity: u64,
    packed: Packed,
}

impl Bodies {
    pub(crate) fn new(limits: BodyLimits) -> Self {
        let items = usize::try_from(limits.plain / TYPICAL).unwrap_or(usize::MAX);
        Self {
            plain: Cache::with_weighter(items.max(64), limits.plain, ByBytes),
            capacity: limits.plain,
            packed: Packed::new(limits.packed),
        }
    }

    /// The bodies of these row ids and versions, where they are in memory.
    pub(crate) fn get(&self, wanted: impl Iterator<Item = (i64, u64)>) -> Vec<Option<Bytes>> {
        // Made when the first of them is needed.
        let mut unpacker = None;
        let find = |(id, version)| {
            if let Some(body) = self.plain.get(&id)
                && body.version == version
            {
                return Some(body.bytes);
            }
            let unpacker = unpacker.get_or_insert_with(|| self.packed.unpacker());
            let bytes = unpacker.as_mut()?.get(id, version)?;
            let again = bytes.clone();
            self.plain.insert(id, Body { version, bytes });
            Some(again)
        };
        wanted.map(find).collect()
    }

    /// Keeps bodies under the versions that their etags make: row id, etag, body.
    pub(crate) fn keep(&self, bodies: &[(i64, String, Bytes)]) {
        for (id, etag, bytes) in bodies {
            let (version, bytes) = (version_of(etag), bytes.clone());
            self.plain.insert(*id, Body { version, bytes });
        }
        let all = bodies.iter();
        self.packed
            .pack(all.map(|(id, etag, bytes)| (*id, version_of(etag), bytes.as_ref())));
    }

    /// Keeps bodies at start-up as they are, while there is room; whether there was.
    pub(crate) fn warm(&self, batch: Vec<Stored>) -> bool {
        for stored in batch {
            let len = stored.body.len() as u64;
            if self.plain.weight() + OVERHEAD + len > self.capacity {
                return false;
            }
            let version = version_of(&stored.etag);
            let bytes = stored.body.into();
            self.plain.insert(stored.id, Body { version, bytes });
        }
        true
    }

    /// Whether there is no room for more bodies as they are, and none are packed yet.
    pub(crate) fn must_pack(&self) -> bool {
        let is_full = self.plain.weight() > self.capacity - self.capacity / 16;
        is_full && !self.packed.is_ready()
    }

    /// Prepares packing bodies like these.
    pub(crate) fn learn(&self, like: &[Stored]) {
        let samples: Vec<&str> = like.iter().map(|stored| stored.body.as_str()).collect();
        self.packed.learn(&samples);
    }

    /// Packs bodies at start-up.
    pub(crate) fn pack(&self, batch: &[Stored]) {
        let all = batch.iter();
        self.packed
            .pack(all.map(|it| (it.id, version_of(&it.etag), it.body.as_bytes())));
    }

    /// Forgets the body of a deleted entity.
    pub(crate) fn remove(&self, id: i64) {
        self.plain.remove(&id);
        self.packed.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(id: i64, text: &str) -> String {
        format!(
            r#"{{"apiVersion":"backstage.io/v1alpha1","kind":"Component","metadata":{{"name":"service-{id}","description":"{text}"}},"spec":{{"type":"service","lifecycle":"production","owner":"group:default/team-{}"}}}}"#,
            id % 40
        )
    }

    fn stored(ids: std::ops::Range<i64>) -> Vec<Stored> {
        let one = |id| Stored {
            id,
            entity_ref: format!("component:default/service-{id}"),
            uid: id.to_string(),
            etag: format!("etag-{id}"),
            body: body(id, "first"),
        };
        ids.map(one).collect()
    }

    fn get(bodies: &Bodies, id: i64, etag: &str) -> Option<String> {
        let found = bodies.get([(id, version_of(etag))].into_iter());
        let found = found.into_iter().next().flatten();
        found.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Bodies with room for few, and packed.
    fn packed(n: i64) -> Bodies {
        let bodies = Bodies::new(BodyLimits {
            plain: 16 << 10,
            packed: 4 << 20,
        });
        assert!(!bodies.warm(stored(0..n)), "not all fit in as they are");
        assert!(bodies.must_pack());
        bodies.learn(&stored(0..n));
        bodies.pack(&stored(0..n));
        assert!(!bodies.must_pack());
        bodies
    }

    #[test]
    fn all_of_a_large_catalog_stays_in_memory() {
        let bodies = packed(3000);
        for round in 0..2 {
            for id in 0..3000 {
                let found = get(&bodies, id, &format!("etag-{id}"));
                assert_eq!(found, Some(body(id, "first")), "{id}, round {round}");
            }
        }
    }

    #[test]
    fn a_body_is_given_for_its_version_only() {
        let bodies = packed(3000);
        let changed = (7, "new".to_owned(), Bytes::from(body(7, "second")));
        bodies.keep(&[changed]);
        // Pushed out of those that are kept as they are.
        for id in 100..3000 {
            get(&bodies, id, &format!("etag-{id}"));
        }
        assert_eq!(get(&bodies, 7, "new"), Some(body(7, "second")));
        assert_eq!(get(&bodies, 7, "etag-7"), None);
        bodies.remove(7);
        assert_eq!(get(&bodies, 7, "new"), None);
    }

    #[test]
    fn a_few_huge_bodies_can_be_packed() {
        let text = "x".repeat(20 << 10);
        let huge = |id| Stored {
            body: body(id, &text),
            ..stored(id..id + 1).remove(0)
        };
        let bodies = Bodies::new(BodyLimits {
            plain: 64 << 10,
            packed: 4 << 20,
        });
        let all: Vec<Stored> = (0..4).map(huge).collect();
        bodies.learn(&all);
        bodies.pack(&all);
        for id in 0..4 {
            let found = get(&bodies, id, &format!("etag-{id}"));
            assert_eq!(found, Some(body(id, &text)));
        }
    }
}
