//! Bodies, counted after decompression while they arrive.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use super::{Failure, Fetch, network};
use crate::error::ReadError;

/// Most of a refusal that is looked at.
const EXCERPT_BYTES: usize = 4 << 10;

/// The whole body, if it is not too large.
pub(super) async fn collect(response: &mut Response, fetch: &Fetch) -> Result<Bytes, Failure> {
    let too_large = || {
        let outcome = format!("the body has more than {} bytes", fetch.max_bytes);
        Failure::from(ReadError::too_large(fetch.failure(outcome)))
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > u64::try_from(fetch.max_bytes).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| network(fetch, error))?
    {
        if body.len() + chunk.len() > fetch.max_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The beginning of a body as lower-case text; whatever arrived when it breaks off.
pub(super) async fn excerpt(response: &mut Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = EXCERPT_BYTES - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() >= EXCERPT_BYTES {
            break;
        }
    }
    String::from_utf8_lossy(&body).to_ascii_lowercase()
}
