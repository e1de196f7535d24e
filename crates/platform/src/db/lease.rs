//! Leases: what only one replica of a cluster may do at a time.
//!
//! Every acquisition by a new holder gets a larger token; work that reaches the database carries
//! the token, so a holder that slept through its lease cannot write over its successor.

use crate::clock::Millis;
use crate::error::Result;

use super::tx::Tx;

/// A lease that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// Grows with every change of holder: the fencing token.
    pub token: i64,
}

/// Takes the lease, or extends it when `holder` has it already; `None` while another has it.
pub fn acquire_lease(
    tx: &mut Tx<'_>,
    name: &str,
    holder: &str,
    now: Millis,
    ttl: Millis,
) -> Result<Option<Lease>> {
    let row = tx.query_opt(
        "insert into platform_lease (name, holder, token, expires_at) values ($1, $2, 1, $4)
         on conflict (name) do update set
           holder = excluded.holder,
           token = case when platform_lease.holder = excluded.holder
                        then platform_lease.token else platform_lease.token + 1 end,
           expires_at = excluded.expires_at
         where platform_lease.holder = excluded.holder or platform_lease.expires_at <= $3
         returning token",
        &[name.into(), holder.into(), now.into(), (now + ttl).into()],
    )?;
    row.map(|mut row| {
        Ok(Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            token: row.take(0)?,
        })
    })
    .transpose()
}

/// Extends the lease; `false` when it was lost.
pub fn renew_lease(tx: &mut Tx<'_>, lease: &Lease, now: Millis, ttl: Millis) -> Result<bool> {
    let changed = tx.execute(
        "update platform_lease set expires_at = $3 where name = $1 and token = $2",
        &[(&lease.name).into(), lease.token.into(), (now + ttl).into()],
    )?;
    Ok(changed > 0)
}

/// Gives the lease back.
pub fn release_lease(tx: &mut Tx<'_>, lease: &Lease) -> Result<()> {
    tx.execute(
        "update platform_lease set expires_at = 0 where name = $1 and token = $2",
        &[(&lease.name).into(), lease.token.into()],
    )?;
    Ok(())
}
