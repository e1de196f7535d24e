//! Secrets in texts that people see.
//!
//! Invariants: what is made of a secret by an expression or an action is hidden as the secret is; a
//! task that makes more than can be hidden shows nothing any more, and its steps fail.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::RwLock;
use platform::{Error, Result};
use serde_json::{Map, Value};

/// Texts that are shorter are in too many places by chance.
const MIN_SECRET: usize = 3;
/// Texts of one task that are hidden, and all their bytes.
const MAX_TEXTS: usize = 5_000;
const MAX_BYTES: usize = 4 << 20;
pub(super) const STARS: &str = "***";
/// What stands for a secret where something is made without it; a word of every language.
const WORD: &str = "QhiddenZ";
/// Among the texts of a task, says that there were too many.
const FULL: &str = "";

/// Texts that must not be seen.
#[derive(Default)]
pub(crate) struct Mask(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// In the order in which they came to be known.
    texts: Vec<Arc<str>>,
    /// The same, a text that contains another one first.
    ordered: Vec<Hidden>,
    n_bytes: usize,
    /// Whether there were too many, so that everything is hidden.
    is_full: bool,
}

/// A text that must not be seen.
struct Hidden {
    text: Arc<str>,
    /// As it is written inside of JSON, if that is otherwise.
    quoted: Option<String>,
}

impl Known {
    fn place(&self, text: &str) -> std::result::Result<usize, usize> {
        self.ordered.binary_search_by(|hidden| {
            let by_length = text.len().cmp(&hidden.text.len());
            by_length.then_with(|| (*hidden.text).cmp(text))
        })
    }

    fn add(&mut self, text: &str) {
        let Err(place) = self.place(text) else {
            return;
        };
        if self.is_full {
            return;
        }
        let n_bytes = self.n_bytes + text.len();
        if text == FULL || self.texts.len() >= MAX_TEXTS || n_bytes > MAX_BYTES {
            self.is_full = true;
            // A later run has to know of it, too.
            self.texts.push(FULL.into());
            return;
        }
        let quoted = Value::from(text).to_string();
        let quoted = quoted
            .strip_prefix('"')
            .and_then(|it| it.strip_suffix('"'))
            .unwrap_or(&quoted);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.n_bytes = n_bytes;
        let quoted = (quoted != &*text).then(|| quoted.to_owned());
        self.ordered.insert(place, Hidden { text, quoted });
    }

    /// A text with something else in the place of what must not be seen.
    fn replace(&self, text: &str, by: &str) -> String {
        if self.is_full && !text.is_empty() {
            return by.to_owned();
        }
        let mut text = text.to_owned();
        for Hidden {
            text: secret,
            quoted,
        } in &self.ordered
        {
            // As it is written in JSON first: its end may be the end of the text around it.
            for secret in quoted.as_deref().into_iter().chain([&**secret]) {
                if text.contains(secret) {
                    text = text.replace(secret, by);
                }
            }
        }
        text
    }

    fn replace_value(&self, value: Value, by: &str) -> Value {
        match value {
            _ if self.is_full => by.into(),
            Value::String(text) => self.replace(&text, by).into(),
            Value::Array(items) => {
                let items = items.into_iter().map(|it| self.replace_value(it, by));
                items.collect()
            }
            Value::Object(members) => members
                .into_iter()
                .map(|(name, member)| (self.replace(&name, by), self.replace_value(member, by)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Number(number) if self.place(&number.to_string()).is_ok() => by.into(),
            other => other,
        }
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

    /// Fails if there is more to hide than can be.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.0.read().is_full {
            return Ok(());
        }
        Err(Error::input(format!(
            "more than {MAX_TEXTS} texts or {} MiB were made of secrets, which cannot all be \
             hidden; nothing of what this task tells is shown from here on",
            MAX_BYTES >> 20
        )))
    }

    /// Hides what differs between something made with secrets and the same made without them: texts
    /// that were made of secrets.
    pub(crate) fn add_derived(&self, with: &Value, without: Option<&Value>) {
        match (with, without) {
            (Value::Object(members), Some(Value::Object(others))) => {
                for (name, member) in members {
                    let other = others.get(name).or_else(|| others.get(&self.hide(name)));
                    if other.is_none() && members.len() == others.len() {
                        self.add_text(name);
                    }
                    self.add_derived(member, other);
                }
            }
            (Value::Array(items), Some(Value::Array(others))) => {
                for (index, item) in items.iter().enumerate() {
                    self.add_derived(item, others.get(index));
                }
            }
            (Value::String(with), Some(Value::String(without))) => {
                self.add_difference(with, without);
            }
            (with, without) if Some(with) != without => self.add_value(with),
            _ => {}
        }
    }

    /// Hides what differs between two texts, line by line.
    fn add_difference(&self, with: &str, without: &str) {
        // What is hidden already does not hide the text around it; a secret that is not there is
        // nothing, or stars.
        let is_shown = |with: &str, without: &dyn Fn(&str) -> bool| {
            let hidden = self.hide(with);
            without(&hidden) || without(&hidden.replace(STARS, ""))
        };
        if is_shown(with, &|hidden| hidden == without) {
            return;
        }
        let lines: Vec<&str> = with.lines().collect();
        let others: Vec<&str> = without.lines().collect();
        let same: HashSet<&str> = others.iter().copied().collect();
        let is_same_length = lines.len() == others.len();
        let (mut has_short, mut is_told) = (false, false);
        for (index, line) in lines.iter().enumerate() {
            let is_known = lines.len() > 1 && is_shown(line, &|hidden| same.contains(hidden));
            if is_known || same.contains(line) {
                continue;
            }
            let other = others.get(index).filter(|_| is_same_length);
            let changed = other.map_or(*line, |other| changed(line, other)).trim();
            let changed = if changed.len() < MIN_SECRET {
                line.trim()
            } else {
                changed
            };
            has_short |= changed.len() < MIN_SECRET;
            is_told = true;
            self.add_text(changed);
        }
        // Single letters are no secret, all of them are.
        if has_short || !is_told {
            self.add_text(with);
        }
    }

    /// A text that may be seen.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.read().replace(text, STARS)
    }

    /// A value whose texts may be seen.
    pub(crate) fn hide_value(&self, value: Value) -> Value {
        self.0.read().replace_value(value, STARS)
    }

    /// A line that may be seen; the JSON at its end is JSON afterwards, if that can be.
    pub(crate) fn hide_line(&self, line: &str) -> String {
        let hidden = self.hide(line);
        if hidden == line {
            return hidden;
        }
        self.hide_json(line).unwrap_or(hidden)
    }

    fn hide_json(&self, line: &str) -> Option<String> {
        let (before, json) = line.split_at(line.find(['{', '['])?);
        let value: Value = serde_json::from_str(json).ok()?;
        let compact = value.to_string();
        let is_compact = compact == json;
        if !is_compact && format!("{value:#}") != json {
            return None;
        }
        let value = self.hide_value(value);
        let json = if is_compact {
            value.to_string()
        } else {
            format!("{value:#}")
        };
        let line = self.hide(before) + &json;
        // A text may go on beyond the value it begins in.
        (self.hide(&line) == line).then_some(line)
    }

    /// A value with a word in the place of each secret; nothing if there is none in it.
    pub(crate) fn without(&self, value: &Value) -> Option<Value> {
        let known = self.0.read();
        if known.texts.is_empty() {
            return None;
        }
        let bare = known.replace_value(value.clone(), WORD);
        (bare != *value).then_some(bare)
    }

    /// Hides what was made of a value with secrets, and not of the value [without](Self::without).
    pub(crate) fn add_made(&self, with: &Value, without: &Value) -> Result<()> {
        self.add_derived(with, Some(&with_stars(without)));
        self.check()
    }
}

/// What was made with the word, as it would be shown.
fn with_stars(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace(WORD, STARS).into(),
        Value::Array(items) => items.iter().map(with_stars).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.replace(WORD, STARS), with_stars(member)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// The part of a line that another one does not have, from one end of a word to another.
fn changed<'t>(line: &'t str, other: &str) -> &'t str {
    let is_edge = |c: char| c.is_whitespace() || "\"'`:,;()[]{}<>".contains(c);
    let same = |(left, right): &(char, char)| left == right;
    let start = line.chars().zip(other.chars()).take_while(same);
    let start: usize = start.map(|(c, _)| c.len_utf8()).sum();
    // At the end of a text it fills base64 up.
    let before = line[..start].char_indices().rev();
    let mut before = before.filter(|(_, c)| is_edge(*c) || *c == '=');
    let start = before.next().map_or(0, |(at, c)| at + c.len_utf8());
    let (line, other) = (&line[start..], &other[start..]);
    let end = line.chars().rev().zip(other.chars().rev()).take_while(same);
    let end: usize = end.map(|(c, _)| c.len_utf8()).sum();
    let end = line.len() - end;
    let after = line[end..].find(is_edge);
    after.map_or(line, |at| &line[..end + at])
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

    fn mask(secrets: &Value) -> Mask {
        let mask = Mask::default();
        mask.add(secrets.as_object().unwrap());
        mask
    }

    #[test]
    fn secrets_and_what_is_made_of_them_are_hidden() {
        let mask = mask(&json!({"a": "s3cret", "b": {"c": ["line one\nline two"]}, "d": "x"}));
        mask.add_derived(
            &json!({"h": "Basic czNjcmV0", "i": "same", "j": "KEY=c2VjcmV0LTI=",
                    "k": "https://ci.example/s3cret"}),
            Some(&json!({"h": "Basic ", "i": "same", "j": "KEY=UWhpZGRlbi0=",
                         "k": "https://ci.example/"})),
        );
        for (text, expected) in [
            ("token s3cret!", "token ***!"),
            ("line two", "***"),
            (r#"{"k":"line one\nline two"}"#, r#"{"k":"***"}"#),
            ("Basic czNjcmV0", "Basic ***"),
            ("KEY=c2VjcmV0LTI=", "KEY=***"),
            ("https://ci.example/s3cret", "https://ci.example/***"),
            ("same x", "same x"),
        ] {
            assert_eq!(mask.hide(text), expected);
        }
    }

    #[test]
    fn of_what_an_action_makes_the_rest_stays() {
        let turned = |text: &str| text.chars().rev().collect::<String>();
        let apart = |text: &str| text.chars().flat_map(|c| [c, ' ']).collect::<String>();
        let mask = mask(&json!({"a": "s3cret-token"}));
        let without = mask.without(&json!("s3cret-token")).unwrap();
        let word = without.as_str().unwrap();
        let file = |text: &str| {
            let lines = [
                "name: shop".to_owned(),
                format!("pw: \"{}\"", turned(text)),
                format!("plain: {text}"),
                format!("spelt: <{}>", apart(text)),
            ];
            json!({"file": lines.join("\n"), "n": 7})
        };
        mask.add_made(&file("s3cret-token"), &file(word)).unwrap();
        let hidden = mask.hide_value(file("s3cret-token"));
        assert_eq!(
            hidden["file"],
            "name: shop\npw: \"***\"\nplain: ***\nspelt: <*** >"
        );
        assert_eq!(mask.hide("shop nekot-terc3s"), "shop ***");
        assert_eq!(mask.without(&json!(["shop", 7])), None);
    }

    #[test]
    fn letters_on_lines_of_their_own_are_hidden_together() {
        let mask = mask(&json!({"a": "abc"}));
        let apart = |text: &str| json!(text.chars().flat_map(|c| [c, '\n']).collect::<String>());
        mask.add_made(&apart("abc"), &apart(WORD)).unwrap();
        assert_eq!(mask.hide("a\nb\nc"), "***");
        assert_eq!(mask.hide("a b"), "a b");
    }

    #[test]
    fn names_of_members_may_be_made_of_secrets() {
        let mask = mask(&json!({"a": "s3cret"}));
        mask.add_made(
            &json!({"terc3s": 1, "b": 2}),
            &json!({"ZneddihQ": 1, "b": 2}),
        )
        .unwrap();
        assert_eq!(mask.hide("terc3s"), "***");
        // One that is missing without the secret is no secret.
        mask.add_derived(
            &json!({"message": "s3cret", "c": 1}),
            Some(&json!({"c": 1})),
        );
        assert_eq!(mask.hide("message"), "message");
    }

    #[test]
    fn json_stays_json() {
        let secrets = ["s3c\"ret\"", "back\\", "tail\"", "12345", "two\nlines"];
        let secrets: Map<String, Value> = secrets
            .iter()
            .map(|secret| ((*secret).to_owned(), Value::from(*secret)))
            .collect();
        let mask = Mask::default();
        mask.add(&secrets);
        for secret in secrets.keys() {
            let told = json!({"said": secret, "list": [format!("a {secret} b"), 12345], "n": 1});
            let stars = json!({"said": "***", "list": ["a *** b", "***"], "n": 1});
            for (line, expected) in [
                (told.to_string(), stars.to_string()),
                (format!("{told:#}"), format!("{stars:#}")),
                (format!("Input: {told:#}"), format!("Input: {stars:#}")),
            ] {
                assert_eq!(mask.hide_line(&line), expected);
            }
        }
        // What is no JSON is hidden as well as it can be.
        assert_eq!(mask.hide_line("{ 12345"), "{ ***");
        assert_eq!(mask.hide_line("{}"), "{}");
    }

    #[test]
    fn what_is_too_much_to_hide_is_not_shown_at_all() {
        let many = Mask::default();
        for n in 0..=MAX_TEXTS {
            assert!(many.check().is_ok());
            many.add_value(&format!("text {n}").into());
        }
        let large = Mask::default();
        large.add_value(&"a".repeat(MAX_BYTES + 1).into());
        let later = Mask::default();
        let texts = many.since(0);
        let texts: Vec<String> = texts.iter().map(|it| it.as_ref().to_owned()).collect();
        later.add_known(&texts);
        for mask in [many, large, later] {
            let error = mask.check().unwrap_err();
            assert!(error.message().contains("cannot all be hidden"), "{error}");
            assert_eq!(mask.hide("anything"), "***");
            assert_eq!(mask.hide_value(json!({"a": 1})), "***");
            assert_eq!(mask.without(&json!("a")), Some(WORD.into()));
        }
    }
}
