//! Terms: one per live `(key, value)` pair, with the set of entities that have it.
//!
//! Twelve bytes per term and one table entry; whoever needs one part of a term soon needs another,
//! hence they lie together.

use std::io;

use hashbrown::HashTable;

use crate::keys::TermKey;
use crate::postings::Posting;
use crate::snapshot::{Decoder, Encoder, Part, bytes_of, numbers};
use crate::tight;
use crate::values::ValueId;

/// Number of a term; numbers of dead terms are reused.
pub(crate) type TermId = u32;

/// All terms.
#[derive(Default)]
pub(crate) struct Terms {
    all: Vec<Term>,
    free: Vec<TermId>,
    table: HashTable<TermId>,
}

#[derive(Clone, Copy)]
struct Term {
    key: TermKey,
    value: ValueId,
    posting: Posting,
}

impl Terms {
    /// Makes room for about `n` more terms.
    pub(crate) fn reserve(&mut self, n: usize) {
        let Self { all, table, .. } = self;
        table.reserve(n, |id| hash_of(all, *id));
    }

    /// The term of a pair.
    pub(crate) fn find(&self, key: TermKey, value: ValueId) -> Option<TermId> {
        let is_it = |id: &TermId| {
            let term = &self.all[*id as usize];
            term.key == key && term.value == value
        };
        self.table.find(hash(key, value), is_it).copied()
    }

    /// Adds the term of a pair that has none, with no entities.
    pub(crate) fn insert(&mut self, key: TermKey, value: ValueId) -> TermId {
        let term = Term {
            key,
            value,
            posting: Posting::default(),
        };
        let id = if let Some(id) = self.free.pop() {
            self.all[id as usize] = term;
            id
        } else {
            tight::push(&mut self.all, term);
            tight::id(self.all.len() - 1)
        };
        let Self { all, table, .. } = self;
        table.insert_unique(hash(key, value), id, |id| hash_of(all, *id));
        id
    }

    /// Removes a term.
    pub(crate) fn bury(&mut self, id: TermId) {
        if let Ok(found) = self
            .table
            .find_entry(hash_of(&self.all, id), |other| *other == id)
        {
            found.remove();
        }
        self.all[id as usize].key = TermKey::DEAD;
        self.free.push(id);
    }

    /// The key of a term; [`TermKey::DEAD`] for a number that is not in use.
    pub(crate) fn key(&self, id: TermId) -> TermKey {
        self.all[id as usize].key
    }

    /// The value of a term.
    pub(crate) fn value(&self, id: TermId) -> ValueId {
        self.all[id as usize].value
    }

    /// The entities of a term.
    pub(crate) fn posting(&self, id: TermId) -> Posting {
        self.all[id as usize].posting
    }

    /// The entities of a term, to change them.
    pub(crate) fn posting_mut(&mut self, id: TermId) -> &mut Posting {
        &mut self.all[id as usize].posting
    }

    /// Every live term with its key, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TermId, TermKey)> + '_ {
        let keys = self.all.iter().map(|term| term.key);
        (0..).zip(keys).filter(|(_, key)| *key != TermKey::DEAD)
    }

    /// Number of live terms.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Bytes of heap in use, spare room included.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.all.capacity() * size_of::<Term>()
            + self.free.capacity() * size_of::<TermId>()
            + self.table.allocation_size()
    }
}

impl Part for Terms {
    fn encode(&self, out: &mut Encoder<'_>) -> io::Result<()> {
        out.list(&self.all, |term| {
            bytes_of::<3, 12>([
                term.key.number(),
                term.value.number(),
                term.posting.number(),
            ])
        })?;
        out.u32s(&self.free)
    }

    fn decode(input: &mut Decoder<'_>) -> io::Result<Self> {
        let all: Vec<Term> = input.list(|bytes: [u8; 12]| {
            let [key, value, posting] = numbers(bytes);
            Term {
                key: TermKey::from_number(key),
                value: ValueId::from_number(value),
                posting: Posting::from_number(posting),
            }
        })?;
        let free = input.u32s()?;
        let mut table = HashTable::with_capacity(all.len() - free.len().min(all.len()));
        for (id, term) in (0..).zip(&all) {
            if term.key != TermKey::DEAD {
                let hash = hash(term.key, term.value);
                table.insert_unique(hash, id, |id| hash_of(&all, *id));
            }
        }
        Ok(Self { all, free, table })
    }
}

fn hash_of(terms: &[Term], id: TermId) -> u64 {
    let term = &terms[id as usize];
    hash(term.key, term.value)
}

/// Mixes two dense ids into a well-spread hash (the finaliser of `SplitMix64`).
fn hash(key: TermKey, value: ValueId) -> u64 {
    let pair = u64::from(key.number()) << 32 | u64::from(value.number());
    crate::digest::mix(pair)
}
