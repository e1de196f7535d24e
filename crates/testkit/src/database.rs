//! A database for one test.

use platform::db::{Db, Migration, PostgresSettings, Settings};
use tempfile::TempDir;

/// A migrated database that nobody else uses.
pub struct TestDb {
    /// The open database.
    pub db: Db,
    /// How to open it once more, as a second replica or after a crash.
    pub settings: Settings,
    _folder: TempDir,
}

impl TestDb {
    /// An empty database with the schema of `migrations`.
    ///
    /// # Panics
    /// When the database cannot be opened, which fails the test.
    #[expect(
        clippy::expect_used,
        reason = "a test without its database cannot go on"
    )]
    pub async fn new(migrations: &[Migration]) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let settings = database_settings(&folder);
        let db = Db::open(settings.clone(), migrations)
            .await
            .expect("test database");
        Self {
            db,
            settings,
            _folder: folder,
        }
    }
}

/// Settings of a fresh database: a SQLite file in `folder`, or a new PostgreSQL schema.
///
/// # Panics
/// When `TEST_DATABASE_URL` is not a connection string.
#[expect(
    clippy::expect_used,
    reason = "a test without its database cannot go on"
)]
#[expect(
    clippy::disallowed_methods,
    reason = "the test environment chooses the database"
)]
pub fn database_settings(folder: &TempDir) -> Settings {
    match std::env::var("TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => {
            let mut settings = PostgresSettings::from_url(&url).expect("TEST_DATABASE_URL");
            settings.schema = format!("t_{}", uuid::Uuid::new_v4().simple());
            settings.max_connections = 3;
            Settings::Postgres(settings)
        }
        _ => Settings::SqliteFile(folder.path().join("callboard.db")),
    }
}
