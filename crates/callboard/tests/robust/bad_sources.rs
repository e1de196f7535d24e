//! Sources nobody should have to read: each is refused with a clear message, in bounded memory, and
//! the portal goes on answering meanwhile.
//!
//! The sizes are moderate unless `FULL` is set.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;
use crate::database::Database;
use crate::environment;
use crate::portal::{Setup, Sources};

/// No case may need more memory than this.
const MEMORY: u64 = 500 << 20;
/// No answer may take longer meanwhile, in a debug build on a busy machine.
const ANSWER: Duration = Duration::from_secs(30);
/// A source has to be refused within this time.
const REFUSAL: Duration = Duration::from_secs(120);

/// One bad source.
struct Bad {
    what: &'static str,
    content: Vec<u8>,
    /// What the message must say.
    says: &'static str,
}

fn bad(what: &'static str, content: impl Into<Vec<u8>>, says: &'static str) -> Bad {
    Bad {
        what,
        content: content.into(),
        says,
    }
}

/// `full` if `FULL` is set.
fn size(moderate: usize, full: usize) -> usize {
    if environment::number("FULL", 0) > 0 {
        full
    } else {
        moderate
    }
}

fn files() -> Vec<Bad> {
    vec![
        bad(
            "a large file",
            entities("a", size(20_000_000, 100_000_000)),
            "bytes",
        ),
        bad(
            "a deep document",
            deep(3_000),
            "Nested deeper than 200 levels",
        ),
        bad("deep brackets", "[".repeat(10_000), "Nested too deeply"),
        bad("deep braces", "{a: ".repeat(10_000), "Nested too deeply"),
        bad("billion laughs", laughs(), "alias count"),
        bad(
            "many tiny documents",
            "---\n{}\n".repeat(size(300_000, 1_000_000)),
            "apiVersion",
        ),
        bad(
            "many empty documents",
            "---\n".repeat(size(300_000, 1_000_000)),
            "More than",
        ),
        bad(
            "a long line",
            format!("kind: {}\n", "x".repeat(2_000_000)),
            "apiVersion",
        ),
        bad("a long key", format!("{}: 1\n", "x".repeat(2_000_000)), ""),
        bad("no UTF-8", b"kind: \xff\xfe\n".as_slice(), "UTF-8"),
        bad("zeros", vec![0; 1_000_000], "unprintable"),
        bad("many keys", keys(size(100_000, 500_000)), ""),
        bad("many anchors", anchors(size(50_000, 300_000)), ""),
        bad(
            "an unfinished string",
            format!("kind: \"{}", "\\n".repeat(2_000_000)),
            "",
        ),
    ]
}

/// Tiny documents that might be entities.
fn entities(prefix: &str, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 100);
    let mut n = 0;
    while text.len() < bytes {
        let _ = write!(
            text,
            "---\n{{apiVersion: v1, kind: Group, metadata: {{name: {prefix}{n}}}}}\n"
        );
        n += 1;
    }
    text
}

fn deep(levels: usize) -> String {
    (0..levels).fold(String::new(), |mut text, level| {
        let _ = writeln!(text, "{}a:", " ".repeat(level));
        text
    })
}

fn laughs() -> String {
    let mut text = "a0: &a0 [lol]\n".to_owned();
    for n in 1..30 {
        let last = format!("*a{}, ", n - 1).repeat(9);
        let _ = writeln!(text, "a{n}: &a{n} [{last}*a0]");
    }
    text
}

fn keys(n: usize) -> String {
    (0..n).fold(String::new(), |mut text, key| {
        let _ = writeln!(text, "k{key}: 1");
        text
    })
}

fn anchors(n: usize) -> String {
    (0..n).fold(String::new(), |mut text, key| {
        let _ = writeln!(text, "- &k{key} *k{}", key.saturating_sub(1));
        text
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_files_are_refused_in_bounded_memory() {
    let mut faults = Vec::new();
    for bad in files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.yaml");
        std::fs::write(&path, &bad.content).unwrap();
        let path = path.to_string_lossy().into_owned();
        faults.extend(refuse(&bad, &path, "127.0.0.1:1", None).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_large_files_are_refused_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let is_full = size(0, 1) > 0;
    let n_files = size(3, 11);
    for n in 0..n_files {
        let mut text = entities(&format!("f{n}-"), size(1_000_000, 9_000_000));
        if n == n_files - 1 {
            // Only the end of the last one tells that the whole is wrong.
            text.push_str("---\nlast: 1\n");
        }
        std::fs::write(folder.path().join(format!("{n:02}.yaml")), text).unwrap();
    }
    let glob = folder.path().join("*.yaml").to_string_lossy().into_owned();
    let bad = bad(
        "many large files",
        "",
        if is_full {
            "leads to more than"
        } else {
            "apiVersion"
        },
    );
    let faults = refuse(&bad, &glob, "127.0.0.1:1", None).await;
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_answers_are_refused_in_bounded_memory() {
    let length = size(50_000_000, 1_000_000_000);
    let packed = gzip_of_zeros(length);
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: text/yaml\r\n{more}\r\n");
    let gzip = format!(
        "content-encoding: gzip\r\ncontent-length: {}\r\n",
        packed.len()
    );
    let cases = [
        (
            bad("a packed answer", packed.clone(), "bytes"),
            head(&gzip),
            1,
        ),
        (
            bad("a packed answer with a false length", packed, ""),
            head("content-encoding: gzip\r\ncontent-length: 1000000000\r\n"),
            1,
        ),
        (
            bad("an answer without end", vec![b'#'; 1 << 20], "bytes"),
            head("connection: close\r\n"),
            usize::MAX,
        ),
        (
            bad("an answer that is said to be long", "", "bytes"),
            head("content-length: 1000000000000\r\n"),
            0,
        ),
        (
            bad("headers without end", vec![b'x'; 1 << 20], ""),
            "HTTP/1.1 200 OK\r\na: ".into(),
            64,
        ),
        (bad("no HTTP", vec![0xff; 1000], ""), String::new(), 1),
    ];
    let mut faults = Vec::new();
    for (bad, head, repeat) in cases {
        let host = serve_raw(head.into_bytes(), bad.content.clone(), repeat).await;
        let url = format!("http://{host}/bad.yaml");
        faults.extend(refuse(&bad, "", &host, Some(url)).await);
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn gzip_of_zeros(length: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![b'\n'; 1 << 20];
    for _ in 0..length.div_ceil(block.len()) {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

/// Answers every request with the same bytes, the body so many times.
async fn serve_raw(head: Vec<u8>, body: Vec<u8>, repeat: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, head.clone(), body.clone(), repeat));
        }
    });
    host
}

async fn answer(
    mut stream: TcpStream,
    head: Vec<u8>,
    body: Vec<u8>,
    repeat: usize,
) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await?;
    stream.write_all(&head).await?;
    for _ in 0..repeat {
        stream.write_all(&body).await?;
    }
    stream.shutdown().await
}

/// Starts a portal with this source among its locations; what it did wrong.
async fn refuse(bad: &Bad, file: &str, host: &str, url: Option<String>) -> Vec<String> {
    let good = tempfile::tempdir().unwrap();
    let path = good.path().join("good.yaml");
    std::fs::write(&path, component("good")).unwrap();
    let mut files = vec![path.to_string_lossy().into_owned()];
    if !file.is_empty() {
        files.push(file.to_owned());
    }
    let database = Database::new();
    let setup = Setup::new(
        &database,
        &Sources {
            files: &files,
            host,
            interval_s: 600,
        },
    );
    let started = Instant::now();
    let mut portal = setup.start().await;
    if let Some(target) = &url {
        let body = json!({ "type": "url", "target": target });
        let answer = portal
            .client
            .send("POST", "/locations", Some(body))
            .await
            .unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let (message, slowest) = watch(&portal.client, url.as_deref().unwrap_or(file)).await;
    let (took, peak) = (started.elapsed(), portal.peak_memory());
    println!(
        "{}: {message:.200}\n    {took:.1?}, {} MB, {slowest:.1?}",
        bad.what,
        peak >> 20
    );
    let good = is_there(&portal.client, "component:default/good").await;
    let faults = [
        (portal.is_running(), "the portal ended"),
        (
            message.contains(bad.says),
            "the message does not say what is wrong",
        ),
        (peak < MEMORY, "it took too much memory"),
        (slowest < ANSWER, "the portal did not answer meanwhile"),
        (good, "the good entity is missing"),
        (!setup.log().contains("panicked"), "the portal panicked"),
    ];
    let faults = faults.into_iter().filter(|(is_right, _)| !is_right);
    faults
        .map(|(_, fault)| format!("{}: {fault}: {message:.300}", bad.what))
        .collect()
}

/// Waits for the message about a location; with it the time of the slowest answer meanwhile.
async fn watch(client: &Client, target: &str) -> (String, Duration) {
    let end = Instant::now() + REFUSAL;
    let mut slowest = Duration::ZERO;
    loop {
        let asked = Instant::now();
        let answer = client.get("/ingestion/errors").await.unwrap();
        slowest = slowest.max(asked.elapsed());
        let errors = answer.body.to_string();
        if errors.contains(target) {
            let message = answer
                .body
                .pointer("/items/0/problems/0/message")
                .map(Value::to_string);
            return (message.unwrap_or(errors), slowest);
        }
        assert!(
            Instant::now() < end,
            "{target} is not refused within {REFUSAL:?}: {errors}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether an entity is there, or comes within a moment.
async fn is_there(client: &Client, entity_ref: &str) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        if matches!(client.entity(entity_ref).await, Ok(Some(_))) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

fn component(name: &str) -> String {
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": { "name": name },
        "spec": { "type": "service", "lifecycle": "production", "owner": "nobody" },
    })
    .to_string()
}
