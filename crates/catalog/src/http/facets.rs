//! `GET` and `POST /entity-facets`

use axum::extract::State;
use axum::response::Response;
use model::{Filter, Predicate};
use platform::http::schema::{ANY_OBJECT, Object, STRINGS, optional, required};
use platform::http::{JsonBody, Param, Params, json_bytes};
use platform::{Ctx, Result};
use serde_json::Value;

use crate::catalog::Catalog;

use super::entities::filter_of;

const PARAMS: &[Param] = &[Param::list("facet").required(), Param::list("filter")];
const BODY: Object = Object::new(&[required("facets", STRINGS), optional("query", ANY_OBJECT)]);

pub(super) async fn list_facets(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    params: Params,
) -> Result<Response> {
    params.check(PARAMS)?;
    answer(&ctx, &catalog, &params.list("facet"), filter_of(&params)?).await
}

pub(super) async fn list_facets_by_body(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    body: JsonBody,
) -> Result<Response> {
    body.check(&BODY)?;
    let query = body.0.get("query").map(Predicate::parse).transpose()?;
    let filter = query.map_or_else(|| Ok(Filter::everything()), |query| query.to_filter())?;
    let facets = body
        .0
        .get("facets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let facets: Vec<String> = facets
        .filter_map(|facet| facet.as_str().map(str::to_owned))
        .collect();
    answer(&ctx, &catalog, &facets, filter).await
}

async fn answer(
    ctx: &Ctx,
    catalog: &Catalog,
    names: &[String],
    filter: Filter,
) -> Result<Response> {
    Ok(json_bytes(catalog.facets(ctx, names, filter).await?, None))
}
