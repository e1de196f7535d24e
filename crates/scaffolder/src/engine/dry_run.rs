//! Runs of templates that are not stored and change nothing but a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use platform::{Ctx, Error, Result};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::book::Notebook;
use super::mask::{Mask, stars};
use super::planning::Plan;
use super::trial_folders::{self, Folders};
use super::{End, Environment, Runner, blocking};
use crate::scaffolder::Scaffolder;
use crate::workspace::{self, Kind};

/// Time beyond that of a dry run after which nobody can be at its folders.
const ABANDONED_AFTER: Duration = Duration::from_mins(10);

/// A run to try.
pub(crate) struct Trial {
    /// The task's specification.
    pub spec: Value,
    pub secrets: Map<String, Value>,
    /// Files beside the template.
    pub beside: Beside,
    /// What stands in for actions, by their ids.
    pub mocks: Map<String, Value>,
    pub planning: Planning,
}

/// Whether a trial tells what the steps would do outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planning {
    No,
    /// Without asking other services how things are.
    Alone,
    /// With questions to other services.
    Asking,
}

/// Files beside a template.
pub(crate) enum Beside {
    /// As they came with the request, by path.
    Sent(Vec<(String, Vec<u8>)>),
    /// In a folder of this machine.
    Folder(PathBuf),
    /// Where the catalog found the template.
    Catalog,
}

/// What came of a trial.
pub struct Tried {
    /// Lines, as events have them.
    pub log: Vec<Value>,
    /// Files that the steps left.
    pub files: Vec<TriedFile>,
    /// Output of the template.
    pub output: Value,
    /// What each step would do outside, if that was asked for: `stepId`, `name`, `action`, and
    /// `calls`, `catalog`, `files` or `input`; a `note` says what keeps it from running.
    pub plan: Vec<Value>,
    /// Why the run ended early; only plans tell what was known until then.
    pub error: Option<Error>,
}

/// A file that the steps of a trial left.
pub struct TriedFile {
    /// Path in the workspace.
    pub path: String,
    /// Whether it can be executed.
    pub is_executable: bool,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl TriedFile {
    /// The file as the API tells it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "path": self.path,
            "executable": self.is_executable,
            "base64Content": STANDARD.encode(&self.content),
        })
    }
}

impl Scaffolder {
    /// Tries a template; the first step that fails is the error, unless a plan is wanted.
    pub(crate) async fn try_run(&self, ctx: &Ctx, trial: Trial) -> Result<Tried> {
        let n_most = self.settings.concurrent_dry_runs;
        let _room = self.trials.try_acquire().map_err(|_| {
            Error::unavailable(format!(
                "{n_most} dry runs and plans are being made, which is the most at once \
                 (`callboard.scaffolder.concurrentDryRuns`); try again later"
            ))
        })?;
        let folders = Folders::new(&self.settings.working_dir);
        let cancel = CancellationToken::new();
        // Whatever a step has begun elsewhere ends with the request.
        let _guard = cancel.clone().drop_guard();
        let timeout = self.settings.dry_run_timeout;
        let work = self.try_in(ctx, trial, &folders, cancel);
        let tried = tokio::time::timeout(timeout, work).await;
        let Ok(tried) = tried else {
            // A step may still write; the folders go when they are dropped, again if need be.
            return Err(Error::unavailable(format!(
                "the steps took longer than {} seconds, which is the most for a dry run or a plan \
                 (`callboard.scaffolder.dryRunTimeout`)",
                timeout.as_secs_f64()
            )));
        };
        folders.remove().await?;
        tried
    }

    /// Removes folders of dry runs that no process can be at any more.
    pub(crate) async fn sweep_trials(&self) -> Result<()> {
        let working_dir = self.settings.working_dir.clone();
        let age = self.settings.dry_run_timeout + ABANDONED_AFTER;
        blocking(move || trial_folders::sweep(&working_dir, age)).await
    }

    async fn try_in(
        &self,
        ctx: &Ctx,
        trial: Trial,
        folders: &Folders,
        cancel: CancellationToken,
    ) -> Result<Tried> {
        let root = folders.root();
        let beside = lay_out(root, folders.beside(), trial.beside).await?;
        let book = Arc::new(Notebook::default());
        let mask = Mask::default();
        mask.add(&trial.secrets);
        mask.add(&self.settings.environment.secrets);
        let plan = self.plan_of(trial.planning);
        let runner = Runner {
            task_id: folders.id().to_owned(),
            spec: trial.spec,
            ctx: ctx.clone(),
            secrets: trial.secrets,
            // Files and inputs are shown, so that they are made without the real ones.
            environment: Environment {
                secrets: stars(&self.settings.environment.secrets),
                ..self.settings.environment.clone()
            },
            actions: self.actions.clone(),
            hosts: self.hosts.clone(),
            workspace: root.to_owned(),
            beside,
            mocks: trial.mocks,
            plan: plan.clone(),
            book: book.clone(),
            mask: Arc::new(mask),
            cancel,
            is_dry_run: true,
        };
        let (output, error) = match runner.run(Vec::new()).await {
            End::Completed(output) => (output, None),
            End::Failed(error) if plan.is_some() => (json!({}), Some(error)),
            End::Failed(error) | End::Lost(error) => return Err(error),
        };
        let folder = root.to_owned();
        let files = blocking(move || read_files(&folder)).await?;
        let log = book.lines().into_iter();
        Ok(Tried {
            log: log.map(|body| json!({ "body": body })).collect(),
            files,
            output,
            plan: plan.map(|plan| plan.steps()).unwrap_or_default(),
            error,
        })
    }

    fn plan_of(&self, planning: Planning) -> Option<Arc<Plan>> {
        let may_ask = match planning {
            Planning::No => return None,
            Planning::Alone => false,
            Planning::Asking => true,
        };
        let integrations = self.catalog.integrations().clone();
        let plan = Plan::new(may_ask, integrations, self.catalog.reader());
        Some(Arc::new(plan))
    }
}

/// Makes the workspace; the folder of the files beside the template, unless the catalog knows it.
async fn lay_out(root: &Path, sent: &Path, beside: Beside) -> Result<Option<PathBuf>> {
    let (root, sent) = (root.to_owned(), sent.to_owned());
    blocking(move || {
        workspace::create(&root)?;
        let files = match beside {
            Beside::Folder(folder) => return Ok(Some(folder)),
            Beside::Catalog => return Ok(None),
            Beside::Sent(files) => files,
        };
        workspace::create(&sent)?;
        let total = files.iter().map(|(_, content)| content.len() as u64).sum();
        workspace::check_room(total, files.len())?;
        for (path, content) in files {
            let full = workspace::resolve(&sent, &path)?;
            workspace::write_file(&full, &content, 0o644)?;
        }
        Ok(Some(sent))
    })
    .await
}

fn read_files(root: &Path) -> Result<Vec<TriedFile>> {
    let entries = workspace::list(root)?.into_iter();
    let files = entries.filter(|entry| entry.kind == Kind::File);
    files
        .map(|entry| {
            let full = root.join(&entry.path);
            let content = fs::read(&full).map_err(|error| workspace::io(&error, "open", &full))?;
            Ok(TriedFile {
                is_executable: entry.mode & 0o100 != 0,
                path: entry.path,
                content,
            })
        })
        .collect()
}

/// `directoryContents` of a request.
pub(crate) fn decode_files(list: &Value) -> Result<Vec<(String, Vec<u8>)>> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap_or_default();
            let content = STANDARD
                .decode(text("base64Content"))
                .map_err(|_| Error::input("base64Content is not base64"))?;
            Ok((text("path").to_owned(), content))
        })
        .collect()
}
