//! Who may do what: every route, for every sort of caller.

use std::collections::BTreeSet;

use platform::permission::Decision;
use serde_json::{Value, json};
use testkit::{SERVICE, TestAccess, TestCatalog, USER};

use crate::written::{component, entity, file};

const FILE: &str = "https://git.example/all.yaml";
const OPENAPI: &str = include_str!("../../src/http/openapi.json");
const ROUTER: &str = include_str!("../../src/http.rs");

/// What a route answers when everything is allowed, when everything is denied, and when only what
/// `team-a` owns is allowed.
struct Row {
    method: &'static str,
    path: &'static str,
    body: Value,
    /// Status, and what the body holds if that matters.
    allowed: (u16, &'static str),
    denied: (u16, &'static str),
    conditional: (u16, &'static str),
}

const fn row(
    method: &'static str,
    path: &'static str,
    body: Value,
    allowed: (u16, &'static str),
    denied: (u16, &'static str),
    conditional: (u16, &'static str),
) -> Row {
    Row {
        method,
        path,
        body,
        allowed,
        denied,
        conditional,
    }
}

const FORBIDDEN: (u16, &str) = (403, "NotAllowedError");
const MISSING: (u16, &str) = (404, "NotFoundError");
const ANY: &str = "";

/// `ours` belongs to `team-a` and `theirs` to `team-b`; both are in the registered location `ID`.
#[expect(clippy::too_many_lines, reason = "one table, a row per route")]
fn reads() -> Vec<Row> {
    let (n, no_body) = (Value::Null, "");
    let refs = json!({ "entityRefs": ["component:default/ours", "component:default/theirs"],
        "fields": ["kind"] });
    let facets = json!({ "facets": ["metadata.name"], "query": { "kind": "component" } });
    let empty_page = "{\"items\":[],\"totalItems\":0,\"pageInfo\":{}}";
    let (both, ours) = (
        "{\"value\":\"ours\",\"count\":1},{\"value\":\"theirs\",\"count\":1}",
        "[{\"value\":\"ours\",\"count\":1}]",
    );
    vec![
        row(
            "GET",
            "/entities?filter=kind=component",
            n.clone(),
            (200, "theirs"),
            (200, "[]"),
            (200, "ours"),
        ),
        row(
            "GET",
            "/entities/by-query?filter=kind=component",
            n.clone(),
            (200, "\"totalItems\":2"),
            (200, empty_page),
            (200, "\"totalItems\":1"),
        ),
        row(
            "POST",
            "/entities/by-query",
            json!({ "query": { "kind": "component" } }),
            (200, "\"totalItems\":2"),
            (200, empty_page),
            (200, "\"totalItems\":1"),
        ),
        row(
            "POST",
            "/entities/by-refs",
            refs,
            (200, "[{\"kind\":\"Component\"},{\"kind\":\"Component\"}]"),
            (200, "[null,null]"),
            (200, "[{\"kind\":\"Component\"},null]"),
        ),
        row(
            "GET",
            "/entities/by-uid/OURS",
            n.clone(),
            (200, "ours"),
            MISSING,
            (200, "ours"),
        ),
        row(
            "GET",
            "/entities/by-uid/THEIRS",
            n.clone(),
            (200, "theirs"),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/entities/by-name/component/default/ours",
            n.clone(),
            (200, "ours"),
            MISSING,
            (200, "ours"),
        ),
        row(
            "GET",
            "/entities/by-name/component/default/theirs",
            n.clone(),
            (200, "theirs"),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/entities/by-name/component/default/theirs/ancestry",
            n.clone(),
            (200, "theirs"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/entities/by-name/component/default/ours/ancestry",
            n.clone(),
            (200, "generated-"),
            FORBIDDEN,
            (200, "ours"),
        ),
        row(
            "GET",
            "/entity-facets?facet=metadata.name&filter=kind=component",
            n.clone(),
            (200, both),
            (200, "{\"facets\":{\"metadata.name\":[]}}"),
            (200, ours),
        ),
        row(
            "POST",
            "/entity-facets",
            facets,
            (200, both),
            (200, "{\"facets\":{\"metadata.name\":[]}}"),
            (200, ours),
        ),
        row(
            "GET",
            "/changes",
            n.clone(),
            (200, "event: ready"),
            (200, "event: ready"),
            (200, "event: ready"),
        ),
        row(
            "GET",
            "/locations",
            n.clone(),
            (200, FILE),
            (200, "[]"),
            (200, "[]"),
        ),
        row(
            "POST",
            "/locations/by-query",
            json!({}),
            (200, FILE),
            (200, "\"items\":[]"),
            (200, "\"items\":[]"),
        ),
        row(
            "GET",
            "/locations/ID",
            n.clone(),
            (200, FILE),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/locations/by-entity/component/default/ours",
            n.clone(),
            (200, FILE),
            MISSING,
            MISSING,
        ),
        row(
            "GET",
            "/entities/unprocessed/failed",
            n.clone(),
            (200, "failed"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/entities/unprocessed/pending",
            n.clone(),
            (200, "pending"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/ingestion/errors",
            n.clone(),
            (200, "items"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/ingestion/conflicts",
            n.clone(),
            (200, "items"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/ingestion/providers",
            n.clone(),
            (200, "items"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/ingestion/held",
            n.clone(),
            (200, "items"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "GET",
            "/.well-known/backstage/permissions/metadata",
            n.clone(),
            (200, "HAS_LABEL"),
            (200, "HAS_LABEL"),
            (200, "HAS_LABEL"),
        ),
        row(
            "GET",
            "/.backstage/actions/v1/actions",
            n.clone(),
            (200, "catalog:register-entity"),
            (200, ANY),
            (200, ANY),
        ),
        row(
            "GET",
            "/.backstage/scheduler/v1/tasks",
            n.clone(),
            (200, ANY),
            (200, ANY),
            (200, ANY),
        ),
        row(
            "GET",
            "/openapi.json",
            n,
            (200, "3.0.3"),
            (200, "3.0.3"),
            (200, no_body),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "one table, a row per route")]
fn writes() -> Vec<Row> {
    let n = Value::Null;
    let refresh = |name: &str| json!({ "entityRef": format!("component:default/{name}") });
    let other = json!({ "type": "url", "target": "https://git.example/other.yaml" });
    let valid: Value = json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {"name": "x"}, "spec": {"type": "t", "lifecycle": "l", "owner": "o"}});
    let repository = json!({"location": {"type": "url", "target": "https://github.com/a/b"}});
    let conditions = json!({"items": [{"id": "1", "resourceRef": "component:default/ours",
        "resourceType": "catalog-entity", "conditions": {"rule": "HAS_SPEC",
        "resourceType": "catalog-entity", "params": {"key": "type"}}}]});
    let no_uid = "/entities/by-uid/00000000-0000-4000-8000-000000000000";
    vec![
        row(
            "POST",
            "/refresh",
            refresh("ours"),
            (200, ANY),
            FORBIDDEN,
            (200, ANY),
        ),
        row(
            "POST",
            "/refresh",
            refresh("theirs"),
            (200, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/refresh",
            refresh("missing"),
            (404, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/validate-entity",
            json!({"location": "url:https://a.example/", "entity": valid}),
            (200, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/analyze-location",
            repository,
            (200, "generateEntities"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/.well-known/backstage/permissions/apply-conditions",
            conditions,
            FORBIDDEN,
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/.backstage/actions/v1/actions/{id}/invoke",
            json!({}),
            (404, ANY),
            (404, ANY),
            (404, ANY),
        ),
        row(
            "POST",
            "/locations",
            other.clone(),
            (201, "other"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/locations?dryRun=true",
            json!({"type": "url", "target": FILE}),
            (201, "ours"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "PUT",
            "/locations/ID",
            other,
            (200, "other"),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "DELETE",
            "/locations/ID",
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "DELETE",
            "/entities/by-uid/OURS",
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            (204, ANY),
        ),
        row(
            "DELETE",
            "/entities/by-uid/THEIRS",
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "DELETE",
            no_uid,
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "DELETE",
            "/entities/unprocessed/delete/OURS",
            n.clone(),
            (204, ANY),
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/ingestion/held/people/approve",
            n.clone(),
            MISSING,
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/ingestion/providers/people/refresh",
            n.clone(),
            MISSING,
            FORBIDDEN,
            FORBIDDEN,
        ),
        row(
            "POST",
            "/ingestion/held/people/reject",
            n,
            MISSING,
            FORBIDDEN,
            FORBIDDEN,
        ),
    ]
}

/// A catalog with `ours` and `theirs`.
struct Estate {
    lab: TestCatalog,
    id: String,
    ours: String,
    theirs: String,
}

impl Estate {
    async fn new() -> Self {
        let lab = TestCatalog::new().await;
        let owned = |name, owner| {
            entity(
                "Component",
                name,
                json!({"type": "t", "lifecycle": "l", "owner": owner}),
            )
        };
        lab.web.put(
            FILE,
            file(&[owned("ours", "team-a"), owned("theirs", "team-b")]),
        );
        let id = lab.register(FILE).await;
        lab.web
            .put("https://git.example/other.yaml", component("other"));
        lab.settle().await;
        let ours = lab.uid("component:default/ours").await;
        let theirs = lab.uid("component:default/theirs").await;
        Self {
            lab,
            id,
            ours,
            theirs,
        }
    }

    fn path(&self, row: &Row) -> String {
        let path = row
            .path
            .replace("THEIRS", &self.theirs)
            .replace("OURS", &self.ours);
        path.replace("/ID", &format!("/{}", self.id))
    }

    async fn check(&self, row: &Row, token: Option<&str>, expected: (u16, &str), who: &str) {
        let body = (!row.body.is_null()).then(|| row.body.clone());
        let reply = self
            .lab
            .send(row.method, &self.path(row), token, body)
            .await;
        let name = format!("{} {} {who}", row.method, row.path);
        assert_eq!(reply.status, expected.0, "{name}: {}", reply.text);
        assert!(reply.text.contains(expected.1), "{name}: {}", reply.text);
    }
}

#[tokio::test]
async fn no_route_is_open_to_the_unknown() {
    let estate = Estate::new().await;
    for row in reads().iter().chain(&writes()) {
        estate
            .check(row, None, (401, "Missing credentials"), "without token")
            .await;
        estate
            .check(
                row,
                Some("forged"),
                (401, "Illegal token"),
                "with a bad token",
            )
            .await;
    }
    // And nothing of it had an effect.
    assert_eq!(estate.lab.components().await, ["ours", "theirs"]);
}

#[tokio::test]
async fn every_read_is_decided_by_its_permission() {
    let estate = Estate::new().await;
    for row in reads() {
        for token in [USER, SERVICE] {
            estate.lab.access.decide_all(Decision::Allow);
            estate
                .check(&row, Some(token), row.allowed, "allowed")
                .await;
            estate.lab.access.decide_all(Decision::Deny);
            estate.check(&row, Some(token), row.denied, "denied").await;
            estate.lab.access.decide_all(TestAccess::owned_by_team_a());
            estate
                .check(&row, Some(token), row.conditional, "with a condition")
                .await;
        }
    }
}

#[tokio::test]
async fn every_write_is_decided_by_its_permission() {
    // Refusals first, on one catalog, since nothing may come of them.
    let estate = Estate::new().await;
    for row in writes() {
        estate.lab.access.decide_all(Decision::Deny);
        estate.check(&row, Some(USER), row.denied, "denied").await;
        if row.conditional.0 == 403 {
            estate.lab.access.decide_all(TestAccess::owned_by_team_a());
            estate
                .check(&row, Some(USER), row.conditional, "with a condition")
                .await;
        }
    }
    estate.lab.access.decide_all(Decision::Allow);
    estate.lab.settle().await;
    assert_eq!(estate.lab.components().await, ["ours", "theirs"]);
    for row in writes() {
        let fresh = Estate::new().await;
        fresh.check(&row, Some(USER), row.allowed, "allowed").await;
        if row.conditional.0 != 403 {
            let fresh = Estate::new().await;
            fresh.lab.access.decide_all(TestAccess::owned_by_team_a());
            fresh
                .check(&row, Some(USER), row.conditional, "with a condition")
                .await;
        }
    }
}

#[tokio::test]
async fn actions_ask_for_the_permission_of_what_they_do() {
    let estate = Estate::new().await;
    let id = json!({ "type": { "locationId": estate.id } });
    let named = |name: &str| json!({ "name": name, "kind": "component" });
    let text = component("cart");
    let cases = [
        ("get-catalog-entity", named("ours"), 200, 400, 200),
        ("get-catalog-entity", named("theirs"), 200, 400, 400),
        ("query-catalog-entities", json!({}), 200, 200, 200),
        ("get-catalog-model-description", json!({}), 200, 200, 200),
        ("refresh-catalog-entity", named("ours"), 200, 400, 200),
        ("refresh-catalog-entity", named("theirs"), 200, 400, 400),
        ("validate-entity", json!({ "entity": text }), 200, 403, 403),
        (
            "register-entity",
            json!({ "locationUrl": "https://git.example/o.yaml" }),
            200,
            403,
            403,
        ),
        ("unregister-entity", id, 200, 403, 403),
    ];
    for (action, input, allowed, denied, conditional) in cases {
        let path = format!("/.backstage/actions/v1/actions/catalog:{action}/invoke");
        for (decision, status) in [
            (Decision::Deny, denied),
            (TestAccess::owned_by_team_a(), conditional),
            (Decision::Allow, allowed),
        ] {
            estate.lab.access.decide_all(decision.clone());
            let reply = estate.lab.post(&path, input.clone()).await;
            assert_eq!(
                reply.status, status,
                "{action} {input} {decision:?}: {}",
                reply.text
            );
        }
    }
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_opens_nothing() {
    use platform::permission::Condition;
    let estate = Estate::new().await;
    let rule = |rule: &str, params: Value| Condition::Rule {
        rule: rule.into(),
        resource_type: "catalog-entity".into(),
        params,
    };
    let unknown = rule("IS_NICE", json!({}));
    for condition in [
        unknown.clone(),
        Condition::Not(Box::new(unknown.clone())),
        Condition::AnyOf(vec![rule("HAS_SPEC", json!({"key": "type"})), unknown]),
        rule("HAS_ANNOTATION", json!({})),
        rule("HAS_SPEC", json!({"key": "type", "value": true})),
        Condition::Not(Box::new(rule(
            "IS_ENTITY_KIND",
            json!({"kinds": "Component"}),
        ))),
    ] {
        estate
            .lab
            .access
            .decide_all(Decision::Conditional(condition.clone()));
        let reply = estate.lab.get("/entities").await;
        assert!(reply.status >= 400, "{condition:?}: {}", reply.text);
    }
}

/// Routes without a description: those that all plugins have.
const COMMON: &[&str] = &["/.well-known/", "/.backstage/", "/openapi.json"];

#[test]
fn the_description_and_the_router_have_the_same_routes() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let quoted = ROUTER
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.starts_with('/'));
    let routed: BTreeSet<&str> = quoted
        .filter(|path| !COMMON.iter().any(|common| path.starts_with(common)))
        .collect();
    assert_eq!(routed, described);
}

#[tokio::test]
async fn the_description_and_the_router_have_the_same_methods() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let lab = TestCatalog::new().await;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let sample = path.replace('{', "x").replace('}', "");
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let body = (method != "GET").then(|| json!({}));
            let reply = lab.send(method, &sample, Some(SERVICE), body).await;
            // The answer to an unknown route has neither a body nor a type.
            let is_unknown = reply.status == 404 && reply.header("content-type").is_empty();
            let is_described = operations.get(method.to_lowercase()).is_some();
            assert_eq!(
                is_unknown, !is_described,
                "{method} {path}: {} {}",
                reply.status, reply.text
            );
        }
    }
}

#[test]
fn every_described_operation_is_in_the_sweep() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let swept: Vec<Row> = reads().into_iter().chain(writes()).collect();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let is_swept = swept
                .iter()
                .any(|row| row.method.eq_ignore_ascii_case(method) && is_for(row.path, path));
            assert!(is_swept, "{method} {path}");
        }
    }
}

/// Whether a path of the sweep is an instance of a template.
fn is_for(path: &str, template: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let mut parts = path.iter().zip(&template);
    path.len() == template.len() && parts.all(|(part, of)| part == of || of.starts_with('{'))
}
