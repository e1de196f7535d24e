//! SQL of what identity providers have pushed.

use platform::db::{Migration, Param, Row, Tx};
use platform::{Millis, Result};

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        feature: "org",
        version: 1,
        name: "scim_resource",
        sqlite: include_str!("../migrations/0001_scim_resource.sql"),
        postgres: include_str!("../migrations/0001_scim_resource.sql"),
    },
    Migration {
        feature: "org",
        version: 2,
        name: "scim_entity_name",
        sqlite: include_str!("../migrations/0002_scim_entity_name.sql"),
        postgres: include_str!("../migrations/0002_scim_entity_name.sql"),
    },
];

const COLUMNS: &str =
    "kind, id, name_key, external_id, body, version, created_at, updated_at, entity_name";

/// A row; what is in its body is not for this module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) name_key: String,
    pub(crate) external_id: Option<String>,
    pub(crate) body: String,
    pub(crate) version: i64,
    pub(crate) created_at: Millis,
    pub(crate) updated_at: Millis,
    /// What its entity is called, in small letters; `None` in rows of before there was a name.
    pub(crate) entity_name: Option<String>,
}

/// Which rows are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    Id(String),
    Name(String),
    External(String),
}

pub(crate) fn insert_resource(tx: &mut Tx<'_>, stored: &Stored) -> Result<()> {
    tx.execute(
        "insert into org_scim_resource \
         (kind, id, name_key, external_id, body, version, created_at, updated_at, entity_name) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            (&stored.kind).into(),
            (&stored.id).into(),
            (&stored.name_key).into(),
            stored.external_id.as_deref().into(),
            (&stored.body).into(),
            stored.version.into(),
            stored.created_at.into(),
            stored.updated_at.into(),
            stored.entity_name.as_deref().into(),
        ],
    )
    .map(drop)
}

pub(crate) fn update_resource(tx: &mut Tx<'_>, stored: &Stored) -> Result<()> {
    tx.execute(
        "update org_scim_resource set name_key = $3, external_id = $4, body = $5, version = $6, \
         updated_at = $7, entity_name = $8 where kind = $1 and id = $2",
        &[
            (&stored.kind).into(),
            (&stored.id).into(),
            (&stored.name_key).into(),
            stored.external_id.as_deref().into(),
            (&stored.body).into(),
            stored.version.into(),
            stored.updated_at.into(),
            stored.entity_name.as_deref().into(),
        ],
    )
    .map(drop)
}

pub(crate) fn delete_resource(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<()> {
    let sql = "delete from org_scim_resource where kind = $1 and id = $2";
    tx.execute(sql, &[kind.into(), id.into()]).map(drop)
}

/// A resource, kept from changing until the end of the transaction.
pub(crate) fn find_resource(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Option<Stored>> {
    let lock = tx.lock_rows();
    let sql = format!("select {COLUMNS} from org_scim_resource where kind = $1 and id = $2 {lock}");
    let row = tx.query_opt(&sql, &[kind.into(), id.into()])?;
    row.map(read).transpose()
}

pub(crate) fn has_name(tx: &mut Tx<'_>, kind: &str, name_key: &str, but: &str) -> Result<bool> {
    let sql = "select id from org_scim_resource where kind = $1 and name_key = $2 and id <> $3";
    let row = tx.query_opt(sql, &[kind.into(), name_key.into(), but.into()])?;
    Ok(row.is_some())
}

/// A resource whose entity has a name, but for one.
pub(crate) fn find_namesake(
    tx: &mut Tx<'_>,
    kind: &str,
    name: &str,
    but: &str,
) -> Result<Option<Stored>> {
    let sql = format!(
        "select {COLUMNS} from org_scim_resource \
         where kind = $1 and entity_name = $2 and id <> $3 limit 1"
    );
    let row = tx.query_opt(&sql, &[kind.into(), name.into(), but.into()])?;
    row.map(read).transpose()
}

/// Resources of which is not known what their entities are called.
pub(crate) fn list_unnamed(tx: &mut Tx<'_>, kind: &str, limit: i64) -> Result<Vec<Stored>> {
    let sql = format!(
        "select {COLUMNS} from org_scim_resource where kind = $1 and entity_name is null limit $2"
    );
    let rows = tx.query(&sql, &[kind.into(), limit.into()])?;
    rows.into_iter().map(read).collect()
}

pub(crate) fn update_entity_name(tx: &mut Tx<'_>, kind: &str, id: &str, name: &str) -> Result<()> {
    let sql = "update org_scim_resource set entity_name = $3 where kind = $1 and id = $2";
    tx.execute(sql, &[kind.into(), id.into(), name.into()])
        .map(drop)
}

pub(crate) fn count_resources(tx: &mut Tx<'_>, kind: &str) -> Result<i64> {
    let sql = "select count(*) from org_scim_resource where kind = $1";
    tx.query_one(sql, &[kind.into()])?.take(0)
}

/// Resources in the order in which they came, after a place in that order.
pub(crate) fn list_resources(
    tx: &mut Tx<'_>,
    kind: &str,
    wanted: &Wanted,
    offset: i64,
    limit: i64,
) -> Result<Vec<Stored>> {
    let (condition, value) = match wanted {
        Wanted::All => ("", None),
        Wanted::Id(value) => ("and id = $4", Some(value)),
        Wanted::Name(value) => ("and name_key = $4", Some(value)),
        Wanted::External(value) => ("and external_id = $4", Some(value)),
    };
    let sql = format!(
        "select {COLUMNS} from org_scim_resource where kind = $1 {condition} \
         order by created_at, id limit $2 offset $3"
    );
    let mut params: Vec<Param<'_>> = vec![kind.into(), limit.into(), offset.into()];
    params.extend(value.map(Into::into));
    let rows = tx.query(&sql, &params)?;
    rows.into_iter().map(read).collect()
}

/// Resources whose body names an id.
pub(crate) fn list_naming(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<Vec<Stored>> {
    let sql = format!("select {COLUMNS} from org_scim_resource where kind = $1 and body like $2");
    let pattern = format!("%\"{id}\"%");
    let rows = tx.query(&sql, &[kind.into(), (&pattern).into()])?;
    rows.into_iter().map(read).collect()
}

fn read(mut row: Row) -> Result<Stored> {
    Ok(Stored {
        kind: row.take(0)?,
        id: row.take(1)?,
        name_key: row.take(2)?,
        external_id: row.take(3)?,
        body: row.take(4)?,
        version: row.take(5)?,
        created_at: row.take(6)?,
        updated_at: row.take(7)?,
        entity_name: row.take(8)?,
    })
}
