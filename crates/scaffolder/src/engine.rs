//! The engine: runs the steps of a task, so that a crash at any point loses and repeats nothing.
//!
//! Invariants: what a step did is in the [`Book`] before the next one begins, together with the files
//! it left; a step that completed is never run again; a process that lost its task cannot write.

pub(crate) mod book;
mod changes;
mod context;
pub(crate) mod dry_run;
mod kept;
mod loops;
pub(crate) mod mask;
mod output;
pub(crate) mod planning;
pub(crate) mod policy;
mod stand_in;
pub(crate) mod step;
mod step_book;
pub(crate) mod stored;
mod trial_folders;
pub(crate) mod worker;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::actions::Actions;
use platform::{Code, Ctx, Error};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::repo_url::RepoHosts;
use crate::task::{Entry, State};
use crate::workspace;
use book::{Book, Change};
use context::Context;
use mask::Mask;
use planning::Plan;

/// A run of a task's steps.
pub(crate) struct Runner {
    pub task_id: String,
    pub spec: Value,
    pub ctx: Ctx,
    pub secrets: Map<String, Value>,
    pub environment: Environment,
    pub actions: Actions,
    pub hosts: RepoHosts,
    pub workspace: PathBuf,
    pub beside: Option<PathBuf>,
    /// What stands in for actions in a dry run, by their ids.
    pub mocks: Map<String, Value>,
    /// The plan that a dry run makes.
    pub plan: Option<Arc<Plan>>,
    pub book: Arc<dyn Book>,
    pub mask: Arc<Mask>,
    pub cancel: CancellationToken,
    pub is_dry_run: bool,
}

/// `scaffolder.defaultEnvironment`: what every template can see.
#[derive(Clone, Default)]
pub struct Environment {
    /// `environment.parameters` of templates.
    pub parameters: Map<String, Value>,
    /// `environment.secrets` of inputs.
    pub secrets: Map<String, Value>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// How a run ended.
pub(crate) enum End {
    /// Every step that was to run did.
    Completed(Value),
    /// A step failed.
    Failed(Error),
    /// Another process has the task now, or the database is gone; nothing more may be done.
    Lost(Error),
}

/// What there is to write down of a step.
struct News<'o> {
    state: State,
    message: String,
    output: Option<&'o Value>,
}

impl<'o> News<'o> {
    fn new(state: State, message: String) -> Self {
        Self {
            state,
            message,
            output: None,
        }
    }

    fn with(self, output: &'o Value) -> Self {
        Self {
            output: Some(output),
            ..self
        }
    }
}

/// What became of the steps so far.
struct Progress {
    context: Context,
    /// The first failure.
    error: Option<Error>,
    /// The files after the last step that was written down.
    version: [u8; 32],
}

impl Runner {
    /// Runs the steps that `done` does not know of.
    pub(crate) async fn run(&self, done: Vec<Entry>) -> End {
        let done: HashMap<String, Entry> = done
            .into_iter()
            .map(|entry| (entry.key.clone(), entry))
            .collect();
        match self.run_all(&done).await {
            Ok(progress) => match progress.error {
                Some(error) => End::Failed(error),
                None => End::Completed(output::render(self, &progress.context)),
            },
            Err(error) => End::Lost(error),
        }
    }

    /// An error means that the run cannot go on here, not that a step failed.
    async fn run_all(&self, done: &HashMap<String, Entry>) -> Result<Progress, Error> {
        let steps = self.spec["steps"].as_array().cloned().unwrap_or_default();
        let mut progress = Progress {
            context: Context::new(self),
            error: None,
            version: workspace::version(&workspace::list(&self.workspace)?),
        };
        if done.is_empty() {
            let n_steps = steps.len() + usize::from(self.is_dry_run);
            let message = format!("Starting up task with {n_steps} steps");
            self.book.log(json!({ "message": message }));
        } else {
            self.book
                .log(json!({ "message": "Going on with the task" }));
        }
        for (index, step) in steps.iter().enumerate() {
            let place = Place { index, step };
            match done.get(&place.key()) {
                Some(entry) if entry.state != State::Started => {
                    self.restore(&place, entry, &mut progress);
                }
                entry => {
                    let was_started = entry.is_some();
                    self.run_step(&place, was_started, done, &mut progress)
                        .await?;
                }
            }
        }
        Ok(progress)
    }

    /// Takes over what a step did in an earlier run.
    fn restore(&self, place: &Place<'_>, entry: &Entry, progress: &mut Progress) {
        let output = entry.output.as_deref().unwrap_or("null");
        let output = match self.opened(output) {
            Ok(output) => output,
            Err(error) => {
                progress.error.get_or_insert(error);
                return;
            }
        };
        match entry.state {
            State::Completed => {
                let id = place.id();
                let message = format!(
                    "Skipping step {id} because it was already completed in a previous run"
                );
                self.book.log(json!({ "message": message, "stepId": id }));
                progress.context.add_output(id, &output, &self.mask);
            }
            State::Failed if output[step::MAY_FAIL] == true => {}
            State::Failed => {
                let text = |name: &str| output[name].as_str().unwrap_or_default().to_owned();
                let error = Error::new(code_of(&text("name")), text("message"));
                progress.error.get_or_insert(error);
            }
            State::Started | State::Skipped => {}
        }
    }

    /// Writes down where a step is, with the line that tells of it and the files as they are now if
    /// they changed.
    async fn write_down(
        &self,
        place: &Place<'_>,
        news: News<'_>,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let state = news.state;
        let mut change = Change {
            key: place.key(),
            state,
            output: match (news.output, state) {
                (Some(output), State::Completed) => Some(self.sealed(output)?),
                (output, _) => output.map(Value::to_string),
            },
            line: Some(place.line(&news.message, state)),
            workspace: None,
        };
        if state == State::Completed && self.book.keeps_files() {
            (progress.version, change.workspace) =
                packed(&self.workspace, progress.version).await?;
        }
        self.book.commit(change).await
    }
}

/// The files of a workspace and their version; no files if they are as they were.
async fn packed(root: &Path, before: [u8; 32]) -> Result<([u8; 32], Option<Vec<u8>>), Error> {
    let root = root.to_owned();
    blocking(move || {
        let entries = workspace::list(&root)?;
        let version = workspace::version(&entries);
        let is_changed = version != before;
        let packed = is_changed.then(|| workspace::pack(&root, &entries));
        Ok((version, packed.transpose()?))
    })
    .await
}

/// A step and where it stands.
struct Place<'s> {
    index: usize,
    step: &'s Value,
}

impl Place<'_> {
    fn key(&self) -> String {
        self.index.to_string()
    }

    fn id(&self) -> &str {
        self.step["id"].as_str().unwrap_or_default()
    }

    fn name(&self) -> &str {
        self.step["name"].as_str().unwrap_or_default()
    }

    fn action(&self) -> &str {
        self.step["action"].as_str().unwrap_or_default()
    }

    /// A line about the step that changes what it looks like.
    fn line(&self, message: &str, state: State) -> Value {
        let status = match state {
            State::Started => "processing",
            other => other.name(),
        };
        json!({ "message": message, "stepId": self.id(), "status": status })
    }
}

/// The code of an error that was stored by name.
fn code_of(name: &str) -> Code {
    [
        Code::InvalidInput,
        Code::Unauthenticated,
        Code::Forbidden,
        Code::NotFound,
        Code::Conflict,
        Code::NotImplemented,
        Code::Unavailable,
    ]
    .into_iter()
    .find(|code| code.name() == name)
    .unwrap_or(Code::Internal)
}

/// Runs work that blocks on files.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("a task of files was broken off").with_source(error))?
}
