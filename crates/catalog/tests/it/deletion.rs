//! Removal that was asked for: it is done when the answer comes.

use std::time::Duration;

use catalog::{Applied, Mutation, ProvidedEntity};
use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::{annotation, component, file, location, origin, provided};

const FILE: &str = "https://git.example/all.yaml";
const OTHER: &str = "https://git.example/other.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);

#[tokio::test]
async fn unregistering_removes_what_only_that_location_led_to() {
    let lab = TestCatalog::new().await;
    let shared = "https://git.example/shared.yaml";
    lab.web
        .put(FILE, file(&[location("one", &[shared]), component("own")]));
    lab.web.put(OTHER, location("two", &[shared]));
    lab.web.put(shared, component("shared"));
    let id = lab.register(FILE).await;
    lab.register(OTHER).await;
    lab.settle().await;
    lab.delete(&format!("/locations/{id}")).await.expect(204);
    assert_eq!(
        lab.components().await,
        ["shared"],
        "without waiting for anything"
    );
    assert_eq!(lab.entity("location:default/one").await, None);
    lab.settle().await;
    assert_eq!(lab.components().await, ["shared"]);
}

#[tokio::test]
async fn what_another_location_leads_to_as_well_names_that_one_as_its_origin() {
    let lab = TestCatalog::new().await;
    let shared = "https://git.example/shared.yaml";
    lab.web.put(FILE, location("one", &[shared]));
    lab.web.put(OTHER, location("two", &[shared]));
    lab.web.put(shared, component("shared"));
    let ids = [lab.register(FILE).await, lab.register(OTHER).await];
    lab.settle().await;
    let origin = async || {
        let entity = lab.entity("component:default/shared").await.unwrap();
        annotation(&entity, "backstage.io/managed-by-origin-location").to_owned()
    };
    let last = usize::from(origin().await == format!("url:{OTHER}"));
    lab.delete(&format!("/locations/{}", ids[last]))
        .await
        .expect(204);
    lab.settle().await;
    assert_eq!(origin().await, format!("url:{}", [OTHER, FILE][last]));
    lab.get("/locations/by-entity/component/default/shared")
        .await
        .expect(200);
}

/// Each could hand the other its origin for ever.
#[tokio::test]
async fn locations_that_lead_to_each_other_come_to_rest() {
    let lab = TestCatalog::new().await;
    lab.web
        .put(FILE, file(&[location("there", &[OTHER]), component("a")]));
    lab.web
        .put(OTHER, file(&[location("back", &[FILE]), component("b")]));
    let ids = [lab.register(FILE).await, lab.register(OTHER).await];
    tokio::time::timeout(Duration::from_mins(1), lab.settle())
        .await
        .expect("processing ends");
    for (id, left) in std::iter::zip(ids, [vec![OTHER], vec![]]) {
        lab.delete(&format!("/locations/{id}")).await.expect(204);
        lab.settle().await;
        let origins: Vec<String> = left.iter().map(|url| format!("url:{url}")).collect();
        for entity in lab.refs("").await {
            let entity = lab.entity(&entity).await.unwrap();
            let origin = annotation(&entity, "backstage.io/managed-by-origin-location");
            assert!(origins.contains(&origin.to_owned()), "{entity}");
        }
    }
    assert_eq!(lab.refs("").await, [""; 0]);
}

#[tokio::test]
async fn unregistering_removes_locations_that_lead_in_circles() {
    let lab = TestCatalog::new().await;
    lab.web
        .put(FILE, file(&[location("there", &[OTHER]), component("a")]));
    lab.web
        .put(OTHER, file(&[location("back", &[FILE]), component("b")]));
    let id = lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["a", "b"]);
    lab.delete(&format!("/locations/{id}")).await.expect(204);
    assert_eq!(lab.refs("").await, [""; 0]);
}

#[tokio::test]
async fn the_entity_of_a_registered_location_comes_back_with_all_that_is_below() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, component("a"));
    lab.web.put(OTHER, component("b"));
    lab.register(FILE).await;
    let moved = lab.register("https://git.example/elsewhere.yaml").await;
    let body = json!({ "type": "url", "target": OTHER });
    let moved = lab.put(&format!("/locations/{moved}"), body).await;
    moved.expect(200);
    lab.settle().await;
    let components = ["component:default/a", "component:default/b"];
    let uids = [lab.uid(components[0]).await, lab.uid(components[1]).await];
    let locations = lab.refs("filter=kind=location").await;
    for location in &locations {
        let uid = lab.uid(location).await;
        lab.delete(&format!("/entities/by-uid/{uid}"))
            .await
            .expect(204);
        lab.settle().await;
        assert_ne!(lab.uid(location).await, uid, "{location}");
    }
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.refs("filter=kind=location").await, locations);
    for (component, uid) in std::iter::zip(components, uids) {
        assert_eq!(lab.uid(component).await, uid);
    }
}

/// It failed, so that it is among those that are not final.
#[tokio::test]
async fn a_location_that_failed_is_deleted_like_any_other_entity() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, location("there", &[OTHER]));
    lab.web.put(OTHER, component("cart"));
    lab.register(FILE).await;
    lab.settle().await;
    let cart = lab.uid("component:default/cart").await;
    let delete = async || {
        let rows = lab.get("/entities/unprocessed/failed").await.json();
        let uid = rows["entities"][0]["entity_id"].as_str().unwrap();
        let path = format!("/entities/unprocessed/delete/{uid}");
        lab.delete(&path).await.expect(204);
        lab.settle().await;
    };
    lab.web.remove(OTHER);
    lab.after(NEXT_LOOK).await;
    delete().await;
    assert_eq!(lab.items("/ingestion/errors").await.len(), 1, "read again");
    lab.web.put(OTHER, component("cart"));
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.uid("component:default/cart").await, cart);

    lab.web.remove(OTHER);
    lab.after(NEXT_LOOK).await;
    delete().await;
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await, [""; 0], "nothing leads there");
}

#[tokio::test]
async fn a_full_mutation_is_all_there_is() {
    let lab = TestCatalog::new().await;
    lab.provide("people", vec![provided("a"), provided("b")])
        .await;
    lab.provide("places", vec![provided("c")]).await;
    lab.settle().await;
    let uid = lab.uid("component:default/b").await;
    lab.provide("people", vec![provided("b"), provided("d")])
        .await;
    assert_eq!(lab.components().await, ["b", "c"], "removals show at once");
    lab.settle().await;
    assert_eq!(lab.components().await, ["b", "c", "d"]);
    assert_eq!(lab.uid("component:default/b").await, uid);
    lab.provide("people", vec![]).await;
    assert_eq!(lab.components().await, ["c"]);
}

#[tokio::test]
async fn a_delta_adds_and_removes() {
    let lab = TestCatalog::new().await;
    lab.provide("people", vec![provided("a"), provided("b")])
        .await;
    lab.settle().await;
    let added = ProvidedEntity {
        entity: provided("c"),
        location_key: Some("people".into()),
    };
    let removed = vec![
        "component:default/A".to_owned(),
        "component:default/unknown".to_owned(),
    ];
    let applied = lab
        .apply(
            "people",
            Mutation::Delta {
                added: vec![added],
                removed,
            },
        )
        .await;
    assert_eq!(applied, Applied::Whole);
    lab.settle().await;
    assert_eq!(lab.components().await, ["b", "c"]);
}

#[tokio::test]
async fn a_provider_cannot_remove_what_is_not_its_own() {
    let lab = TestCatalog::new().await;
    lab.provide("people", vec![provided("a")]).await;
    lab.settle().await;
    let removed = vec!["component:default/a".to_owned()];
    lab.apply(
        "places",
        Mutation::Delta {
            added: vec![],
            removed,
        },
    )
    .await;
    lab.provide("places", vec![]).await;
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.components().await, ["a"]);
}

#[tokio::test]
async fn removing_a_provided_location_removes_what_it_led_to() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, component("below"));
    let mut entity: Value = serde_json::from_str(&location("given", &[FILE])).unwrap();
    entity["spec"]["type"] = "url".into();
    entity["metadata"]["annotations"] = origin();
    lab.provide("people", vec![entity]).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["below"]);
    lab.provide("people", vec![]).await;
    assert_eq!(lab.refs("").await, [""; 0]);
}

#[tokio::test]
async fn a_deleted_entity_comes_back_while_something_emits_it() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, file(&[component("a"), component("b")]));
    lab.register(FILE).await;
    lab.settle().await;
    let uid = lab.uid("component:default/a").await;
    lab.delete(&format!("/entities/by-uid/{uid}"))
        .await
        .expect(204);
    assert_eq!(
        lab.components().await,
        ["b"],
        "without waiting for anything"
    );
    lab.settle().await;
    assert_eq!(lab.components().await, ["a", "b"]);
    assert_ne!(
        lab.uid("component:default/a").await,
        uid,
        "it is another one"
    );
}

#[tokio::test]
async fn a_deleted_entity_that_nothing_emits_stays_away() {
    let lab = TestCatalog::with_config(json!({ "orphanStrategy": "keep" })).await;
    lab.web.put(FILE, file(&[component("a"), component("b")]));
    lab.register(FILE).await;
    lab.settle().await;
    lab.web.put(FILE, component("b"));
    for _ in 0..2 {
        lab.after(NEXT_LOOK).await;
    }
    let uid = lab.uid("component:default/a").await;
    lab.delete(&format!("/entities/by-uid/{uid}"))
        .await
        .expect(204);
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.components().await, ["b"]);
}

#[tokio::test]
async fn deleting_a_location_entity_keeps_its_children_until_it_is_read_again() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, location("nested", &[OTHER]));
    lab.web.put(OTHER, component("below"));
    lab.register(FILE).await;
    lab.settle().await;
    let (nested, below) = (
        lab.uid("location:default/nested").await,
        lab.uid("component:default/below").await,
    );
    lab.delete(&format!("/entities/by-uid/{nested}"))
        .await
        .expect(204);
    assert_eq!(lab.components().await, ["below"]);
    lab.settle().await;
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await, ["below"]);
    assert_eq!(lab.uid("component:default/below").await, below);
}

#[tokio::test]
async fn entities_of_a_provider_that_is_no_longer_there_are_evicted_at_start() {
    for (config, expected) in [
        (json!({}), vec![]),
        (json!({ "orphanProviderStrategy": "keep" }), vec!["a"]),
    ] {
        let lab = TestCatalog::new().await;
        lab.provide("people", vec![provided("a")]).await;
        lab.settle().await;
        lab.stop().await;
        let lab = lab.again().config(config.clone()).open().await;
        lab.settle().await;
        assert_eq!(lab.components().await, expected, "{config}");
    }
}

#[tokio::test]
async fn unknown_uids_are_no_error() {
    let lab = TestCatalog::new().await;
    let path = "/entities/by-uid/00000000-0000-4000-8000-000000000000";
    lab.delete(path).await.expect(204);
}
