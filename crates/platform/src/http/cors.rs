//! `backend.cors`: which other sites' scripts may read answers.

use globset::{GlobBuilder, GlobMatcher};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::error::{Error, Result};

use super::security::header_value;
use super::settings::CorsSettings;

const TRUE: HeaderValue = HeaderValue::from_static("true");
const DEFAULT_METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";

/// The rules, with header values computed once.
#[derive(Debug)]
pub(super) struct Cors {
    /// `None` allows every origin, without naming it.
    origins: Option<Vec<GlobMatcher>>,
    methods: HeaderValue,
    allowed_headers: Option<HeaderValue>,
    exposed_headers: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
    credentials: bool,
}

impl Cors {
    pub(super) fn new(settings: &CorsSettings) -> Result<Self> {
        let origins = settings.origins.as_ref();
        let origins = origins.map(|origins| origins.iter().map(|origin| pattern(origin)).collect());
        let methods = settings.methods.as_ref().map(|methods| methods.join(","));
        let joined = |list: &[String], key| {
            let list = (!list.is_empty()).then(|| list.join(","));
            list.map(|list| header_value(&list, key)).transpose()
        };
        Ok(Self {
            origins: origins.transpose()?,
            methods: header_value(
                methods.as_deref().unwrap_or(DEFAULT_METHODS),
                "backend.cors.methods",
            )?,
            allowed_headers: joined(
                settings.allowed_headers.as_deref().unwrap_or_default(),
                "backend.cors.allowedHeaders",
            )?,
            exposed_headers: joined(&settings.exposed_headers, "backend.cors.exposedHeaders")?,
            max_age: settings.max_age.map(|age| HeaderValue::from(age.as_secs())),
            credentials: settings.credentials,
        })
    }

    /// What to answer scripts of this origin; `None` when they may read nothing.
    pub(super) fn grant(&self, origin: Option<&HeaderValue>) -> Option<Grant> {
        let Some(origins) = &self.origins else {
            return Some(Grant::Everyone);
        };
        let origin = origin?;
        let text = origin.to_str().ok()?;
        let allowed = origins.iter().any(|pattern| pattern.is_match(text));
        allowed.then(|| Grant::Origin(origin.clone()))
    }

    /// The headers of an ordinary answer.
    pub(super) fn apply(&self, grant: Grant, headers: &mut HeaderMap) {
        match grant {
            Grant::Everyone => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
            Grant::Origin(origin) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.append(VARY, HeaderValue::from_static("Origin"));
            }
        }
        if self.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        if let Some(exposed) = &self.exposed_headers {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    /// The answer to an `OPTIONS` request of an allowed origin.
    pub(super) fn preflight<B: Default>(&self, grant: Grant, asked: &HeaderMap) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let named = matches!(grant, Grant::Origin(_));
        let headers = response.headers_mut();
        self.apply(grant, headers);
        headers.remove(VARY);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        let vary = match (named, self.allowed_headers.is_none()) {
            (true, true) => Some("Origin, Access-Control-Request-Headers"),
            (true, false) => Some("Origin"),
            (false, true) => Some("Access-Control-Request-Headers"),
            (false, false) => None,
        };
        if let Some(vary) = vary {
            headers.insert(VARY, HeaderValue::from_static(vary));
        }
        let wanted = asked.get(ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(allowed) = self.allowed_headers.as_ref().or(wanted) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed.clone());
        }
        if let Some(max_age) = &self.max_age {
            headers.insert(ACCESS_CONTROL_MAX_AGE, max_age.clone());
        }
        response
    }
}

/// The origin an answer is open to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grant {
    /// All of them.
    Everyone,
    /// The one that asked.
    Origin(HeaderValue),
}

/// A pattern of origins: `*` stays between slashes, case does not matter.
fn pattern(text: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(&text.replace("**", "*"))
        .case_insensitive(true)
        .literal_separator(true)
        .build();
    let glob = glob.map_err(|error| {
        Error::input(format!("`backend.cors.origin` has a bad pattern `{text}`")).with_source(error)
    })?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Cors::new(&CorsSettings {
            origins: Some(origins),
            ..CorsSettings::default()
        })
        .unwrap()
    }

    #[test]
    fn origins_match_patterns() {
        let cases = [
            ("http://localhost:3000", "http://localhost:3000", true),
            ("http://localhost:3000", "HTTP://LOCALHOST:3000", true),
            ("http://localhost:3000", "http://localhost:30001", false),
            ("http://localhost:*", "http://localhost:30001", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            (
                "https://*.example.com",
                "https://evil.com/.example.com",
                false,
            ),
            ("https://{a,b}.example.com", "https://b.example.com", true),
            ("**", "https://example.com", false),
            ("*", "null", true),
        ];
        for (pattern, origin, expected) in cases {
            let origin = HeaderValue::from_str(origin).unwrap();
            let grant = cors(&[pattern]).grant(Some(&origin));
            assert_eq!(
                grant,
                expected.then_some(Grant::Origin(origin)),
                "{pattern}"
            );
        }
        assert_eq!(cors(&["*"]).grant(None), None);
        assert_eq!(
            Cors::new(&CorsSettings::default()).unwrap().grant(None),
            Some(Grant::Everyone)
        );
    }

    #[test]
    fn bad_patterns_name_their_key() {
        let settings = CorsSettings {
            origins: Some(vec!["http://[".to_owned()]),
            ..CorsSettings::default()
        };
        let error = Cors::new(&settings).unwrap_err();
        assert_eq!(
            error.message(),
            "`backend.cors.origin` has a bad pattern `http://[`"
        );
    }
}
