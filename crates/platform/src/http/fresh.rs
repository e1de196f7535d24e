//! Conditional requests: 304 for a client that has the answer already.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// The tags of the answers a client has.
#[derive(Debug)]
pub(super) struct Known(HeaderValue);

impl Known {
    /// `None` unless the request is a conditional `GET` or `HEAD` that lets caches answer.
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Option<Self> {
        let tags = headers.get(IF_NONE_MATCH)?;
        let reload = headers
            .get(CACHE_CONTROL)
            .and_then(|control| control.to_str().ok());
        let reload = reload.is_some_and(|control| control.contains("no-cache"));
        let safe = matches!(*method, Method::GET | Method::HEAD);
        (safe && !reload).then(|| Self(tags.clone()))
    }

    /// Turns a 200 the client has into a 304.
    pub(super) fn apply(&self, response: &mut Response) {
        let etag = response.headers().get(ETAG);
        if response.status() != StatusCode::OK || !etag.is_some_and(|etag| self.includes(etag)) {
            return;
        }
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
    }

    fn includes(&self, etag: &HeaderValue) -> bool {
        let etag = opaque(etag.as_bytes());
        let known = self
            .0
            .as_bytes()
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii);
        known
            .into_iter()
            .any(|tag| tag == b"*" || opaque(tag) == etag)
    }
}

/// Weak comparison leaves the `W/` out.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_are_not_sent_again() {
        let cases = [
            (Method::GET, "W/\"a\"", "", 200, 304),
            (Method::HEAD, "\"a\"", "", 200, 304),
            (Method::GET, "\"b\", W/\"a\"", "", 200, 304),
            (Method::GET, "*", "", 200, 304),
            (Method::GET, "\"b\"", "", 200, 200),
            (Method::GET, "a", "", 200, 200),
            (Method::GET, "\"a\"", "no-cache", 200, 200),
            (Method::POST, "\"a\"", "", 200, 200),
            (Method::GET, "\"a\"", "", 404, 404),
        ];
        for (method, tags, control, before, after) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(tags));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(control));
            let mut response =
                super::super::json_bytes("{}", Some(HeaderValue::from_static("W/\"a\"")));
            *response.status_mut() = StatusCode::from_u16(before).unwrap();
            if let Some(known) = Known::of(&method, &headers) {
                known.apply(&mut response);
            }
            assert_eq!(response.status(), after, "{method} {tags} {control}");
            assert_eq!(response.headers().contains_key(CONTENT_TYPE), after != 304);
        }
    }
}
