//! `/v2/tasks`

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use platform::http::schema::{ANY_OBJECT, BOOLEAN, Object, STRING, optional, required};
use platform::http::{Created, Json, JsonBody, Param, Params, Segments};
use platform::{Ctx, Error, Result};
use serde_json::{Map, Value, json};

use super::wrong_values;
use crate::scaffolder::Scaffolder;
use crate::service::tasks::Draft;
use crate::service::{Checked, secrets_of};
use crate::task::{Order, OrderField, Task, TaskQuery};

pub(super) const TASK: Object = Object::new(&[
    required("templateRef", STRING),
    required("values", ANY_OBJECT),
    optional("secrets", ANY_OBJECT),
    optional("waitForApproval", BOOLEAN),
]);
const RETRY: Object = Object::new(&[optional("secrets", ANY_OBJECT)]);
const LIST: &[Param] = &[
    Param::list("createdBy"),
    Param::list("status"),
    Param::list("order"),
    Param::integer("limit"),
    Param::integer("offset"),
    Param::boolean("tellCancelled"),
];
/// Tasks of one answer.
const MAX_LIMIT: i64 = 1_000;

pub(super) async fn create_task(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    body: JsonBody,
) -> Result<Response> {
    body.check(&TASK)?;
    let draft = draft_of(body.into_object())?;
    Ok(match scaffolder.create_task(&ctx, draft).await? {
        Checked::Fine(id) => Created(Json(json!({ "id": id }))).into_response(),
        Checked::Wrong(errors) => wrong_values(&errors),
    })
}

/// The task that a body asks for.
pub(super) fn draft_of(mut body: Map<String, Value>) -> Result<Draft> {
    let template_ref = body.remove("templateRef").unwrap_or_default();
    Ok(Draft {
        template_ref: template_ref.as_str().unwrap_or_default().to_owned(),
        values: body.remove("values").unwrap_or_default(),
        secrets: secrets_of(body.remove("secrets"))?,
        waits: body.get("waitForApproval") == Some(&Value::Bool(true)),
    })
}

pub(super) async fn list_tasks(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    params: Params,
) -> Result<Json<Value>> {
    params.check(LIST)?;
    let list = |name: &str| Some(params.list(name)).filter(|list| !list.is_empty());
    let query = TaskQuery {
        created_by: list("createdBy"),
        status: list("status"),
        // Backstage calls a task that was cancelled failed, and so do answers that are not asked for more.
        tells_cancelled: params.boolean("tellCancelled") == Some(true),
        visible_to: None,
        order: params.all("order").map(order).collect::<Result<_>>()?,
        limit: params
            .integer("limit")
            .unwrap_or(MAX_LIMIT)
            .clamp(0, MAX_LIMIT),
        offset: params.integer("offset").unwrap_or(0).max(0),
    };
    let view = if query.tells_cancelled {
        Task::to_json_with_end
    } else {
        Task::to_json
    };
    let (tasks, total) = scaffolder.list_tasks(&ctx, query).await?;
    let tasks = tasks.iter().map(view).collect::<Result<Vec<_>>>()?;
    Ok(Json(json!({ "tasks": tasks, "totalTasks": total })))
}

/// `asc:created_at`
fn order(text: &str) -> Result<Order> {
    let (direction, field) = text.split_once(':').unwrap_or((text, ""));
    let is_descending = match direction {
        "asc" => false,
        "desc" => true,
        _ => {
            return Err(Error::input(format!(
                "Invalid order parameter \"{text}\", expected \"<asc or desc>:<field name>\""
            )));
        }
    };
    let field = match field {
        "created_at" => OrderField::CreatedAt,
        "status" => OrderField::Status,
        "created_by" => OrderField::CreatedBy,
        _ => return Err(Error::input(format!("Invalid order field \"{field}\""))),
    };
    Ok(Order {
        field,
        is_descending,
    })
}

pub(super) async fn find_task(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([id]): Segments<1>,
) -> Result<Json<Value>> {
    scaffolder.find_task(&ctx, &id).await?.to_json().map(Json)
}

pub(super) async fn cancel_task(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([id]): Segments<1>,
) -> Result<Json<Value>> {
    scaffolder.cancel_task(&ctx, &id).await?;
    Ok(Json(json!({ "status": "cancelled" })))
}

pub(super) async fn retry_task(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([id]): Segments<1>,
    body: JsonBody,
) -> Result<Created<Json<Value>>> {
    body.check(&RETRY)?;
    let secrets = secrets_of(body.into_object().remove("secrets"))?;
    scaffolder.retry_task(&ctx, &id, &secrets).await?;
    Ok(Created(Json(json!({ "id": id }))))
}

pub(super) async fn approve_task(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([id]): Segments<1>,
) -> Result<Json<Value>> {
    scaffolder.approve_task(&ctx, &id).await?;
    Ok(Json(json!({ "id": id })))
}

pub(super) async fn undo_task(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([id]): Segments<1>,
) -> Result<Json<Value>> {
    scaffolder.undo_task(&ctx, &id).await.map(Json)
}
