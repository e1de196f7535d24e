//! The authorization server: tools get tokens by which they act as their user, and no others do.

use std::time::Duration;

use identity::Store;
use platform::ctx::Caller;
use serde_json::json;
use url::Url;

use super::lab::bearer;
use super::oauth_world::{REDIRECT, USER, World, query_of, text};

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
