//! Rules `file-name` and `crate-doc`: files are named after what they hold, crates say what they
//! are for.

use super::{Finding, Tree};

const FILE_NAME: &str = "file-name";
const CRATE_DOC: &str = "crate-doc";
/// Names that say nothing about what is inside.
const BANNED: [&str; 5] = ["mod.rs", "utils.rs", "helpers.rs", "types.rs", "common.rs"];
/// A module doc shorter than this is a placeholder.
const MIN_DOC_BYTES: usize = 20;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.is("rs")) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if BANNED.contains(&name) {
            let message = format!("`{name}` names nothing: name the file after its content");
            findings.push(Finding::error(FILE_NAME, &file.path, 0, message));
        }
        if is_crate_root(&file.path) && !has_doc(&file.text) {
            let message = "a crate starts with `//!`: what it is for and what it keeps true";
            findings.push(Finding::error(CRATE_DOC, &file.path, 1, message));
        }
    }
    findings
}

/// `crates/<name>/src/{lib,main}.rs`.
fn is_crate_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["crates", _, "src", "lib.rs" | "main.rs"])
}

fn has_doc(text: &str) -> bool {
    let doc = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("//!"));
    doc.is_some_and(|doc| doc.trim().len() >= MIN_DOC_BYTES)
}

#[cfg(test)]
mod tests {
    use super::super::TextFile;
    use super::*;

    #[test]
    fn names_and_docs_are_checked() {
        let doc = "//! Reads what users wrote.\n";
        for (path, text, rules) in [
            ("crates/x/src/lib.rs", doc, vec![]),
            ("crates/x/src/lib.rs", "//! .\n", vec![CRATE_DOC]),
            ("crates/x/src/main.rs", "fn main() {}", vec![CRATE_DOC]),
            ("crates/x/src/other.rs", "fn other() {}", vec![]),
            ("crates/x/src/a/mod.rs", "", vec![FILE_NAME]),
            ("crates/x/src/utils.rs", "", vec![FILE_NAME]),
            ("crates/x/tests/it/helpers.rs", "", vec![FILE_NAME]),
            ("crates/x/src/datatypes.rs", "", vec![]),
        ] {
            let file = TextFile {
                path: path.into(),
                text: text.into(),
            };
            let found = check(&Tree {
                files: vec![file],
                ..Tree::default()
            });
            assert_eq!(
                found.iter().map(|it| it.rule).collect::<Vec<_>>(),
                rules,
                "{path}"
            );
        }
    }
}
