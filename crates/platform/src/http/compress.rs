//! Which answers are compressed, and which depend on what the client accepts.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Request};
use tower::ServiceExt as _;
use tower_http::CompressionLevel;
use tower_http::compression::{Compression, Predicate};

/// Smaller bodies are sent as they are.
const MIN_SIZE: u64 = 1024;

/// Past this level time grows much faster than size shrinks.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);

/// A router whose answers are compressed for clients that ask for it; others do not pay for that.
#[derive(Clone)]
pub(super) struct Compressible {
    plain: Router,
    compressed: Compression<Router, WorthIt>,
}

impl Compressible {
    pub(super) fn new(router: Router) -> Self {
        let compressed = Compression::new(router.clone())
            .quality(LEVEL)
            .compress_when(WorthIt);
        Self {
            plain: router,
            compressed,
        }
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Response {
        let answer = if accepts_compression(request.headers()) {
            let answer = self.compressed.clone().oneshot(request).await;
            answer.map(|response| response.map(Body::new))
        } else {
            self.plain.clone().oneshot(request).await
        };
        answer.unwrap_or_else(|never| match never {})
    }
}

fn accepts_compression(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().any(|value| {
        let value = value.as_bytes();
        value.windows(2).any(|window| window == b"br")
            || value.windows(4).any(|window| window == b"gzip")
            || value.contains(&b'*')
    })
}

/// Compresses texts of some size, but never a stream of events, which would wait in the encoder.
#[derive(Debug, Clone, Copy)]
struct WorthIt;

impl Predicate for WorthIt {
    fn should_compress<B: http_body::Body>(&self, response: &http::Response<B>) -> bool {
        let size = response.body().size_hint();
        let headers = response.headers();
        size.upper().is_none_or(|upper| upper > MIN_SIZE)
            && content_type(headers)
                .is_some_and(|kind| is_text(kind) && kind != "text/event-stream")
            && !forbids_transformation(headers)
    }
}

fn forbids_transformation(headers: &HeaderMap) -> bool {
    let control = headers
        .get(CACHE_CONTROL)
        .and_then(|value| value.to_str().ok());
    control.is_some_and(|control| control.contains("no-transform"))
}

/// Tells caches that the answer depends on `Accept-Encoding`, compressed this time or not.
pub(super) fn vary(headers: &mut HeaderMap) {
    if !content_type(headers).is_some_and(is_text) {
        return;
    }
    let varies = |value: &HeaderValue| {
        let names = value.to_str().unwrap_or_default().split(',');
        names
            .into_iter()
            .any(|name| name.trim().eq_ignore_ascii_case(ACCEPT_ENCODING.as_str()))
    };
    if !headers.get_all(VARY).iter().any(varies) {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim_end)
}

/// Media types that are text in some sense, and therefore shrink.
fn is_text(media_type: &str) -> bool {
    match media_type.split_once('/') {
        Some(("text", _)) => true,
        Some(("application", subtype)) => {
            matches!(
                subtype,
                "json" | "javascript" | "xml" | "wasm" | "x-ndjson" | "manifest+json"
            ) || subtype.ends_with("+json")
                || subtype.ends_with("+xml")
        }
        Some(("image", subtype)) => matches!(subtype, "svg+xml" | "bmp" | "x-icon"),
        Some(("font", subtype)) => matches!(subtype, "ttf" | "otf"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_some_size_are_compressed() {
        let cases = [
            ("application/json; charset=utf-8", "", 5000, true),
            ("application/json", "", 1024, false),
            ("text/html", "", 5000, true),
            ("text/event-stream", "", 5000, false),
            ("application/problem+json", "", 5000, true),
            ("image/svg+xml", "", 5000, true),
            ("image/png", "", 5000, false),
            ("application/gzip", "", 5000, false),
            ("", "", 5000, false),
            ("application/json", "no-cache, no-transform", 5000, false),
        ];
        for (content_type, cache_control, size, expected) in cases {
            let mut response = http::Response::new(Body::from(vec![b'x'; size]));
            for (name, value) in [(CONTENT_TYPE, content_type), (CACHE_CONTROL, cache_control)] {
                if !value.is_empty() {
                    response
                        .headers_mut()
                        .insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(
                WorthIt.should_compress(&response),
                expected,
                "{content_type} {size}"
            );
        }
    }

    #[test]
    fn only_texts_vary_and_only_once() {
        let cases = [
            ("text/css", None, &["Accept-Encoding"] as &[_]),
            (
                "text/css",
                Some("Accept, accept-encoding"),
                &["Accept, accept-encoding"],
            ),
            ("text/css", Some("Origin"), &["Origin", "Accept-Encoding"]),
            ("image/png", None, &[]),
        ];
        for (content_type, before, after) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            if let Some(before) = before {
                headers.insert(VARY, HeaderValue::from_static(before));
            }
            vary(&mut headers);
            assert_eq!(headers.get_all(VARY).iter().collect::<Vec<_>>(), after);
        }
    }
}
