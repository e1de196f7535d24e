//! Programs without a browser, and tokens that do less than their user may.

use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use platform::ctx::{Caller, Reach};
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use super::lab::bearer;
use super::oauth_world::{USER, World, text};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl World {
    /// A program begins to wait.
    async fn begin(&self, client: &str, scope: &str) -> Value {
        let fields = [("client_id", client), ("scope", scope)];
        let page = self.form("/v1/device_authorization", &fields).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    }

    async fn poll(&self, client: &str, code: &str) -> Page {
        let fields = [
            ("grant_type", GRANT),
            ("client_id", client),
            ("device_code", code),
        ];
        self.form("/v1/token", &fields).await
    }

    async fn look(&self, user_code: &str, token: &str) -> Page {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", &*authorization)];
        let path = format!("/api/auth/v1/device/{user_code}");
        Browser::new(&self.lab)
            .send("GET", &path, &headers, "")
            .await
    }

    async fn answer(&self, user_code: &str, answer: &str, token: &str) -> Page {
        let path = format!("/v1/device/{user_code}/{answer}");
        self.post(&path, token, &json!({})).await
    }

    /// A session that was agreed on with some scopes.
    async fn scoped(&self, client: &str, scope: &str) -> Value {
        let code = self.code(client, &[("scope", scope)]).await;
        let page = self.redeem(client, &code, &[]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    }

    /// How far a token goes on a plugin.
    async fn reach(&self, token: &str, plugin: &'static str) -> Option<Reach> {
        let authenticator = self.lab.identity.authenticator(plugin);
        let caller = authenticator.authenticate(&bearer(token)).await.ok()?;
        match &*caller {
            Caller::User(user) => Some(user.reach),
            other => unreachable!("{other:?}"),
        }
    }
}

fn error(page: &Page) -> String {
    assert_eq!(page.status, 400, "{}", page.body);
    text(&page.json(), "error").to_owned()
}

#[tokio::test]
async fn a_program_without_a_browser_acts_for_who_typed_its_code() {
    let world = World::usual().await;
    let client = world.client().await;
    let begun = world
        .begin(&client, "openid offline_access catalog:read")
        .await;
    let (code, user_code) = (text(&begun, "device_code"), text(&begun, "user_code"));
    let page = "https://portal.acme.org/oauth2/device";
    assert_eq!(begun["verification_uri"], page);
    let complete = format!("{page}?user_code={user_code}");
    assert_eq!(begun["verification_uri_complete"], complete);
    assert_eq!(
        (&begun["expires_in"], &begun["interval"]),
        (&json!(600), &json!(5))
    );

    assert_eq!(
        error(&world.poll(&client, code).await),
        "authorization_pending"
    );
    // Typed without the dash, in small letters.
    let typed = user_code.replace('-', "").to_lowercase();
    let asked = world.look(&typed, &world.token).await.json();
    assert_eq!(asked["clientName"], "Tool");
    assert_eq!(asked["clientId"], *client);
    assert_eq!(asked["scope"], "openid offline_access catalog:read");
    assert_eq!(
        asked["access"],
        json!([{"plugin": "catalog", "reach": "read"}])
    );
    assert!(asked["expiresAt"].is_string());
    let page = world.answer(&typed, "approve", &world.token).await;
    assert_eq!((page.status, &*page.body), (200, "{}"));

    world.lab.clock.advance(Duration::from_secs(5));
    // A refused request changes nothing.
    let fields = [
        ("grant_type", GRANT),
        ("client_id", &*client),
        ("device_code", code),
        ("resource", "https://evil.org/"),
    ];
    let refused = world.form("/v1/token", &fields).await;
    assert_eq!(error(&refused), "invalid_target");
    let session = world.poll(&client, code).await;
    assert_eq!(session.status, 200, "{}", session.body);
    assert_eq!(session.headers["cache-control"], "no-store");
    let session = session.json();
    assert_eq!(
        world.lab.outcome(text(&session, "access_token")).await,
        USER
    );
    let again = world
        .renew(&client, text(&session, "refresh_token"), &[])
        .await;
    assert_eq!(again.status, 200, "{}", again.body);

    // Neither code opens anything again.
    assert_eq!(error(&world.poll(&client, code).await), "invalid_grant");
    let page = world.answer(user_code, "approve", &world.token).await;
    assert_eq!(error(&page), "invalid_request");
}

#[tokio::test]
async fn a_program_waits_its_turn_and_not_for_ever() {
    let world = World::usual().await;
    let client = world.client().await;
    let begun = world.begin(&client, "openid").await;
    let code = text(&begun, "device_code");
    let expected = [
        (0, "authorization_pending"),
        (4, "slow_down"),
        (9, "slow_down"),
        (15, "authorization_pending"),
        (14, "slow_down"),
        (20, "authorization_pending"),
        (600, "expired_token"),
    ];
    for (seconds, expected) in expected {
        world.lab.clock.advance(Duration::from_secs(seconds));
        let page = world.poll(&client, code).await;
        assert_eq!(error(&page), expected, "after {seconds} s");
    }
    let page = world
        .answer(text(&begun, "user_code"), "approve", &world.token)
        .await;
    assert_eq!(error(&page), "invalid_request");
    assert_eq!(
        error(&world.poll(&client, "nonsense").await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_user_says_no_to_a_program_that_waits() {
    let world = World::usual().await;
    let client = world.client().await;
    let begun = world.begin(&client, "openid").await;
    let page = world
        .answer(text(&begun, "user_code"), "reject", &world.token)
        .await;
    assert_eq!(page.status, 200, "{}", page.body);
    let page = world.poll(&client, text(&begun, "device_code")).await;
    assert_eq!(error(&page), "access_denied");
}

#[tokio::test]
async fn only_the_program_that_waits_gets_tokens() {
    let world = World::usual().await;
    let (client, other) = (world.client().await, world.client().await);
    let begun = world.begin(&client, "openid").await;
    world
        .answer(text(&begun, "user_code"), "approve", &world.token)
        .await;
    let page = world.poll(&other, text(&begun, "device_code")).await;
    assert_eq!(error(&page), "invalid_grant");
    let page = world.form("/v1/device_authorization", &[]).await;
    assert_eq!(page.status, 401, "{}", page.body);
    let strange = [("client_id", "nobody")];
    let page = world.form("/v1/device_authorization", &strange).await;
    assert_eq!(page.status, 401, "{}", page.body);
    for (name, value, expected) in [
        ("scope", "catalog:everything", "invalid_scope"),
        ("resource", "https://evil.org/api/catalog", "invalid_target"),
    ] {
        let fields = [("client_id", &*client), (name, value)];
        let page = world.form("/v1/device_authorization", &fields).await;
        assert_eq!(error(&page), expected, "{name}={value}");
    }
}

#[tokio::test]
async fn codes_are_for_people_who_are_signed_in_and_do_not_guess() {
    let world = World::usual().await;
    let client = world.client().await;
    let begun = world.begin(&client, "openid").await;
    let user_code = text(&begun, "user_code");
    let tool = world.session(&client).await;
    for token in ["", "nonsense", text(&tool, "access_token")] {
        for page in [
            world.look(user_code, token).await,
            world.answer(user_code, "approve", token).await,
            world.answer(user_code, "reject", token).await,
        ] {
            assert_eq!(page.status, 403, "{}", page.body);
            assert_eq!(page.json()["error"], "access_denied");
        }
    }
    for _ in 0..20 {
        let page = world.look("BCDF-BCDF", &world.token).await;
        assert_eq!(error(&page), "invalid_request");
    }
    let page = world.look(user_code, &world.token).await;
    assert_eq!(page.status, 429, "{}", page.body);
    assert_eq!(page.json()["error"], "slow_down");
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say() {
    let world = World::usual().await;
    let client = world.client().await;
    for (scope, on_catalog, on_techdocs) in [
        ("openid", Some(Reach::Delete), Some(Reach::Delete)),
        ("openid catalog:read", Some(Reach::Read), None),
        ("portal:write", Some(Reach::Write), Some(Reach::Write)),
    ] {
        let session = world.scoped(&client, scope).await;
        let token = text(&session, "access_token");
        assert_eq!(session["scope"], scope);
        assert_eq!(world.reach(token, "catalog").await, on_catalog, "{scope}");
        assert_eq!(world.reach(token, "techdocs").await, on_techdocs, "{scope}");
        // Everybody may ask who they are; only wide tokens are proofs of it.
        let (status, body) = world.lab.get("/api/auth/v1/userinfo", token).await;
        assert_eq!(status, 200, "{scope}: {body}");
        assert_eq!(
            session.get("id_token").is_some(),
            scope == "openid",
            "{scope}"
        );
    }
}

#[tokio::test]
async fn a_narrow_token_becomes_no_wide_one() {
    let world = World::usual().await;
    let client = world.client().await;
    let session = world
        .scoped(&client, "openid offline_access catalog:write")
        .await;
    let mut refresh = text(&session, "refresh_token").to_owned();
    for (asked, reach) in [
        ("catalog:read", Reach::Read),
        ("openid", Reach::Write),
        ("catalog:write", Reach::Write),
    ] {
        let page = world.renew(&client, &refresh, &[("scope", asked)]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        refresh = text(&page, "refresh_token").to_owned();
        let token = text(&page, "access_token");
        assert_eq!(world.reach(token, "catalog").await, Some(reach), "{asked}");
        assert_eq!(world.reach(token, "techdocs").await, None, "{asked}");
    }
    let page = world
        .renew(&client, &refresh, &[("scope", "portal:read")])
        .await;
    assert_eq!(error(&page), "invalid_scope");
    // No cookie, and nothing for a plugin to act with.
    let token = text(&session, "access_token");
    let caller = world.lab.authenticate(token).await.unwrap();
    let Caller::User(user) = &*caller else {
        panic!("{caller:?}");
    };
    assert_eq!(user.limited_token, None);
    let identity = &world.lab.identity;
    let plugin = identity.issue_plugin_token("catalog", "techdocs", Some(user));
    assert!(plugin.await.is_err());
    let (status, _) = world
        .lab
        .get("/api/catalog/.backstage/auth/v1/cookie", token)
        .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn refused_programs_learn_where_to_ask() {
    let world = World::usual().await;
    let client = world.client().await;
    let session = world.scoped(&client, "catalog:read").await;
    let narrow = format!("Bearer {}", text(&session, "access_token"));
    let metadata = |plugin| {
        format!("https://portal.acme.org/.well-known/oauth-protected-resource/api/{plugin}")
    };
    let cookie = "/.backstage/auth/v1/cookie";
    let cases = [
        (
            "GET",
            "catalog",
            "",
            401,
            format!("Bearer resource_metadata=\"{}\"", metadata("catalog")),
        ),
        (
            "GET",
            "catalog",
            "Bearer x",
            401,
            format!("Bearer resource_metadata=\"{}\"", metadata("catalog")),
        ),
        (
            "GET",
            "techdocs",
            &narrow,
            403,
            format!(
                "Bearer error=\"insufficient_scope\", scope=\"techdocs:read\", resource_metadata=\"{}\"",
                metadata("techdocs"),
            ),
        ),
        (
            "DELETE",
            "catalog",
            &narrow,
            403,
            format!(
                "Bearer error=\"insufficient_scope\", scope=\"catalog:delete\", resource_metadata=\"{}\"",
                metadata("catalog"),
            ),
        ),
    ];
    for (method, plugin, token, status, expected) in cases {
        let headers = [("authorization", token)];
        let headers = if token.is_empty() { &[][..] } else { &headers };
        let path = format!("/api/{plugin}{cookie}");
        let page = Browser::new(&world.lab)
            .send(method, &path, headers, "")
            .await;
        assert_eq!(page.status, status, "{method} {plugin}: {}", page.body);
        assert_eq!(
            page.headers[WWW_AUTHENTICATE], expected,
            "{method} {plugin}"
        );
    }
    // Where nobody gives tokens, answers are as Backstage's.
    let off = World::new(json!({
        "clientIdMetadataDocuments": {"enabled": false},
        "experimentalDynamicClientRegistration": {"enabled": false},
    }))
    .await;
    let path = format!("/api/catalog{cookie}");
    let page = Browser::new(&off.lab).get(&path).await;
    assert_eq!(page.status, 401);
    assert!(!page.headers.contains_key(WWW_AUTHENTICATE));
}
