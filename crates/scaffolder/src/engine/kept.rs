//! Outputs of steps as they are kept: sealed, because what came of a secret cannot be told from what
//! did not, and with paths that lead into any folder of the task.
//!
//! Invariant: an output is in the database only sealed, and only as long as the task may still go on;
//! what of it is secret is hidden in everything that people see.

use platform::config::Secret;
use platform::{Error, Result};
use serde_json::Value;

use super::Runner;

/// What stands in for the folder of the task, which is another one when a process takes the task over;
/// it begins with a character that is nobody's.
const ROOT: &str = "\u{f8ff}workspace";

impl Runner {
    /// Hides the secrets of an output from now on.
    pub(super) fn hide_secrets(&self, names: &[String], output: &Value) {
        for name in names {
            if let Some(secret) = output.get(name) {
                self.mask.add_value(secret);
            }
        }
    }

    /// The output of a step as it is kept.
    pub(super) fn sealed(&self, output: &Value) -> Result<String> {
        let text = output.to_string().replace(&self.root(), ROOT);
        self.book.seal(&Secret::new(text))
    }

    /// The folder of the task as it is written inside of JSON.
    fn root(&self) -> String {
        let quoted = Value::from(self.workspace.to_string_lossy()).to_string();
        quoted.trim_matches('"').to_owned()
    }

    /// An output that was kept.
    pub(super) fn opened(&self, kept: &str) -> Result<Value> {
        let text = self.book.open(kept.to_owned())?;
        serde_json::from_str(&text.expose().replace(ROOT, &self.root()))
            .map_err(|_| Error::internal("the output of a step cannot be read"))
    }
}
