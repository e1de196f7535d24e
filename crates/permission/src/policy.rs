//! What a policy says: roles, who has them, what they allow, and under which conditions.

use std::collections::BTreeMap;

use model::Problem;
use platform::Millis;
use platform::permission::{Condition, Permission};
use serde::{Deserialize, Serialize};

/// What is done to something. A permission without an action is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// It is looked at.
    Read,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// Anything else.
    Use,
}

impl Action {
    /// All actions, in the order in which messages name them.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Use,
    ];

    /// The name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Use => "use",
        }
    }

    /// The action of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// The action of a permission; `None` for one that nobody knows.
    pub fn of(permission: &Permission<'_>) -> Option<Self> {
        permission.action.map_or(Some(Self::Use), Self::of_name)
    }
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever other rules allow.
    Deny,
}

impl Effect {
    /// The name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// The effect of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Allow, Self::Deny]
            .into_iter()
            .find(|effect| effect.name() == name)
    }
}

/// Where a role comes from; it is changed only there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `permission.rbac` of the configuration.
    Configuration,
    /// The API.
    Rest,
    /// The file of policies.
    CsvFile,
}

impl Source {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Rest => "rest",
            Self::CsvFile => "csv-file",
        }
    }
}

/// A role, and what is known of it beside what it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Entity reference.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// What it is for.
    pub description: Option<String>,
    /// The user or group that may change it, where administrators are limited to their own.
    pub owner: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Who changed it last.
    pub modified_by: Option<String>,
    /// When it was made.
    pub created_at: Option<Millis>,
    /// When it was changed last.
    pub last_modified: Option<Millis>,
}

impl Role {
    /// A role of which nothing more is known.
    pub fn new(name: &str, source: Source) -> Self {
        Self {
            name: name.to_owned(),
            source,
            description: None,
            owner: None,
            author: None,
            modified_by: None,
            created_at: None,
            last_modified: None,
        }
    }
}

/// A user or group has a role.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Membership {
    /// Entity reference of the user or group.
    pub member: String,
    /// Entity reference of the role.
    pub role: String,
}

/// A role may, or may not, do something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule {
    /// The role; in files also a user or group.
    pub subject: String,
    /// Name of a permission, or a type of resources.
    pub permission: String,
    /// What is done.
    pub action: Action,
    /// Whether it may.
    pub effect: Effect,
}

/// A role may do something to the resources that fulfil a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionalPolicy {
    /// Number on the wire.
    pub id: i64,
    /// The role.
    pub role: String,
    /// Plugin that has the resources.
    pub plugin: String,
    /// Type of the resources.
    pub resource_type: String,
    /// For which permissions.
    pub permissions: Vec<Mapped>,
    /// The condition; aliases are filled in when it is decided.
    pub condition: Condition,
}

/// A permission of a conditional policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapped {
    /// Name; all permissions with the action on the type of resources when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is done.
    pub action: Action,
}

/// A whole policy, or the part of one source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicySet {
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Who has them.
    pub memberships: Vec<Membership>,
    /// What they may do.
    pub rules: Vec<Rule>,
    /// What they may do under conditions.
    pub conditions: Vec<ConditionalPolicy>,
}

impl PolicySet {
    /// Adds a role unless it is there.
    pub(crate) fn add_role(&mut self, name: &str, source: Source) {
        if !self.roles.contains_key(name) {
            self.roles.insert(name.to_owned(), Role::new(name, source));
        }
    }

    /// Adds what another source says, except about roles that are here already; what was left out.
    pub fn add_filed(&mut self, layer: Self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.add_layer(layer, &mut problems);
        problems
    }

    /// Adds what another source says, except about roles that are here already.
    pub(crate) fn add_layer(&mut self, layer: Self, problems: &mut Vec<Problem>) {
        let mut refused = Vec::new();
        for (name, role) in layer.roles {
            match self.roles.get(&name) {
                Some(known) => {
                    let source = known.source.name().to_uppercase();
                    problems.push(Problem::error(
                        "policy.source",
                        "",
                        format!(
                            "`{name}` is left out: source does not match originating role, \
                             consider making changes to the '{source}'"
                        ),
                    ));
                    refused.push(name);
                }
                None => {
                    self.roles.insert(name, role);
                }
            }
        }
        let is_ours = |role: &String| !refused.contains(role);
        let memberships = layer.memberships.into_iter();
        self.memberships
            .extend(memberships.filter(|it| is_ours(&it.role)));
        let rules = layer.rules.into_iter();
        self.rules.extend(rules.filter(|it| is_ours(&it.subject)));
        // Conditions have a file of their own, and belong to whoever made the role.
        self.conditions.extend(layer.conditions);
    }
}
