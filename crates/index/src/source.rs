//! What a key in a query stands for.
//!
//! Array items are stored once: a term of `metadata.tags` with value `java` that is marked as an
//! item also stands for the row `(metadata.tags.java, true)`. Hence a key in a query may name a
//! stored key, items of shorter keys, or both.

use crate::column::Column;
use crate::index::Index;
use crate::keys::{KeyId, MAX_KEY};
use crate::postings::View;
use crate::terms::TermId;

/// The value of rows that array items imply.
pub(crate) const TRUE: &str = "true";

/// A resolved key.
pub(crate) struct Source {
    /// The stored key.
    pub(crate) key: Option<KeyId>,
    /// Terms that stand for rows of this key with the value [`TRUE`].
    pub(crate) items: Vec<TermId>,
}

impl Index {
    /// Resolves a lower-case key.
    pub(crate) fn source(&self, key: &str) -> Source {
        if key.len() > MAX_KEY {
            return Source {
                key: None,
                items: Vec::new(),
            };
        }
        let mut items = Vec::new();
        for (dot, _) in key.match_indices('.') {
            if let Some(path) = self.keys.find(&key[..dot]) {
                let values = self.values.find(&key[dot + 1..]);
                items.extend(values.filter_map(|item| self.terms.find(path.term_key(true), item)));
            }
        }
        Source {
            key: self.keys.find(key),
            items,
        }
    }

    /// The entities with a row of this key and value.
    pub(crate) fn push_equal<'a>(
        &'a self,
        source: &Source,
        value: &str,
        views: &mut Vec<View<'a>>,
    ) {
        if let Some(key) = source.key {
            for value in self.values.find(value) {
                let term_keys = [key.term_key(false), key.term_key(true)];
                let terms = term_keys
                    .into_iter()
                    .filter_map(|key| self.terms.find(key, value));
                views.extend(terms.map(|term| self.view(term)));
            }
        }
        if value == TRUE {
            views.extend(source.items.iter().map(|term| self.view(*term)));
        }
    }

    /// The entities with a row of this key and a value that starts with `prefix`.
    pub(crate) fn push_prefixed<'a>(
        &'a self,
        source: &Source,
        prefix: &str,
        views: &mut Vec<View<'a>>,
    ) {
        if let Some(key) = source.key {
            let column = self.column(key);
            let terms = column.with_prefix(prefix, &self.terms, &self.values);
            views.extend(terms.map(|term| self.view(term)));
        }
        if TRUE.starts_with(prefix) {
            views.extend(source.items.iter().map(|term| self.view(*term)));
        }
    }

    /// The entities with any row of this key.
    pub(crate) fn push_present<'a>(&'a self, source: &Source, views: &mut Vec<View<'a>>) {
        if let Some(key) = source.key {
            views.push(self.postings.view(self.keys.get(key).present));
        }
        views.extend(source.items.iter().map(|term| self.view(*term)));
    }

    /// The entities of a term.
    pub(crate) fn view(&self, term: TermId) -> View<'_> {
        self.postings.view(self.terms.posting(term))
    }

    /// The sorted terms of a key.
    pub(crate) fn column(&self, key: KeyId) -> std::sync::Arc<Column> {
        self.columns.get(key.number(), self.column_limits(), || {
            Column::build(key, &self.terms, &self.values)
        })
    }
}
