//! Decisions one can read, and their reasons.

use std::sync::Arc;

use permission::{ConditionLimits, Engine, PolicySet, RbacSettings, read_conditions, read_csv};
use platform::permission::Permission;

use super::lab::{TestGroups, user};

const CSV: &str = "\
g, group:default/everyone, role:default/reader
g, group:default/team, role:default/builder
g, user:default/mallory, role:default/blocked
p, role:default/reader, catalog-entity, read, allow
p, role:default/builder, catalog.entity.create, create, allow
p, role:default/builder, catalog-entity, delete, allow
p, role:default/blocked, catalog-entity, read, deny
p, user:default/loner, kubernetes.proxy, use, allow
";
const CONDITIONS: &str = "\
result: CONDITIONAL
roleEntityRef: role:default/builder
pluginId: catalog
resourceType: catalog-entity
permissionMapping: [update]
conditions:
  rule: IS_ENTITY_OWNER
  resourceType: catalog-entity
  params: {claims: [$ownerRefs]}
";

fn engine() -> Engine {
    let (mut set, problems) = read_csv(CSV, "policy.csv");
    assert_eq!(problems, []);
    let (conditions, problems) = read_conditions(CONDITIONS, "c.yaml", &ConditionLimits::default());
    assert_eq!(problems, []);
    set.conditions = conditions;
    let groups = TestGroups::of(&[
        ("user:default/alice", &["group:default/team"]),
        ("user:default/mallory", &["group:default/everyone"]),
        ("group:default/team", &["group:default/everyone"]),
    ]);
    let settings = RbacSettings {
        super_users: vec!["group:default/root".to_owned()],
        ..RbacSettings::default()
    };
    Engine::new(settings, Arc::new(groups), set)
}

const READ: Permission<'_> = entity("catalog.entity.read", "read");
const UPDATE: Permission<'_> = entity("catalog.entity.refresh", "update");
const DELETE: Permission<'_> = entity("catalog.entity.delete", "delete");
const CREATE: Permission<'_> = Permission {
    name: "catalog.entity.create",
    action: Some("create"),
    resource_type: None,
};
const PROXY: Permission<'_> = Permission {
    name: "kubernetes.proxy",
    action: None,
    resource_type: None,
};

const fn entity(name: &'static str, action: &'static str) -> Permission<'static> {
    Permission {
        name,
        action: Some(action),
        resource_type: Some("catalog-entity"),
    }
}

#[test]
fn super_users_are_named_or_members_and_not_below() {
    let groups = TestGroups::of(&[
        ("user:default/alice", &["group:default/team"]),
        ("user:default/chief", &["group:default/root"]),
        ("group:default/team", &["group:default/root"]),
    ]);
    let told = permission::user("user:default/alice", &groups);
    let all = [
        "user:default/alice",
        "group:default/team",
        "group:default/root",
    ];
    assert_eq!(
        *told.ownership, all,
        "questions about a user are asked for all they own through"
    );
    let settings = RbacSettings {
        super_users: vec!["group:default/root".to_owned()],
        ..RbacSettings::default()
    };
    let engine = Engine::new(settings, Arc::new(groups), PolicySet::default());
    let root = "group:default/root";
    // What a user owns things through has the groups above theirs, too.
    let cases = [
        (
            "user:default/alice",
            vec!["group:default/team", root],
            "DENY",
        ),
        ("user:default/chief", vec![root], "ALLOW"),
        ("user:default/of-a-resolver", vec![root], "ALLOW"),
    ];
    for (name, ownership, expected) in cases {
        let found = engine.explain(&user(name, &ownership), &DELETE).1;
        assert_eq!(found.decision, expected, "{name}");
    }
}

#[test]
fn decisions_come_with_the_policy_that_decided() {
    const NOTHING: &str = "no policy of the user's roles is about it";
    let engine = engine();
    let cases = [
        (
            "user:default/alice",
            READ,
            "ALLOW",
            "p, role:default/reader, catalog-entity, read, allow (csv-file)",
        ),
        (
            "user:default/Alice",
            READ,
            "ALLOW",
            "p, role:default/reader, catalog-entity, read, allow (csv-file)",
        ),
        (
            "user:default/alice",
            CREATE,
            "ALLOW",
            "p, role:default/builder, catalog.entity.create, create, allow (csv-file)",
        ),
        (
            "user:default/alice",
            UPDATE,
            "CONDITIONAL",
            "it depends on the resource, by conditional policy 1000000000 of role:default/builder",
        ),
        (
            "user:default/alice",
            DELETE,
            "ALLOW",
            "p, role:default/builder, catalog-entity, delete, allow (csv-file)",
        ),
        (
            "user:default/mallory",
            READ,
            "DENY",
            "p, role:default/blocked, catalog-entity, read, deny (csv-file)",
        ),
        ("user:default/mallory", CREATE, "DENY", NOTHING),
        (
            "user:default/loner",
            PROXY,
            "ALLOW",
            "p, user:default/loner, kubernetes.proxy, use, allow",
        ),
        ("user:default/nobody", READ, "DENY", NOTHING),
    ];
    for (name, permission, decision, reason) in cases {
        let (_, explanation) = engine.explain(&user(name, &[name]), &permission);
        let found = (explanation.decision, explanation.reason.as_str());
        assert_eq!(found, (decision, reason), "{name} {}", permission.name);
    }
    let root = user("user:default/nobody", &["group:default/root"]);
    assert_eq!(engine.explain(&root, &DELETE).1.decision, "ALLOW");
    let odd = Permission {
        action: Some("eat"),
        ..READ
    };
    assert_eq!(
        engine
            .explain(&user("user:default/alice", &[]), &odd)
            .1
            .decision,
        "DENY"
    );
}

#[test]
fn roles_are_told_with_the_way_to_them() {
    let (_, explanation) = engine().explain(&user("user:default/alice", &[]), &READ);
    let ways: Vec<_> = explanation
        .roles
        .iter()
        .map(|path| (path.role.as_str(), path.via.join(" > ")))
        .collect();
    assert_eq!(
        ways,
        [
            (
                "role:default/builder",
                "user:default/alice > group:default/team".to_owned()
            ),
            (
                "role:default/reader",
                "user:default/alice > group:default/team > group:default/everyone".to_owned()
            ),
        ]
    );
}

#[test]
fn conditions_are_filled_in_for_the_user() {
    let owner = ["user:default/alice", "group:default/team"];
    let (_, explanation) = engine().explain(&user("user:default/alice", &owner), &UPDATE);
    let conditions = explanation.conditions.unwrap();
    assert_eq!(
        conditions["anyOf"][0]["params"]["claims"],
        serde_json::json!(owner)
    );
}

#[test]
fn another_policy_counts_at_once_for_everybody() {
    let engine = engine();
    let alice = user("user:default/alice", &[]);
    assert_eq!(engine.explain(&alice, &READ).1.decision, "ALLOW");
    engine.replace(PolicySet::default());
    assert_eq!(engine.explain(&alice, &READ).1.decision, "DENY");
}
