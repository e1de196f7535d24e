//! Everything below `/api/proxy`.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use platform::{Ctx, Result};

use crate::forward::Proxy;

/// The routes, relative to `/api/proxy`.
pub fn router(proxy: Proxy) -> Router {
    Router::new()
        .route("/{*path}", any(forward_request))
        .with_state(proxy)
}

async fn forward_request(
    ctx: Ctx,
    State(proxy): State<Proxy>,
    request: Request,
) -> Result<Response> {
    let response = proxy.forward(&ctx, request).await?;
    Ok(response.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response()))
}
