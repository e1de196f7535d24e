//! `POST /validate-entity`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use model::{ErrorInfo, LocationRef};
use platform::http::schema::{ANY_OBJECT, Object, STRING, required};
use platform::http::{Empty, Json, JsonBody};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use crate::catalog::Catalog;

const BODY: Object = Object::new(&[required("location", STRING), required("entity", ANY_OBJECT)]);

/// 200 without a body, or 400 with Backstage's list of errors instead of its usual error object.
pub(super) async fn validate_entity(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    body: JsonBody,
) -> Result<Response> {
    body.check(&BODY)?;
    let location = body
        .0
        .get("location")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let entity = body.0.get("entity").cloned().unwrap_or_default();
    let errors = match LocationRef::parse(location) {
        Ok(location) => catalog.validate(&ctx, entity, location).await?,
        Err(error) => vec![ErrorInfo::from(error)],
    };
    if errors.is_empty() {
        return Ok(Empty.into_response());
    }
    Ok((StatusCode::BAD_REQUEST, Json(json!({ "errors": errors }))).into_response())
}
