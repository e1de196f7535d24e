//! Paths of requests: which are taken at all, and what is left of them for the target.

use platform::{Error, Result};
use regex::Regex;

/// How often an encoded path is decoded again: nobody needs more than one.
const MAX_DECODINGS: usize = 4;

/// Whether a path stays below where it starts, however often somebody decodes it.
pub(crate) fn is_safe(path: &str) -> bool {
    let mut text = path.as_bytes().to_vec();
    for _ in 0..MAX_DECODINGS {
        if !is_plain(&text) {
            return false;
        }
        let decoded = decoded(&text);
        if decoded == text {
            return true;
        }
        text = decoded;
    }
    false
}

/// What servers may take a path for: decoded however often, without parameters behind `;`, and with
/// slashes that follow each other as one.
pub(crate) fn readings(path: &str) -> Vec<String> {
    let mut readings = Vec::new();
    let mut text = path.as_bytes().to_vec();
    for _ in 0..=MAX_DECODINGS {
        readings.push(without_parameters(&String::from_utf8_lossy(&text)));
        let next = decoded(&text);
        if next == text {
            break;
        }
        text = next;
    }
    readings
}

fn without_parameters(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    for segment in path.split('/') {
        let name = segment.split(';').next().unwrap_or_default();
        if !name.is_empty() {
            plain.push('/');
            plain.push_str(name);
        }
    }
    plain
}

fn is_plain(path: &[u8]) -> bool {
    let has_odd_byte = path.iter().any(|byte| *byte == b'\\' || *byte < b' ');
    let mut segments = path.split(|byte| *byte == b'/');
    // A parameter behind `;` is no part of the name for some servers.
    let is_dots = |segment: &[u8]| {
        let name = segment.split(|byte| *byte == b';').next();
        matches!(name, Some(b"." | b".."))
    };
    !has_odd_byte && !path.starts_with(b"//") && !segments.any(is_dots)
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let hex = |at: usize| text.get(at).and_then(|digit| (*digit as char).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, hex(at + 1), hex(at + 2)) {
            out.push(u8::try_from(high * 16 + low).unwrap_or_default());
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    out
}

/// How the path of a request becomes the path for the target.
#[derive(Debug)]
pub(crate) enum Rewrite {
    /// The path of the endpoint is cut off.
    CutOff,
    /// The first expression that matches the whole path is replaced.
    Rules(Vec<(Regex, String)>),
}

impl Rewrite {
    /// From `pathRewrite`; none means [`Rewrite::CutOff`].
    pub(crate) fn new<'a>(rules: impl Iterator<Item = (&'a String, &'a str)>) -> Result<Self> {
        let rules = rules.map(|(pattern, replacement)| {
            let regex = Regex::new(pattern).map_err(|error| {
                Error::input(format!("`pathRewrite`: `{pattern}` is not understood"))
                    .with_source(error)
            })?;
            Ok((regex, braced(replacement)))
        });
        let rules = rules.collect::<Result<Vec<_>>>()?;
        Ok(if rules.is_empty() {
            Self::CutOff
        } else {
            Self::Rules(rules)
        })
    }

    /// `whole` is the path with its query as the client sent it, `rest` what follows the endpoint.
    pub(crate) fn apply(&self, whole: &str, rest: &str) -> String {
        let rewritten = match self {
            Self::CutOff => rest.to_owned(),
            Self::Rules(rules) => {
                let rule = rules.iter().find(|(regex, _)| regex.is_match(whole));
                rule.map_or_else(
                    || whole.to_owned(),
                    |(regex, to)| regex.replacen(whole, 1, to.as_str()).into_owned(),
                )
            }
        };
        if rewritten.starts_with('/') {
            rewritten
        } else {
            format!("/{rewritten}")
        }
    }
}

/// `$1` of JavaScript as `${1}`, which does not swallow letters behind it.
fn braced(replacement: &str) -> String {
    let mut out = String::with_capacity(replacement.len() + 4);
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            out.push_str("${");
            out.push_str(&after[..digits]);
            out.push('}');
        } else {
            out.push_str("$$");
        }
        rest = &after[digits..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_may_lead_elsewhere_are_refused() {
        let cases = [
            ("/a/b", true),
            ("/a/b/", true),
            ("", true),
            ("/a..b/...", true),
            ("/a%20b/%c3%a4", true),
            ("/a/http://x", true),
            ("/100%", true),
            ("/a/../b", false),
            ("/a/..", false),
            ("/./a", false),
            ("//a", false),
            ("/%2fa", false),
            ("/a/..%2fb", false),
            ("/a/%2e%2e/b", false),
            ("/a/%2E./b", false),
            ("/a/%252e%252e/b", false),
            ("/a/%25252e%25252e%25252fb", false),
            ("/a\\..\\b", false),
            ("/a%5c..%5cb", false),
            ("/a/..;x=1/b", false),
            ("/a%00b", false),
            ("/a%0d%0ab", false),
        ];
        for (path, expected) in cases {
            assert_eq!(is_safe(path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_is_read_as_any_server_may_read_it() {
        let cases: [(&str, &[&str]); 5] = [
            ("/a/b", &["/a/b"]),
            ("/a/%62", &["/a/%62", "/a/b"]),
            ("/a/%2562", &["/a/%2562", "/a/%62", "/a/b"]),
            ("/a/b;v=1/c", &["/a/b/c"]),
            ("/a//b%2fc/", &["/a/b%2fc", "/a/b/c"]),
        ];
        for (path, expected) in cases {
            assert_eq!(readings(path), expected, "{path}");
        }
    }

    #[test]
    fn rewriting_is_that_of_javascript() {
        let cases = [
            (vec![], "/api/proxy/x/a?b=1", "/a?b=1", "/a?b=1"),
            (vec![], "/api/proxy/x", "", "/"),
            (
                vec![("^/api/proxy/x/", "/v1/")],
                "/api/proxy/x/a/b",
                "/a/b",
                "/v1/a/b",
            ),
            (vec![("^/api/proxy/x/?", "/")], "/api/proxy/x", "", "/"),
            (
                vec![("^/nothing", "/")],
                "/api/proxy/x/a",
                "/a",
                "/api/proxy/x/a",
            ),
            (
                vec![("/x", "/y"), ("/a", "/b")],
                "/api/proxy/x/a/x",
                "/a/x",
                "/api/proxy/y/a/x",
            ),
            (
                vec![("^/api/proxy/x/(\\w+)", "/$1s")],
                "/api/proxy/x/dog/1",
                "/dog/1",
                "/dogs/1",
            ),
            (vec![("^.*$", "none")], "/api/proxy/x", "", "/none"),
            (vec![("a", "$$")], "/a", "/a", "/$$"),
        ];
        for (rules, whole, rest, expected) in cases {
            let rules: Vec<_> = rules.into_iter().map(|(a, b)| (a.to_owned(), b)).collect();
            let rewrite = Rewrite::new(rules.iter().map(|(a, b)| (a, *b))).unwrap();
            assert_eq!(rewrite.apply(whole, rest), expected, "{rules:?}");
        }
        let look = "(?<=a)b".to_owned();
        let wrong = Rewrite::new(std::iter::once((&look, "")));
        assert!(wrong.unwrap_err().message().contains("pathRewrite"));
    }
}
