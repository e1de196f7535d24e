//! `publish:*`: the workspace as a new repository.
//!
//! Each call that makes something outside is a checkpoint, so that a step that is repeated after a
//! crash finds what is there and makes nothing twice.

mod gitea;
mod github;
mod gitlab;
pub(super) mod pull_request;
pub(super) mod repository;

use http::{Method, StatusCode};
use integrations::{Integration, Kind};
use platform::config::Secret;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use super::Reach;
use crate::outgoing::{Answer, Body, Request};
use crate::repo_url::RepoUrl;

pub(super) use gitea::gitea;
pub(super) use github::{github, protect, protection, push_only, refuse_secrets, repo_create};
pub(super) use gitlab::gitlab;

/// A host that an input names, with what it takes to call its API.
pub(super) struct Host<'a> {
    pub reach: &'a Reach,
    pub integration: &'a Integration,
    pub repo: RepoUrl,
    /// `Authorization` for the API.
    pub authorization: Option<Secret>,
    /// The token itself, for git.
    token: Option<Secret>,
}

impl<'a> Host<'a> {
    /// The host of `repoUrl`, which must run a product of this kind.
    pub(super) async fn of(reach: &'a Reach, input: &Value, kind: Kind) -> Result<Self> {
        let text = input["repoUrl"].as_str().unwrap_or_default();
        let repo =
            RepoUrl::parse(text, &reach.hosts).map_err(|error| Error::input(error.to_string()))?;
        check_allowed(input, &repo.host)?;
        let integrations = reach.catalog.integrations().list();
        let integration = integrations
            .iter()
            .find(|it| it.host() == repo.host && it.kind() == kind)
            .ok_or_else(|| {
                Error::input(format!(
                    "No matching integration configuration for host {}, please check your \
                     integrations config",
                    repo.host
                ))
            })?;
        let given = input["token"].as_str().filter(|token| !token.is_empty());
        let authorization = match given {
            Some(token) => Some(Secret::new(format!("Bearer {token}"))),
            None => configured(reach, integration, &repo).await?,
        };
        let token = authorization.as_ref().map(bare_token);
        Ok(Self {
            reach,
            integration,
            repo,
            authorization,
            token,
        })
    }

    pub(super) fn owner(&self) -> &str {
        self.repo.owner.as_deref().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.repo.repo.as_deref().unwrap_or_default()
    }

    /// A call of the API.
    pub(super) async fn call(
        &self,
        method: Method,
        segments: &[&str],
        body: Option<Value>,
    ) -> Result<Answer> {
        self.send(method, self.api(segments)?, body).await
    }

    /// A call of the API with a query.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Value>,
    ) -> Result<Answer> {
        let request = Request {
            authorization: self.authorization.clone(),
            body: body.map(Body::Json),
            ..Request::new(method, url)
        };
        self.reach.outgoing.send(request).await
    }

    /// A call that must succeed; its answer.
    pub(super) async fn demand(
        &self,
        method: Method,
        segments: &[&str],
        body: Option<Value>,
    ) -> Result<Value> {
        let answer = self.call(method, segments, body).await?;
        if !answer.is_success() {
            return Err(answer.error(&self.repo.host));
        }
        if answer.body.is_empty() {
            return Ok(json!({}));
        }
        answer.json()
    }

    /// What is at a path of the API, if anything is.
    pub(super) async fn find(&self, segments: &[&str]) -> Result<Option<Value>> {
        let answer = self.call(Method::GET, segments, None).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(answer.error(&self.repo.host));
        }
        answer.json().map(Some)
    }

    /// The first entry of a list that is as wanted; `query` says which part of the list to look at.
    pub(super) async fn find_in<W>(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
        is_wanted: W,
    ) -> Result<Option<Value>>
    where
        W: Fn(&Value) -> bool + Send,
    {
        let mut url = self.api(segments)?;
        url.query_pairs_mut().extend_pairs(query);
        let answer = self.send(Method::GET, url, None).await?;
        if !answer.is_success() {
            return Err(answer.error(&self.repo.host));
        }
        let list = answer.json()?;
        let mut entries = list.as_array().into_iter().flatten();
        Ok(entries.find(|entry| is_wanted(entry)).cloned())
    }

    /// The URL of a path of the API; the segments are encoded here.
    pub(super) fn api(&self, segments: &[&str]) -> Result<Url> {
        let mut url = self.integration.api_url().clone();
        url.path_segments_mut()
            .map_err(|()| Error::internal("the API has no paths"))?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    /// `Authorization` of git over HTTP.
    fn git_authorization(&self) -> Option<Secret> {
        use base64::Engine as _;
        let token = self.token.as_ref()?;
        let user = match self.integration.kind() {
            Kind::Github => "x-access-token",
            Kind::Gitlab => "oauth2",
            _ => "token",
        };
        let pair = format!("{user}:{}", token.expose());
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        Some(match self.authorization.as_ref() {
            // A name and a password are good for git as they are.
            Some(basic) if basic.expose().starts_with("Basic ") => basic.clone(),
            _ => Secret::new(format!("Basic {pair}")),
        })
    }
}

/// `allowedHosts` of an input, as templates repeat it from their forms.
fn check_allowed(input: &Value, host: &str) -> Result<()> {
    let Some(allowed) = input["allowedHosts"].as_array() else {
        return Ok(());
    };
    if allowed.is_empty() || allowed.iter().any(|it| it.as_str() == Some(host)) {
        return Ok(());
    }
    Err(Error::input(format!("{host} is not one of allowedHosts")))
}

/// The credentials of the configuration.
async fn configured(
    reach: &Reach,
    integration: &Integration,
    repo: &RepoUrl,
) -> Result<Option<Secret>> {
    let owner = repo.owner.as_deref().unwrap_or_default();
    let name = repo.repo.as_deref().unwrap_or_default();
    reach
        .reader
        .authorization(integration.host(), owner, name)
        .await
        .map_err(|error| Error::unavailable(error.to_string()))
}

/// The token in a header.
fn bare_token(header: &Secret) -> Secret {
    let text = header.expose();
    Secret::new(text.split_once(' ').map_or(text, |(_, token)| token))
}

/// A step's text.
pub(super) fn text<'v>(input: &'v Value, name: &str) -> Option<&'v str> {
    input[name].as_str().filter(|text| !text.is_empty())
}

/// A step's switch.
pub(super) fn flag(input: &Value, name: &str, default: bool) -> bool {
    input[name].as_bool().unwrap_or(default)
}

/// What a published repository is known by afterwards.
pub(super) struct Published {
    pub remote_url: String,
    pub contents_url: String,
}

impl Published {
    pub(super) fn to_json(&self, hash: &str) -> Value {
        json!({
            "remoteUrl": self.remote_url,
            "repoContentsUrl": self.contents_url,
            "commitHash": hash,
        })
    }
}
