//! Decisions, in the order of Backstage's RBAC plugin: superusers, conditions, names, types.

use std::sync::Arc;

use parking_lot::RwLock;
use platform::ctx::User;
use platform::permission::{Condition, Decision, Permission};
use quick_cache::sync::Cache;

use crate::compiled::{Compiled, Conditional, Key, SubjectId};
use crate::condition::for_user;
use crate::policy::{Action, Effect, PolicySet};
use crate::settings::RbacSettings;
use crate::subject::{self, Groups, all_groups};

/// Users whose roles are kept in mind.
const STANDINGS: usize = 100_000;
/// The permission to make roles, which is on no resource but may be given by their type.
const POLICY_CREATE: &str = "policy.entity.create";
const POLICY_ENTITY: &str = "policy-entity";

/// Decides by a policy, and is given another one at any time.
pub struct Engine {
    settings: RbacSettings,
    groups: Arc<dyn Groups>,
    current: RwLock<Arc<Snapshot>>,
}

/// A policy, and what was found out while deciding by it.
pub(crate) struct Snapshot {
    pub(crate) set: Arc<PolicySet>,
    pub(crate) tables: Compiled,
    standings: Cache<Box<str>, Arc<Standing>>,
}

/// Who a user is to a policy.
pub(crate) struct Standing {
    revision: u64,
    ownership: Arc<[String]>,
    is_super: bool,
    roles: Box<[SubjectId]>,
    /// The user and their groups, as far as rules name them directly.
    own: Box<[SubjectId]>,
}

/// A decision and why it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// The plugin that has the resources of a conditional decision.
    pub plugin: Option<String>,
    /// What decided.
    pub reason: Reason,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The user may everything.
    SuperUser,
    /// The permission has an action that nobody knows.
    UnknownAction,
    /// A rule.
    Rule(RuleId),
    /// Conditional policies, by number.
    Conditions(Vec<i64>),
    /// A role has several conditional policies for the same, by number.
    Ambiguous(Vec<i64>),
    /// No rule says anything.
    NothingSaid,
}

/// A rule in the tables of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleId {
    pub(crate) subject: SubjectId,
    pub(crate) key: Key,
    pub(crate) effect: Effect,
}

impl Engine {
    /// Decides by a policy.
    pub fn new(settings: RbacSettings, groups: Arc<dyn Groups>, set: PolicySet) -> Self {
        let snapshot = Snapshot::new(set, &settings);
        Self {
            settings,
            groups,
            current: RwLock::new(Arc::new(snapshot)),
        }
    }

    /// Decides by another policy from now on.
    pub fn replace(&self, set: PolicySet) {
        let snapshot = Arc::new(Snapshot::new(set, &self.settings));
        let old = std::mem::replace(&mut *self.current.write(), snapshot);
        // Taken apart outside of the lock.
        drop(old);
    }

    /// The policy.
    pub fn policy(&self) -> Arc<PolicySet> {
        Arc::clone(&self.snapshot().set)
    }

    /// Settings.
    pub fn settings(&self) -> &RbacSettings {
        &self.settings
    }

    /// The same, by another policy.
    pub(crate) fn with(&self, set: PolicySet) -> Self {
        Self::new(self.settings.clone(), Arc::clone(&self.groups), set)
    }

    pub(crate) fn groups(&self) -> &dyn Groups {
        &*self.groups
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read())
    }

    /// What a user may.
    pub fn decide(&self, user: &User, permission: &Permission<'_>) -> Verdict {
        let snapshot = self.snapshot();
        let standing = self.standing(&snapshot, user);
        let question = Question {
            tables: &snapshot.tables,
            standing: &standing,
            user,
            permission,
            prefers_basic: self.settings.prefers_basic,
        };
        question.decide()
    }

    fn standing(&self, snapshot: &Snapshot, user: &User) -> Arc<Standing> {
        let revision = self.groups.revision();
        let known = snapshot.standings.get(user.entity_ref.as_str());
        let is_current = |it: &Arc<Standing>| {
            it.revision == revision
                && (Arc::ptr_eq(&it.ownership, &user.ownership) || it.ownership == user.ownership)
        };
        if let Some(known) = known.filter(is_current) {
            return known;
        }
        let fresh = Arc::new(self.find_standing(&snapshot.tables, user, revision));
        let key = user.entity_ref.as_str().into();
        snapshot.standings.insert(key, Arc::clone(&fresh));
        fresh
    }

    /// Super users are named themselves or by a group they are in, not by one above it: whoever names
    /// a team does not mean all below it. Reference mcp-auth-rbac §5.4.2.
    fn is_super(&self, name: &str, ownership: &[String]) -> bool {
        let super_users = &self.settings.super_users;
        if super_users.is_empty() {
            return false;
        }
        let direct = subject::direct(&*self.groups, name, ownership);
        let mut own = std::iter::once(name).chain(direct);
        own.any(|own| super_users.iter().any(|it| it.eq_ignore_ascii_case(own)))
    }

    fn find_standing(&self, tables: &Compiled, user: &User, revision: u64) -> Standing {
        let name = user.entity_ref.to_lowercase();
        let is_super = self.is_super(&name, &user.ownership);
        let groups = all_groups(&*self.groups, &name, self.settings.max_depth);
        let mut roles: Vec<SubjectId> = tables.default_role().into_iter().collect();
        let mut own = Vec::new();
        // Groups that are above themselves give no roles at all, not even the user's own.
        if let Some(groups) = groups {
            let mut members: Vec<String> = vec![name];
            members.extend(groups.into_iter().map(|(group, _)| group));
            if self.settings.use_ownership {
                members.extend(user.ownership.iter().map(|owner| owner.to_lowercase()));
            }
            for member in &members {
                roles.extend(tables.roles_of(member));
                own.extend(tables.find(member).filter(|it| tables.has_rules(*it)));
            }
        }
        roles.sort_unstable();
        roles.dedup();
        Standing {
            revision,
            ownership: Arc::clone(&user.ownership),
            is_super,
            roles: roles.into(),
            own: own.into(),
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Snapshot {
    fn new(set: PolicySet, settings: &RbacSettings) -> Self {
        Self {
            tables: Compiled::new(&set, settings),
            set: Arc::new(set),
            standings: Cache::new(STANDINGS),
        }
    }
}

struct Question<'a> {
    tables: &'a Compiled,
    standing: &'a Standing,
    user: &'a User,
    permission: &'a Permission<'a>,
    prefers_basic: bool,
}

impl Question<'_> {
    fn decide(&self) -> Verdict {
        if self.standing.is_super {
            return verdict(Decision::Allow, Reason::SuperUser);
        }
        let Some(action) = Action::of(self.permission) else {
            return verdict(Decision::Deny, Reason::UnknownAction);
        };
        let by_name = self.tables.key(self.permission.name, action);
        let is_named = self.has_rule(by_name);
        let resource_type = match self.permission.resource_type {
            None if self.permission.name == POLICY_CREATE && !is_named => Some(POLICY_ENTITY),
            other => other,
        };
        let Some(resource_type) = resource_type else {
            return self.by_rules(by_name);
        };
        let by_type = self.tables.key(resource_type, action);
        let key = if is_named { by_name } else { by_type };
        if self.prefers_basic && (is_named || self.has_rule(by_type)) {
            return self.by_rules(key);
        }
        self.by_conditions(action, resource_type)
            .unwrap_or_else(|| self.by_rules(key))
    }

    /// Whether a role has a rule for a key.
    fn has_rule(&self, key: Option<Key>) -> bool {
        key.is_some_and(|key| {
            let mut roles = self.standing.roles.iter();
            roles.any(|role| !self.tables.effects(*role, key).is_empty())
        })
    }

    /// One rule that denies is enough, and without one that allows nothing is.
    fn by_rules(&self, key: Option<Key>) -> Verdict {
        let nothing = || verdict(Decision::Deny, Reason::NothingSaid);
        let Some(key) = key else {
            return nothing();
        };
        let has_roles = !self.standing.roles.is_empty();
        let subjects = if has_roles {
            &self.standing.roles
        } else {
            &self.standing.own
        };
        let mut allowed = None;
        for subject in subjects {
            for (_, effect) in self.tables.effects(*subject, key) {
                let reason = Reason::Rule(RuleId {
                    subject: *subject,
                    key,
                    effect: *effect,
                });
                if *effect == Effect::Deny {
                    return verdict(Decision::Deny, reason);
                }
                allowed = allowed.or(Some(reason));
            }
        }
        allowed.map_or_else(nothing, |reason| verdict(Decision::Allow, reason))
    }

    fn by_conditions(&self, action: Action, resource_type: &str) -> Option<Verdict> {
        let mut found: Vec<&Conditional> = Vec::new();
        for role in &self.standing.roles {
            let policies = self.tables.conditions(*role).iter();
            let mut own =
                policies.filter(|it| it.is_about(self.permission.name, action, resource_type));
            let Some(first) = own.next() else {
                continue;
            };
            let others: Vec<i64> = own.map(|it| it.id).collect();
            if !others.is_empty() {
                let ids = [vec![first.id], others].concat();
                return Some(verdict(Decision::Deny, Reason::Ambiguous(ids)));
            }
            found.push(first);
        }
        let last = found.last()?;
        let plugin = Some(last.plugin.to_string());
        let reason = Reason::Conditions(found.iter().map(|it| it.id).collect());
        let parts = found.into_iter().map(|it| self.filled(it)).collect();
        Some(Verdict {
            decision: Decision::Conditional(Condition::AnyOf(parts)),
            plugin,
            reason,
        })
    }

    fn filled(&self, policy: &Conditional) -> Condition {
        if policy.has_alias {
            for_user(
                &policy.condition,
                &self.user.entity_ref,
                &self.user.ownership,
            )
        } else {
            policy.condition.clone()
        }
    }
}

fn verdict(decision: Decision, reason: Reason) -> Verdict {
    Verdict {
        decision,
        plugin: None,
        reason,
    }
}
