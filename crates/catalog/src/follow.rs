//! Keeping the in-memory index equal to the final entities.
//!
//! Invariants: the index is changed only here; after applying revision `r` it equals the database
//! as of `r` or later; readers never see half of a batch. Nothing is answered before the first load
//! is complete.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use index::Index;
use model::{Filter, Flattener};
use parking_lot::{Mutex, RwLock};
use platform::db::{Db, Tx};
use platform::{Error, Result};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::bodies::{Bodies, BodyLimits};
use crate::facets::Facets;
use crate::feed::Feed;
use crate::flat::{Flat, flatten_all};
use crate::model::Location;
use crate::parents::{Ancestors, Parents, climb};
use crate::snapshot::SnapshotFile;
use crate::store::CHANGED;
use crate::store::changes::{self, Change, Mark, Stored};

/// Changes applied under one write lock.
const BATCH: i64 = 256;
/// Entities read by one statement of the first load.
const LOAD_BATCH: i64 = 4000;
/// Bodies read ahead at once: nobody waits for them, and memory for many is given back late.
const BODY_BATCH: i64 = 500;
/// Places in the catalog, and entities at each of them, which tell what bodies look like.
const SAMPLED_PLACES: i64 = 8;
const SAMPLES: i64 = 3;
/// Time between two looks whether bodies have to be packed.
const PACKING: Duration = Duration::from_secs(30);
/// How long a missed wake-up can go unnoticed.
const POLL: Duration = Duration::from_secs(2);

/// The index of this process and how far it has followed the change log.
pub(crate) struct View {
    db: Db,
    index: RwLock<Index>,
    bodies: Bodies,
    parents: Mutex<Parents>,
    /// Registered locations, once somebody has asked for them.
    locations: Mutex<Option<Arc<[Location]>>>,
    facets: Facets,
    feed: Arc<Feed>,
    applied: watch::Sender<i64>,
    /// Held by whoever changes the index: a reload must not overtake the follower.
    turn: tokio::sync::Mutex<()>,
}

impl View {
    pub(crate) fn new(db: Db, bodies: BodyLimits) -> Self {
        Self {
            db,
            index: RwLock::new(Index::new()),
            bodies: Bodies::new(bodies),
            parents: Mutex::new(Parents::new()),
            locations: Mutex::default(),
            facets: Facets::new(),
            feed: Arc::default(),
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

    /// Where changes are told.
    pub(crate) fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// How often each value of these keys occurs, as JSON.
    pub(crate) fn facets(&self, names: &[String], filter: &Filter) -> Result<Bytes> {
        self.facets.count(&self.index.read(), names, filter)
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

    /// The first load: from the snapshot and what has changed since, or from the database. The
    /// revision of the snapshot.
    pub(crate) async fn open(
        self: &Arc<Self>,
        snapshot: Option<&SnapshotFile>,
    ) -> Result<Option<i64>> {
        if let Some(file) = snapshot
            && let Some(rev) = self.restore(file).await?
        {
            self.catch_up().await?;
            return Ok(Some(rev));
        }
        self.load().await?;
        Ok(None)
    }

    /// Takes the index from the snapshot, if there is one that fits; its revision.
    async fn restore(&self, file: &SnapshotFile) -> Result<Option<i64>> {
        let (db, runtime) = (self.db.clone(), tokio::runtime::Handle::current());
        let file = file.clone();
        let read = tokio::task::spawn_blocking(move || {
            let is_current = |mark: &Mark| {
                let mark = *mark;
                let found = runtime.block_on(db.read(move |tx| changes::find_mark(tx, mark.rev)));
                found.is_ok_and(|found| found == Some(mark))
            };
            file.read(is_current)
        });
        match read.await {
            Ok(Ok(Some((index, mark)))) => {
                *self.index.write() = index;
                self.applied.send_replace(mark.rev);
                Ok(Some(mark.rev))
            }
            Ok(Ok(None)) => Ok(None),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the snapshot of the index is of no use; loading everything"
                );
                Ok(None)
            }
            Err(error) => Err(Error::internal("cannot read the snapshot").with_source(error)),
        }
    }

    /// Writes a snapshot of the index as it is now.
    pub(crate) async fn save(self: &Arc<Self>, file: &SnapshotFile) -> Result<()> {
        // Nobody changes the index meanwhile; readers go on.
        let _turn = self.turn.lock().await;
        let rev = self.applied();
        let Some(mark) = self.db.read(move |tx| changes::find_mark(tx, rev)).await? else {
            return Ok(());
        };
        let (view, file) = (Arc::clone(self), file.clone());
        let written = tokio::task::spawn_blocking(move || file.write(&view.index.read(), &mark));
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::internal("cannot write the snapshot").with_source(error)),
            Err(error) => Err(Error::internal("cannot write the snapshot").with_source(error)),
        }
    }

    /// Fills the memory for bodies, and packs them all once the catalog has grown too large for it.
    pub(crate) async fn warm_bodies(self: Arc<Self>, stop: CancellationToken) {
        if let Err(error) = self.read_ahead(&stop).await {
            tracing::warn!(error = error.chain(), "cannot read bodies ahead");
        }
        loop {
            if self.bodies.must_pack()
                && let Err(error) = self.pack_bodies(&stop).await
            {
                tracing::warn!(error = error.chain(), "cannot pack bodies");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PACKING) => {}
            }
        }
    }

    /// Keeps bodies as they are, oldest entities first, until there is no more room.
    async fn read_ahead(&self, stop: &CancellationToken) -> Result<()> {
        let mut after = 0;
        while !stop.is_cancelled() {
            let batch = self.read_batch(after, BODY_BATCH).await?;
            let Some(last) = batch.last() else { break };
            after = last.id;
            if !self.bodies.warm(batch) {
                break;
            }
        }
        Ok(())
    }

    /// Packs the bodies of all entities.
    async fn pack_bodies(self: &Arc<Self>, stop: &CancellationToken) -> Result<()> {
        let samples = |tx: &mut Tx<'_>| changes::load_samples(tx, SAMPLED_PLACES, SAMPLES);
        let (view, samples) = (Arc::clone(self), self.db.read(samples).await?);
        on_its_own(move || view.bodies.learn(&samples)).await?;
        let mut batch = self.read_batch(0, BODY_BATCH).await?;
        while let Some(last) = batch.last()
            && !stop.is_cancelled()
        {
            let (view, after) = (Arc::clone(self), last.id);
            let packing = on_its_own(move || view.bodies.pack(&batch));
            let (read, packed) = tokio::join!(self.read_batch(after, BODY_BATCH), packing);
            packed?;
            batch = read?;
        }
        Ok(())
    }

    /// An entity and everything above it; `None` when some of it is not in memory.
    pub(crate) fn ancestors(&self, start: &str) -> Option<Ancestors> {
        let (index, parents) = (self.index.read(), self.parents.lock());
        let known = |level: &[String]| {
            let of = |entity: &String| {
                let hit = index.by_ref(entity).ok_or(())?;
                Ok::<_, ()>((entity.clone(), parents.get(hit.id).ok_or(())?))
            };
            level.iter().map(of).collect()
        };
        climb(start.to_owned(), known).ok()
    }

    /// Keeps what was read from the database when the change log ended with `head`.
    pub(crate) fn keep_ancestors(&self, head: i64, chain: &Ancestors) {
        let (index, mut kept) = (self.index.read(), self.parents.lock());
        // What is newer in the log has been forgotten already, and would never be again.
        if self.applied() > head {
            return;
        }
        for (entity, parents) in chain {
            if let Some(hit) = index.by_ref(entity) {
                kept.keep(hit.id, Arc::clone(parents));
            }
        }
    }

    /// Registered locations in order of id; `None` when they are not in memory.
    pub(crate) fn locations(&self) -> Option<Arc<[Location]>> {
        self.locations.lock().clone()
    }

    /// Keeps what was read from the database when the change log ended with `head`.
    pub(crate) fn keep_locations(&self, head: i64, list: &Arc<[Location]>) {
        // Nothing is applied meanwhile.
        let _index = self.index.read();
        if self.applied() <= head {
            *self.locations.lock() = Some(Arc::clone(list));
        }
    }

    /// Loads everything; the index is complete as of the revision it returns.
    pub(crate) async fn load(self: &Arc<Self>) -> Result<i64> {
        let _turn = self.turn.lock().await;
        self.load_in_turn().await
    }

    async fn load_in_turn(self: &Arc<Self>) -> Result<i64> {
        let rev = self.db.read(changes::head).await?;
        let n_entities = self.db.read(changes::count_entities).await?;
        let mut fresh = Index::with_capacity(usize::try_from(n_entities).unwrap_or_default());
        let mut batch = self.read_batch(0, LOAD_BATCH).await?;
        let mut flat = Vec::new();
        // One batch is read while the one before is flattened and the one before that is indexed.
        while !(batch.is_empty() && flat.is_empty()) {
            let last = batch.last().map(|stored| stored.id);
            let flattening = on_its_own(move || flatten_all(batch));
            let indexing = on_its_own(move || {
                for flat in &flat {
                    Flat::insert(flat, &mut fresh);
                }
                (fresh, flat)
            });
            let reading = async {
                match last {
                    Some(last) => self.read_batch(last, LOAD_BATCH).await,
                    None => Ok(Vec::new()),
                }
            };
            let (read, flattened, indexed) = tokio::join!(reading, flattening, indexing);
            let indexed = indexed?;
            fresh = indexed.0;
            self.bodies
                .warm(indexed.1.into_iter().map(Flat::into_stored).collect());
            (batch, flat) = (read?, flattened?);
        }
        let mut index = self.index.write();
        let old = std::mem::replace(&mut *index, fresh);
        self.facets.forget();
        self.parents.lock().forget_all();
        *self.locations.lock() = None;
        self.applied.send_replace(rev);
        // Readers need not wait until it is taken apart.
        drop(index);
        drop(old);
        self.feed.tell(&self.index.read(), rev, &[], None);
        Ok(rev)
    }

    async fn read_batch(&self, after: i64, limit: i64) -> Result<Vec<Stored>> {
        self.db
            .read(move |tx| changes::load_entities(tx, after, limit))
            .await
    }

    /// Follows the change log until `stop`.
    pub(crate) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut woken = self.db.subscribe(CHANGED);
        loop {
            if let Err(error) = self.catch_up().await {
                tracing::error!(error = error.chain(), "cannot follow the change log");
                tokio::time::sleep(POLL).await;
            }
            tokio::select! {
                () = stop.cancelled() => return self.feed.close(),
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
        // Flattened before readers have to wait.
        let mut flattener = Flattener::default();
        let flatten = |change: Change| {
            let flat = change
                .entity
                .and_then(|stored| Flat::of(stored, &mut flattener));
            (change.entity_id, flat)
        };
        let batch: Vec<(i64, Option<Flat>)> = batch.into_iter().map(flatten).collect();
        let mut ids: Vec<i64> = batch.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        // Only this changes the index, so that nothing happens between the look and the change.
        let before = self.feed.look(&self.index.read(), &ids);
        let mut index = self.index.write();
        self.facets.forget();
        for (id, flat) in &batch {
            match flat {
                Some(flat) => flat.insert(&mut index),
                None => drop(index.remove(*id)),
            }
        }
        let mut parents = self.parents.lock();
        parents.forget(&ids);
        if ids.binary_search(&changes::LOCATIONS).is_ok() {
            *self.locations.lock() = None;
        }
        self.applied.send_replace(rev);
        drop(parents);
        drop(index);
        self.keep_bodies(batch);
        self.feed.tell(&self.index.read(), rev, &ids, before);
    }

    fn keep_bodies(&self, batch: Vec<(i64, Option<Flat>)>) {
        let mut kept = Vec::with_capacity(batch.len());
        for (id, flat) in batch {
            match flat.map(Flat::into_stored) {
                Some(stored) => kept.push((id, stored.etag, Bytes::from(stored.body))),
                None => self.bodies.remove(id),
            }
        }
        self.bodies.keep(&kept);
    }
}

/// Runs on a thread of its own.
async fn on_its_own<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("index load failed").with_source(error))
}
