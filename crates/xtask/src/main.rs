//! Command line of the tools in this crate: `cargo run -p xtask -- --help`.

use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use xtask::gen_catalog::{self, Plan};
use xtask::tidy::{Finding, Severity, Tree};

/// Tools for working on Callboard itself.
#[derive(Parser)]
#[command(name = "xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a synthetic catalog as multi-document YAML files.
    GenCatalog {
        /// How many entities to write (at least 10)
        #[arg(long)]
        entities: u32,
        /// Folder for `entities-NNNN.yaml`; such files of an earlier run are removed
        #[arg(long)]
        out: PathBuf,
        /// The same seed and number give the same bytes
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Entities in one file
        #[arg(long, default_value_t = 1000)]
        per_file: u32,
    },
    /// Measure the binary and write `docs/BENCHMARKS.md`.
    Bench(xtask::bench::BenchArgs),
    /// Check the rules of the repository that no compiler checks.
    Tidy,
}

fn main() -> Result<ExitCode> {
    match Cli::parse().command {
        Command::GenCatalog {
            entities,
            out,
            seed,
            per_file,
        } => {
            let plan = Plan::new(entities, seed)?;
            let summary = gen_catalog::write(&plan, &out, per_file)?;
            writeln!(stdout(), "{summary}")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench(args) => {
            xtask::bench::run(&args)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Tidy => tidy(),
    }
}

fn tidy() -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let tree = Tree::load(root.context("the workspace has no folder")?)?;
    let findings = tree.check()?;
    for finding in &findings {
        writeln!(stdout(), "{finding}")?;
    }
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    Ok(if findings.iter().any(is_error) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
