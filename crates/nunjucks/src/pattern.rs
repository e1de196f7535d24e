//! Regular expressions of JavaScript on an engine without backtracking.
//!
//! The syntax is translated; look-around and back references, which need backtracking and with it
//! unbounded time, are refused when the template is parsed. Matching is by characters, not by
//! halves of surrogate pairs.

use std::fmt::Write as _;

use regex::{Captures, Regex, RegexBuilder};

use crate::error::{Result, fault};
use crate::machine::{Machine, RegexCell};
use crate::text;
use crate::value::{RegexId, Value};

/// Bytes that a compiled expression may take.
const MAX_COMPILED: usize = 1 << 20;
/// Nesting of groups.
const MAX_NESTING: u32 = 100;
/// `\s` of JavaScript, for use inside of brackets.
const SPACE: &str =
    r"\t-\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// Compiles an expression; the message says why it cannot be.
pub(crate) fn compile(source: &str, flags: &str) -> std::result::Result<Regex, String> {
    let translated = Translator::new(source).run()?;
    RegexBuilder::new(&translated)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .size_limit(MAX_COMPILED)
        .nest_limit(MAX_NESTING)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
            _ => "this is not a regular expression".to_owned(),
        })
}

struct Translator<'s> {
    chars: std::iter::Peekable<std::str::Chars<'s>>,
    output: String,
    in_class: bool,
}

impl<'s> Translator<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            chars: source.chars().peekable(),
            output: String::new(),
            in_class: false,
        }
    }

    fn run(mut self) -> std::result::Result<String, String> {
        while let Some(c) = self.chars.next() {
            match c {
                '\\' => self.escape()?,
                ']' if self.in_class => {
                    self.in_class = false;
                    self.output.push(']');
                }
                // These mean something inside of brackets to the engine, but not to JavaScript.
                '[' | '&' | '~' if self.in_class => self.literal(c),
                _ if self.in_class => self.output.push(c),
                '[' => self.open_class(),
                '.' => self.output.push_str(r"[^\n\r\u{2028}\u{2029}]"),
                '(' => self.open_group()?,
                '{' => self.brace(),
                ']' | '}' => self.literal(c),
                _ => self.output.push(c),
            }
        }
        Ok(self.output)
    }

    fn literal(&mut self, c: char) {
        self.output
            .push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn open_class(&mut self) {
        let is_negated = self.chars.next_if_eq(&'^').is_some();
        if self.chars.next_if_eq(&']').is_some() {
            // Nothing, or anything.
            let class = if is_negated { r"[\s\S]" } else { r"[^\s\S]" };
            self.output.push_str(class);
            return;
        }
        self.in_class = true;
        self.output.push('[');
        if is_negated {
            self.output.push('^');
        }
    }

    fn open_group(&mut self) -> std::result::Result<(), String> {
        self.output.push('(');
        if self.chars.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.output.push('?');
        match self.chars.next() {
            Some(':') => self.output.push(':'),
            Some('<') if !matches!(self.chars.peek(), Some('=' | '!')) => self.output.push('<'),
            _ => return Err("look-around is not possible in a regular expression".to_owned()),
        }
        Ok(())
    }

    /// A brace that does not begin a count is an ordinary character.
    fn brace(&mut self) {
        let count: String = self.chars.clone().take_while(|c| *c != '}').collect();
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let has_end = self.chars.clone().any(|c| c == '}');
        let (low, high) = count.split_once(',').unwrap_or((&count, ""));
        if has_end && !low.is_empty() && is_number(low) && is_number(high) {
            _ = write!(self.output, "{{{count}}}");
            for _ in 0..=count.len() {
                self.chars.next();
            }
        } else {
            self.output.push_str(r"\{");
        }
    }

    fn escape(&mut self) -> std::result::Result<(), String> {
        let Some(c) = self.chars.next() else {
            return Err("the regular expression ends inside of an escape".to_owned());
        };
        match c {
            'd' => self.class("0-9", false),
            'D' => self.class("0-9", true),
            'w' => self.class("0-9A-Za-z_", false),
            'W' => self.class("0-9A-Za-z_", true),
            's' => self.class(SPACE, false),
            'S' => self.class(SPACE, true),
            'b' if self.in_class => self.output.push_str(r"\x08"),
            'b' => self.output.push_str(r"(?-u:\b)"),
            'B' if !self.in_class => self.output.push_str(r"(?-u:\B)"),
            'n' | 'r' | 't' | 'f' | 'v' => {
                self.output.push('\\');
                self.output.push(c);
            }
            '0' => self.output.push_str(r"\x00"),
            '1'..='9' if !self.in_class => {
                return Err("back references are not possible in a regular expression".to_owned());
            }
            'x' => self.code(2, c),
            'u' => self.code(4, c),
            'c' => self.control(),
            'k' => {
                return Err("back references are not possible in a regular expression".to_owned());
            }
            c => self.literal(c),
        }
        Ok(())
    }

    fn class(&mut self, members: &str, is_negated: bool) {
        // The engine has classes inside of classes, so this is right in both places.
        self.output.push_str(if is_negated { "[^" } else { "[" });
        self.output.push_str(members);
        self.output.push(']');
    }

    /// `\x41` and `\u0041`; without that many digits, the letter itself.
    fn code(&mut self, n_digits: usize, letter: char) {
        let digits: String = self.chars.clone().take(n_digits).collect();
        let code = u32::from_str_radix(&digits, 16)
            .ok()
            .and_then(char::from_u32);
        match code {
            Some(c) if digits.len() == n_digits => {
                self.literal(c);
                for _ in 0..n_digits {
                    self.chars.next();
                }
            }
            _ => self.output.push(letter),
        }
    }

    fn control(&mut self) {
        match self.chars.next_if(char::is_ascii_alphabetic) {
            Some(letter) => _ = write!(self.output, r"\x{:02x}", u32::from(letter) % 32),
            None => self.output.push_str(r"\\c"),
        }
    }
}

impl<'a> Machine<'a> {
    /// A literal becomes a regular expression each time it is evaluated.
    pub(crate) fn regex_literal(&mut self, source: &'a str, flags: &'a str) -> Result<Value<'a>> {
        // Compiling costs about as much as this many steps.
        self.meter.work(100 + source.len())?;
        let compiled = compile(source, flags).map_err(fault)?;
        Ok(self.regex(RegexCell {
            source,
            flags,
            compiled,
            last_index: 0,
        }))
    }

    /// `regex.test(subject)`, which goes on where the last match ended if it is global.
    pub(crate) fn regex_test(&mut self, id: RegexId, subject: &str) -> Result<bool> {
        self.meter.work(1 + subject.len() / 64)?;
        let cell = self.regex_cell_mut(id);
        let is_stateful = cell.flags.contains(['g', 'y']);
        let start = if is_stateful { cell.last_index } else { 0 };
        let Some(start) = byte_offset(subject, start) else {
            cell.last_index = 0;
            return Ok(false);
        };
        let found = cell
            .compiled
            .find_at(subject, start)
            .filter(|found| !cell.flags.contains('y') || found.start() == start);
        if is_stateful {
            cell.last_index = found.map_or(0, |found| text::len(&subject[..found.end()]));
        }
        Ok(found.is_some())
    }

    /// `subject.replace(regex, replacement)`
    pub(crate) fn regex_replace(
        &mut self,
        id: RegexId,
        subject: &str,
        replacement: &str,
    ) -> Result<String> {
        let cell = self.regex_cell(id);
        let regex = cell.compiled.clone();
        let is_global = cell.flags.contains('g');
        let is_sticky = cell.flags.contains('y');
        let mut output = String::new();
        let mut end = 0;
        for captures in regex.captures_iter(subject) {
            let Some(found) = captures.get(0) else {
                break;
            };
            if is_sticky && found.start() != end {
                break;
            }
            self.meter.work(1)?;
            output.push_str(&subject[end..found.start()]);
            expand(replacement, subject, &captures, &mut output);
            self.meter.scratch(output.len() / 16)?;
            end = found.end();
            if !is_global {
                break;
            }
        }
        output.push_str(&subject[end..]);
        Ok(output)
    }

    /// `subject.split(regex)`
    pub(crate) fn regex_split(&mut self, id: RegexId, subject: &str) -> Result<Vec<Value<'a>>> {
        self.meter.work(1 + subject.len())?;
        let regex = self.regex_cell(id).compiled.clone();
        if subject.is_empty() {
            let is_matched = regex.is_match(subject);
            return Ok(if is_matched { vec![] } else { vec!["".into()] });
        }
        let mut parts = Vec::new();
        let mut end = 0;
        for captures in regex.captures_iter(subject) {
            let Some(found) = captures.get(0) else {
                break;
            };
            if found.end() == end || found.start() == subject.len() {
                continue;
            }
            parts.push(subject[end..found.start()].to_owned().into());
            for group in captures.iter().skip(1) {
                parts
                    .push(group.map_or(Value::Undefined, |group| group.as_str().to_owned().into()));
            }
            end = found.end();
        }
        parts.push(subject[end..].to_owned().into());
        Ok(parts)
    }
}

fn byte_offset(text: &str, index: usize) -> Option<usize> {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= index {
            return Some(at);
        }
        units += c.len_utf16();
    }
    (units >= index).then_some(text.len())
}

/// Writes a replacement: `$$`, `$&`, `` $` ``, `$'`, `$1`, `$<name>`.
fn expand(replacement: &str, subject: &str, captures: &Captures<'_>, output: &mut String) {
    let whole = captures.get(0);
    let (start, end) = whole.map_or((0, 0), |found| (found.start(), found.end()));
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        output.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let used = match tail.as_bytes().first() {
            Some(b'$') => {
                output.push('$');
                1
            }
            Some(b'&') => {
                output.push_str(&subject[start..end]);
                1
            }
            Some(b'`') => {
                output.push_str(&subject[..start]);
                1
            }
            Some(b'\'') => {
                output.push_str(&subject[end..]);
                1
            }
            Some(b'0'..=b'9') => push_group(tail, captures, output),
            Some(b'<') => push_named_group(tail, captures, output),
            _ => 0,
        };
        if used == 0 {
            output.push('$');
        }
        rest = &tail[used..];
    }
    output.push_str(rest);
}

/// `$12` is group 12 if there is one, else group 1 and a `2`.
fn push_group(tail: &str, captures: &Captures<'_>, output: &mut String) -> usize {
    for len in [2, 1] {
        let index = tail.get(..len).and_then(|digits| digits.parse().ok());
        let Some(index) = index.filter(|index| (1..captures.len()).contains(index)) else {
            continue;
        };
        if let Some(group) = captures.get(index) {
            output.push_str(group.as_str());
        }
        return len;
    }
    0
}

fn push_named_group(tail: &str, captures: &Captures<'_>, output: &mut String) -> usize {
    let name = tail[1..].split_once('>').map(|(name, _)| name);
    let Some(name) = name else {
        return 0;
    };
    if let Some(group) = captures.name(name) {
        output.push_str(group.as_str());
    }
    name.len() + 2
}

/// `subject.replace(needle, replacement)` for texts: the first one, with the same patterns.
pub(crate) fn replace_first(subject: &str, needle: &str, replacement: &str) -> String {
    let Some(start) = subject.find(needle) else {
        return subject.to_owned();
    };
    let literal = Regex::new(&regex::escape(needle)).ok();
    let captures = literal
        .as_ref()
        .and_then(|regex| regex.captures_at(subject, start));
    let Some(captures) = captures else {
        return subject.to_owned();
    };
    let mut output = subject[..start].to_owned();
    expand(replacement, subject, &captures, &mut output);
    output.push_str(&subject[start + needle.len()..]);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javascript_syntax_is_understood() {
        for (source, flags, subject, is_match) in [
            (r"^\d+$", "", "123", true),
            (r"^\d+$", "", "١٢", false),
            (r"a{2}", "", "caab", true),
            (r"a{", "", "a{", true),
            (r"x{,3}", "", "x{,3}", true),
            (r"]", "", "]", true),
            (r"[^]", "", "\n", true),
            (r"[]", "", "a", false),
            (r"a.b", "", "a\u{2028}b", false),
            (r"[a[b]", "", "[", true),
            (r"\u0041\x42", "", "AB", true),
            (r"\bé", "", "aé", true),
            (r"ABC", "i", "abc", true),
            (r"^b$", "m", "a\nb\nc", true),
            (r"[\w-]+@[\s\S]", "", "a-b@c", true),
            (r"\/", "", "/", true),
            (r"(?<year>\d{4})-(?:x)", "", "2024-x", true),
        ] {
            let regex = compile(source, flags).unwrap();
            assert_eq!(regex.is_match(subject), is_match, "{source}");
        }
        for source in ["(?=a)", "(?<!a)b", r"(a)\1", "(", "*", r"a{99999999}"] {
            assert!(compile(source, "").is_err(), "{source}");
        }
    }

    #[test]
    fn replacements_refer_to_the_match() {
        for (subject, needle, replacement, expected) in [
            ("a.b", ".", "$$[$&]$`$'$1", "a$[.]ab$1b"),
            ("aaa", "a", "b", "baa"),
            ("abc", "x", "y", "abc"),
            ("abc", "", "-", "-abc"),
        ] {
            assert_eq!(replace_first(subject, needle, replacement), expected);
        }
    }
}
