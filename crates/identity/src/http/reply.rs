//! Successful answers.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use platform::{Error, Result};
use serde::Serialize;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// 200 with a JSON body.
pub(super) fn json<T: Serialize>(value: &T) -> Result<Response> {
    let body = serde_json::to_vec(value)
        .map_err(|error| Error::internal("writing an answer failed").with_source(error))?;
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(response)
}
