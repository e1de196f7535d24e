//! Random work on a catalog, with a model of what must become of it.
//!
//! Sources are slots: each slot is a file in one of two watched folders, or a URL that may be
//! registered. What a slot holds bears the slot's number, so that slots never claim each other's
//! entities and the final state depends on the sources alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Answer, Client, Lost};
use crate::served::Served;
use crate::snapshot;

/// Slots of files and of URLs.
const SLOTS: u32 = 24;
/// Most entities of a slot.
const MOST: u32 = 4;
const FOLDERS: [&str; 2] = ["a", "b"];

/// The sources, and what is known of the portal's answers.
pub(crate) struct Workload {
    rng: StdRng,
    folder: TempDir,
    pub served: Served,
    /// Folder and number of entities of the files there are; none while a file is broken.
    files: BTreeMap<u32, (usize, Option<u32>)>,
    /// Number of entities of the URLs there are.
    urls: BTreeMap<String, u32>,
    /// Registered locations by id: first and present target.
    registered: BTreeMap<String, (String, String)>,
    /// What was promised since the portal was last asked.
    promises: Vec<Promise>,
    /// Locations of requests without an answer: their ids, or their targets.
    doubtful: BTreeSet<String>,
    n_made: u32,
}

/// What an answer with a success status promises, whatever happens afterwards.
#[derive(Debug, Clone)]
enum Promise {
    /// The uid is gone.
    Deleted(String),
    /// Only this reference led to the location that was unregistered.
    Unregistered { id: String, entity_ref: String },
}

/// One request, so that it can be sent while the portal is killed.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    Register { target: String },
    Unregister { id: String },
    Move { id: String, target: String },
    Delete { uid: String },
    Refresh { entity_ref: String },
}

impl Workload {
    pub(crate) async fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in FOLDERS {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let mut workload = Self {
            rng: StdRng::seed_from_u64(seed),
            folder,
            served: Served::start().await,
            files: BTreeMap::new(),
            urls: BTreeMap::new(),
            registered: BTreeMap::new(),
            promises: Vec::new(),
            doubtful: BTreeSet::new(),
            n_made: 0,
        };
        // A folder without any file would be an error of its location.
        for (slot, folder) in [(SLOTS, 0), (SLOTS + 1, 1)] {
            workload.files.insert(slot, (folder, Some(1)));
            fs::write(workload.path(slot, folder), documents(slot, 1, 0)).unwrap();
        }
        workload
    }

    /// The globs of `catalog.locations`.
    pub(crate) fn globs(&self) -> Vec<String> {
        let glob = |name: &str| self.folder.path().join(name).join("*.yaml");
        FOLDERS
            .map(|name| glob(name).to_string_lossy().into_owned())
            .to_vec()
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.rng.random_range(0..end)
    }

    fn path(&self, slot: u32, folder: usize) -> PathBuf {
        self.folder
            .path()
            .join(FOLDERS[folder])
            .join(format!("{slot}.yaml"))
    }

    /// Changes a file, or what a URL serves.
    pub(crate) fn change_source(&mut self) {
        let slot = self.rng.random_range(0..SLOTS);
        let version = self.rng.random_range(0..1000);
        let n = self.rng.random_range(1..=MOST);
        let existing = self.files.get(&slot).copied();
        match (self.rng.random_range(0..8), existing) {
            (0, Some((folder, _))) => {
                fs::remove_file(self.path(slot, folder)).unwrap();
                self.files.remove(&slot);
            }
            (1, Some((folder, n))) => {
                fs::rename(self.path(slot, folder), self.path(slot, 1 - folder)).unwrap();
                self.files.insert(slot, (1 - folder, n));
            }
            (2, Some((folder, _))) => {
                fs::write(self.path(slot, folder), "kind: [").unwrap();
                self.files.insert(slot, (folder, None));
            }
            (3, _) => self.change_url(n, version),
            (_, existing) => {
                let folder = existing.map_or(self.n_made as usize % 2, |(folder, _)| folder);
                self.write(slot, folder, n, version);
            }
        }
    }

    fn write(&mut self, slot: u32, folder: usize, n: u32, version: u32) {
        fs::write(self.path(slot, folder), documents(slot, n, version)).unwrap();
        self.files.insert(slot, (folder, Some(n)));
        self.n_made += 1;
    }

    fn change_url(&mut self, n: u32, version: u32) {
        let urls: Vec<String> = self.urls.keys().cloned().collect();
        let Some(url) = urls.choose(&mut self.rng).cloned() else {
            return;
        };
        self.serve(&url, n, version);
    }

    fn serve(&mut self, url: &str, n: u32, version: u32) {
        let slot: u32 = url
            .rsplit(['/', '-'])
            .find_map(|part| part.parse().ok())
            .unwrap();
        self.served.put(url, documents(slot, n, version));
        self.urls.insert(url.to_owned(), n);
    }

    /// A URL that nothing was ever registered with.
    fn fresh_url(&mut self) -> String {
        self.n_made += 1;
        let url = self.served.url(&(1000 + self.n_made).to_string());
        let n = self.rng.random_range(1..=MOST);
        self.serve(&url, n, 0);
        url
    }

    /// A random request that makes sense now.
    pub(crate) async fn next_request(&mut self, client: &Client) -> Request {
        let ids: Vec<String> = self.registered.keys().cloned().collect();
        let id = ids.choose(&mut self.rng).cloned();
        match (self.rng.random_range(0..8), id) {
            (0, Some(id)) => Request::Unregister { id },
            (1, Some(id)) => Request::Move {
                id,
                target: self.fresh_url(),
            },
            (2 | 3, _) => match self.random_component(client).await {
                Some(entity) => Request::Delete {
                    uid: entity["metadata"]["uid"].as_str().unwrap().to_owned(),
                },
                None => Request::Register {
                    target: self.fresh_url(),
                },
            },
            (4, _) => match self.random_component(client).await {
                Some(entity) => Request::Refresh {
                    entity_ref: snapshot::ref_of(&entity),
                },
                None => Request::Register {
                    target: self.fresh_url(),
                },
            },
            _ if ids.len() >= 12 => Request::Unregister { id: ids[0].clone() },
            _ => Request::Register {
                target: self.fresh_url(),
            },
        }
    }

    pub(crate) async fn random_component(&mut self, client: &Client) -> Option<Value> {
        let path = "/entities?filter=kind=component&fields=kind,metadata";
        let found = client.get(path).await.ok()?.body;
        found.as_array()?.choose(&mut self.rng).cloned()
    }

    /// Takes note of an answer, or that there is none.
    pub(crate) fn note(&mut self, request: &Request, answer: &Result<Answer, Lost>) {
        let Ok(answer) = answer else {
            self.doubt(request);
            return;
        };
        if answer.status == 503 {
            // Busy starting or stopping: not carried out, but we had better ask.
            self.doubt(request);
            return;
        }
        let expected = request.expected();
        assert!(
            expected.contains(&answer.status),
            "{request:?} gave {answer:?}"
        );
        if answer.status >= 300 {
            return;
        }
        match request.clone() {
            Request::Register { target } => {
                let id = answer.body["location"]["id"].as_str().unwrap().to_owned();
                self.registered.insert(id, (target.clone(), target));
            }
            Request::Unregister { id } => {
                let location = self.registered.remove(&id);
                let slot = location.map(|(_, target)| slot_of(&target));
                if let Some(slot) = slot {
                    let entity_ref = format!("component:default/c{slot}-0");
                    self.promises.push(Promise::Unregistered { id, entity_ref });
                }
            }
            Request::Move { id, target } => {
                if let Some(location) = self.registered.get_mut(&id) {
                    location.1 = target;
                }
            }
            Request::Delete { uid } => self.promises.push(Promise::Deleted(uid)),
            Request::Refresh { .. } => {}
        }
    }

    fn doubt(&mut self, request: &Request) {
        match request.clone() {
            Request::Register { target } => self.doubtful.insert(target),
            Request::Unregister { id } => self.doubtful.insert(id),
            Request::Move { id, target } => {
                self.doubtful.insert(target);
                self.doubtful.insert(id)
            }
            Request::Delete { .. } | Request::Refresh { .. } => false,
        };
    }

    /// Checks that a portal keeps every promise, and learns what became of the rest.
    pub(crate) async fn check_promises(&mut self, client: &Client) {
        for promise in std::mem::take(&mut self.promises) {
            let path = match &promise {
                Promise::Deleted(uid) => format!("/entities/by-uid/{uid}"),
                Promise::Unregistered { id, entity_ref } => {
                    let gone = client.entity(entity_ref).await.unwrap();
                    assert!(gone.is_none(), "{promise:?} is not kept: {gone:?}");
                    format!("/locations/{id}")
                }
            };
            let answer = client.get(&path).await.unwrap();
            assert_eq!(answer.status, 404, "{promise:?} is not kept: {answer:?}");
        }
        self.check_locations(client).await;
    }

    async fn check_locations(&mut self, client: &Client) {
        let mut found = BTreeMap::new();
        for location in snapshot::locations(client).await.unwrap() {
            let text = |name: &str| location[name].as_str().unwrap().to_owned();
            found.insert(text("id"), text("target"));
        }
        for (id, (_, target)) in &self.registered {
            let is_kept = found.get(id) == Some(target) || self.doubtful.contains(id);
            assert!(
                is_kept,
                "location {id} of {target} was lost; there are {found:?}"
            );
        }
        let mut registered = BTreeMap::new();
        for (id, target) in found {
            let known = self.registered.get(&id);
            let is_asked_for =
                known.is_some_and(|(_, known)| *known == target) || self.doubtful.contains(&target);
            assert!(is_asked_for, "nobody asked for location {id} of {target}");
            let first = known.map_or_else(|| target.clone(), |(first, _)| first.clone());
            registered.insert(id, (first, target));
        }
        self.registered = registered;
        self.doubtful.clear();
    }

    /// Mends what is broken, so that the sources alone determine the catalog.
    pub(crate) fn mend(&mut self) {
        let broken: Vec<(u32, usize)> = self
            .files
            .iter()
            .filter(|(_, (_, n))| n.is_none())
            .map(|(slot, (folder, _))| (*slot, *folder))
            .collect();
        for (slot, folder) in broken {
            self.write(slot, folder, 2, 0);
        }
    }

    /// Components that should be there once [`Self::mend`]ed and are not, or the other way round.
    pub(crate) async fn missing(&self, client: &Client) -> Vec<String> {
        let found = client
            .get("/entities?filter=kind=component")
            .await
            .unwrap()
            .body;
        let found: BTreeSet<String> = found
            .as_array()
            .into_iter()
            .flatten()
            .map(snapshot::ref_of)
            .collect();
        let expected = self.expected();
        let difference = found.symmetric_difference(&expected);
        difference
            .map(|entity_ref| format!("{entity_ref} is missing, or left over"))
            .collect()
    }

    fn expected(&self) -> BTreeSet<String> {
        let files = self
            .files
            .iter()
            .filter_map(|(slot, (_, n))| Some((*slot, (*n)?)));
        let urls = self
            .registered
            .values()
            .map(|(_, url)| (slot_of(url), self.urls[url]));
        files
            .chain(urls)
            .flat_map(|(slot, n)| (0..n).map(move |i| format!("component:default/c{slot}-{i}")))
            .collect()
    }

    /// Registers at a fresh portal what is registered at the one under test, as it came to be: a
    /// location that was moved keeps the name it got at first.
    pub(crate) async fn register_all(&self, client: &Client) {
        for (first, target) in self.registered.values() {
            let request = Request::Register {
                target: first.clone(),
            };
            let answer = request.send(client).await.unwrap();
            assert_eq!(answer.status, 201, "{answer:?}");
            if first != target {
                let id = answer.body["location"]["id"].as_str().unwrap().to_owned();
                let moved = Request::Move {
                    id,
                    target: target.clone(),
                };
                assert_eq!(moved.send(client).await.unwrap().status, 200);
            }
        }
    }

    /// URLs of the registered locations.
    pub(crate) fn registered_urls(&self) -> BTreeSet<String> {
        self.registered
            .values()
            .map(|(_, url)| url.clone())
            .collect()
    }
}

impl Request {
    pub(crate) async fn send(&self, client: &Client) -> Result<Answer, Lost> {
        let location = |target: &str| Some(json!({ "type": "url", "target": target }));
        let (method, path, body) = match self {
            Self::Register { target } => ("POST", "/locations".to_owned(), location(target)),
            Self::Unregister { id } => ("DELETE", format!("/locations/{id}"), None),
            Self::Move { id, target } => ("PUT", format!("/locations/{id}"), location(target)),
            Self::Delete { uid } => ("DELETE", format!("/entities/by-uid/{uid}"), None),
            Self::Refresh { entity_ref } => (
                "POST",
                "/refresh".to_owned(),
                Some(json!({ "entityRef": entity_ref })),
            ),
        };
        client.send(method, &path, body).await
    }

    /// Statuses there may be: what it is about may have gone meanwhile.
    fn expected(&self) -> &'static [u16] {
        match self {
            Self::Register { .. } => &[201],
            Self::Unregister { .. } => &[204, 404],
            Self::Move { .. } | Self::Refresh { .. } => &[200, 404],
            Self::Delete { .. } => &[204],
        }
    }
}

fn slot_of(url: &str) -> u32 {
    url.rsplit('/')
        .next()
        .and_then(|name| name.parse().ok())
        .unwrap()
}

/// The documents of a slot: components that own and depend on each other across slots.
fn documents(slot: u32, n: u32, version: u32) -> String {
    let component = |i: u32| {
        let other = (slot + version + i) % SLOTS;
        json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {
                "name": format!("c{slot}-{i}"),
                "description": format!("version {version}"),
                "tags": [format!("t{}", version % 7)],
            },
            "spec": {
                "type": if version.is_multiple_of(2) { "service" } else { "library" },
                "lifecycle": "production",
                "owner": format!("g{}", version % 5),
                "dependsOn": [format!("component:default/c{other}-{i}")],
            },
        })
    };
    (0..n).map(|i| format!("---\n{}\n", component(i))).collect()
}
