//! Text as JavaScript sees it: a sequence of UTF-16 code units with its own idea of white space.
//!
//! Rust text cannot hold half of a surrogate pair, but templates can make one (`"😀"[0]`). Such a
//! half is kept as a stand-in from the end of a private use plane and put together again by
//! [`join_halves`] when it reaches the output.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

/// Stand-in of the first surrogate; the 2,048 surrogates fit exactly below the end of Unicode.
const FIRST_STAND_IN: u32 = 0x10_F800;
const FIRST_SURROGATE: u16 = 0xD800;
const LAST_SURROGATE: u16 = 0xDFFF;

/// Number of UTF-16 code units.
pub(crate) fn len(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        units(text).count()
    }
}

/// The UTF-16 code units.
pub(crate) fn units(text: &str) -> impl Iterator<Item = u16> + '_ {
    text.chars().flat_map(|c| {
        let mut buffer = [0; 2];
        let n_units = match half(c) {
            Some(unit) => {
                buffer[0] = unit;
                1
            }
            None => c.encode_utf16(&mut buffer).len(),
        };
        buffer.into_iter().take(n_units)
    })
}

/// Text of code units; halves of pairs become stand-ins.
pub(crate) fn from_units(units: impl IntoIterator<Item = u16>) -> String {
    char::decode_utf16(units)
        .map(|decoded| decoded.unwrap_or_else(|half| stand_in(half.unpaired_surrogate())))
        .collect()
}

/// Whether the text has stand-ins.
pub(crate) fn has_halves(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|c| half(c).is_some())
}

/// Puts neighbouring halves together; what is left alone becomes the replacement character.
pub(crate) fn join_halves(text: &str) -> String {
    let units: Vec<u16> = units(text).collect();
    String::from_utf16_lossy(&units)
}

/// The surrogate that a stand-in is for.
pub(crate) fn half(c: char) -> Option<u16> {
    let offset = u32::from(c).checked_sub(FIRST_STAND_IN)?;
    u16::try_from(offset)
        .ok()
        .map(|offset| FIRST_SURROGATE + offset)
}

fn stand_in(half: u16) -> char {
    let offset = half.clamp(FIRST_SURROGATE, LAST_SURROGATE) - FIRST_SURROGATE;
    char::from_u32(FIRST_STAND_IN + u32::from(offset)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The code units in `range`, which is clipped to the text.
pub(crate) fn slice(text: &str, range: Range<usize>) -> Cow<'_, str> {
    if text.is_ascii() {
        let end = range.end.min(text.len());
        let start = range.start.min(end);
        return Cow::Borrowed(&text[start..end]);
    }
    let n_taken = range.end.saturating_sub(range.start);
    Cow::Owned(from_units(units(text).skip(range.start).take(n_taken)))
}

/// Each code unit as a text.
pub(crate) fn split_units(text: &str) -> impl Iterator<Item = String> + '_ {
    units(text).map(|unit| from_units([unit]))
}

/// Index in code units of the first occurrence of `needle` at or after `from`.
pub(crate) fn find(text: &str, needle: &str, from: usize) -> Option<usize> {
    if text.is_ascii() {
        let from = from.min(text.len());
        return text[from..].find(needle).map(|index| from + index);
    }
    let (text, needle) = (to_units(text), to_units(needle));
    let from = from.min(text.len());
    if needle.is_empty() {
        return Some(from);
    }
    let index = text[from..]
        .windows(needle.len())
        .position(|window| window == needle)?;
    Some(from + index)
}

/// Index in code units of the last occurrence of `needle` that begins at or before `from`.
pub(crate) fn find_last(text: &str, needle: &str, from: usize) -> Option<usize> {
    let (text, needle) = (to_units(text), to_units(needle));
    let last_start = text.len().checked_sub(needle.len())?.min(from);
    (0..=last_start)
        .rev()
        .find(|&start| text[start..].starts_with(&needle))
}

/// The code units, collected.
pub(crate) fn to_units(text: &str) -> Vec<u16> {
    units(text).collect()
}

/// Order by code units, which differs from that of code points beyond the basic plane.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    if left.is_ascii() || right.is_ascii() {
        return left.cmp(right);
    }
    units(left).cmp(units(right))
}

/// `\s` of JavaScript, which is also what `trim` removes.
pub(crate) fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

/// `String.prototype.trim`.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The first code unit in upper case, the rest in lower case.
pub(crate) fn capitalize(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut chars = lower.chars();
    match chars.next() {
        // A character of two code units has no upper case when it is cut in half.
        Some(first) if first.len_utf16() == 1 => first.to_uppercase().chain(chars).collect(),
        Some(_) | None => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_pair_survive_a_round_trip() {
        let halves: Vec<String> = split_units("a😀").collect();
        assert_eq!(halves.len(), 3);
        assert_eq!(len("a😀"), 3);
        assert!(has_halves(&halves[1]));
        assert_eq!(join_halves(&halves.concat()), "a😀");
        assert_eq!(join_halves(&halves[1]), "\u{fffd}");
    }

    #[test]
    fn positions_count_code_units() {
        assert_eq!(find("äöü", "ü", 0), Some(2));
        assert_eq!(find("x😀y", "y", 0), Some(3));
        assert_eq!(find("abc", "", 9), Some(3));
        assert_eq!(find_last("abab", "ab", 9), Some(2));
        assert_eq!(find_last("abab", "ab", 1), Some(0));
        assert_eq!(slice("héllo", 1..3), "él");
    }

    #[test]
    fn order_is_that_of_code_units() {
        assert_eq!(compare("\u{ff5e}", "😀"), Ordering::Greater);
        assert_eq!(compare("a", "b"), Ordering::Less);
    }
}
