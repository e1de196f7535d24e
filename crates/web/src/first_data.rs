//! What a route asks for first, asked for here and sent along with its page.
//!
//! The routes and their requests are data shared with the app (`web/first-data.json`): the app looks
//! for the answer under the request it would send, so that a difference costs a request, not an error.
//! In a body, the text `{ownershipEntityRefs}` stands for what the caller owns things through.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures::future::join_all;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use platform::{Ctx, Error, Result};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tower::ServiceExt as _;

const ROUTES: &str = include_str!("../../../web/first-data.json");
/// An answer above this comes by an ordinary request, in parallel with the scripts.
const MAX_BYTES: usize = 256 * 1024;
/// A page does not wait longer for its data.
const MAX_WAIT: Duration = Duration::from_millis(250);
const API: &str = "/api/";
/// Stands for the references of the caller and of their groups, in the bodies of requests.
const OWNERSHIP: &str = "\"{ownershipEntityRefs}\"";
/// Asks for the revision along with the answer.
const MIN_REV: HeaderName = HeaderName::from_static("x-callboard-min-rev");

/// Routers of plugins by id, without a barrier in front: each request brings its `Ctx`.
pub type Apis = HashMap<&'static str, Router>;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Route {
    /// Segments, `{name}` for a parameter, `*` at the end for any rest.
    path: String,
    /// Source file of the first view.
    module: String,
    /// Whether it is only meant for addresses without a query.
    #[serde(default)]
    without_query: bool,
    #[serde(default)]
    requests: Vec<Template>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    method: String,
    path: String,
    body: Option<Box<RawValue>>,
}

/// A request as the app would send it; its text is the key of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    method: Method,
    path: String,
    body: String,
}

/// An answer and the request it belongs to.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Answer {
    key: String,
    body: Box<RawValue>,
    /// The revision of the catalog that it has at least.
    #[serde(skip)]
    pub rev: Option<i64>,
}

/// All routes that have first data.
#[derive(Debug, Clone)]
pub(crate) struct FirstData(Vec<Route>);

/// What a path leads to.
#[derive(Debug, Default)]
pub(crate) struct Match<'a> {
    /// Source file of the first view.
    pub module: Option<&'a str>,
    calls: Vec<Call>,
}

impl FirstData {
    pub(crate) fn load() -> Result<Self> {
        serde_json::from_str(ROUTES)
            .map(Self)
            .map_err(|error| Error::internal("first-data.json is broken").with_source(error))
    }

    /// The first route that fits.
    pub(crate) fn find(&self, uri: &Uri) -> Match<'_> {
        let has_query = uri.query().is_some_and(|query| !query.is_empty());
        let fitting = self
            .0
            .iter()
            .filter(|route| !(route.without_query && has_query));
        let mut matches =
            fitting.filter_map(|route| Some((route, captures(&route.path, uri.path())?)));
        matches
            .next()
            .map_or_else(Match::default, |(route, captured)| Match {
                module: Some(&route.module),
                calls: route
                    .requests
                    .iter()
                    .filter_map(|it| it.fill(&captured))
                    .collect(),
            })
    }
}

impl Match<'_> {
    /// Asks in the name of the caller; what fails, is too large or takes too long is left out.
    pub(crate) async fn answers(&self, apis: &Apis, ctx: &Ctx) -> Vec<Answer> {
        let calls: Vec<Call> = self.calls.iter().map(|call| call.by(ctx)).collect();
        let asked = calls.iter().map(|call| call.answer(apis, ctx));
        let all = tokio::time::timeout(MAX_WAIT, join_all(asked)).await;
        all.unwrap_or_default().into_iter().flatten().collect()
    }
}

impl Template {
    fn fill(&self, captured: &[(&str, &str)]) -> Option<Call> {
        let mut path = self.path.clone();
        for (name, value) in captured {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        Some(Call {
            method: self.method.parse().ok()?,
            path,
            body: self
                .body
                .as_ref()
                .map(|body| body.get().to_owned())
                .unwrap_or_default(),
        })
    }
}

impl Call {
    /// The call as this caller makes it.
    fn by(&self, ctx: &Ctx) -> Self {
        let mut call = self.clone();
        if let Ok(user) = ctx.require_user()
            && call.body.contains(OWNERSHIP)
        {
            let refs: Value = user.ownership.iter().map(String::as_str).collect();
            call.body = call.body.replace(OWNERSHIP, &refs.to_string());
        }
        call
    }

    fn key(&self) -> String {
        format!("{} {} {}", self.method, self.path, compact(&self.body))
            .trim_end()
            .to_owned()
    }

    async fn answer(&self, apis: &Apis, ctx: &Ctx) -> Option<Answer> {
        let (plugin, _) = self.path.strip_prefix(API)?.split_once('/')?;
        let router = apis.get(plugin)?.clone();
        let relative = self.path.get(API.len() + plugin.len()..)?;
        let request = Request::builder()
            .method(&self.method)
            .uri(relative)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(MIN_REV, HeaderValue::from_static("0"))
            .extension(ctx.clone())
            .body(Body::from(self.body.clone()))
            .ok()?;
        let response = router.oneshot(request).await.ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        let rev = response.headers().get(MIN_REV);
        let rev = rev.and_then(|rev| rev.to_str().ok()?.parse().ok());
        let bytes = axum::body::to_bytes(response.into_body(), MAX_BYTES)
            .await
            .ok()?;
        let body = serde_json::from_slice(&bytes).ok()?;
        Some(Answer {
            key: self.key(),
            body,
            rev,
        })
    }
}

/// JSON without the spaces of its file, as `JSON.stringify` writes it.
fn compact(json: &str) -> String {
    let value = serde_json::from_str::<Value>(json);
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The parameters of a path that fits a pattern, as they are written in the path.
fn captures<'a>(pattern: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut captured = Vec::new();
    let mut segments = path.trim_matches('/').split('/');
    for expected in pattern.trim_matches('/').split('/') {
        if expected == "*" {
            return Some(captured);
        }
        let segment = segments.next()?;
        match expected
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            Some(name) if !segment.is_empty() => captured.push((name, segment)),
            None if expected == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(captured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_capture_segments() {
        for (pattern, path, expected) in [
            ("/catalog", "/catalog/", Some(vec![])),
            ("/catalog", "/catalog/x", None),
            (
                "/c/{kind}/{name}",
                "/c/api/a%20b",
                Some(vec![("kind", "api"), ("name", "a%20b")]),
            ),
            ("/c/{kind}/{name}", "/c/api", None),
            ("/c/{kind}/*", "/c/api/x/y", Some(vec![("kind", "api")])),
            ("/c/{kind}/*", "/c/api", Some(vec![("kind", "api")])),
            ("/", "/", Some(vec![])),
        ] {
            assert_eq!(captures(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn every_route_names_requests_of_an_api() {
        let routes = FirstData::load().unwrap();
        assert!(!routes.0.is_empty());
        for route in &routes.0 {
            for request in &route.requests {
                assert!(request.path.starts_with(API), "{}", request.path);
                assert!(request.method.parse::<Method>().is_ok());
            }
        }
    }

    #[test]
    fn routes_for_plain_addresses_are_skipped_with_a_query() {
        let route = |module: &str, without_query| Route {
            path: "/x".into(),
            module: module.into(),
            without_query,
            requests: Vec::new(),
        };
        let routes = FirstData(vec![route("plain", true), route("any", false)]);
        for (uri, module) in [
            ("/x", Some("plain")),
            ("/x?", Some("plain")),
            ("/x?q=1", Some("any")),
            ("/y", None),
        ] {
            assert_eq!(routes.find(&uri.parse().unwrap()).module, module, "{uri}");
        }
    }

    #[test]
    fn keys_are_what_the_app_would_write() {
        let call = Call {
            method: Method::POST,
            path: "/api/catalog/entities/by-query".into(),
            body: "{ \"limit\": 3,\n \"query\": {} }".into(),
        };
        assert_eq!(
            call.key(),
            r#"POST /api/catalog/entities/by-query {"limit":3,"query":{}}"#
        );
    }
}
