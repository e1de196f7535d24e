//! Methods: the part of JavaScript's that templates may call, and some of Python's for templates
//! of Cookiecutter.

mod array;
mod python;
mod record;
mod scalar;

use crate::error::{Result, fault};
use crate::machine::Machine;
use crate::number;
use crate::template::Syntax;
use crate::value::Value;

const TEXT: [&str; 17] = [
    "charAt",
    "charCodeAt",
    "concat",
    "endsWith",
    "includes",
    "indexOf",
    "lastIndexOf",
    "replace",
    "slice",
    "split",
    "startsWith",
    "substring",
    "toLowerCase",
    "toUpperCase",
    "trim",
    "trimEnd",
    "trimStart",
];
const NUMBER: [&str; 4] = ["toExponential", "toFixed", "toPrecision", "toString"];
const ARRAY: [&str; 17] = [
    "at",
    "concat",
    "copyWithin",
    "fill",
    "flat",
    "includes",
    "indexOf",
    "join",
    "lastIndexOf",
    "pop",
    "push",
    "reverse",
    "shift",
    "slice",
    "sort",
    "splice",
    "unshift",
];
const COOKIECUTTER_ARRAY: [&str; 6] = ["append", "count", "find", "index", "insert", "remove"];
const COOKIECUTTER_RECORD: [&str; 5] = ["get", "has_key", "items", "keys", "values"];

/// A method of some kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    owner: Owner,
    name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Text,
    /// A text where texts have the methods of Python.
    Python,
    Number,
    Array,
    Record,
    Regex,
}

/// The method of a name, if values of that kind have it.
pub(crate) fn find(value: &Value<'_>, name: &str, syntax: Syntax) -> Option<Method> {
    let is_cookiecutter = syntax.cookiecutter_compat;
    let (owner, names, more): (_, &[&'static str], &[&'static str]) = match value {
        Value::Text(_) | Value::Safe(_) if syntax.python => (Owner::Python, &python::TEXT, &[]),
        Value::Text(_) | Value::Safe(_) => (Owner::Text, &TEXT, &[]),
        Value::Number(_) => (Owner::Number, &NUMBER, &[]),
        Value::Array(_) if is_cookiecutter => (Owner::Array, &ARRAY, &COOKIECUTTER_ARRAY),
        Value::Array(_) => (Owner::Array, &ARRAY, &[]),
        Value::Record(_) if is_cookiecutter => (Owner::Record, &COOKIECUTTER_RECORD, &[]),
        Value::Regex(_) => (Owner::Regex, &["test"], &[]),
        _ => return None,
    };
    let name = names.iter().chain(more).find(|known| **known == name)?;
    Some(Method { owner, name })
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// Least and most arguments.
    pub(crate) fn n_arguments(self, syntax: Syntax) -> (usize, usize) {
        let any = usize::MAX;
        match (self.owner, self.name) {
            (Owner::Python, name) => python::n_arguments(name),
            (Owner::Text, "replace") | (Owner::Array, "insert") => (2, 2),
            (Owner::Text, "split" | "slice" | "substring") | (Owner::Array, "slice") => (0, 2),
            (Owner::Text | Owner::Array, "includes" | "indexOf" | "lastIndexOf")
            | (Owner::Text, "startsWith" | "endsWith")
            | (Owner::Record, "get") => (1, 2),
            (Owner::Text, "charAt" | "charCodeAt")
            | (Owner::Number, _)
            | (Owner::Array, "flat" | "join") => (0, 1),
            (Owner::Array, "pop") => (0, usize::from(syntax.cookiecutter_compat)),
            (Owner::Array, "at" | "count" | "index" | "find" | "remove" | "append")
            | (Owner::Record, "has_key")
            | (Owner::Regex, _) => (1, 1),
            (Owner::Array, "copyWithin" | "fill") => (1, 3),
            (Owner::Text, "concat") | (Owner::Array, "concat" | "push" | "splice" | "unshift") => {
                (0, any)
            }
            _ => (0, 0),
        }
    }
}

/// Calls a method with arguments that were counted.
pub(crate) fn call<'a>(
    machine: &mut Machine<'a>,
    owner: &Value<'a>,
    method: Method,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    match owner {
        Value::Text(text) | Value::Safe(text) if method.owner == Owner::Python => {
            python::call(machine, text, method.name, arguments)
        }
        Value::Text(text) | Value::Safe(text) => {
            scalar::call_text(machine, text, method.name, arguments)
        }
        Value::Number(number) => scalar::call_number(machine, *number, method.name, arguments),
        Value::Array(array) => array::call(machine, *array, method.name, arguments),
        Value::Record(record) => record::call(machine, *record, method.name, arguments),
        Value::Regex(regex) => {
            let subject = machine.text_of(&argument(arguments, 0))?;
            machine.regex_test(*regex, &subject).map(Value::Bool)
        }
        _ => Err(unknown(method.name)),
    }
}

fn unknown(name: &str) -> crate::error::Fault {
    fault(format!("there is no `{name}`"))
}

/// An argument, or undefined.
fn argument<'a>(arguments: &[Value<'a>], index: usize) -> Value<'a> {
    arguments.get(index).cloned().unwrap_or(Value::Undefined)
}

/// A whole number, if the argument was given.
fn integer<'a>(
    machine: &mut Machine<'a>,
    arguments: &[Value<'a>],
    index: usize,
) -> Result<Option<f64>> {
    match argument(arguments, index) {
        Value::Undefined => Ok(None),
        value => machine.integer_of(&value).map(Some),
    }
}

/// The range that `slice(start, end)` means.
fn slice_range<'a>(
    machine: &mut Machine<'a>,
    arguments: &[Value<'a>],
    len: usize,
) -> Result<std::ops::Range<usize>> {
    let start = integer(machine, arguments, 0)?.unwrap_or(0.0);
    let start = number::to_offset(start, len);
    let end = integer(machine, arguments, 1)?;
    let end = end.map_or(len, |end| number::to_offset(end, len));
    Ok(start..end.max(start))
}
