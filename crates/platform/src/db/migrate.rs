//! Forward-only schema migrations, run under the writer's lock.

use crate::clock::Clock;
use crate::error::{Error, Result};

use super::tx::{Dialect, Tx};

/// One step of a feature's schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Feature that owns the tables.
    pub feature: &'static str,
    /// Number of the step, from one, without gaps.
    pub version: i64,
    /// What the step is about.
    pub name: &'static str,
    /// Statements for SQLite.
    pub sqlite: &'static str,
    /// Statements for PostgreSQL.
    pub postgres: &'static str,
}

const PLATFORM: &str = "
create table if not exists platform_migration (
  feature text not null,
  version bigint not null,
  name text not null,
  applied_at bigint not null,
  primary key (feature, version)
);
create table if not exists platform_lease (
  name text primary key,
  holder text not null,
  token bigint not null,
  expires_at bigint not null
);";

/// Applies what is missing; fails without a change when the schema is newer than `migrations`.
pub(super) fn run(tx: &mut Tx<'_>, migrations: &[Migration]) -> Result<()> {
    tx.batch(PLATFORM)?;
    let applied = applied_versions(tx)?;
    refuse_newer(&applied, migrations)?;
    let dialect = tx.dialect();
    for migration in migrations {
        let done = applied.iter().any(|(feature, version)| {
            feature == migration.feature && *version >= migration.version
        });
        if !done {
            apply(tx, migration, dialect)?;
        }
    }
    Ok(())
}

fn applied_versions(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>> {
    let rows = tx.query(
        "select feature, max(version) from platform_migration group by feature",
        &[],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

fn refuse_newer(applied: &[(String, i64)], migrations: &[Migration]) -> Result<()> {
    for (feature, version) in applied {
        let known = migrations
            .iter()
            .filter(|m| m.feature == feature)
            .map(|m| m.version)
            .max()
            .unwrap_or(0);
        if *version > known {
            return Err(Error::unavailable(format!(
                "the database was written by a newer version of Callboard (`{feature}` schema \
                 {version}, this binary knows {known}): run that version or a later one"
            )));
        }
    }
    Ok(())
}

fn apply(tx: &mut Tx<'_>, migration: &Migration, dialect: Dialect) -> Result<()> {
    tx.batch(match dialect {
        Dialect::Sqlite => migration.sqlite,
        Dialect::Postgres => migration.postgres,
    })
    .map_err(|error| {
        let Migration {
            feature,
            version,
            name,
            ..
        } = migration;
        Error::internal(format!("migration {feature}/{version} ({name}) failed")).with_source(error)
    })?;
    tx.execute(
        "insert into platform_migration (feature, version, name, applied_at) \
         values ($1, $2, $3, $4)",
        &[
            migration.feature.into(),
            migration.version.into(),
            migration.name.into(),
            Clock::system().now().into(),
        ],
    )?;
    tracing::info!(
        feature = migration.feature,
        version = migration.version,
        "schema migrated"
    );
    Ok(())
}
