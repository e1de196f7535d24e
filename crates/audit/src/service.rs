//! Use cases: query, export, verification.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::db::Db;
use platform::permission::{Condition, Permission, Permissioned};
use platform::telemetry::Metrics;
use platform::{Clock, Ctx, Error, Result};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::chain::{Check, Verification};
use crate::observe::{self, Observed, Observer, Reads};
use crate::record::Record;
use crate::retention;
use crate::store;

/// Read the audit log.
pub const RECORD_READ: Permission<'_> = Permission {
    name: "audit.record.read",
    action: Some("read"),
    resource_type: None,
};

/// All permissions of the plugin.
pub const PERMISSIONS: &[Permission<'_>] = &[RECORD_READ];

/// Records read by one statement.
const BATCH: i64 = 1_000;

/// Settings of the audit log.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How long records are kept; for ever when absent.
    pub retention: Option<Duration>,
}

/// What the audit log needs.
pub struct Parts {
    /// The migrated database.
    pub db: Db,
    /// Settings.
    pub settings: Settings,
    /// Requests that change nothing, whatever their method.
    pub reads: Reads,
    /// Where metrics are kept.
    pub metrics: Metrics,
    /// The clock.
    pub clock: Clock,
}

/// The audit log; clones share it.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    db: Db,
    settings: Settings,
    clock: Clock,
    observer: Arc<Observer>,
    /// Held while the chain is checked for a caller.
    checking: tokio::sync::Mutex<()>,
    /// Taken by the writer when it starts.
    observed: Mutex<Option<mpsc::Receiver<Observed>>>,
}

/// Which records are asked for; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Who did it.
    pub actor: Option<String>,
    /// For whom.
    pub on_behalf_of: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// To what.
    pub subject: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Id of the request.
    pub request_id: Option<String>,
    /// Not before this time, in milliseconds.
    pub since: Option<i64>,
    /// Before this time, in milliseconds.
    pub until: Option<i64>,
    /// Only records with a smaller number: how pages go on.
    pub before_seq: Option<i64>,
}

impl Audit {
    /// The audit log of a database.
    pub fn new(parts: Parts) -> Result<Self> {
        let (observer, observed) = Observer::new(parts.reads, parts.clock.clone(), &parts.metrics)?;
        Ok(Self(Arc::new(Inner {
            db: parts.db,
            settings: parts.settings,
            clock: parts.clock,
            observer: Arc::new(observer),
            checking: tokio::sync::Mutex::default(),
            observed: Mutex::new(Some(observed)),
        })))
    }

    /// Records at the barrier what the use cases do not.
    pub fn observer(&self) -> Arc<dyn platform::http::Observer> {
        Arc::clone(&self.0.observer) as Arc<dyn platform::http::Observer>
    }

    /// Records every call of an action.
    pub fn witness(&self) -> Arc<dyn platform::actions::Witness> {
        Arc::clone(&self.0.observer) as Arc<dyn platform::actions::Witness>
    }

    /// Writes what was seen so far, where nothing was started.
    pub async fn flush(&self) {
        let observed = self.0.observed.lock().take();
        if let Some(observed) = observed {
            let stop = CancellationToken::new();
            stop.cancel();
            let (db, clock) = (self.0.db.clone(), self.0.clock.clone());
            let observer = Arc::clone(&self.0.observer);
            observe::write(db, clock, observer, observed, stop).await;
        }
    }

    /// Starts writing what the observer sees, and removing what is too old, until `stop`.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let (db, clock) = (self.0.db.clone(), self.0.clock.clone());
        if let Some(observed) = self.0.observed.lock().take() {
            let observer = Arc::clone(&self.0.observer);
            tasks.spawn(observe::write(
                db.clone(),
                clock.clone(),
                observer,
                observed,
                stop.clone(),
            ));
        }
        if let Some(retention) = self.0.settings.retention {
            tasks.spawn(retention::keep(db, clock, retention, stop.clone()));
        }
    }

    /// A page of records, the newest first.
    pub async fn list(&self, ctx: &Ctx, query: Query, limit: i64) -> Result<Vec<Record>> {
        ctx.require(RECORD_READ).await?;
        self.page(query, limit).await
    }

    /// All records that a query asks for, the newest first, page by page.
    pub async fn export(&self, ctx: &Ctx, query: Query) -> Result<Export> {
        ctx.require(RECORD_READ).await?;
        Ok(self.export_all(query))
    }

    /// Like [`Audit::export`], for operators.
    pub fn export_all(&self, query: Query) -> Export {
        Export {
            audit: self.clone(),
            query: Some(query),
        }
    }

    async fn page(&self, query: Query, limit: i64) -> Result<Vec<Record>> {
        let list = move |tx: &mut platform::db::Tx<'_>| store::list_matching(tx, &query, limit);
        self.0.db.read(list).await
    }

    /// Like [`Audit::verify`], for callers; who asks while another check runs is told to wait.
    pub async fn check(&self, ctx: &Ctx) -> Result<Verification> {
        ctx.require(RECORD_READ).await?;
        let Ok(_turn) = self.0.checking.try_lock() else {
            return Err(Error::unavailable("The chain is being checked already"));
        };
        self.verify(None).await
    }

    /// Checks the whole chain; `expected` is the hash that the last record must have.
    pub async fn verify(&self, expected: Option<&str>) -> Result<Verification> {
        let head = self.0.db.read(store::load_head).await?;
        let mut check = Check::new(head);
        loop {
            let from = check.next();
            let records = self
                .0
                .db
                .read(move |tx| store::list_from(tx, from, BATCH))
                .await?;
            if records.is_empty() {
                return Ok(check.finish(expected));
            }
            check.add(&records);
        }
    }
}

#[async_trait]
impl Permissioned for Audit {
    fn plugin(&self) -> &'static str {
        "audit"
    }

    fn permissions(&self) -> &'static [Permission<'static>] {
        PERMISSIONS
    }

    fn rules(&self) -> Result<serde_json::Value> {
        Ok(serde_json::json!([]))
    }

    fn resource_type(&self) -> Option<&'static str> {
        None
    }

    async fn matches(&self, _condition: &Condition, refs: &[String]) -> Result<Vec<bool>> {
        Ok(vec![false; refs.len()])
    }
}

/// Records page by page.
pub struct Export {
    audit: Audit,
    query: Option<Query>,
}

impl Export {
    /// The next records; none when there are no more.
    pub async fn next(&mut self) -> Result<Vec<Record>> {
        let Some(query) = self.query.take() else {
            return Ok(Vec::new());
        };
        let records = self.audit.page(query.clone(), BATCH).await?;
        self.query = records.last().map(|last| Query {
            before_seq: Some(last.seq),
            ..query
        });
        Ok(records)
    }
}
