use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::config::{LogLevel, LogOverride, Secret};
use crate::telemetry::{LogFormat, Metrics, Telemetry, TelemetrySettings};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }

    fn json(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }
}

/// The lines of `work`, with some setup before it.
fn logged(
    settings: &TelemetrySettings,
    setup: impl FnOnce(&Telemetry),
    work: impl FnOnce(),
) -> Lines {
    let lines = Lines::default();
    let sink = Box::new(lines.clone());
    let telemetry = Telemetry::new(settings, &Metrics::new(), "1.0.0", sink).unwrap();
    setup(&telemetry);
    tracing::dispatcher::with_default(telemetry.dispatch(), work);
    lines
}

fn leave(_: &Telemetry) {}

#[test]
fn json_lines_have_the_fields_of_backstage_and_of_the_spans_around() {
    let meta = json!({"region": "eu", "message": "not this"});
    let meta = meta.as_object().unwrap().clone();
    let settings = TelemetrySettings {
        meta,
        ..TelemetrySettings::default()
    };
    let lines = logged(&settings, leave, || {
        let request = tracing::error_span!(
            "request",
            request_id = "r1",
            trace_id = 0xabc_u128,
            http.route = "/x"
        );
        let _request = request.enter();
        let inner =
            tracing::info_span!("inner", kind = "outer wins not", n = tracing::field::Empty);
        let _inner = inner.enter();
        inner.record("n", 3);
        tracing::info!(target: "catalog::ingest", kind = "component", ok = true, "entity read");
    });
    let mut line = lines.json().remove(0);
    let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
    assert_eq!(
        timestamp.as_str().unwrap().len(),
        "2026-11-21T10:28:48.123Z".len()
    );
    let expected = json!({
        "level": "info",
        "message": "entity read",
        "plugin": "catalog",
        "service": "callboard",
        "kind": "component",
        "ok": true,
        "n": 3,
        "request_id": "r1",
        "trace_id": "00000000000000000000000000000abc",
        "region": "eu",
    });
    assert_eq!(line, expected);
}

#[test]
fn errors_are_written_with_their_causes() {
    let lines = logged(&TelemetrySettings::default(), leave, || {
        let cause = io::Error::other("disk is full");
        let error = crate::Error::internal("cannot write").with_source(cause);
        tracing::error!(error = &error as &dyn std::error::Error, "failed");
    });
    assert_eq!(lines.json()[0]["error"], "cannot write: disk is full");
}

#[test]
fn secrets_are_hidden_wherever_they_are() {
    let key = "-----BEGIN KEY-----\n\"abc\"\n-----END KEY-----";
    for format in [LogFormat::Json, LogFormat::Pretty { colour: false }] {
        let settings = TelemetrySettings {
            format,
            ..TelemetrySettings::default()
        };
        let setup = |telemetry: &Telemetry| {
            telemetry
                .redactor()
                .add([Secret::new("hunter2-hunter2"), Secret::new(key)]);
        };
        let lines = logged(&settings, setup, || {
            let span = tracing::info_span!("s", around = "a hunter2-hunter2 b");
            let _span = span.enter();
            tracing::info!(field = "hunter2-hunter2", key, debug = ?Some(key),
                url = "http://h/?k=-----BEGIN+KEY-----%0A%22abc%22%0A-----END+KEY-----", "password hunter2-hunter2");
        });
        let text = lines.text();
        assert!(
            !text.contains("hunter2") && text.contains("password ***"),
            "{text}"
        );
        assert!(!text.contains("abc"), "{text}");
    }
}

#[test]
fn levels_hold_for_lines_and_change_while_running() {
    let speak = || {
        tracing::debug!(target: "catalog", "d");
        tracing::info!(target: "catalog", "i");
        tracing::warn!(target: "catalog", "w");
        tracing::info!(target: "hyper::server", "noise");
        tracing::error!(target: "catalog", "e");
    };
    let cases = [
        (LogLevel::Debug, "diwe"),
        (LogLevel::Info, "iwe"),
        (LogLevel::Warn, "we"),
        (LogLevel::Error, "e"),
    ];
    for (level, expected) in cases {
        let messages = |lines: Lines| -> String {
            lines
                .json()
                .iter()
                .map(|line| line["message"].as_str().unwrap().to_owned())
                .collect()
        };
        let settings = TelemetrySettings {
            level,
            ..TelemetrySettings::default()
        };
        assert_eq!(messages(logged(&settings, leave, speak)), expected);
        let set = |telemetry: &Telemetry| telemetry.set_level(level).unwrap();
        assert_eq!(
            messages(logged(&TelemetrySettings::default(), set, speak)),
            expected
        );
    }
}

#[test]
fn overrides_change_the_level_of_matching_lines() {
    let rule = |matchers: Value, level| LogOverride {
        matchers: matchers.as_object().unwrap().clone(),
        level,
    };
    let overrides = vec![
        rule(json!({"plugin": ["catalog", "search"]}), LogLevel::Debug),
        rule(json!({"plugin": "auth", "n": 1}), LogLevel::Error),
    ];
    let settings = TelemetrySettings {
        overrides,
        ..TelemetrySettings::default()
    };
    let lines = logged(&settings, leave, || {
        tracing::debug!(target: "catalog::x", "kept: less is wanted of the catalog");
        tracing::debug!(target: "platform", "dropped");
        tracing::info!(target: "auth", n = 1, "dropped");
        tracing::info!(target: "auth", n = 2, "kept");
    });
    let lines = lines.json();
    let messages: Vec<_> = lines
        .iter()
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["kept: less is wanted of the catalog", "kept"]);
}

#[test]
fn people_get_one_printable_line() {
    let settings = |colour| TelemetrySettings {
        format: LogFormat::Pretty { colour },
        ..TelemetrySettings::default()
    };
    let speak = || tracing::warn!(target: "catalog", user = "a\x1b[31m", "two\nlines");
    let text = logged(&settings(false), leave, speak).text();
    let (_, line) = text.split_once(' ').unwrap();
    assert_eq!(line, "catalog warn two\\nlines user=a\\u{1b}[31m\n");
    let text = logged(&settings(true), leave, speak).text();
    assert!(text.contains("\x1b[33mwarn\x1b[0m two\\nlines"), "{text:?}");
}

#[test]
fn a_flood_is_cut_short_but_errors_pass() {
    let settings = TelemetrySettings {
        max_lines_per_second: 10,
        ..TelemetrySettings::default()
    };
    let lines = logged(&settings, leave, || {
        for _ in 0..1000 {
            tracing::info!("again");
        }
        tracing::error!("important");
    });
    let lines = lines.json();
    assert!(lines.len() < 100, "{} lines", lines.len());
    assert!(lines.iter().any(|line| line["message"] == "important"));
}
