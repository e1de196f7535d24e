//! Programs that are not plugins of ours.

use std::sync::atomic::Ordering;
use std::time::Duration;

use identity::{ExternalAccess, ExternalMethod, Identity, JwksAccess, Settings};
use jsonwebtoken::{Algorithm, EncodingKey};
use platform::config::Secret;
use platform::ctx::{AccessRestriction, Caller};
use serde_json::{Value, json};

use super::lab::{GUEST, Lab, NOW, STATIC_TOKEN, forge, settings, sign};

const IAT: i64 = NOW / 1_000;
/// `legacy-secret-of-the-lab`, in both alphabets' common part.
const LEGACY_SECRET: &str = "bGVnYWN5LXNlY3JldC1vZi10aGUtbGFi";
const LEGACY_BYTES: &[u8] = b"legacy-secret-of-the-lab";

fn entry(method: ExternalMethod, plugins: &[(&str, &[&str])]) -> ExternalAccess {
    let restrictions: Vec<_> = plugins
        .iter()
        .map(|(plugin, permissions)| AccessRestriction {
            plugin: (*plugin).to_owned(),
            permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
            actions: Vec::new(),
        })
        .collect();
    ExternalAccess {
        method,
        restrictions: (!restrictions.is_empty()).then(|| restrictions.into()),
    }
}

fn fixed(token: &str, subject: &str) -> ExternalMethod {
    ExternalMethod::Static {
        token: Secret::new(token),
        subject: subject.to_owned(),
    }
}

fn legacy(secret: &str, subject: &str) -> ExternalMethod {
    ExternalMethod::Legacy {
        secret: Secret::new(secret),
        subject: subject.to_owned(),
    }
}

fn jwks() -> JwksAccess {
    JwksAccess {
        url: "https://ci.acme.org/keys".parse().unwrap(),
        issuers: Vec::new(),
        audiences: Vec::new(),
        algorithms: Vec::new(),
        subject_prefix: None,
    }
}

fn lab_with(entries: Vec<ExternalAccess>) -> Lab {
    let mut settings = settings();
    settings.external_access = entries;
    Lab::new(settings)
}

#[tokio::test]
async fn static_tokens_are_compared_whole() {
    let lab = lab_with(vec![
        entry(fixed("12345678", "short"), &[]),
        entry(fixed("123456789", "longer"), &[]),
    ]);
    for (token, expected) in [
        ("12345678", "short"),
        ("123456789", "longer"),
        ("1234567", "Illegal token"),
        ("1234567890", "Illegal token"),
    ] {
        assert_eq!(lab.outcome(token).await, expected, "{token}");
    }
}

#[tokio::test]
async fn legacy_tokens_are_signed_with_a_shared_secret() {
    let mut settings = settings();
    settings.external_access = vec![entry(legacy(LEGACY_SECRET, "old-ci"), &[])];
    settings.legacy_keys = vec![Secret::new("c2Vjb25kLV9zZWNyZXQ+Pz8=")];
    let lab = Lab::new(settings);
    let token = |alg: Algorithm, secret: &[u8], claims: Value| {
        let header = json!({"alg": format!("{alg:?}")});
        sign(&header, &claims, &EncodingKey::from_secret(secret), alg)
    };
    let hs256 = |secret: &[u8], claims: Value| token(Algorithm::HS256, secret, claims);
    let server = |exp: i64| json!({"sub": "backstage-server", "exp": exp});
    let aimed = json!({"sub": "backstage-server", "exp": IAT + 60, "aud": "catalog"});
    let cases = [
        ("good", hs256(LEGACY_BYTES, server(IAT + 60)), "old-ci"),
        (
            "of keys",
            hs256(b"second-_secret>??", server(IAT + 60)),
            "external:backstage-plugin",
        ),
        ("ended", hs256(LEGACY_BYTES, server(IAT)), "Illegal token"),
        (
            "other secret",
            hs256(b"guess", server(IAT + 60)),
            "Illegal token",
        ),
        (
            "other sub",
            hs256(LEGACY_BYTES, json!({"sub": "me", "exp": IAT + 60})),
            "Illegal token",
        ),
        ("with aud", hs256(LEGACY_BYTES, aimed), "Illegal token"),
        (
            "other alg",
            token(Algorithm::HS512, LEGACY_BYTES, server(IAT + 60)),
            "Illegal token",
        ),
    ];
    for (name, token, expected) in cases {
        assert_eq!(lab.outcome(&token).await, expected, "{name}");
    }
}

/// An issuer of tokens: its keys published by the lab's fetcher, and one of them to sign with.
async fn issuer(lab: &Lab) -> identity::StoredKey {
    let other = Lab::new(settings());
    other.user_token().await;
    let key = other.key_of("auth.users").await;
    let secret = json!({"kty": "oct", "kid": "shared", "alg": "HS256", "k": LEGACY_SECRET});
    let encrypts = json!({
        "kty": "EC", "crv": "P-256", "kid": "encrypts", "use": "enc",
        "x": key.public.x, "y": key.public.y,
    });
    let unknown = json!({"kty": "AKP", "kid": "future"});
    let body = json!({"keys": [unknown, secret, encrypts, key.public]});
    *lab.fetch.body.lock() = Some(body.to_string());
    key
}

#[tokio::test]
async fn tokens_of_other_issuers_are_verified_with_their_published_keys() {
    let mut access = jwks();
    access.issuers = vec!["https://ci.acme.org".to_owned()];
    access.audiences = vec!["callboard".to_owned(), "portal".to_owned()];
    access.subject_prefix = Some("ci".to_owned());
    let lab = lab_with(vec![entry(ExternalMethod::Jwks(access), &[])]);
    let key = issuer(&lab).await;

    let header = json!({"alg": "ES256", "kid": key.kid});
    let claims = json!({
        "iss": "https://ci.acme.org", "sub": "job/7", "aud": ["x", "portal"], "exp": IAT + 60,
    });
    let with = |base: &Value, name: &str, value: Value| {
        let mut changed = base.clone();
        changed[name] = value;
        changed
    };
    let of_header = |name: &str, value: Value| forge(&with(&header, name, value), &claims, &key);
    let of_claims = |name: &str, value: Value| forge(&header, &with(&claims, name, value), &key);
    let shared = EncodingKey::from_secret(LEGACY_BYTES);
    let by_secret = json!({"alg": "HS256", "kid": "shared"});
    let illegal = "Illegal token";
    let cases = [
        ("good", forge(&header, &claims, &key), "external:ci:job/7"),
        (
            "without kid",
            forge(&json!({"alg": "ES256"}), &claims, &key),
            "external:ci:job/7",
        ),
        (
            "any typ",
            of_header("typ", "at+jwt".into()),
            "external:ci:job/7",
        ),
        (
            "fraction of a second",
            of_claims("exp", json!(1_795_210_399.5)),
            "external:ci:job/7",
        ),
        ("ended", of_claims("exp", IAT.into()), illegal),
        ("not yet", of_claims("nbf", (IAT + 31).into()), illegal),
        (
            "other iss",
            of_claims("iss", "https://evil".into()),
            illegal,
        ),
        ("other aud", of_claims("aud", "x".into()), illegal),
        ("empty sub", of_claims("sub", "".into()), illegal),
        ("unknown kid", of_header("kid", "nope".into()), illegal),
        (
            "key that encrypts",
            of_header("kid", "encrypts".into()),
            illegal,
        ),
        ("other alg", of_header("alg", "ES384".into()), illegal),
        (
            "published secret",
            sign(&by_secret, &claims, &shared, Algorithm::HS256),
            illegal,
        ),
        (
            "not a user of ours",
            of_header("typ", "vnd.backstage.user".into()),
            "Failed user token verification",
        ),
    ];
    for (name, token, expected) in cases {
        assert_eq!(lab.outcome(&token).await, expected, "{name}");
    }
}

/// Plugins of another backend sign with keys of their own; reference 3 §2.1.
#[tokio::test]
async fn plugins_of_other_backends_call_for_themselves_and_for_users() {
    let mut settings = settings();
    let keys = "https://todo.acme.org/api/todo/.backstage/auth/v1/jwks.json";
    settings.peers = vec![("todo".to_owned(), keys.parse().unwrap())];
    let lab = Lab::new(settings);
    let key = issuer(&lab).await;
    let user = lab.user_token().await;

    let header = json!({"typ": "vnd.backstage.plugin", "alg": "ES256", "kid": key.kid});
    let claims = json!({"sub": "todo", "aud": "catalog", "iat": IAT, "exp": IAT + 60});
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        forge(&header, &changed, &key)
    };
    let mut anonymous = header.clone();
    anonymous.as_object_mut().unwrap().remove("kid");
    let own = lab.key_of("auth.users").await;
    let mut as_ours = header.clone();
    as_ours["kid"] = own.kid.clone().into();
    let bad = "Failed plugin token verification";
    let cases = [
        ("for itself", forge(&header, &claims, &key), "plugin:todo"),
        ("for a user", with("obo", user.into()), GUEST),
        ("to another plugin", with("aud", "auth".into()), bad),
        ("as a plugin of ours", with("sub", "catalog".into()), bad),
        (
            "as a plugin nobody named",
            with("sub", "search".into()),
            bad,
        ),
        ("ended", with("exp", IAT.into()), bad),
        ("without kid", forge(&anonymous, &claims, &key), bad),
        ("with a key of ours", forge(&as_ours, &claims, &own), bad),
    ];
    for (name, token, expected) in cases {
        assert_eq!(lab.outcome(&token).await, expected, "{name}");
    }
}

#[tokio::test]
async fn algorithms_can_be_limited() {
    let mut access = jwks();
    access.algorithms = vec!["RS256".to_owned()];
    let lab = lab_with(vec![entry(ExternalMethod::Jwks(access), &[])]);
    let key = issuer(&lab).await;
    let token = forge(
        &json!({"alg": "ES256"}),
        &json!({"sub": "a", "exp": IAT + 60}),
        &key,
    );
    assert_eq!(lab.outcome(&token).await, "Illegal token");
    assert_eq!(lab.fetch.n_fetches.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn key_sets_are_fetched_rarely_and_survive_an_outage() {
    let lab = lab_with(vec![entry(ExternalMethod::Jwks(jwks()), &[])]);
    let key = issuer(&lab).await;
    let token = |kid: &str, n: i64| {
        let header = json!({"alg": "ES256", "kid": kid});
        forge(
            &header,
            &json!({"sub": format!("job{n}"), "exp": IAT + 3_600}),
            &key,
        )
    };
    let n_fetches = || lab.fetch.n_fetches.load(Ordering::SeqCst);
    let published = lab.fetch.body.lock().take();
    let steps = [
        (
            "the issuer is down",
            0,
            false,
            &*key.kid,
            "Illegal token",
            1,
        ),
        (
            "too early to try again",
            29,
            true,
            &*key.kid,
            "Illegal token",
            1,
        ),
        ("tried again", 1, true, &*key.kid, "external:job2", 2),
        ("unknown keys wait", 29, true, "nope", "Illegal token", 2),
        (
            "unknown keys are asked for",
            1,
            true,
            "nope",
            "Illegal token",
            3,
        ),
        ("kept while down", 31, false, "nope", "Illegal token", 4),
        (
            "known keys still verify",
            0,
            false,
            &*key.kid,
            "external:job6",
            4,
        ),
        (
            "until they are too old",
            600,
            false,
            &*key.kid,
            "Illegal token",
            5,
        ),
    ];
    for (n, (name, seconds, is_up, kid, expected, fetches)) in (0..).zip(steps) {
        lab.clock.advance(Duration::from_secs(seconds));
        *lab.fetch.body.lock() = published.clone().filter(|_| is_up);
        assert_eq!(lab.outcome(&token(kid, n)).await, expected, "{name}");
        assert_eq!(n_fetches(), fetches, "{name}");
    }
}

#[tokio::test]
async fn restricted_tokens_open_only_their_plugins() {
    let lab = lab_with(vec![entry(
        fixed(STATIC_TOKEN, "ci"),
        &[("catalog", &["catalog.entity.read"]), ("search", &[])],
    )]);
    let (status, body) = lab.get("/api/techdocs/x", STATIC_TOKEN).await;
    assert_eq!(status, 403);
    let text = "This token's access is restricted to plugin(s) 'catalog', 'search'";
    assert!(body.contains(text), "{body}");
    assert_eq!(lab.get("/api/catalog/x", STATIC_TOKEN).await.0, 404);

    let caller = lab.authenticate(STATIC_TOKEN).await.unwrap();
    let Caller::Service(service) = &*caller else {
        panic!("{caller:?}");
    };
    let restrictions = service.restrictions.as_deref().unwrap();
    assert_eq!(restrictions.len(), 1, "only those of the plugin remain");
    assert_eq!(restrictions[0].permissions, ["catalog.entity.read"]);
}

#[test]
fn wrong_entries_are_named_without_their_secrets() {
    let mut none = jwks();
    none.algorithms = vec!["HS256".to_owned()];
    let cases = [
        (
            vec![entry(fixed("1234567", "a"), &[])],
            "at least 8 characters",
        ),
        (vec![entry(fixed("1234 5678", "a"), &[])], "without spaces"),
        (vec![entry(fixed("12345678", ""), &[])], "subject"),
        (vec![entry(fixed("12345678", "a b"), &[])], "subject"),
        (
            vec![
                entry(fixed("12345678", "a"), &[]),
                entry(fixed("12345678", "b"), &[]),
            ],
            "`backend.auth.externalAccess[1]`: token is declared more than once",
        ),
        (vec![entry(legacy("secret!", "a"), &[])], "base64"),
        (vec![entry(legacy("", "a"), &[])], "base64"),
        (
            vec![entry(ExternalMethod::Jwks(none), &[])],
            "`HS256` is not an asymmetric algorithm",
        ),
        (
            vec![entry(
                fixed("12345678", "a"),
                &[("catalog", &[]), ("catalog", &["x"])],
            )],
            "lists plugin `catalog` twice",
        ),
    ];
    for (entries, expected) in cases {
        let text = error_of(entries);
        assert!(text.contains(expected), "{text}");
        for secret in ["1234", "secret!"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

fn error_of(entries: Vec<ExternalAccess>) -> String {
    let mut settings = Settings::new("http://localhost:7007".parse().unwrap());
    settings.external_access = entries;
    let lab = Lab::new(super::lab::settings());
    let surroundings = identity::Surroundings {
        store: lab.store.clone(),
        fetch: lab.fetch.clone(),
        directory: None,
        clock: lab.clock.clone(),
    };
    Identity::new(settings, surroundings).unwrap_err().chain()
}
