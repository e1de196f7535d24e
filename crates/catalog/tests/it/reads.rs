//! What readers see, and when.

use std::time::Duration;

use http::header::{CONTENT_TYPE, ETAG};
use serde_json::json;
use testkit::TestCatalog;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::written::{component, described, provided};

const FILE: &str = "https://git.example/all.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);
/// Longer than the change log is kept.
const TWO_DAYS: Duration = Duration::from_hours(48);

#[tokio::test]
async fn every_acknowledged_removal_can_be_read_back_at_once() {
    let lab = TestCatalog::new().await;
    let names: Vec<String> = (0..20).map(|n| format!("n{n}")).collect();
    lab.provide("people", names.iter().map(|name| provided(name)).collect())
        .await;
    lab.settle().await;
    for name in &names {
        let entity = format!("component:default/{name}");
        let uid = lab.uid(&entity).await;
        lab.delete(&format!("/entities/by-uid/{uid}"))
            .await
            .expect(204);
        assert_eq!(lab.entity(&entity).await, None);
    }
    assert_eq!(lab.components().await, [""; 0]);
}

#[tokio::test]
async fn an_entity_has_a_tag_that_changes_with_it() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, component("cart"));
    lab.register(FILE).await;
    lab.settle().await;
    let path = "/entities/by-name/component/default/cart";
    let tag = async || {
        let reply = lab.get(path).await.expect(200);
        assert_eq!(
            reply.headers[CONTENT_TYPE],
            "application/json; charset=utf-8"
        );
        reply.headers[ETAG].to_str().unwrap().to_owned()
    };
    let first = tag().await;
    assert_eq!(tag().await, first);
    lab.web.put(FILE, described("cart", "changed"));
    lab.after(NEXT_LOOK).await;
    assert_ne!(tag().await, first);
}

#[tokio::test]
async fn a_replica_sees_what_another_one_writes() {
    let lab = TestCatalog::new().await;
    let replica = lab.again().open().await;
    lab.provide("people", vec![provided("a"), provided("b")])
        .await;
    lab.settle().await;
    replica.settle().await;
    assert_eq!(replica.components().await, ["a", "b"]);
    let uid = lab.uid("component:default/a").await;
    assert_eq!(replica.uid("component:default/a").await, uid);
    lab.delete(&format!("/entities/by-uid/{uid}"))
        .await
        .expect(204);
    replica.settle().await;
    assert_eq!(replica.components().await, ["b"]);
}

#[tokio::test]
async fn a_replica_that_was_away_for_too_long_loads_everything() {
    let lab = TestCatalog::new().await;
    lab.provide("people", vec![provided("a"), provided("b")])
        .await;
    lab.settle().await;
    let keep = json!({ "orphanProviderStrategy": "keep" });
    let replica = lab.again().config(keep).open().await;
    assert_eq!(replica.components().await, ["a", "b"]);
    replica.stop().await;
    lab.provide("people", vec![provided("b"), provided("c")])
        .await;
    lab.settle().await;
    lab.after(TWO_DAYS).await;
    lab.provide("people", vec![provided("c"), provided("d")])
        .await;
    lab.settle().await;
    lab.after(TWO_DAYS).await;
    let n_changes = lab
        .sql("select cast(count(*) as text) from catalog_change")
        .await;
    assert_eq!(n_changes, ["1"], "the log is pruned up to its newest entry");
    assert_eq!(
        replica.components().await,
        ["a", "b"],
        "it does not follow now"
    );
    replica
        .catalog
        .start(&TaskTracker::new(), &CancellationToken::new());
    replica.settle().await;
    assert_eq!(replica.components().await, ["c", "d"]);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, component("cart"));
    // Acknowledged, and nothing more: the process ends before any of it is processed.
    let id = lab.register(FILE).await;
    lab.stop().await;
    let lab = lab.again().open().await;
    lab.get(&format!("/locations/{id}")).await.expect(200);
    lab.settle().await;
    let cart = lab.entity("component:default/cart").await;
    lab.stop().await;
    let lab = lab.again().open().await;
    assert_eq!(
        lab.entity("component:default/cart").await,
        cart,
        "the index is loaded at start"
    );
}

#[tokio::test]
async fn entities_by_reference_come_in_the_order_of_the_question() {
    let lab = TestCatalog::new().await;
    lab.provide("people", vec![provided("a"), provided("b")])
        .await;
    lab.settle().await;
    let refs = [
        "component:default/b",
        "component:default/gone",
        "Component:default/a",
        "component:default/a",
    ];
    let body = json!({ "entityRefs": refs, "fields": ["metadata.name"] });
    let reply = lab.post("/entities/by-refs", body).await.expect(200).json();
    let named = |name: &str| json!({ "metadata": { "name": name } });
    // References are compared as they are, as recorded.
    assert_eq!(reply["items"], json!([named("b"), null, null, named("a")]));
}

#[tokio::test]
async fn ancestry_leads_from_an_entity_to_its_roots() {
    let lab = TestCatalog::new().await;
    let (left, right) = (
        "https://git.example/left.yaml",
        "https://git.example/right.yaml",
    );
    let part = "https://git.example/part.yaml";
    lab.web.put(left, crate::written::location("left", &[part]));
    lab.web
        .put(right, crate::written::location("right", &[part]));
    lab.web.put(part, component("cart"));
    lab.register(left).await;
    lab.register(right).await;
    lab.settle().await;
    let reply = lab
        .get("/entities/by-name/component/default/cart/ancestry")
        .await
        .expect(200)
        .json();
    assert_eq!(reply["rootEntityRef"], "component:default/cart");
    let items = reply["items"].as_array().unwrap();
    let names: Vec<_> = items
        .iter()
        .map(|item| item["entity"]["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[..3], ["cart", "left", "right"]);
    assert_eq!(
        names.len(),
        5,
        "and the two registered locations: {names:?}"
    );
    let parents = json!(["location:default/left", "location:default/right"]);
    assert_eq!(items[0]["parentEntityRefs"], parents);
    assert_eq!(items[4]["parentEntityRefs"], json!([]));
}
