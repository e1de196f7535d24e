//! Cuts a source into text and tags, and applies the rules of white space around tags.

use std::ops::Range;

use crate::error::{Result, syntax};
use crate::lexer::{find_outside_tokens, is_code_space};
use crate::template::Syntax;
use crate::text;

/// A part of a source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text as it is put out.
    Text(String),
    /// The expression between `${{` and `}}`.
    Output { code: Range<usize>, at: usize },
    /// What is between `{%` and `%}`, without the space around it.
    Block { code: Range<usize>, at: usize },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Output,
    Block,
    Comment,
}

/// Cuts `source` into pieces.
pub(crate) fn scan(source: &str, options: Syntax) -> Result<Vec<Piece>> {
    Scanner {
        source,
        options,
        index: 0,
        pending: String::new(),
        pieces: Vec::new(),
    }
    .run()
}

struct Scanner<'s> {
    source: &'s str,
    options: Syntax,
    index: usize,
    /// Text since the last tag.
    pending: String,
    pieces: Vec<Piece>,
}

impl Scanner<'_> {
    fn run(mut self) -> Result<Vec<Piece>> {
        while let Some((kind, start)) = self.next_opening()? {
            self.pending.push_str(&self.source[self.index..start]);
            self.tag(kind, start)?;
        }
        self.pending.push_str(&self.source[self.index..]);
        self.flush();
        Ok(self.pieces)
    }

    /// The next tag; the end of a comment that did not begin is an error.
    fn next_opening(&self) -> Result<Option<(Kind, usize)>> {
        let bytes = self.source.as_bytes();
        let mut index = self.index;
        while let Some(found) = bytes[index..]
            .iter()
            .position(|byte| matches!(byte, b'{' | b'$' | b'#'))
        {
            index += found;
            let rest = &bytes[index..];
            if rest.starts_with(b"#}") {
                return Err(syntax("a comment ends that did not begin", index));
            }
            if let Some(kind) = self.opening_at(rest) {
                return Ok(Some((kind, index)));
            }
            index += 1;
        }
        Ok(None)
    }

    fn opening_at(&self, rest: &[u8]) -> Option<Kind> {
        if rest.starts_with(self.options.output_start().as_bytes()) {
            Some(Kind::Output)
        } else if rest.starts_with(b"{%") {
            Some(Kind::Block)
        } else if rest.starts_with(b"{#") {
            Some(Kind::Comment)
        } else {
            None
        }
    }

    /// One tag, from its opening to what follows it.
    fn tag(&mut self, kind: Kind, start: usize) -> Result<()> {
        let (opening, closing) = match kind {
            Kind::Output => (self.options.output_start(), "}}"),
            Kind::Block => ("{%", "%}"),
            Kind::Comment => ("{#", "#}"),
        };
        if kind == Kind::Block && self.options.lstrip_blocks {
            self.strip_indent(start);
        }
        let mut content = start + opening.len();
        if self.source[content..].starts_with('-') {
            content += 1;
            let kept = self.pending.trim_end_matches(text::is_space).len();
            self.pending.truncate(kept);
        }
        self.flush();
        let end = match kind {
            Kind::Comment => self.source[content..].find(closing).map(|at| content + at),
            Kind::Output | Kind::Block => find_outside_tokens(self.source, content, closing)?,
        };
        let Some(end) = end else {
            return Err(syntax(
                format!("the tag has no end: expected `{closing}`"),
                start,
            ));
        };
        let trims = self.source.as_bytes()[end - 1] == b'-';
        self.index = end + closing.len();
        let code = self.trimmed(content..content.max(end - usize::from(trims)));
        match kind {
            Kind::Comment => {}
            Kind::Output => self.pieces.push(Piece::Output { code, at: start }),
            Kind::Block => {
                if let Some(name) = self.raw_name(&code, start)? {
                    return self.raw(name, start, trims);
                }
                self.pieces.push(Piece::Block { code, at: start });
            }
        }
        if trims {
            self.skip_space();
        } else if kind == Kind::Block {
            self.skip_newline();
        }
        Ok(())
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let text = std::mem::take(&mut self.pending);
            self.pieces.push(Piece::Text(text));
        }
    }

    /// Removes the indentation of a block tag that is the first thing on its line.
    fn strip_indent(&mut self, start: usize) {
        let line = self.source[..start].rfind('\n').map_or(0, |at| at + 1);
        if !self.source[line..start].chars().all(text::is_space) {
            return;
        }
        let kept = self.pending.rfind('\n').map_or(0, |at| at + 1);
        if self.pending[kept..].chars().all(text::is_space) {
            self.pending.truncate(kept);
        }
    }

    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let code = &self.source[range.clone()];
        let start = range.start + code.len() - code.trim_start_matches(is_code_space).len();
        let len = self.source[start..range.end]
            .trim_end_matches(is_code_space)
            .len();
        start..start + len
    }

    fn skip_space(&mut self) {
        let rest = &self.source[self.index..];
        self.index += rest.len() - rest.trim_start_matches(text::is_space).len();
    }

    fn skip_newline(&mut self) {
        if !self.options.trim_blocks {
            return;
        }
        let rest = &self.source[self.index..];
        if rest.starts_with('\n') {
            self.index += 1;
        } else if rest.starts_with("\r\n") {
            self.index += 2;
        }
    }

    fn raw_name(&self, code: &Range<usize>, start: usize) -> Result<Option<&'static str>> {
        let code = &self.source[code.clone()];
        let name_len = code
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let name = match &code[..name_len] {
            "raw" => "raw",
            "verbatim" => "verbatim",
            _ => return Ok(None),
        };
        if code.len() > name_len {
            return Err(syntax(format!("`{name}` takes no arguments"), start));
        }
        Ok(Some(name))
    }

    /// Text that is not looked at, up to the matching end tag.
    ///
    /// A minus at the end of the opening tag trims behind the closing one: so does Nunjucks.
    fn raw(&mut self, name: &str, start: usize, trims: bool) -> Result<()> {
        self.skip_newline();
        let mut depth = 1;
        let mut search = self.index;
        while let Some(found) = self.source[search..].find("{%") {
            let marker = search + found;
            let Some((is_end, after)) = self.raw_marker(marker, name) else {
                search = marker + 2;
                continue;
            };
            depth = if is_end { depth - 1 } else { depth + 1 };
            if depth == 0 {
                if self.source[marker..after].contains('\n') {
                    return Err(syntax(format!("`end{name}` must be on one line"), marker));
                }
                self.pending.push_str(&self.source[self.index..marker]);
                self.index = after;
                if trims {
                    self.skip_space();
                }
                return Ok(());
            }
            search = after;
        }
        Err(syntax(format!("`{name}` has no `end{name}`"), start))
    }

    /// A tag that begins or ends raw text: whether it ends it, and where the tag ends.
    fn raw_marker(&self, start: usize, name: &str) -> Option<(bool, usize)> {
        let rest = self.source[start + 2..].trim_start_matches(text::is_space);
        let (is_end, rest) = match rest.strip_prefix("end") {
            Some(rest) => (true, rest.strip_prefix(name)?),
            None => (false, rest.strip_prefix(name)?),
        };
        let rest = rest.trim_start_matches(text::is_space).strip_prefix("%}")?;
        Some((is_end, self.source.len() - rest.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(source: &str, options: Syntax) -> String {
        let pieces = scan(source, options).unwrap();
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => format!("{text:?}"),
            Piece::Output { code, .. } => format!("<{}>", &source[code.clone()]),
            Piece::Block { code, .. } => format!("[{}]", &source[code.clone()]),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tags_are_cut_out() {
        let plain = Syntax::default();
        let compat = Syntax {
            cookiecutter_compat: true,
            ..plain
        };
        for (source, expected) in [
            ("a ${{ b }} c", r#""a " <b> " c""#),
            ("a {{ b }}", r#""a {{ b }}""#),
            ("{% if x %}y{%- endif -%}  z", r#"[if x] "y" [endif] "z""#),
            ("${{ '}}' }}", "<'}}'>"),
            ("a{# no #}b", r#""a" "b""#),
            ("{% raw %}${{ x }}{% endraw %}", r#""${{ x }}""#),
            ("{%- raw -%} a {% endraw %}  b", r#"" a b""#),
            ("{%-%}", "[]"),
        ] {
            assert_eq!(pieces(source, plain), expected, "{source}");
        }
        assert_eq!(pieces("$ {{- b -}} c", compat), r#""$" <b> "c""#);
    }

    #[test]
    fn blocks_can_take_their_line_with_them() {
        let options = Syntax {
            trim_blocks: true,
            lstrip_blocks: true,
            ..Syntax::default()
        };
        assert_eq!(
            pieces("a\n  {% if x %}\n  b\n  {# c #}\nd", options),
            r#""a\n" [if x] "  b\n  " "\nd""#
        );
        assert_eq!(pieces("a  {% x %}", options), r#""a  " [x]"#);
    }

    #[test]
    fn wrong_tags_are_errors() {
        for source in [
            "a #} b",
            "${{ x",
            "{% raw %}",
            "{% raw x %}{% endraw %}",
            "{# x",
        ] {
            assert!(scan(source, Syntax::default()).is_err(), "{source}");
        }
    }
}
