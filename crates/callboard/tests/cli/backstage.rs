//! A database as Backstage 1.55 makes it, as far as an import reads it.

use platform::db::{Db, PostgresSettings, Settings};
use serde_json::{Value, json};

use crate::stage::{Stage, server};

const TABLES: &str = "
create table refresh_state (
  entity_id text primary key, entity_ref text not null unique, unprocessed_entity text not null,
  unprocessed_hash text, processed_entity text, result_hash text, cache text, errors text not null,
  location_key text, next_update_at text not null, last_discovery_at text not null
);
create table refresh_state_references (
  id {serial}, source_key text, source_entity_ref text, target_entity_ref text not null
);
create table final_entities (
  entity_id text primary key, entity_ref text not null, hash text not null, stitch_ticket text,
  final_entity text, last_updated_at text
);
create table locations (
  id {uuid} primary key, type text not null, target text not null, location_entity_ref text
);
insert into locations (id, type, target) values
  ('00000000-0000-4000-8000-000000000000', 'bootstrap', 'bootstrap');
";

/// A Backstage catalog database.
pub(crate) struct Backstage {
    db: Db,
    /// What `callboard catalog import` is given.
    pub source: String,
}

/// An entity of it.
pub(crate) struct Row<'a> {
    pub uid: &'a str,
    pub entity: Value,
    pub location_key: Option<&'a str>,
    /// Who emitted it: a provider, or an entity when it looks like a reference.
    pub source: &'a str,
    pub is_broken: bool,
}

impl Backstage {
    /// An empty one: a database of its own on the server, or a file on the stage.
    pub(crate) async fn new(stage: &Stage) -> Self {
        let (settings, source, serial, uuid) = if let Some(url) = server() {
            let name = format!("backstage_{}", uuid::Uuid::new_v4().simple());
            let mut url = url::Url::parse(&url).unwrap();
            url.set_path(&name);
            let mut settings = PostgresSettings::from_url(url.as_str()).unwrap();
            settings.max_connections = 1;
            let serial = "bigserial primary key";
            (
                Settings::Postgres(settings),
                url.to_string(),
                serial,
                "uuid",
            )
        } else {
            let path = stage.path("catalog.sqlite");
            let source = path.to_string_lossy().into_owned();
            let serial = "integer primary key autoincrement";
            (Settings::SqliteFile(path), source, serial, "text")
        };
        let db = Db::connect(settings).await.unwrap();
        let tables = TABLES.replace("{serial}", serial).replace("{uuid}", uuid);
        db.write(move |tx| tx.batch(&tables)).await.unwrap();
        Self { db, source }
    }

    pub(crate) async fn add_location(&self, id: &str, target: &str) {
        let (id, target) = (id.to_owned(), target.to_owned());
        self.batch(format!(
            "insert into locations (id, type, target) values ('{id}', 'url', '{target}')"
        ))
        .await;
    }

    pub(crate) async fn add(&self, row: Row<'_>) {
        let entity_ref = model::EntityRef::from_entity(&row.entity)
            .unwrap()
            .to_string();
        let Row { uid, source, .. } = row;
        let text = row.entity.to_string();
        let key = row
            .location_key
            .map_or("null".to_owned(), |key| format!("'{key}'"));
        let column = if source.contains('/') {
            "source_entity_ref"
        } else {
            "source_key"
        };
        let mut served = row.entity.clone();
        served["metadata"]["uid"] = uid.into();
        served["metadata"]["etag"] = "e".into();
        served["relations"] = json!([]);
        let unprocessed = if row.is_broken { "{broken" } else { &text };
        self.batch(format!(
            "insert into refresh_state (entity_id, entity_ref, unprocessed_entity, \
             processed_entity, errors, location_key, next_update_at, last_discovery_at) values \
             ('{uid}', '{entity_ref}', '{unprocessed}', '{text}', '[]', {key}, '', ''); \
             insert into refresh_state_references ({column}, target_entity_ref) values \
             ('{source}', '{entity_ref}'); \
             insert into final_entities (entity_id, entity_ref, hash, final_entity) values \
             ('{uid}', '{entity_ref}', 'h', '{served}');"
        ))
        .await;
    }

    async fn batch(&self, sql: String) {
        self.db.write(move |tx| tx.batch(&sql)).await.unwrap();
    }

    /// Closes it, so that a file is complete.
    pub(crate) fn close(self) -> String {
        self.db.close();
        self.source
    }
}
