//! The command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use model::{Problem, Severity};
use platform::config::{Config, ConfigArg, Environment, LoadOptions};

/// An internal developer portal in one binary.
#[derive(Debug, Parser)]
#[command(name = "callboard", version, about, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the portal.
    Serve(crate::serve::ServeArgs),
}

/// Where the configuration and the data are.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file; may be repeated, later ones win. Without any: app-config.yaml,
    /// app-config.local.yaml and their variants in this folder.
    #[arg(long, value_name = "FILE")]
    pub config: Vec<ConfigArg>,
    /// Folder for the embedded database, certificates and caches.
    #[arg(long, value_name = "DIR", default_value = ".callboard")]
    pub data: PathBuf,
}

/// A loaded configuration and where it was loaded.
pub(crate) struct Loaded {
    pub config: Config,
    pub problems: Vec<Problem>,
    pub environment: Environment,
    pub working_dir: PathBuf,
}

impl ConfigArgs {
    /// Loads and checks the configuration.
    pub(crate) fn load(&self) -> anyhow::Result<Loaded> {
        let working_dir = std::env::current_dir()?;
        let environment = Environment::of_process();
        let options = LoadOptions {
            args: self.config.clone(),
            working_dir: working_dir.clone(),
            environment: environment.clone(),
        };
        let (config, problems) = platform::config::load_and_check(&options);
        Ok(Loaded { config, problems, environment, working_dir })
    }
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Serve(args) => crate::serve::run(&args),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                anstream::eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

/// One line for people: `file:line:column: severity: message`, then the hint.
pub(crate) fn print_problem(problem: &Problem) {
    let file = problem.file.as_deref().unwrap_or_default();
    let place = match problem.position {
        Some(position) => format!("{file}:{}:{}: ", position.line, position.column),
        None if file.is_empty() => String::new(),
        None => format!("{file}: "),
    };
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    anstream::eprintln!("{place}{severity}: {}", problem.message);
    if let Some(hint) = &problem.hint {
        anstream::eprintln!("  hint: {hint}");
    }
}

/// A folder that exists afterwards.
pub(crate) fn ensure_folder(folder: &Path) -> anyhow::Result<()> {
    use anyhow::Context as _;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the data folder `{}`", folder.display()))
}
