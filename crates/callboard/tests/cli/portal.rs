//! A running portal, asked over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::stage::{SECRET, Stage};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// `callboard serve`, ended when this is dropped.
pub(crate) struct Portal {
    child: Child,
    port: u16,
}

impl Portal {
    /// Starts the portal of a stage, which is configured to listen on this port of the loopback
    /// address.
    pub(crate) fn start(stage: &Stage, port: u16) -> Self {
        let child = stage
            .command(&["serve"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port }
    }

    /// Asks until the answer satisfies.
    pub(crate) fn wait_for(&self, path: &str, satisfies: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        let mut last = Value::Null;
        while Instant::now() < end {
            if let Some(answer) = self.get(path) {
                if satisfies(&answer) {
                    return answer;
                }
                last = answer;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{path} never was as expected: {last:#}");
    }

    /// The JSON of a path; `None` while there is none.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let request = format!(
            "GET {path} HTTP/1.0\r\nhost: localhost\r\nauthorization: Bearer {SECRET}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }

    /// Head and body of a path, as they come.
    pub(crate) fn ask(&self, path: &str) -> String {
        let mut stream = self.connect();
        let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The head of the answer to a request with these headers.
    pub(crate) fn head(&self, path: &str, headers: &[(&str, &str)]) -> String {
        let mut stream = self.connect();
        let mut lines = vec![format!("GET {path} HTTP/1.1"), "host: localhost".to_owned()];
        lines.extend(
            headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        let request = lines.join("\r\n") + "\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines();
        let head = lines.by_ref().map(Result::unwrap);
        head.take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A web server that serves one text under every path, for as long as the test runs.
pub(crate) fn serve_text(text: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/yaml\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{text}",
                text.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}
