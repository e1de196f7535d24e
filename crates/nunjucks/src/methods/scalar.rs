//! Methods of texts and numbers.

use crate::error::{Result, fault};
use crate::machine::Machine;
use crate::number;
use crate::pattern;
use crate::text;
use crate::value::{Text, Value};

use super::{argument, integer, slice_range, unknown};

/// Most digits that JavaScript writes behind the point.
const MAX_DIGITS: f64 = 100.0;

pub(super) fn call_text<'a>(
    machine: &mut Machine<'a>,
    text: &Text<'a>,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    machine.meter.work(text.len() / 64)?;
    match name {
        "replace" => replace(machine, text, arguments),
        "split" => split(machine, text, arguments),
        "includes" | "startsWith" | "endsWith" | "indexOf" | "lastIndexOf" => {
            search(machine, text, name, arguments)
        }
        "slice" => {
            let range = slice_range(machine, arguments, text::len(text))?;
            let slice = text::slice(text, range).into_owned();
            machine.cut(slice)
        }
        "substring" => substring(machine, text, arguments),
        "trim" => machine.text(text::trim(text).to_owned()),
        "trimStart" => machine.text(text.trim_start_matches(text::is_space).to_owned()),
        "trimEnd" => machine.text(text.trim_end_matches(text::is_space).to_owned()),
        "toLowerCase" => machine.text(text.to_lowercase()),
        "toUpperCase" => machine.text(text.to_uppercase()),
        "charAt" => {
            let unit = unit_at(machine, text, arguments)?;
            machine.cut(text::from_units(unit))
        }
        "charCodeAt" => {
            let unit = unit_at(machine, text, arguments)?;
            Ok(Value::Number(unit.map_or(f64::NAN, f64::from)))
        }
        "concat" => {
            let mut output = text.to_string();
            for argument in arguments {
                let part = machine.text_of(argument)?;
                machine.meter.scratch(part.len())?;
                output.push_str(&part);
            }
            machine.text(output)
        }
        _ => Err(unknown(name)),
    }
}

fn unit_at<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    arguments: &[Value<'a>],
) -> Result<Option<u16>> {
    let index = integer(machine, arguments, 0)?.unwrap_or(0.0);
    if index < 0.0 {
        return Ok(None);
    }
    Ok(text::units(text).nth(number::to_len(index)))
}

fn substring<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let len = text::len(text);
    let clip = |index: f64| number::to_len(index.max(0.0)).min(len);
    let start = clip(integer(machine, arguments, 0)?.unwrap_or(0.0));
    let end = integer(machine, arguments, 1)?.map_or(len, clip);
    let slice = text::slice(text, start.min(end)..start.max(end)).into_owned();
    machine.cut(slice)
}

fn replace<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let replacement = machine.text_of(&argument(arguments, 1))?;
    let output = match argument(arguments, 0) {
        Value::Regex(regex) => machine.regex_replace(regex, text, &replacement)?,
        needle => {
            let needle = machine.text_of(&needle)?;
            pattern::replace_first(text, &needle, &replacement)
        }
    };
    machine.text(output)
}

fn split<'a>(
    machine: &mut Machine<'a>,
    text: &Text<'a>,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let limit = match argument(arguments, 1) {
        Value::Undefined => usize::MAX,
        limit => to_u32(machine.number_of(&limit)?),
    };
    let mut parts: Vec<Value<'a>> = match argument(arguments, 0) {
        Value::Undefined => vec![Value::Text(text.clone())],
        Value::Regex(regex) => machine.regex_split(regex, text)?,
        separator => {
            let separator = machine.text_of(&separator)?;
            machine.meter.scratch(text.len())?;
            match (&*separator, text) {
                ("", _) => machine.unit_texts(text)?,
                // Parts of a borrowed text are borrowed, too.
                (separator, Text::Borrowed(text)) => {
                    text.split(separator).map(Value::from).collect()
                }
                (separator, Text::Shared(text)) => text
                    .split(separator)
                    .map(|part| Value::from(part.to_owned()))
                    .collect(),
            }
        }
    };
    parts.truncate(limit);
    machine.array(parts)
}

/// `ToUint32`
fn to_u32(number: f64) -> usize {
    const MODULUS: f64 = 4_294_967_296.0;
    if !number.is_finite() {
        return 0;
    }
    number::to_len(number.trunc().rem_euclid(MODULUS))
}

fn search<'a>(
    machine: &mut Machine<'a>,
    text: &str,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let needle = machine.text_of(&argument(arguments, 0))?;
    let len = text::len(text);
    let index_of = |found: Option<usize>| Value::Number(found.map_or(-1.0, number::from_len));
    if name == "lastIndexOf" {
        let from = match argument(arguments, 1) {
            Value::Undefined => f64::NAN,
            from => machine.number_of(&from)?,
        };
        let from = if from.is_nan() {
            len
        } else {
            number::to_len(from.max(0.0))
        };
        machine
            .meter
            .work(len.saturating_mul(1 + needle.len() / 64))?;
        return Ok(index_of(text::find_last(text, &needle, from)));
    }
    let position = integer(machine, arguments, 1)?;
    let clip = |index: f64| number::to_len(index.max(0.0)).min(len);
    let from = clip(position.unwrap_or(0.0));
    Ok(match name {
        "includes" => Value::Bool(text::find(text, &needle, from).is_some()),
        "indexOf" => index_of(text::find(text, &needle, from)),
        "startsWith" => Value::Bool(text::slice(text, from..len).starts_with(needle.as_str())),
        _ => {
            let end = position.map_or(len, clip);
            Value::Bool(text::slice(text, 0..end).ends_with(needle.as_str()))
        }
    })
}

pub(super) fn call_number<'a>(
    machine: &mut Machine<'a>,
    number: f64,
    name: &str,
    arguments: &[Value<'a>],
) -> Result<Value<'a>> {
    let given = integer(machine, arguments, 0)?;
    let written = match (name, given) {
        ("toString" | "toPrecision", None) => number::to_text(number),
        ("toString", Some(radix)) => {
            let radix = number::to_len(in_range(radix, 2.0, 36.0)?);
            match u32::try_from(radix) {
                Ok(10) | Err(_) => number::to_text(number),
                Ok(radix) => number::to_radix(number, radix),
            }
        }
        ("toPrecision" | "toExponential", Some(_)) if !number.is_finite() => {
            number::to_text(number)
        }
        ("toPrecision", Some(precision)) => {
            let precision = in_range(precision, 1.0, MAX_DIGITS)?;
            number::to_precision(number, number::to_len(precision))
        }
        ("toExponential", None) => number::to_exponential(number, None),
        ("toExponential", Some(decimals)) => {
            let decimals = in_range(decimals, 0.0, MAX_DIGITS)?;
            number::to_exponential(number, Some(number::to_len(decimals)))
        }
        ("toFixed", decimals) => {
            let decimals = in_range(decimals.unwrap_or(0.0), 0.0, MAX_DIGITS)?;
            number::to_fixed(number, number::to_len(decimals))
        }
        _ => return Err(unknown(name)),
    };
    machine.text(written)
}

fn in_range(number: f64, min: f64, max: f64) -> Result<f64> {
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(fault(format!("the argument has to be from {min} to {max}")))
}
