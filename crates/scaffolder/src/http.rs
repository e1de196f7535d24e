//! The scaffolder's REST API. Reference 2 §D.5.
//!
//! Handlers parse, call one use case and write the answer; they see neither SQL nor permissions.

mod dry_run;
mod events;
mod extensions;
mod tasks;
mod templates;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::StatusCode;
use platform::http::Json;
use serde_json::{Value, json};

use crate::scaffolder::Scaffolder;

/// All routes, relative to `/api/scaffolder`.
pub fn router(scaffolder: Scaffolder) -> Router {
    Router::new()
        .route(
            "/v2/templates/{namespace}/{kind}/{name}/parameter-schema",
            get(templates::find_form),
        )
        .route("/v2/actions", get(templates::list_actions))
        .route("/v2/lint", post(templates::lint))
        .route("/v2/tasks", get(tasks::list_tasks).post(tasks::create_task))
        .route("/v2/tasks/{id}", get(tasks::find_task))
        .route("/v2/tasks/{id}/cancel", post(tasks::cancel_task))
        .route("/v2/tasks/{id}/retry", post(tasks::retry_task))
        .route("/v2/tasks/{id}/plan", get(dry_run::plan_of_task))
        .route("/v2/tasks/{id}/approve", post(tasks::approve_task))
        .route("/v2/tasks/{id}/undo", post(tasks::undo_task))
        .route("/v2/plan", post(dry_run::plan))
        .route("/v2/tasks/{id}/events", get(events::list_events))
        .route("/v2/tasks/{id}/eventstream", get(events::stream_events))
        .route("/v2/dry-run", post(dry_run::try_template))
        .route(
            "/v2/autocomplete/{provider}/{resource}",
            post(extensions::complete),
        )
        .route(
            "/v2/templating-extensions",
            get(extensions::list_extensions),
        )
        .with_state(scaffolder)
}

/// Values that do not fit the form.
fn wrong_values(errors: &[Value]) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "errors": errors }))).into_response()
}
