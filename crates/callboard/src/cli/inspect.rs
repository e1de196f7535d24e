//! `callboard catalog errors|conflicts|held`: what went wrong, read from the database, so that it
//! works whether or not the portal runs.

use std::io::Write as _;

use catalog::{Conflict, EntityError, HeldMutation, Operator};
use clap::{Args, Subcommand};
use model::Problem;

use crate::output::{BOLD, CYAN, GREEN, counted, say, stdout, styled, write_json};
use crate::report::{self, ReportFormat};

use super::import::SummaryFormat;
use super::open::Target;
use super::{ConfigArgs, Verdict, block_on};

/// Arguments of `catalog errors`.
#[derive(Debug, Args)]
pub(crate) struct ErrorsArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How errors are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
    /// End with 0 even if there are errors.
    #[arg(long)]
    exit_zero: bool,
}

/// Arguments of `catalog conflicts`.
#[derive(Debug, Args)]
pub(crate) struct ConflictsArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How conflicts are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
    /// End with 0 even if there are conflicts.
    #[arg(long)]
    exit_zero: bool,
}

/// Arguments of `catalog held`.
#[derive(Debug, Args)]
pub(crate) struct HeldArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How removals are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
    /// End with 0 even if removals are held.
    #[arg(long)]
    exit_zero: bool,
    #[command(subcommand)]
    decision: Option<Decision>,
}

/// What becomes of held removals.
#[derive(Debug, Subcommand)]
enum Decision {
    /// Let them happen at the provider's next run.
    Approve {
        /// Name of the provider.
        provider: String,
    },
    /// Forget them; the provider's next run may hold them again.
    Reject {
        /// Name of the provider.
        provider: String,
    },
}

fn operate<T, F>(config: &ConfigArgs, work: F) -> anyhow::Result<T>
where
    F: AsyncFnOnce(Operator) -> platform::Result<T>,
{
    let target = Target::of(config)?;
    block_on(async { Ok(work(Operator::new(target.open().await?)).await?) })
}

impl ErrorsArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let errors = operate(&self.config, async |operator| operator.errors().await)?;
        let mut out = stdout();
        match self.format {
            ReportFormat::Json => write_json(&mut out, &errors)?,
            ReportFormat::Text => {
                for error in &errors {
                    writeln!(out, "{}", headline(error))?;
                    report::write(&mut out, &error.problems, self.format)?;
                }
            }
            _ => {
                let problems: Vec<Problem> = errors
                    .iter()
                    .flat_map(|error| error.problems.clone())
                    .collect();
                report::write(&mut out, &problems, self.format)?;
            }
        }
        out.flush()?;
        if self.format == ReportFormat::Text {
            tell_count(errors.len(), "failed entity");
        }
        Ok(Verdict::wrong_if(!errors.is_empty() && !self.exit_zero))
    }
}

fn headline(error: &EntityError) -> String {
    let from = error.location.as_ref();
    let from = from
        .map(|location| format!(" from {location}"))
        .unwrap_or_default();
    let served = if error.has_last_good {
        "; the last good version is served"
    } else {
        ""
    };
    format!("{}{from}{served}", styled(BOLD, &error.entity_ref))
}

fn tell_count(n: usize, what: &str) {
    match n {
        0 => say(format_args!("{}: no {what}", styled(GREEN, "fine"))),
        _ => say(counted(n, what)),
    }
}

impl ConflictsArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let conflicts = operate(&self.config, async |operator| operator.conflicts().await)?;
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &conflicts)?,
            SummaryFormat::Text => {
                for conflict in &conflicts {
                    writeln!(out, "{}", conflict_text(conflict))?;
                }
            }
        }
        out.flush()?;
        if self.format == SummaryFormat::Text {
            tell_count(conflicts.len(), "conflict");
        }
        Ok(Verdict::wrong_if(!conflicts.is_empty() && !self.exit_zero))
    }
}

fn conflict_text(conflict: &Conflict) -> String {
    let owner = conflict
        .existing_location_key
        .as_deref()
        .unwrap_or("nobody");
    format!(
        "{}\n  belongs to    {owner}\n  also claimed by {} ({})\n  {}: rename one of them or remove \
         it from one of the places",
        styled(BOLD, &conflict.entity_ref),
        conflict.conflicting_location_key,
        conflict.conflicting_source,
        styled(CYAN, "hint"),
    )
}

impl HeldArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match &self.decision {
            Some(Decision::Approve { provider }) => {
                operate(&self.config, async |operator| {
                    operator.approve(provider).await
                })?;
                say(format_args!(
                    "{}: the removals happen at the next run of `{provider}`, at the latest when \
                     the portal is restarted",
                    styled(GREEN, "approved")
                ));
                Ok(Verdict::Fine)
            }
            Some(Decision::Reject { provider }) => {
                operate(&self.config, async |operator| {
                    operator.reject(provider).await
                })?;
                say(format_args!(
                    "{}: nothing of `{provider}` is removed",
                    styled(GREEN, "rejected")
                ));
                Ok(Verdict::Fine)
            }
            None => self.list(),
        }
    }

    fn list(&self) -> anyhow::Result<Verdict> {
        let held = operate(&self.config, async |operator| operator.held().await)?;
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &held)?,
            SummaryFormat::Text => {
                for mutation in &held {
                    writeln!(out, "{}", held_text(mutation))?;
                }
            }
        }
        out.flush()?;
        if self.format == SummaryFormat::Text {
            tell_count(held.len(), "held removal");
        }
        let is_open = held.iter().any(|mutation| !mutation.approved);
        Ok(Verdict::wrong_if(is_open && !self.exit_zero))
    }
}

fn held_text(mutation: &HeldMutation) -> String {
    let HeldMutation {
        provider,
        location,
        entities_before,
        entities_removed,
        sample,
        approved,
        ..
    } = mutation;
    let sample: Vec<&str> = sample.iter().take(5).map(String::as_str).collect();
    let hint = if *approved {
        "approved; they go at the next run".to_owned()
    } else {
        format!("`callboard catalog held approve {provider}` or `… reject {provider}`")
    };
    let location = location.as_ref();
    let location = location.map_or_else(String::new, |target| format!(" ({target})"));
    format!(
        "{}{location}: would remove {entities_removed} of {entities_before} entities, such as {}\n  {}: {hint}",
        styled(BOLD, provider),
        sample.join(", "),
        styled(CYAN, "hint"),
    )
}
