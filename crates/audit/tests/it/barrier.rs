//! What the barrier records, and who may read it.

use std::sync::Arc;

use async_trait::async_trait;
use audit::{Event, Origin, Reads, router};
use axum::body::Body;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use platform::ctx::{Caller, Service, User};
use platform::http::{Act, Mount, NoContent, Plugin, SignsIn, mount_with};
use platform::permission::{Authorizer, Decision, Permission};
use platform::{Authenticator, Ctx, Error, Result};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::Lab;

const TOOL: &str = "https://tool.org/client.json";

/// `Bearer auditor` may everything, `Bearer user` nothing; `Bearer agent` is a plugin for a user,
/// `Bearer tool` a program that a user let act for them, `Bearer passed` a plugin that passes on what
/// it wants, `Bearer limited` a program that may not enter here.
struct Access;

#[async_trait]
impl Authenticator for Access {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Ok(Arc::new(Caller::Anonymous));
        };
        let name = value.to_str().unwrap().trim_start_matches("Bearer ");
        match name {
            "garbage" => return Err(Error::unauthenticated("Illegal token")),
            "limited" => return Err(Error::forbidden("not here")),
            _ => {}
        }
        Ok(Arc::new(Caller::User(User {
            entity_ref: format!("user:default/{name}"),
            ownership: [].into(),
            expires_at: i64::MAX,
            limited_token: None,
            agent: matches!(name, "tool" | "passed").then(|| TOOL.into()),
            actor: match name {
                "agent" | "passed" => Some("plugin:mcp".into()),
                "tool" => Some(TOOL.into()),
                _ => None,
            },
            reach: platform::ctx::Reach::default(),
        })))
    }

    async fn identify(&self, headers: &HeaderMap) -> Option<Arc<Caller>> {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        (value == "Bearer limited").then(|| {
            Arc::new(Caller::Service(Service {
                subject: "ci".to_owned(),
                restrictions: None,
            }))
        })
    }
}

#[async_trait]
impl Authorizer for Access {
    async fn decide(&self, caller: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        let decision = match caller.subject() {
            "user:default/auditor" => Decision::Allow,
            _ => Decision::Deny,
        };
        vec![decision; permissions.len()]
    }
}

const MAKE: Permission<'_> = Permission {
    name: "lab.make",
    action: Some("create"),
    resource_type: None,
};

/// A tool tries something for ann, whoever shows credentials.
fn acted() -> Act {
    let ann = User {
        entity_ref: "user:default/ann".to_owned(),
        ownership: [].into(),
        expires_at: 0,
        limited_token: None,
        actor: Some(TOOL.into()),
        agent: Some(TOOL.into()),
        reach: platform::ctx::Reach::default(),
    };
    Act {
        action: "lab.thing.give",
        subject: "thing:2".into(),
        detail: None,
        caller: Some(Arc::new(Caller::User(ann))),
        is_refused: true,
    }
}

fn things(lab: &Lab) -> Router {
    let db = lab.db.db.clone();
    let told = move |ctx: Ctx| async move {
        let origin = Origin::of(&ctx);
        let event = Event::done("lab.thing.make", "thing:1");
        db.write(move |tx| audit::record(tx, &origin, &event, 1))
            .await?;
        Ok::<_, Error>(NoContent)
    };
    Router::new()
        .route("/told", post(told))
        .route(
            "/plain/{id}",
            post(async || NoContent).get(async || NoContent),
        )
        .route(
            "/sign-in",
            get(async || (Extension(SignsIn("user:default/ann".into())), NoContent)),
        )
        .route(
            "/acted",
            post(async || (StatusCode::BAD_REQUEST, Extension(acted()))),
        )
        .route("/query", post(async || NoContent))
        .route("/broken", post(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/wrong", post(async || StatusCode::BAD_REQUEST))
        .route(
            "/open",
            get(async |ctx: Ctx| ctx.require(MAKE).await.map(|()| NoContent)),
        )
}

/// Routers by plugin, as the front has them.
struct App([(&'static str, Router); 2]);

fn app(lab: &Lab) -> App {
    let mounted = |id, router| {
        let plugin = Plugin {
            id,
            router,
            open_paths: &[],
        };
        let observer = Some(lab.audit.observer());
        mount_with(
            plugin,
            Mount {
                observer,
                ..Mount::new(Arc::new(Access), Arc::new(Access))
            },
        )
    };
    App([
        ("/api/lab", mounted("lab", things(lab))),
        ("/api/audit", mounted("audit", router(lab.audit.clone()))),
    ])
}

async fn send(app: &App, method: &str, path: &str, token: &str) -> (u16, String) {
    let find = |(prefix, router): &(&str, Router)| {
        Some((path.strip_prefix(prefix)?.to_owned(), router.clone()))
    };
    let (path, router) = app.0.iter().find_map(find).unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Method, path, token; action, actor, on behalf of, subject, outcome of the record, if any.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    Option<[&'static str; 5]>,
);

const CASES: &[Case] = &[
    ("GET", "/api/lab/plain/1", "auditor", None),
    ("GET", "/api/lab/plain/1", "", None),
    ("POST", "/api/lab/query", "auditor", None),
    ("POST", "/api/lab/wrong", "auditor", None),
    ("POST", "/api/lab/unknown", "auditor", None),
    (
        "GET",
        "/api/lab/sign-in",
        "user",
        Some([
            "auth.session.begin",
            "user:default/user",
            "",
            "user:default/ann",
            "succeeded",
        ]),
    ),
    (
        "GET",
        "/api/lab/plain/1",
        "garbage",
        Some(["lab.get", "anonymous", "", "/api/lab/plain/1", "denied"]),
    ),
    (
        "GET",
        "/api/lab/plain/1",
        "limited",
        Some(["lab.get", "ci", "", "/api/lab/plain/1", "denied"]),
    ),
    (
        "POST",
        "/api/lab/acted",
        "user",
        Some([
            "lab.thing.give",
            TOOL,
            "user:default/ann",
            "thing:2",
            "denied",
        ]),
    ),
    (
        "GET",
        "/api/lab/open",
        "user",
        Some([
            "lab.get",
            "user:default/user",
            "",
            "/api/lab/open",
            "denied",
        ]),
    ),
    (
        "POST",
        "/api/lab/plain/1",
        "user",
        Some([
            "lab.post",
            "user:default/user",
            "",
            "/api/lab/plain/1",
            "succeeded",
        ]),
    ),
    (
        "POST",
        "/api/lab/broken",
        "user",
        Some([
            "lab.post",
            "user:default/user",
            "",
            "/api/lab/broken",
            "failed",
        ]),
    ),
    (
        "POST",
        "/api/lab/told",
        "agent",
        Some([
            "lab.thing.make",
            "plugin:mcp",
            "user:default/agent",
            "thing:1",
            "succeeded",
        ]),
    ),
    (
        "GET",
        "/api/audit/records",
        "user",
        Some([
            "audit.get",
            "user:default/user",
            "",
            "/api/audit/records",
            "denied",
        ]),
    ),
];

fn summary(record: &Value) -> [&str; 5] {
    ["action", "actor", "onBehalfOf", "subject", "outcome"]
        .map(|name| record[name].as_str().unwrap_or_default())
}

#[tokio::test]
async fn changes_and_refusals_are_recorded_once() {
    let lab = Lab::new(Reads::new(&[("lab", "/query")])).await;
    let app = app(&lab);
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    lab.audit.start(&tasks, &stop);
    for (method, path, token, _) in CASES {
        send(&app, method, path, token).await;
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let (status, lines) = send(&app, "GET", "/api/audit/export", "auditor").await;
    assert_eq!(status, 200);
    let records: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut found: Vec<_> = records.iter().map(summary).collect();
    let mut expected: Vec<_> = CASES.iter().filter_map(|case| case.3).collect();
    // What use cases record comes before what the barrier saw meanwhile.
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(lab.audit.verify(None).await.unwrap().faults, []);
}

#[tokio::test]
async fn programs_that_act_for_a_person_are_told_apart() {
    let lab = Lab::new(Reads::default()).await;
    let app = app(&lab);
    for (token, via, actor, on_behalf_of) in [
        ("user", "api", "user:default/user", Value::Null),
        ("agent", "api", "plugin:mcp", "user:default/agent".into()),
        ("tool", "agent", TOOL, "user:default/tool".into()),
        // What a plugin passes on, the tool did.
        ("passed", "agent", TOOL, "user:default/passed".into()),
    ] {
        assert_eq!(send(&app, "POST", "/api/lab/told", token).await.0, 204);
        let (_, body) = send(&app, "GET", "/api/audit/records?limit=1", "auditor").await;
        let page: Value = serde_json::from_str(&body).unwrap();
        let record = &page["items"][0];
        assert_eq!(
            (&record["via"], &record["actor"]),
            (&via.into(), &actor.into())
        );
        assert_eq!(record["onBehalfOf"], on_behalf_of, "{token}");
    }
}

#[tokio::test]
async fn records_are_found_by_what_is_known_of_them() {
    let lab = Lab::new(Reads::default()).await;
    lab.record(5).await;
    let app = app(&lab);
    let cases = [
        ("", 5),
        ("?subject=thing:3", 1),
        ("?actor=test&action=lab.thing.make&outcome=succeeded", 5),
        ("?actor=other", 0),
        ("?since=1970-01-01T00:00:01Z", 5),
        ("?since=1970-01-01T00:00:02Z", 0),
        ("?until=1970-01-01T00:00:01Z", 0),
        ("?limit=2", 2),
    ];
    for (query, n) in cases {
        let (_, body) = send(
            &app,
            "GET",
            &format!("/api/audit/records{query}"),
            "auditor",
        )
        .await;
        let page: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), n, "{query}");
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let path = format!("/api/audit/records?limit=2{cursor}");
        let (_, body) = send(&app, "GET", &path, "auditor").await;
        let page: Value = serde_json::from_str(&body).unwrap();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["seq"].as_i64().unwrap()),
        );
        cursor = format!("&cursor={}", page["nextCursor"].as_str().unwrap_or("1"));
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    for wrong in ["?outcome=maybe", "?since=yesterday", "?limit=0", "?other=1"] {
        let path = format!("/api/audit/records{wrong}");
        assert_eq!(send(&app, "GET", &path, "auditor").await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_log_is_for_those_who_may_read_it() {
    let lab = Lab::new(Reads::default()).await;
    let app = app(&lab);
    for path in [
        "/api/audit/records",
        "/api/audit/export",
        "/api/audit/verification",
    ] {
        for (token, status) in [("", 401), ("garbage", 401), ("user", 403), ("auditor", 200)] {
            assert_eq!(
                send(&app, "GET", path, token).await.0,
                status,
                "{path} {token}"
            );
        }
    }
}

#[tokio::test]
async fn callers_have_the_chain_checked() {
    let lab = Lab::new(Reads::default()).await;
    lab.record(3).await;
    let app = app(&lab);
    let check = async || {
        let (_, body) = send(&app, "GET", "/api/audit/verification", "auditor").await;
        serde_json::from_str::<Value>(&body).unwrap()
    };
    let whole = check().await;
    assert_eq!(
        (&whole["nRecords"], &whole["nFaults"]),
        (&3.into(), &0.into())
    );
    assert_eq!(whole["last"], 3);
    let tamper = |tx: &mut platform::db::Tx<'_>| {
        tx.batch("update audit_record set actor = 'other' where seq = 2")
    };
    lab.db.db.write(tamper).await.unwrap();
    let broken = check().await;
    assert_eq!(
        broken["faults"],
        serde_json::json!([{"fault": "changed", "seq": 2}])
    );
}
