//! `callboard catalog validate`

use std::io::Write as _;
use std::path::PathBuf;

use catalog::{OfflineOptions, find_files, validate_files};
use clap::Args;

use crate::output::{GREEN, counted, say, stdout, styled};
use crate::report::{self, ReportFormat, Tally};

use super::Verdict;

/// Arguments of `catalog validate`.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Files, folders and glob patterns. Below a folder, these are validated: every
    /// catalog-info.yaml, and every other YAML file that holds entities.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Warn about references to entities that are in none of the files.
    #[arg(long)]
    references: bool,
    /// Let warnings fail the validation, too.
    #[arg(long)]
    strict: bool,
    /// How problems are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
}

impl ValidateArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let found = find_files(&self.paths);
        let options = OfflineOptions {
            references: self.references,
        };
        let validated = validate_files(&found.files, options);
        let problems = [found.problems, validated.problems].concat();
        let mut out = stdout();
        report::write(&mut out, &problems, self.format)?;
        out.flush()?;
        let tally = Tally::of(&problems);
        if self.format == ReportFormat::Text {
            let seen = format!(
                "{} in {}",
                counted(validated.n_entities, "entity"),
                counted(validated.n_files, "file")
            );
            match tally.errors + tally.warnings {
                0 => say(format_args!("{}: {seen}", styled(GREEN, "valid"))),
                _ => say(format_args!("{seen}: {tally}")),
            }
        }
        let n_wrong = tally.errors + if self.strict { tally.warnings } else { 0 };
        Ok(Verdict::wrong_if(n_wrong > 0))
    }
}
