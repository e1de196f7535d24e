//! Who gets in, and how those are answered that do not.

use crate::server::{TestServer, settings};

#[tokio::test]
async fn credentials_decide() {
    let server = TestServer::ready(settings()).await;
    let error = |name: &str, message: &str, method: &str, url: &str, status: u16| {
        format!(
            r#"{{"error":{{"name":"{name}","message":"{message}"}},"request":{{"method":"{method}","url":"{url}"}},"response":{{"statusCode":{status}}}}}"#
        )
    };
    let missing = |url: &str| {
        error(
            "AuthenticationError",
            "Missing credentials",
            "GET",
            url,
            401,
        )
    };
    let cases = [
        (
            "GET /api/lab/things?limit=1",
            "",
            401,
            missing("/things?limit=1"),
        ),
        (
            "GET /api/lab/things",
            "Basic Z29vZDpnb29k",
            401,
            missing("/things"),
        ),
        (
            "GET /api/lab/things",
            "Bearer bad",
            401,
            error(
                "AuthenticationError",
                "Illegal token",
                "GET",
                "/things",
                401,
            ),
        ),
        (
            "GET /api/lab/things",
            "Bearer good",
            200,
            r#"{"limit":null,"filter":[]}"#.to_owned(),
        ),
        (
            "GET /api/lab/things",
            "Bearer narrow",
            403,
            error(
                "NotAllowedError",
                "This token's access is restricted to plugin(s) 'other'",
                "GET",
                "/things",
                403,
            ),
        ),
        ("HEAD /api/lab/things", "", 401, String::new()),
        ("HEAD /api/lab/things", "Bearer good", 200, String::new()),
        ("GET /api/lab/nope", "Bearer good", 404, String::new()),
        ("PUT /api/lab/things", "Bearer good", 404, String::new()),
        ("GET /api/lab/nope", "", 401, missing("/nope")),
        ("GET /api/lab", "", 401, missing("/")),
        ("GET /api/lab?a=b", "", 401, missing("/?a=b")),
        ("GET /api/nope/things", "Bearer good", 404, String::new()),
        ("GET /api/nope", "", 404, String::new()),
        ("GET /api", "", 404, String::new()),
        ("POST /nope", "", 404, String::new()),
        (
            "GET /api/lab/open/who",
            "",
            200,
            r#"{"who":"anonymous"}"#.to_owned(),
        ),
        (
            "GET /api/lab/open/who",
            "Bearer bad",
            200,
            r#"{"who":"anonymous"}"#.to_owned(),
        ),
        (
            "GET /api/lab/open/who",
            "Bearer good",
            200,
            r#"{"who":"lab-client"}"#.to_owned(),
        ),
        ("GET /api/lab/openly", "", 401, missing("/openly")),
    ];
    for (head, authorization, status, body) in cases {
        let headers = [("authorization", authorization)];
        let reply = server
            .send(head, &headers[usize::from(authorization.is_empty())..], "")
            .await;
        assert_eq!(
            (reply.status, reply.text()),
            (status, body.as_str()),
            "{head} {authorization}"
        );
        let has_type = !reply.header("content-type").is_empty();
        assert_eq!(
            has_type,
            status != 404,
            "{head}: only answers with a body have a type"
        );
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
