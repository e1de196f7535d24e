//! What steps did: `scaffolder_step`, `scaffolder_checkpoint`, `scaffolder_workspace`, and
//! `scaffolder_mask` with what must not be seen of it.

use platform::Result;
use platform::db::Tx;

use crate::task::{Entry, State};

pub(crate) fn upsert(
    tx: &mut Tx<'_>,
    task_id: &str,
    key: &str,
    state: State,
    output: Option<&str>,
) -> Result<()> {
    tx.execute(
        "insert into scaffolder_step (task_id, key, state, output) values ($1, $2, $3, $4) \
         on conflict (task_id, key) do update set state = excluded.state, output = excluded.output",
        &[
            task_id.into(),
            key.into(),
            state.name().into(),
            output.into(),
        ],
    )
    .map(drop)
}

pub(crate) fn list(tx: &mut Tx<'_>, task_id: &str) -> Result<Vec<Entry>> {
    let rows = tx.query(
        "select key, state, output from scaffolder_step where task_id = $1",
        &[task_id.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Entry {
                key: row.take(0)?,
                state: State::of_name(&row.take::<String>(1)?),
                output: row.take(2)?,
            })
        })
        .collect()
}

/// Forgets what did not complete, so that it is done again.
pub(crate) fn delete_incomplete(tx: &mut Tx<'_>, task_id: &str) -> Result<()> {
    tx.execute(
        "delete from scaffolder_step where task_id = $1 and state <> 'completed'",
        &[task_id.into()],
    )
    .map(drop)
}

/// Forgets outputs, which nobody needs when the task is over.
pub(crate) fn forget_outputs(tx: &mut Tx<'_>, task_id: &str) -> Result<()> {
    tx.execute(
        "update scaffolder_step set output = null where task_id = $1",
        &[task_id.into()],
    )
    .map(drop)
}

/// Adds texts that must not be seen, sealed.
pub(crate) fn insert_mask(tx: &mut Tx<'_>, task_id: &str, content: &str) -> Result<()> {
    tx.execute(
        "insert into scaffolder_mask (task_id, content) values ($1, $2)",
        &[task_id.into(), content.into()],
    )
    .map(drop)
}

/// Texts that must not be seen, sealed.
pub(crate) fn list_masks(tx: &mut Tx<'_>, task_id: &str) -> Result<Vec<String>> {
    let rows = tx.query(
        "select content from scaffolder_mask where task_id = $1",
        &[task_id.into()],
    )?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// Forgets what must not be seen, together with all that could tell of it.
pub(crate) fn delete_masks(tx: &mut Tx<'_>, task_id: &str) -> Result<()> {
    tx.execute(
        "delete from scaffolder_mask where task_id = $1",
        &[task_id.into()],
    )
    .map(drop)
}

/// Forgets what a checkpoint tells of with the others of its step or round, and that the step came to an
/// end, so that it is done again.
pub(crate) fn forget(tx: &mut Tx<'_>, task_id: &str, checkpoint: &str) -> Result<()> {
    let index = checkpoint.split('.').next().unwrap_or(checkpoint);
    let rounds = format!("{index}.%");
    tx.execute(
        "delete from scaffolder_step where task_id = $1 and (key = $2 or key like $3)",
        &[task_id.into(), index.into(), rounds.as_str().into()],
    )?;
    let name = checkpoint.rsplit('.').next().unwrap_or_default();
    let round = checkpoint.strip_suffix(name).unwrap_or(checkpoint);
    tx.execute(
        "delete from scaffolder_checkpoint \
         where task_id = $1 and substr(key, 1, length(cast($2 as text))) = $2",
        &[task_id.into(), round.into()],
    )
    .map(drop)
}

/// Results of parts of steps, by their keys.
pub(crate) fn list_checkpoints(tx: &mut Tx<'_>, task_id: &str) -> Result<Vec<(String, String)>> {
    let rows = tx.query(
        "select key, value from scaffolder_checkpoint where task_id = $1 order by key",
        &[task_id.into()],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Forgets everything that steps did.
pub(crate) fn delete_all(tx: &mut Tx<'_>, task_id: &str) -> Result<()> {
    for statement in [
        "delete from scaffolder_step where task_id = $1",
        "delete from scaffolder_checkpoint where task_id = $1",
        "delete from scaffolder_workspace where task_id = $1",
    ] {
        tx.execute(statement, &[task_id.into()])?;
    }
    Ok(())
}

pub(crate) fn load_checkpoint(tx: &mut Tx<'_>, task_id: &str, key: &str) -> Result<Option<String>> {
    let row = tx.query_opt(
        "select value from scaffolder_checkpoint where task_id = $1 and key = $2",
        &[task_id.into(), key.into()],
    )?;
    row.map(|mut row| row.take(0)).transpose()
}

pub(crate) fn upsert_checkpoint(
    tx: &mut Tx<'_>,
    task_id: &str,
    key: &str,
    value: &str,
) -> Result<()> {
    tx.execute(
        "insert into scaffolder_checkpoint (task_id, key, value) values ($1, $2, $3) \
         on conflict (task_id, key) do update set value = excluded.value",
        &[task_id.into(), key.into(), value.into()],
    )
    .map(drop)
}

pub(crate) fn load_workspace(tx: &mut Tx<'_>, task_id: &str) -> Result<Option<Vec<u8>>> {
    let row = tx.query_opt(
        "select content from scaffolder_workspace where task_id = $1",
        &[task_id.into()],
    )?;
    row.map(|mut row| row.take(0)).transpose()
}

pub(crate) fn upsert_workspace(tx: &mut Tx<'_>, task_id: &str, content: &[u8]) -> Result<()> {
    tx.execute(
        "insert into scaffolder_workspace (task_id, content) values ($1, $2) \
         on conflict (task_id) do update set content = excluded.content",
        &[task_id.into(), content.into()],
    )
    .map(drop)
}

pub(crate) fn delete_workspace(tx: &mut Tx<'_>, task_id: &str) -> Result<()> {
    tx.execute(
        "delete from scaffolder_workspace where task_id = $1",
        &[task_id.into()],
    )
    .map(drop)
}
