//! A transaction: the same few calls on both databases.

use crate::error::{Error, Result};

use super::postgres::Connection as PostgresConnection;
use super::value::{Param, Row};

/// Rows of one `insert` on PostgreSQL; a statement has at most 65,535 parameters.
const INSERT_BLOCK: usize = 64;

/// Which SQL the database speaks. Statements are portable (`$1` placeholders, `returning`,
/// `on conflict`); the few exceptions ask here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

pub(super) enum Connection<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c mut PostgresConnection),
}

/// An open transaction.
pub struct Tx<'c> {
    connection: Connection<'c>,
    aftermath: Aftermath,
}

/// What is to happen once a transaction has committed; nothing of it does when it has not.
#[derive(Default)]
pub(super) struct Aftermath {
    notified: Vec<&'static str>,
    actions: Vec<Box<dyn FnOnce() + Send>>,
}

impl Aftermath {
    /// Does what is to be done; the channels whose subscribers are to be woken.
    pub(super) fn happen(self) -> Vec<&'static str> {
        for action in self.actions {
            action();
        }
        self.notified
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: Connection<'c>) -> Self {
        Self {
            connection,
            aftermath: Aftermath::default(),
        }
    }

    pub(super) fn into_aftermath(self) -> Aftermath {
        self.aftermath
    }

    /// The dialect of the database.
    pub fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; the number of rows it changed.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        match &mut self.connection {
            Connection::Sqlite(connection) => super::sqlite::execute(connection, sql, params),
            Connection::Postgres(connection) => connection.execute(sql, params),
        }
    }

    /// Runs one statement for each list of parameters, pipelined on PostgreSQL; rows changed by each.
    pub fn execute_each(&mut self, sql: &str, rows: &[Vec<Param<'_>>]) -> Result<Vec<u64>> {
        match &mut self.connection {
            Connection::Sqlite(connection) => super::sqlite::execute_each(connection, sql, rows),
            Connection::Postgres(connection) => connection.execute_each(sql, rows),
        }
    }

    /// Inserts rows into `into`, a table with its columns in brackets; `conflict` is the clause about
    /// rows that exist. On PostgreSQL many rows go into one statement, so a row that conflicts with
    /// another of the same call may not be updated.
    pub fn insert(&mut self, into: &str, rows: &[Vec<Param<'_>>], conflict: &str) -> Result<()> {
        let Some(n_columns) = rows.first().map(Vec::len) else {
            return Ok(());
        };
        let n_blocks = match self.dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => rows.len() / INSERT_BLOCK,
        };
        let (blocks, rest) = rows.split_at(n_blocks * INSERT_BLOCK);
        if !blocks.is_empty() {
            let blocks: Vec<Vec<Param<'_>>> =
                blocks.chunks(INSERT_BLOCK).map(<[_]>::concat).collect();
            let sql = insert_sql(into, n_columns, INSERT_BLOCK, conflict);
            self.execute_each(&sql, &blocks)?;
        }
        self.execute_each(&insert_sql(into, n_columns, 1, conflict), rest)?;
        Ok(())
    }

    /// All rows of a query.
    pub fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        match &mut self.connection {
            Connection::Sqlite(connection) => super::sqlite::query(connection, sql, params),
            Connection::Postgres(connection) => connection.query(sql, params),
        }
    }

    /// Runs one query for each list of parameters, pipelined on PostgreSQL; the rows of each.
    pub fn query_each(&mut self, sql: &str, rows: &[Vec<Param<'_>>]) -> Result<Vec<Vec<Row>>> {
        match &mut self.connection {
            Connection::Sqlite(connection) => rows
                .iter()
                .map(|row| super::sqlite::query(connection, sql, row))
                .collect(),
            Connection::Postgres(connection) => connection.query_each(sql, rows),
        }
    }

    /// The first row of a query, if any.
    pub fn query_opt(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// The first row of a query that always has one.
    pub fn query_one(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Row> {
        self.query_opt(sql, params)?
            .ok_or_else(|| Error::internal("query returned no row"))
    }

    /// Runs several statements without parameters, as migrations have them.
    pub fn batch(&mut self, sql: &str) -> Result<()> {
        match &mut self.connection {
            Connection::Sqlite(connection) => super::sqlite::batch(connection, sql),
            Connection::Postgres(connection) => connection.batch(sql),
        }
    }

    /// Wakes the subscribers of a channel, in all replicas, once this transaction has committed.
    pub fn notify(&mut self, channel: &'static str) -> Result<()> {
        if self.aftermath.notified.contains(&channel) {
            return Ok(());
        }
        if let Connection::Postgres(connection) = &mut self.connection {
            let all = connection.channel_name();
            connection.query("select pg_notify($1, $2)", &[all.into(), channel.into()])?;
        }
        self.aftermath.notified.push(channel);
        Ok(())
    }

    /// Does something in this process once this transaction has committed; it must not block.
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        self.aftermath.actions.push(Box::new(action));
    }

    /// The clause that lets several claimers pass each other; empty where there is one writer.
    pub fn skip_locked(&self) -> &'static str {
        match self.dialect() {
            Dialect::Sqlite => "",
            Dialect::Postgres => "for update skip locked",
        }
    }

    /// The clause that keeps claimers away from the selected rows until the commit.
    pub fn lock_rows(&self) -> &'static str {
        match self.dialect() {
            Dialect::Sqlite => "",
            Dialect::Postgres => "for update",
        }
    }

    /// A sub-select over the texts of parameter `n`, which holds a JSON array: `x in {…}`.
    pub fn each_text(&self, n: usize) -> String {
        match self.dialect() {
            Dialect::Sqlite => format!("(select value from json_each(${n}))"),
            Dialect::Postgres => format!("(select jsonb_array_elements_text(${n}::text::jsonb))"),
        }
    }

    /// A sub-select over the integers of parameter `n`, which holds a JSON array.
    pub fn each_int(&self, n: usize) -> String {
        match self.dialect() {
            Dialect::Sqlite => format!("(select value from json_each(${n}))"),
            Dialect::Postgres => {
                format!("(select jsonb_array_elements_text(${n}::text::jsonb)::bigint)")
            }
        }
    }
}

fn insert_sql(into: &str, n_columns: usize, n_rows: usize, conflict: &str) -> String {
    let row = |at: usize| {
        let first = at * n_columns + 1;
        let params = (first..first + n_columns).map(|n| format!("${n}"));
        format!("({})", params.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..n_rows).map(row).collect();
    format!("insert into {into} values {} {conflict}", rows.join(", "))
}
