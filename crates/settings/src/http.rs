//! `/buckets/{bucket}/keys/{key}`, `/multiget`, relative to `/api/user-settings`.

use axum::Router;
use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{StatusCode, Uri};
use platform::http::zod::{self, Schema};
use platform::http::{Json, JsonBody, NoContent, Segments};
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

use crate::service::Settings;
use crate::store::Place;

/// What Express takes by default.
const MAX_BODY: usize = 100 * 1024;

const ITEM: Schema = Schema::Object(&[("bucket", Schema::Text), ("key", Schema::Text)]);
const MULTIGET: Schema = Schema::Object(&[(
    "items",
    Schema::Array {
        item: &ITEM,
        is_non_empty: false,
    },
)]);

/// The routes, relative to `/api/user-settings`.
pub fn router(settings: Settings) -> Router {
    Router::new()
        .route(
            "/buckets/{bucket}/keys/{key}",
            get(find_setting).put(set_setting).delete(remove_setting),
        )
        .route("/multiget", post(find_settings))
        .with_state(settings)
}

async fn find_setting(
    ctx: Ctx,
    State(settings): State<Settings>,
    Segments([bucket, key]): Segments<2>,
) -> Result<Json<Value>> {
    let place = Place { bucket, key };
    let value = settings.find(&ctx, place.clone()).await?;
    Ok(view(&place, &value))
}

async fn set_setting(
    ctx: Ctx,
    State(settings): State<Settings>,
    Segments([bucket, key]): Segments<2>,
    request: Request,
) -> Result<Json<Value>> {
    // Before the body is read, so that its errors are for users only.
    ctx.require_user()?;
    let JsonBody::<MAX_BODY>(body) = JsonBody::from_request(request, &()).await?;
    let value = body.get("value");
    let value = value.ok_or_else(|| Error::input("Missing required field \"value\""))?;
    let place = Place { bucket, key };
    settings.set(&ctx, place.clone(), value).await?;
    Ok(view(&place, value))
}

async fn remove_setting(
    ctx: Ctx,
    State(settings): State<Settings>,
    Segments([bucket, key]): Segments<2>,
) -> Result<NoContent> {
    settings.remove(&ctx, Place { bucket, key }).await?;
    Ok(NoContent)
}

async fn find_settings(
    ctx: Ctx,
    State(settings): State<Settings>,
    request: Request,
) -> Result<Response> {
    ctx.require_user()?;
    let uri = request.uri().clone();
    let JsonBody::<MAX_BODY>(body) = JsonBody::from_request(request, &()).await?;
    if let Err(issues) = zod::check(&MULTIGET, &body) {
        return Ok(zod_error(&issues, &uri));
    }
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let items = body.get("items").and_then(Value::as_array);
    let places = items.into_iter().flatten().map(|item| Place {
        bucket: text(item, "bucket"),
        key: text(item, "key"),
    });
    let values = settings.find_each(&ctx, places.collect()).await?;
    let items: Vec<Value> = values
        .into_iter()
        .map(|value| value.map_or(Value::Null, |value| json!({ "value": value })))
        .collect();
    Ok(Json(json!({ "items": items })).into_response())
}

/// Backstage does not catch this one error, so it is a 500 that tells everything.
fn zod_error(issues: &str, uri: &Uri) -> Response {
    let list: Value = serde_json::from_str(issues).unwrap_or_default();
    let body = json!({
        "error": { "name": "ZodError", "message": issues, "issues": list },
        "request": { "method": "POST", "url": uri.to_string() },
        "response": { "statusCode": 500 },
    });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

fn view(place: &Place, value: &Value) -> Json<Value> {
    Json(json!({ "bucket": place.bucket, "key": place.key, "value": value }))
}
