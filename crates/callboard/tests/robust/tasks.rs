//! Portals that are killed while they work on a long task: at each request that the task sends to a
//! source control host, before it has an effect and after it had it but before the answer, and
//! between the steps. Whatever is killed, the task ends as an undisturbed one, and the host has seen
//! each effect once.
//!
//! Leases are ended by hand, so that nobody waits for them; only those of processes that are dead,
//! because two that live would both be right.
//!
//! `TASK_CRASHES` is the number of points to kill at (6, spread over those after an effect); `all`
//! of them are tried by `scripts/task-crash-test.sh`.

use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Forge, TOKEN, When};

use crate::client::{self, Client};
use crate::database::Database;
use crate::environment;
use crate::portal::{Portal, Setup};

/// A limit for what takes a moment on an idle machine.
const PATIENCE: Duration = Duration::from_secs(240);
const SECRET: &str = "the-note-nobody-sees";

/// Where a portal is killed.
#[derive(Debug, Clone, Copy)]
enum Point {
    /// At the request of this number.
    Request(usize, When),
    /// All portals, when so many steps were heard to have ended.
    Ended(usize),
}

/// Portals on one database, and the host they publish to.
struct Trial {
    forge: Forge,
    database: Database,
    setups: Vec<Setup>,
    portals: Vec<Portal>,
    /// The template and its skeleton.
    _folder: TempDir,
}

/// What an observer can tell of a task that ended.
#[derive(Debug, PartialEq)]
struct Outcome {
    status: String,
    output: Value,
    /// Steps that were told to be complete, in order, each as often as it was told.
    completed: Vec<String>,
    effects: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_killed_portal_ends_its_task_as_if_nothing_had_happened() {
    let mut trial = Trial::start(Database::embedded(), 1).await;
    trial.kill_everywhere().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_portals_end_the_tasks_of_killed_ones() {
    let Some(database) = Database::on_server() else {
        println!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let mut trial = Trial::start(database, 3).await;
    trial.kill_everywhere().await;
}

impl Trial {
    async fn start(database: Database, n_portals: usize) -> Self {
        let forge = Forge::start().await;
        let folder = tempfile::tempdir().unwrap();
        lay_out(&folder, &forge);
        for n in 0..n_portals {
            std::fs::create_dir(folder.path().join(format!("work-{n}"))).unwrap();
        }
        let setup =
            |n: usize| Setup::with(|port| configuration(port, n, &database, &forge, &folder));
        let setups: Vec<Setup> = (0..n_portals).map(setup).collect();
        let portals = futures::future::join_all(setups.iter().map(Setup::start)).await;
        let trial = Self {
            forge,
            database,
            setups,
            portals,
            _folder: folder,
        };
        for portal in &trial.portals {
            let client = &portal.client;
            until("the template is there", async || {
                client.entity("template:default/long").await.unwrap()
            })
            .await;
        }
        trial
    }

    async fn kill_everywhere(&mut self) {
        let id = self.create().await;
        let undisturbed = self.outcome(&id).await;
        assert_eq!(undisturbed.status, "completed", "{undisturbed:#?}");
        assert_eq!(undisturbed.completed.len(), steps(&self.forge).len());
        let points = points(self.forge.n_requests(), undisturbed.completed.len());
        println!("{} points of {:#?}", points.len(), undisturbed.effects);
        for point in points {
            self.forge.reset();
            let disturbed = self.disturb(point).await;
            assert_eq!(disturbed, undisturbed, "killed at {point:?}");
        }
        for setup in &self.setups {
            let log = setup.log();
            assert!(!log.contains("panicked") && !log.contains(SECRET), "{log}");
        }
    }

    /// Runs a task that loses its portal at a point.
    async fn disturb(&mut self, point: Point) -> Outcome {
        let id = match point {
            Point::Request(number, when) => {
                let trap = self.forge.trap(number, when);
                let id = self.create().await;
                let sprung = tokio::time::timeout(PATIENCE, trap).await;
                let who = sprung.unwrap().unwrap();
                let victim = victim(&who);
                self.replace(victim..victim + 1).await;
                id
            }
            Point::Ended(n_steps) => {
                let id = self.create().await;
                let client = &self.portals[0].client;
                until("steps end", async || {
                    let events = events(client, &id).await;
                    (completed(&events).len() >= n_steps).then_some(())
                })
                .await;
                // A request on its way would have its effect beside that of the next process.
                self.forge.close().await;
                self.replace(0..self.portals.len()).await;
                self.forge.open();
                id
            }
        };
        self.outcome(&id).await
    }

    /// Kills portals, one of which works on the task, and starts them again.
    async fn replace(&mut self, victims: Range<usize>) {
        for portal in &mut self.portals[victims.clone()] {
            portal.kill();
        }
        // With an embedded database, whoever starts takes over at once.
        if self.portals.len() > 1 {
            self.database.end_leases_of_tasks().await;
        }
        for victim in victims {
            self.portals[victim] = self.setups[victim].start().await;
        }
    }

    async fn create(&self) -> String {
        let body = json!({
            "templateRef": "template:default/long",
            "values": { "name": "shop" },
            "secrets": { "note": SECRET },
        });
        let client = &self.portals[0].client;
        let path = "/api/scaffolder/v2/tasks";
        let sent = client.send_text("POST", path, Some(body.to_string())).await;
        let answer = sent.unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// What became of a task, as soon as something did.
    async fn outcome(&self, id: &str) -> Outcome {
        let client = &self.portals[0].client;
        let path = format!("/api/scaffolder/v2/tasks/{id}");
        let status = until("the task ends", async || {
            let answer = client.send_text("GET", &path, None).await.unwrap();
            let status = answer.body["status"].as_str().unwrap().to_owned();
            (status != "open" && status != "processing").then_some(status)
        })
        .await;
        let events = events(client, id).await;
        let last = &events.last().unwrap()["body"];
        assert_ne!(status, "failed", "{last:#}");
        Outcome {
            status,
            output: last["output"].clone(),
            completed: completed(&events),
            effects: self.forge.effects(),
        }
    }
}

/// The portal whose token it is.
fn victim(credentials: &str) -> usize {
    let (_, number) = credentials.split_once(&format!("{TOKEN}-")).unwrap();
    number.parse().unwrap()
}

async fn events(client: &Client, id: &str) -> Vec<Value> {
    let path = format!("/api/scaffolder/v2/tasks/{id}/events");
    let answer = client.send_text("GET", &path, None).await.unwrap();
    answer.body.as_array().unwrap().clone()
}

fn completed(events: &[Value]) -> Vec<String> {
    let bodies = events.iter().map(|event| &event["body"]);
    let ended = bodies.filter(|body| body["status"] == "completed");
    ended
        .filter_map(|body| body["stepId"].as_str().map(str::to_owned))
        .collect()
}

/// Asks until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The points of this run, at least two for each step if all are wanted.
fn points(n_requests: usize, n_steps: usize) -> Vec<Point> {
    let after = (0..n_requests).map(|n| Point::Request(n, When::After));
    if environment::text("TASK_CRASHES").is_some_and(|text| text == "all") {
        let before = (0..n_requests).map(|n| Point::Request(n, When::Before));
        let ended = (0..n_steps).map(Point::Ended);
        return after.chain(before).chain(ended).collect();
    }
    let after: Vec<Point> = after.collect();
    let n_wanted = environment::number("TASK_CRASHES", 6);
    let n_wanted = usize::try_from(n_wanted).unwrap().clamp(1, after.len());
    (0..n_wanted)
        .map(|n| after[n * after.len() / n_wanted])
        .collect()
}

fn configuration(
    port: u16,
    number: usize,
    database: &Database,
    forge: &Forge,
    folder: &TempDir,
) -> Value {
    let (host, other) = (forge.authority(), forge.other_authority());
    let token = format!("{TOKEN}-{number}");
    json!({
        "backend": {
            "baseUrl": format!("http://127.0.0.1:{port}"),
            "listen": { "host": "127.0.0.1", "port": port },
            "auth": { "externalAccess": [
                { "type": "static", "options": { "token": client::TOKEN, "subject": "robust-tests" } },
            ]},
            // Of its own, as on a machine of its own.
            "workingDirectory": folder.path().join(format!("work-{number}")),
            "database": database.config(),
        },
        // All processes open the secrets of a task.
        "auth": { "session": { "secret": "of-all-processes" } },
        "integrations": {
            "github": [{ "host": host, "apiBaseUrl": format!("http://{host}/api/v3"), "token": token }],
            "gitea": [{ "host": other, "baseUrl": format!("http://{other}"), "password": token }],
        },
        "argocd": { "appLocatorMethods": [{ "type": "config", "instances": [
            { "name": "main", "url": format!("http://{host}/api/argo"), "token": token },
        ]}]},
        "catalog": {
            "rules": [{ "allow": ["Template"] }],
            "locations": [{ "type": "file", "target": folder.path().join("template.yaml") }],
        },
    })
}

/// Writes the template and its files.
fn lay_out(folder: &TempDir, forge: &Forge) {
    let template = json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": { "name": "long" },
        "spec": {
            "type": "service",
            "steps": steps(forge),
            "output": {
                // Not where they are, which is another folder for each process.
                "files": "${{ steps.look.output.files[0].path }} ${{ steps.look.output.files[1].path }}",
                "issue": "${{ steps.issue.output.issueNumber }}",
                "many": "${{ steps.many.output.issueNumber }}",
                "pull": "${{ steps.pull.output.pullRequestNumber }}",
                "contents": "${{ steps.publish.output.repoContentsUrl }}",
            },
        },
    });
    std::fs::write(folder.path().join("template.yaml"), template.to_string()).unwrap();
    let skeleton = folder.path().join("skeleton");
    std::fs::create_dir(&skeleton).unwrap();
    std::fs::write(skeleton.join("README.md"), "# ${{ values.name }}\n").unwrap();
    std::fs::write(skeleton.join("old.txt"), "old\n").unwrap();
}

/// Twenty steps, most of which change something outside that a second time would show.
fn steps(forge: &Forge) -> Vec<Value> {
    let at = |host: &str, repo: &str| format!("{host}?owner=acme&repo={repo}");
    let shop = at(forge.authority(), "shop");
    let tools = at(forge.authority(), "tools");
    let mirror = at(&forge.other_authority(), "mirror");
    let entity = json!({ "kind": "Component", "metadata": { "name": "shop" } });
    let step = |id: &str, action: &str, input: Value| json!({ "id": id, "action": action, "input": input });
    let mut many = step(
        "many",
        "github:issues:create",
        json!({
        "repoUrl": shop, "title": "Task ${{ each.value }}", "body": "${{ secrets.note }}"}),
    );
    many["each"] = json!(["one", "two"]);
    vec![
        step(
            "fetch",
            "fetch:template",
            json!({"url": "./skeleton", "values": {"name": "${{ parameters.name }}"}}),
        ),
        step("write", "catalog:write", json!({"entity": entity})),
        step(
            "rename",
            "fs:rename",
            json!({"files": [{"from": "old.txt", "to": "new.txt"}]}),
        ),
        step(
            "publish",
            "publish:github",
            json!({"repoUrl": shop, "defaultBranch": "main", "topics": ["a"]}),
        ),
        step(
            "protect",
            "github:branch-protection:create",
            json!({"repoUrl": shop, "branch": "release"}),
        ),
        step(
            "hook",
            "github:webhook",
            json!({"repoUrl": shop, "webhookUrl": "https://ci.example.com"}),
        ),
        step(
            "link",
            "github:autolinks:create",
            json!({
            "repoUrl": shop, "keyPrefix": "SHOP-", "urlTemplate": "https://t.example.com/<num>"}),
        ),
        step(
            "issue",
            "github:issues:create",
            json!({"repoUrl": shop, "title": "Welcome", "body": "${{ secrets.note }}"}),
        ),
        step(
            "label",
            "github:issues:label",
            json!({
            "repoUrl": shop, "number": "${{ steps.issue.output.issueNumber }}", "labels": ["first"]}),
        ),
        step("pages", "github:pages:enable", json!({"repoUrl": shop})),
        step("second", "github:repo:create", json!({"repoUrl": tools})),
        step(
            "append",
            "roadiehq:utils:fs:append",
            json!({"path": "new.txt", "content": "more\n"}),
        ),
        step(
            "push",
            "github:repo:push",
            json!({"repoUrl": tools, "defaultBranch": "main"}),
        ),
        step(
            "deploy",
            "argocd:create-resources",
            json!({
            "appName": "shop", "argoInstance": "main", "namespace": "shop", "path": "deploy",
            "repoUrl": "${{ steps.publish.output.remoteUrl }}"}),
        ),
        step(
            "mirror",
            "publish:gitea",
            json!({"repoUrl": mirror, "defaultBranch": "main"}),
        ),
        step(
            "delete",
            "fs:delete",
            json!({"files": ["catalog-info.yaml"]}),
        ),
        step(
            "pull",
            "publish:github:pull-request",
            json!({
            "repoUrl": shop, "branchName": "next", "title": "Next", "description": "More"}),
        ),
        many,
        step("look", "fs:readdir", json!({"paths": ["."]})),
        step(
            "tell",
            "debug:log",
            json!({"message": "done", "listWorkspace": true}),
        ),
    ]
}
