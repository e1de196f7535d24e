//! Names that would mean something to a program in JavaScript are ordinary names.

use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::provided;

/// CVE-2024-45815.
#[tokio::test]
async fn names_of_prototypes_are_ordinary_names() {
    let lab = TestCatalog::new().await;
    lab.provide("org", vec![provided("a"), provided("b")]).await;
    lab.settle().await;
    let names = [
        "__proto__",
        "constructor",
        "prototype",
        "toString",
        "hasOwnProperty",
        "__proto__.polluted",
        "constructor.prototype.polluted",
        "metadata.__proto__.name",
        "metadata.constructor.name",
    ];
    for name in names {
        let nested = name
            .rsplit('.')
            .fold(json!("x"), |inner, part| json!({ part: inner }));
        let asked = [
            lab.get(&format!("/entities?filter={name}=x")).await,
            lab.get(&format!("/entities?fields={name}")).await,
            lab.get(&format!("/entities?order=asc:{name}")).await,
            lab.get(&format!(
                "/entities/by-query?filter={name}=x&orderField={name},asc"
            ))
            .await,
            lab.get(&format!(
                "/entities/by-query?fullTextFilterTerm=x&fullTextFilterFields={name}"
            ))
            .await,
            lab.get(&format!("/entity-facets?facet={name}")).await,
            lab.get(&format!("/entities/by-name/component/default/{name}"))
                .await,
            lab.post("/entities/by-query", json!({ "query": { name: "x" } }))
                .await,
            lab.post("/entities/by-query", json!({ "query": nested }))
                .await,
            lab.post(
                "/entities/by-refs",
                json!({ "entityRefs": [name], "query": nested }),
            )
            .await,
            lab.post(
                "/entity-facets",
                json!({ "facets": [name], "query": { name: "x" } }),
            )
            .await,
            lab.post(
                "/locations",
                json!({ "type": "url", "target": "https://git.example/x", name: 1 }),
            )
            .await,
        ];
        for reply in asked {
            let status = reply.status;
            assert!(status < 500, "{name}: {status} {}", reply.text);
        }
    }
    // Nothing was let in, and everything answers as before.
    assert_eq!(lab.refs("filter=kind=component").await.len(), 2);
    let found = lab
        .post(
            "/entities/by-query",
            json!({ "query": { "kind": "Component" } }),
        )
        .await;
    assert_eq!(found.json()["totalItems"], 2);
    let facets = lab
        .get("/entity-facets?facet=constructor")
        .await
        .expect(200);
    assert_eq!(
        facets.json()["facets"]["constructor"],
        Value::Array(Vec::new())
    );
}
