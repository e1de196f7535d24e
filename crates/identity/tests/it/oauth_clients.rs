//! Clients of the authorization server: which there are, and where they may be answered.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use identity::{Grant, Store};
use serde_json::json;

use super::browser::Browser;
use super::oauth_world::{REDIRECT, VERIFIER, World, text};

#[tokio::test]
async fn a_flood_keeps_nobody_out() {
    let world = World::usual().await;
    let used = world.client().await;
    world.session(&used).await;
    let now = world.lab.clock.now();
    for (kind, state) in [("session", ""), ("device", "pending"), ("client", "")] {
        for n in 0..10_100 {
            let grant = Grant {
                kind: kind.to_owned(),
                id: format!("flood-{n}"),
                owner: "flood".to_owned(),
                digest: state.to_owned(),
                body: "{}".to_owned(),
                created_at: now,
                expires_at: now + 600_000,
            };
            world.lab.store.insert_grant(grant).await.unwrap();
        }
    }
    world.lab.clock.advance(Duration::from_secs(1));
    let client = world.client().await;
    let device = [("client_id", &*client)];
    let begun = world.form("/v1/device_authorization", &device).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    // The bound is looked at now and then; until then everybody is served.
    for _ in 0..100 {
        let page = world.ask(&client, &[]).await.location();
        assert!(page.path().starts_with("/oauth2/authorize/"), "{page}");
    }
    for kind in ["session", "device", "client"] {
        let left = world.lab.store.list_grants(kind, "flood").await.unwrap();
        assert!(left.len() <= 10_000, "{kind}: {}", left.len());
    }
    // Those who came after the flood, and what a user agreed to, are still there.
    world.session(&client).await;
    world.session(&used).await;
}

#[tokio::test]
async fn clients_register_where_that_is_allowed() {
    let world = World::new(json!({
        "experimentalDynamicClientRegistration": {
            "enabled": true, "allowedRedirectUriPatterns": ["https://*.acme.org/cb"],
        },
    }))
    .await;
    for (uris, status) in [
        (json!(["https://tool.acme.org/cb"]), 201),
        (json!(["https://evil.org/x.acme.org/cb"]), 400),
        (json!(["https://a@tool.acme.org/cb"]), 400),
        (
            json!(["https://tool.acme.org/cb", "https://evil.org/cb"]),
            400,
        ),
        (json!([]), 400),
        (json!("https://tool.acme.org/cb"), 400),
    ] {
        let page = world
            .post("/v1/register", "", &json!({ "redirect_uris": uris }))
            .await;
        assert_eq!(page.status, status, "{uris}: {}", page.body);
    }
}

#[tokio::test]
async fn who_registered_before_patterns_were_narrowed_is_answered_no_more() {
    let before = World::usual().await;
    let client = before.client().await;
    let registration = |patterns: &[&str]| {
        json!({"experimentalDynamicClientRegistration": {
            "enabled": true, "allowedRedirectUriPatterns": patterns,
        }})
    };
    for (patterns, status) in [
        (&["http://127.0.0.1:*/*", "https://tool.org/*"][..], 302),
        (&["https://tool.org/*"], 401),
    ] {
        let store = Arc::clone(&before.lab.store);
        let after = World::over(store, registration(patterns)).await;
        let page = after.ask(&client, &[]).await;
        assert_eq!(page.status, status, "{patterns:?}: {}", page.body);
    }
}

#[tokio::test]
async fn clients_with_a_secret_show_it() {
    let world = World::usual().await;
    let wanted = json!({"redirect_uris": [REDIRECT]});
    let made = world.post("/v1/register", "", &wanted).await.json();
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    for (shown, status) in [("", 401), ("wrong", 401), (secret, 200)] {
        let code = world.code(id, &[]).await;
        let page = world.redeem(id, &code, &[("client_secret", shown)]).await;
        assert_eq!(page.status, status, "{}", page.body);
    }
    let code = world.code(id, &[]).await;
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let headers = [
        (AUTHORIZATION.as_str(), &*basic),
        (CONTENT_TYPE.as_str(), "application/json"),
    ];
    let body = json!({
        "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    });
    let page = Browser::new(&world.lab)
        .send("POST", "/api/auth/v1/token", &headers, &body.to_string())
        .await;
    assert_eq!(page.status, 200, "{}", page.body);
}

#[tokio::test]
async fn our_own_command_line_is_known_and_strangers_are_not() {
    let world = World::usual().await;
    let cli = "https://portal.acme.org/api/auth/.well-known/oauth-client/cli.json";
    let described = world.get("/.well-known/oauth-client/cli.json").await.json();
    assert_eq!(described["client_id"], cli);
    assert_eq!(world.ask(cli, &[]).await.status, 302);
    for id in [
        "https://evil.org/client.json",
        "https://claude.ai.evil.org/client.json",
        "https://claude.ai@evil.org/client.json",
        "http://claude.ai/client.json",
        "https://169.254.169.254/client.json",
    ] {
        assert_eq!(world.ask(id, &[]).await.status, 401, "{id}");
    }
}

/// CVE-2026-32236: the address of a document leads to a machine of the own network.
#[tokio::test]
async fn documents_are_not_read_from_the_own_network() {
    let world = World::new(json!({
        "clientIdMetadataDocuments": {"enabled": true, "allowedClientIdPatterns": ["*"]},
    }))
    .await;
    let page = world.ask("https://localhost/client.json", &[]).await;
    assert_eq!(page.status, 401, "{}", page.body);
    assert!(page.body.contains("cannot be read"), "{}", page.body);
}
