//! A catalog of which everything around it belongs to the test.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::catalog::{
    Applied, Catalog, ConfigLocations, Mutation, Parts, Processor, ProvidedEntity, Settings,
    SharedProvider, SnapshotFile, actions, router,
};
use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use integrations::{ReadUrl, ScmIntegrations, UrlReaders};
use platform::Clock;
use platform::actions::{Actions, action_routes};
use platform::config::{ReadingConfig, ReadingLimits};
use platform::ctx::{Caller, Ctx, Service};
use platform::db::Db;
use platform::http::{Plugin, mount};
use platform::telemetry::Metrics;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::access::{SERVICE, TestAccess};
use crate::database::TestDb;
use crate::reply::{EventStream, Reply};
use crate::web::FakeWeb;

/// When tests begin, in milliseconds since the epoch.
pub const NOW: i64 = 1_795_210_339_500;

/// A catalog over a fresh database. Nothing happens in it until [`TestCatalog::settle`], except in
/// one that was opened with [`Draft::working`].
pub struct TestCatalog {
    /// The catalog.
    pub catalog: Catalog,
    /// Its clock, which only the test moves.
    pub clock: Clock,
    /// The URLs it can read.
    pub web: FakeWeb,
    /// Who may do what; everything, at first.
    pub access: TestAccess,
    router: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
    home: Arc<Home>,
}

/// What outlives a restart.
struct Home {
    database: TestDb,
    folder: TempDir,
}

/// How a [`TestCatalog`] is to be.
#[derive(Default)]
pub struct Draft {
    config: Value,
    processors: Vec<Arc<dyn Processor>>,
    providers: Vec<SharedProvider>,
    integrations: Value,
    works: bool,
    before: Option<Before>,
}

struct Before {
    home: Arc<Home>,
    clock: Clock,
    web: FakeWeb,
}

impl Draft {
    /// The `catalog` section of the configuration. `FOLDER` stands for [`TestCatalog::folder`].
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// The `integrations` section of the configuration, and credentials for its hosts.
    #[must_use]
    pub fn integrations(mut self, integrations: &Value) -> Self {
        self.integrations = integrations.clone();
        self
    }

    /// One more processor.
    #[must_use]
    pub fn processor(mut self, processor: impl Processor + 'static) -> Self {
        self.processors.push(Arc::new(processor));
        self
    }

    /// One more provider.
    #[must_use]
    pub fn provider(mut self, provider: SharedProvider) -> Self {
        self.providers.push(provider);
        self
    }

    /// With background work, on the system's clock, as in production.
    #[must_use]
    pub fn working(mut self) -> Self {
        self.works = true;
        self
    }

    /// Opens it.
    pub async fn open(self) -> TestCatalog {
        let (home, clock, web, db) = if let Some(Before { home, clock, web }) = self.before {
            let db = Db::connect(home.database.settings.clone()).await.unwrap();
            (home, clock, web, db)
        } else {
            let migrations = [audit::MIGRATIONS, ::catalog::MIGRATIONS].concat();
            let database = TestDb::new(&migrations).await;
            let db = database.db.clone();
            let home = Arc::new(Home {
                database,
                folder: tempfile::tempdir().unwrap(),
            });
            let clock = if self.works {
                Clock::system()
            } else {
                Clock::fixed(NOW)
            };
            (home, clock, FakeWeb::default(), db)
        };
        let mut settings = settings(&self.config, &home.folder);
        settings.process = self.works;
        let locations: SharedProvider = Arc::new(ConfigLocations(settings.locations.clone()));
        let hosts = hosts(&self.integrations);
        let parts = Parts {
            db,
            settings,
            integrations: Arc::new(ScmIntegrations::new(&hosts).unwrap()),
            reader: reader(&self.integrations, &hosts, &web, &clock),
            processors: self.processors,
            providers: self.providers.into_iter().chain([locations]).collect(),
            metrics: Metrics::new(),
            clock: clock.clone(),
            snapshot: Some(SnapshotFile {
                path: home.folder.path().join("index.snapshot"),
                build: "test".to_owned(),
            }),
        };
        let catalog = Catalog::open(parts).await.unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        catalog.start(&tasks, &stop);
        if !self.works {
            catalog.start_over().await.unwrap();
        }
        let access = TestAccess::default();
        let router = mounted(&catalog, &access);
        TestCatalog {
            catalog,
            clock,
            web,
            access,
            router,
            tasks,
            stop,
            home,
        }
    }
}

fn hosts(config: &Value) -> integrations::Settings {
    if config.is_null() {
        return integrations::Settings::default();
    }
    let typed = serde_json::from_value(config.clone()).unwrap();
    let mut settings = integrations::Settings::from_config(
        &typed,
        &ReadingConfig::default(),
        &ReadingLimits::default(),
    );
    // The configuration knows the public places of these only.
    let given = |kind: &str, name: &str| config[kind][0][name].as_str().map(str::to_owned);
    for host in &mut settings.azure {
        host.base_url = given("azure", "baseUrl");
    }
    for host in &mut settings.bitbucket_cloud {
        host.base_url = given("bitbucketCloud", "baseUrl");
        host.api_base_url = given("bitbucketCloud", "apiBaseUrl").or(host.api_base_url.take());
    }
    settings
}

/// The web of the test, or with hosts of one's own the real thing.
fn reader(
    config: &Value,
    hosts: &integrations::Settings,
    web: &FakeWeb,
    clock: &Clock,
) -> Arc<dyn ReadUrl> {
    if config.is_null() {
        return Arc::new(web.clone());
    }
    let integrations = ScmIntegrations::new(hosts).unwrap();
    Arc::new(UrlReaders::new(hosts, integrations, clock.clone()).unwrap())
}

fn settings(config: &Value, folder: &TempDir) -> Settings {
    let config = if config.is_null() {
        json!({})
    } else {
        config.clone()
    };
    let text = config
        .to_string()
        .replace("FOLDER", folder.path().to_str().unwrap());
    let config = serde_json::from_str(&text).unwrap();
    Settings::new(&config, &[folder.path().to_owned()])
}

fn mounted(catalog: &Catalog, access: &TestAccess) -> Router {
    let registry = Actions::default();
    registry.register_all(actions(catalog).unwrap()).unwrap();
    let plugin = Plugin {
        id: "catalog",
        router: router(catalog.clone()).merge(action_routes("catalog", &registry)),
        open_paths: &[],
    };
    let plugin = mount(plugin, Arc::new(access.clone()), Arc::new(access.clone()));
    Router::new().nest("/api/catalog", plugin)
}

impl TestCatalog {
    /// With default settings.
    pub async fn new() -> Self {
        Draft::default().open().await
    }

    /// With settings of one's own.
    pub fn draft() -> Draft {
        Draft::default()
    }

    /// With a `catalog` section.
    pub async fn with_config(config: Value) -> Self {
        Draft::default().config(config).open().await
    }

    /// Another catalog over the same database, clock and web: a second replica, or, when this one
    /// is stopped, a restart.
    pub fn again(&self) -> Draft {
        let before = Before {
            home: Arc::clone(&self.home),
            clock: self.clock.clone(),
            web: self.web.clone(),
        };
        Draft {
            before: Some(before),
            ..Draft::default()
        }
    }

    /// Ends all background work.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The folder of local files.
    pub fn folder(&self) -> PathBuf {
        self.home.folder.path().to_owned()
    }

    /// Writes a local file; its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.home.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Removes a local file.
    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.home.folder.path().join(name)).unwrap();
    }

    /// Processes and stitches until nothing is due.
    pub async fn settle(&self) {
        self.catalog.settle().await.unwrap();
    }

    /// Moves the clock, then settles.
    pub async fn after(&self, time: Duration) {
        self.clock.advance(time);
        self.settle().await;
    }

    /// A context for calls without HTTP.
    pub fn ctx(&self) -> Ctx {
        let caller = Service {
            subject: "plugin:test".into(),
            restrictions: None,
        };
        let caller = Arc::new(Caller::Service(caller));
        Ctx::new(caller, Arc::new(self.access.clone()), Arc::from("test"))
    }

    /// Applies a mutation of a provider.
    pub async fn apply(&self, provider: &str, mutation: Mutation) -> Applied {
        self.catalog.apply(provider, mutation).await.unwrap()
    }

    /// A provider says: these are all of my entities.
    pub async fn provide(&self, provider: &str, entities: Vec<Value>) -> Applied {
        let provided = entities.into_iter().map(|entity| ProvidedEntity {
            entity,
            location_key: Some(provider.to_owned()),
        });
        self.apply(provider, Mutation::Full(provided.collect()))
            .await
    }

    /// Registers a URL; the id of the location.
    pub async fn register(&self, url: &str) -> String {
        let body = json!({ "type": "url", "target": url });
        let reply = self.post("/locations", body).await.expect(201);
        reply.json()["location"]["id"].as_str().unwrap().to_owned()
    }

    /// GET as a service.
    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, Some(SERVICE), None).await
    }

    /// POST as a service.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, Some(SERVICE), Some(body)).await
    }

    /// PUT as a service.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, Some(SERVICE), Some(body)).await
    }

    /// DELETE as a service.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, Some(SERVICE), None).await
    }

    /// Any request; `path` is relative to `/api/catalog`.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/catalog{path}"));
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let answer = self.router.clone().oneshot(request.body(body).unwrap());
        Reply::read(answer.await.unwrap()).await
    }

    /// Hears of changes, from after the event `since` if that is given; what refuses it otherwise.
    pub async fn changes(
        &self,
        token: &str,
        since: Option<&str>,
    ) -> Result<EventStream, Box<Reply>> {
        let mut request = Request::builder()
            .uri("/api/catalog/changes")
            .header(AUTHORIZATION, format!("Bearer {token}"));
        if let Some(since) = since {
            request = request.header("last-event-id", since);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        if answer.status() == 200 {
            Ok(EventStream::of(answer))
        } else {
            Err(Box::new(Reply::read(answer).await))
        }
    }

    /// One entity by reference, `kind:namespace/name`.
    pub async fn entity(&self, entity_ref: &str) -> Option<Value> {
        let path = format!("/entities/by-name/{}", entity_ref.replacen(':', "/", 1));
        let reply = self.get(&path).await;
        (reply.status == 200).then(|| reply.json())
    }

    /// The uid of an entity, which must be there.
    pub async fn uid(&self, entity_ref: &str) -> String {
        let entity = self.entity(entity_ref).await.unwrap();
        entity["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    /// References of all entities that the query string selects, sorted; for example
    /// `filter=kind=component`.
    pub async fn refs(&self, query: &str) -> Vec<String> {
        let reply = self.get(&format!("/entities?{query}")).await.expect(200);
        let mut refs: Vec<String> = reply
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(ref_of)
            .collect();
        refs.sort();
        refs
    }

    /// Names of all components, sorted.
    pub async fn components(&self) -> Vec<String> {
        let refs = self.refs("filter=kind=component").await;
        refs.iter()
            .map(|entity| entity.rsplit('/').next().unwrap().to_owned())
            .collect()
    }

    /// The `items` of an answer of the operators' API.
    pub async fn items(&self, path: &str) -> Vec<Value> {
        let mut reply = self.get(path).await.expect(200).json();
        reply["items"].take().as_array().unwrap().clone()
    }

    /// Runs SQL, for what no API shows; rows of text.
    pub async fn sql(&self, sql: &'static str) -> Vec<String> {
        let read = self.home.database.db.read(move |tx| {
            tx.query(sql, &[])?
                .into_iter()
                .map(|mut row| row.take(0))
                .collect()
        });
        read.await.unwrap()
    }

    /// Runs SQL that changes something, as a fault would.
    pub async fn corrupt(&self, sql: &'static str) {
        self.home
            .database
            .db
            .write(move |tx| tx.execute(sql, &[]))
            .await
            .unwrap();
    }
}

/// The canonical reference of an entity.
fn ref_of(entity: &Value) -> String {
    let text = |pointer: &str| {
        entity
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("default")
    };
    let (kind, namespace) = (text("/kind"), text("/metadata/namespace"));
    format!("{kind}:{namespace}/{}", text("/metadata/name")).to_lowercase()
}

impl Drop for TestCatalog {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
