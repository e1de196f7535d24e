//! Scalars: the core schema of YAML 1.2, with numbers as JavaScript holds them.

use std::borrow::Cow;

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::Value;

use crate::javascript::{number_from_f64, scalar_text};

/// Largest integer that a JavaScript number holds exactly.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// The value of a scalar.
pub(super) fn value(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_plain = style == ScalarStyle::Plain;
    let resolved = match tag {
        None if is_plain => plain(&text),
        Some(tag) if tag.is_yaml_core_schema() => tagged(&text, &tag.suffix),
        None | Some(_) => None,
    };
    resolved.unwrap_or_else(|| Value::String(text.into_owned()))
}

/// The member name a scalar becomes, and whether it was anything but a text.
pub(super) fn key(value: Value) -> (String, bool) {
    match value {
        Value::String(text) => (text, false),
        other => (scalar_text(&other).unwrap_or_default().into_owned(), true),
    }
}

/// A scalar without tag and quotes; `None` for texts.
fn plain(text: &str) -> Option<Value> {
    match text.bytes().next() {
        None => Some(Value::Null),
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F') => word(text),
        Some(b'-' | b'+' | b'.' | b'0'..=b'9') => number(text),
        Some(_) => None,
    }
}

/// A scalar whose tag names its type; `None` where the text does not fit.
fn tagged(text: &str, suffix: &str) -> Option<Value> {
    let is_wanted = |value: &Value| match suffix {
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "int" | "float" => value.is_number(),
        _ => false,
    };
    plain(text).filter(is_wanted)
}

fn word(text: &str) -> Option<Value> {
    match text {
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        // JSON has neither.
        return Some(Value::Null);
    }
    if !is_decimal(unsigned) {
        return None;
    }
    match text.parse::<i64>() {
        Ok(integer) if integer.abs() <= MAX_SAFE_INTEGER => Some(Value::from(integer)),
        _ => text.parse().ok().map(number_from_f64),
    }
}

/// Digits with an optional fraction and exponent; either side of the point may be empty.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if whole + length == 0 {
            return false;
        }
        rest = &fraction[length..];
    } else if whole == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else {
        return rest.is_empty();
    };
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

/// Octal and hexadecimal numbers; large ones lose precision as they do in JavaScript.
fn radix(digits: &str, radix: u32) -> Option<Value> {
    if digits.is_empty() {
        return None;
    }
    let mut float = 0.0;
    for digit in digits.chars() {
        float = float * f64::from(radix) + f64::from(digit.to_digit(radix)?);
    }
    Some(number_from_f64(float))
}
