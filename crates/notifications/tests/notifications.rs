//! Notifications: who gets them, what they see, and what becomes of them.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use notifications::{MIGRATIONS, Notifications, Signals, action, router};
use platform::actions::{Checkpoints, Quiet, Run, Step};
use platform::ctx::{Caller, Ctx, Reach, Service, User};
use platform::http::{Plugin, mount};
use platform::permission::{Authorizer, Decision, Permission};
use platform::{Authenticator, Clock, Result};
use serde_json::{Map, Value, json};
use testkit::{TestCatalog, TestDb};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// `Bearer NAME` is a user, `Bearer static` a program.
struct Access;

#[async_trait]
impl Authenticator for Access {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let token = headers.get(AUTHORIZATION).map(|it| it.to_str().unwrap());
        let caller = match token.map(|it| it.trim_start_matches("Bearer ")) {
            None => Caller::Anonymous,
            Some("static") => Caller::Service(Service {
                subject: "lab".to_owned(),
                restrictions: None,
            }),
            Some(name) => Caller::User(User {
                entity_ref: format!("user:default/{name}"),
                ownership: [].into(),
                expires_at: i64::MAX,
                limited_token: None,
                actor: None,
                agent: None,
                reach: Reach::default(),
            }),
        };
        Ok(Arc::new(caller))
    }
}

#[async_trait]
impl Authorizer for Access {
    async fn decide(&self, _: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        vec![Decision::Deny; permissions.len()]
    }
}

struct Bench {
    app: Router,
    notifications: Notifications,
    clock: Clock,
    _catalog: TestCatalog,
    _db: TestDb,
}

impl Bench {
    /// With the group `web` of ada, which has the group `shop` of bob below it and owns `service`.
    async fn new() -> Self {
        let catalog = TestCatalog::new().await;
        let entity = |kind: &str, name: &str, spec: Value| {
            json!({
                "apiVersion": "backstage.io/v1alpha1", "kind": kind,
                "metadata": {"name": name, "annotations": {
                    "backstage.io/managed-by-location": "file:/o",
                    "backstage.io/managed-by-origin-location": "file:/o",
                }},
                "spec": spec,
            })
        };
        let group = |parent: &str| json!({"type": "team", "children": [], "parent": parent});
        let entities = vec![
            entity("User", "ada", json!({"memberOf": ["web"]})),
            entity("User", "bob", json!({"memberOf": ["shop"]})),
            entity("Group", "web", json!({"type": "team", "children": []})),
            entity("Group", "shop", group("web")),
            entity(
                "Component",
                "service",
                json!({"type": "service", "lifecycle": "production", "owner": "web"}),
            ),
        ];
        catalog.provide("test", entities).await;
        catalog.settle().await;
        let db = TestDb::new(MIGRATIONS).await;
        let clock = Clock::fixed(1_700_000_000_000);
        let notifications = Notifications::new(
            db.db.clone(),
            catalog.catalog.clone(),
            Signals::default(),
            clock.clone(),
        );
        let plugin = Plugin {
            id: "notifications",
            router: router(notifications.clone()),
            open_paths: &["/health"],
        };
        Self {
            app: mount(plugin, Arc::new(Access), Arc::new(Access)),
            notifications,
            clock,
            _catalog: catalog,
            _db: db,
        }
    }

    async fn send(&self, head: &str, token: &str, body: Value) -> (u16, Value) {
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
        let request = request.body(body).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Sends a notification, a second after the one before; whose they are.
    async fn notify(&self, recipients: Value, payload: Value) -> Vec<Value> {
        self.clock.advance(Duration::from_secs(1));
        let body = json!({"recipients": recipients, "payload": payload});
        let (status, sent) = self.send("POST /", "static", body).await;
        assert_eq!(status, 200, "{sent}");
        let sent = sent.as_array().unwrap().iter();
        sent.map(|it| it["user"].clone()).collect()
    }

    /// Titles of a list of a user.
    async fn titles(&self, user: &str, query: &str) -> Vec<String> {
        let path = format!("GET /notifications?{query}");
        let (status, list) = self.send(&path, user, Value::Null).await;
        assert_eq!(status, 200, "{query}: {list}");
        let list = list["notifications"].as_array().unwrap().iter();
        list.map(|it| it["payload"]["title"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn status(&self, user: &str) -> Value {
        self.send("GET /status", user, Value::Null).await.1
    }
}

fn to(refs: &[&str]) -> Value {
    json!({"type": "entity", "entityRef": refs})
}

#[tokio::test]
async fn whoever_is_behind_an_entity_is_told() {
    let bench = Bench::new().await;
    let users = |names: &[&str]| -> Vec<Value> {
        let refs = names.iter().map(|name| format!("user:default/{name}"));
        refs.map(Value::from).collect()
    };
    for (refs, expected) in [
        (vec!["user:default/ada"], users(&["ada"])),
        (vec!["User:Ada", "user:ada"], users(&["ada"])),
        // A user whom the catalog does not know may sign in all the same.
        (vec!["user:default/eve"], users(&["eve"])),
        (vec!["group:default/shop"], users(&["bob"])),
        (vec!["group:default/web"], users(&["ada", "bob"])),
        (vec!["component:default/service"], users(&["ada", "bob"])),
        (vec!["component:default/nothing"], users(&[])),
    ] {
        let told = bench.notify(to(&refs), json!({"title": "x"})).await;
        assert_eq!(told, expected, "{refs:?}");
    }
    let without = json!({"type": "entity", "entityRef": "group:default/web",
                         "excludeEntityRef": "user:default/ada"});
    let told = bench.notify(without, json!({"title": "x"})).await;
    assert_eq!(told, users(&["bob"]));
    let everybody = json!({"type": "broadcast"});
    let told = bench.notify(everybody, json!({"title": "x"})).await;
    assert_eq!(told, [Value::Null]);
}

#[tokio::test]
async fn lists_are_filtered_and_in_order() {
    let bench = Bench::new().await;
    let ada = to(&["user:default/ada"]);
    for (recipients, payload) in [
        (
            &ada,
            json!({"title": "Build", "topic": "ci", "severity": "high"}),
        ),
        (
            &ada,
            json!({"title": "Deploy 100%", "topic": "cd", "description": "to production"}),
        ),
        (&to(&["user:default/bob"]), json!({"title": "For bob"})),
        (
            &json!({"type": "broadcast"}),
            json!({"title": "All", "severity": "low"}),
        ),
    ] {
        bench.notify(recipients.clone(), payload).await;
    }
    for (query, expected) in [
        ("", vec!["All", "Deploy 100%", "Build"]),
        (
            "orderField=created,asc",
            vec!["Build", "Deploy 100%", "All"],
        ),
        ("orderField=title,asc", vec!["All", "Build", "Deploy 100%"]),
        ("orderField=severity", vec!["Build", "Deploy 100%", "All"]),
        ("limit=1&offset=1", vec!["Deploy 100%"]),
        ("topic=ci", vec!["Build"]),
        ("search=PRODUCTION", vec!["Deploy 100%"]),
        ("search=100%25", vec!["Deploy 100%"]),
        ("search=1%25%25", vec![]),
        ("minimumSeverity=normal", vec!["Deploy 100%", "Build"]),
        ("minimumSeverity=high", vec!["Build"]),
        ("read=true", vec![]),
        (
            "createdAfter=2023-11-14T22:13:22Z",
            vec!["All", "Deploy 100%"],
        ),
    ] {
        assert_eq!(bench.titles("ada", query).await, expected, "{query}");
    }
    assert_eq!(bench.titles("eve", "").await, ["All"]);
    let (_, topics) = bench.send("GET /topics", "ada", Value::Null).await;
    assert_eq!(topics, json!({"topics": ["cd", "ci"]}));
    for wrong in [
        "orderField=password",
        "orderField=title,up",
        "createdAfter=x",
    ] {
        let path = format!("GET /?{wrong}");
        assert_eq!(
            bench.send(&path, "ada", Value::Null).await.0,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn marks_are_of_the_user_who_sets_them() {
    let bench = Bench::new().await;
    bench
        .notify(json!({"type": "broadcast"}), json!({"title": "All"}))
        .await;
    bench
        .notify(to(&["user:default/bob"]), json!({"title": "For bob"}))
        .await;
    let (_, list) = bench.send("GET /", "bob", Value::Null).await;
    let ids: Vec<Value> = list["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].clone())
        .collect();
    let body = json!({"ids": ids, "read": true, "saved": true});
    // What belongs to bob is nothing to ada.
    let (_, marked) = bench.send("POST /update", "ada", body.clone()).await;
    assert_eq!(marked.as_array().unwrap().len(), 1, "{marked}");
    assert_eq!(bench.status("ada").await, json!({"unread": 0, "read": 1}));
    assert_eq!(bench.status("bob").await, json!({"unread": 2, "read": 0}));
    let (_, marked) = bench.send("POST /update", "bob", body).await;
    assert_eq!(marked.as_array().unwrap().len(), 2, "{marked}");
    assert_eq!(bench.titles("bob", "saved=true&read=true").await.len(), 2);
    let body = json!({"ids": ids, "read": false});
    bench.send("POST /update", "bob", body).await;
    assert_eq!(bench.status("bob").await, json!({"unread": 2, "read": 0}));
    assert_eq!(bench.titles("bob", "saved=true").await.len(), 2);
    let path = format!("GET /{}", ids[0].as_str().unwrap());
    assert_eq!(bench.send(&path, "bob", Value::Null).await.0, 200);
    assert_eq!(bench.send(&path, "ada", Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_notification_takes_the_place_of_the_one_with_the_same_scope() {
    let bench = Bench::new().await;
    let ada = to(&["user:default/ada"]);
    let first = json!({"title": "1 failed", "link": "/ci", "scope": "build"});
    bench.notify(ada.clone(), first).await;
    let (_, list) = bench.send("GET /", "ada", Value::Null).await;
    let id = list["notifications"][0]["id"].clone();
    let body = json!({"ids": [id], "read": true});
    bench.send("POST /update", "ada", body).await;
    bench
        .notify(ada.clone(), json!({"title": "2 failed", "scope": "build"}))
        .await;
    bench
        .notify(ada, json!({"title": "Another", "scope": "other"}))
        .await;
    let (_, list) = bench.send("GET /?search=failed", "ada", Value::Null).await;
    assert_eq!(list["totalCount"], 1, "{list}");
    let found = &list["notifications"][0];
    assert_eq!((&found["id"], &found["read"]), (&id, &Value::Null));
    assert_eq!(found["payload"]["title"], "2 failed");
    assert_eq!(found["payload"]["link"], "/ci");
    assert_eq!(found["updated"], 1_700_000_002_000_i64);
    assert_eq!(bench.status("ada").await["unread"], 2);
}

#[tokio::test]
async fn who_wants_to_hear_nothing_of_something_does_not() {
    let bench = Bench::new().await;
    let ada = to(&["user:default/ada"]);
    for payload in [
        json!({"title": "a", "topic": "ci"}),
        json!({"title": "b", "topic": "cd"}),
    ] {
        bench.notify(ada.clone(), payload).await;
    }
    let settings = |is_wanted: bool| {
        json!({"channels": [{"id": "Web", "origins": [{"id": "lab", "enabled": true, "topics": [
            {"id": "cd", "enabled": true}, {"id": "ci", "enabled": is_wanted},
        ]}]}]})
    };
    let (_, found) = bench.send("GET /settings", "ada", Value::Null).await;
    assert_eq!(found, settings(true));
    let (status, found) = bench.send("POST /settings", "ada", settings(false)).await;
    assert_eq!((status, found), (200, settings(false)));
    let told = bench
        .notify(ada.clone(), json!({"title": "c", "topic": "ci"}))
        .await;
    assert_eq!(told, [] as [Value; 0]);
    let told = bench
        .notify(ada, json!({"title": "d", "topic": "cd"}))
        .await;
    assert_eq!(told.len(), 1);
    let (_, found) = bench.send("GET /settings", "bob", Value::Null).await;
    assert_eq!(found, json!({"channels": [{"id": "Web", "origins": []}]}));
}

#[tokio::test]
async fn users_read_and_programs_send() {
    let bench = Bench::new().await;
    let body = json!({"recipients": {"type": "broadcast"}, "payload": {"title": "x"}});
    for (route, status) in [
        ("GET /", [401, 200, 403]),
        ("GET /notifications", [401, 200, 403]),
        ("GET /status", [401, 200, 403]),
        ("GET /topics", [401, 200, 403]),
        ("GET /settings", [401, 200, 403]),
        ("GET /11111111-1111-4111-8111-111111111111", [401, 404, 403]),
        ("POST /update", [401, 400, 403]),
        ("POST /settings", [401, 400, 403]),
        ("POST /", [401, 403, 200]),
        ("POST /notifications", [401, 403, 200]),
        ("GET /health", [200, 200, 200]),
    ] {
        for (token, status) in ["", "ada", "static"].into_iter().zip(status) {
            let body = if route.starts_with("POST") {
                body.clone()
            } else {
                Value::Null
            };
            let found = bench.send(route, token, body).await;
            assert_eq!(found.0, status, "{route} of `{token}`: {}", found.1);
        }
    }
    let long = "x".repeat(1_001);
    let refs: Vec<String> = (0..1_001).map(|n| format!("user:default/u{n}")).collect();
    for wrong in [
        json!({"recipients": {"type": "broadcast"}, "payload": {"title": long}}),
        json!({"recipients": {"type": "entity"}, "payload": {"title": "x"}}),
        json!({"recipients": {"type": "entity", "entityRef": refs}, "payload": {"title": "x"}}),
        json!({"recipients": {"type": "broadcast"},
               "payload": {"title": "x", "link": "javascript:alert(1)"}}),
    ] {
        let (status, _) = bench.send("POST /", "static", wrong.clone()).await;
        assert_eq!(status, 400, "{wrong}");
    }
}

/// Keeps what steps keep, in memory.
#[derive(Default)]
struct Kept(parking_lot::Mutex<BTreeMap<String, Value>>);

#[async_trait]
impl Checkpoints for Kept {
    async fn load(&self, key: &str) -> Result<Option<Value>> {
        Ok(self.0.lock().get(key).cloned())
    }

    async fn save(&self, key: &str, value: &Value) -> Result<()> {
        self.0.lock().insert(key.to_owned(), value.clone());
        Ok(())
    }
}

fn run(checkpoints: Arc<Kept>) -> Run {
    Run {
        ctx: Ctx::new(Arc::new(Caller::Anonymous), Arc::new(Access), "".into()),
        log: Arc::new(Quiet),
        secrets: Map::new(),
        cancel: CancellationToken::new(),
        is_dry_run: false,
        step: Some(Step {
            task_id: "t".to_owned(),
            step_id: "s".to_owned(),
            workspace: "/nowhere".into(),
            template: Value::Null,
            beside: None,
            checkpoints,
            secrecy: None,
        }),
    }
}

#[tokio::test]
async fn a_step_that_is_repeated_tells_people_once() {
    let bench = Bench::new().await;
    let action = action(&bench.notifications).unwrap();
    let input = json!({"recipients": "entity", "entityRefs": ["group:default/web"],
                       "title": "It is there", "info": "Look", "link": "/catalog"});
    let kept = Arc::new(Kept::default());
    // A process that ends behind the sending has kept nothing but what the step began with.
    for _ in 0..2 {
        let output = action.run(&run(Arc::clone(&kept)), input.clone()).await;
        assert_eq!(output.unwrap(), json!({}));
    }
    for user in ["ada", "bob"] {
        assert_eq!(bench.titles(user, "").await, ["It is there"], "{user}");
    }
    // Another step that says the same is another notification.
    let other = run(Arc::default());
    action.run(&other, input).await.unwrap();
    assert_eq!(bench.titles("ada", "").await.len(), 2);
    let (_, list) = bench.send("GET /", "ada", Value::Null).await;
    assert_eq!(list["notifications"][0]["origin"], "plugin:scaffolder");
}

#[tokio::test]
async fn a_notification_that_is_optional_fails_nothing() {
    let bench = Bench::new().await;
    let action = action(&bench.notifications).unwrap();
    let input =
        |is_optional: bool| json!({"recipients": "entity", "title": "x", "optional": is_optional});
    let run = run(Arc::default());
    assert!(action.run(&run, input(true)).await.is_ok());
    let error = action.run(&run, input(false)).await.unwrap_err();
    assert_eq!(error.message(), "Entity references must be provided");
}
