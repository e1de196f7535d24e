//! Workers: take tasks and see them through.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use platform::clock::millis;
use platform::db::Tx;
use platform::{Ctx, Error, Result};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::stored::{LEASE, Stored};
use super::{End, Runner, blocking};
use crate::scaffolder::Scaffolder;
use crate::store::{WORK, journal, tasks};
use crate::task::{Claimed, Initiator, Status, parse};
use crate::workspace;

/// How long a missed wake-up can go unnoticed.
const POLL: Duration = Duration::from_secs(1);
/// How long a line of a running step may wait to be seen.
const FLUSH: Duration = Duration::from_millis(100);
/// Time between two signs of life of a task without lines.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Takes tasks until `stop`.
pub(crate) async fn work(scaffolder: Scaffolder, tasks: TaskTracker, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(scaffolder.settings.concurrent_tasks));
    let mut wake = scaffolder.db.subscribe(WORK);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            () = stop.cancelled() => return,
        };
        let Ok(permit) = permit else { return };
        wake.mark_unchanged();
        match claim(&scaffolder).await {
            Ok(Some(claimed)) => {
                let (scaffolder, stop) = (scaffolder.clone(), stop.clone());
                tasks.spawn(async move {
                    see_through(&scaffolder, claimed, &stop).await;
                    drop(permit);
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(error = error.chain(), "no task could be taken"),
        }
        drop(permit);
        tokio::select! {
            _ = wake.changed() => {}
            () = tokio::time::sleep(POLL) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn claim(scaffolder: &Scaffolder) -> Result<Option<Claimed>> {
    let now = scaffolder.clock.now();
    let keys = scaffolder.keyring.ids();
    scaffolder
        .db
        .claim(move |tx| tasks::claim(tx, &keys, now, now + millis(LEASE)))
        .await
}

/// Runs a task to its end, or to where this process has to let go of it.
async fn see_through(scaffolder: &Scaffolder, claimed: Claimed, stop: &CancellationToken) {
    let id = claimed.id.clone();
    let book = Arc::new(Stored::new(
        scaffolder.db.clone(),
        scaffolder.clock.clone(),
        scaffolder.keyring.clone(),
        claimed.id.clone(),
        claimed.fence,
    ));
    let cancel = CancellationToken::new();
    if claimed.is_cancelled {
        cancel.cancel();
    }
    let root = folder_of(scaffolder, &id, claimed.fence);
    let end = {
        let run = run(
            scaffolder,
            claimed,
            Arc::clone(&book),
            root.clone(),
            cancel.clone(),
        );
        let watch = watch(&book, scaffolder, &cancel, stop);
        tokio::select! {
            end = run => end,
            error = watch => End::Lost(error),
        }
    };
    if let Err(error) = conclude(scaffolder, &book, end).await {
        tracing::warn!(
            task = id,
            error = error.chain(),
            "a task was left to its next worker"
        );
        // That may be this process again, and the reason still be there.
        tokio::time::sleep(POLL).await;
    }
    if let Err(error) = blocking(move || workspace::remove(&root)).await {
        tracing::warn!(
            task = id,
            error = error.chain(),
            "a workspace was not removed"
        );
    }
}

/// The folder of a task: one for each claim, so that a process that lost the task does not meet the
/// next one in it.
fn folder_of(scaffolder: &Scaffolder, id: &str, fence: i64) -> PathBuf {
    let name = match fence {
        1 => id.to_owned(),
        later => format!("{id}.{later}"),
    };
    scaffolder.settings.working_dir.join(name)
}

async fn run(
    scaffolder: &Scaffolder,
    claimed: Claimed,
    book: Arc<Stored>,
    root: PathBuf,
    cancel: CancellationToken,
) -> End {
    match prepare(scaffolder, claimed, book, root, cancel).await {
        Ok((runner, done)) => runner.run(done).await,
        Err(error) => End::Failed(error),
    }
}

/// The runner of a task, with the files of its last completed step.
async fn prepare(
    scaffolder: &Scaffolder,
    claimed: Claimed,
    book: Arc<Stored>,
    root: PathBuf,
    cancel: CancellationToken,
) -> Result<(Runner, Vec<crate::task::Entry>)> {
    let (done, files, masked) = load(scaffolder, &claimed.id).await?;
    book.restore_mask(masked)?;
    lay_out(scaffolder, &claimed, root.clone(), files).await?;
    let secrets = secrets_of(scaffolder, &claimed)?;
    let mask = book.mask();
    mask.add(&secrets);
    mask.add(&scaffolder.settings.environment.secrets);
    mask.check()?;
    let initiator: Initiator = serde_json::from_str(&claimed.initiator)
        .map_err(|error| Error::internal("the initiator cannot be read").with_source(error))?;
    let runner = Runner {
        ctx: Ctx::new(
            Arc::new(scaffolder.current(initiator).caller()),
            Arc::clone(&scaffolder.authorizer),
            claimed.id.as_str().into(),
        ),
        spec: parse(&claimed.spec)?,
        task_id: claimed.id,
        secrets,
        environment: scaffolder.settings.environment.clone(),
        actions: scaffolder.actions.clone(),
        hosts: scaffolder.hosts.clone(),
        workspace: root,
        beside: None,
        mocks: serde_json::Map::new(),
        plan: None,
        book,
        mask,
        cancel,
        is_dry_run: false,
    };
    Ok((runner, done))
}

/// What is known of a task: what its steps did, its files, and what must not be seen of it.
async fn load(
    scaffolder: &Scaffolder,
    id: &str,
) -> Result<(Vec<crate::task::Entry>, Option<Vec<u8>>, Vec<String>)> {
    let id = id.to_owned();
    let read = move |tx: &mut Tx<'_>| {
        let files = journal::load_workspace(tx, &id)?;
        let masked = journal::list_masks(tx, &id)?;
        Ok((journal::list(tx, &id)?, files, masked))
    };
    scaffolder.db.read(read).await
}

/// Makes the folder of a task with the files of its last completed step.
async fn lay_out(
    scaffolder: &Scaffolder,
    claimed: &Claimed,
    folder: PathBuf,
    files: Option<Vec<u8>>,
) -> Result<()> {
    let (keyring, id) = (scaffolder.keyring.clone(), claimed.id.clone());
    // Whoever had the task before has lost it, and may not have tidied up.
    let left = (1..claimed.fence).map(|fence| folder_of(scaffolder, &claimed.id, fence));
    let left: Vec<PathBuf> = left.collect();
    blocking(move || {
        for old in left {
            workspace::remove(&old)?;
        }
        workspace::remove(&folder)?;
        workspace::create(&folder)?;
        files.map_or(Ok(()), |files| {
            workspace::unpack(&folder, &keyring.open_bytes(files, &id)?)
        })
    })
    .await
}

/// The secrets that a task was created with.
fn secrets_of(scaffolder: &Scaffolder, claimed: &Claimed) -> Result<Map<String, Value>> {
    let Some(sealed) = &claimed.secrets else {
        return Ok(Map::new());
    };
    let text = scaffolder.keyring.open(sealed.clone(), &claimed.id)?;
    serde_json::from_str(text.expose())
        .map_err(|_| Error::internal("the secrets of the task cannot be read"))
}

/// Shows lines while steps run, gives signs of life, and passes cancellations on; returns when the
/// task is lost.
async fn watch(
    book: &Stored,
    scaffolder: &Scaffolder,
    cancel: &CancellationToken,
    stop: &CancellationToken,
) -> Error {
    let mut wake = scaffolder.db.subscribe(WORK);
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut flush = tokio::time::interval(FLUSH);
    loop {
        let is_due = tokio::select! {
            _ = heartbeat.tick() => true,
            _ = flush.tick() => book.has_lines(),
            _ = wake.changed() => true,
            () = stop.cancelled() => {
                // Another process goes on with what is written down.
                book.let_go();
                return Error::unavailable("this process ends");
            }
        };
        if !is_due {
            continue;
        }
        match book.hold().await {
            Ok(true) => cancel.cancel(),
            Ok(false) => {}
            Err(error) => return error,
        }
    }
}

async fn conclude(scaffolder: &Scaffolder, book: &Stored, end: End) -> Result<()> {
    let (status, last) = match end {
        End::Completed(output) => {
            let message = "Run completed with status: completed";
            (
                Status::Completed,
                json!({ "message": message, "output": output }),
            )
        }
        End::Failed(error) => {
            let message = "Run completed with status: failed";
            let error = json!({ "name": error.code().name(), "message": error.message() });
            (
                Status::Failed,
                json!({ "message": message, "error": error }),
            )
        }
        End::Lost(error) => {
            book.release().await?;
            return Err(error);
        }
    };
    book.finish(status, last).await?;
    scaffolder.metrics.ended(status.name());
    Ok(())
}
