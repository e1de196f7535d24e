//! `docs/security-tests.md` names tests that exist.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use walkdir::WalkDir;

const DOCUMENT: &str = "docs/security-tests.md";
/// A table that lost most of its rows would pass otherwise.
const MIN_TESTS: usize = 40;

fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap().to_owned()
}

/// Whether a file of the crate with the name of the module has the function, as a test.
fn has_test(root: &Path, name: &str) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    let [package, module, function] = parts[..] else {
        return false;
    };
    let test = Regex::new(&format!(
        r"#\[(tokio::)?test[^\]]*\]\s*(#\[[^\]]*\]\s*)*(async )?fn {function}\("
    ))
    .unwrap();
    let files = WalkDir::new(root.join("crates").join(package));
    files.into_iter().filter_map(Result::ok).any(|file| {
        let is_module = file.file_name() == format!("{module}.rs").as_str();
        is_module && fs::read_to_string(file.path()).is_ok_and(|text| test.is_match(&text))
    })
}

/// Whether a file of the web app has a test with the title.
fn has_title(root: &Path, file: &str, title: &str) -> bool {
    let text = fs::read_to_string(root.join(file)).unwrap_or_default();
    text.contains(&format!("('{title}'"))
}

#[test]
fn every_named_test_exists() {
    let root = root();
    let document = fs::read_to_string(root.join(DOCUMENT)).unwrap();
    let rust = Regex::new(r"`([a-z_]+(?:::[a-z_0-9]+)+)`").unwrap();
    let web = Regex::new(r"`(web/[^`:]+): ([^`]+)`").unwrap();
    let names: Vec<&str> = rust
        .captures_iter(&document)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    let mut missing: Vec<String> = names
        .iter()
        .filter(|name| !has_test(&root, name))
        .map(|name| (*name).to_owned())
        .collect();
    for found in web.captures_iter(&document) {
        if !has_title(&root, &found[1], &found[2]) {
            missing.push(found[0].to_owned());
        }
    }
    assert_eq!(missing, [""; 0], "named in {DOCUMENT}, and not there");
    assert!(names.len() >= MIN_TESTS, "only {} tests", names.len());
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    let root = root();
    assert!(has_test(&root, "xtask::security::every_named_test_exists"));
    assert!(!has_test(&root, "xtask::security::has_test"), "no test");
    assert!(!has_test(&root, "xtask::tidy::every_named_test_exists"));
    assert!(!has_test(&root, "every_named_test_exists"));
}
