//! Conversions and comparisons with the rules of JavaScript.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::error::Result;
use crate::machine::{Machine, check_nesting};
use crate::number;
use crate::text;
use crate::value::{Array, Text, Value, same_number};

/// A value that is no container.
enum Primitive<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(Text<'a>),
}

impl<'a> Machine<'a> {
    /// `String(value)`
    pub(crate) fn text_of(&mut self, value: &Value<'a>) -> Result<Text<'a>> {
        Ok(match self.primitive_of(value)? {
            Primitive::Undefined => Text::Borrowed("undefined"),
            Primitive::Null => Text::Borrowed("null"),
            Primitive::Bool(value) => bool_text(value).into(),
            Primitive::Number(number) => number::to_text(number).into(),
            Primitive::Text(text) => text,
        })
    }

    /// A value as it is put out: nothing for null and undefined.
    pub(crate) fn write(&mut self, value: &Value<'a>, output: &mut String) -> Result<()> {
        self.check_data(value)?;
        self.write_at(value, output, 0)
    }

    fn write_at(&mut self, value: &Value<'a>, output: &mut String, depth: usize) -> Result<()> {
        match value {
            Value::Undefined | Value::Null | Value::Callable(_) => {}
            Value::Bool(value) => output.push_str(bool_text(*value)),
            Value::Number(number) => output.push_str(&number::to_text(*number)),
            Value::Text(text) | Value::Safe(text) => {
                self.meter.scratch(text.len())?;
                output.push_str(text);
            }
            Value::Array(array) => self.write_items(*array, output, depth)?,
            Value::Record(_) => output.push_str("[object Object]"),
            Value::Regex(id) => output.push_str(&self.regex_text(*id)),
        }
        Ok(())
    }

    fn write_items(&mut self, array: Array<'a>, output: &mut String, depth: usize) -> Result<()> {
        check_nesting(depth)?;
        for index in 0..self.array_len(array) {
            self.meter.work(1)?;
            if index > 0 {
                output.push(',');
            }
            let item = self.item(array, index);
            self.write_at(&item, output, depth + 1)?;
        }
        Ok(())
    }

    /// What [`Self::write`] writes.
    pub(crate) fn rendered(&mut self, value: &Value<'a>) -> Result<Text<'a>> {
        if let Value::Text(text) | Value::Safe(text) = value {
            return Ok(text.clone());
        }
        let mut output = String::new();
        self.write(value, &mut output)?;
        Ok(output.into())
    }

    fn primitive_of(&mut self, value: &Value<'a>) -> Result<Primitive<'a>> {
        self.check_data(value)?;
        Ok(match value {
            Value::Undefined => Primitive::Undefined,
            Value::Null => Primitive::Null,
            Value::Bool(value) => Primitive::Bool(*value),
            Value::Number(number) => Primitive::Number(*number),
            Value::Text(text) | Value::Safe(text) => Primitive::Text(text.clone()),
            _ => Primitive::Text(self.rendered(value)?),
        })
    }

    /// `Number(value)`
    pub(crate) fn number_of(&mut self, value: &Value<'a>) -> Result<f64> {
        if let Value::Number(number) = value {
            return Ok(*number);
        }
        Ok(self.primitive_of(value)?.to_number())
    }

    /// A number without its fraction.
    pub(crate) fn integer_of(&mut self, value: &Value<'a>) -> Result<f64> {
        self.number_of(value).map(number::truncate)
    }

    /// `left + right`
    pub(crate) fn add(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<Value<'a>> {
        if let (Value::Number(left), Value::Number(right)) = (left, right) {
            return Ok(Value::Number(left + right));
        }
        let (left, right) = (self.primitive_of(left)?, self.primitive_of(right)?);
        match (&left, &right) {
            (Primitive::Text(_), _) | (_, Primitive::Text(_)) => {
                self.text([left.text(), right.text()].concat())
            }
            _ => Ok(Value::Number(left.to_number() + right.to_number())),
        }
    }

    /// `left ~ right`
    pub(crate) fn concat(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<Value<'a>> {
        let (left, right) = (self.text_of(left)?, self.text_of(right)?);
        self.text([left.as_str(), right.as_str()].concat())
    }

    /// `left == right`
    pub(crate) fn is_equal(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool> {
        if left.is_identical(right) {
            return Ok(true);
        }
        if !is_primitive(left) && !is_primitive(right) {
            return Ok(false);
        }
        let (left, right) = (self.primitive_of(left)?, self.primitive_of(right)?);
        Ok(left.is_equal(&right))
    }

    /// How `<` and its relatives order two values; `None` is not a number.
    pub(crate) fn order(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Result<Option<Ordering>> {
        if let (Value::Number(left), Value::Number(right)) = (left, right) {
            return Ok(left.partial_cmp(right));
        }
        let (left, right) = (self.primitive_of(left)?, self.primitive_of(right)?);
        Ok(match (&left, &right) {
            (Primitive::Text(left), Primitive::Text(right)) => Some(text::compare(left, right)),
            _ => left.to_number().partial_cmp(&right.to_number()),
        })
    }
}

impl Primitive<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Undefined => "undefined".into(),
            Self::Null => "null".into(),
            Self::Bool(value) => bool_text(*value).into(),
            Self::Number(number) => number::to_text(*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }

    fn to_number(&self) -> f64 {
        match self {
            Self::Undefined => f64::NAN,
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) => number::parse(text),
        }
    }

    fn is_equal(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Undefined | Self::Null, Self::Undefined | Self::Null) => true,
            (Self::Undefined | Self::Null, _) | (_, Self::Undefined | Self::Null) => false,
            (Self::Text(left), Self::Text(right)) => left.as_str() == right.as_str(),
            _ => same_number(self.to_number(), other.to_number()),
        }
    }
}

fn is_primitive(value: &Value<'_>) -> bool {
    matches!(
        value,
        Value::Undefined | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_)
    )
}

pub(crate) fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
