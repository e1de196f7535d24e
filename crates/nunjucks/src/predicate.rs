//! The tests behind `is`.

use std::cmp::Ordering;

use crate::error::{Result, fault};
use crate::machine::Machine;
use crate::value::{Text, Value};

/// A built-in test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Callable,
    Defined,
    DivisibleBy,
    Escaped,
    Equal,
    Even,
    Falsy,
    AtLeast,
    Greater,
    Iterable,
    AtMost,
    Less,
    Lower,
    Mapping,
    NotEqual,
    Null,
    Number,
    Odd,
    String,
    Truthy,
    Undefined,
    Upper,
}

const NAMES: [(&str, Test); 26] = [
    ("callable", Test::Callable),
    ("defined", Test::Defined),
    ("divisibleby", Test::DivisibleBy),
    ("eq", Test::Equal),
    ("equalto", Test::Equal),
    ("escaped", Test::Escaped),
    ("even", Test::Even),
    ("falsy", Test::Falsy),
    ("ge", Test::AtLeast),
    ("greaterthan", Test::Greater),
    ("gt", Test::Greater),
    ("iterable", Test::Iterable),
    ("le", Test::AtMost),
    ("lessthan", Test::Less),
    ("lower", Test::Lower),
    ("lt", Test::Less),
    ("mapping", Test::Mapping),
    ("ne", Test::NotEqual),
    ("null", Test::Null),
    ("number", Test::Number),
    ("odd", Test::Odd),
    ("sameas", Test::Equal),
    ("string", Test::String),
    ("truthy", Test::Truthy),
    ("undefined", Test::Undefined),
    ("upper", Test::Upper),
];

/// Names of the built-in tests.
pub fn test_names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

impl Test {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let index = NAMES.binary_search_by_key(&name, |(known, _)| known).ok()?;
        Some(NAMES[index].1)
    }

    /// How many arguments it takes.
    pub(crate) fn n_arguments(self) -> usize {
        match self {
            Self::DivisibleBy
            | Self::Equal
            | Self::NotEqual
            | Self::AtLeast
            | Self::AtMost
            | Self::Greater
            | Self::Less => 1,
            _ => 0,
        }
    }
}

/// What to say to another number of arguments than a test takes.
pub(crate) fn wrong_count(name: &str, test: Test) -> String {
    match test.n_arguments() {
        0 => format!("test `{name}` takes no arguments"),
        1 => format!("test `{name}` takes one argument, without a name"),
        n => format!("test `{name}` takes {n} arguments, without names"),
    }
}

/// Whether a test holds; there are as many arguments as it takes.
pub(crate) fn apply<'a>(
    machine: &mut Machine<'a>,
    test: Test,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<bool> {
    let argument = arguments.first().cloned().unwrap_or(Value::Undefined);
    if !matches!(test, Test::Callable | Test::Equal | Test::NotEqual) {
        machine.check_data(input)?;
        machine.check_data(&argument)?;
    }
    Ok(match test {
        Test::Callable => matches!(input, Value::Callable(_)),
        Test::Defined => !matches!(input, Value::Undefined),
        Test::DivisibleBy => {
            let (number, divisor) = (machine.number_of(input)?, machine.number_of(&argument)?);
            number % divisor == 0.0
        }
        Test::Escaped => matches!(input, Value::Safe(_)),
        Test::Equal => input.is_identical(&argument),
        Test::Even => machine.number_of(input)? % 2.0 == 0.0,
        Test::Falsy => !input.is_truthy(),
        Test::AtLeast => machine
            .order(input, &argument)?
            .is_some_and(Ordering::is_ge),
        Test::Greater => machine
            .order(input, &argument)?
            .is_some_and(Ordering::is_gt),
        Test::Iterable if input.is_nullish() => return Err(fault("there is no value")),
        Test::Iterable => matches!(input, Value::Text(_) | Value::Safe(_) | Value::Array(_)),
        Test::AtMost => machine
            .order(input, &argument)?
            .is_some_and(Ordering::is_le),
        Test::Less => machine
            .order(input, &argument)?
            .is_some_and(Ordering::is_lt),
        Test::Lower => has_case(input, str::to_lowercase)?,
        Test::Mapping => matches!(input, Value::Record(_) | Value::Safe(_) | Value::Regex(_)),
        Test::NotEqual => !input.is_identical(&argument),
        Test::Null => matches!(input, Value::Null),
        Test::Number => matches!(input, Value::Number(_)),
        Test::Odd => machine.number_of(input)? % 2.0 - 1.0 == 0.0,
        Test::String => matches!(input, Value::Text(_)),
        Test::Truthy => input.is_truthy(),
        Test::Undefined => matches!(input, Value::Undefined),
        Test::Upper => has_case(input, str::to_uppercase)?,
    })
}

/// Whether a text stays as it is; a safe text is an object, which is never equal to its text.
fn has_case(input: &Value<'_>, change: fn(&str) -> String) -> Result<bool> {
    match input {
        Value::Safe(_) => Ok(false),
        Value::Text(text) => Ok(change(text) == Text::as_str(text)),
        _ => Err(fault(format!("it needs a text, not {}", input.kind()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(Test::named("sameas"), Some(Test::Equal));
        assert_eq!(Test::named("in"), None);
    }
}
