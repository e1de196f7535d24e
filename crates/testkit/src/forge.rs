//! A source control host: git's own HTTP server over a folder, and doubles of the APIs of GitHub,
//! Gitea, GitLab, Bitbucket, Azure and Argo CD that remember what was made.
//!
//! It tells what it was asked (`calls`) and what that changed (`effects`), and can stop at any
//! request, so that a test ends whoever sent it at exactly that point. While it is closed, requests
//! wait, and none has an effect.

mod api;
mod backend;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};

/// What every token that the APIs accept begins with.
pub const TOKEN: &str = "forge-token";

/// When a host stops at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing was done yet.
    Before,
    /// All was done, and the answer does not leave any more.
    After,
}

/// A host; clones share it. It ends with the runtime of its test.
#[derive(Clone)]
pub struct Forge(Arc<Inner>);

struct Inner {
    folder: TempDir,
    authority: String,
    /// The name that its answers give it.
    name: String,
    state: Mutex<Memory>,
    door: watch::Sender<Door>,
}

/// Who may come in, and who is in.
#[derive(Default)]
struct Door {
    is_closed: bool,
    n_inside: usize,
}

/// A request that is being answered.
struct Inside(Forge);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.door.send_modify(|door| door.n_inside -= 1);
    }
}

/// What the host knows.
#[derive(Default)]
struct Memory {
    calls: Vec<(String, Value)>,
    effects: Vec<String>,
    /// Lists of what was made, and single settings, by path.
    things: BTreeMap<String, Vec<Value>>,
    n_requests: usize,
    trap: Option<Trap>,
}

struct Trap {
    request: usize,
    when: When,
    sprung: oneshot::Sender<String>,
}

/// A request, as far as doubles look at it.
struct Call {
    number: usize,
    method: String,
    path: String,
    body: Value,
    authorization: String,
}

impl Forge {
    /// A host on a free port.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// A host whose answers call it by a name, under which clients reach it through it as a proxy.
    pub async fn start_as(name: &str) -> Self {
        Self::listen(Some(name)).await
    }

    async fn listen(name: Option<&str>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let forge = Self(Arc::new(Inner {
            folder: tempfile::tempdir().unwrap(),
            name: name.unwrap_or(&authority).to_owned(),
            authority,
            state: Mutex::default(),
            door: watch::Sender::default(),
        }));
        let router = Router::new().fallback(answer).with_state(forge.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        forge
    }

    /// `127.0.0.1:port`.
    pub fn authority(&self) -> &str {
        &self.0.authority
    }

    /// The same host by the name `localhost`, so that it can be another product.
    pub fn other_authority(&self) -> String {
        self.0.authority.replace("127.0.0.1", "localhost")
    }

    /// Methods and paths of the calls of APIs.
    pub fn calls(&self) -> Vec<String> {
        let state = self.0.state.lock();
        state.calls.iter().map(|(call, _)| call.clone()).collect()
    }

    /// The same with what came with them.
    pub fn exchanges(&self) -> Vec<(String, Value)> {
        self.0.state.lock().calls.clone()
    }

    /// What came with the first such call.
    pub fn body_of(&self, call: &str) -> Value {
        let state = self.0.state.lock();
        let mut calls = state.calls.iter();
        calls.find(|(found, _)| found == call).unwrap().1.clone()
    }

    /// Everything that was made or changed, in order.
    pub fn effects(&self) -> Vec<String> {
        self.0.state.lock().effects.clone()
    }

    /// Requests so far, those of git among them.
    pub fn n_requests(&self) -> usize {
        self.0.state.lock().n_requests
    }

    /// Forgets everything, repositories included.
    pub fn reset(&self) {
        *self.0.state.lock() = Memory::default();
        for entry in std::fs::read_dir(self.folder()).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
    }

    /// Stops at a request, which is never answered; tells whose it is when it came.
    pub fn trap(&self, request: usize, when: When) -> oneshot::Receiver<String> {
        let (sprung, waits) = oneshot::channel();
        let trap = Trap {
            request,
            when,
            sprung,
        };
        self.0.state.lock().trap = Some(trap);
        waits
    }

    /// Lets no request in any more, and waits until those that are in are answered.
    pub async fn close(&self) {
        self.0.door.send_modify(|door| door.is_closed = true);
        let mut door = self.0.door.subscribe();
        door.wait_for(|door| door.n_inside == 0).await.unwrap();
    }

    /// Answers again; what was sent by those who are gone is not.
    pub fn open(&self) {
        self.0.door.send_modify(|door| door.is_closed = false);
    }

    async fn enter(&self) -> Inside {
        let mut door = self.0.door.subscribe();
        loop {
            door.wait_for(|door| !door.is_closed).await.unwrap();
            let is_in = self.0.door.send_if_modified(|door| {
                door.n_inside += usize::from(!door.is_closed);
                !door.is_closed
            });
            if is_in {
                return Inside(self.clone());
            }
        }
    }

    /// Runs git in a repository of the host.
    pub fn git(&self, name: &str, args: &[&str]) -> String {
        self.try_git(name, args).unwrap()
    }

    fn try_git(&self, name: &str, args: &[&str]) -> Option<String> {
        let folder = self.repository(name);
        let mut git = Command::new("git");
        let output = git.arg("-C").arg(folder).args(args).output().unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// Makes an empty repository `owner/name`.
    pub fn make(&self, name: &str) {
        let folder = self.repository(name);
        let path = folder.to_str().unwrap();
        let run = |args: &[&str]| {
            let mut git = Command::new("git");
            git.args(args).stdout(Stdio::null()).stderr(Stdio::null());
            assert!(git.status().unwrap().success(), "{args:?}");
        };
        run(&["init", "--bare", "-b", "main", path]);
        run(&["-C", path, "config", "http.receivepack", "true"]);
    }

    fn repository(&self, name: &str) -> PathBuf {
        let name = name.trim_end_matches(".git");
        self.folder().join(format!("{name}.git"))
    }

    fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    /// Never goes on if the host is to stop here.
    async fn pass(&self, call: &Call, when: When) {
        let sprung = {
            let mut state = self.0.state.lock();
            let is_here = |it: &mut Trap| it.request == call.number && it.when == when;
            state.trap.take_if(is_here)
        };
        if let Some(trap) = sprung {
            // The test may be over.
            let _ = trap.sprung.send(call.authorization.clone());
            std::future::pending::<()>().await;
        }
    }
}

async fn answer(State(forge): State<Forge>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 10 << 20).await.unwrap();
    let path = parts.uri.path().to_owned();
    let is_api = is_api(&path);
    // Work on files goes on when the client is gone.
    let inside = Arc::new(forge.enter().await);
    let call = {
        let mut state = forge.0.state.lock();
        let call = Call {
            number: state.n_requests,
            method: parts.method.to_string(),
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            authorization: credentials(&parts),
            path,
        };
        state.n_requests += 1;
        if is_api {
            let name = format!("{} {}", call.method, call.path);
            state.calls.push((name, call.body.clone()));
        }
        call
    };
    forge.pass(&call, When::Before).await;
    let response = if is_api {
        let (status, body) = api::answer(&forge, &call);
        let body = match body {
            Value::Null => Body::empty(),
            Value::String(text) => Body::from(text),
            body => Body::from(body.to_string()),
        };
        Response::builder().status(status).body(body).unwrap()
    } else {
        let (forge, authorization) = (forge.clone(), call.authorization.clone());
        let inside = Arc::clone(&inside);
        let work = move || {
            let _inside = inside;
            backend::answer(&forge, &parts, &bytes, &authorization)
        };
        tokio::task::spawn_blocking(work).await.unwrap()
    };
    forge.pass(&call, When::After).await;
    response
}

/// Whether a path is one of an API: servers of Bitbucket and Azure have theirs elsewhere.
fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/rest/") || path.contains("/_apis/")
}

/// The credentials of a request, readable.
fn credentials(parts: &http::request::Parts) -> String {
    let header = parts.headers.get(AUTHORIZATION);
    let text = header.map_or("", |it| it.to_str().unwrap());
    match text.strip_prefix("Basic ") {
        Some(pair) => String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap(),
        None => text.to_owned(),
    }
}
