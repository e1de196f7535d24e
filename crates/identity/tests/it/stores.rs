//! Both stores keep the same promises.

use std::sync::Arc;

use identity::{
    AccessTokens, DbStore, FailedSignIn, Grant, MIGRATIONS, MemoryStore, Restriction, Store,
};
use platform::config::{EncryptionConfig, EncryptionKey, Secret};
use platform::seal::Keyring;
use platform::{Clock, Result};
use testkit::TestDb;

use super::lab::{Lab, NOW, settings};

/// Every store, with what has to outlive it.
async fn stores() -> (Vec<Arc<dyn Store>>, TestDb) {
    let database = TestDb::new(&[MIGRATIONS, audit::MIGRATIONS].concat()).await;
    let db = DbStore::new(database.db.clone());
    (
        vec![Arc::new(MemoryStore::default()), Arc::new(db)],
        database,
    )
}

fn failure(id: &str, at: i64) -> FailedSignIn {
    FailedSignIn {
        id: id.to_owned(),
        at,
        provider: "oidc".to_owned(),
        environment: None,
        claims: vec!["sub".to_owned()],
        steps: Vec::new(),
        fix: String::new(),
    }
}

fn grant(kind: &str, id: &str, owner: &str) -> Grant {
    Grant {
        kind: kind.to_owned(),
        id: id.to_owned(),
        owner: owner.to_owned(),
        digest: "first".to_owned(),
        body: "{}".to_owned(),
        created_at: NOW,
        expires_at: NOW + 1_000,
    }
}

#[tokio::test]
async fn failed_sign_ins_are_kept_once_and_in_bounds() {
    let (stores, _database) = stores().await;
    for store in stores {
        for (id, at) in [("a", 1), ("b", 2), ("a", 3)] {
            store.save_failure(failure(id, at)).await.unwrap();
        }
        let kept = store.list_failures().await.unwrap();
        assert_eq!(kept, [failure("a", 3), failure("b", 2)]);
        for n in 0..250 {
            let id = format!("n{n:03}");
            store.save_failure(failure(&id, 10 + n)).await.unwrap();
        }
        let kept = store.list_failures().await.unwrap();
        assert_eq!((kept.len(), &*kept[0].id), (200, "n249"));
    }
}

#[tokio::test]
async fn tokens_are_found_and_end() {
    let (stores, _database) = stores().await;
    for store in stores {
        let tokens = AccessTokens::new(Arc::clone(&store), Clock::fixed(NOW));
        let only = vec![Restriction {
            plugin: "catalog".to_owned(),
            permissions: vec!["catalog.entity.read".to_owned()],
            actions: Vec::new(),
        }];
        let (made, _) = tokens.create("ci", only, None).await.unwrap();
        let found = store.find_token(&made.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&made));
        assert!(tokens.revoke(&made.id).await.unwrap());
        assert!(!tokens.revoke(&made.id).await.unwrap());
        let list = tokens.list().await.unwrap();
        assert_eq!(list[0].revoked_at, Some(NOW));
        assert_eq!(store.find_token("nope").await.unwrap(), None);
    }
}

#[tokio::test]
async fn grants_change_hands_once() {
    let (stores, _database) = stores().await;
    for store in stores {
        for (kind, id, owner) in [
            ("code", "1", "a"),
            ("code", "2", "b"),
            ("refresh", "1", "a"),
        ] {
            store.insert_grant(grant(kind, id, owner)).await.unwrap();
        }
        let own = store.list_grants("code", "a").await.unwrap();
        assert_eq!(own, [grant("code", "1", "a")]);
        let next = Grant {
            digest: "second".to_owned(),
            expires_at: NOW + 9_000,
            ..grant("code", "1", "a")
        };
        assert!(store.swap_grant(next.clone(), "first").await.unwrap());
        assert!(!store.swap_grant(next.clone(), "first").await.unwrap());
        assert_eq!(store.find_grant("code", "1").await.unwrap(), Some(next));
        store.prune_grants(NOW + 1_000).await.unwrap();
        assert_eq!(store.find_grant("code", "2").await.unwrap(), None);
        assert!(store.delete_grant("code", "1").await.unwrap());
        assert!(!store.delete_grant("code", "1").await.unwrap());
    }
}

#[tokio::test]
async fn operators_who_make_and_end_tokens_are_recorded() {
    let (_, database) = stores().await;
    let store = Arc::new(DbStore::new(database.db.clone()));
    let tokens = AccessTokens::new(store, Clock::fixed(NOW));
    let (token, _) = tokens.create("ci", Vec::new(), None).await.unwrap();
    for was_good in [true, false] {
        assert_eq!(tokens.revoke(&token.id).await.unwrap(), was_good);
    }
    assert!(!tokens.revoke("unknown").await.unwrap());
    let records = database.db.read(|tx| {
        let sql = "select via, action, subject, detail from audit_record order by seq";
        let rows = tx.query(sql, &[])?.into_iter();
        rows.map(|mut row| Ok([row.take(0)?, row.take(1)?, row.take(2)?, row.take(3)?]))
            .collect::<Result<Vec<[String; 4]>>>()
    });
    let subject = format!("token:{}", token.id);
    let record = |action: &str| ["operator", action, &*subject, "ci"].map(str::to_owned);
    let expected = [record("auth.token.create"), record("auth.token.revoke")];
    assert_eq!(records.await.unwrap(), expected);
}

#[tokio::test]
async fn the_oldest_grants_of_a_state_make_room() {
    let (stores, _database) = stores().await;
    for store in stores {
        let of = |id: &str, digest: &str, created_at| Grant {
            digest: digest.to_owned(),
            created_at,
            ..grant("device", id, "a")
        };
        let grants = [
            of("answered", "approved", NOW),
            of("second", "pending", NOW + 2),
            of("first", "pending", NOW + 1),
            of("third", "pending", NOW + 3),
            grant("session", "first", "a"),
        ];
        for one in grants {
            store.insert_grant(one).await.unwrap();
        }
        store.trim_grants("device", "pending", 2).await.unwrap();
        let mut left = store.list_grants("device", "a").await.unwrap();
        left.sort_by_key(|one| one.created_at);
        let left: Vec<&str> = left.iter().map(|one| &*one.id).collect();
        assert_eq!(left, ["answered", "second", "third"]);
        let other = store.find_grant("session", "first").await.unwrap();
        assert!(other.is_some());
    }
}

fn keyring(ids: &[&str]) -> Keyring {
    let keys = ids.iter().map(|id| EncryptionKey {
        id: (*id).to_owned(),
        // 32 bytes, another for each key.
        secret: Secret::new(format!("{}=", id.repeat(43))),
    });
    let keys = keys.collect();
    Keyring::from_config(&EncryptionConfig { keys }).unwrap()
}

#[tokio::test]
async fn signing_keys_are_encrypted_and_change_their_key() {
    let database = TestDb::new(MIGRATIONS).await;
    let with = |ids: &[&str]| DbStore::new(database.db.clone()).with_keyring(keyring(ids));
    let stored = async || {
        let read = database.db.read(|tx| {
            let rows = tx.query(
                "select private_pem from identity_signing_key order by kid",
                &[],
            )?;
            let texts = rows.into_iter().map(|mut row| row.take::<String>(0));
            texts.collect::<Result<Vec<_>>>()
        });
        read.await.unwrap()
    };
    let lab = Lab::new(settings());
    lab.user_token().await;
    let key = lab.key_of("auth.users").await;

    // Stored before there was a key, read afterwards.
    DbStore::new(database.db.clone())
        .insert_key(key.clone())
        .await
        .unwrap();
    assert!(stored().await[0].starts_with("-----BEGIN PRIVATE KEY"));
    let found = with(&["A"]).load_keys().await.unwrap();
    assert_eq!(found[0].private_pem, key.private_pem);
    assert_eq!(with(&["A"]).reencrypt().await.unwrap(), (1, 1));
    assert_eq!(with(&["A"]).reencrypt().await.unwrap(), (1, 0));
    assert!(stored().await[0].starts_with("sealed:1:A:"));

    // A new key, with the old one until everything is encrypted anew.
    assert!(with(&["E"]).load_keys().await.is_err());
    assert!(with(&["E"]).reencrypt().await.is_err());
    assert_eq!(with(&["E", "A"]).reencrypt().await.unwrap(), (1, 1));
    let found = with(&["E"]).load_keys().await.unwrap();
    assert_eq!(found[0].private_pem, key.private_pem);
    assert!(DbStore::new(database.db.clone()).load_keys().await.is_err());

    // A key cannot be put in the place of another.
    let other = identity::StoredKey {
        kid: "other".to_owned(),
        ..key
    };
    with(&["E"]).insert_key(other).await.unwrap();
    let swap = "update identity_signing_key set private_pem = \
                (select max(private_pem) from identity_signing_key)";
    database
        .db
        .write(move |tx| tx.execute(swap, &[]))
        .await
        .unwrap();
    assert!(with(&["E"]).load_keys().await.is_err());
}
