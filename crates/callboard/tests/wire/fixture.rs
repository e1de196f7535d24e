//! The installation of the recordings: files, a server for them, and the portal.

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::socket;

/// Token of the only external caller; any long random text.
pub(crate) const TOKEN: &str = "wire-8a4d1c07f2b94e6f9d03";
/// Where the recorded installation had its files.
const RECORDED_FOLDER: &str = "/fixture/catalog";
/// How long a start may take on a busy machine.
const START: Duration = Duration::from_mins(1);

/// Where the portal keeps its data.
pub(crate) enum Database {
    /// In a file.
    Sqlite,
    /// In a new schema of this server.
    Postgres(String),
}

impl Database {
    /// The server of `TEST_DATABASE_URL`, if there is one.
    #[expect(
        clippy::disallowed_methods,
        reason = "the test environment chooses the database"
    )]
    pub(crate) fn postgres() -> Option<Self> {
        std::env::var("TEST_DATABASE_URL")
            .ok()
            .filter(|url| !url.is_empty())
            .map(Self::Postgres)
    }

    fn config(&self) -> Value {
        match self {
            Self::Sqlite => json!({ "client": "better-sqlite3" }),
            Self::Postgres(url) => {
                let schema = format!("wire_{}", uuid::Uuid::new_v4().simple());
                json!({ "client": "pg", "connection": url, "schema": schema })
            }
        }
    }
}

/// The running installation; dropping it ends it.
pub(crate) struct Fixture {
    folder: TempDir,
    /// Where the portal listens.
    pub portal: SocketAddr,
    files: SocketAddr,
    echo: SocketAddr,
    child: Option<Child>,
}

impl Fixture {
    /// Copies the files and starts everything on free ports.
    pub(crate) fn start(database: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog = folder.path().join("catalog");
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/catalog"),
            &catalog,
        );
        let files = serve_files(catalog);
        let echo = serve_echo();
        let portal = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let mut fixture = Self {
            folder,
            portal,
            files,
            echo,
            child: None,
        };
        let text = fixture.localised(include_str!("app-config.yaml"));
        // JSON is YAML.
        let data = json!({ "backend": { "database": database.config() } }).to_string();
        let path = |name: &str| fixture.folder.path().join(name);
        let (config, database) = (path("app-config.yaml"), path("app-config.database.yaml"));
        fs::write(&config, text).unwrap();
        fs::write(&database, data).unwrap();
        fixture.child = Some(serve(fixture.folder.path(), [&config, &database]));
        fixture.wait_until_ready();
        fixture
    }

    /// The folder of the files.
    pub(crate) fn catalog(&self) -> PathBuf {
        self.folder.path().join("catalog")
    }

    /// A text about the recorded installation, about this one.
    pub(crate) fn localised(&self, text: &str) -> String {
        let (portal, files, echo) = (self.portal.port(), self.files.port(), self.echo.port());
        text.replace(RECORDED_FOLDER, self.catalog().to_str().unwrap())
            .replace("127.0.0.1:7997", &format!("127.0.0.1:{files}"))
            .replace("127.0.0.1:7999", &format!("127.0.0.1:{echo}"))
            .replace("localhost:7007", &format!("localhost:{portal}"))
            .replace("port: 7007", &format!("port: {portal}"))
            .replace("<STATIC_TOKEN>", TOKEN)
    }

    /// The reverse: an answer of this installation as the recorded one would have given it.
    pub(crate) fn recorded(&self, text: &str) -> String {
        let (portal, files, echo) = (self.portal.port(), self.files.port(), self.echo.port());
        text.replace(self.catalog().to_str().unwrap(), RECORDED_FOLDER)
            .replace(&format!("127.0.0.1:{files}"), "127.0.0.1:7997")
            .replace(&format!("127.0.0.1:{echo}"), "127.0.0.1:7999")
            .replace(&format!("localhost:{portal}"), "localhost:7007")
            .replace(&format!("http://127.0.0.1:{portal}"), "<BASE>")
            .replace(&format!("127.0.0.1:{portal}"), "127.0.0.1:7007")
            .replace(TOKEN, "<STATIC_TOKEN>")
    }

    fn wait_until_ready(&mut self) {
        let end = Instant::now() + START;
        let headers = [("Host".to_owned(), self.portal.to_string())];
        let path = "/.backstage/health/v1/readiness";
        loop {
            let answer = socket::send(self.portal, "GET", path, &headers, None);
            if answer.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(
                ended.is_none(),
                "the portal ended with {ended:?}: {}",
                log()
            );
            assert!(Instant::now() < end, "the portal is not ready: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself, which the test has seen then.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn serve(folder: &Path, configs: [&PathBuf; 2]) -> Child {
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_callboard"));
    command.arg("serve").arg("--data").arg(folder.join("data"));
    for config in configs {
        command.arg("--config").arg(config);
    }
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The target of the proxy: answers with what it was asked, until the test process ends.
fn serve_echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || drop(repeat(&stream)));
        }
    });
    address
}

fn repeat(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let request = socket::line(&mut reader)?;
        let mut words = request.split(' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Ok(());
        };
        let mut headers = serde_json::Map::new();
        loop {
            let line = socket::line(&mut reader)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.insert(name.to_lowercase(), value.trim().into());
        }
        let length = headers.get("content-length").and_then(Value::as_str);
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body);
        let told = json!({ "method": method, "path": path, "headers": headers, "body": body });
        let told = told.to_string();
        let length = told.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{told}"
        )?;
    }
}

/// Serves the files of a folder until the test process ends.
fn serve_files(folder: PathBuf) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            // A client that goes away early is no matter of ours.
            std::thread::spawn(move || drop(answer(&stream, &folder)));
        }
    });
    address
}

fn answer(mut stream: &TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let request = socket::line(&mut reader)?;
    while !socket::line(&mut reader)?.is_empty() {}
    let path = request
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .trim_start_matches('/');
    let (status, body) = match fs::read(folder.join(path)) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 File not found", b"File not found".to_vec()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}
