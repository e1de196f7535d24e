//! Numbers as JavaScript reads, writes and rounds them.

use crate::text;

mod digits;

pub(crate) use digits::{to_exponential, to_fixed, to_precision, to_radix};

/// Largest integer up to which every integer has a number of its own.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A number as `String(number)` writes it.
pub(crate) fn to_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    if let Some(integer) = to_integer(number) {
        return integer.to_string();
    }
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = mantissa.replace('.', "");
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}", digits::layout(&digits, exponent))
}

/// The number as an integer, if it is one that is held exactly.
pub(crate) fn to_integer(number: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was checked, and rounding is what the comparison is about"
    )]
    let integer = (number.abs() <= MAX_SAFE_INTEGER).then_some(number as i64)?;
    (from_integer(integer) - number == 0.0).then_some(integer)
}

/// An integer as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "lengths and counts are far below 2^53"
)]
pub(crate) fn from_integer(integer: i64) -> f64 {
    integer as f64
}

/// A length or an index as a number.
pub(crate) fn from_len(len: usize) -> f64 {
    from_integer(i64::try_from(len).unwrap_or(i64::MAX))
}

/// A whole number that can be an index or a count, clipped to what fits.
pub(crate) fn to_len(number: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float casts saturate, which is the clipping asked for"
    )]
    let len = number as usize;
    len
}

/// Position in a sequence of `len` that an index counts, from the end when it is negative.
pub(crate) fn to_offset(index: f64, len: usize) -> usize {
    if index < 0.0 {
        to_len((from_len(len) + index).max(0.0))
    } else {
        to_len(index).min(len)
    }
}

/// `ToIntegerOrInfinity`.
pub(crate) fn truncate(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.trunc() }
}

/// `Math.round`: halves go up.
pub(crate) fn round(number: f64) -> f64 {
    let floor = number.floor();
    if number - floor >= 0.5 {
        floor + 1.0
    } else {
        floor
    }
}

/// `base ** exponent`.
pub(crate) fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (exponent.is_infinite() && base.abs() - 1.0 == 0.0) {
        return f64::NAN;
    }
    base.powf(exponent)
}

/// `Number(text)`.
pub(crate) fn parse(text: &str) -> f64 {
    let text = text::trim(text);
    match text {
        "" => return 0.0,
        "Infinity" | "+Infinity" => return f64::INFINITY,
        "-Infinity" => return f64::NEG_INFINITY,
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = strip_prefix_any_case(text, prefix) {
            return all_digits(digits, radix).unwrap_or(f64::NAN);
        }
    }
    if text.bytes().all(is_decimal_byte) {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

/// `parseFloat(text)`: the number a text begins with.
pub(crate) fn parse_float(text: &str) -> f64 {
    let text = text.trim_start_matches(text::is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.starts_with("Infinity") {
        return if text.starts_with('-') {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        };
    }
    let sign_len = text.len() - unsigned.len();
    let mut len = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    if unsigned[len..].starts_with('.') {
        let n_decimals = digits_at(unsigned, len + 1);
        if len + n_decimals > 0 {
            len += 1 + n_decimals;
        }
    }
    if len > 0 && unsigned[len..].starts_with(['e', 'E']) {
        let n_signs = usize::from(unsigned[len + 1..].starts_with(['+', '-']));
        let n_digits = digits_at(unsigned, len + 1 + n_signs);
        if n_digits > 0 {
            len += 1 + n_signs + n_digits;
        }
    }
    text[..sign_len + len].parse().unwrap_or(f64::NAN)
}

fn digits_at(text: &str, start: usize) -> usize {
    text[start..].bytes().take_while(u8::is_ascii_digit).count()
}

/// `parseInt(text, radix)`.
pub(crate) fn parse_int(text: &str, radix: f64) -> f64 {
    let text = text.trim_start_matches(text::is_space);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let radix = to_integer(truncate(radix)).unwrap_or_default();
    let hexadecimal = strip_prefix_any_case(unsigned, "0x");
    let (digits, radix) = match (radix, hexadecimal) {
        (0 | 16, Some(digits)) => (digits, 16),
        (0, None) => (unsigned, 10),
        (2..=36, _) => (unsigned, u32::try_from(radix).unwrap_or(10)),
        _ => return f64::NAN,
    };
    let len: usize = digits
        .chars()
        .take_while(|c| c.is_digit(radix))
        .map(char::len_utf8)
        .sum();
    let magnitude = all_digits(&digits[..len], radix).unwrap_or(f64::NAN);
    if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    }
}

fn all_digits(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    if radix == 10 {
        return digits.parse().ok();
    }
    digits.chars().try_fold(0.0, |number, c| {
        let digit = c.to_digit(radix)?;
        Some(number * f64::from(radix) + f64::from(digit))
    })
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

fn is_decimal_byte(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
}

/// A number as JSON, which has no infinities.
pub(crate) fn to_json(number: f64) -> serde_json::Value {
    if let Some(integer) = to_integer(number) {
        return integer.into();
    }
    // Beyond 2^53 JavaScript writes other digits than an exact integer has.
    let written = to_text(number);
    if let Ok(integer) = written.parse::<i64>() {
        return integer.into();
    }
    if let Ok(integer) = written.parse::<u64>() {
        return integer.into();
    }
    serde_json::Number::from_f64(number).map_or(serde_json::Value::Null, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (number, written) in [
            (0.0, "0"),
            (-0.0, "0"),
            (5.0, "5"),
            (1.5, "1.5"),
            (-0.25, "-0.25"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (0.000_001, "0.000001"),
            (0.000_000_1, "1e-7"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(to_text(number), written);
        }
    }

    #[test]
    fn text_is_read_as_a_whole() {
        for (text, number) in [
            ("", 0.0),
            (" 12 ", 12.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("0x1F", 31.0),
            ("-3e2", -300.0),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(to_text(parse(text)), to_text(number), "{text}");
        }
        for text in ["12px", "inf", "nan", "1_000", "0x", ".", "1e"] {
            assert!(parse(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn a_leading_number_is_found() {
        for (text, float, int) in [
            ("12px", 12.0, 12.0),
            ("-1.5e2x", -150.0, -1.0),
            ("3.e", 3.0, 3.0),
            (".5", 0.5, f64::NAN),
            ("1e+", 1.0, 1.0),
            ("0x1f", 0.0, 31.0),
            ("abc", f64::NAN, f64::NAN),
        ] {
            for (found, expected) in [(parse_float(text), float), (parse_int(text, 0.0), int)] {
                assert!(
                    (found - expected).abs() < 1e-9 || (found.is_nan() && expected.is_nan()),
                    "{text}: {found}"
                );
            }
        }
        assert!((parse_int("ff", 16.0) - 255.0).abs() < 1e-9);
        assert!(parse_int("1", 1.0).is_nan());
    }
}
