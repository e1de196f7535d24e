//! What must outlive the process and be shared by replicas: signing keys and what users own.
//!
//! Private keys are sealed with the operator's key if there is one; without, whoever reads the
//! database can sign as anybody.

mod grants;
mod keys;
mod memory_sessions;
mod sessions;
mod tokens;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use parking_lot::Mutex;
use platform::db::{Db, Migration, Tx};
use platform::seal::Keyring;
use platform::{Error, Millis, Result};

use crate::access_token::AccessToken;
use crate::keys::StoredKey;
use crate::server::Grant;
use crate::sign_in::FailedSignIn;

pub use sessions::SessionStore;

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        feature: "identity",
        version: 1,
        name: "signing_key",
        sqlite: include_str!("../migrations/0001_signing_key.sql"),
        postgres: include_str!("../migrations/0001_signing_key.sql"),
    },
    Migration {
        feature: "identity",
        version: 2,
        name: "user_info",
        sqlite: include_str!("../migrations/0002_user_info.sql"),
        postgres: include_str!("../migrations/0002_user_info.sql"),
    },
    Migration {
        feature: "auth",
        version: 1,
        name: "failed_sign_in",
        sqlite: include_str!("../migrations/auth_0001_failed_sign_in.sql"),
        postgres: include_str!("../migrations/auth_0001_failed_sign_in.sql"),
    },
    Migration {
        feature: "auth",
        version: 2,
        name: "access_token",
        sqlite: include_str!("../migrations/auth_0002_access_token.sql"),
        postgres: include_str!("../migrations/auth_0002_access_token.sql"),
    },
    Migration {
        feature: "auth",
        version: 3,
        name: "grant",
        sqlite: include_str!("../migrations/auth_0003_grant.sql"),
        postgres: include_str!("../migrations/auth_0003_grant.sql"),
    },
    Migration {
        feature: "auth",
        version: 4,
        name: "session",
        sqlite: include_str!("../migrations/auth_0004_session.sql"),
        postgres: include_str!("../migrations/auth_0004_session.sql"),
    },
];

/// Failed sign-ins that are kept, newest first.
const MAX_FAILURES: i64 = 200;

/// Keeps signing keys, what users own, and sessions.
#[async_trait]
pub trait Store: SessionStore {
    /// All signing keys of all owners, also expired ones.
    async fn load_keys(&self) -> Result<Vec<StoredKey>>;

    /// Adds a signing key.
    async fn insert_key(&self, key: StoredKey) -> Result<()>;

    /// Forgets the keys that expired before `now`.
    async fn prune_keys(&self, now: Millis) -> Result<()>;

    /// Remembers what a user owns, in place of what was known before.
    async fn save_ownership(&self, user_ref: &str, refs: &[String], now: Millis) -> Result<()>;

    /// What a user owns; `None` for one who never signed in.
    async fn load_ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>>;

    /// Keeps a failed sign-in, in place of the same one before; only the newest are kept.
    async fn save_failure(&self, failure: FailedSignIn) -> Result<()>;

    /// Failed sign-ins, newest first.
    async fn list_failures(&self) -> Result<Vec<FailedSignIn>>;

    /// Adds a token of a program.
    async fn insert_token(&self, token: AccessToken) -> Result<()>;

    /// All tokens of programs, also those that ended, oldest first.
    async fn list_tokens(&self) -> Result<Vec<AccessToken>>;

    /// The token of a program with an id.
    async fn find_token(&self, id: &str) -> Result<Option<AccessToken>>;

    /// Ends a token of a program; whether there was one to end.
    async fn revoke_token(&self, id: &str, now: Millis) -> Result<bool>;

    /// Adds a grant; one with the same kind and id is a conflict.
    async fn insert_grant(&self, grant: Grant) -> Result<()>;

    /// The grant of a kind with an id, also when it has ended.
    async fn find_grant(&self, kind: &str, id: &str) -> Result<Option<Grant>>;

    /// The grants of a kind that belong to somebody, oldest first.
    async fn list_grants(&self, kind: &str, owner: &str) -> Result<Vec<Grant>>;

    /// Forgets the oldest grants of a kind whose digest is this one, until `keep` are left.
    async fn trim_grants(&self, kind: &str, digest: &str, keep: u32) -> Result<()>;

    /// Replaces digest, body and end of a grant if its digest still is the old one; whether it was.
    async fn swap_grant(&self, grant: Grant, old_digest: &str) -> Result<bool>;

    /// Forgets a grant; whether there was one.
    async fn delete_grant(&self, kind: &str, id: &str) -> Result<bool>;

    /// Forgets the grants that ended by `now`.
    async fn prune_grants(&self, now: Millis) -> Result<()>;
}

/// The store in the database.
#[derive(Debug, Clone)]
pub struct DbStore {
    db: Db,
    keyring: Keyring,
}

impl DbStore {
    /// A store in a database that has the tables of [`MIGRATIONS`] and those of the audit log.
    pub fn new(db: Db) -> Self {
        Self {
            db,
            keyring: Keyring::default(),
        }
    }

    /// The same store, which encrypts what is secret.
    #[must_use]
    pub fn with_keyring(self, keyring: Keyring) -> Self {
        Self { keyring, ..self }
    }

    /// Encrypts with the first key what is not; how many secrets there are, and how many it were.
    pub async fn reencrypt(&self) -> Result<(usize, usize)> {
        let keyring = self.keyring.clone();
        self.db
            .write(move |tx| keys::update_sealing(tx, &keyring))
            .await
    }
}

#[async_trait]
impl Store for DbStore {
    async fn load_keys(&self) -> Result<Vec<StoredKey>> {
        let keyring = self.keyring.clone();
        self.db.read(move |tx| keys::list_keys(tx, &keyring)).await
    }

    async fn insert_key(&self, key: StoredKey) -> Result<()> {
        let keyring = self.keyring.clone();
        self.db
            .write(move |tx| keys::insert_key(tx, &key, &keyring))
            .await
    }

    async fn prune_keys(&self, now: Millis) -> Result<()> {
        self.db
            .write(move |tx| keys::delete_expired_keys(tx, now))
            .await
    }

    async fn save_ownership(&self, user_ref: &str, refs: &[String], now: Millis) -> Result<()> {
        // Every renewal of a session comes here, and reading costs less than writing.
        if self.load_ownership(user_ref).await?.as_deref() == Some(refs) {
            return Ok(());
        }
        let user_ref = user_ref.to_owned();
        let refs = to_json(&refs)?;
        self.db
            .write(move |tx| upsert_ownership(tx, &user_ref, &refs, now))
            .await
    }

    async fn load_ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        let user_ref = user_ref.to_owned();
        self.db.read(move |tx| find_ownership(tx, &user_ref)).await
    }

    async fn save_failure(&self, failure: FailedSignIn) -> Result<()> {
        self.db.write(move |tx| upsert_failure(tx, &failure)).await
    }

    async fn list_failures(&self) -> Result<Vec<FailedSignIn>> {
        self.db.read(list_failures).await
    }

    async fn insert_token(&self, token: AccessToken) -> Result<()> {
        let insert = move |tx: &mut Tx<'_>| {
            tokens::insert_token(tx, &token)?;
            tokens::record(tx, "create", &token.id, &token.subject, token.created_at)
        };
        self.db.write(insert).await
    }

    async fn list_tokens(&self) -> Result<Vec<AccessToken>> {
        self.db.read(tokens::list_tokens).await
    }

    async fn find_token(&self, id: &str) -> Result<Option<AccessToken>> {
        let id = id.to_owned();
        self.db.read(move |tx| tokens::find_token(tx, &id)).await
    }

    async fn revoke_token(&self, id: &str, now: Millis) -> Result<bool> {
        let id = id.to_owned();
        let revoke = move |tx: &mut Tx<'_>| {
            let Some(token) = tokens::find_token(tx, &id)? else {
                return Ok(false);
            };
            let was_good = tokens::update_revoked(tx, &id, now)?;
            if was_good {
                tokens::record(tx, "revoke", &id, &token.subject, now)?;
            }
            Ok(was_good)
        };
        self.db.write(revoke).await
    }

    async fn insert_grant(&self, grant: Grant) -> Result<()> {
        self.db
            .write(move |tx| grants::insert_grant(tx, &grant))
            .await
    }

    async fn find_grant(&self, kind: &str, id: &str) -> Result<Option<Grant>> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.db
            .read(move |tx| grants::find_grant(tx, &kind, &id))
            .await
    }

    async fn list_grants(&self, kind: &str, owner: &str) -> Result<Vec<Grant>> {
        let (kind, owner) = (kind.to_owned(), owner.to_owned());
        self.db
            .read(move |tx| grants::list_grants(tx, &kind, &owner))
            .await
    }

    async fn trim_grants(&self, kind: &str, digest: &str, keep: u32) -> Result<()> {
        let (kind, digest) = (kind.to_owned(), digest.to_owned());
        self.db
            .write(move |tx| grants::delete_surplus_grants(tx, &kind, &digest, keep.into()))
            .await
    }

    async fn swap_grant(&self, grant: Grant, old_digest: &str) -> Result<bool> {
        let old = old_digest.to_owned();
        self.db
            .write(move |tx| grants::update_grant(tx, &grant, &old))
            .await
    }

    async fn delete_grant(&self, kind: &str, id: &str) -> Result<bool> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.db
            .write(move |tx| grants::delete_grant(tx, &kind, &id))
            .await
    }

    async fn prune_grants(&self, now: Millis) -> Result<()> {
        self.db
            .write(move |tx| grants::delete_expired_grants(tx, now))
            .await
    }
}

fn upsert_ownership(tx: &mut Tx<'_>, user_ref: &str, refs: &str, now: Millis) -> Result<()> {
    tx.execute(
        "insert into identity_user_info (user_ref, ownership_refs, updated_at) \
         values ($1, $2, $3) on conflict (user_ref) do update \
         set ownership_refs = excluded.ownership_refs, updated_at = excluded.updated_at",
        &[user_ref.into(), refs.into(), now.into()],
    )?;
    Ok(())
}

fn find_ownership(tx: &mut Tx<'_>, user_ref: &str) -> Result<Option<Vec<String>>> {
    tx.query_opt(
        "select ownership_refs from identity_user_info where user_ref = $1",
        &[user_ref.into()],
    )?
    .map(|mut row| from_json(&row.take::<String>(0)?))
    .transpose()
}

fn upsert_failure(tx: &mut Tx<'_>, failure: &FailedSignIn) -> Result<()> {
    tx.execute(
        "insert into auth_failed_sign_in (id, at, body) values ($1, $2, $3) \
         on conflict (id) do update set at = excluded.at, body = excluded.body",
        &[
            (&failure.id).into(),
            failure.at.into(),
            to_json(failure)?.into(),
        ],
    )?;
    tx.execute(
        "delete from auth_failed_sign_in where id not in \
         (select id from auth_failed_sign_in order by at desc, id limit $1)",
        &[MAX_FAILURES.into()],
    )?;
    Ok(())
}

fn list_failures(tx: &mut Tx<'_>) -> Result<Vec<FailedSignIn>> {
    let rows = tx.query(
        "select body from auth_failed_sign_in order by at desc, id",
        &[],
    )?;
    rows.into_iter()
        .map(|mut row| from_json(&row.take::<String>(0)?))
        .collect()
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("writing a column failed").with_source(error))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::internal("a stored column is not what we write").with_source(error))
}

/// A store that ends with the process.
#[derive(Default)]
pub struct MemoryStore {
    keys: Mutex<Vec<StoredKey>>,
    ownership: Mutex<HashMap<String, Vec<String>>>,
    failures: Mutex<Vec<FailedSignIn>>,
    tokens: Mutex<Vec<AccessToken>>,
    grants: Mutex<Vec<Grant>>,
    sessions: Mutex<memory_sessions::Sessions>,
}

#[async_trait]
impl Store for MemoryStore {
    async fn load_keys(&self) -> Result<Vec<StoredKey>> {
        Ok(self.keys.lock().clone())
    }

    async fn insert_key(&self, key: StoredKey) -> Result<()> {
        self.keys.lock().push(key);
        Ok(())
    }

    async fn prune_keys(&self, now: Millis) -> Result<()> {
        self.keys.lock().retain(|key| key.expires_at >= now);
        Ok(())
    }

    async fn save_ownership(&self, user_ref: &str, refs: &[String], _now: Millis) -> Result<()> {
        let mut ownership = self.ownership.lock();
        ownership.insert(user_ref.to_owned(), refs.to_vec());
        Ok(())
    }

    async fn load_ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        Ok(self.ownership.lock().get(user_ref).cloned())
    }

    async fn save_failure(&self, failure: FailedSignIn) -> Result<()> {
        let mut failures = self.failures.lock();
        failures.retain(|known| known.id != failure.id);
        failures.insert(0, failure);
        failures.truncate(usize::try_from(MAX_FAILURES).unwrap_or(usize::MAX));
        Ok(())
    }

    async fn list_failures(&self) -> Result<Vec<FailedSignIn>> {
        Ok(self.failures.lock().clone())
    }

    async fn insert_token(&self, token: AccessToken) -> Result<()> {
        self.tokens.lock().push(token);
        Ok(())
    }

    async fn list_tokens(&self) -> Result<Vec<AccessToken>> {
        Ok(self.tokens.lock().clone())
    }

    async fn find_token(&self, id: &str) -> Result<Option<AccessToken>> {
        let tokens = self.tokens.lock();
        Ok(tokens.iter().find(|token| token.id == id).cloned())
    }

    async fn revoke_token(&self, id: &str, now: Millis) -> Result<bool> {
        let mut tokens = self.tokens.lock();
        let mut good = tokens.iter_mut().filter(|token| token.revoked_at.is_none());
        let token = good.find(|token| token.id == id);
        Ok(token.map(|token| token.revoked_at = Some(now)).is_some())
    }

    async fn insert_grant(&self, grant: Grant) -> Result<()> {
        self.grants.lock().push(grant);
        Ok(())
    }

    async fn find_grant(&self, kind: &str, id: &str) -> Result<Option<Grant>> {
        let grants = self.grants.lock();
        let found = grants.iter().find(|one| one.kind == kind && one.id == id);
        Ok(found.cloned())
    }

    async fn list_grants(&self, kind: &str, owner: &str) -> Result<Vec<Grant>> {
        let grants = self.grants.lock();
        let own = grants
            .iter()
            .filter(|one| one.kind == kind && one.owner == owner);
        Ok(own.cloned().collect())
    }

    async fn trim_grants(&self, kind: &str, digest: &str, keep: u32) -> Result<()> {
        let mut grants = self.grants.lock();
        let is_it = |one: &Grant| one.kind == kind && one.digest == digest;
        let mut found: Vec<_> = grants.iter().filter(|one| is_it(one)).collect();
        found.sort_by_key(|one| (Reverse(one.created_at), &one.id));
        let surplus = found
            .into_iter()
            .skip(usize::try_from(keep).unwrap_or(usize::MAX));
        let surplus: HashSet<String> = surplus.map(|one| one.id.clone()).collect();
        grants.retain(|one| one.kind != kind || !surplus.contains(&one.id));
        Ok(())
    }

    async fn swap_grant(&self, grant: Grant, old_digest: &str) -> Result<bool> {
        let mut grants = self.grants.lock();
        let is_it = |one: &&mut Grant| {
            one.kind == grant.kind && one.id == grant.id && one.digest == old_digest
        };
        let found = grants.iter_mut().find(is_it);
        Ok(found.map(|one| *one = grant.clone()).is_some())
    }

    async fn delete_grant(&self, kind: &str, id: &str) -> Result<bool> {
        let mut grants = self.grants.lock();
        let before = grants.len();
        grants.retain(|one| one.kind != kind || one.id != id);
        Ok(grants.len() < before)
    }

    async fn prune_grants(&self, now: Millis) -> Result<()> {
        self.grants.lock().retain(|one| one.expires_at > now);
        Ok(())
    }
}
