//! What answers of a host mean to the reader's caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt, stream};
use integrations::settings::ReadingSettings;
use integrations::{Limits, ReadError, ReadOutcome, ReadRequest, ReadUrl, SearchOutcome, Settings};
use platform::{Clock, Code, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

use crate::server::{Names, Server, limits, ok, read, readers, readers_at, reply};

fn allowing(server: &Server) -> Settings {
    allowing_port(server.port, limits())
}

fn allowing_port(port: u16, limits: Limits) -> Settings {
    let host = format!("127.0.0.1:{port}");
    Settings {
        reading: vec![ReadingSettings { host, paths: None }],
        limits,
        ..Settings::default()
    }
}

fn name(error: &ReadError) -> &'static str {
    match error {
        ReadError::NotFound { .. } => "gone",
        ReadError::NotAllowed { .. } => "not allowed",
        ReadError::Denied { .. } => "denied",
        ReadError::RateLimited { .. } => "limited",
        ReadError::Unavailable { .. } => "unavailable",
        ReadError::Timeout { .. } => "timeout",
        ReadError::TooLarge { .. } => "too large",
        ReadError::Invalid { .. } => "invalid",
    }
}

#[tokio::test]
async fn only_404_and_410_mean_gone() {
    // status, meaning, requests sent
    for (status, expected, requests) in [
        (404, "gone", 1),
        (410, "gone", 1),
        (401, "denied", 1),
        (403, "denied", 1),
        (400, "invalid", 1),
        (302, "denied", 1),
        (408, "timeout", 1),
        (429, "limited", 1),
        (500, "unavailable", 1),
        (502, "unavailable", 3),
        (503, "unavailable", 3),
        (504, "unavailable", 3),
    ] {
        let server = Server::start(move |_| reply(status, &[], "no")).await;
        let error = read(&readers(&allowing(&server)), &server.url("/x"))
            .await
            .unwrap_err();
        assert_eq!(name(&error), expected, "{status}: {error}");
        assert_eq!(server.seen().len(), requests, "{status}");
        let url = server.url("/x");
        assert!(
            error
                .to_string()
                .starts_with(&format!("could not read {url}, {status} "))
        );
    }
}

#[tokio::test]
async fn errors_reach_clients_with_fitting_codes() {
    for (status, code) in [
        (404, Code::NotFound),
        (403, Code::Forbidden),
        (429, Code::Unavailable),
        (500, Code::Unavailable),
    ] {
        let server = Server::start(move |_| reply(status, &[], "no")).await;
        let error = read(&readers(&allowing(&server)), &server.url("/x"))
            .await
            .unwrap_err();
        assert_eq!(Error::from(error).code(), code, "{status}");
    }
}

#[tokio::test]
async fn short_outages_are_bridged() {
    let count = Arc::new(AtomicUsize::new(0));
    let answer = move |_: &_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => reply(503, &[], "restarting"),
        1 => reply(502, &[], "restarting"),
        _ => ok("hello"),
    };
    let server = Server::start(answer).await;
    let body = read(&readers(&allowing(&server)), &server.url("/x"))
        .await
        .unwrap();
    assert_eq!(body.bytes, "hello");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_host_that_asks_for_a_pause_gets_it() {
    for (header, pause) in [("30", 30), ("Wed, 21 Oct 2015 07:29:00 GMT", 60)] {
        let clock = Clock::fixed(1_445_412_480_000); // Wed, 21 Oct 2015 07:28:00 GMT
        let count = Arc::new(AtomicUsize::new(0));
        let server = Server::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
            0 => reply(429, &[("retry-after", header)], "slow down"),
            _ => ok("hello"),
        })
        .await;
        let readers = readers_at(&allowing(&server), clock.clone(), Names::default());
        let url = server.url("/x");
        for (advance, expected) in [(0, pause), (10, pause - 10)] {
            clock.advance(Duration::from_secs(advance));
            let error = read(&readers, &url).await.unwrap_err();
            assert_eq!(
                error.retry_after(),
                Some(Duration::from_secs(expected)),
                "{header}"
            );
            assert!(!error.is_gone() && error.is_temporary());
            assert!(error.to_string().contains("rate limit exceeded"), "{error}");
        }
        assert_eq!(server.seen().len(), 1, "no request during the pause");
        clock.advance(Duration::from_secs(pause));
        assert_eq!(read(&readers, &url).await.unwrap().bytes, "hello");
    }
}

#[tokio::test]
async fn an_unchanged_file_is_answered_from_memory() {
    let answer = |seen: &crate::server::Seen| match seen.header("if-none-match") {
        Some("\"v1\"") => reply(304, &[("etag", "\"v1\"")], Body::empty()),
        _ => reply(200, &[("etag", "\"v1\"")], "hello"),
    };
    let server = Server::start(answer).await;
    let readers = readers(&allowing(&server));
    let url = server.url("/x");
    for _ in 0..2 {
        let body = read(&readers, &url).await.unwrap();
        assert_eq!(
            (&*body.bytes, body.etag.as_deref()),
            (&b"hello"[..], Some("\"v1\""))
        );
    }
    let asked: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.header("if-none-match").map(str::to_owned))
        .collect();
    assert_eq!(asked, [None, Some("\"v1\"".to_owned())]);

    let request = ReadRequest::new(url.clone()).with_etag(Some("\"v1\"".to_owned()));
    assert_eq!(
        readers.read(&request).await.unwrap(),
        ReadOutcome::NotModified
    );
    assert_eq!(
        readers.search(&request).await.unwrap(),
        SearchOutcome::NotModified
    );
    let request = ReadRequest::new(url).with_etag(Some("\"v0\"".to_owned()));
    assert!(matches!(
        readers.read(&request).await.unwrap(),
        ReadOutcome::Found(_)
    ));
}

#[tokio::test]
async fn hosts_without_versions_get_one_from_the_content() {
    const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
    for has_date in [false, true] {
        let answer = move |seen: &crate::server::Seen| match seen.header("if-modified-since") {
            Some(DATE) => reply(304, &[], Body::empty()),
            _ if has_date => reply(200, &[("last-modified", DATE)], "hello"),
            _ => ok("hello"),
        };
        let server = Server::start(answer).await;
        let readers = readers(&allowing(&server));
        let first = read(&readers, &server.url("/x")).await.unwrap();
        assert_eq!(first.last_modified, has_date.then_some(1_445_412_480_000));
        assert!(first.etag.is_some());
        let request = ReadRequest::new(server.url("/x")).with_etag(first.etag.clone());
        assert_eq!(
            readers.read(&request).await.unwrap(),
            ReadOutcome::NotModified
        );
        assert_eq!(read(&readers, &server.url("/x")).await.unwrap(), first);
        assert!(
            server
                .seen()
                .iter()
                .all(|seen| seen.header("if-none-match").is_none())
        );
    }
}

#[tokio::test]
async fn a_search_without_wildcards_reads_one_file_or_none() {
    let server = Server::start(|seen| match &*seen.line {
        "GET /x" => ok("hello"),
        "GET /broken" => reply(500, &[], ""),
        _ => reply(404, &[], ""),
    })
    .await;
    let readers = readers(&allowing(&server));
    let search = async |path: &str| readers.search(&ReadRequest::new(server.url(path))).await;
    let SearchOutcome::Found { files, etag } = search("/x").await.unwrap() else {
        panic!()
    };
    assert_eq!(files.len(), 1);
    assert_eq!(
        (&files[0].url, &*files[0].bytes),
        (&server.url("/x"), &b"hello"[..])
    );
    assert!(etag.is_some());
    let none = SearchOutcome::Found {
        files: Vec::new(),
        etag: None,
    };
    assert_eq!(search("/none").await.unwrap(), none);
    assert_eq!(name(&search("/broken").await.unwrap_err()), "unavailable");
}

#[tokio::test]
async fn bodies_are_bounded_however_they_arrive() {
    let large = 65 << 10;
    let plain = Server::start(move |_| ok(vec![b'x'; large])).await;
    let chunked = Server::start(move |_| {
        let chunks = (0..large / 1024).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![0; 1024])));
        ok(Body::from_stream(stream::iter(chunks)))
    })
    .await;
    // 4 MiB of zeros in a few kilobytes.
    let bomb = |_: &_| {
        let zeros = || Ok::<_, std::io::Error>(Bytes::from(vec![0; 64 << 10]));
        let body = Body::from_stream(stream::repeat_with(zeros).take(64));
        reply(200, &[("content-type", "text/plain")], body)
    };
    let bomb = Server::start_with(bomb, |router| router.layer(CompressionLayer::new())).await;
    for server in [plain, chunked, bomb] {
        let error = read(&readers(&allowing(&server)), &server.url("/x"))
            .await
            .unwrap_err();
        assert_eq!(name(&error), "too large", "{error}");
        assert_eq!(server.seen().len(), 1);
    }
    let exact = Server::start(|_| ok(vec![b'x'; 64 << 10])).await;
    let body = read(&readers(&allowing(&exact)), &exact.url("/x"))
        .await
        .unwrap();
    assert_eq!(body.bytes.len(), 64 << 10);
}

#[tokio::test]
async fn compressed_bodies_are_unpacked() {
    let text = "hello ".repeat(500);
    let sent = text.clone();
    let answer = move |_: &_| reply(200, &[("content-type", "text/plain")], sent.clone());
    let server = Server::start_with(answer, |router| router.layer(CompressionLayer::new())).await;
    let body = read(&readers(&allowing(&server)), &server.url("/x"))
        .await
        .unwrap();
    assert_eq!(body.bytes, text);
    assert!(
        server.seen()[0]
            .header("accept-encoding")
            .unwrap()
            .contains("gzip")
    );
}

/// Sends a byte every `every`, without end.
fn drip(every: Duration) -> Response {
    let bytes = stream::repeat(()).then(move |()| async move {
        tokio::time::sleep(every).await;
        Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
    });
    ok(Body::from_stream(bytes))
}

#[tokio::test]
async fn slow_hosts_time_out() {
    let bounds = Limits {
        idle_timeout: Duration::from_millis(300),
        total_timeout: Duration::from_millis(700),
        ..limits()
    };
    for every in [Duration::from_mins(1), Duration::from_millis(20)] {
        let server = Server::start(move |_| drip(every)).await;
        let readers = readers(&allowing_port(server.port, bounds));
        let start = Instant::now();
        let error = read(&readers, &server.url("/x")).await.unwrap_err();
        assert_eq!(name(&error), "timeout", "{error}");
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{every:?} took {:?}",
            start.elapsed()
        );
    }
}

#[tokio::test]
async fn unreachable_and_broken_hosts_are_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url: url::Url = format!("http://127.0.0.1:{port}/x").parse().unwrap();
    let readers = readers(&allowing_port(port, limits()));
    let accepting = tokio::spawn(async move {
        for connections in 1.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
            stream.write_all(answer).await.unwrap();
            if connections == 3 {
                break;
            }
        }
    });
    let error = read(&readers, &url).await.unwrap_err();
    assert_eq!(name(&error), "unavailable", "cut off: {error}");
    accepting.await.unwrap();
    let error = read(&readers, &url).await.unwrap_err();
    assert_eq!(name(&error), "unavailable", "refused: {error}");
    assert!(error.to_string().ends_with("cannot connect"), "{error}");
}

#[tokio::test]
async fn requests_to_one_host_are_limited_in_number() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen_most = Arc::clone(&most);
    let server = Server::start(move |_| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        ok(Body::from_stream(stream::once(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
        })))
    })
    .await;
    let bounds = Limits {
        requests_per_host: 3,
        ..limits()
    };
    let readers = readers(&allowing_port(server.port, bounds));
    let reads = (0..12).map(|at| {
        let (readers, url) = (readers.clone(), server.url(&format!("/{at}")));
        async move { read(&readers, &url).await.unwrap() }
    });
    assert_eq!(futures::future::join_all(reads).await.len(), 12);
    let most = seen_most.load(Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most} at once");
}
