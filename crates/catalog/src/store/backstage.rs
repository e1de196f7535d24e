//! The tables of a Backstage catalog, read and never written. Reference 1 §B.1.
//!
//! Everything is read as text, which both databases can cast to; SQLite files are opened read-only
//! and are left as they are, PostgreSQL is read in read-only transactions.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use platform::db::{Db, Param, PostgresSettings, Row, Settings};
use platform::{Error, Result};
use rusqlite::{Connection, OpenFlags};

/// Rows of one query.
const PAGE: usize = 500;
/// Most rows that are read as a whole.
const MAX_ROWS: usize = 5_000_000;

/// A row whose columns are all texts.
type TextRow<const N: usize> = [Option<String>; N];

/// A Backstage catalog database.
#[derive(Clone)]
pub struct BackstageDatabase(Kind);

#[derive(Clone)]
enum Kind {
    Sqlite(Arc<Mutex<Connection>>),
    Postgres { db: Db, schema: String },
}

/// A row of `refresh_state` with what it became.
#[derive(Debug)]
pub(crate) struct EntityRow {
    pub entity_ref: String,
    pub uid: String,
    pub location_key: Option<String>,
    pub unprocessed: Option<String>,
    pub processed: Option<String>,
    pub final_entity: Option<String>,
}

/// A row of `locations`.
#[derive(Debug)]
pub(crate) struct LocationRow {
    pub id: String,
    pub kind: String,
    pub target: String,
    /// Absent before Backstage knew that a location can move.
    pub entity_ref: Option<String>,
}

/// A row of `refresh_state_references`: a provider or an entity, and what it emits.
#[derive(Debug)]
pub(crate) struct EdgeRow {
    pub provider: Option<String>,
    pub entity: Option<String>,
    pub target: String,
}

impl BackstageDatabase {
    /// Opens the file of a Backstage with `better-sqlite3`, usually `catalog.sqlite`.
    pub async fn open_sqlite(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        let open = move || open_read_only(&path);
        let connection = tokio::task::spawn_blocking(open)
            .await
            .map_err(|error| Error::internal("database task failed").with_source(error))??;
        let database = Self(Kind::Sqlite(Arc::new(Mutex::new(connection))));
        database.check().await?;
        Ok(database)
    }

    /// Connects to the PostgreSQL database of the catalog, usually `backstage_plugin_catalog`.
    pub async fn open_postgres(mut settings: PostgresSettings) -> Result<Self> {
        settings.ensure_exists = false;
        settings.max_connections = 1;
        let db = Db::connect(Settings::Postgres(settings)).await?;
        let schema = db
            .read(|tx| {
                let row = tx.query_opt(
                    "select cast(table_schema as text) from information_schema.tables \
                     where table_name = 'refresh_state' \
                     order by case when table_schema = 'public' then 0 else 1 end, table_schema",
                    &[],
                )?;
                row.map(|mut row| row.take::<String>(0)).transpose()
            })
            .await?
            .ok_or_else(not_backstage)?;
        let database = Self(Kind::Postgres { db, schema });
        database.check().await?;
        Ok(database)
    }

    /// Fails unless the tables are there and can be read.
    async fn check(&self) -> Result<()> {
        for (table, column) in [
            ("refresh_state", "entity_ref"),
            ("refresh_state_references", "target_entity_ref"),
            ("final_entities", "entity_id"),
            ("locations", "id"),
        ] {
            let sql = format!(
                "select cast(count({column}) as text) from {}",
                self.table(table)
            );
            self.query::<1>(sql, None)
                .await
                .map_err(|error| not_backstage().with_source(error))?;
        }
        Ok(())
    }

    /// How many entities there are.
    pub(crate) async fn count_entities(&self) -> Result<u64> {
        let table = self.table("refresh_state");
        let sql = format!("select cast(count(*) as text) from {table}");
        let rows = self.query::<1>(sql, None).await?;
        let count = rows.into_iter().flatten().flatten().next();
        Ok(count.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// All registered locations, without the one that bootstraps the catalog.
    pub(crate) async fn list_locations(&self) -> Result<Vec<LocationRow>> {
        let select = |entity_ref: &str| {
            format!(
                "select cast(id as text), type, target, {entity_ref} from {} \
                 where type <> 'bootstrap' order by 1",
                self.table("locations")
            )
        };
        let rows = match self.query(select("location_entity_ref"), None).await {
            Ok(rows) => rows,
            // The column came with Backstage 1.50.
            Err(_) => self.query(select("null"), None).await?,
        };
        let location = |[id, kind, target, entity_ref]: TextRow<4>| {
            Some(LocationRow {
                id: id?,
                kind: kind?,
                target: target?,
                entity_ref,
            })
        };
        Ok(rows.into_iter().filter_map(location).collect())
    }

    /// Who emits what.
    pub(crate) async fn list_edges(&self) -> Result<Vec<EdgeRow>> {
        let sql = format!(
            "select cast(id as text), source_key, source_entity_ref, target_entity_ref from {} \
             where id > cast(cast($1 as text) as bigint) order by id limit 5000",
            self.table("refresh_state_references")
        );
        let mut after = "0".to_owned();
        let mut edges = Vec::new();
        loop {
            let rows = self.query(sql.clone(), Some(after.clone())).await?;
            if rows.is_empty() {
                return Ok(edges);
            }
            for [id, provider, entity, target] in rows {
                after = id.unwrap_or_default();
                edges.extend(target.map(|target| EdgeRow {
                    provider,
                    entity,
                    target,
                }));
            }
            if edges.len() > MAX_ROWS {
                return Err(Error::input(format!(
                    "the database has more than {MAX_ROWS} references"
                )));
            }
        }
    }

    /// The next entities after a reference.
    pub(crate) async fn load_entities(&self, after: &str) -> Result<Vec<EntityRow>> {
        let sql = format!(
            "select r.entity_ref, cast(r.entity_id as text), r.location_key, \
             cast(r.unprocessed_entity as text), cast(r.processed_entity as text), \
             cast(f.final_entity as text) from {} r \
             left join {} f on f.entity_id = r.entity_id \
             where r.entity_ref > $1 order by r.entity_ref limit {PAGE}",
            self.table("refresh_state"),
            self.table("final_entities")
        );
        let rows = self.query(sql, Some(after.to_owned())).await?;
        let entity = |row: TextRow<6>| {
            let [
                entity_ref,
                uid,
                location_key,
                unprocessed,
                processed,
                final_entity,
            ] = row;
            Some(EntityRow {
                entity_ref: entity_ref?,
                uid: uid.unwrap_or_default(),
                location_key,
                unprocessed,
                processed,
                final_entity,
            })
        };
        Ok(rows.into_iter().filter_map(entity).collect())
    }

    fn table(&self, name: &str) -> String {
        match &self.0 {
            Kind::Sqlite(_) => name.to_owned(),
            Kind::Postgres { schema, .. } => {
                format!("\"{}\".{name}", schema.replace('"', "\"\""))
            }
        }
    }

    /// Rows of a query whose columns are all texts.
    async fn query<const N: usize>(
        &self,
        sql: String,
        param: Option<String>,
    ) -> Result<Vec<TextRow<N>>> {
        match &self.0 {
            Kind::Sqlite(connection) => {
                let connection = Arc::clone(connection);
                let run = move || query_sqlite(&connection.lock(), &sql, param);
                tokio::task::spawn_blocking(run)
                    .await
                    .map_err(|error| Error::internal("database task failed").with_source(error))?
                    .map_err(|error| Error::internal("cannot read").with_source(error))
            }
            Kind::Postgres { db, .. } => {
                db.read(move |tx| {
                    let params: Vec<Param<'_>> = param.iter().map(Into::into).collect();
                    let rows = tx.query(&sql, &params)?;
                    rows.into_iter().map(texts).collect()
                })
                .await
            }
        }
    }
}

fn texts<const N: usize>(mut row: Row) -> Result<TextRow<N>> {
    let mut texts = [const { None }; N];
    for (column, text) in texts.iter_mut().enumerate() {
        *text = row.take(column)?;
    }
    Ok(texts)
}

fn query_sqlite<const N: usize>(
    connection: &Connection,
    sql: &str,
    param: Option<String>,
) -> rusqlite::Result<Vec<TextRow<N>>> {
    let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
    let rows = statement.query_map(rusqlite::params_from_iter(param), |row| {
        let mut texts = [const { None }; N];
        for (column, text) in texts.iter_mut().enumerate() {
            *text = row.get(column)?;
        }
        Ok(texts)
    })?;
    rows.collect()
}

fn open_read_only(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let cannot = |error: rusqlite::Error| {
        Error::input(format!("cannot open database `{}`", path.display())).with_source(error)
    };
    let connection = Connection::open_with_flags(path, flags).map_err(cannot)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .map_err(cannot)?;
    // One snapshot for the whole import, whatever Backstage writes meanwhile.
    connection.execute_batch("begin").map_err(cannot)?;
    Ok(connection)
}

fn not_backstage() -> Error {
    Error::input(
        "this is not the catalog database of a Backstage: it has no readable tables \
         `refresh_state`, `refresh_state_references`, `final_entities` and `locations`",
    )
}

impl std::fmt::Debug for BackstageDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.0 {
            Kind::Sqlite(_) => "BackstageDatabase(Sqlite)",
            Kind::Postgres { .. } => "BackstageDatabase(Postgres)",
        })
    }
}
