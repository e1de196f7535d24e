//! Comparison of two answers: status, content type, shape, values.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::request::Request;

/// What a comparison found.
pub(crate) struct Verdict {
    /// What must never differ, and does.
    pub wrong: Option<String>,
    /// The first value that differs.
    pub difference: Option<String>,
}

/// Compares an answer with the recorded one.
pub(crate) fn verdict(request: &Request, expected: &Answer, found: &Answer) -> Verdict {
    let (x, mut y) = (comparable(request, expected), comparable(request, found));
    if let Some(name) = &request.known_by {
        drop_unknown(&mut y, &x, name);
    }
    let type_of = |answer: &Answer| answer.content_type.replace(' ', "").to_lowercase();
    let wrong = if expected.status != found.status {
        let (expected, status, body) = (expected.status, found.status, &found.body);
        Some(format!("status {expected}, found {status}: {body}"))
    } else if type_of(expected) != type_of(found) {
        Some(format!(
            "type {}, found {}",
            expected.content_type, found.content_type
        ))
    } else if shape(&x) != shape(&y) {
        Some(format!(
            "shape: {}",
            difference(&x, &y, "").unwrap_or_default()
        ))
    } else {
        None
    };
    Verdict {
        wrong,
        difference: difference(&x, &y, ""),
    }
}

fn comparable(request: &Request, answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    for path in &request.ignore {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        remove(&mut body, &parts);
    }
    remove_texts(&mut body, &request.texts);
    if request.unordered {
        sorted(body)
    } else {
        body
    }
}

/// Removes the members a path names; `*` is every item or member.
fn remove(value: &mut Value, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    match value {
        Value::Array(items) if *first == "*" => {
            for item in items {
                remove(item, rest);
            }
        }
        Value::Object(members) => {
            if rest.is_empty() {
                members.retain(|name, _| name != first && *first != "*");
                return;
            }
            let inside = members
                .iter_mut()
                .filter(|(name, _)| *first == "*" || name == first);
            for (_, value) in inside {
                remove(value, rest);
            }
        }
        _ => {}
    }
}

/// Removes texts of these names, at any depth.
fn remove_texts(value: &mut Value, names: &[String]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|it| remove_texts(it, names)),
        Value::Object(members) => {
            members.retain(|name, value| !(value.is_string() && names.contains(name)));
            members.values_mut().for_each(|it| remove_texts(it, names));
        }
        _ => {}
    }
}

/// Leaves only the items that the other list knows by this member.
fn drop_unknown(found: &mut Value, expected: &Value, name: &str) {
    let known: BTreeSet<String> = expected
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item[name].to_string())
        .collect();
    if let Value::Array(items) = found {
        items.retain(|item| known.contains(&item[name].to_string()));
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_cached_key(canonical);
            items.into()
        }
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, sorted(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

/// Text with sorted keys.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{name:?}:{}", canonical(value)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(canonical).collect::<Vec<_>>().join(",")
            )
        }
        other => other.to_string(),
    }
}

/// Keys and types only; a list is the set of the shapes of its items.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(items) => {
            let shapes: BTreeSet<String> = items.iter().map(shape).collect();
            format!("[{}]", shapes.into_iter().collect::<Vec<_>>().join("|"))
        }
        Value::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{name:?}:{}", shape(value)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
    }
}

/// The first difference, with its path; `None` when there is none.
fn difference(x: &Value, y: &Value, path: &str) -> Option<String> {
    match (x, y) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            names
                .into_iter()
                .find_map(|name| match (left.get(name), right.get(name)) {
                    (Some(x), Some(y)) => difference(x, y, &format!("{path}/{name}")),
                    (Some(_), None) => Some(format!("{path}/{name}: is missing")),
                    _ => Some(format!("{path}/{name}: is new")),
                })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs.find_map(|(index, (x, y))| difference(x, y, &format!("{path}/{index}")))
        }
        _ if x == y => None,
        _ => Some(format!("{path}: expected {}, found {}", short(x), short(y))),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_are_keys_and_types() {
        let same = [
            (json!({"a": 1, "b": [1, 2]}), json!({"b": [3], "a": 2})),
            (
                json!([{"a": 1}, {"a": "x"}]),
                json!([{"a": "y"}, {"a": 2}, {"a": 3}]),
            ),
        ];
        for (x, y) in same {
            assert_eq!(shape(&x), shape(&y), "{x} {y}");
        }
        for (x, y) in [
            (json!({"a": 1}), json!({"a": null})),
            (json!([]), json!([1])),
        ] {
            assert_ne!(shape(&x), shape(&y), "{x} {y}");
        }
    }

    #[test]
    fn differences_have_paths() {
        let x = json!({"items": [{"a": 1}, {"a": 2}], "n": 1});
        let cases = [
            (
                json!({"items": [{"a": 1}, {"a": 3}], "n": 1}),
                Some("/items/1/a: expected 2, found 3"),
            ),
            (
                json!({"items": [{"a": 1}, {"a": 2}]}),
                Some("/n: is missing"),
            ),
            (json!({"n": 1, "items": [{"a": 1}, {"a": 2}]}), None),
        ];
        for (y, expected) in cases {
            assert_eq!(difference(&x, &y, "").as_deref(), expected, "{y}");
        }
    }

    #[test]
    fn ignored_paths_are_taken_out() {
        let mut value = json!({"keys": [{"kid": 1, "x": 2}, {"kid": 3}], "kid": 4});
        remove(&mut value, &["keys", "*", "kid"]);
        assert_eq!(value, json!({"keys": [{"x": 2}, {}], "kid": 4}));
    }

    #[test]
    fn texts_and_unknown_items_are_taken_out() {
        let mut value = json!([{"id": 1, "note": "a", "of": {"note": {"note": "b"}}}, {"id": 2}]);
        remove_texts(&mut value, &["note".to_owned()]);
        let expected = json!([{"id": 1, "of": {"note": {}}}, {"id": 2}]);
        assert_eq!(value, expected);
        drop_unknown(&mut value, &json!([{"id": 2}, {"id": 3}]), "id");
        assert_eq!(value, json!([{"id": 2}]));
    }
}
