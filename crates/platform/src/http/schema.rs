//! Schemas of request bodies, as constants, with the texts of the validator before Backstage's routers.

use serde_json::Value;

use crate::error::{Error, Result};

/// Complaints beyond this are left out.
const MAX_COMPLAINTS: usize = 20;

/// What a value of a request body must look like.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// Anything.
    Any,
    /// A string.
    String,
    /// A string with at least one character.
    NonEmptyString,
    /// One of a few strings.
    Choice(&'static [&'static str]),
    /// A number without a fraction.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object with any members.
    AnyObject,
    /// A list of values of one kind.
    Array(&'static Schema),
    /// An object with known members.
    Object(Object),
    /// The value may be `null`.
    Nullable(&'static Schema),
}

/// Any value.
pub const ANY: Schema = Schema::Any;
/// A string.
pub const STRING: Schema = Schema::String;
/// An integer.
pub const INTEGER: Schema = Schema::Integer;
/// A number.
pub const NUMBER: Schema = Schema::Number;
/// A boolean.
pub const BOOLEAN: Schema = Schema::Boolean;
/// An object with any members.
pub const ANY_OBJECT: Schema = Schema::AnyObject;
/// A list of strings.
pub const STRINGS: Schema = Schema::Array(&STRING);

/// A list of values of one kind.
pub const fn array(items: &'static Schema) -> Schema {
    Schema::Array(items)
}

/// An object with known members; others are ignored.
pub const fn object(fields: &'static [Field]) -> Schema {
    Schema::Object(Object::new(fields))
}

/// A member that must be there.
pub const fn required(name: &'static str, schema: Schema) -> Field {
    Field {
        name,
        schema,
        required: true,
    }
}

/// A member that may be there.
pub const fn optional(name: &'static str, schema: Schema) -> Field {
    Field {
        name,
        schema,
        required: false,
    }
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    name: &'static str,
    schema: Schema,
    required: bool,
}

/// An object with known members.
///
/// ```
/// use platform::http::schema::{Object, STRING, STRINGS, optional, required};
///
/// const SCHEMA: Object =
///     Object::new(&[required("entityRefs", STRINGS), optional("note", STRING)]);
/// let error = SCHEMA.check(&serde_json::json!({"note": 1})).unwrap_err();
/// assert_eq!(
///     error.message(),
///     "request/body must have required property 'entityRefs', request/body/note must be string",
/// );
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Object {
    fields: &'static [Field],
    closed: bool,
}

impl Object {
    /// An object with these members; others are ignored.
    pub const fn new(fields: &'static [Field]) -> Self {
        Self {
            fields,
            closed: false,
        }
    }

    /// Members that are not named are mistakes.
    #[must_use]
    pub const fn closed(mut self) -> Self {
        self.closed = true;
        self
    }

    /// Fails with Backstage's text unless the request body fits.
    pub fn check(&self, body: &Value) -> Result<()> {
        let mut complaints = Complaints {
            path: "request/body".to_owned(),
            found: Vec::new(),
        };
        complaints.object(self, body);
        if complaints.found.is_empty() {
            return Ok(());
        }
        complaints.found.truncate(MAX_COMPLAINTS);
        Err(Error::input(complaints.found.join(", ")))
    }
}

struct Complaints {
    path: String,
    found: Vec<String>,
}

impl Complaints {
    fn add(&mut self, text: &str) {
        self.found.push(format!("{} {text}", self.path));
    }

    fn below(&mut self, name: &str, visit: impl FnOnce(&mut Self)) {
        if self.found.len() >= MAX_COMPLAINTS {
            return;
        }
        let len = self.path.len();
        self.path.push('/');
        self.path.push_str(name);
        visit(self);
        self.path.truncate(len);
    }

    fn value(&mut self, schema: &Schema, value: &Value) {
        let (fits, kind) = match schema {
            Schema::Any => return,
            Schema::Nullable(_) if value.is_null() => return,
            Schema::Nullable(schema) => return self.value(schema, value),
            Schema::Object(object) => return self.object(object, value),
            Schema::Array(items) => return self.array(items, value),
            Schema::Choice(values) => return self.choice(values, value),
            Schema::NonEmptyString if value == "" => {
                return self.add("must NOT have fewer than 1 characters");
            }
            Schema::String | Schema::NonEmptyString => (value.is_string(), "string"),
            Schema::Integer => (is_integer(value), "integer"),
            Schema::Number => (value.is_number(), "number"),
            Schema::Boolean => (value.is_boolean(), "boolean"),
            Schema::AnyObject => (value.is_object(), "object"),
        };
        if !fits {
            self.add(&format!("must be {kind}"));
        }
    }

    fn choice(&mut self, values: &[&str], value: &Value) {
        match value.as_str() {
            None => self.add("must be string"),
            Some(text) if !values.contains(&text) => {
                self.add("must be equal to one of the allowed values");
            }
            Some(_) => {}
        }
    }

    fn array(&mut self, items: &Schema, value: &Value) {
        let Value::Array(values) = value else {
            return self.add("must be array");
        };
        for (index, value) in values.iter().enumerate() {
            if self.found.len() >= MAX_COMPLAINTS {
                return;
            }
            self.below(&index.to_string(), |complaints| {
                complaints.value(items, value);
            });
        }
    }

    fn object(&mut self, object: &Object, value: &Value) {
        let Value::Object(members) = value else {
            return self.add("must be object");
        };
        let missing = object.fields.iter().filter(|field| field.required);
        for field in missing.filter(|field| !members.contains_key(field.name)) {
            self.add(&format!("must have required property '{}'", field.name));
        }
        if object.closed {
            let unknown = |name: &&String| object.fields.iter().all(|field| field.name != **name);
            for _ in members.keys().filter(unknown).take(MAX_COMPLAINTS) {
                self.add("must NOT have additional properties");
            }
        }
        for field in object.fields {
            if let Some(value) = members.get(field.name) {
                self.below(field.name, |complaints| {
                    complaints.value(&field.schema, value);
                });
            }
        }
    }
}

/// JSON Schema counts `1.0` as an integer.
fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LOCATION: &[Field] = &[required("type", STRING), required("target", STRING)];
    const SCHEMA: Object = Object::new(&[
        required("location", object(LOCATION)),
        optional("fields", array(&STRING)),
        optional("query", ANY_OBJECT),
        optional(
            "orderBy",
            array(&object(&[
                required("field", Schema::NonEmptyString),
                optional("order", Schema::Choice(&["asc", "desc"])),
            ])),
        ),
        optional("limit", INTEGER),
        optional("rank", NUMBER),
        optional("dry", BOOLEAN),
        optional("note", Schema::Nullable(&STRING)),
        optional("entity", ANY),
    ]);

    #[test]
    fn complaints_read_as_in_backstage() {
        let with = |name: &str, value: Value| {
            let mut body = json!({"location": {"type": "url", "target": "x"}});
            body[name] = value;
            body
        };
        let cases = [
            (with("more", json!(1)), ""),
            (
                json!({}),
                "request/body must have required property 'location'",
            ),
            (json!([]), "request/body must be object"),
            (
                json!({"location": {"target": 1}}),
                "request/body/location must have required property 'type', \
                 request/body/location/target must be string",
            ),
            (
                with("fields", json!("a")),
                "request/body/fields must be array",
            ),
            (
                with("fields", json!(["a", 1])),
                "request/body/fields/1 must be string",
            ),
            (
                with("query", json!("a")),
                "request/body/query must be object",
            ),
            (with("query", json!({"a": [1]})), ""),
            (
                with("orderBy", json!({})),
                "request/body/orderBy must be array",
            ),
            (
                with("orderBy", json!([{"field": "", "order": "up"}])),
                "request/body/orderBy/0/field must NOT have fewer than 1 characters, \
                 request/body/orderBy/0/order must be equal to one of the allowed values",
            ),
            (
                with("limit", json!(1.5)),
                "request/body/limit must be integer",
            ),
            (with("limit", json!(2.0)), ""),
            (with("rank", json!("1")), "request/body/rank must be number"),
            (
                with("dry", json!("true")),
                "request/body/dry must be boolean",
            ),
            (with("note", Value::Null), ""),
            (with("note", json!(1)), "request/body/note must be string"),
        ];
        for (body, expected) in cases {
            let complaint = SCHEMA.check(&body);
            let complaint =
                complaint.map_or_else(|error| error.message().to_owned(), |()| String::new());
            assert_eq!(complaint, expected, "{body}");
        }
    }

    #[test]
    fn closed_objects_refuse_other_members() {
        const CLOSED: Object = Object::new(&[optional("a", STRING)]).closed();
        let error = CLOSED.check(&json!({"a": "", "b": 1})).unwrap_err();
        assert_eq!(
            error.message(),
            "request/body must NOT have additional properties"
        );
    }

    #[test]
    fn complaints_are_bounded() {
        const LIST: Object = Object::new(&[required("a", STRINGS)]);
        let error = LIST.check(&json!({"a": vec![1; 10_000]})).unwrap_err();
        assert_eq!(
            error.message().matches("must be string").count(),
            MAX_COMPLAINTS
        );
    }
}
