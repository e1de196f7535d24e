//! The location API: register, list, change, unregister, try out.

use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::{component, file, location};

const URL: &str = "https://git.example/cart/catalog-info.yaml";
const NO_ID: &str = "00000000-0000-4000-8000-000000000000";

fn url(target: &str) -> Value {
    json!({ "type": "url", "target": target })
}

#[tokio::test]
async fn a_registered_location_can_be_found_in_every_way() {
    let lab = TestCatalog::new().await;
    lab.web.put(URL, component("cart"));
    let reply = lab.post("/locations", url(URL)).await.expect(201).json();
    assert_eq!(reply["entities"], json!([]));
    assert_eq!(reply.get("exists"), None);
    let expected = reply["location"].clone();
    let id = expected["id"].as_str().unwrap();
    assert_eq!(
        (&expected["type"], &expected["target"]),
        (&json!("url"), &json!(URL))
    );
    lab.settle().await;
    assert!(
        lab.entity(expected["entityRef"].as_str().unwrap())
            .await
            .is_some()
    );
    assert_eq!(
        lab.get("/locations").await.json(),
        json!([{ "data": expected }])
    );
    assert_eq!(lab.get(&format!("/locations/{id}")).await.json(), expected);
    let by_entity = lab.get("/locations/by-entity/component/default/cart").await;
    assert_eq!(by_entity.expect(200).json(), expected);
    let by_query = json!({ "query": { "target": URL } });
    let reply = lab
        .post("/locations/by-query", by_query)
        .await
        .expect(200)
        .json();
    assert_eq!(reply["items"], json!([expected]));
    assert_eq!(reply["totalItems"], 1);
}

#[tokio::test]
async fn locations_are_paged_in_order_of_id() {
    let lab = TestCatalog::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(lab.register(&format!("https://git.example/{n}.yaml")).await);
    }
    ids.sort();
    let mut body = json!({ "limit": 2 });
    let mut found: Vec<String> = Vec::new();
    loop {
        let page = lab
            .post("/locations/by-query", body)
            .await
            .expect(200)
            .json();
        assert_eq!(page["totalItems"], 5);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        found.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["pageInfo"].get("nextCursor") else {
            break;
        };
        body = json!({ "cursor": cursor });
    }
    assert_eq!(found, ids);
}

#[tokio::test]
async fn wrong_requests_are_refused_with_the_known_messages() {
    let lab = TestCatalog::new().await;
    let taken = lab.register(URL).await;
    let other = lab.register("https://git.example/other.yaml").await;
    let file_type = json!({ "type": "file", "target": "/etc/passwd" });
    let no_target = json!({ "type": "url" });
    let exists = format!("Location url:{URL} already exists");
    let unknown = format!("Found no location with ID {NO_ID}");
    let types = "Registered locations must be of an allowed type [\"url\"]";
    let missing = "request/body must have required property 'target'";
    let cases = [
        (
            "POST",
            "/locations".to_owned(),
            url(URL),
            409,
            exists.as_str(),
        ),
        (
            "POST",
            "/locations?onConflict=reject".to_owned(),
            url(URL),
            409,
            &exists,
        ),
        (
            "POST",
            "/locations".to_owned(),
            file_type.clone(),
            400,
            types,
        ),
        (
            "POST",
            "/locations?dryRun=true".to_owned(),
            file_type.clone(),
            400,
            types,
        ),
        (
            "POST",
            "/locations".to_owned(),
            no_target.clone(),
            400,
            missing,
        ),
        ("PUT", format!("/locations/{other}"), url(URL), 409, &exists),
        ("PUT", format!("/locations/{taken}"), file_type, 400, types),
        (
            "PUT",
            format!("/locations/{taken}"),
            no_target,
            400,
            missing,
        ),
        (
            "PUT",
            format!("/locations/{NO_ID}"),
            url("https://x.example/"),
            404,
            &unknown,
        ),
        (
            "GET",
            format!("/locations/{NO_ID}"),
            Value::Null,
            404,
            &unknown,
        ),
        (
            "DELETE",
            format!("/locations/{NO_ID}"),
            Value::Null,
            404,
            &unknown,
        ),
        (
            "GET",
            "/locations/by-entity/component/default/gone".to_owned(),
            Value::Null,
            404,
            "found no entity for ref component:default/gone",
        ),
    ];
    for (method, path, body, status, message) in cases {
        let body = (!body.is_null()).then_some(body);
        let reply = lab.send(method, &path, Some(testkit::SERVICE), body).await;
        assert_eq!(
            (reply.status, reply.message().as_str()),
            (status, message),
            "{method} {path}"
        );
    }
    assert_eq!(
        lab.get("/locations").await.json().as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn registering_again_may_mean_refresh() {
    for (config, query, status) in [
        (json!({}), "", 409),
        (json!({}), "?onConflict=refresh", 201),
        (
            json!({ "defaultLocationConflictStrategy": "refresh" }),
            "",
            201,
        ),
    ] {
        let lab = TestCatalog::with_config(config.clone()).await;
        lab.web.put(URL, component("cart"));
        let id = lab.register(URL).await;
        lab.settle().await;
        let n_reads = lab.web.n_reads(URL);
        let reply = lab
            .post(&format!("/locations{query}"), url(URL))
            .await
            .expect(status);
        lab.settle().await;
        if status == 201 {
            assert_eq!(reply.json()["location"]["id"], id, "{config}{query}");
        }
        assert_eq!(
            lab.web.n_reads(URL) > n_reads,
            status == 201,
            "{config}{query}"
        );
    }
}

#[tokio::test]
async fn a_read_only_catalog_lets_nobody_change_its_locations() {
    let lab = TestCatalog::with_config(json!({ "readonly": true })).await;
    lab.web.put(URL, component("cart"));
    let id = format!("/locations/{NO_ID}");
    for (method, path, body) in [
        ("POST", "/locations", Some(url(URL))),
        ("PUT", id.as_str(), Some(url(URL))),
        ("DELETE", id.as_str(), None),
    ] {
        let reply = lab
            .send(method, path, Some(testkit::SERVICE), body)
            .await
            .expect(403);
        assert_eq!(
            reply.message(),
            "This operation not allowed in readonly mode",
            "{method}"
        );
    }
    lab.post("/locations?dryRun=true", url(URL))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_dry_run_shows_everything_and_keeps_nothing() {
    let lab = TestCatalog::new().await;
    lab.web.put(
        URL,
        file(&[component("cart"), location("more", &["./more.yaml"])]),
    );
    lab.web
        .put("https://git.example/cart/more.yaml", component("basket"));
    let reply = lab
        .post("/locations?dryRun=true", url(URL))
        .await
        .expect(201)
        .json();
    let names: Vec<_> = reply["entities"].as_array().unwrap().iter().collect();
    let kinds: Vec<_> = names
        .iter()
        .map(|entity| entity["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["Location", "Component", "Location", "Component"]);
    assert_eq!(reply["exists"], false);
    assert_eq!(reply["location"]["id"], format!("url:{URL}"));
    lab.settle().await;
    assert_eq!(lab.refs("").await, [""; 0]);
    assert_eq!(lab.get("/locations").await.json(), json!([]));
    lab.register(URL).await;
    let reply = lab
        .post("/locations?dryRun=true", url(URL))
        .await
        .expect(201)
        .json();
    assert_eq!(reply["exists"], true);
}

#[tokio::test]
async fn who_asks_for_a_dry_run_in_any_spelling_registers_nothing() {
    let lab = TestCatalog::new().await;
    lab.web.put(URL, component("cart"));
    for yes in ["true", "TRUE", "1", "yes", "on"] {
        let path = format!("/locations?dryRun={yes}");
        lab.post(&path, url(URL)).await.expect(201);
    }
    lab.post("/locations?dryRun=maybe", url(URL))
        .await
        .expect(400);
    assert_eq!(lab.get("/locations").await.json(), json!([]));
    lab.post("/locations?dryRun=0", url(URL)).await.expect(201);
    assert_eq!(lab.get("/locations").await.json()[0]["data"]["target"], URL);
}

#[tokio::test]
async fn only_known_members_of_a_location_are_taken() {
    let lab = TestCatalog::new().await;
    for (member, value, status) in [
        ("presence", "optional", 201),
        ("presence", "maybe", 400),
        ("foo", "1", 400),
    ] {
        let mut body = url(&format!("{URL}?{value}"));
        body[member] = value.into();
        lab.post("/locations", body).await.expect(status);
    }
}

#[tokio::test]
async fn a_dry_run_says_what_is_wrong() {
    let twice = file(&[component("cart"), location("more", &[URL])]);
    let invalid = component("cart").replace("owner: team-a", "owner: 5");
    for (text, message) in [
        (
            Some(twice),
            "Duplicate nested entity: component:default/cart",
        ),
        (Some(invalid), "spec/owner must be string"),
        (Some("a: [".to_owned()), "YAML error"),
        (None, "no matching files found"),
    ] {
        let lab = TestCatalog::new().await;
        if let Some(text) = text {
            lab.web.put(URL, text);
        }
        let reply = lab
            .post("/locations?dryRun=true", url(URL))
            .await
            .expect(400);
        assert!(
            reply.message().contains(message),
            "{message}: {}",
            reply.message()
        );
    }
}

/// Line, message and hint of each problem that a dry run of a file has, by entity.
async fn problems_of(text: &str) -> Vec<(String, Value, String, String)> {
    let lab = TestCatalog::new().await;
    lab.web.put(URL, text.to_owned());
    let reply = lab
        .post("/locations?dryRun=true&problems=true", url(URL))
        .await
        .expect(400)
        .json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = reply["error"]["problems"].as_array().unwrap().clone();
    items
        .iter()
        .flat_map(|item| {
            let problems = item["problems"].as_array().unwrap().clone();
            problems.into_iter().map(move |problem| {
                assert_eq!(problem["file"], URL, "{problem}");
                let (message, hint) = (text(&problem["message"]), text(&problem["hint"]));
                let line = problem["position"]["line"].clone();
                (text(&item["entityRef"]), line, message, hint)
            })
        })
        .collect()
}

#[tokio::test]
async fn a_dry_run_names_every_faulty_entity_with_its_place() {
    let bad_name = component("cart").replace("name: cart", "name: bad name!");
    let bad_owner = component("till").replace("owner: team-a", "owner: 5");
    let text = file(&[component("fine"), bad_name.clone(), bad_owner.clone()]);
    let line_of = |part: &str| {
        let at = text.find(part).unwrap();
        json!(text[..at].matches('\n').count() + 1)
    };
    let found = problems_of(&text).await;
    let places: Vec<_> = found
        .iter()
        .map(|(entity, line, ..)| (entity.as_str(), line.clone()))
        .collect();
    assert_eq!(
        places,
        [
            ("component:default/bad name!", line_of("bad name!")),
            ("component:default/till", line_of("owner: 5")),
        ]
    );
    for (_, _, message, hint) in &found {
        assert!(!message.is_empty() && !hint.is_empty(), "{message}: {hint}");
    }
}

#[tokio::test]
async fn a_dry_run_names_every_document_that_is_no_entity() {
    let group = "apiVersion: v1\nkind: Group\nmetadata: {name: g}\n";
    for (text, messages) in [
        ("a: 1\nb: [\n".to_owned(), vec![(3, "expected node")]),
        (
            "<!DOCTYPE html>\n<p>Hello</p>\n".to_owned(),
            vec![(1, "Expected object at root")],
        ),
        (
            format!("{group}---\njust text\n---\n{}", component("fine")),
            vec![(1, "allowed kind"), (5, "Expected object at root")],
        ),
    ] {
        let found = problems_of(&text).await;
        let lines: Vec<_> = found.iter().map(|(_, line, ..)| line.clone()).collect();
        let expected: Vec<_> = messages.iter().map(|(line, _)| json!(line)).collect();
        assert_eq!(lines, expected, "{found:?}");
        for ((.., found, _), (_, expected)) in found.iter().zip(messages) {
            assert!(found.contains(expected), "{found}");
        }
    }
}

#[tokio::test]
async fn who_does_not_ask_for_problems_gets_the_error_of_backstage() {
    let lab = TestCatalog::new().await;
    for path in [
        "/locations?dryRun=true",
        "/locations?dryRun=true&problems=false",
    ] {
        let reply = lab.post(path, url(URL)).await.expect(400).json();
        assert!(reply["error"].get("problems").is_none(), "{reply}");
    }
    lab.post("/locations?dryRun=true&problems=maybe", url(URL))
        .await
        .expect(400);
}

#[tokio::test]
async fn an_unregistered_location_is_gone_with_its_entity() {
    let lab = TestCatalog::new().await;
    lab.web.put(URL, component("cart"));
    let id = lab.register(URL).await;
    lab.settle().await;
    lab.delete(&format!("/locations/{id}")).await.expect(204);
    lab.get(&format!("/locations/{id}")).await.expect(404);
    lab.delete(&format!("/locations/{id}")).await.expect(404);
    assert_eq!(lab.refs("").await, [""; 0]);
    // The same URL again is a new location.
    assert_ne!(lab.register(URL).await, id);
    lab.settle().await;
    assert_eq!(lab.components().await, ["cart"]);
}

#[tokio::test]
async fn the_old_target_of_a_moved_location_can_be_registered_anew() {
    const NEW_URL: &str = "https://git.example/basket/catalog-info.yaml";
    let lab = TestCatalog::new().await;
    lab.web.put(URL, component("cart"));
    lab.web.put(NEW_URL, component("basket"));
    let moved = lab.register(URL).await;
    let path = format!("/locations/{moved}");
    lab.put(&path, url(NEW_URL)).await.expect(200);
    lab.register(URL).await;
    lab.settle().await;
    let both = ["component:default/cart", "component:default/basket"];
    for entity_ref in both {
        assert!(lab.entity(entity_ref).await.is_some(), "{entity_ref}");
    }
    lab.delete(&path).await.expect(204);
    lab.settle().await;
    let found = [lab.entity(both[0]).await, lab.entity(both[1]).await];
    assert_eq!(found.map(|entity| entity.is_some()), [true, false]);
}
