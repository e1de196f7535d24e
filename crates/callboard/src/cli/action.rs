//! `callboard action …`: what can be done, and doing it.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use model::EntityRef;
use notifications::{Notifications, Signals};
use platform::Clock;
use platform::actions::{Actions, Place, Spec};
use platform::ctx::{Caller, Ctx, Reach, User};
use platform::http::Inside;
use platform::telemetry::Metrics;
use scaffolder::Scaffolder;
use serde_json::Value;

use crate::app;
use crate::output::stdout;
use crate::scaffolding::{self, Surroundings};

use super::open::Target;
use super::{ConfigArgs, Verdict, block_on};

/// Largest input that is read.
const MAX_INPUT: u64 = 5 << 20;

/// Commands on actions.
#[derive(Debug, Subcommand)]
pub(crate) enum ActionCommand {
    /// List the actions that a user may use.
    List(ListArgs),
    /// Show what an action takes and gives.
    Describe(DescribeArgs),
    /// Run an action as a user.
    Run(RunArgs),
}

/// Arguments of `action list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Who asks; their permissions count.
    #[arg(long = "as", value_name = "USER")]
    user: String,
}

/// Arguments of `action describe`.
#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Identifier, for example `catalog:get-catalog-entity`.
    id: String,
}

/// Arguments of `action run`.
#[derive(Debug, Args)]
#[command(after_help = "\
The output is printed as JSON. The call is in the audit log of the portal.

Example: callboard action run catalog:get-catalog-entity --as user:default/guest \
--input '{\"name\":\"shop\"}'")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Identifier, for example `catalog:get-catalog-entity`.
    id: String,
    /// Who runs it; their permissions count.
    #[arg(long = "as", value_name = "USER")]
    user: String,
    /// Input as JSON; `-` reads it from standard input.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    input: String,
}

impl ActionCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::List(args) => args.run(),
            Self::Describe(args) => args.run(),
            Self::Run(args) => args.run(),
        }
    }
}

impl ListArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let mut lines = Bench::with(&self.config, &self.user, async |bench, ctx| {
            let visible = bench.actions.visible(ctx).await;
            Ok(visible
                .iter()
                .map(|it| line_of(it.spec()))
                .collect::<Vec<_>>())
        })?;
        lines.sort_unstable();
        let mut out = stdout();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        Ok(Verdict::Fine)
    }
}

/// An action on one line.
fn line_of(spec: &Spec) -> String {
    let about = spec.title.as_deref().or(spec.description.as_deref());
    let about = about.unwrap_or_default();
    let place = match spec.place {
        Place::Anywhere => "",
        Place::Template => " (in templates)",
    };
    format!("{:<42} {about}{place}", spec.id)
}

impl DescribeArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        let view = block_on(async {
            let bench = Bench::open(&target).await?;
            let action = bench.actions.get(&self.id);
            bench.close().await;
            match action {
                Some(action) => Ok(action.spec().to_json()),
                None => bail!("there is no action `{}`; `callboard action list`", self.id),
            }
        })?;
        print(&view)
    }
}

impl RunArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let input = self.input()?;
        let output = Bench::with(&self.config, &self.user, async |bench, ctx| {
            let known = bench.actions.get(&self.id);
            if known.is_some_and(|action| action.spec().place == Place::Template) {
                bail!(
                    "`{}` is for steps of templates only; `callboard template dry-run` tries one",
                    self.id
                );
            }
            Ok(bench.actions.invoke(ctx, &self.id, input, None).await?)
        })?;
        print(&output)
    }

    fn input(&self) -> anyhow::Result<Value> {
        let text = if self.input == "-" {
            let mut text = String::new();
            let mut stdin = std::io::stdin().lock().take(MAX_INPUT);
            stdin
                .read_to_string(&mut text)
                .context("cannot read standard input")?;
            text
        } else {
            self.input.clone()
        };
        serde_json::from_str(&text).context("the input is not JSON")
    }
}

fn print(value: &Value) -> anyhow::Result<Verdict> {
    let mut out = stdout();
    writeln!(out, "{value:#}")?;
    out.flush()?;
    Ok(Verdict::Fine)
}

/// The actions of a configured portal, with its catalog and its database.
pub(super) struct Bench {
    pub(super) scaffolder: Scaffolder,
    actions: Actions,
    catalog: ::catalog::Catalog,
    authorizer: Arc<dyn platform::permission::Authorizer>,
    audit: audit::Audit,
}

impl Bench {
    /// Does something as a user in the configured portal.
    pub(super) fn with<T, F>(config: &ConfigArgs, user: &str, work: F) -> anyhow::Result<T>
    where
        F: AsyncFnOnce(&Self, &Ctx) -> anyhow::Result<T>,
    {
        let target = Target::of(config)?;
        block_on(async {
            let bench = Self::open(&target).await?;
            let ctx = bench.ctx(user)?;
            let result = work(&bench, &ctx).await;
            // What was refused is in the audit log, too.
            bench.close().await;
            result
        })
    }

    async fn open(target: &Target) -> anyhow::Result<Self> {
        let sections = &target.sections;
        let (metrics, clock) = (Metrics::new(), Clock::system());
        let (permissions, catalog, audit) = super::permission::open_with_audit(target).await?;
        let actions = app::open_actions(sections, &catalog, &audit)?;
        let db = target.open().await?;
        let signals = Signals::default();
        let notifications = Notifications::new(db.clone(), catalog.clone(), signals, clock.clone());
        actions.register(notifications::action(&notifications)?)?;
        let surroundings = Surroundings {
            db,
            catalog: catalog.clone(),
            actions: actions.clone(),
            authorizer: permissions.authorizer(),
            metrics,
            inside: Inside::default(),
            clock,
        };
        let scaffolder = scaffolding::open(sections, &target.data_dir, surroundings)?;
        Ok(Self {
            scaffolder,
            actions,
            catalog,
            authorizer: permissions.authorizer(),
            audit,
        })
    }

    /// A call of a user, with the groups the catalog knows.
    fn ctx(&self, user: &str) -> anyhow::Result<Ctx> {
        let entity_ref: EntityRef = user
            .parse()
            .with_context(|| format!("`{user}` is not an entity reference"))?;
        let entity_ref = entity_ref.to_string();
        let ownership = self.catalog.ownership(&entity_ref);
        let caller = Caller::User(User {
            ownership: ownership.unwrap_or_else(|| vec![entity_ref.clone()]).into(),
            entity_ref,
            expires_at: i64::MAX,
            limited_token: None,
            agent: None,
            actor: Some("callboard".into()),
            reach: Reach::default(),
        });
        let id = uuid::Uuid::new_v4().to_string();
        Ok(Ctx::new(
            Arc::new(caller),
            Arc::clone(&self.authorizer),
            id.into(),
        ))
    }

    /// Writes what is left of the audit log.
    async fn close(&self) {
        self.audit.flush().await;
    }
}
