//! Patterns of URLs, compared part by part: a `*` never reaches beyond its part (CVE-2026-32235,
//! CVE-2026-73563).

use globset::{GlobBuilder, GlobMatcher};
use platform::{Error, Result};
use url::Url;

/// Schemes whose URLs a browser runs or reads itself, in place of going to a program with them.
const LOCAL_SCHEMES: [&str; 9] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "javascript",
    "mhtml",
    "vbscript",
    "view-source",
];

/// Whether a browser may be sent to a URL with an answer, whatever the configuration allows.
pub(super) fn is_answerable(url: &Url) -> bool {
    !LOCAL_SCHEMES.contains(&url.scheme())
}

/// A pattern such as `https://*.example.com/callback/*`; `*` alone is every URL
/// that a browser may be sent to.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Option<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    scheme: String,
    host: GlobMatcher,
    port: Port,
    path: GlobMatcher,
}

#[derive(Debug, Clone, Copy)]
enum Port {
    Any,
    /// The usual one of the scheme when absent.
    Only(Option<u16>),
}

impl Port {
    fn fits(self, url: &Url) -> bool {
        match self {
            Self::Any => true,
            Self::Only(port) => port == url.port(),
        }
    }
}

impl Pattern {
    /// Reads patterns of the configuration.
    pub(super) fn all(texts: &[String]) -> Result<Vec<Self>> {
        texts.iter().map(|text| Self::parse(text)).collect()
    }

    fn parse(text: &str) -> Result<Self> {
        if text == "*" {
            return Ok(Self(None));
        }
        let bad = || Error::input(format!("`{text}` is not a pattern of URLs"));
        let (scheme, rest) = text.split_once("://").ok_or_else(bad)?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        if authority.contains('@') || authority.is_empty() {
            return Err(bad());
        }
        let bracket = authority.rfind(']').unwrap_or(0);
        let colon = authority[bracket..].rfind(':').map(|at| bracket + at);
        let (host, port) = match colon.map(|at| (&authority[..at], &authority[at + 1..])) {
            Some((host, "*")) => (host, Port::Any),
            Some((host, port)) => {
                let port = port.parse().map_err(|_| bad())?;
                (host, Port::Only(Some(port)))
            }
            None => (authority, Port::Only(None)),
        };
        // Square brackets are an address here, not a choice of characters.
        let host = host.replace('[', "\\[").replace(']', "\\]");
        let glob = |text: &str| {
            let glob = GlobBuilder::new(text).literal_separator(false).build();
            glob.map(|glob| glob.compile_matcher()).map_err(|_| bad())
        };
        Ok(Self(Some(Parts {
            scheme: scheme.to_ascii_lowercase(),
            host: glob(&host.to_ascii_lowercase())?,
            port,
            path: glob(path)?,
        })))
    }

    /// Whether a URL fits; one with a user name or password never does, nor one that a browser
    /// would run.
    pub(super) fn matches(&self, url: &Url) -> bool {
        if !is_answerable(url) || !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        let Some(parts) = &self.0 else {
            return true;
        };
        let Some(host) = url.host_str() else {
            return false;
        };
        parts.scheme == url.scheme()
            && parts.host.is_match(host)
            && parts.port.fits(url)
            && parts.path.is_match(url.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_compared_for_itself() {
        let cases = [
            (
                "https://*.example.com/callback",
                "https://a.example.com/callback",
                true,
            ),
            (
                "https://*.example.com/callback",
                "https://evil.org/x.example.com/callback",
                false,
            ),
            (
                "https://*.example.com/callback",
                "https://evil.org?.example.com/callback",
                false,
            ),
            (
                "https://*.example.com/callback",
                "https://evil.org#.example.com/callback",
                false,
            ),
            (
                "https://*.example.com/callback",
                "https://evil.org\\.example.com/callback",
                false,
            ),
            (
                "https://*.example.com/callback",
                "https://a@b.example.com/callback",
                false,
            ),
            (
                "https://*.example.com/callback",
                "https://a.example.com@evil.org/callback",
                false,
            ),
            (
                "https://*.example.com/callback",
                "http://a.example.com/callback",
                false,
            ),
            (
                "https://*.example.com/callback",
                "https://a.example.com:8443/callback",
                false,
            ),
            (
                "https://*.example.com/callback",
                "https://example.com/callback",
                false,
            ),
            (
                "http://127.0.0.1:*/*",
                "http://127.0.0.1:8055/callback",
                true,
            ),
            ("http://127.0.0.1:*/*", "http://127.0.0.1/callback", true),
            (
                "http://127.0.0.1:*/*",
                "http://127.0.0.1.evil.org:1/",
                false,
            ),
            (
                "http://127.0.0.1:*/*",
                "http://127.0.0.1:1@evil.org/",
                false,
            ),
            ("http://[::1]:*/*", "http://[::1]:9/cb", true),
            ("http://[::1]:*/*", "http://[::2]:9/cb", false),
            (
                "https://claude.ai/*",
                "https://claude.ai/oauth/client.json",
                true,
            ),
            (
                "https://claude.ai/*",
                "https://claude.ai.evil.org/oauth",
                false,
            ),
            ("https://a.org:8443/x", "https://a.org:8443/x", true),
            ("https://a.org/x/*", "https://a.org/x/../y", false),
            ("*", "custom://anything", true),
            ("*", "com.acme.tool:/callback", true),
            ("*", "javascript:alert(1)//", false),
            ("*", "JavaScript://a.org/%0aalert(1)", false),
            ("*", "data:text/html,x", false),
            ("*", "file:///etc/passwd", false),
            ("*", "vbscript:x", false),
            ("*", "blob:https://a.org/7c9f", false),
            ("*", "filesystem:https://a.org/temporary/x", false),
            ("javascript://*/*", "javascript://a.org/x", false),
            ("*", "https://user@a.org/", false),
        ];
        for (pattern, url, expected) in cases {
            let pattern = Pattern::parse(pattern).unwrap();
            let fits = url.parse().is_ok_and(|url| pattern.matches(&url));
            assert_eq!(fits, expected, "{pattern:?} {url}");
        }
    }

    #[test]
    fn patterns_without_a_scheme_are_none() {
        for text in ["example.com/*", "https://", "https://a@b/", "https://a:x/"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
