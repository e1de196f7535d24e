//! `/locations`: registered locations.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{EntityRef, LocationFields, LocationQuery, LocationRef};
use platform::http::schema::{ANY_OBJECT, INTEGER, Object, STRING, Schema, optional, required};
use platform::http::{Created, Json, JsonBody, NoContent, Param, Params, Segments};
use platform::{Ctx, Error, Result};
use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::model::Location;
use crate::service::locations::Registered;

const REGISTER_PARAMS: &[Param] = &[
    Param::text("dryRun"),
    Param::choice("onConflict", &["refresh", "reject"]),
    Param::choice("problems", &["true", "false"]),
];
const LOCATION: Object = Object::new(&[
    required("type", STRING),
    required("target", STRING),
    optional("presence", Schema::Choice(&["required", "optional"])),
])
.closed();
const QUERY: Object = Object::new(&[
    optional("cursor", STRING),
    optional("limit", INTEGER),
    optional("query", ANY_OBJECT),
]);
const DEFAULT_LIMIT: usize = 1000;

pub(super) async fn list_locations(
    ctx: Ctx,
    State(catalog): State<Catalog>,
) -> Result<Json<Value>> {
    let locations = catalog.list_locations(&ctx).await?;
    Ok(Json(
        locations
            .iter()
            .map(|location| json!({ "data": location }))
            .collect(),
    ))
}

pub(super) async fn find_location(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([id]): Segments<1>,
) -> Result<Json<Location>> {
    catalog.find_location(&ctx, &id).await.map(Json)
}

pub(super) async fn find_by_entity(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([kind, namespace, name]): Segments<3>,
) -> Result<Json<Location>> {
    catalog
        .find_location_of(&ctx, &EntityRef::new(kind, namespace, name))
        .await
        .map(Json)
}

pub(super) async fn register_location(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    params: Params,
    body: JsonBody,
) -> Result<Response> {
    params.check(REGISTER_PARAMS)?;
    body.check(&LOCATION)?;
    let location = location_ref(&body)?;
    let is_dry_run = params.get("dryRun").map_or(Ok(false), said_yes)?;
    let registered = if is_dry_run {
        let with_problems = params.boolean("problems") == Some(true);
        catalog.try_location(&ctx, location, with_problems).await?
    } else {
        let refresh = params.get("onConflict") == Some("refresh");
        catalog.register(&ctx, location, refresh).await?
    };
    Ok(Created(Json(view(registered))).into_response())
}

pub(super) async fn move_location(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([id]): Segments<1>,
    body: JsonBody,
) -> Result<Json<Location>> {
    body.check(&LOCATION)?;
    catalog
        .move_location(&ctx, &id, location_ref(&body)?)
        .await
        .map(Json)
}

pub(super) async fn unregister_location(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([id]): Segments<1>,
) -> Result<NoContent> {
    catalog.unregister(&ctx, &id).await?;
    Ok(NoContent)
}

/// Pages through locations in order of id. Reference 1 §C.3, §C.5.
pub(super) async fn query_locations(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    body: JsonBody,
) -> Result<Json<Value>> {
    body.check(&QUERY)?;
    let page = LocationPage::parse(&body.0)?;
    let locations = catalog.list_locations(&ctx).await?;
    let locations: Vec<&Location> = locations
        .iter()
        .filter(|location| page.matches(location))
        .collect();
    let total = locations.len();
    let start = locations.partition_point(|location| {
        page.after
            .as_ref()
            .is_some_and(|after| location.id <= *after)
    });
    let items: Vec<&Location> = locations.into_iter().skip(start).take(page.limit).collect();
    let mut page_info = Map::new();
    if start + items.len() < total
        && let Some(last) = items.last()
    {
        page_info.insert("nextCursor".into(), page.cursor_after(&last.id).into());
    }
    Ok(Json(
        json!({ "items": items, "totalItems": total, "pageInfo": page_info }),
    ))
}

struct LocationPage {
    limit: usize,
    after: Option<String>,
    query: Option<Value>,
    parsed: Option<LocationQuery>,
}

impl LocationPage {
    fn parse(body: &Value) -> Result<Self> {
        let source = match body.get("cursor").and_then(Value::as_str) {
            Some(cursor) => decode(cursor)?,
            None => body.clone(),
        };
        let limit = body
            .get("limit")
            .or_else(|| source.get("limit"))
            .and_then(Value::as_i64);
        if limit.is_some_and(|limit| limit < 1) {
            return Err(Error::input("request/body/limit must be >= 1"));
        }
        let query = source.get("query").cloned();
        Ok(Self {
            limit: limit.map_or(DEFAULT_LIMIT, |limit| {
                usize::try_from(limit).unwrap_or(usize::MAX)
            }),
            after: source
                .get("afterId")
                .and_then(Value::as_str)
                .map(str::to_owned),
            parsed: query.as_ref().map(LocationQuery::parse).transpose()?,
            query,
        })
    }

    fn matches(&self, location: &Location) -> bool {
        self.parsed.as_ref().is_none_or(|query| {
            query.matches(&LocationFields {
                id: &location.id,
                location_type: &location.kind,
                target: &location.target,
                entity_ref: &location.entity_ref,
            })
        })
    }

    fn cursor_after(&self, id: &str) -> String {
        use base64::Engine as _;
        let mut cursor = json!({ "limit": self.limit, "afterId": id });
        if let Some(query) = &self.query {
            cursor["query"] = query.clone();
        }
        base64::engine::general_purpose::STANDARD.encode(cursor.to_string())
    }
}

fn decode(cursor: &str) -> Result<Value> {
    use base64::Engine as _;
    let malformed = || Error::input("Malformed cursor");
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(cursor)
        .map_err(|_| malformed())?;
    serde_json::from_slice(&bytes).map_err(|_| malformed())
}

/// `true` and `false` in the spellings of the npm package `yn`, which Backstage asks. What is neither
/// is refused: somebody who tried to say yes must not register.
fn said_yes(text: &str) -> Result<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "1" | "on" => Ok(true),
        "n" | "no" | "false" | "0" | "off" => Ok(false),
        _ => Err(Error::input("request/query/dryRun must be true or false")),
    }
}

fn location_ref(body: &JsonBody) -> Result<LocationRef> {
    let text = |name: &str| body.0.get(name).and_then(Value::as_str).unwrap_or_default();
    Ok(LocationRef::new(text("type"), text("target"))?)
}

fn view(registered: Registered) -> Value {
    let mut view = Map::new();
    if let Some(exists) = registered.exists {
        view.insert("exists".into(), exists.into());
    }
    view.insert("location".into(), json!(registered.location));
    view.insert("entities".into(), registered.entities.into());
    view.into()
}
