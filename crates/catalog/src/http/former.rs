//! `GET /entities/by-name/{kind}/{namespace}/{name}/successors`

use axum::extract::State;
use model::EntityRef;
use platform::http::{Json, Params, Segments};
use platform::{Ctx, Result};

use crate::catalog::Catalog;
use crate::service::former::Former;

/// By which names an entity that has gone may go now. Nothing is found where nothing is known, which
/// is the same for who may not know.
pub(super) async fn find_successors(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([kind, namespace, name]): Segments<3>,
    params: Params,
) -> Result<Json<Former>> {
    params.check(&[])?;
    let entity_ref = EntityRef::new(kind, namespace, name);
    Ok(Json(catalog.former(&ctx, &entity_ref).await?))
}
