//! A permission plugin over a fresh database, with callers by the name of their token.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use permission::{Groups, OPEN_PATHS, Parts, Permissions, Settings, router};
use platform::ctx::{AccessRestriction, Caller, Service, User};
use platform::http::{Plugin, mount};
use platform::permission::{Condition, Permission, Permissioned};
use platform::{Authenticator, Clock, Error, Result};
use serde_json::{Value, json};
use testkit::TestDb;
use tower::ServiceExt as _;

/// 2026-11-20T21:32:19.500Z
pub(crate) const NOW: i64 = 1_795_210_339_500;

/// Groups by user, and above groups.
#[derive(Debug, Default, Clone)]
pub(crate) struct TestGroups(pub(crate) BTreeMap<String, Vec<String>>);

impl TestGroups {
    pub(crate) fn of(edges: &[(&str, &[&str])]) -> Self {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let edges = edges.iter();
        Self(edges.map(|(a, b)| ((*a).to_owned(), texts(b))).collect())
    }
}

impl Groups for TestGroups {
    fn revision(&self) -> u64 {
        0
    }

    fn of_user(&self, user_ref: &str) -> Vec<String> {
        self.0.get(user_ref).cloned().unwrap_or_default()
    }

    fn parents(&self, group_ref: &str) -> Vec<String> {
        self.of_user(group_ref)
    }
}

/// A user with what they own things through.
pub(crate) fn user(name: &str, ownership: &[&str]) -> User {
    User {
        entity_ref: name.to_owned(),
        ownership: ownership.iter().map(|&owner| owner.to_owned()).collect(),
        expires_at: i64::MAX,
        limited_token: None,
        agent: None,
        actor: None,
        reach: platform::ctx::Reach::default(),
    }
}

/// `Bearer NAME` is `user:default/NAME`, `Bearer plugin:NAME` a plugin on the user's behalf,
/// `Bearer agent:NAME` a program of the user, `Bearer passed:NAME` a plugin that passes on what such
/// a program wants, `Bearer static` a program, `Bearer narrow` one that is limited.
pub(crate) struct Tokens;

#[async_trait]
impl Authenticator for Tokens {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Ok(Arc::new(Caller::Anonymous));
        };
        let token = value.to_str().unwrap().trim_start_matches("Bearer ");
        if token == "static" || token == "narrow" {
            let only = AccessRestriction {
                plugin: "permission".to_owned(),
                permissions: vec!["policy.entity.create".to_owned()],
                actions: Vec::new(),
            };
            return Ok(Arc::new(Caller::Service(Service {
                subject: "lab-client".to_owned(),
                restrictions: (token == "narrow").then(|| [only].into()),
            })));
        }
        if token == "garbage" {
            return Err(Error::unauthenticated("Illegal token"));
        }
        let (kind, name) = token.split_once(':').unwrap_or(("", token));
        let name = format!("user:default/{name}");
        let (plugin, client) = (Arc::from("plugin:lab"), Arc::from("https://tool.example"));
        let (actor, agent) = match kind {
            "plugin" => (Some(plugin), None),
            "agent" => (Some(Arc::clone(&client)), Some(client)),
            "passed" => (Some(plugin), Some(client)),
            _ => (None, None),
        };
        let user = User {
            actor,
            agent,
            ..user(&name, &[&name])
        };
        Ok(Arc::new(Caller::User(user)))
    }
}

/// Things are owned by whoever is in their name: `thing:alice`.
pub(crate) struct Things;

const THINGS: &[Permission<'_>] = &[
    Permission {
        name: "thing.read",
        action: Some("read"),
        resource_type: Some("thing"),
    },
    Permission {
        name: "thing.make",
        action: Some("create"),
        resource_type: None,
    },
];

#[async_trait]
impl Permissioned for Things {
    fn plugin(&self) -> &'static str {
        "things"
    }

    fn permissions(&self) -> &'static [Permission<'static>] {
        THINGS
    }

    fn rules(&self) -> Result<Value> {
        let params = json!({
            "type": "object",
            "properties": {"owner": {"type": "string"}},
            "required": ["owner"],
        });
        Ok(json!([{"name": "IS_OF", "resourceType": "thing", "paramsSchema": params}]))
    }

    fn resource_type(&self) -> Option<&'static str> {
        Some("thing")
    }

    async fn matches(&self, condition: &Condition, refs: &[String]) -> Result<Vec<bool>> {
        let Condition::AnyOf(parts) = condition else {
            return Err(Error::input("not what the policy makes"));
        };
        let is_of = |thing: &String| {
            parts.iter().any(|part| match part {
                Condition::Rule { params, .. } => {
                    let owner = params["owner"].as_str().unwrap();
                    owner.trim_start_matches("user:default/") == thing.trim_start_matches("thing:")
                }
                _ => false,
            })
        };
        Ok(refs.iter().map(is_of).collect())
    }
}

/// What a request got.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn message(&self) -> String {
        let body = self.json();
        body["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

pub(crate) struct Lab {
    pub(crate) permissions: Permissions,
    pub(crate) db: TestDb,
}

impl Lab {
    /// With `permission` of a configuration.
    pub(crate) async fn new(config: Value) -> Self {
        Self::with_groups(config, TestGroups::default()).await
    }

    pub(crate) async fn with_groups(config: Value, groups: TestGroups) -> Self {
        let migrations = [audit::MIGRATIONS, permission::MIGRATIONS].concat();
        let db = TestDb::new(&migrations).await;
        let config = serde_json::from_value(config).unwrap();
        let parts = Parts {
            db: db.db.clone(),
            settings: Settings::from_config(&config, true, &[]).unwrap(),
            groups: Arc::new(groups),
            plugins: vec![Arc::new(Things)],
            clock: Clock::fixed(NOW),
        };
        Self {
            permissions: Permissions::open(parts).await.unwrap(),
            db,
        }
    }

    fn router(&self) -> Router {
        let plugin = Plugin {
            id: "permission",
            router: router(&self.permissions),
            open_paths: OPEN_PATHS,
        };
        mount(plugin, Arc::new(Tokens), self.permissions.authorizer())
    }

    /// Sends a request; `token` is empty for none.
    pub(crate) async fn send(&self, head: &str, token: &str, body: &Value) -> Answer {
        let (method, path) = head.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send_raw(request.body(body).unwrap()).await
    }

    pub(crate) async fn send_raw(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}
