//! SQL of settings.

use platform::Result;
use platform::db::{Migration, Param, Tx};

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[Migration {
    feature: "settings",
    version: 1,
    name: "value",
    sqlite: include_str!("../migrations/0001_value.sql"),
    postgres: include_str!("../migrations/0001_value.sql"),
}];

/// The place of a setting of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

fn params<'a>(user_ref: &'a str, place: &'a Place) -> Vec<Param<'a>> {
    vec![user_ref.into(), (&place.bucket).into(), (&place.key).into()]
}

/// The values at some places, as JSON, in order.
pub(crate) fn find_each(
    tx: &mut Tx<'_>,
    user_ref: &str,
    places: &[Place],
) -> Result<Vec<Option<String>>> {
    let rows: Vec<_> = places.iter().map(|place| params(user_ref, place)).collect();
    let found = tx.query_each(
        "select value from settings_value where user_ref = $1 and bucket = $2 and key = $3",
        &rows,
    )?;
    let first = |rows: Vec<platform::db::Row>| rows.into_iter().next();
    found
        .into_iter()
        .map(|rows| first(rows).map(|mut row| row.take(0)).transpose())
        .collect()
}

pub(crate) fn upsert(tx: &mut Tx<'_>, user_ref: &str, place: &Place, value: &str) -> Result<()> {
    let mut params = params(user_ref, place);
    params.push(value.into());
    tx.execute(
        "insert into settings_value (user_ref, bucket, key, value) values ($1, $2, $3, $4) \
         on conflict (user_ref, bucket, key) do update set value = excluded.value",
        &params,
    )
    .map(drop)
}

pub(crate) fn delete(tx: &mut Tx<'_>, user_ref: &str, place: &Place) -> Result<()> {
    tx.execute(
        "delete from settings_value where user_ref = $1 and bucket = $2 and key = $3",
        &params(user_ref, place),
    )
    .map(drop)
}

/// How many settings a user has.
pub(crate) fn count(tx: &mut Tx<'_>, user_ref: &str) -> Result<i64> {
    let mut row = tx.query_one(
        "select count(*) from settings_value where user_ref = $1",
        &[user_ref.into()],
    )?;
    row.take(0)
}
