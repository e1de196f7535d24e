//! Lists as <https://learn.microsoft.com/graph/paging> has them.

use serde_json::{Value, json};

use super::double::{Asked, Double, Reply, run};

fn user(id: &str, mail: &str) -> Value {
    json!({"id": id, "displayName": "Ann Lee", "mail": mail, "userPrincipalName": mail, "accountEnabled": true})
}

fn acme(asked: &Asked) -> Reply {
    let value = |list: Value| Reply::json(&json!({ "value": list }));
    let member =
        |kind: &str, id: &str| json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": id});
    if asked.path == "/t/oauth2/v2.0/token" {
        assert!(
            asked.body.contains("grant_type=client_credentials"),
            "{}",
            asked.body
        );
        assert!(
            asked.body.contains("client_secret=s3cret"),
            "{}",
            asked.body
        );
        return Reply::json(&json!({"access_token": "graph-token", "expires_in": 3599}));
    }
    assert_eq!(asked.authorization, "Bearer graph-token");
    match (&*asked.path, asked.query("$skiptoken")) {
        ("/v1.0/users", "") => {
            let host = asked.query("host");
            let mut off = user("u9", "off@acme.org");
            off["accountEnabled"] = false.into();
            let list =
                json!([user("u1", "ann.lee@acme.org"), off, {"id": "u8", "displayName": "Room"}]);
            Reply::json(&json!({"value": list, "@odata.nextLink": format!("{host}?$skiptoken=2")}))
        }
        ("/v1.0/users", _) => value(json!([user("u2", "Bob@acme.org")])),
        ("/v1.0/groups", _) => value(json!([
            {"id": "g1", "displayName": "The A-Team", "mailNickname": "a-team", "description": "Best."},
            {"id": "g2", "displayName": "Leaf", "mailNickname": null, "mail": "leaf@acme.org"},
        ])),
        ("/v1.0/groups/g1/members", _) => value(json!([
            member("user", "u1"),
            member("group", "g2"),
            member("device", "d1")
        ])),
        ("/v1.0/groups/g2/members", _) => {
            value(json!([member("user", "u2"), member("user", "u9")]))
        }
        ("/v1.0/groups/g2/members/microsoft.graph.user", _) => {
            value(json!([user("u2", "bob@acme.org")]))
        }
        ("/v1.0/groups/g1/members/microsoft.graph.user", _) => value(json!([])),
        ("/v1.0/organization/t", _) => Reply::json(&json!({"id": "t", "displayName": "Acme Inc."})),
        other => unreachable!("{other:?}"),
    }
}

async fn double() -> Double {
    let base = std::sync::Arc::new(parking_lot::Mutex::new(String::new()));
    let known = std::sync::Arc::clone(&base);
    let double = Double::start(move |asked, _| {
        let mut asked = asked.clone();
        let users = format!("{}/v1.0/users", known.lock());
        asked.query.insert("host".to_owned(), users);
        acme(&asked)
    })
    .await;
    base.lock().clone_from(&double.base);
    double
}

fn config(double: &Double, more: &Value) -> Value {
    let mut config = json!({
        "tenantId": "t", "clientId": "c", "clientSecret": "s3cret",
        "authority": double.base, "target": format!("{}/v1.0", double.base),
    });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

#[tokio::test]
async fn users_and_groups_of_a_tenant() {
    let double = double().await;
    let more = json!({
        "user": {"filter": "accountEnabled eq true"}, "group": {"filter": "securityEnabled eq true"},
        "queryMode": "advanced",
    });
    let provider = double
        .provider("microsoftGraphOrg", config(&double, &more))
        .unwrap();
    assert_eq!(provider.name(), "MicrosoftGraphOrgEntityProvider:default");
    let found = run(&provider).await.unwrap();
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    let expected = [
        "group:default/a-team",
        "group:default/acme_inc",
        "group:default/leaf",
        "user:default/ann.lee_acme.org",
        "user:default/bob_acme.org",
    ];
    assert_eq!(names, expected);
    let (root, leaf) = (
        &found["group:default/acme_inc"],
        &found["group:default/leaf"],
    );
    assert_eq!(root["spec"]["type"], "root");
    assert_eq!(root["spec"]["children"], json!(["group:default/a-team"]));
    assert_eq!(
        root["metadata"]["annotations"]["graph.microsoft.com/tenant-id"],
        "t"
    );
    assert_eq!(leaf["spec"]["parent"], "group:default/a-team");
    assert_eq!(
        leaf["spec"]["members"],
        json!(["user:default/bob_acme.org"])
    );
    let ann = &found["user:default/ann.lee_acme.org"];
    let annotations = &ann["metadata"]["annotations"];
    assert_eq!(
        annotations["backstage.io/managed-by-location"],
        "msgraph:default/u1"
    );
    assert_eq!(annotations["graph.microsoft.com/user-id"], "u1");
    assert_eq!(annotations["microsoft.com/email"], "ann.lee@acme.org");
    let users = double
        .asked()
        .into_iter()
        .find(|asked| asked.path == "/v1.0/users")
        .unwrap();
    assert_eq!(users.query("$filter"), "accountEnabled eq true");
    assert_eq!(users.query("$count"), "true");
    assert_eq!(users.query("$top"), "999");
}

#[tokio::test]
async fn users_who_are_in_some_groups() {
    let double = double().await;
    let more = json!({
        "userGroupMember": {"filter": "startswith(displayName, 'L')"},
        "group": {"search": "\"displayName:team\""},
    });
    let provider = double
        .provider("microsoftGraphOrg", config(&double, &more))
        .unwrap();
    let found = run(&provider).await.unwrap();
    let users = found.keys().filter(|name| name.starts_with("user:"));
    assert_eq!(users.collect::<Vec<_>>(), ["user:default/bob_acme.org"]);
}

/// A tenant that tells its changes; `$deltatoken` counts the runs.
fn changing(base: &str, asked: &Asked) -> Reply {
    let token = asked.query("$deltatoken");
    let told = |list: &str, value: Value, token: &str| {
        let link = format!("{base}/v1.0/{list}/delta?$deltatoken={token}");
        Reply::json(&json!({"value": value, "@odata.deltaLink": link}))
    };
    let member = |id: &str| json!({"@odata.type": "#microsoft.graph.user", "id": id});
    match (&*asked.path, token) {
        ("/v1.0/users/delta", "") => {
            assert!(asked.query("$select").contains("userPrincipalName"));
            let all = json!([user("u1", "ann@acme.org"), user("u2", "bob@acme.org")]);
            told("users", all, "1")
        }
        ("/v1.0/users/delta", "1") => {
            let gone = json!({"id": "u2", "@removed": {"reason": "changed"}});
            told(
                "users",
                json!([gone, {"id": "u1", "displayName": "Ann Lo"}]),
                "2",
            )
        }
        ("/v1.0/groups/delta", "") if asked.query("$skiptoken").is_empty() => {
            assert!(asked.query("$select").ends_with(",members"));
            let link = format!("{base}/v1.0/groups/delta?$skiptoken=1");
            let part = json!([{"id": "g1", "displayName": "A", "members@delta": [member("u2")]}]);
            Reply::json(&json!({"value": part, "@odata.nextLink": link}))
        }
        ("/v1.0/groups/delta", "") => {
            let rest = json!([{"id": "g1", "displayName": "A", "members@delta": [member("u1")]}]);
            told("groups", rest, "1")
        }
        ("/v1.0/groups/delta", "1") => {
            told("groups", json!([{"id": "g2", "displayName": "B"}]), "2")
        }
        ("/v1.0/users/delta" | "/v1.0/groups/delta", _) => Reply::status(410),
        _ => acme(asked),
    }
}

#[tokio::test]
async fn runs_after_the_first_ask_only_what_has_changed() {
    let base = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let known = std::sync::Arc::clone(&base);
    let double = Double::start(move |asked, _| changing(known.get().unwrap(), asked)).await;
    base.set(double.base.clone()).unwrap();
    let provider = double
        .provider("microsoftGraphOrg", config(&double, &json!({})))
        .unwrap();
    let (ann, bob) = ("user:default/ann_acme.org", "user:default/bob_acme.org");

    let first = run(&provider).await.unwrap();
    assert_eq!(
        first["group:default/a"]["spec"]["members"],
        json!([ann, bob])
    );
    let second = run(&provider).await.unwrap();
    assert_eq!(second[ann]["spec"]["profile"]["displayName"], "Ann Lo");
    assert_eq!(second[ann]["spec"]["profile"]["email"], "ann@acme.org");
    assert!(!second.contains_key(bob), "{second:?}");
    assert_eq!(second["group:default/a"]["spec"]["members"], json!([ann]));
    assert!(second.contains_key("group:default/b"));
    // Graph has forgotten what it told, so everything is read again.
    assert_eq!(run(&provider).await.unwrap(), first);

    let asked = double.asked();
    let deltas = asked.iter().filter(|it| it.path.ends_with("/users/delta"));
    let tokens: Vec<_> = deltas.map(|it| it.query("$deltatoken")).collect();
    assert_eq!(tokens, ["", "1", "2", ""]);
    assert!(!asked.iter().any(|it| it.path.ends_with("/members")));
}

#[tokio::test]
async fn a_refusal_tells_no_secret() {
    let double = Double::start(|_, _| Reply::status(401)).await;
    let provider = double
        .provider("microsoftGraphOrg", config(&double, &json!({})))
        .unwrap();
    let error = run(&provider).await.unwrap_err();
    assert!(error.chain().contains("answered 401"), "{}", error.chain());
    assert!(!error.chain().contains("s3cret"), "{}", error.chain());
    let both = json!({"user": {"filter": "a"}, "userGroupMember": {"filter": "b"}});
    let error = double
        .provider("microsoftGraphOrg", config(&double, &both))
        .err()
        .unwrap();
    assert!(error.message().contains("exclude each other"), "{error}");
}
