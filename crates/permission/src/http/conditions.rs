//! `/roles/conditions`, `/roles/conditions/{id}`

use axum::extract::State;
use axum::response::Response;
use platform::http::{Created, Json, JsonBody, NoContent, Params, Segments};
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

use super::roles::changed;
use crate::policy::Action;
use crate::service::Permissions;
use crate::service::conditions::Filter;

pub(super) async fn list_conditions(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    params: Params,
) -> Result<Json<Vec<Value>>> {
    let text = |name: &str| params.get(name).map(str::to_owned);
    let actions = params.all("actions").map(|name| {
        Action::of_name(name).ok_or_else(|| {
            Error::input(format!(
                "Invalid permission action query value: {name}. Permission name should be string."
            ))
        })
    });
    let filter = Filter {
        role: text("roleEntityRef"),
        plugin: text("pluginId"),
        resource_type: text("resourceType"),
        actions: actions.collect::<Result<_>>()?,
    };
    Ok(Json(permissions.list_conditions(&ctx, filter).await?))
}

pub(super) async fn find_condition(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments([id]): Segments<1>,
) -> Result<Json<Value>> {
    Ok(Json(permissions.find_condition(&ctx, number(&id)?).await?))
}

pub(super) async fn create_condition(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    body: JsonBody,
) -> Result<Created<Json<Value>>> {
    let id = permissions.create_condition(&ctx, &body.0).await?;
    Ok(Created(Json(json!({ "id": id }))))
}

pub(super) async fn update_condition(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments([id]): Segments<1>,
    body: JsonBody,
) -> Result<Response> {
    permissions
        .update_condition(&ctx, number(&id)?, &body.0)
        .await?;
    Ok(changed(true))
}

pub(super) async fn delete_condition(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments([id]): Segments<1>,
) -> Result<NoContent> {
    permissions.delete_condition(&ctx, number(&id)?).await?;
    Ok(NoContent)
}

fn number(id: &str) -> Result<i64> {
    id.parse()
        .map_err(|error| Error::input("Id is not a valid number.").with_source(error))
}
