//! Filters about values as such: defaults, numbers, JSON.

use crate::error::Result;
use crate::machine::{Machine, check_nesting};
use crate::number;
use crate::text;
use crate::value::Value;

use super::argument;

/// Most characters of one step of indentation in JSON.
const MAX_INDENT: usize = 10;

pub(super) fn default<'a>(input: &Value<'a>, arguments: &[Value<'a>]) -> Value<'a> {
    let replaces_falsy = argument(arguments, 1).is_truthy();
    let is_kept = if replaces_falsy {
        input.is_truthy()
    } else {
        !matches!(input, Value::Undefined)
    };
    if is_kept {
        input.clone()
    } else {
        argument(arguments, 0)
    }
}

pub(super) fn int<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let radix = match argument(arguments, 1) {
        Value::Undefined => 10.0,
        radix => machine.number_of(&radix)?,
    };
    let number = number::parse_int(&machine.text_of(input)?, radix);
    Ok(if number.is_nan() {
        argument(arguments, 0)
    } else {
        Value::Number(number)
    })
}

pub(super) fn float<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let number = number::parse_float(&machine.text_of(input)?);
    Ok(if number.is_nan() {
        argument(arguments, 0)
    } else {
        Value::Number(number)
    })
}

pub(super) fn round<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let precision = argument(arguments, 0);
    let precision = if precision.is_truthy() {
        machine.number_of(&precision)?
    } else {
        0.0
    };
    let factor = number::power(10.0, precision);
    let scaled = machine.number_of(input)? * factor;
    let method = argument(arguments, 1);
    let rounded = match &method {
        Value::Text(method) if method.as_str() == "ceil" => scaled.ceil(),
        Value::Text(method) if method.as_str() == "floor" => scaled.floor(),
        _ => number::round(scaled),
    };
    Ok(Value::Number(rounded / factor))
}

/// `JSON.stringify`
pub(super) fn dump<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    spacing: &Value<'a>,
) -> Result<Value<'a>> {
    let step = match spacing {
        Value::Text(text) => text::slice(text, 0..MAX_INDENT).into_owned(),
        Value::Number(width) if *width >= 1.0 => " ".repeat(number::to_len(*width).min(MAX_INDENT)),
        _ => String::new(),
    };
    let mut writer = JsonWriter {
        machine,
        output: String::new(),
        step,
    };
    if !writer.value(input, 0)? {
        return Ok(Value::Undefined);
    }
    let output = writer.output;
    machine.text(output)
}

struct JsonWriter<'m, 'a> {
    machine: &'m mut Machine<'a>,
    output: String,
    step: String,
}

impl<'a> JsonWriter<'_, 'a> {
    /// Writes a value; false if there is nothing to write.
    fn value(&mut self, value: &Value<'a>, depth: usize) -> Result<bool> {
        check_nesting(depth)?;
        self.machine.meter.work(1)?;
        match value {
            Value::Undefined => return Ok(false),
            Value::Bool(value) => self.output.push_str(crate::coerce::bool_text(*value)),
            Value::Number(number) if number.is_finite() => {
                self.output.push_str(&number::to_text(*number));
            }
            Value::Null | Value::Number(_) | Value::Callable(_) => self.output.push_str("null"),
            Value::Text(text) | Value::Safe(text) => {
                self.machine.meter.scratch(text.len())?;
                push_quoted(text, &mut self.output);
            }
            Value::Regex(_) => self.output.push_str("{}"),
            Value::Array(array) => {
                let items = self.machine.items(*array)?;
                self.container(depth, '[', ']', items.len(), |writer, index| {
                    if !writer.value(&items[index], depth + 1)? {
                        writer.output.push_str("null");
                    }
                    Ok(())
                })?;
            }
            Value::Record(record) => {
                let mut entries = self.machine.entries(*record)?;
                entries.retain(|(_, value)| !matches!(value, Value::Undefined));
                self.container(depth, '{', '}', entries.len(), |writer, index| {
                    let (name, value) = &entries[index];
                    writer.machine.meter.scratch(name.len())?;
                    push_quoted(name, &mut writer.output);
                    writer.output.push(':');
                    if !writer.step.is_empty() {
                        writer.output.push(' ');
                    }
                    writer.value(value, depth + 1).map(|_| ())
                })?;
            }
        }
        Ok(true)
    }

    fn container(
        &mut self,
        depth: usize,
        open: char,
        close: char,
        len: usize,
        mut item: impl FnMut(&mut Self, usize) -> Result<()>,
    ) -> Result<()> {
        self.output.push(open);
        for index in 0..len {
            if index > 0 {
                self.output.push(',');
            }
            self.line(depth + 1)?;
            item(self, index)?;
        }
        if len > 0 {
            self.line(depth)?;
        }
        self.output.push(close);
        Ok(())
    }

    fn line(&mut self, depth: usize) -> Result<()> {
        if self.step.is_empty() {
            return Ok(());
        }
        self.machine.meter.scratch(1 + depth * self.step.len())?;
        self.output.push('\n');
        for _ in 0..depth {
            self.output.push_str(&self.step);
        }
        Ok(())
    }
}

/// A text as JSON writes it.
fn push_quoted(text: &str, output: &mut String) {
    use std::fmt::Write as _;

    output.push('"');
    for c in text.chars() {
        match c {
            '"' => output.push_str("\\\""),
            '\\' => output.push_str("\\\\"),
            '\n' => output.push_str("\\n"),
            '\r' => output.push_str("\\r"),
            '\t' => output.push_str("\\t"),
            '\u{8}' => output.push_str("\\b"),
            '\u{c}' => output.push_str("\\f"),
            // Writing to a String cannot fail.
            '\0'..='\u{1f}' => _ = write!(output, "\\u{:04x}", u32::from(c)),
            c => match text::half(c) {
                Some(half) => _ = write!(output, "\\u{half:04x}"),
                None => output.push(c),
            },
        }
    }
    output.push('"');
}
