//! The book of a task in the database.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::clock::millis;
use platform::config::Secret;
use platform::db::{Db, Tx};
use platform::seal::Keyring;
use platform::{Clock, Error, Millis, Result};
use serde_json::Value;

use super::book::{Book, Change};
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
            waiting: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            is_lost: AtomicBool::new(false),
        }
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
                journal::forget_sealed(tx, &task.id)?;
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
                work(tx, &held)?;
                Ok(Some(is_cancelled))
            })
            .await;
        match written {
            Ok(Some(is_cancelled)) => Ok(is_cancelled),
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
        kept.as_deref().map(parse).transpose()
    }

    async fn save_checkpoint(&self, key: &str, value: &Value) -> Result<()> {
        let (key, value) = (key.to_owned(), value.to_string());
        self.write(None, move |tx, task| {
            journal::upsert_checkpoint(tx, &task.id, &key, &value)
        })
        .await
        .map(drop)
    }
}
