//! The content security policy of pages, stricter than that of the API.

use http::HeaderValue;
use platform::{Error, Result};
use uuid::Uuid;

/// Directives of pages. Unlike those of Backstage they allow no `eval`, no inline script or style
/// without the nonce, and no text that becomes script through the DOM: the one policy of the app lets
/// its own workers through.
const DIRECTIVES: &[(&str, &str)] = &[
    ("default-src", "'none'"),
    ("script-src", "'self' 'nonce-{}'"),
    ("style-src", "'self' 'nonce-{}'"),
    ("connect-src", "'self'"),
    ("img-src", "'self' data:"),
    ("font-src", "'self'"),
    ("manifest-src", "'self'"),
    ("worker-src", "'self'"),
    ("form-action", "'self'"),
    ("frame-ancestors", "'self'"),
    ("base-uri", "'none'"),
    ("require-trusted-types-for", "'script'"),
    ("trusted-types", "callboard"),
];

/// What `backend.csp` may change for pages: where things other than code come from.
const ADJUSTABLE: &[&str] = &[
    "connect-src",
    "img-src",
    "font-src",
    "frame-src",
    "media-src",
    "frame-ancestors",
];

/// Directives as configured, in kebab case or camel case; `None` removes one.
pub(crate) type Overrides = [(String, Option<Vec<String>>)];

/// The policy, with a hole where the nonce goes.
#[derive(Debug, Clone)]
pub(crate) struct Policy(String);

impl Policy {
    pub(crate) fn new(overrides: &Overrides) -> Self {
        let mut directives: Vec<(&str, String)> = DIRECTIVES
            .iter()
            .map(|(name, sources)| (*name, (*sources).to_owned()))
            .collect();
        for (name, sources) in overrides {
            let Some(name) = ADJUSTABLE.iter().find(|known| same(known, name)) else {
                continue;
            };
            directives.retain(|(known, _)| known != name);
            if let Some(sources) = sources {
                directives.push((name, sources.join(" ")));
            }
        }
        let parts = directives
            .into_iter()
            .map(|(name, sources)| format!("{name} {sources}"));
        Self(parts.collect::<Vec<_>>().join(";"))
    }

    /// The header of one answer.
    pub(crate) fn header(&self, nonce: &str) -> Result<HeaderValue> {
        HeaderValue::try_from(self.0.replace("{}", nonce))
            .map_err(|error| Error::input("`backend.csp` is not a header value").with_source(error))
    }
}

/// A number used once.
pub(crate) fn nonce() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Whether `img-src` and `imgSrc` are the same.
fn same(directive: &str, written: &str) -> bool {
    let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
    plain(directive) == plain(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comes_from_us_only_whatever_is_configured() {
        let list = |values: &[&str]| Some(values.iter().map(|v| (*v).to_owned()).collect());
        let overrides = [
            ("img-src".to_owned(), list(&["'self'", "https:"])),
            (
                "connectSrc".to_owned(),
                list(&["'self'", "https://api.example.com"]),
            ),
            ("frame-ancestors".to_owned(), None),
            ("script-src".to_owned(), list(&["*", "'unsafe-eval'"])),
            ("trusted-types".to_owned(), None),
        ];
        let header = Policy::new(&overrides).header("abc").unwrap();
        let header = header.to_str().unwrap();
        for (part, is_there) in [
            ("script-src 'self' 'nonce-abc'", true),
            ("img-src 'self' https:", true),
            ("connect-src 'self' https://api.example.com", true),
            ("trusted-types callboard", true),
            ("img-src 'self' data:", false),
            ("frame-ancestors", false),
            ("unsafe-eval", false),
            ("unsafe-inline", false),
        ] {
            assert_eq!(header.contains(part), is_there, "{part} in {header}");
        }
    }

    #[test]
    fn nonces_differ() {
        assert_ne!(nonce(), nonce());
    }
}
