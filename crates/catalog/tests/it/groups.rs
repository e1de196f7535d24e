//! Who is in which group, as decisions ask it.

use serde_json::json;
use testkit::TestCatalog;

use crate::written::origin;

#[tokio::test]
async fn groups_of_users_and_above_groups_come_from_relations() {
    let test = TestCatalog::new().await;
    let group = |name: &str, parent: Option<&str>| {
        let mut spec = json!({"type": "team", "children": []});
        if let Some(parent) = parent {
            spec["parent"] = parent.into();
        }
        json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Group",
            "metadata": {"name": name, "annotations": origin()}, "spec": spec})
    };
    let user = json!({"apiVersion": "backstage.io/v1alpha1", "kind": "User",
        "metadata": {"name": "Alice", "annotations": origin()}, "spec": {"memberOf": ["team", "Guild"]}});
    let before = test.catalog.revision();
    let entities = vec![
        group("team", Some("dept")),
        group("Guild", None),
        group("dept", None),
        user,
    ];
    test.provide("org", entities).await;
    test.settle().await;
    assert!(test.catalog.revision() > before);
    let mut groups = test.catalog.groups_of_user("user:default/alice");
    groups.sort_unstable();
    assert_eq!(groups, ["group:default/guild", "group:default/team"]);
    assert_eq!(
        test.catalog.groups_above("group:default/team"),
        ["group:default/dept"]
    );
    assert_eq!(test.catalog.groups_above("group:default/dept"), [""; 0]);
    assert_eq!(test.catalog.groups_of_user("user:default/nobody"), [""; 0]);
}
