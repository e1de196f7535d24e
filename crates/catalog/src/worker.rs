//! Background work: providers, processing, stitching and housekeeping.
//!
//! Invariants: every task may run on any number of replicas at once; claims carry a fencing token,
//! providers hold a lease, and everything else is one writing transaction; a task that fails is
//! tried again by the next wake-up or poll.

mod report;
mod settle;
mod stitching;

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use model::Filter;
use platform::clock::millis;
use platform::db::{Dialect, Tx, acquire_lease, release_lease};
use platform::{Code, Millis, Result};
use rand::RngExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::catalog::Catalog;
use crate::ingest;
use crate::metrics::Sizes;
use crate::model::{Claimed, Outcome};
use crate::process::commit;
use crate::provider::{self, REGISTERED_LOCATIONS, SharedProvider};
use crate::service::locations::restore_registered;
use crate::store::{
    WORK, changes, edges, held, locations, meta, refresh, relations, removed, stitches,
};
use crate::{check, watch};

use stitching::Progress;

/// Entities claimed at once.
const CLAIM: usize = 2000;
/// Entities in process at once; most wait for nothing, locations for the network.
const CONCURRENCY: usize = 32;
/// After which time another replica may process a claimed entity. Reference 1 §B.3.
const LEASE: Duration = Duration::from_mins(1);
/// The longest sleep of a worker.
const POLL: Duration = Duration::from_secs(1);
const HOUSEKEEPING: Duration = Duration::from_secs(10);
/// How long the change log is kept for followers that were away.
const CHANGES_KEPT: Duration = Duration::from_hours(24);

/// Starts all background work.
pub(crate) fn start(catalog: &Catalog, tasks: &TaskTracker, stop: &CancellationToken) {
    let worker = catalog.clone();
    tasks.spawn(run(worker, tasks.clone(), stop.clone()));
}

async fn run(catalog: Catalog, tasks: TaskTracker, stop: CancellationToken) {
    if let Err(error) = prepare(&catalog).await {
        tracing::error!(error = error.chain(), "cannot prepare the catalog");
    }
    for provider in catalog.providers.clone() {
        tasks.spawn(run_provider(catalog.clone(), provider, stop.clone()));
    }
    tasks.spawn(keep_house(catalog.clone(), stop.clone()));
    tasks.spawn(check::run(catalog.clone(), stop.clone()));
    if catalog.settings.read_locations {
        tasks.spawn(watch::run(catalog.clone(), stop.clone()));
    }
    let progress = Progress::default();
    tokio::join!(
        process_forever(&catalog, &progress, &stop),
        stitching::run(&catalog, &progress, &stop)
    );
}

/// Once per start: entities of providers that are gone, registered locations, and new versions of
/// processors.
async fn prepare(catalog: &Catalog) -> Result<()> {
    let names: Vec<String> = catalog
        .providers
        .iter()
        .map(|provider| provider.name().to_owned())
        .collect();
    let evict = catalog.settings.delete_orphan_providers;
    let version = catalog.pipeline.version();
    let now = catalog.clock.now();
    catalog
        .db
        .write(move |tx| {
            for provider in edges::list_providers(tx)? {
                if evict && provider != REGISTERED_LOCATIONS && !names.contains(&provider) {
                    tracing::info!(provider, "provider is gone; removing its entities");
                    provider::evict(tx, &provider, now)?;
                }
            }
            // The only process that can hold a claim on an embedded database is this one.
            if tx.dialect() == Dialect::Sqlite {
                refresh::drop_claims(tx, now)?;
            }
            restore_registered(tx, now)?;
            if meta::load(tx, "processors")?.as_deref() != Some(version.as_str()) {
                refresh::make_all_due(tx, now)?;
                meta::store(tx, "processors", &version)?;
            }
            Ok(())
        })
        .await
}

async fn run_provider(catalog: Catalog, provider: SharedProvider, stop: CancellationToken) {
    let schedule = provider.schedule();
    let mut pause = schedule.map_or(Duration::ZERO, |schedule| schedule.initial_delay);
    let holder = uuid::Uuid::new_v4().to_string();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = triggered(&catalog, provider.name()) => {}
        }
        let failed = match run_provider_once(&catalog, &provider, &holder).await {
            Ok(()) => false,
            Err(error) => {
                tracing::error!(
                    provider = provider.name(),
                    error = error.chain(),
                    "provider failed"
                );
                true
            }
        };
        pause = match schedule {
            Some(schedule) => schedule
                .frequency
                .mul_f64(rand::rng().random_range(1.0..1.1)),
            None if failed => Duration::from_secs(10),
            // Not by time again, but whenever somebody asks.
            None => Duration::from_secs(u64::from(u32::MAX)),
        };
    }
}

/// Waits until somebody asks for this provider; asking while it runs counts too.
async fn triggered(catalog: &Catalog, provider: &str) {
    match catalog.triggers.get(provider) {
        Some(asked) => asked.notified().await,
        None => std::future::pending().await,
    }
}

async fn run_provider_once(
    catalog: &Catalog,
    provider: &SharedProvider,
    holder: &str,
) -> Result<()> {
    let Some(schedule) = provider.schedule() else {
        let mutation = provider.refresh(&catalog.clock).await?;
        return catalog.apply(provider.name(), mutation).await.map(drop);
    };
    let name = format!("catalog.provider.{}", provider.name());
    let (now, ttl) = (
        catalog.clock.now(),
        millis(schedule.timeout.max(schedule.frequency)),
    );
    let holder = holder.to_owned();
    let lease = catalog
        .db
        .write(move |tx| acquire_lease(tx, &name, &holder, now, ttl))
        .await?;
    let Some(lease) = lease else { return Ok(()) };
    let refreshed = tokio::time::timeout(schedule.timeout, provider.refresh(&catalog.clock)).await;
    let mutation = match refreshed {
        Ok(Ok(mutation)) => mutation,
        Ok(Err(error)) => {
            // Somebody else may have more luck.
            catalog
                .db
                .write(move |tx| release_lease(tx, &lease))
                .await?;
            return Err(error);
        }
        Err(_) => {
            return Err(platform::Error::unavailable(
                "provider ran into its timeout",
            ));
        }
    };
    catalog.apply(provider.name(), mutation).await.map(drop)
}

/// Claims, processes and writes back, for as long as there is something to do.
async fn process_forever(catalog: &Catalog, progress: &Progress, stop: &CancellationToken) {
    let mut woken = catalog.db.subscribe(WORK);
    let mut pending: Vec<Outcome> = Vec::new();
    while !stop.is_cancelled() {
        woken.mark_unchanged();
        let outcomes = std::mem::take(&mut pending);
        let had_outcomes = !outcomes.is_empty();
        // Processing of one batch overlaps with writing back the one before.
        let (written, claimed) =
            tokio::join!(write_back(catalog, outcomes), claim_and_process(catalog));
        let failed = written.is_err() || claimed.is_err();
        if let Err(error) = written {
            tracing::error!(error = error.chain(), "cannot write back");
        }
        pending = claimed.unwrap_or_else(|error| {
            tracing::error!(error = error.chain(), "cannot claim");
            Vec::new()
        });
        if failed {
            tokio::time::sleep(POLL).await;
            continue;
        }
        progress.set_busy(pending.len() >= CLAIM);
        if had_outcomes {
            progress.written();
        } else if pending.is_empty() {
            let pause = pause(catalog).await;
            tokio::select! {
                () = stop.cancelled() => {}
                _ = woken.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
    // What was processed before the stop need not be processed again.
    if let Err(error) = write_back(catalog, pending).await {
        tracing::error!(error = error.chain(), "cannot write back");
    }
}

/// Until the next entity is due, at most [`POLL`].
async fn pause(catalog: &Catalog) -> Duration {
    let due = catalog.db.read(refresh::next_due).await.ok().flatten();
    let wait = due.map_or(millis(POLL), |due| {
        (due - catalog.clock.now()).clamp(1, millis(POLL))
    });
    Duration::from_millis(u64::try_from(wait).unwrap_or(1000))
}

async fn claim_and_process(catalog: &Catalog) -> Result<Vec<Outcome>> {
    let now = catalog.clock.now();
    let (due_at, claimed) = catalog
        .db
        .claim(move |tx| {
            let due_at = refresh::next_due(tx)?;
            Ok((
                due_at,
                refresh::claim_due(tx, now, now + millis(LEASE), CLAIM)?,
            ))
        })
        .await?;
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let started = Instant::now();
    let claims = claimed.iter().map(|claimed| (claimed.id, claimed.claim));
    let claims: Vec<(i64, i64)> = claims.collect();
    let outcomes = tokio::select! {
        outcomes = process(catalog, claimed) => outcomes,
        never = keep_claims(catalog, &claims) => match never {},
    };
    let delay = now - due_at.unwrap_or(now);
    let delay = Duration::from_millis(u64::try_from(delay).unwrap_or_default());
    catalog.metrics.processed(started.elapsed(), delay);
    Ok(outcomes)
}

/// Extends the leases of claims for as long as they are worked on: where hosts are slow, everything
/// would be claimed again before it is written back, and nothing would ever be written.
async fn keep_claims(catalog: &Catalog, claims: &[(i64, i64)]) -> Infallible {
    loop {
        tokio::time::sleep(LEASE / 3).await;
        let until = catalog.clock.now() + millis(LEASE);
        let rows = claims.iter().map(|&(id, claim)| (id, claim, until));
        let rows: Vec<(i64, i64, Millis)> = rows.collect();
        let extend = move |tx: &mut Tx<'_>| refresh::reschedule(tx, &rows);
        if let Err(error) = catalog.db.write(extend).await {
            tracing::warn!(error = error.chain(), "cannot extend claims");
        }
    }
}

async fn process(catalog: &Catalog, claimed: Vec<Claimed>) -> Vec<Outcome> {
    let runs = claimed.into_iter().map(|claimed| {
        let pipeline = catalog.pipeline.clone();
        tokio::spawn(async move { pipeline.process(claimed).await })
    });
    let outcomes = futures::stream::iter(runs).buffered(CONCURRENCY);
    // A panic costs its entity this turn: the lease ends and it is tried again.
    outcomes
        .filter_map(|outcome| async {
            outcome
                .inspect_err(|error| tracing::error!(%error, "processing panicked"))
                .ok()
        })
        .collect()
        .await
}

async fn write_back(catalog: &Catalog, outcomes: Vec<Outcome>) -> Result<()> {
    let outcomes: Arc<[Outcome]> = outcomes.into();
    let all = 0..outcomes.len();
    let Err(error) = write_some(catalog, &outcomes, all.clone()).await else {
        return Ok(());
    };
    if error.code() == Code::Unavailable || outcomes.len() < 2 {
        return Err(error);
    }
    // An outcome that cannot be written must not hold up those beside it.
    tracing::error!(
        error = error.chain(),
        "cannot write back; trying one by one"
    );
    for index in all {
        if let Err(error) = write_some(catalog, &outcomes, index..index + 1).await {
            let entity = &outcomes[index].claimed.entity_ref;
            tracing::error!(entity, error = error.chain(), "cannot write back");
        }
    }
    Ok(())
}

async fn write_some(
    catalog: &Catalog,
    outcomes: &Arc<[Outcome]>,
    which: Range<usize>,
) -> Result<()> {
    if which.is_empty() {
        return Ok(());
    }
    let now = catalog.clock.now();
    let limit = catalog.settings.mass_deletion;
    let (rows, range) = (Arc::clone(outcomes), which.clone());
    let commit = move |tx: &mut Tx<'_>| commit::commit(tx, &rows[range], limit, now);
    let committed = catalog.db.write_derived(commit).await?;
    catalog.metrics.committed(committed);
    report::report(&outcomes[which]);
    Ok(())
}

async fn keep_house(catalog: Catalog, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(HOUSEKEEPING) => {}
        }
        if let Err(error) = clean_up(&catalog).await {
            tracing::error!(error = error.chain(), "housekeeping failed");
        }
        match sizes(&catalog).await {
            Ok(sizes) => catalog.metrics.sizes(&sizes),
            Err(error) => tracing::warn!(error = error.chain(), "cannot count for metrics"),
        }
        if let Err(error) = run_approved(&catalog).await {
            tracing::warn!(error = error.chain(), "cannot look for approvals");
        }
    }
}

/// Runs providers whose held removals were approved, perhaps from another process.
async fn run_approved(catalog: &Catalog) -> Result<()> {
    for mutation in catalog.db.read(held::list).await? {
        if mutation.approved {
            catalog.trigger(&mutation.provider);
        }
    }
    Ok(())
}

/// Prunes the change log and what is known of removals, and settles orphans.
async fn clean_up(catalog: &Catalog) -> Result<()> {
    let now = catalog.clock.now();
    let delete = catalog.settings.delete_orphans;
    let grace = millis(catalog.settings.orphan_grace());
    let n_orphans = catalog
        .db
        .write(move |tx| {
            changes::prune(tx, now - millis(CHANGES_KEPT))?;
            removed::prune(tx, now)?;
            ingest::settle_orphans(tx, now - grace, delete, now)
        })
        .await?;
    if n_orphans > 0 {
        tracing::info!(n_orphans, delete, "settled orphans");
    }
    Ok(())
}

async fn sizes(catalog: &Catalog) -> Result<Sizes> {
    let kinds = catalog
        .view
        .index()
        .facets(&["kind"], &Filter::everything())
        .pop();
    let entities = kinds
        .into_iter()
        .flatten()
        .map(|kind| (kind.value, kind.count))
        .collect();
    let counted = |tx: &mut Tx<'_>| {
        Ok(Sizes {
            entities: Vec::new(),
            locations: locations::count(tx)?,
            relations: relations::count(tx)?,
            stitch_queue: stitches::queue_length(tx)?,
            held: i64::try_from(held::list(tx)?.len()).unwrap_or(i64::MAX),
        })
    };
    Ok(Sizes {
        entities,
        ..catalog.db.read(counted).await?
    })
}
