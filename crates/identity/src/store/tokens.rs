//! Rows of `auth_access_token`.

use audit::{Event, Origin, Via};
use platform::db::{Row, Tx};
use platform::{Millis, Result};

use super::{from_json, to_json};
use crate::access_token::AccessToken;

const COLUMNS: &str = "id, digest, subject, restrictions, created_at, expires_at, revoked_at";

pub(super) fn insert_token(tx: &mut Tx<'_>, token: &AccessToken) -> Result<()> {
    tx.execute(
        "insert into auth_access_token \
         (id, digest, subject, restrictions, created_at, expires_at, revoked_at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&token.id).into(),
            (&token.digest).into(),
            (&token.subject).into(),
            to_json(&token.restrictions)?.into(),
            token.created_at.into(),
            token.expires_at.into(),
            token.revoked_at.into(),
        ],
    )?;
    Ok(())
}

pub(super) fn list_tokens(tx: &mut Tx<'_>) -> Result<Vec<AccessToken>> {
    let sql = format!("select {COLUMNS} from auth_access_token order by created_at, id");
    tx.query(&sql, &[])?.into_iter().map(read).collect()
}

pub(super) fn find_token(tx: &mut Tx<'_>, id: &str) -> Result<Option<AccessToken>> {
    let sql = format!("select {COLUMNS} from auth_access_token where id = $1");
    tx.query_opt(&sql, &[id.into()])?.map(read).transpose()
}

/// Whether there was such a token that had not been revoked.
pub(super) fn update_revoked(tx: &mut Tx<'_>, id: &str, now: Millis) -> Result<bool> {
    let n = tx.execute(
        "update auth_access_token set revoked_at = $2 where id = $1 and revoked_at is null",
        &[id.into(), now.into()],
    )?;
    Ok(n > 0)
}

/// Tells the audit log, in the transaction of the change. Operators alone make and end tokens; who
/// uses the command line is known to the operating system only.
pub(super) fn record(
    tx: &mut Tx<'_>,
    verb: &str,
    id: &str,
    subject: &str,
    now: Millis,
) -> Result<()> {
    let origin = Origin::internal(Via::Operator, "command line");
    let event = Event::done(&format!("auth.token.{verb}"), format!("token:{id}"));
    audit::record(tx, &origin, &event.detail(subject), now)
}

fn read(mut row: Row) -> Result<AccessToken> {
    Ok(AccessToken {
        id: row.take(0)?,
        digest: row.take(1)?,
        subject: row.take(2)?,
        restrictions: from_json(&row.take::<String>(3)?)?,
        created_at: row.take(4)?,
        expires_at: row.take(5)?,
        revoked_at: row.take(6)?,
    })
}
