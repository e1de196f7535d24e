//! What a schema says, in words.

use serde_json::Value;

use crate::config::schema::{Node, as_text};

/// Most keys named in a hint.
const MAX_NAMES: usize = 12;

pub(super) fn known_keys(node: Node<'_>) -> String {
    let names = node.property_names().take(MAX_NAMES);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let is_cut = node.property_names().count() > MAX_NAMES;
    format!(
        "known keys: {}{}",
        names.join(", "),
        if is_cut { ", …" } else { "" }
    )
}

/// The values of an enumeration; empty when the schema is none.
pub(super) fn allowed_values(node: Node<'_>) -> Vec<String> {
    let mut allowed = Vec::new();
    for branch in node.branches() {
        match (branch.keyword("const"), branch.keyword("enum")) {
            (Some(value), _) => allowed.extend(as_text(value)),
            (None, Some(Value::Array(values))) => allowed.extend(values.iter().filter_map(as_text)),
            _ => return Vec::new(),
        }
    }
    allowed
}

pub(super) fn kind_in_words(node: Node<'_>) -> Option<&'static str> {
    if node.keyword("const").is_some_and(Value::is_boolean) {
        return Some("`false`");
    }
    Some(match node.text("type")? {
        "object" => "an object",
        "array" => "a list",
        "string" => "a string",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        _ => return None,
    })
}

pub(super) fn value_in_words(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
