//! The engine decides what a plain reading of the rules decides, over random policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use permission::{
    Action, ConditionalPolicy, DefaultRole, Effect, Engine, Mapped, Membership, PolicySet,
    RbacSettings, Role, Rule, Source,
};
use platform::ctx::User;
use platform::permission::{Condition, Decision, Permission};
use proptest::prelude::*;
use serde_json::json;

use super::lab::{TestGroups, user};

const USERS: [&str; 3] = ["user:default/a", "user:default/b", "user:default/c"];
const GROUPS: [&str; 4] = [
    "group:default/g",
    "group:default/h",
    "group:default/i",
    "group:default/j",
];
const ROLES: [&str; 4] = [
    "role:default/w",
    "role:default/x",
    "role:default/y",
    "role:default/z",
];
const OBJECTS: [&str; 4] = ["n.one", "n.two", "type", "policy-entity"];
const ACTIONS: [Action; 3] = [Action::Read, Action::Create, Action::Use];

/// What the rules say, read one by one.
struct Reference<'a> {
    set: &'a PolicySet,
    settings: &'a RbacSettings,
    groups: &'a TestGroups,
}

impl Reference<'_> {
    /// All that is above a user, circles or not.
    fn reached(&self, user: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut open = vec![user.to_owned()];
        while let Some(name) = open.pop() {
            for parent in self.groups.0.get(&name).into_iter().flatten() {
                if all.insert(parent.clone()) {
                    open.push(parent.clone());
                }
            }
        }
        all
    }

    /// The groups of a user by level; `None` when a group is above itself.
    fn groups(&self, user: &str) -> Option<BTreeSet<String>> {
        let parents = |name: &str| self.groups.0.get(name).cloned().unwrap_or_default();
        let mut levels = vec![parents(user).into_iter().collect::<BTreeSet<_>>()];
        let depth = self.settings.max_depth.unwrap_or(10);
        let mut edges = BTreeSet::new();
        for _ in 0..depth {
            let mut next = BTreeSet::new();
            for group in levels.last()? {
                for parent in parents(group) {
                    edges.insert((group.clone(), parent.clone()));
                    next.insert(parent);
                }
            }
            levels.push(next);
        }
        // Warshall's closure finds what is above itself.
        let mut closure = edges.clone();
        for _ in 0..4 {
            let joined: Vec<_> = closure
                .iter()
                .flat_map(|(a, b)| {
                    edges
                        .iter()
                        .filter(move |(c, _)| b == c)
                        .map(|(_, d)| (a.clone(), d.clone()))
                })
                .collect();
            closure.extend(joined);
        }
        if closure.iter().any(|(a, b)| a == b) {
            return None;
        }
        Some(levels.into_iter().flatten().collect())
    }

    fn members(&self, user: &User) -> BTreeSet<String> {
        let Some(mut members) = self.groups(&user.entity_ref) else {
            return BTreeSet::new();
        };
        members.insert(user.entity_ref.clone());
        if self.settings.use_ownership {
            members.extend(user.ownership.iter().cloned());
        }
        members
    }

    fn roles(&self, user: &User) -> BTreeSet<String> {
        let members = self.members(user);
        let own = self.set.memberships.iter();
        let own = own
            .filter(|it| members.contains(&it.member))
            .map(|it| it.role.clone());
        let default_role = self
            .settings
            .default_role
            .iter()
            .map(|role| role.name.clone());
        own.chain(default_role).collect()
    }

    fn rules(&self, subjects: &BTreeSet<String>, object: &str, action: Action) -> Vec<Effect> {
        let rules = self.set.rules.iter();
        rules
            .filter(|it| {
                subjects.contains(&it.subject) && it.permission == object && it.action == action
            })
            .map(|it| it.effect)
            .collect()
    }

    fn decide(&self, user: &User, permission: &Permission<'_>) -> Decision {
        let direct = self.groups.0.get(&user.entity_ref);
        let is_above = |name: &String| {
            let is_direct = direct.is_some_and(|direct| direct.contains(name));
            !is_direct && self.reached(&user.entity_ref).contains(name)
        };
        let is_super = |name: &String| {
            user.entity_ref == *name || (user.ownership.contains(name) && !is_above(name))
        };
        if self.settings.super_users.iter().any(is_super) {
            return Decision::Allow;
        }
        let action = permission
            .action
            .map_or(Action::Use, |name| Action::of_name(name).unwrap());
        let roles = self.roles(user);
        let is_named = !self.rules(&roles, permission.name, action).is_empty();
        let mut resource_type = permission.resource_type;
        if permission.name == "policy.entity.create" && !is_named {
            resource_type = Some("policy-entity");
        }
        if let Some(resource_type) = resource_type {
            let is_typed = !self.rules(&roles, resource_type, action).is_empty();
            let is_basic = self.settings.prefers_basic && (is_named || is_typed);
            let conditional = self.conditional(&roles, permission.name, resource_type, action);
            if let Some(decision) = conditional.filter(|_| !is_basic) {
                return decision;
            }
        }
        let object = match resource_type {
            Some(resource_type) if !is_named => resource_type,
            _ => permission.name,
        };
        let subjects = if roles.is_empty() {
            self.members(user)
        } else {
            roles
        };
        let effects = self.rules(&subjects, object, action);
        if effects.contains(&Effect::Allow) && !effects.contains(&Effect::Deny) {
            Decision::Allow
        } else {
            Decision::Deny
        }
    }

    fn conditional(
        &self,
        roles: &BTreeSet<String>,
        name: &str,
        resource_type: &str,
        action: Action,
    ) -> Option<Decision> {
        let mut ids = BTreeSet::new();
        for role in roles {
            let about = |policy: &&ConditionalPolicy| {
                policy.role == *role
                    && policy.resource_type == resource_type
                    && policy.permissions.iter().any(|mapped| {
                        mapped.action == action
                            && mapped.name.as_ref().is_none_or(|own| own == name)
                    })
            };
            let found: Vec<_> = self.set.conditions.iter().filter(about).collect();
            match found.as_slice() {
                [] => {}
                [one] => {
                    ids.insert(one.id);
                }
                _ => return Some(Decision::Deny),
            }
        }
        (!ids.is_empty()).then(|| {
            Decision::Conditional(Condition::AnyOf(ids.into_iter().map(numbered).collect()))
        })
    }
}

/// A condition that tells which policy it is of.
fn numbered(id: i64) -> Condition {
    Condition::Rule {
        rule: "R".to_owned(),
        resource_type: "type".to_owned(),
        params: json!({ "id": id }),
    }
}

/// With the parts of a conditional decision in order.
fn sorted(decision: Decision) -> Decision {
    match decision {
        Decision::Conditional(Condition::AnyOf(mut parts)) => {
            parts.sort_by_key(|part| part.to_json().to_string());
            Decision::Conditional(Condition::AnyOf(parts))
        }
        other => other,
    }
}

fn pick<const N: usize>(names: [&'static str; N]) -> impl Strategy<Value = String> {
    prop::sample::select(names.to_vec()).prop_map(str::to_owned)
}

fn action() -> impl Strategy<Value = Action> {
    prop::sample::select(ACTIONS.to_vec())
}

fn policy() -> impl Strategy<Value = PolicySet> {
    let subject = prop_oneof![8 => pick(ROLES), 1 => pick(USERS), 1 => pick(GROUPS)];
    let effect = prop_oneof![3 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
    let rule = (subject, pick(OBJECTS), action(), effect);
    let member = prop_oneof![pick(USERS), pick(GROUPS)];
    let mapped = (prop::option::of(pick(["n.one", "n.two"])), action());
    let condition = (
        pick(ROLES),
        pick(["type", "policy-entity"]),
        prop::collection::vec(mapped, 1..3),
    );
    (
        prop::collection::vec(rule, 0..25),
        prop::collection::vec((member, pick(ROLES)), 0..8),
        prop::collection::vec(condition, 0..5),
    )
        .prop_map(|(rules, memberships, conditions)| PolicySet {
            roles: ROLES
                .iter()
                .map(|role| ((*role).to_owned(), Role::new(role, Source::Rest)))
                .collect(),
            rules: rules
                .into_iter()
                .map(|(subject, permission, action, effect)| Rule {
                    subject,
                    permission,
                    action,
                    effect,
                })
                .collect(),
            memberships: memberships
                .into_iter()
                .map(|(member, role)| Membership { member, role })
                .collect(),
            conditions: (1..)
                .zip(conditions)
                .map(
                    |(id, (role, resource_type, permissions))| ConditionalPolicy {
                        id,
                        role,
                        plugin: "lab".to_owned(),
                        resource_type,
                        permissions: permissions
                            .into_iter()
                            .map(|(name, action)| Mapped { name, action })
                            .collect(),
                        condition: numbered(id),
                    },
                )
                .collect(),
        })
}

fn settings() -> impl Strategy<Value = RbacSettings> {
    let default_role = prop::option::weighted(0.3, pick(ROLES));
    (
        prop::option::of(0_u32..4),
        any::<bool>(),
        any::<bool>(),
        default_role,
        prop::collection::vec(prop_oneof![pick(USERS), pick(GROUPS)], 0..2),
    )
        .prop_map(
            |(max_depth, prefers_basic, use_ownership, default_role, super_users)| RbacSettings {
                max_depth,
                prefers_basic,
                use_ownership,
                super_users,
                default_role: default_role.map(|name| DefaultRole {
                    name,
                    permissions: Vec::new(),
                }),
                ..RbacSettings::default()
            },
        )
}

fn groups() -> impl Strategy<Value = TestGroups> {
    let edge = (prop_oneof![pick(USERS), pick(GROUPS)], pick(GROUPS));
    prop::collection::vec(edge, 0..7).prop_map(|edges| {
        let mut groups = TestGroups::default();
        for (below, above) in edges {
            groups.0.entry(below).or_default().push(above);
        }
        groups
    })
}

const QUESTIONS: [(&str, Option<&str>, Option<&str>); 8] = [
    ("n.one", Some("read"), Some("type")),
    ("n.two", Some("read"), Some("type")),
    ("n.one", None, None),
    ("n.two", Some("create"), None),
    ("n.two", Some("create"), Some("type")),
    ("policy.entity.create", Some("create"), None),
    ("policy.entity.read", Some("read"), Some("policy-entity")),
    ("unknown", Some("read"), None),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_decides_as_the_rules_read(
        set in policy(),
        settings in settings(),
        groups in groups(),
        owned in prop::collection::vec(pick(GROUPS), 0..2),
    ) {
        let engine = Engine::new(settings.clone(), Arc::new(groups.clone()), set.clone());
        let reference = Reference { set: &set, settings: &settings, groups: &groups };
        for name in USERS {
            let owned: Vec<&str> = owned.iter().map(String::as_str).collect();
            let user = user(name, &owned);
            for (name, action, resource_type) in QUESTIONS {
                let permission = Permission { name, action, resource_type };
                let found = engine.decide(&user, &permission);
                let expected = reference.decide(&user, &permission);
                prop_assert_eq!(sorted(found.decision), sorted(expected), "{:?} {:?}", user, permission);
            }
        }
    }
}
