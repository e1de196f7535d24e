//! GitHub Apps: proof of identity, installation tokens and what happens where there is none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use integrations::settings::{GithubAppSettings, GithubSettings};
use integrations::{ReadError, Settings};
use platform::Clock;
use platform::config::Secret;
use rcgen::{KeyPair, RsaKeySize};
use std::sync::LazyLock;
use std::time::Duration;
use url::Url;

use crate::server::{Names, Seen, Server, gone, limits, ok, read, readers_at, reply};

const NOW: i64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z

/// A key as GitHub hands it out; made once because that takes a while.
fn pem() -> &'static str {
    static PEM: LazyLock<String> = LazyLock::new(|| {
        let algorithm = &rcgen::PKCS_RSA_SHA256;
        let key = KeyPair::generate_rsa_for(algorithm, RsaKeySize::_2048).unwrap();
        key.serialize_pem()
    });
    &PEM
}

fn settings(server: &Server, owners: &[&str], token: Option<&str>) -> Settings {
    let app = GithubAppSettings {
        app_id: "4711".to_owned(),
        // As it arrives through an environment variable.
        private_key: Secret::new(pem().replace('\n', "\\n")),
        allowed_installation_owners: owners.iter().map(|name| (*name).to_owned()).collect(),
    };
    let github = GithubSettings {
        host: "ghe.test".to_owned(),
        api_base_url: Some(server.url("").into()),
        token: token.map(Secret::new),
        apps: vec![app],
        ..GithubSettings::default()
    };
    Settings {
        github: vec![github],
        limits: limits(),
        ..Settings::default()
    }
}

fn answer(seen: &Seen) -> axum::response::Response {
    match &*seen.line {
        "GET /orgs/acme/installation" | "GET /users/ann/installation" => ok(r#"{"id":7}"#),
        "POST /app/installations/7/access_tokens" => reply(
            201,
            &[],
            r#"{"token":"ghs_minted","expires_at":"2026-01-01T01:00:00Z"}"#,
        ),
        line if line.starts_with("GET /repos/") => ok("kind: A"),
        _ => gone(),
    }
}

fn file(owner: &str) -> Url {
    Url::parse(&format!("https://ghe.test/{owner}/r/blob/main/x.yaml")).unwrap()
}

fn last_authorization(server: &Server) -> Option<String> {
    server
        .seen()
        .pop()
        .unwrap()
        .header("authorization")
        .map(str::to_owned)
}

#[tokio::test]
async fn tokens_of_installations_are_used_and_renewed() {
    let server = Server::start(answer).await;
    let clock = Clock::fixed(NOW);
    let readers = readers_at(
        &settings(&server, &[], None),
        clock.clone(),
        Names::default(),
    );
    for _ in 0..2 {
        read(&readers, &file("acme")).await.unwrap();
        assert_eq!(
            last_authorization(&server).as_deref(),
            Some("Bearer ghs_minted")
        );
    }
    assert_eq!(
        server.seen().len(),
        4,
        "the token is kept: {:?}",
        server.lines()
    );
    clock.advance(Duration::from_mins(56));
    read(&readers, &file("acme")).await.unwrap();
    assert_eq!(
        server.seen().len(),
        7,
        "it is renewed before it ends: {:?}",
        server.lines()
    );

    read(&readers, &file("ann")).await.unwrap();
    assert_eq!(
        last_authorization(&server).as_deref(),
        Some("Bearer ghs_minted")
    );
}

#[tokio::test]
async fn the_proof_says_who_we_are_for_a_short_time() {
    let server = Server::start(answer).await;
    let settings = settings(&server, &[], None);
    let readers = readers_at(&settings, Clock::fixed(NOW), Names::default());
    read(&readers, &file("acme")).await.unwrap();
    let proof = server.seen()[0].header("authorization").unwrap().to_owned();
    let parts: Vec<&str> = proof.strip_prefix("Bearer ").unwrap().split('.').collect();
    let decode = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_str(&decode(parts[1])).unwrap();
    assert!(decode(parts[0]).contains("RS256"));
    let expected =
        serde_json::json!({"iat": NOW / 1000 - 60, "exp": NOW / 1000 + 540, "iss": "4711"});
    assert_eq!(claims, expected);
    assert_eq!(parts.len(), 3);
}

#[tokio::test]
async fn without_an_installation_the_token_is_used_or_nothing() {
    let server = Server::start(answer).await;
    for (owners, owner, token, expected) in [
        (&[][..], "stranger", Some("ghp"), Some("Bearer ghp")),
        (&[][..], "stranger", None, None),
        (&["other"][..], "acme", Some("ghp"), Some("Bearer ghp")),
        (
            &["ACME"][..],
            "acme",
            Some("ghp"),
            Some("Bearer ghs_minted"),
        ),
    ] {
        let settings = settings(&server, owners, token);
        let readers = readers_at(&settings, Clock::fixed(NOW), Names::default());
        read(&readers, &file(owner)).await.unwrap();
        assert_eq!(
            last_authorization(&server).as_deref(),
            expected,
            "{owners:?} {owner}"
        );
    }
}

#[tokio::test]
async fn a_refused_token_is_not_used_again() {
    let server = Server::start(|seen| {
        if seen.line.starts_with("GET /repos/") {
            reply(401, &[], r#"{"message":"Bad credentials"}"#)
        } else {
            answer(seen)
        }
    })
    .await;
    let settings = settings(&server, &[], None);
    let readers = readers_at(&settings, Clock::fixed(NOW), Names::default());
    for requests in [3, 6] {
        let error = read(&readers, &file("acme")).await.unwrap_err();
        assert!(matches!(error, ReadError::Denied { .. }), "{error}");
        assert_eq!(server.seen().len(), requests);
    }
}

#[tokio::test]
async fn trouble_with_tokens_is_no_news_of_the_file() {
    let failing = Server::start(|seen| {
        if seen.line.starts_with("POST") {
            gone()
        } else {
            answer(seen)
        }
    })
    .await;
    let readers = readers_at(
        &settings(&failing, &[], None),
        Clock::fixed(NOW),
        Names::default(),
    );
    let error = read(&readers, &file("acme")).await.unwrap_err();
    assert!(matches!(error, ReadError::Denied { .. }), "{error}");

    let mut broken = settings(&failing, &[], None);
    broken.github[0].apps[0].private_key = Secret::new("not a key");
    let readers = readers_at(&broken, Clock::fixed(NOW), Names::default());
    let error = read(&readers, &file("acme")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the private key of GitHub App 4711 is not usable"
    );
}
