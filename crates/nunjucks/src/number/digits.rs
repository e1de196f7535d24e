//! Digits of a number: fixed, exponential and in another base.
//!
//! The digits come from the exact decimal value, and halves are rounded away from zero: that is
//! what the specification of `toFixed` and its relatives asks for.

use std::fmt::Write as _;

use super::to_text;

/// No number has more significant digits in its exact decimal form.
const ALL_DIGITS: usize = 800;
/// No number has more decimals.
const ALL_DECIMALS: usize = 1_074;
/// From here on, `toFixed` writes like `String`.
const FIXED_LIMIT: f64 = 1e21;
/// Most fraction digits a binary fraction needs in base 2.
const MAX_FRACTION_DIGITS: usize = 1_100;

/// Lays out significant digits with the exponent of the first one, as `String(number)` does.
pub(super) fn layout(digits: &str, exponent: i32) -> String {
    match exponent {
        0..=20 => with_point(digits, usize::try_from(exponent).unwrap_or_default() + 1),
        -6..=-1 => {
            let n_zeros = usize::try_from(-exponent).unwrap_or_default() - 1;
            format!("0.{}{digits}", "0".repeat(n_zeros))
        }
        _ => exponential(digits, exponent),
    }
}

/// Digits with `n_whole` of them before the point.
fn with_point(digits: &str, n_whole: usize) -> String {
    if digits.len() <= n_whole {
        return format!("{digits}{}", "0".repeat(n_whole - digits.len()));
    }
    format!("{}.{}", &digits[..n_whole], &digits[n_whole..])
}

fn exponential(digits: &str, exponent: i32) -> String {
    let mut text = String::from(&digits[..1]);
    if digits.len() > 1 {
        text.push('.');
        text.push_str(&digits[1..]);
    }
    // Writing to a String cannot fail.
    _ = write!(text, "e{exponent:+}");
    text
}

/// `n_digits` significant digits of a positive number, and the exponent of the first.
fn significant(number: f64, n_digits: usize) -> (String, i32) {
    let exact = format!("{number:.ALL_DIGITS$e}");
    let (mantissa, exponent) = exact.split_once('e').unwrap_or((&exact, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let all = mantissa.replace('.', "");
    let mut digits = all.as_bytes()[..n_digits.min(all.len())].to_vec();
    digits.resize(n_digits, b'0');
    let rounds_up = all
        .as_bytes()
        .get(n_digits)
        .is_some_and(|next| *next >= b'5');
    let mut text = String::new();
    let mut carried = exponent;
    if rounds_up && carry(&mut digits) {
        text.push('1');
        carried += 1;
        digits.truncate(n_digits.saturating_sub(1));
    }
    text.extend(digits.into_iter().map(char::from));
    (text, carried)
}

/// Adds one to the last digit; true if a one has to go in front of zeros.
fn carry(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return false;
        }
    }
    true
}

/// `Number.prototype.toFixed`; `decimals` is at most 100.
pub(crate) fn to_fixed(number: f64, decimals: usize) -> String {
    if !number.is_finite() || number.abs() >= FIXED_LIMIT {
        return to_text(number);
    }
    let exact = format!("{:.ALL_DECIMALS$}", number.abs());
    let (whole, fraction) = exact.split_once('.').unwrap_or((&exact, ""));
    let all = [whole, fraction].concat();
    let n_digits = whole.len() + decimals;
    let mut digits = all.as_bytes()[..n_digits].to_vec();
    if all.as_bytes()[n_digits] >= b'5' && carry(&mut digits) {
        digits.insert(0, b'1');
    }
    let mut text = String::from(if number < 0.0 { "-" } else { "" });
    let n_whole = digits.len() - decimals;
    text.extend(digits[..n_whole].iter().copied().map(char::from));
    if decimals > 0 {
        text.push('.');
        text.extend(digits[n_whole..].iter().copied().map(char::from));
    }
    text
}

/// `Number.prototype.toExponential`; `decimals` is at most 100.
pub(crate) fn to_exponential(number: f64, decimals: Option<usize>) -> String {
    if !number.is_finite() {
        return to_text(number);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let absolute = number.abs();
    let (digits, exponent) = match decimals {
        Some(decimals) if absolute > 0.0 => significant(absolute, decimals + 1),
        Some(decimals) => ("0".repeat(decimals + 1), 0),
        None => {
            let shortest = format!("{absolute:e}");
            let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
            (
                mantissa.replace('.', ""),
                exponent.parse().unwrap_or_default(),
            )
        }
    };
    format!("{sign}{}", exponential(&digits, exponent))
}

/// `Number.prototype.toPrecision`; `precision` is from 1 to 100.
pub(crate) fn to_precision(number: f64, precision: usize) -> String {
    if !number.is_finite() {
        return to_text(number);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let absolute = number.abs();
    let (digits, exponent) = if absolute > 0.0 {
        significant(absolute, precision)
    } else {
        ("0".repeat(precision), 0)
    };
    let limit = i32::try_from(precision).unwrap_or(i32::MAX);
    let unsigned = if exponent < -6 || exponent >= limit {
        exponential(&digits, exponent)
    } else {
        layout_any(&digits, exponent)
    };
    format!("{sign}{unsigned}")
}

fn layout_any(digits: &str, exponent: i32) -> String {
    match usize::try_from(exponent) {
        Ok(exponent) => with_point(digits, exponent + 1),
        Err(_) => layout(digits, exponent),
    }
}

/// `Number.prototype.toString(radix)`; `radix` is from 2 to 36 and not 10.
///
/// The fraction ends with the first digit that tells the number from its neighbours.
pub(crate) fn to_radix(number: f64, radix: u32) -> String {
    if !number.is_finite() {
        return to_text(number);
    }
    let base = f64::from(radix);
    let absolute = number.abs();
    let mut whole = absolute.floor();
    let mut fraction = absolute - whole;
    let mut precision = (0.5 * (absolute.next_up() - absolute)).max(f64::MIN_POSITIVE);
    let mut decimals: Vec<u32> = Vec::new();
    while fraction >= precision && decimals.len() < MAX_FRACTION_DIGITS {
        fraction *= base;
        precision *= base;
        let digit = fraction.floor();
        decimals.push(to_digit(digit));
        fraction -= digit;
        let is_last = fraction > 0.5 || (fraction - 0.5 == 0.0 && to_digit(digit) % 2 == 1);
        if is_last && fraction + precision > 1.0 {
            whole += f64::from(u8::from(carry_radix(&mut decimals, radix)));
            break;
        }
    }
    let mut text = String::from(if number < 0.0 { "-" } else { "" });
    text.push_str(&whole_digits(whole, base));
    if !decimals.is_empty() {
        text.push('.');
        text.extend(
            decimals
                .into_iter()
                .filter_map(|digit| char::from_digit(digit, radix)),
        );
    }
    text
}

/// Adds one to the last decimal; true if the whole part has to grow.
fn carry_radix(decimals: &mut Vec<u32>, radix: u32) -> bool {
    while let Some(digit) = decimals.pop() {
        if digit + 1 < radix {
            decimals.push(digit + 1);
            return false;
        }
    }
    true
}

fn whole_digits(mut whole: f64, base: f64) -> String {
    let mut digits = Vec::new();
    // Digits below the precision of the number are not known: they are zeros.
    while whole.log2() >= 53.0 {
        whole /= base;
        digits.push('0');
    }
    loop {
        let rest = whole % base;
        digits.extend(char::from_digit(to_digit(rest), 36));
        whole = (whole - rest) / base;
        if whole < 1.0 {
            break;
        }
    }
    digits.into_iter().rev().collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a digit is between 0 and 35"
)]
fn to_digit(digit: f64) -> u32 {
    digit as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_rounds_the_exact_value() {
        for (number, decimals, written) in [
            (1.005, 2, "1.00"),
            (2.5, 0, "3"),
            (0.5, 0, "1"),
            (0.4, 0, "0"),
            (1.45, 1, "1.4"),
            (8.345, 2, "8.35"),
            (0.000_001, 7, "0.0000010"),
            (123.456, 2, "123.46"),
            (-1.5, 0, "-2"),
            (0.0, 2, "0.00"),
            (99.99, 1, "100.0"),
            (1e21, 2, "1e+21"),
            (0.05, 1, "0.1"),
            (0.04, 1, "0.0"),
            (0.001, 1, "0.0"),
        ] {
            assert_eq!(to_fixed(number, decimals), written, "{number} {decimals}");
        }
    }

    #[test]
    fn precision_and_exponent() {
        assert_eq!(to_precision(123.456, 4), "123.5");
        assert_eq!(to_precision(0.000_012_3, 2), "0.000012");
        assert_eq!(to_precision(123_456.0, 2), "1.2e+5");
        assert_eq!(to_precision(5.0, 3), "5.00");
        assert_eq!(to_exponential(12_345.0, Some(2)), "1.23e+4");
        assert_eq!(to_exponential(12_345.0, None), "1.2345e+4");
        assert_eq!(to_exponential(0.0, Some(1)), "0.0e+0");
    }

    #[test]
    fn other_bases() {
        assert_eq!(to_radix(255.0, 16), "ff");
        assert_eq!(to_radix(-5.0, 2), "-101");
        assert_eq!(to_radix(0.5, 2), "0.1");
        assert_eq!(to_radix(0.1, 3), "0.0022002200220022002200220022002201");
        assert_eq!(to_radix(35.0, 36), "z");
    }
}
