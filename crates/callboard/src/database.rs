//! `backend.database`: where the data is.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use platform::config::{
    Connection, ConnectionParts, DatabaseClient, DatabaseConfig, SslConfig, Toggle,
};
use platform::db::{PostgresSettings, Settings};
use platform::{Error, Result};
use tokio_postgres::config::SslMode;

/// File of the embedded database below the data folder.
const FILE: &str = "callboard.db";
/// Database that holds everything when the configuration names none.
const DATABASE: &str = "callboard";

/// Settings of the database; an embedded one is in `data_dir` unless it names a place.
pub(crate) fn settings(config: &DatabaseConfig, data_dir: &Path) -> Result<Settings> {
    match config.client {
        DatabaseClient::Sqlite => Ok(sqlite(config, data_dir)),
        DatabaseClient::Postgres => postgres(config).map(Settings::Postgres),
    }
}

/// The right to run the only portal on an embedded database, held until it is dropped. The system
/// takes it back when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Tenancy(#[expect(dead_code, reason = "open files hold locks")] Option<File>);

impl Tenancy {
    /// Takes it; an error when another portal has it. Other commands do without, and share the
    /// database with a portal.
    pub(crate) fn take(settings: &Settings) -> anyhow::Result<Self> {
        let Settings::SqliteFile(database) = settings else {
            return Ok(Self(None));
        };
        // One database has one lock, whatever the way to it.
        let database = database.canonicalize().unwrap_or_else(|_| database.clone());
        let mut name = database.clone().into_os_string();
        name.push(".lock");
        let path = PathBuf::from(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let open = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path);
        let mut file = open.with_context(|| format!("cannot open `{}`", path.display()))?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                writeln!(file, "{}", std::process::id())?;
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.take(20).read_to_string(&mut holder)?;
                anyhow::bail!(
                    "another portal (process {}) runs on the database `{}`; end it, or choose \
                     another `--data`; several portals on one database need PostgreSQL",
                    holder.trim(),
                    database.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "cannot lock the database; see that only one portal runs on it");
            }
        }
        Ok(Self(Some(file)))
    }
}

fn sqlite(config: &DatabaseConfig, data_dir: &Path) -> Settings {
    let (file, folder) = match &config.connection {
        Some(Connection::Text(text)) => (Some(text.expose().to_owned()), None),
        Some(Connection::Parts(parts)) => (parts.filename.clone(), parts.directory.clone()),
        None => (None, None),
    };
    match file.as_deref() {
        Some(":memory:") => Settings::SqliteMemory,
        Some(file) => Settings::SqliteFile(PathBuf::from(file)),
        None => Settings::SqliteFile(
            folder
                .map_or_else(|| data_dir.to_owned(), PathBuf::from)
                .join(FILE),
        ),
    }
}

fn postgres(config: &DatabaseConfig) -> Result<PostgresSettings> {
    let mut settings = match &config.connection {
        None => PostgresSettings::from_url("postgres://localhost")?,
        Some(Connection::Text(url)) => PostgresSettings::from_url(url.expose())?,
        Some(Connection::Parts(parts)) => from_parts(parts)?,
    };
    if let Some(schema) = &config.schema {
        settings.schema.clone_from(schema);
    }
    settings.ensure_exists = config.ensure_exists.unwrap_or(true);
    if settings.config.get_dbname().is_none() {
        settings.config.dbname(DATABASE);
    }
    settings.config.connect_timeout(Duration::from_secs(10));
    settings.config.keepalives_idle(Duration::from_mins(1));
    Ok(settings)
}

fn from_parts(parts: &ConnectionParts) -> Result<PostgresSettings> {
    if parts.kind != platform::config::ConnectionKind::Default {
        return Err(Error::not_implemented(
            "`backend.database.connection.type`: only `default` is supported",
        ));
    }
    let url = parts
        .connection_string
        .as_ref()
        .map_or("", |url| url.expose());
    let mut settings = PostgresSettings::from_url(url)?;
    let config = &mut settings.config;
    if let Some(host) = &parts.host {
        config.host(host);
    } else if config.get_hosts().is_empty() {
        config.host("localhost");
    }
    if let Some(port) = parts.port {
        config.port(port);
    }
    if let Some(user) = &parts.user {
        config.user(user);
    }
    if let Some(password) = &parts.password {
        config.password(password.expose());
    }
    if let Some(database) = &parts.database {
        config.dbname(database);
    }
    config.application_name(parts.application_name.as_deref().unwrap_or("callboard"));
    if let Some(schema) = &parts.schema {
        settings.schema.clone_from(schema);
    }
    match &parts.ssl {
        None => {}
        Some(Toggle::Off) => {
            settings.config.ssl_mode(SslMode::Disable);
        }
        Some(Toggle::On(ssl)) => encrypt(&mut settings, ssl)?,
    }
    Ok(settings)
}

fn encrypt(settings: &mut PostgresSettings, ssl: &SslConfig) -> Result<()> {
    if ssl.key.is_some() || ssl.cert.is_some() {
        return Err(Error::not_implemented(
            "`backend.database.connection.ssl`: client certificates are not supported",
        ));
    }
    settings.config.ssl_mode(SslMode::Require);
    settings.verify_certificate = ssl.reject_unauthorized.unwrap_or(true);
    settings.ca_pem.clone_from(&ssl.ca);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "callers write literals")]
    fn of(config: serde_json::Value) -> Settings {
        let config = platform::config::Config::from(json!({ "database": config }));
        settings(&config.section("database").unwrap(), Path::new("/data")).unwrap()
    }

    #[test]
    fn the_embedded_database_is_in_the_data_folder_unless_told_otherwise() {
        let file = |config| match of(config) {
            Settings::SqliteFile(path) => path.to_string_lossy().into_owned(),
            Settings::SqliteMemory => ":memory:".to_owned(),
            Settings::Postgres(_) => panic!("not embedded"),
        };
        assert_eq!(file(json!({})), "/data/callboard.db");
        let memory = json!({"client": "better-sqlite3", "connection": ":memory:"});
        assert_eq!(file(memory), ":memory:");
        let folder = json!({"client": "better-sqlite3", "connection": {"directory": "/var/cb"}});
        assert_eq!(file(folder), "/var/cb/callboard.db");
    }

    #[test]
    fn an_embedded_database_has_one_tenant() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::SqliteFile(folder.path().join("data/callboard.db"));
        let tenancy = Tenancy::take(&settings).unwrap();
        let refused = Tenancy::take(&settings).unwrap_err().to_string();
        let process = format!("(process {})", std::process::id());
        assert!(refused.contains(&process), "{refused}");
        drop(tenancy);
        Tenancy::take(&settings).unwrap();
        let elsewhere = Settings::SqliteFile(folder.path().join("other.db"));
        let _others = [&elsewhere, &Settings::SqliteMemory, &Settings::SqliteMemory]
            .map(|settings| Tenancy::take(settings).unwrap());
    }

    #[test]
    fn postgres_takes_a_url_or_parts() {
        let url = json!({"client": "pg", "connection": "postgres://u:p@db.example/portal"});
        let parts = json!({"client": "pg", "schema": "cb", "connection":
            {"host": "db.example", "port": "5433", "user": "u", "password": "p", "ssl": false}});
        let Settings::Postgres(url) = of(url) else {
            panic!("postgres")
        };
        assert_eq!(url.config.get_dbname(), Some("portal"));
        let Settings::Postgres(parts) = of(parts) else {
            panic!("postgres")
        };
        assert_eq!(parts.config.get_dbname(), Some("callboard"));
        assert_eq!(parts.config.get_ports(), [5433]);
        assert_eq!(parts.schema, "cb");
        assert!(!format!("{parts:?}").contains("\"p\""));
    }
}
