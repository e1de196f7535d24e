//! Why a decision was made, in words.

use platform::ctx::User;
use platform::permission::{Decision, Permission};
use serde::Serialize;
use serde_json::Value;

use crate::engine::{Engine, Reason, RuleId, Snapshot, Verdict};
use crate::subject::all_groups;

/// A decision and everything it came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// `ALLOW`, `DENY` or `CONDITIONAL`.
    pub decision: &'static str,
    /// What decided.
    pub reason: String,
    /// The conditions of a conditional decision, filled in for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Value>,
    /// The user's roles, and how they came to them.
    pub roles: Vec<RolePath>,
}

/// A role and how a user came to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolePath {
    /// The role.
    pub role: String,
    /// Where the role comes from.
    pub source: String,
    /// The user, their group, the group above it, and so on, up to the one that has the role; empty
    /// for the role of everybody.
    pub via: Vec<String>,
}

impl Engine {
    /// Decides, and says why.
    pub fn explain(&self, user: &User, permission: &Permission<'_>) -> (Verdict, Explanation) {
        let verdict = self.decide(user, permission);
        let snapshot = self.snapshot();
        let (decision, conditions) = match &verdict.decision {
            Decision::Allow => ("ALLOW", None),
            Decision::Deny => ("DENY", None),
            Decision::Conditional(condition) => ("CONDITIONAL", Some(condition.to_json())),
        };
        let explanation = Explanation {
            decision,
            reason: snapshot.in_words(&verdict.reason),
            conditions,
            roles: self.paths(&snapshot, user),
        };
        (verdict, explanation)
    }

    /// The roles of a user, and how they came to them.
    pub fn roles_of(&self, user: &User) -> Vec<RolePath> {
        self.paths(&self.snapshot(), user)
    }

    fn paths(&self, snapshot: &Snapshot, user: &User) -> Vec<RolePath> {
        let tables = &snapshot.tables;
        let name = user.entity_ref.to_lowercase();
        let mut paths = Vec::new();
        let mut add = |member: &str, via: Vec<String>| {
            for role in tables.roles_of(member) {
                paths.push(snapshot.path(tables.name(*role), via.clone()));
            }
        };
        if let Some(groups) = all_groups(self.groups(), &name, self.settings().max_depth) {
            add(&name, vec![name.clone()]);
            for (group, _) in &groups {
                add(group, way(&groups, group, &name));
            }
            if self.settings().use_ownership {
                for owner in user.ownership.iter() {
                    add(owner, vec![name.clone(), owner.clone()]);
                }
            }
        }
        let default_role = tables.default_role();
        paths.extend(default_role.map(|role| snapshot.path(tables.name(role), Vec::new())));
        paths.sort_unstable();
        paths.dedup();
        paths
    }
}

/// From the user to a group.
fn way(groups: &[(String, Option<usize>)], group: &str, user: &str) -> Vec<String> {
    let mut way = Vec::new();
    let mut at = groups.iter().position(|(name, _)| name == group);
    while let Some((name, below)) = at.and_then(|at| groups.get(at)) {
        way.push(name.clone());
        at = *below;
    }
    way.push(user.to_owned());
    way.reverse();
    way
}

impl Snapshot {
    fn path(&self, role: &str, via: Vec<String>) -> RolePath {
        let source = self
            .set
            .roles
            .get(role)
            .map_or("", |role| role.source.name());
        RolePath {
            role: role.to_owned(),
            source: source.to_owned(),
            via,
        }
    }

    fn in_words(&self, reason: &Reason) -> String {
        let listed = |ids: &[i64]| {
            let ids = ids.iter().map(|id| self.condition_in_words(*id));
            ids.collect::<Vec<_>>().join(", ")
        };
        match reason {
            Reason::SuperUser => "permission.rbac.admin.superUsers names the user or one of their \
                                  groups"
                .to_owned(),
            Reason::UnknownAction => "nobody knows the action of the permission".to_owned(),
            Reason::Rule(rule) => self.rule_in_words(*rule),
            Reason::Conditions(ids) => {
                format!("it depends on the resource, by {}", listed(ids))
            }
            Reason::Ambiguous(ids) => format!(
                "one role has several conditional policies for the same permission: {}",
                listed(ids)
            ),
            Reason::NothingSaid => "no policy of the user's roles is about it".to_owned(),
        }
    }

    fn rule_in_words(&self, rule: RuleId) -> String {
        let (object, action) = self.tables.spelled(rule.key);
        let subject = self.tables.name(rule.subject);
        let source = self.set.roles.get(subject).map(|role| role.source.name());
        let source = source
            .map(|source| format!(" ({source})"))
            .unwrap_or_default();
        format!(
            "p, {subject}, {object}, {action}, {}{source}",
            rule.effect.name()
        )
    }

    fn condition_in_words(&self, id: i64) -> String {
        let policy = self.set.conditions.iter().find(|policy| policy.id == id);
        let role = policy.map_or("", |policy| policy.role.as_str());
        format!("conditional policy {id} of {role}")
    }
}
