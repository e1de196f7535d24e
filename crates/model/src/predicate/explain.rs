//! Why a value is no predicate, in the words Backstage's schema library uses.
//!
//! Accepting and rejecting is done elsewhere, in linear time. This walk retraces how a union of
//! schemas fails, alternative by alternative, and therefore may be expensive: it is cut off.

use std::fmt::Write;

use serde_json::Value;

use super::is_field_key;

/// Most schema checks spent on one explanation.
const MAX_STEPS: usize = 5_000;
/// Longest explanation, in bytes.
const MAX_LENGTH: usize = 16 * 1024;
/// Most issues the library joins into one message.
const MAX_ISSUES: usize = 99;

/// The message for a value that no alternative of the predicate schema accepts.
pub(super) fn explain(query: &Value) -> String {
    let mut walk = Walk {
        path: Vec::new(),
        steps: MAX_STEPS,
    };
    let outcome = walk.check(Schema::Predicate, Some(query));
    let text = outcome.issues[..outcome.issues.len().min(MAX_ISSUES)].join("; ");
    if walk.steps == 0 || text.len() > MAX_LENGTH || text.is_empty() {
        return "Validation error: Invalid input".to_owned();
    }
    format!("Validation error: {text}")
}

/// The schemas a predicate consists of.
#[derive(Clone, Copy)]
enum Schema {
    Text,
    Number,
    Boolean,
    Never,
    Primitive,
    Predicate,
    Expression,
    /// An object of fields.
    FieldRecord,
    /// An object of operators, none of which is ever accepted.
    OperatorRecord,
    Matcher,
    /// A list of the given items.
    PrimitiveList,
    PredicateList,
    /// An object with one required member; `strict` objects allow no other.
    Operator {
        key: &'static str,
        strict: bool,
    },
}

impl Schema {
    /// The alternatives of a union.
    fn alternatives(self) -> &'static [Self] {
        const fn operator(key: &'static str, strict: bool) -> Schema {
            Schema::Operator { key, strict }
        }
        match self {
            Self::Primitive => &[Self::Text, Self::Number, Self::Boolean],
            Self::Expression => &[Self::FieldRecord, Self::OperatorRecord],
            Self::Predicate => {
                const {
                    &[
                        Self::Expression,
                        Self::Primitive,
                        operator("$all", true),
                        operator("$any", true),
                        operator("$not", true),
                    ]
                }
            }
            Self::Matcher => {
                const {
                    &[
                        Self::Primitive,
                        operator("$exists", false),
                        operator("$in", false),
                        operator("$contains", false),
                        operator("$hasPrefix", false),
                    ]
                }
            }
            _ => &[],
        }
    }

    /// What an operator expects of its operand.
    fn operand(key: &str) -> Self {
        match key {
            "$all" | "$any" => Self::PredicateList,
            "$not" | "$contains" => Self::Predicate,
            "$exists" => Self::Boolean,
            "$in" => Self::PrimitiveList,
            _ => Self::Text,
        }
    }
}

/// How a schema judged a value; a dirty value has the right shape but breaks a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Valid,
    Dirty,
    Invalid,
}

struct Outcome {
    status: Status,
    issues: Vec<String>,
}

impl Outcome {
    fn valid() -> Self {
        Self {
            status: Status::Valid,
            issues: Vec::new(),
        }
    }

    fn add(&mut self, other: Self) {
        self.status = self.status.max(other.status);
        self.issues.extend(other.issues);
    }
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Key(&'a str),
    Index(usize),
}

struct Walk<'a> {
    path: Vec<Segment<'a>>,
    steps: usize,
}

impl<'a> Walk<'a> {
    fn check(&mut self, schema: Schema, value: Option<&'a Value>) -> Outcome {
        if self.steps == 0 {
            return self.issue(Status::Invalid, "Invalid input");
        }
        self.steps -= 1;
        match schema {
            Schema::Text => self.typed(value, "string", Value::is_string),
            Schema::Number => self.typed(value, "number", Value::is_number),
            Schema::Boolean => self.typed(value, "boolean", Value::is_boolean),
            Schema::Never => self.typed(value, "never", |_| false),
            Schema::Primitive | Schema::Predicate | Schema::Expression | Schema::Matcher => {
                self.union(schema.alternatives(), value)
            }
            Schema::FieldRecord => self.record(value, is_field_key, Schema::Matcher),
            Schema::OperatorRecord => self.record(value, |key| key.starts_with('$'), Schema::Never),
            Schema::PrimitiveList => self.list(value, Schema::Primitive),
            Schema::PredicateList => self.list(value, Schema::Predicate),
            Schema::Operator { key, strict } => self.operator(value, key, strict),
        }
    }

    fn typed(&self, value: Option<&Value>, expected: &str, accepts: fn(&Value) -> bool) -> Outcome {
        match value {
            Some(value) if accepts(value) => Outcome::valid(),
            Some(value) => {
                let received = type_name(value);
                self.issue(
                    Status::Invalid,
                    &format!("Expected {expected}, received {received}"),
                )
            }
            None => self.issue(Status::Invalid, "Required"),
        }
    }

    /// The first valid alternative wins, else the first dirty one, else all failed.
    fn union(&mut self, alternatives: &[Schema], value: Option<&'a Value>) -> Outcome {
        let mut dirty = None;
        let mut texts: Vec<String> = Vec::new();
        for schema in alternatives {
            let outcome = self.check(*schema, value);
            let text = outcome.issues.join("; ");
            match outcome.status {
                Status::Valid => return outcome,
                Status::Dirty if dirty.is_none() => dirty = Some(outcome),
                Status::Dirty | Status::Invalid => {}
            }
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        dirty.unwrap_or_else(|| Outcome {
            status: Status::Invalid,
            issues: vec![texts.join(", or ")],
        })
    }

    fn record(
        &mut self,
        value: Option<&'a Value>,
        accepts_key: fn(&str) -> bool,
        schema: Schema,
    ) -> Outcome {
        let Some(Value::Object(members)) = value else {
            return self.typed(value, "object", |_| false);
        };
        let mut outcome = Outcome::valid();
        for (key, member) in members {
            self.path.push(Segment::Key(key));
            if !accepts_key(key) {
                outcome.add(self.issue(Status::Dirty, "Invalid"));
            }
            outcome.add(self.check(schema, Some(member)));
            self.path.pop();
        }
        outcome
    }

    fn list(&mut self, value: Option<&'a Value>, schema: Schema) -> Outcome {
        let Some(Value::Array(items)) = value else {
            return self.typed(value, "array", |_| false);
        };
        let mut outcome = Outcome::valid();
        for (index, item) in items.iter().enumerate() {
            self.path.push(Segment::Index(index));
            outcome.add(self.check(schema, Some(item)));
            self.path.pop();
        }
        outcome
    }

    fn operator(&mut self, value: Option<&'a Value>, key: &'static str, strict: bool) -> Outcome {
        let Some(Value::Object(members)) = value else {
            return self.typed(value, "object", |_| false);
        };
        self.path.push(Segment::Key(key));
        let mut outcome = self.check(Schema::operand(key), members.get(key));
        self.path.pop();
        let others = members.keys().filter(|other| *other != key);
        let unknown: Vec<_> = others.map(|other| format!("'{other}'")).collect();
        if strict && !unknown.is_empty() {
            let message = format!("Unrecognized key(s) in object: {}", unknown.join(", "));
            outcome.add(self.issue(Status::Dirty, &message));
        }
        outcome
    }

    fn issue(&self, status: Status, message: &str) -> Outcome {
        let text = match self.path.as_slice() {
            [] => message.to_owned(),
            [Segment::Index(index)] => format!("{message} at index {index}"),
            path => format!("{message} at \"{}\"", join(path)),
        };
        Outcome {
            status,
            issues: vec![text],
        }
    }
}

fn join(path: &[Segment<'_>]) -> String {
    if let [Segment::Key(key)] = path {
        return if key.is_empty() {
            "\"\"".to_owned()
        } else {
            (*key).to_owned()
        };
    }
    let mut joined = String::new();
    for segment in path {
        // Writing to a String cannot fail.
        match segment {
            Segment::Index(index) => _ = write!(joined, "[{index}]"),
            Segment::Key(key) if key.contains('"') => {
                _ = write!(joined, "[\"{}\"]", key.replace('"', "\\\""));
            }
            Segment::Key(key) if !key.contains(starts_identifier) => {
                _ = write!(joined, "[\"{key}\"]");
            }
            Segment::Key(key) => {
                if !joined.is_empty() {
                    joined.push('.');
                }
                joined += key;
            }
        }
    }
    joined
}

fn starts_identifier(c: char) -> bool {
    c == '$' || c == '_' || c.is_alphabetic()
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Predicate;

    /// Every expectation was produced by the schema library Backstage uses.
    #[test]
    fn messages_of_malformed_queries() {
        let cases = include_str!("explain_cases.json");
        let cases: Vec<(serde_json::Value, String)> = serde_json::from_str(cases).unwrap();
        assert!(cases.len() > 20);
        for (query, expected) in cases {
            let message = Predicate::parse(&query).unwrap_err().message;
            assert_eq!(message, expected, "{query}");
        }
    }

    #[test]
    fn explanations_are_bounded() {
        let mut query = json!(null);
        for _ in 0..40 {
            query = json!({"a": {"$contains": {"$not": query}}});
        }
        let message = Predicate::parse(&query).unwrap_err().message;
        assert!(message.len() < 20_000, "{}", message.len());
        let wide = json!({"$all": vec![json!(null); 10_000]});
        assert_eq!(
            Predicate::parse(&wide).unwrap_err().message,
            "Invalid query: Validation error: Invalid input"
        );
    }
}
