//! What is told of the authorization server, of its tokens, and of who acts for a user.

use std::sync::Arc;

use identity::{AccessTokens, Restriction, Store};
use serde_json::json;

use super::oauth_world::{USER, World, text};

#[tokio::test]
async fn the_server_describes_what_it_can_do() {
    let world = World::usual().await;
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let said = world.get(path).await.json();
        assert_eq!(said["issuer"], "https://portal.acme.org/api/auth");
        assert_eq!(said["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(said["response_types_supported"], json!(["code"]));
        assert_eq!(said["authorization_response_iss_parameter_supported"], true);
        assert_eq!(said["client_id_metadata_document_supported"], true);
        for endpoint in [
            "registration",
            "revocation",
            "token",
            "authorization",
            "introspection",
        ] {
            assert!(
                said[format!("{endpoint}_endpoint")].is_string(),
                "{endpoint}"
            );
        }
    }
    let off = World::new(json!({
        "clientIdMetadataDocuments": {"enabled": false},
        "experimentalDynamicClientRegistration": {"enabled": false},
    }))
    .await;
    let page = off.get("/v1/authorize?client_id=x").await;
    assert_eq!(page.status, 404, "{}", page.body);
    assert!(
        page.body.contains("Unknown auth provider 'v1'"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn tokens_are_looked_at_by_their_owners() {
    let world = World::usual().await;
    let look = async |asking: &str, token: &str| {
        let body = json!({ "token": token });
        world.post("/v1/introspect", asking, &body).await.json()
    };
    let own = look(&world.token, &world.token).await;
    assert_eq!((&own["active"], &own["sub"]), (&json!(true), &json!(USER)));
    assert_eq!(
        look(&world.token, "nonsense").await,
        json!({"active": false})
    );
    let bob = "user:default/bob";
    let of_bob = world
        .lab
        .identity
        .issue_user_token(bob, vec![bob.to_owned()])
        .await
        .unwrap();
    assert_eq!(
        look(&world.token, &of_bob.token).await,
        json!({"active": false})
    );
    assert_eq!(look("", &world.token).await["error"], "access_denied");
}

#[tokio::test]
async fn what_is_told_of_a_token_is_what_it_is_for() {
    let world = World::usual().await;
    let client = world.client().await;
    let store = Arc::clone(&world.lab.store) as Arc<dyn Store>;
    let tokens = AccessTokens::new(store, world.lab.clock.clone());
    let only = |plugin: &str| Restriction {
        plugin: plugin.to_owned(),
        permissions: Vec::new(),
        actions: Vec::new(),
    };
    let resource = "https://portal.acme.org/api/catalog";
    let cases = [
        ("openid catalog:read", "openid catalog:read"),
        ("openid", "openid"),
    ];
    let (_, whole) = tokens.create("ci", Vec::new(), None).await.unwrap();
    let (_, auth) = tokens.create("ci", vec![only("auth")], None).await.unwrap();
    let (_, other) = tokens
        .create("ci", vec![only("catalog")], None)
        .await
        .unwrap();
    for (asked, scope) in cases {
        let agreed = [("scope", asked), ("resource", resource)];
        let code = world.code(&client, &agreed).await;
        let session = world.redeem(&client, &code, &[]).await.json();
        let body = json!({"token": session["access_token"]});
        for asking in [&whole, &auth] {
            let page = world.post("/v1/introspect", asking.expose(), &body).await;
            let said = page.json();
            assert_eq!(said["active"], true, "{said}");
            assert_eq!(said["aud"], resource, "{said}");
            assert_eq!(said["client_id"], client, "{said}");
            assert_eq!(said["scope"], scope, "{said}");
        }
        let page = world.post("/v1/introspect", other.expose(), &body).await;
        assert_eq!(page.status, 403, "{}", page.body);
        assert_eq!(page.json()["error"], "access_denied");
    }
}

#[tokio::test]
async fn users_see_who_acts_for_them_and_end_it() {
    let world = World::usual().await;
    let client = world.client().await;
    let session = world.session(&client).await;
    let other = world
        .lab
        .identity
        .issue_user_token("user:default/bob", vec![]);
    let other = other.await.unwrap().token;
    let tool = text(&session, "access_token");

    let listed = world.send("GET", "/v1/acting", &world.token).await.json();
    let [item] = &listed["items"].as_array().unwrap()[..] else {
        panic!("{listed}");
    };
    assert_eq!(item["clientName"], "Tool");
    assert_eq!(item["clientId"], client);
    assert_eq!(item["scope"], "openid offline_access");
    let own = format!("/v1/acting/{}", text(item, "id"));

    // Not others, not the tool itself, and nobody without credentials.
    let cases = [
        ("GET", "/v1/acting", &*other, 200),
        ("GET", "/v1/acting", tool, 403),
        ("GET", "/v1/acting", "", 403),
        ("GET", "/v1/browser-sessions", tool, 403),
        ("DELETE", "/v1/browser-sessions", tool, 403),
        ("DELETE", &*own, &*other, 404),
        ("DELETE", &*own, tool, 403),
        ("DELETE", &*own, "", 403),
        ("DELETE", "/v1/acting/nothing", &*world.token, 404),
        ("DELETE", &*own, &*world.token, 204),
        ("DELETE", &*own, &*world.token, 404),
    ];
    for (method, path, token, status) in cases {
        let page = world.send(method, path, token).await;
        assert_eq!(page.status, status, "{method} {path}: {}", page.body);
        let is_list = method == "GET" && status == 200;
        assert!(
            !is_list || page.json()["items"] == json!([]),
            "{}",
            page.body
        );
    }
    let token = text(&session, "refresh_token");
    let page = world.renew(&client, token, &[]).await;
    assert_eq!(page.json()["error"], "invalid_grant");
}
