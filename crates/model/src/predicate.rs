//! Predicates: the `query` objects of POST requests, of cursors and of permission rules.
//!
//! A [`Predicate`] is what the JSON says. It lowers into a [`Filter`] over search rows for the
//! index, and matches JSON values in memory with [`Predicate::matches`]. Both follow Backstage,
//! which treats the two differently: rows know only lower-case text, memory knows JSON types.

mod explain;
mod lowering;
mod matching;

use serde_json::{Map, Number, Value, json};

use crate::error_info::InputError;
use crate::javascript::{lower, write_number};

#[cfg(doc)]
use crate::filter::Filter;

/// Deepest nesting of operators.
const MAX_DEPTH: usize = 64;
/// Most operators, fields and values of one predicate.
const MAX_NODES: usize = 20_000;

/// A condition on a JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// Every part holds; an empty list is true.
    All(Vec<Predicate>),
    /// At least one part holds; an empty list is false.
    Any(Vec<Predicate>),
    /// The part does not hold.
    Not(Box<Predicate>),
    /// Every named field matches; an empty list is true.
    Fields(Vec<(String, Matcher)>),
    /// The value itself equals this one; only inside `$contains`.
    Value(Primitive),
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// The field has this value.
    Equals(Primitive),
    /// The field is there, or is not there.
    Exists(bool),
    /// The field has one of these values.
    In(Vec<Primitive>),
    /// The field is a list with an item that matches.
    Contains(Box<Predicate>),
    /// The field is a text that starts with this one.
    HasPrefix(String),
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Primitive {
    /// Compared without regard to case.
    String(String),
    /// Compared as text.
    Number(Number),
    /// Compared as a boolean in memory and as text in search rows.
    Bool(bool),
}

impl Predicate {
    /// Reads a `query` object.
    pub fn parse(query: &Value) -> Result<Self, InputError> {
        let mut parser = Parser { budget: MAX_NODES };
        match parser.predicate(query, 0) {
            Ok(Self::Value(_)) => Err(InputError::new("Query must be an object")),
            Ok(predicate) => Ok(predicate),
            Err(Rejection::TooLarge) => Err(InputError::new(format!(
                "Invalid query: Validation error: Query is too large, \
                 at most {MAX_DEPTH} levels and {MAX_NODES} conditions"
            ))),
            Err(Rejection::Malformed) => Err(InputError::new(format!(
                "Invalid query: {}",
                explain::explain(query)
            ))),
        }
    }

    /// The JSON form, as it appears in cursors.
    pub fn to_json(&self) -> Value {
        let list = |parts: &[Self]| Value::Array(parts.iter().map(Self::to_json).collect());
        match self {
            Self::All(parts) => json!({ "$all": list(parts) }),
            Self::Any(parts) => json!({ "$any": list(parts) }),
            Self::Not(part) => json!({ "$not": part.to_json() }),
            Self::Fields(fields) => {
                let members = fields
                    .iter()
                    .map(|(key, matcher)| (key.clone(), matcher.to_json()));
                Value::Object(members.collect::<Map<_, _>>())
            }
            Self::Value(primitive) => primitive.to_json(),
        }
    }
}

impl Matcher {
    fn to_json(&self) -> Value {
        match self {
            Self::Equals(primitive) => primitive.to_json(),
            Self::Exists(exists) => json!({ "$exists": exists }),
            Self::In(values) => {
                json!({ "$in": values.iter().map(Primitive::to_json).collect::<Vec<_>>() })
            }
            Self::Contains(predicate) => json!({ "$contains": predicate.to_json() }),
            Self::HasPrefix(prefix) => json!({ "$hasPrefix": prefix }),
        }
    }
}

impl Primitive {
    fn parse(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::String(text.clone())),
            Value::Number(number) => Some(Self::Number(number.clone())),
            Value::Bool(bool) => Some(Self::Bool(*bool)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::String(text) => Value::from(text.as_str()),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Bool(bool) => Value::Bool(*bool),
        }
    }

    /// The value as search rows hold it: lower-case text.
    pub fn to_row_value(&self) -> String {
        match self {
            Self::String(text) => lower(text).into_owned(),
            Self::Bool(bool) => bool.to_string(),
            Self::Number(number) => {
                let mut text = String::new();
                write_number(&mut text, number);
                text
            }
        }
    }
}

/// Why a value is no predicate.
enum Rejection {
    Malformed,
    TooLarge,
}

/// Accepts exactly what the schema of Backstage accepts, in one pass.
struct Parser {
    budget: usize,
}

impl Parser {
    fn spend(&mut self, depth: usize) -> Result<(), Rejection> {
        self.budget = self.budget.checked_sub(1).ok_or(Rejection::TooLarge)?;
        if depth > MAX_DEPTH {
            Err(Rejection::TooLarge)
        } else {
            Ok(())
        }
    }

    fn predicate(&mut self, value: &Value, depth: usize) -> Result<Predicate, Rejection> {
        self.spend(depth)?;
        let Value::Object(members) = value else {
            return Primitive::parse(value)
                .map(Predicate::Value)
                .ok_or(Rejection::Malformed);
        };
        if members.keys().all(|key| is_field_key(key)) {
            let field = |(key, value): (&String, &Value)| {
                Ok((key.clone(), self.matcher(value, depth + 1)?))
            };
            return Ok(Predicate::Fields(
                members.iter().map(field).collect::<Result<_, _>>()?,
            ));
        }
        let mut entries = members.iter();
        let (Some((operator, operand)), None) = (entries.next(), entries.next()) else {
            return Err(Rejection::Malformed);
        };
        match operator.as_str() {
            "$all" => Ok(Predicate::All(self.predicates(operand, depth)?)),
            "$any" => Ok(Predicate::Any(self.predicates(operand, depth)?)),
            "$not" => Ok(Predicate::Not(Box::new(
                self.predicate(operand, depth + 1)?,
            ))),
            _ => Err(Rejection::Malformed),
        }
    }

    fn predicates(&mut self, value: &Value, depth: usize) -> Result<Vec<Predicate>, Rejection> {
        let items = value.as_array().ok_or(Rejection::Malformed)?;
        items
            .iter()
            .map(|item| self.predicate(item, depth + 1))
            .collect()
    }

    /// The first operator that fits wins; keys beside it are ignored.
    fn matcher(&mut self, value: &Value, depth: usize) -> Result<Matcher, Rejection> {
        self.spend(depth)?;
        let Value::Object(members) = value else {
            return Primitive::parse(value)
                .map(Matcher::Equals)
                .ok_or(Rejection::Malformed);
        };
        if let Some(Value::Bool(exists)) = members.get("$exists") {
            return Ok(Matcher::Exists(*exists));
        }
        if let Some(Value::Array(items)) = members.get("$in") {
            self.budget = self
                .budget
                .checked_sub(items.len())
                .ok_or(Rejection::TooLarge)?;
            if let Some(values) = items.iter().map(Primitive::parse).collect() {
                return Ok(Matcher::In(values));
            }
        }
        if let Some(operand) = members.get("$contains") {
            match self.predicate(operand, depth + 1) {
                Ok(predicate) => return Ok(Matcher::Contains(Box::new(predicate))),
                Err(Rejection::TooLarge) => return Err(Rejection::TooLarge),
                Err(Rejection::Malformed) => {}
            }
        }
        match members.get("$hasPrefix") {
            Some(Value::String(prefix)) => Ok(Matcher::HasPrefix(prefix.clone())),
            _ => Err(Rejection::Malformed),
        }
    }
}

/// Whether a key names a field; operators start with a dollar sign.
fn is_field_key(key: &str) -> bool {
    !key.starts_with(['$', '\n', '\r'])
        && !key
            .chars()
            .skip(1)
            .any(|c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}'))
}

#[cfg(test)]
mod tests;
