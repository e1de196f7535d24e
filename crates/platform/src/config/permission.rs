//! `permission`: whether and how requests are authorized.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether and how requests are authorized.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PermissionConfig {
    /// Whether permissions are asked for at all; everything is allowed otherwise.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub enabled: bool,
    /// Roles and policies; while permissions are enabled, everything is allowed without this section.
    pub rbac: Option<RbacConfig>,
    /// Plugins that have permissions.
    #[schemars(extend("x-ignored" = "use `permission.rbac.pluginsWithPermission`"))]
    pub permissioned_plugins: Vec<String>,
    /// Whether clients may ask about many resources at once.
    #[serde(rename = "EXPERIMENTAL_enableBatchedRequests")]
    #[schemars(extend("x-ignored" = "batches are always answered", "x-visibility" = "frontend"))]
    pub enable_batched_requests: bool,
}

/// Roles and policies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RbacConfig {
    /// File of roles and policies, as Casbin writes them.
    #[serde(rename = "policies-csv-file")]
    pub policies_csv_file: Option<PathBuf>,
    /// File of conditional policies.
    pub conditional_policies_file: Option<PathBuf>,
    /// Whether changes of the files count without a restart.
    pub policy_file_reload: bool,
    /// Who administers roles and policies.
    pub admin: RbacAdminConfig,
    /// Plugins whose permissions are offered to administrators, beside those of this portal.
    pub plugins_with_permission: Vec<String>,
    /// How many levels of parent groups count; all when absent, none with 0.
    pub max_depth: Option<u32>,
    /// What counts when a role has a plain and a conditional policy for the same thing.
    pub policy_decision_precedence: PolicyDecisionPrecedence,
    /// Whether the references a user owns things through have roles, too, not only the groups of
    /// the catalog.
    pub use_ownership_entity_refs: bool,
    /// What everybody who is signed in may do.
    pub default_permissions: Option<DefaultPermissionsConfig>,
    /// Bounds of conditional policies.
    pub validation: RbacValidationConfig,
}

/// What counts when there is a plain and a conditional policy for the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PolicyDecisionPrecedence {
    /// The plain one.
    Basic,
    /// The conditional one.
    #[default]
    Conditional,
}

/// Who administers roles and policies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RbacAdminConfig {
    /// Users and groups that may change roles and policies.
    pub users: Vec<NamedConfig>,
    /// Users and groups that may do everything.
    pub super_users: Vec<NamedConfig>,
}

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedConfig {
    /// Entity reference, such as `user:default/alice`.
    pub name: String,
}

/// What everybody who is signed in may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DefaultPermissionsConfig {
    /// Role that everybody has.
    pub default_role: String,
    /// What the role allows, beside what other policies say about it.
    #[serde(default)]
    pub basic_permissions: Vec<BasicPermissionConfig>,
}

/// A permission that is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BasicPermissionConfig {
    /// Name of a permission, or a type of resources.
    pub permission: String,
    /// `create`, `read`, `update`, `delete` or `use`; `use` when absent.
    #[serde(default)]
    pub action: Option<String>,
}

/// Bounds of conditional policies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RbacValidationConfig {
    /// Of each policy.
    pub conditional_policies: ConditionLimitsConfig,
    /// Of the file.
    pub conditional_policies_file: ConditionFileLimitsConfig,
}

/// Bounds of one conditional policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ConditionLimitsConfig {
    /// Deepest nesting.
    #[schemars(range(min = 1, max = 30))]
    pub max_condition_depth: u32,
    /// Most rules and connectives.
    #[schemars(range(min = 1))]
    pub max_condition_node_count: u32,
    /// Most parts of one connective.
    #[schemars(range(min = 1))]
    pub max_criteria_items: u32,
}

impl Default for ConditionLimitsConfig {
    fn default() -> Self {
        Self {
            max_condition_depth: 12,
            max_condition_node_count: 256,
            max_criteria_items: 64,
        }
    }
}

/// Bounds of the file of conditional policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ConditionFileLimitsConfig {
    /// Most bytes.
    #[schemars(range(min = 1))]
    pub max_bytes: u32,
    /// Most documents.
    #[schemars(range(min = 1))]
    pub max_documents: u32,
}

impl Default for ConditionFileLimitsConfig {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 20,
            max_documents: 256,
        }
    }
}
