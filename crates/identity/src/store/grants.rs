//! Rows of `auth_grant`.

use platform::db::{Row, Tx};
use platform::{Millis, Result};

use crate::server::Grant;

const COLUMNS: &str = "kind, id, owner, digest, body, created_at, expires_at";

pub(super) fn insert_grant(tx: &mut Tx<'_>, grant: &Grant) -> Result<()> {
    tx.execute(
        "insert into auth_grant (kind, id, owner, digest, body, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&grant.kind).into(),
            (&grant.id).into(),
            (&grant.owner).into(),
            (&grant.digest).into(),
            (&grant.body).into(),
            grant.created_at.into(),
            grant.expires_at.into(),
        ],
    )?;
    Ok(())
}

pub(super) fn find_grant(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Option<Grant>> {
    let sql = format!("select {COLUMNS} from auth_grant where kind = $1 and id = $2");
    tx.query_opt(&sql, &[kind.into(), id.into()])?
        .map(read)
        .transpose()
}

pub(super) fn list_grants(tx: &mut Tx<'_>, kind: &str, owner: &str) -> Result<Vec<Grant>> {
    let sql = format!(
        "select {COLUMNS} from auth_grant where kind = $1 and owner = $2 order by created_at, id"
    );
    let rows = tx.query(&sql, &[kind.into(), owner.into()])?;
    rows.into_iter().map(read).collect()
}

/// Forgets the oldest grants of a kind in a state, until `keep` are left.
pub(super) fn delete_surplus_grants(
    tx: &mut Tx<'_>,
    kind: &str,
    digest: &str,
    keep: i64,
) -> Result<()> {
    tx.execute(
        "delete from auth_grant where kind = $1 and id in \
         (select id from auth_grant where kind = $1 and digest = $2 \
         order by created_at desc, id limit $4 offset $3)",
        &[kind.into(), digest.into(), keep.into(), i64::MAX.into()],
    )?;
    Ok(())
}

/// Replaces a grant if its digest still is what it was; whether it was.
pub(super) fn update_grant(tx: &mut Tx<'_>, grant: &Grant, old_digest: &str) -> Result<bool> {
    let n = tx.execute(
        "update auth_grant set digest = $4, body = $5, expires_at = $6 \
         where kind = $1 and id = $2 and digest = $3",
        &[
            (&grant.kind).into(),
            (&grant.id).into(),
            old_digest.into(),
            (&grant.digest).into(),
            (&grant.body).into(),
            grant.expires_at.into(),
        ],
    )?;
    Ok(n > 0)
}

/// Whether there was such a grant.
pub(super) fn delete_grant(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<bool> {
    let sql = "delete from auth_grant where kind = $1 and id = $2";
    Ok(tx.execute(sql, &[kind.into(), id.into()])? > 0)
}

pub(super) fn delete_expired_grants(tx: &mut Tx<'_>, now: Millis) -> Result<()> {
    tx.execute(
        "delete from auth_grant where expires_at <= $1",
        &[now.into()],
    )?;
    Ok(())
}

fn read(mut row: Row) -> Result<Grant> {
    Ok(Grant {
        kind: row.take(0)?,
        id: row.take(1)?,
        owner: row.take(2)?,
        digest: row.take(3)?,
        body: row.take(4)?,
        created_at: row.take(5)?,
        expires_at: row.take(6)?,
    })
}
