//! GraphQL as <https://docs.github.com/graphql> has it.

use serde_json::{Value, json};

use super::double::{Asked, Double, Reply, run};

fn page(nodes: &[Value], next: Option<&str>) -> Value {
    json!({"pageInfo": {"hasNextPage": next.is_some(), "endCursor": next}, "nodes": nodes})
}

fn organization(value: &Value) -> Reply {
    Reply::json(&json!({"data": {"organization": value}}))
}

fn logins(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"login": name})).collect()
}

/// Two pages of people, two teams, of which one has two pages of members.
fn acme(asked: &Asked) -> Reply {
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let (query, variables) = (body["query"].as_str().unwrap(), &body["variables"]);
    let after = variables["after"].as_str();
    let team = |slug: &str, parent: Value, members: Value| {
        json!({
            "slug": slug, "combinedSlug": format!("Acme/{slug}"), "name": slug.to_uppercase(),
            "description": "", "avatarUrl": "https://img/t", "parentTeam": parent,
            "editTeamUrl": format!("https://github/orgs/Acme/teams/{slug}/edit"), "members": members,
        })
    };
    if query.contains("membersWithRole") {
        let person = |login: &str, suspended: Value| {
            json!({
                "login": login, "name": "Ann Lee", "bio": "Builds.", "email": "ann@home.org",
                "avatarUrl": "https://img/a", "databaseId": 7, "suspendedAt": suspended,
            })
        };
        return match after {
            None => organization(
                &json!({"list": page(&[person("Ann", Value::Null), Value::Null], Some("2"))}),
            ),
            _ => organization(&json!({"list": page(&[
                person("bob", Value::Null), person("gone", "2026-01-01T00:00:00Z".into()),
            ], None)})),
        };
    }
    if query.contains("team(slug") {
        assert_eq!(variables["team"], "leaf");
        return match after {
            None => organization(&json!({"team": {"list": page(&logins(&["Ann"]), Some("m2"))}})),
            _ => organization(&json!({"team": {"list": page(&logins(&["bob", "gone"]), None)}})),
        };
    }
    let root = team("root", Value::Null, page(&logins(&["Ann"]), None));
    let leaf = team(
        "leaf",
        json!({"slug": "root"}),
        page(&logins(&["Ann"]), Some("m2")),
    );
    organization(&json!({"list": page(&[root, leaf], None)}))
}

#[tokio::test]
async fn members_and_teams_become_users_and_groups() {
    let double = Double::start(|asked, _| acme(asked)).await;
    let config = json!({
        "id": "production", "githubUrl": double.base, "orgs": ["Acme"], "excludeSuspendedUsers": true,
    });
    let provider = double.provider("githubOrg", config).unwrap();
    assert_eq!(provider.name(), "GithubMultiOrgEntityProvider:production");
    let found = run(&provider).await.unwrap();
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    let expected = [
        "group:default/leaf",
        "group:default/root",
        "user:default/ann",
        "user:default/bob",
    ];
    assert_eq!(names, expected);
    let (leaf, ann) = (&found["group:default/leaf"], &found["user:default/ann"]);
    let location = format!("url:{}/Ann", double.base);
    assert_eq!(
        *ann,
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "User",
            "metadata": {"name": "Ann", "description": "Builds.", "annotations": {
                "backstage.io/managed-by-location": location,
                "backstage.io/managed-by-origin-location": location,
                "github.com/user-id": "7",
                "github.com/user-login": "Ann",
            }},
            "spec": {
                "profile": {"displayName": "Ann Lee", "email": "ann@home.org", "picture": "https://img/a"},
                "memberOf": ["group:default/root", "group:default/leaf"],
            },
        })
    );
    assert_eq!(leaf["spec"]["parent"], "group:default/root");
    assert_eq!(
        leaf["spec"]["members"],
        json!(["user:default/ann", "user:default/bob"])
    );
    assert_eq!(
        leaf["metadata"]["annotations"]["github.com/team-slug"],
        "Acme/leaf"
    );
    for asked in double.asked() {
        assert_eq!(
            (&*asked.path, &*asked.authorization),
            ("/api/graphql", "Bearer a-token")
        );
    }
}

#[tokio::test]
async fn teams_of_several_organizations_have_namespaces() {
    let double = Double::start(|asked, _| acme(asked)).await;
    let config = json!([{"id": "all", "githubUrl": double.base, "orgs": ["Acme", "Beta"]}]);
    let found = run(&double.provider("githubOrg", config).unwrap())
        .await
        .unwrap();
    assert_eq!(
        found["group:acme/leaf"]["spec"]["parent"],
        "group:acme/root"
    );
    assert_eq!(
        found["group:beta/leaf"]["spec"]["parent"],
        "group:beta/root"
    );
    let member_of = &found["user:default/bob"]["spec"]["memberOf"];
    assert_eq!(*member_of, json!(["group:acme/leaf", "group:beta/leaf"]));
}

#[tokio::test]
async fn a_limit_is_waited_for() {
    let double = Double::start(|asked, n_before| match n_before {
        0 => Reply::status(429).with("retry-after", "0"),
        1 => Reply::status(403)
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-reset", "1000000000"),
        2 => Reply::status(502),
        _ => acme(asked),
    })
    .await;
    let config = json!({"githubUrl": double.base, "orgs": ["Acme"]});
    let found = run(&double.provider("githubOrg", config).unwrap())
        .await
        .unwrap();
    assert_eq!(found.len(), 5);
}

#[tokio::test]
async fn half_an_answer_is_none() {
    type Case = (fn() -> Reply, &'static str);
    let cases: [Case; 5] = [
        (
            || {
                Reply::json(&json!({
                    "data": {"organization": {"list": page(&[], None)}},
                    "errors": [{"type": "FORBIDDEN", "message": "no access to members"}],
                }))
            },
            "no access to members (FORBIDDEN)",
        ),
        (
            || organization(&Value::Null),
            "there is no organization `Acme`",
        ),
        (
            || organization(&json!({"list": {"nodes": []}})),
            "something else",
        ),
        (|| Reply::status(401), "answered 401"),
        (|| Reply::json(&json!("nonsense")), "no organization"),
    ];
    for (reply, expected) in cases {
        let double = Double::start(move |_, _| reply()).await;
        let config = json!({"githubUrl": double.base, "orgs": ["Acme"]});
        let error = run(&double.provider("githubOrg", config).unwrap())
            .await
            .unwrap_err();
        assert!(error.chain().contains(expected), "{}", error.chain());
        assert!(!error.chain().contains("a-token"), "{}", error.chain());
    }
}

#[tokio::test]
async fn settings_that_lead_nowhere_are_refused() {
    let double = Double::start(|_, _| Reply::status(500)).await;
    for (config, expected) in [
        (json!({"githubUrl": double.base}), "name the organizations"),
        (
            json!({"githubUrl": "https://elsewhere.org", "orgs": ["a"]}),
            "no entry of `integrations.github`",
        ),
        (json!({"id": "a", "orgs": ["a"]}), "another form"),
    ] {
        let error = double.provider("githubOrg", config).err().unwrap();
        assert!(error.message().contains(expected), "{error}");
    }
}
