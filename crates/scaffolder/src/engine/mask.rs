//! Secrets in texts that people see.

use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::{Map, Value};

/// Texts that are shorter are in too many places by chance.
const MIN_SECRET: usize = 3;
pub(super) const STARS: &str = "***";

/// Texts that must not be seen.
#[derive(Default)]
pub(crate) struct Mask(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// In the order in which they came to be known.
    texts: Vec<Arc<str>>,
    /// The same, a text that contains another one first.
    ordered: Vec<Hidden>,
}

/// A text that must not be seen.
struct Hidden {
    text: Arc<str>,
    /// As it is written inside of JSON, if that is otherwise.
    quoted: Option<String>,
}

impl Known {
    fn place(&self, text: &str) -> Result<usize, usize> {
        self.ordered.binary_search_by(|hidden| {
            let by_length = text.len().cmp(&hidden.text.len());
            by_length.then_with(|| (*hidden.text).cmp(text))
        })
    }

    fn add(&mut self, text: &str) {
        let Err(place) = self.place(text) else {
            return;
        };
        let quoted = Value::from(text).to_string();
        let quoted = quoted.trim_matches('"');
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let quoted = (quoted != &*text).then(|| quoted.to_owned());
        self.ordered.insert(place, Hidden { text, quoted });
    }
}

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
            if self.0.read().place(part).is_err() {
                self.0.write().add(part);
            }
        }
    }

    /// Hides texts that were hidden in an earlier run.
    pub(crate) fn add_known(&self, texts: &[String]) {
        let mut known = self.0.write();
        for text in texts {
            known.add(text);
        }
    }

    /// The texts that came to be known after the first `n_seen`.
    pub(crate) fn since(&self, n_seen: usize) -> Vec<Arc<str>> {
        let known = self.0.read();
        known.texts.get(n_seen..).unwrap_or_default().to_vec()
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
            // What is hidden already does not hide the text around it.
            (Value::String(with), Some(Value::String(without))) if self.hide(with) == *without => {}
            (with, without) if Some(with) != without => self.add_value(with),
            _ => {}
        }
    }

    /// A text that may be seen.
    pub(crate) fn hide(&self, text: &str) -> String {
        let known = self.0.read();
        let mut text = text.to_owned();
        for Hidden {
            text: secret,
            quoted,
        } in &known.ordered
        {
            if text.contains(&**secret) {
                text = text.replace(&**secret, STARS);
            }
            if let Some(quoted) = quoted
                && text.contains(quoted)
            {
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
                .map(|(name, member)| (self.hide(&name), self.hide_value(member)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Number(number) if self.0.read().place(&number.to_string()).is_ok() => {
                STARS.into()
            }
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
