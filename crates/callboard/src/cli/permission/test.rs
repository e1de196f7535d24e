//! `callboard permission test`

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use permission::{Failure, PolicySet, RbacSettings, load, read_cases, run_case};
use platform::permission::Permission;

use crate::app::Sections;
use crate::output::{BOLD, GREEN, RED, counted, say, stdout, styled, write_json};
use crate::report;

use super::super::import::SummaryFormat;
use super::super::{ConfigArgs, Verdict, print_problem};

/// The files of a policy, where they are not those of the configuration.
#[derive(Debug, Clone, Args)]
pub(crate) struct PolicyFiles {
    /// File of roles and policies; without it, that of the configuration.
    #[arg(long, value_name = "FILE")]
    policies: Option<PathBuf>,
    /// File of conditional policies; without it, that of the configuration.
    #[arg(long, value_name = "FILE")]
    conditions: Option<PathBuf>,
}

impl PolicyFiles {
    /// The settings with these files.
    pub(super) fn settings(&self, sections: &Sections) -> anyhow::Result<RbacSettings> {
        let settings = permission::Settings::from_config(
            &platform::config::PermissionConfig {
                enabled: true,
                ..sections.permission.clone()
            },
            false,
            &sections.folders,
        )?;
        let mut rbac = settings.rbac.unwrap_or_default();
        if let Some(path) = &self.policies {
            rbac.policies_file = Some(path.clone());
        }
        if let Some(path) = &self.conditions {
            rbac.conditions_file = Some(path.clone());
        }
        Ok(rbac)
    }
}

/// Arguments of `permission test`.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    files: PolicyFiles,
    /// Files with tests, one in each YAML document.
    #[arg(required = true, value_name = "FILE")]
    tests: Vec<PathBuf>,
    /// How failures are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
}

impl TestArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let loaded = self.config.load()?;
        let sections = Sections::read(&loaded.config, &loaded.working_dir)?;
        let settings = self.files.settings(&sections)?;
        let policy = load(&settings)?;
        policy.problems.iter().for_each(print_problem);
        let mut set = policy.configured;
        merge(&mut set, policy.filed);
        let known = known();
        let (mut n_questions, mut n_problems) = (0, policy.problems.len());
        let mut failures = Vec::new();
        for path in &self.tests {
            let name = path.display().to_string();
            let text = fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
            let (cases, problems) = read_cases(&text, &name);
            problems.iter().for_each(report::say_problem);
            n_problems += problems.len();
            for case in &cases {
                n_questions += case.n_questions();
                failures.extend(run_case(case, &settings, &set, &known));
            }
        }
        self.print(&failures, n_questions)?;
        Ok(Verdict::wrong_if(!failures.is_empty() || n_problems > 0))
    }

    fn print(&self, failures: &[Failure], n_questions: usize) -> anyhow::Result<()> {
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, &failures)?,
            SummaryFormat::Text => {
                for failure in failures {
                    writeln!(out, "{}", in_words(failure))?;
                }
            }
        }
        out.flush()?;
        if failures.is_empty() {
            let answers = counted(n_questions, "answer");
            say(format_args!(
                "{}: {answers} as expected",
                styled(GREEN, "fine")
            ));
        } else {
            let wrong = counted(failures.len(), "wrong answer");
            say(format_args!(
                "{}: {wrong} of {n_questions}",
                styled(RED, "failed")
            ));
        }
        Ok(())
    }
}

/// Roles that both name belong to the configuration; the files add to the rest.
pub(super) fn merge(set: &mut PolicySet, filed: PolicySet) {
    for problem in set.add_filed(filed) {
        print_problem(&problem);
    }
}

/// All permissions of the portal.
fn known() -> Vec<Permission<'static>> {
    [
        catalog::permission::ALL,
        permission::PERMISSIONS,
        audit::PERMISSIONS,
        scaffolder::permission::ALL,
        crate::admin::PERMISSIONS,
    ]
    .concat()
}

fn in_words(failure: &Failure) -> String {
    let Failure {
        case,
        permission,
        expected,
        found,
        reason,
    } = failure;
    format!(
        "{}: {permission} is {found}, not {expected}: {reason}",
        styled(BOLD, case)
    )
}
