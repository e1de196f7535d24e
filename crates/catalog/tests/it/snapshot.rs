//! The index in a file between two runs: used when it fits, of no harm when it does not.

use std::fs;

use serde_json::{Value, json};
use testkit::TestCatalog;

use crate::written::provided;

const N_ENTITIES: usize = 30;

fn components(n: usize) -> Vec<Value> {
    (0..n).map(|n| provided(&format!("c-{n}"))).collect()
}

/// How many components the index has; no body is read for it.
async fn count(catalog: &TestCatalog) -> Value {
    let reply = catalog
        .get("/entities/by-query?limit=0&filter=kind=component")
        .await;
    reply.json()["totalItems"].clone()
}

/// Another run over the same database and folder.
async fn restarted(catalog: &TestCatalog) -> TestCatalog {
    // The provider of the test is not known to a catalog that starts.
    let config = json!({ "orphanProviderStrategy": "keep" });
    catalog.again().config(config).open().await
}

/// A catalog that was stopped, with its index in a file.
async fn stopped() -> TestCatalog {
    let catalog = TestCatalog::new().await;
    catalog.provide("p", components(N_ENTITIES)).await;
    catalog.settle().await;
    catalog.stop().await;
    catalog
}

#[tokio::test]
async fn a_restart_takes_the_index_from_the_file() {
    let catalog = stopped().await;
    // Only the file still knows them.
    catalog.corrupt("delete from catalog_entity").await;
    let again = restarted(&catalog).await;
    assert_eq!(count(&again).await, N_ENTITIES);
}

#[tokio::test]
async fn what_changed_after_the_file_was_written_is_followed() {
    let catalog = stopped().await;
    let killed = restarted(&catalog).await;
    killed.provide("p", components(N_ENTITIES - 5)).await;
    killed
        .provide("q", vec![components(N_ENTITIES + 1).remove(N_ENTITIES)])
        .await;
    killed.settle().await;
    let again = restarted(&catalog).await;
    assert_eq!(count(&again).await, N_ENTITIES - 4);
    assert!(
        again
            .entity(&format!("component:default/c-{N_ENTITIES}"))
            .await
            .is_some()
    );
    assert!(again.entity("component:default/c-29").await.is_none());
}

#[tokio::test]
async fn a_file_that_is_damaged_is_not_used() {
    let catalog = stopped().await;
    let path = catalog.folder().join("index.snapshot");
    let good = fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(good.len() / 13) {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        fs::write(&path, &bad).unwrap();
        let again = restarted(&catalog).await;
        assert_eq!(count(&again).await, N_ENTITIES, "byte {at}");
        assert_eq!(again.refs("").await.len(), N_ENTITIES, "byte {at}");
    }
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    assert_eq!(count(&restarted(&catalog).await).await, N_ENTITIES);
}

#[tokio::test]
async fn a_file_of_another_history_is_not_used() {
    let catalog = stopped().await;
    // As after a restore of the database: other changes under the same numbers.
    catalog
        .corrupt("update catalog_change set at = at + 1")
        .await;
    catalog
        .corrupt("delete from catalog_entity where ref = 'component:default/c-1'")
        .await;
    let again = restarted(&catalog).await;
    assert_eq!(count(&again).await, N_ENTITIES - 1);
}
