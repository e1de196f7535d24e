//! The database of a portal, seen from outside: its configuration, and what must always hold in it.

use std::path::PathBuf;

use platform::db::{Db, PostgresSettings, Row, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::environment;

/// Entities that are never looked at again by time have this schedule.
const NEVER: i64 = i64::MAX;

/// One database; a schema of its own on PostgreSQL, a file on SQLite.
pub(crate) struct Database {
    place: Place,
    db: tokio::sync::OnceCell<Db>,
}

enum Place {
    Sqlite(TempDir),
    Postgres { url: String, schema: String },
}

impl Database {
    /// On the server of `TEST_DATABASE_URL`, or embedded.
    pub(crate) fn new() -> Self {
        Self::on_server().unwrap_or_else(Self::embedded)
    }

    /// A file.
    pub(crate) fn embedded() -> Self {
        Self {
            place: Place::Sqlite(tempfile::tempdir().unwrap()),
            db: tokio::sync::OnceCell::new(),
        }
    }

    /// On the server of `TEST_DATABASE_URL`, if there is one.
    pub(crate) fn on_server() -> Option<Self> {
        let url = environment::text("TEST_DATABASE_URL")?;
        let schema = format!("r_{}", uuid::Uuid::new_v4().simple());
        // Connections of these portals can be told from all others by their name.
        let url = format!("{url}?application_name={schema}");
        let place = Place::Postgres { url, schema };
        Some(Self {
            place,
            db: tokio::sync::OnceCell::new(),
        })
    }

    /// `backend.database`.
    pub(crate) fn config(&self) -> Value {
        match &self.place {
            Place::Sqlite(_) => {
                let file = self.file();
                json!({ "client": "better-sqlite3", "connection": { "filename": file } })
            }
            Place::Postgres { url, schema } => {
                json!({ "client": "pg", "connection": url, "schema": schema })
            }
        }
    }

    fn file(&self) -> PathBuf {
        match &self.place {
            Place::Sqlite(folder) => folder.path().join("callboard.db"),
            Place::Postgres { .. } => PathBuf::new(),
        }
    }

    async fn db(&self) -> &Db {
        let open = async || {
            let settings = match &self.place {
                Place::Sqlite(_) => Settings::SqliteFile(self.file()),
                Place::Postgres { url, schema } => {
                    // Not counted among the connections of the portals.
                    let url = url.split('?').next().unwrap();
                    let mut settings = PostgresSettings::from_url(url).unwrap();
                    settings.schema.clone_from(schema);
                    settings.max_connections = 1;
                    Settings::Postgres(settings)
                }
            };
            Db::connect(settings).await.unwrap()
        };
        self.db.get_or_init(open).await
    }

    async fn query(&self, sql: &str) -> Vec<Row> {
        let sql = sql.to_owned();
        self.db()
            .await
            .read(move |tx| tx.query(&sql, &[]))
            .await
            .unwrap()
    }

    /// Texts of the first column.
    async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.query(sql).await;
        rows.into_iter()
            .map(|mut row| row.take(0).unwrap())
            .collect()
    }

    async fn number(&self, sql: &str) -> i64 {
        self.query(sql).await.remove(0).take(0).unwrap()
    }

    /// Everything is as if `ms` milliseconds had passed.
    pub(crate) async fn age(&self, ms: i64) {
        let schedule =
            format!("update catalog_refresh set next_at = next_at - {ms} where next_at < {NEVER}");
        let orphans = format!(
            "update catalog_refresh set orphan_at = orphan_at - {ms} where orphan_at > {ms}"
        );
        let work = move |tx: &mut platform::db::Tx<'_>| {
            tx.execute(&schedule, &[])?;
            tx.execute(&orphans, &[])
        };
        self.db().await.write(work).await.unwrap();
    }

    /// Nobody holds a task any more, as if the leases of killed processes had run out.
    pub(crate) async fn end_leases_of_tasks(&self) {
        let sql = "update scaffolder_task set locked_until = 0 where status = 'processing'";
        let work = move |tx: &mut platform::db::Tx<'_>| tx.execute(sql, &[]);
        self.db().await.write(work).await.unwrap();
    }

    /// The final entities as they are stored.
    pub(crate) async fn bodies(&self) -> Vec<Value> {
        let bodies = self.texts("select body from catalog_entity").await;
        bodies
            .iter()
            .map(|body| serde_json::from_str(body).unwrap())
            .collect()
    }

    /// What is wrong in a database in which nothing is left to do; each with an example.
    pub(crate) async fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (fault, sql) in FAULTS {
            let examples = self.texts(sql).await;
            if let Some(example) = examples.first() {
                faults.push(format!("{} {fault}, such as {example}", examples.len()));
            }
        }
        faults
    }

    /// Connections that portals hold to the server.
    pub(crate) async fn connections(&self) -> i64 {
        let Place::Postgres { schema, .. } = &self.place else {
            return 0;
        };
        let sql = "select count(*) from pg_stat_activity where application_name";
        self.number(&format!("{sql} = '{schema}'")).await
    }

    /// Deadlocks (SQLSTATE 40P01) the server has ever had to break.
    pub(crate) async fn deadlocks(&self) -> i64 {
        let sql = "select deadlocks from pg_stat_database where datname = current_database()";
        self.number(sql).await
    }
}

/// What there must be none of when nothing is left to do.
const FAULTS: &[(&str, &str)] = &[
    (
        "entries in the queue of stitching",
        "select ref from catalog_stitch",
    ),
    ("conflicts", "select ref from catalog_conflict"),
    (
        "unprocessed entities",
        "select ref from catalog_refresh where processed is null",
    ),
    (
        "outdated entities",
        "select ref from catalog_refresh where result_hash is null",
    ),
    (
        "failed entities",
        "select ref from catalog_refresh where errors is not null",
    ),
    (
        "orphans",
        "select ref from catalog_refresh where orphan_at is not null",
    ),
    (
        "entities with a schedule, or in a claim nobody holds",
        "select ref from catalog_refresh where next_at < 9223372036854775807 \
         and ref not like 'location:%'",
    ),
    (
        "processed entities without a final one",
        "select ref from catalog_refresh where id not in (select id from catalog_entity)",
    ),
    (
        "final entities of nothing",
        "select ref from catalog_entity where id not in (select id from catalog_refresh)",
    ),
    (
        "final entities with another uid",
        "select e.ref from catalog_entity e join catalog_refresh r on r.id = e.id \
         where r.uid <> e.uid or r.ref <> e.ref",
    ),
    (
        "entities that nobody emits",
        "select ref from catalog_refresh where ref not in (select target from catalog_edge)",
    ),
    (
        "edges to nothing",
        "select target from catalog_edge where target not in (select ref from catalog_refresh)",
    ),
    (
        "edges from nothing",
        "select source from catalog_edge where is_root = false \
         and source not in (select ref from catalog_refresh)",
    ),
    (
        "relations of nothing",
        "select source from catalog_relation \
         where origin_id not in (select id from catalog_refresh)",
    ),
    (
        "refresh keys of nothing",
        "select key from catalog_refresh_key \
         where entity_id not in (select id from catalog_refresh)",
    ),
    (
        "final entities the change log does not end with",
        "select ref from catalog_entity where id not in \
         (select c.entity_id from catalog_change c join \
          (select entity_id, max(rev) as rev from catalog_change group by entity_id) last \
          on last.rev = c.rev where c.deleted = false)",
    ),
    // 0 is no entity: it stands for the registered locations.
    (
        "deleted entities the change log does not know of",
        "select cast(c.entity_id as text) from catalog_change c join \
         (select entity_id, max(rev) as rev from catalog_change group by entity_id) last \
         on last.rev = c.rev where c.deleted = false \
         and c.entity_id <> 0 and c.entity_id not in (select id from catalog_entity)",
    ),
    (
        "registered locations without their entity",
        "select target from catalog_location \
         where entity_ref not in (select ref from catalog_refresh)",
    ),
];
