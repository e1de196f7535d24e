//! The portal that is asked: with roles, and with one user who may everything.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use platform::config::Config;
use platform::db::{Db, PostgresSettings, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::callers::RESTRICTED;

const START: Duration = Duration::from_mins(1);
const POLICY: &str = "\
g, user:default/other, role:default/reader
p, role:default/reader, catalog-entity, read, allow
";

/// The running portal; dropping it ends it.
pub(crate) struct Portal {
    pub(crate) config: Config,
    pub(crate) db: Db,
    child: Child,
    client: reqwest::Client,
    base: String,
    _folder: TempDir,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test environment chooses the database"
)]
fn server() -> Option<String> {
    let url = std::env::var("TEST_DATABASE_URL").ok();
    url.filter(|url| !url.is_empty())
}

impl Portal {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let schema = format!("sweep_{}", uuid::Uuid::new_v4().simple());
        let base = format!("http://127.0.0.1:{port}");
        let config = config(port, &schema);
        std::fs::write(folder.path().join("app-config.yaml"), config.to_string()).unwrap();
        std::fs::write(folder.path().join("policy.csv"), POLICY).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
        let command = command.arg("serve").current_dir(folder.path()).env_clear();
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let client = reqwest::Client::builder().build().unwrap();
        wait_until_ready(&client, &base).await;
        let settings = match server() {
            Some(url) => {
                let mut settings = PostgresSettings::from_url(&url).unwrap();
                settings.schema = schema;
                Settings::Postgres(settings)
            }
            None => Settings::SqliteFile(folder.path().join(".callboard/callboard.db")),
        };
        Self {
            config: Config::from(config),
            db: Db::connect(settings).await.unwrap(),
            child,
            client,
            base,
            _folder: folder,
        }
    }

    /// The status of an answer.
    pub(crate) async fn status(
        &self,
        method: &str,
        path: &str,
        body: &'static str,
        token: Option<&str>,
    ) -> u16 {
        let method: reqwest::Method = method.parse().unwrap();
        let has_body = method != reqwest::Method::GET;
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if has_body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        request.send().await.unwrap().status().as_u16()
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has seen then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(port: u16, schema: &str) -> Value {
    let database = match server() {
        Some(url) => json!({"client": "pg", "connection": url, "schema": schema}),
        None => json!({"client": "better-sqlite3"}),
    };
    json!({
        "backend": {
            "baseUrl": format!("http://127.0.0.1:{port}"),
            "listen": {"host": "127.0.0.1", "port": port},
            "database": database,
            "auth": {"externalAccess": [{
                "type": "static",
                "options": {"token": RESTRICTED, "subject": "restricted"},
                "accessRestrictions": [{"plugin": "catalog", "permission": "catalog.entity.read"}],
            }]},
        },
        "auth": {
            "clientIdMetadataDocuments": {"enabled": true},
            "experimentalDynamicClientRegistration": {"enabled": true},
            "experimentalRefreshToken": {"enabled": true},
        },
        "callboard": {"scim": {"enabled": true}},
        "permission": {"enabled": true, "rbac": {
            "policies-csv-file": "policy.csv",
            "admin": {"superUsers": [{"name": "user:default/root"}]},
        }},
    })
}

async fn wait_until_ready(client: &reqwest::Client, base: &str) {
    let begin = Instant::now();
    let url = format!("{base}/.backstage/health/v1/readiness");
    loop {
        let answer = client.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        assert!(begin.elapsed() < START, "the portal is not ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
