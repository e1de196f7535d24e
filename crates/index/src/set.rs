//! Sets of slots that queries produce.

use std::borrow::Cow;

use roaring::RoaringBitmap;

/// Slots read from a bitmap at a time.
const BATCH: usize = 512;

/// A set of slots.
pub(crate) enum Set<'a> {
    /// Ascending slots.
    Few(Vec<u32>),
    /// A bitmap, of the index itself where possible.
    Many(Cow<'a, RoaringBitmap>),
}

impl Set<'_> {
    /// No slot.
    pub(crate) fn empty() -> Self {
        Self::Few(Vec::new())
    }

    /// Number of slots.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Few(slots) => slots.len() as u64,
            Self::Many(bitmap) => bitmap.len(),
        }
    }

    /// Whether the slot is in the set.
    pub(crate) fn contains(&self, slot: u32) -> bool {
        match self {
            Self::Few(slots) => slots.binary_search(&slot).is_ok(),
            Self::Many(bitmap) => bitmap.contains(slot),
        }
    }

    /// Number of slots that are also in `other`.
    pub(crate) fn intersection_len(&self, other: &RoaringBitmap) -> u64 {
        match self {
            Self::Few(slots) => slots.iter().filter(|slot| other.contains(**slot)).count() as u64,
            Self::Many(bitmap) => bitmap.intersection_len(other),
        }
    }

    /// The slots, ascending.
    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match self {
            Self::Few(slots) => Box::new(slots.iter().copied()),
            Self::Many(bitmap) => Box::new(bitmap.iter()),
        }
    }

    /// The slots that `keep` holds for.
    pub(crate) fn filter(self, mut keep: impl FnMut(u32) -> bool) -> Self {
        match self {
            Self::Few(mut slots) => {
                slots.retain(|slot| keep(*slot));
                Self::Few(slots)
            }
            Self::Many(bitmap) => Self::Few(bitmap.iter().filter(|slot| keep(*slot)).collect()),
        }
    }
}

/// A set as one bit per slot, for many membership tests.
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// An empty set of slots below `n`.
    pub(crate) fn new(n: usize) -> Self {
        Self(vec![0; n.div_ceil(64)])
    }

    /// Copies a set.
    pub(crate) fn of(set: &Set<'_>, n: usize) -> Self {
        let mut bits = Self::new(n);
        match set {
            Set::Few(slots) => bits.extend(slots),
            Set::Many(bitmap) => {
                let mut batch = [0; BATCH];
                let mut slots = bitmap.iter();
                loop {
                    let read = slots.next_many(&mut batch);
                    if read.is_empty() {
                        break;
                    }
                    bits.extend(read);
                }
            }
        }
        bits
    }

    fn extend(&mut self, slots: &[u32]) {
        for slot in slots {
            if let Some(word) = self.0.get_mut((slot / 64) as usize) {
                *word |= 1 << (slot % 64);
            }
        }
    }

    /// Adds a slot; false if it was in the set.
    pub(crate) fn insert(&mut self, slot: u32) -> bool {
        let (word, bit) = ((slot / 64) as usize, 1 << (slot % 64));
        let is_new = self.0.get(word).is_some_and(|word| word & bit == 0);
        if is_new {
            self.0[word] |= bit;
        }
        is_new
    }

    /// Whether the slot is in the set.
    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.0
            .get((slot / 64) as usize)
            .is_some_and(|word| word & (1 << (slot % 64)) != 0)
    }
}
