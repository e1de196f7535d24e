//! Several sources that claim one entity.

use std::time::Duration;

use catalog::{Mutation, ProvidedEntity};
use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::{
    component, described, description, entity, file, location, provided, provided_as,
};

const FIRST: &str = "https://git.example/first.yaml";
const SECOND: &str = "https://git.example/second.yaml";
const THIRD: &str = "https://git.example/third.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);
const CART: &str = "component:default/cart";

/// A catalog in which two locations claim `cart`, and the ids of the locations.
async fn contested() -> (TestCatalog, Vec<String>) {
    let lab = TestCatalog::new().await;
    let mut ids = Vec::new();
    for (url, text) in [(FIRST, "first"), (SECOND, "second")] {
        lab.web
            .put(url, file(&[described("cart", text), component(text)]));
        ids.push(lab.register(url).await);
        lab.settle().await;
    }
    (lab, ids)
}

#[tokio::test]
async fn the_first_source_keeps_the_entity_and_the_conflict_names_both() {
    let (lab, _) = contested().await;
    lab.after(NEXT_LOOK).await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "first");
    assert_eq!(
        lab.components().await,
        ["cart", "first", "second"],
        "the rest of the file counts"
    );
    let conflicts = lab.items("/ingestion/conflicts").await;
    let source = lab
        .refs("filter=kind=location,spec.target=https://git.example/second.yaml")
        .await;
    assert_eq!(conflicts.len(), 1);
    for (field, expected) in [
        ("entityRef", json!(CART)),
        ("existingLocationKey", json!(format!("url:{FIRST}"))),
        ("conflictingLocationKey", json!(format!("url:{SECOND}"))),
        ("conflictingSource", json!(source[0])),
        ("firstConflictAt", json!(testkit::NOW)),
    ] {
        assert_eq!(conflicts[0][field], expected, "{field}");
    }
}

#[tokio::test]
async fn the_waiting_claim_takes_over_with_the_same_uid_when_the_owner_lets_go() {
    for way in ["the document is deleted", "the location is unregistered"] {
        let (lab, ids) = contested().await;
        let uid = lab.uid(CART).await;
        if way == "the document is deleted" {
            lab.web.put(FIRST, component("first"));
            lab.after(NEXT_LOOK).await;
        } else {
            lab.delete(&format!("/locations/{}", ids[0]))
                .await
                .expect(204);
            assert!(lab.entity(CART).await.is_some(), "{way}: there is no gap");
            lab.settle().await;
        }
        assert_eq!(
            description(&lab.entity(CART).await.unwrap()),
            "second",
            "{way}"
        );
        assert_eq!(lab.uid(CART).await, uid, "{way}");
        assert_eq!(
            lab.items("/ingestion/conflicts").await,
            [Value::Null; 0],
            "{way}"
        );
        lab.after(NEXT_LOOK).await;
        lab.after(NEXT_LOOK).await;
        assert!(lab.entity(CART).await.is_some(), "{way}: it stays");
    }
}

#[tokio::test]
async fn the_oldest_of_several_claims_goes_first_and_the_others_wait_on() {
    let (lab, ids) = contested().await;
    lab.clock.advance(Duration::from_secs(1));
    lab.web.put(THIRD, described("cart", "third"));
    lab.register(THIRD).await;
    lab.settle().await;
    assert_eq!(lab.items("/ingestion/conflicts").await.len(), 2);
    lab.delete(&format!("/locations/{}", ids[0]))
        .await
        .expect(204);
    lab.settle().await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "second");
    let conflicts = lab.items("/ingestion/conflicts").await;
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0]["existingLocationKey"], format!("url:{SECOND}"));
    assert_eq!(
        conflicts[0]["conflictingLocationKey"],
        format!("url:{THIRD}")
    );
}

#[tokio::test]
async fn a_conflict_ends_when_the_claim_does() {
    for way in ["the document is deleted", "the location is unregistered"] {
        let (lab, ids) = contested().await;
        if way == "the document is deleted" {
            lab.web.put(SECOND, component("second"));
            lab.after(NEXT_LOOK).await;
        } else {
            lab.delete(&format!("/locations/{}", ids[1]))
                .await
                .expect(204);
            lab.settle().await;
        }
        assert_eq!(
            lab.items("/ingestion/conflicts").await,
            [Value::Null; 0],
            "{way}"
        );
        assert_eq!(
            description(&lab.entity(CART).await.unwrap()),
            "first",
            "{way}"
        );
    }
}

#[tokio::test]
async fn a_claim_is_kept_up_to_date_while_it_waits() {
    let (lab, ids) = contested().await;
    lab.web.put(SECOND, described("cart", "second, edited"));
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.items("/ingestion/conflicts").await.len(), 1);
    lab.delete(&format!("/locations/{}", ids[0]))
        .await
        .expect(204);
    lab.settle().await;
    assert_eq!(
        description(&lab.entity(CART).await.unwrap()),
        "second, edited"
    );
}

#[tokio::test]
async fn two_locations_may_lead_to_one_file_without_conflict() {
    let lab = TestCatalog::new().await;
    let (left, right) = (
        "https://git.example/left.yaml",
        "https://git.example/right.yaml",
    );
    lab.web.put(FIRST, component("cart"));
    lab.web.put(left, location("left", &[FIRST]));
    lab.web.put(right, location("right", &[FIRST]));
    let left = lab.register(left).await;
    let right = lab.register(right).await;
    lab.settle().await;
    assert_eq!(lab.items("/ingestion/conflicts").await, [Value::Null; 0]);
    let uid = lab.uid(CART).await;
    lab.delete(&format!("/locations/{left}")).await.expect(204);
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.uid(CART).await, uid, "the other still leads to it");
    lab.delete(&format!("/locations/{right}")).await.expect(204);
    assert_eq!(lab.entity(CART).await, None);
}

#[tokio::test]
async fn claims_through_one_file_are_told_each_and_met_together() {
    let lab = TestCatalog::new().await;
    lab.web.put(FIRST, described("cart", "first"));
    lab.web.put(SECOND, described("cart", "second"));
    let first = lab.register(FIRST).await;
    lab.settle().await;
    let pointers = ["https://git.example/a.yaml", "https://git.example/b.yaml"];
    let mut ids = Vec::new();
    for (pointer, name) in pointers.iter().zip(["a", "b"]) {
        lab.web.put(pointer, location(name, &[SECOND]));
        ids.push(lab.register(pointer).await);
    }
    lab.settle().await;
    let claim = |source: &str| {
        let source = format!("location:default/{source}");
        [format!("url:{FIRST}"), format!("url:{SECOND}"), source]
    };
    let both = vec![claim("a"), claim("b")];
    assert_eq!(standing(&lab).await, ("first".to_owned(), both));
    lab.delete(&format!("/locations/{first}")).await.expect(204);
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(standing(&lab).await, ("second".to_owned(), vec![]));
    // Each of them holds it.
    for (id, stays) in ids.iter().zip([true, false]) {
        lab.delete(&format!("/locations/{id}")).await.expect(204);
        for _ in 0..3 {
            lab.after(NEXT_LOOK).await;
        }
        assert_eq!(lab.entity(CART).await.is_some(), stays);
    }
}

#[tokio::test]
async fn locations_and_providers_conflict_like_any_two_sources() {
    let lab = TestCatalog::new().await;
    lab.provide("people", vec![provided_as("cart", "provided")])
        .await;
    lab.settle().await;
    let uid = lab.uid(CART).await;
    lab.web.put(FIRST, described("cart", "written"));
    lab.register(FIRST).await;
    lab.settle().await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "provided");
    let conflicts = lab.items("/ingestion/conflicts").await;
    assert_eq!(conflicts[0]["existingLocationKey"], "people");
    let removed = vec!["Component:Default/Cart".to_owned()];
    lab.apply(
        "people",
        Mutation::Delta {
            added: vec![],
            removed,
        },
    )
    .await;
    lab.settle().await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "written");
    assert_eq!(lab.uid(CART).await, uid);
    // And the other way round.
    lab.provide("people", vec![provided_as("cart", "provided again")])
        .await;
    lab.settle().await;
    let conflicts = lab.items("/ingestion/conflicts").await;
    assert_eq!(conflicts[0]["conflictingLocationKey"], "people");
    assert_eq!(conflicts[0]["conflictingSource"], "people");
}

#[tokio::test]
async fn an_entity_without_a_location_key_goes_to_whoever_claims_it() {
    let lab = TestCatalog::new().await;
    let keyless = ProvidedEntity {
        entity: provided("cart"),
        location_key: None,
    };
    lab.apply("loose", Mutation::Full(vec![keyless])).await;
    lab.settle().await;
    lab.web.put(FIRST, described("cart", "written"));
    lab.register(FIRST).await;
    lab.settle().await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "written");
    assert_eq!(lab.items("/ingestion/conflicts").await, [Value::Null; 0]);
}

#[tokio::test]
async fn one_provider_may_not_claim_an_entity_twice() {
    let lab = TestCatalog::new().await;
    let with_key = |key: &str, text: &str| ProvidedEntity {
        entity: provided_as("cart", text),
        location_key: Some(key.to_owned()),
    };
    let both = vec![with_key("a", "from a"), with_key("b", "from b")];
    lab.apply("people", Mutation::Full(both)).await;
    lab.settle().await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "from a");
    let conflicts = lab.items("/ingestion/conflicts").await;
    assert_eq!(conflicts[0]["conflictingLocationKey"], "b");
    // The file of the first claim is deleted: the second one is the only one left.
    let uid = lab.uid(CART).await;
    lab.apply("people", Mutation::Full(vec![with_key("b", "from b")]))
        .await;
    lab.settle().await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "from b");
    assert_eq!(lab.uid(CART).await, uid);
    assert_eq!(lab.items("/ingestion/conflicts").await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_contested_location_leads_only_where_its_owner_says() {
    let lab = TestCatalog::new().await;
    let (a, b) = ("https://git.example/a.yaml", "https://git.example/b.yaml");
    lab.web.put(a, component("a"));
    lab.web.put(b, component("b"));
    lab.web
        .put(FIRST, entity("Location", "shared", json!({ "target": a })));
    lab.web
        .put(SECOND, entity("Location", "shared", json!({ "target": b })));
    let first = lab.register(FIRST).await;
    lab.settle().await;
    lab.register(SECOND).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["a"]);
    lab.delete(&format!("/locations/{first}")).await.expect(204);
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await, ["b"]);
}

const ALL: &str = "https://git.example/all.yaml";

/// Who has `cart`, and the keys and sources of its conflicts.
async fn standing(lab: &TestCatalog) -> (String, Vec<[String; 3]>) {
    let owner = description(&lab.entity(CART).await.unwrap()).to_owned();
    let conflicts = lab.items("/ingestion/conflicts").await.into_iter();
    let conflicts = conflicts.map(|conflict| {
        let text = |field: &str| conflict[field].as_str().unwrap().to_owned();
        [
            text("existingLocationKey"),
            text("conflictingLocationKey"),
            text("conflictingSource"),
        ]
    });
    (owner, conflicts.collect())
}

/// Registers a Location with these targets, in this order.
async fn register_all(lab: &TestCatalog, targets: &[&str]) {
    lab.web.put(ALL, location("all", targets));
    lab.register(ALL).await;
    lab.settle().await;
}

#[tokio::test]
async fn of_the_files_of_one_location_the_first_has_the_entity_whatever_came_first() {
    let of = |text: &str| file(&[described("cart", text), component(text)]);
    let histories = [
        "both at once",
        "the first gets it later",
        "the first loses it and gets it back",
        "the order changes",
        "another location leads to the second already, and goes",
        "a file in between gets it last, when the owner is another location, which goes",
    ];
    for history in histories {
        let lab = TestCatalog::new().await;
        lab.web.put(FIRST, of("first"));
        lab.web.put(SECOND, of("second"));
        let without = component("first");
        let mut uid = None;
        match history {
            "the first gets it later" => {
                lab.web.put(FIRST, without);
                register_all(&lab, &[FIRST, SECOND]).await;
                assert_eq!(standing(&lab).await, ("second".to_owned(), vec![]));
                uid = Some(lab.uid(CART).await);
                lab.web.put(FIRST, of("first"));
            }
            "the first loses it and gets it back" => {
                register_all(&lab, &[FIRST, SECOND]).await;
                uid = Some(lab.uid(CART).await);
                lab.web.put(FIRST, without);
                lab.after(NEXT_LOOK).await;
                assert_eq!(standing(&lab).await, ("second".to_owned(), vec![]));
                lab.web.put(FIRST, of("first"));
            }
            "the order changes" => {
                register_all(&lab, &[SECOND, FIRST]).await;
                assert_eq!(standing(&lab).await.0, "second");
                lab.web.put(ALL, location("all", &[FIRST, SECOND]));
            }
            "another location leads to the second already, and goes" => {
                let other = lab.register(SECOND).await;
                lab.settle().await;
                register_all(&lab, &[FIRST, SECOND]).await;
                assert_eq!(standing(&lab).await.0, "second", "the owner stays");
                lab.delete(&format!("/locations/{other}")).await.expect(204);
            }
            "a file in between gets it last, when the owner is another location, which goes" => {
                lab.web.put(THIRD, of("third"));
                let other = lab.register(THIRD).await;
                lab.settle().await;
                lab.web.put(FIRST, without);
                register_all(&lab, &[FIRST, SECOND]).await;
                lab.clock.advance(Duration::from_secs(1));
                lab.web.put(FIRST, of("first"));
                lab.after(NEXT_LOOK).await;
                assert_eq!(standing(&lab).await.0, "third", "the owner stays");
                lab.delete(&format!("/locations/{other}")).await.expect(204);
            }
            _ => register_all(&lab, &[FIRST, SECOND]).await,
        }
        lab.after(NEXT_LOOK).await;
        let conflict = [
            format!("url:{FIRST}"),
            format!("url:{SECOND}"),
            "location:default/all".to_owned(),
        ];
        assert_eq!(
            standing(&lab).await,
            ("first".to_owned(), vec![conflict]),
            "{history}"
        );
        if let Some(uid) = uid {
            assert_eq!(lab.uid(CART).await, uid, "{history}");
        }
    }
}
