//! `GET /`, relative to `/api/signals`: a web socket that says who it is by its subprotocol, because
//! browsers let pages set nothing else.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, StatusCode};
use platform::ctx::{Authenticator, Caller};
use platform::http::Json;
use platform::{Clock, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::signals::{Member, Signals};

/// Bytes of what a page may say at once.
const MAX_MESSAGE: usize = 4 * 1024;
/// How often a page has to show that it is there.
const PING: Duration = Duration::from_secs(30);
/// For connections of nobody in particular.
const A_DAY: Duration = Duration::from_hours(24);

#[derive(Clone)]
struct Gate {
    signals: Signals,
    authenticator: Arc<dyn Authenticator>,
    clock: Clock,
}

/// The routes, relative to `/api/signals`; `authenticator` knows the tokens.
pub fn signals_router(signals: Signals, authenticator: Arc<dyn Authenticator>) -> Router {
    let gate = Gate {
        signals,
        authenticator,
        clock: Clock::system(),
    };
    Router::new()
        .route("/", get(connect))
        .route("/health", get(health))
        .with_state(gate)
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Without a token the connection hears only what is for everybody.
async fn connect(
    State(gate): State<Gate>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(mut upgrade) = upgrade else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let token = upgrade.requested_protocols().next().cloned();
    let Ok((refs, lifetime)) = gate.admit(token.as_ref()).await else {
        let length = [(CONTENT_LENGTH, HeaderValue::from_static("0"))];
        return (StatusCode::UNAUTHORIZED, length).into_response();
    };
    let Some(member) = gate.signals.join(refs) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    if let Some(token) = token {
        upgrade.set_selected_protocol(token);
    }
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| converse(socket, member, lifetime))
}

impl Gate {
    /// The references of whom the token is of, and how long it lasts.
    async fn admit(&self, token: Option<&HeaderValue>) -> Result<(Vec<String>, Duration)> {
        let Some(token) = token else {
            return Ok((Vec::new(), A_DAY));
        };
        let mut headers = HeaderMap::new();
        let bearer = [b"Bearer ", token.as_bytes()].concat();
        let bearer = HeaderValue::try_from(bearer).map_err(|error| {
            platform::Error::unauthenticated("Illegal token").with_source(error)
        })?;
        headers.insert(AUTHORIZATION, bearer);
        let caller = self.authenticator.authenticate(&headers).await?;
        let Caller::User(user) = &*caller else {
            return Ok((Vec::new(), A_DAY));
        };
        let mut refs = user.ownership.to_vec();
        refs.push(user.entity_ref.clone());
        let left = user.expires_at.saturating_sub(self.clock.now() / 1000);
        let left = Duration::from_secs(u64::try_from(left).unwrap_or_default());
        Ok((refs, left.min(A_DAY)))
    }
}

/// Says what the page hears of until it goes, its token ends, or the process stops.
async fn converse(mut socket: WebSocket, mut member: Member, lifetime: Duration) {
    let closed = member.closed();
    let mut end = std::pin::pin!(sleep(lifetime));
    let mut pings = interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_there = true;
    // Pages do not come back after 1000 and 1001.
    let code = loop {
        tokio::select! {
            () = closed.cancelled() => break close_code::RESTART,
            () = &mut end => break close_code::POLICY,
            _ = pings.tick() => {
                if !is_there || socket.send(Message::Ping([].as_slice().into())).await.is_err() {
                    return;
                }
                is_there = false;
            }
            text = member.inbox.recv() => {
                let Some(text) = text else { break close_code::AGAIN };
                if socket.send(Message::Text(Utf8Bytes::from(&*text))).await.is_err() {
                    return;
                }
            }
            message = socket.recv() => match message {
                Some(Ok(message)) => {
                    is_there = true;
                    hear(&member, &message);
                }
                Some(Err(_)) | None => return,
            },
        }
    };
    let reason = Utf8Bytes::from_static("");
    let _ = socket
        .send(Message::Close(Some(CloseFrame { code, reason })))
        .await;
}

/// What a page says; anything else is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "action")]
enum Wish {
    Subscribe { channel: String },
    Unsubscribe { channel: String },
}

fn hear(member: &Member, message: &Message) {
    let Message::Text(text) = message else { return };
    match serde_json::from_str(text) {
        Ok(Wish::Subscribe { channel }) => member.subscribe(&channel),
        Ok(Wish::Unsubscribe { channel }) => member.unsubscribe(&channel),
        Err(_) => tracing::debug!("a page said something that is no wish for signals"),
    }
}
