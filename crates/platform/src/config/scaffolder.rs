//! `scaffolder`: templates and their tasks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::duration::HumanDuration;
use super::secret::Opaque;

/// Templates and their tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ScaffolderConfig {
    /// Author of commits that name none.
    pub default_author: CommitAuthor,
    /// Message of commits that have none.
    pub default_commit_message: Option<String>,
    /// Key that signs commits.
    #[schemars(extend("x-ignored" = "commits are not signed"))]
    pub default_commit_signing_key: Option<Opaque>,
    /// Tasks that run at once in each process; 0 for a process that runs none.
    pub concurrent_tasks_limit: u16,
    /// How interrupted tasks go on.
    #[schemars(extend("x-ignored" = "interrupted tasks always go on"))]
    pub task_recovery: TaskRecovery,
    /// Whether steps that read or write repositories need a token of the user.
    #[schemars(extend("x-ignored" = "not done yet"))]
    pub require_scm_user_credentials: bool,
    /// How long a task may give no sign of life before it is given up.
    pub task_timeout: HumanDuration,
    /// Time between two looks for tasks to give up.
    pub task_timeout_janitor_frequency: HumanDuration,
    /// What every template can see.
    pub default_environment: TemplateEnvironment,
    /// Waits for running steps when the process ends.
    #[serde(rename = "EXPERIMENTAL_gracefulShutdown")]
    #[schemars(extend("x-ignored" = "another process goes on with the task"))]
    pub experimental_graceful_shutdown: Option<bool>,
    /// How interrupted tasks go on, as older versions spell it.
    #[serde(rename = "EXPERIMENTAL_recoverTasks")]
    #[schemars(extend("x-ignored" = "interrupted tasks always go on"))]
    pub experimental_recover_tasks: Option<bool>,
    /// When a task counts as interrupted, as older versions spell it.
    #[serde(rename = "EXPERIMENTAL_recoverTasksTimeout")]
    #[schemars(extend("x-ignored" = "a task counts as interrupted after 15 seconds"))]
    pub experimental_recover_tasks_timeout: Option<HumanDuration>,
    /// Whether files of tasks are kept, as older versions spell it.
    #[serde(rename = "EXPERIMENTAL_workspaceSerialization")]
    #[schemars(extend("x-ignored" = "files of tasks are always kept in the database"))]
    pub experimental_workspace_serialization: Option<bool>,
    /// Where files of tasks are kept, as older versions spell it.
    #[serde(rename = "EXPERIMENTAL_workspaceSerializationProvider")]
    #[schemars(extend("x-ignored" = "files of tasks are always kept in the database"))]
    pub experimental_workspace_serialization_provider: Option<String>,
    /// What the audit log tells of tasks.
    #[schemars(extend("x-ignored" = "values of forms are never recorded"))]
    pub auditor: BTreeMap<String, Value>,
}

impl Default for ScaffolderConfig {
    fn default() -> Self {
        Self {
            default_author: CommitAuthor::default(),
            default_commit_message: None,
            default_commit_signing_key: None,
            concurrent_tasks_limit: 10,
            task_recovery: TaskRecovery::default(),
            require_scm_user_credentials: false,
            task_timeout: HumanDuration::from_secs(24 * 60 * 60),
            task_timeout_janitor_frequency: HumanDuration::from_secs(5 * 60),
            default_environment: TemplateEnvironment::default(),
            experimental_graceful_shutdown: None,
            experimental_recover_tasks: None,
            experimental_recover_tasks_timeout: None,
            experimental_workspace_serialization: None,
            experimental_workspace_serialization_provider: None,
            auditor: BTreeMap::new(),
        }
    }
}

/// Author of commits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CommitAuthor {
    /// Name.
    pub name: Option<String>,
    /// Address.
    pub email: Option<String>,
}

/// How interrupted tasks go on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskRecovery {
    /// Whether they do.
    pub enabled: Option<bool>,
    /// When a task counts as interrupted.
    pub stale_timeout: Option<HumanDuration>,
    /// Where files of tasks are kept.
    pub workspace_provider: Option<String>,
}

/// What every template can see.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateEnvironment {
    /// `environment.parameters` in expressions.
    pub parameters: BTreeMap<String, Value>,
    /// `environment.secrets` in inputs of steps.
    pub secrets: BTreeMap<String, Opaque>,
}
