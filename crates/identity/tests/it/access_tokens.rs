//! Tokens of programs that operators make.

use std::sync::Arc;
use std::time::Duration;

use identity::{AccessTokens, Restriction, Store};
use platform::ctx::Caller;
use serde_json::json;

use super::lab::{Lab, NOW, STATIC_TOKEN, settings};

fn tokens_of(lab: &Lab) -> AccessTokens {
    AccessTokens::new(Arc::clone(&lab.store) as Arc<dyn Store>, lab.clock.clone())
}

#[tokio::test]
async fn a_token_is_good_until_it_ends_or_is_revoked() {
    let lab = Lab::new(settings());
    let tokens = tokens_of(&lab);
    let (lasting, lasting_secret) = tokens.create("ci", Vec::new(), None).await.unwrap();
    let hour = Some(Duration::from_hours(1));
    let (_, brief) = tokens.create("job", Vec::new(), hour).await.unwrap();
    assert_eq!(lab.outcome(lasting_secret.expose()).await, "ci");
    assert_eq!(lab.outcome(brief.expose()).await, "job");
    lab.clock.advance(Duration::from_hours(1));
    assert_eq!(lab.outcome(brief.expose()).await, "Illegal token");
    assert_eq!(lab.outcome(lasting_secret.expose()).await, "ci");
    assert!(tokens.revoke(&lasting.id).await.unwrap());
    assert!(!tokens.revoke(&lasting.id).await.unwrap());
    lab.clock.advance(Duration::from_mins(1));
    assert_eq!(lab.outcome(lasting_secret.expose()).await, "Illegal token");
}

#[tokio::test]
async fn programs_are_told_by_name_without_their_tokens() {
    let lab = Lab::new(settings());
    let tokens = tokens_of(&lab);
    let catalog = vec![Restriction {
        plugin: "catalog".to_owned(),
        permissions: Vec::new(),
        actions: Vec::new(),
    }];
    let hour = Some(Duration::from_hours(1));
    let (_, secret) = tokens.create("ci", catalog, hour).await.unwrap();
    let (ended, _) = tokens.create("old", Vec::new(), None).await.unwrap();
    tokens.revoke(&ended.id).await.unwrap();
    let told = serde_json::to_value(lab.identity.programs().await.unwrap()).unwrap();
    let expected = json!([
        {"subject": "lab-client", "kind": "static"},
        {"subject": "ci", "kind": "made", "plugins": ["catalog"], "expiresAt": NOW + 3_600_000},
    ]);
    assert_eq!(told, expected);
    let text = told.to_string();
    for hidden in [STATIC_TOKEN, secret.expose()] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[tokio::test]
async fn only_the_whole_token_opens() {
    let lab = Lab::new(settings());
    let (token, secret) = tokens_of(&lab)
        .create("ci", Vec::new(), None)
        .await
        .unwrap();
    let secret = secret.expose();
    let other = format!("cbt_{}.{}", token.id, "A".repeat(43));
    let longer = format!("{secret}A");
    let cases = [
        &secret[..secret.len() - 1],
        &*longer,
        &*other,
        &token.digest,
        "cbt_",
        "cbt_.",
        &secret[4..],
    ];
    for text in cases {
        assert_eq!(lab.outcome(text).await, "Illegal token", "{text}");
    }
    let debug = format!("{token:?}");
    assert!(!debug.contains(&token.digest), "{debug}");
}

#[tokio::test]
async fn a_token_may_be_limited() {
    let lab = Lab::new(settings());
    let only = vec![Restriction {
        plugin: "catalog".to_owned(),
        permissions: vec!["catalog.entity.read".to_owned()],
        actions: Vec::new(),
    }];
    let (_, secret) = tokens_of(&lab).create("ci", only, None).await.unwrap();
    let caller = lab.authenticate(secret.expose()).await.unwrap();
    let Caller::Service(service) = &*caller else {
        panic!("{caller:?}");
    };
    let restrictions = service.restrictions.as_deref().unwrap();
    assert_eq!(restrictions[0].permissions, ["catalog.entity.read"]);
    let (status, body) = lab
        .get("/api/techdocs/.backstage/auth/v1/cookie", secret.expose())
        .await;
    assert_eq!(status, 403, "{body}");
    let text = "This token's access is restricted to plugin(s) 'catalog'";
    assert!(body.contains(text), "{body}");
}
