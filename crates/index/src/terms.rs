//! Terms: one per live `(key, value)` pair, with the set of entities that have it.
//!
//! Four bytes each for key, value and posting, in parallel vectors, plus one table entry.

use hashbrown::HashTable;

use crate::keys::TermKey;
use crate::postings::Posting;
use crate::tight;
use crate::values::ValueId;

/// Number of a term; numbers of dead terms are reused.
pub(crate) type TermId = u32;

/// All terms.
#[derive(Default)]
pub(crate) struct Terms {
    keys: Vec<TermKey>,
    values: Vec<ValueId>,
    postings: Vec<Posting>,
    free: Vec<TermId>,
    table: HashTable<TermId>,
}

impl Terms {
    /// Makes room for about `n` more terms.
    pub(crate) fn reserve(&mut self, n: usize) {
        let Self {
            keys,
            values,
            table,
            ..
        } = self;
        table.reserve(n, |id| hash(keys[*id as usize], values[*id as usize]));
    }

    /// The term of a pair.
    pub(crate) fn find(&self, key: TermKey, value: ValueId) -> Option<TermId> {
        let is_it =
            |id: &TermId| self.keys[*id as usize] == key && self.values[*id as usize] == value;
        self.table.find(hash(key, value), is_it).copied()
    }

    /// Adds the term of a pair that has none, with no entities.
    pub(crate) fn insert(&mut self, key: TermKey, value: ValueId) -> TermId {
        let id = if let Some(id) = self.free.pop() {
            let at = id as usize;
            (self.keys[at], self.values[at], self.postings[at]) = (key, value, Posting::default());
            id
        } else {
            tight::push(&mut self.keys, key);
            tight::push(&mut self.values, value);
            tight::push(&mut self.postings, Posting::default());
            tight::id(self.keys.len() - 1)
        };
        let Self {
            keys,
            values,
            table,
            ..
        } = self;
        table.insert_unique(hash(key, value), id, |id| {
            hash(keys[*id as usize], values[*id as usize])
        });
        id
    }

    /// Removes a term.
    pub(crate) fn bury(&mut self, id: TermId) {
        let hash = hash(self.key(id), self.value(id));
        if let Ok(found) = self.table.find_entry(hash, |other| *other == id) {
            found.remove();
        }
        self.keys[id as usize] = TermKey::DEAD;
        self.free.push(id);
    }

    /// The key of a term; [`TermKey::DEAD`] for a number that is not in use.
    pub(crate) fn key(&self, id: TermId) -> TermKey {
        self.keys[id as usize]
    }

    /// The value of a term.
    pub(crate) fn value(&self, id: TermId) -> ValueId {
        self.values[id as usize]
    }

    /// The entities of a term.
    pub(crate) fn posting(&self, id: TermId) -> Posting {
        self.postings[id as usize]
    }

    /// The entities of a term, to change them.
    pub(crate) fn posting_mut(&mut self, id: TermId) -> &mut Posting {
        &mut self.postings[id as usize]
    }

    /// Every live term with its key, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TermId, TermKey)> + '_ {
        let keys = self.keys.iter().copied();
        (0..).zip(keys).filter(|(_, key)| *key != TermKey::DEAD)
    }

    /// Number of live terms.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Bytes of heap in use, spare room included.
    pub(crate) fn heap_bytes(&self) -> usize {
        let columns = self.keys.capacity() + self.values.capacity() + self.postings.capacity();
        (columns + self.free.capacity()) * size_of::<u32>() + self.table.allocation_size()
    }
}

/// Mixes two dense ids into a well-spread hash (the finaliser of `SplitMix64`).
fn hash(key: TermKey, value: ValueId) -> u64 {
    let pair = u64::from(key.number()) << 32 | u64::from(value.number());
    crate::digest::mix(pair)
}
