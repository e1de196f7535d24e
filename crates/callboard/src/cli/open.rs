//! Opening the configured database, without changing more than the command asks for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use platform::db::{Db, Settings};

use crate::app::{Sections, migrations};
use crate::store;

use super::{ConfigArgs, Loaded};

/// Where the schema of a database is, compared with this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// There are no tables of ours.
    Absent,
    /// Older: `callboard migrate` has something to do.
    Older,
    /// As this binary needs it.
    Current,
    /// Written by a newer binary.
    Newer,
}

/// The configured database.
pub(super) struct Target {
    pub sections: Sections,
    pub settings: Settings,
    /// Folder for files of the portal.
    pub data_dir: PathBuf,
}

impl Target {
    /// Reads where the database is.
    pub(super) fn of(args: &ConfigArgs) -> anyhow::Result<Self> {
        Self::of_loaded(&args.load()?, &args.data)
    }

    /// Where the database of a loaded configuration is.
    pub(super) fn of_loaded(loaded: &Loaded, data: &Path) -> anyhow::Result<Self> {
        let sections = Sections::read(&loaded.config, &loaded.working_dir)?;
        let settings = crate::database::settings(&sections.backend.database, data)?;
        Ok(Self {
            sections,
            settings,
            data_dir: data.to_owned(),
        })
    }

    /// The file of an embedded database that does not exist yet.
    pub(super) fn missing_file(&self) -> Option<&Path> {
        match &self.settings {
            Settings::SqliteFile(path) if !path.exists() => Some(path),
            _ => None,
        }
    }

    /// Connects to a database that exists, whatever its schema is.
    pub(super) async fn connect(&self) -> anyhow::Result<Db> {
        let mut settings = self.settings.clone();
        if let Settings::Postgres(postgres) = &mut settings {
            postgres.ensure_exists = false;
        }
        if let Some(path) = self.missing_file() {
            bail!(
                "there is no database at `{}` yet; `callboard serve` or `callboard migrate` makes \
                 it",
                path.display()
            );
        }
        Db::connect(settings)
            .await
            .context("cannot open the configured database")
    }

    /// Opens a database whose schema is as this binary needs it.
    pub(super) async fn open(&self) -> anyhow::Result<Db> {
        let db = self.connect().await?;
        match schema(&db).await? {
            Schema::Current => Ok(db),
            Schema::Absent => bail!("the database is empty; run `callboard migrate` first"),
            Schema::Older => bail!("the database is of an older version; run `callboard migrate`"),
            Schema::Newer => {
                bail!("the database was written by a newer version of Callboard; run that version")
            }
        }
    }

    /// Opens the database and brings its schema up to date, making it if need be.
    pub(super) async fn open_or_make(&self) -> anyhow::Result<Db> {
        if let Settings::SqliteFile(path) = &self.settings
            && let Some(folder) = path.parent()
        {
            super::ensure_folder(folder)?;
        }
        Db::open(self.settings.clone(), &migrations())
            .await
            .context("cannot open the configured database")
    }
}

/// Compares the schema of a database with this binary.
pub(super) async fn schema(db: &Db) -> anyhow::Result<Schema> {
    let Some(found) = db.read(store::load_versions).await? else {
        return Ok(Schema::Absent);
    };
    let needed = newest();
    let found_of = |feature: &str| found.get(feature).copied().unwrap_or(0);
    if found
        .iter()
        .any(|(feature, version)| needed.get(feature.as_str()).is_none_or(|n| version > n))
    {
        return Ok(Schema::Newer);
    }
    let is_older = needed
        .iter()
        .any(|(feature, version)| found_of(feature) < *version);
    Ok(if is_older {
        Schema::Older
    } else {
        Schema::Current
    })
}

/// The newest version of each feature's schema that this binary knows.
fn newest() -> BTreeMap<&'static str, i64> {
    let mut newest = BTreeMap::new();
    for migration in migrations() {
        let version = newest.entry(migration.feature).or_insert(0);
        *version = migration.version.max(*version);
    }
    newest
}
