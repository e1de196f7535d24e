//! `scaffolder_event`.

use platform::db::{Param, Row, Tx};
use platform::{Millis, Result};

use super::EVENTS;
use crate::task::{Event, NewEvent};

/// Events of one read; there may be more after the last one of so many.
pub(crate) const PAGE: usize = 1_000;

pub(crate) fn insert(
    tx: &mut Tx<'_>,
    task_id: &str,
    events: &[NewEvent],
    now: Millis,
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<Param<'_>>> = events
        .iter()
        .map(|event| {
            let body = event.body.to_string();
            vec![
                task_id.into(),
                event.kind.name().into(),
                body.into(),
                now.into(),
            ]
        })
        .collect();
    tx.execute_each(
        "insert into scaffolder_event (task_id, type, body, created_at) values ($1, $2, $3, $4)",
        &rows,
    )?;
    tx.notify(EVENTS)
}

/// The first [`PAGE`] events after one; the completion is among them if so wanted, even if it was
/// before.
pub(crate) fn list(
    tx: &mut Tx<'_>,
    task_id: &str,
    after: i64,
    with_completion: bool,
) -> Result<Vec<Event>> {
    // Without the alternative, what was seen already is not read again.
    let which = if with_completion {
        "(id > $2 or type = 'completion')"
    } else {
        "id > $2"
    };
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let rows = tx.query(
        &format!(
            "select id, type, body, created_at from scaffolder_event \
             where task_id = $1 and {which} order by id limit $3"
        ),
        &[task_id.into(), after.into(), limit.into()],
    )?;
    rows.into_iter().map(event).collect()
}

fn event(mut row: Row) -> Result<Event> {
    Ok(Event {
        id: row.take(0)?,
        kind: row.take(1)?,
        body: row.take(2)?,
        created_at: row.take(3)?,
    })
}

/// The body of the last event that names a step.
pub(crate) fn find_last_of_step(tx: &mut Tx<'_>, task_id: &str) -> Result<Option<String>> {
    let row = tx.query_opt(
        "select body from scaffolder_event where task_id = $1 and body like '%\"stepId\":%' \
         order by id desc limit 1",
        &[task_id.into()],
    )?;
    row.map(|mut row| row.take(0)).transpose()
}

/// Forgets how a task ended.
pub(crate) fn delete_ends(tx: &mut Tx<'_>, task_id: &str) -> Result<()> {
    tx.execute(
        "delete from scaffolder_event where task_id = $1 and type in ('completion', 'cancelled')",
        &[task_id.into()],
    )
    .map(drop)
}

/// Forgets what watchers of a task were told.
pub(crate) fn delete_all(tx: &mut Tx<'_>, task_id: &str) -> Result<()> {
    tx.execute(
        "delete from scaffolder_event where task_id = $1",
        &[task_id.into()],
    )
    .map(drop)
}
