//! What the barrier sees: every refusal, and every change that its use case did not record itself.
//!
//! Records are written behind the answer, in batches, from a bounded queue: a flood of refused
//! requests costs a bounded amount of memory and of database time. What does not fit is counted,
//! and the count is recorded.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use platform::actions::Call;
use platform::ctx::Caller;
use platform::db::{Db, Tx};
use platform::http::{Act, Seen};
use platform::telemetry::Metrics;
use platform::{Clock, Code, Millis, Result};
use prometheus::IntCounter;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::record::{Event, Origin, Outcome, Via};
use crate::store;

/// Records that wait to be written.
const QUEUE: usize = 4_096;
/// Records of one transaction.
const BATCH: usize = 256;
/// Time between two tries when the database does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Requests that change nothing although their method says otherwise, by plugin and route.
#[derive(Debug, Clone, Default)]
pub struct Reads(HashSet<(&'static str, &'static str)>);

impl Reads {
    /// From pairs of plugin and template of the route.
    pub fn new(routes: &[(&'static str, &'static str)]) -> Self {
        Self(routes.iter().copied().collect())
    }

    fn has(&self, plugin: &str, route: Option<&str>) -> bool {
        route.is_some_and(|route| self.0.contains(&(plugin, route)))
    }
}

/// Something that was seen, with its time.
pub(crate) struct Observed {
    origin: Origin,
    event: Event,
    at: Millis,
}

/// Turns what the barrier sees into records.
pub(crate) struct Observer {
    reads: Reads,
    clock: Clock,
    queue: mpsc::Sender<Observed>,
    lost: AtomicU64,
    lost_total: IntCounter,
}

impl Observer {
    pub(crate) fn new(
        reads: Reads,
        clock: Clock,
        metrics: &Metrics,
    ) -> Result<(Self, mpsc::Receiver<Observed>)> {
        let (queue, observed) = mpsc::channel(QUEUE);
        let lost_total = metrics.counter(
            "callboard_audit_lost_total",
            "Refused or unrecorded requests that were too many to be recorded one by one",
        )?;
        let observer = Self {
            reads,
            clock,
            queue,
            lost: AtomicU64::new(0),
            lost_total,
        };
        Ok((observer, observed))
    }

    /// Leaves a record to the writer; what does not fit is counted.
    fn enqueue(&self, origin: Origin, event: Event) {
        let observed = Observed {
            origin,
            event,
            at: self.clock.now(),
        };
        if self.queue.try_send(observed).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            self.lost_total.inc();
        }
    }

    fn event(&self, seen: &Seen<'_>) -> Option<Event> {
        if let Some(act) = seen.act {
            return Some(event_of(act));
        }
        if let Some(user) = seen.signs_in {
            let path = format!("/api/{}{}", seen.plugin, seen.path);
            return Some(Event::done("auth.session.begin", user).detail(path));
        }
        let outcome = self.outcome(seen)?;
        let route = seen.route.unwrap_or("unknown");
        let event = Event::done(
            &format!("{}.{}", seen.plugin, seen.method.as_str().to_lowercase()),
            format!("/api/{}{}", seen.plugin, seen.path),
        );
        let status = seen.status.as_u16();
        Some(event.ended(outcome).detail(format!("{route} {status}")))
    }

    /// How a request ended that is to be recorded; `None` for the others.
    fn outcome(&self, seen: &Seen<'_>) -> Option<Outcome> {
        // Who shows no credentials is nobody yet.
        let is_refused = seen.status == StatusCode::FORBIDDEN
            || (seen.status == StatusCode::UNAUTHORIZED && seen.has_credentials);
        if is_refused {
            return Some(Outcome::Denied);
        }
        let is_read = matches!(*seen.method, Method::GET | Method::HEAD | Method::OPTIONS)
            || self.reads.has(seen.plugin, seen.route);
        let is_told = seen.ctx.is_some_and(platform::Ctx::is_audited);
        if is_read || is_told || seen.route.is_none() {
            return None;
        }
        match seen.status {
            status if status.is_success() || status.is_redirection() => Some(Outcome::Succeeded),
            status if status.is_server_error() => Some(Outcome::Failed),
            // The request was wrong, and nothing happened.
            _ => None,
        }
    }
}

fn event_of(act: &Act) -> Event {
    let outcome = if act.is_refused {
        Outcome::Denied
    } else {
        Outcome::Succeeded
    };
    let event = Event::done(act.action, &*act.subject).ended(outcome);
    match &act.detail {
        Some(detail) => event.detail(&**detail),
        None => event,
    }
}

/// Who did what was seen.
fn caller_of<'s>(seen: &Seen<'s>) -> &'s Caller {
    let actor = seen.act.and_then(|act| act.caller.as_deref());
    let asking = seen.ctx.map(platform::Ctx::caller).or(seen.refused);
    actor.or(asking).unwrap_or(&Caller::Anonymous)
}

impl platform::http::Observer for Observer {
    fn observe(&self, seen: Seen<'_>) {
        let Some(event) = self.event(&seen) else {
            return;
        };
        let origin = Origin::caller(caller_of(&seen), seen.client, seen.request_id);
        self.enqueue(origin, event);
    }
}

impl platform::actions::Witness for Observer {
    fn saw(&self, call: &Call<'_>) {
        let outcome = match call.error.map(platform::Error::code) {
            None => Outcome::Succeeded,
            Some(Code::Forbidden | Code::Unauthenticated) => Outcome::Denied,
            Some(_) => Outcome::Failed,
        };
        let mut event = Event::done("actions.action.run", call.id).ended(outcome);
        if let Some(task) = call.task {
            event = event.detail(format!("task {task}"));
        }
        self.enqueue(Origin::of(call.ctx), event);
    }
}

/// Writes what was seen until `stop`, and then what is left.
pub(crate) async fn write(
    db: Db,
    clock: Clock,
    observer: std::sync::Arc<Observer>,
    mut observed: mpsc::Receiver<Observed>,
    stop: CancellationToken,
) {
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        let n_received = tokio::select! {
            n_received = observed.recv_many(&mut batch, BATCH) => n_received,
            () = stop.cancelled() => {
                observed.close();
                observed.recv_many(&mut batch, BATCH).await
            }
        };
        if n_received == 0 {
            return;
        }
        let n_lost = observer.lost.swap(0, Ordering::Relaxed);
        write_batch(&db, &clock, batch, n_lost, &stop).await;
    }
}

async fn write_batch(
    db: &Db,
    clock: &Clock,
    batch: Vec<Observed>,
    n_lost: u64,
    stop: &CancellationToken,
) {
    let batch = std::sync::Arc::new(batch);
    loop {
        let (rows, now) = (std::sync::Arc::clone(&batch), clock.now());
        match db.write(move |tx| append(tx, &rows, n_lost, now)).await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(error = error.chain(), "audit records were not written");
                if stop.is_cancelled() {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn append(tx: &mut Tx<'_>, batch: &[Observed], n_lost: u64, now: Millis) -> Result<()> {
    for observed in batch {
        store::record(tx, &observed.origin, &observed.event, observed.at)?;
    }
    if n_lost > 0 {
        let event = Event::done("audit.record.lose", "audit log")
            .ended(Outcome::Failed)
            .detail(format!("{n_lost} requests were too many to be recorded"));
        store::record(tx, &Origin::internal(Via::Job, "audit"), &event, now)?;
    }
    Ok(())
}
