//! `/.backstage/actions`: the actions of one plugin. Reference 3 §8.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::ctx::{Caller, Ctx};
use crate::error::{Error, Result};
use crate::http::{Json, JsonBody, Segments};

use super::{Actions, Place};

#[derive(Clone)]
struct Plugin {
    id: &'static str,
    actions: Actions,
}

/// The routes, to be merged into a plugin's router.
pub fn action_routes(plugin: &'static str, actions: &Actions) -> Router {
    let plugin = Plugin {
        id: plugin,
        actions: actions.clone(),
    };
    Router::new()
        .route("/.backstage/actions/v1/actions", get(list_actions))
        .route(
            "/.backstage/actions/v1/actions/{id}/invoke",
            post(invoke_action),
        )
        .route(
            "/.backstage/actions/v2/actions/{id}/invoke",
            post(invoke_with_secrets),
        )
        .with_state(plugin)
}

async fn list_actions(ctx: Ctx, State(plugin): State<Plugin>) -> Json<Value> {
    let visible = plugin.actions.visible(&ctx).await;
    let own = visible.iter().map(|action| action.spec());
    let own = own.filter(|spec| spec.place == Place::Anywhere && spec.plugin() == plugin.id);
    let list: Vec<Value> = own.map(super::Spec::to_json).collect();
    Json(json!({ "actions": list }))
}

async fn invoke_action(
    ctx: Ctx,
    State(plugin): State<Plugin>,
    Segments([id]): Segments<1>,
    body: JsonBody,
) -> Result<Json<Value>> {
    plugin.refuse_others(&ctx, &id)?;
    let output = plugin.actions.invoke(&ctx, &id, body.0, None).await?;
    Ok(Json(json!({ "output": output })))
}

async fn invoke_with_secrets(
    ctx: Ctx,
    State(plugin): State<Plugin>,
    Segments([id]): Segments<1>,
    body: JsonBody,
) -> Result<Json<Value>> {
    plugin.refuse_others(&ctx, &id)?;
    let mut body = body.into_object();
    let input = body.remove("input").unwrap_or_else(|| json!({}));
    let secrets = match body.remove("secrets") {
        None | Some(Value::Null) => None,
        Some(Value::Object(secrets)) => Some(secrets),
        Some(_) => return Err(Error::input("request/body/secrets must be object")),
    };
    let output = plugin.actions.invoke(&ctx, &id, input, secrets).await?;
    Ok(Json(json!({ "output": output })))
}

impl Plugin {
    /// Each plugin answers for its own actions, and for those who showed credentials.
    fn refuse_others(&self, ctx: &Ctx, id: &str) -> Result<()> {
        if matches!(ctx.caller(), Caller::Anonymous) {
            return Err(Error::forbidden(""));
        }
        if id.split(':').next() == Some(self.id) {
            return Ok(());
        }
        Err(Error::not_found(format!("Action \"{id}\" not found")))
    }
}
