//! `GET` and `POST /entity-facets`

use axum::extract::State;
use model::{Filter, Predicate};
use platform::http::schema::{ANY_OBJECT, Object, STRINGS, optional, required};
use platform::http::{Json, JsonBody, Param, Params};
use platform::{Ctx, Result};
use serde_json::{Map, Value, json};

use crate::catalog::Catalog;

use super::entities::filter_of;

const PARAMS: &[Param] = &[Param::list("facet").required(), Param::list("filter")];
const BODY: Object = Object::new(&[required("facets", STRINGS), optional("query", ANY_OBJECT)]);

pub(super) async fn list_facets(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    params: Params,
) -> Result<Json<Value>> {
    params.check(PARAMS)?;
    answer(&ctx, &catalog, &params.list("facet"), filter_of(&params)?).await
}

pub(super) async fn list_facets_by_body(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    body: JsonBody,
) -> Result<Json<Value>> {
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
) -> Result<Json<Value>> {
    let keys: Vec<&str> = names.iter().map(String::as_str).collect();
    let facets = catalog.facets(ctx, &keys, filter).await?;
    let mut answer = Map::new();
    for (name, values) in names.iter().zip(facets) {
        let values = values
            .into_iter()
            .map(|v| json!({ "value": v.value, "count": v.count }));
        answer.insert(name.clone(), values.collect());
    }
    Ok(Json(json!({ "facets": answer })))
}
