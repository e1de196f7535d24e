//! Files that move: identity stays, and no reader ever sees a gap.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::{annotation, component, described, description, file, location};

const CART: &str = "component:default/cart";
const NEXT_LOOK: Duration = Duration::from_secs(200);

/// Reads the entity all the time while the work is done; it must always be there.
async fn reading(lab: &TestCatalog, work: impl Future<Output = ()>) {
    let mut n_reads = 0;
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            () = &mut work => break,
            found = lab.entity(CART) => {
                assert!(found.is_some(), "gap after {n_reads} reads");
                n_reads += 1;
                tokio::time::sleep(Duration::from_micros(100)).await;
            }
        }
    }
    assert!(n_reads > 0, "nobody has looked");
}

/// A catalog with two configured globs, `a/*.yaml` and `b/*.yaml`.
async fn two_globs() -> (TestCatalog, [String; 2]) {
    let target = |folder| json!({ "type": "file", "target": format!("FOLDER/{folder}/*.yaml") });
    let lab = TestCatalog::with_config(json!({ "locations": [target("a"), target("b")] })).await;
    for name in ["a", "b"] {
        lab.write(
            &format!("{name}/keep.yaml"),
            &component(&format!("keep-{name}")),
        );
    }
    lab.write("a/cart.yaml", &described("cart", "in a"));
    lab.after(NEXT_LOOK).await;
    let locations = ["a", "b"].map(|name| lab.folder().join(name).join("*.yaml"));
    let mut refs = Vec::new();
    for target in locations {
        let found = lab.refs("filter=kind=location").await;
        for entity in found {
            let location = lab.entity(&entity).await.unwrap();
            if location["spec"]["target"] == target.to_str().unwrap() {
                refs.push(entity);
            }
        }
    }
    let refs = refs.try_into().unwrap();
    (lab, refs)
}

async fn look_at(lab: &TestCatalog, location: &str) {
    lab.post("/refresh", json!({ "entityRef": location }))
        .await
        .expect(200);
    lab.settle().await;
}

#[tokio::test]
async fn a_file_moves_between_globs_in_either_order_of_discovery() {
    for order in [[0, 1], [1, 0]] {
        let (lab, locations) = two_globs().await;
        let uid = lab.uid(CART).await;
        lab.remove("a/cart.yaml");
        lab.write("b/cart.yaml", &described("cart", "in b"));
        reading(&lab, async {
            for place in order {
                look_at(&lab, &locations[place]).await;
            }
        })
        .await;
        for _ in 0..3 {
            lab.after(NEXT_LOOK).await;
        }
        let cart = lab.entity(CART).await.unwrap();
        assert_eq!(lab.uid(CART).await, uid, "{order:?}");
        assert_eq!(description(&cart), "in b", "{order:?}");
        assert_eq!(annotation(&cart, "backstage.io/orphan"), "", "{order:?}");
        assert!(annotation(&cart, "backstage.io/managed-by-location").ends_with("b/cart.yaml"));
        assert_eq!(
            lab.items("/ingestion/conflicts").await,
            [Value::Null; 0],
            "{order:?}"
        );
    }
}

#[tokio::test]
async fn an_entity_moves_between_urls_that_are_looked_at_in_their_own_time() {
    let [old, new] = ["a", "b"].map(|name| format!("https://git.example/{name}.yaml"));
    let lab = TestCatalog::new().await;
    lab.web
        .put(&old, file(&[component("cart"), component("keep-a")]));
    lab.web.put(&new, component("keep-b"));
    for url in [&old, &new] {
        lab.register(url).await;
    }
    lab.settle().await;
    let uid = lab.uid(CART).await;
    lab.web.put(&old, component("keep-a"));
    lab.web
        .put(&new, file(&[component("keep-b"), component("cart")]));
    reading(&lab, async {
        look_at(&lab, "component:default/keep-a").await;
        // The other one is looked at within 150 seconds of its last look.
        for _ in 0..15 {
            lab.after(Duration::from_secs(20)).await;
        }
    })
    .await;
    assert_eq!(lab.uid(CART).await, uid);
    let cart = lab.entity(CART).await.unwrap();
    assert!(annotation(&cart, "backstage.io/managed-by-location").ends_with("b.yaml"));
}

#[tokio::test]
async fn a_file_moves_within_a_glob() {
    let (lab, locations) = two_globs().await;
    let uid = lab.uid(CART).await;
    lab.remove("a/cart.yaml");
    lab.write("a/basket.yaml", &described("cart", "renamed"));
    reading(&lab, look_at(&lab, &locations[0])).await;
    assert_eq!(lab.uid(CART).await, uid);
    let cart = lab.entity(CART).await.unwrap();
    assert_eq!(description(&cart), "renamed");
    assert!(annotation(&cart, "backstage.io/managed-by-location").ends_with("a/basket.yaml"));
}

#[tokio::test]
async fn a_document_moves_between_files_of_one_location() {
    let lab = TestCatalog::new().await;
    let url = |name: &str| format!("https://git.example/{name}.yaml");
    lab.web
        .put(&url("all"), location("all", &["./a.yaml", "./b.yaml"]));
    lab.web
        .put(&url("a"), file(&[component("cart"), component("other")]));
    lab.web.put(&url("b"), component("third"));
    lab.register(&url("all")).await;
    lab.settle().await;
    let uid = lab.uid(CART).await;
    lab.web.put(&url("a"), component("other"));
    lab.web
        .put(&url("b"), file(&[component("third"), component("cart")]));
    reading(&lab, lab.after(NEXT_LOOK)).await;
    assert_eq!(lab.uid(CART).await, uid);
    assert_eq!(lab.components().await, ["cart", "other", "third"]);
}

#[tokio::test]
async fn an_entity_moves_to_another_registered_location() {
    let (old, new) = (
        "https://git.example/old.yaml",
        "https://git.example/new.yaml",
    );
    for new_comes_first in [true, false] {
        let lab = TestCatalog::new().await;
        lab.web.put(old, described("cart", "old"));
        lab.web.put(new, described("cart", "new"));
        let id = lab.register(old).await;
        lab.settle().await;
        let uid = lab.uid(CART).await;
        if new_comes_first {
            lab.register(new).await;
            reading(&lab, async {
                lab.settle().await;
                lab.delete(&format!("/locations/{id}")).await.expect(204);
                lab.settle().await;
            })
            .await;
        } else {
            lab.delete(&format!("/locations/{id}")).await.expect(204);
            lab.register(new).await;
            lab.settle().await;
        }
        assert_eq!(description(&lab.entity(CART).await.unwrap()), "new");
        // Unregistering first is asking for removal, so identity ends there.
        assert_eq!(lab.uid(CART).await == uid, new_comes_first);
    }
}

#[tokio::test]
async fn a_registered_location_is_pointed_elsewhere() {
    let (old, new) = (
        "https://git.example/old.yaml",
        "https://git.example/new.yaml",
    );
    let lab = TestCatalog::new().await;
    lab.web
        .put(old, file(&[described("cart", "old"), component("dropped")]));
    lab.web.put(new, described("cart", "new"));
    let id = lab.register(old).await;
    lab.settle().await;
    let uid = lab.uid(CART).await;
    reading(&lab, async {
        let body = json!({ "type": "url", "target": new });
        lab.put(&format!("/locations/{id}"), body).await.expect(200);
        lab.settle().await;
    })
    .await;
    for _ in 0..2 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.uid(CART).await, uid);
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "new");
    assert_eq!(lab.components().await, ["cart"]);
}
