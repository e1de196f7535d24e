//! Fields of spans and events as text.

use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};

/// Longer values are cut.
const MAX_VALUE_LEN: usize = 16 << 10;
/// Further fields are left out.
const MAX_FIELDS: usize = 32;

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FieldValue {
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    /// A 128-bit id, as trace ids are.
    Id(u128),
}

impl FieldValue {
    /// The value as people read it.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Id(id) => format!("{id:032x}"),
        }
    }

    /// The value as JSON writes it, where it is not a text.
    pub(super) fn to_json(&self) -> Option<serde_json::Value> {
        match self {
            Self::Text(_) | Self::Id(_) => None,
            Self::Integer(number) => Some((*number).into()),
            Self::Number(number) => Some((*number).into()),
            Self::Boolean(value) => Some((*value).into()),
        }
    }
}

/// Fields in the order they were recorded; a field recorded again replaces its value.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(&'static str, FieldValue)>);

impl Fields {
    pub(super) fn get(&self, name: &str) -> Option<&FieldValue> {
        let found = self.0.iter().find(|(field, _)| *field == name);
        found.map(|(_, value)| value)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<FieldValue> {
        let position = self.0.iter().position(|(field, _)| *field == name)?;
        Some(self.0.remove(position).1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &FieldValue)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    fn set(&mut self, field: &Field, value: FieldValue) {
        let name = field.name();
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| *known == name) {
            *known = value;
        } else if self.0.len() < MAX_FIELDS {
            self.0.push((name, value));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.set(field, FieldValue::Text(cut(text)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, FieldValue::Text(cut(value.to_owned())));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, FieldValue::Integer(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let value = i64::try_from(value);
        self.set(field, FieldValue::Integer(value.unwrap_or(i64::MAX)));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.set(field, FieldValue::Id(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, FieldValue::Number(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, FieldValue::Boolean(value));
    }

    /// The error and everything that caused it.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let causes = std::iter::successors(Some(value), |error| error.source());
        let chain: Vec<String> = causes.take(10).map(ToString::to_string).collect();
        self.set(field, FieldValue::Text(cut(chain.join(": "))));
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_VALUE_LEN {
        text.truncate(text.floor_char_boundary(MAX_VALUE_LEN));
        text.push('…');
    }
    text
}
