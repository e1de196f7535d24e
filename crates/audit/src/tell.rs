//! Records as lines of the log, for those who collect the log and not the database.
//!
//! A line is written once the record has committed, by the process that wrote it.

use parking_lot::RwLock;
use platform::config::{LogLevel, SeverityLevels};
use tracing::{debug, error, info, warn};

use crate::record::{Record, Severity};

/// As the log itself, one for the process: records are written by whoever has a transaction.
static LEVELS: RwLock<SeverityLevels> = RwLock::new(SeverityLevels {
    low: LogLevel::Debug,
    medium: LogLevel::Info,
    high: LogLevel::Info,
    critical: LogLevel::Info,
});

/// Sets the levels of lines from now on.
pub fn log_at(levels: SeverityLevels) {
    *LEVELS.write() = levels;
}

/// Writes the line of a record. What is absent is left out; digests are for the database.
pub(crate) fn tell(record: &Record) {
    macro_rules! line {
        ($level:ident) => {
            $level!(
                isAuditEvent = true,
                severityLevel = record.severity().name(),
                status = record.outcome.name(),
                actorId = record.actor,
                onBehalfOf = record.on_behalf_of,
                actorIp = record.address,
                userAgent = record.client,
                via = record.via.name(),
                subject = record.subject,
                detail = record.detail,
                request_id = record.request_id,
                seq = record.seq,
                "{}",
                record.action
            )
        };
    }
    match level(record.severity()) {
        LogLevel::Debug => line!(debug),
        LogLevel::Info => line!(info),
        LogLevel::Warn => line!(warn),
        LogLevel::Error => line!(error),
    }
}

fn level(severity: Severity) -> LogLevel {
    let levels = LEVELS.read();
    match severity {
        Severity::Low => levels.low,
        Severity::Medium => levels.medium,
        Severity::High => levels.high,
        Severity::Critical => levels.critical,
    }
}
