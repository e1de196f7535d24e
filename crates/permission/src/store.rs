//! SQL of roles and policies.

pub(crate) mod conditions;
pub(crate) mod decisions;
pub(crate) mod roles;
pub(crate) mod rules;

use platform::db::{Migration, Tx};
use platform::{Error, Result};

use crate::policy::PolicySet;

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        feature: "permission",
        version: 1,
        name: "policy",
        sqlite: include_str!("../migrations/0001_policy.sql"),
        postgres: include_str!("../migrations/0001_policy.sql"),
    },
    Migration {
        feature: "permission",
        version: 2,
        name: "version",
        sqlite: include_str!("../migrations/0002_version.sql"),
        postgres: include_str!("../migrations/0002_version.sql"),
    },
];

/// Wakes every replica when a policy has changed.
pub(crate) const CHANGED: &str = "permission";

/// Everything that was made through the API.
pub(crate) fn load(tx: &mut Tx<'_>) -> Result<PolicySet> {
    let roles = roles::list(tx)?;
    Ok(PolicySet {
        roles: roles
            .into_iter()
            .map(|role| (role.name.clone(), role))
            .collect(),
        memberships: roles::list_memberships(tx)?,
        rules: rules::list(tx)?,
        conditions: conditions::list(tx)?,
    })
}

/// Grows with every change of what [`load`] reads.
pub(crate) fn load_version(tx: &mut Tx<'_>) -> Result<i64> {
    let sql = "select version from permission_version where id = 1";
    tx.query_one(sql, &[])?.take(0)
}

/// Says that roles or policies have changed: to whoever is woken, and to whoever looks later.
pub(crate) fn mark_changed(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute(
        "update permission_version set version = version + 1 where id = 1",
        &[],
    )?;
    tx.notify(CHANGED)
}

/// Plugins that were added to those of the configuration.
pub(crate) fn list_plugins(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    let rows = tx.query("select id from permission_plugin order by id", &[])?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

pub(crate) fn insert_plugin(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    tx.execute(
        "insert into permission_plugin (id) values ($1) on conflict (id) do nothing",
        &[id.into()],
    )
    .map(drop)
}

pub(crate) fn delete_plugin(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    tx.execute("delete from permission_plugin where id = $1", &[id.into()])
        .map(drop)
}

fn broken(what: &str) -> Error {
    Error::internal(format!("a stored {what} is not what we write"))
}
