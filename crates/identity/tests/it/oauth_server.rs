//! The authorization server: tools get tokens by which they act as their user, and no others do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use identity::{AccessTokens, Grant, MemoryStore, Restriction, Settings, Stage, Store};
use platform::ctx::Caller;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::browser::{Browser, Page};
use super::lab::{Lab, bearer};
use super::people::People;
use super::vendor::Vendor;

const REDIRECT: &str = "http://127.0.0.1:8055/callback";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-accepted-here";
pub(crate) const USER: &str = "user:default/alice";

fn challenge() -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref())
}

/// A portal with the server on, and somebody who is signed in.
pub(crate) struct World {
    pub(crate) lab: Lab,
    pub(crate) token: String,
}

impl World {
    pub(crate) async fn new(change: Value) -> Self {
        Self::over(Arc::default(), change).await
    }

    /// A portal with other settings over a store that another one has used.
    async fn over(store: Arc<MemoryStore>, change: Value) -> Self {
        let mut auth = json!({
            "experimentalDynamicClientRegistration": {"enabled": true},
            "clientIdMetadataDocuments": {"enabled": true},
            "experimentalRefreshToken": {"enabled": true, "maxTokensPerUser": 2},
        });
        for (key, value) in change.as_object().unwrap() {
            auth[key] = value.clone();
        }
        let auth = serde_json::from_value(auth).unwrap();
        let base: Url = "https://portal.acme.org".parse().unwrap();
        let access = serde_json::from_value(json!({})).unwrap();
        let settings = Settings::from_config(
            base.clone(),
            base,
            Stage::Production,
            &auth,
            &access,
            &platform::config::DiscoveryConfig::default(),
        )
        .unwrap();
        let people = Arc::new(People::usual());
        let lab = Lab::among(settings, store, Vendor::new(), Some(people));
        let owners = vec![USER.to_owned()];
        let token = lab
            .identity
            .issue_user_token(USER, owners)
            .await
            .unwrap()
            .token;
        Self { lab, token }
    }

    pub(crate) async fn usual() -> Self {
        Self::new(json!({})).await
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        Browser::new(&self.lab)
            .get(&format!("/api/auth{path}"))
            .await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Page {
        let bearer = format!("Bearer {token}");
        let headers = [
            (CONTENT_TYPE.as_str(), "application/json"),
            (AUTHORIZATION.as_str(), &*bearer),
        ];
        let path = format!("/api/auth{path}");
        let body = body.to_string();
        Browser::new(&self.lab)
            .send("POST", &path, &headers, &body)
            .await
    }

    async fn send(&self, method: &str, path: &str, token: &str) -> Page {
        let bearer = format!("Bearer {token}");
        let path = format!("/api/auth{path}");
        Browser::new(&self.lab)
            .send(method, &path, &[(AUTHORIZATION.as_str(), &*bearer)], "")
            .await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let path = format!("/api/auth{path}");
        Browser::new(&self.lab)
            .post_form(&path, &form.finish())
            .await
    }

    /// A public client of its own; its id.
    pub(crate) async fn client(&self) -> String {
        let wanted = json!({
            "client_name": "Tool", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none",
        });
        let page = self.post("/v1/register", "", &wanted).await;
        assert_eq!(page.status, 201, "{}", page.body);
        page.json()["client_id"].as_str().unwrap().to_owned()
    }

    /// The question that a client asks; its id.
    pub(crate) async fn ask(&self, client: &str, more: &[(&str, &str)]) -> Page {
        let challenge = challenge();
        let mut query = vec![
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid offline_access everything"),
            ("state", "s t&"),
            ("code_challenge", &*challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in more {
            query.retain(|(known, _)| known != name);
            query.push((name, value));
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(query.into_iter().filter(|(_, value)| !value.is_empty()));
        self.get(&format!("/v1/authorize?{}", form.finish())).await
    }

    /// Asks, and the user says yes; the code.
    pub(crate) async fn code(&self, client: &str, more: &[(&str, &str)]) -> String {
        let page = self.ask(client, more).await.location();
        let id = page
            .path_segments()
            .unwrap()
            .next_back()
            .unwrap()
            .to_owned();
        let page = self
            .post(
                &format!("/v1/sessions/{id}/approve"),
                &self.token,
                &json!({}),
            )
            .await;
        let back: Url = page.json()["redirectUrl"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let answer = query_of(&back);
        assert_eq!(answer["state"], "s t&");
        assert_eq!(answer["iss"], "https://portal.acme.org/api/auth");
        answer["code"].clone()
    }

    pub(crate) async fn redeem(&self, client: &str, code: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in more {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        self.form("/v1/token", &fields).await
    }

    /// A whole session.
    pub(crate) async fn session(&self, client: &str) -> Value {
        let code = self.code(client, &[]).await;
        let page = self.redeem(client, &code, &[]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    }

    pub(crate) async fn renew(&self, client: &str, token: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("refresh_token", token),
        ];
        fields.extend(more);
        self.form("/v1/token", &fields).await
    }
}

fn query_of(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap()
}

#[tokio::test]
async fn a_tool_acts_as_its_user() {
    let world = World::usual().await;
    let client = world.client().await;
    let page = world.ask(&client, &[]).await.location();
    let question = page
        .as_str()
        .strip_prefix("https://portal.acme.org/oauth2/authorize/");
    let asked = world
        .get(&format!("/v1/sessions/{}", question.unwrap()))
        .await
        .json();
    assert_eq!(asked["clientName"], "Tool");
    assert_eq!(asked["redirectUri"], REDIRECT);
    assert_eq!(asked["scope"], "openid offline_access");

    let session = world.session(&client).await;
    assert_eq!(session["token_type"], "Bearer");
    assert_eq!(session["expires_in"], 3_600);
    assert_eq!(session["scope"], "openid offline_access");
    assert_eq!(
        world.lab.outcome(text(&session, "access_token")).await,
        USER
    );

    let again = world
        .renew(&client, text(&session, "refresh_token"), &[])
        .await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(again.headers["cache-control"], "no-store");
    let again = again.json();
    assert_eq!(world.lab.outcome(text(&again, "access_token")).await, USER);
    assert_ne!(again["refresh_token"], session["refresh_token"]);
}

#[tokio::test]
async fn a_code_is_for_one_client_one_address_and_one_use() {
    let world = World::usual().await;
    let client = world.client().await;
    let other = world.client().await;
    let wrong: [&[(&str, &str)]; 6] = [
        &[("client_id", &other)],
        &[("redirect_uri", "http://127.0.0.1:9/callback")],
        &[(
            "code_verifier",
            "another-verifier-that-is-long-enough-to-be-one",
        )],
        &[("code_verifier", "short")],
        &[("code", "nonsense")],
        &[("resource", "https://evil.org/")],
    ];
    for change in wrong {
        let code = world.code(&client, &[]).await;
        let page = world.redeem(&client, &code, change).await;
        assert_eq!(page.status, 400, "{change:?}: {}", page.body);
    }
    let code = world.code(&client, &[]).await;
    world.lab.clock.advance(Duration::from_mins(10));
    assert_eq!(
        world.redeem(&client, &code, &[]).await.json()["error"],
        "invalid_grant"
    );

    // A code that is used twice was stolen: what came of it ends.
    let code = world.code(&client, &[]).await;
    let session = world.redeem(&client, &code, &[]).await.json();
    let page = world.redeem(&client, &code, &[]).await;
    assert_eq!(page.json()["error"], "invalid_grant");
    let page = world
        .renew(&client, text(&session, "refresh_token"), &[])
        .await;
    assert_eq!(page.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_ends_the_session() {
    let world = World::usual().await;
    let client = world.client().await;
    let first = world.session(&client).await;
    let first = text(&first, "refresh_token");
    let second = world.renew(&client, first, &[]).await.json();
    let second = text(&second, "refresh_token");
    assert_eq!(
        world.renew(&client, first, &[]).await.json()["error"],
        "invalid_grant"
    );
    assert_eq!(
        world.renew(&client, second, &[]).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_tool_is_told_apart_from_its_user() {
    let world = World::usual().await;
    let client = world.client().await;
    let actor_of = async |token: &str| {
        let authenticator = world.lab.identity.authenticator("catalog");
        match &*authenticator.authenticate(&bearer(token)).await.unwrap() {
            Caller::User(user) => user.actor.clone(),
            other => panic!("{other:?}"),
        }
    };
    let session = world.session(&client).await;
    let actor = actor_of(text(&session, "access_token")).await;
    assert_eq!(actor.as_deref(), Some(&*client));
    assert_eq!(actor_of(&world.token).await, None);
}

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
async fn a_refused_request_changes_nothing() {
    let world = World::usual().await;
    let client = world.client().await;
    let foreign = [("resource", "https://evil.org/")];
    let agreed = [("scope", "openid offline_access catalog:read")];
    let code = world.code(&client, &agreed).await;
    let refused = world.redeem(&client, &code, &foreign).await;
    assert_eq!(refused.json()["error"], "invalid_target");
    let page = world.redeem(&client, &code, &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);

    let session = page.json();
    let token = text(&session, "refresh_token");
    let wider = [("scope", "openid catalog:write")];
    let unknown = [("scope", "openid nonsense:own")];
    for (change, error) in [
        (&wider, "invalid_scope"),
        (&unknown, "invalid_scope"),
        (&foreign, "invalid_target"),
    ] {
        let refused = world.renew(&client, token, change).await;
        assert_eq!(refused.json()["error"], error, "{change:?}");
    }
    let page = world.renew(&client, token, &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);

    // An old token is a stolen one, whatever else is wrong with the request.
    let refused = world.renew(&client, token, &foreign).await;
    assert_eq!(refused.json()["error"], "invalid_grant");
    let current = page.json();
    let page = world
        .renew(&client, text(&current, "refresh_token"), &[])
        .await;
    assert_eq!(page.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_session_ends() {
    let world = World::usual().await;
    let (one, two, three) = (
        world.client().await,
        world.client().await,
        world.client().await,
    );
    let sessions = [
        world.session(&one).await,
        world.session(&two).await,
        world.session(&three).await,
    ];
    // Two at once per user; the oldest goes.
    let gone = world
        .renew(&one, text(&sessions[0], "refresh_token"), &[])
        .await;
    assert_eq!(gone.json()["error"], "invalid_grant");

    // Revoked, but not by somebody else.
    let token = text(&sessions[1], "refresh_token");
    for (client, status) in [(&three, 200), (&two, 200)] {
        let fields = [("client_id", &**client), ("token", token)];
        assert_eq!(world.form("/v1/revoke", &fields).await.status, status);
        let left = world.lab.store.list_grants("refresh", USER).await.unwrap();
        assert_eq!(left.len(), if client == &three { 2 } else { 1 });
    }
    let page = world.form("/v1/revoke", &[("token", token)]).await;
    assert_eq!(page.status, 401, "{}", page.body);

    // Not used for long.
    world.lab.clock.advance(Duration::from_hours(24 * 30));
    let late = world
        .renew(&three, text(&sessions[2], "refresh_token"), &[])
        .await;
    assert_eq!(late.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn nobody_is_sent_where_the_client_is_not() {
    let world = World::usual().await;
    let client = world.client().await;
    for redirect in [
        "https://evil.org/callback",
        "http://127.0.0.1:8055/other",
        "http://127.0.0.1:8055@evil.org/callback",
        "http://127.0.0.1.evil.org:8055/callback",
        "javascript:alert(1)",
        "",
    ] {
        let page = world.ask(&client, &[("redirect_uri", redirect)]).await;
        assert_eq!(page.status, 400, "{redirect}: {}", page.body);
    }
    let page = world.ask("nobody", &[]).await;
    assert_eq!(page.status, 401, "{}", page.body);
    // Any port of the user's own machine.
    let page = world
        .ask(&client, &[("redirect_uri", "http://127.0.0.1:9/callback")])
        .await;
    assert_eq!(page.status, 302, "{}", page.body);

    // Other mistakes go back to the client.
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("resource", "https://evil.org/api/catalog", "invalid_target"),
        (
            "resource",
            "https://portal.acme.org/elsewhere",
            "invalid_target",
        ),
        (
            "resource",
            "https://portal.acme.org/api/auth",
            "invalid_target",
        ),
    ] {
        let url = world.ask(&client, &[(name, value)]).await.location();
        assert!(url.as_str().starts_with(REDIRECT), "{url}");
        let answer = query_of(&url);
        assert_eq!(answer["error"], error, "{name}={value}");
        assert_eq!(answer["state"], "s t&");
        assert_eq!(answer["iss"], "https://portal.acme.org/api/auth");
    }
}

#[tokio::test]
async fn only_the_user_answers_and_only_once() {
    let world = World::usual().await;
    let client = world.client().await;
    let page = world.ask(&client, &[]).await.location();
    let id = page
        .path_segments()
        .unwrap()
        .next_back()
        .unwrap()
        .to_owned();
    let approve = format!("/v1/sessions/{id}/approve");
    let bound = world.code(&client, &[]).await;
    let bound = world.redeem(&client, &bound, &[]).await.json();
    let bound = text(&bound, "access_token").to_owned();
    let limited = {
        let caller = world.lab.authenticate(&world.token).await.unwrap();
        let platform::ctx::Caller::User(user) = &*caller else {
            panic!("{caller:?}");
        };
        user.limited_token.clone().unwrap()
    };
    for token in ["", "nonsense", &*limited] {
        let page = world.post(&approve, token, &json!({})).await;
        assert_eq!(page.status, 403, "{}", page.body);
        assert_eq!(page.json()["error"], "access_denied");
    }
    // What a tool got cannot say yes to another tool.
    let page = world.post(&approve, &bound, &json!({})).await;
    assert_eq!(page.status, 403, "{}", page.body);
    let reject = format!("/v1/sessions/{id}/reject");
    let page = world.post(&reject, &world.token, &json!({})).await;
    let back: Url = text(&page.json(), "redirectUrl").parse().unwrap();
    assert_eq!(query_of(&back)["error"], "access_denied");
    let page = world.post(&approve, &world.token, &json!({})).await;
    assert_eq!(page.status, 400, "{}", page.body);

    let page = world.ask(&client, &[]).await.location();
    let id = page
        .path_segments()
        .unwrap()
        .next_back()
        .unwrap()
        .to_owned();
    world.lab.clock.advance(Duration::from_mins(59));
    assert_eq!(world.get(&format!("/v1/sessions/{id}")).await.status, 200);
    world.lab.clock.advance(Duration::from_mins(1));
    assert_eq!(world.get(&format!("/v1/sessions/{id}")).await.status, 400);
}

#[tokio::test]
async fn a_token_for_a_resource_opens_that_resource_only() {
    let world = World::usual().await;
    let client = world.client().await;
    let resource = "https://portal.acme.org/api/catalog/mcp";
    let code = world.code(&client, &[("resource", resource)]).await;
    let session = world
        .redeem(&client, &code, &[("resource", resource)])
        .await
        .json();
    let token = text(&session, "access_token");
    assert_eq!(session.get("id_token"), None);
    assert_eq!(world.lab.outcome(token).await, USER);
    let elsewhere = world.lab.identity.authenticator("techdocs");
    let headers = super::lab::bearer(token);
    let error = elsewhere.authenticate(&headers).await.unwrap_err();
    assert_eq!(error.message(), "Illegal token");
    let other = [("resource", "https://portal.acme.org/api/techdocs")];
    let page = world
        .renew(&client, text(&session, "refresh_token"), &other)
        .await;
    assert_eq!(page.json()["error"], "invalid_target");
    for wrong in [
        "https://portal.acme.org/api/catalog#techdocs",
        "https://portal.acme.org/api/auth",
        "https://portal.acme.org/api/catalog/../auth",
        "https://portal.acme.org.evil.org/api/catalog",
    ] {
        let back = world.ask(&client, &[("resource", wrong)]).await.location();
        assert_eq!(
            query_of(&back)["error"],
            "invalid_target",
            "{wrong}: {back}"
        );
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
