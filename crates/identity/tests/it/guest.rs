//! The guest: who may sign in as one, and as whom.

use std::sync::Arc;

use async_trait::async_trait;
use identity::{Directory, GuestSettings, Identity, Settings, Stage, Surroundings};
use platform::Result;

use super::lab::{Lab, settings};

#[tokio::test]
async fn guests_sign_in_where_the_settings_allow() {
    let allowed = GuestSettings {
        allow_outside_development: true,
        ..GuestSettings::default()
    };
    let plain = GuestSettings::default();
    let missing = "No auth provider registered for 'guest'";
    let forbidden = "dangerouslyAllowOutsideDevelopment";
    let cases = [
        (
            Stage::Development,
            Some(plain.clone()),
            200,
            "user:development/guest",
        ),
        (Stage::Production, Some(plain), 403, forbidden),
        (
            Stage::Production,
            Some(allowed),
            200,
            "user:development/guest",
        ),
        (Stage::Development, None, 404, missing),
    ];
    for (stage, guest, expected, text) in cases {
        let mut settings = Settings::new("https://portal.acme.org".parse().unwrap());
        settings.stage = stage;
        settings.guest = guest;
        let lab = Lab::new(settings);
        let (status, body) = lab.get("/api/auth/guest/refresh", "none").await;
        assert_eq!(status, expected, "{stage:?}: {body}");
        assert!(body.contains(text), "{stage:?}: {body}");
    }
}

#[tokio::test]
async fn unknown_providers_are_named_as_the_client_wrote_them() {
    let lab = Lab::new(settings());
    for (path, text) in [
        ("/api/auth/nope", "Unknown auth provider 'nope'"),
        ("/api/auth/a%20b/start", "Unknown auth provider 'a b'"),
        ("/api/auth/guest/nope", "Unknown auth provider 'guest'"),
        (
            "/api/auth/.well-known/nope",
            "Unknown auth provider '.well-known'",
        ),
    ] {
        let (status, body) = lab.get(path, "none").await;
        assert_eq!((status, body.contains(text)), (404, true), "{path}: {body}");
    }
    assert_eq!(lab.get("/api/auth/", "none").await, (404, String::new()));
}

struct Groups;

#[async_trait]
impl Directory for Groups {
    async fn ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        let groups = vec![user_ref.to_owned(), "group:default/known".to_owned()];
        Ok((user_ref == "user:default/known").then_some(groups))
    }
}

#[tokio::test]
async fn the_directory_knows_better_than_the_settings() {
    for (user_ref, expected) in [
        ("user:default/known", "group:default/known"),
        ("user:default/unknown", "group:default/configured"),
    ] {
        let mut settings = settings();
        let guest = settings.guest.as_mut().unwrap();
        user_ref.clone_into(&mut guest.user_entity_ref);
        guest.ownership_entity_refs = Some(vec!["group:default/configured".to_owned()]);
        let lab = Lab::new(settings.clone());
        let surroundings = Surroundings {
            store: lab.store.clone(),
            fetch: lab.fetch.clone(),
            directory: Some(Arc::new(Groups)),
            clock: lab.clock.clone(),
        };
        let identity = Identity::new(settings, surroundings).unwrap();
        let signed_in = identity.sign_in_guest().await.unwrap().unwrap();
        assert!(
            signed_in.ownership.iter().any(|group| group == expected),
            "{signed_in:?}"
        );
    }
}
