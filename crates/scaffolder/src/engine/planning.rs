//! The plan of a task: what each step would do outside of its workspace.
//!
//! Invariant: an action takes part only if all it does outside goes through the client of actions,
//! which sends nothing while a plan is made; what others would do is told by their input.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use integrations::{ReadUrl, ScmIntegrations};
use model::{
    EntityRef, Position, Problem, YamlLimits, find_mistakes, find_placeholders, locate,
    parse_documents, replace_placeholder,
};
use parking_lot::Mutex;
use platform::actions::{Action, Place as ActionPlace, Quiet, Run, Spec};
use platform::{Error, Result};
use serde_json::{Map, Value, json};

use super::step::check_input;
use super::{Place, Progress, Runner, blocking, changes};
use crate::plan::Recorder;
use crate::repo_url::{HostKind, RepoUrl};
use crate::workspace::resolve;

/// How long the plan of one step may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Families of actions that do everything through the client of actions.
const CALLERS: [&str; 4] = ["publish:", "github:", "gitlab:", "argocd:"];
/// Largest catalog file that is looked at.
const MAX_CATALOG_FILE: u64 = 1 << 20;
/// The catalog file where none is named.
const CATALOG_FILE: &str = "/catalog-info.yaml";
/// Problems of one entity that are told.
const MAX_PROBLEMS: usize = 10;

/// A plan that is being made.
pub(crate) struct Plan {
    /// Whether other services may be asked how things are.
    pub may_ask: bool,
    pub integrations: ScmIntegrations,
    pub reader: Arc<dyn ReadUrl>,
    /// Repositories that the steps so far would make or change.
    touched: Mutex<HashSet<String>>,
    steps: Mutex<Vec<Value>>,
}

/// What an action does outside of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Calls that can be taken down.
    Calls,
    /// A location in the catalog.
    Location,
    /// A call of the portal that the input tells.
    Request,
    /// Something that cannot be told in advance.
    Unknown,
}

impl Effect {
    /// The effect of an action; `None` for one that does nothing outside.
    pub(crate) fn of(spec: &Spec) -> Option<Self> {
        let is_ours = spec.place == ActionPlace::Template;
        match spec.id.as_str() {
            _ if spec.attributes.read_only => None,
            "catalog:register" => Some(Self::Location),
            "http:backstage:request" => Some(Self::Request),
            id if is_ours && CALLERS.iter().any(|family| id.starts_with(family)) => {
                Some(Self::Calls)
            }
            _ if spec.has_dry_run => None,
            _ => Some(Self::Unknown),
        }
    }
}

impl Plan {
    pub(crate) fn new(
        may_ask: bool,
        integrations: ScmIntegrations,
        reader: Arc<dyn ReadUrl>,
    ) -> Self {
        Self {
            may_ask,
            integrations,
            reader,
            touched: Mutex::default(),
            steps: Mutex::default(),
        }
    }

    /// Takes down that a step fails, with what is known of it.
    pub(super) fn add_failure(&self, mut entry: Value, message: &str) {
        let mut steps = self.steps.lock();
        let known = steps.iter_mut().rfind(|it| it["stepId"] == entry["stepId"]);
        match known {
            Some(known) if known.get("note").is_none() => known["note"] = message.into(),
            Some(_) => {}
            None => {
                entry["note"] = message.into();
                steps.push(entry);
            }
        }
    }

    /// The steps that would do something, in their order.
    pub(crate) fn steps(&self) -> Vec<Value> {
        self.steps.lock().clone()
    }

    /// What runs on the host of an input.
    pub(super) fn kind(runner: &Runner, input: &Value) -> Option<HostKind> {
        let repo = RepoUrl::parse(input["repoUrl"].as_str()?, &runner.hosts).ok()?;
        runner.hosts.kind(&repo.host)
    }

    /// Where people open the repository of an input.
    pub(super) fn web(&self, runner: &Runner, input: &Value) -> Option<String> {
        let repo = RepoUrl::parse(input["repoUrl"].as_str()?, &runner.hosts).ok()?;
        let known = self.integrations.list().iter();
        let host = known
            .map(|it| (it.host(), it.base_url().as_str()))
            .find(|(host, _)| *host == repo.host);
        let base = host.map_or_else(
            || format!("https://{}", repo.host),
            |(_, base)| base.trim_end_matches('/').to_owned(),
        );
        let owner = repo.owner.or(repo.workspace).or(repo.organization);
        let parts = [owner, repo.project, repo.repo];
        let path: Vec<String> = parts.into_iter().flatten().collect();
        Some(format!("{base}/{}", path.join("/")))
    }
}

impl Runner {
    /// Takes down what a step would do outside; its output, as far as it can be told.
    pub(super) async fn plan_step(
        &self,
        place: &Place<'_>,
        action: &dyn Action,
        each: Option<&Value>,
        progress: &Progress,
    ) -> Option<Value> {
        let plan = self.plan.as_ref()?;
        let spec = action.spec();
        let effect = Effect::of(spec)?;
        let input = self.input(place, each, progress);
        let mut entry = json!({ "stepId": place.id(), "name": place.name(), "action": spec.id });
        if let Some(each) = each {
            entry["each"] = each["key"].clone();
        }
        let planned = match self.check_planned(spec, &input).await {
            Ok(()) => match effect {
                Effect::Calls => {
                    self.plan_calls(place, action, each, &input, &mut entry)
                        .await
                }
                Effect::Location => self.plan_location(plan, &input, &mut entry).await,
                Effect::Request => Ok(plan_request(&input, &mut entry)),
                Effect::Unknown => {
                    entry["input"] = input;
                    Ok(None)
                }
            },
            Err(error) => Err(error),
        };
        if let Err(error) = &planned {
            entry["note"] = self.without_root(error.message()).into();
        }
        plan.steps.lock().push(self.mask.hide_value(entry));
        planned.ok().flatten()
    }

    /// A message without where this machine keeps the folder, which is nobody's business.
    pub(super) fn without_root(&self, message: &str) -> String {
        message.replace(&format!("{}/", self.workspace.display()), "")
    }

    /// Whether the step could run with what it gets.
    async fn check_planned(&self, spec: &Spec, input: &Value) -> Result<()> {
        check_input(spec, &spec.id, input)?;
        self.authorize(spec, &spec.id, input).await
    }

    async fn plan_calls(
        &self,
        place: &Place<'_>,
        action: &dyn Action,
        each: Option<&Value>,
        input: &Value,
        entry: &mut Value,
    ) -> Result<Option<Value>> {
        let Some(plan) = &self.plan else {
            return Ok(None);
        };
        let web = plan.web(self, input);
        let is_touched = web
            .as_ref()
            .is_some_and(|web| plan.touched.lock().contains(web));
        let recorder = Recorder::new(plan.may_ask, web.clone(), is_touched);
        let run = Run {
            log: Arc::new(Quiet),
            is_dry_run: false,
            ..self.run_of(place, each)
        };
        let work = recorder.watch(action.run(&run, input.clone()));
        let output = tokio::time::timeout(TIMEOUT, work)
            .await
            .unwrap_or_else(|_| {
                Err(Error::unavailable(
                    "the services that were asked did not answer in time",
                ))
            });
        entry["calls"] = recorder.calls().into();
        if let Some(web) = web {
            entry["repository"] = web.as_str().into();
            entry["files"] = changes::of_step(self, plan, place.action(), input, &web)
                .await?
                .into();
            if recorder.has_changes() {
                plan.touched.lock().insert(web);
            }
        }
        output.map(Some)
    }

    async fn plan_location(
        &self,
        plan: &Plan,
        input: &Value,
        entry: &mut Value,
    ) -> Result<Option<Value>> {
        let path = input["catalogInfoPath"].as_str().unwrap_or(CATALOG_FILE);
        let url = match (
            input["catalogInfoUrl"].as_str(),
            input["repoContentsUrl"].as_str(),
        ) {
            (Some(url), _) => url.to_owned(),
            (None, Some(base)) => plan
                .integrations
                .resolve_url(path, base)
                .map_err(|error| Error::input(error.to_string()))?,
            (None, None) => return Err(Error::input("there is no URL to register")),
        };
        let Descriptor { refs, problems } = self.descriptor_at(path).await;
        entry["catalog"] =
            json!([{ "change": "register", "target": url.as_str(), "entities": refs }]);
        if let Some(first) = problems.first() {
            entry["note"] = first.as_str().into();
            entry["catalog"][0]["problems"] = problems.into();
        }
        let mut output = json!({ "catalogInfoUrl": url });
        if let Some(first) = refs.first() {
            output["entityRef"] = first.as_str().into();
        }
        Ok(Some(output))
    }

    /// What is wrong with the catalog file that a step would register, if it is in the workspace.
    pub(super) async fn problems_to_register(&self, input: &Value) -> Vec<String> {
        let path = input["catalogInfoPath"].as_str();
        let descriptor = self.descriptor_at(path.unwrap_or(CATALOG_FILE)).await;
        descriptor.problems
    }

    /// The catalog file of the workspace, which is about to be the repository.
    async fn descriptor_at(&self, path: &str) -> Descriptor {
        let path = path
            .trim_start_matches("./")
            .trim_start_matches('/')
            .to_owned();
        let (root, relative) = (self.workspace.clone(), path.clone());
        let text = blocking(move || {
            let full = resolve(&root, &relative)?;
            let is_small = full.metadata().is_ok_and(|it| it.len() <= MAX_CATALOG_FILE);
            let text = is_small.then(|| std::fs::read_to_string(&full).ok());
            Ok(text.flatten().unwrap_or_default())
        });
        Descriptor::read(&path, &text.await.unwrap_or_default())
    }
}

/// What a catalog file says.
struct Descriptor {
    /// The entities.
    refs: Vec<String>,
    /// What keeps the catalog from taking them, with file, line and column.
    problems: Vec<String>,
}

impl Descriptor {
    fn read(path: &str, text: &str) -> Self {
        let (mut refs, mut problems) = (Vec::new(), Vec::new());
        for mut document in parse_documents(text, &YamlLimits::default()) {
            let mut found = std::mem::take(&mut document.problems);
            if found.is_empty() {
                found.extend(document.root_problem());
            }
            if found.is_empty() {
                found = mistakes(&mut document.value);
            }
            for problem in found.into_iter().take(MAX_PROBLEMS) {
                let position = problem.position;
                let position = position.or_else(|| locate(text, document.place, &problem.path));
                let Position { line, column } = position.unwrap_or(document.start);
                problems.push(format!("{path}:{line}:{column}: {}", problem.message));
            }
            if let Ok(entity_ref) = EntityRef::from_entity(&document.value) {
                refs.push(entity_ref.to_string());
            }
        }
        Self { refs, problems }
    }
}

/// What is wrong with an entity; files that it refers to are not looked at.
fn mistakes(entity: &mut Value) -> Vec<Problem> {
    for placeholder in find_placeholders(entity) {
        replace_placeholder(entity, &placeholder.pointer, "content".into());
    }
    find_mistakes(entity)
}

/// A call of the portal's own API.
fn plan_request(input: &Value, entry: &mut Value) -> Option<Value> {
    let path = input["path"].as_str().unwrap_or_default();
    let path = path.trim_start_matches('/');
    let path = path.strip_prefix("api/").unwrap_or(path);
    let mut call = Map::new();
    call.insert("method".into(), input["method"].clone());
    call.insert("url".into(), format!("/api/{path}").into());
    if let Some(body) = input.get("body").filter(|it| !it.is_null()) {
        call.insert("body".into(), body.clone());
    }
    entry["calls"] = json!([call]);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_is_read_as_the_catalog_would() {
        let entity = |description: &str| {
            format!(
                "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: a\n  \
                 description: {description}\nspec: {{type: x, lifecycle: x, owner: o}}\n"
            )
        };
        for (description, expected) in [
            ("\"x\"", None),
            ("{$text: ./README.md}", None),
            ("", Some("f.yaml:5:")),
            ("d: x \"q\"", Some("f.yaml:5:")),
        ] {
            let read = Descriptor::read("f.yaml", &entity(description));
            let told = read.problems.first();
            match expected {
                None => assert_eq!(told, None, "{description}"),
                Some(start) => assert!(told.unwrap().starts_with(start), "{told:?}"),
            }
        }
        let two = format!("{}---\nname: x\n", entity("x"));
        let read = Descriptor::read("f.yaml", &two);
        assert_eq!(read.refs, ["component:default/a"]);
        assert!(
            read.problems[0].starts_with("f.yaml:8:"),
            "{:?}",
            read.problems
        );
        assert!(Descriptor::read("f.yaml", "").problems.is_empty());
    }

    #[test]
    fn effects_of_actions() {
        let spec = |id: &str, has_dry_run: bool, place: ActionPlace| {
            let mut spec = Spec::from_json(&json!({ "id": id })).unwrap();
            (spec.has_dry_run, spec.place) = (has_dry_run, place);
            spec
        };
        let (ours, theirs) = (ActionPlace::Template, ActionPlace::Anywhere);
        for (id, has_dry_run, place, expected) in [
            ("publish:github", false, ours, Some(Effect::Calls)),
            (
                "publish:github:pull-request",
                true,
                ours,
                Some(Effect::Calls),
            ),
            ("catalog:register", false, ours, Some(Effect::Location)),
            ("fetch:template", true, ours, None),
            ("notification:send", false, ours, Some(Effect::Unknown)),
            // Somebody else's action may do anything.
            ("publish:of-a-plugin", false, theirs, Some(Effect::Unknown)),
        ] {
            assert_eq!(Effect::of(&spec(id, has_dry_run, place)), expected, "{id}");
        }
        let mut read = spec("catalog:fetch", false, ours);
        read.attributes.read_only = true;
        assert_eq!(Effect::of(&read), None);
    }
}
