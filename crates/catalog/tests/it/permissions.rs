//! Who may do what: every route, for every sort of caller.

use platform::permission::Decision;
use serde_json::{Value, json};
use testkit::{SERVICE, TestAccess, TestCatalog, USER};

use super::routes::{FILE, Row, reads, writes};
use super::written::{component, entity, file};

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
