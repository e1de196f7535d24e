//! `GET /records`, `GET /export`, `GET /verification`: the audit log over HTTP, relative to `/api/audit`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use platform::http::{Json, Param, Params, permission_routes};
use platform::{Ctx, Error, Result};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::chain::Verification;
use crate::record::Record;
use crate::service::{Audit, Export, Query};

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 1_000;

const FILTERS: [Param; 8] = [
    Param::text("actor"),
    Param::text("onBehalfOf"),
    Param::text("action"),
    Param::text("subject"),
    Param::choice("outcome", &["succeeded", "denied", "failed"]),
    Param::text("requestId"),
    Param::text("since"),
    Param::text("until"),
];

/// The routes, relative to `/api/audit`.
pub fn router(audit: Audit) -> Router {
    Router::new()
        .route("/records", get(list_records))
        .route("/export", get(export_records))
        .route("/verification", get(verify_chain))
        .with_state(audit.clone())
        .merge(permission_routes(Arc::new(audit)))
}

/// A page; the cursor is there when there may be more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Record>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

async fn list_records(ctx: Ctx, State(audit): State<Audit>, params: Params) -> Result<Json<Page>> {
    let paging = [
        Param::integer("limit").min(1).max(MAX_LIMIT),
        Param::integer("cursor").min(1),
    ];
    params.check(&[&FILTERS[..], &paging].concat())?;
    let limit = params.integer("limit").unwrap_or(DEFAULT_LIMIT);
    let mut query = query_of(&params)?;
    query.before_seq = params.integer("cursor");
    let items = audit.list(&ctx, query, limit).await?;
    let is_full = i64::try_from(items.len()).is_ok_and(|n| n == limit);
    let next_cursor = items.last().filter(|_| is_full);
    let next_cursor = next_cursor.map(|last| last.seq.to_string());
    Ok(Json(Page { items, next_cursor }))
}

/// Whether the chain is whole; one check at a time, as it reads every record.
async fn verify_chain(ctx: Ctx, State(audit): State<Audit>) -> Result<Json<Verification>> {
    Ok(Json(audit.check(&ctx).await?))
}

/// JSON lines, the newest record first.
async fn export_records(ctx: Ctx, State(audit): State<Audit>, params: Params) -> Result<Response> {
    params.check(&FILTERS)?;
    let export = audit.export(&ctx, query_of(&params)?).await?;
    let chunks = stream::try_unfold(export, next_lines);
    let mut response = Response::new(Body::from_stream(chunks));
    let lines = HeaderValue::from_static("application/x-ndjson; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, lines);
    Ok(response)
}

async fn next_lines(mut export: Export) -> Result<Option<(Bytes, Export)>> {
    let records = export.next().await?;
    if records.is_empty() {
        return Ok(None);
    }
    Ok(Some((Bytes::from(lines(&records)?), export)))
}

/// Records as JSON lines.
pub fn lines(records: &[Record]) -> Result<String> {
    let mut text = String::new();
    for record in records {
        let line = serde_json::to_string(record)
            .map_err(|error| Error::internal("a record is not JSON").with_source(error))?;
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

fn query_of(params: &Params) -> Result<Query> {
    let text = |name| params.get(name).map(str::to_owned);
    Ok(Query {
        actor: text("actor"),
        on_behalf_of: text("onBehalfOf"),
        action: text("action"),
        subject: text("subject"),
        outcome: text("outcome"),
        request_id: text("requestId"),
        since: time_of(params, "since")?,
        until: time_of(params, "until")?,
        before_seq: None,
    })
}

fn time_of(params: &Params, name: &str) -> Result<Option<i64>> {
    let Some(text) = params.get(name) else {
        return Ok(None);
    };
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| {
        Error::input(format!("request/query/{name} must be a date and time")).with_source(error)
    })?;
    let millis = i64::try_from(time.unix_timestamp_nanos() / 1_000_000);
    Ok(millis.ok())
}
