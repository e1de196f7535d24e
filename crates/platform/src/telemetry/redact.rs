//! Secrets that must not appear in logs and traces.

use std::borrow::Cow;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::config::{Secret, redact};

/// The secrets known so far; clones share them.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Vec<Secret>>>);

impl Redactor {
    /// Hides further values from now on, also where they are escaped.
    pub fn add(&self, secrets: impl IntoIterator<Item = Secret>) {
        let mut known = self.0.write();
        for secret in secrets.into_iter().flat_map(|secret| spellings(&secret)) {
            if !known.contains(&secret) {
                known.push(secret);
            }
        }
    }

    /// The text with `***` in place of secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        redact(text, &self.0.read())
    }
}

/// A secret as it is, as `Debug` and JSON write it in quotes, and as it stands in a URL.
fn spellings(secret: &Secret) -> [Secret; 3] {
    let text = secret.expose();
    let escaped: String = text.escape_debug().collect();
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    [secret.clone(), Secret::new(escaped), Secret::new(encoded)]
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.0.read().len())
    }
}
