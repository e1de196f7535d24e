//! Who gets in, and how those are answered that do not.

use crate::server::{TestServer, settings};

const GOOD: &str = "Bearer good";
const MISSING: &str = "Missing credentials";
const RESTRICTED: &str = "This token's access is restricted to plugin(s) 'other'";

/// Request, credentials, status, and the error's message or the whole body.
const CASES: &[(&str, &str, u16, &str)] = &[
    ("GET /api/lab/things?limit=1", "", 401, MISSING),
    ("GET /api/lab/things", "Basic Z29vZDpnb29k", 401, MISSING),
    ("GET /api/lab/things", "Bearer bad", 401, "Illegal token"),
    ("GET /api/lab/things", "Bearer narrow", 403, RESTRICTED),
    (
        "GET /api/lab/things?limit=1",
        GOOD,
        200,
        r#"{"limit":1,"filter":[]}"#,
    ),
    ("HEAD /api/lab/things", "", 401, ""),
    ("HEAD /api/lab/things", GOOD, 200, ""),
    ("GET /api/lab/nope", "", 401, MISSING),
    ("GET /api/lab/nope", GOOD, 404, ""),
    ("PUT /api/lab/things", GOOD, 404, ""),
    ("GET /api/lab", "", 401, MISSING),
    ("GET /api/nope/things", GOOD, 404, ""),
    ("GET /api/nope", "", 404, ""),
    ("GET /api", "", 404, ""),
    ("POST /nope", "", 404, ""),
    ("GET /api/lab/open/who", "", 200, r#"{"who":"anonymous"}"#),
    (
        "GET /api/lab/open/who",
        "Bearer bad",
        200,
        r#"{"who":"anonymous"}"#,
    ),
    (
        "GET /api/lab/open/who",
        GOOD,
        200,
        r#"{"who":"lab-client"}"#,
    ),
    ("GET /api/lab/openly", "", 401, MISSING),
];

#[tokio::test]
async fn credentials_decide() {
    let server = TestServer::ready(settings()).await;
    for (head, authorization, status, expected) in CASES {
        let headers = [("authorization", *authorization)];
        let headers = &headers[usize::from(authorization.is_empty())..];
        let reply = server.send(head, headers, "").await;
        let message = reply.message();
        let found = if message.is_empty() {
            reply.text()
        } else {
            &message
        };
        assert_eq!(
            (reply.status, found),
            (*status, *expected),
            "{head} {authorization}"
        );
        let has_type = !reply.header("content-type").is_empty();
        assert_eq!(has_type, *status != 404, "{head}: a bare 404 has no type");
    }
}

#[tokio::test]
async fn errors_name_the_url_as_the_plugin_sees_it() {
    let server = TestServer::ready(settings()).await;
    let cases = [
        ("GET /api/lab/things?limit=1", "/things?limit=1"),
        ("GET /api/lab", "/"),
        ("GET /api/lab?a=b", "/?a=b"),
        ("GET /api/lab/", "/"),
    ];
    for (head, url) in cases {
        let reply = server.send(head, &[], "").await;
        let expected = [
            r#"{"error":{"name":"AuthenticationError","message":"Missing credentials"},"#,
            &format!(r#""request":{{"method":"GET","url":"{url}"}},"#),
            r#""response":{"statusCode":401}}"#,
        ];
        assert_eq!(reply.text(), expected.concat(), "{head}");
    }
}

#[tokio::test]
async fn errors_have_the_headers_of_express() {
    let server = TestServer::ready(settings()).await;
    let reply = server.send("GET /api/lab/things", &[], "").await;
    assert_eq!(
        reply.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    assert_eq!(reply.header("vary"), "Accept-Encoding");
    let etag = format!("W/\"{:x}-", reply.body.len());
    assert!(
        reply.header("etag").starts_with(&etag),
        "{}",
        reply.header("etag")
    );
    let head = server.send("HEAD /api/lab/things", &[], "").await;
    assert_eq!(
        head.header("content-length").parse::<usize>().unwrap(),
        reply.body.len() + 1
    );
}

#[tokio::test]
async fn internal_errors_are_masked_and_panics_are_contained() {
    let server = TestServer::ready(settings()).await;
    for path in ["/broken", "/panic"] {
        let reply = server.get(&format!("/api/lab{path}")).await;
        assert_eq!(reply.status, 500);
        let message = reply.message();
        let id = message
            .strip_prefix("An internal error occurred logId=")
            .expect(&message);
        assert!(
            id.len() == 20 && id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{id}"
        );
        assert!(reply.text().contains(&format!(r#""url":"{path}""#)));
    }
    assert_eq!(server.get("/api/lab/things").await.status, 200);
}
