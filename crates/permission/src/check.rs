//! Trying a policy: unit tests written in YAML, and a changed policy on recorded decisions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::{Problem, YamlLimits, parse_documents};
use platform::ctx::User;
use platform::permission::Permission;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::policy::PolicySet;
use crate::recorder::{Recorded, name};
use crate::settings::RbacSettings;
use crate::subject::{self, Groups};

/// One test: a user, and what the policy must say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// What is told when it fails; the user's name when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Who asks.
    pub user: String,
    /// Groups the user is in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Groups above groups.
    #[serde(default)]
    pub parents: BTreeMap<String, Vec<String>>,
    /// What must be allowed.
    #[serde(default)]
    pub allow: Vec<Asked>,
    /// What must be denied.
    #[serde(default)]
    pub deny: Vec<Asked>,
    /// What must depend on the resource.
    #[serde(default)]
    pub conditional: Vec<Asked>,
}

/// A permission: its name alone when the portal knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Asked {
    /// One that is known.
    Name(String),
    /// Any other.
    Written {
        /// Its name.
        name: String,
        /// Its action.
        action: Option<String>,
        /// Its type of resources.
        #[serde(rename = "resourceType")]
        resource_type: Option<String>,
    },
}

/// A permission for which the policy says something else than a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Name of the test.
    pub case: String,
    /// Name of the permission.
    pub permission: String,
    /// What must be said.
    pub expected: &'static str,
    /// What is said.
    pub found: String,
    /// Why.
    pub reason: String,
}

/// Reads tests, one in each document.
pub fn read_cases(text: &str, file: &str) -> (Vec<Case>, Vec<Problem>) {
    let (mut cases, mut problems) = (Vec::new(), Vec::new());
    for document in parse_documents(text, &YamlLimits::default()) {
        let start = document.start;
        if document.problems.is_empty() {
            match serde_json::from_value(document.value) {
                Ok(case) => cases.push(case),
                Err(error) => {
                    let problem = Problem::error("policy.test", "", error.to_string());
                    problems.push(problem.at(file, Some(start)));
                }
            }
        } else {
            let found = document.problems.into_iter();
            problems.extend(found.map(|problem| {
                let position = problem.position;
                problem.at(file, position)
            }));
        }
    }
    (cases, problems)
}

/// The groups of a test.
struct CaseGroups {
    user: String,
    groups: Vec<String>,
    parents: BTreeMap<String, Vec<String>>,
}

impl Groups for CaseGroups {
    fn revision(&self) -> u64 {
        0
    }

    fn of_user(&self, user_ref: &str) -> Vec<String> {
        if user_ref == self.user {
            self.groups.clone()
        } else {
            Vec::new()
        }
    }

    fn parents(&self, group_ref: &str) -> Vec<String> {
        self.parents.get(group_ref).cloned().unwrap_or_default()
    }
}

/// Runs a test against a policy; `known` are the permissions that need no more than their name.
pub fn run_case(
    case: &Case,
    settings: &RbacSettings,
    set: &PolicySet,
    known: &[Permission<'static>],
) -> Vec<Failure> {
    let groups = CaseGroups {
        user: case.user.to_lowercase(),
        groups: case.groups.clone(),
        parents: case.parents.clone(),
    };
    let user = user(&groups.user, &groups);
    let engine = Engine::new(settings.clone(), Arc::new(groups), set.clone());
    let expectations = [
        ("ALLOW", &case.allow),
        ("DENY", &case.deny),
        ("CONDITIONAL", &case.conditional),
    ];
    let mut failures = Vec::new();
    for (expected, permissions) in expectations {
        for asked in permissions {
            let Some(permission) = asked.permission(known) else {
                failures.push(Failure {
                    case: case.title(),
                    permission: asked.name().to_owned(),
                    expected,
                    found: "unknown".to_owned(),
                    reason: "no plugin has this permission; write it with `name`, `action` and \
                             `resourceType`"
                        .to_owned(),
                });
                continue;
            };
            let (_, explanation) = engine.explain(&user, &permission);
            if explanation.decision != expected {
                failures.push(Failure {
                    case: case.title(),
                    permission: permission.name.to_owned(),
                    expected,
                    found: explanation.decision.to_owned(),
                    reason: explanation.reason,
                });
            }
        }
    }
    failures
}

impl Case {
    fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.user.clone())
    }

    /// How many permissions it asks for.
    pub fn n_questions(&self) -> usize {
        self.allow.len() + self.deny.len() + self.conditional.len()
    }
}

impl Asked {
    fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Written { name, .. } => name,
        }
    }

    fn permission<'a>(&'a self, known: &[Permission<'static>]) -> Option<Permission<'a>> {
        match self {
            Self::Name(name) => known.iter().find(|it| it.name == name).copied(),
            Self::Written {
                name,
                action,
                resource_type,
            } => Some(Permission {
                name,
                action: action.as_deref(),
                resource_type: resource_type.as_deref(),
            }),
        }
    }
}

/// A user who is known by name, in lower case, and groups only.
pub fn user(entity_ref: &str, groups: &dyn Groups) -> User {
    User {
        entity_ref: entity_ref.to_owned(),
        ownership: subject::ownership(groups, entity_ref).into(),
        expires_at: i64::MAX,
        limited_token: None,
        agent: None,
        actor: None,
        reach: platform::ctx::Reach::default(),
    }
}

/// What a policy says about a recorded question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    /// `ALLOW`, `DENY` or `CONDITIONAL`.
    pub decision: String,
    /// Why.
    pub reason: String,
}

/// A recorded question that two policies answer differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The question.
    pub asked: Recorded,
    /// What the present policy says.
    pub before: Outlook,
    /// What the other policy says.
    pub after: Outlook,
}

/// The recorded questions that another policy answers differently than the present one.
pub fn replay(recorded: &[Recorded], before: &Engine, after: &Engine) -> Vec<Change> {
    let mut users: HashMap<&str, User> = HashMap::new();
    let mut changes = Vec::new();
    for asked in recorded {
        let user = users
            .entry(&asked.user)
            .or_insert_with(|| user(&asked.user, before.groups()));
        let permission = Permission {
            name: &asked.permission,
            action: asked.action.as_deref(),
            resource_type: asked.resource_type.as_deref(),
        };
        let (old, old_words) = before.explain(user, &permission);
        let (new, new_words) = after.explain(user, &permission);
        if old.decision != new.decision {
            let outlook = |decision, reason| Outlook {
                decision: name(decision).to_owned(),
                reason,
            };
            changes.push(Change {
                asked: asked.clone(),
                before: outlook(&old.decision, old_words.reason),
                after: outlook(&new.decision, new_words.reason),
            });
        }
    }
    changes
}
