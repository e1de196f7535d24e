//! Cutting a text at its document markers.
//!
//! A line that starts with `---` begins a document wherever it stands, even inside a scalar. The
//! chunks in between can therefore be parsed independently: memory stays bounded by the longest
//! one, and a syntax error is over where the next chunk begins.

use std::fmt;

use memchr::memmem;

use super::DocumentPlace;

/// A part of a text that holds whole documents: usually one, several if they end with `...`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub(super) text: &'a str,
    /// Byte of the text the chunk starts at.
    pub(super) offset: usize,
    /// Line of that byte, from one.
    pub(super) line: u32,
}

impl Chunk<'_> {
    /// The beginning of any text.
    pub(super) const START: DocumentPlace = DocumentPlace {
        offset: 0,
        line: 1,
        skip: 0,
    };

    /// Place of the first document.
    pub(super) fn place(&self) -> DocumentPlace {
        DocumentPlace {
            offset: self.offset,
            line: self.line,
            skip: 0,
        }
    }
}

/// The chunks of a text, in order.
pub(super) struct Chunks<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    markers: memmem::Finder<'static>,
    /// Directives stand in front of their marker and must stay with it.
    has_directives: bool,
}

impl fmt::Debug for Chunks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl<'a> Chunks<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let has_directives = bytes.starts_with(b"%") || memmem::find(bytes, b"\n%").is_some();
        Self {
            text,
            offset: 0,
            line: 1,
            markers: memmem::Finder::new(b"\n---"),
            has_directives,
        }
    }

    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// End of the chunk that starts at `self.offset`.
    fn end(&self) -> usize {
        let bytes = self.text.as_bytes();
        let mut from = self.offset;
        while let Some(found) = bytes.get(from..).and_then(|rest| self.markers.find(rest)) {
            let marker = from + found + 1;
            from = marker;
            if !matches!(
                bytes.get(marker + 3),
                None | Some(b' ' | b'\t' | b'\r' | b'\n')
            ) {
                continue;
            }
            let end = if self.has_directives {
                self.before_directives(marker)
            } else {
                marker
            };
            if end > self.offset {
                return end;
            }
        }
        bytes.len()
    }

    /// Start of the directives, comments and blank lines that lead to the marker, if these follow
    /// the end of a document; else the marker itself.
    fn before_directives(&self, marker: usize) -> usize {
        let mut start = marker;
        let mut directives = None;
        while start > self.offset {
            let before = &self.text[self.offset..start - 1];
            let line_start = self.offset + before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = self.text[line_start..start].trim_end();
            match line.bytes().next() {
                Some(b'%') => directives = Some(line_start),
                None | Some(b'#') => {}
                Some(_) if line == "..." => break,
                Some(_) => return marker,
            }
            start = line_start;
        }
        directives.map_or(marker, |_| start)
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        if self.offset >= self.text.len() {
            return None;
        }
        let end = self.end();
        let text = &self.text[self.offset..end];
        let chunk = Chunk {
            text,
            offset: self.offset,
            line: self.line,
        };
        let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.offset = end;
        Some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_cut_at_markers() {
        for (text, expected) in [
            ("", &[][..]),
            ("a: 1", &["a: 1"]),
            (
                "a\n---\nb\n--- c\n---",
                &["a\n", "---\nb\n", "--- c\n", "---"],
            ),
            ("---\na\n---\r\nb", &["---\na\n", "---\r\nb"]),
            (
                "a: |\n  ---\n  b\n----\n---c\n",
                &["a: |\n  ---\n  b\n----\n---c\n"],
            ),
            ("a\n...\nb\n", &["a\n...\nb\n"]),
            ("%YAML 1.2\n---\na\n", &["%YAML 1.2\n---\na\n"]),
            (
                "a\n...\n# x\n%YAML 1.2\n\n---\nb\n",
                &["a\n...\n", "# x\n%YAML 1.2\n\n---\nb\n"],
            ),
            // Without an end marker it is content, and the parser will complain.
            ("a\n%b\n---\nc\n", &["a\n%b\n", "---\nc\n"]),
        ] {
            let chunks: Vec<_> = Chunks::new(text).map(|chunk| chunk.text).collect();
            assert_eq!(chunks, expected, "{text:?}");
        }
    }

    #[test]
    fn chunks_know_their_place() {
        let text = "a\n\n---\nb\n---\nc";
        let places: Vec<_> = Chunks::new(text)
            .map(|chunk| (chunk.offset, chunk.line))
            .collect();
        assert_eq!(places, [(0, 1), (3, 3), (9, 5)]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[a%# .\n-]{0,40}") {
            let joined: String = Chunks::new(&text).map(|chunk| chunk.text).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
