//! `catalog_relation`: relations in both directions, by the entity that gave rise to them.

use std::collections::{HashMap, HashSet};

use platform::Result;
use platform::db::Tx;

use crate::model::Relation;

use super::{first_column, query_ints, query_texts};

/// Relations that entities gave rise to, by row id of the entity.
pub(crate) fn load_by_origin(
    tx: &mut Tx<'_>,
    ids: &[i64],
) -> Result<HashMap<i64, HashSet<Relation>>> {
    let sql = format!(
        "select origin_id, source, type, target from catalog_relation where origin_id in {}",
        tx.each_int(1)
    );
    let mut found: HashMap<i64, HashSet<Relation>> = HashMap::new();
    for mut row in query_ints(tx, &sql, ids)? {
        let relation = Relation {
            source: row.take(1)?,
            kind: row.take(2)?,
            target: row.take(3)?,
        };
        found.entry(row.take(0)?).or_default().insert(relation);
    }
    Ok(found)
}

pub(crate) fn insert(tx: &mut Tx<'_>, rows: &[(i64, &Relation)]) -> Result<()> {
    let into = "catalog_relation (origin_id, source, type, target)";
    tx.insert(into, &params(rows), "on conflict do nothing")
}

pub(crate) fn delete(tx: &mut Tx<'_>, rows: &[(i64, &Relation)]) -> Result<()> {
    let sql = "delete from catalog_relation \
        where origin_id = $1 and source = $2 and type = $3 and target = $4";
    tx.execute_each(sql, &params(rows)).map(drop)
}

fn params<'a>(rows: &'a [(i64, &'a Relation)]) -> Vec<Vec<platform::db::Param<'a>>> {
    rows.iter()
        .map(|(id, relation)| {
            vec![
                (*id).into(),
                (&relation.source).into(),
                (&relation.kind).into(),
                (&relation.target).into(),
            ]
        })
        .collect()
}

/// Deletes what the entities gave rise to; the entities that showed it.
pub(crate) fn delete_by_origin(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashSet<String>> {
    let sql = format!(
        "delete from catalog_relation where origin_id in {} returning source",
        tx.each_int(1)
    );
    first_column(query_ints(tx, &sql, ids)?)
}

/// The relations each entity shows: distinct `(type, target)` pairs, unordered.
pub(crate) fn load_shown(
    tx: &mut Tx<'_>,
    refs: &[String],
) -> Result<HashMap<String, Vec<(String, String)>>> {
    let sql = format!(
        "select distinct source, type, target from catalog_relation where source in {}",
        tx.each_text(1)
    );
    let mut found: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for mut row in query_texts(tx, &sql, refs)? {
        let source: String = row.take(0)?;
        found
            .entry(source)
            .or_default()
            .push((row.take(1)?, row.take(2)?));
    }
    Ok(found)
}

pub(crate) fn count(tx: &mut Tx<'_>) -> Result<i64> {
    tx.query_one("select count(*) from catalog_relation", &[])?
        .take(0)
}
