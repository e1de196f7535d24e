//! `publish:*`: the workspace as a new repository.
//!
//! Each call that makes something outside is a checkpoint, so that a step that is repeated after a
//! crash finds what is there and makes nothing twice.

mod azure;
mod bitbucket;
mod gitea;
mod github;
mod gitlab;
pub(super) mod merge_request;
mod pull_request;
pub(super) mod repository;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use integrations::{Integration, Kind};
use platform::actions::Run;
use platform::config::Secret;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use super::{Reach, no_code};
use crate::outgoing::{Answer, Body, Request};
use crate::repo_url::{RepoUrl, RepoUrlError};

pub(super) use github::{protect, protection, push_only, repo_create};

/// Runs one of them; the rest of its id after `publish:`.
pub(super) async fn run(name: &str, run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    match name {
        "github" => github::github(run, reach, input).await,
        "github:pull-request" => pull_request::github(run, reach, input).await,
        "gitlab" => gitlab::gitlab(run, reach, input).await,
        "gitlab:merge-request" => merge_request::open(run, reach, input).await,
        "gitea" => gitea::gitea(run, reach, input).await,
        "azure" => azure::azure(run, reach, input).await,
        "bitbucketCloud" => bitbucket::cloud::publish(run, reach, input).await,
        "bitbucketCloud:pull-request" => bitbucket::cloud::pull_request(run, reach, input).await,
        "bitbucketServer" => bitbucket::server::publish(run, reach, input).await,
        "bitbucketServer:pull-request" => bitbucket::server::pull_request(run, reach, input).await,
        other => Err(no_code(other)),
    }
}

/// A host that an input names, with what it takes to call its API.
pub(super) struct Host<'a> {
    pub reach: &'a Reach,
    pub integration: &'a Integration,
    pub repo: RepoUrl,
    /// `Authorization` for the API.
    pub authorization: Option<Secret>,
}

impl<'a> Host<'a> {
    /// The host of `repoUrl`, which must run a product of this kind.
    pub(super) async fn of(reach: &'a Reach, input: &Value, kind: Kind) -> Result<Self> {
        let text = input["repoUrl"].as_str().unwrap_or_default();
        let repo = RepoUrl::parse(text, &reach.hosts).map_err(|error| unreadable(&error))?;
        Self::at(reach, input, kind, repo).await
    }

    /// The host of `repoUrl`, where the input says elsewhere what of it is meant.
    pub(super) async fn alone(reach: &'a Reach, input: &Value, kind: Kind) -> Result<Self> {
        let text = input["repoUrl"].as_str().unwrap_or_default();
        let repo = RepoUrl::parse_host(text, &reach.hosts).map_err(|error| unreadable(&error))?;
        Self::at(reach, input, kind, repo).await
    }

    async fn at(reach: &'a Reach, input: &Value, kind: Kind, repo: RepoUrl) -> Result<Self> {
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
            Some(token) => Some(of_token(kind, token)),
            None => configured(reach, integration, &repo).await?,
        };
        Ok(Self {
            reach,
            integration,
            repo,
            authorization,
        })
    }

    /// The same with the credentials of the configuration.
    pub(super) async fn as_configured(&self) -> Result<Self> {
        Ok(Self {
            reach: self.reach,
            integration: self.integration,
            repo: self.repo.clone(),
            authorization: configured(self.reach, self.integration, &self.repo).await?,
        })
    }

    pub(super) fn owner(&self) -> &str {
        self.repo.owner.as_deref().unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.repo.repo.as_deref().unwrap_or_default()
    }

    /// A part of `repoUrl` that the product needs.
    pub(super) fn part(&self, name: &'static str) -> Result<&str> {
        let part = match name {
            "workspace" => &self.repo.workspace,
            "project" => &self.repo.project,
            _ => &self.repo.organization,
        };
        part.as_deref()
            .filter(|it| !it.is_empty())
            .ok_or_else(|| Error::input(format!("`repoUrl` has no {name}")))
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
        self.find_at(self.api(segments)?).await
    }

    /// What is at a URL of the API, if anything is.
    pub(super) async fn find_at(&self, url: Url) -> Result<Option<Value>> {
        let answer = self.send(Method::GET, url, None).await?;
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
        let authorization = self.authorization.as_ref()?;
        let user = match self.integration.kind() {
            // What is good for their APIs is good for git.
            Kind::Azure | Kind::BitbucketServer => return Some(authorization.clone()),
            Kind::Github => "x-access-token",
            Kind::Gitlab => "oauth2",
            Kind::BitbucketCloud => "x-token-auth",
            Kind::Gitea => "token",
        };
        let Some(pair) = authorization.expose().strip_prefix("Basic ") else {
            return Some(basic(user, bare_token(authorization).expose()));
        };
        // A name and a password are good for git as they are, but for API tokens of Bitbucket Cloud,
        // whose API wants the mail address of the user.
        let pair = STANDARD.decode(pair).unwrap_or_default();
        let pair = String::from_utf8_lossy(&pair);
        Some(match pair.split_once(':') {
            Some((user, token))
                if self.integration.kind() == Kind::BitbucketCloud && user.contains('@') =>
            {
                basic("x-bitbucket-api-token-auth", token)
            }
            _ => authorization.clone(),
        })
    }
}

fn unreadable(error: &RepoUrlError) -> Error {
    Error::input(error.to_string())
}

/// `Authorization` with the token of an input.
pub(super) fn of_token(kind: Kind, token: &str) -> Secret {
    match kind {
        // Users have personal access tokens there, which are passwords.
        Kind::Azure => basic("PAT", token),
        _ => Secret::new(format!("Bearer {token}")),
    }
}

fn basic(user: &str, password: &str) -> Secret {
    let pair = STANDARD.encode(format!("{user}:{password}"));
    Secret::new(format!("Basic {pair}"))
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
    let owner = repo.organization.as_ref().or(repo.owner.as_ref());
    let owner = owner.map_or("", String::as_str);
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
