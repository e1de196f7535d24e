//! The terms of one key, sorted by text: what prefixes, facets and orders are read from.
//!
//! Null terms are left out. Equal texts (spellings of one value) are ordered by term number, which
//! makes the order total and the place of a term computable.

use crate::cache::Weigh;
use crate::keys::KeyId;
use crate::runs::{Position, Runs};
use crate::sort;
use crate::terms::{TermId, Terms};
use crate::values::{ValueId, Values};

/// Sorted terms of one key.
pub(crate) struct Column(Runs);

impl Weigh for Column {
    fn weight(&self) -> usize {
        self.0.len()
    }
}

impl Column {
    /// Collects the terms of a key.
    pub(crate) fn build(key: KeyId, terms: &Terms, values: &Values) -> Self {
        let of_key = terms.iter().filter(|(_, term_key)| term_key.key() == key);
        let with_value = of_key.filter(|(term, _)| terms.value(*term) != ValueId::NULL);
        let mut ids: Vec<TermId> = with_value.map(|(term, _)| term).collect();
        sort::by_text(&mut ids, |term| values.lower(terms.value(term)));
        Self(Runs::from_sorted(&ids))
    }

    /// Adds a term of the key.
    pub(crate) fn insert(&mut self, term: TermId, terms: &Terms, values: &Values) {
        if terms.value(term) != ValueId::NULL {
            let place = self.place(term, terms, values);
            self.0.insert(place, term);
        }
    }

    /// Removes a term of the key, before the term dies.
    pub(crate) fn remove(&mut self, term: TermId, terms: &Terms, values: &Values) {
        if terms.value(term) != ValueId::NULL {
            let place = self.place(term, terms, values);
            self.0.remove(place, term, |_| false);
        }
    }

    /// All terms, by text.
    pub(crate) fn iter(&self) -> impl Iterator<Item = TermId> + '_ {
        self.0.iter_from(Position::START)
    }

    /// The terms whose text starts with a prefix.
    pub(crate) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
        terms: &'a Terms,
        values: &'a Values,
    ) -> impl Iterator<Item = TermId> + 'a {
        let text = |term| values.lower(terms.value(term));
        let start = self
            .0
            .partition_point(|term| text(term) < prefix.as_bytes());
        self.0
            .iter_from(start)
            .take_while(move |term| text(*term).starts_with(prefix.as_bytes()))
    }

    /// Bytes of heap in use.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }

    fn place(&self, term: TermId, terms: &Terms, values: &Values) -> Position {
        let text = |term| values.lower(terms.value(term));
        let target = (text(term), term);
        self.0
            .partition_point(|other| (text(other), other) < target)
    }
}
