//! What operators see and do: errors, conflicts, held removals, schedules. Ours, beyond Backstage.

use axum::extract::State;
use platform::http::{Json, NoContent, Segments};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::model::{Conflict, HeldMutation};
use crate::service::ingestion::EntityError;
use crate::service::providers::ProviderView;

type Items<T> = Json<std::collections::BTreeMap<&'static str, Vec<T>>>;

fn items<T>(items: Vec<T>) -> Items<T> {
    Json([("items", items)].into())
}

pub(super) async fn list_errors(
    ctx: Ctx,
    State(catalog): State<Catalog>,
) -> Result<Items<EntityError>> {
    Ok(items(catalog.list_errors(&ctx).await?))
}

pub(super) async fn list_conflicts(
    ctx: Ctx,
    State(catalog): State<Catalog>,
) -> Result<Items<Conflict>> {
    Ok(items(catalog.list_conflicts(&ctx).await?))
}

pub(super) async fn list_held(
    ctx: Ctx,
    State(catalog): State<Catalog>,
) -> Result<Items<HeldMutation>> {
    Ok(items(catalog.list_held(&ctx).await?))
}

pub(super) async fn approve_held(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([provider]): Segments<1>,
) -> Result<NoContent> {
    catalog.approve_held(&ctx, &provider).await?;
    Ok(NoContent)
}

pub(super) async fn reject_held(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([provider]): Segments<1>,
) -> Result<NoContent> {
    catalog.reject_held(&ctx, &provider).await?;
    Ok(NoContent)
}

pub(super) async fn list_providers(
    ctx: Ctx,
    State(catalog): State<Catalog>,
) -> Result<Items<ProviderView>> {
    Ok(items(catalog.list_providers(&ctx).await?))
}

pub(super) async fn run_provider(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([provider]): Segments<1>,
) -> Result<NoContent> {
    catalog.run_provider(&ctx, &provider).await?;
    Ok(NoContent)
}

/// Scheduled tasks of the catalog: its providers that run by time. Reference 3 §8.
pub(super) async fn list_tasks(_ctx: Ctx, State(catalog): State<Catalog>) -> Json<Value> {
    Json(json!({ "tasks": catalog.scheduled_tasks() }))
}
