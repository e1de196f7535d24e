//! `backend.database`: which database, and how to connect to it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::secret::{Opaque, Secret};
use super::shape::Toggle;

/// The database everything is kept in; all plugins share it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DatabaseConfig {
    /// Which database.
    pub client: DatabaseClient,
    /// Connection string, or an object with its parts.
    pub connection: Option<Connection>,
    /// Schema of all tables (`pg` only).
    pub schema: Option<String>,
    /// Prefix of the databases of plugins.
    #[schemars(extend("x-ignored" = "all plugins share one database"))]
    pub prefix: Option<String>,
    /// Prefix of the schemas of plugins.
    #[schemars(extend("x-ignored" = "all plugins share one database"))]
    pub schema_prefix: Option<String>,
    /// How plugins are kept apart.
    #[schemars(extend("x-ignored" = "all plugins share one database"))]
    pub plugin_division_mode: Option<String>,
    /// Whether a missing database is created (default true).
    pub ensure_exists: Option<bool>,
    /// Creates missing schemas.
    #[schemars(extend("x-ignored" = "the schema is created when it is missing"))]
    pub ensure_schema_exists: Option<bool>,
    /// Settings of the Node database library.
    #[schemars(extend("x-ignored" = "it configures a Node library"))]
    pub knex_config: BTreeMap<String, Opaque>,
    /// Owner of new schemas.
    #[schemars(extend("x-ignored" = "tables belong to the user of the connection"))]
    pub role: Option<String>,
    /// Leaves tables as they are.
    #[schemars(extend("x-ignored" = "use `callboard migrate` to control migrations"))]
    pub skip_migrations: Option<bool>,
    /// Databases of single plugins.
    #[schemars(extend("x-ignored" = "all plugins share one database"))]
    pub plugin: BTreeMap<String, Opaque>,
}

/// Databases Callboard runs on, under every name Backstage knows them by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DatabaseClient {
    /// The embedded database.
    #[default]
    #[serde(rename = "better-sqlite3", alias = "sqlite3", alias = "sqlite")]
    Sqlite,
    /// A `PostgreSQL` server.
    #[serde(rename = "pg", alias = "postgres", alias = "postgresql")]
    Postgres,
}

impl JsonSchema for DatabaseClient {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DatabaseClient".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "enum": ["better-sqlite3", "sqlite3", "sqlite", "pg", "postgres", "postgresql"]
        })
    }
}

/// How to connect.
#[derive(Debug, Clone, PartialEq)]
pub enum Connection {
    /// `:memory:`, a file, or a `postgres://` URL.
    Text(Secret),
    /// The parts.
    Parts(Box<ConnectionParts>),
}

impl Serialize for Connection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Connection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConnectionVisitor)
    }
}

struct ConnectionVisitor;

impl<'de> Visitor<'de> for ConnectionVisitor {
    type Value = Connection;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a connection string or an object")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Connection, E> {
        Ok(Connection::Text(Secret::new(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Connection, A::Error> {
        let parts = ConnectionParts::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Connection::Parts(Box::new(parts)))
    }
}

impl JsonSchema for Connection {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Connection".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "x-visibility": "secret" },
                generator.subschema_for::<ConnectionParts>()
            ]
        })
    }
}

/// The parts of a connection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("additionalProperties" = true))]
pub struct ConnectionParts {
    /// Host name, address or folder of the socket.
    pub host: Option<String>,
    /// Port; 5432 when absent.
    pub port: Option<u16>,
    /// User.
    pub user: Option<String>,
    /// Password of the user.
    pub password: Option<Secret>,
    /// Name of the database.
    pub database: Option<String>,
    /// The whole connection as a URL.
    pub connection_string: Option<Secret>,
    /// Whether and how the connection is encrypted.
    pub ssl: Option<Toggle<SslConfig>>,
    /// Schema of all tables.
    pub schema: Option<String>,
    /// File of the embedded database, or `:memory:`.
    pub filename: Option<String>,
    /// Folder of the embedded database.
    pub directory: Option<String>,
    /// Name of the connection on the server.
    #[serde(rename = "application_name")]
    pub application_name: Option<String>,
    /// Kind of connection; only `default` is supported.
    #[serde(rename = "type")]
    pub kind: ConnectionKind,
}

/// Kinds of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionKind {
    /// A user and a password.
    #[default]
    Default,
    /// Microsoft Entra ID.
    Azure,
    /// Google Cloud SQL.
    Cloudsql,
    /// AWS RDS with IAM.
    Rds,
}

/// Encryption of the connection to the database.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("additionalProperties" = true))]
pub struct SslConfig {
    /// Whether the server's certificate is checked; yes when absent.
    pub reject_unauthorized: Option<bool>,
    /// Certificate authority (PEM).
    pub ca: Option<String>,
    /// Private key of the client (PEM).
    pub key: Option<Secret>,
    /// Certificate of the client (PEM).
    pub cert: Option<String>,
    /// Name the server's certificate must have.
    pub servername: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::de::from_value;
    use super::*;

    #[test]
    fn connections_are_text_or_parts() {
        let text = from_value::<DatabaseConfig>(
            &json!({ "client": "pg", "connection": "postgres://u:hunter22@h/db" }),
        );
        let text = text.unwrap();
        assert_eq!(text.client, DatabaseClient::Postgres);
        assert!(!format!("{text:?}").contains("hunter22"));
        let Some(Connection::Text(url)) = text.connection else {
            panic!("text")
        };
        assert_eq!(url.expose(), "postgres://u:hunter22@h/db");

        let parts = json!({
            "client": "sqlite3",
            "connection": { "port": "5432", "password": 12345, "ssl": "true", "extra": {} }
        });
        let Some(Connection::Parts(parts)) =
            from_value::<DatabaseConfig>(&parts).unwrap().connection
        else {
            panic!("parts")
        };
        assert_eq!(parts.port, Some(5432));
        assert_eq!(parts.password, Some(Secret::new("12345")));
        assert_eq!(parts.ssl, Some(Toggle::On(SslConfig::default())));
    }
}
