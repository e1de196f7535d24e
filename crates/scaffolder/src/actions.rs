//! Actions that come with the scaffolder.

mod argocd;
mod bitbucket;
mod catalog;
mod cookiecutter;
mod debug;
mod fetch;
mod files;
mod github;
mod gitlab;
mod own_api;
mod publish;
mod registry;
mod roadie;
mod source;
mod taking_back;
mod template;
mod terasky;

use std::sync::Arc;

use async_trait::async_trait;
use integrations::ReadUrl;
use model::to_yaml;
use platform::actions::{Action, Place, Run, Spec, Step};
use platform::http::Inside;
use platform::{Clock, Error, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::outgoing::Outgoing;
use crate::repo_url::RepoHosts;
use crate::scaffolder::{CommitDefaults, Scaffolder};

pub use argocd::{ArgoInstance, ArgoLogin};

/// Identifiers, attributes, schemas and examples of the actions of templates.
const SPECS: &str = include_str!("actions/builtin.json");
/// The same for actions of source control hosts.
const HOST_SPECS: &str = include_str!("actions/hosts.json");

impl Scaffolder {
    /// Registers everything the scaffolder can do.
    pub(crate) fn register_actions(&self) -> Result<()> {
        let reach = Reach {
            reader: self.catalog.reader(),
            catalog: self.catalog.clone(),
            hosts: self.hosts.clone(),
            outgoing: self.outgoing.clone(),
            commits: self.settings.commits.clone(),
            argo: self.settings.argo.clone().into(),
            inside: self.inside.clone(),
            clock: self.clock.clone(),
        };
        for spec in [specs(SPECS)?, specs(HOST_SPECS)?].concat() {
            self.actions.register(Arc::new(Builtin {
                spec,
                reach: reach.clone(),
            }))?;
        }
        self.actions.register_all(registry::actions(self)?)
    }
}

/// Descriptions of actions of templates.
fn specs(text: &str) -> Result<Vec<Spec>> {
    let list: Vec<Value> = serde_json::from_str(text)
        .map_err(|error| Error::internal("actions are not JSON").with_source(error))?;
    list.iter()
        .map(|value| {
            let mut spec = Spec::from_json(value)?;
            spec.place = Place::Template;
            spec.has_dry_run = value["dryRun"].as_bool().unwrap_or_default();
            Ok(spec)
        })
        .collect()
}

/// What actions can reach.
#[derive(Clone)]
struct Reach {
    reader: Arc<dyn ReadUrl>,
    catalog: ::catalog::Catalog,
    hosts: RepoHosts,
    outgoing: Outgoing,
    commits: CommitDefaults,
    argo: Arc<[ArgoInstance]>,
    inside: Inside,
    clock: Clock,
}

/// An action of templates.
struct Builtin {
    spec: Spec,
    reach: Reach,
}

#[async_trait]
impl Action for Builtin {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    async fn run(&self, run: &Run, input: Value) -> Result<Value> {
        let reach = &self.reach;
        match self.spec.id.as_str() {
            "debug:log" => debug::log(run, &input).await,
            "debug:wait" => debug::wait(&input).await,
            "fs:delete" => files::delete(run, &input).await,
            "fs:rename" => files::rename(run, &input).await,
            "fs:readdir" => files::read_dir(run, &input).await,
            "fetch:plain" => fetch::plain(run, reach, &input).await,
            "fetch:plain:file" => fetch::plain_file(run, reach, &input).await,
            "fetch:template" => template::folder(run, reach, &input).await,
            "fetch:template:file" => template::file(run, reach, &input).await,
            "fetch:cookiecutter" => cookiecutter::fetch(run, reach, &input).await,
            "catalog:register" => catalog::register(run, reach, &input).await,
            "catalog:write" => catalog::write(run, &input).await,
            "catalog:fetch" => catalog::fetch(run, reach, &input).await,
            other => on_host(other, run, reach, &input).await,
        }
    }

    async fn undo(&self, _run: &Run, made: &Value) -> Result<()> {
        taking_back::take_back(&self.reach, made).await
    }
}

/// Actions of other services, by the family that their id begins with.
async fn on_host(id: &str, run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let families = [
        "publish:",
        "github:",
        "gitlab:",
        "roadiehq:utils:",
        "terasky:",
    ];
    let mut families = families.into_iter();
    match families.find_map(|family| Some((family, id.strip_prefix(family)?))) {
        Some(("publish:", name)) => publish::run(name, run, reach, input).await,
        Some(("github:", name)) => github::run(name, run, reach, input).await,
        Some(("gitlab:", name)) => gitlab::run(name, run, reach, input).await,
        Some(("roadiehq:utils:", name)) => roadie::run(name, run, input).await,
        Some(("terasky:", name)) => terasky::run(name, run, reach, input).await,
        _ => match id {
            "argocd:create-resources" => argocd::create_resources(run, reach, input).await,
            "http:backstage:request" => own_api::request(run, reach, input).await,
            "bitbucket:pipelines:run" => bitbucket::run_pipeline(reach, input).await,
            "bitbucketCloud:branchRestriction:create" => {
                bitbucket::restrict_branch(run, reach, input).await
            }
            other => Err(no_code(other)),
        },
    }
}

/// A value as YAML; secrets that are written otherwise there are hidden from now on.
fn yaml(step: &Step, value: &Value) -> Result<String> {
    let text = step.make(value, |value| Ok(to_yaml(value).into()))?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// There is a description of the action, and no more.
fn no_code(id: &str) -> Error {
    Error::internal(format!("no code for the action `{id}`"))
}

/// The input as a type; it fits the schema already.
fn typed<T: DeserializeOwned>(input: &Value) -> Result<T> {
    serde_json::from_value(input.clone())
        .map_err(|error| Error::input(format!("the input cannot be read: {error}")))
}
