//! Sets of slots, sized for a catalog where most terms belong to one entity.
//!
//! A [`Posting`] is four bytes: nothing, one slot inline, a block of up to 127 slots, or a bitmap.
//! Blocks come from per-size arenas with free lists, so that posting lists of a handful of
//! entities cost no allocation each and their space is reused.

use std::io;

use roaring::RoaringBitmap;

use crate::snapshot::{Decoder, Encoder, Part};
use crate::tight;

/// Words of the smallest block: a length and three slots.
const SMALLEST: usize = 4;

/// Block sizes double from [`SMALLEST`] to 128 words.
const CLASSES: usize = 6;

const KIND_SHIFT: u32 = 30;
const ONE: u32 = 0;
const FEW: u32 = 1;
const MANY: u32 = 2;
const EMPTY: u32 = u32::MAX;

/// Handle of a set of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posting(u32);

impl Default for Posting {
    fn default() -> Self {
        Self(EMPTY)
    }
}

impl Posting {
    fn new(kind: u32, payload: u32) -> Self {
        Self(kind << KIND_SHIFT | payload)
    }

    fn kind(self) -> u32 {
        self.0 >> KIND_SHIFT
    }

    fn payload(self) -> u32 {
        self.0 & ((1 << KIND_SHIFT) - 1)
    }

    /// The handle as a number.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The handle with this number.
    pub(crate) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// Whether the set is empty.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == EMPTY
    }
}

/// A set of slots to read.
#[derive(Clone, Copy)]
pub(crate) enum View<'a> {
    /// No slot.
    Empty,
    /// One slot.
    One(u32),
    /// A few slots, ascending.
    Few(&'a [u32]),
    /// Many slots.
    Many(&'a RoaringBitmap),
}

impl View<'_> {
    /// Number of slots.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::One(_) => 1,
            Self::Few(slots) => slots.len() as u64,
            Self::Many(bitmap) => bitmap.len(),
        }
    }

    /// Whether the slot is in the set.
    pub(crate) fn contains(&self, slot: u32) -> bool {
        match self {
            Self::Empty => false,
            Self::One(one) => *one == slot,
            Self::Few(slots) => slots.binary_search(&slot).is_ok(),
            Self::Many(bitmap) => bitmap.contains(slot),
        }
    }

    /// Calls `f` with every slot, ascending.
    pub(crate) fn for_each(&self, mut f: impl FnMut(u32)) {
        match self {
            Self::Empty => {}
            Self::One(slot) => f(*slot),
            Self::Few(slots) => slots.iter().copied().for_each(f),
            Self::Many(bitmap) => bitmap.iter().for_each(f),
        }
    }
}

/// Storage of all postings.
#[derive(Default)]
pub(crate) struct Postings {
    /// By size class: blocks of one length word and slots.
    blocks: [Vec<u32>; CLASSES],
    free_blocks: [Vec<u32>; CLASSES],
    bitmaps: Vec<RoaringBitmap>,
    free_bitmaps: Vec<u32>,
}

impl Postings {
    /// The slots of a posting.
    pub(crate) fn view(&self, posting: Posting) -> View<'_> {
        if posting.is_empty() {
            return View::Empty;
        }
        match posting.kind() {
            ONE => View::One(posting.payload()),
            FEW => View::Few(self.slots(posting)),
            _ => View::Many(&self.bitmaps[posting.payload() as usize]),
        }
    }

    /// Adds a slot.
    pub(crate) fn insert(&mut self, posting: &mut Posting, slot: u32) {
        if posting.is_empty() {
            *posting = Posting::new(ONE, slot);
            return;
        }
        match posting.kind() {
            ONE => {
                let other = posting.payload();
                if other != slot {
                    *posting = self.allocate(&[other.min(slot), other.max(slot)]);
                }
            }
            FEW => self.insert_few(posting, slot),
            _ => {
                self.bitmaps[posting.payload() as usize].insert(slot);
            }
        }
    }

    /// Takes a slot away.
    pub(crate) fn remove(&mut self, posting: &mut Posting, slot: u32) {
        if posting.is_empty() {
            return;
        }
        match posting.kind() {
            ONE if posting.payload() == slot => *posting = Posting::default(),
            ONE => {}
            FEW => self.remove_few(posting, slot),
            _ => self.remove_many(posting, slot),
        }
    }

    /// Bytes of heap in use, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        let words = self
            .blocks
            .iter()
            .chain(&self.free_blocks)
            .map(Vec::capacity);
        let bitmaps = self
            .bitmaps
            .iter()
            .map(|bitmap| bitmap.serialized_size() + 64);
        words.sum::<usize>() * size_of::<u32>() + bitmaps.sum::<usize>()
    }

    fn insert_few(&mut self, posting: &mut Posting, slot: u32) {
        let slots = self.slots(*posting);
        let Err(at) = slots.binary_search(&slot) else {
            return;
        };
        let (class, _) = place(*posting);
        if slots.len() + 1 < words(class) {
            let block = self.block_mut(*posting);
            let len = block[0] as usize;
            block.copy_within(1 + at..=len, 2 + at);
            block[1 + at] = slot;
            block[0] += 1;
            return;
        }
        let mut slots = slots.to_vec();
        slots.insert(at, slot);
        self.free(*posting);
        *posting = self.allocate(&slots);
    }

    fn remove_few(&mut self, posting: &mut Posting, slot: u32) {
        let slots = self.slots(*posting);
        let Ok(at) = slots.binary_search(&slot) else {
            return;
        };
        let (class, _) = place(*posting);
        let n_left = slots.len() - 1;
        // Leave some slack before moving to a smaller block: sets often lose and regain a slot.
        if n_left > 1 && (class == 0 || n_left * 3 > words(class)) {
            let block = self.block_mut(*posting);
            block.copy_within(2 + at..=n_left + 1, 1 + at);
            block[0] -= 1;
            return;
        }
        let mut slots = slots.to_vec();
        slots.remove(at);
        self.free(*posting);
        *posting = self.allocate(&slots);
    }

    fn remove_many(&mut self, posting: &mut Posting, slot: u32) {
        let bitmap = &mut self.bitmaps[posting.payload() as usize];
        bitmap.remove(slot);
        if bitmap.len() < words(CLASSES - 1) as u64 / 2 {
            let slots: Vec<u32> = bitmap.iter().collect();
            self.free(*posting);
            *posting = self.allocate(&slots);
        }
    }

    /// Stores ascending slots in the smallest form that holds them.
    fn allocate(&mut self, slots: &[u32]) -> Posting {
        match slots {
            [] => return Posting::default(),
            [slot] => return Posting::new(ONE, *slot),
            _ => {}
        }
        let Some(class) = (0..CLASSES).find(|class| slots.len() < words(*class)) else {
            return self.allocate_bitmap(slots);
        };
        let at = self.free_blocks[class].pop().unwrap_or_else(|| {
            let blocks = &mut self.blocks[class];
            let at = blocks.len() / words(class);
            tight::grow(blocks, (at + 1) * words(class), 0);
            tight::id(at)
        });
        // The class takes the upper 3 of the 30 bits of payload, the place within it the rest.
        let posting = Posting::new(FEW, tight::id(class) << 27 | at);
        let block = self.block_mut(posting);
        block[0] = tight::id(slots.len());
        block[1..=slots.len()].copy_from_slice(slots);
        posting
    }

    fn allocate_bitmap(&mut self, slots: &[u32]) -> Posting {
        let bitmap: RoaringBitmap = slots.iter().copied().collect();
        let at = if let Some(at) = self.free_bitmaps.pop() {
            self.bitmaps[at as usize] = bitmap;
            at
        } else {
            self.bitmaps.push(bitmap);
            tight::id(self.bitmaps.len() - 1)
        };
        Posting::new(MANY, at)
    }

    fn free(&mut self, posting: Posting) {
        if posting.kind() == FEW {
            let (class, at) = place(posting);
            self.free_blocks[class].push(tight::id(at));
        } else if posting.kind() == MANY {
            self.bitmaps[posting.payload() as usize] = RoaringBitmap::new();
            self.free_bitmaps.push(posting.payload());
        }
    }

    fn slots(&self, posting: Posting) -> &[u32] {
        let (class, at) = place(posting);
        let block = &self.blocks[class][at * words(class)..];
        &block[1..=block[0] as usize]
    }

    fn block_mut(&mut self, posting: Posting) -> &mut [u32] {
        let (class, at) = place(posting);
        &mut self.blocks[class][at * words(class)..][..words(class)]
    }
}

impl Part for Postings {
    fn encode(&self, out: &mut Encoder<'_>) -> io::Result<()> {
        for list in self.blocks.iter().chain(&self.free_blocks) {
            out.u32s(list)?;
        }
        out.u64(self.bitmaps.len() as u64)?;
        self.bitmaps
            .iter()
            .try_for_each(|bitmap| out.bitmap(bitmap))?;
        out.u32s(&self.free_bitmaps)
    }

    fn decode(input: &mut Decoder<'_>) -> io::Result<Self> {
        let mut postings = Self::default();
        let lists = postings.blocks.iter_mut().chain(&mut postings.free_blocks);
        for list in lists {
            *list = input.u32s()?;
        }
        for _ in 0..input.len()? {
            postings.bitmaps.push(input.bitmap()?);
        }
        postings.free_bitmaps = input.u32s()?;
        Ok(postings)
    }
}

/// Words of a block of this size class.
fn words(class: usize) -> usize {
    SMALLEST << class
}

/// Size class and place of a block.
fn place(posting: Posting) -> (usize, usize) {
    let payload = posting.payload();
    (
        (payload >> 27) as usize,
        (payload & ((1 << 27) - 1)) as usize,
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn slots(postings: &Postings, posting: Posting) -> Vec<u32> {
        let mut found = Vec::new();
        postings.view(posting).for_each(|slot| found.push(slot));
        found
    }

    #[test]
    fn a_posting_is_a_set_at_every_size() {
        let mut postings = Postings::default();
        let mut posting = Posting::default();
        let mut model = BTreeSet::new();
        let numbers = |n: u32| n.wrapping_mul(2_654_435_761) % 400;
        for n in (0..600).map(numbers) {
            postings.insert(&mut posting, n);
            model.insert(n);
            assert!(slots(&postings, posting).iter().eq(&model));
        }
        for n in (0..600).map(|n| numbers(n * 3)).chain(0..400) {
            postings.remove(&mut posting, n);
            model.remove(&n);
            let view = postings.view(posting);
            assert_eq!(view.len(), model.len() as u64);
            assert!((0..400).all(|slot| view.contains(slot) == model.contains(&slot)));
        }
        assert!(posting.is_empty());
    }

    #[test]
    fn freed_blocks_are_reused() {
        let mut postings = Postings::default();
        let mut sizes = Vec::new();
        for _ in 0..3 {
            let mut all = vec![Posting::default(); 50];
            for slot in 0..200 {
                for posting in &mut all {
                    postings.insert(posting, slot);
                }
            }
            for slot in 0..200 {
                for posting in &mut all {
                    postings.remove(posting, slot);
                }
            }
            sizes.push(postings.blocks.iter().map(Vec::len).sum::<usize>());
        }
        assert_eq!(sizes[0], sizes[2]);
    }
}
