//! Processors and providers as extensions, and what protects their work: fencing, leases, versions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use catalog::{Emit, EntityProvider, Mutation, Processor, ProvidedEntity, Relation, Schedule};
use model::{ErrorInfo, LocationRef};
use platform::{Clock, Error, Result};
use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::{component, described, description, provided, relations, status};

const FILE: &str = "https://git.example/all.yaml";
const CART: &str = "component:default/cart";
const NEXT_LOOK: Duration = Duration::from_secs(200);
/// Longer than a claim lasts.
const LEASE: Duration = Duration::from_secs(121);

/// Does what the description of an entity asks for.
struct Obedient {
    version: u32,
    n_runs: Arc<AtomicUsize>,
}

impl Obedient {
    fn new(version: u32) -> (Self, Arc<AtomicUsize>) {
        let n_runs = Arc::<AtomicUsize>::default();
        (
            Self {
                version,
                n_runs: n_runs.clone(),
            },
            n_runs,
        )
    }
}

impl Processor for Obedient {
    fn name(&self) -> &'static str {
        "Obedient"
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn process(
        &self,
        entity: &mut Value,
        _location: &LocationRef,
        emit: &mut Emit,
    ) -> std::result::Result<(), ErrorInfo> {
        if entity["kind"] != "Component" {
            return Ok(());
        }
        self.n_runs.fetch_add(1, Ordering::SeqCst);
        let wish = entity["metadata"]["description"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        match wish.as_str() {
            "refuse" => return Err(ErrorInfo::input("as you wish")),
            "rename" => entity["metadata"]["name"] = "other".into(),
            "relate" => emit.relations.push(Relation {
                source: "component:default/cart".into(),
                kind: "likes".into(),
                target: "component:default/web".into(),
            }),
            "emit" => emit.entities.push(
                serde_json::from_str(&crate::written::entity(
                    "Component",
                    "emitted",
                    json!({"type": "t", "lifecycle": "l", "owner": "o"}),
                ))
                .unwrap(),
            ),
            "emit a user" => emit.entities.push(
                serde_json::from_str(&crate::written::entity(
                    "User",
                    "ann",
                    json!({"memberOf": []}),
                ))
                .unwrap(),
            ),
            _ => entity["metadata"]["labels"] = json!({ "version": self.version.to_string() }),
        }
        Ok(())
    }
}

async fn with_processor(wish: &str) -> TestCatalog {
    let lab = TestCatalog::draft()
        .processor(Obedient::new(1).0)
        .open()
        .await;
    lab.web.put(FILE, described("cart", wish));
    lab.register(FILE).await;
    lab.settle().await;
    lab
}

#[tokio::test]
async fn a_processor_changes_relates_and_emits() {
    let lab = with_processor("anything").await;
    assert_eq!(
        lab.entity(CART).await.unwrap()["metadata"]["labels"]["version"],
        "1"
    );
    let lab = with_processor("relate").await;
    let cart = lab.entity(CART).await.unwrap();
    assert!(relations(&cart).contains(&"likes component:default/web".to_owned()));
    let lab = with_processor("emit").await;
    assert_eq!(lab.components().await, ["cart", "emitted"]);
    lab.web.put(FILE, described("cart", "no longer"));
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await, ["cart"]);
}

#[tokio::test]
async fn what_a_processor_emits_for_a_location_stands_beside_what_the_location_holds() {
    let lab = TestCatalog::draft().processor(Sidekick).open().await;
    lab.web.put(FILE, component("cart"));
    lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["cart", "sidekick"]);
    for _ in 0..3 {
        // The file is as it was, and is not fetched.
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await, ["cart", "sidekick"]);
    lab.web.put(FILE, component("basket"));
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.components().await, ["basket", "sidekick"]);
}

/// Emits a component for every Location.
struct Sidekick;

impl Processor for Sidekick {
    fn name(&self) -> &'static str {
        "Sidekick"
    }

    fn process(
        &self,
        entity: &mut Value,
        _location: &LocationRef,
        emit: &mut Emit,
    ) -> std::result::Result<(), ErrorInfo> {
        if entity["kind"] == "Location" {
            let spec = json!({"type": "t", "lifecycle": "l", "owner": "o"});
            let text = crate::written::entity("Component", "sidekick", spec);
            emit.entities.push(serde_json::from_str(&text).unwrap());
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_processor_may_refuse_but_neither_rename_nor_break_the_rules() {
    for (wish, message) in [
        ("refuse", "as you wish"),
        (
            "rename",
            "The entity kind, namespace, or name changed during processing",
        ),
        ("emit a user", "is not of an allowed kind"),
    ] {
        let lab = with_processor("anything").await;
        lab.web.put(FILE, described("cart", wish));
        lab.after(NEXT_LOOK).await;
        let cart = lab.entity(CART).await.unwrap();
        assert!(status(&cart).contains(message), "{wish}: {}", status(&cart));
        assert_eq!(
            description(&cart),
            "anything",
            "{wish}: the last good form stays"
        );
        assert_eq!(lab.components().await, ["cart"], "{wish}");
    }
}

#[tokio::test]
async fn a_new_version_of_a_processor_processes_everything_again_once() {
    let (first, _) = Obedient::new(1);
    let lab = TestCatalog::draft().processor(first).open().await;
    lab.web
        .put(FILE, format!("{}\n---\n{}", component("a"), component("b")));
    lab.register(FILE).await;
    lab.settle().await;
    for (version, n_expected) in [(1, 0), (2, 2), (2, 0)] {
        lab.stop().await;
        let (processor, n_runs) = Obedient::new(version);
        let lab = lab.again().processor(processor).open().await;
        for _ in 0..3 {
            lab.after(NEXT_LOOK).await;
        }
        assert_eq!(
            n_runs.load(Ordering::SeqCst),
            n_expected,
            "version {version}"
        );
        let a = lab.entity("component:default/a").await.unwrap();
        assert_eq!(a["metadata"]["labels"]["version"], version.to_string());
    }
}

#[tokio::test]
async fn the_outcome_of_an_outdated_claim_is_dropped() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, described("cart", "one"));
    lab.register(FILE).await;
    lab.settle().await;
    let other = lab.again().open().await;
    // A slow worker has read "two" and does not come back...
    lab.web.put(FILE, described("cart", "two"));
    let gate = lab.web.hold_next(FILE);
    let n_reads = lab.web.n_reads(FILE);
    let slow = lab.after(NEXT_LOOK);
    let fast = async {
        lab.web.wait_for_reads(FILE, n_reads).await;
        // ...while the file changes again, and another worker is asked to look.
        lab.web.put(FILE, described("cart", "three"));
        other
            .post("/refresh", json!({ "entityRef": CART }))
            .await
            .expect(200);
        other.settle().await;
        assert_eq!(description(&other.entity(CART).await.unwrap()), "three");
        gate.open();
    };
    tokio::join!(slow, fast);
    for lab in [&lab, &other] {
        lab.settle().await;
        assert_eq!(description(&lab.entity(CART).await.unwrap()), "three");
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_takes_long_is_not_done_twice() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, described("cart", "one"));
    lab.register(FILE).await;
    let other = lab.again().open().await;
    let gate = lab.web.hold_next(FILE);
    let n_reads = lab.web.n_reads(FILE);
    let slow = lab.settle();
    let fast = async {
        lab.web.wait_for_reads(FILE, n_reads).await;
        for _ in 0..5 {
            // Much less than a lease lasts, together much more.
            lab.clock.advance(Duration::from_secs(40));
            tokio::time::sleep(Duration::from_secs(40)).await;
            other.settle().await;
        }
        gate.open();
    };
    tokio::join!(slow, fast);
    assert_eq!(lab.web.n_reads(FILE), n_reads + 1);
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "one");
}

#[tokio::test]
async fn the_work_of_a_crashed_worker_is_done_by_another() {
    let lab = Arc::new(TestCatalog::new().await);
    lab.web.put(FILE, described("cart", "one"));
    lab.register(FILE).await;
    let gate = lab.web.hold_next(FILE);
    let crashed = tokio::spawn({
        let lab = lab.clone();
        async move { lab.settle().await }
    });
    lab.web.wait_for_reads(FILE, 0).await;
    crashed.abort();
    assert!(crashed.await.unwrap_err().is_cancelled());
    lab.settle().await;
    assert_eq!(lab.entity(CART).await, None, "its claim still holds");
    lab.after(LEASE).await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "one");
    drop(gate);
}

/// A provider that fails as long as it is told to.
struct Moody {
    mood: Arc<AtomicUsize>,
}

#[async_trait]
impl EntityProvider for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn schedule(&self) -> Option<Schedule> {
        Some(Schedule {
            frequency: Duration::from_millis(50),
            timeout: Duration::from_secs(5),
            initial_delay: Duration::ZERO,
        })
    }

    async fn refresh(&self, _clock: &Clock) -> Result<Mutation> {
        let mood = self.mood.load(Ordering::SeqCst);
        if mood == 0 {
            return Err(Error::unavailable("not now"));
        }
        let entities = (0..mood).map(|n| ProvidedEntity {
            entity: provided(&format!("n{n}")),
            location_key: Some("moody".into()),
        });
        Ok(Mutation::Full(entities.collect()))
    }
}

#[tokio::test]
async fn a_provider_runs_on_its_schedule_and_its_failure_removes_nothing() {
    let mood = Arc::new(AtomicUsize::new(2));
    let provider = Arc::new(Moody { mood: mood.clone() });
    let lab = TestCatalog::draft()
        .provider(provider)
        .working()
        .open()
        .await;
    let eventually = async |names: &[&str]| {
        for _ in 0..1000 {
            if lab.components().await == names {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {names:?}");
    };
    eventually(&["n0", "n1"]).await;
    mood.store(0, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(lab.components().await, ["n0", "n1"]);
    mood.store(3, Ordering::SeqCst);
    eventually(&["n0", "n1", "n2"]).await;
    mood.store(1, Ordering::SeqCst);
    eventually(&["n0"]).await;
    let tasks = lab
        .get("/.backstage/scheduler/v1/tasks")
        .await
        .expect(200)
        .json();
    assert_eq!(tasks["tasks"][0]["taskId"], "moody:refresh");
    lab.stop().await;
}

#[tokio::test]
async fn an_entity_comes_in_once_the_processor_that_refused_it_is_gone() {
    let lab = with_processor("refuse").await;
    assert_eq!(lab.entity(CART).await, None);
    lab.stop().await;
    let lab = lab.again().open().await;
    lab.settle().await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "refuse");
}
