//! Outputs of steps as they are kept: what an action marks as secret is sealed.
//!
//! Invariant: a secret output is in the database only sealed, and only as long as the task may still
//! go on; in everything that people see it is hidden.

use platform::config::Secret;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::{Place, Runner};

/// The member of an object that stands in for a sealed value; `store::journal` looks for it.
const SEALED: &str = "$sealed";

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
        Ok(kept.to_string())
    }

    /// An output that was kept; its secrets are hidden from now on.
    pub(super) fn opened(&self, kept: &str) -> Result<Value> {
        let mut output: Value = serde_json::from_str(kept)
            .map_err(|error| Error::internal("an output cannot be read").with_source(error))?;
        for member in output
            .as_object_mut()
            .into_iter()
            .flat_map(|it| it.values_mut())
        {
            let sealed = member.as_object().filter(|it| it.len() == 1);
            let sealed = sealed.and_then(|it| it.get(SEALED)?.as_str());
            if let Some(sealed) = sealed {
                let text = self.book.open(sealed.to_owned())?;
                *member = serde_json::from_str(text.expose())
                    .map_err(|_| Error::internal("a secret output cannot be read"))?;
                self.mask.add_value(member);
            }
        }
        Ok(output)
    }
}
