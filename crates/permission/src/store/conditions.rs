//! `permission_condition`.

use platform::db::{Row, Tx};
use platform::permission::Condition;
use platform::{Error, Result};
use serde_json::Value;

use super::broken;
use crate::policy::ConditionalPolicy;

const COLUMNS: &str = "id, role, plugin, resource_type, permissions, conditions";

pub(crate) fn list(tx: &mut Tx<'_>) -> Result<Vec<ConditionalPolicy>> {
    let sql = format!("select {COLUMNS} from permission_condition order by id");
    tx.query(&sql, &[])?.into_iter().map(read).collect()
}

pub(crate) fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<ConditionalPolicy>> {
    let sql = format!("select {COLUMNS} from permission_condition where id = $1");
    tx.query_opt(&sql, &[id.into()])?.map(read).transpose()
}

fn read(mut row: Row) -> Result<ConditionalPolicy> {
    let (permissions, conditions): (String, String) = (row.take(4)?, row.take(5)?);
    let conditions: Value = serde_json::from_str(&conditions).map_err(|_| broken("condition"))?;
    Ok(ConditionalPolicy {
        id: row.take(0)?,
        role: row.take(1)?,
        plugin: row.take(2)?,
        resource_type: row.take(3)?,
        permissions: serde_json::from_str(&permissions).map_err(|_| broken("condition"))?,
        condition: Condition::from_json(&conditions)?,
    })
}

/// Adds a conditional policy; its number.
pub(crate) fn insert(tx: &mut Tx<'_>, policy: &ConditionalPolicy) -> Result<i64> {
    let mut row = tx.query_one(
        "select coalesce(max(id), 0) + 1 from permission_condition",
        &[],
    )?;
    let id: i64 = row.take(0)?;
    tx.execute(
        "insert into permission_condition \
         (id, role, plugin, resource_type, permissions, conditions) \
         values ($1, $2, $3, $4, $5, $6)",
        &[
            id.into(),
            (&policy.role).into(),
            (&policy.plugin).into(),
            (&policy.resource_type).into(),
            permissions(policy)?.into(),
            policy.condition.to_json().to_string().into(),
        ],
    )?;
    Ok(id)
}

pub(crate) fn update(tx: &mut Tx<'_>, policy: &ConditionalPolicy) -> Result<()> {
    tx.execute(
        "update permission_condition set role = $2, plugin = $3, resource_type = $4, \
         permissions = $5, conditions = $6 where id = $1",
        &[
            policy.id.into(),
            (&policy.role).into(),
            (&policy.plugin).into(),
            (&policy.resource_type).into(),
            permissions(policy)?.into(),
            policy.condition.to_json().to_string().into(),
        ],
    )
    .map(drop)
}

pub(crate) fn delete(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.execute(
        "delete from permission_condition where id = $1",
        &[id.into()],
    )
    .map(drop)
}

fn permissions(policy: &ConditionalPolicy) -> Result<String> {
    serde_json::to_string(&policy.permissions)
        .map_err(|error| Error::internal("writing a column failed").with_source(error))
}
