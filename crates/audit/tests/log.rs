//! Records in the log of the process; alone in a program, because the log is one for the process.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

use std::io::{Result as IoResult, Write};
use std::sync::Arc;

use audit::{Event, MIGRATIONS, Origin, Outcome, Via};
use parking_lot::Mutex;
use platform::config::{LogLevel, SeverityLevels};
use platform::db::Tx;
use platform::{Error, Result};
use serde_json::{Value, json};
use testkit::TestDb;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}

impl Lines {
    /// The lines of records so far.
    fn take(&self) -> Vec<Value> {
        let text = String::from_utf8(std::mem::take(&mut self.0.lock())).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let is_audit = |line: &Value| line["fields"]["isAuditEvent"] == true;
        lines.filter(is_audit).collect()
    }
}

fn record(tx: &mut Tx<'_>, action: &str, outcome: Outcome) -> Result<()> {
    let event = Event::done(action, "thing:one").ended(outcome);
    audit::record(tx, &Origin::internal(Via::Job, "tester"), &event, 1_000)
}

#[tokio::test]
async fn records_are_lines_at_the_level_of_their_severity() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let test = TestDb::new(MIGRATIONS).await;
    let cases = [
        (
            "auth.session.begin",
            Outcome::Succeeded,
            "low",
            "DEBUG",
            "WARN",
        ),
        ("lab.thing.make", Outcome::Failed, "medium", "INFO", "ERROR"),
        ("lab.delete", Outcome::Denied, "high", "INFO", "DEBUG"),
        (
            "audit.record.lose",
            Outcome::Failed,
            "critical",
            "INFO",
            "INFO",
        ),
    ];
    let set = SeverityLevels {
        low: LogLevel::Warn,
        medium: LogLevel::Error,
        high: LogLevel::Debug,
        critical: LogLevel::Info,
    };
    for (action, outcome, severity, usual, changed) in cases {
        for (levels, level) in [(SeverityLevels::default(), usual), (set.clone(), changed)] {
            audit::log_at(levels);
            let work = move |tx: &mut Tx<'_>| record(tx, action, outcome);
            test.db.write(work).await.unwrap();
            let [line] = &lines.take()[..] else {
                panic!("one record is one line: {action}");
            };
            assert_eq!(line["level"], level, "{line}");
            let fields = &line["fields"];
            assert_eq!(fields["message"], action);
            assert_eq!(fields["severityLevel"], severity);
            assert_eq!(fields["status"], outcome.name());
            assert_eq!(fields["actorId"], "tester");
            assert_eq!(fields["subject"], "thing:one");
            assert_eq!(fields.get("actorIp"), None, "what is absent is left out");
        }
    }

    let undone = |tx: &mut Tx<'_>| {
        record(tx, "lab.thing.make", Outcome::Succeeded)?;
        Err::<(), _>(Error::input("changed its mind"))
    };
    assert!(test.db.write(undone).await.is_err());
    assert_eq!(
        lines.take(),
        [json!(null); 0],
        "what was undone is not told"
    );
}
