//! Sign-in by a proxy: what is proven counts, and nothing else.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::Request;
use identity::Settings;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use platform::config::TrustedProxyConfig;
use platform::http::RequestInfo;
use platform::telemetry::TraceContext;
use serde_json::{Value, json};

use super::lab::{Lab, NOW, text_of};
use super::people::People;
use super::vendor::{Signer, Vendor};

const SECOND: i64 = NOW / 1_000;
const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/portal/1";
const EMAIL: &str = "emailMatchingUserEntityProfileEmail";

/// A portal behind one proxy.
struct World {
    lab: Lab,
    vendor: Arc<Vendor>,
    provider: &'static str,
}

impl World {
    fn new(provider: &'static str, resolver: &str, mut config: Value) -> Self {
        config["signIn"] = json!({"resolvers": [{"resolver": resolver}]});
        let config: TrustedProxyConfig = serde_json::from_value(config).unwrap();
        let mut settings = Settings::new("https://portal.acme.org".parse().unwrap());
        settings
            .providers
            .proxies
            .insert(provider.to_owned(), config);
        let vendor = Vendor::new();
        let people = Arc::new(People::usual());
        let lab = Lab::among(settings, Arc::default(), vendor.clone(), Some(people));
        Self {
            lab,
            vendor,
            provider,
        }
    }

    /// The user who signs in with these headers, or the error.
    async fn ask(&self, headers: &[(&str, &str)], peer: Option<&str>) -> Result<Value, String> {
        let mut request = Request::get(format!("/api/auth/{}/refresh", self.provider));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(RequestInfo {
            id: Arc::from("test"),
            trace: TraceContext::continuing(None),
            // Whoever writes `X-Forwarded-For` may claim to be this machine.
            peer: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            connection: peer.map(|peer| peer.parse::<IpAddr>().unwrap()),
        });
        let (status, body) = text_of(self.lab.send(request).await).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        match status {
            200 => Ok(body),
            401 => Err(body["error"]["message"].as_str().unwrap().to_owned()),
            status => Err(format!("{status}: {body}")),
        }
    }

    async fn user(&self, headers: &[(&str, &str)]) -> Result<String, String> {
        let body = self.ask(headers, None).await?;
        let identity = &body["backstageIdentity"]["identity"];
        Ok(identity["userEntityRef"].as_str().unwrap().to_owned())
    }

    /// Why the last attempt failed, as operators see it.
    async fn reason(&self) -> String {
        let failures = self.lab.identity.failed_sign_ins().await.unwrap();
        failures
            .first()
            .map(identity::FailedSignIn::story)
            .unwrap_or_default()
    }
}

/// A proxy that hands over a token whose keys are published as a set.
struct Signed {
    provider: &'static str,
    config: Value,
    resolver: &'static str,
    header: &'static str,
    keys: &'static str,
    claims: Value,
}

fn signed() -> Vec<Signed> {
    let iap = json!({
        "iss": "https://cloud.google.com/iap", "aud": "/projects/1/apps/portal",
        "sub": "accounts.google.com:a-1", "email": "alice@acme.org",
    });
    vec![
        Signed {
            provider: "gcpIap",
            config: json!({"audience": "/projects/1/apps/portal"}),
            resolver: "emailMatchingUserEntityAnnotation",
            header: "x-goog-iap-jwt-assertion",
            keys: "https://www.gstatic.com/iap/verify/public_key-jwk",
            claims: iap.clone(),
        },
        Signed {
            provider: "gcpIap",
            config: json!({"audience": "/projects/1/apps/portal", "jwtHeader": "x-iap"}),
            resolver: "idMatchingUserEntityAnnotation",
            header: "x-iap",
            keys: "https://www.gstatic.com/iap/verify/public_key-jwk",
            claims: iap,
        },
        Signed {
            provider: "azureEasyAuth",
            config: json!({
                "issuer": "https://login.microsoftonline.com/t-1/v2.0", "audience": "portal",
            }),
            resolver: "idMatchingUserEntityAnnotation",
            header: "x-ms-token-aad-id-token",
            keys: "https://login.microsoftonline.com/t-1/discovery/v2.0/keys",
            claims: json!({
                "iss": "https://login.microsoftonline.com/t-1/v2.0", "aud": "portal",
                "sub": "pairwise", "oid": "a-1",
            }),
        },
        Signed {
            provider: "jwtHeader",
            config: json!({
                "issuer": "https://mesh.acme.org", "audience": ["portal", "spare"],
                "jwksUrl": "https://mesh.acme.org/keys", "algorithms": "ES256",
            }),
            resolver: "usernameMatchingUserEntityName",
            header: "authorization",
            keys: "https://mesh.acme.org/keys",
            claims: json!({
                "iss": "https://mesh.acme.org", "aud": "spare", "sub": "x",
                "preferred_username": "alice",
            }),
        },
        Signed {
            provider: "oauth2Proxy",
            config: json!({
                "issuer": "https://id.acme.org", "audience": "portal",
                "jwksUrl": "https://id.acme.org/keys",
            }),
            resolver: "forwardedPreferredUsernameMatchingUserEntityName",
            header: "x-oauth2-proxy-id-token",
            keys: "https://id.acme.org/keys",
            claims: json!({
                "iss": "https://id.acme.org", "aud": "portal", "sub": "x",
                "preferred_username": "alice",
            }),
        },
    ]
}

/// Claims with a change.
fn changed(claims: &Value, change: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn good_tokens_sign_in_and_others_do_not() {
    for case in signed() {
        let name = case.provider;
        let signer = Signer::new().await;
        let mut forger = Signer::new().await;
        forger.0.kid.clone_from(&signer.0.kid);
        let world = World::new(name, case.resolver, case.config.clone());
        world.vendor.answer(case.keys, &signer.keys());
        let good = signer.token(&case.claims);
        let with = |change: Value| signer.token(&changed(&case.claims, &change));
        let refused = "The proxy does not prove who you are. Reference: ";
        let cases = [
            ("good", good.clone(), ""),
            (
                "forged",
                forger.token(&case.claims),
                "not signed with a known key",
            ),
            ("expired", with(json!({"exp": SECOND})), "has ended"),
            ("endless", with(json!({"exp": null})), "no token"),
            ("early", with(json!({"nbf": SECOND + 600})), "not begun"),
            (
                "wrong audience",
                with(json!({"aud": "other"})),
                "another audience",
            ),
            ("no audience", with(json!({"aud": []})), "another audience"),
            (
                "wrong issuer",
                with(json!({"iss": "https://evil.org"})),
                "another issuer",
            ),
            ("nobody", with(json!({"sub": ""})), "service token"),
            ("nonsense", "nonsense".to_owned(), "no token"),
            ("cut", good[..good.len() - 4].to_owned(), "not signed"),
        ];
        for (what, token, reason) in cases {
            let result = world.user(&[(case.header, &token)]).await;
            if reason.is_empty() {
                assert_eq!(result.as_deref(), Ok("user:default/alice"), "{name} {what}");
                continue;
            }
            let told = result.unwrap_err();
            assert!(told.starts_with(refused), "{name} {what}: {told}");
            let found = world.reason().await;
            assert!(found.contains(reason), "{name} {what}: {found}");
            world.lab.clock.advance(std::time::Duration::from_millis(1));
        }
        let told = world.user(&[]).await.unwrap_err();
        assert!(
            told.starts_with(&format!("Missing header: {}", case.header)),
            "{told}"
        );
        let page = world
            .lab
            .get(&format!("/api/auth/{name}/start?env=x"), "")
            .await;
        assert_eq!(page.0, 501, "{name}: {}", page.1);
    }
}

/// Only RS256 is used by Cloudflare, so its keys are RSA ones.
mod cloudflare {
    use super::*;

    const KEY: &str = include_str!("../../testdata/rsa.pem");
    const JWK: &str = include_str!("../../testdata/rsa.jwk.json");
    const ISSUER: &str = "https://acme.cloudflareaccess.com";

    fn world() -> World {
        let world = World::new(
            "cfaccess",
            EMAIL,
            json!({
                "teamName": "acme", "audience": "aud-tag",
                "serviceTokens": [{"token": "ci.access", "subject": "bob@acme.org"}],
            }),
        );
        let jwk: Value = serde_json::from_str(JWK).unwrap();
        let keys = format!("{ISSUER}/cdn-cgi/access/certs");
        world.vendor.answer(&keys, &json!({ "keys": [jwk] }));
        world
    }

    fn token(change: &Value) -> String {
        let claims = json!({
            "iss": ISSUER, "aud": ["aud-tag"], "sub": "a-1", "email": "alice@acme.org",
            "iat": SECOND, "exp": SECOND + 60,
        });
        let signer = EncodingKey::from_rsa_pem(KEY.as_bytes()).unwrap();
        let header = json!({"alg": "RS256", "kid": "rsa"});
        super::super::lab::sign(
            &header,
            &changed(&claims, change),
            &signer,
            Algorithm::RS256,
        )
    }

    #[tokio::test]
    async fn people_and_programs_sign_in_by_header_or_cookie() {
        let world = world();
        let header = "cf-access-jwt-assertion";
        let nobody = json!({"sub": "", "email": null});
        let program = |id: &str| token(&changed(&nobody, &json!({ "common_name": id })));
        let cases = [
            ("good", token(&json!({})), Ok("user:default/alice")),
            ("program", program("ci.access"), Ok("user:default/bob")),
            (
                "unknown program",
                program("other.access"),
                Err("service token"),
            ),
            (
                "wrong audience",
                token(&json!({"aud": ["other"]})),
                Err("another audience"),
            ),
            ("expired", token(&json!({"exp": SECOND})), Err("has ended")),
            (
                "other team",
                token(&json!({"iss": "https://evil.cloudflareaccess.com"})),
                Err("another issuer"),
            ),
            (
                "forged",
                format!("{}x", token(&json!({}))),
                Err("not signed"),
            ),
        ];
        for (what, token, expected) in cases {
            let cookie = format!("a=b; CF_Authorization={token}");
            for headers in [(header, &*token), ("cookie", &*cookie)] {
                match (world.user(&[headers]).await, expected) {
                    (Ok(user), Ok(expected)) => assert_eq!(user, expected, "{what}"),
                    (Err(_), Err(reason)) => {
                        let found = world.reason().await;
                        assert!(found.contains(reason), "{what}: {found}");
                    }
                    (found, expected) => panic!("{what}: {found:?} instead of {expected:?}"),
                }
                world.lab.clock.advance(std::time::Duration::from_millis(1));
            }
        }
    }
}

/// AWS pads the parts of its tokens, names the balancer in the header and publishes keys as PEM.
mod balancer {
    use super::*;

    struct Aws {
        world: World,
        signer: Signer,
    }

    async fn aws() -> Aws {
        let config = json!({
            "issuer": "https://id.acme.org", "signer": BALANCER, "region": "eu-west-1",
        });
        let world = World::new("awsalb", EMAIL, config);
        let signer = Signer::new().await;
        let url = key_url(&signer.0.kid);
        world.vendor.answer_as(&url, 200, &[], public_pem(&signer));
        Aws { world, signer }
    }

    fn key_url(kid: &str) -> String {
        format!("https://public-keys.auth.elb.eu-west-1.amazonaws.com/{kid}")
    }

    /// A P-256 key as PEM: the fixed beginning of every such key, then its two coordinates.
    fn public_pem(signer: &Signer) -> String {
        const PREFIX: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
        let coordinate = |text: &str| URL_SAFE.decode(format!("{text}=")).unwrap();
        let mut der = STANDARD.decode(PREFIX).unwrap();
        der.extend(coordinate(&signer.0.public.x));
        der.extend(coordinate(&signer.0.public.y));
        let body = STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    fn token(signer: &Signer, header: &Value, change: &Value) -> String {
        let claims = json!({
            "iss": "https://id.acme.org", "sub": "a-1", "email": "alice@acme.org",
            "exp": SECOND + 60,
        });
        let mut all = json!({"alg": "ES256", "kid": signer.0.kid, "signer": BALANCER});
        for (name, value) in header.as_object().unwrap() {
            all[name] = value.clone();
        }
        let encode = |value: &Value| URL_SAFE.encode(value.to_string());
        let input = format!("{}.{}", encode(&all), encode(&changed(&claims, change)));
        let key = EncodingKey::from_ec_pem(signer.0.private_pem.expose().as_bytes()).unwrap();
        let signature = crypto::sign(input.as_bytes(), &key, Algorithm::ES256).unwrap();
        format!("{input}.{signature}==")
    }

    #[tokio::test]
    async fn only_tokens_of_this_balancer_count() {
        let Aws { world, signer } = aws().await;
        let mut forger = Signer::new().await;
        forger.0.kid.clone_from(&signer.0.kid);
        let other = BALANCER.replace("portal", "evil");
        let nothing = json!({});
        let cases = [
            ("good", token(&signer, &nothing, &nothing), ""),
            ("forged", token(&forger, &nothing, &nothing), "not signed"),
            (
                "balancer of somebody else",
                token(&signer, &json!({ "signer": other }), &nothing),
                "another load balancer",
            ),
            (
                "no balancer",
                token(&signer, &json!({"signer": null}), &nothing),
                "another load balancer",
            ),
            (
                "expired",
                token(&signer, &nothing, &json!({"exp": SECOND})),
                "has ended",
            ),
            (
                "wrong issuer",
                token(&signer, &nothing, &json!({"iss": "https://evil.org"})),
                "another issuer",
            ),
            (
                "key elsewhere",
                token(&signer, &json!({"kid": "../../evil"}), &nothing),
                "not signed",
            ),
            ("nonsense", "nonsense".to_owned(), "no token"),
        ];
        for (what, token, reason) in cases {
            let headers = [
                ("x-amzn-oidc-data", &*token),
                ("x-amzn-oidc-accesstoken", "at"),
            ];
            match world.ask(&headers, None).await {
                Ok(body) => {
                    assert_eq!(reason, "", "{what}");
                    let info = json!({"accessToken": "at", "expiresInSeconds": 60});
                    assert_eq!(body["providerInfo"], info);
                    assert_eq!(body["profile"], json!({"email": "alice@acme.org"}));
                }
                Err(told) => {
                    assert!(!reason.is_empty(), "{what}: {told}");
                    let found = world.reason().await;
                    assert!(found.contains(reason), "{what}: {found}");
                }
            }
            world.lab.clock.advance(std::time::Duration::from_millis(1));
        }
        assert_eq!(world.vendor.asked(&key_url(&signer.0.kid)).len(), 1);
        for missing in ["x-amzn-oidc-data", "x-amzn-oidc-accesstoken"] {
            let good = token(&signer, &nothing, &nothing);
            let headers = [
                ("x-amzn-oidc-data", &*good),
                ("x-amzn-oidc-accesstoken", "at"),
            ];
            let rest: Vec<_> = headers
                .into_iter()
                .filter(|(name, _)| *name != missing)
                .collect();
            let told = world.user(&rest).await.unwrap_err();
            assert!(
                told.contains(&format!("Missing header: {missing}")),
                "{told}"
            );
        }
    }
}

#[tokio::test]
async fn plain_headers_count_only_from_the_proxy() {
    let config = json!({"trustedProxies": ["10.0.0.0/24", "fd00::1"]});
    let resolver = "forwardedUserMatchingUserEntityName";
    let world = World::new("oauth2Proxy", resolver, config);
    let alice = [("x-forwarded-user", "alice"), ("x-forwarded-email", "x@y")];
    for (peer, trusted) in [
        (Some("10.0.0.7"), true),
        (Some("::ffff:10.0.0.7"), true),
        (Some("fd00::1"), true),
        (None, true),
        (Some("10.0.1.7"), false),
        (Some("127.0.0.1"), false),
        (Some("203.0.113.9"), false),
    ] {
        let result = world.ask(&alice, peer).await;
        assert_eq!(result.is_ok(), trusted, "{peer:?}: {result:?}");
    }
    let twice = [("x-forwarded-user", "alice"), ("x-forwarded-user", "bob")];
    assert!(world.ask(&twice, None).await.is_err());
    let told = world.ask(&[], None).await.unwrap_err();
    assert!(
        told.starts_with("Missing header: x-forwarded-user"),
        "{told}"
    );

    let local = World::new("oauth2Proxy", resolver, json!({}));
    for (peer, trusted) in [("127.0.0.1", true), ("::1", true), ("10.0.0.7", false)] {
        let result = local.ask(&alice, Some(peer)).await;
        assert_eq!(result.is_ok(), trusted, "{peer}: {result:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_could_not_be_checked_is_left_out() {
    let cases = [
        ("gcpIap", json!({}), "`audience` is missing"),
        (
            "cfaccess",
            json!({"teamName": "acme"}),
            "`audience` is missing",
        ),
        (
            "cfaccess",
            json!({"audience": "a"}),
            "`teamName` is missing",
        ),
        (
            "awsalb",
            json!({"issuer": "i", "region": "r"}),
            "`signer` is missing",
        ),
        (
            "awsalb",
            json!({"issuer": "i", "signer": "s", "region": "a/b"}),
            "is not a region",
        ),
        ("azureEasyAuth", json!({}), "`issuer` is missing"),
        (
            "azureEasyAuth",
            json!({"issuer": "https://id", "audience": "a"}),
            "`jwksUrl` is missing",
        ),
        (
            "jwtHeader",
            json!({"issuer": "i", "audience": "a"}),
            "`jwksUrl` is missing",
        ),
        (
            "oauth2Proxy",
            json!({"trustedProxies": "everybody"}),
            "is not an address",
        ),
    ];
    for (provider, config, expected) in cases {
        let world = World::new(provider, EMAIL, config);
        let [problem] = world.lab.identity.provider_problems() else {
            panic!("{provider}");
        };
        assert!(problem.contains(expected), "{problem}");
        let (status, _) = world
            .lab
            .get(&format!("/api/auth/{provider}/refresh"), "")
            .await;
        assert_eq!(status, 404, "{provider}");
    }
}
