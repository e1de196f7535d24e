//! Headers, paths, conditional requests, compression, ids and metrics.

use std::time::Duration;

use platform::http::{CorsSettings, HttpSettings};

use crate::server::{TestServer, settings};

const CSP: &str = "default-src 'self';base-uri 'self';font-src 'self' https: data:;\
    frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self' 'unsafe-eval';\
    script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests";

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let server = TestServer::ready(settings()).await;
    let heads = [
        "GET /",
        "GET /api/lab/things",
        "GET /api/nope",
        "GET /healthz/live",
        "POST /",
    ];
    for head in heads {
        let reply = server.send(head, &[], "").await;
        let expected = [
            ("content-security-policy", CSP),
            ("referrer-policy", "no-referrer"),
            (
                "strict-transport-security",
                "max-age=15552000; includeSubDomains",
            ),
            ("x-content-type-options", "nosniff"),
            ("x-dns-prefetch-control", "off"),
            ("x-download-options", "noopen"),
            ("x-frame-options", "SAMEORIGIN"),
            ("x-permitted-cross-domain-policies", "none"),
            ("x-xss-protection", "0"),
        ];
        for (name, value) in expected {
            assert_eq!(reply.header(name), value, "{name} of {head}");
        }
    }
}

#[tokio::test]
async fn queries_paths_and_bodies_are_read() {
    let server = TestServer::ready(settings()).await;
    let json = ("content-type", "application/json");
    let cases = [
        (
            "GET /api/lab/things?filter=a%3Db&filter=c+d&limit=2",
            json,
            "",
            200,
            r#"{"limit":2,"filter":["a=b","c d"]}"#,
        ),
        (
            "GET /api/lab/things?limit=abc",
            json,
            "",
            400,
            "request/query/limit must be integer",
        ),
        (
            "GET /api/lab/things?x=1",
            json,
            "",
            400,
            "Unknown query parameter 'x'",
        ),
        (
            "GET /api/lab/things/a%2Fb/c%3Ad",
            json,
            "",
            200,
            r#"["a/b","c:d"]"#,
        ),
        (
            "GET /api/lab/things/no/%E2%82%AC",
            json,
            "",
            404,
            "No thing named '€' found",
        ),
        (
            "GET /api/lab/things/a/%FF",
            json,
            "",
            400,
            "Failed to decode the path",
        ),
        ("DELETE /api/lab/things/a/b", json, "", 204, ""),
        (
            "POST /api/lab/things",
            json,
            r#"{"a":1}"#,
            201,
            r#"{"a":1}"#,
        ),
        (
            "POST /api/lab/things",
            json,
            r#"{"a":"#,
            400,
            "Unexpected end of JSON input",
        ),
        (
            "POST /api/lab/things",
            ("content-type", "text/plain"),
            "hello",
            400,
            "unsupported media type text/plain",
        ),
    ];
    for (head, header, body, status, expected) in cases {
        let headers = [("authorization", "Bearer good"), header];
        let reply = server.send(head, &headers, body).await;
        assert_eq!(reply.status, status, "{head}: {}", reply.text());
        let found = if status < 400 {
            reply.text().to_owned()
        } else {
            reply.message()
        };
        assert_eq!(found, expected, "{head}");
    }
}

#[tokio::test]
async fn known_answers_are_304() {
    let server = TestServer::ready(settings()).await;
    let etag = server.get("/api/lab/things").await.header("etag");
    let cases = [
        ("GET /api/lab/things", etag.as_str(), 304),
        ("HEAD /api/lab/things", &etag, 304),
        ("GET /api/lab/things", "\"other\"", 200),
        ("GET /api/lab/tagged", "W/\"v1\"", 304),
        ("DELETE /api/lab/things/a/b", "*", 204),
    ];
    for (head, tags, status) in cases {
        let headers = [("authorization", "Bearer good"), ("if-none-match", tags)];
        let reply = server.send(head, &headers, "").await;
        assert_eq!(reply.status, status, "{head} {tags}");
        if status == 304 {
            assert!(reply.body.is_empty() && reply.header("content-type").is_empty());
            assert!(
                !reply.header("etag").is_empty() && !reply.header("x-frame-options").is_empty()
            );
        }
    }
}

#[tokio::test]
async fn bodies_are_compressed_when_it_is_asked_for_and_pays() {
    let server = TestServer::ready(settings()).await;
    let cases = [
        ("/api/lab/big", "gzip, deflate, br", "br", "Accept-Encoding"),
        ("/api/lab/big", "gzip", "gzip", "Accept-Encoding"),
        ("/api/lab/big", "deflate", "", "Accept-Encoding"),
        ("/api/lab/big", "gzip;q=0", "", "Accept-Encoding"),
        ("/api/lab/big", "", "", "Accept-Encoding"),
        ("/api/lab/things", "gzip", "", "Accept-Encoding"),
        ("/api/lab/events", "gzip", "", "Accept-Encoding"),
        ("/api/nope", "gzip", "", ""),
    ];
    for (path, accepted, encoding, vary) in cases {
        let headers = [
            ("authorization", "Bearer good"),
            ("accept-encoding", accepted),
        ];
        let reply = server.send(&format!("GET {path}"), &headers, "").await;
        assert_eq!(
            reply.header("content-encoding"),
            encoding,
            "{path} {accepted}"
        );
        assert!(
            reply.header("vary").eq_ignore_ascii_case(vary),
            "{path}: {}",
            reply.header("vary")
        );
        if path == "/api/lab/big" {
            assert_eq!(reply.body.len() < 1000, !encoding.is_empty(), "{accepted}");
        }
    }
}

#[tokio::test]
async fn cors_opens_answers_to_allowed_origins() {
    const OURS: &str = "http://localhost:3000";
    let cors = CorsSettings {
        origins: Some(vec![OURS.to_owned()]),
        methods: Some(vec!["GET".to_owned(), "POST".to_owned()]),
        exposed_headers: vec!["link".to_owned()],
        credentials: true,
        max_age: Some(Duration::from_mins(1)),
        ..CorsSettings::default()
    };
    let server = TestServer::ready(HttpSettings {
        cors: Some(cors),
        ..settings()
    })
    .await;
    let cases = [
        (
            "GET /healthz/live",
            OURS,
            200,
            OURS,
            "Origin + Accept-Encoding",
        ),
        (
            "GET /api/lab/things",
            OURS,
            401,
            OURS,
            "Origin + Accept-Encoding",
        ),
        (
            "GET /healthz/live",
            "http://evil.example.com",
            200,
            "",
            "Accept-Encoding",
        ),
        ("GET /healthz/live", "", 200, "", "Accept-Encoding"),
        (
            "OPTIONS /api/lab/things",
            OURS,
            204,
            OURS,
            "Origin, Access-Control-Request-Headers",
        ),
        (
            "OPTIONS /api/lab/things",
            "http://evil.example.com",
            401,
            "",
            "Accept-Encoding",
        ),
    ];
    for (head, origin, status, allowed, vary) in cases {
        let asked = ("access-control-request-headers", "authorization");
        let headers = [asked, ("origin", origin)];
        let reply = server
            .send(head, &headers[..=usize::from(!origin.is_empty())], "")
            .await;
        assert_eq!(reply.status, status, "{head} {origin}");
        assert_eq!(
            reply.header("access-control-allow-origin"),
            allowed,
            "{head} {origin}"
        );
        assert_eq!(reply.header("vary"), vary, "{head} {origin}");
        let credentials = if allowed.is_empty() { "" } else { "true" };
        assert_eq!(
            reply.header("access-control-allow-credentials"),
            credentials
        );
        let preflight = status == 204;
        let expected = |value: &str| {
            if preflight {
                value.to_owned()
            } else {
                String::new()
            }
        };
        assert_eq!(
            reply.header("access-control-allow-methods"),
            expected("GET,POST")
        );
        assert_eq!(
            reply.header("access-control-allow-headers"),
            expected("authorization")
        );
        assert_eq!(reply.header("access-control-max-age"), expected("60"));
    }
}

#[tokio::test]
async fn ids_and_traces_come_in_and_go_out() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let server = TestServer::ready(settings()).await;
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [
        ("authorization", "Bearer good"),
        ("x-request-id", "order-66"),
        ("traceparent", parent.as_str()),
    ];
    let reply = server.send("GET /api/lab/id", &headers, "").await;
    assert_eq!(
        (reply.text(), reply.header("x-request-id").as_str()),
        ("order-66", "order-66")
    );
    let context = reply.header("traceparent");
    assert!(
        context.starts_with(&format!("00-{TRACE}-")) && context != parent,
        "{context}"
    );

    let reply = server.get("/api/lab/id").await;
    let id = reply.header("x-request-id");
    assert_eq!(reply.text(), id);
    assert!(
        reply
            .header("traceparent")
            .starts_with(&format!("00-{id}-"))
    );
}

#[tokio::test]
async fn a_base_path_comes_before_everything_but_probes() {
    let settings = HttpSettings {
        base_path: "/portal".to_owned(),
        ..settings()
    };
    let server = TestServer::ready(settings).await;
    let cases = [
        ("/portal/api/lab/things", 200),
        ("/portal/", 200),
        ("/portal", 200),
        ("/portal?x=1", 200),
        ("/portal/healthz/ready", 200),
        ("/healthz/ready", 200),
        ("/api/lab/things", 404),
        ("/", 404),
        ("/portalx/", 404),
    ];
    for (path, status) in cases {
        assert_eq!(server.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn pages_are_served_where_no_plugin_is() {
    let server = TestServer::ready(settings()).await;
    for path in [
        "/",
        "/catalog?x=1",
        "/.backstage/health/v1/nope",
        "/.callboard/static/5",
    ] {
        let reply = server.get(path).await;
        assert_eq!(
            (reply.status, reply.text()),
            (200, "<!DOCTYPE html>"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_yardstick_is_there_only_when_it_is_asked_for() {
    let server = TestServer::ready(HttpSettings {
        bench: true,
        ..settings()
    })
    .await;
    assert_eq!(server.get("/.callboard/static/1500").await.body.len(), 1500);
    assert_eq!(server.get("/.callboard/static/99999999").await.status, 400);
}

#[tokio::test]
async fn requests_are_measured_by_route() {
    let server = TestServer::ready(settings()).await;
    for path in ["/things/a/b", "/things/c/d", "/nope/1", "/nope/2"] {
        server.get(&format!("/api/lab{path}")).await;
    }
    server.get("/api/nobody/x").await;
    let reply = server.get("/metrics").await;
    assert_eq!(
        reply.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let count = |labels: &str| {
        let prefix = format!("callboard_http_request_duration_seconds_count{{{labels}}} ");
        reply
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(&prefix)?.parse::<u32>().ok())
    };
    let ok = r#"method="GET",plugin="lab",route="/things/{kind}/{name}",status="2xx""#;
    let unknown = r#"method="GET",plugin="lab",route="unknown",status="4xx""#;
    let nobody = r#"method="GET",plugin="",route="unknown",status="4xx""#;
    assert_eq!(
        (count(ok), count(unknown), count(nobody)),
        (Some(2), Some(2), Some(1))
    );
    assert!(
        reply
            .text()
            .contains("callboard_http_requests_in_flight 1\n")
    );
}
