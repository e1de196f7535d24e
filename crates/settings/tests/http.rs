//! Settings belong to the user who made them.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use platform::ctx::{Caller, Service, User};
use platform::http::{Plugin, mount};
use platform::permission::{Authorizer, Decision, Permission};
use platform::{Authenticator, Result};
use serde_json::{Value, json};
use settings::{MIGRATIONS, Settings, router};
use testkit::TestDb;
use tower::ServiceExt as _;

/// `Bearer NAME` is a user, `Bearer static` a program.
struct Access;

#[async_trait]
impl Authenticator for Access {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let token = headers.get(AUTHORIZATION).map(|it| it.to_str().unwrap());
        Ok(Arc::new(
            match token.map(|it| it.trim_start_matches("Bearer ")) {
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
                    agent: None,
                    actor: None,
                    reach: platform::ctx::Reach::default(),
                }),
            },
        ))
    }
}

#[async_trait]
impl Authorizer for Access {
    async fn decide(&self, _: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        vec![Decision::Deny; permissions.len()]
    }
}

async fn app() -> (TestDb, Router) {
    let db = TestDb::new(MIGRATIONS).await;
    let plugin = Plugin {
        id: "user-settings",
        router: router(Settings::new(db.db.clone())),
        open_paths: &[],
    };
    let app = mount(plugin, Arc::new(Access), Arc::new(Access));
    (db, app)
}

async fn send(app: &Router, head: &str, token: &str, body: &Value) -> (u16, Value) {
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
    let response = app
        .clone()
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

const SETTING: &str = "/buckets/b/keys/k";

#[tokio::test]
async fn nobody_sees_or_changes_the_settings_of_another() {
    let (_db, app) = app().await;
    let (put, get, delete) = (
        format!("PUT {SETTING}"),
        format!("GET {SETTING}"),
        format!("DELETE {SETTING}"),
    );
    let all = json!({"items": [{"bucket": "b", "key": "k"}]});
    assert_eq!(send(&app, &put, "alice", &json!({"value": 1})).await.0, 200);
    assert_eq!(send(&app, &get, "bob", &Value::Null).await.0, 404);
    assert_eq!(
        send(&app, "POST /multiget", "bob", &all).await.1,
        json!({"items": [null]})
    );
    assert_eq!(send(&app, &delete, "bob", &Value::Null).await.0, 204);
    let (_, found) = send(&app, &get, "alice", &Value::Null).await;
    assert_eq!(found, json!({"bucket": "b", "key": "k", "value": 1}));
    assert_eq!(
        send(&app, &put, "alice", &json!({"value": null})).await.0,
        200
    );
    assert_eq!(
        send(&app, "POST /multiget", "alice", &all).await.1,
        json!({"items": [{"value": null}]})
    );
    assert_eq!(send(&app, &delete, "alice", &Value::Null).await.0, 204);
    assert_eq!(send(&app, &get, "alice", &Value::Null).await.0, 404);
}

#[tokio::test]
async fn settings_are_for_users() {
    let (_db, app) = app().await;
    for head in [
        "GET /buckets/b/keys/k",
        "PUT /buckets/b/keys/k",
        "DELETE /buckets/b/keys/k",
        "POST /multiget",
    ] {
        for (token, status) in [("", 401), ("static", 403)] {
            assert_eq!(
                send(&app, head, token, &Value::Null).await.0,
                status,
                "{head} {token}"
            );
        }
    }
}

#[tokio::test]
async fn what_a_user_can_store_is_bounded() {
    let (db, app) = app().await;
    let long = "k".repeat(256);
    let cases = [
        (
            format!("PUT /buckets/b/keys/{long}"),
            json!({"value": 1}),
            400,
        ),
        (
            format!("PUT /buckets/{long}/keys/k"),
            json!({"value": 1}),
            400,
        ),
        (
            format!("PUT {SETTING}"),
            json!({"value": "v".repeat(110_000)}),
            413,
        ),
    ];
    for (head, body, status) in cases {
        assert_eq!(send(&app, &head, "alice", &body).await.0, status);
    }
    let rows = (0..1_000).map(|key| {
        format!("insert into settings_value values ('user:default/alice', 'b', '{key}', '1');")
    });
    let rows: String = rows.collect();
    db.db.write(move |tx| tx.batch(&rows)).await.unwrap();
    assert_eq!(
        send(
            &app,
            "PUT /buckets/b/keys/more",
            "alice",
            &json!({"value": 1})
        )
        .await
        .0,
        400
    );
    assert_eq!(
        send(&app, "PUT /buckets/b/keys/0", "alice", &json!({"value": 2}))
            .await
            .0,
        200
    );
    assert_eq!(
        send(
            &app,
            "PUT /buckets/b/keys/more",
            "bob",
            &json!({"value": 1})
        )
        .await
        .0,
        200
    );
}

#[tokio::test]
async fn changes_are_told_with_their_user() {
    let db = TestDb::new(MIGRATIONS).await;
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let settings = Settings::new(db.db.clone()).telling(move |user_ref, change| {
        ear.lock().unwrap().push(format!("{user_ref} {change:?}"));
    });
    let plugin = Plugin {
        id: "user-settings",
        router: router(settings),
        open_paths: &[],
    };
    let app = mount(plugin, Arc::new(Access), Arc::new(Access));
    for (head, body) in [
        ("PUT /buckets/b/keys/q", json!({ "value": 1 })),
        ("PUT /buckets/b/keys/r", json!({})),
        ("DELETE /buckets/b/keys/q", Value::Null),
    ] {
        send(&app, head, "ann", &body).await;
    }
    let expected = [
        r#"user:default/ann Set("q")"#,
        r#"user:default/ann Removed("q")"#,
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}
