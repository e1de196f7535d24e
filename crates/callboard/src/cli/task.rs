//! `callboard task …`: runs of templates.

use std::io::Write as _;

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::output::stdout;

use super::action::Bench;
use super::open::Target;
use super::template::plan::print_plan;
use super::{ConfigArgs, Verdict, block_on};

/// Commands on runs of templates.
#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Show what a run that waits would do.
    Plan(TaskArgs),
    /// Let a run go on that waits for approval.
    Approve(TaskArgs),
    /// Take back what an ended run made.
    Undo(TaskArgs),
}

/// Arguments of commands on one run.
#[derive(Debug, Args)]
pub(crate) struct TaskArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Identifier of the run.
    id: String,
    /// Who does it; their permissions count.
    #[arg(long = "as", value_name = "USER")]
    user: String,
}

impl TaskCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Plan(args) => args.plan(),
            Self::Approve(args) => args.approve(),
            Self::Undo(args) => args.undo(),
        }
    }
}

impl TaskArgs {
    fn plan(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        let (tried, _) = block_on(async {
            let bench = Bench::open(&target).await?;
            let ctx = bench.ctx(&self.user)?;
            let planned = bench.scaffolder.plan_of_task(&ctx, &self.id).await;
            bench.close().await;
            anyhow::Ok(planned?)
        })?;
        let mut out = stdout();
        print_plan(&mut out, &tried.plan)?;
        out.flush()?;
        Ok(Verdict::Fine)
    }

    fn approve(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        block_on(async {
            let bench = Bench::open(&target).await?;
            let ctx = bench.ctx(&self.user)?;
            let approved = bench.scaffolder.approve_task(&ctx, &self.id).await;
            bench.close().await;
            approved?;
            anyhow::Ok(())
        })?;
        let mut out = stdout();
        writeln!(out, "{} goes on", self.id)?;
        out.flush()?;
        Ok(Verdict::Fine)
    }

    fn undo(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        let report = block_on(async {
            let bench = Bench::open(&target).await?;
            let ctx = bench.ctx(&self.user)?;
            let report = bench.scaffolder.undo_task(&ctx, &self.id).await;
            bench.close().await;
            anyhow::Ok(report?)
        })?;
        let mut out = stdout();
        for (list, verb) in [("undone", "undone"), ("kept", "left as it is")] {
            for step in report[list].as_array().into_iter().flatten() {
                let text = |name: &str| step[name].as_str().unwrap_or_default();
                let why = step.get("by").or_else(|| step.get("reason"));
                let why = why.and_then(Value::as_str).unwrap_or_default();
                writeln!(
                    out,
                    "{} ({}): {verb}, {why}",
                    text("stepId"),
                    text("action")
                )?;
            }
        }
        out.flush()?;
        let is_whole = report["kept"].as_array().is_none_or(Vec::is_empty);
        Ok(Verdict::wrong_if(!is_whole))
    }
}
