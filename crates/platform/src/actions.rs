//! Actions: what templates, agents, the command line and buttons can do, each defined once.
//!
//! A feature implements [`Action`] and registers it with [`Actions`]; a step of a template, the REST
//! API and the command line all go through [`Actions::invoke`] or the engine of the scaffolder, with
//! one schema, one permission and one audit record.
//!
//! Invariants: an action sees input that fits its schema; who may not see an action is told that it
//! does not exist; every call that reaches an action is told to the [`Witness`].

mod filter;
mod http;
mod registry;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::ctx::Ctx;
use crate::error::{Code, Error, Result};
use crate::permission::Permission;

pub use http::action_routes;
pub use registry::{Actions, Call, Witness};

/// Something that can be done.
#[async_trait]
pub trait Action: Send + Sync {
    /// What it is.
    fn spec(&self) -> &Spec;

    /// Does it; the input fits the schema, and the output is an object.
    async fn run(&self, run: &Run, input: Value) -> Result<Value>;

    /// Takes back what a step made, as its checkpoint tells; for actions that are their own inverse.
    async fn undo(&self, _run: &Run, _made: &Value) -> Result<()> {
        Err(Error::not_implemented("the action cannot be undone"))
    }
}

/// What is known about an action without running it.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Identifier, `plugin:name` or one of the scaffolder's own, for example `fetch:template`.
    pub id: String,
    /// For people; actions of templates only have none.
    pub title: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// What doing it means.
    pub attributes: Attributes,
    /// Schema of the input.
    pub input: Value,
    /// Schema of the output.
    pub output: Value,
    /// Schema of the secrets it takes beside the input, if any.
    pub secrets: Option<Value>,
    /// Who may see and use it; the use case below asks for more.
    pub permission: Option<Permission<'static>>,
    /// Steps of templates that use it.
    pub examples: Vec<Example>,
    /// Where it can be used.
    pub place: Place,
    /// Whether it runs in a dry run, where it must not change anything but the workspace.
    pub has_dry_run: bool,
    /// What takes back what it did, if anything does.
    pub inverse: Option<Inverse>,
    /// Members of the output that are secrets: hidden where people look, sealed where they are kept.
    pub secret_outputs: Vec<String>,
}

/// What takes back what an action did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inverse {
    /// Identifier of the action to call; none if the action itself takes it back.
    pub action: Option<String>,
    /// The checkpoint that tells what was made; without it there is nothing to take back.
    pub of: String,
    /// The input of the call; its texts are templates that see the checkpoint as `made`.
    pub input: Value,
}

/// What doing an action means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// It may destroy something.
    pub destructive: bool,
    /// Doing it twice is like doing it once.
    pub idempotent: bool,
    /// It changes nothing.
    pub read_only: bool,
}

/// Where an action can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere.
    Anywhere,
    /// In templates only: it needs a workspace or what the task knows.
    Template,
}

/// A step of a template that uses an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What it shows.
    pub description: String,
    /// YAML with `steps`.
    pub example: String,
}

impl Spec {
    /// Reads a description: `id`, `title`, `description`, `attributes`, `schema`, `examples`.
    ///
    /// The defaults of attributes are those of Backstage: what is not read-only may destroy.
    pub fn from_json(value: &Value) -> Result<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = text("id").ok_or_else(|| Error::internal("an action without an id"))?;
        let attribute = |name: &str| value["attributes"].get(name).and_then(Value::as_bool);
        let read_only = attribute("readOnly").unwrap_or_default();
        let schema = |name: &str| value["schema"].get(name).cloned();
        let examples = value["examples"].as_array().into_iter().flatten();
        Ok(Self {
            id,
            title: text("title"),
            description: text("description"),
            attributes: Attributes {
                destructive: attribute("destructive").unwrap_or(!read_only),
                idempotent: attribute("idempotent").unwrap_or_default(),
                read_only,
            },
            input: schema("input").unwrap_or_else(no_members),
            output: schema("output").unwrap_or_else(no_members),
            secrets: schema("secrets"),
            permission: None,
            examples: examples.filter_map(Example::from_json).collect(),
            place: Place::Anywhere,
            has_dry_run: read_only,
            inverse: Inverse::from_json(&value["inverse"]),
            secret_outputs: texts(&value["secretOutputs"]),
        })
    }

    /// Whether anything is said of the output.
    pub fn has_output(&self) -> bool {
        self.output != no_members()
    }

    /// The plugin the action belongs to.
    pub fn plugin(&self) -> &str {
        self.id.split(':').next().unwrap_or_default()
    }

    /// The part of the id after the plugin.
    pub fn name(&self) -> &str {
        self.id.split_once(':').map_or(&self.id, |(_, name)| name)
    }

    /// The action as a plugin's list of actions tells it. Reference 3 §8.
    pub fn to_json(&self) -> Value {
        let Attributes {
            destructive,
            idempotent,
            read_only,
        } = self.attributes;
        let mut view = json!({
            "id": self.id,
            "name": self.name(),
            "title": self.title,
            "description": self.description,
            "pluginId": self.plugin(),
            "attributes": {
                "destructive": destructive,
                "idempotent": idempotent,
                "readOnly": read_only,
            },
            "schema": { "input": self.input, "output": self.output },
        });
        if let Some(secrets) = &self.secrets {
            view["schema"]["secrets"] = secrets.clone();
        }
        if !self.examples.is_empty() {
            view["examples"] = self.examples.iter().map(Example::to_json).collect();
        }
        view
    }
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

impl Inverse {
    fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            action: value["action"].as_str().map(str::to_owned),
            of: value["of"].as_str()?.to_owned(),
            input: value["input"].clone(),
        })
    }
}

/// The schema where nothing is said: an object without members.
fn no_members() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

impl Example {
    fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        Some(Self {
            description: text("description").unwrap_or_default(),
            example: text("example")?,
        })
    }

    /// The example as lists of actions tell it.
    pub fn to_json(&self) -> Value {
        json!({ "description": self.description, "example": self.example })
    }
}

/// Where an action tells what it does.
pub trait Log: Send + Sync {
    /// A line for whoever watches.
    fn info(&self, message: &str);

    /// A line about something that went wrong.
    fn error(&self, message: &str);
}

/// What is known about the step that runs an action.
#[derive(Clone)]
pub struct Step {
    /// The task.
    pub task_id: String,
    /// The step.
    pub step_id: String,
    /// The folder of the task; nothing outside of it may be touched.
    pub workspace: PathBuf,
    /// `templateInfo` of the task: reference, base URL and metadata of the template.
    pub template: Value,
    /// Files that stand in for those beside the template, as the template editor sends them.
    pub beside: Option<PathBuf>,
    /// Results of parts of this step that must not be done twice.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// What the step must not show; nothing where there are no secrets.
    pub secrecy: Option<Arc<dyn Secrecy>>,
}

/// Knows what a step must not show.
pub trait Secrecy: Send + Sync {
    /// A value with something else in the place of its secrets; nothing if it has none.
    fn without(&self, value: &Value) -> Option<Value>;

    /// Hides from now on what was made with secrets and not made without them; fails if that is more
    /// than can be hidden.
    fn hide_made(&self, with: &Value, without: &Value) -> Result<()>;
}

impl Step {
    /// Makes something of a value and hides what comes of the secrets in it, in an error as well:
    /// actions that compute do so, because nobody knows their results from the secrets.
    pub fn make<F>(&self, value: &Value, make: F) -> Result<Value>
    where
        F: Fn(&Value) -> Result<Value>,
    {
        let made = make(value);
        if let Some(secrecy) = &self.secrecy
            && let Some(bare) = secrecy.without(value)
        {
            secrecy.hide_made(&told(&made), &told(&make(&bare)))?;
        }
        made
    }
}

/// What is to be seen of a result.
fn told(result: &Result<Value>) -> Value {
    match result {
        Ok(value) => value.clone(),
        Err(error) => error.message().into(),
    }
}

/// Keeps results of parts of a step, so that a step that is repeated after a crash finds them.
#[async_trait]
pub trait Checkpoints: Send + Sync {
    /// The result that was kept.
    async fn load(&self, key: &str) -> Result<Option<Value>>;

    /// Keeps a result.
    async fn save(&self, key: &str, value: &Value) -> Result<()>;
}

/// One call of an action.
#[derive(Clone)]
pub struct Run {
    /// Who calls.
    pub ctx: Ctx,
    /// Where the action tells what it does.
    pub log: Arc<dyn Log>,
    /// Secrets of the caller.
    pub secrets: Map<String, Value>,
    /// Ends when the call is to end.
    pub cancel: CancellationToken,
    /// Whether nothing outside of the workspace may change.
    pub is_dry_run: bool,
    /// The step of a template, if one runs the action.
    pub step: Option<Step>,
}

impl Run {
    /// The step that runs the action.
    pub fn step(&self) -> Result<&Step> {
        self.step
            .as_ref()
            .ok_or_else(|| Error::input("this action runs in templates only"))
    }

    /// The result of a part of the step, which is done once even if the step is repeated.
    pub async fn checkpoint<F>(&self, key: &str, work: F) -> Result<Value>
    where
        F: Future<Output = Result<Value>> + Send,
    {
        let Some(step) = &self.step else {
            return work.await;
        };
        if let Some(kept) = step.checkpoints.load(key).await? {
            return Ok(kept);
        }
        let value = work.await?;
        step.checkpoints.save(key, &value).await?;
        Ok(value)
    }

    /// Makes something outside, once even if a process ends between the making and the answer.
    ///
    /// That it begins is written down first. A step that is repeated after that looks for what the
    /// attempt before may have made with `find`, and makes it only if there is nothing. After a
    /// refusal nothing was made, so that a retry does not take over what belongs to somebody else.
    pub async fn once<M, F>(&self, key: &str, make: M, find: F) -> Result<Value>
    where
        M: Future<Output = Result<Value>> + Send,
        F: Future<Output = Result<Option<Value>>> + Send,
    {
        let Some(step) = &self.step else {
            return make.await;
        };
        if let Some(kept) = step.checkpoints.load(key).await? {
            return Ok(kept);
        }
        let begun = format!("{key}.begun");
        let is_repeated = step.checkpoints.load(&begun).await? == Some(Value::Bool(true));
        let found = if is_repeated { find.await? } else { None };
        let value = if let Some(found) = found {
            found
        } else {
            step.checkpoints.save(&begun, &Value::Bool(true)).await?;
            match make.await {
                Err(error) if error.code() != Code::Unavailable => {
                    step.checkpoints.save(&begun, &Value::Bool(false)).await?;
                    return Err(error);
                }
                made => made?,
            }
        };
        step.checkpoints.save(key, &value).await?;
        Ok(value)
    }
}

/// A log that goes nowhere but to the log of the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Log for Quiet {
    fn info(&self, message: &str) {
        tracing::debug!(message, "action");
    }

    fn error(&self, message: &str) {
        tracing::debug!(message, "action");
    }
}
