//! A policy as tables: what a decision looks up instead of reading rules.
//!
//! Names of permissions and types of resources share one numbering, and so do roles, users and
//! groups. Rules of a subject are a short sorted list, so that one question is a few binary searches.

use std::collections::HashMap;

use platform::permission::Condition;

use crate::condition::has_alias;
use crate::policy::{Action, ConditionalPolicy, Effect, Mapped, PolicySet};
use crate::settings::RbacSettings;

/// A role, or a user or group that rules name directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SubjectId(u32);

/// A permission or a type of resources, together with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u32);

/// Bits of a [`Key`] that are its action.
const ACTION_BITS: u32 = 3;

/// A conditional policy of a role.
pub(crate) struct Conditional {
    pub(crate) id: i64,
    pub(crate) plugin: Box<str>,
    resource_type: Box<str>,
    permissions: Vec<Mapped>,
    pub(crate) condition: Condition,
    pub(crate) has_alias: bool,
}

impl Conditional {
    fn of(policy: &ConditionalPolicy) -> Self {
        Self {
            id: policy.id,
            plugin: policy.plugin.as_str().into(),
            resource_type: policy.resource_type.as_str().into(),
            permissions: policy.permissions.clone(),
            has_alias: has_alias(&policy.condition),
            condition: policy.condition.clone(),
        }
    }

    /// Whether the policy is about a permission on a type of resources.
    pub(crate) fn is_about(&self, name: &str, action: Action, resource_type: &str) -> bool {
        *self.resource_type == *resource_type
            && self.permissions.iter().any(|mapped| {
                mapped.action == action && mapped.name.as_deref().is_none_or(|own| own == name)
            })
    }
}

/// The tables.
#[derive(Default)]
pub(crate) struct Compiled {
    objects: HashMap<Box<str>, u32>,
    object_names: Vec<Box<str>>,
    subjects: HashMap<Box<str>, SubjectId>,
    names: Vec<Box<str>>,
    /// By subject, sorted.
    rules: Vec<Box<[(Key, Effect)]>>,
    /// By subject.
    conditions: Vec<Vec<Conditional>>,
    /// Roles by member.
    roles: HashMap<Box<str>, Box<[SubjectId]>>,
    /// The role of everybody.
    default_role: Option<SubjectId>,
}

impl Compiled {
    pub(crate) fn new(set: &PolicySet, settings: &RbacSettings) -> Self {
        let mut tables = Self::default();
        let mut rules: Vec<Vec<(Key, Effect)>> = Vec::new();
        for rule in &set.rules {
            let subject = tables.subject(&rule.subject);
            let key = key(tables.object(&rule.permission), rule.action);
            add(&mut rules, subject, (key, rule.effect));
        }
        let mut roles: HashMap<Box<str>, Vec<SubjectId>> = HashMap::new();
        for membership in &set.memberships {
            let role = tables.subject(&membership.role);
            let member = membership.member.as_str().into();
            roles.entry(member).or_default().push(role);
        }
        let mut conditions: Vec<Vec<Conditional>> = Vec::new();
        for policy in &set.conditions {
            let role = tables.subject(&policy.role);
            add(&mut conditions, role, Conditional::of(policy));
        }
        let default_role = settings.default_role.as_ref();
        tables.default_role = default_role.map(|role| tables.subject(&role.name));
        tables.rules = rules.into_iter().map(sorted).collect();
        tables.conditions = conditions;
        tables.roles = roles
            .into_iter()
            .map(|(member, roles)| (member, sorted(roles)))
            .collect();
        tables
    }

    fn object(&mut self, name: &str) -> u32 {
        if let Some(id) = self.objects.get(name) {
            return *id;
        }
        let id = number(self.object_names.len());
        self.object_names.push(name.into());
        self.objects.insert(name.into(), id);
        id
    }

    fn subject(&mut self, name: &str) -> SubjectId {
        if let Some(id) = self.subjects.get(name) {
            return *id;
        }
        let id = SubjectId(number(self.names.len()));
        self.names.push(name.into());
        self.subjects.insert(name.into(), id);
        id
    }

    /// The key of a permission or a type of resources that some rule names.
    pub(crate) fn key(&self, object: &str, action: Action) -> Option<Key> {
        self.objects.get(object).map(|id| key(*id, action))
    }

    /// The name and the action of a key.
    pub(crate) fn spelled(&self, key: Key) -> (&str, &'static str) {
        let name = self.object_names.get((key.0 >> ACTION_BITS) as usize);
        let action = Action::ALL.get((key.0 & ((1 << ACTION_BITS) - 1)) as usize);
        (
            name.map_or("", |name| name),
            action.map_or("", |action| action.name()),
        )
    }

    /// The subject of a name that some rule or membership has.
    pub(crate) fn find(&self, name: &str) -> Option<SubjectId> {
        self.subjects.get(name).copied()
    }

    /// The name of a subject.
    pub(crate) fn name(&self, subject: SubjectId) -> &str {
        self.names.get(subject.0 as usize).map_or("", |name| name)
    }

    /// The roles that a user or group has itself.
    pub(crate) fn roles_of(&self, member: &str) -> &[SubjectId] {
        self.roles.get(member).map_or(&[], |roles| roles)
    }

    /// The role that everybody has.
    pub(crate) fn default_role(&self) -> Option<SubjectId> {
        self.default_role
    }

    /// What the rules of a subject say about a key: what allows comes before what denies.
    pub(crate) fn effects(&self, subject: SubjectId, key: Key) -> &[(Key, Effect)] {
        let rules = self.rules.get(subject.0 as usize);
        let rules = rules.map_or(&[][..], |rules| rules);
        let start = rules.partition_point(|(other, _)| *other < key);
        let n_equal = rules[start..].iter().take_while(|(other, _)| *other == key);
        let end = start + n_equal.count();
        &rules[start..end]
    }

    /// Whether a subject has any rule.
    pub(crate) fn has_rules(&self, subject: SubjectId) -> bool {
        let rules = self.rules.get(subject.0 as usize);
        rules.is_some_and(|rules| !rules.is_empty())
    }

    /// The conditional policies of a role.
    pub(crate) fn conditions(&self, role: SubjectId) -> &[Conditional] {
        self.conditions
            .get(role.0 as usize)
            .map_or(&[], Vec::as_slice)
    }
}

fn key(object: u32, action: Action) -> Key {
    Key(object << ACTION_BITS | action as u32)
}

/// Four billion names do not fit into the memory of a policy.
fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX >> ACTION_BITS)
}

fn add<T>(lists: &mut Vec<Vec<T>>, subject: SubjectId, item: T) {
    let at = subject.0 as usize;
    if lists.len() <= at {
        lists.resize_with(at + 1, Vec::new);
    }
    lists[at].push(item);
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Box<[T]> {
    items.sort_unstable();
    items.dedup();
    items.into_boxed_slice()
}
