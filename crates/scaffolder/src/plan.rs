//! What a step would send to other services, taken down without sending it.
//!
//! Invariant: while a [`Recorder`] watches, nothing leaves but questions (`GET` and `HEAD`), and
//! those only if it may ask. Whoever waits for an answer that cannot be had gets an invented one,
//! which says what the host would say if all went well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Method, StatusCode};
use parking_lot::Mutex;
use platform::Result;
use serde_json::{Map, Value, json};
use url::Url;

use crate::outgoing::{Answer, Body, Outgoing, Request};

/// Calls of one step that are taken down.
const MAX_CALLS: usize = 500;
/// Characters of a text in a body that are shown.
const MAX_TEXT: usize = 2_000;
/// Members of bodies that are not for people.
const SECRET_NAMES: [&str; 5] = ["password", "secret", "token", "private_key", "credential"];
/// A commit that is not there yet.
const HASH: &str = "0000000000000000000000000000000000000000";

tokio::task_local! {
    static WATCHED: Arc<Recorder>;
}

/// Takes down the calls of one step.
pub(crate) struct Recorder {
    may_ask: bool,
    /// The repository of the step, as people open it.
    web: Option<String>,
    /// What the step names will be made by an earlier call of the plan.
    is_new: AtomicBool,
    calls: Mutex<Vec<Value>>,
}

impl Recorder {
    pub(crate) fn new(may_ask: bool, web: Option<String>, is_new: bool) -> Arc<Self> {
        Arc::new(Self {
            may_ask,
            web,
            is_new: AtomicBool::new(is_new),
            calls: Mutex::default(),
        })
    }

    /// Who watches the calls that are made here, if anybody does.
    pub(crate) fn current() -> Option<Arc<Self>> {
        WATCHED.try_with(Arc::clone).ok()
    }

    /// Does something without letting it change anything elsewhere.
    pub(crate) async fn watch<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        WATCHED.scope(Arc::clone(self), work).await
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.calls.lock().clone()
    }

    /// Whether a call would have changed something.
    pub(crate) fn has_changes(&self) -> bool {
        self.is_new.load(Ordering::SeqCst)
    }

    /// Takes a call down; what it is answered.
    pub(crate) async fn answer(&self, outgoing: &Outgoing, request: Request) -> Result<Answer> {
        self.take_down(&request);
        let is_question = matches!(request.method, Method::GET | Method::HEAD);
        let invented = self.invent(&request);
        if !is_question {
            self.is_new.store(true, Ordering::SeqCst);
            return Ok(invented);
        }
        if !self.may_ask || is_of_git(&request.url) {
            return Ok(invented);
        }
        match outgoing.transmit(request).await {
            // What an earlier call makes is not there yet.
            Ok(answer) if answer.status != StatusCode::NOT_FOUND || !self.has_changes() => {
                Ok(answer)
            }
            _ => Ok(invented),
        }
    }

    fn take_down(&self, request: &Request) {
        let mut call = json!({ "method": request.method.as_str(), "url": request.url.as_str() });
        match &request.body {
            Some(Body::Json(value)) => call["body"] = shortened(value),
            Some(Body::Bytes(bytes, kind)) => {
                call["body"] = json!({ "contentType": kind, "bytes": bytes.len() });
                if let Some((hash, name)) = pushed(bytes) {
                    call["body"]["commit"] = hash.into();
                    call["body"]["ref"] = name.into();
                }
            }
            None => {}
        }
        let mut calls = self.calls.lock();
        if calls.len() < MAX_CALLS {
            calls.push(call);
        }
    }

    /// What a host says if all goes well.
    fn invent(&self, request: &Request) -> Answer {
        if request.method == Method::HEAD {
            return answer(StatusCode::NOT_FOUND, Vec::new());
        }
        if request.url.path().ends_with("/info/refs") {
            return answer(StatusCode::OK, b"0000".to_vec());
        }
        if let Some(Body::Bytes(bytes, _)) = &request.body
            && let Some((_, name)) = pushed(bytes)
        {
            let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
            let report = [line("unpack ok\n"), line(&format!("ok {name}\n"))].concat() + "0000";
            return answer(StatusCode::OK, report.into_bytes());
        }
        let sent = match &request.body {
            Some(Body::Json(Value::Object(members))) => members.clone(),
            _ => Map::new(),
        };
        let made = self.made(sent, &request.url);
        answer(StatusCode::OK, made.to_string().into_bytes())
    }

    /// Something that was made of what was sent, under the names of all hosts.
    fn made(&self, sent: Map<String, Value>, url: &Url) -> Value {
        let web = self.web.clone().unwrap_or_else(|| url.to_string());
        let mut made: Value = sent.into();
        let members = json!({
            "id": 0, "iid": 0, "number": 0, "sha": HASH, "token": "<token>",
            "type": "Organization", "default_branch": "main",
            "html_url": web, "web_url": web,
            "clone_url": format!("{web}.git"), "http_url_to_repo": format!("{web}.git"),
            "path_with_namespace": self.slug(), "full_name": self.slug(),
            "object": {"sha": HASH},
            "commit": {"sha": HASH, "commit": {"tree": {"sha": HASH}}},
        });
        for (name, value) in members.as_object().into_iter().flatten() {
            made[name] = value.clone();
        }
        made
    }

    /// Owner and name of the repository.
    fn slug(&self) -> String {
        let web = self.web.as_deref().and_then(|web| Url::parse(web).ok());
        let path = web.map(|web| web.path().trim_matches('/').to_owned());
        path.unwrap_or_default()
    }
}

fn answer(status: StatusCode, body: Vec<u8>) -> Answer {
    Answer {
        status,
        body: Bytes::from(body),
    }
}

fn is_of_git(url: &Url) -> bool {
    url.path().ends_with("/info/refs")
}

/// The commit and the reference that a push names in its first line.
fn pushed(bytes: &[u8]) -> Option<(String, String)> {
    let line = bytes.get(4..)?.split(|byte| *byte == 0).next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ').skip(1);
    let (hash, name) = (words.next()?, words.next()?);
    name.starts_with("refs/")
        .then(|| (hash.to_owned(), name.to_owned()))
}

/// A body without the contents of files, and without what nobody may see.
fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > MAX_TEXT => {
            let end = text.floor_char_boundary(MAX_TEXT);
            format!("{}… ({} bytes)", &text[..end], text.len()).into()
        }
        Value::Array(items) => items.iter().map(shortened).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), shown(name, member)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// A member of a body; credentials of the configuration are among what is sent.
fn shown(name: &str, member: &Value) -> Value {
    let name = name.to_lowercase();
    let is_secret = SECRET_NAMES.iter().any(|it| name.contains(it));
    if is_secret && member.is_string() {
        return "***".into();
    }
    shortened(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, url: &str, body: Option<Body>) -> Request {
        Request {
            body,
            ..Request::new(method, url.parse().unwrap())
        }
    }

    async fn sent(recorder: &Arc<Recorder>, request: Request) -> Answer {
        let outgoing = Outgoing::new().unwrap();
        recorder.watch(outgoing.send(request)).await.unwrap()
    }

    #[tokio::test]
    async fn nothing_leaves_and_everything_is_taken_down() {
        let web = Some("https://git.example/acme/shop".to_owned());
        let recorder = Recorder::new(false, web, false);
        let long = "x".repeat(5_000);
        let body = json!({"name": "shop", "content": long, "auth": {"authPassword": "hidden"}});
        let body = Body::Json(body);
        let made = request(Method::POST, "https://api.git.example/repos", Some(body));
        let made = sent(&recorder, made).await.json().unwrap();
        assert_eq!(made["name"], "shop");
        assert_eq!(made["clone_url"], "https://git.example/acme/shop.git");
        assert_eq!(made["path_with_namespace"], "acme/shop");
        let asked = request(Method::HEAD, "https://api.git.example/file", None);
        assert_eq!(
            sent(&recorder, asked).await.status,
            StatusCode::NOT_FOUND,
            "a file is taken to be new"
        );
        let calls = recorder.calls();
        assert_eq!(calls[0]["method"], "POST");
        assert_eq!(calls[0]["body"]["name"], "shop");
        assert_eq!(calls[0]["body"]["auth"]["authPassword"], "***");
        let told = calls[0]["body"]["content"].as_str().unwrap();
        assert!(told.len() < 3_000 && told.ends_with("(5000 bytes)"));
        assert_eq!(
            calls[1],
            json!({"method": "HEAD", "url": "https://api.git.example/file"})
        );
    }

    #[tokio::test]
    async fn a_push_is_told_by_its_commit_and_branch() {
        let recorder = Recorder::new(true, None, false);
        let bytes = format!("00aa{HASH} abc123 refs/heads/main\0 report-status0000PACK");
        let body = Body::Bytes(bytes.into_bytes(), "application/x-git-receive-pack-request");
        let url = "https://git.example/acme/shop.git/git-receive-pack";
        let answer = sent(&recorder, request(Method::POST, url, Some(body))).await;
        let report = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(report.contains("ok refs/heads/main"), "{report}");
        let call = &recorder.calls()[0];
        assert_eq!(call["body"]["ref"], "refs/heads/main");
        assert_eq!(call["body"]["commit"], "abc123");
    }
}
