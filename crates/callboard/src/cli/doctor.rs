//! `callboard doctor`: looks for what keeps the portal from working.
//!
//! Invariants: nothing is changed but a lease that is taken and given back, to prove that the
//! database can be written; credentials only go where the portal itself would send them.

mod auth;
mod data;
mod network;

use std::io::Write as _;

use clap::{Args, Subcommand};
use model::Severity;
use serde::Serialize;

use crate::output::{CYAN, GREEN, RED, YELLOW, counted, stdout, styled, write_json};

use super::import::SummaryFormat;
use super::open::Target;
use super::{ConfigArgs, Loaded, Verdict, block_on};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DoctorArgs {
    #[command(subcommand)]
    topic: Option<Topic>,
    #[command(flatten)]
    config: ConfigArgs,
    /// How findings are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
    /// Leave out everything that needs the network, except the database.
    #[arg(long)]
    offline: bool,
}

/// What to look at in depth.
#[derive(Debug, Subcommand)]
enum Topic {
    /// Sign-in: which providers work, which sign-ins failed and why, who somebody would be.
    Auth(auth::AuthArgs),
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Fine,
    Doubtful,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    status: Status,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Finding {
    fn fine(what: impl Into<String>) -> Self {
        Self {
            status: Status::Fine,
            what: what.into(),
            fix: None,
        }
    }

    fn doubtful(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            status: Status::Doubtful,
            what: what.into(),
            fix: Some(fix.into()),
        }
    }

    fn wrong(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            status: Status::Wrong,
            what: what.into(),
            fix: Some(fix.into()),
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = match self.status {
            Status::Fine => styled(GREEN, "✓"),
            Status::Doubtful => styled(YELLOW, "!"),
            Status::Wrong => styled(RED, "✗"),
        };
        write!(f, "{mark} {}", self.what)?;
        match &self.fix {
            Some(fix) => write!(f, "\n  {}: {fix}", styled(CYAN, "fix")),
            None => Ok(()),
        }
    }
}

impl DoctorArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        if let Some(Topic::Auth(args)) = &self.topic {
            return args.run();
        }
        let loaded = self.config.load()?;
        let mut findings = vec![configuration(&loaded), data::folder(&self.config.data)];
        match Target::of_loaded(&loaded, &self.config.data) {
            Ok(target) => block_on(async {
                findings.extend(data::database(&target).await);
                findings.push(network::port(&target.sections.backend).await);
                findings.extend(network::integrations(&target.sections, self.offline).await);
                findings.extend(network::locations(&target.sections, self.offline).await);
                Ok(())
            })?,
            Err(error) => findings.push(Finding::wrong(
                format!("the configuration cannot be used: {error:#}"),
                "see `callboard config check`",
            )),
        }
        self.print(&findings)?;
        let is_wrong = findings
            .iter()
            .any(|finding| finding.status == Status::Wrong);
        Ok(Verdict::wrong_if(is_wrong))
    }

    fn print(&self, findings: &[Finding]) -> anyhow::Result<()> {
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &findings)?,
            SummaryFormat::Text => {
                for finding in findings {
                    writeln!(out, "{finding}")?;
                }
            }
        }
        Ok(out.flush()?)
    }
}

fn configuration(loaded: &Loaded) -> Finding {
    let count = |severity| {
        loaded
            .problems
            .iter()
            .filter(|p| p.severity == severity)
            .count()
    };
    let files = counted(loaded.config.files().len(), "file");
    let see = "see `callboard config check`";
    match (count(Severity::Error), count(Severity::Warning)) {
        (0, 0) => Finding::fine(format!("configuration: {files} without errors")),
        (0, n) => Finding::doubtful(format!("configuration: {}", counted(n, "warning")), see),
        (n, _) => Finding::wrong(format!("configuration: {}", counted(n, "error")), see),
    }
}
