//! Outputs of steps as they are kept: secrets sealed, and paths that lead into any folder of the task.
//!
//! Invariant: a secret output is in the database only sealed, and only as long as the task may still
//! go on; in everything that people see it is hidden.

use platform::config::Secret;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::{Place, Runner};

/// The member of an object that stands in for a sealed value; `store::journal` looks for it.
const SEALED: &str = "$sealed";
/// What stands in for the folder of the task, which is another one when a process takes the task over;
/// it begins with a character that is nobody's.
const ROOT: &str = "\u{f8ff}workspace";

impl Runner {
    /// Names of the outputs of a step that are secrets.
    pub(super) fn secret_outputs(&self, place: &Place<'_>) -> Vec<String> {
        let action = self.actions.get(place.action());
        action.map_or_else(Vec::new, |action| action.spec().secret_outputs.clone())
    }

    /// Hides the secrets of an output from now on.
    pub(super) fn hide_secrets(&self, names: &[String], output: &Value) {
        for name in names {
            if let Some(secret) = output.get(name) {
                self.mask.add_value(secret);
            }
        }
    }

    /// The output of a step as it is kept.
    pub(super) fn sealed(&self, place: &Place<'_>, output: &Value) -> Result<String> {
        let mut kept = output.clone();
        for name in self.secret_outputs(place) {
            if let Some(secret) = kept.get_mut(&name) {
                let sealed = self.book.seal(&Secret::new(secret.to_string()))?;
                *secret = json!({ SEALED: sealed });
            }
        }
        Ok(kept.to_string().replace(&self.root(), ROOT))
    }

    /// The folder of the task as it is written inside of JSON.
    fn root(&self) -> String {
        let quoted = Value::from(self.workspace.to_string_lossy()).to_string();
        quoted.trim_matches('"').to_owned()
    }

    /// An output that was kept; its secrets are hidden from now on.
    pub(super) fn opened(&self, place: &Place<'_>, kept: &str) -> Result<Value> {
        let mut output: Value = serde_json::from_str(&kept.replace(ROOT, &self.root()))
            .map_err(|error| Error::internal("an output cannot be read").with_source(error))?;
        for name in self.secret_outputs(place) {
            let Some(member) = output.get_mut(&name) else {
                continue;
            };
            if let Some(sealed) = member.get(SEALED).and_then(Value::as_str) {
                let text = self.book.open(sealed.to_owned())?;
                *member = serde_json::from_str(text.expose())
                    .map_err(|_| Error::internal("a secret output cannot be read"))?;
                self.mask.add_value(member);
            }
        }
        Ok(output)
    }
}
