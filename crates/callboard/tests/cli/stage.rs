//! A folder with a configuration and a database, and the binary that is run in it.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use platform::db::{Db, PostgresSettings, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A secret of the configuration: no output may have it.
pub(crate) const SECRET: &str = "s3cr3t-of-the-test";

/// What a run of the binary gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The same run, which must have ended with this code.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

/// A folder to run the binary in.
pub(crate) struct Stage {
    folder: TempDir,
    schema: String,
}

impl Stage {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let schema = format!("t_{}", uuid::Uuid::new_v4().simple());
        Self {
            folder: tempfile::tempdir().unwrap(),
            schema,
        }
    }

    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let stage = Self::new();
        for (name, text) in files {
            stage.write(name, text);
        }
        stage
    }

    /// A folder with a configuration: `extra`, the database and secrets.
    pub(crate) fn configured(extra: &Value) -> Self {
        let stage = Self::new();
        let mut config = json!({
            "backend": {
                "baseUrl": "http://127.0.0.1:7007",
                "database": stage.database(),
                "auth": {"externalAccess": [
                    {"type": "static", "options": {"token": SECRET, "subject": "test"}},
                ]},
            },
            "integrations": {"github": [{"host": "github.com", "token": SECRET}]},
        });
        merge(&mut config, extra);
        // JSON is YAML.
        stage.write("app-config.yaml", &config.to_string());
        stage
    }

    /// `backend.database`.
    fn database(&self) -> Value {
        match server() {
            Some(url) => json!({"client": "pg", "connection": url, "schema": self.schema}),
            None => json!({"client": "better-sqlite3"}),
        }
    }

    /// The configured database, which a command must have made.
    pub(crate) async fn open_database(&self) -> Db {
        let settings = match server() {
            Some(url) => {
                let mut settings = PostgresSettings::from_url(&url).unwrap();
                settings.schema.clone_from(&self.schema);
                settings.max_connections = 1;
                Settings::Postgres(settings)
            }
            None => Settings::SqliteFile(self.path(".callboard/callboard.db")),
        };
        Db::connect(settings).await.unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary, to be run here without any variable of ours.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("XDG_CONFIG_HOME", self.path("home"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary. Whatever it prints has no secret and no escape sequence.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Self::harmless(args, &self.command(args).output().unwrap())
    }

    /// Runs the binary with a text as its standard input.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Run {
        self.write("standard-input", input);
        let file = File::open(self.path("standard-input")).unwrap();
        Self::harmless(args, &self.command(args).stdin(file).output().unwrap())
    }

    fn harmless(args: &[&str], output: &Output) -> Run {
        let run = Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        };
        for text in [&run.out, &run.err] {
            assert!(!text.contains(SECRET), "{args:?} told a secret: {text}");
            assert!(!text.contains('\u{1b}'), "{args:?} coloured a pipe: {text}");
        }
        run
    }
}

/// The PostgreSQL server to test with, if any.
#[expect(
    clippy::disallowed_methods,
    reason = "the test environment chooses the database"
)]
pub(crate) fn server() -> Option<String> {
    std::env::var("TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
}

/// Members of `extra` go into `config`, objects into each other.
fn merge(config: &mut Value, extra: &Value) {
    match (config, extra) {
        (Value::Object(config), Value::Object(extra)) => {
            for (key, value) in extra {
                merge(config.entry(key).or_insert(Value::Null), value);
            }
        }
        (config, extra) => *config = extra.clone(),
    }
}
