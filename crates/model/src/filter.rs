//! Filter and order expressions over the flattened search rows of an entity.
//!
//! Wire syntaxes (`filter=` parameters, predicate `query` objects) and permission conditions all
//! lower into [`Filter`]; the index knows nothing else. Reference 1, sections C.2, C.3 and C.7.

use serde::{Deserialize, Serialize};

/// A boolean expression over `(key, value)` search rows.
///
/// Keys and values are lower case; constructors of this crate take care of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Every part holds; an empty list is true.
    All(Vec<Filter>),
    /// At least one part holds; an empty list is false.
    Any(Vec<Filter>),
    /// The part does not hold.
    Not(Box<Filter>),
    /// The entity has at least one row with this key, whatever its value (null included).
    Exists(String),
    /// The entity has a row with this key and one of these values.
    In {
        /// Lower-cased key.
        key: String,
        /// Lower-cased values; an empty list matches nothing.
        values: Vec<String>,
    },
    /// The entity has a row with this key and a value that starts with the prefix.
    Prefix {
        /// Lower-cased key.
        key: String,
        /// Lower-cased prefix.
        prefix: String,
    },
}

/// Sort direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// One field to order by, as it appears on the wire and inside cursors.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderField {
    /// Search key as the client wrote it, for example `metadata.name`.
    pub field: String,
    /// Direction of the order.
    pub order: Direction,
}

impl Filter {
    /// The filter that every entity passes.
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// The filter that no entity passes.
    pub fn nothing() -> Self {
        Self::Any(Vec::new())
    }

    /// `key` has `value`, compared case-insensitively.
    pub fn equals(key: &str, value: &str) -> Self {
        Self::In {
            key: key.to_lowercase(),
            values: vec![value.to_lowercase()],
        }
    }

    /// `key` is present, compared case-insensitively.
    pub fn exists(key: &str) -> Self {
        Self::Exists(key.to_lowercase())
    }

    /// Both filters hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(mut left), Self::All(right)) => {
                left.extend(right);
                Self::All(left)
            }
            (Self::All(mut left), right) => {
                left.push(right);
                Self::All(left)
            }
            (left, Self::All(mut right)) => {
                right.insert(0, left);
                Self::All(right)
            }
            (left, right) => Self::All(vec![left, right]),
        }
    }

    /// Whether an entity with these search rows passes: the plain definition of a filter, which
    /// the index must agree with.
    pub fn matches_rows<K, V>(&self, rows: &[(K, Option<V>)]) -> bool
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let any_value = |key: &str, accepts: &dyn Fn(&str) -> bool| {
            let mut values = rows.iter().filter(|(known, _)| known.as_ref() == key);
            values.any(|(_, value)| value.as_ref().is_some_and(|value| accepts(value.as_ref())))
        };
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches_rows(rows)),
            Self::Any(parts) => parts.iter().any(|part| part.matches_rows(rows)),
            Self::Not(part) => !part.matches_rows(rows),
            Self::Exists(key) => rows.iter().any(|(known, _)| known.as_ref() == key),
            Self::In { key, values } => any_value(key, &|value| values.iter().any(|v| v == value)),
            Self::Prefix { key, prefix } => any_value(key, &|value| value.starts_with(prefix)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_matched_one_by_one() {
        let rows = [
            ("kind", Some("api")),
            ("tags", Some("a")),
            ("tags", Some("b")),
            ("none", None),
        ];
        for (filter, expected) in [
            (Filter::everything(), true),
            (Filter::nothing(), false),
            (Filter::equals("Kind", "API"), true),
            (Filter::equals("tags", "b"), true),
            (Filter::equals("none", ""), false),
            (Filter::exists("none"), true),
            (Filter::exists("nope"), false),
            (Filter::Not(Box::new(Filter::exists("nope"))), true),
            (
                Filter::In {
                    key: "kind".to_owned(),
                    values: Vec::new(),
                },
                false,
            ),
            (
                Filter::Prefix {
                    key: "kind".to_owned(),
                    prefix: "ap".to_owned(),
                },
                true,
            ),
            (
                Filter::Prefix {
                    key: "none".to_owned(),
                    prefix: String::new(),
                },
                false,
            ),
            (
                Filter::equals("tags", "a").and(Filter::equals("tags", "b")),
                true,
            ),
            (
                Filter::equals("tags", "a").and(Filter::equals("tags", "c")),
                false,
            ),
        ] {
            assert_eq!(filter.matches_rows(&rows), expected, "{filter:?}");
        }
    }
}
