//! `permission_decision`.

use platform::Result;
use platform::db::{Param, Tx};

use crate::recorder::Recorded;

/// Rows that are kept.
const MAX_ROWS: i64 = 100_000;

/// Adds decisions to those that are there; the oldest go when there are too many.
pub(crate) fn upsert(tx: &mut Tx<'_>, rows: &[Recorded]) -> Result<()> {
    let params = |row: &Recorded| -> Vec<Param<'_>> {
        vec![
            row.user.clone().into(),
            row.permission.clone().into(),
            row.action.clone().unwrap_or_default().into(),
            row.resource_type.clone().unwrap_or_default().into(),
            row.decision.clone().into(),
            row.n_times.into(),
            row.last_at.into(),
        ]
    };
    let rows: Vec<_> = rows.iter().map(params).collect();
    tx.execute_each(
        "insert into permission_decision \
         (user_ref, permission, action, resource_type, decision, n_times, last_at) \
         values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (user_ref, permission, action, resource_type) do update set \
         decision = excluded.decision, last_at = excluded.last_at, \
         n_times = permission_decision.n_times + excluded.n_times",
        &rows,
    )?;
    let mut kept = tx.query(
        "select last_at from permission_decision order by last_at desc limit 1 offset $1",
        &[MAX_ROWS.into()],
    )?;
    if let Some(row) = kept.first_mut() {
        let oldest: i64 = row.take(0)?;
        tx.execute(
            "delete from permission_decision where last_at <= $1",
            &[oldest.into()],
        )?;
    }
    Ok(())
}

/// All that are kept, by user.
pub(crate) fn list(tx: &mut Tx<'_>) -> Result<Vec<Recorded>> {
    let rows = tx.query(
        "select user_ref, permission, action, resource_type, decision, n_times, last_at \
         from permission_decision order by user_ref, permission, action, resource_type",
        &[],
    )?;
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    rows.into_iter()
        .map(|mut row| {
            Ok(Recorded {
                user: row.take(0)?,
                permission: row.take(1)?,
                action: given(row.take(2)?),
                resource_type: given(row.take(3)?),
                decision: row.take(4)?,
                n_times: row.take(5)?,
                last_at: row.take(6)?,
            })
        })
        .collect()
}
