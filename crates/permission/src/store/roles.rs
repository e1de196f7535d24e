//! `permission_role`, `permission_membership`.

use platform::Result;
use platform::db::{Param, Row, Tx};

use crate::policy::{Membership, Role, Source};

const COLUMNS: &str = "name, description, owner, author, modified_by, created_at, last_modified";

pub(crate) fn list(tx: &mut Tx<'_>) -> Result<Vec<Role>> {
    let sql = format!("select {COLUMNS} from permission_role order by name");
    tx.query(&sql, &[])?.into_iter().map(read).collect()
}

pub(crate) fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<Role>> {
    let sql = format!("select {COLUMNS} from permission_role where name = $1");
    tx.query_opt(&sql, &[name.into()])?.map(read).transpose()
}

fn read(mut row: Row) -> Result<Role> {
    Ok(Role {
        name: row.take(0)?,
        source: Source::Rest,
        description: row.take(1)?,
        owner: row.take(2)?,
        author: row.take(3)?,
        modified_by: row.take(4)?,
        created_at: row.take(5)?,
        last_modified: row.take(6)?,
    })
}

/// Adds a role, or changes what is known of it.
pub(crate) fn upsert(tx: &mut Tx<'_>, role: &Role) -> Result<()> {
    tx.execute(
        "insert into permission_role \
         (name, description, owner, author, modified_by, created_at, last_modified) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (name) do update set \
         description = excluded.description, owner = excluded.owner, \
         modified_by = excluded.modified_by, last_modified = excluded.last_modified",
        &[
            (&role.name).into(),
            role.description.as_deref().into(),
            role.owner.as_deref().into(),
            role.author.as_deref().into(),
            role.modified_by.as_deref().into(),
            role.created_at.into(),
            role.last_modified.into(),
        ],
    )
    .map(drop)
}

/// Removes a role with everything that is said about it.
pub(crate) fn delete(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    for sql in [
        "delete from permission_membership where role = $1",
        "delete from permission_rule where subject = $1",
        "delete from permission_condition where role = $1",
        "delete from permission_role where name = $1",
    ] {
        tx.execute(sql, &[name.into()])?;
    }
    Ok(())
}

/// Gives everything that is said about a role to another name.
pub(crate) fn rename(tx: &mut Tx<'_>, name: &str, new: &str) -> Result<()> {
    for sql in [
        "update permission_membership set role = $2 where role = $1",
        "update permission_rule set subject = $2 where subject = $1",
        "update permission_condition set role = $2 where role = $1",
        "update permission_role set name = $2 where name = $1",
    ] {
        tx.execute(sql, &[name.into(), new.into()])?;
    }
    Ok(())
}

pub(crate) fn list_memberships(tx: &mut Tx<'_>) -> Result<Vec<Membership>> {
    let rows = tx.query(
        "select role, member from permission_membership order by role, member",
        &[],
    )?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Membership {
                role: row.take(0)?,
                member: row.take(1)?,
            })
        })
        .collect()
}

pub(crate) fn list_members(tx: &mut Tx<'_>, role: &str) -> Result<Vec<String>> {
    let rows = tx.query(
        "select member from permission_membership where role = $1 order by member",
        &[role.into()],
    )?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

pub(crate) fn insert_members(tx: &mut Tx<'_>, role: &str, members: &[String]) -> Result<()> {
    let row = |member: &String| -> Vec<Param<'_>> { vec![role.into(), member.clone().into()] };
    let rows: Vec<_> = members.iter().map(row).collect();
    tx.execute_each(
        "insert into permission_membership (role, member) values ($1, $2)",
        &rows,
    )
    .map(drop)
}

pub(crate) fn delete_members(tx: &mut Tx<'_>, role: &str, members: &[String]) -> Result<()> {
    let row = |member: &String| -> Vec<Param<'_>> { vec![role.into(), member.clone().into()] };
    let rows: Vec<_> = members.iter().map(row).collect();
    tx.execute_each(
        "delete from permission_membership where role = $1 and member = $2",
        &rows,
    )
    .map(drop)
}
