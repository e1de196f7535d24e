//! From predicates to filters over search rows.

use serde_json::Value;

use super::{Matcher, Predicate, Primitive};
use crate::error_info::InputError;
use crate::filter::Filter;
use crate::javascript::lower;

impl Predicate {
    /// The filter over search rows that means the same.
    ///
    /// Not everything that can be said can be asked of rows: `$contains` with an object works for
    /// `relations` only, and a value without a field means nothing.
    pub fn to_filter(&self) -> Result<Filter, InputError> {
        let filters = |parts: &[Self]| {
            parts
                .iter()
                .map(Self::to_filter)
                .collect::<Result<Vec<_>, _>>()
        };
        match self {
            Self::All(parts) => Ok(Filter::All(filters(parts)?)),
            Self::Any(parts) => Ok(Filter::Any(filters(parts)?)),
            Self::Not(part) => Ok(Filter::Not(Box::new(part.to_filter()?))),
            Self::Fields(fields) => match fields.as_slice() {
                [(key, matcher)] => field_filter(key, matcher),
                fields => {
                    let parts = fields
                        .iter()
                        .map(|(key, matcher)| field_filter(key, matcher));
                    Ok(Filter::All(parts.collect::<Result<_, _>>()?))
                }
            },
            Self::Value(primitive) => Err(InputError::new(format!(
                "Invalid filter predicate: top-level primitive values are not supported. \
                 Wrap the value in a field expression, e.g. {{ \"kind\": {} }}",
                primitive.to_json()
            ))),
        }
    }
}

fn field_filter(key: &str, matcher: &Matcher) -> Result<Filter, InputError> {
    let key = lower(key).into_owned();
    match matcher {
        Matcher::Equals(value) => Ok(Filter::In {
            key,
            values: vec![value.to_row_value()],
        }),
        Matcher::Exists(true) => Ok(Filter::Exists(key)),
        Matcher::Exists(false) => Ok(Filter::Not(Box::new(Filter::Exists(key)))),
        Matcher::In(values) => Ok(Filter::In {
            key,
            values: values.iter().map(Primitive::to_row_value).collect(),
        }),
        Matcher::HasPrefix(prefix) => Ok(Filter::Prefix {
            key,
            prefix: lower(prefix).into_owned(),
        }),
        Matcher::Contains(predicate) => match &**predicate {
            Predicate::Value(value) => Ok(Filter::In {
                key,
                values: vec![value.to_row_value()],
            }),
            object if key == "relations" => relation_filter(object),
            _ => Err(InputError::new(format!(
                "Object form of $contains is not supported for field \"{key}\""
            ))),
        },
    }
}

/// `{relations: {$contains: {type: .., targetRef: ..}}}`.
fn relation_filter(predicate: &Predicate) -> Result<Filter, InputError> {
    let fields = match predicate {
        Predicate::Fields(fields) => fields,
        Predicate::All(_) => return Err(unsupported_key("$all")),
        Predicate::Any(_) => return Err(unsupported_key("$any")),
        Predicate::Not(_) | Predicate::Value(_) => return Err(unsupported_key("$not")),
    };
    let (mut relation_type, mut targets) = (None, None);
    for (key, matcher) in fields {
        let taken = match key.to_lowercase().as_str() {
            "type" => relation_type.replace(type_name(matcher)?).is_some(),
            "targetref" => targets.replace(target_refs(matcher)?).is_some(),
            _ => return Err(unsupported_key(key)),
        };
        if taken {
            return Err(InputError::new(format!(
                "Duplicate key \"{key}\" in $contains for \"relations\""
            )));
        }
    }
    let relation_type = relation_type
        .filter(|name| !name.is_empty())
        .ok_or_else(missing_type)?;
    let key = format!("relations.{}", relation_type.to_lowercase());
    Ok(match targets {
        Some(values) => Filter::In { key, values },
        None => Filter::Exists(key),
    })
}

fn type_name(matcher: &Matcher) -> Result<&str, InputError> {
    match matcher {
        Matcher::Equals(Primitive::String(name)) => Ok(name),
        _ => Err(missing_type()),
    }
}

fn target_refs(matcher: &Matcher) -> Result<Vec<String>, InputError> {
    let text = |value: &Primitive| match value {
        Primitive::String(text) => Some(lower(text).into_owned()),
        Primitive::Number(_) | Primitive::Bool(_) => None,
    };
    let refs = match matcher {
        Matcher::Equals(value) => text(value).map(|reference| vec![reference]),
        Matcher::In(values) if values.is_empty() => {
            return Err(InputError::new(
                "Empty \"$in\" array for $contains on \"relations\" is not allowed",
            ));
        }
        Matcher::In(values) => values.iter().map(text).collect(),
        Matcher::Exists(_) | Matcher::Contains(_) | Matcher::HasPrefix(_) => None,
    };
    refs.ok_or_else(|| unsupported_target(&matcher.to_json()))
}

fn unsupported_target(actual: &Value) -> InputError {
    InputError::new(format!(
        "Unsupported value in $contains for \"relations\": \
         expected a string or {{ \"$in\": [strings] }}, but got {actual}"
    ))
}

fn unsupported_key(key: &str) -> InputError {
    InputError::new(format!(
        "Unsupported key \"{key}\" in $contains for \"relations\". \
         Only \"type\" and \"targetRef\" are supported"
    ))
}

fn missing_type() -> InputError {
    InputError::new("The $contains operator for \"relations\" requires a \"type\" string property")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lowered(query: &Value) -> Result<Filter, String> {
        Predicate::parse(query)
            .unwrap()
            .to_filter()
            .map_err(|error| error.message)
    }

    fn one_of(key: &str, values: &[&str]) -> Filter {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Filter::In {
            key: key.to_owned(),
            values,
        }
    }

    #[test]
    fn every_operator_has_a_filter() {
        for (query, expected) in [
            (json!({}), Filter::everything()),
            (json!({"$all": []}), Filter::everything()),
            (json!({"$any": []}), Filter::nothing()),
            (json!({"Kind": "API"}), one_of("kind", &["api"])),
            (json!({"a": 1.0}), one_of("a", &["1"])),
            (json!({"a": true}), one_of("a", &["true"])),
            (
                json!({"a": 1, "b": 2}),
                Filter::All(vec![one_of("a", &["1"]), one_of("b", &["2"])]),
            ),
            (json!({"a": {"$in": []}}), one_of("a", &[])),
            (json!({"a": {"$in": ["X", 2]}}), one_of("a", &["x", "2"])),
            (json!({"a": {"$exists": true}}), Filter::exists("a")),
            (
                json!({"a": {"$exists": false}}),
                Filter::Not(Box::new(Filter::exists("a"))),
            ),
            (
                json!({"a": {"$hasPrefix": "Ab%_"}}),
                Filter::Prefix {
                    key: "a".to_owned(),
                    prefix: "ab%_".to_owned(),
                },
            ),
            (json!({"a": {"$contains": "X"}}), one_of("a", &["x"])),
            (
                json!({"relations": {"$contains": {"type": "ownedBy", "targetRef": "Group:default/A"}}}),
                one_of("relations.ownedby", &["group:default/a"]),
            ),
            (
                json!({"Relations": {"$contains": {"TYPE": "x", "targetref": {"$in": ["a", "B"]}}}}),
                one_of("relations.x", &["a", "b"]),
            ),
            (
                json!({"relations": {"$contains": {"type": "x"}}}),
                Filter::exists("relations.x"),
            ),
            (
                json!({"$not": {"$any": [{"a": 1}]}}),
                Filter::Not(Box::new(Filter::Any(vec![one_of("a", &["1"])]))),
            ),
        ] {
            assert_eq!(lowered(&query).unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn messages_of_what_rows_cannot_answer() {
        let relation = |target: Value| json!({"relations": {"$contains": target}});
        let no_type =
            "The $contains operator for \"relations\" requires a \"type\" string property";
        for (query, expected) in [
            (
                json!({"$not": "x"}),
                "Invalid filter predicate: top-level primitive values are not supported. Wrap the value in a field expression, e.g. { \"kind\": \"x\" }",
            ),
            (
                json!({"Tags": {"$contains": {"a": 1}}}),
                "Object form of $contains is not supported for field \"tags\"",
            ),
            (relation(json!({})), no_type),
            (relation(json!({"type": ""})), no_type),
            (relation(json!({"type": 5})), no_type),
            (
                relation(json!({"type": "a", "x": 1})),
                "Unsupported key \"x\" in $contains for \"relations\". Only \"type\" and \"targetRef\" are supported",
            ),
            (
                relation(json!({"$all": []})),
                "Unsupported key \"$all\" in $contains for \"relations\". Only \"type\" and \"targetRef\" are supported",
            ),
            (
                relation(json!({"type": "a", "Type": "b"})),
                "Duplicate key \"Type\" in $contains for \"relations\"",
            ),
            (
                relation(json!({"type": "a", "targetRef": {"$in": []}})),
                "Empty \"$in\" array for $contains on \"relations\" is not allowed",
            ),
            (
                relation(json!({"type": "a", "targetRef": {"$exists": true}})),
                "Unsupported value in $contains for \"relations\": expected a string or { \"$in\": [strings] }, but got {\"$exists\":true}",
            ),
        ] {
            assert_eq!(lowered(&query).unwrap_err(), expected, "{query}");
        }
    }
}
