//! What the audit log learns of programs that act for a user, and who they are to plugins behind the
//! first one.

use std::slice::from_ref;
use std::time::Duration;

use identity::Store as _;
use platform::ctx::{Caller, User};
use serde_json::json;

use super::lab::bearer;
use super::oauth_world::{USER, World, text};

/// Who shows a token to a plugin.
async fn user_of(world: &World, plugin: &'static str, token: &str) -> User {
    let authenticator = world.lab.identity.authenticator(plugin);
    let caller = authenticator.authenticate(&bearer(token)).await.unwrap();
    let user = match &*caller {
        Caller::User(user) => Some(user.clone()),
        Caller::Service(_) | Caller::Anonymous => None,
    };
    user.unwrap()
}

#[tokio::test]
async fn it_is_recorded_whom_a_user_let_act_and_what_they_got() {
    let world = World::usual().await;
    let acts = || world.lab.acts.take();
    let client = world.client().await;
    let registered = format!("auth.client.register {client} anonymous by itself done");
    assert_eq!(acts(), [registered]);
    let approved = format!("auth.agent.approve {client} {USER} by itself done");
    let got = format!("auth.agent.token {USER} {USER} by {client} done");
    let refused = format!("auth.agent.token {USER} {USER} by {client} refused");
    let session = world.session(&client).await;
    assert_eq!(acts(), [approved.clone(), got.clone()]);

    let first = text(&session, "refresh_token");
    let second = world.renew(&client, first, &[]).await.json();
    assert_eq!(acts(), from_ref(&got));
    world.renew(&client, first, &[]).await;
    assert_eq!(acts(), from_ref(&refused), "a used refresh token");
    world
        .renew(&client, text(&second, "refresh_token"), &[])
        .await;
    assert!(
        acts().is_empty(),
        "the session is over, and nothing was taken"
    );

    let code = world.code(&client, &[]).await;
    world.redeem(&client, &code, &[]).await;
    world.redeem(&client, &code, &[]).await;
    assert_eq!(acts(), [approved, got, refused], "a used code");
}

#[tokio::test]
async fn it_is_recorded_who_ended_what_a_program_could_do() {
    let world = World::usual().await;
    let client = world.client().await;
    let session = world.session(&client).await;
    world.lab.acts.take();
    let form = [
        ("client_id", &*client),
        ("token", text(&session, "refresh_token")),
    ];
    world.form("/v1/revoke", &form).await;
    let left = format!("auth.agent.end {USER} {USER} by {client} done");
    assert_eq!(world.lab.acts.take(), [left]);
    world.form("/v1/revoke", &form).await;
    assert!(world.lab.acts.take().is_empty(), "there was nothing to end");

    let page = world.ask(&client, &[]).await.location();
    let id = page.path_segments().unwrap().next_back().unwrap();
    let path = format!("/v1/sessions/{id}/reject");
    world.post(&path, &world.token, &json!({})).await;
    let rejected = format!("auth.agent.reject {client} {USER} by itself done");
    assert_eq!(world.lab.acts.take(), [rejected]);
}

/// A plugin passes a call on with the limited form of the token it got, which is Backstage's and does
/// not name the program.
#[tokio::test]
async fn a_program_is_known_also_to_plugins_behind_the_first_one() {
    let world = World::usual().await;
    let client = world.client().await;
    let session = world.session(&client).await;
    let tool = user_of(&world, "catalog", text(&session, "access_token")).await;
    let own = user_of(&world, "catalog", &world.token).await;
    for (user, agent) in [(tool, Some(&*client)), (own, None)] {
        let identity = &world.lab.identity;
        let passed = identity.issue_plugin_token("catalog", "techdocs", Some(&user));
        let passed = user_of(&world, "techdocs", &passed.await.unwrap()).await;
        assert_eq!(passed.entity_ref, USER);
        assert_eq!(passed.actor.as_deref(), Some("plugin:catalog"));
        assert_eq!(passed.agent.as_deref(), agent);
        assert!(passed.is_passed_on());
    }
    // What was remembered for it goes with the tokens.
    let n_remembered = async || {
        world
            .lab
            .store
            .list_grants("passed", &client)
            .await
            .unwrap()
            .len()
    };
    assert_eq!(n_remembered().await, 1);
    world.lab.clock.advance(Duration::from_hours(2));
    world
        .lab
        .store
        .prune_grants(world.lab.clock.now())
        .await
        .unwrap();
    assert_eq!(n_remembered().await, 0);
}
