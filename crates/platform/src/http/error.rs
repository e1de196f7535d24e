//! Error bodies as Backstage's clients expect them. Reference 1 §A.7.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{Method, StatusCode, Uri};
use serde_json::{Map, Value, json};

use crate::error::{Code, Error};

use super::reply::{JSON, weak_etag};

/// The error of a response on its way out; [`super::mount`] writes its body, because only there
/// the request's method and plugin-relative URL are known.
#[derive(Clone)]
pub struct PendingError(Arc<Error>);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status_of(&self);
        response
            .extensions_mut()
            .insert(PendingError(Arc::new(self)));
        response
    }
}

fn status_of(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl PendingError {
    /// What went wrong.
    pub(super) fn error(&self) -> &Error {
        &self.0
    }

    /// Writes the body; `uri` is relative to the plugin.
    pub(super) fn finish(&self, method: &Method, uri: &Uri, response: &mut Response) {
        let error = &*self.0;
        if error.code() == Code::NotModified {
            return;
        }
        let message = public_message(error);
        let body = json!({
            "error": error_object(error, message),
            "request": {"method": method.as_str(), "url": relative_url(uri)},
            "response": {"statusCode": error.code().status()},
        });
        let body = body.to_string();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        // A router that saw the empty body may have measured it.
        headers.remove(CONTENT_LENGTH);
        headers.insert(ETAG, weak_etag(body.as_bytes()));
        *response.body_mut() = Body::from(body);
    }
}

fn error_object(error: &Error, message: String) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), error.code().name().into());
    object.insert("message".into(), message.into());
    for (name, value) in error.fields() {
        object.insert(name.clone(), value.clone());
    }
    Value::Object(object)
}

/// Internal errors are logged with a random id, and only that id is shown.
fn public_message(error: &Error) -> String {
    if error.code() != Code::Internal {
        return error.message().to_owned();
    }
    let log_id: String = uuid::Uuid::new_v4()
        .simple()
        .to_string()
        .chars()
        .take(20)
        .collect();
    tracing::error!(log_id, error = error.chain(), "internal error");
    format!("An internal error occurred logId={log_id}")
}

fn relative_url(uri: &Uri) -> &str {
    uri.path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str)
}
