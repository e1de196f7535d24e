//! What was read once is answered from memory, and never out of date.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::{component, location};

const LEFT: &str = "https://git.example/left.yaml";
const RIGHT: &str = "https://git.example/right.yaml";
const PART: &str = "https://git.example/part.yaml";
const NEXT_LOOK: Duration = Duration::from_secs(200);
const ANCESTRY: &str = "/entities/by-name/component/default/cart/ancestry";

/// What every page of a front end asks for.
const READS: [&str; 9] = [
    "/entities",
    "/entities?filter=kind=component&limit=20",
    "/entities/by-query?filter=kind=component&orderField=metadata.name",
    "/entities/by-query?fullTextFilterTerm=cart",
    "/entity-facets?facet=kind",
    "/entities/by-name/component/default/cart",
    ANCESTRY,
    "/locations",
    "/locations/by-entity/component/default/cart",
];

#[tokio::test]
async fn reads_need_no_database_once_they_are_warm() {
    let lab = TestCatalog::new().await;
    lab.web.put(LEFT, location("left", &[PART]));
    lab.web.put(PART, component("cart"));
    let id = lab.register(LEFT).await;
    lab.settle().await;
    let mut reads: Vec<String> = READS.map(str::to_owned).to_vec();
    reads.push(format!("/locations/{id}"));
    let mut warm = Vec::new();
    for path in &reads {
        warm.push(lab.get(path).await.expect(200).json());
    }
    let refs = json!({ "entityRefs": ["component:default/cart", "location:default/left"] });
    let by_refs = lab.post("/entities/by-refs", refs.clone()).await;
    let by_refs = by_refs.expect(200).json();
    for sql in [
        "alter table catalog_entity rename to away_entity",
        "alter table catalog_edge rename to away_edge",
        "alter table catalog_refresh rename to away_refresh",
        "alter table catalog_relation rename to away_relation",
        "alter table catalog_location rename to away_location",
    ] {
        lab.corrupt(sql).await;
    }
    for (path, answer) in reads.iter().zip(warm) {
        assert_eq!(lab.get(path).await.expect(200).json(), answer, "{path}");
    }
    let again = lab.post("/entities/by-refs", refs).await;
    assert_eq!(again.expect(200).json(), by_refs);
}

/// The parents of `cart`, as its ancestry has them.
async fn parents(lab: &TestCatalog) -> Value {
    let ancestry = lab.get(ANCESTRY).await.expect(200).json();
    ancestry["items"][0]["parentEntityRefs"].clone()
}

#[tokio::test]
async fn an_ancestry_follows_what_leads_to_the_entity() {
    let (left, right) = ("location:default/left", "location:default/right");
    let lab = TestCatalog::new().await;
    lab.web.put(PART, component("cart"));
    for (url, name) in [(LEFT, "left"), (RIGHT, "right")] {
        lab.web.put(url, location(name, &[PART]));
    }
    let of_left = lab.register(LEFT).await;
    lab.settle().await;
    assert_eq!(parents(&lab).await, json!([left]));

    lab.register(RIGHT).await;
    lab.settle().await;
    assert_eq!(parents(&lab).await, json!([left, right]), "one more");

    lab.web.put(RIGHT, location("right", &[]));
    lab.after(NEXT_LOOK).await;
    assert_eq!(
        parents(&lab).await,
        json!([left]),
        "it no longer points there"
    );

    lab.web.put(RIGHT, location("right", &[PART]));
    lab.after(NEXT_LOOK).await;
    lab.delete(&format!("/locations/{of_left}"))
        .await
        .expect(204);
    assert_eq!(parents(&lab).await, json!([right]), "the other is gone");

    let uid = lab.uid(right).await;
    lab.delete(&format!("/entities/by-uid/{uid}"))
        .await
        .expect(204);
    assert_eq!(parents(&lab).await, json!([]), "it hangs in the air");
}

/// The targets of all registered locations, in order.
async fn targets(lab: &TestCatalog) -> Vec<String> {
    let list = lab.get("/locations").await.expect(200).json();
    let target = |item: &Value| item["data"]["target"].as_str().unwrap().to_owned();
    let mut targets: Vec<String> = list.as_array().unwrap().iter().map(target).collect();
    targets.sort_unstable();
    targets
}

#[tokio::test]
async fn registered_locations_are_as_they_were_acknowledged() {
    let lab = TestCatalog::new().await;
    assert_eq!(targets(&lab).await, [""; 0]);
    let id = lab.register(LEFT).await;
    assert_eq!(targets(&lab).await, [LEFT]);
    lab.register(PART).await;
    assert_eq!(targets(&lab).await, [LEFT, PART]);
    let body = json!({ "type": "url", "target": RIGHT });
    let path = format!("/locations/{id}");
    lab.put(&path, body).await.expect(200);
    assert_eq!(targets(&lab).await, [PART, RIGHT]);
    assert_eq!(lab.get(&path).await.expect(200).json()["target"], RIGHT);
    lab.delete(&path).await.expect(204);
    assert_eq!(targets(&lab).await, [PART]);
    lab.get(&path).await.expect(404);
}
