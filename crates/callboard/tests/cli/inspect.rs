//! `callboard catalog errors|conflicts|held`

use platform::db::Db;
use serde_json::json;

use crate::stage::Stage;

const ROWS: &str = "
insert into catalog_refresh (ref, uid, location_key, unprocessed, unprocessed_hash, processed,
    errors, next_at, discovered_at) values
  ('component:default/bad', 'u1', 'file:/x/a.yaml',
   '{\"metadata\":{\"annotations\":{\"backstage.io/managed-by-location\":\"file:/x/a.yaml\"}}}',
   'h', '{}',
   '[{\"name\":\"InputError\",\"message\":\"no owner\",\"problem\":{\"severity\":\"error\",
      \"code\":\"entity.kind\",\"message\":\"`owner` is missing\",\"path\":\"/spec/owner\",
      \"file\":\"/x/a.yaml\",\"position\":{\"line\":7,\"column\":3},\"hint\":\"add one\"}}]', 0, 0);
insert into catalog_conflict (ref, location_key, existing_key, source, is_root, unprocessed,
    first_at, last_at) values
  ('component:default/bad', 'file:/x/b.yaml', 'file:/x/a.yaml', 'location:default/b', false, '{}', 1, 2);
insert into catalog_held_mutation (provider, n_removed, n_before, removed, approved, at) values
  ('org', 30, 40, '[\"user:default/a\"]', false, 3);
";

async fn with_rows() -> (Stage, Db) {
    let stage = Stage::configured(&json!({}));
    stage.run(&["migrate"]).expect(0);
    let db = stage.open_database().await;
    db.write(|tx| tx.batch(ROWS)).await.unwrap();
    (stage, db)
}

#[tokio::test]
async fn errors_name_the_place_and_the_fix() {
    let (stage, _db) = with_rows().await;
    let run = stage.run(&["catalog", "errors"]).expect(1);
    assert_eq!(
        run.out,
        "component:default/bad from file:/x/a.yaml; the last good version is served\n\
         /x/a.yaml:7:3: error: `owner` is missing\n  hint: add one\n"
    );
    assert_eq!(run.err, "1 failed entity\n");
    let json = stage
        .run(&["catalog", "errors", "--format", "json", "--exit-zero"])
        .expect(0)
        .json();
    assert_eq!(json[0]["entityRef"], "component:default/bad");
    assert_eq!(json[0]["problems"][0]["position"]["line"], 7);
    let github = stage
        .run(&["catalog", "errors", "--format", "github"])
        .expect(1);
    assert!(
        github
            .out
            .starts_with("::error file=/x/a.yaml,line=7,col=3,"),
        "{}",
        github.out
    );
}

#[tokio::test]
async fn conflicts_name_both_sides() {
    let (stage, _db) = with_rows().await;
    let run = stage.run(&["catalog", "conflicts"]).expect(1);
    for text in [
        "component:default/bad",
        "file:/x/a.yaml",
        "file:/x/b.yaml (location:default/b)",
    ] {
        assert!(run.out.contains(text), "{text} is not in\n{}", run.out);
    }
    let json = stage
        .run(&["catalog", "conflicts", "--format", "json"])
        .expect(1)
        .json();
    assert_eq!(json[0]["conflictingLocationKey"], "file:/x/b.yaml");
}

#[tokio::test]
async fn held_removals_can_be_approved_and_rejected() {
    let (stage, db) = with_rows().await;
    let run = stage.run(&["catalog", "held"]).expect(1);
    assert!(
        run.out
            .starts_with("org: would remove 30 of 40 entities, such as user:default/a\n")
    );
    stage.run(&["catalog", "held", "approve", "org"]).expect(0);
    let approved = |db: Db| async move {
        let sql = "select approved from catalog_held_mutation";
        db.read(|tx| {
            Ok(tx
                .query_opt(sql, &[])?
                .map(|mut row| row.take::<bool>(0).unwrap()))
        })
        .await
    };
    assert_eq!(approved(db.clone()).await.unwrap(), Some(true));
    assert!(
        stage
            .run(&["catalog", "held"])
            .expect(0)
            .out
            .contains("approved")
    );
    stage.run(&["catalog", "held", "reject", "org"]).expect(0);
    assert_eq!(approved(db).await.unwrap(), None);
    let run = stage.run(&["catalog", "held", "approve", "org"]).expect(1);
    assert_eq!(run.err, "error: no mutation of provider `org` is held\n");
}

#[tokio::test]
async fn nothing_wrong_is_said_so() {
    let stage = Stage::configured(&json!({}));
    stage.run(&["migrate"]).expect(0);
    for (command, said) in [
        ("errors", "fine: no failed entity\n"),
        ("conflicts", "fine: no conflict\n"),
        ("held", "fine: no held removal\n"),
    ] {
        let run = stage.run(&["catalog", command]).expect(0);
        assert_eq!((run.out.as_str(), run.err.as_str()), ("", said));
    }
}
