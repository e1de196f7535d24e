//! Reading one's own writes on another replica: `x-callboard-min-rev`.
//!
//! A write answers with the revision it made; a client that sends it along gets an answer that is
//! at least as new, or, after a second of waiting, the newest there is. The answer to a read names
//! the revision from before it was made up, which it has for sure.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method};

use crate::catalog::Catalog;

const MIN_REV: HeaderName = HeaderName::from_static("x-callboard-min-rev");
/// How long a reader waits for a revision.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn follow(
    State(catalog): State<Catalog>,
    request: Request,
    next: Next,
) -> Response {
    let wanted = request
        .headers()
        .get(MIN_REV)
        .and_then(|rev| rev.to_str().ok()?.parse().ok());
    if let Some(rev) = wanted {
        catalog.view.wait_for(rev, PATIENCE).await;
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let before = catalog.view.applied();
    let mut response = next.run(request).await;
    if !is_read || wanted.is_some() {
        let rev = if is_read {
            before
        } else {
            catalog.view.applied()
        };
        response
            .headers_mut()
            .insert(MIN_REV, HeaderValue::from(rev));
    }
    response
}
