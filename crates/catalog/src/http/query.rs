//! `GET` and `POST /entities/by-query`

use axum::extract::State;
use axum::response::Response;
use index::{Cursor, TextFilter};
use model::{Filter, OrderField, Predicate, Projection};
use platform::http::schema::{
    ANY_OBJECT, INTEGER, Object, STRING, STRINGS, array, object, optional, required,
};
use platform::http::{JsonBody, Param, Params};
use platform::{Ctx, Error, Result};
use serde_json::{Map, Value};

use crate::catalog::Catalog;

use super::stream::{Envelope, respond};

const PARAMS: &[Param] = &[
    Param::list("fields"),
    Param::integer("limit").min(0),
    Param::integer("offset").min(0),
    Param::list("orderField"),
    Param::text("cursor"),
    Param::list("filter"),
    Param::text("fullTextFilterTerm").allow_empty(),
    Param::list("fullTextFilterFields"),
    Param::choice("totalItems", &["include", "exclude"]),
];
const BODY: Object = Object::new(&[
    optional("cursor", STRING),
    optional("limit", INTEGER),
    optional("offset", INTEGER),
    optional(
        "orderBy",
        array(&object(&[
            required("field", STRING),
            required("order", STRING),
        ])),
    ),
    optional(
        "fullTextFilter",
        object(&[optional("term", STRING), optional("fields", STRINGS)]),
    ),
    optional("fields", STRINGS),
    optional("totalItems", STRING),
    optional("query", ANY_OBJECT),
]);
/// Items per page when the request names no limit. Reference 1 §C.5.
const DEFAULT_LIMIT: usize = 200;

/// A query, however it was written.
struct Request {
    cursor: Cursor,
    filter: Filter,
    limit: usize,
    offset: usize,
    with_total: bool,
    projection: Option<Projection>,
}

pub(super) async fn query_entities(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    params: Params,
) -> Result<Response> {
    params.check(PARAMS)?;
    answer(&ctx, &catalog, Request::from_params(&params)?).await
}

pub(super) async fn query_entities_by_body(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    body: JsonBody,
) -> Result<Response> {
    body.check(&BODY)?;
    answer(&ctx, &catalog, Request::from_body(&body.into_object())?).await
}

async fn answer(ctx: &Ctx, catalog: &Catalog, request: Request) -> Result<Response> {
    let Request {
        cursor,
        filter,
        limit,
        offset,
        with_total,
        projection,
    } = request;
    let page = catalog
        .page(ctx, filter, &cursor, limit, offset, with_total)
        .await?;
    let mut page_info = Map::new();
    if let Some(next) = page.next {
        page_info.insert("nextCursor".into(), next.encode().into());
    }
    if let Some(previous) = page.previous {
        page_info.insert("prevCursor".into(), previous.encode().into());
    }
    let envelope = Envelope {
        prefix: "{\"items\":[".to_owned(),
        suffix: format!(
            "],\"totalItems\":{},\"pageInfo\":{}}}",
            page.total,
            Value::Object(page_info)
        ),
    };
    respond(catalog, page.picked, projection, envelope).await
}

impl Request {
    fn from_params(params: &Params) -> Result<Self> {
        let number = |name| params.integer(name).and_then(|n| usize::try_from(n).ok());
        let common = |cursor, filter| {
            Ok(Self {
                cursor,
                filter,
                limit: number("limit").unwrap_or(DEFAULT_LIMIT),
                offset: number("offset").unwrap_or_default(),
                with_total: params.get("totalItems") != Some("exclude"),
                projection: Projection::parse(&params.list("fields"))?,
            })
        };
        if let Some(cursor) = params.get("cursor") {
            let (cursor, filter) = continued(cursor)?;
            return common(cursor, filter);
        }
        let predicate = model::parse_filter_params(&params.list("filter"))?;
        let order = model::parse_order_fields(&params.list("orderField"))?;
        let text = TextFilter {
            term: params
                .get("fullTextFilterTerm")
                .unwrap_or_default()
                .to_owned(),
            fields: text_fields(params),
        };
        let (cursor, filter) = first(order, Some(text), predicate.as_ref())?;
        common(cursor, filter)
    }

    fn from_body(body: &Map<String, Value>) -> Result<Self> {
        let projection = Projection::parse(&strings(body.get("fields")))?;
        let (cursor, filter) = if let Some(cursor) = body.get("cursor").and_then(Value::as_str) {
            continued(cursor)?
        } else {
            let query = body.get("query").map(Predicate::parse).transpose()?;
            first(orders(body)?, text_filter(body), query.as_ref())?
        };
        Ok(Self {
            cursor,
            filter,
            limit: count(body, "limit")?.unwrap_or(DEFAULT_LIMIT),
            offset: count(body, "offset")?.unwrap_or_default(),
            with_total: body.get("totalItems").and_then(Value::as_str) != Some("exclude"),
            projection,
        })
    }
}

/// The start of a query; the cursor carries the predicate so that any page can rebuild the filter.
fn first(
    order: Vec<OrderField>,
    text: Option<TextFilter>,
    predicate: Option<&Predicate>,
) -> Result<(Cursor, Filter)> {
    let mut cursor = Cursor::first(order, text);
    cursor.query = predicate.map(Predicate::to_json);
    let filter = predicate.map(Predicate::to_filter).transpose()?;
    Ok((cursor, filter.unwrap_or_else(Filter::everything)))
}

/// The rest of a query: everything is in the cursor.
fn continued(encoded: &str) -> Result<(Cursor, Filter)> {
    let cursor = Cursor::decode(encoded).map_err(|error| Error::input(error.to_string()))?;
    let filter = match &cursor.query {
        Some(query) => Predicate::parse(query)?.to_filter()?,
        None => Filter::everything(),
    };
    Ok((cursor, filter))
}

fn text_fields(params: &Params) -> Option<Vec<String>> {
    let fields: Vec<String> = params
        .all("fullTextFilterFields")
        .flat_map(|fields| fields.split(','))
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .map(str::to_owned)
        .collect();
    (!fields.is_empty()).then_some(fields)
}

fn text_filter(body: &Map<String, Value>) -> Option<TextFilter> {
    let filter = body.get("fullTextFilter")?;
    let term = filter
        .get("term")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let fields = filter.get("fields").map(|fields| strings(Some(fields)));
    Some(TextFilter {
        term,
        fields: fields.filter(|fields| !fields.is_empty()),
    })
}

fn orders(body: &Map<String, Value>) -> Result<Vec<OrderField>> {
    let list = body
        .get("orderBy")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let params: Vec<String> = list
        .map(|order| {
            let part = |name: &str| order.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("{},{}", part("field"), part("order"))
        })
        .collect();
    Ok(model::parse_order_fields(&params)?)
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

fn count(body: &Map<String, Value>, name: &str) -> Result<Option<usize>> {
    let number = body.get(name).and_then(Value::as_i64);
    number
        .map(|number| {
            usize::try_from(number)
                .map_err(|_| Error::input(format!("request/body/{name} must be >= 0")))
        })
        .transpose()
}
