//! Start, health and shutdown.

use std::time::{Duration, Instant};

use platform::http::HttpSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{TestServer, read_reply, request, routes, settings};

const OK: &str = r#"{"status":"ok"}"#;

#[tokio::test]
async fn health_follows_the_application() {
    let health = [("x-service".to_owned(), "portal".to_owned())].into();
    let settings = HttpSettings {
        health_headers: health,
        startup_pause: Duration::ZERO,
        ..settings()
    };
    let server = TestServer::starting(settings).await;
    let starting = r#"{"message":"Backend has not started yet","status":"error"}"#;
    let stopping = r#"{"message":"Backend is shutting down","status":"error"}"#;
    let mut connection = TcpStream::connect(server.address).await.unwrap();

    check_health(&server, 503, starting).await;
    let reply = server.get("/api/lab/things").await;
    assert_eq!(
        (reply.status, reply.message().as_str()),
        (503, "Service has not started up yet")
    );
    assert!(reply.text().contains(r#""name":"ServiceUnavailableError""#));

    server.front.open(routes(server.slow.clone()));
    check_health(&server, 200, OK).await;
    assert_eq!(server.get("/api/lab/things").await.status, 200);

    server.front.readiness().set_shutting_down();
    check_health(&server, 503, stopping).await;
    let text = request("GET /api/lab/things", &[], "");
    connection.write_all(text.as_bytes()).await.unwrap();
    let reply = read_reply(&mut connection).await;
    assert_eq!(
        (reply.status, reply.message().as_str()),
        (503, "Service is shutting down")
    );
}

async fn check_health(server: &TestServer, ready: u16, body: &str) {
    for path in ["/.backstage/health/v1/readiness", "/healthz/ready"] {
        let reply = server.get(path).await;
        assert_eq!((reply.status, reply.text()), (ready, body), "{path}");
        assert_eq!(reply.header("x-service"), "portal");
        let head = server.send(&format!("HEAD {path}"), &[], "").await;
        assert_eq!((head.status, head.text()), (ready, ""));
        assert_eq!(head.header("content-length"), body.len().to_string());
    }
    for path in ["/.backstage/health/v1/liveness", "/healthz/live"] {
        let reply = server.get(path).await;
        assert_eq!((reply.status, reply.text()), (200, OK), "{path}");
        assert_eq!(reply.header("etag"), "W/\"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg\"");
        assert_eq!(
            reply.header("content-type"),
            "application/json; charset=utf-8"
        );
    }
}

#[tokio::test]
async fn early_requests_wait_for_the_start() {
    let server = TestServer::starting(settings()).await;
    let (reply, ()) = tokio::join!(server.get("/api/lab/things"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.front.open(routes(server.slow.clone()));
    });
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_end() {
    let server = TestServer::ready(settings()).await;
    let request = server.get("/api/lab/slow");
    let stop = async {
        server.slow.arrived.notified().await;
        server.shutdown.cancel();
        server.slow.go_on.notify_one();
    };
    let (reply, ()) = tokio::join!(request, stop);
    assert_eq!(reply.status, 204);
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_end() {
    let server = TestServer::ready(settings()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz/live HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 1000];
    assert!(idle.read(&mut first).await.unwrap() > 0);
    let begin = Instant::now();
    server.shutdown.cancel();
    server.task.await.unwrap();
    assert!(begin.elapsed() < HttpSettings::default().drain_timeout);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_cut_off() {
    let settings = HttpSettings {
        drain_timeout: Duration::from_millis(50),
        ..settings()
    };
    let server = TestServer::ready(settings).await;
    let request = server.get("/api/lab/slow");
    let stop = async {
        server.slow.arrived.notified().await;
        server.shutdown.cancel();
    };
    let (reply, ()) = tokio::join!(request, stop);
    assert_eq!(reply.status, 0, "no answer");
    server.task.await.unwrap();
}

#[tokio::test]
async fn during_the_shutdown_delay_probes_say_so_and_requests_are_served() {
    let settings = HttpSettings {
        shutdown_delay: Duration::from_secs(5),
        ..settings()
    };
    let server = TestServer::ready(settings).await;
    server.shutdown.cancel();
    let mut reply = server.get("/healthz/ready").await;
    while reply.status == 200 {
        reply = server.get("/healthz/ready").await;
    }
    assert_eq!(
        reply.text(),
        r#"{"message":"Backend is shutting down","status":"error"}"#
    );
    let reply = server.get("/api/lab/things").await;
    assert_eq!(reply.status, 200, "requests are served during the delay");
    server.task.await.unwrap();
}
