//! PostgreSQL: a small pool of connections, each driven by the thread that uses it.
//!
//! A connection owns a single-threaded runtime, so a round trip costs no switch to another thread,
//! and statements of one call are pipelined.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{AsyncMessage, Client, NoTls, Statement};
use tokio_util::sync::CancellationToken;

use crate::error::{Code, Error, Result};

use super::connect::PostgresSettings;
use super::tx::{self, Tx};
use super::value::{Param, Row, Value};
use super::{Durability, join_error};

/// Statements in flight at once in a pipelined call.
const PIPELINE: usize = 256;
/// Prepared statements kept per connection; more are never made by our fixed set of statements.
const STATEMENTS: usize = 256;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Holds the advisory lock: one writer at a time in the whole cluster.
    Write(Durability),
    /// Writes without the lock; only ever locks rows it can get at once.
    Claim,
    /// Reads one snapshot.
    Read,
}

#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    settings: PostgresSettings,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    pub(super) async fn open(settings: PostgresSettings) -> Result<Self> {
        let permits = Arc::new(Semaphore::new(settings.max_connections.max(1)));
        let pool = Self(Arc::new(Shared {
            settings,
            idle: Mutex::default(),
            permits,
        }));
        let shared = Arc::clone(&pool.0);
        let first = move || {
            let connection = open_first(&shared.settings)?;
            shared.idle.lock().push(connection);
            Ok::<_, Error>(())
        };
        tokio::task::spawn_blocking(first)
            .await
            .map_err(join_error)??;
        Ok(pool)
    }

    pub(super) async fn run<T, F>(&self, mode: Mode, work: F) -> Result<(T, Vec<&'static str>)>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.0.permits).acquire_owned().await;
        let permit = permit.map_err(|_| Error::unavailable("database is closed"))?;
        let shared = Arc::clone(&self.0);
        let task = move || {
            let result = shared.run(mode, work);
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(task)
            .await
            .map_err(join_error)?
    }

    /// Calls `wake` for each notification, and with `None` after every (re)connect.
    pub(super) fn listen(
        &self,
        stop: CancellationToken,
        wake: impl Fn(Option<&str>) + Send + Sync + 'static,
    ) {
        let settings = self.0.settings.clone();
        tokio::spawn(async move {
            let mut pause = Duration::from_millis(200);
            while !stop.is_cancelled() {
                let started = tokio::time::Instant::now();
                tokio::select! {
                    () = stop.cancelled() => return,
                    result = listen_once(&settings, &wake) => if let Err(error) = result {
                        tracing::warn!(error = error.chain(), "lost the listening connection");
                    }
                }
                if started.elapsed() > Duration::from_mins(1) {
                    pause = Duration::from_millis(200);
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(10));
            }
        });
    }
}

impl Shared {
    fn run<T>(
        &self,
        mode: Mode,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<(T, Vec<&'static str>)> {
        let idle = self
            .idle
            .lock()
            .pop()
            .filter(|connection| !connection.client.is_closed());
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.settings)?,
        };
        let result = transaction(&mut connection, mode, work);
        // A connection goes back only in a known state; a panic above drops it.
        if !connection.client.is_closed() && !connection.broken {
            self.idle.lock().push(connection);
        }
        result
    }
}

fn begin(durability: Durability) -> &'static str {
    match durability {
        Durability::Synced => "begin",
        Durability::Lazy => "begin; set local synchronous_commit = off",
    }
}

fn transaction<T>(
    connection: &mut Connection,
    mode: Mode,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> Result<(T, Vec<&'static str>)> {
    match mode {
        Mode::Write(durability) => {
            let begin = format!(
                "{}; select pg_advisory_xact_lock({})",
                begin(durability),
                connection.write_lock
            );
            connection.batch(&begin)?;
        }
        Mode::Claim => connection.batch(begin(Durability::Lazy))?,
        Mode::Read => connection.batch("begin isolation level repeatable read read only")?,
    }
    let mut tx = Tx::new(tx::Connection::Postgres(connection));
    let result = work(&mut tx);
    let aftermath = tx.into_aftermath();
    match result {
        Ok(value) => {
            connection.batch("commit")?;
            Ok((value, aftermath.happen()))
        }
        Err(error) => {
            connection.broken = connection.batch("rollback").is_err();
            Err(error)
        }
    }
}

/// The first connection also makes the database and the schema where they are missing.
fn open_first(settings: &PostgresSettings) -> Result<Connection> {
    let opened = match Connection::open(settings) {
        Err(error) if settings.ensure_exists && is_missing_database(&error) => {
            create_database(settings)?;
            Connection::open(settings)
        }
        opened => opened,
    };
    let mut connection = opened?;
    if settings.schema != "public" {
        let schema = quote(&settings.schema);
        unless_made(connection.batch(&format!("create schema if not exists {schema}")))?;
    }
    Ok(connection)
}

/// Whether the server answers, and has no such database.
pub fn is_missing_database(error: &Error) -> bool {
    has_state(error, &[SqlState::INVALID_CATALOG_NAME])
}

fn has_state(error: &Error, states: &[SqlState]) -> bool {
    state(error).is_some_and(|state| states.contains(state))
}

fn state(error: &Error) -> Option<&SqlState> {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<tokio_postgres::Error>())
        .and_then(tokio_postgres::Error::code)
}

fn create_database(settings: &PostgresSettings) -> Result<()> {
    let Some(name) = settings.config.get_dbname().map(str::to_owned) else {
        return Ok(());
    };
    let mut admin = settings.clone();
    admin.config.dbname("postgres");
    "public".clone_into(&mut admin.schema);
    let mut connection = Connection::open(&admin)?;
    unless_made(connection.batch(&format!("create database {}", quote(&name))))
}

/// The outcome of creating something; a replica that starts in the same moment may be faster.
fn unless_made(created: Result<()>) -> Result<()> {
    let states = [SqlState::DUPLICATE_DATABASE, SqlState::UNIQUE_VIOLATION];
    created.or_else(|error| {
        if has_state(&error, &states) {
            Ok(())
        } else {
            Err(error)
        }
    })
}

fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// One connection and the runtime that drives it.
pub(super) struct Connection {
    client: Client,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    statements: HashMap<String, Statement>,
    write_lock: i64,
    schema: String,
    broken: bool,
}

impl Connection {
    fn open(settings: &PostgresSettings) -> Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::internal("cannot start a runtime").with_source(error))?;
        let client = runtime.block_on(async {
            let (client, driver) = connect(settings).await?;
            tokio::spawn(driver);
            Ok::<_, Error>(client)
        })?;
        let mut connection = Self {
            client,
            runtime: Some(runtime),
            statements: HashMap::new(),
            write_lock: lock_key(&settings.schema),
            schema: settings.schema.clone(),
            broken: false,
        };
        connection.batch(&format!(
            "set search_path to {}; set idle_in_transaction_session_timeout = '60s'",
            quote(&settings.schema)
        ))?;
        Ok(connection)
    }

    fn block_on<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(future),
            None => Err(Error::internal("connection is closed")),
        }
    }

    /// The server's channel of all wake-ups; which of ours it is about is the payload.
    pub(super) fn channel_name(&self) -> String {
        channel_name(&self.schema)
    }

    fn statement(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let prepare = async { self.client.prepare(sql).await.map_err(into_error) };
        let statement = self.block_on(prepare)?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        self.block_on(async { self.client.batch_execute(sql).await.map_err(into_error) })
    }

    pub(super) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        let statement = self.statement(sql)?;
        self.block_on(execute_one(&self.client, &statement, params))
    }

    pub(super) fn execute_each(&mut self, sql: &str, rows: &[Vec<Param<'_>>]) -> Result<Vec<u64>> {
        let statement = self.statement(sql)?;
        self.block_on(async {
            let mut counts = Vec::with_capacity(rows.len());
            for chunk in rows.chunks(PIPELINE) {
                let calls = chunk
                    .iter()
                    .map(|row| execute_one(&self.client, &statement, row));
                counts.extend(try_join_all(calls).await?);
            }
            Ok(counts)
        })
    }

    pub(super) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        let statement = self.statement(sql)?;
        self.block_on(query_one(&self.client, &statement, params))
    }

    pub(super) fn query_each(
        &mut self,
        sql: &str,
        rows: &[Vec<Param<'_>>],
    ) -> Result<Vec<Vec<Row>>> {
        let statement = self.statement(sql)?;
        self.block_on(async {
            let mut results = Vec::with_capacity(rows.len());
            for chunk in rows.chunks(PIPELINE) {
                let calls = chunk
                    .iter()
                    .map(|row| query_one(&self.client, &statement, row));
                results.extend(try_join_all(calls).await?);
            }
            Ok(results)
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // An ordinary drop of a runtime blocks, which is forbidden on an async thread.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn execute_one(client: &Client, statement: &Statement, params: &[Param<'_>]) -> Result<u64> {
    client
        .execute_raw(statement, params)
        .await
        .map_err(into_error)
}

async fn query_one(
    client: &Client,
    statement: &Statement,
    params: &[Param<'_>],
) -> Result<Vec<Row>> {
    let rows = client
        .query_raw(statement, params)
        .await
        .map_err(into_error)?;
    rows.map_err(into_error)
        .and_then(|row| async move { convert(&row) })
        .try_collect()
        .await
}

type Driver = futures::future::BoxFuture<'static, ()>;

async fn connect(settings: &PostgresSettings) -> Result<(Client, Driver)> {
    let connecting = async {
        if settings.uses_tls() {
            let (client, driver) = settings
                .config
                .connect(settings.tls()?)
                .await
                .map_err(into_error)?;
            Ok((client, drive(driver)))
        } else {
            let (client, driver) = settings.config.connect(NoTls).await.map_err(into_error)?;
            Ok((client, drive(driver)))
        }
    };
    let result: std::result::Result<Result<_>, _> =
        tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
    match result {
        // Without a state it is not the server that refuses.
        Ok(Err(error)) if error.code() == Code::Unavailable && state(&error).is_none() => {
            Err(Error::unavailable(format!("cannot reach {}", place(settings))).with_source(error))
        }
        Ok(result) => result,
        Err(_) => Err(Error::unavailable(format!(
            "{} does not answer",
            place(settings)
        ))),
    }
}

/// Which server is meant, as far as the connection tells.
fn place(settings: &PostgresSettings) -> String {
    let ports = settings
        .config
        .get_ports()
        .iter()
        .chain(std::iter::repeat(&5432));
    let hosts = settings
        .config
        .get_hosts()
        .iter()
        .zip(ports)
        .map(|(host, port)| match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(folder) => folder.display().to_string(),
        });
    format!(
        "PostgreSQL at {} (`backend.database`)",
        hosts.collect::<Vec<_>>().join(", ")
    )
}

fn drive<F>(driver: F) -> Driver
where
    F: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    Box::pin(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "database connection ended");
        }
    })
}

async fn listen_once(settings: &PostgresSettings, wake: &impl Fn(Option<&str>)) -> Result<()> {
    if settings.uses_tls() {
        let tls = settings.tls()?;
        let (client, driver) = settings.config.connect(tls).await.map_err(into_error)?;
        follow(settings, client, driver, wake).await
    } else {
        let (client, driver) = settings.config.connect(NoTls).await.map_err(into_error)?;
        follow(settings, client, driver, wake).await
    }
}

async fn follow<S, T>(
    settings: &PostgresSettings,
    client: Client,
    mut driver: tokio_postgres::Connection<S, T>,
    wake: &impl Fn(Option<&str>),
) -> Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut messages = futures::stream::poll_fn(move |context| driver.poll_message(context));
    let listen = format!("listen {}", channel_name(&settings.schema));
    let mut started = Box::pin(async { client.batch_execute(&listen).await });
    let mut listening = false;
    loop {
        tokio::select! {
            result = &mut started, if !listening => {
                result.map_err(into_error)?;
                listening = true;
                wake(None);
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    wake(Some(notification.payload()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(into_error(error)),
                None => return Ok(()),
            },
        }
    }
}

/// Notifications reach the whole database, so there is a channel for each schema. Names of channels
/// are short, those of schemas need not be.
fn channel_name(schema: &str) -> String {
    format!("callboard_{:016x}", lock_key(schema))
}

/// Key of the advisory lock: one per schema, so that installations sharing a database do not wait
/// for each other.
fn lock_key(schema: &str) -> i64 {
    use sha1::{Digest, Sha1};
    let digest = Sha1::digest(format!("callboard:{schema}"));
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(bytes)
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => match *ty {
                Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(*value)?.to_sql(ty, out),
                Type::BOOL => (*value != 0).to_sql(ty, out),
                _ => value.to_sql(ty, out),
            },
            Self::Real(value) => value.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Owned(text) => text.to_sql(ty, out),
            Self::Blob(bytes) => bytes.to_sql(ty, out),
            Self::Bool(value) => match *ty {
                Type::BOOL => value.to_sql(ty, out),
                _ => i64::from(*value).to_sql(ty, out),
            },
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn convert(row: &tokio_postgres::Row) -> Result<Row> {
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(index, column)| value(row, index, column.type_()))
        .collect::<Result<_>>()
        .map(Row)
}

fn value(row: &tokio_postgres::Row, index: usize, ty: &Type) -> Result<Value> {
    fn get<'r, T: FromSql<'r>>(
        row: &'r tokio_postgres::Row,
        index: usize,
        into: impl Fn(T) -> Value,
    ) -> Result<Value> {
        let value: Option<T> = row.try_get(index).map_err(into_error)?;
        Ok(value.map_or(Value::Null, into))
    }
    match *ty {
        Type::INT8 => get(row, index, Value::Int),
        Type::INT4 => get(row, index, |value: i32| Value::Int(i64::from(value))),
        Type::INT2 => get(row, index, |value: i16| Value::Int(i64::from(value))),
        Type::BOOL => get(row, index, Value::Bool),
        Type::FLOAT8 => get(row, index, Value::Real),
        Type::BYTEA => get(row, index, Value::Blob),
        Type::VOID => Ok(Value::Null),
        _ => get(row, index, Value::Text),
    }
}

fn into_error(error: tokio_postgres::Error) -> Error {
    let code = match error.code() {
        Some(state) => match &state.code()[..2] {
            "23" => Code::Conflict,
            // Connection failure, resources, operator intervention, authorisation, no database.
            "08" | "53" | "57" | "28" | "3D" => Code::Unavailable,
            _ => Code::Internal,
        },
        // Without a state the server was not reached or went away.
        None => Code::Unavailable,
    };
    Error::new(code, "database error").with_source(error)
}
