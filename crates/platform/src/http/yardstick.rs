//! `GET /.callboard/static/<bytes>`: what the HTTP stack alone can do, to measure routes against.
//!
//! Only served with the `bench` setting.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;

use crate::error::{Error, Result};

use super::path::Segments;
use super::reply::untagged_json_bytes;

const PREFIX: &str = "/.callboard/static/";
const MAX_BYTES: usize = 1 << 20;

/// Whether a path is meant for the yardstick.
pub(super) fn is_at(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// The route, with its bytes in memory.
pub(super) fn router() -> Router {
    let bytes = Bytes::from(vec![b'x'; MAX_BYTES]);
    Router::new().route(
        "/.callboard/static/{bytes}",
        get(async move |len| answer(&bytes, len)),
    )
}

fn answer(bytes: &Bytes, Segments([len]): Segments<1>) -> Result<Response> {
    let len: Option<usize> = len.parse().ok().filter(|len| *len <= MAX_BYTES);
    let len = len.ok_or_else(|| Error::input("the number of bytes is not one up to 1048576"))?;
    Ok(untagged_json_bytes(bytes.slice(..len)))
}
