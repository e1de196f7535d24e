//! What the index knows of each entity besides its terms, by slot.
//!
//! Invariants: a slot is live while its entity is; slots of removed entities are reused. Row ids,
//! entity references and uids are unique among live slots.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::io;

use hashbrown::{DefaultHashBuilder, HashTable};
use roaring::RoaringBitmap;

use crate::digest;
use crate::forward::Forward;
use crate::snapshot::{Decoder, Encoder, Part, malformed};
use crate::tight;
use crate::values::{ValueId, Values};

/// One entity, as the catalog stores it.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Database row id.
    pub id: i64,
    /// Entity reference, in lower case.
    pub entity_ref: &'a str,
    /// Uid of the entity.
    pub uid: &'a str,
    /// Etag of the entity.
    pub etag: &'a str,
    /// Length of the stored body in bytes.
    pub body_len: u32,
    /// Flattened search rows; each key and value once.
    pub rows: &'a [Row<'a>],
}

/// One flattened search row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Key, in lower case.
    pub key: &'a str,
    /// Value, in lower case; `None` satisfies [`model::Filter::Exists`] only.
    pub value: Option<&'a str>,
    /// Value as facets report it; `None` means as in `value`.
    pub original: Option<&'a str>,
}

/// An entity found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// Its place in the index; valid until the index changes.
    pub slot: u32,
    /// Its database row id.
    pub id: i64,
}

/// What the index knows of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta<'a> {
    /// Database row id.
    pub id: i64,
    /// Entity reference, in lower case.
    pub entity_ref: &'a str,
    /// Uid of the entity.
    pub uid: &'a str,
    /// Etag of the entity.
    pub etag: Etag<'a>,
    /// Length of the stored body in bytes.
    pub body_len: u32,
}

/// An etag: SHA-1 digests are kept as bytes and written out on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag<'a>(EtagText<'a>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum EtagText<'a> {
    Digest([u8; 40]),
    Other(&'a str),
}

impl Etag<'_> {
    /// The etag as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            EtagText::Digest(hex) => std::str::from_utf8(hex).unwrap_or_default(),
            EtagText::Other(text) => text,
        }
    }
}

/// Slots and their data.
#[derive(Default)]
pub(crate) struct Documents {
    ids: Vec<i64>,
    refs: Vec<ValueId>,
    uids: Vec<ValueId>,
    etags: Vec<[u8; 20]>,
    /// Etags that are not forty lower-case hexadecimal digits.
    odd_etags: HashMap<u32, Box<str>>,
    body_lens: Vec<u32>,
    forwards: Vec<Forward>,
    free: Vec<u32>,
    live: RoaringBitmap,
    by_id: HashTable<u32>,
    by_ref: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Documents {
    /// Makes room for about `n` more entities.
    pub(crate) fn reserve(&mut self, n: usize) {
        let Self {
            by_id,
            by_ref,
            ids,
            refs,
            hasher,
            ..
        } = self;
        by_id.reserve(n, |slot| hash_id(ids[*slot as usize]));
        by_ref.reserve(n, |slot| hasher.hash_one(refs[*slot as usize]));
    }

    /// The slot of a database row.
    pub(crate) fn by_id(&self, id: i64) -> Option<u32> {
        self.by_id
            .find(hash_id(id), |slot| self.ids[*slot as usize] == id)
            .copied()
    }

    /// The slot of an entity reference.
    pub(crate) fn by_ref(&self, entity_ref: ValueId) -> Option<u32> {
        let hash = self.hasher.hash_one(entity_ref);
        self.by_ref
            .find(hash, |slot| self.refs[*slot as usize] == entity_ref)
            .copied()
    }

    /// Takes a slot for an entity that has none; its values must be acquired by the caller.
    pub(crate) fn insert(&mut self, id: i64, entity_ref: ValueId, uid: ValueId) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| self.push());
        let at = slot as usize;
        (self.ids[at], self.refs[at], self.uids[at]) = (id, entity_ref, uid);
        self.live.insert(slot);
        let Self {
            by_id,
            by_ref,
            ids,
            refs,
            hasher,
            ..
        } = self;
        by_id.insert_unique(hash_id(id), slot, |slot| hash_id(ids[*slot as usize]));
        let hash = hasher.hash_one(entity_ref);
        by_ref.insert_unique(hash, slot, |slot| hasher.hash_one(refs[*slot as usize]));
        slot
    }

    fn push(&mut self) -> u32 {
        tight::push(&mut self.ids, 0);
        tight::push(&mut self.refs, ValueId::NULL);
        tight::push(&mut self.uids, ValueId::NULL);
        tight::push(&mut self.etags, [0; 20]);
        tight::push(&mut self.body_lens, 0);
        tight::push(&mut self.forwards, Forward::default());
        tight::id(self.ids.len() - 1)
    }

    /// Gives a slot back.
    pub(crate) fn remove(&mut self, slot: u32) {
        let (id, entity_ref) = (self.id(slot), self.entity_ref(slot));
        if let Ok(found) = self.by_id.find_entry(hash_id(id), |other| *other == slot) {
            found.remove();
        }
        let hash = self.hasher.hash_one(entity_ref);
        if let Ok(found) = self.by_ref.find_entry(hash, |other| *other == slot) {
            found.remove();
        }
        self.odd_etags.remove(&slot);
        self.forwards[slot as usize] = Forward::default();
        self.live.remove(slot);
        self.free.push(slot);
    }

    /// Sets the parts that change with every version of an entity.
    pub(crate) fn set_version(&mut self, slot: u32, etag: &str, body_len: u32) {
        self.body_lens[slot as usize] = body_len;
        if let Some(digest) = parse_digest(etag) {
            self.etags[slot as usize] = digest;
            self.odd_etags.remove(&slot);
        } else {
            self.odd_etags.insert(slot, etag.into());
        }
    }

    /// Exchanges the uid of a slot; the caller moves the uses of the values.
    pub(crate) fn replace_uid(&mut self, slot: u32, uid: ValueId) -> ValueId {
        std::mem::replace(&mut self.uids[slot as usize], uid)
    }

    /// Sets the terms of a slot.
    pub(crate) fn set_forward(&mut self, slot: u32, forward: Forward) {
        self.forwards[slot as usize] = forward;
    }

    /// The terms of a slot.
    pub(crate) fn forward(&self, slot: u32) -> &Forward {
        &self.forwards[slot as usize]
    }

    /// Database row id of a slot.
    pub(crate) fn id(&self, slot: u32) -> i64 {
        self.ids[slot as usize]
    }

    /// Entity reference of a slot.
    pub(crate) fn entity_ref(&self, slot: u32) -> ValueId {
        self.refs[slot as usize]
    }

    /// Uid of a slot.
    pub(crate) fn uid(&self, slot: u32) -> ValueId {
        self.uids[slot as usize]
    }

    /// Etag of a slot.
    pub(crate) fn etag(&self, slot: u32) -> Etag<'_> {
        match self.odd_etags.get(&slot) {
            Some(text) => Etag(EtagText::Other(text)),
            None => Etag(EtagText::Digest(write_digest(self.etags[slot as usize]))),
        }
    }

    /// A number that tells the etags of a slot apart; see [`version_of`].
    pub(crate) fn version(&self, slot: u32) -> u64 {
        match self.odd_etags.get(&slot) {
            Some(text) => version_of(text),
            None => digest_version(self.etags[slot as usize]),
        }
    }

    /// Length of the body of a slot.
    pub(crate) fn body_len(&self, slot: u32) -> u32 {
        self.body_lens[slot as usize]
    }

    /// Everything about a slot.
    pub(crate) fn meta<'a>(&'a self, slot: u32, values: &'a Values) -> Meta<'a> {
        Meta {
            id: self.id(slot),
            entity_ref: values.text(self.entity_ref(slot)),
            uid: values.text(self.uid(slot)),
            etag: self.etag(slot),
            body_len: self.body_lens[slot as usize],
        }
    }

    /// All live slots.
    pub(crate) fn live(&self) -> &RoaringBitmap {
        &self.live
    }

    /// Bytes of heap in use, spare room included; forward lists apart.
    pub(crate) fn heap_bytes(&self) -> usize {
        let per_slot = size_of::<i64>() + 3 * size_of::<u32>() + size_of::<[u8; 20]>();
        self.ids.capacity() * (per_slot + size_of::<Forward>())
            + self.by_id.allocation_size()
            + self.by_ref.allocation_size()
    }

    /// Bytes of heap in forward lists.
    pub(crate) fn forward_bytes(&self) -> usize {
        self.forwards.iter().map(Forward::heap_bytes).sum()
    }
}

impl Part for Documents {
    fn encode(&self, out: &mut Encoder<'_>) -> io::Result<()> {
        out.list(&self.ids, i64::to_le_bytes)?;
        for values in [&self.refs, &self.uids] {
            out.list(values, |value| value.number().to_le_bytes())?;
        }
        out.list(&self.etags, |etag| etag)?;
        out.u64(self.odd_etags.len() as u64)?;
        for (slot, etag) in &self.odd_etags {
            out.u32(*slot)?;
            out.bytes(etag.as_bytes())?;
        }
        out.u32s(&self.body_lens)?;
        self.forwards
            .iter()
            .try_for_each(|forward| out.bytes(forward.bytes()))?;
        out.u32s(&self.free)?;
        out.bitmap(&self.live)
    }

    fn decode(input: &mut Decoder<'_>) -> io::Result<Self> {
        let value = |bytes| ValueId::from_number(u32::from_le_bytes(bytes));
        let mut documents = Self {
            ids: input.list(i64::from_le_bytes)?,
            refs: input.list(value)?,
            uids: input.list(value)?,
            etags: input.list(|etag| etag)?,
            ..Self::default()
        };
        for _ in 0..input.len()? {
            let slot = input.u32()?;
            documents.odd_etags.insert(slot, input.text()?.into());
        }
        documents.body_lens = input.u32s()?;
        for _ in 0..documents.ids.len() {
            documents.forwards.push(Forward::from_bytes(input.bytes()?));
        }
        documents.free = input.u32s()?;
        documents.live = input.bitmap()?;
        documents.fill_tables()?;
        Ok(documents)
    }
}

impl Documents {
    fn fill_tables(&mut self) -> io::Result<()> {
        let n_slots = self.ids.len();
        let lengths = [
            self.refs.len(),
            self.uids.len(),
            self.etags.len(),
            self.body_lens.len(),
        ];
        let is_live = |slot: u32| (slot as usize) < n_slots;
        if lengths != [n_slots; 4] || !self.live.iter().all(is_live) {
            return Err(malformed());
        }
        self.reserve(n_slots);
        let Self {
            by_id,
            by_ref,
            ids,
            refs,
            hasher,
            live,
            ..
        } = self;
        for slot in live.iter() {
            let at = slot as usize;
            by_id.insert_unique(hash_id(ids[at]), slot, |slot| hash_id(ids[*slot as usize]));
            let hash = hasher.hash_one(refs[at]);
            by_ref.insert_unique(hash, slot, |slot| hasher.hash_one(refs[*slot as usize]));
        }
        Ok(())
    }
}

/// A number that tells etags apart: the start of a SHA-1, or a hash of any other text.
pub fn version_of(etag: &str) -> u64 {
    parse_digest(etag).map_or_else(|| digest::fingerprint(0, etag), digest_version)
}

fn digest_version(digest: [u8; 20]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

fn hash_id(id: i64) -> u64 {
    digest::mix(u64::from_le_bytes(id.to_le_bytes()))
}

fn parse_digest(etag: &str) -> Option<[u8; 20]> {
    let hex: &[u8; 40] = etag.as_bytes().try_into().ok()?;
    let mut digest = [0; 20];
    for (byte, pair) in digest.iter_mut().zip(hex.chunks(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(digest)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn write_digest(digest: [u8; 20]) -> [u8; 40] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 40];
    for (pair, byte) in hex.chunks_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_of_any_form_come_back_as_they_were() {
        let mut documents = Documents::default();
        let slot = documents.insert(1, ValueId::NULL, ValueId::NULL);
        for etag in [
            "27b93412c1c6e84394c7a0b1d2e3f4a5b6c7d8e9",
            "",
            "27B93412C1C6E84394C7A0B1D2E3F4A5B6C7D8E9",
            "short",
            "0000000000000000000000000000000000000000",
        ] {
            documents.set_version(slot, etag, 1);
            assert_eq!(documents.etag(slot).as_str(), etag);
            assert_eq!(documents.version(slot), version_of(etag));
        }
    }
}
