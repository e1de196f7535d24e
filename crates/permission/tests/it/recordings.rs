//! Every recorded request to `permission` gets the recorded answer: status and body to the byte.

use axum::body::Body;
use http::Request;
use http::header::{AUTHORIZATION, ETAG};
use serde_json::{Value, json};

use super::lab::Lab;

fn recordings() -> Vec<Value> {
    let lines = include_str!("../../testdata/permission.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn request(recording: &Value) -> Request<Body> {
    let text = |name: &str| recording[name].as_str().unwrap();
    let path = text("path").trim_start_matches("/api/permission");
    let mut request = Request::builder().method(text("method")).uri(path);
    for (name, value) in recording["request_headers"].as_object().unwrap() {
        if name != "Authorization" {
            request = request.header(name, value.as_str().unwrap());
        }
    }
    let token = match text("auth") {
        "user" => "guest",
        "static" => "static",
        _ => "",
    };
    if !token.is_empty() {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = recording["request_body"].as_str().unwrap_or_default();
    request.body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn recorded_requests_get_the_recorded_answers() {
    let recordings = recordings();
    assert_eq!(recordings.len(), 10);
    // Permissions are enabled there, with the policy that allows everything.
    let lab = Lab::new(json!({"enabled": true})).await;
    for recording in recordings {
        let id = &recording["id"];
        let answer = lab.send_raw(request(&recording)).await;
        assert_eq!(answer.text, recording["body"].as_str().unwrap(), "{id}");
        assert_eq!(answer.status, recording["status"], "{id}");
        if let Some(etag) = recording["headers"].get("etag") {
            assert_eq!(answer.headers[ETAG], etag.as_str().unwrap(), "{id}");
        }
    }
}
