//! The guest: who may sign in as one, and as whom.

use std::sync::Arc;

use async_trait::async_trait;
use identity::{Directory, Identity, Settings, Stage, Surroundings};
use model::Filter;
use platform::Result;
use platform::config::GuestConfig;

use super::lab::{Lab, settings};

#[tokio::test]
async fn guests_sign_in_where_the_settings_allow() {
    let allowed = GuestConfig {
        dangerously_allow_outside_development: true,
        ..GuestConfig::default()
    };
    let plain = GuestConfig::default();
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
        settings.providers.guest = guest;
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

    async fn find_users(&self, _filter: Filter, _limit: usize) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_guest_owns_what_is_configured_or_what_the_catalog_says() {
    let configured = Some(vec!["group:default/configured".to_owned()]);
    for (user_ref, setting, expected) in [
        ("user:default/known", None, "group:default/known"),
        (
            "user:default/known",
            configured.clone(),
            "group:default/configured",
        ),
        ("user:default/unknown", None, "user:default/unknown"),
        (
            "user:default/unknown",
            configured,
            "group:default/configured",
        ),
    ] {
        let mut settings = settings();
        let guest = settings.providers.guest.as_mut().unwrap();
        user_ref.clone_into(&mut guest.user_entity_ref);
        guest.ownership_entity_refs = setting;
        let lab = Lab::new(settings.clone());
        let surroundings = Surroundings {
            store: lab.store.clone(),
            fetch: lab.fetch.clone(),
            directory: Some(Arc::new(Groups)),
            clock: lab.clock.clone(),
        };
        let identity = Identity::new(settings, surroundings).unwrap();
        let signed_in = identity.sign_in_guest().await.unwrap().unwrap();
        let last = signed_in.ownership.last().unwrap();
        assert_eq!(last, expected, "{signed_in:?}");
    }
}
