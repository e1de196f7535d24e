//! `catalog_meta`: small facts about the whole catalog.

use platform::Result;
use platform::db::Tx;

pub(crate) fn load(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>> {
    let row = tx.query_opt(
        "select value from catalog_meta where name = $1",
        &[name.into()],
    )?;
    row.map(|mut row| row.take(0)).transpose()
}

pub(crate) fn store(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<()> {
    tx.execute(
        "insert into catalog_meta (name, value) values ($1, $2) \
         on conflict (name) do update set value = excluded.value",
        &[name.into(), value.into()],
    )
    .map(drop)
}
