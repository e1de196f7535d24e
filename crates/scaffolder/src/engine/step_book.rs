//! What an action of a step writes into the book of its task: lines, and results of its parts.

use std::sync::Arc;

use async_trait::async_trait;
use platform::Result;
use platform::actions::{Checkpoints, Log, Secrecy};
use serde_json::{Value, json};

use super::book::Book;
use super::mask::Mask;

/// Lines of an action, as the logger of Backstage colours them.
pub(super) struct StepLog {
    pub book: Arc<dyn Book>,
    pub mask: Arc<Mask>,
    pub step_id: String,
}

impl StepLog {
    fn line(&self, level: &str, message: &str) {
        let message = self.mask.hide_line(message);
        self.book
            .log(json!({ "message": format!("{level}: {message}"), "stepId": self.step_id }));
    }
}

impl Log for StepLog {
    fn info(&self, message: &str) {
        self.line("\u{1b}[32minfo\u{1b}[39m", message);
    }

    fn error(&self, message: &str) {
        self.line("\u{1b}[31merror\u{1b}[39m", message);
    }
}

/// What a step must not show.
pub(super) struct StepSecrecy(pub Arc<Mask>);

impl Secrecy for StepSecrecy {
    fn without(&self, value: &Value) -> Option<Value> {
        self.0.without(value)
    }

    fn hide_made(&self, with: &Value, without: &Value) -> Result<()> {
        self.0.add_made(with, without)
    }
}

/// Results of parts of one step.
pub(super) struct StepCheckpoints {
    pub book: Arc<dyn Book>,
    pub prefix: String,
}

#[async_trait]
impl Checkpoints for StepCheckpoints {
    async fn load(&self, key: &str) -> Result<Option<Value>> {
        self.book
            .load_checkpoint(&format!("{}.{key}", self.prefix))
            .await
    }

    async fn save(&self, key: &str, value: &Value) -> Result<()> {
        self.book
            .save_checkpoint(&format!("{}.{key}", self.prefix), value)
            .await
    }
}
