//! The admin API as <https://www.keycloak.org/docs-api/latest/rest-api> has it, before and since
//! version 23, where groups below others are asked for one by one.

use serde_json::{Value, json};

use super::double::{Asked, Double, Reply, run};

fn user(name: &str) -> Value {
    json!({
        "id": format!("id-{name}"), "username": name, "email": format!("{name}@acme.org"),
        "firstName": "Ann", "lastName": "Lee", "enabled": name != "gone",
    })
}

fn acme(asked: &Asked, is_new: bool) -> Reply {
    let list = |list: &[Value]| {
        let first: usize = asked.query("first").parse().unwrap();
        let max: usize = asked.query("max").parse().unwrap();
        let page: Vec<_> = list.iter().skip(first).take(max).collect();
        Reply::json(&json!(page))
    };
    if asked.path == "/realms/login/protocol/openid-connect/token" {
        assert!(
            asked.body.contains("grant_type=client_credentials"),
            "{}",
            asked.body
        );
        return Reply::json(&json!({"access_token": "admin-token"}));
    }
    assert_eq!(asked.authorization, "Bearer admin-token");
    let leaf = json!({"id": "g2", "name": "Leaf Group", "subGroups": []});
    let mut root = json!({"id": "g1", "name": "root", "subGroups": [leaf]});
    if is_new {
        root["subGroups"] = json!([]);
        root["subGroupCount"] = 1.into();
    }
    match asked.path.strip_prefix("/admin/realms/acme/").unwrap() {
        "users" => list(&[user("ann"), user("gone"), user("bob")]),
        "groups" => list(&[root]),
        "groups/g1/children" => list(&[leaf]),
        "groups/g1/members" => list(&[user("ann")]),
        "groups/g2/members" => list(&[user("bob"), user("gone"), user("ann")]),
        other => unreachable!("{other}"),
    }
}

#[tokio::test]
async fn users_and_groups_of_a_realm() {
    for is_new in [false, true] {
        let double = Double::start(move |asked, _| acme(asked, is_new)).await;
        let config = json!({"main": {
            "baseUrl": double.base, "realm": "acme", "loginRealm": "login",
            "clientId": "portal", "clientSecret": "s3cret", "userQuerySize": 2, "groupQuerySize": 1,
        }});
        let provider = double.provider("keycloakOrg", config).unwrap();
        assert_eq!(provider.name(), "KeycloakOrgEntityProvider:main");
        let found = run(&provider).await.unwrap();
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        let expected = [
            "group:default/leaf-group",
            "group:default/root",
            "user:default/ann",
            "user:default/bob",
        ];
        assert_eq!(names, expected, "{is_new}");
        let leaf = &found["group:default/leaf-group"];
        assert_eq!(leaf["spec"]["parent"], "group:default/root");
        assert_eq!(
            leaf["spec"]["members"],
            json!(["user:default/bob", "user:default/ann"])
        );
        let annotations = &found["user:default/ann"]["metadata"]["annotations"];
        assert_eq!(annotations["keycloak.org/id"], "id-ann");
        assert_eq!(annotations["keycloak.org/realm"], "acme");
        assert_eq!(
            found["user:default/ann"]["spec"]["profile"]["displayName"],
            "Ann Lee"
        );
    }
}

#[tokio::test]
async fn settings_without_credentials_are_refused() {
    let double = Double::start(|_, _| Reply::status(500)).await;
    let config = json!({"baseUrl": double.base, "clientId": "portal"});
    let error = double.provider("keycloakOrg", config).err().unwrap();
    assert!(error.message().contains("are missing"), "{error}");
}
