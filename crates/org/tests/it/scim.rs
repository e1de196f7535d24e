//! The SCIM server, as identity providers use it, on either database.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use catalog::{EntityProvider as _, Mutation};
use http::Request;
use http::header::{AUTHORIZATION, HeaderMap};
use http_body_util::BodyExt as _;
use org::{MIGRATIONS, Scim, ScimProvider, Sink, router};
use parking_lot::Mutex;
use platform::http::{Plugin, mount};
use platform::permission::Decision;
use platform::{Clock, Result};
use serde_json::{Value, json};
use testkit::{NOW, SERVICE, TestAccess, TestDb, USER};
use tower::ServiceExt as _;

/// Keeps what the catalog is told.
#[derive(Default)]
struct Told(Mutex<Vec<Mutation>>);

#[async_trait]
impl Sink for Told {
    async fn take(&self, provider: &str, mutation: Mutation) -> Result<()> {
        assert_eq!(provider, "ScimEntityProvider");
        self.0.lock().push(mutation);
        Ok(())
    }
}

struct Server {
    db: TestDb,
    told: Arc<Told>,
    access: TestAccess,
    app: Router,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Server {
    async fn start() -> Self {
        let db = TestDb::new(&[audit::MIGRATIONS, MIGRATIONS].concat()).await;
        let (told, access) = (Arc::<Told>::default(), TestAccess::default());
        let base = "https://portal.acme.org".parse().unwrap();
        let sink: Arc<dyn Sink> = Arc::clone(&told) as _;
        let scim = Scim::new(db.db.clone(), &base, sink, Clock::fixed(NOW));
        let plugin = Plugin {
            id: "scim",
            router: router(scim),
            open_paths: &[],
        };
        let app = mount(plugin, Arc::new(access.clone()), Arc::new(access.clone()));
        Self {
            db,
            told,
            access,
            app,
        }
    }

    async fn send(&self, token: &str, head: &str, body: &Value, etag: Option<&str>) -> Reply {
        let (method, path) = head.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(format!("/v2{path}"));
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(etag) = etag {
            request = request.header("if-match", etag);
        }
        let request = request.header("content-type", "application/scim+json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    /// As a program that may push.
    async fn ask(&self, head: &str, body: Value) -> Reply {
        self.send(SERVICE, head, &body, None).await
    }

    async fn make(&self, path: &str, body: Value) -> String {
        let reply = self.ask(&format!("POST {path}"), body).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        assert_eq!(reply.headers["content-type"], "application/scim+json");
        let id = reply.body["id"].as_str().unwrap().to_owned();
        let location = format!("https://portal.acme.org/api/scim/v2{path}/{id}");
        assert_eq!(reply.headers["location"], *location);
        assert_eq!(reply.body["meta"]["location"], location);
        id
    }

    /// References that came and went with the last change.
    fn told(&self) -> (Vec<String>, Vec<String>) {
        let Some(Mutation::Delta { added, removed }) = self.told.0.lock().last().cloned() else {
            return (Vec::new(), Vec::new());
        };
        let added = added.iter().map(|it| {
            let reference = model::EntityRef::from_entity(&it.entity).unwrap();
            reference.to_string()
        });
        (added.collect(), removed)
    }

    /// Everything the provider gives.
    async fn entities(&self) -> Vec<Value> {
        let base = "https://portal.acme.org".parse().unwrap();
        let provider = ScimProvider::new(self.db.db.clone(), &base);
        let Mutation::Full(all) = provider.refresh(&Clock::fixed(NOW)).await.unwrap() else {
            unreachable!("the provider gives everything");
        };
        all.into_iter().map(|it| it.entity).collect()
    }
}

fn ann() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ann@acme.org", "externalId": "X1", "active": true, "password": "s3cret",
        "name": {"givenName": "Ann", "familyName": "Lee"}, "title": "Engineer",
        "emails": [{"value": "a@home.org"}, {"value": "ann@acme.org", "primary": true}],
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a call reads like the request it makes"
)]
fn patch(operations: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations,
    })
}

#[tokio::test]
async fn somebody_comes_changes_and_leaves() {
    let server = Server::start().await;
    let ann = server.make("/Users", ann()).await;
    assert_eq!(
        server.told(),
        (vec!["user:default/ann_acme.org".to_owned()], vec![])
    );
    let group = json!({"displayName": "The Team", "members": [{"value": ann, "display": "Ann"}]});
    let team = server.make("/Groups", group).await;
    let entities = server.entities().await;
    let location = format!("url:https://portal.acme.org/api/scim/v2/Users/{ann}");
    assert_eq!(
        entities[0],
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "User",
            "metadata": {"name": "ann_acme.org", "description": "Engineer", "annotations": {
                "backstage.io/managed-by-location": location,
                "backstage.io/managed-by-origin-location": location,
                "callboard.dev/scim-external-id": "X1",
                "callboard.dev/scim-id": ann,
            }},
            "spec": {"profile": {"displayName": "Ann Lee", "email": "ann@acme.org"}, "memberOf": []},
        })
    );
    assert_eq!(entities[1]["metadata"]["name"], "The_Team");
    assert_eq!(
        entities[1]["spec"]["members"],
        json!(["user:default/ann_acme.org"])
    );

    // A new name: the old entity goes, and the group names the new one.
    let rename = patch(json!([{"op": "replace", "value": {"userName": "eve@acme.org"}}]));
    let reply = server.ask(&format!("PATCH /Users/{ann}"), rename).await;
    assert_eq!(
        (reply.status, &reply.body["meta"]["version"]),
        (200, &json!("W/\"2\""))
    );
    let (added, removed) = server.told();
    assert_eq!(
        added,
        ["user:default/eve_acme.org", "group:default/the_team"]
    );
    assert_eq!(removed, ["user:default/ann_acme.org"]);

    // Deactivated: still known here, no longer in the catalog.
    let off = patch(json!([{"op": "Replace", "path": "active", "value": "False"}]));
    let reply = server.ask(&format!("PATCH /Users/{ann}"), off).await;
    assert_eq!(reply.body["active"], false);
    let (added, removed) = server.told();
    assert_eq!(added, ["group:default/the_team"]);
    assert_eq!(removed, ["user:default/eve_acme.org"]);
    let entities = server.entities().await;
    assert_eq!(
        (entities.len(), &entities[0]["spec"]["members"]),
        (1, &json!([]))
    );

    for (head, status) in [
        (format!("DELETE /Users/{ann}"), 204),
        (format!("DELETE /Users/{ann}"), 404),
        (format!("GET /Users/{ann}"), 404),
        (format!("PATCH /Users/{ann}"), 404),
        (format!("DELETE /Groups/{team}"), 204),
    ] {
        let reply = server.ask(&head, patch(json!([]))).await;
        assert_eq!(reply.status, status, "{head}: {}", reply.body);
    }
    assert_eq!(
        server.told(),
        (vec![], vec!["group:default/the_team".to_owned()])
    );
    assert!(server.entities().await.is_empty());
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let server = Server::start().await;
    for at in 0..5 {
        let name = format!("user{at}@acme.org");
        let user = json!({"userName": name, "externalId": format!("X{at}"), "active": at != 3});
        server.make("/Users", user).await;
    }
    let cases = [
        ("", 5, 5),
        ("?count=2", 5, 2),
        ("?startIndex=5&count=2", 5, 1),
        ("?startIndex=0&count=0", 5, 0),
        ("?startIndex=9", 5, 0),
        ("?filter=userName%20eq%20%22USER1@acme.org%22", 1, 1),
        ("?filter=userName%20eq%20%22user9@acme.org%22", 0, 0),
        ("?filter=externalId%20eq%20%22X2%22", 1, 1),
        ("?filter=externalId%20eq%20%22x2%22", 0, 0),
        (
            "?filter=userName%20sw%20%22user%22%20and%20active%20eq%20true&count=3",
            4,
            3,
        ),
        ("?filter=userName%20co%20%222@%22", 1, 1),
    ];
    for (query, total, n_page) in cases {
        let reply = server.ask(&format!("GET /Users{query}"), Value::Null).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.body);
        let page = reply.body["Resources"].as_array().unwrap();
        let found = (reply.body["totalResults"].as_i64().unwrap(), page.len());
        assert_eq!(found, (total, n_page), "{query}");
        assert_eq!(reply.body["itemsPerPage"], n_page, "{query}");
    }
    let reply = server.ask("GET /Users?filter=nonsense", Value::Null).await;
    assert_eq!(
        (reply.status, &reply.body["scimType"]),
        (400, &json!("invalidFilter"))
    );
    let reply = server
        .ask("GET /Users?attributes=userName&count=1", Value::Null)
        .await;
    let names: Vec<_> = reply.body["Resources"][0]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(names, ["schemas", "id", "userName"]);
    let reply = server
        .ask(
            "GET /Users?excludedAttributes=meta,active&count=1",
            Value::Null,
        )
        .await;
    assert_eq!(reply.body["Resources"][0].get("meta"), None);
    assert_eq!(reply.body["Resources"][0].get("active"), None);
}

#[tokio::test]
async fn names_that_become_one_entity_are_refused() {
    let server = Server::start().await;
    for (path, key) in [("/Users", "userName"), ("/Groups", "displayName")] {
        let first = server.make(path, json!({key: "a b"})).await;
        let other = server.make(path, json!({key: "other"})).await;
        // As rows are from before this was looked at.
        let forget = |tx: &mut platform::db::Tx<'_>| {
            tx.execute("update org_scim_resource set entity_name = null", &[])
        };
        server.db.db.write(forget).await.unwrap();
        let rename = json!({"schemas": [], "Operations": [
            {"op": "replace", "path": key, "value": "A!B"},
        ]});
        for (head, body) in [
            (format!("POST {path}"), json!({key: "a!b"})),
            (format!("PATCH {path}/{other}"), rename),
        ] {
            let reply = server.ask(&head, body).await;
            assert_eq!(reply.status, 409, "{head}: {}", reply.body);
            assert_eq!(reply.body["scimType"], "uniqueness");
            let detail = reply.body["detail"].as_str().unwrap();
            assert!(detail.contains("becomes `a_b` in the catalog"), "{detail}");
            assert!(detail.contains("and so does `a b`"), "{detail}");
        }
        // The first is free to be called as the second would have been.
        let reply = server
            .ask(&format!("PUT {path}/{first}"), json!({key: "a!b"}))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        server.make(path, json!({key: "a b c"})).await;
    }
}

#[tokio::test]
async fn two_that_were_one_entity_before_can_be_changed() {
    let server = Server::start().await;
    let first = server.make("/Users", json!({"userName": "a b"})).await;
    let second = server.make("/Users", json!({"userName": "c"})).await;
    let collide = |tx: &mut platform::db::Tx<'_>| {
        tx.execute(
            "update org_scim_resource set entity_name = null, name_key = 'a!b', \
             body = '{\"userName\":\"a!b\"}' where name_key = 'c'",
            &[],
        )
    };
    server.db.db.write(collide).await.unwrap();
    let change = |active| {
        json!({"schemas": [], "Operations": [
            {"op": "replace", "path": "active", "value": active},
        ]})
    };
    for id in [first, second] {
        let reply = server
            .ask(&format!("PATCH /Users/{id}"), change(false))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let server = Server::start().await;
    let ann = server.make("/Users", ann()).await;
    let again = |path: &str| format!("POST {path}");
    let cases = [
        (
            again("/Users"),
            json!({"userName": "ANN@acme.org"}),
            409,
            "uniqueness",
        ),
        (
            again("/Users"),
            json!({"displayName": "nobody"}),
            400,
            "invalidValue",
        ),
        (
            again("/Users"),
            json!({"userName": "!!"}),
            400,
            "invalidValue",
        ),
        (
            again("/Users"),
            json!({"userName": "a", "active": "perhaps"}),
            400,
            "invalidValue",
        ),
        (
            again("/Users"),
            json!({"userName": "a", "externalId": 1}),
            400,
            "invalidValue",
        ),
        (again("/Users"), json!([]), 400, "invalidSyntax"),
        (
            again("/Groups"),
            json!({"displayName": "g", "members": [{}]}),
            400,
            "invalidValue",
        ),
        (
            format!("PATCH /Users/{ann}"),
            json!({"nothing": 1}),
            400,
            "invalidSyntax",
        ),
        (
            format!("PATCH /Users/{ann}"),
            patch(json!([{"op": "remove", "path": "userName"}])),
            400,
            "invalidValue",
        ),
        (
            format!("PUT /Users/{ann}"),
            json!({"userName": ""}),
            400,
            "invalidValue",
        ),
    ];
    for (head, body, status, kind) in cases {
        let reply = server.ask(&head, body.clone()).await;
        assert_eq!(
            (reply.status, &reply.body["scimType"]),
            (status, &json!(kind)),
            "{head} {body}"
        );
        assert_eq!(reply.body["status"], status.to_string());
    }
    let found = server.ask(&format!("GET /Users/{ann}"), Value::Null).await;
    assert_eq!(found.body["meta"]["version"], "W/\"1\"");
    assert_eq!(found.body.get("password"), None);

    // Two at once: the second has not seen what the first did.
    let change = patch(json!([{"op": "add", "path": "title", "value": "Boss"}]));
    let path = format!("PATCH /Users/{ann}");
    let first = server.send(SERVICE, &path, &change, Some("W/\"1\"")).await;
    assert_eq!(
        (first.status, first.headers["etag"].as_bytes()),
        (200, b"W/\"2\"".as_slice())
    );
    assert_eq!(
        server
            .send(SERVICE, &path, &change, Some("W/\"1\""))
            .await
            .status,
        412
    );
    // Nothing to change is no change.
    let n_told = server.told.0.lock().len();
    assert_eq!(
        server.ask(&path, change).await.body["meta"]["version"],
        "W/\"2\""
    );
    assert_eq!(server.told.0.lock().len(), n_told);
}

#[tokio::test]
async fn only_programs_that_may_push() {
    let server = Server::start().await;
    let ann = server.make("/Users", ann()).await;
    let routes = [
        "GET /ServiceProviderConfig".to_owned(),
        "GET /Users".to_owned(),
        format!("GET /Users/{ann}"),
        "POST /Groups".to_owned(),
        format!("PUT /Users/{ann}"),
        format!("PATCH /Users/{ann}"),
        format!("DELETE /Users/{ann}"),
    ];
    for route in &routes {
        assert_eq!(
            server.send("", route, &json!({}), None).await.status,
            401,
            "{route}"
        );
        assert_eq!(
            server.send("bad", route, &json!({}), None).await.status,
            401,
            "{route}"
        );
        assert_eq!(
            server.send(USER, route, &json!({}), None).await.status,
            403,
            "{route}"
        );
    }
    server.access.decide("scim.resource.write", Decision::Deny);
    for route in &routes {
        let status = server.send(SERVICE, route, &json!({}), None).await.status;
        assert_eq!(
            status,
            if route.starts_with("GET") { 200 } else { 403 },
            "{route}"
        );
    }
}

#[tokio::test]
async fn the_server_describes_itself() {
    let server = Server::start().await;
    let config = server
        .ask("GET /ServiceProviderConfig", Value::Null)
        .await
        .body;
    assert_eq!(config["patch"]["supported"], true);
    assert_eq!(config["bulk"]["supported"], false);
    for (path, id) in [
        ("/ResourceTypes", "User"),
        ("/ResourceTypes", "Group"),
        ("/Schemas", "urn:ietf:params:scim:schemas:core:2.0:User"),
        ("/Schemas", "urn:ietf:params:scim:schemas:core:2.0:Group"),
    ] {
        let list = server.ask(&format!("GET {path}"), Value::Null).await.body;
        assert_eq!(list["totalResults"], 2);
        let one = server
            .ask(&format!("GET {path}/{id}"), Value::Null)
            .await
            .body;
        assert_eq!(one["id"], id);
        assert!(list["Resources"].as_array().unwrap().contains(&one));
        let none = server
            .ask(&format!("GET {path}/nothing"), Value::Null)
            .await;
        assert_eq!(none.status, 404);
    }
}

#[tokio::test]
async fn every_change_is_recorded() {
    let server = Server::start().await;
    let ann = server.make("/Users", ann()).await;
    let change = patch(json!([{"op": "add", "path": "title", "value": "Boss"}]));
    server.ask(&format!("PATCH /Users/{ann}"), change).await;
    server
        .ask(&format!("DELETE /Users/{ann}"), Value::Null)
        .await;
    let actions = server.db.db.read(|tx| {
        let rows = tx.query("select action from audit_record order by seq", &[])?;
        rows.into_iter()
            .map(|mut row| row.take::<String>(0))
            .collect::<Result<Vec<_>>>()
    });
    let actions = actions.await.unwrap();
    assert_eq!(
        actions,
        ["scim.user.create", "scim.user.update", "scim.user.delete"]
    );
}
