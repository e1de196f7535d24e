//! The presets: each provider answers as its vendor does, and the same person signs in.

use std::collections::HashMap;
use std::sync::Arc;

use identity::Settings;
use platform::config::OAuthConfig;
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use super::lab::Lab;
use super::people::People;
use super::vendor::{Signer, Vendor};

/// A provider as its vendor runs it.
struct Case {
    provider: &'static str,
    /// Beside `clientId`, `clientSecret` and the resolver.
    config: Value,
    resolver: &'static str,
    authorize: &'static str,
    token: &'static str,
    /// Parameters of the page that must be there.
    asks: &'static [(&'static str, &'static str)],
    /// Issuer, for those with ID tokens and a description.
    issuer: Option<&'static str>,
    /// Claims of the ID token.
    id_token: Value,
    /// What the vendor's APIs answer.
    apis: Vec<(&'static str, Value)>,
    /// The profile the front end shows.
    profile: Value,
}

fn cases() -> Vec<Case> {
    let mut cases = openid_cases();
    cases.extend(vendor_cases());
    cases
}

fn openid_cases() -> Vec<Case> {
    let alice = || json!({"sub": "a-1", "email": "alice@acme.org", "name": "Alice", "email_verified": true});
    let profile = || json!({"email": "alice@acme.org", "displayName": "Alice"});
    let case = |provider, resolver, issuer: &'static str| Case {
        provider,
        config: json!({}),
        resolver,
        authorize: "",
        token: "",
        asks: &[],
        issuer: Some(issuer),
        id_token: alice(),
        apis: Vec::new(),
        profile: profile(),
    };
    vec![
        Case {
            authorize: "https://accounts.google.com/authorize",
            token: "https://accounts.google.com/token",
            asks: &[
                ("access_type", "offline"),
                ("prompt", "consent"),
                (
                    "scope",
                    "openid https://www.googleapis.com/auth/userinfo.email \
                     https://www.googleapis.com/auth/userinfo.profile",
                ),
            ],
            ..case(
                "google",
                "emailMatchingUserEntityAnnotation",
                "https://accounts.google.com",
            )
        },
        Case {
            config: json!({"audience": "https://acme.okta.com/", "authServerId": "default", "idp": "i"}),
            authorize: "https://acme.okta.com/oauth2/default/authorize",
            token: "https://acme.okta.com/oauth2/default/token",
            asks: &[
                ("idp", "i"),
                ("scope", "openid email profile offline_access"),
            ],
            ..case(
                "okta",
                "emailMatchingUserEntityAnnotation",
                "https://acme.okta.com/oauth2/default",
            )
        },
        Case {
            config: json!({"domain": "acme.auth0.com", "audience": "https://api", "connection": "c"}),
            authorize: "https://acme.auth0.com/authorize",
            token: "https://acme.auth0.com/token",
            asks: &[("audience", "https://api"), ("connection", "c")],
            ..case(
                "auth0",
                "emailMatchingUserEntityProfileEmail",
                "https://acme.auth0.com",
            )
        },
        Case {
            config: json!({"issuer": "https://acme.onelogin.com/oidc/2"}),
            authorize: "https://acme.onelogin.com/oidc/2/authorize",
            token: "https://acme.onelogin.com/oidc/2/token",
            id_token: json!({"sub": "a-1", "preferred_username": "alice", "name": "Alice"}),
            profile: json!({"displayName": "Alice"}),
            ..case(
                "onelogin",
                "usernameMatchingUserEntityName",
                "https://acme.onelogin.com/oidc/2",
            )
        },
        Case {
            config: json!({"tenantId": "t-1", "domainHint": "acme.org"}),
            authorize: "https://login.microsoftonline.com/t-1/v2.0/authorize",
            token: "https://login.microsoftonline.com/t-1/v2.0/token",
            asks: &[
                ("domain_hint", "acme.org"),
                ("scope", "openid email profile offline_access user.read"),
            ],
            id_token: json!({"sub": "pairwise", "oid": "other", "tid": "t-1"}),
            apis: vec![(
                "https://graph.microsoft.com/v1.0/me",
                json!({"id": "a-1", "displayName": "Alice", "mail": "alice@acme.org"}),
            )],
            ..case(
                "microsoft",
                "userIdMatchingUserEntityAnnotation",
                "https://login.microsoftonline.com/t-1/v2.0",
            )
        },
    ]
}

fn vendor_cases() -> Vec<Case> {
    let mut cases = git_cases();
    cases.extend(other_cases());
    cases.extend(cluster_cases());
    cases
}

fn cluster_cases() -> Vec<Case> {
    vec![
        Case {
            config: json!({
                "authorizationUrl": "https://oauth.acme.org/oauth/authorize",
                "tokenUrl": "https://oauth.acme.org/oauth/token",
                "openshiftApiServerUrl": "https://api.acme.org:6443",
            }),
            asks: &[("scope", "user:full")],
            apis: vec![(
                "https://api.acme.org:6443/apis/user.openshift.io/v1/users/~",
                json!({"metadata": {"name": "alice", "uid": "u-1"}, "fullName": "Alice"}),
            )],
            profile: json!({"displayName": "alice"}),
            ..plain(
                "openshift",
                "displayNameMatchingUserEntityName",
                "https://oauth.acme.org/oauth/authorize",
                "https://oauth.acme.org/oauth/token",
            )
        },
        Case {
            config: json!({"federationDomain": "https://pinniped.acme.org/demo"}),
            issuer: Some("https://pinniped.acme.org/demo"),
            asks: &[(
                "scope",
                "openid offline_access username pinniped:request-audience",
            )],
            id_token: json!({"sub": "s-1", "username": "alice"}),
            profile: json!({"displayName": "alice"}),
            ..plain(
                "pinniped",
                "usernameMatchingUserEntityName",
                "https://pinniped.acme.org/demo/oauth2/authorize",
                "https://pinniped.acme.org/demo/oauth2/token",
            )
        },
        Case {
            config: json!({"organizationId": "org-1"}),
            asks: &[("orgId", "org-1"), ("scope", "openid offline_access")],
            id_token: json!({
                "sub": "s-1", "username": "alice", "email": "alice@acme.org", "name": "Alice",
                "context_name": "org-1",
            }),
            ..plain(
                "vmwareCloudServices",
                "usernameMatchingUserEntityName",
                "https://console.cloud.vmware.com/csp/gateway/discovery",
                "https://console.cloud.vmware.com/csp/gateway/am/api/auth/token",
            )
        },
    ]
}

/// A provider without a description.
fn plain(
    provider: &'static str,
    resolver: &'static str,
    authorize: &'static str,
    token: &'static str,
) -> Case {
    Case {
        provider,
        config: json!({}),
        resolver,
        authorize,
        token,
        asks: &[],
        issuer: None,
        id_token: json!({}),
        apis: Vec::new(),
        profile: json!({"email": "alice@acme.org", "displayName": "Alice"}),
    }
}

fn git_cases() -> Vec<Case> {
    let github = json!({"id": 1, "login": "alice", "name": "Alice", "email": "alice@acme.org"});
    let gitlab = json!({
        "id": 1, "username": "alice", "name": "Alice", "email": "alice@acme.org",
        "confirmed_at": "2026-01-01T00:00:00Z",
    });
    vec![
        Case {
            asks: &[("scope", "read:user")],
            apis: vec![("https://api.github.com/user", github.clone())],
            ..plain(
                "github",
                "userIdMatchingUserEntityAnnotation",
                "https://github.com/login/oauth/authorize",
                "https://github.com/login/oauth/access_token",
            )
        },
        Case {
            config: json!({"enterpriseInstanceUrl": "https://git.acme.org"}),
            apis: vec![("https://git.acme.org/api/v3/user", github)],
            ..plain(
                "github",
                "usernameMatchingUserEntityName",
                "https://git.acme.org/login/oauth/authorize",
                "https://git.acme.org/login/oauth/access_token",
            )
        },
        Case {
            asks: &[("scope", "read_user")],
            apis: vec![("https://gitlab.com/api/v4/user", gitlab.clone())],
            ..plain(
                "gitlab",
                "userIdMatchingUserEntityAnnotation",
                "https://gitlab.com/oauth/authorize",
                "https://gitlab.com/oauth/token",
            )
        },
        Case {
            config: json!({"audience": "https://git.acme.org"}),
            apis: vec![("https://git.acme.org/api/v4/user", gitlab)],
            ..plain(
                "gitlab",
                "userIdMatchingUserEntityAnnotation",
                "https://git.acme.org/oauth/authorize",
                "https://git.acme.org/oauth/token",
            )
        },
    ]
}

fn other_cases() -> Vec<Case> {
    vec![
        Case {
            apis: vec![
                (
                    "https://api.bitbucket.org/2.0/user",
                    json!({"username": "alice", "account_id": "a-1", "display_name": "Alice"}),
                ),
                (
                    "https://api.bitbucket.org/2.0/user/emails",
                    json!({"values": [
                        {"email": "old@acme.org", "is_primary": false, "is_confirmed": true},
                        {"email": "alice@acme.org", "is_primary": true, "is_confirmed": true},
                    ]}),
                ),
            ],
            ..plain(
                "bitbucket",
                "usernameMatchingUserEntityAnnotation",
                "https://bitbucket.org/site/oauth2/authorize",
                "https://bitbucket.org/site/oauth2/access_token",
            )
        },
        Case {
            config: json!({"host": "git.acme.org"}),
            apis: vec![(
                "https://git.acme.org/rest/api/latest/users/Alice%20A",
                json!({"id": 7, "slug": "alice", "name": "Alice A", "displayName": "Alice",
                       "emailAddress": "alice@acme.org"}),
            )],
            ..plain(
                "bitbucketServer",
                "emailMatchingUserEntityProfileEmail",
                "https://git.acme.org/rest/oauth2/latest/authorize",
                "https://git.acme.org/rest/oauth2/latest/token",
            )
        },
        Case {
            asks: &[("audience", "api.atlassian.com")],
            apis: vec![(
                "https://api.atlassian.com/me",
                json!({"account_id": "a-1", "nickname": "alice", "name": "Alice",
                       "email": "alice@acme.org", "email_verified": true}),
            )],
            ..plain(
                "atlassian",
                "usernameMatchingUserEntityName",
                "https://auth.atlassian.com/authorize",
                "https://auth.atlassian.com/oauth/token",
            )
        },
        Case {
            config: json!({
                "authorizationUrl": "https://id.acme.org/a", "tokenUrl": "https://id.acme.org/t",
                "scope": "profile email",
            }),
            asks: &[("scope", "profile email")],
            id_token: json!({"username": "alice", "name": "Alice", "email": "alice@acme.org"}),
            ..plain(
                "oauth2",
                "usernameMatchingUserEntityName",
                "https://id.acme.org/a",
                "https://id.acme.org/t",
            )
        },
    ]
}

/// A portal with one provider, and everything the provider runs.
async fn world(case: &Case) -> (Lab, Arc<Vendor>, Signer) {
    let vendor = Vendor::new();
    let signer = Signer::new().await;
    if let Some(issuer) = case.issuer {
        let keys = format!("{issuer}/keys");
        vendor.answer(
            &format!("{issuer}/.well-known/openid-configuration"),
            &json!({
                "issuer": issuer, "jwks_uri": keys,
                "authorization_endpoint": case.authorize, "token_endpoint": case.token,
            }),
        );
        vendor.answer(&keys, &signer.keys());
    }
    for (url, answer) in &case.apis {
        vendor.answer(url, answer);
    }
    let whoami = "https://git.acme.org/rest/api/latest/application-properties";
    vendor.answer_as(whoami, 200, &[("x-ausername", "Alice A")], "{}".to_owned());
    let mut config = case.config.clone();
    config["clientId"] = "portal".into();
    config["clientSecret"] = "s3cret".into();
    config["signIn"] = json!({"resolvers": [{"resolver": case.resolver}]});
    let config: OAuthConfig = serde_json::from_value(config).unwrap();
    let mut settings = Settings::new("https://portal.acme.org".parse().unwrap());
    let environments = [("production".to_owned(), config)].into();
    settings
        .providers
        .oauth
        .insert(case.provider.to_owned(), environments);
    let people = Arc::new(People::usual());
    let lab = Lab::among(settings, Arc::default(), vendor.clone(), Some(people));
    (lab, vendor, signer)
}

/// Goes to the provider and comes back.
async fn sign_in(
    case: &Case,
    browser: &mut Browser<'_>,
    vendor: &Vendor,
    signer: &Signer,
) -> (HashMap<String, String>, Page) {
    let path = format!("/api/auth/{}", case.provider);
    let page = browser.get(&format!("{path}/start?env=production")).await;
    let url = page.location();
    assert_eq!(
        url.as_str().split('?').next(),
        Some(case.authorize),
        "{}",
        case.provider
    );
    let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
    let mut tokens = json!({"access_token": "the-access-token", "token_type": "bearer"});
    if case.id_token != json!({}) {
        let mut claims = case.id_token.clone();
        claims["aud"] = "portal".into();
        claims["iss"] = case.issuer.unwrap_or("https://id.acme.org").into();
        if let Some(nonce) = asked.get("nonce") {
            claims["nonce"] = nonce.as_str().into();
        }
        tokens["id_token"] = signer.token(&claims).into();
    }
    if case.provider != "github" {
        tokens["refresh_token"] = "the-refresh-token".into();
        tokens["expires_in"] = 3_600.into();
    }
    vendor.answer(case.token, &tokens);
    let frame = format!("{path}/handler/frame?code=c&state={}", asked["state"]);
    let page = browser.get(&frame).await;
    (asked, page)
}

#[tokio::test]
async fn the_same_person_signs_in_with_every_provider() {
    for case in cases() {
        let name = case.provider;
        let (lab, vendor, signer) = world(&case).await;
        let mut browser = Browser::new(&lab);
        let (asked, page) = sign_in(&case, &mut browser, &vendor, &signer).await;
        for (parameter, value) in case.asks {
            assert_eq!(
                asked.get(*parameter).map(String::as_str),
                Some(*value),
                "{name}"
            );
        }
        let (_, message) = page.message();
        let session = &message["response"];
        let user = &session["backstageIdentity"]["identity"]["userEntityRef"];
        assert_eq!(user, "user:default/alice", "{name}: {message}");
        assert_eq!(session["profile"], case.profile, "{name}");
        for (url, _) in &case.apis {
            let authorization = vendor.asked(url)[0].authorization.clone();
            let bearer = "Bearer the-access-token";
            assert_eq!(authorization.as_deref(), Some(bearer), "{name} {url}");
        }
        let refresh = format!("/api/auth/{name}/refresh?env=production");
        let again = browser.ask("GET", &refresh).await;
        assert_eq!(again.status, 200, "{name}: {}", again.body);
    }
}

#[tokio::test]
async fn a_session_of_github_is_its_access_token() {
    let cases = vendor_cases();
    let case = &cases[0];
    let (lab, vendor, signer) = world(case).await;
    let mut browser = Browser::new(&lab);
    sign_in(case, &mut browser, &vendor, &signer).await;
    let cookie = &browser.cookies["github-refresh-token"];
    let known = "access%2Dtoken%2Ethe%2Daccess%2Dtoken%2E";
    assert!(cookie.starts_with(known), "{cookie}");
    let refresh = "/api/auth/github/refresh?env=production";
    let again = browser.ask("GET", refresh).await.json();
    assert_eq!(again["providerInfo"]["scope"], "read:user");
    assert_eq!(vendor.asked(case.token).len(), 1);
    // A token cannot do more than was granted when it was made.
    let more = browser.ask("GET", &format!("{refresh}&scope=repo")).await;
    assert_eq!(more.status, 401, "{}", more.body);
    assert!(
        more.body.contains("scope has not been granted"),
        "{}",
        more.body
    );
}

/// Somebody's access token that was made for another client, or stolen, is written into a cookie.
#[tokio::test]
async fn a_token_that_the_portal_did_not_get_signs_nobody_in() {
    for case in cases() {
        let name = case.provider;
        let (lab, vendor, signer) = world(&case).await;
        let mut browser = Browser::new(&lab);
        sign_in(&case, &mut browser, &vendor, &signer).await;
        let refused = json!({"error": "invalid_grant"}).to_string();
        vendor.answer_as(case.token, 400, &[], refused);
        let n_asked = || -> usize {
            case.apis
                .iter()
                .map(|(url, _)| vendor.asked(url).len())
                .sum()
        };
        let before = n_asked();
        let cookie = format!("{name}-refresh-token");
        let own = browser.cookies.get(&cookie).cloned().unwrap_or_default();
        let proof = own.rsplit_once("%2E").map_or("x", |(_, proof)| proof);
        for stolen in [
            "access%2Dtoken%2Estolen".to_owned(),
            format!("access%2Dtoken%2Estolen%2E{proof}"),
        ] {
            browser.cookies.insert(cookie.clone(), stolen.clone());
            let refresh = format!("/api/auth/{name}/refresh?env=production");
            let page = browser.ask("GET", &refresh).await;
            assert_eq!(page.status, 401, "{name} {stolen}: {}", page.body);
        }
        assert_eq!(n_asked(), before, "{name}");
    }
}

#[tokio::test]
async fn addresses_that_were_not_verified_sign_nobody_in() {
    let by_email = "emailMatchingUserEntityProfileEmail";
    for mut case in cases() {
        match case.provider {
            "github" | "bitbucketServer" | "onelogin" | "oauth2" | "microsoft" => continue,
            "gitlab" => case.apis[0].1["confirmed_at"] = Value::Null,
            "atlassian" => case.apis[0].1["email_verified"] = false.into(),
            "bitbucket" => case.apis[1].1["values"][1]["is_confirmed"] = false.into(),
            _ => case.id_token["email_verified"] = false.into(),
        }
        case.resolver = by_email;
        let (lab, vendor, signer) = world(&case).await;
        let mut browser = Browser::new(&lab);
        let (_, page) = sign_in(&case, &mut browser, &vendor, &signer).await;
        let expected = "Login failed, user profile does not contain an email.";
        assert!(
            page.error().starts_with(expected),
            "{}: {}",
            case.provider,
            page.body
        );
    }
}

/// Somebody may write any address into an account of a tenant of their own.
#[tokio::test]
async fn an_address_of_any_microsoft_tenant_counts_only_if_its_domain_is_proven() {
    for (tenant, proven, expected) in [
        ("t-1", json!(null), true),
        ("common", json!(null), false),
        ("organizations", json!(false), false),
        ("consumers", json!("0"), false),
        ("common", json!(true), true),
        ("common", json!("1"), true),
    ] {
        let mut case = openid_cases().pop().unwrap();
        case.resolver = "emailMatchingUserEntityProfileEmail";
        case.config["tenantId"] = tenant.into();
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        case.issuer = Some(issuer.leak());
        case.id_token = json!({
            "sub": "s", "oid": "a-1", "tid": "t-9", "email": "alice@acme.org", "xms_edov": proven,
        });
        let (lab, vendor, signer) = world(&case).await;
        let mut browser = Browser::new(&lab);
        let (_, page) = sign_in(&case, &mut browser, &vendor, &signer).await;
        assert_eq!(
            page.error().is_empty(),
            expected,
            "{tenant} {proven}: {}",
            page.body
        );
    }
}

#[tokio::test]
async fn auth0_is_left_by_its_own_page() {
    for (federated, expected) in [
        (
            false,
            "https://acme.auth0.com/v2/logout?client_id=portal&\
             returnTo=https%3A%2F%2Fportal.acme.org",
        ),
        (
            true,
            "https://acme.auth0.com/v2/logout?federated=&client_id=portal&\
             returnTo=https%3A%2F%2Fportal.acme.org",
        ),
    ] {
        let mut case = openid_cases().remove(2);
        case.config["federatedLogout"] = federated.into();
        let (lab, _, _) = world(&case).await;
        let headers = [
            ("x-requested-with", "XMLHttpRequest"),
            ("origin", "https://portal.acme.org"),
        ];
        let path = "/api/auth/auth0/logout?env=production";
        let page = Browser::new(&lab).send("POST", path, &headers, "").await;
        assert_eq!(page.json(), json!({ "logoutUrl": expected }));
    }
}

#[tokio::test]
async fn refreshes_can_be_switched_off() {
    let mut case = vendor_cases().pop().unwrap();
    case.config["disableRefresh"] = true.into();
    let (lab, vendor, signer) = world(&case).await;
    let mut browser = Browser::new(&lab);
    let (_, page) = sign_in(&case, &mut browser, &vendor, &signer).await;
    assert_eq!(page.error(), "");
    assert!(!browser.cookies.contains_key("oauth2-refresh-token"));
}

#[tokio::test]
async fn members_of_another_vmware_organization_are_nobody() {
    let mut cases = cluster_cases();
    let mut case = cases.pop().unwrap();
    for name in [json!("org-2"), Value::Null] {
        case.id_token["context_name"] = name;
        let (lab, vendor, signer) = world(&case).await;
        let mut browser = Browser::new(&lab);
        let (_, page) = sign_in(&case, &mut browser, &vendor, &signer).await;
        assert!(page.error().starts_with("Login failed"), "{}", page.body);
        let failures = lab.identity.failed_sign_ins().await.unwrap();
        assert_eq!(failures[0].provider, "vmwareCloudServices");
    }
}
