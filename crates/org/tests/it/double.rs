//! A server of the test's own, and a provider that asks it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use catalog::{Mutation, SharedProvider};
use integrations::settings::{GithubSettings, GitlabSettings, Settings};
use integrations::{ScmIntegrations, UrlReaders};
use org::{Surroundings, providers};
use parking_lot::Mutex;
use platform::config::{Opaque, Secret};
use platform::{Clock, Result};
use serde_json::Value;

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

/// What is answered.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(crate) fn json(body: &Value) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A server that answers as the test says.
pub(crate) struct Double {
    pub(crate) base: String,
    pub(crate) host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    /// `answer` gets what was asked, and how often something was asked before.
    pub(crate) async fn start(
        answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        let app = Router::new().fallback(move |request: Request| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            async move {
                let asked = read(request).await;
                let n_before = log.lock().len();
                let reply = answer(&asked, n_before);
                log.lock().push(asked);
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).unwrap()
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            base: format!("http://{host}"),
            host,
            asked,
        }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().clone()
    }

    /// The only provider of a configuration, with this server as GitHub and GitLab.
    pub(crate) fn provider(&self, kind: &str, config: Value) -> Result<SharedProvider> {
        let mut settings = Settings::default();
        if kind == "githubOrg" {
            settings.github.push(GithubSettings {
                host: self.host.clone(),
                api_base_url: Some(format!("{}/api/v3", self.base)),
                token: Some(Secret::new("a-token")),
                ..GithubSettings::default()
            });
        } else {
            settings.gitlab.push(GitlabSettings {
                host: self.host.clone(),
                base_url: Some(self.base.clone()),
                api_base_url: Some(format!("{}/api/v4", self.base)),
                token: Some(Secret::new("a-token")),
            });
        }
        provider(&settings, kind, config)
    }
}

async fn read(request: Request) -> Asked {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let query = url::form_urlencoded::parse(query.as_bytes());
    let authorization = parts.headers.get("authorization");
    let body = to_bytes(body, 1 << 20).await.unwrap();
    Asked {
        path: parts.uri.path().to_owned(),
        query: query.into_owned().collect(),
        authorization: authorization
            .map_or("", |it| it.to_str().unwrap())
            .to_owned(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// The only provider of a configuration.
pub(crate) fn provider(settings: &Settings, kind: &str, config: Value) -> Result<SharedProvider> {
    let integrations = ScmIntegrations::new(settings).unwrap();
    let clock = Clock::system();
    let surroundings = Surroundings {
        readers: UrlReaders::new(settings, integrations, clock.clone()).unwrap(),
        clock,
    };
    let config = BTreeMap::from([(kind.to_owned(), Opaque(config))]);
    let mut all = providers(&config, &surroundings)?;
    assert_eq!(all.len(), 1);
    Ok(all.remove(0))
}

/// The entities of a run by reference.
pub(crate) async fn run(provider: &SharedProvider) -> Result<BTreeMap<String, Value>> {
    let Mutation::Full(entities) = provider.refresh(&Clock::system()).await? else {
        unreachable!("a run gives everything");
    };
    let by_name = entities.into_iter().map(|provided| {
        assert_eq!(provided.location_key.as_deref(), Some(provider.name()));
        let problems = model::validate_envelope(&provided.entity);
        assert!(problems.is_ok(), "{problems:?}");
        let reference = model::EntityRef::from_entity(&provided.entity).unwrap();
        (reference.to_string(), provided.entity)
    });
    Ok(by_name.collect())
}
