//! How fast decisions are: 100,000 policies, 10,000 roles, 50,000 users in groups two levels deep.
//!
//! `cargo run --release -p permission --example decide`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark tells its figures"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use permission::{
    Action, ConditionalPolicy, Effect, Engine, Groups, Mapped, Membership, PolicySet, RbacSettings,
    Role, Rule, Source,
};
use platform::ctx::User;
use platform::permission::{Condition, Permission};
use serde_json::json;

const ROLES: usize = 10_000;
const RULES: usize = 100_000;
const USERS: usize = 50_000;
const GROUPS: usize = 5_000;
const QUESTIONS: usize = 400_000;

/// Each user is in three groups, and each group below one of fifty.
struct Org;

impl Groups for Org {
    fn revision(&self) -> u64 {
        1
    }

    fn of_user(&self, user_ref: &str) -> Vec<String> {
        let number: usize = user_ref
            .trim_start_matches("user:default/u")
            .parse()
            .unwrap();
        let groups = [number % GROUPS, number * 7 % GROUPS, number * 31 % GROUPS];
        groups
            .map(|group| format!("group:default/g{group}"))
            .to_vec()
    }

    fn parents(&self, group_ref: &str) -> Vec<String> {
        match group_ref.strip_prefix("group:default/g") {
            Some(number) => {
                let number: usize = number.parse().unwrap();
                vec![format!("group:default/top{}", number % 50)]
            }
            None => Vec::new(),
        }
    }
}

fn policy() -> PolicySet {
    let mut set = PolicySet::default();
    for number in 0..ROLES {
        let name = format!("role:default/r{number}");
        set.memberships.push(Membership {
            member: format!("group:default/g{}", number % GROUPS),
            role: name.clone(),
        });
        if number % 200 == 0 {
            set.memberships.push(Membership {
                member: format!("group:default/top{}", number / 200),
                role: name.clone(),
            });
        }
        if number % 10 == 0 {
            set.conditions.push(condition(number, &name));
        }
        set.roles
            .insert(name.clone(), Role::new(&name, Source::CsvFile));
    }
    for number in 0..RULES {
        set.rules.push(Rule {
            subject: format!("role:default/r{}", number % ROLES),
            permission: format!("plugin{}.thing.verb{}", number % 40, number / ROLES),
            action: Action::ALL[number % 5],
            effect: if number % 50 == 0 {
                Effect::Deny
            } else {
                Effect::Allow
            },
        });
    }
    set
}

fn condition(number: usize, role: &str) -> ConditionalPolicy {
    ConditionalPolicy {
        id: i64::try_from(number).unwrap(),
        role: role.to_owned(),
        plugin: "catalog".to_owned(),
        resource_type: "catalog-entity".to_owned(),
        permissions: vec![Mapped {
            name: None,
            action: Action::Delete,
        }],
        condition: Condition::Rule {
            rule: "IS_ENTITY_OWNER".to_owned(),
            resource_type: "catalog-entity".to_owned(),
            params: json!({"claims": ["$ownerRefs"]}),
        },
    }
}

fn users() -> Vec<User> {
    let user = |number| {
        let name = format!("user:default/u{number}");
        User {
            ownership: [name.clone()].into(),
            entity_ref: name,
            expires_at: i64::MAX,
            limited_token: None,
            agent: None,
            actor: None,
            reach: platform::ctx::Reach::default(),
        }
    };
    (0..USERS).map(user).collect()
}

/// Every question once: a plain one, or every fourth time one that conditions answer.
fn ask(engine: &Engine, users: &[User], names: &[String], n: usize) -> Vec<Duration> {
    let mut times = Vec::with_capacity(n);
    for number in 0..n {
        let user = &users[number * 7_919 % users.len()];
        let permission = if number % 4 == 0 {
            Permission {
                name: "catalog.entity.delete",
                action: Some("delete"),
                resource_type: Some("catalog-entity"),
            }
        } else {
            Permission {
                name: &names[number % names.len()],
                action: Some("read"),
                resource_type: None,
            }
        };
        let begin = Instant::now();
        std::hint::black_box(engine.decide(user, &permission));
        times.push(begin.elapsed());
    }
    times
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let total: Duration = times.iter().sum();
    let at = |share: usize| times[(times.len() - 1) * share / 1_000];
    let per_second = times.len() as u128 * 1_000_000_000 / total.as_nanos();
    println!(
        "| {what} | {:.1?} | {:.1?} | {:.1?} | {per_second} | p99 20 µs |",
        at(500),
        at(990),
        at(999)
    );
}

fn main() {
    let begin = Instant::now();
    let set = policy();
    let (n_rules, n_roles) = (set.rules.len(), set.roles.len());
    let built = begin.elapsed();
    let begin = Instant::now();
    let engine = Engine::new(RbacSettings::default(), Arc::new(Org), set);
    println!(
        "{n_rules} policies, {n_roles} roles, {USERS} users: made in {built:?}, compiled in {:?}",
        begin.elapsed()
    );
    let users = users();
    let names: Vec<String> = (0..400)
        .map(|number| format!("plugin{}.thing.verb{}", number % 40, number / 40))
        .collect();
    println!("| Question | p50 | p99 | p99.9 | decisions/s on one core | Budget |");
    println!("|---|---|---|---|---|---|");
    tell(
        "first question of each user",
        ask(&engine, &users, &names, USERS),
    );
    tell("later questions", ask(&engine, &users, &names, QUESTIONS));
}
