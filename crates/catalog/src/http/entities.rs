//! `GET /entities`, and single entities by name and uid.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::LINK;
use index::After;
use model::{EntityRef, Filter, Projection};
use platform::http::schema::{Object, STRING, optional, required};
use platform::http::{Empty, Json, JsonBody, NoContent, Param, Params, Segments, json_bytes};
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::service::entities::Found;
use crate::store::NEVER;

use super::stream::{Envelope, respond};

const LIST: &[Param] = &[
    Param::list("fields"),
    Param::integer("limit").min(0),
    Param::list("filter"),
    Param::integer("offset").min(0),
    Param::text("after"),
    Param::list("order"),
];
const REFRESH: Object = Object::new(&[
    required("entityRef", STRING),
    optional("authorizationToken", STRING),
]);

/// All entities, or a page of them by offset; the body is streamed.
pub(super) async fn list_entities(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    params: Params,
) -> Result<Response> {
    params.check(LIST)?;
    let filter = filter_of(&params)?;
    let order = model::parse_order(&params.list("order"))?;
    let projection = Projection::parse(&params.list("fields"))?;
    let (limit, offset) = window(&params)?;
    let (picked, after) = catalog.list(&ctx, filter, &order, limit, offset).await?;
    let envelope = Envelope {
        prefix: "[".to_owned(),
        suffix: "]".to_owned(),
    };
    let mut response = respond(&catalog, picked, projection, envelope).await?;
    if let Some(link) = after.and_then(|after| next_link(&params, after)) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

pub(super) fn filter_of(params: &Params) -> Result<Filter> {
    let predicate = model::parse_filter_params(&params.list("filter"))?;
    Ok(predicate.map_or_else(
        || Ok(Filter::everything()),
        |predicate| predicate.to_filter(),
    )?)
}

/// Limit and offset; a cursor brings both, and parameters win over it.
fn window(params: &Params) -> Result<(Option<usize>, Option<usize>)> {
    let number = |name| params.integer(name).and_then(|n| usize::try_from(n).ok());
    let (after_limit, after_offset) = match params.get("after") {
        Some(after) => After::decode(after).map_err(|error| Error::input(error.to_string()))?,
        None => (None, None),
    };
    let limit = number("limit").or(after_limit);
    if limit == Some(0) {
        return Err(Error::input("Invalid limit, must be greater than zero"));
    }
    Ok((limit, after_offset.or(number("offset"))))
}

/// The `Link` header of a page: the same request with the cursor, relative to the plugin.
fn next_link(params: &Params, after: After) -> Option<HeaderValue> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in params
        .iter()
        .filter(|(name, _)| !matches!(*name, "offset" | "after"))
    {
        query.append_pair(name, value);
    }
    query.append_pair("after", &after.encode());
    HeaderValue::try_from(format!("</entities?{}>; rel=\"next\"", query.finish())).ok()
}

pub(super) async fn find_by_name(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([kind, namespace, name]): Segments<3>,
) -> Result<Response> {
    let found = catalog
        .find(&ctx, &EntityRef::new(&kind, &namespace, &name))
        .await?;
    let missing = || {
        Error::not_found(format!(
            "No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'"
        ))
    };
    found.map(entity).ok_or_else(missing)
}

pub(super) async fn find_by_uid(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([uid]): Segments<1>,
) -> Result<Response> {
    let found = catalog.find_by_uid(&ctx, &uid).await?;
    found
        .map(entity)
        .ok_or_else(|| Error::not_found(format!("No entity with uid {uid}")))
}

fn entity(found: Found) -> Response {
    json_bytes(found.body, Some(found.etag))
}

pub(super) async fn find_ancestry(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([kind, namespace, name]): Segments<3>,
) -> Result<Response> {
    let entity_ref = EntityRef::new(kind, namespace, name);
    let items = catalog.ancestry(&ctx, &entity_ref).await?;
    let mut body = format!(
        "{{\"rootEntityRef\":{},\"items\":[",
        Value::from(entity_ref.to_string())
    );
    for (index, (entity, parents)) in items.into_iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str("{\"entity\":");
        body.push_str(&String::from_utf8_lossy(&entity));
        body.push_str(",\"parentEntityRefs\":");
        body.push_str(&Value::from(&*parents).to_string());
        body.push('}');
    }
    body.push_str("]}");
    Ok(json_bytes(body, None))
}

/// When an entity came, changed last, and is looked at next.
pub(super) async fn find_times(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([kind, namespace, name]): Segments<3>,
) -> Result<Json<Value>> {
    let entity_ref = EntityRef::new(kind, namespace, name);
    let times = catalog.times(&ctx, &entity_ref).await?;
    Ok(Json(json!({
        "discoveredAt": times.discovered,
        "changedAt": times.changed,
        "nextLookAt": (times.next_look != NEVER).then_some(times.next_look),
    })))
}

pub(super) async fn delete_entity(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([uid]): Segments<1>,
) -> Result<NoContent> {
    catalog.delete(&ctx, &uid).await?;
    Ok(NoContent)
}

pub(super) async fn refresh_entity(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    body: JsonBody,
) -> Result<Response> {
    body.check(&REFRESH)?;
    let text = body
        .0
        .get("entityRef")
        .and_then(Value::as_str)
        .unwrap_or_default();
    catalog.refresh(&ctx, &text.parse()?).await?;
    Ok(Empty.into_response())
}
