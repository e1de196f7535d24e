//! Plans: what a task would do outside, before anything happens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::Forge;

use crate::bench::Bench;

/// A portal whose only host is a double of GitHub.
async fn bench(forge: &Forge) -> Bench {
    let authority = forge.authority();
    let bench = Bench::with_integrations(authority, &json!({
        "gitea": [], "gitlab": [],
        "github": [{"host": authority, "apiBaseUrl": format!("http://{authority}/api/v3"), "token": "forge-token"}],
    })).await;
    bench.beside("skeleton/README.md", "# ${{ values.name }}\n");
    bench.beside(
        "skeleton/catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\n\
         spec: {type: service, lifecycle: production, owner: team}\n",
    );
    bench
}

fn golden_path(authority: &str) -> Value {
    json!({"type": "x", "parameters": {"required": ["name"], "properties": {"name": {"type": "string"}}},
    "steps": [
        {"id": "fetch", "action": "fetch:template",
         "input": {"url": "./skeleton", "values": {"name": "${{ parameters.name }}"}}},
        {"id": "publish", "action": "publish:github",
         "input": {"repoUrl": format!("{authority}?owner=acme&repo=shop"), "defaultBranch": "main"}},
        {"id": "protect", "action": "github:branch-protection:create",
         "input": {"repoUrl": format!("{authority}?owner=acme&repo=shop")}},
        {"id": "register", "action": "catalog:register",
         "input": {"repoContentsUrl": "${{ steps.publish.output.repoContentsUrl }}"}},
        {"id": "say", "action": "test:effect", "input": {"say": "${{ steps.register.output.entityRef }}"}},
        {"id": "never", "if": false, "action": "test:effect", "input": {"say": "never"}},
    ]})
}

fn calls(step: &Value) -> Vec<String> {
    let calls = step["calls"].as_array().unwrap().iter();
    let text = |call: &Value, name: &str| call[name].as_str().unwrap().to_owned();
    calls
        .map(|call| format!("{} {}", text(call, "method"), text(call, "url")))
        .collect()
}

#[tokio::test]
async fn a_plan_tells_every_call_file_and_entity_and_does_nothing() {
    let forge = Forge::start().await;
    let bench = bench(&forge).await;
    let authority = forge.authority();
    bench.template("t", golden_path(authority)).await;
    let body = json!({"templateRef": "template:default/t", "values": {"name": "Shop"}});
    let (status, answer) = bench.post("/v2/plan", body).await;
    assert_eq!(status, 200, "{answer}");
    let plan = answer["plan"].as_array().unwrap();
    let ids: Vec<&str> = plan
        .iter()
        .map(|it| it["stepId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["publish", "protect", "register", "say"], "{plan:#?}");
    let (api, web) = (
        format!("http://{authority}/api/v3"),
        format!("https://{authority}/acme/shop"),
    );
    assert_eq!(
        calls(&plan[0]),
        [
            format!("GET {api}/users/acme"),
            format!("POST {api}/orgs/acme/repos"),
            format!("GET {web}.git/info/refs?service=git-receive-pack"),
            format!("POST {web}.git/git-receive-pack"),
            format!("PUT {api}/repos/acme/shop/branches/main/protection"),
        ]
    );
    assert_eq!(plan[0]["calls"][1]["body"]["name"], "shop");
    assert_eq!(plan[0]["calls"][3]["body"]["ref"], "refs/heads/main");
    assert_eq!(
        plan[0]["files"],
        json!([{"path": "README.md", "change": "added"},
               {"path": "catalog-info.yaml", "change": "added"}])
    );
    // What an earlier step makes is there for a later one.
    assert_eq!(plan[1].get("note"), None, "{plan:#?}");
    assert_eq!(
        plan[2]["catalog"],
        json!([{"change": "register", "target": format!("{web}/tree/main/catalog-info.yaml"),
                "entities": ["component:default/shop"]}])
    );
    assert_eq!(plan[3]["input"], json!({"say": "component:default/shop"}));
    // The files are those that the steps leave.
    let files = answer["directoryContents"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(forge.effects(), Vec::<String>::new());
    assert_eq!(
        forge.calls(),
        ["GET /api/v3/users/acme", "GET /api/v3/repos/acme/shop"],
        "only questions leave"
    );
    assert!(bench.peer.lock().said.is_empty());
    assert!(!answer.to_string().contains("forge-token"));
}

#[tokio::test]
async fn a_plan_says_why_a_step_cannot_run() {
    let forge = Forge::start().await;
    let bench = bench(&forge).await;
    for (host, input, expected) in [
        ("other.example", json!({}), "No matching integration"),
        (
            forge.authority(),
            json!({"repoVisibility": "secret"}),
            "Invalid input passed to action publish:github",
        ),
        (forge.authority(), json!({"sourcePath": "../.."}), "outside"),
    ] {
        let mut publish = json!({"repoUrl": format!("{host}?owner=acme&repo=shop")});
        for (name, value) in input.as_object().unwrap() {
            publish[name] = value.clone();
        }
        let step = json!({"id": "p", "action": "publish:github", "input": publish});
        bench
            .template("t", json!({"type": "x", "steps": [step]}))
            .await;
        let body = json!({"templateRef": "t", "values": {}});
        let (status, answer) = bench.post("/v2/plan", body).await;
        assert_eq!(status, 200, "{answer}");
        let note = answer["plan"][0]["note"].as_str().unwrap_or_default();
        assert!(note.contains(expected), "{host} {input}: {answer:#}");
    }
    assert_eq!(forge.effects(), Vec::<String>::new());
}

#[tokio::test]
async fn a_plan_hides_secrets_and_checks_values() {
    let forge = Forge::start().await;
    let bench = bench(&forge).await;
    bench
        .template(
            "t",
            json!({"type": "x",
        "parameters": {"required": ["name"], "properties": {"name": {"type": "string"}}},
        "steps": [{"id": "hook", "action": "github:webhook", "input": {
            "repoUrl": format!("{}?owner=acme&repo=shop", forge.authority()),
            "webhookUrl": "https://ci.example/${{ secrets.path }}",
            "webhookSecret": "${{ secrets.hook }}"}}]}),
        )
        .await;
    let body = |values: Value| {
        json!({"templateRef": "t", "values": values,
               "secrets": {"path": "hidden-path", "hook": "hidden-hook"}})
    };
    let (status, answer) = bench.post("/v2/plan", body(json!({}))).await;
    assert_eq!(
        (status, answer["errors"][0]["name"].as_str()),
        (400, Some("required"))
    );
    let (status, answer) = bench.post("/v2/plan", body(json!({"name": "x"}))).await;
    assert_eq!(status, 200);
    let call = &answer["plan"][0]["calls"][0]["body"]["config"];
    assert_eq!(call["url"], "https://ci.example/***");
    assert_eq!(call["secret"], "***");
    assert!(!answer.to_string().contains("hidden-"), "{answer:#}");
}

#[tokio::test]
async fn a_dry_run_has_a_plan_only_if_it_is_asked_for() {
    let forge = Forge::start().await;
    let bench = bench(&forge).await;
    let template = json!({"apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
        "metadata": {"name": "t"}, "spec": golden_path(forge.authority())});
    let files = json!([{"path": "skeleton/a.txt", "base64Content": "YQ=="}]);
    let body =
        json!({"template": template, "values": {"name": "Shop"}, "directoryContents": files});
    let (status, plain) = bench.post("/v2/dry-run", body.clone()).await;
    assert_eq!(status, 200, "{plain}");
    assert_eq!(plain.get("plan"), None);
    assert_eq!(forge.n_requests(), 0, "without a plan, nobody is asked");
    let mut body = body;
    body["plan"] = json!(true);
    let (status, planned) = bench.post("/v2/dry-run", body).await;
    assert_eq!(status, 200, "{planned}");
    assert_eq!(planned["plan"].as_array().unwrap().len(), 4);
    assert_eq!(planned["directoryContents"], plain["directoryContents"]);
    assert_eq!(planned["steps"], plain["steps"]);
}

#[tokio::test]
async fn a_plan_in_which_a_step_fails_tells_what_is_known_until_then() {
    let forge = Forge::start().await;
    let bench = bench(&forge).await;
    let mut spec = golden_path(forge.authority());
    spec["steps"][2] = json!({"id": "broken", "name": "Broken", "action": "fetch:plain",
                              "input": {"url": "./nowhere"}});
    bench.template("t", spec).await;
    let body = json!({"templateRef": "template:default/t", "values": {"name": "Shop"}});
    let (status, answer) = bench.post("/v2/plan", body).await;
    assert_eq!(status, 200, "{answer}");
    let plan = answer["plan"].as_array().unwrap();
    let ids: Vec<&Value> = plan.iter().map(|it| &it["stepId"]).collect();
    assert_eq!(ids, ["publish", "broken"], "{answer:#}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("nowhere"), "{message}");
    assert!(plan[1]["note"].as_str().unwrap().contains("nowhere"));
    assert_eq!(forge.effects(), [] as [String; 0]);
}

/// A catalog file that takes a text as it is, and that of the golden path, which does not.
const CARELESS: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: shop\n  \
    description: ${{ values.description }}\n\
    spec: {type: service, lifecycle: production, owner: team}\n";
const CAREFUL: &str =
    include_str!("../../../callboard/tests/robust/golden-path/skeleton/catalog-info.yaml");

#[tokio::test]
async fn a_plan_and_a_dry_run_read_what_would_be_registered() {
    let bench = Bench::new().await;
    let spec = json!({"type": "x", "steps": [
        {"id": "fetch", "action": "fetch:template", "input": {"url": "./described", "values": {
            "description": "${{ parameters.description }}", "name": "shop", "owner": "team",
            "system": "shops", "cacheLayer": "none"}}},
        {"id": "register", "action": "catalog:register",
         "input": {"catalogInfoUrl": "https://github.com/a/b/blob/main/catalog-info.yaml"}},
    ]});
    bench.template("t", spec.clone()).await;
    let refused = Some("catalog-info.yaml:5:");
    for (skeleton, description, expected) in [
        (CARELESS, "a shop", None),
        (CARELESS, "", refused),
        (CARELESS, "d: x \"q\"", refused),
        (CAREFUL, "a shop", None),
        (CAREFUL, "", None),
        (CAREFUL, "d: x \"q\"", None),
    ] {
        bench.beside("described/catalog-info.yaml", skeleton);
        let values = json!({"description": description});
        let body = json!({"templateRef": "t", "values": values});
        let (status, answer) = bench.post("/v2/plan", body).await;
        assert_eq!(status, 200, "{answer}");
        let step = &answer["plan"][0];
        let dry = json!({
            "template": {"apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
                         "metadata": {"name": "t"}, "spec": spec},
            "values": values,
            "directoryContents": [{"path": "described/catalog-info.yaml",
                                   "base64Content": STANDARD.encode(skeleton)}],
        });
        let (status, tried) = bench.post("/v2/dry-run", dry).await;
        assert_eq!(status, 200, "{tried}");
        let told = tried["log"].to_string();
        match expected {
            None => {
                let problems = &step["catalog"][0]["problems"];
                assert!(step["note"].is_null() && problems.is_null(), "{answer}");
                assert!(!told.contains("would refuse"), "{told}");
            }
            Some(place) => {
                let problem = step["catalog"][0]["problems"][0].as_str().unwrap();
                assert!(problem.starts_with(place), "{answer}");
                assert_eq!(step["note"], problem);
                assert!(told.contains(&format!("would refuse {place}")), "{told}");
            }
        }
    }
}
