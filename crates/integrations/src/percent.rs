//! Percent encoding of URL path segments, and the check that a path stays below its root.

/// Decodes `%XX`; `None` when the result is not UTF-8. A lone `%` stands for itself.
pub(crate) fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = hex_pair(bytes, at + 1).filter(|_| byte == b'%');
        decoded.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).ok()
}

fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()
}

/// Encodes everything that is not unreserved, including `/`.
pub(crate) fn encode_segment(text: &str) -> String {
    encode(text, false)
}

/// Encodes a path, keeping its slashes.
pub(crate) fn encode_path(path: &str) -> String {
    encode(path, true)
}

fn encode(text: &str, keep_slash: bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain || (keep_slash && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// Whether the text, decoded as often as it can be, has a `.` or `..` segment or a control character.
///
/// Servers and proxies differ in how often they decode, so no number of decodings may reveal one.
pub(crate) fn has_traversal(text: &str) -> bool {
    let mut current = text.to_owned();
    loop {
        if is_unsafe(&current) {
            return true;
        }
        match decode(&current) {
            Some(decoded) if decoded != current => current = decoded,
            Some(_) => return false,
            None => return true,
        }
    }
}

fn is_unsafe(text: &str) -> bool {
    text.chars().any(char::is_control)
        || text
            .split(['/', '\\'])
            .any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_and_encoding() {
        let cases = [
            ("a%20b", Some("a b"), "a%20b"),
            ("feature%2Fx", Some("feature/x"), "feature%2Fx"),
            ("100%", Some("100%"), "100%25"),
            ("%zz", Some("%zz"), "%25zz"),
            ("%C3%A9", Some("é"), "%C3%A9"),
        ];
        for (text, decoded, encoded) in cases {
            assert_eq!(decode(text).as_deref(), decoded, "{text}");
            assert_eq!(encode_segment(decoded.unwrap()), encoded, "{text}");
        }
        assert_eq!(decode("%ff"), None);
        assert_eq!(encode_path("a b/c"), "a%20b/c");
    }

    #[test]
    fn traversal_is_seen_through_any_encoding() {
        for bad in [
            "..",
            "a/../b",
            "./a",
            "%2e%2e%2fuser",
            "%252e%252e%252fuser",
            "%25252e./x/%2e%2e",
            "a\\..\\b",
            "a%5C..%5Cb",
            "a%00b",
            "%ff",
        ] {
            assert!(has_traversal(bad), "{bad}");
        }
        for good in [
            "",
            "a/b.yaml",
            "..a/b..",
            "a..b",
            ".github/x",
            "100%",
            "a b",
        ] {
            assert!(!has_traversal(good), "{good}");
        }
    }
}
