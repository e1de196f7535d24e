//! Sessions of browsers: they are listed, go on, and end.

use std::time::Duration;

use identity::SessionStore;
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use super::lab::{GUEST, Lab, NOW, parts, settings};
use super::oidc::{REFRESH, TOKEN, World};

const SESSIONS: &str = "/api/auth/v1/browser-sessions";
const LOGOUT: &str = "/api/auth/oidc/logout?env=production";
const ALICE: &str = "user:default/alice";
const COOKIE: &str = "oidc-refresh-token";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/141.0.0.0 Safari/537.36";

/// A browser in which Alice has signed in, and her token.
async fn signed_in<'w>(
    world: &'w World,
    agent: &'static str,
    refresh_token: &str,
) -> (Browser<'w>, String) {
    let mut browser = Browser::new(&world.lab);
    browser.agent = agent;
    let token = sign_in(world, &mut browser, refresh_token).await;
    (browser, token)
}

async fn sign_in(world: &World, browser: &mut Browser<'_>, refresh_token: &str) -> String {
    refresh_token.clone_into(&mut world.refresh_token.lock());
    let page = world.sign_in(browser, "", &json!({})).await;
    let (_, message) = page.message();
    token_of(&message["response"])
}

fn token_of(answer: &Value) -> String {
    let token = &answer["backstageIdentity"]["token"];
    token.as_str().unwrap().to_owned()
}

fn id_of(token: &str) -> String {
    let (_, claims) = parts(token);
    claims["sid"].as_str().unwrap().to_owned()
}

async fn ask(lab: &Lab, method: &str, path: &str, token: &str) -> Page {
    let bearer = format!("Bearer {token}");
    let headers: &[(&str, &str)] = &[("authorization", &bearer)];
    let headers = if token.is_empty() { &[] } else { headers };
    Browser::new(lab).send(method, path, headers, "").await
}

async fn listed(world: &World, token: &str) -> Vec<Value> {
    let page = ask(&world.lab, "GET", SESSIONS, token).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()["items"].as_array().unwrap().clone()
}

/// The provider gives a new refresh token with the next renewal.
async fn renew(world: &World, browser: &mut Browser<'_>, refresh_token: &str) -> Page {
    refresh_token.clone_into(&mut world.refresh_token.lock());
    let page = world.start(&mut Browser::new(&world.lab), "").await;
    world.tokens(&page, &json!({}));
    browser.ask("GET", REFRESH).await
}

#[tokio::test]
async fn a_user_sees_where_they_are_signed_in_and_ends_it() {
    let world = World::usual().await;
    let (mut here, token) = signed_in(&world, FIREFOX, "first").await;
    world.lab.clock.advance(Duration::from_mins(1));
    let (mut there, its_token) = signed_in(&world, CHROME, "second").await;

    let items = listed(&world, &token).await;
    let seen: Vec<_> = items
        .iter()
        .map(|item| {
            json!([
                item["isPresent"],
                item["browser"],
                item["system"],
                item["begunAt"]
            ])
        })
        .collect();
    let expected = [
        json!([true, "Firefox 140", "Linux", NOW]),
        json!([false, "Chrome 141", "Windows", NOW + 60_000]),
    ];
    assert_eq!(seen, expected);
    assert_eq!(items[0]["id"], id_of(&token));
    assert_eq!(items[0]["provider"], "oidc");
    let text = serde_json::to_string(&items).unwrap();
    assert!(
        !text.contains("first") && !text.contains("second"),
        "{text}"
    );

    let other = format!("{SESSIONS}/{}", id_of(&its_token));
    assert_eq!(ask(&world.lab, "DELETE", &other, &token).await.status, 204);
    assert_eq!(ask(&world.lab, "DELETE", &other, &token).await.status, 404);
    let n_asked = world.vendor.asked(TOKEN).len();
    let refused = there.ask("GET", REFRESH).await;
    assert_eq!(refused.status, 401);
    let error = &refused.json()["error"];
    let text = "Refresh failed; caused by AuthenticationError: The session has ended, sign in anew";
    assert_eq!(error["message"], text);
    assert_eq!(error["cause"]["name"], "AuthenticationError");
    assert_eq!(world.vendor.asked(TOKEN).len(), n_asked, "nobody is asked");
    // The last token of that session still reads the catalog, but decides about no session.
    assert_eq!(world.lab.outcome(&its_token).await, ALICE);
    for (method, path) in [("GET", SESSIONS), ("DELETE", SESSIONS), ("DELETE", &*other)] {
        let page = ask(&world.lab, method, path, &its_token).await;
        assert_eq!(page.status, 401, "{method} {path}: {}", page.body);
    }

    assert_eq!(renew(&world, &mut here, "fourth").await.status, 200);
    assert_eq!(listed(&world, &token).await.len(), 1);
    // Signing in anew is a session like any other.
    let anew = sign_in(&world, &mut there, "third").await;
    assert_eq!(there.ask("GET", REFRESH).await.status, 200);
    assert_ne!(id_of(&anew), id_of(&its_token));
    assert_eq!(listed(&world, &anew).await.len(), 2);
}

#[tokio::test]
async fn all_others_end_at_once() {
    let world = World::usual().await;
    let (mut here, token) = signed_in(&world, FIREFOX, "first").await;
    let (mut second, _) = signed_in(&world, CHROME, "second").await;
    let (mut third, _) = signed_in(&world, CHROME, "third").await;
    world.lab.acts.take();
    let page = ask(&world.lab, "DELETE", SESSIONS, &token).await;
    assert_eq!(page.status, 204);
    let told = format!("auth.session.end {ALICE} {ALICE} by itself done");
    assert_eq!(world.lab.acts.take(), [told]);
    for browser in [&mut second, &mut third] {
        assert_eq!(browser.ask("GET", REFRESH).await.status, 401);
    }
    assert_eq!(here.ask("GET", REFRESH).await.status, 200);
    assert_eq!(listed(&world, &token).await.len(), 1);
}

#[tokio::test]
async fn nobody_else_sees_or_ends_sessions() {
    let world = World::usual().await;
    let (mut browser, token) = signed_in(&world, FIREFOX, "first").await;
    let lab = &world.lab;
    let bob = lab.identity.issue_user_token("user:default/bob", vec![]);
    let bob = bob.await.unwrap().token;
    let caller = lab.authenticate(&token).await.unwrap();
    let platform::Caller::User(user) = &*caller else {
        panic!("{caller:?}")
    };
    let limited = user.limited_token.as_deref().unwrap();
    let passed_on = lab
        .identity
        .issue_plugin_token("search", "auth", Some(user))
        .await
        .unwrap();
    let service = lab.identity.issue_plugin_token("search", "auth", None);
    let service = service.await.unwrap();
    let one = format!("{SESSIONS}/{}", id_of(&token));
    let callers = [
        ("nobody", "", 401),
        ("garbage", "garbage", 401),
        ("the cookie", limited, 401),
        ("a service", &service, 403),
        ("a plugin for the user", &passed_on, 403),
    ];
    for (who, shown, status) in callers {
        for (method, path) in [("GET", SESSIONS), ("DELETE", SESSIONS), ("DELETE", &*one)] {
            let page = ask(lab, method, path, shown).await;
            assert_eq!(page.status, status, "{who} {method} {path}: {}", page.body);
        }
    }
    assert_eq!(listed(&world, &bob).await, [json!(null); 0]);
    assert_eq!(ask(lab, "DELETE", &one, &bob).await.status, 404);
    assert_eq!(ask(lab, "DELETE", SESSIONS, &bob).await.status, 204);
    assert_eq!(browser.ask("GET", REFRESH).await.status, 200);
}

#[tokio::test]
async fn nothing_that_stood_for_an_ended_session_continues_it() {
    let world = World::usual().await;
    let (mut browser, token) = signed_in(&world, FIREFOX, "r0").await;
    let mut copies = vec![browser.cookies.clone()];
    for n in 1..4 {
        let page = renew(&world, &mut browser, &format!("r{n}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(id_of(&token_of(&page.json())), id_of(&token));
        assert_eq!(browser.cookies[COOKIE], format!("r{n}"));
        copies.push(browser.cookies.clone());
    }
    assert_eq!(listed(&world, &token).await.len(), 1);
    let one = format!("{SESSIONS}/{}", id_of(&token));
    assert_eq!(ask(&world.lab, "DELETE", &one, &token).await.status, 204);
    for cookies in copies {
        let mut thief = Browser::new(&world.lab);
        thief.cookies = cookies;
        let page = thief.ask("GET", REFRESH).await;
        assert_eq!(page.status, 401, "{:?}", thief.cookies);
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_also_for_a_copy_of_the_cookie() {
    let world = World::usual().await;
    let (mut browser, _) = signed_in(&world, FIREFOX, "first").await;
    let mut thief = Browser::new(&world.lab);
    thief.cookies = browser.cookies.clone();
    world.lab.acts.take();
    assert_eq!(browser.ask("POST", LOGOUT).await.status, 200);
    let told = format!("auth.session.end {ALICE} {ALICE} by itself done");
    assert_eq!(world.lab.acts.take(), [told]);
    assert_eq!(thief.ask("GET", REFRESH).await.status, 401);
    // It has ended; there is nothing more to tell.
    assert_eq!(thief.ask("POST", LOGOUT).await.status, 200);
    assert_eq!(world.lab.acts.take(), [""; 0]);
}

#[tokio::test]
async fn a_session_of_before_gets_its_row_when_it_goes_on() {
    let world = World::usual().await;
    let asked = world.start(&mut Browser::new(&world.lab), "").await;
    world.tokens(&asked, &json!({}));
    let mut browser = Browser::new(&world.lab);
    browser.agent = FIREFOX;
    browser.cookies.insert(COOKIE.to_owned(), "old".to_owned());
    let page = renew(&world, &mut browser, "old").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(world.lab.acts.take(), [format!("begins {ALICE}")]);
    let token = token_of(&page.json());
    let items = listed(&world, &token).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["isPresent"], true);
    assert_eq!(items[0]["browser"], "Firefox 140");
    let page = browser.ask("GET", REFRESH).await;
    assert_eq!(id_of(&token_of(&page.json())), id_of(&token));
    assert_eq!(world.lab.acts.take(), [""; 0], "it goes on");
}

#[tokio::test]
async fn signing_in_again_goes_on_with_the_session_of_the_browser() {
    let world = World::usual().await;
    let (mut browser, token) = signed_in(&world, FIREFOX, "first").await;
    world.lab.clock.advance(Duration::from_mins(30));
    let again = sign_in(&world, &mut browser, "second").await;
    assert_eq!(id_of(&again), id_of(&token));
    let items = listed(&world, &again).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["begunAt"], NOW + 30 * 60_000);
    let begins = format!("begins {ALICE}");
    assert_eq!(world.lab.acts.take(), [begins.clone(), begins]);

    // Somebody else at the same browser has a session of their own.
    let bob = json!({"sub": "b-2", "email": "bob@acme.org", "email_verified": true});
    world.vendor.answer("https://id.acme.org/userinfo", &bob);
    "third".clone_into(&mut world.refresh_token.lock());
    let page = world
        .sign_in(&mut browser, "", &json!({"sub": "b-2"}))
        .await;
    let (_, message) = page.message();
    let token = token_of(&message["response"]);
    assert_ne!(id_of(&token), id_of(&again));
    assert_eq!(listed(&world, &token).await.len(), 1);
    let theirs = world.lab.store.list_sessions(ALICE, NOW).await.unwrap();
    assert_eq!(theirs.len(), 1);
}

#[tokio::test]
async fn a_renewal_writes_no_more_often_than_every_few_minutes() {
    let world = World::usual().await;
    let (mut browser, _) = signed_in(&world, FIREFOX, "first").await;
    let used = async || {
        let now = world.lab.clock.now();
        world.lab.store.list_sessions(ALICE, now).await.unwrap()[0].used_at
    };
    for _ in 0..4 {
        world.lab.clock.advance(Duration::from_mins(1));
        assert_eq!(browser.ask("GET", REFRESH).await.status, 200);
        assert_eq!(used().await, NOW);
    }
    world.lab.clock.advance(Duration::from_mins(1));
    assert_eq!(browser.ask("GET", REFRESH).await.status, 200);
    assert_eq!(used().await, NOW + 300_000);
}

#[tokio::test]
async fn a_guest_has_no_session_and_begins_once_in_a_while() {
    let lab = Lab::new(settings());
    let mut browser = Browser::new(&lab);
    browser.agent = FIREFOX;
    let mut token = String::new();
    for _ in 0..3 {
        let page = browser.ask("GET", "/api/auth/guest/refresh").await;
        token = token_of(&page.json());
        assert_eq!(page.set_cookies(), [""; 0]);
    }
    assert_eq!(parts(&token).1.get("sid"), None);
    assert_eq!(lab.acts.take(), [format!("begins {GUEST}")]);
    let page = ask(&lab, "GET", SESSIONS, &token).await;
    assert_eq!(page.json(), json!({"tokenSeconds": 3600, "items": []}));
    lab.clock.advance(Duration::from_hours(12));
    browser.ask("POST", "/api/auth/guest/refresh").await;
    assert_eq!(lab.acts.take(), [format!("begins {GUEST}")]);
}
