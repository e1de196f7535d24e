//! Web sockets: once both sides have agreed, bytes are passed in both directions.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use platform::Error;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::endpoint::Endpoint;
use crate::forward::{Failure, Outgoing, passed_back};

/// Web sockets at a time.
const MAX_SOCKETS: usize = 1_000;

const HANDSHAKE: [HeaderName; 4] = [
    SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION,
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_EXTENSIONS,
];
const AGREED: [HeaderName; 3] = [
    SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_EXTENSIONS,
];

/// Whether a request asks for a web socket.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let has = |name: HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter();
        let mut words = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        words.any(|found| found.trim().eq_ignore_ascii_case(word))
    };
    has(CONNECTION, "upgrade") && has(UPGRADE, "websocket")
}

/// The open sockets.
pub(crate) struct Sockets {
    places: Arc<Semaphore>,
    life: Mutex<Option<(TaskTracker, CancellationToken)>>,
}

impl Default for Sockets {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MAX_SOCKETS)),
            life: Mutex::default(),
        }
    }
}

impl Sockets {
    pub(crate) fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        *self.life.lock() = Some((tasks.clone(), stop.clone()));
    }

    /// Asks the target for a socket, and joins it with that of the client.
    pub(crate) async fn open(
        &self,
        client: &reqwest::Client,
        endpoint: &Endpoint,
        outgoing: Outgoing,
        mut request: Request,
    ) -> Response {
        let life = self.life.lock().clone();
        let place = Arc::clone(&self.places).try_acquire_owned();
        let (Some((tasks, stop)), Ok(place)) = (life, place) else {
            return Error::unavailable("no web socket can be opened now").into_response();
        };
        let failure = Failure::of(&outgoing, request.headers());
        let mut asked = client
            .request(outgoing.method, outgoing.url)
            .headers(outgoing.headers)
            .headers(endpoint.own_headers.clone())
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket");
        for name in HANDSHAKE {
            if let Some(value) = request.headers().get(&name) {
                asked = asked.header(name, value.clone());
            }
        }
        let answer = match tokio::time::timeout(endpoint.answer_timeout, asked.send()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return failure.answer(&error),
            Err(elapsed) => return failure.answer(&elapsed),
        };
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return passed_back(endpoint, answer);
        }
        let response = agreement(answer.headers());
        let near = hyper::upgrade::on(&mut request);
        tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = stop.cancelled() => {}
                () = join(near, answer) => {}
            }
        });
        response
    }
}

fn agreement(headers: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let own = response.headers_mut();
    own.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    own.insert(UPGRADE, HeaderValue::from_static("websocket"));
    for name in AGREED {
        if let Some(value) = headers.get(&name) {
            own.insert(name, value.clone());
        }
    }
    response
}

async fn join(near: hyper::upgrade::OnUpgrade, answer: reqwest::Response) {
    let (Ok(near), Ok(mut far)) = tokio::join!(near, answer.upgrade()) else {
        tracing::debug!("a web socket was given up before it was open");
        return;
    };
    let mut near = TokioIo::new(near);
    // Either side may go away without a word.
    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
}
