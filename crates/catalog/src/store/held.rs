//! `catalog_held_mutation`: removals that are too large, by provider or by reference of the location.

use platform::db::Tx;
use platform::{Millis, Result};
use serde_json::Value;

use crate::model::HeldMutation;

use super::execute_texts;

/// A mutation to hold.
pub(crate) struct Held<'a> {
    pub provider: &'a str,
    pub n_before: i64,
    pub n_removed: i64,
    /// JSON array of the first references that would go.
    pub removed: String,
}

/// Whether the removal of this many entities was approved; approval is used up.
pub(crate) fn take_approval(tx: &mut Tx<'_>, provider: &str, n_removed: i64) -> Result<bool> {
    let taken = tx.execute(
        "delete from catalog_held_mutation \
         where provider = $1 and n_removed >= $2 and approved = true",
        &[provider.into(), n_removed.into()],
    )?;
    Ok(taken > 0)
}

/// Holds a mutation; `true` when it was not held already.
pub(crate) fn hold(tx: &mut Tx<'_>, held: &Held<'_>, now: Millis) -> Result<bool> {
    let changed = tx.execute(
        "insert into catalog_held_mutation \
         (provider, n_removed, n_before, removed, approved, at) \
         values ($1, $2, $3, $4, false, $5) on conflict (provider) do update set \
         n_removed = excluded.n_removed, n_before = excluded.n_before, \
         removed = excluded.removed, approved = false, at = excluded.at \
         where catalog_held_mutation.removed <> excluded.removed \
         or catalog_held_mutation.n_removed <> excluded.n_removed",
        &[
            held.provider.into(),
            held.n_removed.into(),
            held.n_before.into(),
            (&held.removed).into(),
            now.into(),
        ],
    )?;
    Ok(changed > 0)
}

/// Makes the next outcome of a location whose removals are held count, even if it is the same as the
/// last one: it may still ask for them.
pub(crate) fn ask_again(tx: &mut Tx<'_>, location: &str) -> Result<()> {
    let sql = "update catalog_refresh set result_hash = null where ref = $1";
    tx.execute(sql, &[location.into()]).map(drop)
}

/// Forgets a held mutation, because it was rejected or no longer asked for.
pub(crate) fn release(tx: &mut Tx<'_>, provider: &str) -> Result<bool> {
    let sql = "delete from catalog_held_mutation where provider = $1";
    Ok(tx.execute(sql, &[provider.into()])? > 0)
}

/// Forgets what is held of entities that are gone.
pub(crate) fn release_entities(tx: &mut Tx<'_>, refs: &[String]) -> Result<()> {
    // Nothing else emits so much.
    let locations: Vec<&String> = refs
        .iter()
        .filter(|entity| entity.starts_with("location:"))
        .collect();
    let sql = format!(
        "delete from catalog_held_mutation where provider in {}",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, locations, &[]).map(drop)
}

/// Approves a held mutation; `false` when none is held.
pub(crate) fn approve(tx: &mut Tx<'_>, provider: &str) -> Result<bool> {
    let sql = "update catalog_held_mutation set approved = true where provider = $1";
    Ok(tx.execute(sql, &[provider.into()])? > 0)
}

pub(crate) fn list(tx: &mut Tx<'_>) -> Result<Vec<HeldMutation>> {
    let rows = tx.query(
        "select h.provider, h.n_before, h.n_removed, h.removed, h.approved, h.at, r.unprocessed \
         from catalog_held_mutation h left join catalog_refresh r on r.ref = h.provider \
         order by h.provider",
        &[],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let removed: String = row.take(3)?;
            let location: Option<String> = row.take(6)?;
            Ok(HeldMutation {
                provider: row.take(0)?,
                location: location.as_deref().and_then(target),
                entities_before: row.take(1)?,
                entities_removed: row.take(2)?,
                sample: serde_json::from_str(&removed).unwrap_or_default(),
                approved: row.take(4)?,
                held_at: row.take(5)?,
            })
        })
        .collect()
}

/// The first target of a location, with its type where it has one of its own.
fn target(location: &str) -> Option<String> {
    let location: Value = serde_json::from_str(location).ok()?;
    let spec = location.get("spec")?;
    let first = spec.get("target").or_else(|| spec.get("targets")?.get(0));
    let first = first?.as_str()?;
    Some(match spec.get("type").and_then(Value::as_str) {
        Some(kind) => format!("{kind}:{first}"),
        None => first.to_owned(),
    })
}
