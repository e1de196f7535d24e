//! Checksums for the comparison of the index with the database.
//!
//! Both sides group entities into buckets of 1,024 row ids and XOR the [`fingerprint`]s of each
//! bucket; a bucket whose count or digest differs is reloaded.

use std::collections::BTreeMap;
use std::io;

use crate::snapshot::{Decoder, Encoder, Part};

/// Row ids per bucket, as a power of two.
const BUCKET_BITS: u32 = 10;

/// Identifies the state of one entity: 64 bits over its database row id and its etag.
///
/// FNV-1a over the eight little-endian bytes of `id` and the bytes of `etag`, then the finaliser of
/// `SplitMix64`. It guards against lost updates, not against an adversary.
pub fn fingerprint(id: i64, etag: &str) -> u64 {
    let bytes = id.to_le_bytes();
    let hash = bytes
        .iter()
        .chain(etag.as_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    mix(hash)
}

/// The finaliser of `SplitMix64`: every input bit affects every output bit.
pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Bucket of a row id: `id / 1024`.
pub fn bucket(id: i64) -> u32 {
    u32::try_from(id >> BUCKET_BITS).unwrap_or(u32::MAX)
}

/// State of one bucket of row ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BucketDigest {
    /// Number of the bucket, see [`bucket`].
    pub bucket: u32,
    /// Entities in the bucket.
    pub count: u32,
    /// XOR of their fingerprints.
    pub xor: u64,
}

/// Digests of all buckets that hold an entity.
#[derive(Default)]
pub(crate) struct Digests(BTreeMap<u32, BucketDigest>);

impl Digests {
    pub(crate) fn add(&mut self, id: i64, etag: &str) {
        let bucket = bucket(id);
        let digest = self.0.entry(bucket).or_insert(BucketDigest {
            bucket,
            ..Default::default()
        });
        digest.count += 1;
        digest.xor ^= fingerprint(id, etag);
    }

    pub(crate) fn remove(&mut self, id: i64, etag: &str) {
        let bucket = bucket(id);
        if let Some(digest) = self.0.get_mut(&bucket) {
            digest.count -= 1;
            digest.xor ^= fingerprint(id, etag);
            if digest.count == 0 {
                self.0.remove(&bucket);
            }
        }
    }

    /// By bucket, ascending.
    pub(crate) fn list(&self) -> Vec<BucketDigest> {
        self.0.values().copied().collect()
    }
}

impl Part for Digests {
    fn encode(&self, out: &mut Encoder<'_>) -> io::Result<()> {
        out.u64(self.0.len() as u64)?;
        self.0.values().try_for_each(|digest| {
            out.u32(digest.bucket)?;
            out.u32(digest.count)?;
            out.u64(digest.xor)
        })
    }

    fn decode(input: &mut Decoder<'_>) -> io::Result<Self> {
        let mut digests = Self::default();
        for _ in 0..input.len()? {
            let digest = BucketDigest {
                bucket: input.u32()?,
                count: input.u32()?,
                xor: input.u64()?,
            };
            digests.0.insert(digest.bucket, digest);
        }
        Ok(digests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_follow_the_set_of_entities_and_not_its_history() {
        let (mut once, mut twice) = (Digests::default(), Digests::default());
        once.add(5, "b");
        once.add(2_000, "c");
        twice.add(2_000, "c");
        twice.add(5, "a");
        twice.add(5_000, "x");
        assert_ne!(once.list()[0], twice.list()[0]);
        twice.remove(5, "a");
        twice.add(5, "b");
        twice.remove(5_000, "x");
        assert_eq!(once.list(), twice.list());
        assert_eq!(once.list()[1].bucket, 1);
    }

    #[test]
    fn fingerprints_are_stable() {
        assert_eq!(fingerprint(1, ""), 0x5ca6_bbcb_b1e8_5355);
        assert_eq!(fingerprint(1024, "27b93412"), 0xb97d_8bc2_b274_f749);
    }
}
