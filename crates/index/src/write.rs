//! Changing the index: one entity at a time, old terms against new ones.
//!
//! An unchanged entity costs lookups only. Derived structures that exist are patched in step, so
//! that the next query finds them current.

use crate::documents::{Document, Row};
use crate::forward::Forward;
use crate::index::{HIDDEN_UID, Index, UID, order_key};
use crate::keys::{KeyId, MAX_KEY, TermKey};
use crate::order::Texts;
use crate::source::TRUE;
use crate::terms::TermId;
use crate::text::TextColumn;
use crate::values::ValueId;

/// How far before an item row its path row is looked for; flattening puts them side by side.
const ITEM_WINDOW: usize = 64;

/// The terms of an entity before and after, ascending, and the difference.
struct Change {
    old: Vec<TermId>,
    new: Vec<TermId>,
    added: Vec<TermId>,
    removed: Vec<TermId>,
}

impl Change {
    fn new(old: Vec<TermId>, new: Vec<TermId>) -> Self {
        if old.is_empty() {
            let (added, removed) = (new.clone(), Vec::new());
            return Self {
                old,
                new,
                added,
                removed,
            };
        }
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let mut before = old.iter().copied().peekable();
        for term in &new {
            while let Some(gone) = before.next_if(|before| before < term) {
                removed.push(gone);
            }
            if before.next_if_eq(term).is_none() {
                added.push(*term);
            }
        }
        removed.extend(before);
        Self {
            old,
            new,
            added,
            removed,
        }
    }
}

impl Index {
    /// Adds an entity or replaces what is known of it.
    ///
    /// The row id and the reference are both unique: an entity that had either of them gives way.
    /// Rows with keys over 1,024 bytes are left out. False, with nothing indexed, once 4 GiB of
    /// distinct text are in use.
    pub fn upsert(&mut self, doc: Document<'_>) -> bool {
        let Some(slot) = self.claim_slot(&doc) else {
            return false;
        };
        let old: Vec<TermId> = self.documents.forward(slot).iter().collect();
        let new = self.resolve(&doc);
        self.apply(slot, &Change::new(old, new));
        self.documents.set_version(slot, doc.etag, doc.body_len);
        self.digests.add(doc.id, doc.etag);
        true
    }

    /// Removes the entity with this database row id; false if there is none.
    pub fn remove(&mut self, id: i64) -> bool {
        let slot = self.documents.by_id(id);
        if let Some(slot) = slot {
            self.remove_slot(slot);
        }
        slot.is_some()
    }

    /// The slot for an entity, cleared of any other entity with the same row id or reference.
    fn claim_slot(&mut self, doc: &Document<'_>) -> Option<u32> {
        let entity_ref = self.acquire(doc.entity_ref)?;
        let Some(uid) = self.acquire(doc.uid) else {
            self.values.release(entity_ref);
            return None;
        };
        let by_id = self.documents.by_id(doc.id);
        if let Some(slot) = by_id.filter(|slot| self.documents.entity_ref(*slot) == entity_ref) {
            self.values.release(entity_ref);
            let old_uid = self.documents.replace_uid(slot, uid);
            self.values.release(old_uid);
            let etag = self.documents.etag(slot);
            self.digests.remove(doc.id, etag.as_str());
            return Some(slot);
        }
        if let Some(slot) = by_id {
            self.remove_slot(slot);
        }
        if let Some(slot) = self.documents.by_ref(entity_ref) {
            self.remove_slot(slot);
        }
        let slot = self.documents.insert(doc.id, entity_ref, uid);
        self.place(None, slot, ValueId::NULL, entity_ref);
        Some(slot)
    }

    fn acquire(&mut self, text: &str) -> Option<ValueId> {
        let value = self.values.intern(text, text)?;
        self.values.acquire(value);
        Some(value)
    }

    fn remove_slot(&mut self, slot: u32) {
        let old = self.documents.forward(slot).iter().collect();
        self.apply(slot, &Change::new(old, Vec::new()));
        let (entity_ref, uid) = (self.documents.entity_ref(slot), self.documents.uid(slot));
        self.place(None, slot, entity_ref, ValueId::NULL);
        self.digests
            .remove(self.documents.id(slot), self.documents.etag(slot).as_str());
        self.documents.remove(slot);
        self.values.release(entity_ref);
        self.values.release(uid);
    }

    /// The terms of an entity, ascending; missing ones are created.
    fn resolve(&mut self, doc: &Document<'_>) -> Vec<TermId> {
        let mut terms = Vec::with_capacity(doc.rows.len() + 1);
        let mut has_uid = false;
        let (is_path, is_item) = find_items(doc.rows);
        for (at, row) in doc.rows.iter().enumerate() {
            if is_item[at] || row.key.len() > MAX_KEY {
                continue;
            }
            let key = self.keys.intern(row.key);
            let value = self.value_of(row);
            has_uid |= row.key == UID && self.is_text(value, doc.uid);
            terms.push(self.term(key.term_key(is_path[at]), value));
        }
        if !has_uid {
            let key = self.keys.intern(HIDDEN_UID).term_key(false);
            let value = self.values.find_spelled(doc.uid, doc.uid);
            terms.push(self.term(key, value.unwrap_or(ValueId::NULL)));
        }
        terms.sort_unstable();
        terms.dedup();
        terms
    }

    fn value_of(&mut self, row: &Row<'_>) -> ValueId {
        let Some(lower) = row.value else {
            return ValueId::NULL;
        };
        let original = row.original.unwrap_or(lower);
        self.values.intern(lower, original).unwrap_or(ValueId::NULL)
    }

    fn is_text(&self, value: ValueId, text: &str) -> bool {
        value != ValueId::NULL && self.values.find_spelled(text, text) == Some(value)
    }

    /// The term of a pair, created if necessary.
    fn term(&mut self, key: TermKey, value: ValueId) -> TermId {
        if let Some(term) = self.terms.find(key, value) {
            return term;
        }
        let term = self.terms.insert(key, value);
        self.values.acquire(value);
        self.keys.get_mut(key.key()).n_terms += 1;
        if let Some(column) = self.columns.patch(key.key().number()) {
            column.insert(term, &self.terms, &self.values);
        }
        if let Some(texts) = self.texts.patch(key.key().number()) {
            texts.insert(term, &self.terms, &self.values);
        }
        term
    }

    /// Removes a term that no entity has any more, and its key with the last term.
    fn bury(&mut self, term: TermId) {
        let (key, value) = (self.terms.key(term).key(), self.terms.value(term));
        if let Some(column) = self.columns.patch(key.number()) {
            column.remove(term, &self.terms, &self.values);
        }
        if self
            .texts
            .patch(key.number())
            .is_some_and(TextColumn::remove)
        {
            self.texts.remove(key.number());
        }
        self.terms.bury(term);
        self.values.release(value);
        let entry = self.keys.get_mut(key);
        entry.n_terms -= 1;
        if entry.n_terms == 0 {
            self.keys.bury(key);
            self.columns.remove(key.number());
            self.texts.remove(key.number());
            self.orders.remove(key.number());
        }
    }

    fn apply(&mut self, slot: u32, change: &Change) {
        self.move_in_orders(slot, change);
        for term in &change.added {
            let key = self.keys.get_mut(self.terms.key(*term).key());
            key.n_rows += 1;
            self.postings.insert(&mut key.present, slot);
            self.postings.insert(self.terms.posting_mut(*term), slot);
        }
        self.leave_keys(slot, change);
        for term in &change.removed {
            let posting = self.terms.posting_mut(*term);
            self.postings.remove(posting, slot);
            if posting.is_empty() {
                self.bury(*term);
            }
        }
        if !(change.added.is_empty() && change.removed.is_empty()) {
            self.documents.set_forward(slot, Forward::new(&change.new));
        }
    }

    /// Takes the entity out of the keys that none of its terms has any more.
    fn leave_keys(&mut self, slot: u32, change: &Change) {
        if change.removed.is_empty() {
            return;
        }
        let mut kept: Vec<KeyId> = change
            .new
            .iter()
            .map(|term| self.terms.key(*term).key())
            .collect();
        kept.sort_unstable();
        for term in &change.removed {
            let id = self.terms.key(*term).key();
            let key = self.keys.get_mut(id);
            key.n_rows -= 1;
            if kept.binary_search(&id).is_err() {
                self.postings.remove(&mut key.present, slot);
            }
        }
    }

    /// Moves the entity in every order whose key it gains, loses or changes.
    fn move_in_orders(&mut self, slot: u32, change: &Change) {
        if self.orders.is_empty() {
            return;
        }
        let changed = change.added.iter().chain(&change.removed);
        let mut keys: Vec<KeyId> = changed.map(|term| self.terms.key(*term).key()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            if self.orders.patch(key.number()).is_some() {
                let (old, new) = (
                    self.smallest(&change.old, key),
                    self.smallest(&change.new, key),
                );
                self.place(Some(key), slot, old, new);
            }
        }
    }

    /// The value that places an entity with these terms in the order by a key.
    fn smallest(&self, terms: &[TermId], key: KeyId) -> ValueId {
        let of_key = terms
            .iter()
            .filter(|term| self.terms.key(**term).key() == key);
        let values = of_key.map(|term| self.terms.value(*term));
        let values = values.filter(|value| *value != ValueId::NULL);
        values
            .min_by_key(|value| self.values.lower(*value))
            .unwrap_or(ValueId::NULL)
    }

    /// Moves a slot in one order from its old value to a new one; null is nowhere.
    fn place(&mut self, key: Option<KeyId>, slot: u32, old: ValueId, new: ValueId) {
        let Self {
            orders,
            values,
            documents,
            ..
        } = self;
        let refs = |slot| documents.entity_ref(slot);
        let texts = Texts {
            values,
            refs: &refs,
        };
        let Some(order) = orders.patch(order_key(key)) else {
            return;
        };
        if old == new {
            return;
        }
        if old != ValueId::NULL {
            order.remove(slot, texts);
        }
        if new != ValueId::NULL {
            order.insert(slot, new, texts);
        }
    }
}

/// Which rows are array items that are also written as `path.item = true`, and which rows are those.
fn find_items(rows: &[Row<'_>]) -> (Vec<bool>, Vec<bool>) {
    let mut is_path = vec![false; rows.len()];
    let mut is_item = vec![false; rows.len()];
    for (at, row) in rows.iter().enumerate() {
        let is_true = row.value == Some(TRUE) && row.original.is_none_or(|text| text == TRUE);
        if !is_true {
            continue;
        }
        let window = at.saturating_sub(ITEM_WINDOW)..at;
        let path = window
            .rev()
            .find(|before| !is_item[*before] && is_item_of(row, &rows[*before]));
        if let Some(path) = path {
            is_path[path] = true;
            is_item[at] = true;
        }
    }
    (is_path, is_item)
}

/// Whether `row` is what flattening adds for the array item `path`.
fn is_item_of(row: &Row<'_>, path: &Row<'_>) -> bool {
    let Some(item) = path.value else { return false };
    let dot = path.key.len();
    row.key.len() == dot + 1 + item.len()
        && row.key.as_bytes()[dot] == b'.'
        && row.key.starts_with(path.key)
        && row.key.ends_with(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_rows_are_recognised() {
        let row = |key, value| Row {
            key,
            value: Some(value),
            original: None,
        };
        let rows = [
            row("metadata.tags", "java"),
            row("metadata.tags.java", "true"),
            row("metadata.tags", "a.b"),
            row("metadata.tags", "go"),
            row("metadata.tags.go", "true"),
            row("metadata.tags.a.b", "true"),
            row("spec.flag", "true"),
            row("metadata.labels.java", "true"),
            row("metadata.tags.go.true", "true"),
            row("metadata.tags.none", "yes"),
        ];
        let (is_path, is_item) = find_items(&rows);
        let places =
            |marks: &[bool]| -> Vec<usize> { (0..marks.len()).filter(|at| marks[*at]).collect() };
        assert_eq!(places(&is_path), [0, 2, 3]);
        assert_eq!(places(&is_item), [1, 4, 5]);
    }
}
