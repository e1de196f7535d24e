//! `catalog_removed`: what went lately.
//!
//! Invariants: bounded in number, age and the size of each; long texts are cut to a length at which
//! conditions no longer look at them, so that who could see an entity can still be told.

use platform::clock::millis;
use platform::db::{Row, Tx};
use platform::{Millis, Result};
use serde_json::Value;
use std::time::Duration;

use super::query_texts;

/// How long removals are kept.
const KEPT: Duration = Duration::from_hours(24 * 90);
/// How many are kept, the newest.
const MAX_KEPT: i64 = 10_000;
/// What goes by more than this at once has not been renamed.
const MAX_AT_ONCE: usize = 1000;
/// Longer texts are no search rows, hence no condition can tell them apart.
const MAX_TEXT: usize = 201;
/// Larger entities are not read: many at once would hold up who writes.
const MAX_READ: usize = 256 * 1024;
/// Those that are larger without their long texts are not kept.
const MAX_BODY: usize = 16 * 1024;
/// An `orphan_at` below this is a mark and no time.
const FIRST_TIME: Millis = 2;

/// An entity that went.
pub(crate) struct Removed {
    /// When it was deleted.
    pub at: Millis,
    /// When it was no longer emitted.
    pub gone_at: Millis,
    /// As it was served last, with long texts cut off.
    pub body: String,
}

/// Remembers entities that are about to be deleted.
pub(crate) fn remember(tx: &mut Tx<'_>, refs: &[String], now: Millis) -> Result<()> {
    if refs.len() > MAX_AT_ONCE {
        return Ok(());
    }
    let sql = format!(
        "select r.ref, r.orphan_at, e.body from catalog_refresh r \
         join catalog_entity e on e.id = r.id \
         where r.ref in {} and length(e.body) <= {MAX_READ}",
        tx.each_text(1)
    );
    let mut kept: Vec<(String, Millis, String)> = Vec::new();
    for mut row in query_texts(tx, &sql, refs)? {
        let orphan_at: Option<Millis> = row.take(1)?;
        let gone_at = orphan_at.filter(|at| *at >= FIRST_TIME).unwrap_or(now);
        if let Some(body) = shortened(&row.take::<String>(2)?) {
            kept.push((row.take(0)?, gone_at, body));
        }
    }
    let rows: Vec<_> = kept
        .iter()
        .map(|(entity_ref, gone_at, body)| {
            vec![
                entity_ref.into(),
                now.into(),
                (*gone_at).into(),
                body.into(),
            ]
        })
        .collect();
    let conflict = "on conflict (ref) do update set \
        at = excluded.at, gone_at = excluded.gone_at, body = excluded.body";
    tx.insert("catalog_removed (ref, at, gone_at, body)", &rows, conflict)
}

/// The body with its long texts cut off; `None` if it is too large all the same.
fn shortened(body: &str) -> Option<String> {
    let mut entity: Value = serde_json::from_str(body).ok()?;
    shorten(&mut entity);
    Some(entity.to_string()).filter(|text| text.len() <= MAX_BODY)
}

/// Cuts long texts off.
pub(crate) fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
                text.truncate(end);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(members) => members.values_mut().for_each(shorten),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What went under a reference.
pub(crate) fn find(tx: &mut Tx<'_>, entity_ref: &str) -> Result<Option<Removed>> {
    let row = tx.query_opt(
        "select at, gone_at, body from catalog_removed where ref = $1",
        &[entity_ref.into()],
    )?;
    let removed = |mut row: Row| {
        Ok(Removed {
            at: row.take(0)?,
            gone_at: row.take(1)?,
            body: row.take(2)?,
        })
    };
    row.map(removed).transpose()
}

/// Forgets what went long ago, and the oldest when there are too many.
pub(crate) fn prune(tx: &mut Tx<'_>, now: Millis) -> Result<()> {
    tx.execute(
        "delete from catalog_removed where at < $1",
        &[(now - millis(KEPT)).into()],
    )?;
    tx.execute(
        "delete from catalog_removed where ref in \
         (select ref from catalog_removed order by at desc limit $1 offset $1)",
        &[MAX_KEPT.into()],
    )
    .map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_texts_are_cut_and_large_entities_are_not_kept() {
        let long = "ä".repeat(5000);
        let body = json!({"spec": {"definition": long, "type": "t"}}).to_string();
        let kept: Value = serde_json::from_str(&shortened(&body).unwrap()).unwrap();
        let definition = kept["spec"]["definition"].as_str().unwrap();
        assert_eq!(definition.chars().count(), MAX_TEXT);
        assert_eq!(kept["spec"]["type"], "t");
        let many: Vec<String> = (0..5000).map(|n| format!("tag-{n}")).collect();
        assert_eq!(shortened(&json!({ "tags": many }).to_string()), None);
    }
}
