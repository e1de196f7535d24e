//! `terasky:*`: manifests from the answers of a form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::Forge;

use crate::bench::Bench;

/// Runs one action, and publishes nothing; its output, and a file of the workspace that it made.
async fn run(bench: &Bench, action: &str, input: Value, path: &str) -> (Value, String) {
    let spec = json!({"type": "x", "steps": [
        {"id": "step", "action": action, "input": input},
        {"id": "read", "action": "roadiehq:utils:fs:parse", "input": {"path": path}},
    ], "output": {"step": "${{ steps.step.output | dump }}",
                  "file": "${{ steps.read.output.content }}"}});
    bench.template("t", spec).await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    let last = &events.last().unwrap()["body"];
    assert_eq!(status, "completed", "{last:#}");
    let text = |name: &str| last["output"][name].as_str().unwrap().to_owned();
    (serde_json::from_str(&text("step")).unwrap(), text("file"))
}

fn claim(parameters: &Value, more: &Value) -> Value {
    let mut input = json!({
        "parameters": parameters, "apiVersion": "acme.example/v1", "kind": "Shop",
        "clusters": ["east", "west"], "ownerParam": "owner",
        "excludeParams": ["xrName", "xrNamespace", "owner", "manifestLayout", "basePath",
                          "pushToGit", "repoUrl", "inner.gone"],
    });
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

#[tokio::test]
async fn a_claim_is_written_for_each_cluster() {
    let bench = Bench::new().await;
    let parameters = json!({
        "xrName": "checkout", "xrNamespace": "shops", "owner": "group:default/web",
        "pushToGit": true, "repoUrl": "github.com?owner=acme&repo=infra",
        "size": 0, "public": false, "note": "", "tags": [], "showAdvancedSettings": true,
        "inner": {"gone": 1, "kept": {"showAdvancedSettings": true, "deep": [null]}},
        "region": "eu",
    });
    let input = claim(&parameters, &json!({"specFieldOrder": ["region", "size"]}));
    let path = "west/shops/Shop/checkout.yaml";
    let (output, file) = run(&bench, "terasky:claim-template", input, path).await;
    let source = r#"{"pushToGit":true,"gitBranch":"main","gitRepo":"github.com?owner=acme&repo=infra","gitLayout":"cluster-scoped","basePath":""}"#;
    let manifest: Value = json!({
        "apiVersion": "acme.example/v1",
        "kind": "Shop",
        "metadata": {
            "annotations": {
                "terasky.backstage.io/source-info": source,
                "terasky.backstage.io/add-to-catalog": "true",
                "terasky.backstage.io/owner": "group:default/web",
                "terasky.backstage.io/system": "shops",
                "terasky.backstage.io/source-file-url":
                    format!("https://github.com/acme/infra/blob/main/{path}"),
            },
            "name": "checkout",
            "namespace": "shops",
        },
        // What is empty is not there; false and 0 are.
        "spec": {"region": "eu", "size": 0, "public": false},
    });
    assert_eq!(file, model::to_yaml(&manifest));
    assert_eq!(output["manifest"], file);
    let encoded = STANDARD.encode(&file);
    assert_eq!(output["manifestEncoded"], encoded);
    let paths = output["filePaths"].as_array().unwrap();
    let ends = ["east/shops/Shop/checkout.yaml", path];
    assert!(
        paths
            .iter()
            .zip(ends)
            .all(|(it, end)| it.as_str().unwrap().ends_with(end)),
        "{paths:?}"
    );
}

#[tokio::test]
async fn layouts_say_where_a_claim_goes() {
    let bench = Bench::new().await;
    for (layout, template, path) in [
        ("namespace-scoped", None, "shops/Shop/checkout.yaml"),
        ("custom", None, "deploy/prod/checkout.yaml"),
        (
            "cluster-scoped",
            Some("teams/{team}/apps"),
            "teams/web/apps/checkout.yaml",
        ),
    ] {
        let parameters = json!({"xrName": "checkout", "xrNamespace": "shops", "team": "Web",
                                "manifestLayout": layout, "basePath": "deploy/prod/"});
        let mut more = json!({});
        if let Some(template) = template {
            more["xrdPathTemplate"] = template.into();
        }
        let input = claim(&parameters, &more);
        let (_, file) = run(&bench, "terasky:claim-template", input, path).await;
        assert!(file.contains("name: checkout"), "{file}");
    }
}

#[tokio::test]
async fn a_kustomization_keeps_what_the_repository_names() {
    let forge = Forge::start().await;
    let host = json!({
        "host": forge.authority(), "token": "forge-token",
        "apiBaseUrl": format!("http://{}/api/v3", forge.authority()),
    });
    let integrations = json!({"gitea": [], "github": [host], "gitlab": []});
    let bench = Bench::with_integrations(forge.authority(), &integrations).await;
    let repo = format!("{}?owner=acme&repo=infra", forge.authority());
    bench.beside(
        "skeleton/shops/Shop/kustomization.yaml",
        "kind: Kustomization\nnamePrefix: x-\nresources:\n  - other.yaml\n",
    );
    let publish = json!({"type": "x", "steps": [
        {"action": "fetch:plain", "input": {"url": "./skeleton"}},
        {"action": "publish:github", "input": {"repoUrl": repo, "defaultBranch": "main"}},
    ]});
    bench.template("t", publish).await;
    assert_eq!(bench.run("t", json!({}), json!({})).await.0, "completed");
    let parameters = json!({"xrName": "checkout", "xrNamespace": "shops", "pushToGit": true,
                            "repoUrl": repo, "manifestLayout": "namespace-scoped"});
    let input = claim(&parameters, &json!({"generateKustomization": true}));
    let path = "shops/Shop/kustomization.yaml";
    let (_, file) = run(&bench, "terasky:claim-template", input, path).await;
    let expected = json!({"kind": "Kustomization", "namePrefix": "x-",
                          "resources": ["other.yaml", "checkout.yaml"]});
    assert_eq!(file, model::to_yaml(&expected));
    let call = format!("GET /api/v3/repos/acme/infra/contents/{path}");
    assert!(forge.calls().contains(&call), "{:?}", forge.calls());
}

#[tokio::test]
async fn an_object_of_a_definition_keeps_empty_members_unless_told_otherwise() {
    let bench = Bench::new().await;
    let input = json!({
        "parameters": {"name": "checkout", "size": 1, "note": ""},
        "nameParam": "name", "excludeParams": ["name"], "clusters": ["east"],
        "apiVersion": "acme.example/v1", "kind": "Shop",
    });
    let path = "east/cluster-scoped/Shop/checkout.yaml";
    let (output, file) = run(&bench, "terasky:crd-template", input, path).await;
    assert!(file.ends_with("spec:\n  size: 1\n  note: \"\"\n"), "{file}");
    assert!(!file.contains("namespace:"), "{file}");
    assert_eq!(output["manifest"], file);
    assert_eq!(output["manifestEncoded"], Value::Null);
}

#[tokio::test]
async fn what_the_catalog_adds_is_taken_away() {
    let bench = Bench::new().await;
    let entity = json!({
        "kind": "Component",
        "metadata": {"name": "shop", "uid": "1", "etag": "2", "annotations": {
            "backstage.io/managed-by-location": "url:x",
            "backstage.io/managed-by-origin-location": "url:x", "acme/own": "y"}},
        "relations": [{"type": "ownedBy"}],
    });
    let input = json!({"entity": entity});
    let path = "catalog-info.yaml";
    let (output, file) = run(&bench, "terasky:catalog-info-cleaner", input, path).await;
    let left = json!({"kind": "Component",
                      "metadata": {"name": "shop", "annotations": {"acme/own": "y"}}});
    assert_eq!(file, model::to_yaml(&left));
    assert_eq!(output["manifest"], file);
    assert!(
        output["filePath"]
            .as_str()
            .unwrap()
            .ends_with("/catalog-info.yaml")
    );
}

#[tokio::test]
async fn no_manifest_leaves_the_workspace() {
    let bench = Bench::new().await;
    for (cluster, name) in [("..", "x"), ("east", "../../../../x"), ("/etc", "x")] {
        let input = json!({"parameters": {"xrName": name}, "apiVersion": "a/v1", "kind": "Shop",
                           "clusters": [cluster]});
        let step = json!({"action": "terasky:claim-template", "input": input});
        bench
            .template("t", json!({"type": "x", "steps": [step]}))
            .await;
        let (status, events) = bench.run("t", json!({}), json!({})).await;
        assert_eq!(status, "failed", "{cluster} {name}: {events:#?}");
    }
}
