//! Requests through the proxy to a real target, and what must never get through.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CONNECTION, LOCATION, UPGRADE};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use platform::ctx::{Caller, User};
use platform::http::{Mount, Plugin, mount_with};
use platform::permission::{Authorizer, Decision, Permission};
use platform::{Authenticator, Error, Result};
use proxy::{Proxy, router};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// `Bearer portal-token` is a user of the portal.
struct Access;

#[async_trait]
impl Authenticator for Access {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        match headers.get(AUTHORIZATION).map(|it| it.to_str().unwrap()) {
            None => Ok(Arc::new(Caller::Anonymous)),
            Some("Bearer portal-token") => Ok(Arc::new(Caller::User(User {
                entity_ref: "user:default/alice".to_owned(),
                ownership: [].into(),
                expires_at: i64::MAX,
                limited_token: None,
                agent: None,
                actor: None,
                reach: platform::ctx::Reach::default(),
            }))),
            Some(_) => Err(Error::unauthenticated("Illegal token")),
        }
    }
}

#[async_trait]
impl Authorizer for Access {
    async fn decide(&self, _: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        vec![Decision::Deny; permissions.len()]
    }
}

/// Tells what it got, redirects, or opens a socket that repeats what it hears.
async fn target(mut request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some((_, to)) = path.split_once("/to/") {
        let to = request
            .uri()
            .query()
            .map_or_else(|| format!("/{to}"), str::to_owned);
        return (StatusCode::FOUND, [(LOCATION, to)]).into_response();
    }
    if path.ends_with("/socket") {
        let opened = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut io = TokioIo::new(opened.await.unwrap());
            let mut buffer = [0; 64];
            while let Ok(n @ 1..) = io.read(&mut buffer).await {
                io.write_all(&buffer[..n]).await.unwrap();
            }
        });
        let headers = [(CONNECTION, "Upgrade"), (UPGRADE, "websocket")];
        return (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
    }
    if path.ends_with("/slow") {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    let headers: serde_json::Map<String, Value> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let told = json!({"method": method, "path": uri, "headers": headers,
        "body": String::from_utf8_lossy(&body)});
    let extra = [
        ("content-type", "application/json"),
        ("x-secret", "internal"),
        ("set-cookie", "a=b"),
        ("x-page", "2"),
    ];
    (extra, told.to_string()).into_response()
}

/// Serves a router until the test ends; its address.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

struct Lab {
    app: Router,
    proxy: Proxy,
    target: String,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Lab {
    /// Endpoints with `TARGET` for the address of the target.
    async fn new(endpoints: &Value) -> Self {
        let target = serve(Router::new().fallback(target)).await;
        let endpoints = endpoints.to_string().replace("TARGET", &target);
        let config = json!({"endpoints": serde_json::from_str::<Value>(&endpoints).unwrap()});
        let proxy = Proxy::new(&serde_json::from_value(config).unwrap(), "/portal").unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        proxy.start(&tasks, &stop);
        let plugin = Plugin {
            id: "proxy",
            router: router(proxy.clone()),
            open_paths: &[],
        };
        let table = proxy.clone();
        let access = move |path: &str| table.access(path);
        let mount = Mount {
            access: Some(Arc::new(access)),
            ..Mount::new(Arc::new(Access), Arc::new(Access))
        };
        Self {
            app: mount_with(plugin, mount),
            proxy,
            target,
            tasks,
            stop,
        }
    }

    async fn send(
        &self,
        head: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, HeaderMap, String) {
        let (method, path) = head.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "portal.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (
            parts.status.as_u16(),
            parts.headers,
            String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// What the target got; the request must have come through.
    async fn got(&self, head: &str, headers: &[(&str, &str)], body: &str) -> Value {
        let (status, _, text) = self.send(head, headers, body).await;
        assert_eq!(status, 200, "{head}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

const USER: (&str, &str) = ("authorization", "Bearer portal-token");

#[tokio::test]
async fn requests_reach_their_target_below_its_path() {
    let lab = Lab::new(&json!({
        "/plain": "http://TARGET",
        "/based": "http://TARGET/v1/",
        "/based/deeper": "http://TARGET/deep",
        "/rewritten": {"target": "http://TARGET", "pathRewrite": {"^/portal/api/proxy/rewritten/old": "/new"}},
    }))
    .await;
    let cases = [
        ("GET /plain/a/b?x=1&y=%20", "/a/b?x=1&y=%20"),
        ("GET /plain", "/"),
        ("GET /plain/", "/"),
        ("GET /PLAIN/a", "/a"),
        ("GET /plain/a%2Fb", "/a%2Fb"),
        ("GET /based/a", "/v1/a"),
        ("GET /based/deeper/a", "/deep/a"),
        ("GET /rewritten/old/x?y", "/new/x?y"),
    ];
    for (head, path) in cases {
        assert_eq!(lab.got(head, &[USER], "").await["path"], path, "{head}");
    }
    let posted = lab
        .got(
            "POST /plain/p",
            &[USER, ("content-type", "text/x"), ("content-length", "4")],
            "body",
        )
        .await;
    assert_eq!(
        (&posted["method"], &posted["body"]),
        (&json!("POST"), &json!("body"))
    );
    assert_eq!(posted["headers"]["content-length"], "4");
    let deleted = lab.got("DELETE /plain/p", &[USER], "").await;
    assert_eq!(deleted["headers"]["content-length"], "0");
}

#[tokio::test]
async fn endpoints_are_replaced_all_together_or_not_at_all() {
    let lab = Lab::new(&json!({"/a": "http://TARGET/one"})).await;
    let endpoints = |endpoints: &Value| {
        let text = endpoints.to_string().replace("TARGET", &lab.target);
        let endpoints: Value = serde_json::from_str(&text).unwrap();
        serde_json::from_value(json!({ "endpoints": endpoints })).unwrap()
    };
    let wrong = json!({"/a": "http://TARGET/two", "/b": "nowhere"});
    assert!(lab.proxy.replace(&endpoints(&wrong)).is_err());
    assert_eq!(lab.got("GET /a/x", &[USER], "").await["path"], "/one/x");
    let right = json!({"/b": {"target": "http://TARGET/two", "credentials": "dangerously-allow-unauthenticated"}});
    lab.proxy.replace(&endpoints(&right)).unwrap();
    assert_eq!(lab.send("GET /a/x", &[USER], "").await.0, 404);
    assert_eq!(lab.got("GET /b/x", &[], "").await["path"], "/two/x");
}

/// An endpoint that was open is not, between the look at who may enter and the passing on.
#[tokio::test]
async fn who_was_let_in_by_a_table_of_before_reaches_no_closed_endpoint() {
    let lab = Lab::new(&json!({"/e": "http://TARGET"})).await;
    let plugin = Plugin {
        id: "proxy",
        router: router(lab.proxy.clone()),
        open_paths: &[],
    };
    let mount = Mount {
        access: Some(Arc::new(|_: &str| platform::http::Access::Unauthenticated)),
        ..Mount::new(Arc::new(Access), Arc::new(Access))
    };
    let app = mount_with(plugin, mount);
    for (token, status) in [(None, 401), (Some("Bearer portal-token"), 200)] {
        let mut request = Request::builder().uri("/e/x");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{token:?}");
    }
}

#[tokio::test]
async fn paths_that_lead_elsewhere_are_refused() {
    let lab = Lab::new(&json!({"/e": "http://TARGET/base"})).await;
    for path in [
        "/e/..%2f..%2fadmin",
        "/e/%2e%2e/admin",
        "/e/a\\..\\admin",
        "/e/%252e%252e/admin",
        "/e/..;/admin",
        "/e/./a",
        "/e//other.example/x",
    ] {
        let (status, _, text) = lab.send(&format!("GET {path}"), &[USER], "").await;
        assert_eq!(status, 400, "{path}: {text}");
    }
}

#[tokio::test]
async fn the_longest_path_decides_who_may_enter() {
    let lab = Lab::new(&json!({
        "/a": {"target": "http://TARGET", "credentials": "dangerously-allow-unauthenticated"},
        "/a/private": {"target": "http://TARGET"},
        "/closed": {"target": "http://TARGET"},
        "/closed/open": {"target": "http://TARGET", "credentials": "dangerously-allow-unauthenticated"},
    }))
    .await;
    let cases = [
        ("/a/x", "", 200),
        ("/a/x", "Bearer garbage", 200),
        ("/a/private/x", "", 401),
        ("/A/PRIVATE/x", "", 401),
        // What the target may take for the path that needs credentials.
        ("/a/%70rivate/x", "", 401),
        ("/a/%2570rivate/x", "", 401),
        ("/a/private%2fx", "", 401),
        ("/a/private;v=1/x", "", 401),
        ("/a//private/x", "", 401),
        ("/a/%70rivate/x", "Bearer portal-token", 400),
        ("/a/private;v=1/x", "Bearer portal-token", 400),
        ("/a/privat%65ly/x", "", 200),
        ("/a/private/x", "Bearer garbage", 401),
        ("/a/private/x", "Bearer portal-token", 200),
        ("/closed/x", "", 401),
        ("/closed/open/x", "", 200),
        ("/nothing", "", 401),
        ("/nothing", "Bearer portal-token", 404),
    ];
    for (path, token, status) in cases {
        let headers = [("authorization", token)];
        let headers = &headers[usize::from(token.is_empty())..];
        assert_eq!(
            lab.send(&format!("GET {path}"), headers, "").await.0,
            status,
            "{path} `{token}`"
        );
    }
}

#[tokio::test]
async fn credentials_of_the_portal_stay_here_unless_they_are_to_be_forwarded() {
    let lab = Lab::new(&json!({
        "/require": "http://TARGET",
        "/forward": {"target": "http://TARGET", "credentials": "forward"},
        "/listed": {"target": "http://TARGET", "allowedHeaders": ["Authorization", "Cookie", "X-Mine"]},
        "/open": {"target": "http://TARGET", "credentials": "dangerously-allow-unauthenticated", "allowedHeaders": ["Authorization"]},
        "/own": {"target": "http://TARGET", "headers": {"Authorization": "Token of-the-target", "X-Api-Key": "k"}},
    }))
    .await;
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","typ":"vnd.backstage.limited-user"}"#);
    let limited = format!("Bearer {head}.e30.x");
    let cases = [
        ("/require", USER.1, Value::Null),
        ("/forward", USER.1, json!(USER.1)),
        ("/listed", USER.1, Value::Null),
        ("/open", USER.1, Value::Null),
        (
            "/open",
            "Bearer of-something-else",
            json!("Bearer of-something-else"),
        ),
        // A token of the portal that does not open this door is a token of the portal still.
        ("/open", limited.as_str(), Value::Null),
        ("/own", USER.1, json!("Token of-the-target")),
    ];
    for (path, token, expected) in cases {
        let got = lab
            .got(&format!("GET {path}/x"), &[("authorization", token)], "")
            .await;
        assert_eq!(got["headers"]["authorization"], expected, "{path} {token}");
    }
    let headers = [
        USER,
        (
            "cookie",
            "a=1; backstage-auth=eyJ.x.y; b=2; okta-refresh-token=t",
        ),
        ("x-mine", "1"),
        ("x-other", "2"),
    ];
    let got = lab.got("GET /listed/x", &headers, "").await;
    assert_eq!(got["headers"]["cookie"], "a=1; b=2");
    assert_eq!(
        (&got["headers"]["x-mine"], &got["headers"]["x-other"]),
        (&json!("1"), &Value::Null)
    );
    let got = lab.got("GET /require/x", &headers, "").await;
    assert_eq!(got["headers"]["cookie"], Value::Null);
}

#[tokio::test]
async fn only_harmless_and_listed_headers_pass() {
    let lab = Lab::new(&json!({
        "/e": {"target": "http://TARGET", "allowedHeaders": ["x-page"], "changeOrigin": false},
        "/changed": {"target": "http://TARGET", "xfwd": true},
    }))
    .await;
    let (_, headers, text) = lab
        .send(
            "GET /e/x",
            &[
                USER,
                ("accept", "a/b"),
                ("accept-encoding", "gzip"),
                ("x-request-id", "1"),
            ],
            "",
        )
        .await;
    let names: Vec<_> = ["content-type", "x-page", "x-secret", "set-cookie"]
        .iter()
        .map(|name| headers.contains_key(*name))
        .collect();
    assert_eq!(names, [true, true, false, false]);
    let got: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        got["headers"],
        json!({"accept": "a/b", "host": "portal.example"})
    );
    let got = lab.got("GET /changed/x", &[USER], "").await;
    assert_eq!(got["headers"]["host"], lab.target);
    assert_eq!(got["headers"]["x-forwarded-host"], "portal.example");
}

#[tokio::test]
async fn a_method_that_is_not_allowed_does_not_exist() {
    let lab =
        Lab::new(&json!({"/e": {"target": "http://TARGET", "allowedMethods": ["GET", "post"]}}))
            .await;
    for (head, status) in [
        ("GET /e", 200),
        ("POST /e", 200),
        ("PUT /e", 404),
        ("DELETE /e", 404),
    ] {
        let (found, _, text) = lab.send(head, &[USER], "").await;
        assert_eq!(found, status, "{head} {text}");
    }
}

#[tokio::test]
async fn redirects_are_followed_where_allowed_and_never_into_the_own_network() {
    let other = serve(Router::new().fallback(target)).await;
    let secret = json!({"X-Api-Key": "k"});
    let lab = Lab::new(&json!({
        "/plain": {"target": "http://TARGET", "allowedHeaders": ["location"]},
        "/follow": {"target": "http://TARGET", "followRedirects": true, "headers": secret},
    }))
    .await;
    let (status, headers, _) = lab.send("GET /plain/to/landed", &[USER], "").await;
    assert_eq!(
        (status, headers[LOCATION].to_str().unwrap()),
        (302, "/landed")
    );
    let home = lab.got("GET /follow/to/landed", &[USER], "").await;
    assert_eq!(
        (&home["path"], &home["headers"]["x-api-key"]),
        (&json!("/landed"), &json!("k"))
    );
    for hop in [
        format!("http://{other}/x"),
        "http://169.254.169.254/latest".into(),
        "http://[::1]:1/".into(),
        "http://localhost:1/".into(),
    ] {
        let (status, _, text) = lab
            .send(&format!("GET /follow/to/x?{hop}"), &[USER], "")
            .await;
        assert_eq!(status, 504, "{hop}: {text}");
    }
}

#[tokio::test]
async fn a_target_that_does_not_answer_is_a_504() {
    let lab = Lab::new(&json!({
        "/down": "http://127.0.0.1:1",
        "/slow": {"target": "http://TARGET", "proxyTimeout": 50},
    }))
    .await;
    let (status, headers, text) = lab.send("GET /down/a?b", &[USER], "").await;
    assert_eq!(
        (status, text.as_str()),
        (
            504,
            "Error occurred while trying to proxy: portal.example/a?b"
        )
    );
    assert!(!headers.contains_key("content-type"));
    assert_eq!(lab.send("GET /slow/slow", &[USER], "").await.0, 504);
}

#[tokio::test]
async fn web_sockets_pass_in_both_directions_until_the_portal_stops() {
    let lab = Lab::new(&json!({
        "/e": "http://TARGET",
        "/none": {"target": "http://TARGET", "ws": false},
    }))
    .await;
    let portal = serve(lab.app.clone()).await;
    let open = async |path: &str, token: &str| {
        let mut stream = TcpStream::connect(&portal).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: portal\r\n{token}Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        (String::from_utf8_lossy(&head[9..]).into_owned(), stream)
    };
    let token = "Authorization: Bearer portal-token\r\n";
    assert_eq!(open("/e/socket", "").await.0, "401");
    assert_eq!(open("/none/x", token).await.0, "200");
    let (status, mut stream) = open("/e/socket", token).await;
    assert_eq!(status, "101");
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        seen.push(stream.read_u8().await.unwrap());
    }
    for word in ["hello", "again"] {
        stream.write_all(word.as_bytes()).await.unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, word.as_bytes());
    }
    lab.stop.cancel();
    lab.tasks.close();
    lab.tasks.wait().await;
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

#[test]
fn a_wrong_endpoint_is_refused_or_left_out() {
    let config = |skip: bool| {
        let config =
            json!({"skipInvalidProxies": skip, "endpoints": {"/a": "nowhere", "/b": "http://b"}});
        Proxy::new(&serde_json::from_value(config).unwrap(), "")
    };
    assert!(config(false).unwrap_err().message().contains("`/a`"));
    assert_eq!(format!("{:?}", config(true).unwrap()), "[Endpoint(/b)]");
}
