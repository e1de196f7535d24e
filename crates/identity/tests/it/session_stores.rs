//! Both stores keep the same promises about sessions of browsers.

use std::sync::Arc;

use identity::{Beginning, BrowserSession, DbStore, MIGRATIONS, MemoryStore, Store, Which};
use testkit::TestDb;

use super::lab::NOW;

const ANN: &str = "user:default/ann";
const BEN: &str = "user:default/ben";

async fn stores() -> (Vec<Arc<dyn Store>>, TestDb) {
    let database = TestDb::new(&[MIGRATIONS, audit::MIGRATIONS].concat()).await;
    let db = DbStore::new(database.db.clone());
    let memory = Arc::new(MemoryStore::default());
    (vec![memory, Arc::new(db)], database)
}

fn session(id: &str, user_ref: &str, at: i64) -> BrowserSession {
    BrowserSession {
        id: id.to_owned(),
        user_ref: user_ref.to_owned(),
        provider: "oidc".to_owned(),
        agent: "Firefox/140".to_owned(),
        address: "192.0.2.7".to_owned(),
        begun_at: at,
        used_at: at,
        expires_at: at + 1_000_000,
        ended_at: None,
    }
}

async fn save(store: &dyn Store, session: &BrowserSession, keys: &[&str], beginning: Beginning) {
    let keys = keys.iter().map(|&key| key.to_owned()).collect();
    store
        .save_session(session.clone(), keys, beginning)
        .await
        .unwrap();
}

async fn ids(store: &dyn Store, user_ref: &str, now: i64) -> Vec<String> {
    let sessions = store.list_sessions(user_ref, now).await.unwrap();
    sessions.into_iter().map(|session| session.id).collect()
}

#[tokio::test]
async fn sessions_are_found_by_every_key_and_listed_by_use() {
    let (stores, _database) = stores().await;
    for store in stores {
        let store = &*store;
        let first = session("a", ANN, NOW);
        save(store, &first, &["k1", "k2"], Beginning::SignIn).await;
        save(
            store,
            &session("b", ANN, NOW + 1),
            &["k3"],
            Beginning::SignIn,
        )
        .await;
        save(
            store,
            &session("c", BEN, NOW + 2),
            &["k4"],
            Beginning::SignIn,
        )
        .await;
        for key in ["k1", "k2"] {
            let found = store.find_session(key).await.unwrap();
            assert_eq!(found.as_ref(), Some(&first), "{key}");
        }
        assert_eq!(store.find_session("k9").await.unwrap(), None);
        assert_eq!(ids(store, ANN, NOW + 2).await, ["b", "a"]);
        let used = vec![("a".to_owned(), NOW + 5), ("b".to_owned(), NOW)];
        store.touch_sessions(used).await.unwrap();
        assert_eq!(ids(store, ANN, NOW + 5).await, ["a", "b"]);
        let listed = store.list_sessions(ANN, NOW + 5).await.unwrap();
        let used: Vec<_> = listed.iter().map(|session| session.used_at).collect();
        assert_eq!(used, [NOW + 5, NOW + 1], "a use of long ago counts nothing");
        store
            .add_session_key("a", "k5", NOW + 9_000_000, NOW + 6)
            .await
            .unwrap();
        let found = store.find_session("k5").await.unwrap().unwrap();
        assert_eq!((&*found.id, found.expires_at), ("a", NOW + 9_000_000));
    }
}

#[tokio::test]
async fn users_end_their_own_sessions() {
    let (stores, _database) = stores().await;
    for store in stores {
        let store = &*store;
        for (id, user_ref) in [("a", ANN), ("b", ANN), ("c", ANN), ("d", BEN)] {
            save(store, &session(id, user_ref, NOW), &[id], Beginning::SignIn).await;
        }
        let end = async |user_ref, which| store.end_sessions(user_ref, which, NOW + 1).await;
        let one = |id: &str| Which::One(id.to_owned());
        assert_eq!(end(BEN, one("a")).await.unwrap(), 0);
        assert_eq!(end(ANN, one("a")).await.unwrap(), 1);
        assert_eq!(end(ANN, one("a")).await.unwrap(), 0, "it has ended");
        assert!(store.is_session_ended("a").await.unwrap());
        let found = store.find_session("a").await.unwrap().unwrap();
        assert_eq!(found.ended_at, Some(NOW + 1));
        let kept = Which::AllBut(Some("b".to_owned()));
        assert_eq!(end(ANN, kept).await.unwrap(), 1);
        assert_eq!(ids(store, ANN, NOW).await, ["b"]);
        assert_eq!(end(ANN, Which::AllBut(None)).await.unwrap(), 1);
        assert_eq!(ids(store, ANN, NOW).await, [""; 0]);
        assert_eq!(ids(store, BEN, NOW).await, ["d"]);
        assert!(!store.is_session_ended("d").await.unwrap());
        assert!(!store.is_session_ended("nothing").await.unwrap());
    }
}

#[tokio::test]
async fn what_has_ended_goes_on_by_a_sign_in_only() {
    let (stores, _database) = stores().await;
    for store in stores {
        let store = &*store;
        save(store, &session("a", ANN, NOW), &["k"], Beginning::SignIn).await;
        let which = Which::One("a".to_owned());
        store.end_sessions(ANN, which, NOW + 1).await.unwrap();
        save(store, &session("a", ANN, NOW + 2), &["k"], Beginning::Found).await;
        let found = store.find_session("k").await.unwrap().unwrap();
        assert_eq!(found.ended_at, Some(NOW + 1));
        let anew = session("a", ANN, NOW + 3);
        save(store, &anew, &["k"], Beginning::SignIn).await;
        assert_eq!(store.find_session("k").await.unwrap(), Some(anew));
    }
}

#[tokio::test]
async fn sessions_are_bounded_by_user_and_age() {
    let (stores, _database) = stores().await;
    for store in stores {
        let store = &*store;
        save(
            store,
            &session("ben", BEN, NOW),
            &["ben"],
            Beginning::SignIn,
        )
        .await;
        for n in 0..105 {
            let id = format!("s{n:03}");
            save(store, &session(&id, ANN, NOW + n), &[&id], Beginning::Found).await;
        }
        let listed = ids(store, ANN, NOW).await;
        assert_eq!(
            (listed.len(), &*listed[0], &*listed[99]),
            (100, "s104", "s005")
        );
        assert_eq!(store.find_session("s004").await.unwrap(), None);
        for n in 0..30 {
            let key = format!("k{n:02}");
            let now = NOW + 1_000 + n;
            store
                .add_session_key("s104", &key, NOW + 1_000_000, now)
                .await
                .unwrap();
        }
        for (key, is_known) in [
            ("s104", false),
            ("k09", false),
            ("k10", true),
            ("k29", true),
        ] {
            let found = store.find_session(key).await.unwrap();
            assert_eq!(found.is_some(), is_known, "{key}");
        }
        // What the browser has forgotten is over, also before anybody tidies up.
        let later = NOW + 2_000_000;
        assert_eq!(ids(store, ANN, later).await, [""; 0]);
        save(
            store,
            &session("new", ANN, later),
            &["new"],
            Beginning::SignIn,
        )
        .await;
        for key in ["ben", "k29", "s050"] {
            assert_eq!(store.find_session(key).await.unwrap(), None, "{key}");
        }
    }
}
