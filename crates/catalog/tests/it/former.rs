//! By which name an entity goes now that has gone.

use std::time::Duration;

use platform::permission::Decision;
use serde_json::{Value, json};
use testkit::{TestAccess, TestCatalog};

use crate::written::{component, described, entity, file, provided_as};

const FILE: &str = "https://git.example/all.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);
/// Beyond the grace of orphans.
const LATER: Duration = Duration::from_secs(211);

/// A catalog whose one file held the first documents, and then the others, until nothing more
/// happens.
async fn edited(before: &[String], after: &[String]) -> TestCatalog {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, file(before));
    lab.register(FILE).await;
    lab.settle().await;
    lab.web.put(FILE, file(after));
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
        lab.after(LATER).await;
    }
    lab
}

async fn former(lab: &TestCatalog, path: &str) -> Value {
    let path = format!("/entities/by-name/{path}/successors");
    lab.get(&path).await.expect(200).json()
}

/// References and why they are told.
fn told(former: &Value) -> Vec<(String, bool, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = former["items"].as_array().unwrap();
    let told = items.iter().map(|item| {
        let alike: Vec<String> = item["alike"].as_array().unwrap().iter().map(text).collect();
        let came_then = item["cameThen"].as_bool().unwrap();
        (text(&item["entityRef"]), came_then, alike.join(" "))
    });
    told.collect()
}

fn owned(kind: &str, name: &str, owner: &str) -> String {
    let spec = json!({"type": "t", "lifecycle": "l", "owner": owner});
    entity(kind, name, spec)
}

fn api(name: &str) -> String {
    let spec = json!({"type": "grpc", "lifecycle": "l", "owner": "team-a", "definition": "x"});
    entity("API", name, spec)
}

#[tokio::test]
async fn a_name_that_was_changed_in_its_file_leads_to_the_new_one() {
    let beside = component("beside");
    let lab = edited(
        &[described("cart", "where goods wait"), beside.clone()],
        &[described("basket", "where goods wait"), beside],
    )
    .await;
    assert_eq!(lab.components().await, ["basket", "beside"]);
    let cart = former(&lab, "Component/default/Cart").await;
    assert!(cart["removedAt"].is_i64(), "{cart}");
    let basket = (
        "component:default/basket".to_owned(),
        true,
        "kind description spec".to_owned(),
    );
    assert_eq!(told(&cart), [basket], "and not what was beside it before");
    for other in ["basket", "beside", "never"] {
        let nothing = json!({ "removedAt": null, "items": [] });
        assert_eq!(
            former(&lab, &format!("component/default/{other}")).await,
            nothing
        );
    }
}

#[tokio::test]
async fn the_likeliest_is_first_and_strangers_are_not_told() {
    let lab = edited(
        &[
            owned("Component", "cart", "team-a"),
            described("twin", "goods"),
        ],
        &[
            owned("Component", "orders", "team-b"),
            owned("Component", "basket", "team-a"),
            api("cart"),
            api("stranger"),
            described("twin", "goods"),
        ],
    )
    .await;
    let cart = former(&lab, "component/default/cart").await;
    let names: Vec<String> = told(&cart).into_iter().map(|(name, _, _)| name).collect();
    assert_eq!(
        names,
        [
            "component:default/basket",
            "component:default/orders",
            "api:default/cart"
        ]
    );
}

#[tokio::test]
async fn what_was_first_written_a_second_time_is_told_when_it_is_alike() {
    let old = described("cart", "where goods wait");
    let new = described("basket", "where goods wait");
    let other = described("other", "something else");
    let lab = edited(
        &[old.clone(), other.clone()],
        &[old, other.clone(), new.clone()],
    )
    .await;
    lab.web.put(FILE, file(&[other, new]));
    for _ in 0..2 {
        lab.after(NEXT_LOOK).await;
        lab.after(LATER).await;
    }
    let basket = (
        "component:default/basket".to_owned(),
        false,
        "kind description spec".to_owned(),
    );
    assert_eq!(
        told(&former(&lab, "component/default/cart").await),
        [basket]
    );
}

#[tokio::test]
async fn an_entity_that_only_went_has_no_other_name() {
    let lab = edited(
        &[described("cart", "goods"), described("other", "others")],
        &[described("other", "others")],
    )
    .await;
    let cart = former(&lab, "component/default/cart").await;
    assert!(cart["removedAt"].is_i64(), "{cart}");
    assert_eq!(told(&cart), []);
}

#[tokio::test]
async fn names_that_a_provider_gives_are_known_as_well() {
    let lab = TestCatalog::new().await;
    lab.provide("people", vec![provided_as("cart", "goods")])
        .await;
    lab.settle().await;
    lab.provide("people", vec![provided_as("basket", "goods")])
        .await;
    lab.settle().await;
    let cart = told(&former(&lab, "component/default/cart").await);
    assert_eq!(cart.len(), 1, "{cart:?}");
    assert_eq!(cart[0].0, "component:default/basket");
}

#[tokio::test]
async fn who_could_not_see_it_learns_nothing() {
    let before = [
        owned("Component", "ours", "team-a"),
        owned("Component", "theirs", "team-b"),
    ];
    let after = [
        owned("Component", "ours-now", "team-a"),
        owned("Component", "theirs-now", "team-b"),
    ];
    let lab = edited(&before, &after).await;
    let nothing = json!({ "removedAt": null, "items": [] });
    let names = |former: &Value| -> Vec<String> {
        told(former).into_iter().map(|(name, _, _)| name).collect()
    };
    let (ours, theirs) = ("component/default/ours", "component/default/theirs");
    let both = ["component:default/ours-now", "component:default/theirs-now"];
    assert_eq!(names(&former(&lab, ours).await), both);
    lab.access.decide_all(TestAccess::owned_by_team_a());
    assert_eq!(names(&former(&lab, ours).await), both[..1]);
    assert_eq!(former(&lab, theirs).await, nothing);
    lab.access.decide_all(Decision::Deny);
    for path in [ours, theirs] {
        assert_eq!(former(&lab, path).await, nothing);
    }
}

#[tokio::test]
async fn what_went_long_ago_is_forgotten() {
    let lab = edited(&[component("cart")], &[component("basket")]).await;
    let n_kept = || async { lab.sql("select ref from catalog_removed").await.len() };
    assert_eq!(n_kept().await, 1);
    lab.after(Duration::from_hours(24 * 91)).await;
    assert_eq!(n_kept().await, 0);
}
