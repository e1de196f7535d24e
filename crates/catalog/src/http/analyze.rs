//! `POST /analyze-location`

use axum::extract::State;
use platform::http::schema::{Object, STRING, object, optional, required};
use platform::http::{Json, JsonBody};
use platform::{Ctx, Error, Result};
use serde_json::Value;
use url::Url;

use crate::catalog::Catalog;

const BODY: Object = Object::new(&[
    required(
        "location",
        object(&[required("type", STRING), required("target", STRING)]),
    ),
    optional("catalogFilename", STRING),
    optional("catalogFileName", STRING),
]);

/// Proposes an entity for a repository. Reference 1 §C.1.
pub(super) async fn analyze_location(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    body: JsonBody,
) -> Result<Json<Value>> {
    body.check(&BODY)?;
    let target = body
        .0
        .pointer("/location/target")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let url = Url::parse(target)
        .map_err(|error| Error::input(format!("`{target}` is not a URL: {error}")))?;
    catalog.analyze(&ctx, &url).await.map(Json)
}
