//! Signing keys: rotation, retention, restarts, replicas, and both stores.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use identity::{
    AccessToken, Beginning, BrowserSession, DbStore, FailedSignIn, Grant, Identity, MIGRATIONS,
    MemoryStore, PublicJwk, SessionStore, Store, StoredKey, Surroundings, Which,
};
use platform::db::{Db, Settings as DbSettings};
use platform::{Clock, Result};

use super::lab::{GUEST, Lab, NOW, bearer, parts, settings};

const HOUR: Duration = Duration::from_hours(1);

fn kids(keys: &[PublicJwk]) -> Vec<&str> {
    keys.iter().map(|key| &*key.kid).collect()
}

#[tokio::test]
async fn keys_sign_for_a_token_lifetime_and_verify_for_three() {
    let lab = Lab::new(settings());
    let first = lab.user_token().await;
    let (header, _) = parts(&first);
    let first_kid = header["kid"].as_str().unwrap();
    assert_eq!(kids(&lab.identity.user_keys().await.unwrap()), [first_kid]);

    lab.clock.advance(Duration::from_millis(3_599_999));
    let last = lab.user_token().await;
    assert_eq!(parts(&last).0["kid"], first_kid);

    lab.clock.advance(Duration::from_millis(1));
    let keys = lab.identity.user_keys().await.unwrap();
    assert_eq!(
        (keys.len(), &*keys[0].kid),
        (2, first_kid),
        "the new key signs, both verify"
    );
    assert_eq!(lab.outcome(&last).await, GUEST);

    lab.clock.advance(2 * HOUR);
    let keys = lab.identity.user_keys().await.unwrap();
    assert!(
        !kids(&keys).contains(&first_kid),
        "forgotten after three lifetimes"
    );
    let stored = lab.store.load_keys().await.unwrap();
    assert!(stored.len() <= 3, "{stored:?}");
}

#[tokio::test]
async fn expired_keys_leave_the_store() {
    let lab = Lab::new(settings());
    for _ in 0..10 {
        lab.user_token().await;
        lab.clock.advance(HOUR);
    }
    let n_keys = lab.store.load_keys().await.unwrap().len();
    assert!((3..=4).contains(&n_keys), "{n_keys}");
}

#[tokio::test]
async fn every_owner_has_keys_of_its_own() {
    let lab = Lab::new(settings());
    let users = lab.identity.user_keys().await.unwrap();
    let mut all = vec![users];
    for plugin in ["auth", "catalog", "techdocs"] {
        all.push(lab.identity.plugin_keys(plugin).await.unwrap());
    }
    let mut coordinates: Vec<_> = all.iter().flatten().map(|key| key.x.clone()).collect();
    coordinates.sort_unstable();
    coordinates.dedup();
    assert_eq!(coordinates.len(), 4);
}

#[tokio::test]
async fn concurrent_first_sign_ins_make_one_key() {
    let lab = Lab::new(settings());
    let tokens = tokio::join!(lab.user_token(), lab.user_token(), lab.user_token());
    let kid = parts(&tokens.0).0["kid"].clone();
    assert_eq!(parts(&tokens.1).0["kid"], kid);
    assert_eq!(lab.store.load_keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_longer_lifetime_does_not_outlast_the_key() {
    let store = Arc::<MemoryStore>::default();
    Lab::with_store(settings(), Arc::clone(&store))
        .user_token()
        .await;
    let mut longer = settings();
    longer.token_lifetime = Duration::from_hours(24);
    let lab = Lab::with_store(longer, store);
    let token = lab.user_token().await;
    lab.clock.advance(Duration::from_hours(23));
    assert_eq!(lab.outcome(&token).await, GUEST);
}

#[tokio::test]
async fn tokens_survive_restarts_and_are_known_to_replicas() {
    let store = Arc::<MemoryStore>::default();
    let one = Lab::with_store(settings(), Arc::clone(&store));
    let two = Lab::with_store(settings(), Arc::clone(&store));
    two.identity.user_keys().await.unwrap();
    let token = one.user_token().await;
    let call = one
        .identity
        .issue_plugin_token("search", "catalog", None)
        .await
        .unwrap();
    two.clock.advance(Duration::from_secs(1));
    assert_eq!(two.outcome(&token).await, GUEST);
    assert_eq!(two.outcome(&call).await, "plugin:search");
    let restarted = Lab::with_store(settings(), store);
    assert_eq!(restarted.outcome(&token).await, GUEST);
}

/// Counts how often all keys are loaded.
#[derive(Default)]
struct CountingStore {
    inner: MemoryStore,
    n_loads: AtomicUsize,
}

#[async_trait]
impl SessionStore for CountingStore {
    async fn find_session(&self, key: &str) -> Result<Option<BrowserSession>> {
        self.inner.find_session(key).await
    }

    async fn save_session(
        &self,
        session: BrowserSession,
        keys: Vec<String>,
        beginning: Beginning,
    ) -> Result<()> {
        self.inner.save_session(session, keys, beginning).await
    }

    async fn add_session_key(&self, id: &str, key: &str, end: i64, now: i64) -> Result<()> {
        self.inner.add_session_key(id, key, end, now).await
    }

    async fn touch_sessions(&self, used: Vec<(String, i64)>) -> Result<()> {
        self.inner.touch_sessions(used).await
    }

    async fn is_session_ended(&self, id: &str) -> Result<bool> {
        self.inner.is_session_ended(id).await
    }

    async fn list_sessions(&self, user_ref: &str, now: i64) -> Result<Vec<BrowserSession>> {
        self.inner.list_sessions(user_ref, now).await
    }

    async fn end_sessions(&self, user_ref: &str, which: Which, now: i64) -> Result<u64> {
        self.inner.end_sessions(user_ref, which, now).await
    }
}

#[async_trait]
impl Store for CountingStore {
    async fn load_keys(&self) -> Result<Vec<StoredKey>> {
        self.n_loads.fetch_add(1, Ordering::SeqCst);
        self.inner.load_keys().await
    }

    async fn insert_key(&self, key: StoredKey) -> Result<()> {
        self.inner.insert_key(key).await
    }

    async fn prune_keys(&self, now: i64) -> Result<()> {
        self.inner.prune_keys(now).await
    }

    async fn save_ownership(&self, user_ref: &str, refs: &[String], now: i64) -> Result<()> {
        self.inner.save_ownership(user_ref, refs, now).await
    }

    async fn load_ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        self.inner.load_ownership(user_ref).await
    }

    async fn save_failure(&self, failure: FailedSignIn) -> Result<()> {
        self.inner.save_failure(failure).await
    }

    async fn list_failures(&self) -> Result<Vec<FailedSignIn>> {
        self.inner.list_failures().await
    }

    async fn insert_token(&self, token: AccessToken) -> Result<()> {
        self.inner.insert_token(token).await
    }

    async fn list_tokens(&self) -> Result<Vec<AccessToken>> {
        self.inner.list_tokens().await
    }

    async fn find_token(&self, id: &str) -> Result<Option<AccessToken>> {
        self.inner.find_token(id).await
    }

    async fn revoke_token(&self, id: &str, now: i64) -> Result<bool> {
        self.inner.revoke_token(id, now).await
    }

    async fn insert_grant(&self, grant: Grant) -> Result<()> {
        self.inner.insert_grant(grant).await
    }

    async fn find_grant(&self, kind: &str, id: &str) -> Result<Option<Grant>> {
        self.inner.find_grant(kind, id).await
    }

    async fn list_grants(&self, kind: &str, owner: &str) -> Result<Vec<Grant>> {
        self.inner.list_grants(kind, owner).await
    }

    async fn trim_grants(&self, kind: &str, digest: &str, keep: u32) -> Result<()> {
        self.inner.trim_grants(kind, digest, keep).await
    }

    async fn swap_grant(&self, grant: Grant, old_digest: &str) -> Result<bool> {
        self.inner.swap_grant(grant, old_digest).await
    }

    async fn delete_grant(&self, kind: &str, id: &str) -> Result<bool> {
        self.inner.delete_grant(kind, id).await
    }

    async fn prune_grants(&self, now: i64) -> Result<()> {
        self.inner.prune_grants(now).await
    }
}

#[tokio::test]
async fn a_flood_of_unknown_keys_does_not_reach_the_store() {
    let store = Arc::<CountingStore>::default();
    let clock = Clock::fixed(NOW);
    let surroundings = Surroundings {
        store: Arc::clone(&store) as Arc<dyn Store>,
        fetch: Arc::new(super::lab::FakeFetch::default()),
        directory: None,
        clock: clock.clone(),
    };
    let identity = Identity::new(settings(), surroundings).unwrap();
    let strangers = Lab::new(settings());
    let authenticator = identity.authenticator("catalog");
    let token = strangers.user_token().await;
    for expected in [1, 2] {
        for _ in 0..50 {
            assert!(authenticator.authenticate(&bearer(&token)).await.is_err());
        }
        assert_eq!(store.n_loads.load(Ordering::SeqCst), expected);
        clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn both_stores_keep_what_they_are_given() {
    let db = Db::open(DbSettings::SqliteMemory, MIGRATIONS)
        .await
        .unwrap();
    let stores: [(&str, Arc<dyn Store>); 2] = [
        ("memory", Arc::new(MemoryStore::default())),
        ("database", Arc::new(DbStore::new(db))),
    ];
    for (name, store) in stores {
        assert_eq!(store.load_ownership(GUEST).await.unwrap(), None, "{name}");
        for refs in [&["a", "b"][..], &["c"], &[]] {
            let refs: Vec<_> = refs.iter().map(|&text| text.to_owned()).collect();
            store.save_ownership(GUEST, &refs, NOW).await.unwrap();
            assert_eq!(
                store.load_ownership(GUEST).await.unwrap(),
                Some(refs),
                "{name}"
            );
        }
        let clock = Clock::fixed(NOW);
        let surroundings = Surroundings {
            store: Arc::clone(&store),
            fetch: Arc::new(super::lab::FakeFetch::default()),
            directory: None,
            clock: clock.clone(),
        };
        let identity = Identity::new(settings(), surroundings).unwrap();
        let token = identity.sign_in_guest().await.unwrap().unwrap().token;
        let caller = identity
            .authenticator("catalog")
            .authenticate(&bearer(&token))
            .await;
        assert_eq!(caller.unwrap().subject(), GUEST, "{name}");
        let keys = store.load_keys().await.unwrap();
        assert_eq!(keys.len(), 1, "{name}");
        let expires_at = keys[0].expires_at;
        assert_eq!(expires_at, NOW + 3 * 3_600_000, "{name}");
        store.prune_keys(expires_at).await.unwrap();
        assert_eq!(store.load_keys().await.unwrap().len(), 1, "{name}");
        store.prune_keys(expires_at + 1).await.unwrap();
        assert_eq!(store.load_keys().await.unwrap().len(), 0, "{name}");
    }
}
