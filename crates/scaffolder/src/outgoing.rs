//! Calls of actions to other services: bounded in time and size, without redirects.
//!
//! Invariant: a request goes to a URL that the configuration names a place of; callers build URLs
//! from integrations and settings, never from inputs alone.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use platform::config::Secret;
use platform::{Code, Error, Result};
use serde_json::Value;
use url::Url;

use crate::plan::Recorder;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer, unless the request says otherwise.
const MAX_ANSWER: usize = 10 << 20;
/// Characters of an answer that an error repeats.
const MAX_TOLD: usize = 500;
const AGENT: HeaderValue = HeaderValue::from_static("callboard");

/// The client of actions.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing(reqwest::Client);

/// One call.
pub(crate) struct Request {
    pub method: Method,
    pub url: Url,
    pub authorization: Option<Secret>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Body>,
    /// Bytes that the answer may have.
    pub max_answer: usize,
}

/// What is sent.
pub(crate) enum Body {
    Json(Value),
    Bytes(Vec<u8>, &'static str),
}

/// What came back.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            authorization: None,
            headers: Vec::new(),
            body: None,
            max_answer: MAX_ANSWER,
        }
    }

    fn headers(&self) -> Result<HeaderMap> {
        let wrong = |_| Error::input("a header cannot be sent");
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, AGENT);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(authorization) = &self.authorization {
            let mut value = HeaderValue::try_from(authorization.expose()).map_err(wrong)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        match &self.body {
            Some(Body::Json(_)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            Some(Body::Bytes(_, kind)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            }
            None => {}
        }
        for (name, value) in &self.headers {
            let value = HeaderValue::try_from(value).map_err(wrong)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }
}

impl Outgoing {
    pub(crate) fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build();
        client
            .map(Self)
            .map_err(|error| Error::internal("the HTTP client cannot be made").with_source(error))
    }

    /// Sends a request, or has it taken down where a plan is made.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer> {
        match Recorder::current() {
            Some(recorder) => recorder.answer(self, request).await,
            None => self.transmit(request).await,
        }
    }

    /// Sends a request in any case.
    pub(crate) async fn transmit(&self, request: Request) -> Result<Answer> {
        let (url, max_answer) = (request.url.clone(), request.max_answer);
        let failed = |error: reqwest::Error| {
            let host = url.host_str().unwrap_or_default();
            Error::unavailable(format!("{host} cannot be reached")).with_source(error.without_url())
        };
        let headers = request.headers()?;
        let mut call = self.0.request(request.method, request.url).headers(headers);
        call = match request.body {
            Some(Body::Json(value)) => call.body(value.to_string()),
            Some(Body::Bytes(bytes, _)) => call.body(bytes),
            None => call,
        };
        let mut response = call.send().await.map_err(failed)?;
        let status = response.status();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > max_answer {
                return Err(Error::unavailable("the answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            body: body.freeze(),
        })
    }
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The answer as JSON.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::unavailable("the answer is not JSON").with_source(error))
    }

    /// What a refusal means for the step.
    pub(crate) fn error(&self, what: &str) -> Error {
        let code = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::Forbidden,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => Code::Conflict,
            status if status.is_server_error() => Code::Unavailable,
            _ => Code::InvalidInput,
        };
        let told: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(MAX_TOLD)
            .collect();
        Error::new(code, format!("{what} answered {}: {told}", self.status))
    }
}
