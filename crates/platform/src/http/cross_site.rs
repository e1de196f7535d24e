//! Requests that another site makes a browser send: refused where they could change something in the
//! name of a cookie.
//!
//! The API takes tokens from the `Authorization` header, which no other site can make a browser
//! send, and cookies on reading routes only. This is the second line: a request that changes
//! something, has a cookie and no token, must come from the portal's own pages.

use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use http::{HeaderMap, Method};
use url::Url;

/// Where an identity provider of another site posts its answer; a nonce in a cookie proves that the
/// browser asked for it. Reference 3 §2.3.
const ANSWERS_OF_PROVIDERS: (&str, &str) = ("/api/auth/", "/handler/frame");

/// Whether a request is to be refused. `is_granted` says that `backend.cors` names its origin.
pub(super) fn is_forged(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    is_granted: bool,
) -> bool {
    let changes = !matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
    );
    let by_cookie = headers.contains_key(COOKIE) && !headers.contains_key(AUTHORIZATION);
    let (start, end) = ANSWERS_OF_PROVIDERS;
    let is_answer = path.starts_with(start) && path.ends_with(end);
    changes && by_cookie && !is_answer && !is_granted && is_of_other_site(headers)
}

/// Browsers say where a request comes from; programs that are none need not.
fn is_of_other_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let origin = origin
        .to_str()
        .ok()
        .and_then(|origin| Url::parse(origin).ok());
    let origin = origin.as_ref().and_then(authority);
    origin.is_none() || origin.as_deref() != text(HOST.as_str())
}

fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    /// Method, path, headers, and whether that is forged.
    type Case = (&'static str, &'static str, &'static [Header], bool);
    type Header = (&'static str, &'static str);

    const OWN: (&str, &str) = ("host", "portal.example");
    const COOKIES: (&str, &str) = ("cookie", "backstage-auth=a");
    const EVIL: (&str, &str) = ("origin", "https://evil.example");

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let parse = |(name, value): &(&str, &str)| {
            (
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::try_from(*value).unwrap(),
            )
        };
        list.iter().map(parse).collect()
    }

    #[test]
    fn other_sites_change_nothing_by_cookie() {
        let cases: &[Case] = &[
            ("POST", "/api/x/y", &[OWN, COOKIES, EVIL], true),
            ("DELETE", "/api/x/y", &[OWN, COOKIES, EVIL], true),
            (
                "POST",
                "/api/x/y",
                &[OWN, COOKIES, ("origin", "null")],
                true,
            ),
            (
                "POST",
                "/api/x/y",
                &[OWN, COOKIES, ("sec-fetch-site", "cross-site")],
                true,
            ),
            (
                "POST",
                "/api/x/y",
                &[OWN, COOKIES, ("sec-fetch-site", "same-site")],
                true,
            ),
            (
                "POST",
                "/api/x/y",
                &[OWN, COOKIES, ("origin", "https://portal.example:8443")],
                true,
            ),
            (
                "POST",
                "/api/x/y",
                &[OWN, COOKIES, ("origin", "https://portal.example")],
                false,
            ),
            (
                "POST",
                "/api/x/y",
                &[OWN, COOKIES, ("sec-fetch-site", "same-origin"), EVIL],
                false,
            ),
            ("POST", "/api/x/y", &[OWN, COOKIES], false),
            ("POST", "/api/x/y", &[OWN, EVIL], false),
            (
                "POST",
                "/api/x/y",
                &[OWN, COOKIES, EVIL, ("authorization", "Bearer a")],
                false,
            ),
            ("GET", "/api/x/y", &[OWN, COOKIES, EVIL], false),
            (
                "POST",
                "/api/auth/oidc/handler/frame",
                &[OWN, COOKIES, EVIL],
                false,
            ),
            ("POST", "/api/auth/oidc/logout", &[OWN, COOKIES, EVIL], true),
        ];
        for (method, path, list, expected) in cases {
            let method = method.parse().unwrap();
            let found = is_forged(&method, path, &headers(list), false);
            assert_eq!(found, *expected, "{method} {path} {list:?}");
            assert!(!is_forged(&method, path, &headers(list), true));
        }
    }
}
