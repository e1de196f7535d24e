//! `callboard config …`

use serde_json::json;

use crate::stage::{SECRET, Stage};

const WRONG: &str = "\
app:
  titel: Portal
backend:
  listen:
    port: many
catalog:
  locations:
    - type: file
adr:
  distance: 3
";

#[test]
fn a_fine_configuration_passes() {
    let stage = Stage::configured(&json!({"app": {"baseUrl": "http://127.0.0.1:7007"}}));
    let run = stage.run(&["config", "check"]).expect(0);
    assert_eq!(run.err, "fine: 1 file checked\n");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let stage = Stage::with(&[("app-config.yaml", WRONG)]);
    let run = stage.run(&["config", "check"]).expect(1);
    for line in [
        "app-config.yaml:5:5: error: `backend.listen.port`",
        "`adr` belongs to",
    ] {
        assert!(run.out.contains(line), "{line} is missing in\n{}", run.out);
    }
    assert!(run.out.contains("did you mean `title`?"), "{}", run.out);
    assert!(run.out.contains("note: "), "{}", run.out);
    assert!(run.err.contains("1 file checked: "), "{}", run.err);
}

#[test]
fn formats_tell_the_same() {
    let stage = Stage::with(&[("app-config.yaml", WRONG)]);
    let json = stage
        .run(&["config", "check", "--format", "json"])
        .expect(1)
        .json();
    let problems = json["problems"].as_array().unwrap();
    let n_errors = problems.iter().filter(|p| p["severity"] == "error").count();
    assert_eq!(json["errors"], n_errors);
    let github = stage
        .run(&["config", "check", "--format", "github"])
        .expect(1);
    assert_eq!(github.out.lines().count(), problems.len());
    assert_eq!(github.out.matches("::error ").count(), n_errors);
    let sarif = stage
        .run(&["config", "check", "--format", "sarif"])
        .expect(1)
        .json();
    assert_eq!(
        sarif["runs"][0]["results"].as_array().unwrap().len(),
        problems.len()
    );
}

#[test]
fn strict_checks_fail_on_warnings() {
    let warning = "app:\n  baseUrl: http://x\n  tittle: a\nbackend:\n  baseUrl: http://x\n";
    let stage = Stage::with(&[("app-config.yaml", warning)]);
    let run = stage.run(&["config", "check"]).expect(0);
    assert!(run.out.contains("warning: "), "{}", run.out);
    stage.run(&["config", "check", "--strict"]).expect(1);
}

#[test]
fn a_printed_configuration_has_no_secrets() {
    let stage =
        Stage::configured(&json!({"app": {"title": "Portal: one"}, "other": {"password": SECRET}}));
    let yaml = stage.run(&["config", "print"]).expect(0);
    assert!(yaml.out.contains("title: \"Portal: one\""), "{}", yaml.out);
    assert!(yaml.out.contains("***"), "{}", yaml.out);
    let json = stage
        .run(&["config", "print", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(json["app"]["title"], "Portal: one");
    let frontend = stage.run(&["config", "print", "--frontend"]).expect(0);
    assert!(frontend.out.contains("Portal: one") && !frontend.out.contains("database"));
}

#[test]
fn the_schema_is_the_committed_one() {
    let schema = Stage::new().run(&["config", "schema"]).expect(0).json();
    let committed = include_str!("../../../../docs/config.schema.json");
    assert_eq!(
        schema,
        serde_json::from_str::<serde_json::Value>(committed).unwrap()
    );
}
