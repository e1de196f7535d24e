//! Rule `machine-path`: nothing in the repository knows the machine it was written on.

use anyhow::Result;
use regex::Regex;

use super::{Finding, Tree};

const RULE: &str = "machine-path";

/// What stands before a path but not inside a URL.
const START: &str = r#"(?:^|[\s"'`(=:\[,])(?:file://)?"#;
/// Home and scratch folders.
const FOLDER: &str = r"(?:/(?:home|Users)/[a-z][\w.-]*/|/root/\.?\w|/work/[\w.-]|C:\\Users\\)";

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let machine_path = Regex::new(&format!("{START}{FOLDER}"))?;
    let mut findings = Vec::new();
    for file in &tree.files {
        for (line, text) in file.text.lines().enumerate() {
            if machine_path.is_match(text) {
                let message = "a path of one machine: use a relative path or a setting";
                findings.push(Finding::error(RULE, &file.path, line + 1, message));
            }
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::super::TextFile;
    use super::*;

    #[test]
    fn home_folders_are_found_and_urls_are_not() {
        let (home, users, root, work) = ("/home", "/Users", "/root", "/work");
        for (text, n_findings) in [
            (format!("see {home}/ann/project"), 1),
            (format!("path = \"{users}/ann/x\""), 1),
            (format!("({root}/.cargo)"), 1),
            (format!("{work}/main"), 1),
            (format!("file://{home}/ann/a.yaml"), 1),
            (format!("https://example.com{home}/ann/"), 0),
            (format!("GET /api{work}/items"), 0),
            ("$HOME/.cargo".to_owned(), 0),
        ] {
            let file = TextFile {
                path: "a.md".into(),
                text: text.clone(),
            };
            let found = check(&Tree {
                files: vec![file],
                ..Tree::default()
            })
            .unwrap();
            assert_eq!(found.len(), n_findings, "{text}");
        }
    }
}
