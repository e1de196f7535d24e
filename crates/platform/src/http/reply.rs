//! Answers: JSON with Express's headers, stored bytes, streams, and nothing at all.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use futures::Stream;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use sha1::{Digest as _, Sha1};

use crate::error::{Error, Result};

/// Content type of every JSON answer.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Characters of a SHA-1 in base64 that Express keeps.
const ETAG_HASH_LEN: usize = 27;

/// A value as JSON, with Express's weak `ETag`; the front answers 304 when the client has it.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => json_bytes(bytes, None),
            Err(error) => Error::internal("answer could not be written as JSON")
                .with_source(error)
                .into_response(),
        }
    }
}

/// Bytes that are JSON already; without an `etag` Express's is computed over them.
pub fn json_bytes(bytes: impl Into<Bytes>, etag: Option<HeaderValue>) -> Response {
    let bytes = bytes.into();
    let etag = etag.unwrap_or_else(|| weak_etag(&bytes));
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(ETAG, etag);
    response
}

/// Bytes that are JSON already, sent without an `ETag`.
pub fn untagged_json_bytes(bytes: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(bytes.into()));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// JSON that is written while it is sent; an error breaks the connection off.
pub fn json_stream<S>(chunks: S) -> Response
where
    S: Stream<Item = Result<Bytes>> + Send + 'static,
{
    let mut response = Response::new(Body::from_stream(chunks));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Express's weak `ETag` of a body: `W/"<length in hex>-<27 characters of its SHA-1>"`.
pub fn weak_etag(body: &[u8]) -> HeaderValue {
    let hash = STANDARD_NO_PAD.encode(Sha1::digest(body));
    let hash = hash.get(..ETAG_HASH_LEN).unwrap_or(&hash);
    let etag = format!("W/\"{:x}-{hash}\"", body.len());
    HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("W/\"0\""))
}

/// 204 without a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// 200 without a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Empty;

impl IntoResponse for Empty {
    fn into_response(self) -> Response {
        Response::new(Body::empty())
    }
}

/// 201 around another answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created<T>(pub T);

impl<T: IntoResponse> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::CREATED;
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_those_of_express() {
        let cases = [
            (r#"{"status":"ok"}"#, "W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\""),
            ("", "W/\"0-2jmj7l5rSw0yVb/vlWAYkK/YBwk\""),
        ];
        for (body, etag) in cases {
            assert_eq!(weak_etag(body.as_bytes()), etag, "{body}");
        }
    }
}
