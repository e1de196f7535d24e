//! `catalog_location`: locations registered through the API.
//!
//! Invariants: every change of them is in the change log.

use platform::db::{Row, Tx};
use platform::{Millis, Result};

use super::changes;
use crate::model::Location;

const COLUMNS: &str = "id, type, target, entity_ref";

fn location(mut row: Row) -> Result<Location> {
    Ok(Location {
        id: row.take(0)?,
        kind: row.take(1)?,
        target: row.take(2)?,
        entity_ref: row.take(3)?,
    })
}

pub(crate) fn list(tx: &mut Tx<'_>) -> Result<Vec<Location>> {
    let sql = format!("select {COLUMNS} from catalog_location order by id");
    tx.query(&sql, &[])?.into_iter().map(location).collect()
}

pub(crate) fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<Location>> {
    let sql = format!("select {COLUMNS} from catalog_location where id = $1");
    tx.query_opt(&sql, &[id.into()])?.map(location).transpose()
}

pub(crate) fn find_by_target(
    tx: &mut Tx<'_>,
    kind: &str,
    target: &str,
) -> Result<Option<Location>> {
    let sql = format!("select {COLUMNS} from catalog_location where type = $1 and target = $2");
    tx.query_opt(&sql, &[kind.into(), target.into()])?
        .map(location)
        .transpose()
}

/// Whether an entity stands for a registered location.
pub(crate) fn has_entity(tx: &mut Tx<'_>, entity_ref: &str) -> Result<bool> {
    let sql = "select 1 from catalog_location where entity_ref = $1 limit 1";
    Ok(tx.query_opt(sql, &[entity_ref.into()])?.is_some())
}

pub(crate) fn insert(tx: &mut Tx<'_>, location: &Location, now: Millis) -> Result<()> {
    tx.execute(
        "insert into catalog_location (id, type, target, entity_ref) values ($1, $2, $3, $4)",
        &[
            (&location.id).into(),
            (&location.kind).into(),
            (&location.target).into(),
            (&location.entity_ref).into(),
        ],
    )?;
    changes::touch_locations(tx, now)
}

/// Changes type and target; the entity reference stays, as recorded.
pub(crate) fn update(tx: &mut Tx<'_>, location: &Location, now: Millis) -> Result<()> {
    tx.execute(
        "update catalog_location set type = $2, target = $3 where id = $1",
        &[
            (&location.id).into(),
            (&location.kind).into(),
            (&location.target).into(),
        ],
    )?;
    changes::touch_locations(tx, now)
}

pub(crate) fn delete(tx: &mut Tx<'_>, id: &str, now: Millis) -> Result<()> {
    tx.execute("delete from catalog_location where id = $1", &[id.into()])?;
    changes::touch_locations(tx, now)
}

pub(crate) fn count(tx: &mut Tx<'_>) -> Result<i64> {
    tx.query_one("select count(*) from catalog_location", &[])?
        .take(0)
}
