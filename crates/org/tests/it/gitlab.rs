//! REST as <https://docs.gitlab.com/api/rest> has it: pages by number, and by cursor in `Link`.

use serde_json::{Value, json};

use super::double::{Asked, Double, Reply, run};

fn user(id: u64, name: &str) -> Value {
    json!({
        "id": id, "username": name, "name": name.to_uppercase(), "state": "active",
        "email": format!("{name}@acme.org"), "avatar_url": "https://img/u",
        "web_url": format!("https://gitlab.acme.org/{name}"), "access_level": 30,
    })
}

fn group(id: u64, path: &str, parent: Option<u64>) -> Value {
    let name = path.rsplit('/').next();
    json!({
        "id": id, "name": name, "full_path": path, "parent_id": parent, "description": "",
        "web_url": format!("https://gitlab.acme.org/groups/{path}"),
    })
}

fn acme(base: &str, asked: &Asked) -> Reply {
    let with = |id, name, key: &str, value: Value| {
        let mut user = user(id, name);
        user[key] = value;
        user
    };
    let path = asked.path.strip_prefix("/api/v4/").unwrap();
    match (path, asked.query("page"), asked.query("cursor")) {
        ("users", "", _) => Reply::json(&json!([
            user(1, "ann"),
            with(2, "gone", "state", "blocked".into()),
            with(3, "robot", "bot", true.into()),
        ]))
        .with("x-next-page", "2"),
        ("users", "2", _) => Reply::json(&json!([user(4, "bob")])).with("x-next-page", ""),
        ("groups", _, "") => {
            let next = format!("<{base}/api/v4/groups?cursor=c>; rel=\"next\"");
            Reply::json(&json!([group(10, "top", None)])).with("link", next)
        }
        ("groups", _, "c") | ("groups/top/descendant_groups", ..) => Reply::json(&json!([
            group(11, "top/a.b/c", Some(10)),
            group(12, "top/x", Some(10))
        ])),
        ("groups/10/members", ..) => Reply::json(&json!([user(1, "ann"), user(2, "gone")])),
        ("groups/12/members", ..) => Reply::json(&json!([])),
        ("groups/11/members" | "groups/top/members/all", ..) => {
            Reply::json(&json!([user(4, "bob")]))
        }
        _ => Reply::status(404),
    }
}

async fn double() -> Double {
    let base = std::sync::Arc::new(parking_lot::Mutex::new(String::new()));
    let known = std::sync::Arc::clone(&base);
    let double = Double::start(move |asked, _| acme(&known.lock(), asked)).await;
    base.lock().clone_from(&double.base);
    double
}

#[tokio::test]
async fn users_and_groups_of_an_instance() {
    let double = double().await;
    let config = json!({"own": {"host": double.host, "orgEnabled": true}});
    let provider = double.provider("gitlab", config).unwrap();
    assert_eq!(provider.name(), "GitlabOrgDiscoveryEntityProvider:own");
    let found = run(&provider).await.unwrap();
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    let expected = [
        "group:default/top",
        "group:default/top-a.b-c",
        "group:default/top-x",
        "user:default/ann",
        "user:default/bob",
    ];
    assert_eq!(names, expected);
    let (leaf, ann) = (
        &found["group:default/top-a.b-c"],
        &found["user:default/ann"],
    );
    assert_eq!(leaf["spec"]["parent"], "group:default/top");
    assert_eq!(leaf["spec"]["members"], json!(["user:default/bob"]));
    let team_path = format!("{}/team-path", double.host);
    assert_eq!(leaf["metadata"]["annotations"][team_path], "top/a.b/c");
    assert_eq!(ann["spec"]["memberOf"], json!(["group:default/top"]));
    assert_eq!(ann["spec"]["profile"]["email"], "ann@acme.org");
    assert!(
        double
            .asked()
            .iter()
            .all(|asked| asked.authorization == "Bearer a-token")
    );
}

#[tokio::test]
async fn a_part_of_an_instance() {
    let double = double().await;
    let config = json!({"own": {
        "host": double.host, "orgEnabled": true, "group": "top", "restrictUsersToGroup": true,
        "groupPattern": "^top/a", "userPattern": "@acme.org$",
    }});
    let found = run(&double.provider("gitlab", config).unwrap())
        .await
        .unwrap();
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["group:default/a.b-c", "user:default/bob"]);
    assert_eq!(found["group:default/a.b-c"]["spec"].get("parent"), None);
}

#[tokio::test]
async fn credentials_stay_at_the_host() {
    let elsewhere = Double::start(|_, _| Reply::json(&json!([]))).await;
    let next = format!("<{}/api/v4/users?page=2>; rel=\"next\"", elsewhere.base);
    let double = Double::start(move |_, _| Reply::json(&json!([])).with("link", &*next)).await;
    let config = json!({"own": {"host": double.host, "orgEnabled": true}});
    let error = run(&double.provider("gitlab", config).unwrap())
        .await
        .unwrap_err();
    assert!(
        error.message().contains("continues at another host"),
        "{error}"
    );
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn settings_that_lead_nowhere_are_refused() {
    let double = Double::start(|_, _| Reply::status(500)).await;
    for (config, expected) in [
        (
            json!({"host": "gitlab.com", "orgEnabled": true}),
            "must name a group",
        ),
        (
            json!({"host": "elsewhere.org", "orgEnabled": true}),
            "not in `integrations.gitlab`",
        ),
        (
            json!({"host": double.host, "orgEnabled": true, "groupPattern": "("}),
            "no regular expression",
        ),
    ] {
        let error = double
            .provider("gitlab", json!({ "own": config }))
            .err()
            .unwrap();
        assert!(error.message().contains(expected), "{error}");
    }
}
