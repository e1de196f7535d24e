//! What pages ask and hear, over real connections.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use futures::{SinkExt as _, StreamExt as _};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::BodyExt as _;
use notifications::{Recipients, Signals, signals_router};
use platform::ctx::{Caller, Reach, Service, User};
use platform::http::{Plugin, mount};
use platform::permission::{Authorizer, Decision, Permission};
use platform::{Authenticator, Error, Result};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

const PATIENCE: Duration = Duration::from_mins(1);

/// `Bearer NAME` is a user, `Bearer static` a program, `Bearer old` a user whose token ends now.
struct Access;

#[async_trait]
impl Authenticator for Access {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let token = headers.get(AUTHORIZATION).map(|it| it.to_str().unwrap());
        let caller = match token.map(|it| it.trim_start_matches("Bearer ")) {
            None => Caller::Anonymous,
            Some("garbage") => return Err(Error::unauthenticated("Illegal token")),
            Some("static") => Caller::Service(Service {
                subject: "lab".to_owned(),
                restrictions: None,
            }),
            Some(name) => Caller::User(User {
                entity_ref: format!("user:default/{name}"),
                ownership: ["group:default/crew".to_owned()].into(),
                expires_at: if name == "old" { 0 } else { i64::MAX },
                limited_token: None,
                agent: None,
                actor: None,
                reach: Reach::default(),
            }),
        };
        Ok(Arc::new(caller))
    }
}

#[async_trait]
impl Authorizer for Access {
    async fn decide(&self, _: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        vec![Decision::Deny; permissions.len()]
    }
}

fn mounted(id: &'static str, router: Router, open_paths: &'static [&'static str]) -> Router {
    let plugin = Plugin {
        id,
        router,
        open_paths,
    };
    mount(plugin, Arc::new(Access), Arc::new(Access))
}

fn signals_plugin(signals: &Signals) -> Router {
    let router = signals_router(signals.clone(), Arc::new(Access));
    mounted("signals", router, &["/"])
}

/// A server for as long as the test runs; its address.
async fn serve(signals: &Signals) -> String {
    let app = signals_plugin(signals);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("ws://{address}/")
}

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(url: &str, token: Option<&str>) -> std::result::Result<Socket, u16> {
    let mut request = url.into_client_request().unwrap();
    if let Some(token) = token {
        let token = HeaderValue::from_str(token).unwrap();
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, token);
    }
    match connect_async(request).await {
        Ok((socket, response)) => {
            let echoed = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
            assert_eq!(echoed.map(|it| it.to_str().unwrap()), token);
            Ok(socket)
        }
        Err(SocketError::Http(response)) => Err(response.status().as_u16()),
        Err(error) => unreachable!("{error}"),
    }
}

async fn say(socket: &mut Socket, wish: Value) {
    let text = Message::text(wish.to_string());
    socket.send(text).await.unwrap();
}

/// The next text that is no beat, or the code of the close.
async fn hear(socket: &mut Socket) -> std::result::Result<Value, u16> {
    let next = async {
        loop {
            match socket.next().await.unwrap().unwrap() {
                Message::Text(text) => {
                    let signal: Value = serde_json::from_str(&text).unwrap();
                    if signal["channel"] != "beat" {
                        return Ok(signal);
                    }
                }
                Message::Close(frame) => return Err(frame.unwrap().code.into()),
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.unwrap()
}

/// Waits until the server has read what was said before: it does so in order, and a beat comes back.
async fn settle(signals: &Signals, socket: &mut Socket) {
    say(socket, json!({ "action": "subscribe", "channel": "beat" })).await;
    let end = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < end {
        signals.send(Recipients::Everybody, "beat", &json!(1));
        let heard = tokio::time::timeout(Duration::from_millis(50), socket.next()).await;
        if let Ok(Some(Ok(Message::Text(_)))) = heard {
            break;
        }
    }
}

#[tokio::test]
async fn a_page_hears_what_its_user_is_meant_to() {
    let signals = Signals::default();
    let url = serve(&signals).await;
    let mut ann = connect(&url, Some("ann")).await.unwrap();
    let mut nobody = connect(&url, None).await.unwrap();
    for socket in [&mut ann, &mut nobody] {
        socket.send(Message::text("nonsense")).await.unwrap();
        say(socket, json!({ "action": "subscribe", "channel": "c" })).await;
        say(socket, json!({ "action": "subscribe", "channel": "d" })).await;
        say(socket, json!({ "action": "unsubscribe", "channel": "d" })).await;
        settle(&signals, socket).await;
    }
    for (to, channel, text) in [
        (Recipients::User("user:default/bob"), "c", "for bob"),
        (Recipients::Everybody, "d", "for who listens no more"),
        (Recipients::User("user:default/ann"), "c", "for ann"),
        (Recipients::User("group:default/crew"), "c", "for the crew"),
        (Recipients::Everybody, "c", "for all"),
    ] {
        signals.send(to, channel, &json!({ "text": text }));
    }
    let signal = |text| Ok(json!({ "channel": "c", "message": { "text": text } }));
    for text in ["for ann", "for the crew", "for all"] {
        assert_eq!(hear(&mut ann).await, signal(text));
    }
    assert_eq!(hear(&mut nobody).await, signal("for all"));
}

#[tokio::test]
async fn connections_need_a_good_token_or_none_and_end_with_it() {
    let signals = Signals::default();
    let url = serve(&signals).await;
    assert_eq!(connect(&url, Some("garbage")).await.err(), Some(401));
    let mut old = connect(&url, Some("old")).await.unwrap();
    assert_eq!(hear(&mut old).await, Err(1008));

    let mut ann = connect(&url, Some("ann")).await.unwrap();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    signals.start(&tasks, &stop);
    stop.cancel();
    // Not 1000 or 1001, after which pages would not come back.
    assert_eq!(hear(&mut ann).await, Err(1012));
}

async fn ask(app: &Router, path: &str, token: Option<&str>) -> (u16, Value) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn without_an_upgrade_there_is_nothing() {
    let app = signals_plugin(&Signals::default());
    assert_eq!(ask(&app, "/", Some("ann")).await, (404, Value::Null));
    let health = json!({ "status": "ok" });
    assert_eq!(ask(&app, "/health", None).await, (200, health));
}
