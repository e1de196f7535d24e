//! What a step made at a source control host is taken back.
//!
//! The calls that do so are written down when it is made: nobody has the input of the step later, and
//! what was there before it is known then only. They are made with the credentials of the
//! configuration, because those of the step are wiped.

use http::{Method, StatusCode};
use integrations::Integration;
use platform::actions::Run;
use platform::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Reach;
use super::publish::Host;
use crate::repo_url::RepoUrl;

/// The checkpoint with the calls, as descriptions of actions name it.
const MADE: &str = "made";

/// A call that takes something back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Undoing {
    method: String,
    path: Vec<String>,
    #[serde(default)]
    query: Vec<(String, String)>,
    #[serde(default)]
    body: Option<Value>,
}

impl Undoing {
    /// Removes what is at a path.
    pub(super) fn delete(path: &[&str]) -> Self {
        Self {
            method: Method::DELETE.to_string(),
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            query: Vec::new(),
            body: None,
        }
    }

    /// Changes what is at a path.
    pub(super) fn change(method: &Method, path: &[&str], body: Value) -> Self {
        Self {
            method: method.to_string(),
            body: Some(body),
            ..Self::delete(path)
        }
    }

    /// The same for one of several things at the path.
    pub(super) fn of(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    async fn send(&self, host: &Host<'_>) -> Result<()> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let mut url = host.api(&path)?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let method: Method = self.method.parse().map_err(|_| unreadable())?;
        let answer = host.send(method, url, self.body.clone()).await?;
        // Somebody has taken it back already.
        let is_gone = [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&answer.status);
        if answer.is_success() || is_gone {
            return Ok(());
        }
        Err(answer.error(&host.repo.host))
    }
}

/// Keeps the calls that take back what a step made.
pub(super) async fn keep(run: &Run, input: &Value, calls: &[Undoing]) -> Result<()> {
    if calls.is_empty() {
        return Ok(());
    }
    let made = json!({ "repoUrl": input["repoUrl"], "calls": calls });
    run.checkpoint(MADE, async { Ok(made) }).await.map(drop)
}

/// Takes back what a step made, as the step kept it.
pub(super) async fn take_back(reach: &Reach, made: &Value) -> Result<()> {
    let text = made["repoUrl"].as_str().unwrap_or_default();
    let repo =
        RepoUrl::parse_host(text, &reach.hosts).map_err(|error| Error::input(error.to_string()))?;
    let integrations = reach.catalog.integrations().list();
    let integration = integrations.iter().find(|it| it.host() == repo.host);
    let kind = integration.map(Integration::kind).ok_or_else(|| {
        Error::input(format!("the host {} is not configured any more", repo.host))
    })?;
    let host = Host::alone(reach, &json!({ "repoUrl": text }), kind).await?;
    let calls: Vec<Undoing> =
        serde_json::from_value(made["calls"].clone()).map_err(|_| unreadable())?;
    for call in &calls {
        call.send(&host).await?;
    }
    Ok(())
}

fn unreadable() -> Error {
    Error::internal("what takes the step back cannot be read")
}
