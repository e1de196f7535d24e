//! `callboard permission …` and `callboard audit …`

use platform::db::{Db, Tx};
use serde_json::{Value, json};

use crate::stage::Stage;

const CSV: &str = "\
g, group:default/team, role:default/builder
p, role:default/builder, catalog.entity.create, create, allow
p, role:default/builder, catalog-entity, read, allow
";
const CONDITIONS: &str = "\
result: CONDITIONAL
roleEntityRef: role:default/builder
pluginId: catalog
resourceType: catalog-entity
permissionMapping: [delete]
conditions:
  rule: IS_ENTITY_OWNER
  resourceType: catalog-entity
  params: {claims: [$ownerRefs]}
";

fn config() -> Value {
    json!({
        "permission": {"enabled": true, "rbac": {
            "policies-csv-file": "policy.csv",
            "conditionalPoliciesFile": "conditions.yaml",
            "admin": {"superUsers": [{"name": "user:default/root"}]},
        }},
        "callboard": {"permission": {"recordDecisions": true}},
    })
}

fn stage() -> Stage {
    let stage = Stage::configured(&config());
    stage.write("policy.csv", CSV);
    stage.write("conditions.yaml", CONDITIONS);
    stage
}

/// A final entity, as stitching leaves it.
fn insert_entity(tx: &mut Tx<'_>, id: i64, body: &Value) -> platform::Result<()> {
    let (kind, name) = (body["kind"].as_str(), body["metadata"]["name"].as_str());
    let entity_ref = format!("{}:default/{}", kind.unwrap().to_lowercase(), name.unwrap());
    let text = body.to_string();
    tx.execute(
        "insert into catalog_entity (id, ref, uid, etag, body, changed_at) \
         values ($1, $2, $3, $4, $5, 0)",
        &[
            id.into(),
            entity_ref.into(),
            format!("uid-{id}").into(),
            format!("{id:040}").into(),
            text.into(),
        ],
    )
    .map(drop)
}

async fn with_entities(stage: &Stage) -> Db {
    stage.run(&["migrate"]).expect(0);
    let db = stage.open_database().await;
    db.write(|tx| {
        insert_entity(tx, 1, &json!({"apiVersion": "backstage.io/v1alpha1", "kind": "User", "metadata": {"name": "alice"},
            "spec": {}, "relations": [{"type": "memberOf", "targetRef": "group:default/team"}]}))?;
        insert_entity(tx, 2, &json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "ours"},
            "spec": {}, "relations": [{"type": "ownedBy", "targetRef": "group:default/team"}]}))?;
        insert_entity(tx, 3, &json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "theirs"},
            "spec": {}, "relations": [{"type": "ownedBy", "targetRef": "group:default/other"}]}))
    })
    .await
    .unwrap();
    db
}

#[tokio::test]
async fn can_i_answers_with_the_reason_and_an_exit_code() {
    let stage = stage();
    let _db = with_entities(&stage).await;
    let allow = "yes: p, role:default/builder, catalog.entity.create, create, allow (csv-file)\n";
    let depends = "depends: it depends on the resource, by conditional policy 1000000000 of role:default/builder\n";
    let cases: &[(&[&str], i32, &str)] = &[
        (&["user:default/Alice", "catalog.entity.create"], 0, allow),
        (&["user:default/alice", "catalog.entity.delete"], 1, depends),
        (
            &[
                "user:default/alice",
                "catalog.entity.delete",
                "--on",
                "component:default/ours",
            ],
            0,
            "yes: component:default/ours fulfils it",
        ),
        (
            &[
                "user:default/alice",
                "catalog.entity.delete",
                "--on",
                "component:default/theirs",
            ],
            1,
            "no: component:default/theirs does not fulfil it",
        ),
        (
            &["user:default/bob", "catalog.entity.create"],
            1,
            "no: no policy of the user's roles is about it\n",
        ),
        (
            &["user:default/root", "catalog.entity.create"],
            0,
            "yes: permission.rbac.admin.superUsers",
        ),
        (
            &["user:default/alice", "x.y", "--action", "use"],
            1,
            "no: no policy",
        ),
    ];
    for (args, code, expected) in cases {
        let run = stage
            .run(&[&["permission", "can-i"], *args].concat())
            .expect(*code);
        assert!(run.out.starts_with(expected), "{args:?}: {}", run.out);
    }
    let unknown = stage
        .run(&[
            "permission",
            "can-i",
            "user:default/a",
            "catalog.entity.eat",
        ])
        .expect(1);
    assert!(
        unknown.err.contains("no plugin here has the permission"),
        "{}",
        unknown.err
    );
}

#[tokio::test]
async fn explain_tells_the_way_to_the_roles() {
    let stage = stage();
    let _db = with_entities(&stage).await;
    let run = stage
        .run(&[
            "permission",
            "explain",
            "user:default/alice",
            "catalog.entity.read",
        ])
        .expect(0);
    assert_eq!(
        run.out,
        "yes: p, role:default/builder, catalog-entity, read, allow (csv-file)\nroles\n  \
         role:default/builder (csv-file): user:default/alice > group:default/team\n"
    );
}

#[test]
fn a_policy_is_tested_without_a_database() {
    let stage = stage();
    let good = "user: user:default/alice\ngroups: [group:default/team]\nallow: [catalog.entity.create, catalog.entity.read]\n\
                conditional: [catalog.entity.delete]\ndeny: [catalog.location.create]\n";
    stage.write("good.yaml", good);
    stage.write(
        "bad.yaml",
        "user: user:default/bob\nallow: [catalog.entity.read]\n",
    );
    let run = stage.run(&["permission", "test", "good.yaml"]).expect(0);
    assert_eq!(run.err, "fine: 4 answers as expected\n");
    let run = stage
        .run(&["permission", "test", "good.yaml", "bad.yaml"])
        .expect(1);
    assert_eq!(
        run.out,
        "user:default/bob: catalog.entity.read is DENY, not ALLOW: no policy of the user's roles is about it\n"
    );
    stage.write("policy.csv", "p, role:default/x, y, eat, allow\n");
    let run = stage.run(&["permission", "test", "good.yaml"]).expect(1);
    assert!(
        run.err
            .contains("policy.csv:1:1: error: 'policy' has invalid value"),
        "{}",
        run.err
    );
}

#[tokio::test]
async fn a_changed_policy_is_tried_on_what_was_decided() {
    let stage = stage();
    let db = with_entities(&stage).await;
    let none = stage.run(&["permission", "replay"]).expect(1);
    assert!(none.err.contains("recordDecisions"), "{}", none.err);
    let rows = "insert into permission_decision values
        ('user:default/alice', 'catalog.entity.create', 'create', '', 'ALLOW', 7, 1),
        ('user:default/alice', 'catalog.entity.read', 'read', 'catalog-entity', 'ALLOW', 9, 1)";
    db.write(move |tx| tx.batch(rows)).await.unwrap();
    let same = stage.run(&["permission", "replay"]).expect(0);
    assert_eq!(same.err, "fine: 2 recorded decisions stay as they are\n");
    stage.write("new.csv", &CSV.replace("create, allow", "create, deny"));
    let run = stage
        .run(&["permission", "replay", "--policies", "new.csv"])
        .expect(1);
    assert_eq!(
        run.out,
        "user:default/alice catalog.entity.create: ALLOW becomes DENY (p, role:default/builder, \
         catalog.entity.create, create, deny (csv-file); asked 7 times)\n"
    );
    stage
        .run(&[
            "permission",
            "replay",
            "--policies",
            "new.csv",
            "--exit-zero",
        ])
        .expect(0);
}

#[tokio::test]
async fn a_tampered_audit_log_is_found() {
    let stage = Stage::configured(&json!({}));
    stage.run(&["migrate"]).expect(0);
    let db = stage.open_database().await;
    db.write(|tx| {
        for number in 0..4 {
            let origin = audit::Origin::internal(audit::Via::Operator, "test");
            let event = audit::Event::done("lab.thing.make", format!("thing:{number}"));
            audit::record(tx, &origin, &event, 1_000)?;
        }
        Ok(())
    })
    .await
    .unwrap();
    let whole = stage.run(&["audit", "verify"]).expect(0);
    assert_eq!(whole.err, "whole: 4 records, none changed or removed\n");
    let hash = whole.out.trim().rsplit(' ').next().unwrap().to_owned();
    stage.run(&["audit", "verify", "--expect", &hash]).expect(0);
    stage
        .run(&["audit", "verify", "--expect", "other"])
        .expect(1);
    let lines = stage
        .run(&["audit", "export", "--subject", "thing:2"])
        .expect(0);
    assert_eq!(lines.json()["seq"], 3);
    db.write(|tx| tx.batch("update audit_record set actor = 'me' where seq = 2; delete from audit_record where seq = 3"))
        .await
        .unwrap();
    let found = stage.run(&["audit", "verify"]).expect(1);
    assert!(
        found
            .out
            .starts_with("record 2 is not the one that was written\nrecord 3 is gone\n"),
        "{}",
        found.out
    );
}
