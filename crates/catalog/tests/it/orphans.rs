//! Entities that no source emits any more.

use std::time::Duration;

use serde_json::json;
use testkit::TestCatalog;

use crate::written::{annotation, component, entity, file, location, relations};

const FILE: &str = "https://git.example/all.yaml";
const PART: &str = "https://git.example/part.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);
/// Within the grace of orphans.
const SOON: Duration = Duration::from_secs(30);
/// Beyond it: the longest pause between two looks, and a minute.
const LATER: Duration = Duration::from_secs(211);

/// A catalog with `keep` and `cart`, from whose file `cart` has just been deleted.
async fn departed(strategy: &str) -> TestCatalog {
    let lab = TestCatalog::with_config(json!({ "orphanStrategy": strategy })).await;
    lab.web
        .put(FILE, file(&[component("keep"), component("cart")]));
    lab.register(FILE).await;
    lab.settle().await;
    lab.web.put(FILE, component("keep"));
    lab.after(NEXT_LOOK).await;
    lab
}

#[tokio::test]
async fn an_orphan_is_deleted_after_its_grace() {
    let lab = departed("delete").await;
    lab.after(SOON).await;
    let cart = lab.entity("component:default/cart").await.unwrap();
    assert_eq!(
        annotation(&cart, "backstage.io/orphan"),
        "",
        "it may only be moving"
    );
    lab.after(LATER).await;
    assert_eq!(lab.components().await, ["keep"]);
}

#[tokio::test]
async fn an_orphan_is_kept_and_shown_as_one_if_so_configured() {
    let lab = departed("keep").await;
    let uid = lab.uid("component:default/cart").await;
    lab.after(SOON).await;
    let cart = lab.entity("component:default/cart").await.unwrap();
    assert_eq!(annotation(&cart, "backstage.io/orphan"), "");
    lab.after(LATER).await;
    let cart = lab.entity("component:default/cart").await.unwrap();
    assert_eq!(annotation(&cart, "backstage.io/orphan"), "true");
    let orphans = lab
        .refs("filter=metadata.annotations.backstage.io/orphan=true")
        .await;
    assert_eq!(orphans, ["component:default/cart"]);
    // Back again, from elsewhere.
    lab.web.put(PART, component("cart"));
    lab.register(PART).await;
    lab.settle().await;
    let cart = lab.entity("component:default/cart").await.unwrap();
    assert_eq!(annotation(&cart, "backstage.io/orphan"), "");
    assert_eq!(lab.uid("component:default/cart").await, uid);
    for _ in 0..5 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await, ["cart", "keep"]);
}

#[tokio::test]
async fn orphans_that_were_kept_go_once_they_are_to_be_deleted() {
    let lab = departed("keep").await;
    lab.after(LATER).await;
    assert_eq!(lab.components().await, ["cart", "keep"]);
    lab.stop().await;
    let config = json!({ "orphanStrategy": "delete" });
    let lab = lab.again().config(config).open().await;
    lab.after(LATER).await;
    assert_eq!(lab.components().await, ["keep"]);
}

#[tokio::test]
async fn what_only_an_orphan_leads_to_goes_with_it() {
    let lab = TestCatalog::new().await;
    let shared = "https://git.example/shared.yaml";
    lab.web.put(
        FILE,
        file(&[
            location("nested", &[PART, shared]),
            location("other", &[shared]),
        ]),
    );
    lab.web.put(PART, component("below"));
    lab.web.put(shared, component("shared"));
    lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["below", "shared"]);
    lab.web.put(FILE, location("other", &[shared]));
    lab.after(NEXT_LOOK).await;
    assert_eq!(
        lab.components().await,
        ["below", "shared"],
        "within the grace"
    );
    lab.after(LATER).await;
    assert_eq!(lab.components().await, ["shared"]);
    assert_eq!(lab.entity("location:default/nested").await, None);
}

#[tokio::test]
async fn relations_to_what_has_gone_dangle_and_relations_from_it_go() {
    let lab = TestCatalog::new().await;
    let spec =
        json!({"type": "service", "lifecycle": "l", "owner": "o", "dependsOn": ["component:cart"]});
    let web = entity("Component", "web", spec);
    let spec =
        json!({"type": "service", "lifecycle": "l", "owner": "o", "dependsOn": ["component:web"]});
    let cart = entity("Component", "cart", spec);
    lab.web.put(FILE, file(&[web.clone(), cart]));
    lab.register(FILE).await;
    lab.settle().await;
    let relations_of_web = async || relations(&lab.entity("component:default/web").await.unwrap());
    let both = [
        "dependencyOf component:default/cart",
        "dependsOn component:default/cart",
    ];
    assert_eq!(relations_of_web().await[..2], both);
    lab.web.put(FILE, web);
    lab.after(NEXT_LOOK).await;
    lab.after(LATER).await;
    let left = [
        "dependsOn component:default/cart",
        "ownedBy group:default/o",
    ];
    assert_eq!(relations_of_web().await, left);
}

#[tokio::test]
async fn locations_that_lead_to_each_other_go_when_nothing_leads_to_them() {
    let (left, right) = (
        "https://git.example/left.yaml",
        "https://git.example/right.yaml",
    );
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, location("entry", &[left]));
    lab.web.put(
        left,
        file(&[location("to-right", &[right]), component("l")]),
    );
    lab.web
        .put(right, file(&[location("to-left", &[left]), component("r")]));
    lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["l", "r"]);
    // The entry now leads elsewhere; the two still emit each other.
    lab.web.put(PART, component("other"));
    lab.web.put(FILE, location("entry", &[PART]));
    for _ in 0..5 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await, ["other"]);
}
