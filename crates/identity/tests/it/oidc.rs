//! Sign-in at a provider that speaks OpenID Connect: everything that can go right, and wrong.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use identity::{Settings, Store};
use parking_lot::Mutex;
use platform::config::OAuthConfig;
use serde_json::{Value, json};
use url::Url;

use super::browser::{Browser, Page};
use super::lab::{Lab, NOW};
use super::people::People;
use super::vendor::{Signer, Vendor};

const ISSUER: &str = "https://id.acme.org";
pub(crate) const TOKEN: &str = "https://id.acme.org/token";
const USERINFO: &str = "https://id.acme.org/userinfo";
const START: &str = "/api/auth/oidc/start?env=production";
const FRAME: &str = "/api/auth/oidc/handler/frame";
pub(crate) const REFRESH: &str = "/api/auth/oidc/refresh?env=production";

fn config() -> Value {
    json!({
        "metadataUrl": "https://id.acme.org/.well-known/openid-configuration",
        "clientId": "portal",
        "clientSecret": "the-secret-of-the-client",
        "signIn": {"resolvers": [{"resolver": "emailMatchingUserEntityProfileEmail"}]},
    })
}

fn description() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.acme.org/authorize",
        "token_endpoint": TOKEN,
        "userinfo_endpoint": USERINFO,
        "jwks_uri": "https://id.acme.org/keys",
        "revocation_endpoint": "https://id.acme.org/revoke",
    })
}

/// A portal and its provider.
pub(crate) struct World {
    pub(crate) lab: Lab,
    pub(crate) vendor: Arc<Vendor>,
    signer: Signer,
    /// What stands for a session from now on.
    pub(crate) refresh_token: Mutex<String>,
}

impl World {
    async fn new(config: Value) -> Self {
        let vendor = Vendor::new();
        let signer = Signer::new().await;
        vendor.answer(
            "https://id.acme.org/.well-known/openid-configuration",
            &description(),
        );
        vendor.answer("https://id.acme.org/keys", &signer.keys());
        vendor.answer(
            USERINFO,
            &json!({
                "sub": "a-1", "email": "alice@acme.org", "email_verified": true,
                "name": "Alice", "picture": "https://acme.org/a.png",
            }),
        );
        let mut settings = Settings::new("https://portal.acme.org".parse().unwrap());
        settings.extra_origins = vec!["https://*.dev.acme.org".to_owned()];
        let config: OAuthConfig = serde_json::from_value(config).unwrap();
        let environments = [("production".to_owned(), config)].into();
        settings
            .providers
            .oauth
            .insert("oidc".to_owned(), environments);
        let people = Arc::new(People::usual());
        let lab = Lab::among(settings, Arc::default(), vendor.clone(), Some(people));
        Self {
            lab,
            vendor,
            signer,
            refresh_token: Mutex::new("the/refresh=token".to_owned()),
        }
    }

    pub(crate) async fn usual() -> Self {
        Self::new(config()).await
    }

    /// What the token endpoint answers from now on, for a page with these parameters.
    pub(crate) fn tokens(&self, page: &HashMap<String, String>, change: &Value) {
        let mut claims = json!({
            "iss": ISSUER, "aud": "portal", "sub": "a-1", "nonce": page["nonce"],
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.vendor.answer(
            TOKEN,
            &json!({
                "access_token": "the-access-token",
                "id_token": self.signer.token(&claims),
                "refresh_token": *self.refresh_token.lock(),
                "scope": "openid email",
                "token_type": "Bearer",
                "expires_in": 300,
            }),
        );
    }

    /// Goes to the provider; the parameters of its page.
    pub(crate) async fn start(
        &self,
        browser: &mut Browser<'_>,
        more: &str,
    ) -> HashMap<String, String> {
        parameters(&browser.get(&format!("{START}{more}")).await.location())
    }

    /// Goes there and comes back, with a change of the ID token.
    pub(crate) async fn sign_in(
        &self,
        browser: &mut Browser<'_>,
        more: &str,
        change: &Value,
    ) -> Page {
        let page = self.start(browser, more).await;
        self.tokens(&page, change);
        browser
            .get(&format!("{FRAME}?code=c0de&state={}", page["state"]))
            .await
    }
}

fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn somebody_signs_in_comes_back_and_leaves() {
    let world = World::usual().await;
    let mut browser = Browser::new(&world.lab);

    let page = browser
        .get(&format!(
            "{START}&scope=groups&origin=https://portal.acme.org"
        ))
        .await;
    let cookie = page.set_cookies().remove(0);
    assert!(cookie.starts_with("oidc-nonce="), "{cookie}");
    assert!(
        cookie.ends_with(
            "; Max-Age=600; Domain=portal.acme.org; Path=/api/auth/oidc; \
             Expires=Fri, 20 Nov 2026 21:42:19 GMT; HttpOnly; Secure; SameSite=Lax"
        ),
        "{cookie}"
    );
    let url = page.location();
    assert!(url.as_str().starts_with("https://id.acme.org/authorize?"));
    let asked = parameters(&url);
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], "portal");
    assert_eq!(asked["scope"], "groups openid profile email");
    assert_eq!(asked["code_challenge_method"], "S256");
    let callback = "https://portal.acme.org/api/auth/oidc/handler/frame";
    assert_eq!(asked["redirect_uri"], callback);
    assert!(!asked.contains_key("prompt"));

    world.tokens(&asked, &json!({}));
    let page = browser
        .get(&format!("{FRAME}?code=c0de&state={}", asked["state"]))
        .await;
    let (origin, message) = page.message();
    assert_eq!(origin, "https://portal.acme.org");
    let session = &message["response"];
    let profile = json!({
        "email": "alice@acme.org", "picture": "https://acme.org/a.png", "displayName": "Alice",
    });
    assert_eq!(session["profile"], profile);
    assert_eq!(session["providerInfo"]["accessToken"], "the-access-token");
    assert_eq!(session["providerInfo"]["expiresInSeconds"], 300);
    assert_eq!(session["providerInfo"]["scope"], asked["scope"]);
    let identity = &session["backstageIdentity"];
    assert_eq!(identity["identity"]["userEntityRef"], "user:default/alice");
    let owners = json!(["user:default/alice", "group:default/all"]);
    assert_eq!(identity["identity"]["ownershipEntityRefs"], owners);
    let token = identity["token"].as_str().unwrap();
    assert_eq!(world.lab.outcome(token).await, "user:default/alice");
    assert!(!page.body.contains("the/refresh=token"));

    let exchange = &world.vendor.asked(TOKEN)[0];
    assert_eq!(exchange.form["code"], "c0de");
    assert_eq!(exchange.form["redirect_uri"], callback);
    assert_eq!(exchange.form["code_verifier"].len(), 43);
    let basic = "Basic cG9ydGFsOnRoZS1zZWNyZXQtb2YtdGhlLWNsaWVudA==";
    assert_eq!(exchange.authorization.as_deref(), Some(basic));
    assert!(!exchange.form.contains_key("client_secret"));

    assert_eq!(
        browser.cookies["oidc-refresh-token"],
        "the%2Frefresh%3Dtoken"
    );
    assert!(!browser.cookies.contains_key("oidc-nonce"));
    let again = browser.ask("GET", &format!("{REFRESH}&optional")).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(again.json()["providerInfo"]["scope"], asked["scope"]);
    let user = &again.json()["backstageIdentity"]["identity"]["userEntityRef"];
    assert_eq!(user, "user:default/alice");
    let exchange = world.vendor.asked(TOKEN).pop().unwrap();
    assert_eq!(exchange.form["grant_type"], "refresh_token");
    assert_eq!(exchange.form["refresh_token"], "the/refresh=token");

    world
        .vendor
        .answer("https://id.acme.org/revoke", &json!({}));
    let bye = browser
        .ask("POST", "/api/auth/oidc/logout?env=production")
        .await;
    assert_eq!((bye.status, &*bye.body), (200, ""));
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    let revoked = &world.vendor.asked("https://id.acme.org/revoke")[0];
    assert_eq!(revoked.form["token"], "the/refresh=token");
    let gone = browser.ask("GET", REFRESH).await;
    assert_eq!(gone.status, 401);
    let text = "Refresh failed; caused by InputError: Missing session cookie";
    assert_eq!(gone.json()["error"]["message"], text);
    assert_eq!(gone.json()["error"]["cause"]["name"], "InputError");
}

#[tokio::test]
async fn two_tabs_sign_in_at_once() {
    let world = World::usual().await;
    let mut browser = Browser::new(&world.lab);
    let first = world.start(&mut browser, "").await;
    let second = world.start(&mut browser, "").await;
    for page in [&first, &second] {
        world.tokens(page, &json!({}));
        let page = browser
            .get(&format!("{FRAME}?code=c0de&state={}", page["state"]))
            .await;
        let (_, message) = page.message();
        assert!(
            message["response"]["backstageIdentity"].is_object(),
            "{message}"
        );
    }
    let exchanges = world.vendor.asked(TOKEN);
    assert_ne!(
        exchanges[0].form["code_verifier"],
        exchanges[1].form["code_verifier"]
    );
}

#[tokio::test]
async fn the_redirect_flow_goes_back_to_the_page_it_began_on() {
    let world = World::usual().await;
    let flow = "&flow=redirect&redirectUrl=https://portal.acme.org/catalog?a=b";
    let mut browser = Browser::new(&world.lab);
    let page = world.sign_in(&mut browser, flow, &json!({})).await;
    assert_eq!(
        page.location().as_str(),
        "https://portal.acme.org/catalog?a=b"
    );
    assert_eq!(browser.ask("GET", REFRESH).await.status, 200);

    let mut stranger = Browser::new(&world.lab);
    let strange = json!({"sub": "x"});
    let page = world.sign_in(&mut stranger, flow, &strange).await;
    let error = &parameters(&page.location())["error"];
    assert!(error.starts_with("Authentication failed."), "{error}");
    assert_eq!(page.location().host_str(), Some("portal.acme.org"));
}

#[tokio::test]
async fn only_the_portal_learns_the_result() {
    let world = World::usual().await;
    let cases = [
        ("&origin=https://portal.acme.org", 302),
        ("&origin=https://a.dev.acme.org", 302),
        ("&origin=https://evil.org", 403),
        ("&origin=nonsense", 400),
        ("&redirectUrl=https://evil.org/&flow=redirect", 403),
        ("&redirectUrl=javascript:alert(1)&flow=redirect", 403),
        ("&redirectUrl=//evil.org&flow=redirect", 400),
        ("&redirectUrl=https://portal.acme.org/x&flow=redirect", 302),
    ];
    for (more, status) in cases {
        let page = Browser::new(&world.lab)
            .get(&format!("{START}{more}"))
            .await;
        assert_eq!(page.status, status, "{more}: {}", page.body);
    }

    // Whoever writes a state of their own gets no further.
    for change in [
        ("origin", "https://evil.org"),
        ("redirectUrl", "https://evil.org/"),
    ] {
        let mut browser = Browser::new(&world.lab);
        let asked = world.start(&mut browser, "&flow=redirect").await;
        world.tokens(&asked, &json!({}));
        let state = with_state(&asked["state"], change);
        let page = browser
            .get(&format!("{FRAME}?code=c0de&state={state}"))
            .await;
        let (origin, _) = page.message();
        assert_eq!(origin, "https://portal.acme.org", "{change:?}");
        assert!(page.error().contains("is not allowed"), "{}", page.body);
        assert!(!browser.cookies.contains_key("oidc-refresh-token"));
    }
}

/// A state with one more member.
fn with_state(state: &str, (name, value): (&str, &str)) -> String {
    use std::fmt::Write as _;
    let mut more = url::form_urlencoded::Serializer::new(String::new());
    more.append_pair(name, value);
    let mut state = state.to_owned();
    for byte in format!("&{}", more.finish()).bytes() {
        write!(state, "{byte:02x}").unwrap();
    }
    state
}

#[tokio::test]
async fn an_answer_belongs_to_the_browser_that_asked() {
    let world = World::usual().await;
    let mut victim = Browser::new(&world.lab);
    let mut attacker = Browser::new(&world.lab);
    let asked = world.start(&mut attacker, "").await;
    world.tokens(&asked, &json!({}));
    let link = format!("{FRAME}?code=c0de&state={}", asked["state"]);
    let page = victim.get(&link).await;
    assert_eq!(page.error(), "Auth response is missing cookie nonce");
    world.start(&mut victim, "").await;
    assert_eq!(victim.get(&link).await.error(), "Invalid nonce");
    assert_eq!(world.vendor.asked(TOKEN).len(), 0);
    assert!(!victim.cookies.contains_key("oidc-refresh-token"));
    let page = victim.get(&format!("{FRAME}?code=c0de&state=6e6f")).await;
    assert_eq!(page.error(), "OAuth state is invalid, missing nonce");
}

#[tokio::test]
async fn id_tokens_are_checked() {
    let second = NOW / 1_000;
    let cases = [
        (json!({}), None),
        (json!({"aud": ["portal", "other"], "azp": "portal"}), None),
        (json!({"aud": "other"}), Some("another client")),
        (
            json!({"aud": ["portal", "other"], "azp": "other"}),
            Some("another client"),
        ),
        (json!({"iss": "https://evil.org"}), Some("another issuer")),
        (json!({"iss": null}), Some("another issuer")),
        (json!({"nonce": "other"}), Some("another nonce")),
        (json!({"nonce": null}), Some("another nonce")),
        (json!({"exp": second}), Some("has ended")),
        (json!({"exp": null}), Some("is no token")),
        (json!({"nbf": second + 600}), Some("not begun")),
        (json!({"sub": "b-2"}), Some("`sub` of userinfo")),
    ];
    for (change, expected) in cases {
        let world = World::usual().await;
        let mut browser = Browser::new(&world.lab);
        let page = world.sign_in(&mut browser, "", &change).await;
        let failures = world.lab.store.list_failures().await.unwrap();
        let Some(expected) = expected else {
            assert_eq!(
                (page.error(), failures.len()),
                (String::new(), 0),
                "{change}"
            );
            continue;
        };
        let [failure] = &*failures else {
            panic!("{change}: {failures:?}");
        };
        // Operators learn why; whoever tried learns nothing but where to ask.
        assert!(failure.story().contains(expected), "{change}: {failure:?}");
        let told = format!("Authentication failed. Reference: {}", failure.id);
        assert_eq!(page.error(), told, "{change}");
        assert!(browser.cookies.keys().all(|name| name == "oidc-nonce"));
    }
}

#[tokio::test]
async fn id_tokens_of_other_keys_are_refused() {
    let world = World::usual().await;
    let mut browser = Browser::new(&world.lab);
    let asked = world.start(&mut browser, "").await;
    let claims = json!({
        "iss": ISSUER, "aud": "portal", "sub": "a-1", "nonce": asked["nonce"],
    });
    let mut forger = Signer::new().await;
    forger.0.kid.clone_from(&world.signer.0.kid);
    let unsigned = {
        let token = world.signer.token(&claims);
        let (_, rest) = token.split_once('.').unwrap();
        let (claims, _) = rest.split_once('.').unwrap();
        format!("eyJhbGciOiJub25lIn0.{claims}.")
    };
    for token in [forger.token(&claims), unsigned, "nonsense".to_owned()] {
        let tokens = json!({"access_token": "t", "id_token": token});
        world.vendor.answer(TOKEN, &tokens);
        let page = browser
            .get(&format!("{FRAME}?code=c0de&state={}", asked["state"]))
            .await;
        assert!(
            page.error().starts_with("Authentication failed."),
            "{}",
            page.body
        );
    }
    world.vendor.answer(TOKEN, &json!({"access_token": "t"}));
    let page = browser
        .get(&format!("{FRAME}?code=c0de&state={}", asked["state"]))
        .await;
    assert!(
        page.error().starts_with("Authentication failed."),
        "{}",
        page.body
    );
}

/// CVE-2026-106488.
#[tokio::test]
async fn an_unverified_address_of_somebody_else_signs_nobody_in() {
    for verified in [json!(false), json!(null), json!("yes")] {
        let world = World::usual().await;
        let said = json!({"sub": "a-1", "email": "alice@acme.org", "email_verified": verified});
        world.vendor.answer(USERINFO, &said);
        let mut browser = Browser::new(&world.lab);
        let page = world.sign_in(&mut browser, "", &json!({})).await;
        assert!(
            page.error()
                .starts_with("Login failed, user profile does not contain an email."),
            "{}",
            page.body
        );
        let failures = world.lab.store.list_failures().await.unwrap();
        assert!(failures[0].fix.contains("email_verified"), "{failures:?}");
    }
}

/// CVE-2021-43776.
#[tokio::test]
async fn errors_of_the_provider_stay_text() {
    let world = World::usual().await;
    let mut browser = Browser::new(&world.lab);
    let asked = world.start(&mut browser, "").await;
    let nasty = "%3C%2Fscript%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let page = browser
        .get(&format!(
            "{FRAME}?error=access_denied&error_description={nasty}&state={}",
            asked["state"]
        ))
        .await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    let text = "Authentication rejected, access_denied </script><script>alert(1)</script>";
    assert_eq!(page.error(), text);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers["x-frame-options"], "sameorigin");
    assert_eq!(page.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn answers_of_another_issuer_are_refused() {
    let world = World::usual().await;
    let mut said = description();
    said["authorization_response_iss_parameter_supported"] = true.into();
    let place = "https://id.acme.org/.well-known/openid-configuration";
    world.vendor.answer(place, &said);
    for (iss, accepted) in [
        ("&iss=https://id.acme.org", true),
        ("&iss=https://evil.org", false),
        ("", false),
    ] {
        let mut browser = Browser::new(&world.lab);
        let asked = world.start(&mut browser, "").await;
        world.tokens(&asked, &json!({}));
        let page = browser
            .get(&format!("{FRAME}?code=c0de&state={}{iss}", asked["state"]))
            .await;
        assert_eq!(page.error().is_empty(), accepted, "{iss}: {}", page.body);
    }
}

#[tokio::test]
async fn a_provider_may_post_its_answer() {
    let world = World::usual().await;
    let mut browser = Browser::new(&world.lab);
    let asked = world.start(&mut browser, "").await;
    world.tokens(&asked, &json!({}));
    let form = format!("code=c0de&state={}", asked["state"]);
    let page = browser.post_form(FRAME, &form).await;
    assert_eq!(page.error(), "", "{}", page.body);
}

#[tokio::test]
async fn cookies_are_for_scripts_of_the_portal() {
    let world = World::usual().await;
    let mut browser = Browser::new(&world.lab);
    world.sign_in(&mut browser, "", &json!({})).await;
    for (method, path) in [
        ("GET", REFRESH),
        ("POST", REFRESH),
        ("POST", "/api/auth/oidc/logout?env=production"),
    ] {
        let page = browser.send(method, path, &[], "").await;
        assert_eq!(page.status, 401, "{path}");
        let text = &page.json()["error"]["message"];
        assert_eq!(text, "Invalid X-Requested-With header", "{path}");
    }
    let headers = [
        ("x-requested-with", "XMLHttpRequest"),
        ("origin", "https://evil.org"),
    ];
    let page = browser
        .send("POST", "/api/auth/oidc/logout?env=production", &headers, "")
        .await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert!(browser.cookies.contains_key("oidc-refresh-token"));
}

#[tokio::test]
async fn wrong_addresses_get_the_known_errors() {
    let world = World::usual().await;
    let mut browser = Browser::new(&world.lab);
    let cases = [
        (
            "/api/auth/oidc/start",
            400,
            "Must specify 'env' query to select environment",
        ),
        (
            "/api/auth/oidc/start?env=dev",
            404,
            "No configuration available for the 'dev' environment of this provider.",
        ),
        ("/api/auth/oidc/nope", 404, "Unknown auth provider 'oidc'"),
        (
            "/api/auth/github/start?env=dev",
            404,
            "Unknown auth provider 'github'",
        ),
        (
            "/api/auth/oidc/logout?env=production",
            404,
            "Unknown auth provider 'oidc'",
        ),
    ];
    for (path, status, text) in cases {
        let page = browser.get(path).await;
        assert_eq!(page.status, status, "{path}: {}", page.body);
        assert_eq!(page.json()["error"]["message"], text, "{path}");
    }
}

#[tokio::test]
async fn long_sessions_are_spread_over_cookies() {
    let world = World::usual().await;
    let mut browser = Browser::new(&world.lab);
    let asked = world.start(&mut browser, "").await;
    world.tokens(&asked, &json!({}));
    let long = "abcdefghij".repeat(900);
    let tokens = |refresh: &str| {
        let claims = json!({
            "iss": ISSUER, "aud": "portal", "sub": "a-1", "nonce": asked["nonce"],
        });
        json!({
            "access_token": "t", "refresh_token": refresh,
            "id_token": world.signer.token(&claims),
        })
    };
    world.vendor.answer(TOKEN, &tokens(&long));
    browser
        .get(&format!("{FRAME}?code=c0de&state={}", asked["state"]))
        .await;
    let names: Vec<_> = browser.cookies.keys().cloned().collect();
    let parts = [
        "oidc-refresh-token-0",
        "oidc-refresh-token-1",
        "oidc-refresh-token-2",
    ];
    assert_eq!(names[0], "oidc-granted-scope");
    assert_eq!(names[1..], parts);
    world.vendor.answer(TOKEN, &tokens("short"));
    assert_eq!(browser.ask("GET", REFRESH).await.status, 200);
    let shown = world.vendor.asked(TOKEN).pop().unwrap();
    assert_eq!(shown.form["refresh_token"], long);
    let names: Vec<_> = browser.cookies.keys().cloned().collect();
    assert_eq!(names, ["oidc-granted-scope", "oidc-refresh-token"]);
}

#[tokio::test]
async fn a_provider_that_was_down_is_asked_again() {
    let world = World::usual().await;
    let place = "https://id.acme.org/.well-known/openid-configuration";
    world.vendor.forget(place);
    let mut browser = Browser::new(&world.lab);
    for _ in 0..3 {
        let page = browser.get(START).await;
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(!page.body.contains("does not answer"), "{}", page.body);
    }
    assert_eq!(world.vendor.asked(place).len(), 1);
    world.vendor.answer(place, &description());
    world.lab.clock.advance(Duration::from_secs(3));
    assert_eq!(browser.get(START).await.status, 302);
    // What was learnt lasts, also when the provider is down again.
    world.vendor.forget(place);
    world.lab.clock.advance(Duration::from_hours(2));
    assert_eq!(browser.get(START).await.status, 302);
    assert_eq!(world.vendor.asked(place).len(), 3);
}

#[tokio::test]
async fn settings_change_what_is_asked() {
    let mut config = config();
    config["prompt"] = "login".into();
    config["additionalScopes"] = json!(["offline_access", "groups"]);
    config["startUrlSearchParams"] = json!({"organization": "acme"});
    config["callbackUrl"] = "https://login.acme.org/portal/oidc/handler/frame".into();
    config["tokenEndpointAuthMethod"] = "client_secret_post".into();
    config["sessionDuration"] = json!({"hours": 1});
    config["tokenSignedResponseAlg"] = "ES256".into();
    let world = World::new(config).await;
    let mut browser = Browser::new(&world.lab);
    let asked = world.start(&mut browser, "").await;
    assert_eq!(asked["prompt"], "login");
    assert_eq!(asked["organization"], "acme");
    assert_eq!(asked["scope"], "openid profile email offline_access groups");
    let callback = "https://login.acme.org/portal/oidc/handler/frame";
    assert_eq!(asked["redirect_uri"], callback);
    world.tokens(&asked, &json!({}));
    let page = browser
        .get(&format!("{FRAME}?code=c0de&state={}", asked["state"]))
        .await;
    let cookies = page.set_cookies();
    let session = cookies
        .iter()
        .find(|cookie| cookie.starts_with("oidc-refresh-token"));
    let attributes = "; Max-Age=3600; Domain=login.acme.org; Path=/portal/oidc; \
                      Expires=Fri, 20 Nov 2026 22:32:19 GMT; HttpOnly; Secure; SameSite=None";
    assert!(session.unwrap().ends_with(attributes), "{session:?}");
    let exchange = &world.vendor.asked(TOKEN)[0];
    assert_eq!(exchange.form["client_secret"], "the-secret-of-the-client");
    assert_eq!(exchange.authorization, None);
}

#[tokio::test]
async fn a_provider_without_resolvers_gives_tokens_and_no_identity() {
    let mut config = config();
    config.as_object_mut().unwrap().remove("signIn");
    let world = World::new(config).await;
    let mut browser = Browser::new(&world.lab);
    let page = world.sign_in(&mut browser, "", &json!({})).await;
    let (_, message) = page.message();
    assert_eq!(
        message["response"]["providerInfo"]["accessToken"],
        "the-access-token"
    );
    assert_eq!(message["response"].get("backstageIdentity"), None);
}

#[tokio::test]
async fn a_provider_that_cannot_work_is_left_out() {
    for (key, value) in [
        ("clientId", json!(null)),
        ("metadataUrl", json!("nonsense")),
        ("tokenEndpointAuthMethod", json!("private_key_jwt")),
        ("tokenSignedResponseAlg", json!("rot13")),
        ("signIn", json!({"resolvers": [{"resolver": "nope"}]})),
    ] {
        let mut config = config();
        config[key] = value;
        let world = World::new(config).await;
        let page = Browser::new(&world.lab).get(START).await;
        assert_eq!(page.status, 404, "{key}: {}", page.body);
    }
}
