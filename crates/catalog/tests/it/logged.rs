//! What the log says about entities that cannot be processed.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use platform::telemetry::{LogFormat, Metrics, Telemetry, TelemetrySettings};
use serde_json::Value;
use testkit::TestCatalog;

use crate::written::component;

const URL: &str = "https://git.example/catalog.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);

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
    /// Lines since the last call about entities.
    fn take(&self) -> Vec<Value> {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock())).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line.get("entity").is_some())
            .collect()
    }
}

#[tokio::test]
async fn a_failure_is_told_once_with_its_place_and_its_fix_and_once_when_it_is_over() {
    let lines = Lines::default();
    let settings = TelemetrySettings {
        format: LogFormat::Json,
        ..TelemetrySettings::default()
    };
    let sink = Box::new(lines.clone());
    let telemetry = Telemetry::new(&settings, &Metrics::new(), "1.0.0", sink).unwrap();
    let _guard = tracing::dispatcher::set_default(telemetry.dispatch());

    let lab = TestCatalog::new().await;
    lab.web
        .put(URL, component("cart").replace("owner: team-a", "owner: 7"));
    lab.register(URL).await;
    lab.settle().await;
    let told = lines.take();
    assert_eq!(told.len(), 1, "{told:?}");
    for (field, expected) in [
        ("level", "warn"),
        ("message", "entity could not be processed"),
        ("entity", "component:default/cart"),
        ("at", "https://git.example/catalog.yaml:9:10"),
        ("error", "/spec/owner must be string - type: string"),
        ("hint", "put it in quotes: \"7\""),
    ] {
        assert_eq!(told[0][field], expected, "{field}");
    }
    lab.after(NEXT_LOOK).await;
    assert_eq!(lines.take(), [Value::Null; 0], "nothing is new");

    lab.web.remove(URL);
    lab.after(NEXT_LOOK).await;
    let told = lines.take();
    assert_eq!(told.len(), 1, "{told:?}");
    let hint = told[0]["hint"].as_str().unwrap();
    assert!(hint.contains("repository"), "{hint}");
    lab.after(NEXT_LOOK).await;
    assert_eq!(lines.take(), [Value::Null; 0], "it is the same failure");

    lab.web.put(URL, component("cart"));
    lab.after(NEXT_LOOK).await;
    let told = lines.take();
    assert_eq!(told.len(), 2, "the location and the entity: {told:?}");
    assert!(told.iter().all(|line| line["message"] == "processed again"));
}
