//! `callboard audit verify|export`: the audit log, read from the database.

use std::io::Write as _;

use ::audit::{Audit, Fault, Query, Reads, Verification, lines};
use clap::{Args, Subcommand};
use platform::Clock;
use platform::telemetry::Metrics;

use crate::output::{GREEN, RED, counted, say, stdout, styled, write_json};

use super::import::SummaryFormat;
use super::open::Target;
use super::{ConfigArgs, Verdict, block_on};

/// Commands on the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Find records that were changed or removed.
    Verify(VerifyArgs),
    /// Print records as JSON lines, the newest first.
    Export(ExportArgs),
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Hash that the last record must have, as printed by an earlier run and kept elsewhere.
    #[arg(long, value_name = "HASH")]
    expect: Option<String>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
}

/// Arguments of `audit export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Only what this user or program did.
    #[arg(long)]
    actor: Option<String>,
    /// Only what was done to this.
    #[arg(long)]
    subject: Option<String>,
    /// Only this action, such as `permission.role.create`.
    #[arg(long)]
    action: Option<String>,
    /// Only what ended this way: `succeeded`, `denied` or `failed`.
    #[arg(long)]
    outcome: Option<String>,
}

impl AuditCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Verify(args) => args.run(),
            Self::Export(args) => args.run(),
        }
    }
}

async fn open(config: &ConfigArgs) -> anyhow::Result<Audit> {
    let db = Target::of(config)?.open().await?;
    Ok(Audit::new(::audit::Parts {
        db,
        settings: ::audit::Settings::default(),
        reads: Reads::default(),
        metrics: Metrics::new(),
        clock: Clock::system(),
    })?)
}

impl VerifyArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let found = block_on(async {
            let audit = open(&self.config).await?;
            Ok(audit.verify(self.expect.as_deref()).await?)
        })?;
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &found)?,
            SummaryFormat::Text => {
                for fault in &found.faults {
                    writeln!(out, "{}", in_words(fault))?;
                }
                writeln!(out, "last record {} {}", found.last, found.hash)?;
            }
        }
        out.flush()?;
        tell(&found);
        Ok(Verdict::wrong_if(found.n_faults > 0))
    }
}

fn tell(found: &Verification) {
    let n_records = usize::try_from(found.n_records).unwrap_or(usize::MAX);
    let records = counted(n_records, "record");
    if found.n_faults == 0 {
        say(format_args!(
            "{}: {records}, none changed or removed",
            styled(GREEN, "whole")
        ));
    } else {
        let faults = usize::try_from(found.n_faults).unwrap_or(usize::MAX);
        let faults = counted(faults, "fault");
        say(format_args!(
            "{}: {faults} in {records}",
            styled(RED, "tampered with")
        ));
    }
}

fn in_words(fault: &Fault) -> String {
    match fault {
        Fault::Changed { seq } => format!("record {seq} is not the one that was written"),
        Fault::Missing { from, to } if from == to => format!("record {from} is gone"),
        Fault::Missing { from, to } => format!("records {from} to {to} are gone"),
        Fault::Unknown { from } => format!("records from {from} on were never written"),
        Fault::OtherEnd => "the last record is not the expected one".to_owned(),
    }
}

impl ExportArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let query = Query {
            actor: self.actor.clone(),
            subject: self.subject.clone(),
            action: self.action.clone(),
            outcome: self.outcome.clone(),
            ..Query::default()
        };
        block_on(async {
            let mut export = open(&self.config).await?.export_all(query);
            let mut out = stdout();
            loop {
                let records = export.next().await?;
                if records.is_empty() {
                    out.flush()?;
                    return Ok(Verdict::Fine);
                }
                out.write_all(lines(&records)?.as_bytes())?;
            }
        })
    }
}
