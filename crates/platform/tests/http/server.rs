//! A server with a small plugin, and raw connections to it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG};
use platform::http::{
    Front, HttpSettings, Json, JsonBody, Listen, NoContent, Param, Params, Plugin, Readiness,
    Routes, Segments, Server, json_bytes, mount,
};
use platform::permission::{Authorizer, Decision, Permission};
use platform::telemetry::Metrics;
use platform::{Authenticator, Caller, Ctx, Error, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Knows the token `good`, a service, and `narrow`, a service that may only use another plugin.
pub(crate) struct Tokens;

#[async_trait]
impl Authenticator for Tokens {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer "));
        let service = |restrictions: Option<&str>| {
            let restrictions = restrictions.map(|plugin| {
                let restriction = platform::ctx::AccessRestriction {
                    plugin: plugin.to_owned(),
                    permissions: vec![],
                    actions: vec![],
                };
                Arc::from([restriction])
            });
            let subject = "lab-client".to_owned();
            Ok(Arc::new(Caller::Service(platform::ctx::Service {
                subject,
                restrictions,
            })))
        };
        match token {
            None => Ok(Arc::new(Caller::Anonymous)),
            Some("good") => service(None),
            Some("narrow") => service(Some("other")),
            Some(_) => Err(Error::unauthenticated("Illegal token")),
        }
    }
}

/// Allows everything.
pub(crate) struct Everything;

#[async_trait]
impl Authorizer for Everything {
    async fn decide(&self, _: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        vec![Decision::Allow; permissions.len()]
    }
}

const LIST: &[Param] = &[Param::integer("limit").min(0), Param::list("filter")];

fn plugin(slow: Slow) -> Router {
    Router::new()
        .route("/things", get(list_things).post(create_thing))
        .route(
            "/things/{kind}/{name}",
            get(find_thing).delete(async || NoContent),
        )
        .route(
            "/open/who",
            get(async |ctx: Ctx| Json(json!({"who": ctx.caller().subject()}))),
        )
        .route("/big", get(async || Json("x".repeat(20_000))))
        .route("/events", get(events))
        .route("/panic", get(panicking))
        .route(
            "/broken",
            get(async || -> Result<NoContent> { Err(Error::internal("the secret reason")) }),
        )
        .route("/slow", get(async move || slow.answer().await))
        .route("/echo", post(async |JsonBody::<2000>(body)| Json(body)))
        .route(
            "/tagged",
            get(async || json_bytes("{}", Some(http::HeaderValue::from_static("\"v1\"")))),
        )
        .route("/id", get(async |ctx: Ctx| ctx.request_id().to_owned()))
}

async fn list_things(params: Params) -> Result<Json<Value>> {
    params.check(LIST)?;
    Ok(Json(
        json!({"limit": params.integer("limit"), "filter": params.list("filter")}),
    ))
}

async fn create_thing(JsonBody::<10_000>(body): JsonBody<10_000>) -> Result<Response> {
    Ok((http::StatusCode::CREATED, Json(body)).into_response())
}

async fn find_thing(Segments([kind, name]): Segments<2>) -> Result<Json<Value>> {
    if kind == "no" {
        return Err(Error::not_found(format!("No thing named '{name}' found")));
    }
    Ok(Json(json!([kind, name])))
}

async fn panicking() -> NoContent {
    panic!("a bug")
}

async fn events() -> Response {
    let text = "data: x\n\n".repeat(1000);
    ([(CONTENT_TYPE, "text/event-stream"), (ETAG, "\"e\"")], text).into_response()
}

/// A request that takes as long as a test wants.
#[derive(Clone, Default)]
pub(crate) struct Slow {
    /// Told when the request has arrived.
    pub(crate) arrived: Arc<Notify>,
    /// Told when it is to be answered.
    pub(crate) go_on: Arc<Notify>,
}

impl Slow {
    async fn answer(self) -> NoContent {
        self.arrived.notify_one();
        self.go_on.notified().await;
        NoContent
    }
}

/// The routes of a ready application.
pub(crate) fn routes(slow: Slow) -> Routes {
    let plugin = Plugin {
        id: "lab",
        router: plugin(slow),
        open_paths: &["/open"],
    };
    let router = mount(plugin, Arc::new(Tokens), Arc::new(Everything));
    let page = async || {
        (
            [(CONTENT_TYPE, "text/html; charset=utf-8")],
            "<!DOCTYPE html>",
        )
    };
    Routes::new()
        .plugin("lab", router)
        .pages(Router::new().fallback(get(page)))
}

/// A running server.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) front: Front,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<()>,
    pub(crate) slow: Slow,
}

/// Settings on a free port of this machine.
pub(crate) fn settings() -> HttpSettings {
    HttpSettings {
        listen: vec![Listen::Tcp {
            host: Some("127.0.0.1".to_owned()),
            port: 0,
        }],
        ..HttpSettings::default()
    }
}

impl TestServer {
    /// Listens, with an application that is not ready.
    pub(crate) async fn starting(settings: HttpSettings) -> Self {
        let metrics = Metrics::new();
        let front = Front::new(&settings, Readiness::new(), &metrics).unwrap();
        let server = Server::bind(&settings).await.unwrap();
        let address = server.addresses().first().copied();
        let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 1)));
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(server.run(front.clone(), shutdown.clone()));
        Self {
            address,
            front,
            shutdown,
            task,
            slow: Slow::default(),
        }
    }

    /// Listens, and is ready.
    pub(crate) async fn ready(settings: HttpSettings) -> Self {
        let server = Self::starting(settings).await;
        server.front.open(routes(server.slow.clone()));
        server
    }

    /// Sends a request with these header lines, and reads until the server closes.
    pub(crate) async fn send(&self, head: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let text = request(head, headers, body);
        stream.write_all(text.as_bytes()).await.unwrap();
        read_reply(&mut stream).await
    }

    /// `GET` with the token of a service.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(
            &format!("GET {path}"),
            &[("authorization", "Bearer good")],
            "",
        )
        .await
    }
}

/// The text of a request that ends the connection.
pub(crate) fn request(head: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{head} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(text, "content-length: {}\r\n", body.len());
    }
    text + "\r\n" + body
}

/// Reads until the other side closes.
pub(crate) async fn read_reply(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Reply {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(Duration::from_mins(1), read)
        .await
        .expect("no answer");
    Reply::parse(&bytes)
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else {
            return Self {
                status: 0,
                headers: vec![],
                body: vec![],
            };
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            status,
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// The values of a header, joined; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> String {
        let values = self.headers.iter().filter(|(found, _)| found == name);
        values
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join(" + ")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn message(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}
