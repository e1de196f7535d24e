//! `callboard config check|print|schema`

use std::io::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use model::Severity;
use platform::config;

use crate::output::{GREEN, counted, say, stdout, styled, write_json};
use crate::report::{self, ReportFormat, Tally};

use super::{ConfigArgs, Loaded, Verdict};

/// Commands on the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// List everything that is wrong, with file, line and fix.
    Check(CheckArgs),
    /// Print the merged configuration, without secrets.
    Print(PrintArgs),
    /// Print the JSON Schema of the keys Callboard reads.
    Schema,
}

/// Arguments of `config check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// How problems are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
    /// Let warnings fail the check, too.
    #[arg(long)]
    strict: bool,
}

/// Arguments of `config print`.
#[derive(Debug, Args)]
pub(crate) struct PrintArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Only what browsers may see.
    #[arg(long)]
    frontend: bool,
    /// In which language.
    #[arg(long, value_enum, default_value = "yaml")]
    format: ValueFormat,
}

/// A language for values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValueFormat {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

impl ConfigCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Check(args) => args.run(),
            Self::Print(args) => args.run(),
            Self::Schema => print_schema(),
        }
    }
}

impl CheckArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let Loaded {
            config, problems, ..
        } = self.config.load()?;
        let mut out = stdout();
        report::write(&mut out, &problems, self.format)?;
        out.flush()?;
        let tally = Tally::of(&problems);
        if self.format == ReportFormat::Text {
            let n_files = counted(config.files().len(), "file");
            match tally.errors + tally.warnings {
                0 => say(format_args!("{}: {n_files} checked", styled(GREEN, "fine"))),
                _ => say(format_args!("{n_files} checked: {tally}")),
            }
        }
        let n_wrong = tally.errors + if self.strict { tally.warnings } else { 0 };
        Ok(Verdict::wrong_if(n_wrong > 0))
    }
}

impl PrintArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        let Loaded {
            config, problems, ..
        } = self.config.load()?;
        let mut n_wrong = 0;
        for problem in &problems {
            if problem.severity == Severity::Error {
                report::say_problem(problem);
                n_wrong += 1;
            }
        }
        let shown = if self.frontend {
            config::frontend(&config)
        } else {
            config::redacted(&config)
        };
        let mut out = stdout();
        match self.format {
            ValueFormat::Yaml => out.write_all(model::to_yaml(&shown).as_bytes())?,
            ValueFormat::Json => write_json(&mut out, &shown)?,
        }
        out.flush()?;
        Ok(Verdict::wrong_if(n_wrong > 0))
    }
}

fn print_schema() -> anyhow::Result<Verdict> {
    let mut out = stdout();
    write_json(&mut out, config::schema::document())?;
    out.flush()?;
    Ok(Verdict::Fine)
}
