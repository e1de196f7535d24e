//! Bodies of a large catalog, compressed: they resemble each other, so that some of
//! them as the dictionary take the others to a fifth of their size.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use super::{OVERHEAD, TYPICAL};

/// Bytes of the dictionary; a larger one gains next to nothing.
const DICTIONARY: usize = 32 << 10;
/// Higher levels take more than twice the time, and gain a tenth.
const LEVEL: i32 = 3;

#[derive(Clone)]
struct Body {
    version: u64,
    len: u32,
    packed: Arc<[u8]>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<i64, Body> for ByBytes {
    fn weight(&self, _id: &i64, body: &Body) -> u64 {
        OVERHEAD + body.packed.len() as u64
    }
}

struct Dictionary {
    encoder: EncoderDictionary<'static>,
    decoder: DecoderDictionary<'static>,
}

/// Compressed bodies by row id, bounded by weight.
pub(super) struct Packed {
    cache: Cache<i64, Body, ByBytes>,
    dictionary: OnceLock<Dictionary>,
}

impl Packed {
    pub(super) fn new(capacity: u64) -> Self {
        let items = usize::try_from(capacity / (TYPICAL / 4)).unwrap_or(usize::MAX);
        Self {
            cache: Cache::with_weighter(items.max(64), capacity, ByBytes),
            dictionary: OnceLock::new(),
        }
    }

    /// Whether bodies can be packed yet.
    pub(super) fn is_ready(&self) -> bool {
        self.dictionary.get().is_some()
    }

    /// Makes the dictionary: these bodies as they are, or what they begin with. One that is trained
    /// would save another tenth, and cost 20 MB that its training does not give back.
    pub(super) fn learn(&self, bodies: &[&str]) {
        self.dictionary.get_or_init(|| {
            let starts = bodies
                .iter()
                .flat_map(|body| body.bytes().take(DICTIONARY / 8));
            let bytes: Vec<u8> = starts.take(DICTIONARY).collect();
            Dictionary {
                encoder: EncoderDictionary::copy(&bytes, LEVEL),
                decoder: DecoderDictionary::copy(&bytes),
            }
        });
    }

    /// Packs bodies with row id and version, once there is a dictionary.
    pub(super) fn pack<'a>(&self, bodies: impl IntoIterator<Item = (i64, u64, &'a [u8])>) {
        let Some(dictionary) = self.dictionary.get() else {
            return;
        };
        let Ok(mut compressor) = Compressor::with_prepared_dictionary(&dictionary.encoder) else {
            return;
        };
        for (id, version, bytes) in bodies {
            let (Ok(len), Ok(packed)) = (u32::try_from(bytes.len()), compressor.compress(bytes))
            else {
                self.remove(id);
                continue;
            };
            let packed = packed.into();
            let body = Body {
                version,
                len,
                packed,
            };
            self.cache.insert(id, body);
        }
    }

    /// Unpacks many, of this version each.
    pub(super) fn unpacker(&self) -> Option<Unpacker<'_>> {
        let dictionary = self.dictionary.get()?;
        let decompressor = Decompressor::with_prepared_dictionary(&dictionary.decoder).ok()?;
        Some(Unpacker {
            packed: self,
            decompressor,
        })
    }

    pub(super) fn remove(&self, id: i64) {
        self.cache.remove(&id);
    }
}

/// Reads packed bodies; costs a little to make, so one serves a request.
pub(super) struct Unpacker<'a> {
    packed: &'a Packed,
    decompressor: Decompressor<'a>,
}

impl Unpacker<'_> {
    /// The body of this version, if it is there.
    pub(super) fn get(&mut self, id: i64, version: u64) -> Option<Bytes> {
        let body = self.packed.cache.get(&id)?;
        if body.version != version {
            return None;
        }
        let bytes = self
            .decompressor
            .decompress(&body.packed, body.len as usize)
            .ok()?;
        Some(bytes.into())
    }
}
