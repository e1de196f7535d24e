//! What the tests stand on.

#[path = "echo.rs"]
mod echo;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use platform::Clock;
use platform::actions::{Action, Actions, Run, Spec, action_routes};
use platform::config::{EncryptionConfig, Secret};
use platform::http::{Plugin, Plugins, mount};
use platform::seal::Keyring;
use platform::telemetry::Metrics;
use scaffolder::{
    ArgoInstance, ArgoLogin, CommitDefaults, Environment, HostKind, Parts, RepoHosts, Scaffolder,
    Settings, router,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{TestCatalog, TestDb, USER};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// What actions did outside, as a peer of the portal would have seen it.
pub(crate) type Peer = Arc<Mutex<Heard>>;

/// What a peer heard.
#[derive(Default)]
pub(crate) struct Heard {
    pub said: Vec<String>,
    /// Steps that began to say something, the same one again included.
    pub n_attempts: usize,
    /// Steps that were held up and ended all the same.
    pub n_broken_off: usize,
}

/// A scaffolder of a test.
pub(crate) struct Bench {
    pub catalog: TestCatalog,
    pub database: TestDb,
    pub peer: Peer,
    pub folder: TempDir,
    surroundings: Surroundings,
    process: Process,
}

/// What a process is told of the world.
struct Surroundings {
    hosts: RepoHosts,
    argo: Vec<ArgoInstance>,
    /// How long tasks are kept; looked at all the time if they are not kept for ever.
    retention: Option<Duration>,
    /// Dry runs at once, and how long one may take.
    dry_runs: usize,
    dry_run_timeout: Duration,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            hosts: RepoHosts::default(),
            argo: Vec::new(),
            retention: None,
            dry_runs: 10,
            dry_run_timeout: Duration::from_mins(5),
        }
    }
}

/// One process that works on the tasks.
struct Process {
    router: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
    _plugins: Plugins,
}

impl Bench {
    /// A scaffolder that works.
    pub(crate) async fn new() -> Self {
        Self::over(TestCatalog::new().await, Surroundings::default()).await
    }

    /// A scaffolder that forgets tasks as soon as they end.
    pub(crate) async fn forgetful() -> Self {
        let surroundings = Surroundings {
            retention: Some(Duration::ZERO),
            ..Surroundings::default()
        };
        Self::over(TestCatalog::new().await, surroundings).await
    }

    /// A scaffolder with bounds on dry runs.
    pub(crate) async fn with_dry_runs(dry_runs: usize, dry_run_timeout: Duration) -> Self {
        let surroundings = Surroundings {
            dry_runs,
            dry_run_timeout,
            ..Surroundings::default()
        };
        Self::over(TestCatalog::new().await, surroundings).await
    }

    /// With hosts; what runs at `authority` is what the only entry says.
    pub(crate) async fn with_integrations(authority: &str, integrations: &Value) -> Self {
        let has = |kind: &str| {
            integrations[kind]
                .as_array()
                .is_some_and(|it| !it.is_empty())
        };
        let kinds = [
            ("gitea", HostKind::Gitea),
            ("gitlab", HostKind::Gitlab),
            ("azure", HostKind::Azure),
            ("bitbucketCloud", HostKind::Bitbucket),
            ("bitbucketServer", HostKind::Bitbucket),
        ];
        let kind = kinds.into_iter().find(|(kind, _)| has(kind));
        let kind = kind.map_or(HostKind::Github, |(_, kind)| kind);
        let catalog = TestCatalog::draft().integrations(integrations).open().await;
        let argo = ArgoInstance {
            name: "main".to_owned(),
            url: format!("http://{authority}/api/argo").parse().unwrap(),
            login: ArgoLogin::Token(Secret::new("forge-token")),
        };
        let surroundings = Surroundings {
            hosts: RepoHosts::new([(authority.to_owned(), kind)]),
            argo: vec![argo],
            ..Surroundings::default()
        };
        Self::over(catalog, surroundings).await
    }

    async fn over(catalog: TestCatalog, surroundings: Surroundings) -> Self {
        let database = TestDb::new(&[audit::MIGRATIONS, scaffolder::MIGRATIONS].concat()).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        let peer = Peer::default();
        let process = start(&catalog, &database, &folder, &peer, &surroundings);
        Self {
            catalog,
            database,
            peer,
            folder,
            surroundings,
            process,
        }
    }

    /// Breaks the process off wherever it is; another one takes over.
    pub(crate) fn kill(&mut self) {
        let next = start(
            &self.catalog,
            &self.database,
            &self.folder,
            &self.peer,
            &self.surroundings,
        );
        let old = std::mem::replace(&mut self.process, next);
        drop(old);
    }

    pub(crate) fn workspaces(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Puts a template into the catalog.
    pub(crate) async fn template(&self, name: &str, spec: Value) {
        self.template_with(name, spec, json!({})).await;
    }

    /// The same with more annotations.
    pub(crate) async fn template_with(&self, name: &str, spec: Value, annotations: Value) {
        let mut entity = json!({
            "apiVersion": "scaffolder.backstage.io/v1beta3",
            "kind": "Template",
            "metadata": {
                "name": name,
                "annotations": {
                    "backstage.io/managed-by-location":
                        format!("file:{}", self.folder.path().join("templates/t.yaml").display()),
                    "backstage.io/managed-by-origin-location": "file:/o",
                },
            },
            "spec": spec,
        });
        for (name, value) in annotations.as_object().unwrap() {
            entity["metadata"]["annotations"][name] = value.clone();
        }
        self.catalog.provide("test", vec![entity]).await;
        self.catalog.settle().await;
    }

    /// A file beside the templates.
    pub(crate) fn beside(&self, path: &str, text: &str) {
        let full = self.folder.path().join("templates").join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, text).unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send(USER, "GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.post_as(USER, path, body).await
    }

    pub(crate) async fn post_as(&self, token: &str, path: &str, body: Value) -> (u16, Value) {
        self.send(token, "POST", path, Some(body)).await
    }

    async fn send(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        self.sending(token, method, path, body).await
    }

    /// A request on its way, which can be broken off.
    pub(crate) fn sending(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> impl Future<Output = (u16, Value)> + Send + use<> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/scaffolder{path}"))
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let router = self.process.router.clone();
        async move {
            let response = router.oneshot(request.body(body).unwrap()).await.unwrap();
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            (
                status,
                serde_json::from_str(&text).unwrap_or(Value::String(text)),
            )
        }
    }

    /// Starts a task and waits for its end; its status, and its events.
    pub(crate) async fn run(
        &self,
        template: &str,
        values: Value,
        secrets: Value,
    ) -> (String, Vec<Value>) {
        let id = self.create(template, values, secrets).await;
        self.wait(&id).await
    }

    pub(crate) async fn create(&self, template: &str, values: Value, secrets: Value) -> String {
        let body = json!({
            "templateRef": format!("template:default/{template}"), "values": values, "secrets": secrets,
        });
        let (status, answer) = self.post("/v2/tasks", body).await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Waits until so many steps began to say something.
    pub(crate) async fn wait_for_attempts(&self, n_wanted: usize) {
        for _ in 0..60_000 {
            if self.peer.lock().n_attempts >= n_wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        unreachable!("the peer hears too little")
    }

    pub(crate) async fn wait(&self, id: &str) -> (String, Vec<Value>) {
        // Ten minutes: how fast the machine is does not matter here.
        for _ in 0..60_000 {
            let (_, task) = self.get(&format!("/v2/tasks/{id}")).await;
            let status = task["status"].as_str().unwrap_or_default().to_owned();
            if status != "open" && status != "processing" {
                let (_, events) = self.get(&format!("/v2/tasks/{id}/events")).await;
                return (status, events.as_array().unwrap().clone());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        unreachable!("the task {id} does not end")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.close();
    }
}

fn start(
    catalog: &TestCatalog,
    database: &TestDb,
    folder: &TempDir,
    peer: &Peer,
    surroundings: &Surroundings,
) -> Process {
    let Surroundings {
        hosts,
        argo,
        retention,
        dry_runs,
        dry_run_timeout,
    } = surroundings;
    let janitor_period = retention.map_or(Duration::from_hours(1), |_| Duration::from_millis(20));
    let (actions, plugins) = (Actions::default(), Plugins::default());
    let parts = Parts {
        db: database.db.clone(),
        settings: Settings {
            concurrent_tasks: 4,
            working_dir: folder.path().join("work"),
            task_timeout: Duration::from_hours(1),
            janitor_period,
            retention: *retention,
            concurrent_dry_runs: *dry_runs,
            dry_run_timeout: *dry_run_timeout,
            commits: CommitDefaults::default(),
            argo: argo.clone(),
            environment: Environment {
                parameters: json!({"region": "eu"}).as_object().unwrap().clone(),
                secrets: json!({"key": "environment-secret"})
                    .as_object()
                    .unwrap()
                    .clone(),
            },
        },
        catalog: catalog.catalog.clone(),
        actions: actions.clone(),
        authorizer: Arc::new(catalog.access.clone()),
        keyring: Keyring::with_derived(&EncryptionConfig::default(), &Secret::new("test"), "tests")
            .unwrap(),
        hosts: hosts.clone(),
        metrics: Metrics::new(),
        inside: plugins.inside(),
        clock: Clock::system(),
    };
    let scaffolder = Scaffolder::new(parts).unwrap();
    actions
        .register_all(::catalog::actions(&catalog.catalog).unwrap())
        .unwrap();
    for (id, idempotent) in [("test:effect", false), ("test:repeatable", true)] {
        actions
            .register(Arc::new(Effect::new(id, idempotent, peer)))
            .unwrap();
    }
    actions.register(Arc::new(Post::new(peer))).unwrap();
    actions.register(Arc::new(Hold::new(peer))).unwrap();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    scaffolder.start(&tasks, &stop);
    let plugin = Plugin {
        id: "scaffolder",
        router: router(scaffolder.clone()).merge(action_routes("scaffolder", &actions)),
        open_paths: &[],
    };
    let access = Arc::new(catalog.access.clone());
    let router = mount(plugin, access.clone(), access.clone());
    let echo = Plugin {
        id: "echo",
        router: echo::router(),
        open_paths: &[],
    };
    let echo = mount(echo, access.clone(), access);
    plugins.open([("scaffolder", router.clone()), ("echo", echo)]);
    let router = Router::new().nest("/api/scaffolder", router);
    Process {
        router,
        tasks,
        stop,
        _plugins: plugins,
    }
}

/// Stands in for notifications: the peer hears what is sent to whom.
struct Post {
    spec: Spec,
    peer: Peer,
}

impl Post {
    fn new(peer: &Peer) -> Self {
        let spec = json!({"id": "notification:send", "schema": {"input": {"type": "object"}}});
        Self {
            spec: Spec::from_json(&spec).unwrap(),
            peer: Arc::clone(peer),
        }
    }
}

#[async_trait]
impl Action for Post {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    async fn run(&self, _run: &Run, input: Value) -> platform::Result<Value> {
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        let line = format!(
            "{}: {} {}",
            input["entityRefs"],
            text("title"),
            text("link")
        );
        self.peer.lock().said.push(line);
        Ok(json!({}))
    }
}

/// Tells the peer something, takes a while, and may fail.
struct Effect {
    spec: Spec,
    peer: Peer,
}

impl Effect {
    fn new(id: &str, idempotent: bool, peer: &Peer) -> Self {
        let spec = json!({
            "id": id,
            "description": "Tells the peer something",
            "attributes": {"idempotent": idempotent, "destructive": false},
            "schema": {
                "input": {"type": "object", "required": ["say"], "properties": {
                    "say": {"type": "string"}, "millis": {"type": "integer"}, "fail": {"type": "boolean"},
                    "failures": {"type": "integer"},
                }},
                "output": {"type": "object"},
            },
        });
        Self {
            spec: Spec::from_json(&spec).unwrap(),
            peer: Arc::clone(peer),
        }
    }
}

#[async_trait]
impl Action for Effect {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    async fn run(&self, run: &Run, input: Value) -> platform::Result<Value> {
        let say = input["say"].as_str().unwrap_or_default().to_owned();
        let peer = Arc::clone(&self.peer);
        let n_attempts = {
            let mut peer = peer.lock();
            peer.n_attempts += 1;
            peer.n_attempts
        };
        let n_failures = input["failures"].as_u64().unwrap_or_default();
        if u64::try_from(n_attempts).unwrap() <= n_failures {
            return Err(platform::Error::unavailable("nobody listens"));
        }
        let is_repeatable = self.spec.attributes.idempotent;
        // What was said is remembered, so that a repeated step does not say it again.
        let said = run.checkpoint("said", async move {
            let mut peer = peer.lock();
            // As with a repository: that it is there already is as good as making it.
            if !(is_repeatable && peer.said.contains(&say)) {
                peer.said.push(say.clone());
            }
            Ok(json!(say))
        });
        let said = said.await?;
        run.log.info(&format!("said {said}"));
        if let Some(millis) = input["millis"].as_u64() {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        if input["fail"] == true {
            return Err(platform::Error::input(format!("cannot say {said}")));
        }
        Ok(json!({ "said": said }))
    }
}

/// Never ends by itself; it changes nothing, so that dry runs run it.
struct Hold {
    spec: Spec,
    peer: Peer,
}

impl Hold {
    fn new(peer: &Peer) -> Self {
        let spec = json!({
            "id": "test:hold",
            "attributes": {"readOnly": true, "idempotent": true, "destructive": false},
            "schema": {"input": {"type": "object"}, "output": {"type": "object"}},
        });
        let mut spec = Spec::from_json(&spec).unwrap();
        spec.has_dry_run = true;
        let peer = Arc::clone(peer);
        Self { spec, peer }
    }
}

/// Tells that a step ended.
struct Held(Peer);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().n_broken_off += 1;
    }
}

#[async_trait]
impl Action for Hold {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    async fn run(&self, _run: &Run, _input: Value) -> platform::Result<Value> {
        let _held = Held(Arc::clone(&self.peer));
        self.peer.lock().n_attempts += 1;
        std::future::pending().await
    }
}
