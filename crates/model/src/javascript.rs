//! The few rules of JavaScript that are visible on the wire: how long a string is, what counts as
//! white space, how a number is written.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Number, Value};

/// Largest integer that a JavaScript number holds exactly.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Whether the text has at most `limit` UTF-16 code units.
pub(crate) fn fits_utf16(text: &str, limit: usize) -> bool {
    // A character never needs more UTF-16 units than UTF-8 bytes.
    text.len() <= limit || text.encode_utf16().nth(limit).is_none()
}

/// `String.prototype.trim`.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}'))
}

/// `String.prototype.toLowerCase`, without a copy where nothing changes.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    if is_lower_ascii(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// Whether the text is plain ASCII that lower-casing leaves alone.
pub(crate) fn is_lower_ascii(text: &str) -> bool {
    // Without early exit, so that it is compiled into vector instructions.
    text.bytes().fold(true, |is_lower, byte| {
        is_lower & byte.is_ascii() & !byte.is_ascii_uppercase()
    })
}

/// `String(value)` of a string, number or boolean; `None` for everything else.
pub(crate) fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Number(number) => {
            let mut text = String::new();
            write_number(&mut text, number);
            Some(Cow::Owned(text))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The name `typeof` gives a JSON value.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => "object",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
    }
}

/// Appends `String(number)`.
pub(crate) fn write_number(out: &mut String, number: &Number) {
    match exact_integer(number) {
        // Writing to a String cannot fail.
        Some(integer) => _ = write!(out, "{integer}"),
        None => write_f64(out, number.as_f64().unwrap_or_default()),
    }
}

/// The JSON number a JavaScript engine would hold for `float`; null when it is not finite.
pub(crate) fn number_from_f64(float: f64) -> Value {
    if !float.is_finite() {
        return Value::Null;
    }
    if float.fract().abs() < f64::MIN_POSITIVE {
        let mut text = String::new();
        write_f64(&mut text, float);
        if let Ok(integer) = text.parse::<i64>() {
            return Value::from(integer);
        }
        if let Ok(integer) = text.parse::<u64>() {
            return Value::from(integer);
        }
    }
    Number::from_f64(float).map_or(Value::Null, Value::Number)
}

/// The integer, unless JavaScript would round it.
fn exact_integer(number: &Number) -> Option<i64> {
    number
        .as_i64()
        .filter(|integer| integer.unsigned_abs() <= MAX_SAFE_INTEGER)
}

/// `Number::toString` of ECMA-262: shortest digits, exponent form below 1e-6 and from 1e21.
fn write_f64(out: &mut String, float: f64) {
    if float == 0.0 {
        out.push('0');
        return;
    }
    if float < 0.0 {
        out.push('-');
    }
    let scientific = format!("{:e}", float.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = exponent.parse::<i32>().unwrap_or_default() + 1;
    write_digits(out, &digits, point);
}

/// Places the decimal point of `0.DIGITS * 10^point`.
fn write_digits(out: &mut String, digits: &str, point: i32) {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or_default());
    if count <= point && point <= 21 {
        out.push_str(digits);
        out.push_str(&zeros(point - count));
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
        _ = write!(out, "{whole}.{fraction}");
    } else if -6 < point && point <= 0 {
        _ = write!(out, "0.{}{digits}", zeros(-point));
    } else {
        let (first, rest) = digits.split_at(1);
        let separator = if rest.is_empty() { "" } else { "." };
        let sign = if point > 0 { "+" } else { "-" };
        _ = write!(out, "{first}{separator}{rest}e{sign}{}", (point - 1).abs());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (value, expected) in [
            (json!(0), "0"),
            (json!(-0.0), "0"),
            (json!(42), "42"),
            (json!(-7), "-7"),
            (json!(1.5), "1.5"),
            (json!(1.0), "1"),
            (json!(0.1), "0.1"),
            (json!(1e-6), "0.000001"),
            (json!(1e-7), "1e-7"),
            (json!(1.25e-7), "1.25e-7"),
            (json!(1e21), "1e+21"),
            (json!(1e20), "100000000000000000000"),
            (json!(123_456_789_012_345_678_u64), "123456789012345680"),
            (
                json!(12_345_678_901_234_567_890_u64),
                "12345678901234567000",
            ),
            (json!(-1.5e300), "-1.5e+300"),
        ] {
            assert_eq!(scalar_text(&value).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn whole_floats_become_integers() {
        for (float, expected) in [
            (3.0, "3"),
            (-0.0, "0"),
            (1e3, "1000"),
            (0.5, "0.5"),
            (12_345_678_901_234_567_890.0, "12345678901234567000"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ] {
            assert_eq!(number_from_f64(float).to_string(), expected);
        }
    }

    #[test]
    fn length_counts_utf16_units() {
        assert!(fits_utf16(&"é".repeat(200), 200));
        assert!(!fits_utf16(&"é".repeat(201), 200));
        assert!(fits_utf16(&"🚀".repeat(100), 200));
        assert!(!fits_utf16(&"🚀".repeat(101), 200));
    }

    #[test]
    fn trim_follows_javascript_white_space() {
        assert_eq!(trim("\u{feff}\u{a0} a b \u{2028}\n"), "a b");
        assert_eq!(trim("\u{85}a"), "\u{85}a");
    }
}
