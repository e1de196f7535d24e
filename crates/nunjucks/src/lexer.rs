//! Tokens of expressions.

use std::borrow::Cow;
use std::ops::Range;

use crate::error::{Result, quoted, syntax};
use crate::pattern;

/// Longest regular expression in a template, in bytes.
const MAX_REGEX: usize = 16_384;
/// Operators of more than one character, longest first.
const LONG_OPERATORS: [&str; 8] = ["===", "!==", "**", "//", "==", "!=", "<=", ">="];
const SHORT_OPERATORS: &str = "()[]{}.,:|~+-*/%<>=";

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind<'s> {
    Name(&'s str),
    Number(f64),
    Text(Cow<'s, str>),
    Regex(RegexSpan<'s>),
    Operator(&'s str),
    End,
}

/// A token and the bytes it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'s> {
    pub kind: TokenKind<'s>,
    pub span: Range<usize>,
}

/// `r/source/flags`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegexSpan<'s> {
    pub source: &'s str,
    pub flags: &'s str,
    end: usize,
}

/// White space between tokens.
pub(crate) fn is_code_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{a0}')
}

/// The tokens of `source[range]`, with an end token.
pub(crate) fn tokenize(source: &str, range: Range<usize>) -> Result<Vec<Token<'_>>> {
    let mut lexer = Lexer {
        source: &source[..range.end],
        index: range.start,
        tokens: Vec::new(),
    };
    while lexer.index < range.end {
        lexer.token()?;
    }
    lexer.tokens.push(Token {
        kind: TokenKind::End,
        span: range.end..range.end,
    });
    Ok(lexer.tokens)
}

struct Lexer<'s> {
    source: &'s str,
    index: usize,
    tokens: Vec<Token<'s>>,
}

impl<'s> Lexer<'s> {
    fn token(&mut self) -> Result<()> {
        let rest = &self.source[self.index..];
        let Some(first) = rest.chars().next() else {
            return Ok(());
        };
        if is_code_space(first) {
            self.index += first.len_utf8();
            return Ok(());
        }
        let after_point = self.last_operator() == Some(".");
        if let Some(end) = name_end(self.source, self.index, after_point) {
            return self.name(end);
        }
        match first {
            '0'..='9' => self.number(),
            '.' if digit_at(rest, 1) && !self.is_after_operand() => {
                Err(syntax("a number begins with a digit", self.index))
            }
            '"' | '\'' => self.text(first),
            _ => self.operator(first),
        }
    }

    fn push(&mut self, kind: TokenKind<'s>, end: usize) {
        let span = self.index..end;
        self.tokens.push(Token { kind, span });
        self.index = end;
    }

    fn last_operator(&self) -> Option<&'s str> {
        match self.tokens.last()?.kind {
            TokenKind::Operator(operator) => Some(operator),
            _ => None,
        }
    }

    fn is_after_operand(&self) -> bool {
        match self.tokens.last().map(|token| &token.kind) {
            Some(TokenKind::Operator(operator)) => matches!(*operator, ")" | "]" | "}"),
            Some(_) => true,
            None => false,
        }
    }

    fn name(&mut self, end: usize) -> Result<()> {
        let name = &self.source[self.index..end];
        if name == "r" && self.source[end..].starts_with('/') {
            let regex = scan_regex(self.source, self.index)?;
            pattern::compile(regex.source, regex.flags)
                .map_err(|message| syntax(message, self.index))?;
            self.push(TokenKind::Regex(regex), regex.end);
        } else {
            self.push(TokenKind::Name(name), end);
        }
        Ok(())
    }

    fn number(&mut self) -> Result<()> {
        let rest = &self.source[self.index..];
        let mut len = n_digits(rest);
        if rest[len..].starts_with('.') {
            len += 1 + n_digits(&rest[len + 1..]);
        }
        let number = rest[..len].parse().ok();
        let continues = rest[len..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        match number {
            Some(number) if !continues => {
                self.push(TokenKind::Number(number), self.index + len);
                Ok(())
            }
            _ => Err(syntax("a number has digits and a point only", self.index)),
        }
    }

    fn text(&mut self, quote: char) -> Result<()> {
        let start = self.index + 1;
        let mut text: Option<String> = None;
        let mut chars = self.source[start..].char_indices();
        while let Some((at, c)) = chars.next() {
            let at = start + at;
            if c == quote {
                let text = text.map_or(Cow::Borrowed(&self.source[start..at]), Cow::Owned);
                self.push(TokenKind::Text(text), at + 1);
                return Ok(());
            }
            if c != '\\' {
                if let Some(text) = &mut text {
                    text.push(c);
                }
                continue;
            }
            let text = text.get_or_insert_with(|| self.source[start..at].to_owned());
            match chars.next() {
                Some((_, escaped)) => text.push(unescape(escaped)),
                None => break,
            }
        }
        Err(syntax("the text has no end", self.index))
    }

    fn operator(&mut self, first: char) -> Result<()> {
        let rest = &self.source[self.index..];
        let long = LONG_OPERATORS.iter().find(|long| rest.starts_with(**long));
        let len = match long {
            Some(long) => long.len(),
            None if SHORT_OPERATORS.contains(first) => 1,
            None => {
                let message = format!("unexpected character {}", quoted(&first.to_string()));
                return Err(syntax(message, self.index));
            }
        };
        self.push(TokenKind::Operator(&rest[..len]), self.index + len);
        Ok(())
    }
}

fn unescape(c: char) -> char {
    match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    }
}

fn n_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn digit_at(text: &str, index: usize) -> bool {
    text.as_bytes().get(index).is_some_and(u8::is_ascii_digit)
}

/// End of the name at `start`; property names may begin with digits.
fn name_end(source: &str, start: usize, allow_digits: bool) -> Option<usize> {
    let rest = &source[start..];
    let lead = if allow_digits { n_digits(rest) } else { 0 };
    let name = &rest.as_bytes()[lead..];
    let is_start = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    if !name.first().is_some_and(is_start) {
        return None;
    }
    let len = name
        .iter()
        .take_while(|byte| is_start(byte) || byte.is_ascii_digit())
        .count();
    Some(start + lead + len)
}

/// Reads `r/…/flags` at `start`.
fn scan_regex(source: &str, start: usize) -> Result<RegexSpan<'_>> {
    let body = start + 2;
    let mut n_backslashes = 0;
    for (at, byte) in source.bytes().enumerate().skip(body) {
        match byte {
            b'/' if n_backslashes == 0 => return finish_regex(source, start, at),
            b'/' if n_backslashes % 2 == 0 => {
                let message = "it is unclear whether this slash ends the regular expression";
                return Err(syntax(message, start));
            }
            b'\\' => n_backslashes += 1,
            _ => n_backslashes = 0,
        }
        if at - body >= MAX_REGEX {
            return Err(syntax("the regular expression is too long", start));
        }
    }
    Err(syntax("the regular expression has no end", start))
}

fn finish_regex(source: &str, start: usize, slash: usize) -> Result<RegexSpan<'_>> {
    let rest = &source[slash + 1..];
    let len = rest
        .bytes()
        .take_while(|byte| matches!(byte, b'g' | b'i' | b'm' | b'y'))
        .count();
    let flags = &rest[..len];
    let is_repeated = flags
        .char_indices()
        .any(|(index, flag)| flags[index + 1..].contains(flag));
    if is_repeated || rest[len..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        let message = "flags of a regular expression are g, i, m and y, each once";
        return Err(syntax(message, start));
    }
    Ok(RegexSpan {
        source: &source[start + 2..slash],
        flags,
        end: slash + 1 + len,
    })
}

/// Where `needle` is at or after `start`, outside of texts and regular expressions.
pub(crate) fn find_outside_tokens(
    source: &str,
    start: usize,
    needle: &str,
) -> Result<Option<usize>> {
    let bytes = source.as_bytes();
    let mut index = start;
    while index < bytes.len() {
        let byte = bytes[index];
        if byte == b'"' || byte == b'\'' {
            index = text_end(bytes, index);
        } else if byte.is_ascii_alphanumeric() || byte == b'_' {
            index = word_end(source, index)?;
        } else if bytes[index..].starts_with(needle.as_bytes()) {
            return Ok(Some(index));
        } else {
            index += 1;
        }
    }
    Ok(None)
}

/// End of the quoted text at `start`, or of the source if it has none.
fn text_end(bytes: &[u8], start: usize) -> usize {
    let mut index = start + 1;
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'\\' => index += 2,
            byte if *byte == bytes[start] => return index + 1,
            _ => index += 1,
        }
    }
    bytes.len()
}

fn word_end(source: &str, start: usize) -> Result<usize> {
    let end = source[start..]
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
        + start;
    if &source[start..end] == "r" && source[end..].starts_with('/') {
        return Ok(scan_regex(source, start)?.end);
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> String {
        match tokenize(source, 0..source.len()) {
            Ok(tokens) => tokens
                .iter()
                .map(|token| match &token.kind {
                    TokenKind::Name(name) => (*name).to_owned(),
                    TokenKind::Number(number) => format!("#{number}"),
                    TokenKind::Text(text) => format!("{text:?}"),
                    TokenKind::Regex(regex) => format!("/{}/{}", regex.source, regex.flags),
                    TokenKind::Operator(operator) => format!("'{operator}'"),
                    TokenKind::End => ".".to_owned(),
                })
                .collect::<Vec<_>>()
                .join(" "),
            Err(_) => "error".to_owned(),
        }
    }

    #[test]
    fn tokens() {
        for (source, expected) in [
            ("a.b1 [0]", "a '.' b1 '[' #0 ']' ."),
            ("a.1password", "a '.' 1password ."),
            ("1.5**x", "#1.5 '**' x ."),
            ("5.", "#5 ."),
            (r#""a\"b" 'c\n'"#, r#""a\"b" "c\n" ."#),
            (r"r/a\/b+/gi", r"/a\/b+/gi ."),
            ("a===b!==c//d", "a '===' b '!==' c '//' d ."),
            ("x\u{a0}y", "x y ."),
            (".5", "error"),
            ("0x10", "error"),
            ("1_000", "error"),
            ("a ? b", "error"),
            ("a && b", "error"),
            ("'open", "error"),
            ("r/a/gg", "error"),
            ("r/(/", "error"),
            (r"r/a\\/", "error"),
        ] {
            assert_eq!(shown(source), expected, "{source}");
        }
    }

    #[test]
    fn ends_are_found_outside_of_texts() {
        for (source, expected) in [
            ("a }}", Some(2)),
            ("'}}' }}", Some(5)),
            (r"'\'}}' }}", Some(7)),
            ("r/}}/ }}", Some(6)),
            ("'}}", None),
        ] {
            assert_eq!(
                find_outside_tokens(source, 0, "}}").unwrap(),
                expected,
                "{source}"
            );
        }
    }
}
