//! The golden path of a platform team: its template, Cookiecutter template and catalog files as they
//! are, from the form to the entity, with repositories on a git server and an application of Argo CD.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use testkit::{Forge, TOKEN};

use crate::client::{self, Client};
use crate::database::Database;
use crate::portal::{Portal, Setup};
use crate::tasks::until;

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/robust/golden-path");

/// A portal whose `github.com` is a host of the test.
async fn start(forge: &Forge) -> (Database, Setup, Portal) {
    let database = Database::new();
    let proxy = format!("http://{}", forge.authority());
    let setup = Setup::with(|port| configuration(port, &database, forge))
        // What goes to github.com without the API, which is git, goes to the host.
        .env("HTTP_PROXY", &proxy)
        .env("http_proxy", &proxy)
        .env("NO_PROXY", "127.0.0.1,localhost");
    let portal = setup.start().await;
    (database, setup, portal)
}

fn configuration(port: u16, database: &Database, forge: &Forge) -> Value {
    let host = forge.authority();
    let location = |name: &str| json!({ "type": "file", "target": Path::new(FILES).join(name) });
    json!({
        "backend": {
            "baseUrl": format!("http://127.0.0.1:{port}"),
            "listen": { "host": "127.0.0.1", "port": port },
            "auth": { "externalAccess": [
                { "type": "static", "options": { "token": client::TOKEN, "subject": "robust-tests" } },
            ]},
            "database": database.config(),
        },
        "integrations": { "github": [
            { "host": "github.com", "apiBaseUrl": format!("http://{host}/api/v3"), "token": TOKEN },
        ]},
        "argocd": { "appLocatorMethods": [{ "type": "config", "instances": [
            { "name": "main", "url": format!("http://{host}/api/argo"), "token": TOKEN },
        ]}]},
        "catalog": {
            "rules": [{ "allow": ["Component", "System", "API", "Resource", "Location", "Template"] }],
            "locations": [location("template-nodejs-service.yaml"), location("cookiecutter-service.yaml")],
        },
    })
}

/// Fills in the form of a template; what the task put out.
async fn fill_in(client: &Client, template: &str, values: Value) -> Value {
    let reference = format!("template:default/{template}");
    until("the template is there", async || {
        client.entity(&reference).await.unwrap()
    })
    .await;
    let path = format!("/api/scaffolder/v2/templates/default/template/{template}/parameter-schema");
    let form = client.send_text("GET", &path, None).await.unwrap();
    assert_eq!(form.status, 200, "{form:?}");
    let body = json!({ "templateRef": reference, "values": values }).to_string();
    let made = client
        .send_text("POST", "/api/scaffolder/v2/tasks", Some(body))
        .await
        .unwrap();
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!(
        "/api/scaffolder/v2/tasks/{}",
        made.body["id"].as_str().unwrap()
    );
    let status = until("the task ends", async || {
        let task = client.send_text("GET", &path, None).await.unwrap();
        let status = task.body["status"].as_str().unwrap().to_owned();
        (status != "open" && status != "processing").then_some(status)
    })
    .await;
    let events = client
        .send_text("GET", &format!("{path}/events"), None)
        .await
        .unwrap();
    let last = events.body.as_array().unwrap().last().unwrap()["body"].clone();
    assert_eq!(status, "completed", "{:#}", events.body);
    last["output"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_becomes_a_service_with_repository_application_and_entity() {
    let forge = Forge::start_as("github.com").await;
    let (_database, setup, portal) = start(&forge).await;
    let client = &portal.client;
    let values = json!({
        "name": "checkout-service", "owner": "group:default/team-commerce",
        "system": "system:default/commerce-platform", "description": "Takes payments",
        "database": "postgres", "cacheLayer": "none", "environment": "dev",
    });
    let begun = Instant::now();
    let output = fill_in(client, "nodejs-service", values).await;
    assert_eq!(
        output["links"],
        json!([
            {"title": "Repository", "url": "http://github.com/myorg/checkout-service.git"},
            {"title": "Open in Backstage", "icon": "catalog", "entityRef": "component:default/checkout-service"},
        ])
    );
    let listed = forge.git(
        "myorg/checkout-service",
        &["ls-tree", "-r", "--format=%(objectmode) %(path)", "main"],
    );
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [
            "100644 catalog-info.yaml",
            "100644 deploy/k8s/deployment.yaml",
            "100644 docs/index.md",
            "100644 mkdocs.yml",
            "100644 src/index.js",
            "100755 start.sh",
        ]
    );
    assert_eq!(
        forge.git("myorg/checkout-service", &["show", "main:src/index.js"]),
        "console.log('checkout-service with postgres');\n"
    );
    let calls = forge.calls();
    assert_eq!(
        calls[..5],
        [
            "GET /api/v3/users/myorg",
            "POST /api/v3/orgs/myorg/repos",
            "PUT /api/v3/repos/myorg/checkout-service/branches/main/protection",
            "POST /api/argo/api/v1/projects",
            "POST /api/argo/api/v1/applications",
        ]
    );
    assert_eq!(forge.body_of(&calls[1])["visibility"], "internal");
    let reviews = &forge.body_of(&calls[2])["required_pull_request_reviews"];
    assert_eq!(reviews["require_code_owner_reviews"], true);
    let application = forge.body_of(&calls[4]);
    assert_eq!(application["metadata"]["name"], "checkout-service");
    assert_eq!(
        application["spec"]["destination"]["namespace"],
        "checkout-service"
    );
    assert_eq!(
        application["spec"]["source"],
        json!({"path": "deploy/k8s", "repoURL": "https://github.com/myorg/checkout-service"})
    );
    let entity = entity(client, "component:default/checkout-service").await;
    println!("from the form to the entity: {:?}", begun.elapsed());
    assert_eq!(entity["spec"]["owner"], "group:default/team-commerce");
    assert_eq!(
        entity["metadata"]["annotations"]["backstage.io/managed-by-location"],
        "url:https://github.com/myorg/checkout-service/tree/main/catalog-info.yaml"
    );
    assert!(!setup.log().contains(TOKEN), "{}", setup.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookiecutter_template_becomes_a_service_with_its_api() {
    let forge = Forge::start_as("github.com").await;
    let (_database, _setup, portal) = start(&forge).await;
    let client = &portal.client;
    let output = fill_in(
        client,
        "cookiecutter-service",
        json!({"name": "orders-service"}),
    )
    .await;
    assert_eq!(output["links"][0]["entityRef"], "api:default/orders-api");
    let shown = |path: &str| forge.git("myorg/orders-service", &["show", &format!("main:{path}")]);
    assert_eq!(
        shown("Dockerfile").lines().next(),
        Some("FROM node:18-slim")
    );
    assert!(shown("deploy/k8s/deployment.yaml").contains("value: postgres"));
    assert!(shown(".github/workflows/ci.yaml").contains("${{ secrets.TOKEN }}"));
    let component = entity(client, "component:default/orders-service").await;
    // Variables of the environment mean nothing in entities.
    assert_eq!(
        component["metadata"]["annotations"]["pagerduty.com/integration-key"],
        "${PAGERDUTY_KEY}"
    );
    let api = entity(client, "api:default/orders-api").await;
    assert_eq!(api["spec"]["definition"], shown("api/openapi.yaml"));
}

async fn entity(client: &Client, reference: &str) -> Value {
    until(reference, async || client.entity(reference).await.unwrap()).await
}
