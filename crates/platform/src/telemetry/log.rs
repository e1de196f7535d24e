//! Log lines: JSON for machines, colours for people, and no secrets in either.
//!
//! A line carries the fields of its event and of all spans around it, so that the ids of a request
//! are on every line that is written on its behalf.

use std::io::Write;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{LogLevel, LogOverride};

use super::fields::Fields;
use super::rate::{RateLimit, Verdict};
use super::redact::Redactor;
use super::settings::{LogFormat, TelemetrySettings};

const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Crates that are the machinery rather than a plugin.
const MACHINERY: [&str; 3] = ["callboard", "platform", "log"];

/// Where lines go.
pub type LogSink = Box<dyn Write + Send>;

/// The layer that writes lines.
pub(super) struct LogLayer {
    format: LogFormat,
    meta: Map<String, Value>,
    overrides: Vec<LogOverride>,
    level: Arc<Mutex<LogLevel>>,
    redactor: Redactor,
    rate: RateLimit,
    sink: Mutex<LogSink>,
}

impl LogLayer {
    pub(super) fn new(
        settings: &TelemetrySettings,
        level: Arc<Mutex<LogLevel>>,
        redactor: Redactor,
        sink: LogSink,
    ) -> Self {
        Self {
            format: settings.format,
            meta: settings.meta.clone(),
            overrides: settings.overrides.clone(),
            level,
            redactor,
            rate: RateLimit::new(settings.max_lines_per_second),
            sink: Mutex::new(sink),
        }
    }

    fn write(&self, line: &Line) {
        let text = match self.format {
            LogFormat::Json => line.json(&self.meta, &self.redactor),
            LogFormat::Pretty { colour } => line.pretty(colour, &self.redactor),
        };
        // A log that cannot be written has nowhere to complain.
        let _ = self.sink.lock().write_all(text.as_bytes());
    }

    /// Whether the line's own fields let it pass; the least of all levels was checked before.
    fn is_wanted(&self, line: &Line) -> bool {
        let matching = self.overrides.iter().find(|rule| line.matches(rule));
        let least = matching.map_or_else(|| *self.level.lock(), |rule| rule.level);
        line.level >= least
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line::of(event);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.around.push(fields.clone());
            }
        }
        if !self.is_wanted(&line) {
            return;
        }
        match self.rate.check(line.level == LogLevel::Error) {
            Verdict::Drop => {}
            Verdict::Pass => self.write(&line),
            Verdict::PassAfter(dropped) => {
                self.write(&Line::dropped(dropped));
                self.write(&line);
            }
        }
    }
}

/// One line before it is written.
struct Line {
    level: LogLevel,
    /// First segment of the event's target: the crate that speaks.
    source: &'static str,
    message: String,
    fields: Fields,
    /// Fields of the spans around, innermost first.
    around: Vec<Fields>,
    timestamp: String,
}

impl Line {
    fn of(event: &Event<'_>) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.take("message").map(|message| message.to_text());
        let target = event.metadata().target();
        Self {
            level: level_of(*event.metadata().level()),
            source: target.split("::").next().unwrap_or(target),
            message: message.unwrap_or_default(),
            fields,
            around: Vec::new(),
            timestamp: timestamp(),
        }
    }

    fn dropped(lines: u64) -> Self {
        Self {
            level: LogLevel::Warn,
            source: "platform",
            message: format!("{lines} log lines were left out"),
            fields: Fields::default(),
            around: Vec::new(),
            timestamp: timestamp(),
        }
    }

    fn plugin(&self) -> Option<&'static str> {
        (!MACHINERY.contains(&self.source)).then_some(self.source)
    }

    /// All fields, those of the event first; inner ones hide outer ones of the same name.
    fn fields(&self) -> Vec<(&'static str, &super::fields::FieldValue)> {
        let mut all: Vec<(&'static str, _)> = Vec::new();
        let around = self.around.iter().flat_map(Fields::iter);
        for (name, value) in self.fields.iter().chain(around) {
            // Fields of traces only.
            let exported =
                name.contains('.') || matches!(name, "span_id" | "parent_id" | "sampled");
            if !exported && !all.iter().any(|(known, _)| *known == name) {
                all.push((name, value));
            }
        }
        all
    }

    fn matches(&self, rule: &LogOverride) -> bool {
        rule.matchers.iter().all(|(name, wanted)| {
            let found = match name.as_str() {
                "plugin" => self.plugin().map(str::to_owned),
                "service" => Some("callboard".to_owned()),
                "message" => Some(self.message.clone()),
                _ => self
                    .fields()
                    .iter()
                    .find(|(field, _)| field == name)
                    .map(|(_, v)| v.to_text()),
            };
            found.is_some_and(|found| matches_value(&found, wanted))
        })
    }

    fn json(&self, meta: &Map<String, Value>, redactor: &Redactor) -> String {
        let text = |text: &str| Value::from(redactor.redact(text));
        let mut object = Map::new();
        object.insert("level".into(), level_name(self.level).into());
        object.insert("message".into(), text(&self.message));
        if let Some(plugin) = self.plugin() {
            object.insert("plugin".into(), plugin.into());
        }
        object.insert("service".into(), "callboard".into());
        object.insert("timestamp".into(), self.timestamp.as_str().into());
        for (name, value) in self.fields() {
            let value = value.to_json().unwrap_or_else(|| text(&value.to_text()));
            object.entry(name).or_insert(value);
        }
        for (name, value) in meta {
            object.entry(name).or_insert_with(|| value.clone());
        }
        let mut line = Value::Object(object).to_string();
        line.push('\n');
        line
    }

    fn pretty(&self, colour: bool, redactor: &Redactor) -> String {
        let paint = |code: &str, text: &str| {
            if colour {
                format!("\x1b[{code}m{text}\x1b[0m")
            } else {
                text.to_owned()
            }
        };
        let level = level_name(self.level);
        let mut line = format!(
            "{} {} {} {}",
            paint("2", &self.timestamp),
            paint("36", self.plugin().unwrap_or("callboard")),
            paint(level_colour(self.level), level),
            printable(&redactor.redact(&self.message)),
        );
        for (name, value) in self.fields() {
            let value = value.to_text();
            let value = redactor.redact(&value);
            line.push(' ');
            line.push_str(&paint("2", name));
            line.push('=');
            line.push_str(&printable(&value));
        }
        line.push('\n');
        line
    }
}

fn matches_value(found: &str, wanted: &Value) -> bool {
    match wanted {
        Value::String(wanted) => found == wanted,
        Value::Array(any) => any.iter().any(|wanted| matches_value(found, wanted)),
        Value::Bool(wanted) => found.parse() == Ok(*wanted),
        Value::Number(wanted) => wanted.to_string() == found,
        Value::Null | Value::Object(_) => false,
    }
}

/// Control characters could forge lines or paint the terminal.
fn printable(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    plain
}

fn timestamp() -> String {
    OffsetDateTime::now_utc()
        .format(TIMESTAMP)
        .unwrap_or_default()
}

pub(super) fn level_of(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

fn level_colour(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "34",
        LogLevel::Info => "32",
        LogLevel::Warn => "33",
        LogLevel::Error => "31",
    }
}

#[cfg(test)]
mod tests;
