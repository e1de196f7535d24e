//! The security headers of every answer, as `helmet` sets them in front of Backstage.

use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_DNS_PREFETCH_CONTROL, X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Result};

use super::settings::HttpSettings;

/// The directives without configuration. Reference 3 §1.
const CSP: &[(&str, &[&str])] = &[
    ("default-src", &["'self'"]),
    ("base-uri", &["'self'"]),
    ("font-src", &["'self'", "https:", "data:"]),
    ("frame-ancestors", &["'self'"]),
    ("img-src", &["'self'", "data:"]),
    ("object-src", &["'none'"]),
    ("script-src", &["'self'", "'unsafe-eval'"]),
    ("script-src-attr", &["'none'"]),
    ("style-src", &["'self'", "https:", "'unsafe-inline'"]),
    ("upgrade-insecure-requests", &[]),
];

static FIXED: [(HeaderName, HeaderValue); 7] = [
    (
        STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=15552000; includeSubDomains"),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (
        HeaderName::from_static("x-download-options"),
        HeaderValue::from_static("noopen"),
    ),
    (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
    (X_XSS_PROTECTION, HeaderValue::from_static("0")),
];

/// The headers, computed once.
#[derive(Debug)]
pub(super) struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

impl SecurityHeaders {
    pub(super) fn new(settings: &HttpSettings) -> Result<Self> {
        let csp = content_security_policy(&settings.csp);
        let mut headers = Vec::with_capacity(FIXED.len() + 2);
        if !csp.is_empty() {
            headers.push((CONTENT_SECURITY_POLICY, header_value(&csp, "backend.csp")?));
        }
        if !settings.referrer_policy.is_empty() {
            let policy = settings.referrer_policy.join(",");
            headers.push((
                REFERRER_POLICY,
                header_value(&policy, "backend.referrer.policy")?,
            ));
        }
        headers.extend_from_slice(&FIXED);
        Ok(Self(headers))
    }

    /// Sets the headers that the handler has not set itself.
    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        headers.reserve(self.0.len() + 6);
        for (name, value) in &self.0 {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// A header value from configuration, or an error that names the key.
pub(super) fn header_value(text: &str, key: &str) -> Result<HeaderValue> {
    HeaderValue::try_from(text)
        .map_err(|error| Error::input(format!("`{key}` is not a header value")).with_source(error))
}

fn content_security_policy(overrides: &[(String, Option<Vec<String>>)]) -> String {
    let mut directives: Vec<(String, Vec<String>)> = CSP
        .iter()
        .map(|(name, values)| {
            (
                (*name).to_owned(),
                values.iter().map(|value| (*value).to_owned()).collect(),
            )
        })
        .collect();
    for (name, values) in overrides {
        let name = kebab_case(name);
        let position = directives
            .iter()
            .position(|(directive, _)| *directive == name);
        match (position, values) {
            (Some(at), Some(values)) => directives[at].1.clone_from(values),
            (Some(at), None) => drop(directives.remove(at)),
            (None, Some(values)) => directives.push((name, values.clone())),
            (None, None) => {}
        }
    }
    let directives: Vec<String> = directives
        .into_iter()
        .map(|(name, values)| [vec![name], values].concat().join(" "))
        .collect();
    directives.join(";")
}

/// `connectSrc` as `connect-src`.
fn kebab_case(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: &str = "default-src 'self';base-uri 'self';font-src 'self' https: data:;\
        frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self' 'unsafe-eval';\
        script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests";

    #[test]
    fn the_policy_is_that_of_backstage() {
        let values = |values: &[&str]| Some(values.iter().map(|v| (*v).to_owned()).collect());
        let cases = [
            (vec![], DEFAULT.to_owned()),
            (
                vec![("connect-src", values(&["'self'", "http:", "https:"]))],
                format!("{DEFAULT};connect-src 'self' http: https:"),
            ),
            (
                vec![("upgradeInsecureRequests", None)],
                DEFAULT.replace(";upgrade-insecure-requests", ""),
            ),
            (
                vec![("imgSrc", values(&["*"])), ("nothing", None)],
                DEFAULT.replace("img-src 'self' data:", "img-src *"),
            ),
        ];
        for (overrides, expected) in cases {
            let overrides: Vec<_> = overrides
                .into_iter()
                .map(|(name, values)| (name.to_owned(), values))
                .collect();
            assert_eq!(content_security_policy(&overrides), expected);
        }
    }

    #[test]
    fn handlers_may_set_their_own() {
        let headers = SecurityHeaders::new(&HttpSettings::default()).unwrap();
        let mut map = HeaderMap::new();
        map.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.apply(&mut map);
        assert_eq!(
            map.get_all(X_FRAME_OPTIONS).iter().collect::<Vec<_>>(),
            ["DENY"]
        );
        assert_eq!(map[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(map[REFERRER_POLICY], "no-referrer");
    }
}
