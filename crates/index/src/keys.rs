//! Interned keys and what is known about each: its live terms and the entities that have it.

use std::hash::BuildHasher;
use std::io;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::postings::Posting;
use crate::snapshot::{Decoder, Encoder, Part};
use crate::tight;

/// Longest key in bytes; rows with longer keys are not indexed.
///
/// The flattening rules stop at 200 characters, which this covers in any script.
pub(crate) const MAX_KEY: usize = 1024;

/// An interned key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyId(u32);

impl KeyId {
    fn at(self) -> usize {
        self.0 as usize
    }

    /// The key as a number.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The key of a term: this key, and whether the term stands for an array item as well.
    pub(crate) fn term_key(self, is_item: bool) -> TermKey {
        TermKey(self.0 << 1 | u32::from(is_item))
    }
}

/// A key together with the mark of array items.
///
/// A string in an array yields two rows, `(path, item)` and `(path.item, true)`. The index stores
/// them as one term under the path and answers for the second row from it, see [`crate::source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TermKey(u32);

impl TermKey {
    /// Marks terms that are not in use.
    pub(crate) const DEAD: Self = Self(u32::MAX);

    /// The key alone.
    pub(crate) fn key(self) -> KeyId {
        KeyId(self.0 >> 1)
    }

    /// The key with this number.
    pub(crate) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The key as a number, for hashing.
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

/// All keys.
#[derive(Default)]
pub(crate) struct Keys {
    entries: Vec<Key>,
    free: Vec<u32>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// What is known about a key.
#[derive(Default)]
pub(crate) struct Key {
    name: Box<str>,
    /// Number of live terms; the key dies with its last term.
    pub(crate) n_terms: u32,
    /// Number of (term, entity) pairs: what a count over the whole key has to look at.
    pub(crate) n_rows: u32,
    /// Entities with at least one row of this key, null rows included.
    pub(crate) present: Posting,
}

impl Keys {
    /// The id of a key that some entity has.
    pub(crate) fn find(&self, name: &str) -> Option<KeyId> {
        let hash = self.hasher.hash_one(name);
        let found = self
            .table
            .find(hash, |id| *self.entries[*id as usize].name == *name);
        found.copied().map(KeyId)
    }

    /// The id of a key, interned if necessary.
    pub(crate) fn intern(&mut self, name: &str) -> KeyId {
        if let Some(id) = self.find(name) {
            return id;
        }
        let key = Key {
            name: name.into(),
            ..Key::default()
        };
        let id = if let Some(id) = self.free.pop() {
            self.entries[id as usize] = key;
            id
        } else {
            self.entries.push(key);
            tight::id(self.entries.len() - 1)
        };
        let Self {
            entries,
            table,
            hasher,
            ..
        } = self;
        table.insert_unique(hasher.hash_one(name), id, |id| {
            hasher.hash_one(&*entries[*id as usize].name)
        });
        KeyId(id)
    }

    /// Removes a key that has no terms any more.
    pub(crate) fn bury(&mut self, id: KeyId) {
        let key = std::mem::take(&mut self.entries[id.at()]);
        let hash = self.hasher.hash_one(&*key.name);
        if let Ok(found) = self.table.find_entry(hash, |other| *other == id.0) {
            found.remove();
        }
        self.free.push(id.0);
    }

    /// What is known about a key.
    pub(crate) fn get(&self, id: KeyId) -> &Key {
        &self.entries[id.at()]
    }

    /// What is known about a key, to change it.
    pub(crate) fn get_mut(&mut self, id: KeyId) -> &mut Key {
        &mut self.entries[id.at()]
    }

    /// Number of live keys.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Bytes of heap in use.
    pub(crate) fn heap_bytes(&self) -> usize {
        let names: usize = self.entries.iter().map(|key| key.name.len()).sum();
        names + self.entries.capacity() * size_of::<Key>() + self.table.allocation_size()
    }
}

impl Part for Keys {
    fn encode(&self, out: &mut Encoder<'_>) -> io::Result<()> {
        out.u64(self.entries.len() as u64)?;
        for key in &self.entries {
            out.bytes(key.name.as_bytes())?;
            for number in [key.n_terms, key.n_rows, key.present.number()] {
                out.u32(number)?;
            }
        }
        out.u32s(&self.free)
    }

    fn decode(input: &mut Decoder<'_>) -> io::Result<Self> {
        let mut keys = Self::default();
        for _ in 0..input.len()? {
            keys.entries.push(Key {
                name: input.text()?.into(),
                n_terms: input.u32()?,
                n_rows: input.u32()?,
                present: Posting::from_number(input.u32()?),
            });
        }
        keys.free = input.u32s()?;
        let Self {
            entries,
            free,
            table,
            hasher,
        } = &mut keys;
        let hash = |id: &u32| hasher.hash_one(&*entries[*id as usize].name);
        for id in (0..tight::id(entries.len())).filter(|id| !free.contains(id)) {
            table.insert_unique(hash(&id), id, hash);
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_dead_keys_are_reused() {
        let mut keys = Keys::default();
        let kind = keys.intern("kind");
        assert_eq!(keys.intern("kind"), kind);
        keys.bury(kind);
        assert_eq!(keys.find("kind"), None);
        assert_eq!(keys.intern("spec.type"), kind);
        assert_eq!(keys.len(), 1);
    }
}
