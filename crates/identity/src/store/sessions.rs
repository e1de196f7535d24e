//! Rows of `auth_session` and `auth_session_key`.

use async_trait::async_trait;
use platform::db::{Row, Tx};
use platform::{Millis, Result};

use super::DbStore;
use crate::session::{Beginning, BrowserSession, MAX_ENDED, MAX_KEYS, MAX_SESSIONS, Which};

/// Keeps sessions of browsers.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// The session that a key stands for, also when it has ended.
    async fn find_session(&self, key: &str) -> Result<Option<BrowserSession>>;

    /// Keeps a session and what stands for it, the newest last; forgets those that are over, and those
    /// that are too many.
    async fn save_session(
        &self,
        session: BrowserSession,
        keys: Vec<String>,
        beginning: Beginning,
    ) -> Result<()>;

    /// Another key stands for a session from now on, beside those before; the browser keeps it until
    /// `expires_at`.
    async fn add_session_key(
        &self,
        id: &str,
        key: &str,
        expires_at: Millis,
        now: Millis,
    ) -> Result<()>;

    /// Remembers when sessions were used.
    async fn touch_sessions(&self, used: Vec<(String, Millis)>) -> Result<()>;

    /// Whether the user ended a session; one that is not known was not ended.
    async fn is_session_ended(&self, id: &str) -> Result<bool>;

    /// The sessions of a user that go on, the one used last first.
    async fn list_sessions(&self, user_ref: &str, now: Millis) -> Result<Vec<BrowserSession>>;

    /// Ends sessions of a user; how many.
    async fn end_sessions(&self, user_ref: &str, which: Which, now: Millis) -> Result<u64>;
}

const COLUMNS: &str = "id, user_ref, provider, agent, address, begun_at, used_at, expires_at, \
                       ended_at";
/// Sessions that are over and go with one that begins.
const MAX_PRUNED: i64 = 1_000;

#[async_trait]
impl SessionStore for DbStore {
    async fn find_session(&self, key: &str) -> Result<Option<BrowserSession>> {
        let key = key.to_owned();
        self.db.read(move |tx| find_session(tx, &key)).await
    }

    async fn save_session(
        &self,
        session: BrowserSession,
        keys: Vec<String>,
        beginning: Beginning,
    ) -> Result<()> {
        let save = move |tx: &mut Tx<'_>| {
            delete_expired_sessions(tx, session.begun_at)?;
            upsert_session(tx, &session, beginning)?;
            for key in &keys {
                upsert_key(tx, &session.id, key, session.begun_at)?;
            }
            delete_surplus_keys(tx, &session.id)?;
            delete_surplus_sessions(tx, &session.user_ref)
        };
        self.db.write(save).await
    }

    async fn add_session_key(
        &self,
        id: &str,
        key: &str,
        expires_at: Millis,
        now: Millis,
    ) -> Result<()> {
        let (id, key) = (id.to_owned(), key.to_owned());
        let add = move |tx: &mut Tx<'_>| {
            upsert_key(tx, &id, &key, now)?;
            delete_surplus_keys(tx, &id)?;
            update_end(tx, &id, expires_at)
        };
        self.db.write(add).await
    }

    async fn touch_sessions(&self, used: Vec<(String, Millis)>) -> Result<()> {
        let touch = move |tx: &mut Tx<'_>| {
            used.iter()
                .try_for_each(|(id, at)| update_used(tx, id, *at))
        };
        self.db.write(touch).await
    }

    async fn is_session_ended(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        let find = move |tx: &mut Tx<'_>| {
            let sql = "select id from auth_session where id = $1 and ended_at is not null";
            Ok(tx.query_opt(sql, &[(&id).into()])?.is_some())
        };
        self.db.read(find).await
    }

    async fn list_sessions(&self, user_ref: &str, now: Millis) -> Result<Vec<BrowserSession>> {
        let user_ref = user_ref.to_owned();
        self.db
            .read(move |tx| list_sessions(tx, &user_ref, now))
            .await
    }

    async fn end_sessions(&self, user_ref: &str, which: Which, now: Millis) -> Result<u64> {
        let user_ref = user_ref.to_owned();
        self.db
            .write(move |tx| update_ended(tx, &user_ref, &which, now))
            .await
    }
}

fn find_session(tx: &mut Tx<'_>, key: &str) -> Result<Option<BrowserSession>> {
    let sql = format!(
        "select {COLUMNS} from auth_session where id = \
         (select session_id from auth_session_key where digest = $1)"
    );
    tx.query_opt(&sql, &[key.into()])?.map(read).transpose()
}

fn list_sessions(tx: &mut Tx<'_>, user_ref: &str, now: Millis) -> Result<Vec<BrowserSession>> {
    let sql = format!(
        "select {COLUMNS} from auth_session \
         where user_ref = $1 and ended_at is null and expires_at > $2 \
         order by used_at desc, id limit $3"
    );
    let limit = i64::from(MAX_SESSIONS);
    let rows = tx.query(&sql, &[user_ref.into(), now.into(), limit.into()])?;
    rows.into_iter().map(read).collect()
}

fn upsert_session(tx: &mut Tx<'_>, session: &BrowserSession, beginning: Beginning) -> Result<()> {
    let conflict = match beginning {
        Beginning::Found => "nothing",
        Beginning::SignIn => {
            "update set user_ref = excluded.user_ref, agent = excluded.agent, \
             address = excluded.address, begun_at = excluded.begun_at, \
             used_at = excluded.used_at, expires_at = excluded.expires_at, ended_at = null"
        }
    };
    let sql = format!(
        "insert into auth_session ({COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, null) \
         on conflict (id) do {conflict}"
    );
    tx.execute(
        &sql,
        &[
            (&session.id).into(),
            (&session.user_ref).into(),
            (&session.provider).into(),
            (&session.agent).into(),
            (&session.address).into(),
            session.begun_at.into(),
            session.used_at.into(),
            session.expires_at.into(),
        ],
    )?;
    Ok(())
}

fn upsert_key(tx: &mut Tx<'_>, id: &str, key: &str, now: Millis) -> Result<()> {
    tx.execute(
        "insert into auth_session_key (digest, session_id, at) values ($1, $2, $3) \
         on conflict (digest) do update set session_id = excluded.session_id, at = excluded.at",
        &[key.into(), id.into(), now.into()],
    )?;
    Ok(())
}

fn delete_surplus_keys(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    tx.execute(
        "delete from auth_session_key where session_id = $1 and digest not in \
         (select digest from auth_session_key where session_id = $1 \
         order by at desc, digest limit $2)",
        &[id.into(), i64::from(MAX_KEYS).into()],
    )?;
    Ok(())
}

fn update_end(tx: &mut Tx<'_>, id: &str, expires_at: Millis) -> Result<()> {
    tx.execute(
        "update auth_session set expires_at = $2 where id = $1",
        &[id.into(), expires_at.into()],
    )?;
    Ok(())
}

fn update_used(tx: &mut Tx<'_>, id: &str, at: Millis) -> Result<()> {
    tx.execute(
        "update auth_session set used_at = $2 where id = $1 and used_at < $2",
        &[id.into(), at.into()],
    )?;
    Ok(())
}

fn update_ended(tx: &mut Tx<'_>, user_ref: &str, which: &Which, now: Millis) -> Result<u64> {
    let (compare, id) = match which {
        Which::One(id) => ("=", id.as_str()),
        Which::AllBut(id) => ("<>", id.as_deref().unwrap_or_default()),
    };
    let sql = format!(
        "update auth_session set ended_at = $3 \
         where user_ref = $1 and id {compare} $2 and ended_at is null"
    );
    let n_ended = tx.execute(&sql, &[user_ref.into(), id.into(), now.into()])?;
    Ok(n_ended)
}

fn delete_expired_sessions(tx: &mut Tx<'_>, now: Millis) -> Result<()> {
    let rows = tx.query(
        "select id from auth_session where expires_at <= $1 limit $2",
        &[now.into(), MAX_PRUNED.into()],
    )?;
    delete_sessions(tx, rows)
}

/// Those of a user that are too many: the ones that were not used, or have ended, for longest.
fn delete_surplus_sessions(tx: &mut Tx<'_>, user_ref: &str) -> Result<()> {
    let bounds = [
        ("ended_at is null order by used_at desc", MAX_SESSIONS),
        ("ended_at is not null order by ended_at desc", MAX_ENDED),
    ];
    for (condition, keep) in bounds {
        let sql = format!(
            "select id from auth_session where user_ref = $1 and {condition}, id \
             limit $3 offset $2"
        );
        let keep = i64::from(keep);
        let rows = tx.query(&sql, &[user_ref.into(), keep.into(), i64::MAX.into()])?;
        delete_sessions(tx, rows)?;
    }
    Ok(())
}

fn delete_sessions(tx: &mut Tx<'_>, rows: Vec<Row>) -> Result<()> {
    for mut row in rows {
        let id: String = row.take(0)?;
        let keys = "delete from auth_session_key where session_id = $1";
        tx.execute(keys, &[(&id).into()])?;
        tx.execute("delete from auth_session where id = $1", &[(&id).into()])?;
    }
    Ok(())
}

fn read(mut row: Row) -> Result<BrowserSession> {
    Ok(BrowserSession {
        id: row.take(0)?,
        user_ref: row.take(1)?,
        provider: row.take(2)?,
        agent: row.take(3)?,
        address: row.take(4)?,
        begun_at: row.take(5)?,
        used_at: row.take(6)?,
        expires_at: row.take(7)?,
        ended_at: row.take(8)?,
    })
}
