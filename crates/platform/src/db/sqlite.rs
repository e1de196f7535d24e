//! SQLite: one writing connection, a few reading ones.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::Semaphore;

use crate::error::{Code, Error, Result};

use super::tx::{self, Tx};
use super::value::{Param, Row, Value};
use super::{Durability, join_error};

/// Readers that may run beside the writer.
const READERS: usize = 4;
/// Prepared statements kept per connection.
const STATEMENTS: usize = 128;

#[derive(Clone)]
pub(super) struct Pool {
    writer: Arc<Mutex<Writer>>,
    /// `None` for a database in memory, which has a single connection.
    readers: Option<Arc<Readers>>,
}

struct Writer {
    connection: Connection,
    /// What its commits do at present.
    durability: Durability,
}

impl Writer {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            durability: Durability::Synced,
        }
    }

    fn set(&mut self, durability: Durability) -> Result<()> {
        if self.durability == durability {
            return Ok(());
        }
        let pragma = match durability {
            Durability::Synced => "pragma synchronous = full",
            Durability::Lazy => "pragma synchronous = normal",
        };
        self.connection.execute_batch(pragma).map_err(into_error)?;
        self.durability = durability;
        Ok(())
    }
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Pool {
    pub(super) async fn open(path: Option<PathBuf>) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::open_blocking(path))
            .await
            .map_err(join_error)?
    }

    fn open_blocking(path: Option<PathBuf>) -> Result<Self> {
        let Some(path) = path else {
            let connection = Connection::open_in_memory().map_err(into_error)?;
            prepare(&connection, false)?;
            return Ok(Self {
                writer: Arc::new(Mutex::new(Writer::new(connection))),
                readers: None,
            });
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| cannot_open(&path, error))?;
        }
        create_private(&path).map_err(|error| cannot_open(&path, error))?;
        let connection = Connection::open(&path).map_err(|error| cannot_open(&path, error))?;
        prepare(&connection, false).map_err(|error| cannot_open(&path, error))?;
        let readers = Readers {
            path,
            idle: Mutex::default(),
            permits: Semaphore::new(READERS),
        };
        Ok(Self {
            writer: Arc::new(Mutex::new(Writer::new(connection))),
            readers: Some(Arc::new(readers)),
        })
    }

    pub(super) async fn write<T, F>(
        &self,
        durability: Durability,
        work: F,
    ) -> Result<(T, Vec<&'static str>)>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let writer = Arc::clone(&self.writer);
        let task = move || {
            let mut writer = writer.lock();
            writer.set(durability)?;
            transaction(&writer.connection, "begin immediate", work)
        };
        tokio::task::spawn_blocking(task)
            .await
            .map_err(join_error)?
    }

    pub(super) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let Some(readers) = self.readers.clone() else {
            return Ok(self.write(Durability::Lazy, work).await?.0);
        };
        tokio::task::spawn_blocking(move || readers.run(work))
            .await
            .map_err(join_error)?
    }
}

impl Readers {
    fn run<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        // Readers are short and more connections than permits cost nothing but memory, so an
        // exhausted pool opens one more instead of blocking a thread.
        let permit = self.permits.try_acquire();
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = transaction(&connection, "begin", work);
        if permit.is_ok() {
            self.idle.lock().push(connection);
        }
        Ok(result?.0)
    }

    fn connect(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)
            .map_err(|e| cannot_open(&self.path, e))?;
        prepare(&connection, true)?;
        Ok(connection)
    }
}

/// Settings of a connection. `synchronous = full` makes a commit survive a power failure too, with
/// all that were before it.
fn prepare(connection: &Connection, read_only: bool) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection
        .busy_timeout(Duration::from_secs(10))
        .map_err(into_error)?;
    let pragmas = if read_only {
        // The system caches the file; mapped pages would count as ours.
        "pragma query_only = on; pragma cache_size = -2048;"
    } else {
        // A page that changes often is copied from a long journal once instead of many times.
        "pragma page_size = 8192; pragma journal_mode = wal; pragma synchronous = full; \
         pragma foreign_keys = on; pragma temp_store = memory; pragma cache_size = -65536; \
         pragma wal_autocheckpoint = 16384; pragma journal_size_limit = 67108864;"
    };
    connection.execute_batch(pragmas).map_err(into_error)
}

fn transaction<T>(
    connection: &Connection,
    begin: &str,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> Result<(T, Vec<&'static str>)> {
    connection.execute_batch(begin).map_err(into_error)?;
    // A panic in `work` must not leave the transaction open on a shared connection.
    let guard = Rollback(connection);
    let mut tx = Tx::new(tx::Connection::Sqlite(connection));
    let value = work(&mut tx)?;
    connection.execute_batch("commit").map_err(into_error)?;
    std::mem::forget(guard);
    Ok((value, tx.into_aftermath().happen()))
}

struct Rollback<'c>(&'c Connection);

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.execute_batch("rollback") {
            tracing::warn!(%error, "rollback failed");
        }
    }
}

pub(super) fn execute(connection: &Connection, sql: &str, params: &[Param<'_>]) -> Result<u64> {
    let mut statement = connection
        .prepare_cached(&numbered(sql))
        .map_err(into_error)?;
    run(&mut statement, params)
}

pub(super) fn execute_each(
    connection: &Connection,
    sql: &str,
    rows: &[Vec<Param<'_>>],
) -> Result<Vec<u64>> {
    let mut statement = connection
        .prepare_cached(&numbered(sql))
        .map_err(into_error)?;
    rows.iter().map(|row| run(&mut statement, row)).collect()
}

fn run(statement: &mut rusqlite::Statement<'_>, params: &[Param<'_>]) -> Result<u64> {
    bind(statement, params)?;
    let changed = statement.raw_execute().map_err(into_error)?;
    Ok(changed as u64)
}

pub(super) fn query(connection: &Connection, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
    let mut statement = connection
        .prepare_cached(&numbered(sql))
        .map_err(into_error)?;
    bind(&mut statement, params)?;
    let n_columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut result = Vec::new();
    while let Some(row) = rows.next().map_err(into_error)? {
        let values = (0..n_columns)
            .map(|column| row.get_ref(column).map_err(into_error).and_then(value))
            .collect::<Result<_>>()?;
        result.push(Row(values));
    }
    Ok(result)
}

pub(super) fn batch(connection: &Connection, sql: &str) -> Result<()> {
    connection.execute_batch(sql).map_err(into_error)
}

/// SQLite counts named parameters by first appearance; `?n` says what `$n` means.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn bind(statement: &mut rusqlite::Statement<'_>, params: &[Param<'_>]) -> Result<()> {
    for (index, param) in params.iter().enumerate() {
        statement
            .raw_bind_parameter(index + 1, param)
            .map_err(into_error)?;
    }
    Ok(())
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Owned(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Bool(value) => ValueRef::Integer(i64::from(*value)),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

fn value(value: ValueRef<'_>) -> Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(bytes) => Value::Text(
            String::from_utf8(bytes.to_vec())
                .map_err(|error| Error::internal("text is not UTF-8").with_source(error))?,
        ),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

/// Makes the file where it is missing, for its owner only: it holds signing keys. SQLite gives its
/// other files the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.create_new(true).write(true).mode(0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn cannot_open(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable(format!("cannot open database `{}`", path.display())).with_source(error)
}

fn into_error(error: rusqlite::Error) -> Error {
    let code = match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Code::Conflict,
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly,
        ) => Code::Unavailable,
        _ => Code::Internal,
    };
    Error::new(code, "database error").with_source(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn the_files_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let pool = Pool::open(Some(folder.path().join("a.db"))).await.unwrap();
        let made = pool.write(Durability::Synced, |tx| tx.batch("create table t (x int)"));
        made.await.unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(files.len() > 1, "the journal is a file besides");
        for file in files.into_iter().map(Result::unwrap) {
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
        }
    }
}
