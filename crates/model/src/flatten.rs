//! Search rows: what the index knows about an entity.
//!
//! A hot path: at start-up every entity of the catalog passes through it. A [`Flattener`] keeps
//! its buffers from entity to entity, and rows borrow from them.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};
use serde_json::{Map, Value};

use crate::entity_ref::DEFAULT_NAMESPACE;
use crate::error_info::InputError;
use crate::javascript::{fits_utf16, is_lower_ascii, scalar_text};

/// Longest key and longest value, in UTF-16 units.
const MAX_LENGTH: usize = 200;

/// Paths that are not searched, or that are always present and therefore added separately.
const SPECIAL_PATHS: [&str; 7] = [
    "attachments",
    "relations",
    "status",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "metadata.etag",
];

/// One search row of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row<'a> {
    /// Lower-case dotted path.
    pub key: &'a str,
    /// Lower-case value to match; `None` for null and for values that are too long.
    pub value: Option<&'a str>,
    /// The value as the entity spells it; `None` exactly if `value` is.
    pub original: Option<&'a str>,
}

/// Turns entities into search rows.
#[derive(Debug, Default)]
pub struct Flattener {
    walk: Walk,
}

/// Emits the search rows of an entity; see [`Flattener::flatten`].
pub fn flatten(entity: &Value, emit: &mut dyn FnMut(Row<'_>)) -> Result<(), InputError> {
    Flattener::new().flatten(entity, emit)
}

impl Flattener {
    /// A flattener with empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Emits the search rows of an entity, each once.
    ///
    /// When keys differ in nothing but case, the entity cannot be searched: the error names the
    /// keys, and rows emitted before must be dropped.
    pub fn flatten(
        &mut self,
        entity: &Value,
        emit: &mut dyn FnMut(Row<'_>),
    ) -> Result<(), InputError> {
        self.walk.clear();
        self.walk.entity(entity, emit);
        if self.walk.conflicts.is_empty() {
            return Ok(());
        }
        Err(InputError::new(format!(
            "Entity has duplicate keys that vary only in casing, '{}'",
            self.walk.conflicts.join("', '")
        )))
    }
}

/// Place of a text inside [`Walk::arena`].
type Span = Range<usize>;

/// A key seen in this entity; keys are told apart by their lower-case form.
#[derive(Debug)]
struct Key {
    hash: u64,
    lower: Span,
    /// As written where it came first.
    raw: Span,
    /// Short enough to be searched.
    fits: bool,
    /// The row `<key> = true` of a list item was emitted.
    is_item: bool,
    /// A row was emitted, with this value.
    has_row: bool,
    first_value: Option<Span>,
}

/// A row emitted for this entity, other than the first one of its key.
#[derive(Debug)]
struct Emitted {
    hash: u64,
    key: usize,
    value: Option<Span>,
}

/// State of one walk through an entity.
#[derive(Debug, Default)]
struct Walk {
    /// Current path as written.
    path: String,
    /// Current path with its ASCII letters in lower case.
    lower: String,
    /// Current path in lower case, after [`Walk::find_key`].
    lower_key: String,
    /// Scratch for a lower-cased value.
    value: String,
    /// Texts of `keys` and `rows`.
    arena: String,
    keys: Vec<Key>,
    key_table: HashTable<usize>,
    rows: Vec<Emitted>,
    row_table: HashTable<usize>,
    hasher: DefaultHashBuilder,
    /// Further spellings of known keys.
    respelled: HashSet<String>,
    /// Lower-case form of each further spelling.
    conflicts: Vec<String>,
}

impl Walk {
    fn clear(&mut self) {
        self.path.clear();
        self.lower.clear();
        self.arena.clear();
        self.keys.clear();
        self.key_table.clear();
        self.rows.clear();
        self.row_table.clear();
        self.respelled.clear();
        self.conflicts.clear();
    }

    /// Visits everything that becomes a row, in the order of Backstage.
    fn entity(&mut self, entity: &Value, emit: &mut dyn FnMut(Row<'_>)) {
        let Value::Object(members) = entity else {
            return;
        };
        self.members(members, emit);
        let metadata = members.get("metadata");
        for key in ["name", "namespace", "uid"] {
            let value = metadata
                .and_then(|metadata| metadata.get(key))
                .unwrap_or(&Value::Null);
            self.below("metadata", |walk| {
                walk.below(key, |walk| walk.row(value, emit));
            });
        }
        let namespace = metadata.and_then(|metadata| metadata.get("namespace"));
        if namespace.and_then(Value::as_str).is_none_or(str::is_empty) {
            self.below("metadata.namespace", |walk| {
                walk.text_row(DEFAULT_NAMESPACE, emit);
            });
        }
        let relations = members.get("relations").and_then(Value::as_array);
        for relation in relations.into_iter().flatten() {
            let relation_type = relation
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let target = relation.get("targetRef").unwrap_or(&Value::Null);
            self.below("relations", |walk| {
                walk.below(relation_type, |walk| walk.row(target, emit));
            });
        }
    }

    /// Runs with the path extended by a member.
    fn below(&mut self, segment: &str, run: impl FnOnce(&mut Self)) {
        let separator = if self.path.is_empty() { "" } else { "." };
        self.extended(separator, segment, run);
    }

    fn extended(&mut self, separator: &str, segment: &str, run: impl FnOnce(&mut Self)) {
        // Both forms have the same length: only ASCII letters differ.
        let length = self.path.len();
        for text in [separator, segment] {
            self.path.push_str(text);
            self.lower.push_str(text);
        }
        if let Some(added) = self.lower.get_mut(length..) {
            added.make_ascii_lowercase();
        }
        run(self);
        self.path.truncate(length);
        self.lower.truncate(length);
    }

    fn members(&mut self, members: &Map<String, Value>, emit: &mut dyn FnMut(Row<'_>)) {
        for (key, member) in members {
            self.below(key, |walk| walk.visit(member, emit));
        }
    }

    fn visit(&mut self, value: &Value, emit: &mut dyn FnMut(Row<'_>)) {
        if SPECIAL_PATHS.contains(&self.path.as_str()) {
            return;
        }
        match value {
            Value::Object(members) => self.members(members, emit),
            Value::Array(items) => {
                for item in items {
                    self.visit(item, emit);
                    if let Value::String(text) = item {
                        // Unlike members, items get their dot even below an empty path.
                        self.extended(".", text, |walk| walk.item_row(emit));
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.row(value, emit);
            }
        }
    }

    /// `<path>.<item> = true`, once however often and in whatever case the item is repeated.
    fn item_row(&mut self, emit: &mut dyn FnMut(Row<'_>)) {
        let (hash, known) = self.find_key();
        if known.is_some_and(|key| self.keys[key].is_item) {
            return;
        }
        let key = self.intern_key(hash, known);
        self.keys[key].is_item = true;
        self.emit(key, Some(("true", "true")), emit);
    }

    fn row(&mut self, value: &Value, emit: &mut dyn FnMut(Row<'_>)) {
        match scalar_text(value) {
            Some(text) => self.text_row(&text, emit),
            None => self.null_row(emit),
        }
    }

    fn null_row(&mut self, emit: &mut dyn FnMut(Row<'_>)) {
        let key = self.key();
        self.emit(key, None, emit);
    }

    fn text_row(&mut self, original: &str, emit: &mut dyn FnMut(Row<'_>)) {
        // Lower-casing never makes a text shorter.
        if !fits_utf16(original, MAX_LENGTH) {
            return self.null_row(emit);
        }
        let key = self.key();
        if is_lower_ascii(original) {
            return self.emit(key, Some((original, original)), emit);
        }
        let mut value = std::mem::take(&mut self.value);
        lower_into(&mut value, original);
        let found = fits_utf16(&value, MAX_LENGTH).then_some((value.as_str(), original));
        self.emit(key, found, emit);
        self.value = value;
    }

    /// The key of the current path.
    fn key(&mut self) -> usize {
        let (hash, known) = self.find_key();
        self.intern_key(hash, known)
    }

    /// Looks the current path up, without regard to case, and leaves its lower-case form in
    /// `lower_key`.
    fn find_key(&mut self) -> (u64, Option<usize>) {
        if self.path.is_ascii() {
            self.lower_key.clone_from(&self.lower);
        } else {
            // Casing may depend on neighbours, thus the path as a whole.
            self.lower_key = self.path.to_lowercase();
        }
        let hash = self.hasher.hash_one(self.lower_key.as_bytes());
        let same = |key: &usize| self.arena[self.keys[*key].lower.clone()] == self.lower_key;
        (hash, self.key_table.find(hash, same).copied())
    }

    /// Remembers the current path after `find_key`, and whether it is spelled differently.
    fn intern_key(&mut self, hash: u64, known: Option<usize>) -> usize {
        let Some(key) = known else {
            return self.add_key(hash);
        };
        if self.arena[self.keys[key].raw.clone()] != self.path
            && !self.respelled.contains(&self.path)
        {
            self.respelled.insert(self.path.clone());
            self.conflicts.push(self.lower_key.clone());
        }
        key
    }

    fn add_key(&mut self, hash: u64) -> usize {
        let lower = push_span(&mut self.arena, &self.lower_key);
        let raw = if self.lower_key == self.path {
            lower.clone()
        } else {
            push_span(&mut self.arena, &self.path)
        };
        let key = self.keys.len();
        self.keys.push(Key {
            hash,
            lower,
            raw,
            fits: fits_utf16(&self.lower_key, MAX_LENGTH),
            is_item: false,
            has_row: false,
            first_value: None,
        });
        self.key_table
            .insert_unique(hash, key, |key| self.keys[*key].hash);
        key
    }

    /// Emits a row of a value and its original, unless it was emitted before.
    fn emit(&mut self, key: usize, texts: Option<(&str, &str)>, emit: &mut dyn FnMut(Row<'_>)) {
        let value = texts.map(|(value, _)| value);
        if !self.keys[key].fits || self.is_emitted(key, value) {
            return;
        }
        let original = texts.map(|(_, original)| original);
        emit(Row {
            key: &self.arena[self.keys[key].lower.clone()],
            value,
            original,
        });
        self.remember(key, value);
    }

    fn is_emitted(&self, key: usize, value: Option<&str>) -> bool {
        let same = |span: &Option<Span>| span.clone().map(|span| &self.arena[span]) == value;
        let Key {
            has_row,
            first_value,
            ..
        } = &self.keys[key];
        // Most keys have one row only and never come here twice.
        *has_row
            && (same(first_value)
                || self
                    .row_table
                    .find(self.row_hash(key, value), |row| {
                        self.rows[*row].key == key && same(&self.rows[*row].value)
                    })
                    .is_some())
    }

    fn remember(&mut self, key: usize, value: Option<&str>) {
        let span = value.map(|value| push_span(&mut self.arena, value));
        if !self.keys[key].has_row {
            self.keys[key].has_row = true;
            self.keys[key].first_value = span;
            return;
        }
        let hash = self.row_hash(key, value);
        let row = self.rows.len();
        self.rows.push(Emitted {
            hash,
            key,
            value: span,
        });
        self.row_table
            .insert_unique(hash, row, |row| self.rows[*row].hash);
    }

    fn row_hash(&self, key: usize, value: Option<&str>) -> u64 {
        self.hasher.hash_one((key, value))
    }
}

fn push_span(arena: &mut String, text: &str) -> Span {
    let start = arena.len();
    arena.push_str(text);
    start..arena.len()
}

fn lower_into(out: &mut String, text: &str) {
    out.clear();
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else {
        out.push_str(&text.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::json_values;

    type OwnedRow = (String, Option<String>, Option<String>);

    fn rows(entity: &Value) -> Result<Vec<OwnedRow>, InputError> {
        let mut rows = Vec::new();
        flatten(entity, &mut |row| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            rows.push((row.key.to_owned(), owned(row.value), owned(row.original)));
        })?;
        Ok(rows)
    }

    fn lines(entity: &Value) -> Vec<String> {
        rows(entity)
            .unwrap()
            .into_iter()
            .map(|(key, value, original)| match (value, original) {
                (Some(value), Some(original)) if value == original => format!("{key}={value}"),
                (Some(value), Some(original)) => format!("{key}={value} ({original})"),
                _ => format!("{key} null"),
            })
            .collect()
    }

    #[test]
    fn rows_of_a_component() {
        let entity = json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {
                "name": "Checkout",
                "uid": "u-1",
                "etag": "e",
                "tags": ["java", "Core", "JAVA"],
                "annotations": {"A.b/C": "x"},
                "links": [{"url": "https://a", "title": "T"}, {"url": "https://a"}],
                "description": "é".repeat(201),
            },
            "spec": {
                "nested": {"flag": true, "nul": null, "list": [{"a": 1}, {"a": 2.0}, [3, "x"]]},
                "empty": {},
            },
            "relations": [
                {"type": "ownedBy", "targetRef": "group:default/a"},
                {"type": "ownedBy", "targetRef": "group:default/a"},
                {"type": "partOf", "targetRef": "system:default/s"},
            ],
            "status": {"items": [{"type": "x"}]},
            "attachments": {"a": "b"},
        });
        assert_eq!(
            lines(&entity),
            [
                "apiversion=backstage.io/v1alpha1",
                "kind=component (Component)",
                "metadata.tags=java",
                "metadata.tags.java=true",
                "metadata.tags=core (Core)",
                "metadata.tags.core=true",
                "metadata.annotations.a.b/c=x",
                "metadata.links.url=https://a",
                "metadata.links.title=t (T)",
                "metadata.description null",
                "spec.nested.flag=true",
                "spec.nested.nul null",
                "spec.nested.list.a=1",
                "spec.nested.list.a=2",
                "spec.nested.list=3",
                "spec.nested.list=x",
                "spec.nested.list.x=true",
                "metadata.name=checkout (Checkout)",
                "metadata.namespace null",
                "metadata.uid=u-1",
                "metadata.namespace=default",
                "relations.ownedby=group:default/a",
                "relations.partof=system:default/s",
            ]
        );
    }

    #[test]
    fn lengths_are_counted_in_utf16_units() {
        let fits = "🚀".repeat(100);
        let long = "🚀".repeat(101);
        let entity =
            json!({"metadata": {"name": "n", "uid": "u", "namespace": "x"}, "s": [fits, long]});
        let rows = rows(&entity).unwrap();
        let keys: Vec<_> = rows
            .iter()
            .map(|(key, value, _)| (key.as_str(), value.is_some()))
            .collect();
        let special =
            ["metadata.name", "metadata.namespace", "metadata.uid"].map(|key| (key, true));
        assert_eq!(keys, [&[("s", true), ("s", false)], &special[..]].concat());
    }

    #[test]
    fn keys_that_differ_in_case_only_are_an_error() {
        for (entity, expected) in [
            (
                json!({"spec": {"foo": 1, "Foo": 2, "bar": 3, "FOO": 4, "Bar": 5}}),
                "'spec.foo', 'spec.foo', 'spec.bar'",
            ),
            (json!({"a": ["B"], "A": {"b": 1}}), "'a.b'"),
            (json!({"ÄB": 1, "äb": 2}), "'äb'"),
        ] {
            assert_eq!(
                rows(&entity).unwrap_err().message,
                format!("Entity has duplicate keys that vary only in casing, {expected}")
            );
        }
        assert!(rows(&json!({"a": ["X", "x"], "b": 1})).is_ok());
    }

    #[test]
    fn a_flattener_forgets_the_entity_before() {
        let mut flattener = Flattener::new();
        let mut count = |entity: &Value| {
            let mut n = 0;
            flattener.flatten(entity, &mut |_| n += 1).map(|()| n)
        };
        assert_eq!(count(&json!({"kind": "a"})), Ok(5));
        count(&json!({"k": 1, "K": 2})).unwrap_err();
        assert_eq!(count(&json!({"kind": "a"})), Ok(5));
    }

    /// The rules once more, written for clarity.
    fn reference(entity: &Value) -> Result<Vec<OwnedRow>, ()> {
        fn visit(
            path: &str,
            value: &Value,
            raw: &mut Vec<(String, Option<String>)>,
            items: &mut HashSet<String>,
        ) {
            if SPECIAL_PATHS.contains(&path) {
                return;
            }
            match value {
                Value::Array(values) => {
                    for item in values {
                        visit(path, item, raw, items);
                        if let Value::String(text) = item
                            && items.insert(format!("{path}.{text}").to_lowercase())
                        {
                            raw.push((format!("{path}.{text}"), Some("true".to_owned())));
                        }
                    }
                }
                Value::Object(members) => {
                    for (key, member) in members {
                        let path = if path.is_empty() {
                            key.clone()
                        } else {
                            format!("{path}.{key}")
                        };
                        visit(&path, member, raw, items);
                    }
                }
                scalar => raw.push((path.to_owned(), scalar_text(scalar).map(Into::into))),
            }
        }
        let mut raw = Vec::new();
        visit("", entity, &mut raw, &mut HashSet::new());
        let metadata = |key: &str| scalar_text(&entity["metadata"][key]).map(Into::into);
        for key in ["name", "namespace", "uid"] {
            raw.push((format!("metadata.{key}"), metadata(key)));
        }
        if metadata("namespace").is_none_or(|namespace: String| namespace.is_empty()) {
            raw.push(("metadata.namespace".to_owned(), Some("default".to_owned())));
        }
        let spellings: HashSet<_> = raw.iter().map(|(key, _)| key.clone()).collect();
        let lower: HashSet<_> = spellings.iter().map(|key| key.to_lowercase()).collect();
        if spellings.len() != lower.len() {
            return Err(());
        }
        let mut seen = HashSet::new();
        let mut rows = Vec::new();
        for (key, original) in raw {
            let key = key.to_lowercase();
            let original =
                original.filter(|text| text.to_lowercase().encode_utf16().count() <= 200);
            let value = original.as_ref().map(|text| text.to_lowercase());
            if key.encode_utf16().count() <= 200 && seen.insert((key.clone(), value.clone())) {
                rows.push((key, value, original));
            }
        }
        Ok(rows)
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference(
            spec in json_values(),
            metadata in prop::collection::btree_map("name|namespace|uid|etag|tags", json_values(), 0..4),
        ) {
            let metadata: Map<String, Value> = metadata
                .into_iter()
                .filter(|(key, value)| key == "tags" || !(value.is_array() || value.is_object()))
                .map(|(key, value)| if value.is_boolean() && key == "namespace" { (key, Value::Null) } else { (key, value) })
                .filter(|(key, value)| key != "namespace" || value.is_string() || value.is_null())
                .collect();
            let entity = json!({"kind": "K", "metadata": metadata, "spec": spec});
            prop_assert_eq!(rows(&entity).map_err(|_| ()), reference(&entity));
        }
    }
}
