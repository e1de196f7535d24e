//! `callboard token` and `callboard doctor auth`

use serde_json::json;

use crate::doctor::free_port;
use crate::portal::{Portal, serve_text};
use crate::stage::Stage;

fn stage() -> Stage {
    let stage = Stage::configured(&json!({
        "auth": {"providers": {
            "oidc": {"production": {
                "metadataUrl": "https://id.example.com",
                "clientId": "portal",
                "clientSecret": "a-secret-of-the-client",
                "signIn": {"resolvers": [
                    {"resolver": "emailMatchingUserEntityProfileEmail", "allowedDomains": ["acme.org"]},
                    {"resolver": "preferredUsernameMatchingUserEntityName"},
                ]},
            }},
            "github": {"production": {"clientSecret": "another-secret"}},
        }},
    }));
    stage.run(&["migrate"]).expect(0);
    stage
}

#[test]
fn tokens_are_for_plugins_that_exist() {
    let stage = stage();
    let create = |only: &str| {
        let args = ["token", "create", "--subject", "ci", "--only", only];
        stage.run(&args)
    };
    for (only, told) in [
        (
            "catlog",
            "there is no plugin `catlog`; did you mean `catalog`?",
        ),
        (
            "user-setting:a.b",
            "there is no plugin `user-setting`; did you mean `user-settings`?",
        ),
        (
            "kubernetes",
            "there is no plugin `kubernetes`; there are app, audit,",
        ),
    ] {
        let refused = create(only).expect(1);
        assert!(refused.err.contains(told), "{only}: {}", refused.err);
        assert_eq!(refused.out, "");
    }
    let routes = include_str!("../sweep/routes.txt").lines();
    let routes = routes.filter_map(|line| line.split_once(" /api/")?.1.split('/').next());
    let plugins: std::collections::BTreeSet<_> = routes.collect();
    assert!(plugins.len() > 10, "{plugins:?}");
    for plugin in plugins {
        create(plugin).expect(0);
    }
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let stage = stage();
    let made = stage
        .run(&[
            "token",
            "create",
            "--subject",
            "ci",
            "--only",
            "catalog:catalog.entity.read",
        ])
        .expect(0);
    let token = made.out.trim();
    assert!(token.starts_with("cbt_") && token.len() > 50, "{token}");
    let id = &token[4..16];
    assert!(made.err.contains(id), "{}", made.err);
    stage
        .run(&["token", "create", "--subject", "old", "--expires", "1ms"])
        .expect(0);

    let list = stage.run(&["token", "list"]).expect(0);
    assert!(!list.out.contains(token), "{}", list.out);
    let first = format!("{id}  good  ci  only catalog:catalog.entity.read\n");
    assert!(list.out.contains(&first), "{}", list.out);
    assert!(list.out.contains("expired  old  until "), "{}", list.out);

    stage.run(&["token", "revoke", id]).expect(0);
    stage.run(&["token", "revoke", id]).expect(1);
    stage.run(&["token", "revoke", "nope"]).expect(1);
    let list = stage
        .run(&["token", "list", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(list[0]["state"], "revoked");
    assert_eq!(list[0]["subject"], "ci");
    stage
        .run(&["token", "create", "--subject", "a b"])
        .expect(1);
}

#[test]
fn the_doctor_tells_which_providers_work() {
    let run = stage().run(&["doctor", "auth", "--offline"]).expect(1);
    for text in [
        "`auth.providers.github.production`: `clientId` is missing",
        "oidc (production)",
        "register at the provider: http://127.0.0.1:7007/api/auth/oidc/handler/frame",
        "emailMatchingUserEntityProfileEmail, preferredUsernameMatchingUserEntityName",
    ] {
        assert!(run.out.contains(text), "{text} is not in\n{}", run.out);
    }
    assert!(!run.out.contains("secret-of"), "{}", run.out);
}

#[test]
fn the_doctor_asks_for_the_keys_that_prove_what_a_proxy_says() {
    let key = json!({"kty": "EC", "crv": "P-256", "kid": "a", "alg": "ES256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let symmetric = json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"});
    let serve = |keys: serde_json::Value| {
        let port = serve_text(json!({ "keys": keys }).to_string());
        format!("http://127.0.0.1:{port}/keys")
    };
    for (keys, code, text) in [
        (serve(json!([key])), 0, "✓ jwtHeader"),
        (serve(json!([symmetric])), 1, "has no key that can be used"),
        (
            format!("http://127.0.0.1:{}/", free_port()),
            1,
            "✗ jwtHeader: asking",
        ),
    ] {
        let stage = Stage::configured(&json!({
            "auth": {"providers": {"jwtHeader": {
                "jwtHeader": "x-token", "issuer": "https://a.org", "audience": "portal",
                "jwksUrl": keys,
                "signIn": {"resolvers": [{"resolver": "usernameMatchingUserEntityName"}]},
            }}},
        }));
        stage.run(&["migrate"]).expect(0);
        let run = stage.run(&["doctor", "auth"]).expect(code);
        assert!(run.out.contains(text), "{text} is not in\n{}", run.out);
        let offline = stage.run(&["doctor", "auth", "--offline"]).expect(0);
        assert!(offline.out.contains("✓ jwtHeader"), "{}", offline.out);
    }
}

#[test]
fn the_doctor_tells_who_somebody_would_be() {
    let stage = stage();
    let simulate = |claims: &str| {
        stage.write("claims.json", claims);
        stage.run(&[
            "doctor",
            "auth",
            "--provider",
            "oidc",
            "--claims",
            "claims.json",
        ])
    };
    let cases = [
        (
            r#"{"sub": "1", "email": "eve@acme.org", "email_verified": true, "preferred_username": "eve"}"#,
            &[
                "email: eve@acme.org",
                "looked for spec.profile.email `eve@acme.org`: no such user",
                "looked for name `eve` (`user:default/eve`): no such user",
                "does not sign in",
                "fix: add a User entity with name `eve`",
            ][..],
        ),
        (
            r#"{"sub": "1", "email": "eve@evil.org", "email_verified": true}"#,
            &[
                "not from an allowed domain",
                "fix: add `evil.org` to `allowedDomains`",
            ],
        ),
        (
            r#"{"sub": "1", "email": "eve@acme.org"}"#,
            &["claims: sub, email", "without `email_verified: true`"],
        ),
    ];
    for (claims, texts) in cases {
        let run = simulate(claims).expect(1);
        for text in texts {
            assert!(run.out.contains(text), "{text} is not in\n{}", run.out);
        }
    }
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
    assert!(simulate(token).expect(1).out.contains("claims: sub"));
    assert!(
        simulate("nonsense")
            .expect(1)
            .err
            .contains("neither a token")
    );
}

#[test]
fn who_could_not_sign_in_is_told_by_the_portal_and_the_doctor() {
    let port = free_port();
    let stage = Stage::configured(&json!({
        "backend": {"listen": {"host": "127.0.0.1", "port": port}},
        "auth": {"providers": {"oauth2Proxy": {"signIn": {"resolvers": [
            {"resolver": "forwardedUserMatchingUserEntityName"},
        ]}}}},
    }));
    let portal = Portal::start(&stage, port);
    portal.wait_for("/.backstage/health/v1/readiness", |answer| {
        answer["status"] == "ok"
    });
    let answer = portal.head(
        "/api/auth/oauth2Proxy/refresh",
        &[("x-forwarded-user", "eve")],
    );
    assert!(answer.contains(" 401 "), "{answer}");
    let list = portal.get("/api/callboard/failed-sign-ins").unwrap();
    let failure = &list["items"][0];
    assert_eq!(failure["provider"], "oauth2Proxy", "{list:#}");
    let step = &failure["steps"][0];
    assert_eq!(step["resolver"], "forwardedUserMatchingUserEntityName");
    let fix = failure["fix"].as_str().unwrap();
    assert!(fix.contains("`eve`"), "{fix}");
    let id = failure["id"].as_str().unwrap();
    let told = stage.run(&["doctor", "auth", "--offline"]).out;
    assert!(told.contains(id) && told.contains(fix), "{told}");
}

#[test]
fn secrets_are_encrypted_with_a_key_that_was_made() {
    let made = || {
        let run = Stage::new().run(&["secrets", "generate"]).expect(0);
        run.out.trim().to_owned()
    };
    let (first, second) = (made(), made());
    assert_ne!(first, second);
    let stage = stage();
    let run = stage.run(&["secrets", "reencrypt"]).expect(1);
    assert!(run.err.contains("callboard.encryption.keys"), "{}", run.err);
    let keys = json!([{"id": "new", "secret": second}, {"id": "old", "secret": first}]);
    let more = json!({"callboard": {"encryption": {"keys": keys}}});
    stage.write("more.yaml", &more.to_string());
    let args = ["--config", "app-config.yaml", "--config", "more.yaml"];
    let run = stage
        .run(&[&["secrets", "reencrypt"][..], &args].concat())
        .expect(0);
    assert!(run.err.contains("0 of 0 secrets"), "{}", run.err);
    let print = stage
        .run(&[&["config", "print"][..], &args].concat())
        .expect(0);
    assert!(
        !print.out.contains(&first) && !print.out.contains(&second),
        "{}",
        print.out
    );
}
