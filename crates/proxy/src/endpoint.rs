//! An endpoint, made ready from its configuration.

use std::collections::HashSet;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::method::InvalidMethod;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use platform::config::{Millis, ProxyCredentials, ProxyEndpoint};
use platform::{Error, Result};
use url::Url;

use crate::headers::SAFE;
use crate::path::Rewrite;

/// How long a target may take until it answers, unless configuration says otherwise.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(5);

/// An endpoint: its target, and how requests are passed on.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the configuration"
)]
pub struct Endpoint {
    /// Path below `/api/proxy`, without a slash at its end.
    pub(crate) route: String,
    pub(crate) target: Url,
    pub(crate) rewrite: Rewrite,
    pub(crate) changes_origin: bool,
    /// Added to each request, and only to requests to the target.
    pub(crate) own_headers: HeaderMap,
    pub(crate) methods: Option<Vec<Method>>,
    pub(crate) request_headers: HashSet<HeaderName>,
    pub(crate) response_headers: HashSet<HeaderName>,
    pub(crate) credentials: ProxyCredentials,
    pub(crate) follows_redirects: bool,
    pub(crate) checks_certificate: bool,
    pub(crate) tells_client: bool,
    pub(crate) answer_timeout: Duration,
    pub(crate) takes_sockets: bool,
}

impl Endpoint {
    /// From its path and settings; the error names the endpoint.
    pub fn new(route: &str, config: &ProxyEndpoint) -> Result<Self> {
        Self::read(route, config).map_err(|error| {
            Error::input(format!("`proxy.endpoints`: `{route}`: {}", error.message()))
                .with_source(error)
        })
    }

    fn read(route: &str, config: &ProxyEndpoint) -> Result<Self> {
        let rules = config.path_rewrite.iter();
        let rules = rules.map(|(pattern, to)| (pattern, to.as_str().unwrap_or_default()));
        let own_headers = own_headers(config)?;
        let listed = config.allowed_headers.iter().map(|name| header_name(name));
        let listed = listed.collect::<Result<HashSet<_>>>()?;
        let response_headers: HashSet<_> = SAFE.iter().cloned().chain(listed).collect();
        let mut request_headers = response_headers.clone();
        if config.credentials == ProxyCredentials::Forward {
            request_headers.insert(AUTHORIZATION);
        }
        let timeout = config.proxy_timeout.map_or(ANSWER_TIMEOUT, Millis::get);
        Ok(Self {
            route: format!("/{}", route.trim_matches('/')),
            target: target(&config.target)?,
            rewrite: Rewrite::new(rules)?,
            changes_origin: config.change_origin.unwrap_or(true),
            own_headers,
            methods: methods(config)?,
            request_headers,
            response_headers,
            credentials: config.credentials,
            follows_redirects: config.follow_redirects,
            checks_certificate: config.secure.unwrap_or(true),
            tells_client: config.xfwd,
            answer_timeout: timeout,
            takes_sockets: config.ws.unwrap_or(true),
        })
    }

    /// What follows the endpoint in a path; `None` when the path is not below it. Letters count as
    /// in Express: upper and lower case are the same.
    pub(crate) fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        let (start, rest) = path.split_at_checked(self.route.len())?;
        let is_below = rest.is_empty() || rest.starts_with('/');
        (is_below && start.eq_ignore_ascii_case(&self.route)).then_some(rest)
    }

    pub(crate) fn allows(&self, method: &Method) -> bool {
        self.methods.as_ref().is_none_or(|it| it.contains(method))
    }

    /// Whether requests need no credentials.
    pub(crate) fn is_open(&self) -> bool {
        self.credentials == ProxyCredentials::DangerouslyAllowUnauthenticated
    }

    /// The URL for a rewritten path with its query; always below the target.
    pub(crate) fn url(&self, path_and_query: &str) -> Option<Url> {
        let base = self.target.path().trim_end_matches('/');
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path_and_query, None),
        };
        let mut url = self.target.clone();
        url.set_path(&format!("{base}{path}"));
        url.set_query(query);
        url.path().starts_with(base).then_some(url)
    }
}

/// The target may have a password, and headers are secrets.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({})", self.route)
    }
}

fn target(text: &str) -> Result<Url> {
    let url = Url::parse(text)
        .map_err(|error| Error::input("`target` is not a URL").with_source(error))?;
    match url.scheme() {
        "http" | "https" if url.host_str().is_some() => Ok(url),
        _ => Err(Error::input("`target` must be an `http` or `https` URL")),
    }
}

fn own_headers(config: &ProxyEndpoint) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let text = match &value.0 {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut value = HeaderValue::try_from(text).map_err(|error| {
            Error::input(format!("`headers.{name}` is not a header value")).with_source(error)
        })?;
        value.set_sensitive(true);
        headers.insert(header_name(name)?, value);
    }
    Ok(headers)
}

fn methods(config: &ProxyEndpoint) -> Result<Option<Vec<Method>>> {
    let parse = |name: &String| {
        name.to_uppercase().parse().map_err(|error: InvalidMethod| {
            Error::input(format!("`allowedMethods`: `{name}` is not a method")).with_source(error)
        })
    };
    let methods = config.allowed_methods.as_ref();
    methods
        .map(|list| list.iter().map(parse).collect())
        .transpose()
}

fn header_name(name: &str) -> Result<HeaderName> {
    HeaderName::try_from(name)
        .map_err(|error| Error::input(format!("`{name}` is not a header")).with_source(error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn endpoint(route: &str, config: serde_json::Value) -> Result<Endpoint> {
        Endpoint::new(route, &serde_json::from_value(config).unwrap())
    }

    #[test]
    fn urls_are_always_below_the_target() {
        let cases = [
            ("https://a.example", "/x?y=1", "https://a.example/x?y=1"),
            ("https://a.example/", "/", "https://a.example/"),
            ("https://a.example/base", "/x", "https://a.example/base/x"),
            ("https://a.example/base/", "/x", "https://a.example/base/x"),
            (
                "https://a.example/base",
                "//b.example/x",
                "https://a.example/base//b.example/x",
            ),
            (
                "https://a.example/base",
                "/@b.example:1/",
                "https://a.example/base/@b.example:1/",
            ),
            (
                "https://a.example/base",
                "/x#y",
                "https://a.example/base/x%23y",
            ),
            ("http://u:p@a.example", "/x", "http://u:p@a.example/x"),
        ];
        for (target, path, expected) in cases {
            let endpoint = endpoint("/e", json!({ "target": target })).unwrap();
            assert_eq!(endpoint.url(path).unwrap().as_str(), expected);
        }
        let strict = endpoint("/e", json!({"target": "https://a.example/base"})).unwrap();
        assert_eq!(strict.url("/../other"), None);
    }

    #[test]
    fn an_endpoint_covers_what_is_below_its_path() {
        let endpoint = endpoint("grafana/api/", json!({"target": "http://a"})).unwrap();
        let cases = [
            ("/grafana/api", Some("")),
            ("/grafana/api/x", Some("/x")),
            ("/Grafana/API/x", Some("/x")),
            ("/grafana/apis", None),
            ("/grafana", None),
            ("/gräfana/api", None),
        ];
        for (path, rest) in cases {
            assert_eq!(endpoint.rest(path), rest, "{path}");
        }
    }

    #[test]
    fn what_is_wrong_names_the_endpoint() {
        let cases = [
            (json!({}), "`target` is not a URL"),
            (
                json!({"target": "ftp://a"}),
                "must be an `http` or `https` URL",
            ),
            (
                json!({"target": "http://a", "headers": {"a b": "c"}}),
                "`a b` is not a header",
            ),
            (
                json!({"target": "http://a", "headers": {"a": "b\n"}}),
                "`headers.a` is not",
            ),
            (
                json!({"target": "http://a", "allowedMethods": ["G T"]}),
                "`G T` is not a method",
            ),
            (
                json!({"target": "http://a", "pathRewrite": {"(": "/"}}),
                "`pathRewrite`",
            ),
        ];
        for (config, expected) in cases {
            let error = endpoint("/e", config).unwrap_err();
            assert!(error.message().starts_with("`proxy.endpoints`: `/e`: "));
            assert!(error.message().contains(expected), "{}", error.message());
        }
    }
}
