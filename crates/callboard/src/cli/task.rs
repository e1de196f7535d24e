//! `callboard task …`: runs of templates.

use std::io::Write as _;

use clap::{Args, Subcommand};
use platform::Ctx;
use scaffolder::Scaffolder;
use serde_json::{Map, Value};

use crate::output::stdout;

use super::action::Bench;
use super::template::plan::print_plan;
use super::{ConfigArgs, Verdict};

/// Commands on runs of templates.
#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// List the newest runs.
    List(ListArgs),
    /// Show a run with its log and its output.
    Show(TaskArgs),
    /// Break a run off; the step that runs is stopped.
    Cancel(TaskArgs),
    /// Run an ended run again, from the step that failed.
    Retry(TaskArgs),
    /// Show what a run that waits would do.
    Plan(TaskArgs),
    /// Let a run go on that waits for approval.
    Approve(TaskArgs),
    /// Take back what an ended run made.
    Undo(TaskArgs),
}

/// Arguments of `task list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Who looks; only runs that this user may see are listed.
    #[arg(long = "as", value_name = "USER")]
    user: String,
    /// Only runs that are so.
    #[arg(long, value_name = "STATUS", value_parser = ["open", "processing", "completed", "failed", "cancelled"])]
    status: Option<String>,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
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
            Self::List(args) => args.run(),
            Self::Show(args) => args.show(),
            Self::Cancel(args) => args.cancel(),
            Self::Retry(args) => args.retry(),
            Self::Plan(args) => args.plan(),
            Self::Approve(args) => args.approve(),
            Self::Undo(args) => args.undo(),
        }
    }
}

impl ListArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let tasks = Bench::with(&self.config, &self.user, async |bench, ctx| {
            let status = self.status.as_deref();
            Ok(bench
                .scaffolder
                .newest_tasks(ctx, status, self.limit)
                .await?)
        })?;
        let mut out = stdout();
        for task in &tasks {
            writeln!(out, "{}", line_of(task))?;
        }
        if tasks.is_empty() {
            writeln!(out, "no runs")?;
        }
        out.flush()?;
        Ok(Verdict::Fine)
    }
}

/// A run on one line.
fn line_of(task: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let status = match task.get("waitsForApproval") {
        Some(_) => "waiting".to_owned(),
        None => text(&task["status"]),
    };
    let (id, at) = (text(&task["id"]), text(&task["createdAt"]));
    let template = text(&task["spec"]["templateInfo"]["entityRef"]);
    let by = text(&task["createdBy"]);
    format!("{id}  {at}  {status:<10}  {template}  {by}")
}

/// What happened in a run: its lines, why it failed, what it put out.
fn print_events(out: &mut impl std::io::Write, events: &[Value]) -> std::io::Result<()> {
    for event in events {
        let body = &event["body"];
        let at = event["createdAt"].as_str().unwrap_or_default();
        let step = body["stepId"].as_str().map(|step| format!("[{step}] "));
        let message = body["message"].as_str().unwrap_or_default();
        writeln!(out, "{at} {}{message}", step.unwrap_or_default())?;
        if let Some(why) = body["error"]["message"].as_str() {
            writeln!(out, "error: {why}")?;
        }
        if body["output"].as_object().is_some_and(|it| !it.is_empty()) {
            writeln!(out, "output: {:#}", body["output"])?;
        }
    }
    Ok(())
}

/// What was taken back, and what was not and why.
fn print_undone(out: &mut impl std::io::Write, report: &Value) -> std::io::Result<()> {
    for (list, verb) in [("undone", "undone"), ("kept", "left as it is")] {
        for step in report[list].as_array().into_iter().flatten() {
            let text = |name: &str| step[name].as_str().unwrap_or_default();
            let (id, action) = (text("stepId"), text("action"));
            let why = step.get("by").or_else(|| step.get("reason"));
            let why = why.and_then(Value::as_str).unwrap_or_default();
            writeln!(out, "{id} ({action}): {verb}, {why}")?;
        }
    }
    Ok(())
}

impl TaskArgs {
    /// Does something with the run, as its user.
    fn with<T, F>(&self, work: F) -> anyhow::Result<T>
    where
        F: AsyncFnOnce(&Scaffolder, &Ctx, &str) -> platform::Result<T>,
    {
        Bench::with(&self.config, &self.user, async |bench, ctx| {
            Ok(work(&bench.scaffolder, ctx, &self.id).await?)
        })
    }

    fn say(&self, what: &str) -> anyhow::Result<Verdict> {
        let mut out = stdout();
        writeln!(out, "{} {what}", self.id)?;
        out.flush()?;
        Ok(Verdict::Fine)
    }

    fn show(&self) -> anyhow::Result<Verdict> {
        let (task, events) =
            self.with(async |scaffolder, ctx, id| scaffolder.task_with_events(ctx, id).await)?;
        let mut out = stdout();
        writeln!(out, "{}", line_of(&task))?;
        print_events(&mut out, &events)?;
        out.flush()?;
        Ok(Verdict::Fine)
    }

    fn cancel(&self) -> anyhow::Result<Verdict> {
        self.with(async |scaffolder, ctx, id| scaffolder.cancel_task(ctx, id).await)?;
        self.say("is broken off")
    }

    fn retry(&self) -> anyhow::Result<Verdict> {
        self.with(async |scaffolder, ctx, id| scaffolder.retry_task(ctx, id, &Map::new()).await)?;
        self.say("runs again")
    }

    fn approve(&self) -> anyhow::Result<Verdict> {
        self.with(async |scaffolder, ctx, id| scaffolder.approve_task(ctx, id).await)?;
        self.say("goes on")
    }

    fn plan(&self) -> anyhow::Result<Verdict> {
        let (tried, _) =
            self.with(async |scaffolder, ctx, id| scaffolder.plan_of_task(ctx, id).await)?;
        let mut out = stdout();
        print_plan(&mut out, &tried.plan)?;
        out.flush()?;
        if let Some(error) = &tried.error {
            anyhow::bail!("{}", error.message());
        }
        Ok(Verdict::Fine)
    }

    fn undo(&self) -> anyhow::Result<Verdict> {
        let report = self.with(async |scaffolder, ctx, id| scaffolder.undo_task(ctx, id).await)?;
        let mut out = stdout();
        print_undone(&mut out, &report)?;
        out.flush()?;
        let is_whole = report["kept"].as_array().is_none_or(Vec::is_empty);
        Ok(Verdict::wrong_if(!is_whole))
    }
}
