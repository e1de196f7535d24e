//! The binary under measurement.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

/// A token that the configuration of every run allows.
pub(super) const TOKEN: &str = "benchmark-token-0123456789";
/// Clock ticks of `/proc/<pid>/stat`, which Linux fixes for user space.
const TICKS: u64 = 100;

/// Where the data is.
pub(super) enum Database {
    Sqlite,
    Postgres(String),
}

impl Database {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// Makes room for a fresh run.
    pub(super) fn reset(&self) -> Result<()> {
        let Self::Postgres(url) = self else {
            return Ok(());
        };
        let status = Command::new("psql")
            .args([url, "-q", "-c", "drop schema if exists bench cascade"])
            .stderr(Stdio::null())
            .status()?;
        ensure!(status.success(), "psql failed");
        Ok(())
    }

    fn config(&self) -> Value {
        match self {
            Self::Sqlite => json!({ "client": "better-sqlite3" }),
            Self::Postgres(url) => json!({ "client": "pg", "connection": url, "schema": "bench" }),
        }
    }
}

/// A running portal; ended when it is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    /// From the start of the process to the first 200 of the readiness check.
    pub(super) ready_after: Duration,
    files_port: u16,
}

impl Server {
    pub(super) fn start(binary: &Path, catalog: &Catalog<'_>, data: &Path) -> Result<Self> {
        let (port, files_port) = (free_port()?, free_port()?);
        let config = data.join("app-config.json");
        fs::write(&config, config_text(port, files_port, catalog)?)?;
        let started = Instant::now();
        let log = fs::File::create(data.join("serve.log"))?;
        let child = Command::new(binary)
            .args(["serve", "--bench", "--config"])
            .arg(&config)
            .arg("--data")
            .arg(data)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start `{}`; build it first", binary.display()))?;
        let mut server = Self {
            child,
            port,
            ready_after: Duration::ZERO,
            files_port,
        };
        loop {
            if server.get("/.backstage/health/v1/readiness").is_ok() {
                break;
            }
            if let Some(status) = server.child.try_wait()? {
                bail!(
                    "the server ended with {status}; see {}/serve.log",
                    data.display()
                );
            }
            ensure!(
                started.elapsed() < Duration::from_mins(2),
                "not ready after two minutes"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = started.elapsed();
        Ok(server)
    }

    /// One GET; the body of a 200.
    pub(super) fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.send("GET", path, None)
    }

    pub(super) fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
             connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .context("no answer")?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
        ensure!(status.starts_with('2'), "{method} {path}: {status}");
        Ok(answer.split_off(end + 4))
    }

    pub(super) fn json(&self, path: &str) -> Result<Value> {
        serde_json::from_slice(&self.get(path)?).context("not JSON")
    }

    fn n_entities(&self) -> Result<u64> {
        let answer = self.json("/api/catalog/entities/by-query?limit=0")?;
        answer["totalItems"].as_u64().context("no total")
    }

    pub(super) fn wait_for_entities(&self, n: u64, limit: Duration) -> Result<()> {
        let started = Instant::now();
        while self.n_entities()? < n {
            ensure!(
                started.elapsed() < limit,
                "not all entities after {limit:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Waits until the process uses no more than a tenth of a core.
    pub(super) fn wait_until_quiet(&self) -> Result<()> {
        for _ in 0..300 {
            let before = self.cpu()?;
            std::thread::sleep(Duration::from_secs(1));
            if self.cpu()?.saturating_sub(before) < Duration::from_millis(100) {
                return Ok(());
            }
        }
        bail!("the server does not become quiet")
    }

    /// Processing outcomes without a change so far.
    pub(super) fn unchanged(&self) -> Result<u64> {
        let metrics = String::from_utf8(self.get("/metrics")?)?;
        let line = metrics.lines().find(|line| {
            line.starts_with("catalog_processed_entities_count{result=\"unchanged\"}")
        });
        Ok(line
            .and_then(|line| line.rsplit(' ').next()?.parse().ok())
            .unwrap_or_default())
    }

    /// Registers a location on a file server of ours and waits for its entity.
    pub(super) fn register_and_read(&self, data: &Path, i: u32) -> Result<Duration> {
        let name = format!("registered-{i}-{}", std::process::id());
        let text = format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n\
             spec: {{type: service, lifecycle: production, owner: guests}}\n"
        );
        fs::write(data.join("registered.yaml"), &text)?;
        let listener = TcpListener::bind(("127.0.0.1", self.files_port))?;
        let files = std::thread::spawn(move || serve_once(&listener, &text));
        let target = format!("http://127.0.0.1:{}/{name}.yaml", self.files_port);
        let started = Instant::now();
        let body = json!({ "type": "url", "target": target });
        self.send("POST", "/api/catalog/locations", Some(&body))?;
        let path = format!("/api/catalog/entities/by-name/component/default/{name}");
        while self.get(&path).is_err() {
            ensure!(
                started.elapsed() < Duration::from_secs(10),
                "entity did not appear"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        let took = started.elapsed();
        files
            .join()
            .map_err(|_| anyhow::anyhow!("file server failed"))??;
        Ok(took)
    }

    /// Resident memory in bytes.
    pub(super) fn rss(&self) -> Result<u64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("no VmRSS")?;
        let kilobytes: u64 = line
            .split_whitespace()
            .nth(1)
            .context("no value")?
            .parse()?;
        Ok(kilobytes << 10)
    }

    /// CPU time so far.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        let rest = stat.rsplit(')').next().context("no stat")?;
        let ticks: u64 = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|n| n.parse::<u64>().ok())
            .sum();
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    }

    fn proc(&self, file: &str) -> PathBuf {
        format!("/proc/{}/{file}", self.child.id()).into()
    }

    /// Ends it as a supervisor does.
    pub(super) fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        ensure!(
            Command::new("kill").arg(pid).status()?.success(),
            "kill failed"
        );
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve_once(listener: &TcpListener, text: &str) -> Result<()> {
    let (mut stream, _) = listener.accept()?;
    let mut request = [0; 4096];
    let _ = stream.read(&mut request)?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )?;
    Ok(())
}

/// Files of one location: ten thousand entities.
const FILES_PER_LOCATION: usize = 10;

/// What a run serves.
pub(super) struct Catalog<'a> {
    pub(super) files: &'a Path,
    pub(super) database: &'a Database,
    /// Seconds between two looks at a location; the default of the product if none.
    pub(super) interval: Option<u32>,
}

impl Catalog<'_> {
    /// One location for each ten files.
    pub(super) fn locations(&self) -> Result<Vec<String>> {
        let n_files = fs::read_dir(self.files)?.count();
        let pattern = |n: usize| format!("{}/entities-{n:03}?.yaml", self.files.display());
        Ok((0..n_files.div_ceil(FILES_PER_LOCATION))
            .map(pattern)
            .collect())
    }
}

fn config_text(port: u16, files_port: u16, catalog: &Catalog<'_>) -> Result<String> {
    let location = |target: &String| json!({ "type": "file", "target": target });
    let locations: Vec<Value> = catalog.locations()?.iter().map(location).collect();
    let mut config = json!({
        "app": { "baseUrl": format!("http://localhost:{port}") },
        "backend": {
            "baseUrl": format!("http://localhost:{port}"),
            "listen": { "host": "127.0.0.1", "port": port },
            "database": catalog.database.config(),
            "auth": { "externalAccess": [
                { "type": "static", "options": { "token": TOKEN, "subject": "bench" } }
            ]},
            "reading": { "allow": [{ "host": format!("127.0.0.1:{files_port}") }] },
        },
        "catalog": {
            "rules": [{ "allow": ["Component", "API", "Resource", "System", "Domain", "Group",
                "User", "Location"] }],
            "locations": locations,
        },
    });
    if let Some(seconds) = catalog.interval {
        config["catalog"]["processingInterval"] = json!({ "seconds": seconds });
    }
    Ok(config.to_string())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
