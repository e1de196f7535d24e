//! The database: SQLite or PostgreSQL behind one synchronous transaction type.
//!
//! Invariants: store functions take a [`Tx`] and run on a blocking thread, so they are plain
//! sequential code; there is one writer at a time on both databases (a mutex on SQLite, an advisory
//! lock on PostgreSQL), so the order of commits is the order of change numbers and writers cannot
//! deadlock; a transaction that returns an error is rolled back.

mod connect;
mod lease;
mod migrate;
mod postgres;
mod sqlite;
mod tx;
mod value;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

pub use connect::PostgresSettings;
pub use lease::{Lease, acquire_lease, release_lease, renew_lease};
pub use migrate::Migration;
pub use postgres::is_missing_database;
pub use tx::{Dialect, Tx};
pub use value::{FromColumn, Param, Row};

/// Where the data is kept.
#[derive(Debug, Clone)]
pub enum Settings {
    /// A SQLite file; its folder must exist.
    SqliteFile(PathBuf),
    /// A SQLite database that ends with the process.
    SqliteMemory,
    /// A PostgreSQL database.
    Postgres(PostgresSettings),
}

/// What a commit waits for. Either way it outlives the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// Until the disk has it.
    Synced,
    /// Nothing: the disk gets it soon, and in order.
    Lazy,
}

/// A handle to the database; clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    backend: Backend,
    channels: Mutex<HashMap<&'static str, watch::Sender<u64>>>,
    stop: CancellationToken,
}

enum Backend {
    Sqlite(sqlite::Pool),
    Postgres(postgres::Pool),
}

impl Db {
    /// Opens the database and brings its schema up to date.
    ///
    /// Fails when the schema was written by a newer version.
    pub async fn open(settings: Settings, migrations: &[Migration]) -> Result<Self> {
        let db = Self::connect(settings).await?;
        let migrations = migrations.to_vec();
        db.write(move |tx| migrate::run(tx, &migrations)).await?;
        Ok(db)
    }

    /// Opens the database as it is.
    pub async fn connect(settings: Settings) -> Result<Self> {
        let backend = match settings {
            Settings::SqliteFile(path) => Backend::Sqlite(sqlite::Pool::open(Some(path)).await?),
            Settings::SqliteMemory => Backend::Sqlite(sqlite::Pool::open(None).await?),
            Settings::Postgres(settings) => {
                Backend::Postgres(postgres::Pool::open(settings).await?)
            }
        };
        let inner = Inner {
            backend,
            channels: Mutex::default(),
            stop: CancellationToken::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The dialect of the database.
    pub fn dialect(&self) -> Dialect {
        match self.0.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a transaction as the only writer.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (value, notified) = match &self.0.backend {
            Backend::Sqlite(pool) => pool.write(Durability::Synced, work).await?,
            Backend::Postgres(pool) => {
                pool.run(postgres::Mode::Write(Durability::Synced), work)
                    .await?
            }
        };
        self.wake(&notified);
        Ok(value)
    }

    /// As [`Db::write`], for what can be derived again: a failure of the power or of the database
    /// server may take back the last of these transactions, never one that a later [`Db::write`]
    /// follows, and never a part of one.
    pub async fn write_derived<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (value, notified) = match &self.0.backend {
            Backend::Sqlite(pool) => pool.write(Durability::Lazy, work).await?,
            Backend::Postgres(pool) => {
                pool.run(postgres::Mode::Write(Durability::Lazy), work)
                    .await?
            }
        };
        self.wake(&notified);
        Ok(value)
    }

    /// Runs a transaction that claims rows with [`Tx::skip_locked`]; several may run at once on
    /// PostgreSQL.
    pub async fn claim<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        match &self.0.backend {
            Backend::Sqlite(pool) => Ok(pool.write(Durability::Lazy, work).await?.0),
            Backend::Postgres(pool) => Ok(pool.run(postgres::Mode::Claim, work).await?.0),
        }
    }

    /// Runs read-only work on one snapshot.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        match &self.0.backend {
            Backend::Sqlite(pool) => pool.read(work).await,
            Backend::Postgres(pool) => Ok(pool.run(postgres::Mode::Read, work).await?.0),
        }
    }

    /// A receiver that changes whenever a committed transaction of any replica called
    /// [`Tx::notify`] with this channel. It is a wake-up, never data: always read afterwards.
    pub fn subscribe(&self, channel: &'static str) -> watch::Receiver<u64> {
        let mut channels = self.0.channels.lock();
        channels
            .entry(channel)
            .or_insert_with(|| watch::channel(0).0)
            .subscribe()
    }

    /// Listens for wake-ups of other replicas until [`Db::close`]; does nothing on SQLite.
    pub fn listen(&self) {
        if let Backend::Postgres(pool) = &self.0.backend {
            let weak = Arc::downgrade(&self.0);
            pool.listen(self.0.stop.clone(), move |channel| {
                if let Some(inner) = weak.upgrade() {
                    inner.wake_named(channel);
                }
            });
        }
    }

    /// Stops listening. Open transactions end first.
    pub fn close(&self) {
        self.0.stop.cancel();
    }

    /// Fails when the database does not answer.
    pub async fn ping(&self) -> Result<()> {
        self.read(|tx| tx.query_one("select 1", &[]).map(|_| ()))
            .await
    }

    fn wake(&self, channels: &[&'static str]) {
        for channel in channels {
            self.0.wake_named(Some(channel));
        }
    }
}

impl Inner {
    /// Wakes one channel, or all of them after a reconnect, when notifications may be lost.
    fn wake_named(&self, channel: Option<&str>) {
        for (name, sender) in &*self.channels.lock() {
            if channel.is_none_or(|channel| channel == *name) {
                sender.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({:?})", self.dialect())
    }
}

/// A panic or an abort of the blocking task.
fn join_error(error: tokio::task::JoinError) -> Error {
    Error::internal("database task failed").with_source(error)
}
