//! `callboard permission can-i|explain|test|replay`: what the policy says, and why, without asking a
//! running portal.

mod replay;
mod test;

use std::io::Write as _;

use anyhow::{Context as _, bail};
use audit::{Audit, Reads};
use clap::{Args, Subcommand};
use permission::{Explanation, Permissions, RolePath};
use platform::Clock;
use platform::ctx::User;
use platform::permission::{Decision, Permission};
use platform::telemetry::Metrics;

use crate::app;
use crate::output::{BOLD, GREEN, RED, YELLOW, stdout, styled, write_json};

use super::import::SummaryFormat;
use super::open::Target;
use super::{ConfigArgs, Verdict, block_on};

/// Commands on permissions.
#[derive(Debug, Subcommand)]
pub(crate) enum PermissionCommand {
    /// Tell whether a user has a permission; ends with 1 when not.
    CanI(AskArgs),
    /// Tell whether a user has a permission, which policy decided, and which roles the user has.
    Explain(AskArgs),
    /// Run the tests of a policy.
    Test(test::TestArgs),
    /// Try a changed policy on the decisions that were made with the present one.
    Replay(replay::ReplayArgs),
}

/// A question about a user.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The user, such as `user:default/alice`.
    user: String,
    /// Name of the permission, such as `catalog.entity.delete`.
    permission: String,
    /// Reference of a resource, for permissions that depend on it.
    #[arg(long, value_name = "REF")]
    on: Option<String>,
    /// Action of a permission that this portal does not have.
    #[arg(long)]
    action: Option<String>,
    /// Type of resources of a permission that this portal does not have.
    #[arg(long, value_name = "TYPE")]
    resource_type: Option<String>,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
}

impl PermissionCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::CanI(args) => args.run(false),
            Self::Explain(args) => args.run(true),
            Self::Test(args) => args.run(),
            Self::Replay(args) => args.run(),
        }
    }
}

/// The permissions of a configured portal, with its catalog and its database.
pub(super) async fn open(target: &Target) -> anyhow::Result<(Permissions, catalog::Catalog)> {
    let (permissions, catalog, _) = open_with_audit(target).await?;
    Ok((permissions, catalog))
}

/// The same, with the audit log.
pub(super) async fn open_with_audit(
    target: &Target,
) -> anyhow::Result<(Permissions, catalog::Catalog, Audit)> {
    let db = target.open().await?;
    let (metrics, clock) = (Metrics::new(), Clock::system());
    let sections = &target.sections;
    let catalog = app::open_catalog(
        sections,
        db.clone(),
        &target.data_dir,
        metrics.clone(),
        clock.clone(),
    )
    .await?;
    let audit = Audit::new(audit::Parts {
        db: db.clone(),
        settings: audit::Settings::default(),
        reads: Reads::default(),
        metrics,
        clock: clock.clone(),
    })?;
    let permissions = app::open_permissions(sections, db, &catalog, &audit, clock).await?;
    Ok((permissions, catalog, audit))
}

/// The user as a policy sees them: their groups are those of the catalog.
fn known_user(catalog: &catalog::Catalog, name: &str) -> anyhow::Result<User> {
    let reference: model::EntityRef = name
        .parse()
        .with_context(|| format!("`{name}` is not an entity reference"))?;
    let name = reference.to_string();
    let groups = app::CatalogGroups(catalog.clone());
    Ok(permission::user(&name, &groups))
}

impl AskArgs {
    fn run(&self, explains: bool) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        let (explanation, is_allowed) = block_on(self.ask(&target))?;
        let mut out = stdout();
        match (self.format, explains) {
            (SummaryFormat::Json, _) => write_json(&mut out, &explanation)?,
            (SummaryFormat::Text, true) => write!(out, "{}", in_words(&explanation))?,
            (SummaryFormat::Text, false) => writeln!(out, "{}", answer(&explanation))?,
        }
        out.flush()?;
        Ok(Verdict::wrong_if(!explains && !is_allowed))
    }

    async fn ask(&self, target: &Target) -> anyhow::Result<(Explanation, bool)> {
        let (permissions, catalog) = open(target).await?;
        let known = permissions.known();
        let permission = self.permission(&known)?;
        let Some(engine) = permissions.engine() else {
            return Ok((everything_is_allowed(), true));
        };
        let user = known_user(&catalog, &self.user)?;
        let (verdict, mut explanation) = engine.explain(&user, &permission);
        let is_allowed = match (&verdict.decision, &self.on) {
            (Decision::Allow, _) => true,
            (Decision::Deny, _) | (Decision::Conditional(_), None) => false,
            (Decision::Conditional(condition), Some(resource)) => {
                let resource_type = permission.resource_type.unwrap_or_default();
                let holds = permissions
                    .holds(resource_type, condition, resource)
                    .await?;
                explanation.decision = if holds { "ALLOW" } else { "DENY" };
                let verb = if holds { "fulfils" } else { "does not fulfil" };
                let reason = format!("{resource} {verb} it: {}", explanation.reason);
                explanation.reason = reason;
                holds
            }
        };
        Ok((explanation, is_allowed))
    }

    fn permission<'a>(&'a self, known: &[Permission<'a>]) -> anyhow::Result<Permission<'a>> {
        let named = known.iter().find(|it| it.name == self.permission);
        if let Some(permission) = named {
            return Ok(*permission);
        }
        if self.action.is_none() && self.resource_type.is_none() {
            let names: Vec<_> = known.iter().map(|it| it.name).collect();
            bail!(
                "no plugin here has the permission `{}`; name its --action and --resource-type, or \
                 one of these: {}",
                self.permission,
                names.join(", ")
            );
        }
        Ok(Permission {
            name: &self.permission,
            action: self.action.as_deref().filter(|action| *action != "use"),
            resource_type: self.resource_type.as_deref(),
        })
    }
}

fn everything_is_allowed() -> Explanation {
    Explanation {
        decision: "ALLOW",
        reason: "everything is allowed: `permission.enabled` or `permission.rbac` is not set"
            .to_owned(),
        conditions: None,
        roles: Vec::new(),
    }
}

fn answer(explanation: &Explanation) -> String {
    match explanation.decision {
        "ALLOW" => format!("{}: {}", styled(GREEN, "yes"), explanation.reason),
        "DENY" => format!("{}: {}", styled(RED, "no"), explanation.reason),
        _ => format!("{}: {}", styled(YELLOW, "depends"), explanation.reason),
    }
}

fn in_words(explanation: &Explanation) -> String {
    let mut lines = vec![answer(explanation)];
    if let Some(conditions) = &explanation.conditions {
        lines.push(format!("{} {conditions}", styled(BOLD, "conditions")));
    }
    if explanation.roles.is_empty() {
        lines.push("the user has no role".to_owned());
    } else {
        lines.push(styled(BOLD, "roles"));
        lines.extend(explanation.roles.iter().map(role_line));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn role_line(path: &RolePath) -> String {
    let RolePath { role, source, via } = path;
    let via = if via.is_empty() {
        "everybody has it".to_owned()
    } else {
        via.join(" > ")
    };
    format!("  {role} ({source}): {via}")
}
