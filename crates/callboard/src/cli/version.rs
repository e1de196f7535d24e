//! `callboard version`

use std::io::Write as _;

use clap::{Args, ValueEnum};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::output::{stdout, write_json};

use super::Verdict;

/// Version of the product.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Commit it was built from; `unknown` outside of a checkout.
pub(crate) const COMMIT: &str = env!("CALLBOARD_COMMIT");
/// What `--version` prints behind the name.
pub(crate) const LINE: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("CALLBOARD_COMMIT"),
    ")"
);
/// Seconds since the epoch that the build was told, so that equal sources give equal binaries.
const BUILT_AT: Option<&str> = option_env!("CALLBOARD_BUILT_AT");

/// Arguments of `version`.
#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// How it is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: VersionFormat,
}

/// How the version is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VersionFormat {
    /// One line.
    Text,
    /// One JSON object.
    Json,
}

impl VersionArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let mut out = stdout();
        match self.format {
            VersionFormat::Text => {
                let date = built_at().map(|date| format!(", built {date}"));
                writeln!(out, "callboard {LINE}{}", date.unwrap_or_default())?;
            }
            VersionFormat::Json => {
                let report = json!({"version": VERSION, "commit": COMMIT, "builtAt": built_at()});
                write_json(&mut out, &report)?;
            }
        }
        out.flush()?;
        Ok(Verdict::Fine)
    }
}

/// Names this build of the program: another one has another name, also when the version is the
/// same.
pub(crate) fn build() -> String {
    let program = std::env::current_exe().and_then(std::fs::metadata).ok();
    let modified = program.as_ref().and_then(|program| program.modified().ok());
    let since = modified.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let nanos = since.map_or(0, |since| since.as_nanos());
    let len = program.map_or(0, |program| program.len());
    format!("{VERSION} {COMMIT} {len} {nanos}")
}

/// When it was built, in RFC 3339.
fn built_at() -> Option<String> {
    let seconds = BUILT_AT?.parse().ok()?;
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    at.format(&Rfc3339).ok()
}
