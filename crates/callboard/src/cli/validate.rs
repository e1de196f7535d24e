//! `callboard catalog validate`

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::bail;
use catalog::{OfflineOptions, find_files, validate_files};
use clap::Args;
use platform::config::ConfigArg;

use crate::app::Sections;
use crate::output::{GREEN, counted, say, stdout, styled};
use crate::report::{self, ReportFormat, Tally};

use super::{ConfigArgs, Verdict};

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
    /// Configuration of the portal, to know which files it reads from its own disk; may be repeated.
    /// Without any, the usual files in this folder.
    #[arg(long, value_name = "FILE")]
    config: Vec<ConfigArg>,
    /// How problems are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
}

impl ValidateArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let found = find_files(&self.paths);
        let options = OfflineOptions {
            references: self.references,
            file_locations: self.file_locations()?,
        };
        let validated = validate_files(&found.files, &options);
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

    /// Targets of the configured `file` locations.
    fn file_locations(&self) -> anyhow::Result<Vec<String>> {
        let args = ConfigArgs {
            config: self.config.clone(),
            data: PathBuf::new(),
        };
        let loaded = args.load()?;
        let sections = Sections::read(&loaded.config, &loaded.working_dir);
        let sections = match sections {
            Ok(sections) if loaded.problems.iter().all(|it| it.code != "config.file") => sections,
            Ok(_) if !self.config.is_empty() => bail!("the configuration could not be read"),
            Err(error) if !self.config.is_empty() => return Err(error),
            // Nobody asked for it: what is wrong with it is of no interest here.
            _ => return Ok(Vec::new()),
        };
        let settings = catalog::Settings::new(&sections.catalog, &sections.folders);
        let files = settings.locations.into_iter();
        Ok(files
            .filter(|location| location.kind == "file")
            .map(|location| location.target)
            .collect())
    }
}
