//! The command line: one module per family of commands.
//!
//! Invariants: results go to standard output, everything else to standard error; a command that
//! ran and found something wrong ends with 1, like one that failed; wrong usage ends with 2; no
//! secret is ever printed.

mod action;
mod audit;
mod catalog;
mod completions;
mod config;
mod doctor;
mod export;
mod import;
mod inspect;
mod login;
mod migrate;
mod open;
mod permission;
#[cfg(test)]
mod reference;
mod secrets;
mod task;
mod template;
mod token;
mod validate;
pub(crate) mod version;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use model::Problem;
use platform::config::{Config, ConfigArg, Environment, LoadOptions};

use crate::output::{CYAN, RED, is_closed, say, styled};
use crate::report;

/// Exit code of a program whose reader went away, as shells know it.
const CLOSED: u8 = 141;

const AFTER_HELP: &str = "\
Exit codes: 0 all is well; 1 the command failed, or what it looked at has errors; 2 wrong usage; \
141 nobody read the output to its end.
Colours are used on terminals only; NO_COLOR=1 turns them off.";

/// An internal developer portal in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "callboard",
    version = version::LINE,
    about,
    after_help = AFTER_HELP
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the portal.
    Serve(crate::serve::ServeArgs),
    /// Check and show the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Validate, move and inspect the software catalog.
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// Lint, try and test templates of golden paths.
    #[command(subcommand)]
    Template(template::TemplateCommand),
    /// Plan, approve and undo runs of templates.
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// List, describe and run actions.
    #[command(subcommand)]
    Action(action::ActionCommand),
    /// Tell who may do what, and try policies.
    #[command(subcommand)]
    Permission(permission::PermissionCommand),
    /// Check and export the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Bring the schema of the database up to date.
    Migrate(migrate::MigrateArgs),
    /// Look for what keeps the portal from working.
    Doctor(doctor::DoctorArgs),
    /// Make, list and revoke tokens of programs.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Make keys that encrypt what is secret in the database, and change them.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Log in to a running portal, for the commands that ask it.
    Login(login::LoginArgs),
    /// End a login.
    Logout(login::LogoutArgs),
    /// Tell who you are at a portal.
    Whoami(login::WhoamiArgs),
    /// Print the description of the catalog's API (`OpenAPI`).
    Openapi,
    /// Print a script that completes commands and options.
    Completions(completions::CompletionsArgs),
    /// Tell version and commit.
    Version(version::VersionArgs),
}

/// What a command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is wrong.
    Fine,
    /// There are errors, and they have been printed.
    Wrong,
}

impl Verdict {
    /// Wrong if so.
    pub(crate) fn wrong_if(is_wrong: bool) -> Self {
        if is_wrong { Self::Wrong } else { Self::Fine }
    }
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
        let working_dir = std::env::current_dir().context("cannot tell the working folder")?;
        let environment = Environment::of_process();
        let options = LoadOptions {
            args: self.config.clone(),
            working_dir: working_dir.clone(),
            environment: environment.clone(),
        };
        let (config, problems) = platform::config::load_and_check(&options);
        Ok(Loaded {
            config,
            problems,
            environment,
            working_dir,
        })
    }
}

impl Cli {
    /// Runs the command; prints what keeps it from running.
    pub(crate) fn run(self) -> ExitCode {
        match self.command.run() {
            Ok(Verdict::Fine) => ExitCode::SUCCESS,
            Ok(Verdict::Wrong) => ExitCode::FAILURE,
            Err(error) if is_closed(&error) => ExitCode::from(CLOSED),
            Err(error) => {
                say_error(&error);
                ExitCode::FAILURE
            }
        }
    }
}

impl Command {
    fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Serve(args) => crate::serve::run(args).map(|()| Verdict::Fine),
            Self::Config(command) => command.run(),
            Self::Catalog(command) => command.run(),
            Self::Template(command) => command.run(),
            Self::Task(command) => command.run(),
            Self::Action(command) => command.run(),
            Self::Permission(command) => command.run(),
            Self::Audit(command) => command.run(),
            Self::Migrate(args) => args.run(),
            Self::Doctor(args) => args.run(),
            Self::Token(command) => command.run(),
            Self::Secrets(command) => command.run(),
            Self::Login(args) => args.run(),
            Self::Logout(args) => args.run(),
            Self::Whoami(args) => args.run(),
            Self::Openapi => completions::print_openapi(),
            Self::Completions(args) => args.run(),
            Self::Version(args) => args.run(),
        }
    }
}

/// `error: …`, each cause on a line of its own, and what may help.
fn say_error(error: &anyhow::Error) {
    say(format_args!("{}: {error}", styled(RED, "error")));
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // Some libraries repeat their source in their own message.
        if !last.contains(&text) {
            say(format_args!("  caused by: {text}"));
        }
        last = text;
    }
    if let Some(hint) = hint_of(error) {
        say(format_args!("  {}: {hint}", styled(CYAN, "hint")));
    }
}

fn hint_of(error: &anyhow::Error) -> Option<&'static str> {
    if error.is::<platform::config::ConfigError>() {
        return Some("`callboard config check` lists everything that is wrong");
    }
    let code = error.downcast_ref::<platform::Error>()?.code();
    (code == platform::Code::Unavailable)
        .then_some("`callboard doctor` looks for what keeps the portal from working")
}

/// Prints a problem to standard error.
pub(crate) fn print_problem(problem: &Problem) {
    report::say_problem(problem);
}

/// A folder that exists afterwards; a new one is for its owner only.
pub(crate) fn ensure_folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot create the data folder `{}`", folder.display()))
}

/// Runs asynchronous work to its end.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work)
}
