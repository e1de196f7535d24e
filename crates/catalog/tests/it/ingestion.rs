//! From what a user wrote to what everybody reads.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Outage, TestCatalog};

use crate::written::{
    annotation, component, described, description, entity, file, location, relations, status,
};

const FILE: &str = "https://git.example/shop/catalog-info.yaml";
const OTHER: &str = "https://git.example/shop/other.yaml";
/// Longer than the time between two looks with its jitter.
const NEXT_LOOK: Duration = Duration::from_secs(200);

#[tokio::test]
async fn a_registered_url_becomes_entities_that_know_where_they_are_from() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, component("cart"));
    lab.register(FILE).await;
    assert_eq!(
        lab.components().await,
        [""; 0],
        "the target is read in the background"
    );
    lab.settle().await;
    let cart = lab.entity("component:default/cart").await.unwrap();
    let from = format!("url:{FILE}");
    for (name, expected) in [
        ("backstage.io/managed-by-location", from.as_str()),
        ("backstage.io/managed-by-origin-location", from.as_str()),
        ("backstage.io/view-url", FILE),
        ("backstage.io/orphan", ""),
    ] {
        assert_eq!(annotation(&cart, name), expected, "{name}");
    }
    assert_eq!(cart["metadata"]["namespace"], "default");
    assert_eq!(cart["metadata"]["uid"].as_str().unwrap().len(), 36);
    assert_eq!(cart["metadata"]["etag"].as_str().unwrap().len(), 40);
    assert_eq!(relations(&cart), ["ownedBy group:default/team-a"]);
}

#[tokio::test]
async fn a_configured_file_becomes_entities() {
    let config = json!({ "locations": [{ "type": "file", "target": "FOLDER/*.yaml" }] });
    let lab = TestCatalog::with_config(config).await;
    lab.write("a.yaml", &file(&[component("one"), component("two")]));
    lab.write("b.yaml", &component("three"));
    lab.write("notes.txt", &component("four"));
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.components().await, ["one", "three", "two"]);
    let two = lab.entity("component:default/two").await.unwrap();
    let path = lab.folder().join("a.yaml");
    assert_eq!(
        annotation(&two, "backstage.io/managed-by-location"),
        format!("file:{}", path.display())
    );
}

#[tokio::test]
async fn a_location_reads_its_targets_relative_to_itself() {
    let lab = TestCatalog::new().await;
    lab.web.put(
        FILE,
        location("all", &["./parts/*.yaml", "../web/info.yaml"]),
    );
    lab.web
        .put("https://git.example/shop/parts/a.yaml", component("a"));
    lab.web
        .put("https://git.example/shop/parts/b.yaml", component("b"));
    lab.web
        .put("https://git.example/web/info.yaml", component("web"));
    lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["a", "b", "web"]);
    let b = lab.entity("component:default/b").await.unwrap();
    let annotated = |name| annotation(&b, name).to_owned();
    assert_eq!(
        annotated("backstage.io/managed-by-location"),
        "url:https://git.example/shop/parts/b.yaml"
    );
    assert_eq!(
        annotated("backstage.io/managed-by-origin-location"),
        format!("url:{FILE}")
    );
}

/// CVE-2026-106496.
#[tokio::test]
async fn what_was_read_from_elsewhere_names_no_files_of_this_machine() {
    let lab = TestCatalog::new().await;
    lab.write("secret.yaml", &component("secret"));
    let path = lab.folder().join("secret.yaml");
    let spec = |target: &str| json!({ "type": "file", "target": target });
    let plain = entity("Location", "plain", spec(&path.display().to_string()));
    let many = json!({ "type": "file", "targets": ["./*.yaml"], "presence": "optional" });
    let steps = file(&[plain, entity("Location", "many", many)]);
    lab.web.put(OTHER, steps);
    lab.web.put(FILE, location("first", &["./other.yaml"]));
    lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.components().await, [""; 0]);
    let errors = lab.items("/ingestion/errors").await;
    let refused = |name: &str| {
        errors.iter().any(|error| {
            let problem = &error["problems"][0];
            error["entityRef"] == format!("location:default/{name}")
                && problem["message"]
                    .as_str()
                    .unwrap()
                    .contains("is of type file")
        })
    };
    assert!(refused("plain") && refused("many"), "{errors:#?}");
}

#[tokio::test]
async fn a_configured_file_leads_to_others() {
    let config = json!({ "locations": [{ "type": "file", "target": "FOLDER/all.yaml" }] });
    let lab = TestCatalog::with_config(config).await;
    lab.write("all.yaml", &location("all", &["./parts/*.yaml"]));
    lab.write("parts/cart.yaml", &component("cart"));
    lab.after(NEXT_LOOK).await;
    assert_eq!(lab.components().await, ["cart"]);
}

#[tokio::test]
async fn rules_decide_which_kinds_come_in() {
    let user = |name| entity("User", name, json!({ "memberOf": [] }));
    let service = component("cart");
    let nowhere = json!({ "rules": [{ "allow": ["Component"], "locations": [] }] });
    let from_git = json!({ "rules": [{ "allow": ["User"],
        "locations": [{ "type": "url", "pattern": "https://GIT.example/**" }] }] });
    let services =
        json!({ "rules": [{ "allow": [{ "kind": "component", "spec.type": "Service" }] }] });
    let websites =
        json!({ "rules": [{ "allow": [{ "kind": "component", "spec.type": "website" }] }] });
    let cases = [
        ("without rules", json!({}), service.clone(), true),
        ("without rules", json!({}), user("ann"), false),
        (
            "with rules for nothing",
            json!({ "rules": [] }),
            service.clone(),
            false,
        ),
        ("from nowhere", nowhere, service.clone(), false),
        ("from this host", from_git.clone(), user("ann"), true),
        ("from this host", from_git, service.clone(), false),
        ("of this type", services, service.clone(), true),
        ("of another type", websites, service, false),
    ];
    for (name, config, document, allowed) in cases {
        let lab = TestCatalog::with_config(config.clone()).await;
        lab.web.put(FILE, document);
        lab.register(FILE).await;
        lab.settle().await;
        let n_entities = lab
            .refs("filter=metadata.name=cart&filter=metadata.name=ann")
            .await
            .len();
        assert_eq!(n_entities == 1, allowed, "{name}: {config}");
        let errors = lab.items("/ingestion/errors").await;
        let message = errors
            .first()
            .map(|error| error["problems"][0]["message"].to_string());
        let refused = message.is_some_and(|text| text.contains("is not of an allowed kind"));
        assert_eq!(refused, !allowed, "{name}: {errors:?}");
    }
}

#[tokio::test]
async fn rules_are_about_the_location_at_the_top_of_the_chain() {
    for (exact, expected) in [(FILE, vec!["user:default/ann"]), (OTHER, vec![])] {
        let rule = json!({ "allow": ["User"], "locations": [{ "type": "url", "exact": exact }] });
        let config = json!({ "rules": [{ "allow": ["Location"] }, rule] });
        let lab = TestCatalog::with_config(config).await;
        lab.web.put(FILE, location("next", &[OTHER]));
        lab.web
            .put(OTHER, entity("User", "ann", json!({ "memberOf": [] })));
        lab.register(FILE).await;
        lab.settle().await;
        assert_eq!(
            lab.refs("filter=kind=user").await,
            expected,
            "allowed from {exact}"
        );
    }
}

/// What can happen to one of two targets, and what it says.
fn mishaps() -> Vec<(&'static str, Result<String, Option<Outage>>)> {
    let outages = Outage::ALL.map(|outage| ("could not read", Err(Some(outage))));
    let texts = [
        ("YAML error", "a: [".to_owned()),
        (
            "Expected object at root, got string",
            "just text".to_owned(),
        ),
        ("Envelope validation failed", "kind: Component".to_owned()),
        (
            "not of an allowed kind",
            entity("Group", "g", json!({"type": "t", "children": []})),
        ),
    ];
    let mut mishaps = vec![("no matching files", Err(None))];
    mishaps.extend(outages);
    mishaps.extend(
        texts.map(|(message, text)| (message, Ok(file(&[described("fresh", "new"), text])))),
    );
    mishaps
}

#[tokio::test]
async fn a_location_is_atomic_whatever_happens_to_one_of_its_targets() {
    for (message, mishap) in mishaps() {
        let lab = TestCatalog::new().await;
        lab.web
            .put(FILE, location("both", &["./a.yaml", "./other.yaml"]));
        lab.web
            .put("https://git.example/shop/a.yaml", described("a", "old"));
        lab.web
            .put(OTHER, file(&[described("b", "old"), described("c", "old")]));
        lab.register(FILE).await;
        lab.settle().await;
        lab.web
            .put("https://git.example/shop/a.yaml", described("a", "new"));
        match &mishap {
            Ok(text) => lab.web.put(OTHER, text.clone()),
            Err(None) => lab.web.remove(OTHER),
            Err(Some(outage)) => lab.web.fail(OTHER, *outage),
        }
        // Longer than any grace: what cannot be read is never taken for gone.
        for _ in 0..3 {
            lab.after(NEXT_LOOK).await;
        }
        assert_eq!(lab.components().await, ["a", "b", "c"], "{mishap:?}");
        let a = lab.entity("component:default/a").await.unwrap();
        assert_eq!(description(&a), "old", "{mishap:?}");
        let both = lab.entity("location:default/both").await.unwrap();
        assert!(
            status(&both).contains(message),
            "{mishap:?}: {}",
            status(&both)
        );

        lab.web.mend(OTHER);
        lab.web.put(OTHER, described("b", "new"));
        for _ in 0..3 {
            lab.after(NEXT_LOOK).await;
        }
        assert_eq!(lab.components().await, ["a", "b"], "{mishap:?}");
        let both = lab.entity("location:default/both").await.unwrap();
        assert_eq!(status(&both), "", "{mishap:?}");
    }
}

#[tokio::test]
async fn only_a_missing_target_is_forgiven_when_it_is_optional() {
    let cases = [
        (Err(None), vec!["a"]),
        (Err(Some(Outage::Unavailable)), vec!["a", "b"]),
        (Err(Some(Outage::Denied)), vec!["a", "b"]),
        (Ok("a: [".to_owned()), vec!["a", "b"]),
    ];
    for (mishap, expected) in cases {
        let lab = TestCatalog::new().await;
        let targets = ["./a.yaml", "./other.yaml"];
        let spec = json!({ "targets": targets, "presence": "optional" });
        lab.web.put(FILE, entity("Location", "both", spec));
        lab.web
            .put("https://git.example/shop/a.yaml", component("a"));
        lab.web.put(OTHER, component("b"));
        lab.register(FILE).await;
        lab.settle().await;
        match &mishap {
            Ok(text) => lab.web.put(OTHER, text.clone()),
            Err(None) => lab.web.remove(OTHER),
            Err(Some(outage)) => lab.web.fail(OTHER, *outage),
        }
        for _ in 0..3 {
            lab.after(NEXT_LOOK).await;
        }
        assert_eq!(lab.components().await, expected, "{mishap:?}");
    }
}

fn with_placeholder(placeholder: Value) -> String {
    let mut spec = json!({"type": "t", "lifecycle": "l", "owner": "o"});
    spec["definition"] = placeholder;
    entity("API", "orders", spec)
}

#[tokio::test]
async fn placeholders_take_text_and_data_from_other_files() {
    const PART: &str = "https://git.example/shop/part";
    let cases = [
        (json!({"$text": "./part"}), "a: 1\n", "a: 1\n".into()),
        (json!({"$text": PART}), "a: 1\n", "a: 1\n".into()),
        (
            json!({"$yaml": "./part"}),
            "text: 1",
            "definition must be string".into(),
        ),
        (json!({"$json": "./part"}), "\"text\"", "text".into()),
        (
            json!({"$json": "./part"}),
            "{",
            "Placeholder $json failed to parse JSON data".into(),
        ),
        (
            json!({"$yaml": "./part"}),
            "a: 1\n---\nb: 2",
            "found 2".into(),
        ),
        (
            json!({"$text": "./missing"}),
            "",
            "Placeholder $text could not read location".into(),
        ),
        (
            json!({"$text": 3}),
            "",
            "expected a string value parameter".to_owned(),
        ),
    ];
    for (placeholder, part, expected) in cases {
        let lab = TestCatalog::new().await;
        lab.web.put(FILE, with_placeholder(placeholder.clone()));
        lab.web.put(PART, part);
        lab.register(FILE).await;
        lab.settle().await;
        let found = match lab.entity("api:default/orders").await {
            Some(orders) => orders["spec"]["definition"].as_str().unwrap().to_owned(),
            None => lab.items("/ingestion/errors").await[0]["problems"][0]["message"].to_string(),
        };
        assert!(found.contains(&expected), "{placeholder}: {found}");
    }
}

#[tokio::test]
async fn a_changed_placeholder_file_shows_and_a_lost_one_keeps_the_last_good_text() {
    const PART: &str = "https://git.example/shop/part";
    let lab = TestCatalog::new().await;
    let definition = async || {
        lab.after(NEXT_LOOK).await;
        let orders = lab.entity("api:default/orders").await.unwrap();
        let has_error = !status(&orders).is_empty();
        (
            orders["spec"]["definition"].as_str().unwrap().to_owned(),
            has_error,
        )
    };
    lab.web
        .put(FILE, with_placeholder(json!({ "$text": "./part" })));
    lab.web.put(PART, "one");
    lab.register(FILE).await;
    assert_eq!(definition().await, ("one".to_owned(), false));
    lab.web.put(PART, "two");
    assert_eq!(definition().await, ("two".to_owned(), false));
    lab.web.remove(PART);
    assert_eq!(definition().await, ("two".to_owned(), true));
    lab.web.put(PART, "three");
    assert_eq!(definition().await, ("three".to_owned(), false));
}

#[tokio::test]
async fn relations_go_both_ways_and_may_point_at_nothing() {
    let lab = TestCatalog::new().await;
    let spec = |extra: Value| {
        let mut spec = json!({"type": "service", "lifecycle": "production", "owner": "user:ann"});
        spec.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        spec
    };
    let documents = [
        entity(
            "Component",
            "cart",
            spec(json!({"providesApis": ["orders"], "system": "shop"})),
        ),
        entity(
            "Component",
            "web",
            spec(json!({"dependsOn": ["component:cart", "resource:gone"]})),
        ),
        entity("API", "orders", spec(json!({"definition": "x"}))),
    ];
    lab.web.put(FILE, file(&documents));
    lab.register(FILE).await;
    lab.settle().await;
    let expected = [
        (
            "component:default/cart",
            vec![
                "dependencyOf component:default/web",
                "ownedBy user:default/ann",
                "partOf system:default/shop",
                "providesApi api:default/orders",
            ],
        ),
        (
            "component:default/web",
            vec![
                "dependsOn component:default/cart",
                "dependsOn resource:default/gone",
                "ownedBy user:default/ann",
            ],
        ),
        (
            "api:default/orders",
            vec![
                "apiProvidedBy component:default/cart",
                "ownedBy user:default/ann",
            ],
        ),
    ];
    for (entity, relations_of) in expected {
        assert_eq!(
            relations(&lab.entity(entity).await.unwrap()),
            relations_of,
            "{entity}"
        );
    }
    // The other end appears, and goes again.
    lab.web.put(
        OTHER,
        entity("System", "shop", json!({"owner": "user:ann"})),
    );
    lab.web.put("https://git.example/allow.yaml", String::new());
    lab.web.put(FILE, file(&documents[1..]));
    // A look, and the grace of what it misses.
    for _ in 0..3 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.entity("component:default/cart").await, None);
    let api = lab.entity("api:default/orders").await.unwrap();
    assert_eq!(
        relations(&api),
        ["ownedBy user:default/ann"],
        "the provider of the API is gone"
    );
    let web = lab.entity("component:default/web").await.unwrap();
    assert!(relations(&web).contains(&"dependsOn component:default/cart".to_owned()));
}

#[tokio::test]
async fn the_first_of_two_documents_with_one_reference_counts() {
    let lab = TestCatalog::new().await;
    lab.web.put(
        FILE,
        file(&[described("cart", "first"), described("CART", "second")]),
    );
    lab.register(FILE).await;
    lab.settle().await;
    let cart = lab.entity("component:default/cart").await.unwrap();
    assert_eq!(description(&cart), "first");
    assert_eq!(lab.components().await, ["cart"]);
}

#[tokio::test]
async fn what_has_not_changed_is_neither_fetched_nor_written_again() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, file(&[component("a"), component("b")]));
    lab.register(FILE).await;
    lab.settle().await;
    let changes = async || {
        lab.sql("select cast(count(*) as text) from catalog_change")
            .await
    };
    let (n_reads, before) = (lab.web.n_reads(FILE), changes().await);
    for _ in 0..5 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.web.n_reads(FILE), n_reads + 5, "it is looked at");
    assert_eq!(lab.web.n_downloads(FILE), 1, "but not fetched");
    assert_eq!(changes().await, before, "and nothing is written");
    assert_eq!(lab.components().await, ["a", "b"]);
}
