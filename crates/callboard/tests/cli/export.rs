//! `callboard catalog export`

use serde_json::{Value, json};

use crate::stage::Stage;

fn row(id: i64, kind: &str, name: &str) -> String {
    let location = "url:https://github.com/o/r/blob/main/a.yaml";
    let body = json!({
        "metadata": {
            "namespace": "default",
            "annotations": {
                "backstage.io/managed-by-location": location,
                "backstage.io/managed-by-origin-location": location,
                "backstage.io/view-url": "https://github.com/o/r/blob/main/a.yaml",
                "backstage.io/edit-url": "https://github.com/o/r/edit/main/a.yaml",
                "backstage.io/source-location": "url:https://github.com/o/r/tree/main/",
            },
            "name": name, "uid": format!("u{id}"), "etag": "e",
        },
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "spec": {"type": "service", "text": "one\ntwo\n"},
        "relations": [{"type": "ownedBy", "targetRef": "group:default/a"}],
        "status": {"items": []},
    });
    let entity_ref = format!("{}:default/{}", kind.to_lowercase(), name.to_lowercase());
    format!(
        "insert into catalog_entity (id, ref, uid, etag, body, changed_at) values \
         ({id}, '{entity_ref}', 'u{id}', 'e', '{body}', 0);"
    )
}

async fn stage() -> Stage {
    let stage = Stage::configured(&json!({}));
    stage.run(&["migrate"]).expect(0);
    let rows = [
        row(1, "Component", "Shop"),
        row(2, "API", "shop-api"),
        row(3, "Location", "generated-0123"),
    ];
    let db = stage.open_database().await;
    db.write(move |tx| tx.batch(&rows.concat())).await.unwrap();
    stage
}

#[tokio::test]
async fn entities_are_exported_as_people_write_them() {
    let run = stage()
        .await
        .run(&["catalog", "export", "--filter", "kind=component"])
        .expect(0);
    assert_eq!(
        run.out,
        "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: Shop\nspec:\n  \
         type: service\n  text: |\n    one\n    two\n"
    );
}

#[tokio::test]
async fn options_say_what_is_kept() {
    let stage = stage().await;
    let names = |args: &[&str]| -> Vec<String> {
        let args = [&["catalog", "export", "--format", "json"], args].concat();
        let entities = stage.run(&args).expect(0).json();
        let entities = entities.as_array().unwrap().clone();
        entities
            .iter()
            .map(|e| e["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&[]), ["Shop", "shop-api"]);
    assert_eq!(
        names(&["--as-served"]),
        ["Shop", "shop-api", "generated-0123"]
    );
    assert_eq!(
        names(&["--filter", "kind=api", "--filter", "metadata.name=shop"]).len(),
        2
    );
    assert_eq!(
        names(&["--filter", "kind=api,metadata.name=shop"]),
        [] as [&str; 0]
    );
    let first = |args: &[&str]| -> Value {
        let args = [&["catalog", "export", "--format", "json"], args].concat();
        stage.run(&args).expect(0).json()[0].clone()
    };
    let annotations = &first(&["--annotations"])["metadata"]["annotations"];
    assert_eq!(annotations.as_object().unwrap().len(), 5);
    let served = first(&["--as-served"]);
    assert_eq!(served["metadata"]["uid"], "u1");
    assert!(served["relations"].is_array());
}

#[tokio::test]
async fn a_folder_gets_one_file_per_entity_that_validates() {
    let stage = stage().await;
    let run = stage.run(&["catalog", "export", "--out", "out"]).expect(0);
    assert_eq!(run.err, "2 entities written to out\n");
    let text = stage.read("out/component/default/shop.yaml");
    assert!(
        text.starts_with("apiVersion: backstage.io/v1alpha1\nkind: Component\n"),
        "{text}"
    );
    let run = stage.run(&["catalog", "validate", "out"]);
    assert!(
        run.out.contains("out/component/default/shop.yaml:"),
        "lifecycle is missing: {}",
        run.out
    );
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused() {
    let run = stage()
        .await
        .run(&["catalog", "export", "--filter", "=x"])
        .expect(1);
    assert!(
        run.err.contains("`--filter` cannot be understood"),
        "{}",
        run.err
    );
}
