//! SQL of the audit log.

use std::fmt::Write as _;

use platform::db::{Migration, Param, Row, Tx};
use platform::{Error, Millis, Result};

use crate::record::{Event, Origin, Outcome, Record, Via};
use crate::service::Query;
use crate::tell::tell;

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[Migration {
    feature: "audit",
    version: 1,
    name: "record",
    sqlite: include_str!("../migrations/0001_record.sql"),
    postgres: include_str!("../migrations/0001_record.sql"),
}];

const COLUMNS: &str = "seq, at, via, action, actor, on_behalf_of, client, address, subject, \
                       before_digest, after_digest, outcome, detail, request_id, hash";

/// Where the chain begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: String,
    pub(crate) horizon_seq: i64,
    pub(crate) horizon_hash: String,
}

/// Appends a record in a transaction of [`Db::write`](platform::db::Db::write), whose order is that
/// of commits.
pub fn record(tx: &mut Tx<'_>, origin: &Origin, event: &Event, now: Millis) -> Result<()> {
    let head = load_head(tx)?;
    let mut record = Record {
        seq: head.seq + 1,
        at: now,
        via: origin.via,
        action: event.action.clone(),
        actor: origin.actor.clone(),
        on_behalf_of: origin.on_behalf_of.clone(),
        client: origin.client.clone(),
        address: origin.address.clone(),
        subject: event.subject.clone(),
        before: event.before.clone(),
        after: event.after.clone(),
        outcome: event.outcome,
        detail: event.detail.clone(),
        request_id: origin.request_id.clone(),
        hash: String::new(),
    };
    record.hash = record.hash_after(&head.hash);
    insert_record(tx, &record)?;
    tx.execute(
        "update audit_head set seq = $1, hash = $2 where id = 1",
        &[record.seq.into(), (&record.hash).into()],
    )?;
    tx.after_commit(move || tell(&record));
    Ok(())
}

pub(crate) fn load_head(tx: &mut Tx<'_>) -> Result<Head> {
    let mut row = tx.query_one(
        "select seq, hash, horizon_seq, horizon_hash from audit_head where id = 1",
        &[],
    )?;
    Ok(Head {
        seq: row.take(0)?,
        hash: row.take(1)?,
        horizon_seq: row.take(2)?,
        horizon_hash: row.take(3)?,
    })
}

fn insert_record(tx: &mut Tx<'_>, record: &Record) -> Result<()> {
    tx.execute(
        "insert into audit_record (seq, at, via, action, actor, on_behalf_of, client, address, \
         subject, before_digest, after_digest, outcome, detail, request_id, hash) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &[
            record.seq.into(),
            record.at.into(),
            record.via.name().into(),
            (&record.action).into(),
            (&record.actor).into(),
            record.on_behalf_of.as_deref().into(),
            record.client.as_deref().into(),
            record.address.as_deref().into(),
            (&record.subject).into(),
            record.before.as_deref().into(),
            record.after.as_deref().into(),
            record.outcome.name().into(),
            record.detail.as_deref().into(),
            record.request_id.as_deref().into(),
            (&record.hash).into(),
        ],
    )
    .map(drop)
}

/// Records from a number on, ascending.
pub(crate) fn list_from(tx: &mut Tx<'_>, seq: i64, limit: i64) -> Result<Vec<Record>> {
    let sql = format!("select {COLUMNS} from audit_record where seq >= $1 order by seq limit $2");
    let rows = tx.query(&sql, &[seq.into(), limit.into()])?;
    rows.into_iter().map(read).collect()
}

/// Records that a query asks for, the newest first.
pub(crate) fn list_matching(tx: &mut Tx<'_>, query: &Query, limit: i64) -> Result<Vec<Record>> {
    let mut sql = format!("select {COLUMNS} from audit_record where seq < $1");
    let mut params: Vec<Param<'_>> = vec![query.before_seq.unwrap_or(i64::MAX).into()];
    let texts = [
        ("actor", &query.actor),
        ("on_behalf_of", &query.on_behalf_of),
        ("action", &query.action),
        ("subject", &query.subject),
        ("outcome", &query.outcome),
        ("request_id", &query.request_id),
    ];
    for (column, value) in texts {
        if let Some(value) = value {
            params.push(value.into());
            let _ = write!(sql, " and {column} = ${}", params.len());
        }
    }
    for (condition, value) in [("at >=", query.since), ("at <", query.until)] {
        if let Some(value) = value {
            params.push(value.into());
            let _ = write!(sql, " and {condition} ${}", params.len());
        }
    }
    params.push(limit.into());
    // Writing to a string cannot fail.
    let _ = write!(sql, " order by seq desc limit ${}", params.len());
    let rows = tx.query(&sql, &params)?;
    rows.into_iter().map(read).collect()
}

/// Removes what is older than a time, and moves the begin of the chain; how many were removed.
pub(crate) fn delete_before(tx: &mut Tx<'_>, time: Millis) -> Result<u64> {
    // Everything before the first record that is young enough: clocks may go back, numbers do not.
    let keep = tx.query_one(
        "select min(seq) from audit_record where at >= $1",
        &[time.into()],
    )?;
    let keep: Option<i64> = { keep }.take(0)?;
    let last = match keep {
        Some(keep) => keep - 1,
        None => load_head(tx)?.seq,
    };
    let row = tx.query_opt(
        "select hash from audit_record where seq = $1",
        &[last.into()],
    )?;
    let Some(mut row) = row else {
        return Ok(0);
    };
    let hash: String = row.take(0)?;
    tx.execute(
        "update audit_head set horizon_seq = $1, horizon_hash = $2 where id = 1",
        &[last.into(), hash.into()],
    )?;
    tx.execute("delete from audit_record where seq <= $1", &[last.into()])
}

fn read(mut row: Row) -> Result<Record> {
    let via: String = row.take(2)?;
    let outcome: String = row.take(11)?;
    let unknown = || Error::internal("an audit record has an unknown name");
    Ok(Record {
        seq: row.take(0)?,
        at: row.take(1)?,
        via: Via::of_name(&via).ok_or_else(unknown)?,
        action: row.take(3)?,
        actor: row.take(4)?,
        on_behalf_of: row.take(5)?,
        client: row.take(6)?,
        address: row.take(7)?,
        subject: row.take(8)?,
        before: row.take(9)?,
        after: row.take(10)?,
        outcome: Outcome::of_name(&outcome).ok_or_else(unknown)?,
        detail: row.take(12)?,
        request_id: row.take(13)?,
        hash: row.take(14)?,
    })
}
