//! `scaffolder_task`.

use platform::db::{Param, Row, Tx};
use platform::{Millis, Result};

use super::{EVENTS, WORK, sealed};
use crate::task::{Approval, Claimed, NewTask, Order, OrderField, Status, Task, TaskQuery};

const COLUMNS: &str =
    "id, spec, status, created_at, heartbeat_at, created_by, approval, is_cancelled";

pub(crate) fn insert(tx: &mut Tx<'_>, task: &NewTask, now: Millis) -> Result<()> {
    tx.execute(
        "insert into scaffolder_task (id, spec, status, template_ref, created_at, created_by, \
         initiator, secrets, seal_id, approval) \
         values ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $9)",
        &[
            (&task.id).into(),
            (&task.spec).into(),
            (&task.template_ref).into(),
            now.into(),
            task.created_by.as_deref().into(),
            (&task.initiator).into(),
            task.secrets.as_deref().into(),
            task.seal_id.as_deref().into(),
            task.approval.map(Approval::name).into(),
        ],
    )?;
    tx.notify(WORK)
}

/// Lets a task run that waited for it; false when it did not wait.
pub(crate) fn approve(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let n_changed = tx.execute(
        "update scaffolder_task set approval = null \
         where id = $1 and status = 'open' and approval is not null and is_cancelled = 0",
        &[id.into()],
    )?;
    tx.notify(WORK)?;
    Ok(n_changed > 0)
}

/// Who the steps of a task run for.
pub(crate) fn find_initiator(tx: &mut Tx<'_>, id: &str) -> Result<Option<String>> {
    let row = tx.query_opt(
        "select initiator from scaffolder_task where id = $1",
        &[id.into()],
    )?;
    row.map(|mut row| row.take(0)).transpose()
}

pub(crate) fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<Task>> {
    let row = tx.query_opt(
        &format!("select {COLUMNS} from scaffolder_task where id = $1"),
        &[id.into()],
    )?;
    row.map(task).transpose()
}

fn task(mut row: Row) -> Result<Task> {
    Ok(Task {
        id: row.take(0)?,
        spec: row.take(1)?,
        status: Status::of_name(&row.take::<String>(2)?),
        created_at: row.take(3)?,
        heartbeat_at: row.take(4)?,
        created_by: row.take(5)?,
        approval: row
            .take::<Option<String>>(6)?
            .map(|name| Approval::of_name(&name)),
        is_cancelled: row.take::<i64>(7)? != 0,
    })
}

/// The tasks a query asks for, and how many there are in all.
pub(crate) fn list(tx: &mut Tx<'_>, query: &TaskQuery) -> Result<(Vec<Task>, i64)> {
    let mut params: Vec<Param<'_>> = Vec::new();
    let mut conditions = vec!["1 = 1".to_owned()];
    if let Some(creators) = &query.created_by {
        params.push(json(creators).into());
        conditions.push(format!("created_by in {}", tx.each_text(params.len())));
    }
    if let Some(statuses) = &query.status {
        params.push(json(statuses).into());
        let wanted = tx.each_text(params.len());
        let mut condition = if query.tells_cancelled {
            format!(
                "case when status = 'failed' and is_cancelled = 1 then 'cancelled' \
                 else status end in {wanted}"
            )
        } else {
            format!("status in {wanted}")
        };
        // A run that was cancelled ends as failed, as with Backstage.
        if statuses.iter().any(|it| it == Status::Cancelled.name()) {
            condition = format!("({condition} or (status = 'failed' and is_cancelled = 1))");
        }
        conditions.push(condition);
    }
    if let Some(owners) = &query.visible_to {
        params.push(json(owners).into());
        conditions.push(format!("created_by in {}", tx.each_text(params.len())));
    }
    let filter = conditions.join(" and ");
    let total = tx
        .query_one(
            &format!("select count(*) from scaffolder_task where {filter}"),
            &params,
        )?
        .take(0)?;
    params.push(query.limit.into());
    params.push(query.offset.into());
    let order = order(&query.order);
    let (limit, offset) = (params.len() - 1, params.len());
    let rows = tx.query(
        &format!(
            "select {COLUMNS} from scaffolder_task where {filter} order by {order} \
             limit ${limit} offset ${offset}"
        ),
        &params,
    )?;
    let tasks = rows.into_iter().map(task).collect::<Result<_>>()?;
    Ok((tasks, total))
}

pub(super) fn json(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn order(order: &[Order]) -> String {
    let column = |order: &Order| {
        let name = match order.field {
            OrderField::CreatedAt => "created_at",
            OrderField::Status => "status",
            OrderField::CreatedBy => "created_by",
        };
        format!(
            "{name} {}",
            if order.is_descending { "desc" } else { "asc" }
        )
    };
    let mut columns: Vec<String> = order.iter().map(column).collect();
    if columns.is_empty() {
        columns.push("created_at desc".to_owned());
    }
    columns.push("id".to_owned());
    columns.join(", ")
}

/// Takes a task that is open, or whose worker is gone; its fence is a new one.
///
/// Only tasks that this process can open are taken; those that wait for approval are left, unless
/// they were cancelled meanwhile. From here on the task says that the first of `keys` opens it: what
/// is put out from now on is sealed with that one. A cancelled one is only ended, by any process.
pub(crate) fn claim(
    tx: &mut Tx<'_>,
    keys: &[String],
    now: Millis,
    until: Millis,
) -> Result<Option<Claimed>> {
    let (skip, ours) = (tx.skip_locked(), tx.each_text(1));
    let row = tx.query_opt(
        &format!(
            "update scaffolder_task set status = 'processing', fence = fence + 1, \
             locked_until = $3, heartbeat_at = $2, \
             seal_id = case when is_cancelled = 1 then seal_id else coalesce($4, seal_id) end \
             where id in (\
               select id from scaffolder_task \
               where (status = 'open' or (status = 'processing' and locked_until < $2)) \
               and (approval is null or is_cancelled = 1) \
               and (seal_id is null or seal_id in {ours} or is_cancelled = 1) order by created_at, id limit 1 {skip}) \
             returning id, spec, initiator, secrets, fence, is_cancelled"
        ),
        &[
            json(&sealed::marks(keys)).into(),
            now.into(),
            until.into(),
            keys.first().map(|key| sealed::mark(key)).into(),
        ],
    )?;
    row.map(|mut row| {
        Ok(Claimed {
            id: row.take(0)?,
            spec: row.take(1)?,
            initiator: row.take(2)?,
            secrets: row.take(3)?,
            fence: row.take(4)?,
            is_cancelled: row.take::<i64>(5)? != 0,
        })
    })
    .transpose()
}

/// Holds on to a task; `None` when another has it, else whether it is to be cancelled.
pub(crate) fn hold(
    tx: &mut Tx<'_>,
    id: &str,
    fence: i64,
    now: Millis,
    until: Millis,
) -> Result<Option<bool>> {
    let row = tx.query_opt(
        "update scaffolder_task set heartbeat_at = $3, locked_until = $4 \
         where id = $1 and fence = $2 and status = 'processing' returning is_cancelled",
        &[id.into(), fence.into(), now.into(), until.into()],
    )?;
    row.map(|mut row| Ok(row.take::<i64>(0)? != 0)).transpose()
}

/// Ends a task: its secrets are wiped, and it still says which key opens what it put out; false when
/// another has it.
pub(crate) fn finish(
    tx: &mut Tx<'_>,
    id: &str,
    fence: i64,
    status: Status,
    now: Millis,
) -> Result<bool> {
    let n_changed = tx.execute(
        "update scaffolder_task set status = $3, heartbeat_at = $4, locked_until = 0, \
         secrets = null where id = $1 and fence = $2 and status = 'processing'",
        &[id.into(), fence.into(), status.name().into(), now.into()],
    )?;
    tx.notify(EVENTS)?;
    Ok(n_changed > 0)
}

/// Gives a task back, so that another process goes on with it.
pub(crate) fn release(tx: &mut Tx<'_>, id: &str, fence: i64) -> Result<()> {
    tx.execute(
        "update scaffolder_task set locked_until = 0 where id = $1 and fence = $2",
        &[id.into(), fence.into()],
    )?;
    tx.notify(WORK)
}

/// Asks for the end of a task; its secrets are wiped at once.
pub(crate) fn cancel(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    tx.execute(
        "update scaffolder_task set is_cancelled = 1, secrets = null \
         where id = $1 and status in ('open', 'processing')",
        &[id.into()],
    )?;
    tx.notify(WORK)
}

/// What an ended task is opened again with.
pub(crate) struct Reopened<'r> {
    pub secrets: Option<&'r str>,
    /// Which key opens it; what is kept of the run before may want another one.
    pub seal_id: Option<&'r str>,
    /// Who has to approve; one that was cancelled while it waited goes on waiting.
    pub approval: Option<Approval>,
}

/// What a task says of the key that opens what it keeps.
pub(crate) fn find_seal_id(tx: &mut Tx<'_>, id: &str) -> Result<Option<String>> {
    let sql = "select seal_id from scaffolder_task where id = $1";
    tx.query_one(sql, &[id.into()])?.take(0)
}

/// Opens an ended task again.
pub(crate) fn reopen(tx: &mut Tx<'_>, id: &str, reopened: &Reopened<'_>) -> Result<()> {
    tx.execute(
        "update scaffolder_task set status = 'open', is_cancelled = 0, locked_until = 0, \
         secrets = $2, seal_id = $3, approval = coalesce($4, approval) where id = $1",
        &[
            id.into(),
            reopened.secrets.into(),
            reopened.seal_id.into(),
            reopened.approval.map(Approval::name).into(),
        ],
    )?;
    tx.notify(WORK)
}

/// Tasks in work that gave no sign since `before`.
pub(crate) fn list_stale(tx: &mut Tx<'_>, before: Millis) -> Result<Vec<(String, i64)>> {
    let rows = tx.query(
        "select id, fence from scaffolder_task where status = 'processing' and heartbeat_at < $1",
        &[before.into()],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Takes all tasks in work from whoever had them.
pub(crate) fn release_all(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute(
        "update scaffolder_task set locked_until = 0 where status = 'processing'",
        &[],
    )
    .map(drop)
}

/// Removes some of the tasks that ended before a time; their ids.
///
/// A task that is opened again at the same time is looked at again before it goes, and stays.
pub(crate) fn delete_ended(tx: &mut Tx<'_>, before: Millis, limit: i64) -> Result<Vec<String>> {
    let is_old = "status not in ('open', 'processing') and coalesce(heartbeat_at, created_at) < $1";
    let rows = tx.query(
        &format!(
            "delete from scaffolder_task where {is_old} and id in (\
               select id from scaffolder_task where {is_old} order by id limit $2) returning id"
        ),
        &[before.into(), limit.into()],
    )?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}
