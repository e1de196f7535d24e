//! Looking again: by time, on request, and never against the wish of a host.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Outage, TestCatalog};

use crate::written::{component, described, description, location};

const ROOT: &str = "https://git.example/root.yaml";
const LEFT: &str = "https://git.example/left.yaml";
const RIGHT: &str = "https://git.example/right.yaml";
const CART: &str = "component:default/cart";
const NEXT_LOOK: Duration = Duration::from_secs(200);

/// `ROOT` leads to `left` and `right`, and `left` to `cart`.
async fn tree() -> TestCatalog {
    let lab = TestCatalog::new().await;
    lab.web.put(
        ROOT,
        format!(
            "{}\n---\n{}",
            location("left", &[LEFT]),
            location("right", &[RIGHT])
        ),
    );
    lab.web.put(LEFT, described("cart", "old"));
    lab.web.put(RIGHT, component("web"));
    lab.register(ROOT).await;
    lab.settle().await;
    lab
}

#[tokio::test]
async fn refreshing_an_entity_reads_the_locations_above_it_and_no_others() {
    let lab = tree().await;
    let before = [ROOT, LEFT, RIGHT].map(|url| lab.web.n_reads(url));
    lab.web.put(LEFT, described("cart", "new"));
    lab.post("/refresh", json!({ "entityRef": "Component:Default/Cart" }))
        .await
        .expect(200);
    lab.settle().await;
    assert_eq!(description(&lab.entity(CART).await.unwrap()), "new");
    let now = [ROOT, LEFT, RIGHT].map(|url| lab.web.n_reads(url));
    assert!(now[0] > before[0], "the root was not read");
    assert!(now[1] > before[1], "the file was not read");
    assert_eq!(now[2], before[2], "the neighbour was read");
}

#[tokio::test]
async fn an_entity_tells_when_it_came_when_it_changed_and_when_it_is_looked_at_next() {
    let lab = tree().await;
    let path = "/entities/by-name/component/default/cart/times";
    let at = |times: &serde_json::Value, name: &str| times[name].as_i64().expect("a time");
    let first = lab.get(path).await.expect(200).json();
    assert!(at(&first, "discoveredAt") <= at(&first, "changedAt"));
    lab.after(NEXT_LOOK).await;
    let same = lab.get(path).await.expect(200).json();
    assert_eq!(same["changedAt"], first["changedAt"], "nothing has changed");
    lab.web.put(LEFT, described("cart", "new"));
    lab.after(NEXT_LOOK).await;
    let now = lab.get(path).await.expect(200).json();
    assert_eq!(now["discoveredAt"], first["discoveredAt"]);
    assert!(at(&now, "changedAt") > at(&first, "changedAt"));
    // Its file is looked at by itself, and the entity when that has changed.
    assert_eq!(now["nextLookAt"], serde_json::Value::Null);
    let locations = lab.get("/entities?filter=kind=location").await.json();
    let name = locations[0]["metadata"]["name"].as_str().expect("a name");
    let path = format!("/entities/by-name/location/default/{name}/times");
    let location = lab.get(&path).await.expect(200).json();
    assert!(at(&location, "nextLookAt") > at(&location, "changedAt"));
    lab.get("/entities/by-name/component/default/gone/times")
        .await
        .expect(404);
}

#[tokio::test]
async fn only_what_is_there_can_be_refreshed() {
    let lab = TestCatalog::new().await;
    for (body, status, message) in [
        (
            json!({ "entityRef": "component:default/gone" }),
            404,
            "Entity component:default/gone not found",
        ),
        (
            json!({}),
            400,
            "request/body must have required property 'entityRef'",
        ),
        (
            json!({ "entityRef": 5 }),
            400,
            "request/body/entityRef must be string",
        ),
    ] {
        let reply = lab.post("/refresh", body.clone()).await.expect(status);
        assert_eq!(reply.message(), message, "{body}");
    }
    lab.post("/refresh", json!({ "entityRef": "::" }))
        .await
        .expect(400);
}

#[tokio::test]
async fn locations_are_looked_at_again_at_the_interval() {
    let cases = [
        (json!({}), 90, 0),
        (json!({}), 200, 1),
        (json!({ "processingInterval": { "minutes": 10 } }), 500, 0),
        (json!({ "processingInterval": { "minutes": 10 } }), 901, 1),
        (json!({ "processingInterval": false }), 1_000_000, 0),
    ];
    for (config, seconds, n_looks) in cases {
        let lab = TestCatalog::with_config(config.clone()).await;
        lab.web.put(LEFT, component("cart"));
        lab.register(LEFT).await;
        lab.settle().await;
        let before = lab.web.n_reads(LEFT);
        lab.after(Duration::from_secs(seconds)).await;
        assert_eq!(
            lab.web.n_reads(LEFT) - before,
            n_looks,
            "{config} after {seconds} s"
        );
    }
}

#[tokio::test]
async fn a_host_that_asks_for_a_pause_gets_it() {
    let lab = tree().await;
    lab.web
        .fail(LEFT, Outage::RateLimited(Duration::from_hours(1)));
    lab.after(NEXT_LOOK).await;
    let n_reads = lab.web.n_reads(LEFT);
    for _ in 0..10 {
        lab.after(NEXT_LOOK).await;
    }
    assert_eq!(lab.web.n_reads(LEFT), n_reads, "within the pause");
    assert_eq!(lab.components().await, ["cart", "web"]);
    lab.web.mend(LEFT);
    lab.after(Duration::from_hours(1)).await;
    assert!(lab.web.n_reads(LEFT) > n_reads, "after the pause");
}

#[tokio::test]
async fn an_outage_of_any_length_removes_nothing() {
    for outage in Outage::ALL {
        let lab = tree().await;
        for url in [ROOT, LEFT, RIGHT] {
            lab.web.fail(url, outage);
        }
        for _ in 0..5 {
            lab.after(Duration::from_hours(1)).await;
        }
        assert_eq!(lab.components().await, ["cart", "web"], "{outage:?}");
        assert_eq!(
            lab.refs("filter=kind=location").await.len(),
            3,
            "{outage:?}"
        );
        for url in [ROOT, LEFT, RIGHT] {
            lab.web.mend(url);
        }
        lab.web.put(LEFT, described("cart", "new"));
        lab.after(Duration::from_hours(1)).await;
        assert_eq!(
            description(&lab.entity(CART).await.unwrap()),
            "new",
            "{outage:?}"
        );
    }
}

/// A catalog that works, over files of its folder.
async fn watching(target: &str) -> TestCatalog {
    let config = json!({ "locations": [{ "type": "file", "target": target }] });
    TestCatalog::draft().config(config).working().open().await
}

/// Waits until the cart has a description, or is not there.
async fn eventually(lab: &TestCatalog, text: Option<&str>) {
    let started = Instant::now();
    let mut found = Some("not looked yet".to_owned());
    while found.as_deref() != text && started.elapsed() < Duration::from_mins(1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        found = lab
            .entity(CART)
            .await
            .as_ref()
            .map(description)
            .map(str::to_owned);
    }
    assert_eq!(found.as_deref(), text);
}

#[tokio::test]
async fn a_changed_file_shows_without_asking_while_the_catalog_works() {
    let lab = watching("FOLDER/*.yaml").await;
    lab.write("keep.yaml", &component("keep"));
    for text in ["one", "two", "three"] {
        lab.write("cart.yaml", &described("cart", text));
        eventually(&lab, Some(text)).await;
    }
    lab.stop().await;
}

#[tokio::test]
async fn what_is_mended_after_a_failed_start_shows_without_asking() {
    let lab = watching("FOLDER/later/cart.yaml").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    fs::create_dir(lab.folder().join("later")).unwrap();
    lab.write("later/cart.yaml", "\tkind: Component");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    lab.write("later/cart.yaml", &described("cart", "mended"));
    eventually(&lab, Some("mended")).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_folder_that_is_replaced_is_watched_again() {
    let lab = watching("FOLDER/team/*.yaml").await;
    let team = lab.folder().join("team");
    fs::create_dir(&team).unwrap();
    lab.write("team/cart.yaml", &described("cart", "one"));
    eventually(&lab, Some("one")).await;
    fs::rename(&team, lab.folder().join("old")).unwrap();
    fs::create_dir(&team).unwrap();
    for text in ["two", "three"] {
        lab.write("team/cart.yaml", &described("cart", text));
        eventually(&lab, Some(text)).await;
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_shows_without_asking() {
    let lab = watching("FOLDER/cart.yaml").await;
    let folder = lab.folder();
    lab.write("real.yaml", &described("cart", "one"));
    symlink(folder.join("real.yaml"), folder.join("cart.yaml")).unwrap();
    eventually(&lab, Some("one")).await;
    // As a volume of Kubernetes changes: the new contents, then the link in one step.
    lab.write("other.yaml", &described("cart", "two"));
    symlink(folder.join("other.yaml"), folder.join("next")).unwrap();
    fs::rename(folder.join("next"), folder.join("cart.yaml")).unwrap();
    eventually(&lab, Some("two")).await;
    lab.write("other.yaml", &described("cart", "three"));
    eventually(&lab, Some("three")).await;
    lab.stop().await;
}
