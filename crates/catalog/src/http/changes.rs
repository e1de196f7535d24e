//! `GET /changes`: what changes, as server-sent events.
//!
//! Each event has the revision as its id; who comes back with it as `Last-Event-ID` is told what
//! happened in between. The stream ends with the credentials of the caller, with the process, and
//! after an hour; clients come back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use platform::http::Params;
use platform::{Ctx, Error, Result};
use serde_json::json;
use tokio::time::Instant;

use crate::catalog::Catalog;
use crate::feed::News;
use crate::service::changes::Listener;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks proxies not to keep events back.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Time between two looks at what the caller may see; without news, a comment then tells that the
/// stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The longest life of a stream.
const MAX_LIFE: Duration = Duration::from_hours(1);

pub(super) async fn stream_changes(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response> {
    params.check(&[])?;
    let (listener, missed) = catalog.listen(&ctx, last_id(&headers)?).await?;
    let mut first = event("ready", listener.rev(), &json!({}));
    if let Some(missed) = missed {
        first.push_str(&written(&missed, listener.rev()));
    }
    let life = listener.remaining().unwrap_or(MAX_LIFE).min(MAX_LIFE);
    let source = Source {
        listener,
        first: Some(first),
        check_at: Instant::now() + KEEP_ALIVE,
        end: Instant::now() + life,
    };
    let mut response = Response::new(Body::from_stream(stream::try_unfold(source, Source::next)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// The revision up to which the client knows everything.
fn last_id(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(id) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let id = id.to_str().ok().and_then(|id| id.parse().ok());
    id.map(Some)
        .ok_or_else(|| Error::input("Last-Event-ID must be the id of an event"))
}

/// One stream.
struct Source {
    listener: Listener,
    first: Option<String>,
    check_at: Instant,
    end: Instant,
}

impl Source {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        if let Some(first) = self.first.take() {
            return Ok(Some((first.into(), self)));
        }
        let news = tokio::select! {
            biased;
            () = tokio::time::sleep_until(self.end) => return Ok(None),
            () = tokio::time::sleep_until(self.check_at) => {
                self.check_at = Instant::now() + KEEP_ALIVE;
                self.listener.check().await?.map(Arc::new)
            }
            news = self.listener.next() => match news {
                Some(news) => Some(news),
                None => return Ok(None),
            },
        };
        let text = match news {
            Some(news) => written(&news, self.listener.rev()),
            None => ": \n\n".to_owned(),
        };
        Ok(Some((text.into(), self)))
    }
}

fn written(news: &News, rev: i64) -> String {
    match news {
        News::Entities { changed, removed } => {
            let data = json!({ "changed": changed, "removed": removed });
            event("entities", rev, &data)
        }
        News::Everything => event("reset", rev, &json!({})),
    }
}

fn event(name: &str, rev: i64, data: &serde_json::Value) -> String {
    format!("id: {rev}\nevent: {name}\ndata: {data}\n\n")
}
