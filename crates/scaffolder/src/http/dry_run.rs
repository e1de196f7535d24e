//! `/v2/dry-run`

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use platform::http::schema::{ANY_OBJECT, Object, STRING, array, object, optional, required};
use platform::http::{Json, JsonBody};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use super::wrong_values;
use crate::engine::dry_run::{Beside, TriedFile, decode_files};
use crate::scaffolder::Scaffolder;
use crate::service::templates::Draft;
use crate::service::{Checked, secrets_of};

/// Largest body: a template with the files beside it.
const LIMIT: usize = 10 << 20;
const FILE: platform::http::schema::Schema =
    object(&[required("path", STRING), required("base64Content", STRING)]);
const BODY: Object = Object::new(&[
    required("template", ANY_OBJECT),
    required("values", ANY_OBJECT),
    optional("secrets", ANY_OBJECT),
    optional("directoryContents", array(&FILE)),
]);

pub(super) async fn try_template(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    body: JsonBody<LIMIT>,
) -> Result<Response> {
    body.check(&BODY)?;
    let files = decode_files(&body.0["directoryContents"])?;
    let mut body = body.into_object();
    let draft = Draft {
        template: body.remove("template").unwrap_or_default(),
        values: body.remove("values").unwrap_or_default(),
        secrets: secrets_of(body.remove("secrets"))?,
        beside: Beside::Sent(files),
        mocks: serde_json::Map::new(),
    };
    Ok(match scaffolder.dry_run(&ctx, draft).await? {
        Checked::Wrong(errors) => wrong_values(&errors),
        Checked::Fine((tried, steps)) => {
            let files: Vec<Value> = tried.files.iter().map(TriedFile::to_json).collect();
            Json(json!({
                "log": tried.log,
                "directoryContents": files,
                "output": tried.output,
                "steps": steps,
            }))
            .into_response()
        }
    })
}
