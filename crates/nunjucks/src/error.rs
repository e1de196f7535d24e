//! What went wrong, and where in the template.

use std::fmt;

/// Longest part of a name or text that a message repeats.
const MAX_QUOTED: usize = 200;
/// Characters of a source line that an excerpt shows on each side of the place.
const EXCERPT_SIDE: usize = 60;

/// Which stage of a template failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The source is not a template.
    Syntax,
    /// An operation had values it cannot work with.
    Evaluation,
    /// The template needs more than its [`Limits`](crate::Limits) allow.
    Limit,
    /// A filter or function of the host refused.
    Host,
}

/// An error with its place: line, column and the line of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    line: usize,
    column: usize,
    excerpt: String,
}

impl Error {
    /// Which stage failed.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line in the source, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Column in the line, from 1, in UTF-16 code units as editors count.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The line of source around the place, and a mark below the place.
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "template error at line {}, column {}: {}",
            self.line, self.column, self.message
        )
    }
}

impl std::error::Error for Error {}

/// An error on its way out: the innermost expression that failed gives it its place.
///
/// Faults are rare and results are everywhere, so it is only a pointer.
#[derive(Debug)]
pub(crate) struct Fault(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: ErrorKind,
    message: String,
    at: Option<u32>,
}

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// A mistake in an operation.
pub(crate) fn fault(message: impl Into<String>) -> Fault {
    Fault::new(ErrorKind::Evaluation, message)
}

/// A mistake in the source at a byte offset.
pub(crate) fn syntax(message: impl Into<String>, at: usize) -> Fault {
    Fault::new(ErrorKind::Syntax, message).at(offset(at))
}

/// A byte offset as it is kept in the tree; the size of a source is limited far below.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Fault {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            message: message.into(),
            at: None,
        }))
    }

    /// Adds the place, unless a deeper one is known.
    pub(crate) fn at(mut self, at: u32) -> Self {
        self.0.at.get_or_insert(at);
        self
    }

    /// Says what was being done.
    pub(crate) fn within(mut self, context: &str) -> Self {
        if self.0.kind != ErrorKind::Limit {
            self.0.message = format!("{context}: {}", self.0.message);
        }
        self
    }

    /// The error as the caller sees it.
    pub(crate) fn locate(self, source: &str) -> Error {
        let Details { kind, message, at } = *self.0;
        let at = at.map_or(0, |at| at as usize).min(source.len());
        let position = Position::of(source, at);
        Error {
            kind,
            message,
            line: position.line,
            column: position.column,
            excerpt: excerpt(source, at, position.line),
        }
    }
}

/// A place in a source: line and column from 1, columns in UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte offset.
    pub(crate) fn of(source: &str, at: usize) -> Self {
        Self { line: 1, column: 1 }.after(&source[..at])
    }

    /// The place behind a text that begins here.
    pub(crate) fn after(self, text: &str) -> Self {
        match text.rfind('\n') {
            Some(end) => Self {
                line: self.line + text.bytes().filter(|byte| *byte == b'\n').count(),
                column: 1 + text[end + 1..].encode_utf16().count(),
            },
            None => Self {
                line: self.line,
                column: self.column + text.encode_utf16().count(),
            },
        }
    }
}

/// The line with a caret below the place; both ends of a long line are cut.
fn excerpt(source: &str, at: usize, line: usize) -> String {
    let start = source[..at].rfind('\n').map_or(0, |index| index + 1);
    let end = source[at..]
        .find('\n')
        .map_or(source.len(), |index| at + index);
    let before: Vec<char> = source[start..at].chars().map(printable).collect();
    let after: Vec<char> = source[at..end].chars().map(printable).collect();
    let cut_before = before.len().saturating_sub(EXCERPT_SIDE);
    let number = line.to_string();
    let lead = if cut_before > 0 { "…" } else { "" };
    let tail = if after.len() > EXCERPT_SIDE {
        "…"
    } else {
        ""
    };
    let shown: String = before[cut_before..].iter().collect();
    let rest: String = after.iter().take(EXCERPT_SIDE).collect();
    let indent = lead.chars().count() + before.len() - cut_before;
    format!(
        "{number} | {lead}{shown}{rest}{tail}\n{} | {}^",
        " ".repeat(number.len()),
        " ".repeat(indent)
    )
}

/// Control characters and those that turn the direction of text would spoil a terminal.
fn printable(c: char) -> char {
    let turns_text = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    if c.is_control() || turns_text { ' ' } else { c }
}

/// A name or text of the template, for a message: bounded, and safe to print.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED).map(printable).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_place() {
        let source = "one\n  ${{ oops }}\nthree";
        let error = syntax("no such thing", 10).locate(source);
        assert_eq!((error.line(), error.column()), (2, 7));
        assert_eq!(error.excerpt(), "2 |   ${{ oops }}\n  |       ^");
        assert_eq!(
            error.to_string(),
            "template error at line 2, column 7: no such thing"
        );
    }

    #[test]
    fn long_lines_are_cut() {
        let source = "x".repeat(500);
        let error = syntax("here", 250).locate(&source);
        assert!(
            error
                .excerpt()
                .lines()
                .all(|line| line.chars().count() < 140)
        );
        assert_eq!(
            error
                .excerpt()
                .lines()
                .nth(1)
                .map(|line| line.trim_end().len()),
            Some(66)
        );
    }

    #[test]
    fn places_count_utf16() {
        assert_eq!(Position::of("ä😀x", 6), Position { line: 1, column: 4 });
    }

    #[test]
    fn the_deepest_place_wins() {
        let error = fault("wrong").at(3).at(1).within("filter").locate("abcd");
        assert_eq!((error.column(), error.message()), (4, "filter: wrong"));
    }

    #[test]
    fn quoted_text_is_harmless() {
        assert_eq!(quoted("a\u{1b}[31m"), "` a [31m`".replace("` a", "`a"));
        assert!(quoted(&"y".repeat(5_000)).len() < 300);
    }
}
