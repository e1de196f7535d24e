//! `/notifications`, `/status`, `/topics`, `/settings`, relative to `/api/notifications`: what users
//! have been told, which is nothing yet.

use axum::Router;
use axum::routing::get;
use platform::http::{Json, Param, Params};
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

/// The routes, relative to `/api/notifications`.
pub fn router() -> Router {
    Router::new()
        .route("/", get(list_notifications))
        .route("/notifications", get(list_notifications))
        .route("/notifications/{id}", get(find_notification))
        .route("/status", get(count_notifications))
        .route("/topics", get(list_topics))
        .route("/settings", get(find_settings))
        .route("/health", get(health))
        .route("/{id}", get(find_notification))
}

const FLAG: &[&str] = &["true", "false"];
const SEVERITY: &[&str] = &["critical", "high", "normal", "low"];

const FILTERS: [Param; 6] = [
    Param::text("topic"),
    Param::text("search"),
    Param::choice("read", FLAG),
    Param::choice("saved", FLAG),
    Param::text("createdAfter"),
    Param::choice("minimumSeverity", SEVERITY),
];
const PAGING: [Param; 3] = [
    Param::integer("offset"),
    Param::integer("limit"),
    Param::list("orderField"),
];

async fn list_notifications(ctx: Ctx, params: Params) -> Result<Json<Value>> {
    ctx.require_user()?;
    params.check(&[&FILTERS[..], &PAGING].concat())?;
    Ok(Json(json!({ "totalCount": 0, "notifications": [] })))
}

async fn find_notification(ctx: Ctx) -> Result<Json<Value>> {
    ctx.require_user()?;
    Err(Error::not_found("Not found"))
}

async fn count_notifications(ctx: Ctx) -> Result<Json<Value>> {
    ctx.require_user()?;
    Ok(Json(json!({ "unread": 0, "read": 0 })))
}

async fn list_topics(ctx: Ctx, params: Params) -> Result<Json<Value>> {
    ctx.require_user()?;
    params.check(&FILTERS)?;
    Ok(Json(json!({ "topics": [] })))
}

/// The one channel there is without others being configured, with nobody who used it.
async fn find_settings(ctx: Ctx) -> Result<Json<Value>> {
    ctx.require_user()?;
    let web = json!({ "id": "Web", "origins": [] });
    Ok(Json(json!({ "channels": [web] })))
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
