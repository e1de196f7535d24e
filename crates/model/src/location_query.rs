//! Predicates over registered locations (`POST /locations/by-query`).
//!
//! Same syntax as entity predicates, other meaning: only four fields exist, `$contains` never
//! matches, and an empty `$all` matches nothing.

use serde_json::Value;

use crate::error_info::InputError;
use crate::predicate::{Matcher, Predicate, Primitive};

/// What a location can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocationFields<'a> {
    /// Id of the registration.
    pub id: &'a str,
    /// Type, for example `url`.
    pub location_type: &'a str,
    /// Target.
    pub target: &'a str,
    /// Reference of the Location entity.
    pub entity_ref: &'a str,
}

/// A checked predicate over locations.
#[derive(Debug, Clone, PartialEq)]
pub struct LocationQuery {
    predicate: Predicate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Type,
    Target,
    EntityRef,
}

impl LocationQuery {
    /// Reads a `query` object.
    pub fn parse(query: &Value) -> Result<Self, InputError> {
        Self::try_from(Predicate::parse(query)?)
    }

    /// Whether the location fulfils the query.
    pub fn matches(&self, location: &LocationFields<'_>) -> bool {
        holds(&self.predicate, location)
    }

    /// The predicate, as cursors carry it.
    pub fn predicate(&self) -> &Predicate {
        &self.predicate
    }
}

impl TryFrom<Predicate> for LocationQuery {
    type Error = InputError;

    fn try_from(predicate: Predicate) -> Result<Self, InputError> {
        check(&predicate)?;
        Ok(Self { predicate })
    }
}

fn check(predicate: &Predicate) -> Result<(), InputError> {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().try_for_each(check),
        Predicate::Not(part) => check(part),
        Predicate::Fields(fields) => fields.iter().try_for_each(|(key, _)| match field(key) {
            Some(_) => Ok(()),
            None => Err(InputError::new(format!(
                "Invalid filter predicate, expected key to be \
                 'id', 'type', 'target', or 'entityRef', got '{key}'"
            ))),
        }),
        Predicate::Value(_) => Err(InputError::new(
            "Invalid filter predicate, expected an object",
        )),
    }
}

fn field(key: &str) -> Option<Field> {
    match key.to_lowercase().as_str() {
        "id" => Some(Field::Id),
        "type" => Some(Field::Type),
        "target" => Some(Field::Target),
        "entityref" => Some(Field::EntityRef),
        _ => None,
    }
}

fn holds(predicate: &Predicate, location: &LocationFields<'_>) -> bool {
    match predicate {
        Predicate::All(parts) => {
            !parts.is_empty() && parts.iter().all(|part| holds(part, location))
        }
        Predicate::Any(parts) => parts.iter().any(|part| holds(part, location)),
        Predicate::Not(part) => !holds(part, location),
        Predicate::Fields(fields) => fields.iter().all(|(key, matcher)| {
            field(key).is_some_and(|field| field_holds(field, matcher, location))
        }),
        Predicate::Value(_) => false,
    }
}

fn field_holds(field: Field, matcher: &Matcher, location: &LocationFields<'_>) -> bool {
    let actual = match field {
        Field::Id => location.id,
        Field::Type => location.location_type,
        Field::Target => location.target,
        Field::EntityRef => location.entity_ref,
    };
    match matcher {
        Matcher::Equals(value) => same(actual, value),
        Matcher::Exists(exists) => *exists,
        // Lists of ids are the one comparison that Backstage makes case-sensitive.
        Matcher::In(values) if field == Field::Id => values
            .iter()
            .any(|value| matches!(value, Primitive::String(id) if id == actual)),
        Matcher::In(values) => values.iter().any(|value| same(actual, value)),
        Matcher::HasPrefix(prefix) => actual.to_uppercase().starts_with(&prefix.to_uppercase()),
        Matcher::Contains(_) => false,
    }
}

fn same(actual: &str, value: &Primitive) -> bool {
    let upper = match value {
        Primitive::String(text) => text.to_uppercase(),
        Primitive::Number(_) | Primitive::Bool(_) => value.to_row_value().to_uppercase(),
    };
    actual.to_uppercase() == upper
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn locations_are_matched_by_their_four_fields() {
        let location = LocationFields {
            id: "ab-1",
            location_type: "url",
            target: "https://Host/a.yaml",
            entity_ref: "location:default/generated-1",
        };
        for (query, expected) in [
            (json!({}), true),
            (json!({"type": "URL"}), true),
            // Recorded: cat-loc-query-filter.
            (json!({"type": "file"}), false),
            (json!({"TYPE": "url", "Id": "AB-1"}), true),
            (json!({"id": {"$in": ["ab-1"]}}), true),
            (json!({"id": {"$in": ["AB-1"]}}), false),
            (
                json!({"target": {"$in": ["x", "https://host/A.yaml"]}}),
                true,
            ),
            (json!({"target": {"$in": []}}), false),
            (json!({"target": {"$hasPrefix": "HTTPS://host"}}), true),
            (json!({"entityRef": {"$exists": true}}), true),
            (json!({"entityRef": {"$exists": false}}), false),
            (json!({"type": {"$contains": "url"}}), false),
            (json!({"type": 5}), false),
            (json!({"$all": []}), false),
            (json!({"$any": []}), false),
            (json!({"$not": {"$any": []}}), true),
            (json!({"$any": [{"type": "file"}, {"id": "ab-1"}]}), true),
            (json!({"$all": [{"type": "file"}, {"id": "ab-1"}]}), false),
        ] {
            let parsed = LocationQuery::parse(&query).unwrap();
            assert_eq!(parsed.matches(&location), expected, "{query}");
            assert_eq!(parsed.predicate().to_json(), query);
        }
    }

    #[test]
    fn messages_of_bad_queries() {
        for (query, expected) in [
            (
                json!({"$not": {"kind": "x"}}),
                "Invalid filter predicate, expected key to be 'id', 'type', 'target', or 'entityRef', got 'kind'",
            ),
            (
                json!({"$any": ["x"]}),
                "Invalid filter predicate, expected an object",
            ),
            (json!("x"), "Query must be an object"),
        ] {
            assert_eq!(
                LocationQuery::parse(&query).unwrap_err().message,
                expected,
                "{query}"
            );
        }
    }
}
