//! Values while a template runs.
//!
//! Arrays and records of the context are borrowed as they are; those that the template makes are
//! kept in the [`Machine`](crate::machine::Machine) and named by index. An index is also the
//! identity of a container: two equal arrays are not the same one.

use std::rc::Rc;

use serde_json::{Map, Value as Json};

/// A value of JavaScript, as far as templates can hold one.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(Text<'a>),
    /// Text that was marked as safe, or that a macro made: it behaves like an object.
    Safe(Text<'a>),
    Array(Array<'a>),
    Record(Record<'a>),
    Regex(RegexId),
    Callable(Callable),
}

/// Text that is borrowed where it can be.
#[derive(Debug, Clone)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Shared(Rc<str>),
}

/// An array of the context, or one the template made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Array<'a> {
    Given(&'a [Json]),
    Made(ArrayId),
}

/// A record of the context, one the template made, or `loop`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Record<'a> {
    Given(&'a Map<String, Json>),
    Made(RecordId),
    Loop(LoopState),
}

/// Where a loop is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LoopState {
    pub index: f64,
    pub length: f64,
}

/// The members of `loop`, in their order.
pub(crate) const LOOP_MEMBERS: [&str; 7] = [
    "index",
    "index0",
    "revindex",
    "revindex0",
    "first",
    "last",
    "length",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArrayId(pub u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordId(pub u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegexId(pub u32);

/// Something that can be called.
///
/// The handle is its identity: a method is another one each time it is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Callable {
    pub definition: u32,
    pub handle: u32,
}

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl std::borrow::Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text<'_> {}

impl std::hash::Hash for Text<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self::Borrowed(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::Text(Text::Borrowed(text)),
            Json::Array(items) => Self::Array(Array::Given(items)),
            Json::Object(members) => Self::Record(Record::Given(members)),
        }
    }
}

impl<'a> Value<'a> {
    /// Whether a condition holds; arrays, records and safe texts always do.
    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => !number.is_nan() && *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            _ => true,
        }
    }

    pub(crate) fn is_nullish(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    /// The text of a text, safe or not.
    pub(crate) fn as_text(&self) -> Option<&Text<'a>> {
        match self {
            Self::Text(text) | Self::Safe(text) => Some(text),
            _ => None,
        }
    }

    /// What kind of value it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Safe(_) => "a safe text",
            Self::Array(_) => "an array",
            Self::Record(_) => "a record",
            Self::Regex(_) => "a regular expression",
            Self::Callable(_) => "a function",
        }
    }

    /// `===`: containers are only identical with themselves.
    pub(crate) fn is_identical(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => same_number(*left, *right),
            (Self::Text(left), Self::Text(right)) => left.as_str() == right.as_str(),
            (Self::Safe(left), Self::Safe(right)) => is_same_text(left, right),
            (Self::Array(left), Self::Array(right)) => match (left, right) {
                (Array::Given(left), Array::Given(right)) => std::ptr::eq(*left, *right),
                (Array::Made(left), Array::Made(right)) => left == right,
                _ => false,
            },
            (Self::Record(left), Self::Record(right)) => match (left, right) {
                (Record::Given(left), Record::Given(right)) => std::ptr::eq(*left, *right),
                (Record::Made(left), Record::Made(right)) => left == right,
                (Record::Loop(left), Record::Loop(right)) => left == right,
                _ => false,
            },
            (Self::Regex(left), Self::Regex(right)) => left == right,
            (Self::Callable(left), Self::Callable(right)) => left == right,
            _ => false,
        }
    }
}

/// Equality of numbers as JavaScript has it; not a number is never equal.
#[expect(
    clippy::float_cmp,
    reason = "this is the exact comparison that templates ask for"
)]
pub(crate) fn same_number(left: f64, right: f64) -> bool {
    left == right
}

/// Whether two safe texts are the same object, not only equal.
fn is_same_text(left: &Text<'_>, right: &Text<'_>) -> bool {
    match (left, right) {
        (Text::Borrowed(left), Text::Borrowed(right)) => std::ptr::eq(*left, *right),
        (Text::Shared(left), Text::Shared(right)) => Rc::ptr_eq(left, right),
        _ => false,
    }
}

impl Record<'_> {
    /// A member of `loop`.
    pub(crate) fn loop_member(state: LoopState, name: &str) -> Option<Value<'static>> {
        let LoopState { index, length } = state;
        Some(match name {
            "index" => Value::Number(index + 1.0),
            "index0" => Value::Number(index),
            "revindex" => Value::Number(length - index),
            "revindex0" => Value::Number(length - index - 1.0),
            "first" => Value::Bool(index == 0.0),
            "last" => Value::Bool(same_number(index, length - 1.0)),
            "length" => Value::Number(length),
            _ => return None,
        })
    }
}
