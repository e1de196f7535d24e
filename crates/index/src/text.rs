//! Substring search over the values of one key.
//!
//! The texts of a key lie one after the other in one buffer, divided by a byte that UTF-8 never
//! uses, so that a search is one pass over memory. Dead terms stay in the buffer until it is
//! rebuilt; hits are checked against the live term.

use crate::cache::Weigh;
use crate::column::Column;
use crate::keys::KeyId;
use crate::like::Like;
use crate::terms::{TermId, Terms};
use crate::values::{ValueId, Values};

/// Ends every text; cannot occur in one.
const END: u8 = 0xff;

/// The texts of one key.
pub(crate) struct TextColumn {
    key: KeyId,
    bytes: Vec<u8>,
    /// Where each text starts and whose it is, ascending.
    starts: Vec<(u32, TermId)>,
    n_dead: usize,
}

impl Weigh for TextColumn {
    fn weight(&self) -> usize {
        self.bytes.len() / 8 + self.starts.len()
    }
}

impl TextColumn {
    /// Copies the texts of a key.
    pub(crate) fn build(key: KeyId, column: &Column, terms: &Terms, values: &Values) -> Self {
        let mut texts = Self {
            key,
            bytes: Vec::new(),
            starts: Vec::new(),
            n_dead: 0,
        };
        column
            .iter()
            .for_each(|term| texts.insert(term, terms, values));
        texts.bytes.shrink_to_fit();
        texts.starts.shrink_to_fit();
        texts
    }

    /// Adds a term of the key.
    pub(crate) fn insert(&mut self, term: TermId, terms: &Terms, values: &Values) {
        // Texts beyond 4 GiB cannot be addressed; the arena of values ends there too.
        if terms.value(term) != ValueId::NULL
            && let Ok(start) = u32::try_from(self.bytes.len())
        {
            self.starts.push((start, term));
            self.bytes
                .extend_from_slice(values.lower(terms.value(term)));
            self.bytes.push(END);
        }
    }

    /// Notes the death of a term; true when so many are dead that the copy should be dropped.
    pub(crate) fn remove(&mut self) -> bool {
        self.n_dead += 1;
        self.n_dead > self.starts.len() / 4 + 64
    }

    /// The live terms that match.
    pub(crate) fn find(&self, like: &Like, terms: &Terms, values: &Values) -> Vec<TermId> {
        let mut found = Vec::new();
        let mut from = 0;
        let mut index = 0;
        while let Some(at) = like.needle().find(&self.bytes[from..]) {
            let at = from + at;
            index = self.index_after(index, at);
            let Some((start, term)) = index
                .checked_sub(1)
                .and_then(|index| self.starts.get(index))
            else {
                break;
            };
            let end = self
                .starts
                .get(index)
                .map_or(self.bytes.len(), |(next, _)| *next as usize);
            let text = &self.bytes[*start as usize..end - 1];
            let is_live = self.n_dead == 0 || self.is_live(*term, text, terms, values);
            if is_live && like.confirms(text) {
                found.push(*term);
            }
            if end == self.bytes.len() {
                break;
            }
            from = end;
        }
        found
    }

    /// Index of the first text, at or after `index`, that starts after an offset. Hits tend to be
    /// near each other, hence growing steps before the binary search.
    fn index_after(&self, index: usize, offset: usize) -> usize {
        let is_before = |(start, _): &(u32, TermId)| *start as usize <= offset;
        let (mut from, mut step) = (index, 1);
        while self.starts.get(from + step).is_some_and(is_before) {
            from += step;
            step *= 2;
        }
        let to = self.starts.len().min(from + step);
        from + self.starts[from..to].partition_point(is_before)
    }

    /// Bytes of heap in use.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.starts.capacity() * size_of::<(u32, TermId)>()
    }

    /// A number whose term died may have been given to another term of the same key and text, which
    /// is as good as the first.
    fn is_live(&self, term: TermId, text: &[u8], terms: &Terms, values: &Values) -> bool {
        terms.key(term).key() == self.key && values.lower(terms.value(term)) == text
    }
}
