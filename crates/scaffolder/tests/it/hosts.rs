//! A source control host as a double of its API, and steps that call it.

use serde_json::{Value, json};
use testkit::Forge;

use crate::bench::Bench;

/// Runs steps on a host; what they put out.
pub(crate) struct Trial {
    pub forge: Forge,
    pub bench: Bench,
    kind: &'static str,
}

/// A host of the test as a product, as the configuration names it.
pub(crate) fn integration(forge: &Forge, kind: &str) -> Value {
    let authority = forge.authority();
    let base = format!("http://{authority}");
    let mut host = json!({"host": authority, "token": "forge-token"});
    match kind {
        "azure" => {
            host = json!({"host": authority, "baseUrl": base,
                          "credentials": [{"personalAccessToken": "forge-token"}]});
        }
        "bitbucketCloud" => {
            host["baseUrl"] = base.as_str().into();
            host["apiBaseUrl"] = format!("{base}/api/2.0").into();
        }
        "bitbucketServer" => host["apiBaseUrl"] = format!("{base}/rest/api/1.0").into(),
        "gitlab" => {
            host["baseUrl"] = base.as_str().into();
            host["apiBaseUrl"] = format!("{base}/api/v4").into();
        }
        _ => host["apiBaseUrl"] = format!("{base}/api/v3").into(),
    }
    let mut integrations = json!({"gitea": [], "github": [], "gitlab": []});
    integrations[kind] = json!([host]);
    integrations
}

/// The repository of the tests as the picker writes it.
pub(crate) fn repo_url(forge: &Forge, kind: &str) -> String {
    let authority = forge.authority();
    match kind {
        "azure" => format!("{authority}?organization=acme&project=shop&repo=api"),
        "bitbucketCloud" => format!("{authority}?workspace=acme&project=SHOP&repo=shop"),
        "bitbucketServer" => format!("{authority}?project=SHOP&repo=shop"),
        _ => format!("{authority}?owner=acme&repo=shop"),
    }
}

impl Trial {
    /// A host with a repository.
    pub(crate) async fn start(kind: &'static str) -> Self {
        let trial = Self::empty(kind).await;
        let publish = trial.step(&format!("publish:{kind}"), json!({"defaultBranch": "main"}));
        trial.run(json!([publish])).await;
        trial
    }

    /// A host without repositories.
    pub(crate) async fn empty(kind: &'static str) -> Self {
        let forge = Forge::start().await;
        let authority = forge.authority();
        let bench = Bench::with_integrations(authority, &integration(&forge, kind)).await;
        bench.beside("skeleton/README.md", "# Shop\n");
        bench.beside("skeleton/new.txt", "new\n");
        Self { forge, bench, kind }
    }

    pub(crate) fn step(&self, action: &str, mut input: Value) -> Value {
        if input.get("repoUrl").is_none() {
            input["repoUrl"] = repo_url(&self.forge, self.kind).into();
        }
        json!({"id": "step", "action": action, "input": input})
    }

    /// Runs steps that have to succeed, and nothing else; their last output.
    pub(crate) async fn run(&self, steps: Value) -> Value {
        let mut all = vec![
            json!({"action": "fetch:plain", "input": {"url": "./skeleton", "targetPath": "."}}),
        ];
        all.extend(steps.as_array().unwrap().iter().cloned());
        let spec = json!({"type": "x", "steps": all,
                          "output": {"step": "${{ steps.step.output | dump }}"}});
        self.bench.template("t", spec).await;
        let (status, events) = self.bench.run("t", json!({}), json!({})).await;
        let last = &events.last().unwrap()["body"];
        assert_eq!(status, "completed", "{}: {last:#}", self.kind);
        let output = last["output"]["step"].as_str().unwrap_or("{}");
        serde_json::from_str(output).unwrap()
    }

    /// Runs one action; its output, and the calls with their bodies.
    pub(crate) async fn call(&self, action: &str, input: Value) -> (Value, Vec<(String, Value)>) {
        let n_before = self.forge.calls().len();
        let output = self.run(json!([self.step(action, input)])).await;
        let all = self.forge.exchanges();
        (output, all[n_before..].to_vec())
    }
}

pub(crate) fn call(name: &str, body: Value) -> (String, Value) {
    (name.to_owned(), body)
}
