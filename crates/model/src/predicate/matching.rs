//! Predicates over JSON values in memory.

use serde_json::Value;

use super::{Matcher, Predicate, Primitive};
use crate::javascript::{scalar_text, write_number};

impl Predicate {
    /// Whether the value fulfils the predicate.
    ///
    /// Texts compare without regard to case, numbers as text, null equals nothing. A field path
    /// may lead through keys that contain dots, but not into lists.
    pub fn matches(&self, value: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(value)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(value)),
            Self::Not(part) => !part.matches(value),
            Self::Fields(fields) => fields
                .iter()
                .all(|(path, matcher)| matcher.matches(value_at(value, path))),
            Self::Value(primitive) => primitive.equals(value),
        }
    }
}

impl Matcher {
    fn matches(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::Exists(false));
        };
        match self {
            Self::Equals(primitive) => primitive.equals(value),
            Self::Exists(exists) => *exists,
            Self::In(values) => values.iter().any(|primitive| primitive.equals(value)),
            Self::Contains(predicate) => value
                .as_array()
                .is_some_and(|items| items.iter().any(|v| predicate.matches(v))),
            Self::HasPrefix(prefix) => value
                .as_str()
                .is_some_and(|text| upper_starts_with(text, prefix)),
        }
    }
}

impl Primitive {
    fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::String(text), Value::String(other)) => equal_ignoring_case(text, other),
            (Self::Bool(bool), Value::Bool(other)) => bool == other,
            (Self::Number(number), other) => {
                let mut text = String::new();
                write_number(&mut text, number);
                scalar_text(other).is_some_and(|other| other == text)
            }
            (Self::String(text), other @ Value::Number(_)) => {
                scalar_text(other).is_some_and(|other| other == *text)
            }
            _ => false,
        }
    }
}

fn equal_ignoring_case(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
        || (!(a.is_ascii() && b.is_ascii()) && a.to_uppercase() == b.to_uppercase())
}

fn upper_starts_with(text: &str, prefix: &str) -> bool {
    text.to_uppercase().starts_with(&prefix.to_uppercase())
}

/// The value at a dotted path; the first way through the keys that leads somewhere wins.
fn value_at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return None;
    }
    value.as_object()?.iter().find_map(|(key, member)| {
        let rest = path.strip_prefix(key.as_str())?;
        if rest.is_empty() {
            Some(member)
        } else {
            value_at(member, rest.strip_prefix('.')?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_in_memory() {
        let entity = json!({
            "kind": "Component",
            "metadata": {
                "name": "Größe",
                "tags": ["java", "Core"],
                "annotations": {"backstage.io/orphan": "true", "a": {"b.c": 1}, "a.b": {"d": 2}},
            },
            "spec": {"n": 42, "f": 1.5, "s": "42", "yes": true, "none": null},
            "relations": [{"type": "ownedBy", "targetRef": "group:default/a"}],
        });
        for (query, expected) in [
            (json!({}), true),
            (json!({"kind": "COMPONENT"}), true),
            (json!({"kind": "comp"}), false),
            (json!({"metadata.name": "GRÖSSE"}), true),
            (
                json!({"metadata.annotations.backstage.io/orphan": "true"}),
                true,
            ),
            (
                json!({"metadata.annotations.backstage.io/orphan": true}),
                false,
            ),
            (json!({"metadata.annotations.a.b.c": 1}), true),
            (json!({"metadata.annotations.a.b.d": 2}), true),
            (json!({"spec.n": 42}), true),
            (json!({"spec.n": "42"}), true),
            (json!({"spec.s": 42}), true),
            (json!({"spec.f": 1.5}), true),
            (json!({"spec.yes": true}), true),
            (json!({"spec.yes": "true"}), false),
            (json!({"spec.none": "null"}), false),
            (json!({"spec.none": {"$exists": true}}), true),
            (json!({"spec.nope": {"$exists": false}}), true),
            (json!({"spec.nope": "x"}), false),
            (json!({"": {"$exists": true}}), false),
            (json!({"metadata.tags": "java"}), false),
            (json!({"metadata.tags": {"$contains": "core"}}), true),
            (json!({"metadata.tags": {"$contains": "cor"}}), false),
            (json!({"metadata.tags.0": "java"}), false),
            (
                json!({"relations": {"$contains": {"type": "OWNEDBY", "targetRef": {"$hasPrefix": "group:"}}}}),
                true,
            ),
            (json!({"metadata.name": {"$hasPrefix": "grö"}}), true),
            (json!({"spec.n": {"$hasPrefix": "4"}}), false),
            (json!({"kind": {"$in": ["x", "component"]}}), true),
            (json!({"kind": {"$in": []}}), false),
            (json!({"$all": []}), true),
            (json!({"$any": []}), false),
            (json!({"$not": {"kind": "api"}}), true),
            (json!({"$any": [{"kind": "api"}, {"spec.n": 42}]}), true),
            (json!({"$all": [{"kind": "api"}, {"spec.n": 42}]}), false),
        ] {
            let predicate = Predicate::parse(&query).unwrap();
            assert_eq!(predicate.matches(&entity), expected, "{query}");
        }
    }
}
