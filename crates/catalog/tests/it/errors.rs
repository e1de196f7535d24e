//! Mistakes of users: what they see, and what goes on being served.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Outage, TestCatalog};

use crate::written::{component, described, description, status};

const FILE: &str = "https://git.example/all.yaml";
const CART: &str = "component:default/cart";
const NEXT_LOOK: Duration = Duration::from_secs(200);

const VALID: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: cart
  description: first
spec:
  type: service
  lifecycle: production
  owner: team-a
";

/// A mistake as a replacement in [`VALID`]; what is said about it, where, and how to mend it.
type Mistake = (
    &'static str,
    &'static str,
    &'static str,
    (u64, u64),
    &'static str,
);

const MISTAKES: &[Mistake] = &[
    (
        "  owner: team-a\n",
        "",
        "spec must have required property 'owner'",
        (8, 1),
        "add `owner`",
    ),
    (
        "  owner: team-a\n",
        "  Owner: team-a\n",
        "spec must have required property 'owner'",
        (8, 1),
        "rename `Owner` to `owner`",
    ),
    (
        "type: service",
        "type: 5",
        "spec/type must be string",
        (9, 9),
        "put it in quotes: \"5\"",
    ),
    (
        "kind: Component",
        "kind: Widget",
        "No processor recognized the entity widget:default/cart",
        (4, 7),
        "known kinds are",
    ),
    (
        "  description: first",
        "  labels: {tier: 1}",
        "labels",
        (7, 18),
        "put it in quotes: \"1\"",
    ),
];

#[tokio::test]
async fn a_mistake_is_shown_with_its_place_and_a_way_to_mend_it() {
    for (from, to, message, place, hint) in MISTAKES {
        let lab =
            TestCatalog::with_config(json!({ "rules": [{ "allow": ["Component", "Widget"] }] }))
                .await;
        let text = VALID.replace(from, to);
        // Two lines ahead of it, as in a real file.
        lab.web.put(FILE, format!("# a comment\n---\n{text}"));
        lab.register(FILE).await;
        lab.settle().await;
        let errors = lab.items("/ingestion/errors").await;
        assert_eq!(errors.len(), 1, "{to}: {errors:?}");
        let problem = &errors[0]["problems"][0];
        let found = problem["message"].as_str().unwrap();
        assert!(found.contains(message), "{to}: {found}");
        assert_eq!(problem["file"], FILE, "{to}");
        let position = json!({ "line": place.0, "column": place.1 });
        assert_eq!(problem["position"], position, "{to}: {problem}");
        assert!(
            problem["hint"].as_str().unwrap().contains(hint),
            "{to}: {problem}"
        );
        assert_eq!(errors[0]["hasLastGood"], false, "{to}");
    }
}

#[tokio::test]
async fn mistakes_in_a_whole_file_are_shown_at_the_location() {
    for (text, message, line) in [
        ("a: 1\nb: [\n", "did not find expected node content", 3),
        (
            "apiVersion: backstage.io/v1alpha1\nkind: Component\n",
            "must have required property 'metadata'",
            1,
        ),
        (
            "\n---\njust text\n",
            "Expected object at root, got string",
            3,
        ),
        (
            "apiVersion: v1\nkind: Group\nmetadata: {name: g}\n",
            "is not of an allowed kind",
            1,
        ),
    ] {
        let lab = TestCatalog::new().await;
        lab.web.put(FILE, text);
        lab.register(FILE).await;
        lab.settle().await;
        let errors = lab.items("/ingestion/errors").await;
        assert_eq!(errors.len(), 1, "{text:?}: {errors:?}");
        let problem = &errors[0]["problems"][0];
        assert!(
            problem["message"].as_str().unwrap().contains(message),
            "{text:?}: {problem}"
        );
        assert_eq!(problem["file"], FILE, "{text:?}: {problem}");
        assert_eq!(problem["position"]["line"], line, "{text:?}: {problem}");
        assert_eq!(errors[0]["location"], format!("url:{FILE}"), "{text:?}");
    }
}

#[tokio::test]
async fn an_entity_that_never_was_valid_is_not_served_but_can_be_found_by_operators() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, VALID.replace("type: service", "type: 5"));
    lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.entity(CART).await, None);
    for stage in ["failed", "pending"] {
        let reply = lab
            .get(&format!("/entities/unprocessed/{stage}"))
            .await
            .expect(200)
            .json();
        assert_eq!(reply["type"], stage);
        let rows = reply["entities"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{stage}");
        let row = &rows[0];
        assert_eq!(row["entity_ref"], CART, "{stage}");
        assert_eq!(row["location_key"], format!("url:{FILE}"), "{stage}");
        assert_eq!(row["unprocessed_entity"]["spec"]["type"], 5, "{stage}");
        assert_eq!(row["processed_entity"], Value::Null, "{stage}");
        let message = row["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("must be string"), "{stage}: {message}");
        assert_eq!(row["errors"][0]["name"], "InputError", "{stage}");
    }
    let owned = async |owner: &str| {
        let reply = lab
            .get(&format!("/entities/unprocessed/failed?owner={owner}"))
            .await;
        reply.json()["entities"].as_array().unwrap().len()
    };
    assert_eq!((owned("team-a").await, owned("team-b").await), (1, 0));
    // Mended.
    lab.web.put(FILE, VALID);
    lab.after(NEXT_LOOK).await;
    assert_eq!(status(&lab.entity(CART).await.unwrap()), "");
    assert_eq!(lab.items("/ingestion/errors").await, [Value::Null; 0]);
}

#[tokio::test]
async fn an_entity_that_becomes_invalid_keeps_its_last_good_form() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, VALID);
    lab.register(FILE).await;
    lab.settle().await;
    let good = lab.entity(CART).await.unwrap();
    let broken = VALID
        .replace("type: service", "type: 5")
        .replace("first", "second");
    lab.web.put(FILE, broken);
    lab.after(NEXT_LOOK).await;
    let cart = lab.entity(CART).await.unwrap();
    for part in [
        "/spec",
        "/metadata/description",
        "/metadata/uid",
        "/relations",
    ] {
        assert_eq!(cart.pointer(part), good.pointer(part), "{part}");
    }
    assert_ne!(cart["metadata"]["etag"], good["metadata"]["etag"]);
    let item = &cart["status"]["items"][0];
    assert_eq!(item["type"], "backstage.io/catalog-processing");
    assert_eq!(item["level"], "error");
    let message = item["message"].as_str().unwrap();
    assert!(message.starts_with("InputError: "), "{message}");
    assert_eq!(item["error"]["name"], "InputError");
    assert_eq!(item["error"].get("problem"), None, "as Backstage writes it");
    assert_eq!(lab.items("/ingestion/errors").await[0]["hasLastGood"], true);

    lab.web.put(FILE, VALID.replace("first", "third"));
    lab.after(NEXT_LOOK).await;
    let cart = lab.entity(CART).await.unwrap();
    assert_eq!((description(&cart), cart.get("status")), ("third", None));
}

#[tokio::test]
async fn an_error_of_reading_ends_with_its_cause_though_nothing_was_changed() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, VALID);
    lab.register(FILE).await;
    lab.settle().await;
    let location = lab.refs("filter=kind=location").await.remove(0);
    let shown = async || status(&lab.entity(&location).await.unwrap()).to_owned();
    lab.web.fail(FILE, Outage::Unavailable);
    lab.after(NEXT_LOOK).await;
    assert!(shown().await.contains("could not read"));
    let n_downloads = lab.web.n_downloads(FILE);
    lab.web.mend(FILE);
    lab.after(NEXT_LOOK).await;
    assert_eq!(shown().await, "");
    assert_eq!(lab.items("/ingestion/errors").await, [Value::Null; 0]);
    assert_eq!(lab.web.n_downloads(FILE), n_downloads);
    // What it leads to is as it was, and goes on to be looked after.
    lab.web.put(FILE, VALID.replace("first", "second"));
    lab.after(NEXT_LOOK).await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "second");
}

#[tokio::test]
async fn a_name_that_no_database_can_store_is_a_mistake_of_its_entity_only() {
    let lab = TestCatalog::new().await;
    let bad = VALID.replace("owner: team-a", r#"owner: "team\0a""#);
    let good = VALID.replace("name: cart", "name: good");
    lab.web.put(FILE, format!("{bad}---\n{good}"));
    lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["good"]);
    let errors = lab.items("/ingestion/errors").await;
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["entityRef"], CART);
}

#[tokio::test]
async fn a_damaged_row_does_not_hold_up_the_others() {
    let lab = TestCatalog::new().await;
    let good = |text: &str| described("good", text);
    lab.web.put(FILE, format!("{VALID}---\n{}", good("first")));
    lab.register(FILE).await;
    lab.settle().await;
    lab.corrupt("update catalog_refresh set processed = '[]' where ref = 'component:default/cart'")
        .await;
    lab.corrupt("insert into catalog_stitch (ref, at) values ('component:default/cart', 0)")
        .await;
    lab.web.put(FILE, format!("{VALID}---\n{}", good("second")));
    lab.after(NEXT_LOOK).await;
    let found = lab.entity("component:default/good").await.unwrap();
    assert_eq!(description(&found), "second");
    assert!(lab.entity(CART).await.is_some(), "as it was before");
}

#[tokio::test]
async fn one_bad_entity_does_not_hold_up_its_neighbours() {
    let lab = TestCatalog::new().await;
    let bad = VALID.replace("type: service", "type: 5");
    lab.web.put(
        FILE,
        format!("{}\n---\n{bad}\n---\n{}", component("a"), component("z")),
    );
    lab.register(FILE).await;
    lab.settle().await;
    assert_eq!(lab.components().await, ["a", "z"]);
    lab.web.put(
        FILE,
        format!(
            "{}\n---\n{bad}\n---\n{}",
            described("a", "new"),
            component("z")
        ),
    );
    lab.after(NEXT_LOOK).await;
    let a = lab.entity("component:default/a").await.unwrap();
    assert_eq!(description(&a), "new");
}

#[tokio::test]
async fn an_entity_that_is_not_final_can_be_deleted() {
    let lab = TestCatalog::new().await;
    lab.web.put(FILE, VALID.replace("type: service", "type: 5"));
    lab.register(FILE).await;
    lab.settle().await;
    let rows = lab.get("/entities/unprocessed/failed").await.json();
    let uid = rows["entities"][0]["entity_id"]
        .as_str()
        .unwrap()
        .to_owned();
    lab.delete(&format!("/entities/unprocessed/delete/{uid}"))
        .await
        .expect(204);
    assert_eq!(lab.items("/ingestion/errors").await, [Value::Null; 0]);
    lab.delete(&format!("/entities/unprocessed/delete/{uid}"))
        .await
        .expect(204);
}

#[tokio::test]
async fn script_links_are_taken_out() {
    let lab = TestCatalog::new().await;
    let text = VALID.replace(
        "  description: first",
        "  annotations: {backstage.io/view-url: 'javascript:alert(1)'}",
    );
    lab.web.put(FILE, text);
    lab.register(FILE).await;
    lab.settle().await;
    let cart = lab.entity(CART).await.unwrap();
    let url = "https://backstage.io/annotation-rejected-for-security-reasons";
    assert_eq!(
        crate::written::annotation(&cart, "backstage.io/view-url"),
        url
    );
}

#[tokio::test]
async fn validation_says_what_processing_would_say() {
    let lab = TestCatalog::new().await;
    let good = json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {"name": "cart"}, "spec": {"type": "service", "lifecycle": "l", "owner": "o"}});
    let mut bad = good.clone();
    bad["spec"]["owner"] = json!(5);
    let mut unknown = good.clone();
    unknown["kind"] = json!("Widget");
    let location = "url:https://git.example/x.yaml";
    for (entity, location, message) in [
        (good.clone(), location, None),
        (bad, location, Some("/spec/owner must be string")),
        (
            unknown,
            location,
            Some("No processor recognized the entity"),
        ),
        (json!({}), location, Some("must have required property")),
        (
            good,
            "nonsense",
            Some("Unable to parse location ref 'nonsense'"),
        ),
    ] {
        let body = json!({ "entity": entity, "location": location });
        let reply = lab.post("/validate-entity", body).await;
        match message {
            None => assert_eq!((reply.status, reply.text.as_str()), (200, "")),
            Some(message) => {
                let errors = reply.expect(400).json();
                let found = errors["errors"][0]["message"].as_str().unwrap().to_owned();
                assert!(found.contains(message), "{message}: {found}");
            }
        }
    }
    lab.settle().await;
    assert_eq!(lab.refs("").await, [""; 0]);
}
