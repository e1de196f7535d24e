//! Runs every rule of the repository on the repository.

use std::path::Path;

use xtask::tidy::{Package, Severity, TextFile, Tree};

#[test]
fn repository_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap();
    let tree = Tree::load(root).unwrap();
    assert!(
        tree.packages.len() > 5,
        "cargo named only {} crates",
        tree.packages.len()
    );
    assert!(
        tree.files.len() > 30,
        "only {} files were read",
        tree.files.len()
    );
    let findings = tree.check().unwrap();
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let report: Vec<String> = errors.map(ToString::to_string).collect();
    assert!(report.is_empty(), "\n{}\n", report.join("\n"));
}

/// One small repository that breaks every rule: if a rule stops being run, this fails.
#[test]
fn every_rule_is_run() {
    let file = |path: &str, text: &str| TextFile {
        path: path.into(),
        text: text.into(),
    };
    let tree = Tree {
        files: vec![
            file("crates/a/src/lib.rs", "fn a() { b().unwrap(); }\n"),
            file(
                "crates/a/src/mod.rs",
                "const A: &str = \"delete from t\";\n",
            ),
            file("crates/a/src/long.rs", &"fn a() {}\n".repeat(601)),
            file("docs/a.md", &format!("[gone](gone.md) {}/ann/x\n", "/home")),
        ],
        packages: vec![Package {
            name: "a".into(),
            dependencies: Vec::new(),
        }],
        ..Tree::default()
    };
    let mut rules: Vec<&str> = tree
        .check()
        .unwrap()
        .iter()
        .map(|finding| finding.rule)
        .collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        [
            "crate-direction",
            "crate-doc",
            "file-name",
            "file-size",
            "machine-path",
            "markdown-link",
            "no-unwrap",
            "sql-in-stores",
        ],
    );
}
