//! A configuration as it is put together: values that know where they were written.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use model::pointer;
use serde_json::{Map, Value};

/// Where a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Number of the file, in the order of reading.
    pub(super) file: usize,
    /// Number of the value in that file; `None` for what stands in no text.
    pub(super) value: Option<usize>,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) mark: Mark,
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(IndexMap<String, Node>),
}

impl Mark {
    /// What is in a file, or a variable, as a whole.
    pub(super) fn whole(file: usize) -> Self {
        Self { file, value: None }
    }
}

impl Node {
    /// An object without keys.
    pub(super) fn empty(mark: Mark) -> Self {
        Self {
            mark,
            kind: Kind::Map(IndexMap::new()),
        }
    }

    pub(super) fn scalar(mark: Mark, value: Value) -> Self {
        Self {
            mark,
            kind: Kind::Scalar(value),
        }
    }

    /// A whole value that was written in one place.
    pub(super) fn of_value(mark: Mark, value: Value) -> Self {
        let kind = match value {
            Value::Array(items) => Kind::List(
                items
                    .into_iter()
                    .map(|item| Self::of_value(mark, item))
                    .collect(),
            ),
            Value::Object(entries) => Kind::Map(
                entries
                    .into_iter()
                    .map(|(key, item)| (key, Self::of_value(mark, item)))
                    .collect(),
            ),
            scalar => Kind::Scalar(scalar),
        };
        Self { mark, kind }
    }

    pub(super) fn is_null(&self) -> bool {
        self.kind == Kind::Scalar(Value::Null)
    }

    /// Puts `higher` over this value: objects merge by key, null removes, anything else replaces.
    pub(super) fn overlay(&mut self, higher: Self) {
        match (&mut self.kind, higher.kind) {
            (Kind::Map(lower), Kind::Map(entries)) => {
                for (key, node) in entries {
                    overlay_entry(lower, key, node);
                }
            }
            (kind, replacement) => {
                *kind = replacement;
                self.mark = higher.mark;
            }
        }
    }

    /// The plain value, and the place of everything in it by pointer.
    pub(super) fn into_parts(self) -> (Value, BTreeMap<String, Mark>) {
        let mut marks = BTreeMap::new();
        let value = self.flatten(&mut String::new(), &mut marks);
        (value, marks)
    }

    fn flatten(self, at: &mut String, marks: &mut BTreeMap<String, Mark>) -> Value {
        marks.insert(at.clone(), self.mark);
        let len = at.len();
        match self.kind {
            Kind::Scalar(value) => value,
            Kind::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    pointer::push_index(at, index);
                    values.push(item.flatten(at, marks));
                    at.truncate(len);
                }
                Value::Array(values)
            }
            Kind::Map(entries) => {
                let mut values = Map::new();
                // A null that overrides nothing is as good as an absent key.
                for (key, node) in entries.into_iter().filter(|(_, node)| !node.is_null()) {
                    pointer::push_key(at, &key);
                    values.insert(key, node.flatten(at, marks));
                    at.truncate(len);
                }
                Value::Object(values)
            }
        }
    }
}

fn overlay_entry(lower: &mut IndexMap<String, Node>, key: String, node: Node) {
    if node.is_null() {
        lower.shift_remove(&key);
        return;
    }
    match lower.get_mut(&key) {
        Some(existing) => existing.overlay(node),
        None => {
            lower.insert(key, node);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(file: usize, value: Value) -> Node {
        Node::of_value(Mark::whole(file), value)
    }

    #[test]
    fn layers_merge_as_in_backstage() {
        let table = [
            (
                "objects merge",
                json!({"a": {"x": 1, "y": 2}}),
                json!({"a": {"y": 3, "z": 4}}),
                json!({"a": {"x": 1, "y": 3, "z": 4}}),
            ),
            (
                "scalars are replaced",
                json!({"a": 1}),
                json!({"a": "2"}),
                json!({"a": "2"}),
            ),
            (
                "lists are replaced",
                json!({"a": [1, 2]}),
                json!({"a": [3]}),
                json!({"a": [3]}),
            ),
            (
                "an object replaces a scalar",
                json!({"a": 1}),
                json!({"a": {"b": 1}}),
                json!({"a": {"b": 1}}),
            ),
            (
                "a scalar replaces an object",
                json!({"a": {"b": 1}}),
                json!({"a": 1}),
                json!({"a": 1}),
            ),
            (
                "null removes",
                json!({"a": {"b": 1, "c": 2}}),
                json!({"a": {"b": null}}),
                json!({"a": {"c": 2}}),
            ),
            (
                "null over nothing is nothing",
                json!({}),
                json!({"a": {"b": null}, "c": null}),
                json!({"a": {}}),
            ),
            (
                "null in a list stays",
                json!({}),
                json!({"a": [null, 1]}),
                json!({"a": [null, 1]}),
            ),
        ];
        for (rule, lower, higher, merged) in table {
            let mut tree = node(0, lower);
            tree.overlay(node(1, higher));
            assert_eq!(tree.into_parts().0, merged, "{rule}");
        }
    }

    #[test]
    fn every_value_remembers_its_layer() {
        let mut tree = node(0, json!({"a": {"x/y": 1, "z": [1, 2]}}));
        tree.overlay(node(1, json!({"a": {"z": [3]}, "b": 1})));
        let (_, marks) = tree.into_parts();
        let files: Vec<_> = marks
            .iter()
            .map(|(at, mark)| (at.as_str(), mark.file))
            .collect();
        let expected = [
            ("", 0),
            ("/a", 0),
            ("/a/x~1y", 0),
            ("/a/z", 1),
            ("/a/z/0", 1),
            ("/b", 1),
        ];
        assert_eq!(files, expected);
    }
}
