//! Filters about text.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::error::{Result, fault};
use crate::machine::Machine;
use crate::number;
use crate::text;
use crate::value::{Text, Value};

use super::argument;

/// Most spaces that a filter adds at once.
const MAX_SPACES: f64 = 16_777_216.0;
const DEFAULT_WIDTH: f64 = 80.0;
const DEFAULT_INDENT: f64 = 4.0;
const DEFAULT_LENGTH: f64 = 255.0;

/// The text of a value that has to be one.
pub(super) fn only_text<'a>(input: &Value<'a>) -> Result<Text<'a>> {
    input
        .as_text()
        .cloned()
        .ok_or_else(|| fault(format!("it needs a text, not {}", input.kind())))
}

/// Nothing counts as an empty text.
pub(super) fn or_empty<'a>(input: &Value<'a>) -> Value<'a> {
    match input {
        Value::Undefined | Value::Null | Value::Bool(false) => "".into(),
        other => other.clone(),
    }
}

/// The result of a filter is as safe as its input.
pub(super) fn like<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    output: impl Into<String>,
) -> Result<Value<'a>> {
    let output = machine.cut(output)?;
    Ok(match (input, output) {
        (Value::Safe(_), Value::Text(text)) => Value::Safe(text),
        (_, output) => output,
    })
}

/// As many spaces as a loop up to this bound adds.
fn spaces(bound: f64) -> Result<String> {
    if bound.is_nan() || bound <= 0.0 {
        return Ok(String::new());
    }
    if bound > MAX_SPACES {
        return Err(fault("that many spaces are too many"));
    }
    Ok(" ".repeat(number::to_len(bound.ceil())))
}

fn truthy_number<'a>(
    machine: &mut Machine<'a>,
    arguments: &[Value<'a>],
    index: usize,
    default: f64,
) -> Result<f64> {
    let value = argument(arguments, index);
    if value.is_truthy() {
        machine.number_of(&value)
    } else {
        Ok(default)
    }
}

/// What `.length` says.
fn direct_length<'a>(machine: &mut Machine<'a>, value: &Value<'a>) -> Result<Value<'a>> {
    let length = machine.own_member(value, "length")?;
    Ok(length.unwrap_or(Value::Undefined))
}

pub(super) fn capitalize<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    let text = only_text(&or_empty(input))?;
    like(machine, input, text::capitalize(&text))
}

pub(super) fn title<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    let text = only_text(&or_empty(input))?;
    let words: Vec<String> = text.split(' ').map(text::capitalize).collect();
    like(machine, input, words.join(" "))
}

/// Upper and lower case; the result is an ordinary text.
pub(super) fn change_case<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    change: fn(&str) -> String,
) -> Result<Value<'a>> {
    let text = only_text(&or_empty(input))?;
    machine.text(change(&text))
}

pub(super) fn trim<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    let text = only_text(input)?;
    like(machine, input, text::trim(&text))
}

pub(super) fn string<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    match input {
        Value::Undefined | Value::Null => Err(fault("there is no value")),
        Value::Safe(_) => Ok(input.clone()),
        _ => machine.rendered(input).map(Value::Text),
    }
}

pub(super) fn center<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let input = or_empty(input);
    let width = truthy_number(machine, arguments, 0, DEFAULT_WIDTH)?;
    let length = direct_length(machine, &input)?;
    let length = machine.number_of(&length)?;
    if length >= width {
        return Ok(input);
    }
    let gap = width - length;
    let left = spaces(gap / 2.0 - gap % 2.0)?;
    let right = spaces(gap / 2.0)?;
    let text = machine.text_of(&input)?;
    let output = [left.as_str(), &*text, right.as_str()].concat();
    like(machine, &input, output)
}

pub(super) fn indent<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let input = or_empty(input);
    let text = only_text(&input)?;
    if matches!(&input, Value::Text(text) if text.is_empty()) {
        return Ok(input);
    }
    let width = truthy_number(machine, arguments, 0, DEFAULT_INDENT)?;
    let indents_first = argument(arguments, 1).is_truthy();
    let indentation = spaces(width)?;
    let n_lines = text.matches('\n').count() + 1;
    machine
        .meter
        .scratch(n_lines.saturating_mul(indentation.len()))?;
    let mut output = String::with_capacity(text.len() + n_lines * indentation.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            output.push('\n');
        }
        if index > 0 || indents_first {
            output.push_str(&indentation);
        }
        output.push_str(line);
    }
    like(machine, &input, output)
}

pub(super) fn truncate<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let normal = or_empty(input);
    let limit = argument(arguments, 0);
    let limit = if limit.is_truthy() {
        limit
    } else {
        DEFAULT_LENGTH.into()
    };
    let length = direct_length(machine, &normal)?;
    let order = machine.order(&length, &limit)?;
    if matches!(order, Some(Ordering::Less | Ordering::Equal)) {
        return Ok(normal);
    }
    let text = only_text(&normal)?;
    let limit = machine.number_of(&limit)?;
    let cut = number::to_len(limit.max(0.0));
    // No limit at all still allows the last space.
    let last = if limit.is_nan() { usize::MAX } else { cut };
    let end = if argument(arguments, 1).is_truthy() {
        cut
    } else {
        text::find_last(&text, " ", last).unwrap_or(cut)
    };
    let suffix = match argument(arguments, 2) {
        Value::Undefined | Value::Null => Text::Borrowed("..."),
        suffix => machine.text_of(&suffix)?,
    };
    let output = [&*text::slice(&text, 0..end), &*suffix].concat();
    like(machine, input, output)
}

pub(super) fn count<'a>(machine: &mut Machine<'a>, input: &Value<'a>) -> Result<Value<'a>> {
    let input = or_empty(input);
    if !input.is_truthy() {
        return Ok(Value::Null);
    }
    let text = only_text(&input)?;
    machine.meter.work(text.len() / 16)?;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let n_words = text
        .as_bytes()
        .split(|byte| !is_word(byte))
        .filter(|word| !word.is_empty())
        .count();
    Ok(match n_words {
        0 => Value::Null,
        n_words => number::from_len(n_words).into(),
    })
}

pub(super) fn replace<'a>(
    machine: &mut Machine<'a>,
    input: &Value<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let replacement = argument(arguments, 1);
    let needle = match argument(arguments, 0) {
        Value::Regex(regex) => {
            let subject = only_text(input)?;
            let replacement = machine.text_of(&replacement)?;
            let output = machine.regex_replace(regex, &subject, &replacement)?;
            return machine.text(output);
        }
        needle @ (Value::Text(_) | Value::Number(_)) => machine.text_of(&needle)?,
        _ => return Ok(input.clone()),
    };
    let subject = match input {
        Value::Number(_) => Value::Text(machine.text_of(input)?),
        Value::Text(_) | Value::Safe(_) => input.clone(),
        _ => return Ok(input.clone()),
    };
    let text = only_text(&subject)?;
    if needle.is_empty() {
        let output = between_units(machine, &text, &replacement)?;
        return like(machine, &subject, output);
    }
    let maximum = match argument(arguments, 2) {
        Value::Undefined => Value::Number(-1.0),
        maximum => maximum,
    };
    let is_none = maximum.is_identical(&Value::Number(0.0));
    if is_none || !text.contains(needle.as_str()) {
        return Ok(subject);
    }
    let maximum = if maximum.is_identical(&Value::Number(-1.0)) {
        f64::INFINITY
    } else {
        machine.number_of(&maximum)?
    };
    let replacement = machine.text_of(&replacement)?;
    let output = replace_some(machine, &text, &needle, &replacement, maximum)?;
    like(machine, &subject, output)
}

fn replace_some(
    machine: &mut Machine<'_>,
    text: &str,
    needle: &str,
    replacement: &str,
    maximum: f64,
) -> Result<String> {
    let mut output = String::new();
    let mut end = 0;
    let mut n_replaced = 0.0;
    for (start, found) in text.match_indices(needle) {
        if n_replaced >= maximum || maximum.is_nan() {
            break;
        }
        machine.meter.scratch(replacement.len())?;
        output.push_str(&text[end..start]);
        output.push_str(replacement);
        end = start + found.len();
        n_replaced += 1.0;
    }
    output.push_str(&text[end..]);
    Ok(output)
}

/// Nothing is found everywhere: the replacement goes around every code unit.
fn between_units<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    replacement: &Value<'a>,
) -> Result<String> {
    let written = machine.text_of(replacement)?;
    let separator = match replacement {
        Value::Undefined => Cow::Borrowed(","),
        _ => Cow::Borrowed(&*written),
    };
    let units: Vec<String> = text::split_units(text).collect();
    machine
        .meter
        .scratch(units.len().saturating_mul(separator.len()))?;
    Ok([&*written, &*units.join(&separator), &*written].concat())
}
