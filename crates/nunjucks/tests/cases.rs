//! The language by example: `cases/*.jsonl`, one template a line with what it renders to.
//!
//! The outcomes are those of the engine of Backstage 1.55. The messages of errors are our own:
//! `UPDATE=1 cargo test -p nunjucks --test cases` writes them anew, and nothing else.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

use std::path::{Path, PathBuf};

use nunjucks::{Host, Syntax, Template};
use serde_json::{Map, Value, json};

/// Other marks in other files: this is what they all were told to be.
const MIN_CASES: usize = 900;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn syntax(case: &Value) -> Syntax {
    let option = |name: &str| case["opts"][name] == json!(true);
    Syntax {
        cookiecutter_compat: option("cookiecutterCompat"),
        trim_blocks: option("trimBlocks"),
        lstrip_blocks: option("lstripBlocks"),
        ..Syntax::default()
    }
}

fn render(case: &Value) -> Value {
    let source = case["source"].as_str().unwrap();
    let context = case["ctx"].as_object().cloned().unwrap_or_default();
    let host = Host::new();
    let template = Template::parse(source, syntax(case));
    if case["kind"] == "value" {
        match template.and_then(|it| it.render_value(&context, &host)) {
            Ok(Some(value)) => json!({ "json": value }),
            Ok(None) => json!({ "undef": true }),
            Err(error) => json!({ "json": source, "fallback": error.to_string() }),
        }
    } else {
        match template.and_then(|it| it.render(&context, &host)) {
            Ok(text) => json!({ "value": text }),
            Err(error) => json!({ "error": error.to_string() }),
        }
    }
}

/// The outcome without the words of its message.
fn outcome(want: &Value) -> Map<String, Value> {
    let mut outcome = want.as_object().cloned().unwrap_or_default();
    for key in ["error", "fallback"] {
        if let Some(message) = outcome.get_mut(key) {
            *message = json!(true);
        }
    }
    outcome
}

#[test]
fn cases_render_as_they_should() {
    let updates = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    let mut n_cases = 0;
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut written = String::new();
        for line in text.lines() {
            let mut case: Value = serde_json::from_str(line).unwrap();
            let found = render(&case);
            n_cases += 1;
            let is_right = if updates {
                outcome(&found) == outcome(&case["want"])
            } else {
                found == case["want"]
            };
            if is_right {
                case["want"] = found;
            } else {
                wrong.push(format!(
                    "{}: {}\n  found {found}",
                    case["id"], case["source"]
                ));
            }
            written.push_str(&case.to_string());
            written.push('\n');
        }
        if updates {
            std::fs::write(&file, written).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_cases >= MIN_CASES, "only {n_cases} cases");
}
