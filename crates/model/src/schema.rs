//! A small schema language, rich enough for entity envelopes and kinds.
//!
//! Order and wording are those of the JSON schema engine Backstage uses: required members, then
//! unknown members, then members in schema order.

use serde_json::{Map, Value};

use crate::findings::Findings;
use crate::pointer;

/// What a value must look like.
pub(crate) enum Rule {
    /// Any text.
    Text,
    /// A text with at least one character.
    NonEmpty,
    /// A text of word characters.
    Word,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A text or a boolean.
    TextOrBool,
    /// A list of such items.
    List(&'static Rule),
    /// An object with these members.
    Object(Members),
    /// An object whose values are texts.
    TextMap,
    /// A value that fits one of these; the first is what a violation tells about.
    FirstOf(&'static [Rule]),
}

/// The members of an object.
pub(crate) struct Members {
    pub(crate) required: &'static [&'static str],
    pub(crate) known: &'static [(&'static str, Rule)],
    pub(crate) others: Others,
}

/// What members an object may have beside the known ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    Anything,
    Texts,
    Nothing,
}

/// The first thing that is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// JSON pointer to the value.
    pub(crate) pointer: String,
    pub(crate) flaw: Flaw,
}

/// How a value breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    Missing(&'static str),
    Unknown(String),
    NotA(&'static str),
    Empty,
    NotAWord,
    NotOneOf(&'static [&'static str]),
}

impl Violation {
    /// Place and mistake, for example `/spec must be object`.
    pub(crate) fn text(&self) -> String {
        let place = if self.pointer.is_empty() {
            "<root>"
        } else {
            &self.pointer
        };
        format!("{place} {}", self.flaw.message())
    }

    /// The text with the details some messages of Backstage append.
    pub(crate) fn text_with_params(&self) -> String {
        format!("{} - {}", self.text(), self.flaw.params())
    }
}

impl Flaw {
    fn message(&self) -> String {
        match self {
            Self::Missing(key) => format!("must have required property '{key}'"),
            Self::Unknown(_) => "must NOT have additional properties".to_owned(),
            Self::NotA(expected) => format!("must be {expected}"),
            Self::Empty => "must NOT have fewer than 1 characters".to_owned(),
            Self::NotAWord => "must match pattern \"^\\w+$\"".to_owned(),
            Self::NotOneOf(_) => "must be equal to one of the allowed values".to_owned(),
        }
    }

    fn params(&self) -> String {
        match self {
            Self::Missing(key) => format!("missingProperty: {key}"),
            Self::Unknown(key) => format!("additionalProperty: {key}"),
            Self::NotA(expected) => format!("type: {expected}"),
            Self::Empty => "limit: 1".to_owned(),
            Self::NotAWord => "pattern: ^\\w+$".to_owned(),
            Self::NotOneOf(allowed) => format!("allowedValues: {}", allowed.join(",")),
        }
    }
}

/// A check passes on what ends it.
type Checked = Result<(), Violation>;

impl Rule {
    /// Checks a value; `path` is its place and is left as it was unless the check ends.
    fn check(&self, value: &Value, path: &mut String, found: &mut Findings<Violation>) -> Checked {
        match self {
            Self::Text => text(value, path, found),
            Self::NonEmpty => word(value, path, found, |_| true),
            Self::Word => word(value, path, found, is_word),
            Self::OneOf(allowed) => match value.as_str() {
                Some(text) if !allowed.contains(&text) => {
                    found.add(violation(path, Flaw::NotOneOf(allowed)))
                }
                _ => text(value, path, found),
            },
            Self::TextOrBool if value.is_boolean() || value.is_string() => Ok(()),
            Self::TextOrBool => found.add(violation(path, Flaw::NotA("string,boolean"))),
            Self::List(rule) => list(value, rule, path, found),
            Self::Object(members) => members.check(value, path, found),
            Self::TextMap => text_map(value, path, found),
            Self::FirstOf(rules) => first_of(value, rules, path, found),
        }
    }
}

impl Members {
    /// Checks an object and its members.
    pub(crate) fn check(
        &self,
        value: &Value,
        path: &mut String,
        found: &mut Findings<Violation>,
    ) -> Checked {
        let Value::Object(object) = value else {
            return found.add(violation(path, Flaw::NotA("object")));
        };
        for missing in self
            .required
            .iter()
            .filter(|key| !object.contains_key(**key))
        {
            found.add(violation(path, Flaw::Missing(missing)))?;
        }
        if self.others != Others::Anything {
            self.check_others(object, path, found)?;
        }
        for (key, rule) in self.known {
            if let Some(member) = object.get(*key) {
                at_key(path, key, |path| rule.check(member, path, found))?;
            }
        }
        Ok(())
    }

    fn check_others(
        &self,
        object: &Map<String, Value>,
        path: &mut String,
        found: &mut Findings<Violation>,
    ) -> Checked {
        let is_known = |key: &str| self.known.iter().any(|(known, _)| *known == key);
        for (key, member) in object.iter().filter(|(key, _)| !is_known(key)) {
            if self.others == Others::Nothing {
                found.add(violation(path, Flaw::Unknown(key.clone())))?;
            } else {
                at_key(path, key, |path| text(member, path, found))?;
            }
        }
        Ok(())
    }
}

fn list(value: &Value, rule: &Rule, path: &mut String, found: &mut Findings<Violation>) -> Checked {
    let Value::Array(items) = value else {
        return found.add(violation(path, Flaw::NotA("array")));
    };
    let length = path.len();
    for (index, item) in items.iter().enumerate() {
        pointer::push_index(path, index);
        rule.check(item, path, found)?;
        path.truncate(length);
    }
    Ok(())
}

/// Values of empty keys and of keys with line breaks are not looked at.
fn text_map(value: &Value, path: &mut String, found: &mut Findings<Violation>) -> Checked {
    let Value::Object(object) = value else {
        return found.add(violation(path, Flaw::NotA("object")));
    };
    let is_checked =
        |key: &str| !key.is_empty() && !key.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
    for (key, member) in object.iter().filter(|(key, _)| is_checked(key)) {
        at_key(path, key, |path| text(member, path, found))?;
    }
    Ok(())
}

fn first_of(
    value: &Value,
    rules: &[Rule],
    path: &mut String,
    found: &mut Findings<Violation>,
) -> Checked {
    let length = path.len();
    let mut first = Ok(());
    for rule in rules {
        let result = rule.check(value, path, &mut Findings::first());
        path.truncate(length);
        if result.is_ok() {
            return result;
        }
        first = first.and(result);
    }
    first.or_else(|violation| found.add(violation))
}

fn at_key(path: &mut String, key: &str, check: impl FnOnce(&mut String) -> Checked) -> Checked {
    let length = path.len();
    pointer::push_key(path, key);
    check(path)?;
    path.truncate(length);
    Ok(())
}

fn text(value: &Value, path: &str, found: &mut Findings<Violation>) -> Checked {
    if value.is_string() {
        Ok(())
    } else {
        found.add(violation(path, Flaw::NotA("string")))
    }
}

/// A text that is not empty, and that is a word in some sense.
fn word(
    value: &Value,
    path: &str,
    found: &mut Findings<Violation>,
    is_word: impl FnOnce(&str) -> bool,
) -> Checked {
    match value.as_str() {
        None => text(value, path, found),
        Some("") => found.add(violation(path, Flaw::Empty)),
        Some(text) if !is_word(text) => found.add(violation(path, Flaw::NotAWord)),
        Some(_) => Ok(()),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn violation(path: &str, flaw: Flaw) -> Violation {
    Violation {
        pointer: path.to_owned(),
        flaw,
    }
}
