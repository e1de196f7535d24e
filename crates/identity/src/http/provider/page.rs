//! The page that hands the result of a sign-in to the window that opened it. Reference 3 §2.3.
//!
//! Invariants: what a provider or a person wrote is data in this page, never markup or script, and
//! the only script that runs is the one whose hash is in the policy (CVE-2021-43776); the result is
//! posted to one origin.

use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, SET_COOKIE, X_FRAME_OPTIONS,
};
use platform::{Error, Result};
use serde_json::{Value, json};

use super::SessionBody;
use crate::digest::Digest;
use crate::sign_in::Refusal;

/// Tells the opener where it may expect the answer from, then answers. The window stays a moment, for
/// browsers that drop messages of closed windows.
const SCRIPT: &str = "
const { origin, message } = JSON.parse(document.getElementById('answer').textContent);
const portal = window.opener || window.parent;
portal.postMessage({ type: 'config_info', targetOrigin: origin }, '*');
portal.postMessage(message, origin);
setTimeout(() => window.close(), 100);
";

/// The message of a sign-in that worked.
pub(super) fn success(body: &SessionBody) -> Result<Value> {
    let response = serde_json::to_value(body)
        .map_err(|error| Error::internal("writing a session failed").with_source(error))?;
    Ok(json!({ "type": "authorization_response", "response": response }))
}

/// The message of one that did not.
pub(super) fn failure(refusal: &Refusal) -> Value {
    let error = json!({ "name": refusal.name, "message": refusal.message });
    json!({ "type": "authorization_response", "error": error })
}

/// The page.
pub(super) fn tell(origin: &str, message: &Value, cookies: Vec<HeaderValue>) -> Result<Response> {
    let answer = as_data(&json!({ "origin": origin, "message": message }));
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Signing in</title></head>\n\
         <body>\n<script type=\"application/json\" id=\"answer\">{answer}</script>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    let hash = STANDARD.encode(Digest::of(SCRIPT).as_bytes());
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'"
    );
    let policy = HeaderValue::try_from(policy)
        .map_err(|error| Error::internal("writing a header failed").with_source(error))?;
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (CONTENT_SECURITY_POLICY, policy),
        (X_FRAME_OPTIONS, HeaderValue::from_static("sameorigin")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let cookies = AppendHeaders(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
    Ok((cookies, headers, body).into_response())
}

/// JSON in which nothing ends the element it is in.
fn as_data(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_data() {
        let nasty = "</script><script>alert(1)</script><!--&\u{2028}'\"";
        let data = as_data(&json!({ "message": nasty }));
        assert!(!data.contains(['<', '>', '&', '\u{2028}']), "{data}");
        let back: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(back["message"], nasty);
    }
}
