//! A Rust file seen three ways: code without comments and literals, the literals, and which lines
//! belong to tests.
//!
//! This is a scanner, not a parser: it knows comments, every kind of literal and matching braces,
//! which is all the rules need, and takes a millisecond for a large file.

use super::TextFile;

/// A scanned Rust file. All views have the same lines, so a line number means the same in each.
pub(super) struct Source<'a> {
    pub(super) path: &'a str,
    /// Code with comments and the content of literals blanked.
    pub(super) code: String,
    /// String literals with the line they start on.
    pub(super) literals: Vec<(usize, String)>,
    /// For each line whether it is test code.
    pub(super) is_test: Vec<bool>,
}

impl<'a> Source<'a> {
    /// Scans a file; `None` when it is not Rust.
    pub(super) fn of(file: &'a TextFile) -> Option<Source<'a>> {
        if !file.is("rs") {
            return None;
        }
        let mut scan = Scan {
            text: file.text.as_bytes(),
            at: 0,
            line: 0,
            ..Scan::default()
        };
        scan.run();
        let code = String::from_utf8_lossy(&scan.code).into_owned();
        let n_lines = file.text.lines().count();
        let is_test = if is_test_path(&file.path) {
            vec![true; n_lines]
        } else {
            test_lines(&code, n_lines)
        };
        Some(Source {
            path: &file.path,
            code,
            literals: scan.literals,
            is_test,
        })
    }

    /// Whether a line (from 0) is test code.
    pub(super) fn is_test_line(&self, line: usize) -> bool {
        self.is_test.get(line).copied().unwrap_or(false)
    }
}

/// Whether a whole file exists for tests, benchmarks, examples or fuzzing.
fn is_test_path(path: &str) -> bool {
    let in_folder = |folder: &str| {
        path.starts_with(&format!("{folder}/")) || path.contains(&format!("/{folder}/"))
    };
    ["tests", "benches", "examples", "fuzz", "testkit"]
        .into_iter()
        .any(in_folder)
        || path.ends_with("/tests.rs")
}

#[derive(Default)]
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    code: Vec<u8>,
    literals: Vec<(usize, String)>,
}

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                b'"' => self.string(),
                b'r' | b'b' | b'c' if self.raw_hashes().is_some() => self.raw_string(),
                b'\'' => self.quote(),
                _ => self.keep(),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn keep(&mut self) {
        let byte = self.text[self.at];
        self.line += usize::from(byte == b'\n');
        self.code.push(byte);
        self.at += 1;
    }

    /// Skips a byte, keeping line breaks so that line numbers agree.
    fn blank(&mut self) {
        let byte = self.text[self.at];
        self.line += usize::from(byte == b'\n');
        self.code.push(if byte == b'\n' { b'\n' } else { b' ' });
        self.at += 1;
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.blank();
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.blank();
                }
                _ => {}
            }
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        let line = self.line;
        self.keep();
        let start = self.at;
        while let Some(byte) = self.peek(0) {
            if byte == b'"' {
                self.finish_literal(line, start);
                self.keep();
                return;
            }
            if byte == b'\\' && self.peek(1).is_some() {
                self.blank();
            }
            self.blank();
        }
    }

    fn finish_literal(&mut self, line: usize, start: usize) {
        let content = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        self.literals.push((line, content));
    }

    /// Number of `#` when a raw string starts here.
    fn raw_hashes(&self) -> Option<usize> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        if self.at > 0 && self.text.get(self.at - 1).is_some_and(is_word) {
            return None;
        }
        let prefix = if self.peek(0) == Some(b'r') { 1 } else { 2 };
        if prefix == 2 && self.peek(1) != Some(b'r') {
            return None;
        }
        let rest = self.text.get(self.at + prefix..)?;
        let n_hashes = rest.iter().take_while(|byte| **byte == b'#').count();
        (rest.get(n_hashes) == Some(&b'"')).then_some(n_hashes)
    }

    fn raw_string(&mut self) {
        let n_hashes = self.raw_hashes().unwrap_or(0);
        let line = self.line;
        while self.peek(0) != Some(b'"') {
            self.keep();
        }
        self.keep();
        let start = self.at;
        let mut end = vec![b'#'; n_hashes + 1];
        end[0] = b'"';
        while self.at < self.text.len() && !self.text[self.at..].starts_with(&end) {
            self.blank();
        }
        self.finish_literal(line, start);
        for _ in 0..end.len().min(self.text.len() - self.at) {
            self.keep();
        }
    }

    /// A character literal, or the tick of a lifetime.
    fn quote(&mut self) {
        let is_literal = match (self.peek(1), self.peek(2)) {
            (Some(b'\\'), _) | (_, Some(b'\'')) => true,
            (Some(first), _) => !first.is_ascii(),
            _ => false,
        };
        self.keep();
        if !is_literal {
            return;
        }
        while let Some(byte) = self.peek(0).filter(|byte| *byte != b'\'') {
            if byte == b'\\' && self.peek(1).is_some() {
                self.blank();
            }
            self.blank();
        }
        if self.at < self.text.len() {
            self.keep();
        }
    }
}

/// Marks the lines of every item under `#[cfg(test)]` or `#[test]`.
fn test_lines(code: &str, n_lines: usize) -> Vec<bool> {
    let mut is_test = vec![false; n_lines];
    let mut from = 0;
    while let Some((start, length)) = next_test_attribute(&code[from..]) {
        let start = from + start;
        let end = item_end(code.as_bytes(), start + length);
        let first = code[..start].matches('\n').count();
        let last = first + code[start..end].matches('\n').count();
        for line in is_test.iter_mut().take(last + 1).skip(first) {
            *line = true;
        }
        from = end;
    }
    is_test
}

fn next_test_attribute(code: &str) -> Option<(usize, usize)> {
    [
        "#[cfg(test)]",
        "#[cfg(all(test",
        "#[cfg(any(test",
        "#[test]",
        "#[tokio::test",
    ]
    .into_iter()
    .filter_map(|attribute| code.find(attribute).map(|at| (at, attribute.len())))
    .min()
}

/// Where the item after an attribute ends: at its closing brace, or at a `;` outside brackets.
fn item_end(code: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().skip(start) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> TextFile {
        TextFile {
            path: "crates/x/src/lib.rs".into(),
            text: text.into(),
        }
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        for (text, code, literals) in [
            ("a // b\nc", "a     \nc", vec![]),
            ("a /* x /* y */ z */ b", "a                   b", vec![]),
            (r#"f("x\"y", 1)"#, r#"f("    ", 1)"#, vec![r#"x\"y"#]),
            ("r\"a\\\"", "r\"  \"", vec!["a\\"]),
            ("br#\"a\"b\"#;", "br#\"   \"#;", vec!["a\"b"]),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}", vec![]),
            (
                "['\"', '\\'', '\\\\', 'x']",
                "[' ', '  ', '  ', ' ']",
                vec![],
            ),
            ("bar\"s\"", "bar\" \"", vec!["s"]),
        ] {
            let file = file(text);
            let source = Source::of(&file).unwrap();
            assert_eq!(source.code, code, "{text}");
            let found: Vec<&str> = source.literals.iter().map(|(_, it)| it.as_str()).collect();
            assert_eq!(found, literals, "{text}");
        }
    }

    #[test]
    fn unfinished_text_is_scanned_to_its_end() {
        for text in ["\"abc", "r#\"abc", "/* abc", "'\\", "r#", "b", "'", "\"\\"] {
            let file = file(text);
            assert_eq!(Source::of(&file).unwrap().code.len(), text.len(), "{text}");
        }
    }

    #[test]
    fn test_items_are_found_whatever_they_contain() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { \"}\"; }\n}\nfn c() {}\n\
                    #[cfg(test)]\nmod other;\nfn d() {}\n";
        let file = file(text);
        let source = Source::of(&file).unwrap();
        let marks: String = source
            .is_test
            .iter()
            .map(|it| if *it { 't' } else { '-' })
            .collect();
        assert_eq!(marks, "-tttt-tt-");
    }

    #[test]
    fn test_files_are_known_by_their_path() {
        for (path, is_test) in [
            ("crates/a/tests/it/main.rs", true),
            ("crates/a/benches/b.rs", true),
            ("crates/a/src/store/tests.rs", true),
            ("crates/a/src/contests.rs", false),
            ("crates/a/src/lib.rs", false),
        ] {
            assert_eq!(is_test_path(path), is_test, "{path}");
        }
    }
}
