//! Events of a task: as a list that waits, and as a stream.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::{Stream, stream};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use platform::http::{Json, Param, Params, Segments};
use platform::{Ctx, Result};
use serde_json::Value;
use tokio::sync::watch;

use crate::scaffolder::Scaffolder;
use crate::service::tasks::is_recoverable;
use crate::store::EVENTS;
use crate::store::events::PAGE;
use crate::task::Event;

const PARAMS: &[Param] = &[Param::integer("after")];
/// How long a list waits for its first event.
const WAIT: Duration = Duration::from_secs(30);
/// How long a missed wake-up can go unnoticed.
const POLL: Duration = Duration::from_secs(1);
/// Looks without an event until a comment tells proxies that the stream lives.
const KEEP_ALIVE: u32 = 15;

pub(super) async fn list_events(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([id]): Segments<1>,
    params: Params,
) -> Result<Response> {
    let mut watcher = Watcher::open(&ctx, scaffolder, &id, &params).await?;
    let end = tokio::time::Instant::now() + WAIT;
    let events = loop {
        let events = watcher.next().await?;
        if !events.is_empty() || tokio::time::Instant::now() >= end {
            break events;
        }
        watcher.wait().await;
    };
    if events.len() < PAGE {
        let views = events.iter().map(|event| watcher.view(event));
        let views: Value = views.collect::<Result<_>>()?;
        return Ok(Json(views).into_response());
    }
    let list = List {
        watcher,
        page: Some(events),
        is_begun: false,
    };
    let chunks = stream::try_unfold(list, List::next);
    Ok(streamed("application/json; charset=utf-8", chunks))
}

pub(super) async fn stream_events(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([id]): Segments<1>,
    params: Params,
) -> Result<Response> {
    let source = Source {
        watcher: Watcher::open(&ctx, scaffolder, &id, &params).await?,
        is_over: false,
    };
    let chunks = stream::try_unfold(source, Source::next);
    let mut response = streamed("text/event-stream", chunks);
    let no_cache = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(CACHE_CONTROL, no_cache);
    Ok(response)
}

/// An answer that is written piece by piece.
fn streamed<S>(content_type: &'static str, chunks: S) -> Response
where
    S: Stream<Item = Result<Bytes>> + Send + 'static,
{
    let mut response = Response::new(Body::from_stream(chunks));
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A list of more events than one page has, written page by page, so that none is left out and only
/// one page is in memory.
struct List {
    watcher: Watcher,
    /// The events to write next; none after the last.
    page: Option<Vec<Event>>,
    is_begun: bool,
}

impl List {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        let Some(events) = self.page.take() else {
            return Ok(None);
        };
        let mut text = String::new();
        for event in &events {
            text.push_str(if self.is_begun { "," } else { "[" });
            self.is_begun = true;
            text.push_str(&self.watcher.view(event)?.to_string());
        }
        if events.len() < PAGE {
            text.push(']');
        } else {
            self.page = Some(self.watcher.next().await?);
        }
        Ok(Some((text.into(), self)))
    }
}

/// Follows the events of one task.
struct Watcher {
    scaffolder: Scaffolder,
    wake: watch::Receiver<u64>,
    task_id: String,
    /// Whether the task starts over after an interruption, so that it may go on after its end.
    is_recoverable: bool,
    after: i64,
    is_first: bool,
}

impl Watcher {
    /// Follows a task that the caller may see, from where they want.
    async fn open(ctx: &Ctx, scaffolder: Scaffolder, id: &str, params: &Params) -> Result<Self> {
        params.check(PARAMS)?;
        let task = scaffolder.find_task(ctx, id).await?;
        Ok(Self {
            wake: scaffolder.db.subscribe(EVENTS),
            scaffolder,
            is_recoverable: is_recoverable(&task.spec()?),
            task_id: task.id,
            after: params.integer("after").unwrap_or(0),
            is_first: true,
        })
    }

    /// An event as the API tells it.
    fn view(&self, event: &Event) -> Result<Value> {
        event.to_json(&self.task_id, self.is_recoverable)
    }

    /// The events since the last look. The first look tells how the task ended, even if the client
    /// asks for later events only.
    async fn next(&mut self) -> Result<Vec<Event>> {
        self.wake.mark_unchanged();
        let is_first = std::mem::replace(&mut self.is_first, false);
        let events = self
            .scaffolder
            .events_after(&self.task_id, self.after, is_first)
            .await?;
        if let Some(last) = events.last() {
            self.after = self.after.max(last.id);
        }
        Ok(events)
    }

    async fn wait(&mut self) {
        tokio::select! {
            changed = self.wake.changed() => if changed.is_err() {
                tokio::time::sleep(POLL).await;
            },
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// The stream of one task.
struct Source {
    watcher: Watcher,
    is_over: bool,
}

impl Source {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        if self.is_over {
            return Ok(None);
        }
        for _ in 0..KEEP_ALIVE {
            let events = self.watcher.next().await?;
            if !events.is_empty() {
                let chunk = self.write(&events)?;
                return Ok(Some((chunk, self)));
            }
            self.watcher.wait().await;
        }
        Ok(Some((Bytes::from_static(b": \n\n"), self)))
    }

    fn write(&mut self, events: &[Event]) -> Result<Bytes> {
        let mut text = String::new();
        for event in events {
            let view = self.watcher.view(event)?;
            for part in [
                "event: ",
                &event.kind,
                "\ndata: ",
                &view.to_string(),
                "\n\n",
            ] {
                text.push_str(part);
            }
            self.is_over |= event.kind == "completion" && !self.watcher.is_recoverable;
        }
        Ok(text.into())
    }
}
