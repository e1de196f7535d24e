//! Rows of `identity_signing_key`, whose private halves are sealed when the operator has a key.

use platform::config::Secret;
use platform::db::Tx;
use platform::seal::Keyring;
use platform::{Millis, Result};

use super::{from_json, to_json};
use crate::keys::StoredKey;

/// What a sealed private half belongs to.
fn owner(kid: &str) -> String {
    format!("identity_signing_key/{kid}")
}

pub(super) fn list_keys(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<Vec<StoredKey>> {
    let rows = tx.query(
        "select kid, plugin, public_jwk, private_pem, created_at, expires_at \
         from identity_signing_key where algorithm = 'ES256'",
        &[],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let kid: String = row.take(0)?;
            Ok(StoredKey {
                owner: row.take(1)?,
                public: from_json(&row.take::<String>(2)?)?,
                private_pem: keyring.open(row.take(3)?, &owner(&kid))?,
                created_at: row.take(4)?,
                expires_at: row.take(5)?,
                kid,
            })
        })
        .collect()
}

pub(super) fn insert_key(tx: &mut Tx<'_>, key: &StoredKey, keyring: &Keyring) -> Result<()> {
    tx.execute(
        "insert into identity_signing_key \
         (kid, plugin, algorithm, public_jwk, private_pem, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&key.kid).into(),
            (&key.owner).into(),
            (&key.public.alg).into(),
            to_json(&key.public)?.into(),
            keyring.seal(&key.private_pem, &owner(&key.kid))?.into(),
            key.created_at.into(),
            key.expires_at.into(),
        ],
    )?;
    Ok(())
}

pub(super) fn delete_expired_keys(tx: &mut Tx<'_>, now: Millis) -> Result<()> {
    tx.execute(
        "delete from identity_signing_key where expires_at < $1",
        &[now.into()],
    )?;
    Ok(())
}

/// Seals again what is not sealed with the first key; how many there are, and how many it were.
pub(super) fn update_sealing(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<(usize, usize)> {
    let rows = tx.query("select kid, private_pem from identity_signing_key", &[])?;
    let n_rows = rows.len();
    let mut changed: Vec<(String, String)> = Vec::new();
    for mut row in rows {
        let (kid, stored): (String, String) = (row.take(0)?, row.take(1)?);
        if !keyring.is_current(&stored) {
            let plain: Secret = keyring.open(stored, &owner(&kid))?;
            let sealed = keyring.seal(&plain, &owner(&kid))?;
            changed.push((kid, sealed));
        }
    }
    let params: Vec<_> = changed
        .iter()
        .map(|(kid, sealed)| vec![kid.into(), sealed.into()])
        .collect();
    let sql = "update identity_signing_key set private_pem = $2 where kid = $1";
    tx.execute_each(sql, &params)?;
    Ok((n_rows, changed.len()))
}
