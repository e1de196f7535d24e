//! A few checks of request bodies with the error texts of zod 3, which clients of permission
//! endpoints see.

use serde_json::{Value, json};

/// Errors beyond this number are not reported; a body can have very many.
const MAX_ISSUES: usize = 100;

/// What a value must be.
pub enum Schema {
    /// Anything that is there.
    Any,
    /// Any text.
    Text,
    /// Absent.
    Undefined,
    /// Exactly this text.
    Literal(&'static str),
    /// An object with these members, checked in order; others are ignored.
    Object(&'static [(&'static str, Schema)]),
    /// A list.
    Array {
        /// What each item must be.
        item: &'static Schema,
        /// Whether the empty list is an error.
        is_non_empty: bool,
    },
    /// One of several.
    Union(&'static [Schema]),
    /// Absent or this.
    Optional(&'static Schema),
}

/// How a check ended. A dirty value has the right type but breaks a refinement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Valid,
    Dirty,
    Invalid,
}

/// Checks a value; the error is the text of a `ZodError`.
pub fn check(schema: &Schema, value: &Value) -> Result<(), String> {
    let mut checker = Checker::default();
    match checker.check(schema, Some(value)) {
        Status::Valid => Ok(()),
        Status::Dirty | Status::Invalid => Err(format!("{:#}", Value::Array(checker.issues))),
    }
}

#[derive(Default)]
struct Checker {
    path: Vec<Value>,
    issues: Vec<Value>,
}

impl Checker {
    fn check(&mut self, schema: &Schema, value: Option<&Value>) -> Status {
        match schema {
            Schema::Any if value.is_some() => Status::Valid,
            Schema::Any => self.wrong_type("object", value),
            Schema::Text if value.is_some_and(Value::is_string) => Status::Valid,
            Schema::Text => self.wrong_type("string", value),
            Schema::Undefined | Schema::Optional(_) if value.is_none() => Status::Valid,
            Schema::Undefined => self.wrong_type("undefined", value),
            Schema::Literal(text) => self.check_literal(text, value),
            Schema::Object(members) => self.check_object(members, value),
            Schema::Array { item, is_non_empty } => self.check_array(item, *is_non_empty, value),
            Schema::Union(options) => self.check_union(options, value),
            Schema::Optional(inner) => self.check(inner, value),
        }
    }

    fn check_literal(&mut self, text: &str, value: Option<&Value>) -> Status {
        if value.and_then(Value::as_str) == Some(text) {
            return Status::Valid;
        }
        let mut issue = json!({});
        if let Some(received) = value {
            issue["received"] = received.clone();
        }
        issue["code"] = "invalid_literal".into();
        issue["expected"] = text.into();
        issue["path"] = self.path.clone().into();
        issue["message"] = format!("Invalid literal value, expected \"{text}\"").into();
        self.report(issue)
    }

    fn check_object(&mut self, members: &[(&str, Schema)], value: Option<&Value>) -> Status {
        let Some(Value::Object(object)) = value else {
            return self.wrong_type("object", value);
        };
        let mut status = Status::Valid;
        for (name, schema) in members {
            self.path.push((*name).into());
            status = status.max(self.check(schema, object.get(*name)));
            self.path.pop();
        }
        status
    }

    fn check_array(&mut self, item: &Schema, is_non_empty: bool, value: Option<&Value>) -> Status {
        let Some(Value::Array(items)) = value else {
            return self.wrong_type("array", value);
        };
        if is_non_empty && items.is_empty() {
            self.report(json!({
                "code": "too_small",
                "minimum": 1,
                "type": "array",
                "inclusive": true,
                "exact": false,
                "message": "Array must contain at least 1 element(s)",
                "path": self.path,
            }));
            return Status::Dirty;
        }
        let mut status = Status::Valid;
        for (index, value) in items.iter().enumerate() {
            if self.issues.len() >= MAX_ISSUES {
                break;
            }
            self.path.push(index.into());
            status = status.max(self.check(item, Some(value)));
            self.path.pop();
        }
        status
    }

    /// A valid option wins, then the first dirty one, else the errors of all options are reported.
    fn check_union(&mut self, options: &[Schema], value: Option<&Value>) -> Status {
        let before = std::mem::take(&mut self.issues);
        let mut dirty = None;
        let mut errors = Vec::new();
        for option in options {
            let status = self.check(option, value);
            let issues = std::mem::take(&mut self.issues);
            match status {
                Status::Valid => {
                    self.issues = before;
                    return Status::Valid;
                }
                Status::Dirty if dirty.is_none() => dirty = Some(issues),
                Status::Dirty | Status::Invalid => {
                    errors.push(json!({"issues": issues, "name": "ZodError"}));
                }
            }
        }
        self.issues = before;
        if let Some(issues) = dirty {
            self.issues.extend(issues);
            return Status::Dirty;
        }
        self.report(json!({
            "code": "invalid_union",
            "unionErrors": errors,
            "path": self.path,
            "message": "Invalid input",
        }))
    }

    fn wrong_type(&mut self, expected: &str, value: Option<&Value>) -> Status {
        let received = type_name(value);
        let message = match value {
            None => "Required".to_owned(),
            Some(_) => format!("Expected {expected}, received {received}"),
        };
        self.report(json!({
            "code": "invalid_type",
            "expected": expected,
            "received": received,
            "path": self.path,
            "message": message,
        }))
    }

    fn report(&mut self, issue: Value) -> Status {
        self.issues.push(issue);
        Status::Invalid
    }
}

fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema::Object(&[
        ("ref", Schema::Optional(&REF)),
        ("action", Schema::Optional(&Schema::Literal("read"))),
        ("none", Schema::Optional(&Schema::Undefined)),
    ]);
    const REF: Schema = Schema::Union(&[
        Schema::Text,
        Schema::Array {
            item: &Schema::Text,
            is_non_empty: true,
        },
    ]);

    /// Code, path and message of each issue of the outermost list.
    fn summary(value: &Value) -> Vec<String> {
        let Err(text) = check(&SCHEMA, value) else {
            return Vec::new();
        };
        let issues: Vec<Value> = serde_json::from_str(&text).unwrap();
        let line =
            |issue: &Value| format!("{} {} {}", issue["code"], issue["path"], issue["message"]);
        issues.iter().map(line).collect()
    }

    #[test]
    fn values_are_checked_as_zod_checks_them() {
        let cases = [
            (json!({}), vec![]),
            (json!({"ref": "a", "action": "read", "more": 1}), vec![]),
            (json!({"ref": ["a", "b"]}), vec![]),
            (
                json!([]),
                vec![r#""invalid_type" [] "Expected object, received array""#],
            ),
            (
                json!(null),
                vec![r#""invalid_type" [] "Expected object, received null""#],
            ),
            (
                json!({"ref": []}),
                vec![r#""too_small" ["ref"] "Array must contain at least 1 element(s)""#],
            ),
            (
                json!({"ref": 1}),
                vec![r#""invalid_union" ["ref"] "Invalid input""#],
            ),
            (
                json!({"ref": ["a", 1]}),
                vec![r#""invalid_union" ["ref"] "Invalid input""#],
            ),
            (
                json!({"action": "eat", "none": true}),
                vec![
                    r#""invalid_literal" ["action"] "Invalid literal value, expected \"read\"""#,
                    r#""invalid_type" ["none"] "Expected undefined, received boolean""#,
                ],
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(summary(&value), expected, "{value}");
        }
    }

    #[test]
    fn the_number_of_reported_errors_is_bounded() {
        const LIST: Schema = Schema::Array {
            item: &Schema::Text,
            is_non_empty: false,
        };
        let value = Value::Array(vec![Value::Null; 10_000]);
        let text = check(&LIST, &value).unwrap_err();
        let issues: Vec<Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(issues.len(), MAX_ISSUES);
    }
}
