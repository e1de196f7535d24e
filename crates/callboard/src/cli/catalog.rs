//! `callboard catalog …`

use clap::Subcommand;

use super::{Verdict, export, import, inspect, validate};

/// Commands on the software catalog.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// Validate catalog files, without a portal or a network.
    Validate(validate::ValidateArgs),
    /// Write entities as files, or as one stream.
    Export(export::ExportArgs),
    /// Take over the catalog of a Backstage, or of a folder.
    Import(import::ImportArgs),
    /// List entities that could not be processed, with file, line and fix.
    Errors(inspect::ErrorsArgs),
    /// List entities that more than one source claims.
    Conflicts(inspect::ConflictsArgs),
    /// List removals that wait for approval, approve or reject them.
    Held(inspect::HeldArgs),
}

impl CatalogCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Validate(args) => args.run(),
            Self::Export(args) => args.run(),
            Self::Import(args) => args.run(),
            Self::Errors(args) => args.run(),
            Self::Conflicts(args) => args.run(),
            Self::Held(args) => args.run(),
        }
    }
}
