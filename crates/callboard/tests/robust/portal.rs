//! The running binary.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, TOKEN};
use crate::database::Database;
use crate::environment;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

/// How to start a portal, again and again.
pub(crate) struct Setup {
    /// Configuration, data and logs.
    folder: TempDir,
    port: u16,
    environment: Vec<(&'static str, String)>,
}

/// What a portal reads.
pub(crate) struct Sources<'a> {
    /// Files and globs that are always there.
    pub files: &'a [String],
    /// `host:port` of which registered locations may be.
    pub host: &'a str,
    /// Seconds between two looks.
    pub interval_s: u64,
}

impl Setup {
    pub(crate) fn new(database: &Database, sources: &Sources<'_>) -> Self {
        Self::with(|port| configuration(port, &database.config(), sources))
    }

    /// A portal with the configuration that is made for its port.
    pub(crate) fn with(configuration: impl FnOnce(u16) -> Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        // JSON is YAML.
        let config = configuration(port).to_string();
        fs::write(folder.path().join("app-config.yaml"), config).unwrap();
        Self {
            folder,
            port,
            environment: Vec::new(),
        }
    }

    /// Sets a variable of the portal's environment.
    pub(crate) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Starts the portal and waits until it answers.
    pub(crate) async fn start(&self) -> Portal {
        let path = |name: &str| self.folder.path().join(name);
        let log = File::options()
            .create(true)
            .append(true)
            .open(path("log"))
            .unwrap();
        let child = Command::new(environment::binary())
            .arg("serve")
            .args(["--config".into(), path("app-config.yaml")])
            .args(["--data".into(), path("data")])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut portal = Portal {
            child,
            client: Client::new(self.port),
            log: path("log"),
        };
        portal.wait_until_ready().await;
        portal
    }

    /// Where the portal listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Everything that was logged by all starts.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// A failed test is told by what the portal said last.
impl Drop for Setup {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(40);
            println!("log of port {}:\n{}", self.port, lines[last..].join("\n"));
        }
    }
}

fn configuration(port: u16, database: &Value, sources: &Sources<'_>) -> Value {
    let location = |target: &String| json!({ "type": "file", "target": target });
    json!({
        "backend": {
            "baseUrl": format!("http://127.0.0.1:{port}"),
            "listen": { "host": "127.0.0.1", "port": port },
            "auth": { "externalAccess": [
                { "type": "static", "options": { "token": TOKEN, "subject": "robust-tests" } },
            ]},
            "reading": { "allow": [{ "host": sources.host }] },
            "database": database,
        },
        "catalog": {
            "processingInterval": { "seconds": sources.interval_s },
            "rules": [{ "allow": ["Component", "Group", "Location"] }],
            "locations": sources.files.iter().map(location).collect::<Vec<_>>(),
            // Files come and go here, and nobody is there to approve it.
            "massDeletion": { "maxPercent": 100 },
        },
    })
}

/// A running portal; dropping it kills it.
pub(crate) struct Portal {
    child: Child,
    pub client: Client,
    log: PathBuf,
}

impl Portal {
    async fn wait_until_ready(&mut self) {
        let end = Instant::now() + START;
        loop {
            let path = "/.backstage/health/v1/readiness";
            let answer = self.client.send_text("GET", path, None).await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            let log = || fs::read_to_string(&self.log).unwrap_or_default();
            assert!(
                ended.is_none(),
                "the portal ended with {ended:?}: {}",
                log()
            );
            assert!(Instant::now() < end, "the portal is not ready: {}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the process as a power cut would: nothing of it runs any more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The most memory the process ever had, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }

    /// Whether the process still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
