//! JSON Schema (draft 7): forms of templates, inputs and outputs of actions.
//!
//! Texts and order of the complaints are those of the validator that Backstage uses for forms, since
//! its answers carry them. The keywords of a schema count in the order in which they are written.
//!
//! Invariants: nothing outside of the schema is read (`$ref` reaches into the schema itself only);
//! depth, complaints and the size of patterns are bounded; a pattern that our engine cannot run
//! counts as fulfilled, and [`check_schema`] tells of it.

mod containers;
mod values;

use serde_json::{Map, Value, json};

/// Complaints beyond this are left out.
const MAX_COMPLAINTS: usize = 100;
/// Nesting of schemas that is followed.
const MAX_DEPTH: usize = 64;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// Members and indices that lead to the value.
    pub path: Vec<Value>,
    /// What is wrong, without the place.
    pub message: String,
    /// The schema that is not fulfilled.
    pub schema: Value,
    /// The value.
    pub instance: Value,
    /// The keyword.
    pub name: &'static str,
    /// What the keyword demands.
    pub argument: Value,
}

impl Complaint {
    /// The place as in JavaScript, below a root: `instance.name[0]`.
    pub fn property(&self, root: &str) -> String {
        place(root, &self.path)
    }

    /// Place and message.
    pub fn text(&self, root: &str) -> String {
        format!("{} {}", self.property(root), self.message)
    }

    /// As the validator of Backstage tells it.
    pub fn to_json(&self, root: &str) -> Value {
        json!({
            "path": self.path,
            "property": self.property(root),
            "message": self.message,
            "schema": self.schema,
            "instance": self.instance,
            "name": self.name,
            "argument": self.argument,
            "stack": self.text(root),
        })
    }
}

fn place(root: &str, path: &[Value]) -> String {
    let mut text = root.to_owned();
    for part in path {
        match part {
            Value::String(name) if is_identifier(name) => {
                text.push('.');
                text.push_str(name);
            }
            other => {
                // Texts are quoted, numbers are not.
                text.push('[');
                text.push_str(&other.to_string());
                text.push(']');
            }
        }
    }
    text
}

fn is_identifier(name: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit())
}

/// Everything that is wrong with a value.
pub fn validate(schema: &Value, value: &Value) -> Vec<Complaint> {
    let mut checker = Checker {
        root: schema,
        path: Vec::new(),
        found: Vec::new(),
        depth: 0,
    };
    checker.check(schema, value);
    checker.found
}

/// Whether a value fulfils a schema whose references are those of the document `root`.
pub(crate) fn fulfils(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut checker = Checker {
        root,
        path: Vec::new(),
        found: Vec::new(),
        depth: 0,
    };
    checker.check(schema, value);
    checker.found.is_empty()
}

/// What of a schema cannot be checked: patterns our engine does not know.
pub fn check_schema(schema: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    find_patterns(schema, 0, &mut problems);
    problems
}

fn find_patterns(schema: &Value, depth: usize, problems: &mut Vec<String>) {
    if depth > MAX_DEPTH || problems.len() >= MAX_COMPLAINTS {
        return;
    }
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(pattern)) = members.get("pattern")
                && let Err(reason) = values::compile(pattern)
            {
                problems.push(format!("the pattern `{pattern}` is not checked: {reason}"));
            }
            for member in members.values() {
                find_patterns(member, depth + 1, problems);
            }
        }
        Value::Array(items) => {
            for item in items {
                find_patterns(item, depth + 1, problems);
            }
        }
        _ => {}
    }
}

struct Checker<'s> {
    root: &'s Value,
    path: Vec<Value>,
    found: Vec<Complaint>,
    depth: usize,
}

impl<'s> Checker<'s> {
    fn check(&mut self, schema: &'s Value, value: &Value) {
        match schema {
            Value::Bool(false) => {
                self.complain("is not allowed".into(), schema, value, "false", Value::Null);
            }
            Value::Object(members) if self.depth < MAX_DEPTH => {
                self.depth += 1;
                self.check_members(schema, members, value);
                self.depth -= 1;
            }
            _ => {}
        }
    }

    fn check_members(&mut self, schema: &'s Value, members: &'s Map<String, Value>, value: &Value) {
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            if let Some(target) = self.resolve(reference) {
                self.check(target, value);
            }
            return;
        }
        for (keyword, argument) in members {
            if self.found.len() >= MAX_COMPLAINTS {
                return;
            }
            let at = Keyword {
                schema,
                members,
                argument,
            };
            self.check_keyword(keyword, &at, value);
        }
    }

    fn check_keyword(&mut self, keyword: &str, at: &Keyword<'s>, value: &Value) {
        match keyword {
            "allOf" | "anyOf" | "oneOf" | "not" | "if" => self.combine(keyword, at, value),
            "properties"
            | "patternProperties"
            | "additionalProperties"
            | "propertyNames"
            | "required"
            | "dependencies"
            | "minProperties"
            | "maxProperties" => {
                if let Value::Object(object) = value {
                    self.check_object(keyword, at, object, value);
                }
            }
            "items" | "contains" | "minItems" | "maxItems" | "uniqueItems" => {
                if let Value::Array(items) = value {
                    self.check_array(keyword, at, items, value);
                }
            }
            _ => self.check_scalar(keyword, at, value),
        }
    }

    /// A place in the schema itself.
    fn resolve(&self, reference: &str) -> Option<&'s Value> {
        let pointer = reference.strip_prefix('#')?;
        self.root.pointer(&pointer.replace("%24", "$"))
    }

    fn is_valid(&mut self, schema: &'s Value, value: &Value) -> bool {
        let before = std::mem::take(&mut self.found);
        self.check(schema, value);
        std::mem::replace(&mut self.found, before).is_empty()
    }

    fn below(&mut self, part: Value, schema: &'s Value, value: &Value) {
        self.path.push(part);
        self.check(schema, value);
        self.path.pop();
    }

    fn combine(&mut self, keyword: &str, at: &Keyword<'s>, value: &Value) {
        let list = at
            .argument
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        match keyword {
            "allOf" => {
                for part in list {
                    self.check(part, value);
                }
            }
            "anyOf" if !list.iter().any(|part| self.is_valid(part, value)) => {
                let names = names(list);
                let message = format!("is not any of {}", names.join(","));
                self.complain(message, at.schema, value, "anyOf", names.into());
            }
            "oneOf"
                if list
                    .iter()
                    .filter(|part| self.is_valid(part, value))
                    .count()
                    != 1 =>
            {
                let names = names(list);
                let message = format!("is not exactly one from {}", names.join(","));
                self.complain(message, at.schema, value, "oneOf", names.into());
            }
            "not" if self.is_valid(at.argument, value) => {
                let name = names(std::slice::from_ref(at.argument)).join("");
                let message = format!("is of prohibited type {name}");
                self.complain(message, at.schema, value, "not", name.into());
            }
            "if" => {
                let branch = if self.is_valid(at.argument, value) {
                    "then"
                } else {
                    "else"
                };
                if let Some(branch) = at.members.get(branch) {
                    self.check(branch, value);
                }
            }
            _ => {}
        }
    }

    fn complain(
        &mut self,
        message: String,
        schema: &Value,
        value: &Value,
        name: &'static str,
        argument: Value,
    ) {
        if self.found.len() < MAX_COMPLAINTS {
            self.found.push(Complaint {
                path: self.path.clone(),
                message,
                schema: schema.clone(),
                instance: value.clone(),
                name,
                argument,
            });
        }
    }
}

/// A keyword where it stands.
struct Keyword<'s> {
    schema: &'s Value,
    members: &'s Map<String, Value>,
    argument: &'s Value,
}

/// What messages call the alternatives of a schema.
fn names(schemas: &[Value]) -> Vec<String> {
    let name = |(index, schema): (usize, &Value)| {
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        if let Some(id) = text("$id") {
            return format!("<{id}>");
        }
        if let Some(title) = text("title") {
            return Value::from(title).to_string();
        }
        text("$ref").map_or_else(
            || format!("[subschema {index}]"),
            |reference| format!("<{reference}>"),
        )
    };
    schemas.iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(schema: &Value, value: &Value) -> Vec<String> {
        let found = validate(schema, value);
        found.iter().map(|it| it.text("instance")).collect()
    }

    fn check(cases: &[(Value, Value, &str)]) {
        for (schema, value, expected) in cases {
            let found = texts(schema, value).join("; ");
            assert_eq!(found, *expected, "{schema} {value}");
        }
    }

    #[test]
    fn simple_values_are_checked_with_known_texts() {
        check(&[
            (
                json!({"type": "string"}),
                json!(1),
                "instance is not of a type(s) string",
            ),
            (
                json!({"type": ["string", "null"]}),
                json!(1),
                "instance is not of a type(s) string,null",
            ),
            (
                json!({"type": "integer"}),
                json!(1.5),
                "instance is not of a type(s) integer",
            ),
            (json!({"type": "integer"}), json!(2.0), ""),
            (
                json!({"required": ["a"]}),
                json!({}),
                "instance requires property \"a\"",
            ),
            (
                json!({"enum": ["red", 1]}),
                json!("x"),
                "instance is not one of enum values: red,1",
            ),
            (
                json!({"const": 1}),
                json!(2),
                "instance does not exactly match expected constant: 1",
            ),
            (
                json!({"minimum": 1}),
                json!(0),
                "instance must be greater than or equal to 1",
            ),
            (
                json!({"exclusiveMaximum": 1}),
                json!(1),
                "instance must be strictly less than 1",
            ),
            (json!({"multipleOf": 0.1}), json!(0.3), ""),
            (
                json!({"multipleOf": 2}),
                json!(3),
                "instance is not a multiple of (divisible by) 2",
            ),
            (
                json!({"maxLength": 2}),
                json!("äöü"),
                "instance does not meet maximum length of 2",
            ),
            (
                json!({"pattern": "^a"}),
                json!("b"),
                "instance does not match pattern \"^a\"",
            ),
            (
                json!({"format": "email"}),
                json!("b"),
                "instance does not conform to the \"email\" format",
            ),
        ]);
    }

    #[test]
    fn lists_objects_and_combinations_are_checked_with_known_texts() {
        check(&[
            (
                json!({"items": {"type": "string"}}),
                json!(["a", 1]),
                "instance[1] is not of a type(s) string",
            ),
            (
                json!({"uniqueItems": true}),
                json!([1, 1]),
                "instance contains duplicate item",
            ),
            (
                json!({"properties": {"a-b": {"type": "null"}}}),
                json!({"a-b": 1}),
                "instance[\"a-b\"] is not of a type(s) null",
            ),
            (
                json!({"additionalProperties": false, "properties": {"a": true}}),
                json!({"a": 1, "b": 1}),
                "instance is not allowed to have the additional property \"b\"",
            ),
            (
                json!({"dependencies": {"a": ["b"]}}),
                json!({"a": 1}),
                "instance property b not found, required by instance.a",
            ),
            (
                json!({"dependencies": {"a": {"required": ["c"]}}}),
                json!({"a": 1}),
                "instance requires property \"c\"",
            ),
            (
                json!({"anyOf": [{"type": "null"}, {"title": "T", "type": "string"}]}),
                json!(1),
                "instance is not any of [subschema 0],\"T\"",
            ),
            (
                json!({"oneOf": [{"minimum": 1}, {"minimum": 2}]}),
                json!(3),
                "instance is not exactly one from [subschema 0],[subschema 1]",
            ),
            (
                json!({"not": {"type": "null"}}),
                json!(null),
                "instance is of prohibited type [subschema 0]",
            ),
            (
                json!({"if": {"minimum": 1}, "then": {"maximum": 2}}),
                json!(3),
                "instance must be less than or equal to 2",
            ),
            (
                json!({"$ref": "#/definitions/a", "definitions": {"a": {"type": "null"}}}),
                json!(1),
                "instance is not of a type(s) null",
            ),
        ]);
    }

    #[test]
    fn complaints_are_told_as_backstage_does() {
        let schema = json!({"properties": {"count": {"type": "integer", "minimum": 1}}});
        let found = validate(&schema, &json!({"count": 0}));
        assert_eq!(
            found[0].to_json("instance"),
            json!({
                "path": ["count"],
                "property": "instance.count",
                "message": "must be greater than or equal to 1",
                "schema": {"type": "integer", "minimum": 1},
                "instance": 0,
                "name": "minimum",
                "argument": 1,
                "stack": "instance.count must be greater than or equal to 1",
            })
        );
    }

    #[test]
    fn circles_and_floods_end() {
        let circle = json!({"$ref": "#"});
        assert_eq!(texts(&circle, &json!(1)), Vec::<String>::new());
        let flood = json!({"items": {"type": "string"}});
        assert_eq!(texts(&flood, &json!(vec![1; 5_000])).len(), MAX_COMPLAINTS);
    }

    #[test]
    fn patterns_that_cannot_be_checked_are_told() {
        let schema = json!({"properties": {"a": {"pattern": "^(?!x)y"}, "b": {"pattern": "^y"}}});
        assert_eq!(texts(&schema, &json!({"a": "x"})), Vec::<String>::new());
        assert_eq!(check_schema(&schema).len(), 1);
    }
}
