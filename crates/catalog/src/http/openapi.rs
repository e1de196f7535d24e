//! `GET /openapi.json`

use axum::response::Response;
use platform::Ctx;
use platform::http::json_bytes;

/// The description of this API; a test compares it with the routes.
pub const OPENAPI: &str = include_str!("openapi.json");

pub(super) async fn document(_ctx: Ctx) -> Response {
    json_bytes(OPENAPI, None)
}
