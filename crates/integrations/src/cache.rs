//! Bodies kept in memory, so that "not modified" can be answered with content.

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::reader::FileBody;

/// One body may take this part of the memory at most.
const LARGEST_SHARE: u64 = 8;
/// Estimate of what an entry costs besides its body.
const ENTRY_BYTES: u64 = 256;

/// A body and what asks for a newer one.
#[derive(Debug, Clone)]
pub(crate) struct CachedBody {
    pub(crate) body: FileBody,
    /// `Last-Modified` as the host wrote it.
    pub(crate) modified_text: Option<String>,
}

/// Bodies by request, bounded by weight.
pub(crate) struct BodyCache {
    bodies: Cache<String, CachedBody, ByBytes>,
    largest: u64,
}

#[derive(Debug, Clone, Copy)]
struct ByBytes;

impl Weighter<String, CachedBody> for ByBytes {
    fn weight(&self, key: &String, value: &CachedBody) -> u64 {
        weight(key, value)
    }
}

fn weight(key: &str, value: &CachedBody) -> u64 {
    let bytes = key.len() + value.body.bytes.len();
    ENTRY_BYTES + u64::try_from(bytes).unwrap_or(u64::MAX / 2)
}

impl BodyCache {
    pub(crate) fn new(bytes: u64) -> Self {
        // Files of a catalog have a few kilobytes.
        let expected = usize::try_from(bytes / 4_096).unwrap_or(usize::MAX).max(16);
        let bodies = Cache::with_weighter(expected, bytes, ByBytes);
        Self {
            bodies,
            largest: bytes / LARGEST_SHARE,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<CachedBody> {
        self.bodies.get(key)
    }

    pub(crate) fn keep(&self, key: String, value: CachedBody) {
        if weight(&key, &value) <= self.largest {
            self.bodies.insert(key, value);
        } else {
            self.bodies.remove(&key);
        }
    }
}
