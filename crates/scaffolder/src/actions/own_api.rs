//! `http:backstage:request`: a step that asks the portal's own API, as the user of the task.
//!
//! Invariants: nothing leaves the process but what the portal's own proxy lets out; a path names a
//! plugin and something below it, whatever it is written like; answers are bounded in size and time,
//! and a redirect is not followed.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use platform::actions::Run;
use platform::{Code, Error, Result};
use serde_json::{Map, Value, json};
use url::Url;

use super::Reach;
use super::publish::{flag, text};

/// How long a request may take unless the step says otherwise, and at most.
const TIMEOUT: Duration = Duration::from_mins(1);
const MAX_TIMEOUT: Duration = Duration::from_mins(10);
/// Bytes of an answer.
const MAX_ANSWER: usize = 10 << 20;
/// Characters of an answer that the log repeats.
const MAX_TOLD: usize = 1_000;
/// What paths are resolved against; nothing is ever sent there.
const NOWHERE: &str = "http://portal.invalid/api/";

pub(super) async fn request(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let method = text(input, "method").unwrap_or("GET");
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|error| Error::input("the method cannot be sent").with_source(error))?;
    let target = Target::of(input)?;
    let about = if flag(input, "logRequestPath", true) {
        format!("{method} {}", target.shown())
    } else {
        method.to_string()
    };
    let changes_nothing = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&method);
    if run.is_dry_run && !changes_nothing {
        run.log.info(&format!("Skipping {about} in a dry run"));
        return Ok(json!({}));
    }
    run.log.info(&format!("Requesting {about}"));
    let send = send(run, reach, input, method, &target);
    match text(input, "idempotencyKey") {
        Some(key) => run.checkpoint(&format!("request.{key}"), send).await,
        None => send.await,
    }
}

/// A plugin, and what of it is asked for.
struct Target {
    plugin: String,
    /// Path and query, relative to the plugin.
    rest: String,
}

impl Target {
    /// Reads `path` and `params`.
    fn of(input: &Value) -> Result<Self> {
        let given = text(input, "path").unwrap_or_default();
        let refused = || Error::input(format!("`{given}` is no path of a plugin of the portal"));
        // One way to write a path is enough: browsers and URLs take a backslash for a slash.
        if given.contains(['\\', '#']) || given.contains(|c: char| c.is_control()) {
            return Err(refused());
        }
        let path = given.strip_prefix('/').unwrap_or(given);
        let path = path.strip_prefix("api/").unwrap_or(path);
        let plugin = path.split(['/', '?']).next().unwrap_or_default();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if plugin.is_empty() || !plugin.chars().all(is_name) {
            return Err(refused());
        }
        let mut url = Url::parse(&format!("{NOWHERE}{path}")).map_err(|_| refused())?;
        for (name, value) in input["params"].as_object().into_iter().flatten() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            url.query_pairs_mut().append_pair(name, &value);
        }
        // Parts of a path that lead up are gone by now; what is left has to be below the plugin.
        let whole = &url[url::Position::BeforePath..];
        let rest = whole.strip_prefix("/api/");
        let rest = rest.and_then(|rest| rest.strip_prefix(plugin));
        let rest = match rest {
            Some("") => "/".to_owned(),
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            Some(rest) if rest.starts_with('?') => format!("/{rest}"),
            _ => return Err(refused()),
        };
        Ok(Self {
            plugin: plugin.to_owned(),
            rest,
        })
    }

    fn shown(&self) -> String {
        format!("/api/{}{}", self.plugin, self.rest)
    }
}

async fn send(
    run: &Run,
    reach: &Reach,
    input: &Value,
    method: Method,
    target: &Target,
) -> Result<Value> {
    let mut headers = headers_of(&input["headers"])?;
    let body = match &input["body"] {
        Value::Null => Body::empty(),
        Value::String(text) => Body::from(text.clone()),
        other => {
            let json = HeaderValue::from_static("application/json");
            headers.entry(CONTENT_TYPE).or_insert(json);
            Body::from(other.to_string())
        }
    };
    // Credentials of the step's own are for somebody else than the user of the task.
    let caller = (!headers.contains_key(AUTHORIZATION)).then(|| run.ctx.shared_caller());
    let mut request = Request::builder()
        .method(method)
        .uri(&target.rest)
        .body(body)
        .map_err(|error| Error::input("the path cannot be sent").with_source(error))?;
    *request.headers_mut() = headers;
    let ask = async {
        let response = reach.inside.call(&target.plugin, caller, request).await?;
        Answer::read(response).await
    };
    let asked = tokio::time::timeout(timeout(input), ask).await;
    let answer = asked.map_err(|_| Error::unavailable("the request took too long"))??;
    answer.conclude(run, flag(input, "continueOnBadResponse", false))
}

fn timeout(input: &Value) -> Duration {
    let millis = input["timeout"].as_f64().unwrap_or_default();
    let given = Duration::try_from_secs_f64(millis / 1_000.0).unwrap_or_default();
    if given.is_zero() {
        return TIMEOUT;
    }
    given.min(MAX_TIMEOUT)
}

fn headers_of(given: &Value) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let wrong = || Error::input(format!("the header `{name}` cannot be sent"));
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let mut value = HeaderValue::try_from(value).map_err(|_| wrong())?;
        let name = HeaderName::try_from(name).map_err(|_| wrong())?;
        value.set_sensitive(name == AUTHORIZATION);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// What the portal answered.
struct Answer {
    status: StatusCode,
    headers: Map<String, Value>,
    body: Value,
}

impl Answer {
    async fn read(response: Response) -> Result<Self> {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, MAX_ANSWER)
            .await
            .map_err(|error| Error::unavailable("the answer cannot be read").with_source(error))?;
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let as_text = || json!({ "message": String::from_utf8_lossy(&bytes) });
        let body = if kind.contains("application/json") {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| as_text())
        } else {
            as_text()
        };
        let headers = parts.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.to_string(), Value::from(value)))
        });
        Ok(Self {
            status: parts.status,
            headers: headers.collect(),
            body,
        })
    }

    fn conclude(self, run: &Run, goes_on: bool) -> Result<Value> {
        let code = self.status.as_u16();
        if self.status.is_redirection() {
            return Err(Error::input(format!(
                "the portal answered {code}, and redirects are not followed"
            )));
        }
        if code < 400 {
            return Ok(json!({ "code": code, "headers": self.headers, "body": self.body }));
        }
        let told: String = self.body.to_string().chars().take(MAX_TOLD).collect();
        run.log
            .error(&format!("The portal answered {code}: {told}"));
        if goes_on {
            return Ok(json!({ "code": code, "headers": {}, "body": self.body }));
        }
        let kind = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::Forbidden,
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::CONFLICT => Code::Conflict,
            status if status.is_server_error() => Code::Unavailable,
            _ => Code::InvalidInput,
        };
        Err(Error::new(
            kind,
            format!("Unable to complete request: {code}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str, params: &Value) -> Option<String> {
        let input = json!({ "path": path, "params": params });
        Target::of(&input).ok().map(|target| target.shown())
    }

    #[test]
    fn paths_lead_to_a_plugin() {
        for (path, params, expected) in [
            ("catalog/entities", Value::Null, "/api/catalog/entities"),
            ("/catalog/entities", Value::Null, "/api/catalog/entities"),
            ("/api/proxy/x/y", Value::Null, "/api/proxy/x/y"),
            ("catalog", Value::Null, "/api/catalog/"),
            ("catalog?a=1", Value::Null, "/api/catalog/?a=1"),
            ("catalog/./a/../b", Value::Null, "/api/catalog/b"),
            (
                "catalog/entities?a=1",
                json!({"filter": "kind=api", "limit": 2}),
                "/api/catalog/entities?a=1&filter=kind%3Dapi&limit=2",
            ),
            (
                "catalog//example.com",
                Value::Null,
                "/api/catalog//example.com",
            ),
        ] {
            assert_eq!(target(path, &params).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "",
            "/",
            "http://example.com/x",
            "//example.com/x",
            "///example.com",
            "@example.com/x",
            "catalog@example.com/x",
            "../x",
            "catalog/../../x",
            "catalog/%2e%2e/%2E%2E/x",
            "catalog/../scaffolder/v2/tasks",
            "catalog/..",
            "catalog\\..\\..\\x",
            "catalog#x",
            "ca talog/x",
            "catalog/a\nb",
            ".",
            "..",
        ] {
            assert_eq!(target(path, &Value::Null), None, "{path:?}");
        }
    }
}
