//! Every recorded request to `auth` and the routes all plugins have gets the recorded
//! answer: status, headers and body to the byte, except for keys, tokens and their times.

use axum::body::Body;
use http::Request;
use http::header::{AUTHORIZATION, ETAG, HeaderName};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lab::{Lab, STATIC_TOKEN, settings, text_of};

#[derive(Deserialize)]
struct Recording {
    id: String,
    auth: String,
    method: String,
    path: String,
    request_headers: Map<String, Value>,
    request_body: Option<String>,
    status: u16,
    headers: Map<String, Value>,
    body: String,
}

fn recordings() -> Vec<Recording> {
    let lines = include_str!("../../testdata/auth.jsonl");
    let parse = |line| serde_json::from_str(line).unwrap();
    let all = lines.lines().map(parse);
    all.filter(|it: &Recording| it.id != ACTIONS).collect()
}

/// The list of actions is made by the registry of all features, and replayed against the binary.
const ACTIONS: &str = "auth-actions";

impl Recording {
    fn request(&self, user_token: &str) -> Request<Body> {
        let mut request = Request::builder().method(&*self.method).uri(&self.path);
        for (name, value) in &self.request_headers {
            request = request.header(name, value.as_str().unwrap());
        }
        let token = match &*self.auth {
            "user" => Some(user_token),
            "static" => Some(STATIC_TOKEN),
            "bad" => Some("not-a-token"),
            _ => None,
        };
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = self.request_body.clone().unwrap_or_default();
        request.body(Body::from(body)).unwrap()
    }
}

/// Replaces what differs from installation to installation, as the recorder did for tokens.
fn normalised(text: &str) -> String {
    let mut text = masked(text, "eyJ", "<JWT>", |c| {
        c.is_ascii_alphanumeric() || "._-".contains(c)
    });
    for member in ["x", "y", "kid"] {
        text = masked(&text, &format!("\"{member}\":\""), "<key>", |c| c != '"');
    }
    text
}

/// Replaces every run that begins with `start` and goes on while `belongs` holds.
fn masked(text: &str, start: &str, mask: &str, belongs: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        out.push_str(&rest[..at]);
        out.push_str(mask);
        rest = rest[at + start.len()..].trim_start_matches(&belongs);
    }
    out + rest
}

#[tokio::test]
async fn recorded_requests_get_the_recorded_answers() {
    let lab = Lab::new(settings());
    let user_token = lab.user_token().await;
    for recording in recordings() {
        let id = &recording.id;
        let response = lab.send(recording.request(&user_token)).await;
        for name in ["content-type", "set-cookie"] {
            let got = response.headers().get(HeaderName::from_static(name));
            let got = got.map(|value| normalised(value.to_str().unwrap()));
            let expected = recording.headers.get(name).and_then(Value::as_str);
            assert_eq!(got.as_deref(), expected, "{id}: {name}");
        }
        if let Some(expected) = recording.headers.get("etag") {
            assert_eq!(response.headers()[ETAG], expected.as_str().unwrap(), "{id}");
        }
        let (status, body) = text_of(response).await;
        assert_eq!(status, recording.status, "{id}: {body}");
        assert_eq!(normalised(&body), normalised(&recording.body), "{id}");
    }
}

#[test]
fn all_recordings_are_replayed() {
    assert_eq!(recordings().len(), 29);
}
