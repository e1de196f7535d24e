//! Where a run writes down what happened.

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::config::Secret;
use platform::{Error, Result};
use serde_json::Value;

use crate::task::State;

/// What a step did.
#[derive(Debug)]
pub(crate) struct Change {
    pub key: String,
    pub state: State,
    pub output: Option<String>,
    /// The line that tells of it; it is there with the change or not at all.
    pub line: Option<Value>,
    /// The files of the task, if they changed.
    pub workspace: Option<Vec<u8>>,
}

/// Where a run writes down what happened.
#[async_trait]
pub(crate) trait Book: Send + Sync {
    /// A line for those who watch; it is written with the next change at the latest.
    fn log(&self, body: Value);

    /// Writes a change, with the lines before it; an error when the task is no longer ours.
    async fn commit(&self, change: Change) -> Result<(), Error>;

    /// Whether files are kept.
    fn keeps_files(&self) -> bool;

    /// Whether the task is known to be in other hands.
    fn is_lost(&self) -> bool {
        false
    }

    /// A secret as it is kept.
    fn seal(&self, secret: &Secret) -> Result<String>;

    /// A secret that was kept.
    fn open(&self, sealed: String) -> Result<Secret>;

    /// The result of a part of a step.
    async fn load_checkpoint(&self, key: &str) -> Result<Option<Value>>;

    /// Keeps the result of a part of a step.
    async fn save_checkpoint(&self, key: &str, value: &Value) -> Result<()>;
}

/// A book that ends with the run.
#[derive(Debug, Default)]
pub(crate) struct Notebook(Mutex<Vec<Value>>);

impl Notebook {
    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.0.lock().clone()
    }
}

#[async_trait]
impl Book for Notebook {
    fn log(&self, body: Value) {
        self.0.lock().push(body);
    }

    async fn commit(&self, change: Change) -> Result<(), Error> {
        if let Some(line) = change.line {
            self.log(line);
        }
        Ok(())
    }

    fn keeps_files(&self) -> bool {
        false
    }

    fn seal(&self, _secret: &Secret) -> Result<String> {
        // Nothing is read back from here.
        Ok(String::new())
    }

    fn open(&self, sealed: String) -> Result<Secret> {
        Ok(Secret::new(sealed))
    }

    async fn load_checkpoint(&self, _key: &str) -> Result<Option<Value>> {
        Ok(None)
    }

    async fn save_checkpoint(&self, _key: &str, _value: &Value) -> Result<()> {
        Ok(())
    }
}
