//! What the command line asks of tables that the platform keeps.

use std::collections::BTreeMap;

use platform::Result;
use platform::db::{Dialect, Tx};

/// Version of the schema by feature; `None` when the database was never migrated.
pub(crate) fn load_versions(tx: &mut Tx<'_>) -> Result<Option<BTreeMap<String, i64>>> {
    let exists = match tx.dialect() {
        Dialect::Sqlite => "select count(*) from sqlite_master where name = 'platform_migration'",
        Dialect::Postgres => {
            "select count(*) from pg_tables \
             where tablename = 'platform_migration' and schemaname = current_schema()"
        }
    };
    if tx.query_one(exists, &[])?.take::<i64>(0)? == 0 {
        return Ok(None);
    }
    let rows = tx.query(
        "select feature, max(version) from platform_migration group by feature",
        &[],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect::<Result<_>>()
        .map(Some)
}

/// The clock of the database server in milliseconds; `None` where it is ours.
pub(crate) fn load_time(tx: &mut Tx<'_>) -> Result<Option<i64>> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(None);
    }
    let sql =
        "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) from (select 1) t";
    tx.query_one(sql, &[])?.take(0).map(Some)
}
