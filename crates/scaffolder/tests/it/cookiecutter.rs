//! `fetch:cookiecutter` makes what the real Cookiecutter makes. `scripts/cookiecutter-cases.py` asks it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bench::Bench;

/// Contents are bytes, written as the characters of the same numbers.
#[derive(Deserialize)]
struct Case {
    title: String,
    files: BTreeMap<String, String>,
    #[serde(default)]
    values: Value,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Files(BTreeMap<String, String>),
    Error(String),
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../cookiecutter/cases.json")).unwrap()
}

fn encoded(text: &str) -> String {
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    STANDARD.encode(bytes)
}

fn decoded(base64: &str) -> String {
    let bytes = STANDARD.decode(base64).unwrap();
    bytes.into_iter().map(char::from).collect()
}

/// What a trial of the action leaves in the workspace.
async fn make(bench: &Bench, case: &Case) -> Result<BTreeMap<String, String>, Value> {
    let mut input = json!({"url": "./template"});
    if case.values.is_object() {
        input["values"] = case.values.clone();
    }
    let file = |(path, content): (&String, &String)| json!({"path": format!("template/{path}"), "base64Content": encoded(content)});
    let files: Vec<Value> = case.files.iter().map(file).collect();
    let template = json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template", "metadata": {"name": "t"},
        "spec": {"type": "x", "steps": [{"id": "s", "action": "fetch:cookiecutter", "input": input}]},
    });
    let body = json!({"template": template, "values": {}, "directoryContents": files});
    let (status, answer) = bench.post("/v2/dry-run", body).await;
    if status != 200 {
        return Err(answer);
    }
    let made = answer["directoryContents"].as_array().unwrap();
    let text = |file: &Value, name: &str| file[name].as_str().unwrap().to_owned();
    Ok(made
        .iter()
        .map(|file| (text(file, "path"), decoded(&text(file, "base64Content"))))
        .collect())
}

#[tokio::test]
async fn projects_are_those_of_cookiecutter() {
    let bench = Bench::new().await;
    let cases = cases();
    assert!(cases.len() >= 20);
    let mut wrong = Vec::new();
    for case in &cases {
        match (&case.expected, make(&bench, case).await) {
            (Expected::Files(expected), Ok(made)) if *expected == made => {}
            (Expected::Error(_), Err(_)) => {}
            (Expected::Files(expected), found) => {
                wrong.push(format!("{}: {found:?} instead of {expected:?}", case.title));
            }
            (Expected::Error(error), Ok(made)) => {
                wrong.push(format!("{}: {made:?} instead of {error}", case.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn random_values_hooks_and_foreign_extensions() {
    let bench = Bench::new().await;
    let files = |settings: Value, content: &str| {
        BTreeMap::from([
            ("cookiecutter.json".to_owned(), settings.to_string()),
            ("{{cookiecutter.name}}/a".to_owned(), content.to_owned()),
            ("hooks/post_gen_project.sh".to_owned(), "exit 1".to_owned()),
        ])
    };
    let case = |settings: Value, content: &str| Case {
        title: String::new(),
        files: files(settings, content),
        values: Value::Null,
        expected: Expected::Error(String::new()),
    };
    let source = "{{ uuid4() | length }} {{ random_ascii_string(12) | length }}";
    let made = make(&bench, &case(json!({"name": "x"}), source)).await;
    assert_eq!(made.unwrap()["a"], "36 12");
    let foreign = json!({"name": "x", "_extensions": ["local_extensions.Mine"]});
    let error = make(&bench, &case(foreign, "")).await.unwrap_err();
    assert!(
        error.to_string().contains("local_extensions.Mine"),
        "{error}"
    );
    for bad in ["{{ random_ascii_string(1000000) }}", "{{ 'é' | slugify }}"] {
        let bad = bad.replace('é', "\u{c3}\u{a9}");
        assert!(
            make(&bench, &case(json!({"name": "x"}), &bad))
                .await
                .is_err()
        );
    }
}
