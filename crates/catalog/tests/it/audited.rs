//! What is changed is in the audit log, with who did it.

use std::time::Duration;

use catalog::Mutation;
use serde_json::json;
use testkit::TestCatalog;

use crate::written::{component, file, provided};

const FILE: &str = "https://git.example/all.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);
/// Longer than an entity may be without a source.
const BEYOND_GRACE: Duration = Duration::from_secs(211);

async fn records(test: &TestCatalog) -> Vec<String> {
    test.sql(
        "select action || ' ' || subject || ' ' || actor || ' ' || via || ' ' ||
           case when before_digest is null then 'new' when after_digest is null then 'gone' else 'changed' end
         from audit_record order by seq",
    )
    .await
}

#[tokio::test]
async fn locations_are_recorded_with_what_was_before_and_after() {
    let test = TestCatalog::new().await;
    test.web.put(FILE, file(&[component("a")]));
    let id = test.register(FILE).await;
    test.settle().await;
    let path = format!("/locations/{id}");
    let moved = json!({"type": "url", "target": "https://git.example/other.yaml"});
    test.put(&path, moved).await.expect(200);
    test.delete(&path).await.expect(204);
    let name = test
        .sql("select subject from audit_record where seq = 1")
        .await
        .remove(0);
    assert_eq!(
        records(&test).await,
        [
            format!("catalog.location.register {name} plugin:test api new"),
            format!("catalog.location.move {name} plugin:test api changed"),
            format!("catalog.location.unregister {name} plugin:test api gone"),
        ]
    );
    // What failed left nothing behind.
    test.delete(&path).await.expect(404);
    assert_eq!(records(&test).await.len(), 3);
}

#[tokio::test]
async fn a_refresh_is_recorded_with_the_entity_it_was_asked_for() {
    let test = TestCatalog::new().await;
    test.web.put(FILE, component("a"));
    test.register(FILE).await;
    test.settle().await;
    let location = test
        .sql("select subject from audit_record where seq = 1")
        .await
        .remove(0);
    for (entity, status) in [
        ("Component:Default/A", 200),
        ("component:default/gone", 404),
    ] {
        let body = json!({ "entityRef": entity });
        test.post("/refresh", body).await.expect(status);
    }
    let again = json!({ "type": "url", "target": FILE });
    test.post("/locations?onConflict=refresh", again)
        .await
        .expect(201);
    let refreshes = test
        .sql(
            "select action || ' ' || subject || ' ' || actor || ' ' || via || ' ' || outcome ||
               case when before_digest is null and after_digest is null then '' else ' digests' end
             from audit_record where seq > 1 order by seq",
        )
        .await;
    assert_eq!(
        refreshes,
        [
            "catalog.entity.refresh component:default/a plugin:test api succeeded".to_owned(),
            format!("catalog.entity.refresh {location} plugin:test api succeeded"),
        ]
    );
}

#[tokio::test]
async fn deleted_entities_are_recorded() {
    let test = TestCatalog::new().await;
    test.provide("org", vec![provided("a")]).await;
    test.settle().await;
    let uid = test.uid("component:default/a").await;
    test.delete(&format!("/entities/by-uid/{uid}"))
        .await
        .expect(204);
    assert_eq!(
        records(&test).await,
        [
            "catalog.provider.apply provider:org org provider changed",
            "catalog.entity.delete component:default/a plugin:test api gone",
        ]
    );
}

#[tokio::test]
async fn providers_are_recorded_when_entities_come_or_go() {
    let test = TestCatalog::new().await;
    test.provide("org", vec![provided("a"), provided("b")])
        .await;
    test.provide("org", vec![provided("a"), provided("b")])
        .await;
    test.apply(
        "org",
        Mutation::Delta {
            added: Vec::new(),
            removed: vec!["component:default/b".into()],
        },
    )
    .await;
    let details = test
        .sql("select detail from audit_record order by seq")
        .await;
    assert_eq!(details, ["2 came, 0 went", "0 came, 1 went"]);
}

#[tokio::test]
async fn what_the_catalog_deletes_by_itself_is_recorded() {
    let test = TestCatalog::with_config(json!({ "orphanStrategy": "delete" })).await;
    test.web.put(FILE, file(&[component("a"), component("b")]));
    test.register(FILE).await;
    test.settle().await;
    test.web.put(FILE, component("a"));
    test.after(NEXT_LOOK).await;
    test.after(BEYOND_GRACE).await;
    assert_eq!(test.components().await, ["a"]);
    let last = records(&test).await.pop();
    let expected = "catalog.entity.delete component:default/b orphans job gone";
    assert_eq!(last.as_deref(), Some(expected));

    test.provide("people", vec![provided("ann")]).await;
    test.settle().await;
    test.stop().await;
    let test = test.again().open().await;
    test.settle().await;
    let last = records(&test).await.pop();
    let expected = "catalog.provider.evict provider:people start job gone";
    assert_eq!(last.as_deref(), Some(expected));
}
