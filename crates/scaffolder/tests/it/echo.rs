//! A plugin of the portal that tells what it was asked, and by whom.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use http::header::LOCATION;
use http_body_util::BodyExt as _;
use platform::Ctx;
use platform::http::Json;
use serde_json::json;

pub(super) fn router() -> Router {
    let away = || async { (StatusCode::FOUND, [(LOCATION, "http://169.254.169.254/")]) };
    let text = || async { "not JSON" };
    let broken = || async { (StatusCode::BAD_GATEWAY, Json(json!({"why": "it is down"}))) };
    Router::new()
        .route("/away", any(away))
        .route("/text", any(text))
        .route("/broken", any(broken))
        .route("/{*rest}", any(tell))
}

async fn tell(ctx: Ctx, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| {
        let value = parts.headers.get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    Json(json!({
        "method": parts.method.as_str(),
        "uri": parts.uri.to_string(),
        "body": String::from_utf8(bytes.to_vec()).unwrap(),
        "by": ctx.caller().subject(),
        "type": header("content-type"),
        "more": header("x-more"),
    }))
    .into_response()
}
