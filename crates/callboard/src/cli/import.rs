//! `callboard catalog import`

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use catalog::{
    BackstageDatabase, BackstageImport, FilesReport, ImportReport, import_backstage, import_files,
};
use clap::{Args, ValueEnum};
use model::Problem;
use platform::Clock;
use platform::config::Environment;
use platform::db::{Db, PostgresSettings, Settings};

use crate::app::migrations;
use crate::output::{BOLD, CYAN, YELLOW, counted, progress, say, stdout, styled, write_json};
use crate::report;

use super::open::{Schema, Target, schema};
use super::{ConfigArgs, Verdict, block_on};

/// Arguments of `catalog import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// What to import: the catalog database of a Backstage (`postgres://…/backstage_plugin_catalog`
    /// or the file of an embedded one), or a folder with catalog files. The password of a URL may
    /// be left out and given in PGPASSWORD.
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// How many days entities wait for a source that emits them, before they go.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    keep: u32,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: SummaryFormat,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryFormat {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
}

/// What to import.
enum Source {
    Backstage(BackstageDatabase),
    Folder(PathBuf),
}

impl ImportArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let target = Target::of(&self.config)?;
        block_on(async {
            let source = open_source(&self.source).await?;
            let db = self.open_target(&target).await?;
            match source {
                Source::Backstage(source) => self.take_over(&target, &db, &source).await,
                Source::Folder(folder) => self.register(&target, &db, &folder).await,
            }
        })
    }

    /// The database to write to; a trial leaves no trace, so it may get an empty one in memory.
    async fn open_target(&self, target: &Target) -> anyhow::Result<Db> {
        if !self.dry_run {
            return target.open_or_make().await;
        }
        if target.missing_file().is_none() {
            let db = target.connect().await?;
            match schema(&db).await? {
                Schema::Absent => {}
                _ => return target.open().await,
            }
        }
        Ok(Db::open(Settings::SqliteMemory, &migrations()).await?)
    }

    async fn take_over(
        &self,
        target: &Target,
        db: &Db,
        source: &BackstageDatabase,
    ) -> anyhow::Result<Verdict> {
        let sections = &target.sections;
        let settings = catalog::Settings::new(&sections.catalog, &sections.folders);
        let import = BackstageImport {
            dry_run: self.dry_run,
            config_locations: settings.locations,
            keep: Duration::from_secs(u64::from(self.keep) * 24 * 3600),
        };
        let bar = progress(0, "importing");
        let advance = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        let done = import_backstage(db, source, &import, &Clock::system(), &advance).await;
        bar.finish_and_clear();
        let report = done?;
        self.print(&report, |out| self.summarise(out, &report))
    }

    async fn register(&self, target: &Target, db: &Db, folder: &Path) -> anyhow::Result<Verdict> {
        let sections = &target.sections;
        let settings = catalog::Settings::new(&sections.catalog, &sections.folders);
        let clock = Clock::system();
        let report = import_files(db, folder, &settings.rules, &clock, self.dry_run).await?;
        report.notes.iter().for_each(say_note);
        self.print(&report, |out| summarise_files(out, &report))
    }

    fn print(
        &self,
        report: &impl serde::Serialize,
        summary: impl FnOnce(&mut Vec<String>),
    ) -> anyhow::Result<Verdict> {
        let mut out = stdout();
        match self.format {
            SummaryFormat::Json => write_json(&mut out, report)?,
            SummaryFormat::Text => {
                let mut lines = Vec::new();
                if self.dry_run {
                    lines.push(styled(BOLD, "Nothing was changed; an import would give:"));
                }
                summary(&mut lines);
                for line in lines {
                    writeln!(out, "{line}")?;
                }
            }
        }
        out.flush()?;
        Ok(Verdict::Fine)
    }

    fn summarise(&self, lines: &mut Vec<String>, report: &ImportReport) {
        let locations = counted(report.locations_added, "location");
        let entities = counted(report.entities_added, "entity");
        lines.push(format!("{locations} and {entities} new"));
        let present = report.entities_present + report.uids_changed;
        if present + report.locations_present > 0 {
            lines.push(format!(
                "{} and {} already there, {} with the uid of Backstage from now on",
                counted(report.locations_present, "location"),
                counted(present, "entity"),
                counted(report.uids_changed, "entity"),
            ));
        }
        for location in &report.absent_config_locations {
            lines.push(warning(format_args!(
                "`{location}` is in the configuration of Backstage and not in yours; its entities \
                 wait for a location that has them"
            )));
        }
        for (provider, n_entities) in &report.absent_providers {
            let n_entities = counted(*n_entities, "entity");
            lines.push(warning(format_args!(
                "{n_entities} came from the provider `{provider}`, which does not run here"
            )));
        }
        if report.entities_waiting > 0 {
            lines.push(note(format_args!(
                "{} without a source here; without one they are orphans in {}",
                counted(report.entities_waiting, "entity"),
                counted(self.keep as usize, "day"),
            )));
        }
        if report.entities_unreadable > 0 {
            lines.push(warning(format_args!(
                "{} could not be read: {}",
                counted(report.entities_unreadable, "entity"),
                report.unreadable.join(", ")
            )));
        }
    }
}

fn summarise_files(lines: &mut Vec<String>, report: &FilesReport) {
    lines.push(format!(
        "{} registered, {} there already, {} gone",
        counted(report.locations_added, "file"),
        report.locations_present,
        report.locations_removed
    ));
    if report.files_below_others > 0 {
        let n_files = counted(report.files_below_others, "file");
        lines.push(note(format_args!(
            "{n_files} read because others lead to them"
        )));
    }
    for (kind, n_entities) in &report.kinds_refused {
        let n_entities = counted(*n_entities, "entity");
        lines.push(warning(format_args!(
            "{n_entities} of kind `{kind}`, which `catalog.rules` does not allow from there"
        )));
    }
}

fn warning(text: std::fmt::Arguments<'_>) -> String {
    format!("{}: {text}", styled(YELLOW, "warning"))
}

fn note(text: std::fmt::Arguments<'_>) -> String {
    format!("{}: {text}", styled(CYAN, "note"))
}

fn say_note(problem: &Problem) {
    report::say_problem(problem);
}

async fn open_source(text: &str) -> anyhow::Result<Source> {
    let is_url = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if is_url {
        let settings = postgres(text)?;
        let database = BackstageDatabase::open_postgres(settings).await;
        return Ok(Source::Backstage(
            database.context("cannot read the Backstage database")?,
        ));
    }
    let path = Path::new(text);
    if path.is_dir() {
        let folder = path
            .canonicalize()
            .with_context(|| format!("cannot find `{text}`"))?;
        return Ok(Source::Folder(folder));
    }
    if !path.is_file() {
        bail!("`{text}` is no folder, no file and no `postgres://` URL");
    }
    let database = BackstageDatabase::open_sqlite(path).await;
    Ok(Source::Backstage(
        database.context("cannot read the Backstage database")?,
    ))
}

/// Settings of a URL; messages never repeat it, because of its password.
fn postgres(url: &str) -> anyhow::Result<PostgresSettings> {
    let Ok(mut settings) = PostgresSettings::from_url(url) else {
        say(format_args!(
            "{}: special characters of a password have to be percent-encoded",
            styled(CYAN, "hint")
        ));
        bail!("the URL is not one of a PostgreSQL database");
    };
    if settings.config.get_password().is_none()
        && let Some(password) = Environment::of_process().get("PGPASSWORD")
    {
        settings.config.password(password);
    }
    settings.config.connect_timeout(Duration::from_secs(10));
    settings.config.application_name("callboard import");
    Ok(settings)
}
