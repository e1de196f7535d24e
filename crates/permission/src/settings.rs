//! `permission` of the configuration, in the terms of this crate.

use std::path::{Path, PathBuf};

use platform::config::{PermissionConfig, PolicyDecisionPrecedence, RbacConfig};
use platform::{Error, Result};

use crate::condition::ConditionLimits;
use crate::policy::{Action, Effect, Membership, PolicySet, Rule, Source};
use crate::reference::{self, Kinds};

/// The role of those who administer roles.
const ADMIN_ROLE: &str = "role:default/rbac_admin";
/// Where the role of everybody is configured.
const DEFAULTS: &str = "permission.rbac.defaultPermissions";
/// What administrators may do.
const ADMIN_RULES: [(&str, Action); 5] = [
    ("policy-entity", Action::Read),
    ("policy.entity.create", Action::Create),
    ("policy-entity", Action::Delete),
    ("policy-entity", Action::Update),
    // Needed to choose members.
    ("catalog-entity", Action::Read),
];

/// Settings of decisions.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Roles and policies; everything is allowed without them.
    pub rbac: Option<RbacSettings>,
    /// Whether decisions are remembered for a replay.
    pub record_decisions: bool,
}

/// Settings of roles and policies.
#[derive(Debug, Clone, Default)]
pub struct RbacSettings {
    /// File of roles and policies.
    pub policies_file: Option<PathBuf>,
    /// File of conditional policies.
    pub conditions_file: Option<PathBuf>,
    /// Whether the files are read again when they change.
    pub reload: bool,
    /// Users and groups that administer roles.
    pub admins: Vec<String>,
    /// Users and groups that may everything.
    pub super_users: Vec<String>,
    /// Plugins that are offered to administrators.
    pub plugins: Vec<String>,
    /// How many levels of parent groups count.
    pub max_depth: Option<u32>,
    /// Whether plain policies count more than conditional ones.
    pub prefers_basic: bool,
    /// Whether the references a user owns things through have roles, too.
    pub use_ownership: bool,
    /// The role that everybody has.
    pub default_role: Option<DefaultRole>,
    /// Bounds of conditional policies.
    pub limits: ConditionLimits,
}

/// A role that everybody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultRole {
    /// Entity reference.
    pub name: String,
    /// What it allows: permissions or types of resources, with the action.
    pub permissions: Vec<(String, Action)>,
}

impl Settings {
    /// The settings; relative paths are looked for in `folders`.
    pub fn from_config(
        config: &PermissionConfig,
        record_decisions: bool,
        folders: &[PathBuf],
    ) -> Result<Self> {
        let rbac = config.rbac.as_ref().filter(|_| config.enabled);
        Ok(Self {
            rbac: rbac
                .map(|rbac| RbacSettings::from_config(rbac, folders))
                .transpose()?,
            record_decisions,
        })
    }
}

impl RbacSettings {
    fn from_config(config: &RbacConfig, folders: &[PathBuf]) -> Result<Self> {
        let names = |list: &[platform::config::NamedConfig], key: &str| {
            let names = list
                .iter()
                .map(|entry| checked(&entry.name, Kinds::Owner, key));
            names.collect::<Result<Vec<_>>>()
        };
        let limits = &config.validation;
        let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        Ok(Self {
            policies_file: file(config.policies_csv_file.as_deref(), folders),
            conditions_file: file(config.conditional_policies_file.as_deref(), folders),
            reload: config.policy_file_reload,
            admins: names(&config.admin.users, "permission.rbac.admin.users")?,
            super_users: names(
                &config.admin.super_users,
                "permission.rbac.admin.superUsers",
            )?,
            plugins: config.plugins_with_permission.clone(),
            max_depth: config.max_depth,
            prefers_basic: config.policy_decision_precedence == PolicyDecisionPrecedence::Basic,
            use_ownership: config.use_ownership_entity_refs,
            default_role: default_role(config)?,
            limits: ConditionLimits {
                depth: size(limits.conditional_policies.max_condition_depth),
                nodes: size(limits.conditional_policies.max_condition_node_count),
                items: size(limits.conditional_policies.max_criteria_items),
                file_bytes: size(limits.conditional_policies_file.max_bytes),
                documents: size(limits.conditional_policies_file.max_documents),
            },
        })
    }

    /// What the configuration itself says: administrators, and the role of everybody.
    pub(crate) fn policy(&self) -> PolicySet {
        let mut set = PolicySet::default();
        let allow = |set: &mut PolicySet, role: &str, permission: &str, action| {
            set.add_role(role, Source::Configuration);
            set.rules.push(Rule {
                subject: role.to_owned(),
                permission: permission.to_owned(),
                action,
                effect: Effect::Allow,
            });
        };
        if !self.admins.is_empty() {
            for (permission, action) in ADMIN_RULES {
                allow(&mut set, ADMIN_ROLE, permission, action);
            }
        }
        if let Some(role) = &self.default_role {
            set.add_role(&role.name, Source::Configuration);
            for (permission, action) in &role.permissions {
                allow(&mut set, &role.name, permission, *action);
            }
        }
        set.memberships = self
            .admins
            .iter()
            .map(|admin| Membership {
                member: admin.clone(),
                role: ADMIN_ROLE.to_owned(),
            })
            .collect();
        set
    }
}

fn default_role(config: &RbacConfig) -> Result<Option<DefaultRole>> {
    let Some(defaults) = &config.default_permissions else {
        return Ok(None);
    };
    let permissions = defaults.basic_permissions.iter().map(|entry| {
        let action = entry.action.as_deref().unwrap_or("use");
        let action = Action::of_name(action).ok_or_else(|| {
            Error::input(format!(
                "`{DEFAULTS}.basicPermissions`: `{action}` is not an action"
            ))
        })?;
        Ok((entry.permission.clone(), action))
    });
    Ok(Some(DefaultRole {
        name: checked(
            &defaults.default_role,
            Kinds::Role,
            "permission.rbac.defaultPermissions.defaultRole",
        )?,
        permissions: permissions.collect::<Result<_>>()?,
    }))
}

fn checked(name: &str, kinds: Kinds, key: &str) -> Result<String> {
    let name = name.to_lowercase();
    reference::check(&name, kinds)
        .map_err(|problem| Error::input(format!("`{key}`: {problem}")))?;
    Ok(name)
}

/// The file in the first folder that has it.
fn file(path: Option<&Path>, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = path?;
    let found = folders.iter().map(|folder| folder.join(path));
    let found = found.into_iter().find(|candidate| candidate.is_file());
    Some(found.unwrap_or_else(|| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(rbac: &serde_json::Value) -> Result<Settings> {
        let config = json!({ "enabled": true, "rbac": rbac });
        Settings::from_config(&serde_json::from_value(config).unwrap(), false, &[])
    }

    #[test]
    fn administrators_and_the_role_of_everybody_are_a_policy() {
        let rbac = json!({
            "admin": {"users": [{"name": "user:default/Root"}], "superUsers": []},
            "defaultPermissions": {
                "defaultRole": "role:default/everybody",
                "basicPermissions": [{"permission": "kubernetes.proxy"}],
            },
        });
        let set = settings(&rbac).unwrap().rbac.unwrap().policy();
        assert_eq!(set.memberships[0].member, "user:default/root");
        assert_eq!(
            set.roles.keys().collect::<Vec<_>>(),
            ["role:default/everybody", ADMIN_ROLE]
        );
        assert_eq!(set.rules.len(), ADMIN_RULES.len() + 1);
    }

    #[test]
    fn wrong_names_are_refused_with_their_key() {
        let cases = [
            (
                json!({"admin": {"users": [{"name": "alice"}]}}),
                "permission.rbac.admin.users",
            ),
            (
                json!({"admin": {"superUsers": [{"name": "role:default/a"}]}}),
                "permission.rbac.admin.superUsers",
            ),
            (
                json!({"defaultPermissions": {"defaultRole": "user:default/a"}}),
                "defaultRole",
            ),
            (
                json!({"defaultPermissions": {"defaultRole": "role:default/a",
                    "basicPermissions": [{"permission": "x", "action": "eat"}]}}),
                "`eat` is not an action",
            ),
        ];
        for (rbac, expected) in cases {
            let error = settings(&rbac).unwrap_err();
            assert!(error.message().contains(expected), "{}", error.message());
        }
    }

    #[test]
    fn without_the_switch_there_are_no_roles() {
        let config = serde_json::from_value(json!({"rbac": {}})).unwrap();
        assert!(
            Settings::from_config(&config, false, &[])
                .unwrap()
                .rbac
                .is_none()
        );
    }
}
