//! `POST /entities/by-refs`

use axum::extract::State;
use axum::response::Response;
use model::{Predicate, Projection};
use platform::http::schema::{ANY_OBJECT, Object, STRINGS, optional, required};
use platform::http::{JsonBody, Param, Params, json_bytes};
use platform::{Ctx, Result};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::service::entities::parse;

use super::entities::filter_of;

const PARAMS: &[Param] = &[Param::list("filter"), Param::list("fields")];
const BODY: Object = Object::new(&[
    required("entityRefs", STRINGS),
    optional("fields", STRINGS),
    optional("query", ANY_OBJECT),
]);

/// Entities in the order of the request, `null` for those that are not there. References are taken
/// as they are: one that is not in lower case is not found, as recorded.
pub(super) async fn find_entities(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    params: Params,
    body: JsonBody,
) -> Result<Response> {
    params.check(PARAMS)?;
    body.check(&BODY)?;
    let strings = |name: &str| -> Vec<String> {
        let items = body
            .0
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        items
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    let mut filter = filter_of(&params)?;
    if let Some(query) = body.0.get("query") {
        filter = filter.and(Predicate::parse(query)?.to_filter()?);
    }
    let mut fields = strings("fields");
    fields.extend(params.list("fields"));
    let projection = Projection::parse(&fields)?;
    let found = catalog
        .find_many(&ctx, &strings("entityRefs"), filter)
        .await?;
    let mut answer = String::from("{\"items\":[");
    for (index, body) in found.into_iter().enumerate() {
        if index > 0 {
            answer.push(',');
        }
        match (body, &projection) {
            (None, _) => answer.push_str("null"),
            (Some(body), None) => answer.push_str(&String::from_utf8_lossy(&body)),
            (Some(body), Some(projection)) => {
                answer.push_str(&projection.apply(&parse(&body)?).to_string());
            }
        }
    }
    answer.push_str("]}");
    Ok(json_bytes(answer, None))
}
