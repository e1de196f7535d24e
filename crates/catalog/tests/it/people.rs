//! What sign-in learns of users.

use model::Filter;
use serde_json::{Value, json};
use testkit::TestCatalog;

fn user(name: &str, email: &str, member_of: &[&str]) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {
            "name": name,
            "annotations": {
                "example.com/id": name,
                "backstage.io/managed-by-location": "url:https://example.com/org",
                "backstage.io/managed-by-origin-location": "url:https://example.com/org",
            },
        },
        "spec": {"profile": {"email": email}, "memberOf": member_of},
    })
}

fn group(name: &str, parent: Option<&str>) -> Value {
    let mut spec = json!({"type": "team", "children": []});
    if let Some(parent) = parent {
        spec["parent"] = parent.into();
    }
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": {
            "name": name,
            "annotations": {
                "backstage.io/managed-by-location": "url:https://example.com/org",
                "backstage.io/managed-by-origin-location": "url:https://example.com/org",
            },
        },
        "spec": spec,
    })
}

async fn organisation() -> TestCatalog {
    let lab = TestCatalog::new().await;
    let entities = vec![
        user("alice", "Alice@acme.org", &["team-a", "unknown"]),
        user("bob", "bob@acme.org", &["loop-a"]),
        user("carol", "carol@acme.org", &[]),
        group("team-a", Some("engineering")),
        group("engineering", Some("acme")),
        group("acme", None),
        group("loop-a", Some("loop-b")),
        group("loop-b", Some("loop-a")),
    ];
    lab.provide("people", entities).await;
    lab.settle().await;
    lab
}

#[tokio::test]
async fn ownership_goes_up_the_tree_of_groups() {
    let lab = organisation().await;
    let cases: [(&str, &[&str]); 3] = [
        (
            "user:default/alice",
            &[
                "user:default/alice",
                "group:default/team-a",
                "group:default/unknown",
                "group:default/engineering",
                "group:default/acme",
            ],
        ),
        (
            "user:default/bob",
            &[
                "user:default/bob",
                "group:default/loop-a",
                "group:default/loop-b",
            ],
        ),
        ("user:default/carol", &["user:default/carol"]),
    ];
    for (user, expected) in cases {
        let owners = lab.catalog.ownership(user).unwrap();
        assert_eq!(owners, expected, "{user}");
    }
    let nobody = lab.catalog.ownership("user:default/nobody");
    assert_eq!(nobody, None);
}

#[tokio::test]
async fn users_are_found_by_what_a_provider_knows_of_them() {
    let lab = organisation().await;
    let cases: [(Filter, &[&str]); 4] = [
        (
            Filter::equals("spec.profile.email", "alice@ACME.org"),
            &["user:default/alice"],
        ),
        (
            Filter::equals("metadata.annotations.example.com/id", "bob"),
            &["user:default/bob"],
        ),
        (Filter::equals("metadata.name", "team-a"), &[]),
        (
            Filter::exists("spec.profile.email"),
            &["user:default/alice", "user:default/bob"],
        ),
    ];
    for (filter, expected) in cases {
        let text = format!("{filter:?}");
        assert_eq!(lab.catalog.find_users(filter, 2), expected, "{text}");
    }
}
