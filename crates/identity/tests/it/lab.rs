//! An installation to test against: fixed time, memory store, a fetcher under the test's control.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use identity::http::{JWKS_PATH, auth_plugin, plugin_routes};
use identity::{
    Directory, ExternalAccess, ExternalMethod, Fetch, Identity, Incoming, MemoryStore, Outgoing,
    Settings, Store, StoredKey, Surroundings,
};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use parking_lot::Mutex;
use platform::config::{GuestConfig, Secret};
use platform::ctx::Caller;
use platform::http::{Mount, Plugin, mount_with};
use platform::permission::{Authorizer, Decision, Permission};
use platform::{Clock, Code, Error, Result};
use serde_json::Value;
use tower::ServiceExt;

/// 2026-11-20T21:32:19.500Z, when the recordings were made.
pub(crate) const NOW: i64 = 1_795_210_339_500;
pub(crate) const STATIC_TOKEN: &str = "a-long-random-text-for-the-lab";
pub(crate) const GUEST: &str = "user:default/guest";

/// Answers with what the test put there, and counts.
#[derive(Default)]
pub(crate) struct FakeFetch {
    pub(crate) body: Mutex<Option<String>>,
    pub(crate) n_fetches: AtomicUsize,
}

#[async_trait]
impl Fetch for FakeFetch {
    async fn send(&self, _request: Outgoing) -> Result<Incoming> {
        self.n_fetches.fetch_add(1, Ordering::SeqCst);
        match &*self.body.lock() {
            Some(body) => Ok(Incoming {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: Bytes::from(body.clone()),
            }),
            None => Err(Error::unavailable("down")),
        }
    }
}

/// Allows everything.
struct Everything;

#[async_trait]
impl Authorizer for Everything {
    async fn decide(&self, _: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        vec![Decision::Allow; permissions.len()]
    }
}

/// What the audit log would be told: what was done, by and for whom, to what, and whether it was
/// refused.
#[derive(Default)]
pub(crate) struct Acts(Mutex<Vec<String>>);

impl platform::http::Observer for Acts {
    fn observe(&self, seen: platform::http::Seen<'_>) {
        if let Some(user) = seen.signs_in {
            self.0.lock().push(format!("begins {user}"));
        }
        let Some(act) = seen.act else { return };
        let asking = seen.ctx.map(platform::Ctx::caller).or(seen.refused);
        let caller = act.caller.as_deref().or(asking);
        let (actor, user) = match caller {
            Some(Caller::User(user)) => (user.agent.as_deref(), &*user.entity_ref),
            Some(other) => (None, other.subject()),
            None => (None, "nobody"),
        };
        let end = if act.is_refused { "refused" } else { "done" };
        let actor = actor.unwrap_or("itself");
        let text = format!("{} {} {user} by {actor} {end}", act.action, act.subject);
        self.0.lock().push(text);
    }
}

impl Acts {
    /// What was told since the last look.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

pub(crate) struct Lab {
    pub(crate) acts: Arc<Acts>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) fetch: Arc<FakeFetch>,
    pub(crate) clock: Clock,
}

/// The settings of the recorded Backstage.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new("http://localhost:7007".parse().unwrap());
    settings.providers.guest = Some(GuestConfig {
        user_entity_ref: GUEST.to_owned(),
        ownership_entity_refs: Some(vec![GUEST.to_owned(), "group:default/team-a".to_owned()]),
        dangerously_allow_outside_development: true,
    });
    settings.external_access.push(ExternalAccess {
        method: ExternalMethod::Static {
            token: Secret::new(STATIC_TOKEN),
            subject: "lab-client".to_owned(),
        },
        restrictions: None,
    });
    settings
}

impl Lab {
    pub(crate) fn new(settings: Settings) -> Self {
        Self::with_store(settings, Arc::default())
    }

    /// An installation over a store that another one may use too.
    pub(crate) fn with_store(settings: Settings, store: Arc<MemoryStore>) -> Self {
        let fetch = Arc::<FakeFetch>::default();
        let lab = Self::among(settings, store, Arc::clone(&fetch) as Arc<dyn Fetch>, None);
        Self { fetch, ..lab }
    }

    /// An installation in a world of the test's own.
    pub(crate) fn among(
        settings: Settings,
        store: Arc<MemoryStore>,
        fetch: Arc<dyn Fetch>,
        directory: Option<Arc<dyn Directory>>,
    ) -> Self {
        let clock = Clock::fixed(NOW);
        let surroundings = Surroundings {
            store: Arc::clone(&store) as Arc<dyn Store>,
            fetch,
            directory,
            clock: clock.clone(),
        };
        Self {
            acts: Arc::default(),
            identity: Identity::new(settings, surroundings).unwrap(),
            store,
            fetch: Arc::default(),
            clock,
        }
    }

    /// A guest's user token.
    pub(crate) async fn user_token(&self) -> String {
        self.identity.sign_in_guest().await.unwrap().unwrap().token
    }

    /// Who shows the token to the catalog.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Arc<Caller>> {
        let authenticator = self.identity.authenticator("catalog");
        authenticator.authenticate(&bearer(token)).await
    }

    /// The subject for a good token, the error text for a bad one.
    pub(crate) async fn outcome(&self, token: &str) -> String {
        outcome(&self.authenticate(token).await)
    }

    /// The only key of an owner.
    pub(crate) async fn key_of(&self, owner: &str) -> StoredKey {
        let keys = self.store.load_keys().await.unwrap();
        let mut own = keys.into_iter().filter(|key| key.owner == owner);
        let key = own.next().unwrap();
        assert!(own.next().is_none(), "{owner} has several keys");
        key
    }

    /// The plugins of the recordings, at their places.
    pub(crate) fn app(&self) -> Router {
        let mut app = Router::new();
        let mut plugins = vec![auth_plugin(&self.identity)];
        for id in ["app", "catalog", "techdocs"] {
            plugins.push(Plugin {
                id,
                router: plugin_routes(&self.identity, id),
                open_paths: &[JWKS_PATH],
            });
        }
        for plugin in plugins {
            let path = format!("/api/{}", plugin.id);
            let authenticator = self.identity.authenticator(plugin.id);
            let mount = Mount {
                challenge: self.identity.challenge(plugin.id),
                observer: Some(Arc::clone(&self.acts) as Arc<dyn platform::http::Observer>),
                ..Mount::new(authenticator, Arc::new(Everything))
            };
            app = app.nest(&path, mount_with(plugin, mount));
        }
        app
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.app().oneshot(request).await.unwrap()
    }

    /// A GET with a token.
    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, String) {
        let request = Request::get(path).header(AUTHORIZATION, format!("Bearer {token}"));
        text_of(self.send(request.body(Body::empty()).unwrap()).await).await
    }
}

pub(crate) async fn text_of(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) fn outcome(result: &Result<Arc<Caller>>) -> String {
    match result {
        Ok(caller) => caller.subject().to_owned(),
        Err(error) => {
            assert_eq!(error.code(), Code::Unauthenticated);
            error.message().to_owned()
        }
    }
}

pub(crate) fn bearer(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    headers
}

/// Signs any header and claims with a stored key.
pub(crate) fn forge(header: &Value, claims: &Value, key: &StoredKey) -> String {
    let signer = EncodingKey::from_ec_pem(key.private_pem.expose().as_bytes()).unwrap();
    sign(header, claims, &signer, Algorithm::ES256)
}

pub(crate) fn sign(
    header: &Value,
    claims: &Value,
    signer: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = crypto::sign(input.as_bytes(), signer, algorithm).unwrap();
    format!("{input}.{signature}")
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// Header and claims of a token.
pub(crate) fn parts(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}
