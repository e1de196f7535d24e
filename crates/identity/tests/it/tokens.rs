//! User, limited and plugin tokens: what they say, where they are accepted, and every way to forge
//! one that we know of.

use std::time::Duration;

use axum::body::Body;
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{HeaderMap, Request};
use identity::StoredKey;
use jsonwebtoken::{Algorithm, EncodingKey};
use platform::ctx::Caller;
use serde_json::{Value, json};

use super::lab::{GUEST, Lab, NOW, STATIC_TOKEN, bearer, forge, outcome, parts, settings, sign};

const ISSUER: &str = "http://localhost:7007/api/auth";
const IAT: i64 = NOW / 1_000;
const BAD_USER: &str = "Failed user token verification";
const BAD_PLUGIN: &str = "Failed plugin token verification";
const LIMITED: &str = "Illegal limited user token";

/// The limited form, made as the browser's backend makes it: from the user token alone.
fn limited(user_token: &str) -> String {
    let (header, claims) = parts(user_token);
    let encode = |part: Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(part.to_string())
    };
    let header = json!({
        "typ": "vnd.backstage.limited-user", "alg": header["alg"], "kid": header["kid"],
    });
    let payload = json!({"sub": claims["sub"], "iat": claims["iat"], "exp": claims["exp"]});
    let proof = claims["uip"].as_str().unwrap();
    format!("{}.{}.{proof}", encode(header), encode(payload))
}

#[tokio::test]
async fn a_user_token_says_what_backstage_says() {
    let lab = Lab::new(settings());
    let (header, mut claims) = parts(&lab.user_token().await);
    let kid = lab.key_of("auth.users").await.kid;
    assert_eq!(
        header.to_string(),
        json!({"typ": "vnd.backstage.user", "alg": "ES256", "kid": kid}).to_string()
    );
    claims["uip"] = "…".into();
    let expected = json!({
        "iss": ISSUER, "sub": GUEST, "aud": "backstage", "iat": IAT, "exp": IAT + 3_600, "uip": "…",
    });
    assert_eq!(claims.to_string(), expected.to_string());
}

#[tokio::test]
async fn the_ownership_claim_is_written_when_asked_for() {
    let mut settings = settings();
    settings.omit_ownership_claim = false;
    let (_, claims) = parts(&Lab::new(settings).user_token().await);
    assert_eq!(claims["ent"], json!([GUEST, "group:default/team-a"]));
}

#[tokio::test]
async fn a_user_token_tells_user_ownership_end_and_limited_form() {
    let lab = Lab::new(settings());
    let token = lab.user_token().await;
    let caller = lab.authenticate(&token).await.unwrap();
    let Caller::User(user) = &*caller else {
        panic!("{caller:?}");
    };
    assert_eq!(user.entity_ref, GUEST);
    assert_eq!(*user.ownership, [GUEST, "group:default/team-a"]);
    assert_eq!(user.expires_at, IAT + 3_600);
    assert_eq!(user.limited_token.as_deref(), Some(&*limited(&token)));
}

#[tokio::test]
async fn limited_tokens_open_only_what_is_made_for_them() {
    let lab = Lab::new(settings());
    let limited = limited(&lab.user_token().await);
    let mut cookie = HeaderMap::new();
    let pair = format!("a=b; backstage-auth={limited}; c=d");
    cookie.insert(COOKIE, pair.parse().unwrap());
    let normal = lab.identity.authenticator("techdocs");
    let relaxed = lab.identity.cookie_authenticator("techdocs");

    let cases = [
        ("normal route, header", &normal, bearer(&limited), LIMITED),
        ("normal route, cookie", &normal, cookie.clone(), "anonymous"),
        ("cookie route, header", &relaxed, bearer(&limited), GUEST),
        ("cookie route, cookie", &relaxed, cookie, GUEST),
    ];
    for (name, authenticator, headers, expected) in cases {
        let result = authenticator.authenticate(&headers).await;
        assert_eq!(outcome(&result), expected, "{name}");
    }
    let (status, body) = lab.get("/api/auth/v1/userinfo", &limited).await;
    assert_eq!((status, body.contains(GUEST)), (200, true), "{body}");
    let (status, body) = lab.get("/api/catalog/anything", &limited).await;
    assert_eq!((status, body.contains(LIMITED)), (401, true), "{body}");
}

#[tokio::test]
async fn no_changed_byte_goes_unnoticed() {
    let lab = Lab::new(settings());
    let user = lab.user_token().await;
    let plugin = lab
        .identity
        .issue_plugin_token("search", "catalog", None)
        .await
        .unwrap();
    for token in [user, plugin] {
        lab.authenticate(&token).await.unwrap();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(lab.authenticate(&changed).await.is_err(), "byte {at}");
        }
        for changed in [
            format!("{token}A"),
            format!("{token}="),
            token.replace('.', ".."),
        ] {
            assert!(lab.authenticate(&changed).await.is_err(), "{changed}");
        }
    }
}

/// Makes user tokens that differ from a good one in one place.
struct Forger {
    lab: Lab,
    key: StoredKey,
    header: Value,
    claims: Value,
}

impl Forger {
    async fn new() -> Self {
        let lab = Lab::new(settings());
        lab.user_token().await;
        let key = lab.key_of("auth.users").await;
        Self {
            header: json!({"typ": "vnd.backstage.user", "alg": "ES256", "kid": key.kid}),
            claims: json!({
                "iss": ISSUER, "sub": GUEST, "aud": "backstage", "iat": IAT, "exp": IAT + 3_600,
            }),
            lab,
            key,
        }
    }

    fn with_header(&self, name: &str, value: impl Into<Value>) -> String {
        forge(&with(&self.header, name, value), &self.claims, &self.key)
    }

    fn with_claim(&self, name: &str, value: impl Into<Value>) -> String {
        forge(&self.header, &with(&self.claims, name, value), &self.key)
    }

    fn without_claim(&self, name: &str) -> String {
        forge(&self.header, &without(&self.claims, name), &self.key)
    }

    async fn expect(&self, cases: impl IntoIterator<Item = (&str, String, &str)>) {
        for (name, token, expected) in cases {
            assert_eq!(self.lab.outcome(&token).await, expected, "{name}");
        }
    }
}

fn with(base: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut changed = base.clone();
    changed[name] = value.into();
    changed
}

fn without(base: &Value, name: &str) -> Value {
    let mut changed = base.clone();
    changed.as_object_mut().unwrap().remove(name);
    changed
}

#[tokio::test]
async fn every_claim_of_a_user_token_is_checked() {
    let forger = Forger::new().await;
    let cases = [
        ("good", forger.with_claim("sub", GUEST), GUEST),
        ("ended", forger.with_claim("exp", IAT), BAD_USER),
        ("ends in a second", forger.with_claim("exp", IAT + 1), GUEST),
        (
            "clocks differ a little",
            forger.with_claim("iat", IAT + 29),
            GUEST,
        ),
        (
            "from the future",
            forger.with_claim("iat", IAT + 31),
            BAD_USER,
        ),
        ("not yet", forger.with_claim("nbf", IAT + 31), BAD_USER),
        ("far away", forger.with_claim("iat", i64::MAX), BAD_USER),
        ("no exp", forger.without_claim("exp"), BAD_USER),
        ("no iat", forger.without_claim("iat"), BAD_USER),
        ("no sub", forger.without_claim("sub"), BAD_USER),
        ("empty sub", forger.with_claim("sub", ""), BAD_USER),
        ("other aud", forger.with_claim("aud", "catalog"), BAD_USER),
        ("no aud", forger.without_claim("aud"), BAD_USER),
        (
            "other iss",
            forger.with_claim("iss", "http://evil/api/auth"),
            BAD_USER,
        ),
        ("no iss", forger.without_claim("iss"), BAD_USER),
        (
            "sub is a number",
            forger.with_claim("sub", 7),
            "Illegal token",
        ),
        (
            "exp is a text",
            forger.with_claim("exp", "9999999999"),
            "Illegal token",
        ),
        (
            "too long",
            forger.with_claim("pad", "x".repeat(40_000)),
            "Illegal token",
        ),
    ];
    forger.expect(cases).await;
}

#[tokio::test]
async fn the_header_of_a_user_token_chooses_nothing() {
    let forger = Forger::new().await;
    let strangers = Forger::new().await;
    let public = EncodingKey::from_secret(forger.key.public.x.as_bytes());
    let hs256 = with(&forger.header, "alg", "HS256");
    let cases = [
        (
            "unknown typ",
            forger.with_header("typ", "JWT"),
            "Illegal token",
        ),
        (
            "typ of a plugin",
            forger.with_header("typ", "vnd.backstage.plugin"),
            BAD_PLUGIN,
        ),
        (
            "limited",
            forger.with_header("typ", "vnd.backstage.limited-user"),
            LIMITED,
        ),
        ("unknown kid", forger.with_header("kid", "nope"), BAD_USER),
        (
            "no kid",
            {
                let header = without(&forger.header, "kid");
                forge(&header, &forger.claims, &forger.key)
            },
            BAD_USER,
        ),
        (
            "alg none",
            forger.with_header("alg", "none"),
            "Illegal token",
        ),
        (
            "alg HS256 with the public key",
            { sign(&hs256, &forger.claims, &public, Algorithm::HS256) },
            BAD_USER,
        ),
        (
            "alg of another family",
            forger.with_header("alg", "RS256"),
            BAD_USER,
        ),
        (
            "alg of another curve",
            forger.with_header("alg", "ES384"),
            BAD_USER,
        ),
        (
            "crit",
            forger.with_header("crit", json!(["exp"])),
            "Illegal token",
        ),
        (
            "key in the header",
            {
                let header = with(&forger.header, "jwk", json!(strangers.key.public));
                forge(&header, &forger.claims, &strangers.key)
            },
            BAD_USER,
        ),
    ];
    forger.expect(cases).await;
}

#[tokio::test]
async fn only_the_key_of_users_signs_users() {
    let forger = Forger::new().await;
    let issued = forger
        .lab
        .identity
        .issue_plugin_token("catalog", "catalog", None)
        .await;
    issued.unwrap();
    let of_plugin = forger.lab.key_of("catalog").await;
    let strangers = Forger::new().await;
    let cases = [
        (
            "kid of a plugin",
            forger.with_header("kid", of_plugin.kid.clone()),
            BAD_USER,
        ),
        (
            "key of a plugin",
            {
                let header = with(&forger.header, "kid", of_plugin.kid.clone());
                forge(&header, &forger.claims, &of_plugin)
            },
            BAD_USER,
        ),
        (
            "key of a stranger",
            { forge(&forger.header, &forger.claims, &strangers.key) },
            BAD_USER,
        ),
    ];
    forger.expect(cases).await;
}

#[tokio::test]
async fn a_token_without_signature_is_refused() {
    let lab = Lab::new(settings());
    let token = lab.user_token().await;
    let (input, _) = token.rsplit_once('.').unwrap();
    for (token, expected) in [
        (format!("{input}."), BAD_USER),
        (input.to_owned(), "Illegal token"),
    ] {
        assert_eq!(lab.outcome(&token).await, expected);
    }
}

#[tokio::test]
async fn plugins_call_plugins_for_themselves_and_for_users() {
    let lab = Lab::new(settings());
    let caller = lab.authenticate(&lab.user_token().await).await.unwrap();
    let Caller::User(user) = &*caller else {
        panic!("{caller:?}");
    };
    let own = lab
        .identity
        .issue_plugin_token("search", "catalog", None)
        .await
        .unwrap();
    let behalf = lab
        .identity
        .issue_plugin_token("search", "catalog", Some(user))
        .await
        .unwrap();
    let elsewhere = lab
        .identity
        .issue_plugin_token("search", "techdocs", None)
        .await
        .unwrap();
    let cases = [
        ("for itself", &own, "plugin:search"),
        ("for a user", &behalf, GUEST),
        ("to another plugin", &elsewhere, BAD_PLUGIN),
        ("again, now cached", &elsewhere, BAD_PLUGIN),
    ];
    for (name, token, expected) in cases {
        assert_eq!(lab.outcome(token).await, expected, "{name}");
    }
    let (header, claims) = parts(&own);
    let kid = lab.key_of("search").await.kid;
    let expected = json!({"typ": "vnd.backstage.plugin", "alg": "ES256", "kid": kid});
    assert_eq!(header.to_string(), expected.to_string());
    let expected = json!({"sub": "search", "aud": "catalog", "iat": IAT, "exp": IAT + 3_600});
    assert_eq!(claims.to_string(), expected.to_string());
}

#[tokio::test]
async fn a_call_for_a_user_ends_with_the_token_of_the_user() {
    let lab = Lab::new(settings());
    let user_token = lab.user_token().await;
    lab.clock.advance(Duration::from_mins(50));
    let caller = lab.authenticate(&user_token).await.unwrap();
    let Caller::User(user) = &*caller else {
        panic!("{caller:?}");
    };
    let token = lab
        .identity
        .issue_plugin_token("search", "catalog", Some(user))
        .await
        .unwrap();
    assert_eq!(parts(&token).1["exp"], IAT + 3_600);
    lab.clock.advance(Duration::from_secs(599));
    assert_eq!(lab.outcome(&token).await, GUEST);
    lab.clock.advance(Duration::from_secs(1));
    assert_eq!(lab.outcome(&token).await, BAD_PLUGIN);
}

#[tokio::test]
async fn forged_plugin_tokens_are_refused() {
    let lab = Lab::new(settings());
    let user = lab.user_token().await;
    lab.identity
        .issue_plugin_token("search", "catalog", None)
        .await
        .unwrap();
    let key = lab.key_of("search").await;
    let users_key = lab.key_of("auth.users").await;
    let forge_as = |sub: &str, aud: Value, obo: Option<&str>, key: &StoredKey| {
        let header = json!({"typ": "vnd.backstage.plugin", "alg": "ES256", "kid": key.kid});
        let mut claims = json!({"sub": sub, "aud": aud, "iat": IAT, "exp": IAT + 60});
        if let Some(obo) = obo {
            claims["obo"] = obo.into();
        }
        forge(&header, &claims, key)
    };
    let bad_obo = "Invalid user token in plugin token obo claim";
    let for_catalog = json!("catalog");
    let cases = [
        (
            "good",
            forge_as("search", for_catalog.clone(), None, &key),
            "plugin:search",
        ),
        (
            "good, for a user",
            forge_as("search", for_catalog.clone(), Some(&user), &key),
            GUEST,
        ),
        (
            "another source",
            forge_as("catalog", for_catalog.clone(), None, &key),
            BAD_PLUGIN,
        ),
        (
            "several targets",
            forge_as("search", json!(["catalog", "x"]), None, &key),
            BAD_PLUGIN,
        ),
        (
            "no target",
            forge_as("search", json!([]), None, &key),
            BAD_PLUGIN,
        ),
        (
            "key of users",
            forge_as("auth.users", for_catalog.clone(), None, &users_key),
            BAD_PLUGIN,
        ),
        (
            "obo is no token",
            forge_as("search", for_catalog.clone(), Some("x"), &key),
            bad_obo,
        ),
        (
            "obo is a plugin",
            {
                let inner = forge_as("search", for_catalog.clone(), None, &key);
                forge_as("search", for_catalog.clone(), Some(&inner), &key)
            },
            bad_obo,
        ),
        (
            "obo is forged",
            {
                let forged = user.replacen("eyJ0eXAi", "eyJ0eXBi", 1);
                forge_as("search", for_catalog.clone(), Some(&forged), &key)
            },
            bad_obo,
        ),
        (
            "obo has a bad signature",
            {
                let forged = format!("{}AAAA", &user[..user.len() - 4]);
                forge_as("search", for_catalog, Some(&forged), &key)
            },
            BAD_USER,
        ),
    ];
    for (name, token, expected) in cases {
        assert_eq!(lab.outcome(&token).await, expected, "{name}");
    }
}

#[tokio::test]
async fn plugin_ids_of_other_shapes_get_no_token() {
    let lab = Lab::new(settings());
    for id in ["", "auth.users", "a/b", "a b", "é"] {
        let result = lab.identity.issue_plugin_token(id, "catalog", None).await;
        assert!(result.is_err(), "{id:?}");
    }
}

#[tokio::test]
async fn a_cached_token_does_not_outlive_itself() {
    let lab = Lab::new(settings());
    let token = lab.user_token().await;
    lab.clock.advance(Duration::from_millis(3_600_000 - 501));
    assert_eq!(lab.outcome(&token).await, GUEST);
    lab.clock.advance(Duration::from_millis(1));
    assert_eq!(lab.outcome(&token).await, BAD_USER);
}

#[tokio::test]
async fn a_cached_token_follows_what_the_user_owns() {
    let lab = Lab::new(settings());
    let user = "user:default/alice";
    let owned = |group: &str| vec![user.to_owned(), group.to_owned()];
    let issue = async |groups| lab.identity.issue_user_token(user, groups).await.unwrap();
    let token = issue(owned("group:default/old")).await.token;
    let ownership = async || match &*lab.authenticate(&token).await.unwrap() {
        Caller::User(user) => user.ownership.to_vec(),
        caller => panic!("{caller:?}"),
    };
    assert_eq!(ownership().await, owned("group:default/old"));
    issue(owned("group:default/new")).await;
    lab.clock.advance(Duration::from_mins(1));
    assert_eq!(ownership().await, owned("group:default/new"));
}

#[tokio::test]
async fn credentials_are_found_in_one_header_form() {
    let lab = Lab::new(settings());
    let authenticator = lab.identity.authenticator("catalog");
    let cases = [
        (format!("Bearer {STATIC_TOKEN}"), "lab-client"),
        (format!("bEARER   {STATIC_TOKEN}"), "lab-client"),
        (format!("Bearer {STATIC_TOKEN} x"), "anonymous"),
        (format!("Basic {STATIC_TOKEN}"), "anonymous"),
        (format!("Bearer{STATIC_TOKEN}"), "anonymous"),
        ("Bearer ".to_owned(), "anonymous"),
        (String::new(), "anonymous"),
        ("Bearer nope".to_owned(), "Illegal token"),
    ];
    for (value, expected) in cases {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        let result = authenticator.authenticate(&headers).await;
        assert_eq!(outcome(&result), expected, "{value:?}");
    }
}

#[tokio::test]
async fn a_lasting_cookie_is_kept_and_others_are_replaced() {
    let lab = Lab::new(settings());
    let old = lab.user_token().await;
    let cookie = limited(&old);
    let cases = [
        ("none", 0, None, true),
        ("fresh", 0, Some(cookie.clone()), false),
        (
            "lasts 5 minutes and a second",
            3_299,
            Some(cookie.clone()),
            false,
        ),
        ("lasts 5 minutes", 1, Some(cookie), true),
        (
            "of somebody else",
            0,
            {
                let other = lab
                    .identity
                    .issue_user_token("user:default/other", Vec::new())
                    .await;
                Some(limited(&other.unwrap().token))
            },
            true,
        ),
        ("garbage", 0, Some("x.y.z".to_owned()), true),
    ];
    for (name, advance, cookie, is_set) in cases {
        lab.clock.advance(Duration::from_secs(advance));
        let token = lab.user_token().await;
        let mut request = Request::get("/api/app/.backstage/auth/v1/cookie")
            .header(AUTHORIZATION, format!("Bearer {token}"));
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, format!("backstage-auth={cookie}"));
        }
        let response = lab.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(
            response.headers().contains_key(SET_COOKIE),
            is_set,
            "{name}"
        );
    }
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let lab = Lab::new(settings());
    let signed_in = lab.identity.sign_in_guest().await.unwrap().unwrap();
    let key = lab.key_of("auth.users").await;
    let pem = key.private_pem.expose().lines().nth(1).unwrap();
    let printed = format!("{:?} {signed_in:?} {key:?} {:?}", lab.identity, settings());
    for secret in [STATIC_TOKEN, &signed_in.token, pem] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
