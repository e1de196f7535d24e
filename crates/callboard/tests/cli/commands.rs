//! What all commands have in common, and the small ones.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::json;

use crate::stage::{Stage, server};

#[test]
fn help_tells_the_commands() {
    let run = Stage::new().run(&["--help"]).expect(0);
    insta::assert_snapshot!(run.out);
}

#[test]
fn wrong_usage_ends_with_2() {
    let stage = Stage::new();
    for args in [
        &["no-such-command"][..],
        &["catalog"],
        &["catalog", "validate"],
        &["catalog", "validate", "--format", "xml", "."],
        &["config", "print", "--format", "toml"],
        &["catalog", "import", "x", "--keep", "0"],
    ] {
        let run = stage.run(args).expect(2);
        assert_eq!(run.out, "", "{args:?}");
        assert!(
            run.err.contains("error:") || run.err.contains("Usage:"),
            "{args:?}: {}",
            run.err
        );
    }
}

#[test]
fn version_tells_the_commit() {
    let stage = Stage::new();
    let run = stage.run(&["version"]).expect(0);
    assert!(run.out.starts_with("callboard 0.0.0 ("), "{}", run.out);
    let report = stage.run(&["version", "--format", "json"]).expect(0).json();
    assert_eq!(report["version"], "0.0.0");
    let commit = report["commit"].as_str().unwrap();
    assert!(run.out.contains(commit) && !commit.is_empty(), "{report}");
    let long = stage.run(&["--version"]).expect(0);
    assert_eq!(long.out, format!("callboard 0.0.0 ({commit})\n"));
}

#[test]
fn completions_know_every_command() {
    let stage = Stage::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = stage.run(&["completions", shell]).expect(0);
        for word in ["validate", "doctor", "exit-zero"] {
            assert!(run.out.contains(word), "{shell} misses {word}");
        }
    }
}

#[test]
fn the_api_is_described() {
    let document = Stage::new().run(&["openapi"]).expect(0).json();
    assert!(document["openapi"].is_string());
    assert!(document["paths"]["/entities/by-query"].is_object());
}

#[test]
fn a_reader_that_goes_away_is_no_error_message() {
    let stage = Stage::new();
    let mut child = stage
        .command(&["config", "schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(141));
    assert_eq!(said, "");
}

#[test]
fn migration_makes_the_schema_once() {
    let stage = Stage::configured(&json!({}));
    let run = stage.run(&["migrate", "--check"]).expect(1);
    assert!(run.err.contains("there is no schema yet"), "{}", run.err);
    assert!(
        server().is_some() || !stage.path(".callboard").exists(),
        "checking makes nothing"
    );
    let run = stage.run(&["migrate"]).expect(0);
    assert!(run.err.contains("the schema was made"), "{}", run.err);
    let run = stage.run(&["migrate"]).expect(0);
    assert!(run.err.contains("the schema is up to date"), "{}", run.err);
    stage.run(&["migrate", "--check"]).expect(0);
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let stage = Stage::configured(&json!({}));
    stage.run(&["migrate"]).expect(0);
    let db = stage.open_database().await;
    db.write(|tx| {
        tx.batch("update platform_migration set version = 999 where feature = 'settings'")
    })
    .await
    .unwrap();
    for args in [
        &["migrate"][..],
        &["migrate", "--check"],
        &["catalog", "errors"],
    ] {
        let run = stage.run(args).expect(1);
        assert!(run.err.contains("newer version"), "{args:?}: {}", run.err);
    }
}

#[test]
fn commands_on_a_database_do_not_make_one() {
    let stage = Stage::configured(&json!({}));
    for command in ["errors", "conflicts", "held", "export"] {
        let run = stage.run(&["catalog", command]).expect(1);
        assert!(
            run.err.contains("callboard migrate"),
            "{command}: {}",
            run.err
        );
    }
    assert!(server().is_some() || !stage.path(".callboard").exists());
}
