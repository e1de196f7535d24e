//! Whatever happened, and in whatever order: what is served is a function of what is emitted now.
//!
//! Random histories of edits, registrations, mutations and deletions; then a fresh catalog is given
//! the same sources as they are in the end. Both must serve the same.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::{annotation, described, description, entity, file, location, provided_as};

const N_FILES: usize = 4;
const PROVIDERS: [&str; 2] = ["people", "places"];
/// Longer than the time between two looks.
const NEXT_LOOK: Duration = Duration::from_secs(200);

/// The same histories at every run; `PROPTEST_CASES` asks for more of them.
fn rng() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}

#[derive(Debug, Clone)]
enum Step {
    /// A file is written: components by number and text, and Locations to other files.
    Write {
        file: usize,
        components: Vec<(usize, u8)>,
        leads_to: BTreeSet<usize>,
    },
    Register(usize),
    Unregister(usize),
    /// A provider says what it has.
    Provide {
        provider: usize,
        components: Vec<(usize, u8)>,
    },
    /// One entity is deleted through the API.
    Delete(usize),
    Refresh(usize),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let components = || prop::collection::vec((0..3usize, 0..3u8), 0..3);
    let leads_to = prop::collection::btree_set(0..N_FILES, 0..3);
    let step = prop_oneof![
        5 => (0..N_FILES, components(), leads_to)
            .prop_map(|(file, components, leads_to)| Step::Write { file, components, leads_to }),
        3 => (0..N_FILES).prop_map(Step::Register),
        2 => (0..N_FILES).prop_map(Step::Unregister),
        2 => (0..PROVIDERS.len(), components())
            .prop_map(|(provider, components)| Step::Provide { provider, components }),
        1 => (0..20usize).prop_map(Step::Delete),
        1 => (0..20usize).prop_map(Step::Refresh),
        4 => prop_oneof![Just(0), Just(30), Just(70), Just(200)].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..14)
}

fn url(file: usize) -> String {
    format!("https://git.example/{file}.yaml")
}

/// The text of a file. Names contain the owner's when sources must not meet.
fn text(owner: &str, components: &[(usize, u8)], leads_to: &BTreeSet<usize>) -> String {
    let mut documents: Vec<String> = components
        .iter()
        .map(|(number, text)| described(&format!("{owner}{number}"), &format!("text {text}")))
        .collect();
    for target in leads_to {
        documents.push(location(&format!("{owner}to{target}"), &[&url(*target)]));
    }
    // References between them, some of them dangling.
    let spec = json!({"type": "t", "lifecycle": "l", "owner": "o", "dependsOn": ["component:f00"]});
    documents.push(entity("Component", &format!("{owner}x"), spec));
    file(&documents)
}

/// The sources as they are at a point of the history.
#[derive(Default, Clone)]
struct Sources {
    files: BTreeMap<usize, String>,
    registered: BTreeSet<usize>,
    provided: BTreeMap<usize, Vec<Value>>,
}

struct World {
    lab: TestCatalog,
    ids: BTreeMap<usize, String>,
    sources: Sources,
}

impl World {
    async fn new() -> Self {
        let config = json!({ "massDeletion": { "maxPercent": 100, "minEntities": 1000 } });
        let lab = TestCatalog::with_config(config).await;
        let mut world = Self {
            lab,
            ids: BTreeMap::new(),
            sources: Sources::default(),
        };
        for file in 0..N_FILES {
            world.write(file, text(&format!("f{file}"), &[], &BTreeSet::new()));
        }
        world
    }

    fn write(&mut self, file: usize, text: String) {
        self.lab.web.put(&url(file), text.clone());
        self.sources.files.insert(file, text);
    }

    async fn register(&mut self, file: usize) {
        if !self.sources.registered.insert(file) {
            return;
        }
        let id = self.lab.register(&url(file)).await;
        self.ids.insert(file, id);
    }

    async fn provide(&mut self, provider: usize, entities: Vec<Value>) {
        self.lab
            .provide(PROVIDERS[provider], entities.clone())
            .await;
        self.sources.provided.insert(provider, entities);
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Write {
                file,
                components,
                leads_to,
            } => {
                self.write(*file, text(&format!("f{file}"), components, leads_to));
            }
            Step::Register(file) => self.register(*file).await,
            Step::Unregister(file) => {
                if self.sources.registered.remove(file) {
                    let id = self.ids.remove(file).unwrap();
                    self.lab
                        .delete(&format!("/locations/{id}"))
                        .await
                        .expect(204);
                }
            }
            Step::Provide {
                provider,
                components,
            } => {
                let names: BTreeMap<usize, u8> = components.iter().copied().collect();
                let entities = names.into_iter().map(|(number, text)| {
                    provided_as(&format!("p{provider}{number}"), &format!("text {text}"))
                });
                self.provide(*provider, entities.collect()).await;
            }
            Step::Delete(number) => {
                if let Some(entity) = self.pick(*number).await {
                    let uid = self.lab.uid(&entity).await;
                    self.lab
                        .delete(&format!("/entities/by-uid/{uid}"))
                        .await
                        .expect(204);
                }
            }
            Step::Refresh(number) => {
                if let Some(entity) = self.pick(*number).await {
                    self.lab
                        .post("/refresh", json!({ "entityRef": entity }))
                        .await
                        .expect(200);
                }
            }
            Step::Wait(seconds) => self.lab.after(Duration::from_secs(*seconds)).await,
        }
    }

    /// Some entity that no provider emits itself: those come back only with its next word.
    async fn pick(&self, number: usize) -> Option<String> {
        let mut refs = self.lab.refs("").await;
        refs.retain(|entity| !entity.contains(":default/p") && !entity.contains("/generated-"));
        let n_refs = refs.len();
        (n_refs > 0).then(|| refs.swap_remove(number % n_refs))
    }

    /// Lets everything run its course: looks, graces, and what follows from them.
    async fn settle(&self) {
        for _ in 0..12 {
            self.lab.after(NEXT_LOOK).await;
        }
    }

    /// Everything that is served, and what searches find, without uids. Where an entity is reached
    /// from several registered locations, any of them may be named as its origin.
    async fn picture(&self) -> (BTreeMap<String, Value>, Vec<Value>) {
        let mut entities = BTreeMap::new();
        for entity in self.lab.refs("").await {
            let mut found = self.lab.entity(&entity).await.unwrap();
            let origin = annotation(&found, "backstage.io/managed-by-origin-location");
            assert!(self.is_origin(origin), "{entity} is from {origin}");
            let metadata = found["metadata"].as_object_mut().unwrap();
            metadata.remove("uid");
            metadata.remove("etag");
            let annotations = metadata["annotations"].as_object_mut().unwrap();
            annotations.remove("backstage.io/managed-by-origin-location");
            entities.insert(entity, found);
        }
        let mut searches = Vec::new();
        for path in [
            "/entity-facets?facet=kind&facet=metadata.name&facet=metadata.description",
            "/entity-facets?facet=relations.dependsOn&facet=relations.dependencyOf",
            "/entities/by-query?filter=relations.dependencyOf&orderField=metadata.name&fields=metadata.name",
            "/entities/by-query?fullTextFilterTerm=text%201&fullTextFilterFields=metadata.description&orderField=metadata.name&fields=metadata.name",
        ] {
            let mut found = self.lab.get(path).await.expect(200).json();
            found["pageInfo"].take();
            searches.push(found);
        }
        (entities, searches)
    }

    fn is_origin(&self, origin: &str) -> bool {
        let mut registered = self.sources.registered.iter();
        origin.contains("people.example")
            || registered.any(|file| origin == format!("url:{}", url(*file)))
    }

    /// A catalog that has only ever seen these sources.
    async fn of(sources: &Sources) -> Self {
        let mut world = Self::new().await;
        for (file, text) in &sources.files {
            world.write(*file, text.clone());
        }
        for (provider, entities) in &sources.provided {
            world.provide(*provider, entities.clone()).await;
        }
        for file in &sources.registered {
            world.register(*file).await;
        }
        world
    }
}

async fn replay(steps: &[Step]) {
    let mut world = World::new().await;
    for step in steps {
        world.take(step).await;
    }
    world.settle().await;
    let rebuilt = World::of(&world.sources).await;
    rebuilt.settle().await;
    let ((found, searches), (expected, expected_searches)) =
        (world.picture().await, rebuilt.picture().await);
    let names = |entities: &BTreeMap<String, Value>| entities.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "{steps:?}");
    assert_eq!(found, expected, "{steps:?}");
    assert_eq!(searches, expected_searches, "{steps:?}");
    assert_eq!(
        world.lab.items("/ingestion/conflicts").await,
        [Value::Null; 0],
        "{steps:?}"
    );
}

/// Runs a property on random histories: a few by default, as many as `PROPTEST_CASES` says.
fn check<F: Future<Output = ()>>(property: impl Fn(Vec<Step>) -> F) {
    const FEW: u32 = 16;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if config.cases == 256 {
        config.cases = FEW;
    }
    let run = |steps| {
        runtime.block_on(property(steps));
        Ok(())
    };
    TestRunner::new_with_rng(config, rng())
        .run(&steps(), run)
        .unwrap();
}

#[test]
fn any_history_ends_in_what_its_sources_say() {
    check(|steps| async move { replay(&steps).await });
}

/// As [`text`], with components that several files have.
fn contested_text(file: usize, components: &[(usize, u8)], leads_to: &BTreeSet<usize>) -> String {
    let shared = components
        .iter()
        .map(|(number, _)| described(&format!("shared{number}"), &format!("of file {file}")));
    let own = text(&format!("f{file}"), &[], leads_to);
    let mut documents: Vec<String> = shared.collect();
    documents.push(own);
    crate::written::file(&documents)
}

async fn contest(steps: &[Step]) {
    let mut world = World::new().await;
    for step in steps {
        match step {
            Step::Write {
                file,
                components,
                leads_to,
            } => {
                world.write(*file, contested_text(*file, components, leads_to));
            }
            other => world.take(other).await,
        }
    }
    world.settle().await;
    let rebuilt = World::of(&world.sources).await;
    rebuilt.settle().await;
    assert_eq!(
        world.lab.refs("").await,
        rebuilt.lab.refs("").await,
        "{steps:?}"
    );
    let mut claimed = BTreeMap::new();
    for (name, world) in [("history", &world), ("rebuilt", &rebuilt)] {
        for conflict in world.lab.items("/ingestion/conflicts").await {
            let text = |field: &str| conflict[field].as_str().unwrap().to_owned();
            let claims: &mut BTreeSet<_> = claimed.entry((name, text("entityRef"))).or_default();
            claims.extend([text("existingLocationKey"), text("conflictingLocationKey")]);
        }
    }
    // Who came first differs; who takes part in a conflict does not.
    let of = |name| claimed.iter().filter(move |((of, _), _)| *of == name);
    let history: Vec<_> = of("history")
        .map(|((_, entity), claims)| (entity, claims))
        .collect();
    let expected: Vec<_> = of("rebuilt")
        .map(|((_, entity), claims)| (entity, claims))
        .collect();
    assert_eq!(history, expected, "{steps:?}");
    for entity in world.lab.refs("filter=metadata.description").await {
        let found = world.lab.entity(&entity).await.unwrap();
        let from = annotation(&found, "backstage.io/managed-by-location");
        let Some(number) = description(&found).strip_prefix("of file ") else {
            continue;
        };
        assert_eq!(
            from,
            format!("url:{}", url(number.parse().unwrap())),
            "{steps:?}"
        );
    }
}

#[test]
fn any_history_ends_in_the_conflicts_its_sources_have() {
    check(|steps| async move { contest(&steps).await });
}
