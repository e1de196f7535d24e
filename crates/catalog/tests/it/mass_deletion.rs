//! Providers that suddenly know much less than before.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use catalog::{Applied, EntityProvider, Mutation, ProvidedEntity, Schedule};
use parking_lot::Mutex;
use platform::{Clock, Result};
use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::{component, file, location, provided};

fn numbered(numbers: std::ops::Range<usize>) -> Vec<Value> {
    numbers
        .map(|number| provided(&format!("n{number:03}")))
        .collect()
}

async fn with_entities(n: usize) -> TestCatalog {
    let lab = TestCatalog::new().await;
    lab.provide("people", numbered(0..n)).await;
    lab.settle().await;
    lab
}

#[tokio::test]
async fn removing_more_than_a_fifth_and_more_than_ten_is_held() {
    let strict = json!({ "massDeletion": { "maxPercent": 5, "minEntities": 1 } });
    let cases = [
        (json!({}), 50, 39, Applied::Held),
        (json!({}), 50, 40, Applied::Whole),
        (json!({}), 100, 80, Applied::Whole),
        (json!({}), 100, 79, Applied::Held),
        (json!({}), 10, 0, Applied::Whole),
        (json!({}), 11, 0, Applied::Held),
        (json!({}), 20, 30, Applied::Whole),
        (strict.clone(), 20, 18, Applied::Held),
        (strict.clone(), 20, 19, Applied::Whole),
        (strict, 100, 95, Applied::Whole),
    ];
    for (config, before, after, expected) in cases {
        let lab = TestCatalog::with_config(config.clone()).await;
        lab.provide("people", numbered(0..before)).await;
        lab.settle().await;
        let applied = lab.provide("people", numbered(0..after)).await;
        lab.settle().await;
        assert_eq!(applied, expected, "{before} to {after} with {config}");
        let left = if expected == Applied::Held {
            before
        } else {
            after
        };
        assert_eq!(
            lab.components().await.len(),
            left,
            "{before} to {after} with {config}"
        );
    }
}

#[tokio::test]
async fn held_removals_can_be_seen_while_additions_are_done() {
    let lab = with_entities(20).await;
    let applied = lab.provide("people", numbered(15..25)).await;
    assert_eq!(applied, Applied::Held);
    lab.settle().await;
    assert_eq!(lab.components().await.len(), 25);
    let held = lab.items("/ingestion/held").await;
    assert_eq!(held.len(), 1);
    for (field, expected) in [
        ("provider", json!("people")),
        ("location", Value::Null),
        ("entitiesBefore", json!(20)),
        ("entitiesRemoved", json!(15)),
        ("approved", json!(false)),
        ("heldAt", json!(testkit::NOW)),
    ] {
        assert_eq!(held[0][field], expected, "{field}");
    }
    let sample = held[0]["sample"].as_array().unwrap();
    assert_eq!(sample.len(), 15);
    assert_eq!(sample[0], "component:default/n000");
}

#[tokio::test]
async fn an_approval_is_good_for_one_removal_of_that_size() {
    let lab = with_entities(40).await;
    lab.provide("people", numbered(0..20)).await;
    lab.post("/ingestion/held/people/approve", Value::Null)
        .await
        .expect(204);
    assert_eq!(lab.items("/ingestion/held").await[0]["approved"], true);
    assert_eq!(
        lab.provide("people", numbered(0..10)).await,
        Applied::Held,
        "larger than approved"
    );
    assert_eq!(lab.components().await.len(), 40);
    lab.post("/ingestion/held/people/approve", Value::Null)
        .await
        .expect(204);
    assert_eq!(lab.provide("people", numbered(0..10)).await, Applied::Whole);
    assert_eq!(lab.components().await.len(), 10);
    assert_eq!(lab.items("/ingestion/held").await, [Value::Null; 0]);
    lab.provide("people", numbered(0..40)).await;
    assert_eq!(
        lab.provide("people", numbered(0..10)).await,
        Applied::Held,
        "it is used up"
    );
}

#[tokio::test]
async fn a_rejected_removal_is_forgotten_until_it_is_asked_for_again() {
    let lab = with_entities(40).await;
    lab.provide("people", numbered(0..5)).await;
    lab.post("/ingestion/held/people/reject", Value::Null)
        .await
        .expect(204);
    assert_eq!(lab.items("/ingestion/held").await, [Value::Null; 0]);
    assert_eq!(lab.components().await.len(), 40);
    assert_eq!(lab.provide("people", numbered(0..5)).await, Applied::Held);
    assert_eq!(lab.items("/ingestion/held").await.len(), 1);
}

#[tokio::test]
async fn a_removal_is_no_longer_held_once_the_provider_knows_everything_again() {
    let lab = with_entities(40).await;
    lab.provide("people", numbered(0..5)).await;
    assert_eq!(lab.provide("people", numbered(0..40)).await, Applied::Whole);
    assert_eq!(lab.items("/ingestion/held").await, [Value::Null; 0]);
    assert_eq!(lab.components().await.len(), 40);
}

#[tokio::test]
async fn only_what_is_held_can_be_approved_or_rejected() {
    let lab = with_entities(1).await;
    for verb in ["approve", "reject"] {
        let reply = lab
            .post(&format!("/ingestion/held/people/{verb}"), Value::Null)
            .await;
        assert_eq!(
            reply.expect(404).message(),
            "No mutation of provider `people` is held"
        );
    }
}

/// Gives whatever the test put there.
struct Directory(Arc<Mutex<Vec<Value>>>);

#[async_trait]
impl EntityProvider for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn schedule(&self) -> Option<Schedule> {
        None
    }

    async fn refresh(&self, _clock: &Clock) -> Result<Mutation> {
        let entities = self.0.lock().clone().into_iter();
        let provided = entities.map(|entity| ProvidedEntity {
            entity,
            location_key: Some("directory".into()),
        });
        Ok(Mutation::Full(provided.collect()))
    }
}

#[tokio::test]
async fn approving_runs_the_provider_at_once() {
    let people = Arc::new(Mutex::new(numbered(0..30)));
    let lab = TestCatalog::draft()
        .provider(Arc::new(Directory(people.clone())))
        .open()
        .await;
    lab.settle().await;
    assert_eq!(lab.components().await.len(), 30);
    lab.stop().await;
    *people.lock() = numbered(0..3);
    let lab = lab
        .again()
        .provider(Arc::new(Directory(people.clone())))
        .working()
        .open()
        .await;
    let eventually = async |n: usize, n_held: usize| {
        for _ in 0..1000 {
            let held = lab.items("/ingestion/held").await.len();
            if lab.components().await.len() == n && held == n_held {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {n} entities with {n_held} held");
    };
    eventually(30, 1).await;
    lab.post("/ingestion/held/directory/approve", Value::Null)
        .await
        .expect(204);
    eventually(3, 0).await;
}

const CATALOG: &str = "https://git.example/catalog.yaml";
const OTHER: &str = "https://git.example/other.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);

/// A file of numbered components.
fn components(numbers: std::ops::Range<usize>) -> String {
    let documents: Vec<String> = numbers
        .map(|number| component(&format!("n{number:03}")))
        .collect();
    file(&documents)
}

/// A catalog with one location of so many entities, and the reference of the location.
async fn with_location(config: Value, n: usize) -> (TestCatalog, String) {
    let lab = TestCatalog::with_config(config).await;
    lab.web.put(CATALOG, components(0..n));
    lab.register(CATALOG).await;
    lab.settle().await;
    let location = lab.refs("filter=kind=location").await.remove(0);
    (lab, location)
}

#[tokio::test]
async fn a_location_that_suddenly_leads_to_much_less_is_held_like_a_provider() {
    let strict = json!({ "massDeletion": { "maxPercent": 5, "minEntities": 1 } });
    let cases = [
        (json!({}), 50, 39, true),
        (json!({}), 50, 40, false),
        (json!({}), 11, 0, true),
        (json!({}), 10, 0, false),
        (strict, 20, 18, true),
    ];
    for (config, before, after, is_held) in cases {
        let (lab, location) = with_location(config.clone(), before).await;
        lab.web.put(CATALOG, components(0..after));
        for _ in 0..3 {
            lab.after(NEXT_LOOK).await;
        }
        let case = format!("{before} to {after} with {config}");
        let left = if is_held { before } else { after };
        assert_eq!(lab.components().await.len(), left, "{case}");
        let held = lab.items("/ingestion/held").await;
        assert_eq!(held.len(), usize::from(is_held), "{case}");
        if is_held {
            assert_eq!(held[0]["provider"], location, "{case}");
            assert_eq!(held[0]["location"], format!("url:{CATALOG}"), "{case}");
            assert_eq!(held[0]["entitiesRemoved"], before - after, "{case}");
        }
    }
}

/// A location whose file has another Location in it, called so, which leads to 40 files.
async fn with_nested_location(name: &str) -> TestCatalog {
    let lab = TestCatalog::new().await;
    let targets: Vec<String> = (0..40)
        .map(|number| format!("https://git.example/{number}.yaml"))
        .collect();
    for (number, target) in targets.iter().enumerate() {
        lab.web.put(target, component(&format!("n{number:03}")));
    }
    lab.web.put(CATALOG, nested(name));
    lab.register(CATALOG).await;
    lab.settle().await;
    assert_eq!(lab.components().await.len(), 40);
    lab
}

fn nested(name: &str) -> String {
    let targets: Vec<String> = (0..40).map(|number| format!("./{number}.yaml")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    location(name, &targets)
}

#[tokio::test]
async fn what_a_location_leads_to_through_others_counts_as_well() {
    let lab = with_nested_location("nested").await;
    lab.web.put(CATALOG, "");
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await.len(), 40);
    let held = lab.items("/ingestion/held").await;
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(held[0]["entitiesBefore"], 41);
    assert_eq!(held[0]["entitiesRemoved"], 41);
    lab.web.put(CATALOG, nested("nested"));
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.items("/ingestion/held").await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_location_that_is_renamed_loses_nothing() {
    let lab = with_nested_location("before").await;
    let uid = lab.uid("component:default/n010").await;
    lab.web.put(CATALOG, nested("after"));
    for _ in 0..4 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await.len(), 40);
    assert_eq!(lab.uid("component:default/n010").await, uid);
    assert_eq!(lab.entity("location:default/before").await, None);
    assert_eq!(lab.items("/ingestion/held").await, [Value::Null; 0]);
}

#[tokio::test]
async fn what_a_location_adds_is_taken_while_its_removals_are_held() {
    let (lab, _) = with_location(json!({}), 20).await;
    lab.web.put(CATALOG, components(15..25));
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.components().await.len(), 25);
}

#[tokio::test]
async fn held_removals_of_a_location_are_decided_like_those_of_a_provider() {
    for verb in ["approve", "reject"] {
        let (lab, location) = with_location(json!({}), 20).await;
        lab.web.put(CATALOG, components(0..2));
        lab.after(NEXT_LOOK).await;
        let name = location.replace('/', "%2F");
        lab.post(&format!("/ingestion/held/{name}/{verb}"), Value::Null)
            .await
            .expect(204);
        lab.settle().await;
        if verb == "approve" {
            lab.after(NEXT_LOOK).await;
            lab.after(NEXT_LOOK).await;
            assert_eq!(lab.components().await.len(), 2);
            assert_eq!(lab.items("/ingestion/held").await, [Value::Null; 0]);
        } else {
            assert_eq!(lab.items("/ingestion/held").await, [Value::Null; 0]);
            lab.after(NEXT_LOOK).await;
            assert_eq!(lab.components().await.len(), 20);
            assert_eq!(lab.items("/ingestion/held").await.len(), 1, "asked again");
        }
    }
}

#[tokio::test]
async fn nothing_of_a_location_is_held_once_its_files_are_back_or_it_is_gone() {
    for way in ["back", "gone"] {
        let lab = TestCatalog::new().await;
        lab.web.put(CATALOG, components(0..20));
        let id = lab.register(CATALOG).await;
        lab.settle().await;
        lab.web.put(CATALOG, components(0..2));
        lab.after(NEXT_LOOK).await;
        assert_eq!(lab.items("/ingestion/held").await.len(), 1, "{way}");
        if way == "back" {
            lab.web.put(CATALOG, components(0..20));
            lab.after(NEXT_LOOK).await;
        } else {
            lab.delete(&format!("/locations/{id}")).await.expect(204);
            lab.settle().await;
        }
        let left = if way == "back" { 20 } else { 0 };
        assert_eq!(lab.components().await.len(), left, "{way}");
        assert_eq!(
            lab.items("/ingestion/held").await,
            [Value::Null; 0],
            "{way}"
        );
    }
}

#[tokio::test]
async fn entities_that_move_to_another_location_are_no_loss() {
    let (lab, _) = with_location(json!({}), 20).await;
    let uid = lab.uid("component:default/n010").await;
    lab.web.put(OTHER, components(2..20));
    lab.register(OTHER).await;
    lab.web.put(CATALOG, components(0..2));
    for _ in 0..4 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await.len(), 20);
    assert_eq!(lab.uid("component:default/n010").await, uid);
    assert_eq!(lab.items("/ingestion/held").await, [Value::Null; 0]);
    assert_eq!(lab.items("/ingestion/conflicts").await, [Value::Null; 0]);
}
