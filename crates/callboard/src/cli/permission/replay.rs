//! `callboard permission replay`

use std::io::Write as _;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use permission::{Change, Engine, Groups, PolicySet, Source, load};

use crate::app::CatalogGroups;
use crate::output::{BOLD, GREEN, YELLOW, counted, say, stdout, styled, write_json};

use super::super::import::SummaryFormat;
use super::super::open::Target;
use super::super::{ConfigArgs, Verdict, block_on, print_problem};
use super::test::{PolicyFiles, merge};

/// Arguments of `permission replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    files: PolicyFiles,
    /// How changes are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
    /// End with 0 even if decisions change.
    #[arg(long)]
    exit_zero: bool,
}

impl ReplayArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        let (n_recorded, changes) = block_on(self.compare(&target))?;
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &changes)?,
            SummaryFormat::Text => {
                for change in &changes {
                    writeln!(out, "{}", in_words(change))?;
                }
            }
        }
        out.flush()?;
        let recorded = counted(n_recorded, "recorded decision");
        if changes.is_empty() {
            say(format_args!(
                "{}: {recorded} stay as they are",
                styled(GREEN, "fine")
            ));
        } else {
            let changed = counted(changes.len(), "change");
            say(format_args!(
                "{}: {changed} in {recorded}",
                styled(YELLOW, "differs")
            ));
        }
        Ok(Verdict::wrong_if(!changes.is_empty() && !self.exit_zero))
    }

    async fn compare(&self, target: &Target) -> anyhow::Result<(usize, Vec<Change>)> {
        let (permissions, catalog) = super::open(target, &self.config.data).await?;
        let Some(present) = permissions.engine() else {
            bail!("everything is allowed: `permission.enabled` or `permission.rbac` is not set");
        };
        let recorded = permissions.recorded().await?;
        if recorded.is_empty() {
            bail!(
                "no decisions have been recorded; set `callboard.permission.recordDecisions` and \
                 let the portal run for a while"
            );
        }
        let settings = self.files.settings(&target.sections)?;
        let policy = load(&settings)?;
        policy.problems.iter().for_each(print_problem);
        let mut set = policy.configured;
        // What was made through the API stays.
        merge(&mut set, made_through_api(&present.policy()));
        merge(&mut set, policy.filed);
        let groups: Arc<dyn Groups> = Arc::new(CatalogGroups(catalog));
        let changed = Engine::new(settings, groups, set);
        let changes = permission::replay(&recorded, present, &changed);
        Ok((recorded.len(), changes))
    }
}

fn made_through_api(set: &PolicySet) -> PolicySet {
    let is_ours = |name: &String| {
        let role = set.roles.get(name);
        role.is_some_and(|role| role.source == Source::Rest)
    };
    let roles = set.roles.iter().filter(|(name, _)| is_ours(name));
    PolicySet {
        roles: roles
            .map(|(name, role)| (name.clone(), role.clone()))
            .collect(),
        memberships: set
            .memberships
            .iter()
            .filter(|it| is_ours(&it.role))
            .cloned()
            .collect(),
        rules: set
            .rules
            .iter()
            .filter(|it| is_ours(&it.subject))
            .cloned()
            .collect(),
        conditions: set
            .conditions
            .iter()
            .filter(|it| is_ours(&it.role))
            .cloned()
            .collect(),
    }
}

fn in_words(change: &Change) -> String {
    let Change {
        asked,
        before,
        after,
    } = change;
    format!(
        "{} {}: {} becomes {} ({}; asked {} times)",
        styled(BOLD, &asked.user),
        asked.permission,
        before.decision,
        after.decision,
        after.reason,
        asked.n_times
    )
}
