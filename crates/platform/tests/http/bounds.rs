//! What clients may not do.

use std::time::{Duration, Instant};

use platform::http::{HttpSettings, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{TestServer, read_reply, settings};

fn limited(limits: Limits) -> HttpSettings {
    HttpSettings {
        limits,
        ..settings()
    }
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = TestServer::ready(settings()).await;
    let many: Vec<(&str, &str)> = vec![("x-a", "b"); 101];
    let large = "x".repeat(130 << 10);
    let cases = [
        (format!("GET /?{}", "a".repeat(60_000)), vec![], 200),
        (format!("GET /?{}", "a".repeat(66_000)), vec![], 414),
        ("GET /".to_owned(), many, 431),
        ("GET /".to_owned(), vec![("x-a", large.as_str())], 431),
    ];
    for (head, headers, status) in cases {
        let reply = server.send(&head, &headers, "").await;
        assert_eq!(
            reply.status,
            status,
            "{} bytes, {} headers",
            head.len(),
            headers.len()
        );
    }
}

#[tokio::test]
async fn bodies_are_bounded_by_the_route_and_by_the_front() {
    let server = TestServer::ready(limited(Limits {
        body: 5000,
        ..Limits::default()
    }))
    .await;
    let cases = [
        ("/api/lab/echo", 1000, 200),
        ("/api/lab/echo", 3000, 413),
        ("/api/lab/things", 6000, 413),
    ];
    for (path, size, status) in cases {
        let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(size));
        let headers = [
            ("authorization", "Bearer good"),
            ("content-type", "application/json"),
        ];
        let reply = server.send(&format!("POST {path}"), &headers, &body).await;
        assert_eq!(reply.status, status, "{path} {size}");
        if status == 413 {
            assert_eq!(reply.message(), "request entity too large");
            assert!(reply.text().contains("PayloadTooLargeError"));
        }
    }
}

#[tokio::test]
async fn slow_heads_end_the_connection() {
    let limits = Limits {
        head_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let server = TestServer::ready(limited(limits)).await;
    for beginning in ["GET / HTT", ""] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let begin = Instant::now();
        let reply = read_reply(&mut stream).await;
        assert!(matches!(reply.status, 0 | 408), "{reply:?}");
        assert!(begin.elapsed() < Duration::from_mins(1));
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_wait() {
    let server = TestServer::ready(limited(Limits {
        connections: 1,
        ..Limits::default()
    }))
    .await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first
        .write_all(b"GET /healthz/live HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    assert!(first.read(&mut [0; 1000]).await.unwrap() > 0);
    let second = server.get("/healthz/live");
    let early = tokio::time::timeout(Duration::from_millis(200), second).await;
    assert!(
        early.is_err(),
        "answered although the first connection is open"
    );
    drop(first);
    assert_eq!(server.get("/healthz/live").await.status, 200);
}
