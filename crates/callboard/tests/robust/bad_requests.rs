//! Requests nobody should send: each is answered or refused quickly, and the portal lives.

use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::TOKEN;
use crate::database::Database;
use crate::portal::{Setup, Sources};

const MEMORY: u64 = 500 << 20;
/// In a debug build on a busy machine.
const ANSWER: Duration = Duration::from_secs(10);

/// One request, and the statuses it may have; none when the connection may simply be closed.
type Case = (&'static str, &'static str, String, String, &'static [u16]);

const QUERY: &str = "/api/catalog/entities/by-query";
const REFS: &str = "/api/catalog/entities/by-refs";
const FACETS: &str = "/api/catalog/entity-facets";
const VALIDATE: &str = "/api/catalog/validate-entity";
const LOCATIONS: &str = "/api/catalog/locations/by-query";

fn get(what: &'static str, path: String, expected: &'static [u16]) -> Case {
    (what, "GET", path, String::new(), expected)
}

fn post(what: &'static str, path: &str, body: String, expected: &'static [u16]) -> Case {
    (what, "POST", path.to_owned(), body, expected)
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

fn cursor(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn heads() -> Vec<Case> {
    let entities = "/api/catalog/entities";
    let filters = "filter=kind=component&".repeat(2500);
    let parts = "metadata.name=a,".repeat(3500);
    vec![
        get(
            "a long path",
            format!("{entities}/by-uid/{}", "x".repeat(1_000_000)),
            &[404, 414, 431],
        ),
        get(
            "a long query",
            format!("{QUERY}?filter={}", "x".repeat(1_000_000)),
            &[414, 431],
        ),
        get(
            "many filters",
            format!("{entities}?{filters}limit=1"),
            &[200, 400, 414],
        ),
        get(
            "a filter of many parts",
            format!("{entities}?filter={parts}kind=a"),
            &[200, 400],
        ),
        get(
            "many fields",
            format!("{entities}?fields={}", "a.b.c,".repeat(10_000)),
            &[200, 400],
        ),
        get(
            "deep fields",
            format!("{entities}?fields=a{}", ".a".repeat(25_000)),
            &[200, 400],
        ),
        get(
            "a large limit",
            format!("{QUERY}?limit=99999999999999999999"),
            &[200, 400],
        ),
        get(
            "a large offset",
            format!("{entities}?limit=1&offset=9223372036854775807"),
            &[200, 400],
        ),
        get(
            "many facets",
            format!("{FACETS}?{}facet=kind", "facet=metadata.name&".repeat(2500)),
            &[200, 400],
        ),
        get(
            "a long text",
            format!("{QUERY}?fullTextFilterTerm={}", "a".repeat(50_000)),
            &[200, 400],
        ),
        get(
            "a cursor of rubbish",
            format!("{QUERY}?cursor={}", "A".repeat(50_000)),
            &[400],
        ),
        get(
            "a deep cursor",
            format!("{QUERY}?cursor={}", cursor(&nested("[", "]", 15_000))),
            &[400],
        ),
        get(
            "percent signs",
            format!("{entities}?filter={}", "%".repeat(50_000)),
            &[200, 400],
        ),
        get(
            "not UTF-8",
            format!("{entities}?filter={}", "%ff".repeat(10_000)),
            &[200, 400],
        ),
    ]
}

fn bodies() -> Vec<Case> {
    let query = |predicate: &str| format!("{{\"query\":{predicate}}}");
    let clauses = |n: usize| vec!["{\"kind\":\"component\"}"; n].join(",");
    let refs = |n: usize| json!({ "entityRefs": vec!["component:default/a"; n] }).to_string();
    let entity = |spec: String| {
        format!(
            "{{\"location\":\"url:https://a/b\",\"entity\":{{\"apiVersion\":\"a/v1\",\
             \"kind\":\"A\",\"metadata\":{{\"name\":\"a\"}},\"spec\":{{\"a\":{spec}}}}}}}"
        )
    };
    let ordered = json!({
        "orderBy": vec![json!({ "field": "metadata.name", "order": "asc" }); 10_000],
    });
    vec![
        post("deep lists", QUERY, nested("[", "]", 100_000), &[400]),
        post(
            "deep objects",
            QUERY,
            query(&nested("{\"$not\":", "}", 100_000)),
            &[400],
        ),
        post(
            "a deep predicate",
            QUERY,
            query(&nested("{\"$not\":", "}", 110)),
            &[200, 400],
        ),
        post(
            "many clauses",
            QUERY,
            query(&format!("{{\"$any\":[{}]}}", clauses(4000))),
            &[200, 400],
        ),
        post(
            "too many clauses",
            QUERY,
            query(&format!("{{\"$any\":[{}]}}", clauses(1_000_000))),
            &[400, 413],
        ),
        post(
            "a large body",
            QUERY,
            format!("\"{}\"", "x".repeat(100_000_000)),
            &[400, 413],
        ),
        post("many references", REFS, refs(100_000), &[200, 400, 413]),
        post(
            "many facets",
            FACETS,
            json!({ "facets": vec!["metadata.name"; 10_000] }).to_string(),
            &[200, 400, 413],
        ),
        post("many orders", QUERY, ordered.to_string(), &[200, 400, 413]),
        post(
            "a long cursor",
            QUERY,
            json!({ "cursor": "A".repeat(1_000_000) }).to_string(),
            &[400, 413],
        ),
        post(
            "a deep cursor",
            QUERY,
            json!({ "cursor": cursor(&nested("[", "]", 20_000)) }).to_string(),
            &[400],
        ),
        post(
            "a deep cursor of locations",
            LOCATIONS,
            json!({ "cursor": cursor(&nested("[", "]", 20_000)) }).to_string(),
            &[400],
        ),
        post(
            "a deep query of locations",
            LOCATIONS,
            query(&nested("{\"$not\":", "}", 110)),
            &[200, 400],
        ),
        post(
            "a deep entity",
            VALIDATE,
            entity(nested("[", "]", 110)),
            &[200, 400],
        ),
        post(
            "a too deep entity",
            VALIDATE,
            entity(nested("[", "]", 100_000)),
            &[400],
        ),
        post(
            "a wide entity",
            VALIDATE,
            entity(format!("[{}]", vec!["{}"; 30_000].join(","))),
            &[200, 400, 413],
        ),
        post("not UTF-8", QUERY, "{\"a\":\"\u{fffd}\"".to_owned(), &[400]),
        post("no JSON", QUERY, "\u{0}".repeat(1000), &[400]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_are_answered_in_bounded_time_and_memory() {
    let sources = Sources {
        files: &[],
        host: "127.0.0.1:1",
        interval_s: 600,
    };
    let database = Database::new();
    let setup = Setup::new(&database, &sources);
    let mut portal = setup.start().await;
    let mut wrong = Vec::new();
    for (what, method, path, body, expected) in heads().into_iter().chain(bodies()) {
        let started = Instant::now();
        let status = send(setup.port(), method, &path, &body).await;
        let took = started.elapsed();
        println!(
            "{what}: {status:?}, {took:.1?}, {} MB",
            portal.peak_memory() >> 20
        );
        if !status.is_some_and(|status| expected.contains(&status)) {
            wrong.push(format!("{what}: {status:?}, expected {expected:?}"));
        }
        if took > ANSWER {
            wrong.push(format!("{what}: {took:?}"));
        }
        assert!(
            portal.is_running(),
            "{what}: the portal ended: {}",
            setup.log()
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let peak = portal.peak_memory();
    assert!(peak < MEMORY, "{} MB", peak >> 20);
    assert_eq!(portal.client.get("/entities").await.unwrap().status, 200);
    assert!(!setup.log().contains("panicked"), "{}", setup.log());
}

/// The status of the answer, if there is any. An ordinary client would refuse to send some of this.
async fn send(port: u16, method: &str, path: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let (mut reader, mut writer) = stream.split();
    let write = async {
        // The portal may answer, and hang up, before it has read everything.
        let _ = writer.write_all(head.as_bytes()).await;
        let _ = writer.write_all(body.as_bytes()).await;
    };
    let read = async {
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        while answer.len() < 64 {
            match reader.read(&mut chunk).await {
                Ok(n) if n > 0 => answer.extend_from_slice(&chunk[..n]),
                _ => break,
            }
        }
        answer
    };
    let sent = async { tokio::join!(write, read).1 };
    let answer = tokio::time::timeout(Duration::from_secs(60), sent)
        .await
        .ok()?;
    let line = String::from_utf8_lossy(&answer).into_owned();
    line.split(' ').nth(1)?.parse().ok()
}
