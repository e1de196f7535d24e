//! The book of a task in the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::clock::millis;
use platform::config::Secret;
use platform::db::{Db, Tx};
use platform::seal::Keyring;
use platform::{Clock, Error, Millis, Result};
use serde_json::Value;

use super::blocking;
use super::book::{Book, Change};
use super::mask::Mask;
use crate::store::{events, journal, tasks};
use crate::task::{EventKind, NewEvent, Status, parse};

/// How long a process holds a task without a sign of life.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// Lines that wait to be written; a flood of lines loses its middle, not the process its memory.
const MAX_WAITING: usize = 5_000;
/// Characters of one line.
const MAX_LINE: usize = 64 << 10;

/// The book of a task in the database, fenced.
pub(crate) struct Stored {
    db: Db,
    clock: Clock,
    keyring: Keyring,
    id: String,
    fence: i64,
    mask: Arc<Mask>,
    /// Texts of the mask that are written down.
    n_masked: AtomicUsize,
    waiting: Mutex<Vec<NewEvent>>,
    /// Lines are written in the order in which they came.
    writing: tokio::sync::Mutex<()>,
    is_lost: AtomicBool,
}

impl Stored {
    pub(crate) fn new(db: Db, clock: Clock, keyring: Keyring, id: String, fence: i64) -> Self {
        Self {
            db,
            clock,
            keyring,
            id,
            fence,
            mask: Arc::default(),
            n_masked: AtomicUsize::new(0),
            waiting: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            is_lost: AtomicBool::new(false),
        }
    }

    /// What must not be seen of the task; what is added is kept for later runs.
    pub(crate) fn mask(&self) -> Arc<Mask> {
        Arc::clone(&self.mask)
    }

    /// Takes over what was kept in earlier runs, before anything is added.
    pub(crate) fn restore_mask(&self, kept: Vec<String>) -> Result<()> {
        for sealed in kept {
            let text = self.keyring.open(sealed, &self.id)?;
            let texts: Vec<String> = serde_json::from_str(text.expose())
                .map_err(|_| Error::internal("what must not be seen cannot be read"))?;
            self.mask.add_known(&texts);
        }
        self.n_masked
            .store(self.mask.since(0).len(), Ordering::SeqCst);
        Ok(())
    }

    /// What was added to the mask since it was last written: how much, and sealed.
    fn added_mask(&self) -> Result<Option<(usize, String)>> {
        let added = self.mask.since(self.n_masked.load(Ordering::SeqCst));
        if added.is_empty() {
            return Ok(None);
        }
        let texts = added.iter().map(|text| Value::from(&**text));
        let text = Secret::new(texts.collect::<Value>().to_string());
        let sealed = self.keyring.seal(&text, &self.id)?;
        Ok(Some((added.len(), sealed)))
    }

    /// Says that this process has to let go of the task.
    pub(crate) fn let_go(&self) {
        self.is_lost.store(true, Ordering::SeqCst);
    }

    /// Writes the lines that wait and holds on to the task; whether it is to be cancelled.
    pub(crate) async fn hold(&self) -> Result<bool> {
        self.write(None, |_, _| Ok(())).await
    }

    /// Whether lines wait.
    pub(crate) fn has_lines(&self) -> bool {
        !self.waiting.lock().is_empty()
    }

    /// Ends the task with its last event.
    pub(crate) async fn finish(&self, status: Status, last: Value) -> Result<()> {
        let last = NewEvent {
            kind: EventKind::Completion,
            body: last,
        };
        self.write(Some(last), move |tx, task| {
            if status == Status::Completed {
                journal::delete_workspace(tx, &task.id)?;
                journal::forget_outputs(tx, &task.id)?;
            }
            tasks::finish(tx, &task.id, task.fence, status, task.now).map(drop)
        })
        .await
        .map(drop)
    }

    /// Gives the task back.
    pub(crate) async fn release(&self) -> Result<()> {
        let (id, fence) = (self.id.clone(), self.fence);
        self.db
            .write(move |tx| tasks::release(tx, &id, fence))
            .await
    }

    /// One transaction: the task is ours, the lines are written, `last` after them, and then `work`.
    async fn write<F>(&self, last: Option<NewEvent>, work: F) -> Result<bool>
    where
        F: FnOnce(&mut Tx<'_>, &Held) -> Result<()> + Send + 'static,
    {
        let _turn = self.writing.lock().await;
        if self.is_lost() {
            return Err(lost());
        }
        let (n_masked, mask) = self.added_mask()?.unzip();
        let mut lines = std::mem::take(&mut *self.waiting.lock());
        lines.extend(last);
        let held = Held {
            id: self.id.clone(),
            fence: self.fence,
            now: self.clock.now(),
        };
        let written = self
            .db
            .write(move |tx| {
                let until = held.now + millis(LEASE);
                let Some(is_cancelled) = tasks::hold(tx, &held.id, held.fence, held.now, until)?
                else {
                    return Ok(None);
                };
                events::insert(tx, &held.id, &lines, held.now)?;
                if let Some(mask) = mask {
                    journal::insert_mask(tx, &held.id, &mask)?;
                }
                work(tx, &held)?;
                Ok(Some(is_cancelled))
            })
            .await;
        match written {
            Ok(Some(is_cancelled)) => {
                let n_masked = n_masked.unwrap_or_default();
                self.n_masked.fetch_add(n_masked, Ordering::SeqCst);
                Ok(is_cancelled)
            }
            Ok(None) => {
                self.let_go();
                Err(lost())
            }
            // Whether it was committed is not known, so that somebody has to look again.
            Err(error) => {
                self.let_go();
                Err(error)
            }
        }
    }
}

/// The task that a transaction holds.
struct Held {
    id: String,
    fence: i64,
    now: Millis,
}

fn log_event(body: Value) -> NewEvent {
    NewEvent {
        kind: EventKind::Log,
        body,
    }
}

fn lost() -> Error {
    Error::unavailable("the task is in other hands")
}

#[async_trait]
impl Book for Stored {
    fn log(&self, mut body: Value) {
        if let Some(Value::String(message)) = body.get_mut("message")
            && message.len() > MAX_LINE
        {
            let end = message.floor_char_boundary(MAX_LINE);
            message.truncate(end);
            message.push('…');
        }
        let mut waiting = self.waiting.lock();
        if waiting.len() < MAX_WAITING {
            waiting.push(log_event(body));
        }
    }

    async fn commit(&self, change: Change) -> Result<(), Error> {
        let Change {
            key,
            state,
            output,
            line,
            workspace,
        } = change;
        let workspace = match workspace {
            Some(files) => {
                let (keyring, id) = (self.keyring.clone(), self.id.clone());
                Some(blocking(move || keyring.seal_bytes(files, &id)).await?)
            }
            None => None,
        };
        self.write(line.map(log_event), move |tx, task| {
            journal::upsert(tx, &task.id, &key, state, output.as_deref())?;
            match workspace {
                Some(files) => journal::upsert_workspace(tx, &task.id, &files),
                None => Ok(()),
            }
        })
        .await
        .map(drop)
    }

    fn keeps_files(&self) -> bool {
        true
    }

    fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::SeqCst)
    }

    fn seal(&self, secret: &Secret) -> Result<String> {
        self.keyring.seal(secret, &self.id)
    }

    fn open(&self, sealed: String) -> Result<Secret> {
        self.keyring.open(sealed, &self.id)
    }

    async fn load_checkpoint(&self, key: &str) -> Result<Option<Value>> {
        let (id, key) = (self.id.clone(), key.to_owned());
        let kept = self
            .db
            .read(move |tx| journal::load_checkpoint(tx, &id, &key))
            .await?;
        let open = |kept| parse(self.keyring.open(kept, &self.id)?.expose());
        kept.map(open).transpose()
    }

    async fn save_checkpoint(&self, key: &str, value: &Value) -> Result<()> {
        let value = self.seal(&Secret::new(value.to_string()))?;
        let key = key.to_owned();
        self.write(None, move |tx, task| {
            journal::upsert_checkpoint(tx, &task.id, &key, &value)
        })
        .await
        .map(drop)
    }
}
