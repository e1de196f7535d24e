//! Which sites may start a sign-in and learn its result.

use globset::{GlobBuilder, GlobMatcher};
use platform::{Error, Result};
use url::Url;

/// The portal's own site, and those of `auth.experimentalExtraAllowedOrigins`.
#[derive(Debug)]
pub(crate) struct Origins {
    own: String,
    extra: Vec<GlobMatcher>,
}

impl Origins {
    pub(crate) fn new(app_url: &Url, extra: &[String]) -> Result<Self> {
        Ok(Self {
            own: app_url.origin().ascii_serialization(),
            extra: extra
                .iter()
                .map(|text| pattern(text))
                .collect::<Result<_>>()?,
        })
    }

    /// The portal's own site.
    pub(crate) fn own(&self) -> &str {
        &self.own
    }

    /// The origin of a URL that a client sent, if it may take part.
    pub(crate) fn checked(&self, text: &str) -> Result<String> {
        let url: Url = text
            .parse()
            .map_err(|_| Error::input("App origin is invalid, failed to parse"))?;
        let origin = url.origin().ascii_serialization();
        if self.allows(&origin) {
            return Ok(origin);
        }
        Err(Error::forbidden(format!(
            "Origin '{origin}' is not allowed"
        )))
    }

    /// A URL that a client sent, if a browser may be sent there.
    pub(crate) fn checked_url(&self, text: &str) -> Result<Url> {
        self.checked(text)?;
        let url = text.parse::<Url>().ok();
        url.filter(|url| url.username().is_empty() && url.password().is_none())
            .ok_or_else(|| Error::input("redirectUrl is invalid"))
    }

    fn allows(&self, origin: &str) -> bool {
        origin == self.own || self.extra.iter().any(|pattern| pattern.is_match(origin))
    }
}

fn pattern(text: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(text).literal_separator(true).build();
    let glob = glob.map_err(|error| {
        let key = "auth.experimentalExtraAllowedOrigins";
        Error::input(format!("`{key}`: `{text}` is not a pattern")).with_source(error)
    })?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_sites_take_part() {
        let app = "https://portal.acme.org/sub".parse().unwrap();
        let extra = ["https://*.dev.acme.org".to_owned()];
        let origins = Origins::new(&app, &extra).unwrap();
        let cases = [
            ("https://portal.acme.org", true),
            ("https://portal.acme.org/any/path?x", true),
            ("https://portal.acme.org:443", true),
            ("https://portal.acme.org:8443", false),
            ("http://portal.acme.org", false),
            ("https://a.dev.acme.org", true),
            ("https://dev.acme.org", false),
            ("https://evil.org/https://a.dev.acme.org", false),
            ("https://evil.org#.dev.acme.org", false),
            ("https://portal.acme.org.evil.org", false),
            ("https://portal.acme.org@evil.org", false),
            ("javascript:alert(1)", false),
            ("null", false),
            ("", false),
        ];
        for (text, allowed) in cases {
            assert_eq!(origins.checked(text).is_ok(), allowed, "{text}");
        }
        assert!(origins.checked_url("https://u:p@portal.acme.org/").is_err());
    }
}
