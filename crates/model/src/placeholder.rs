//! Placeholders: objects like `{ $text: ./readme.md }` that stand for the content of a file.
//!
//! This is the pure half: finding placeholders and putting values in their place.

use serde_json::{Map, Value};

use crate::pointer;

/// What a placeholder asks to be done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlaceholderKind {
    /// The text as a string.
    Text,
    /// The text parsed as JSON.
    Json,
    /// The text parsed as one YAML document.
    Yaml,
    /// An `OpenAPI` document with its external references bundled.
    OpenApi,
    /// An `AsyncAPI` document with its external references bundled.
    AsyncApi,
}

impl PlaceholderKind {
    /// The key as written after the dollar sign.
    pub fn key(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::OpenApi => "openapi",
            Self::AsyncApi => "asyncapi",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        let kinds = [
            Self::Text,
            Self::Json,
            Self::Yaml,
            Self::OpenApi,
            Self::AsyncApi,
        ];
        kinds.into_iter().find(|kind| kind.key() == key)
    }
}

/// A placeholder found in an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Placeholder {
    /// JSON pointer to the object to be replaced.
    pub pointer: String,
    /// What to do with the file.
    pub kind: PlaceholderKind,
    /// The reference to the file; anything but a string is a mistake of the user.
    pub value: Value,
}

/// All placeholders of an entity, in document order.
///
/// Objects with an unknown `$key`, or with a `$key` beside other keys, are left alone and not
/// searched: they are data that happens to look alike, such as JSON schemas.
pub fn find_placeholders(entity: &Value) -> Vec<Placeholder> {
    let mut found = Vec::new();
    visit(entity, &mut String::new(), &mut found);
    found
}

/// Puts a value in the place of the placeholder at `pointer`; false when nothing is there.
pub fn replace_placeholder(entity: &mut Value, pointer: &str, value: Value) -> bool {
    let place = entity.pointer_mut(pointer);
    place.map(|place| *place = value).is_some()
}

fn visit(value: &Value, path: &mut String, found: &mut Vec<Placeholder>) {
    let length = path.len();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer::push_index(path, index);
                visit(item, path, found);
                path.truncate(length);
            }
        }
        Value::Object(members) if members.keys().any(|key| key.starts_with('$')) => {
            found.extend(placeholder(members, path));
        }
        Value::Object(members) => {
            for (key, member) in members {
                pointer::push_key(path, key);
                visit(member, path, found);
                path.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn placeholder(members: &Map<String, Value>, path: &str) -> Option<Placeholder> {
    let (key, value) = members.iter().next().filter(|_| members.len() == 1)?;
    let kind = PlaceholderKind::from_key(key.strip_prefix('$')?)?;
    Some(Placeholder {
        pointer: path.to_owned(),
        kind,
        value: value.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_found_anywhere_and_lookalikes_are_left_alone() {
        let entity = json!({
            "spec": {
                "definition": {"$text": "./spec.yaml"},
                "a/b": [1, {"$json": "./data.json"}, {"x": {"$yaml": 5}}],
                "x": {"$wat": {"$text": "inside"}},
                "y": {"$text": "./spec.yaml", "other": 1},
                "schema": {"$ref": "#/definitions/node"},
                "api": {"$openapi": "o"},
                "events": {"$asyncapi": "a"},
            },
        });
        let found: Vec<_> = find_placeholders(&entity)
            .into_iter()
            .map(|p| (p.pointer, p.kind.key(), p.value))
            .collect();
        let expected = [
            ("/spec/definition", "text", json!("./spec.yaml")),
            ("/spec/a~1b/1", "json", json!("./data.json")),
            ("/spec/a~1b/2/x", "yaml", json!(5)),
            ("/spec/api", "openapi", json!("o")),
            ("/spec/events", "asyncapi", json!("a")),
        ];
        assert_eq!(
            found,
            expected.map(|(pointer, key, value)| (pointer.to_owned(), key, value))
        );
    }

    #[test]
    fn values_are_put_in_place() {
        let mut entity = json!({"a": [{"$text": "x"}]});
        assert!(replace_placeholder(&mut entity, "/a/0", json!("content\n")));
        assert!(!replace_placeholder(
            &mut entity,
            "/a/1",
            json!("content\n")
        ));
        assert_eq!(entity, json!({"a": ["content\n"]}));
    }
}
