//! SQL `LIKE '%term%'`: `%` stands for any text and `_` for one character, also inside the term.

use memchr::memmem::Finder;

/// A compiled term.
pub(crate) struct Like {
    /// The parts between `%`, each possibly with `_`; empty parts are left out.
    parts: Vec<Vec<u8>>,
    /// The longest stretch without wildcards; every match contains it.
    needle: Finder<'static>,
    /// Whether the needle is the whole term.
    is_plain: bool,
}

impl Like {
    /// Compiles a lower-case term.
    pub(crate) fn new(term: &str) -> Self {
        let parts = term.split('%').filter(|part| !part.is_empty());
        let parts: Vec<Vec<u8>> = parts.map(|part| part.as_bytes().to_vec()).collect();
        let literals = term.split(['%', '_']);
        let needle = literals
            .max_by_key(|literal| literal.len())
            .unwrap_or_default();
        let is_plain = needle.len() == term.len();
        Self {
            parts,
            needle: Finder::new(needle).into_owned(),
            is_plain,
        }
    }

    /// The stretch of text that every match contains; may be empty.
    pub(crate) fn needle(&self) -> &Finder<'static> {
        &self.needle
    }

    /// Whether a text that contains the needle matches.
    pub(crate) fn confirms(&self, text: &[u8]) -> bool {
        self.is_plain || self.matches_parts(text)
    }

    /// Whether a text matches.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        self.needle.find(text).is_some() && self.confirms(text)
    }

    /// The leftmost place for each part in turn is the best one: nothing has to be tried twice.
    fn matches_parts(&self, text: &[u8]) -> bool {
        let mut rest = text;
        self.parts.iter().all(|part| {
            let end = find_part(rest, part);
            rest = end.map_or(&[][..], |end| &rest[end..]);
            end.is_some()
        })
    }
}

/// Where the first match of `part` ends.
fn find_part(text: &[u8], part: &[u8]) -> Option<usize> {
    let is_boundary = |at: usize| text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let starts = (0..=text.len()).filter(|at| is_boundary(*at));
    starts
        .into_iter()
        .find_map(|at| match_at(&text[at..], part).map(|len| at + len))
}

/// Length of the match of `part` at the start of `text`.
fn match_at(text: &[u8], part: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in part {
        let found = *text.get(at)?;
        if *byte == b'_' {
            at += char_len(found);
        } else if *byte == found {
            at += 1;
        } else {
            return None;
        }
    }
    (at <= text.len()).then_some(at)
}

/// Bytes of the UTF-8 character that starts with this byte.
fn char_len(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(term: &str, matching: &[&str], other: &[&str]) {
        let like = Like::new(term);
        for text in matching {
            assert!(
                like.matches(text.as_bytes()),
                "{term:?} should match {text:?}"
            );
        }
        for text in other {
            assert!(
                !like.matches(text.as_bytes()),
                "{term:?} should not match {text:?}"
            );
        }
    }

    #[test]
    fn a_term_matches_anywhere_and_its_wildcards_work() {
        check(
            "check",
            &["check", "checkout", "a-check-b"],
            &["", "chec", "c-heck"],
        );
        check("%", &["", "x"], &[]);
        check("_", &["x", "日", "xy"], &[""]);
        check("a%b", &["ab", "xaxbx", "a-b"], &["ba", "a", "bbba"]);
        check("a_b", &["axb", "a日b", "aab", "xaab"], &["ab", "axxb", "a"]);
        check("__", &["xy", "日本"], &["x", "日"]);
        check("a_c%e_", &["abcdef", "xabcxxeee"], &["abcde", "acef"]);
        check("日本", &["größenwahn ☕ 日本語"], &["日 本"]);
        check("\\", &["a\\b"], &["ab"]);
    }
}
