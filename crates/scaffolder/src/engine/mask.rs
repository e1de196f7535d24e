//! Secrets in texts that people see.

use parking_lot::RwLock;
use serde_json::{Map, Value};

/// Texts that are shorter are in too many places by chance.
const MIN_SECRET: usize = 3;
const STARS: &str = "***";

/// Texts that must not be seen.
#[derive(Default)]
pub(crate) struct Mask(RwLock<Vec<String>>);

impl Mask {
    /// Hides all texts of some secrets.
    pub(crate) fn add(&self, secrets: &Map<String, Value>) {
        for value in secrets.values() {
            self.add_value(value);
        }
    }

    /// Hides all texts of a value.
    pub(crate) fn add_value(&self, value: &Value) {
        match value {
            Value::String(text) => self.add_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item)),
            Value::Object(members) => members.values().for_each(|member| self.add_value(member)),
            Value::Number(number) => self.add_text(&number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn add_text(&self, text: &str) {
        for part in text.lines().map(str::trim).chain([text.trim()]) {
            if part.len() < MIN_SECRET {
                continue;
            }
            let mut known = self.0.write();
            if !known.iter().any(|it| it == part) {
                known.push(part.to_owned());
                // A secret that contains another one goes first.
                known.sort_by_key(|it| std::cmp::Reverse(it.len()));
            }
        }
    }

    /// Hides what differs between an input with its secrets and the same without them: texts that
    /// were made of secrets.
    pub(crate) fn add_derived(&self, with: &Value, without: Option<&Value>) {
        match (with, without) {
            (Value::Object(members), Some(Value::Object(others))) => {
                for (name, member) in members {
                    self.add_derived(member, others.get(name));
                }
            }
            (Value::Array(items), Some(Value::Array(others))) => {
                for (index, item) in items.iter().enumerate() {
                    self.add_derived(item, others.get(index));
                }
            }
            (with, without) if Some(with) != without => self.add_value(with),
            _ => {}
        }
    }

    /// A text that may be seen.
    pub(crate) fn hide(&self, text: &str) -> String {
        let known = self.0.read();
        let mut text = text.to_owned();
        for secret in &*known {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), STARS);
            }
            // Inside of JSON, a text is written otherwise.
            let quoted = Value::from(secret.as_str()).to_string();
            let quoted = quoted.trim_matches('"');
            if quoted != secret && text.contains(quoted) {
                text = text.replace(quoted, STARS);
            }
        }
        text
    }

    /// A value whose texts may be seen.
    pub(crate) fn hide_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.hide(&text).into(),
            Value::Array(items) => items.into_iter().map(|it| self.hide_value(it)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, member)| (name, self.hide_value(member)))
                .collect::<Map<_, _>>()
                .into(),
            other => other,
        }
    }
}

/// Secrets as a dry run shows them.
pub(crate) fn stars(secrets: &Map<String, Value>) -> Map<String, Value> {
    let star = |name: &String| (name.clone(), Value::from(STARS));
    secrets.keys().map(star).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_and_what_is_made_of_them_are_hidden() {
        let mask = Mask::default();
        mask.add(
            json!({"a": "s3cret", "b": {"c": ["line one\nline two"]}, "d": "x"})
                .as_object()
                .unwrap(),
        );
        mask.add_derived(
            &json!({"h": "Basic czNjcmV0", "i": "same"}),
            Some(&json!({"h": "Basic ", "i": "same"})),
        );
        for (text, expected) in [
            ("token s3cret!", "token ***!"),
            ("line two", "***"),
            (r#"{"k":"line one\nline two"}"#, r#"{"k":"***"}"#),
            ("Basic czNjcmV0", "***"),
            ("same x", "same x"),
        ] {
            assert_eq!(mask.hide(text), expected);
        }
    }
}
