//! An answer as a test looks at it.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde_json::Value;

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub text: String,
}

impl Reply {
    /// Reads an answer to its end; of a stream of events, its first part.
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, mut body) = response.into_parts();
        let kind = parts.headers.get(CONTENT_TYPE);
        let bytes = if kind.is_some_and(|kind| kind == "text/event-stream") {
            let first = body.frame().await.unwrap().unwrap();
            first.into_data().unwrap()
        } else {
            body.collect().await.unwrap().to_bytes()
        };
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The body as JSON; null for an empty one.
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap()
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The message of a Backstage error body.
    pub fn message(&self) -> String {
        self.json()["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Itself, if the status is as expected.
    ///
    /// # Panics
    /// Otherwise, with the body.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "often only the status matters"
    )]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// An event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its id.
    pub id: String,
    /// What it is.
    pub name: String,
    /// Its data.
    pub data: Value,
}

/// Server-sent events as they come.
pub struct EventStream {
    body: Body,
    text: String,
}

impl EventStream {
    pub(crate) fn of(response: Response) -> Self {
        Self {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// The next event; `None` at the end of the stream. Comments are passed over.
    ///
    /// # Panics
    /// When nothing comes for a minute.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        tokio::time::timeout(Duration::from_mins(1), self.read())
            .await
            .unwrap()
    }

    async fn read(&mut self) -> Option<StreamEvent> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let event = parse(&self.text[..end]);
                self.text.drain(..end + 2);
                if event.is_some() {
                    return event;
                }
            }
            let frame = self.body.frame().await?.unwrap();
            let data = frame.into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
}

fn parse(block: &str) -> Option<StreamEvent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    Some(StreamEvent {
        id: field("id: ")?.to_owned(),
        name: field("event: ")?.to_owned(),
        data: serde_json::from_str(field("data: ")?).unwrap(),
    })
}
