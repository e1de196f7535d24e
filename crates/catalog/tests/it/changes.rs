//! The stream of changes: who hears of what, and what is told to those who come back.

use platform::permission::Decision;
use serde_json::{Value, json};
use testkit::{BRIEF_USER, EventStream, SERVICE, StreamEvent, TestAccess, TestCatalog, USER};

use crate::written::{provided, provided_as};

fn of(name: &str, owner: &str) -> Value {
    let mut entity = provided(name);
    entity["spec"]["owner"] = json!(owner);
    entity
}

async fn say(lab: &TestCatalog, entities: Vec<Value>) {
    lab.provide("people", entities).await;
    lab.settle().await;
}

fn has(event: &StreamEvent, list: &str, name: &str) -> bool {
    let entity_ref = json!(format!("component:default/{name}"));
    let refs = event.data[list].as_array();
    refs.is_some_and(|refs| refs.contains(&entity_ref))
}

/// Reads until an entity is named in a list; everything that came until then.
async fn until(stream: &mut EventStream, list: &str, name: &str) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    loop {
        let event = stream.next().await.unwrap();
        let is_last = has(&event, list, name);
        events.push(event);
        if is_last {
            return events;
        }
    }
}

async fn opened(lab: &TestCatalog, token: &str, since: Option<&str>) -> (EventStream, String) {
    let mut stream = lab.changes(token, since).await.unwrap();
    let ready = stream.next().await.unwrap();
    assert_eq!(ready.name, "ready");
    (stream, ready.id)
}

#[tokio::test]
async fn listeners_hear_of_entities_that_come_change_and_go() {
    let lab = TestCatalog::new().await;
    let (mut stream, _) = opened(&lab, SERVICE, None).await;
    say(&lab, vec![provided("cart")]).await;
    until(&mut stream, "changed", "cart").await;
    say(&lab, vec![provided_as("cart", "as corrected")]).await;
    until(&mut stream, "changed", "cart").await;
    say(&lab, Vec::new()).await;
    until(&mut stream, "removed", "cart").await;
}

#[tokio::test]
async fn nobody_hears_of_what_they_may_not_see() {
    let lab = TestCatalog::new().await;
    lab.access.decide_all(TestAccess::owned_by_team_a());
    let (mut stream, _) = opened(&lab, USER, None).await;
    say(&lab, vec![of("theirs", "team-b")]).await;
    say(&lab, vec![of("theirs", "team-b"), of("ours", "team-a")]).await;
    let mut events = until(&mut stream, "changed", "ours").await;
    // What is given away is gone for those who gave it.
    say(&lab, vec![of("ours", "team-b")]).await;
    events.extend(until(&mut stream, "removed", "ours").await);
    say(&lab, vec![of("last", "team-a")]).await;
    events.extend(until(&mut stream, "changed", "last").await);
    for event in events {
        assert_eq!(event.name, "entities");
        assert!(!event.data.to_string().contains("theirs"), "{event:?}");
    }
}

#[tokio::test]
async fn who_may_see_nothing_hears_nothing() {
    let lab = TestCatalog::new().await;
    lab.access.decide_all(Decision::Deny);
    let (mut stream, _) = opened(&lab, USER, None).await;
    say(&lab, vec![provided("cart")]).await;
    lab.stop().await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn who_comes_back_is_told_what_happened_meanwhile() {
    let lab = TestCatalog::new().await;
    say(&lab, vec![provided("cart"), provided("till")]).await;
    let (_, at_first) = opened(&lab, SERVICE, None).await;

    let (mut stream, _) = opened(&lab, SERVICE, Some(&at_first)).await;
    let changed = provided_as("cart", "as corrected");
    say(&lab, vec![changed.clone(), provided("till")]).await;
    let events = until(&mut stream, "changed", "cart").await;
    assert!(events.iter().all(|event| event.name == "entities"));

    let (mut stream, now) = opened(&lab, SERVICE, Some(&at_first)).await;
    let missed = stream.next().await.unwrap();
    assert!(has(&missed, "changed", "cart"), "{missed:?}");
    assert!(!has(&missed, "changed", "till"), "{missed:?}");
    assert_eq!(missed.id, now);

    // The log does not tell who could see what is gone.
    say(&lab, vec![changed]).await;
    let (mut stream, _) = opened(&lab, SERVICE, Some(&now)).await;
    assert_eq!(stream.next().await.unwrap().name, "reset");

    // An id of another database.
    let (mut stream, _) = opened(&lab, SERVICE, Some("1000000")).await;
    assert_eq!(stream.next().await.unwrap().name, "reset");
}

#[tokio::test]
async fn what_cannot_be_an_id_is_refused() {
    let lab = TestCatalog::new().await;
    for id in ["", "x", "1.5", "99999999999999999999"] {
        let refusal = lab.changes(SERVICE, Some(id)).await.err().unwrap();
        assert_eq!(refusal.status, 400, "{id}");
        assert_eq!(
            refusal.message(),
            "Last-Event-ID must be the id of an event"
        );
    }
    let reply = lab.get("/changes?since=1").await.expect(400);
    assert_eq!(reply.message(), "Unknown query parameter 'since'");
}

#[tokio::test]
async fn streams_end_with_the_process_and_with_the_credentials() {
    let lab = TestCatalog::new().await;
    let (mut stream, _) = opened(&lab, USER, None).await;
    let (mut brief, _) = opened(&lab, BRIEF_USER, None).await;
    tokio::time::pause();
    assert_eq!(brief.next().await, None);
    tokio::time::resume();
    lab.stop().await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn other_permissions_are_a_reason_to_load_again() {
    let lab = TestCatalog::new().await;
    let (mut stream, _) = opened(&lab, USER, None).await;
    lab.access.decide_all(TestAccess::owned_by_team_a());
    tokio::time::pause();
    assert_eq!(stream.next().await.unwrap().name, "reset");
    tokio::time::resume();
    say(&lab, vec![of("theirs", "team-b"), of("ours", "team-a")]).await;
    for event in until(&mut stream, "changed", "ours").await {
        assert!(!event.data.to_string().contains("theirs"), "{event:?}");
    }
}
