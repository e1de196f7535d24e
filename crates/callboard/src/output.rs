//! What commands print: results to standard output, everything else to standard error.
//!
//! Invariants: colours only reach a terminal; writing never panics, a reader that went away is an
//! error that [`is_closed`] recognises.

use std::io::{self, BufWriter, Stdout, Write};

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Errors.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// Warnings.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// What is fine.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();
/// Hints and notes.
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();
/// What matters most.
pub(crate) const BOLD: Style = Style::new().bold();

/// Standard output, buffered; flush it at the end.
pub(crate) type Out = BufWriter<AutoStream<Stdout>>;

/// Standard output.
pub(crate) fn stdout() -> Out {
    BufWriter::with_capacity(64 << 10, AutoStream::auto(io::stdout()))
}

/// A text in a style.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A line to standard error. That nobody reads it is no reason to stop.
pub(crate) fn say(line: impl std::fmt::Display) {
    let mut stderr = AutoStream::auto(io::stderr());
    let _ = writeln!(stderr, "{line}");
}

/// A value as indented JSON with a line break at its end.
pub(crate) fn write_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Whether an error is that the reader of our output went away, as `head` does.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    let is_closed = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(is_closed)
}

/// A bar on standard error for long work; invisible where that is no terminal.
pub(crate) fn progress(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what);
    let template = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// `1 error`, `2 errors`, `2 entities`, `2 days`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    if n == 1 {
        return format!("{n} {what}");
    }
    let is_vowel = |c: char| "aeiou".contains(c);
    match what.strip_suffix('y') {
        Some(stem) if !stem.ends_with(is_vowel) => format!("{n} {stem}ies"),
        _ => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_in_english() {
        let table = [
            (1, "entity", "1 entity"),
            (2, "entity", "2 entities"),
            (0, "error", "0 errors"),
            (1, "day", "1 day"),
            (3, "day", "3 days"),
            (2, "key", "2 keys"),
        ];
        for (n, what, expected) in table {
            assert_eq!(counted(n, what), expected);
        }
    }
}
