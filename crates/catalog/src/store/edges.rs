//! `catalog_edge`: who emitted what.

use std::collections::{HashMap, HashSet};

use platform::Result;
use platform::db::Tx;

use crate::model::Source;

use super::{execute_texts, first_column, query_texts};

pub(crate) fn insert(tx: &mut Tx<'_>, source: &Source, targets: &[&str]) -> Result<()> {
    let rows: Vec<_> = targets
        .iter()
        .map(|target| {
            vec![
                source.name().into(),
                source.is_root().into(),
                (*target).into(),
            ]
        })
        .collect();
    let into = "catalog_edge (source, is_root, target)";
    tx.insert(into, &rows, "on conflict do nothing")
}

pub(crate) fn delete(tx: &mut Tx<'_>, source: &Source, targets: &[String]) -> Result<()> {
    let sql = format!(
        "delete from catalog_edge where source = $2 and is_root = $3 and target in {}",
        tx.each_text(1)
    );
    let source = [source.name().into(), source.is_root().into()];
    execute_texts(tx, &sql, targets, &source).map(drop)
}

/// Everything a source emits.
pub(crate) fn load_targets(tx: &mut Tx<'_>, source: &Source) -> Result<HashSet<String>> {
    let rows = tx.query(
        "select target from catalog_edge where source = $1 and is_root = $2",
        &[source.name().into(), source.is_root().into()],
    )?;
    first_column(rows)
}

/// Everything the entities emit, by emitting entity.
pub(crate) fn load_children(tx: &mut Tx<'_>, refs: &[String]) -> Result<Vec<(String, String)>> {
    let sql = format!(
        "select source, target from catalog_edge where is_root = false and source in {}",
        tx.each_text(1)
    );
    query_texts(tx, &sql, refs)?
        .into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Of these entities, those that emit anything.
pub(crate) fn list_emitters(tx: &mut Tx<'_>, refs: &[&str]) -> Result<Vec<String>> {
    let sql = format!(
        "select distinct source from catalog_edge where is_root = false and source in {}",
        tx.each_text(1)
    );
    first_column(query_texts(tx, &sql, refs)?)
}

/// The sources of each of the entities; one without sources is absent.
pub(crate) fn load_sources(
    tx: &mut Tx<'_>,
    refs: &[String],
) -> Result<HashMap<String, Vec<Source>>> {
    let sql = format!(
        "select target, source, is_root from catalog_edge where target in {} order by source",
        tx.each_text(1)
    );
    let mut found: HashMap<String, Vec<Source>> = HashMap::new();
    for mut row in query_texts(tx, &sql, refs)? {
        let name = row.take(1)?;
        let source = if row.take(2)? {
            Source::Provider(name)
        } else {
            Source::Entity(name)
        };
        found.entry(row.take(0)?).or_default().push(source);
    }
    Ok(found)
}

/// Deletes every edge from or to the entities.
pub(crate) fn delete_of(tx: &mut Tx<'_>, refs: &[String]) -> Result<()> {
    let from = format!(
        "delete from catalog_edge where is_root = false and source in {}",
        tx.each_text(1)
    );
    let to = format!(
        "delete from catalog_edge where target in {}",
        tx.each_text(1)
    );
    execute_texts(tx, &from, refs, &[])?;
    execute_texts(tx, &to, refs, &[]).map(drop)
}

/// How many entities each provider emits itself.
pub(crate) fn count_by_provider(tx: &mut Tx<'_>) -> Result<HashMap<String, i64>> {
    let rows = tx.query(
        "select source, count(*) from catalog_edge where is_root = true group by source",
        &[],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Names of providers that emit anything.
pub(crate) fn list_providers(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let rows = tx.query(
        "select distinct source from catalog_edge where is_root = true",
        &[],
    )?;
    first_column(rows)
}
