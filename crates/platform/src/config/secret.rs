//! Values nobody may see: tokens, passwords, private keys.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// What stands in place of a secret wherever it could be seen.
pub const REDACTED: &str = "***";

/// Secrets shorter than this are not searched for in texts: they would blank ordinary words.
const MIN_REDACTED_LEN: usize = 4;

/// A string that is never printed: `Debug`, `Display` and `Serialize` give `***`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a value out of sight.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself; the caller must not let it reach a log, an error or an answer.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-visibility": "secret" })
    }
}

/// Settings somebody else reads; they may hold secrets, so `Debug` and `Serialize` show nothing.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Opaque(pub Value);

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Opaque {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl JsonSchema for Opaque {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

/// `text` with every occurrence of a secret replaced by `***`.
///
/// Longer secrets go first, so that a secret which contains another one leaves nothing behind.
pub fn redact<'a>(text: &'a str, secrets: &[Secret]) -> Cow<'a, str> {
    let mut found: Vec<&str> = secrets
        .iter()
        .map(Secret::expose)
        .filter(|secret| secret.len() >= MIN_REDACTED_LEN && text.contains(secret))
        .collect();
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    let replaced = found.iter().fold(text.to_owned(), |text, secret| {
        text.replace(secret, REDACTED)
    });
    Cow::Owned(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_show_nothing() {
        let secret = Secret::new("hunter2-hunter2");
        let shown = format!(
            "{secret} {secret:?} {}",
            serde_json::to_string(&secret).unwrap()
        );
        assert_eq!(shown, "*** *** \"***\"");
        assert_eq!(secret.expose(), "hunter2-hunter2");
    }

    #[test]
    fn texts_are_redacted_longest_secret_first() {
        let secrets = ["abcd", "abcdef", "xy"].map(Secret::new);
        assert_eq!(
            redact("token abcdef, abcd and xy", &secrets),
            "token ***, *** and xy"
        );
        assert!(matches!(redact("nothing here", &secrets), Cow::Borrowed(_)));
    }
}
