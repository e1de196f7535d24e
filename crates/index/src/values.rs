//! Interned values: every distinct (lower-case text, spelling) pair once, in a compact arena.
//!
//! Invariants: an id is valid while it has users; ids and arena space of dead values are reused, so
//! that the size follows the live set. Entries lie in chunks; a chunk that is mostly dead is
//! emptied by moving its survivors, which is bounded work.

pub(crate) mod entry;

use std::hash::BuildHasher;
use std::io;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::set::Bits;
use crate::snapshot::{Decoder, Encoder, Part, bytes_of, malformed, numbers};
use crate::tight;
use entry::Entry;

/// Entries start below this offset of their chunk; a chunk is longer only for one huge entry.
const CHUNK: usize = 1 << 16;

/// Chunks that an address can name.
const CHUNKS: usize = 1 << 16;

/// An interned value, or [`ValueId::NULL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ValueId(u32);

impl ValueId {
    /// The value of rows that are present but have nothing to compare.
    pub(crate) const NULL: Self = Self(u32::MAX);

    fn at(self) -> usize {
        self.0 as usize
    }

    /// The id with this number.
    pub(crate) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The id as a number, for hashing.
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

/// The arena and its tables.
#[derive(Default)]
pub(crate) struct Values {
    chunks: Vec<Chunk>,
    /// The chunk that takes new entries.
    open: usize,
    free_chunks: Vec<usize>,
    /// By id.
    slots: Vec<Slot>,
    free_ids: Vec<u32>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    scratch: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Chunk in the upper half, offset in the lower half.
    address: u32,
    /// How many terms and documents use the value.
    users: u32,
}

#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    live: usize,
}

impl Values {
    /// Makes room for about `n` more values.
    pub(crate) fn reserve(&mut self, n: usize) {
        let Self {
            table,
            hasher,
            chunks,
            slots,
            ..
        } = self;
        table.reserve(n, |id| hash_at(hasher, chunks, slots[*id as usize].address));
    }

    /// Lower-case bytes of a value; empty for null.
    pub(crate) fn lower(&self, id: ValueId) -> &[u8] {
        self.entry(id).map_or(&[], |entry| entry.lower)
    }

    /// Lower-case text of a value; empty for null.
    pub(crate) fn text(&self, id: ValueId) -> &str {
        std::str::from_utf8(self.lower(id)).unwrap_or_default()
    }

    /// The spelling of a value, and whether it is lower case.
    pub(crate) fn original(&self, id: ValueId) -> (String, bool) {
        let Some(entry) = self.entry(id) else {
            return (String::new(), true);
        };
        (
            String::from_utf8(entry.original()).unwrap_or_default(),
            entry.is_lower(),
        )
    }

    /// Every spelling of `lower`.
    pub(crate) fn find<'a>(&'a self, lower: &'a str) -> impl Iterator<Item = ValueId> + 'a {
        let hash = self.hasher.hash_one(lower.as_bytes());
        let ids = self.table.iter_hash(hash).copied().map(ValueId);
        ids.filter(move |id| self.lower(*id) == lower.as_bytes())
    }

    /// The value with this spelling.
    pub(crate) fn find_spelled(&self, lower: &str, original: &str) -> Option<ValueId> {
        let hash = self.hasher.hash_one(lower.as_bytes());
        self.find_hashed(hash, lower.as_bytes(), original.as_bytes())
    }

    /// The value with this spelling, interned if necessary; `None` when the arena is full.
    ///
    /// A new value has no users: the caller passes it to [`Values::acquire`] at once.
    pub(crate) fn intern(&mut self, lower: &str, original: &str) -> Option<ValueId> {
        let (lower, original) = (lower.as_bytes(), original.as_bytes());
        let hash = self.hasher.hash_one(lower);
        if let Some(id) = self.find_hashed(hash, lower, original) {
            return Some(id);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        entry::write(&mut scratch, lower, original);
        // One chunk stays in reserve, so that survivors of an evacuation always find a place.
        let address = self.append(&scratch, CHUNKS - 1);
        self.scratch = scratch;
        let id = self.allocate(address?);
        let Self {
            table,
            hasher,
            chunks,
            slots,
            ..
        } = self;
        table.insert_unique(hash, id, |id| {
            hash_at(hasher, chunks, slots[*id as usize].address)
        });
        Some(ValueId(id))
    }

    /// Registers one more user of the value.
    pub(crate) fn acquire(&mut self, id: ValueId) {
        if id != ValueId::NULL {
            self.slots[id.at()].users += 1;
        }
    }

    /// Takes one user away; the value dies with its last user.
    pub(crate) fn release(&mut self, id: ValueId) {
        if id == ValueId::NULL {
            return;
        }
        self.slots[id.at()].users -= 1;
        if self.slots[id.at()].users == 0 {
            self.bury(id);
        }
    }

    /// Number of live values.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Bytes of heap in use, spare room included.
    pub(crate) fn heap_bytes(&self) -> usize {
        let arena: usize = self.chunks.iter().map(|chunk| chunk.bytes.capacity()).sum();
        let slots = self.slots.capacity() * size_of::<Slot>();
        let free = self.free_ids.capacity() * size_of::<u32>();
        arena + slots + free + self.table.allocation_size()
    }

    fn entry(&self, id: ValueId) -> Option<Entry<'_>> {
        (id != ValueId::NULL).then(|| entry_at(&self.chunks, self.slots[id.at()].address))
    }

    fn find_hashed(&self, hash: u64, lower: &[u8], original: &[u8]) -> Option<ValueId> {
        let found = self.table.find(hash, |id| {
            let entry = entry_at(&self.chunks, self.slots[*id as usize].address);
            entry.lower == lower && entry.is_spelled(original)
        });
        found.copied().map(ValueId)
    }

    fn allocate(&mut self, address: u32) -> u32 {
        if let Some(id) = self.free_ids.pop() {
            self.slots[id as usize].address = address;
            return id;
        }
        tight::push(&mut self.slots, Slot { address, users: 0 });
        tight::id(self.slots.len() - 1)
    }

    /// Copies an entry into the open chunk and returns its address; `None` beyond `limit` chunks.
    fn append(&mut self, bytes: &[u8], limit: usize) -> Option<u32> {
        let is_full =
            |chunk: &Chunk| chunk.bytes.len() + bytes.len() > CHUNK && !chunk.bytes.is_empty();
        if self.chunks.get(self.open).is_none_or(is_full) {
            let sealed = self.open;
            self.open_chunk(bytes.len().max(CHUNK), limit)?;
            self.evacuate_if_sparse(sealed);
        }
        let chunk = &mut self.chunks[self.open];
        let address = self.open << 16 | chunk.bytes.len();
        chunk.bytes.extend_from_slice(bytes);
        chunk.live += bytes.len();
        u32::try_from(address).ok()
    }

    fn open_chunk(&mut self, capacity: usize, limit: usize) -> Option<()> {
        let chunk = Chunk {
            bytes: Vec::with_capacity(capacity),
            live: 0,
        };
        if let Some(at) = self.free_chunks.pop() {
            self.chunks[at] = chunk;
            self.open = at;
        } else if self.chunks.len() < limit {
            self.open = self.chunks.len();
            self.chunks.push(chunk);
        } else {
            return None;
        }
        Some(())
    }

    fn bury(&mut self, id: ValueId) {
        let address = self.slots[id.at()].address;
        let entry = entry_at(&self.chunks, address);
        let (hash, size) = (self.hasher.hash_one(entry.lower), entry.size);
        if let Ok(found) = self.table.find_entry(hash, |other| *other == id.0) {
            found.remove();
        }
        self.free_ids.push(id.0);
        let at = (address >> 16) as usize;
        self.chunks[at].live -= size;
        self.evacuate_if_sparse(at);
    }

    /// Frees a chunk that is mostly dead, unless it still takes entries.
    fn evacuate_if_sparse(&mut self, at: usize) {
        let is_sparse = |chunk: &Chunk| chunk.live < chunk.bytes.len() / 2;
        if at != self.open && self.chunks.get(at).is_some_and(is_sparse) {
            self.evacuate(at);
        }
    }

    /// Moves the live entries of a chunk to the open one and frees it.
    fn evacuate(&mut self, at: usize) {
        let chunk = std::mem::take(&mut self.chunks[at]);
        let mut offset = 0;
        while offset < chunk.bytes.len() {
            let entry = Entry::read(&chunk.bytes[offset..]);
            let address = tight::id(at << 16 | offset);
            let hash = self.hasher.hash_one(entry.lower);
            let slots = &self.slots;
            let owner = self
                .table
                .find(hash, |id| slots[*id as usize].address == address)
                .copied();
            let bytes = &chunk.bytes[offset..offset + entry.size];
            offset += entry.size;
            if let Some(id) = owner
                && let Some(moved) = self.append(bytes, CHUNKS)
            {
                self.slots[id as usize].address = moved;
            }
        }
        self.free_chunks.push(at);
    }
}

fn entry_at(chunks: &[Chunk], address: u32) -> Entry<'_> {
    let chunk = &chunks[(address >> 16) as usize];
    Entry::read(&chunk.bytes[(address & 0xffff) as usize..])
}

fn hash_at(hasher: &DefaultHashBuilder, chunks: &[Chunk], address: u32) -> u64 {
    hasher.hash_one(entry_at(chunks, address).lower)
}

impl Part for Values {
    fn encode(&self, out: &mut Encoder<'_>) -> io::Result<()> {
        out.u64(self.chunks.len() as u64)?;
        for chunk in &self.chunks {
            out.u64(chunk.live as u64)?;
            out.bytes(&chunk.bytes)?;
        }
        out.u64(self.open as u64)?;
        let free_chunks: Vec<u32> = self.free_chunks.iter().map(|at| tight::id(*at)).collect();
        out.u32s(&free_chunks)?;
        out.list(&self.slots, |slot| {
            bytes_of::<2, 8>([slot.address, slot.users])
        })?;
        out.u32s(&self.free_ids)
    }

    fn decode(input: &mut Decoder<'_>) -> io::Result<Self> {
        let mut values = Self::default();
        for _ in 0..input.len()?.min(CHUNKS) {
            let live = input.len()?;
            let mut bytes = input.bytes()?;
            // The open chunk takes more; the others are as long as they will ever be.
            bytes.shrink_to_fit();
            values.chunks.push(Chunk { bytes, live });
        }
        values.open = input.len()?;
        values.free_chunks = input.u32s()?.into_iter().map(|at| at as usize).collect();
        values.slots = input.list(|bytes: [u8; 8]| {
            let [address, users] = numbers(bytes);
            Slot { address, users }
        })?;
        values.free_ids = input.u32s()?;
        values.fill_table()?;
        Ok(values)
    }
}

impl Values {
    fn fill_table(&mut self) -> io::Result<()> {
        let mut is_free = Bits::new(self.slots.len());
        for id in &self.free_ids {
            is_free.insert(*id);
        }
        let Self {
            table,
            hasher,
            chunks,
            slots,
            ..
        } = self;
        let hash = |id: &u32| hash_at(hasher, chunks, slots[*id as usize].address);
        table.reserve(slots.len() - self.free_ids.len().min(slots.len()), hash);
        for (id, slot) in (0..).zip(slots.iter()) {
            if is_free.contains(id) {
                continue;
            }
            let chunk = chunks
                .get((slot.address >> 16) as usize)
                .ok_or_else(malformed)?;
            if (slot.address & 0xffff) as usize >= chunk.bytes.len() {
                return Err(malformed());
            }
            table.insert_unique(hash(&id), id, hash);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(values: &mut Values, original: &str) -> ValueId {
        let id = values.intern(&original.to_lowercase(), original).unwrap();
        values.acquire(id);
        id
    }

    #[test]
    fn spellings_are_distinct_values_of_one_text() {
        let mut values = Values::default();
        let shout = add(&mut values, "PRODUCTION");
        let plain = add(&mut values, "production");
        assert_ne!(shout, plain);
        assert_eq!(add(&mut values, "production"), plain);
        assert_eq!(values.text(shout), "production");
        assert_eq!(values.original(shout).0, "PRODUCTION");
        assert_eq!(values.find("production").count(), 2);
        assert_eq!(values.find_spelled("production", "PRODUCTION"), Some(shout));
        assert_eq!(values.find_spelled("production", "Production"), None);
    }

    #[test]
    fn a_value_lives_as_long_as_its_last_user() {
        let mut values = Values::default();
        let id = add(&mut values, "a");
        values.acquire(id);
        values.release(id);
        assert_eq!(values.find("a").next(), Some(id));
        values.release(id);
        assert_eq!(values.find("a").next(), None);
    }

    #[test]
    fn churn_does_not_grow_the_arena() {
        for lifetime in [0, 10, 5_000] {
            churn(lifetime);
        }
    }

    fn churn(lifetime: usize) {
        let mut values = Values::default();
        let keep: Vec<_> = (0..5_000)
            .map(|n| add(&mut values, &format!("Keep-{n}")))
            .collect();
        let mut young = std::collections::VecDeque::new();
        let mut settled = 0;
        for n in 0..300_000 {
            young.push_back(add(
                &mut values,
                &format!("value number {n} of a long series"),
            ));
            if young.len() > lifetime {
                values.release(young.pop_front().unwrap());
            }
            if n == 50_000 {
                settled = values.heap_bytes();
            }
        }
        assert!(
            values.heap_bytes() <= settled * 5 / 4,
            "{} of {settled}",
            values.heap_bytes()
        );
        for (n, id) in keep.iter().enumerate() {
            assert_eq!(values.original(*id).0, format!("Keep-{n}"));
        }
    }

    #[test]
    fn a_value_longer_than_a_chunk_is_kept() {
        let mut values = Values::default();
        let long = "x".repeat(CHUNK * 2);
        let before = add(&mut values, "before");
        let id = add(&mut values, &long);
        let after = add(&mut values, "after");
        assert_eq!(values.text(id), long);
        assert_eq!(
            (values.text(before), values.text(after)),
            ("before", "after")
        );
        values.release(id);
        assert!(values.heap_bytes() < CHUNK * 4);
    }
}
