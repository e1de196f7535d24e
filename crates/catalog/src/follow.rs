//! Keeping the in-memory index equal to the final entities.
//!
//! Invariants: the index is changed only here; after applying revision `r` it equals the database
//! as of `r` or later; readers never see half of a batch. Nothing is answered before the first load
//! is complete.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use index::{Document, Index};
use model::Flattener;
use parking_lot::RwLock;
use platform::db::Db;
use platform::{Error, Result};
use serde_json::Value;
use tokio::sync::watch;

use crate::bodies::{Bodies, version};
use crate::store::CHANGED;
use crate::store::changes::{self, Change, Stored};

/// Changes applied under one write lock.
const BATCH: i64 = 256;
/// Entities read by one statement of the first load.
const LOAD_BATCH: i64 = 4000;
/// How long a missed wake-up can go unnoticed.
const POLL: Duration = Duration::from_secs(2);

/// The index of this process and how far it has followed the change log.
pub(crate) struct View {
    db: Db,
    index: RwLock<Index>,
    bodies: Bodies,
    applied: watch::Sender<i64>,
    /// Held by whoever changes the index: a reload must not overtake the follower.
    turn: tokio::sync::Mutex<()>,
}

impl View {
    pub(crate) fn new(db: Db, body_cache_bytes: u64) -> Self {
        Self {
            db,
            index: RwLock::new(Index::new()),
            bodies: Bodies::new(body_cache_bytes),
            applied: watch::channel(0).0,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The index, for as long as it takes to choose ids.
    pub(crate) fn index(&self) -> parking_lot::RwLockReadGuard<'_, Index> {
        self.index.read()
    }

    /// Bodies in memory.
    pub(crate) fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// The newest revision the index has.
    pub(crate) fn applied(&self) -> i64 {
        *self.applied.borrow()
    }

    /// Waits until the index has a revision, at most for `limit`; whether it has.
    pub(crate) async fn wait_for(&self, rev: i64, limit: Duration) -> bool {
        let mut applied = self.applied.subscribe();
        let reached = applied.wait_for(|applied| *applied >= rev);
        matches!(tokio::time::timeout(limit, reached).await, Ok(Ok(_)))
    }

    /// Loads everything; the index is complete as of the revision it returns.
    pub(crate) async fn load(self: &Arc<Self>) -> Result<i64> {
        let _turn = self.turn.lock().await;
        self.load_in_turn().await
    }

    async fn load_in_turn(self: &Arc<Self>) -> Result<i64> {
        let rev = self.db.read(changes::head).await?;
        let mut fresh = Index::new();
        let mut batch = self.read_batch(0).await?;
        while let Some(last) = batch.last() {
            let after = last.id;
            let view = Arc::clone(self);
            // One batch is read while the one before is indexed.
            let indexing = tokio::task::spawn_blocking(move || {
                view.add_all(&mut fresh, batch);
                fresh
            });
            let (read, indexed) = tokio::join!(self.read_batch(after), indexing);
            batch = read?;
            fresh =
                indexed.map_err(|error| Error::internal("index load failed").with_source(error))?;
        }
        let mut index = self.index.write();
        let old = std::mem::replace(&mut *index, fresh);
        self.applied.send_replace(rev);
        // Readers need not wait until it is taken apart.
        drop(index);
        drop(old);
        Ok(rev)
    }

    async fn read_batch(&self, after: i64) -> Result<Vec<Stored>> {
        self.db
            .read(move |tx| changes::load_entities(tx, after, LOAD_BATCH))
            .await
    }

    fn add_all(&self, index: &mut Index, batch: Vec<Stored>) {
        let mut flattener = Flattener::default();
        for stored in batch {
            insert(index, &mut flattener, &stored);
            self.bodies
                .warm(stored.id, version(&stored.etag), Bytes::from(stored.body));
        }
    }

    /// Follows the change log until `stop`.
    pub(crate) async fn follow(self: Arc<Self>, stop: tokio_util::sync::CancellationToken) {
        let mut woken = self.db.subscribe(CHANGED);
        loop {
            if let Err(error) = self.catch_up().await {
                tracing::error!(error = error.chain(), "cannot follow the change log");
                tokio::time::sleep(POLL).await;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                _ = woken.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Applies everything that is in the log.
    pub(crate) async fn catch_up(self: &Arc<Self>) -> Result<()> {
        let _turn = self.turn.lock().await;
        loop {
            let applied = self.applied();
            let (horizon, batch) = self
                .db
                .read(move |tx| {
                    Ok((
                        changes::horizon(tx)?,
                        changes::load_after(tx, applied, BATCH)?,
                    ))
                })
                .await?;
            if horizon > applied + 1 && applied > 0 {
                tracing::warn!(
                    applied,
                    horizon,
                    "change log was pruned; loading everything"
                );
                self.load_in_turn().await?;
                continue;
            }
            let Some(last) = batch.last() else {
                return Ok(());
            };
            self.apply(last.rev, batch);
        }
    }

    /// Applies the changes up to a revision. Whoever sees the index sees the revision with it.
    fn apply(&self, rev: i64, batch: Vec<Change>) {
        let mut flattener = Flattener::default();
        let mut index = self.index.write();
        for change in batch {
            if let Some(stored) = change.entity {
                insert(&mut index, &mut flattener, &stored);
                self.bodies
                    .insert(stored.id, version(&stored.etag), Bytes::from(stored.body));
            } else {
                index.remove(change.entity_id);
                self.bodies.remove(change.entity_id);
            }
        }
        self.applied.send_replace(rev);
    }
}

/// Puts one final entity into the index. A body that is not an entity cannot have been written by
/// us; it is left out and the self-check reports it.
fn insert(index: &mut Index, flattener: &mut Flattener, stored: &Stored) {
    let entity: Value = match serde_json::from_str(&stored.body) {
        Ok(entity) => entity,
        Err(error) => {
            tracing::error!(entity = stored.entity_ref, %error, "stored entity is not JSON");
            return;
        }
    };
    let rows = match Rows::of(&entity, flattener) {
        Ok(rows) => rows,
        Err(error) => {
            tracing::error!(
                entity = stored.entity_ref,
                error = error.message,
                "not searchable"
            );
            Rows::default()
        }
    };
    index.upsert(Document {
        id: stored.id,
        entity_ref: &stored.entity_ref,
        uid: &stored.uid,
        etag: &stored.etag,
        body_len: u32::try_from(stored.body.len()).unwrap_or(u32::MAX),
        rows: &rows.borrow(),
    });
}

/// Search rows of one entity, copied into one buffer.
#[derive(Default)]
struct Rows {
    text: String,
    spans: Vec<(Span, Option<Span>, Option<Span>)>,
}

type Span = std::ops::Range<usize>;

impl Rows {
    fn of(entity: &Value, flattener: &mut Flattener) -> Result<Self, model::InputError> {
        let mut rows = Self::default();
        flattener.flatten(entity, &mut |row| {
            let key = rows.push(row.key);
            let value = row.value.map(|value| rows.push(value));
            let original = row.original.map(|original| rows.push(original));
            rows.spans.push((key, value, original));
        })?;
        Ok(rows)
    }

    fn push(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn borrow(&self) -> Vec<index::Row<'_>> {
        let text = |span: &Span| &self.text[span.clone()];
        self.spans
            .iter()
            .map(|(key, value, original)| index::Row {
                key: text(key),
                value: value.as_ref().map(text),
                original: original.as_ref().map(text),
            })
            .collect()
    }
}
