//! `/v2/dry-run` and plans.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use platform::http::schema::{
    ANY_OBJECT, BOOLEAN, Object, STRING, array, object, optional, required,
};
use platform::http::{Json, JsonBody, Segments};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use super::tasks::{TASK, draft_of};
use super::wrong_values;
use crate::engine::dry_run::{Beside, Planning, Tried, TriedFile, decode_files};
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
    optional("plan", BOOLEAN),
]);

pub(super) async fn try_template(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    body: JsonBody<LIMIT>,
) -> Result<Response> {
    body.check(&BODY)?;
    let files = decode_files(&body.0["directoryContents"])?;
    let with_plan = body.0["plan"] == true;
    let mut body = body.into_object();
    let draft = Draft {
        template: body.remove("template").unwrap_or_default(),
        values: body.remove("values").unwrap_or_default(),
        secrets: secrets_of(body.remove("secrets"))?,
        beside: Beside::Sent(files),
        mocks: serde_json::Map::new(),
        planning: if with_plan {
            Planning::Asking
        } else {
            Planning::No
        },
    };
    Ok(match scaffolder.dry_run(&ctx, draft).await? {
        Checked::Wrong(errors) => wrong_values(&errors),
        Checked::Fine((tried, steps)) => {
            let mut answer = view(&tried, &steps);
            if with_plan {
                add_plan(&mut answer, tried);
            }
            Json(answer).into_response()
        }
    })
}

/// A trial as the API tells it.
fn view(tried: &Tried, steps: &[Value]) -> Value {
    let files: Vec<Value> = tried.files.iter().map(TriedFile::to_json).collect();
    json!({
        "log": tried.log,
        "directoryContents": files,
        "output": tried.output,
        "steps": steps,
    })
}

/// The plan of a task that is not there yet.
pub(super) async fn plan(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    body: JsonBody,
) -> Result<Response> {
    body.check(&TASK)?;
    let draft = draft_of(body.into_object())?;
    Ok(match scaffolder.plan(&ctx, draft).await? {
        Checked::Wrong(errors) => wrong_values(&errors),
        Checked::Fine(planned) => planned_view(planned),
    })
}

/// The plan of a task, as its steps would run now.
pub(super) async fn plan_of_task(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([id]): Segments<1>,
) -> Result<Response> {
    scaffolder.plan_of_task(&ctx, &id).await.map(planned_view)
}

fn planned_view((tried, steps): (Tried, Vec<Value>)) -> Response {
    let mut answer = view(&tried, &steps);
    add_plan(&mut answer, tried);
    Json(answer).into_response()
}

/// The plan, and the error of the step that it ends at, if one fails.
fn add_plan(answer: &mut Value, tried: Tried) {
    answer["plan"] = tried.plan.into();
    if let Some(error) = tried.error {
        answer["error"] = json!({ "name": error.code().name(), "message": error.message() });
    }
}
