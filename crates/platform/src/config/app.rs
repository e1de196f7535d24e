//! `app`, `organization` and `callboard`: settings of the portal as a whole.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::HumanDuration;
use super::secret::Secret;

/// The portal as browsers see it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("additionalProperties" = true))]
pub struct AppConfig {
    /// Name of the portal in titles and messages.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub title: Option<String>,
    /// URL under which browsers reach the portal; defaults to `backend.baseUrl`.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub base_url: Option<String>,
    /// Leaves the pages of `callboard.app.dist` as they were built, with the configuration of then.
    pub disable_config_injection: bool,
}

/// Who runs the portal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("additionalProperties" = true))]
pub struct OrganizationConfig {
    /// Name of the organization.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub name: Option<String>,
}

/// What only Callboard knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CallboardConfig {
    /// Folder for the embedded database, generated certificates and caches.
    pub data_dir: Option<PathBuf>,
    /// Which front end is served.
    pub app: FrontEndConfig,
    /// Bounds of what is read from elsewhere.
    pub reading: ReadingLimits,
    /// Audit log.
    pub audit: AuditConfig,
    /// Decisions on permissions.
    pub permission: DecisionsConfig,
    /// How often a user or a program may ask.
    pub rate_limit: PrincipalLimitConfig,
    /// Users and groups that an identity provider pushes.
    pub scim: ScimConfig,
    /// Encryption of secrets in the database.
    pub encryption: EncryptionConfig,
    /// Tasks of templates.
    pub scaffolder: TasksConfig,
}

/// Tasks of templates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TasksConfig {
    /// How long tasks are kept after their end, with their events and files; for ever when absent.
    pub retention: Option<HumanDuration>,
    /// Dry runs and plans that are made at once in each process; more are refused.
    #[schemars(range(min = 1))]
    pub concurrent_dry_runs: u16,
    /// How long a dry run or a plan may take.
    pub dry_run_timeout: HumanDuration,
}

impl Default for TasksConfig {
    fn default() -> Self {
        Self {
            retention: None,
            concurrent_dry_runs: 10,
            dry_run_timeout: HumanDuration::from_secs(5 * 60),
        }
    }
}

/// Which front end is served.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FrontEndConfig {
    /// Folder of a Backstage front end as `backstage-cli` builds it, such as `packages/app/dist`; the
    /// own one is served when absent.
    pub dist: Option<PathBuf>,
}

/// Encryption of secrets in the database, such as the keys that sign tokens.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct EncryptionConfig {
    /// The first one encrypts, all of them decrypt; secrets are stored as they are without any.
    pub keys: Vec<EncryptionKey>,
}

/// A key that encrypts secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptionKey {
    /// Its name, which is stored with what it encrypts.
    pub id: String,
    /// 32 random bytes in base64.
    pub secret: Secret,
}

/// The SCIM server at `/api/scim/v2`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ScimConfig {
    /// Whether there is one.
    pub enabled: bool,
}

/// How often a user or a program may ask, wherever from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PrincipalLimitConfig {
    /// Most requests in a window; any number when absent.
    #[schemars(range(min = 1))]
    pub requests: Option<u32>,
    /// Length of a window.
    pub window: HumanDuration,
}

impl Default for PrincipalLimitConfig {
    fn default() -> Self {
        Self {
            requests: None,
            window: HumanDuration::from_secs(60),
        }
    }
}

/// Audit log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditConfig {
    /// How long records are kept; for ever when absent.
    pub retention: Option<HumanDuration>,
}

/// Decisions on permissions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DecisionsConfig {
    /// Remembers each kind of decision once, for `callboard permission replay`.
    pub record_decisions: bool,
}

/// Bounds of what is read from source control hosts and the web.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReadingLimits {
    /// Most bytes of one file.
    #[schemars(range(min = 1024))]
    pub max_file_bytes: u64,
    /// Most requests at once to one host.
    #[schemars(range(min = 1))]
    pub max_requests_per_host: u32,
}

impl Default for ReadingLimits {
    fn default() -> Self {
        Self {
            max_file_bytes: 10 * 1024 * 1024,
            max_requests_per_host: 8,
        }
    }
}
