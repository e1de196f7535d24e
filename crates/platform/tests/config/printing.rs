//! What is printed has no secrets, and browsers see only what is meant for them.

use platform::config::{
    AuthConfig, BackendConfig, CatalogConfig, IntegrationsConfig, frontend, load, load_and_check,
    print, redact, secrets,
};
use serde_json::{Value, json};

use crate::{assert_current, options, shown, testdata};

const PASSWORD: &str = "hunter22-correct-horse";

#[test]
fn secrets_are_never_shown() {
    let folder = testdata("secrets");
    let (config, problems) = load_and_check(&options(&folder, &[], &[("PW", PASSWORD)]));
    let printed = print(&config);
    assert_current(&folder.join("printed.yaml"), &printed);
    let typed = format!(
        "{:?} {:?} {:?} {:?}",
        config.section::<BackendConfig>("backend").unwrap(),
        config.section::<AuthConfig>("auth").unwrap(),
        config.section::<CatalogConfig>("catalog").unwrap(),
        config
            .section::<IntegrationsConfig>("integrations")
            .unwrap(),
    );
    let texts = [
        printed,
        typed,
        format!("{config:?}"),
        shown(&problems),
        frontend(&config).to_string(),
    ];
    for text in texts {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[test]
fn secrets_are_taken_out_of_logs() {
    let (config, _) = load(&options(&testdata("secrets"), &[], &[("PW", PASSWORD)]));
    let secrets = secrets(&config);
    assert_eq!(
        secrets.len(),
        2,
        "the password, and the connection string around it"
    );
    let line = format!("cannot connect to postgres://portal:{PASSWORD}@db/portal with {PASSWORD}");
    assert_eq!(redact(&line, &secrets), "cannot connect to *** with ***");
}

#[test]
fn browsers_see_only_what_is_meant_for_them() {
    let (config, _) = load(&options(&testdata("secrets"), &[], &[("PW", PASSWORD)]));
    let expected = json!({
        "app": { "title": "Portal", "baseUrl": "https://portal.example" },
        "backend": { "baseUrl": "https://portal.example" },
        "auth": { "providers": { "github": { "production": {} } } },
        "integrations": { "github": [{ "host": "github.com" }], "azureBlobStorage": [{ "accountName": "acme" }] },
        "kubernetes": { "clusterLocatorMethods": [{
            "type": "config", "clusters": [{ "name": "dev", "authProvider": "serviceAccount" }]
        }] },
        "techdocs": { "builder": "external" },
    });
    assert_eq!(frontend(&config), expected);
}

#[test]
fn what_is_printed_is_read_back() {
    let folder = testdata("create-app");
    let (config, _) = load(&options(&folder, &[], &[]));
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("app-config.yaml"), print(&config)).unwrap();
    let (again, problems) = load(&options(dir.path(), &[], &[]));
    assert_eq!(problems, []);
    assert_eq!(again.root(), config.root());
}

#[test]
fn strings_that_look_like_something_else_are_quoted() {
    let values = [
        "true",
        "no",
        "null",
        "~",
        "",
        "12",
        "1e3",
        "0x1f",
        "a: b",
        "a #b",
        "- a",
        "*a",
        "&a",
        "{a}",
        "[a]",
        "'a'",
        "\"a\"",
        "a\nb",
        " a",
        "a ",
        "@a",
        "`a`",
        "%a",
        "!a",
        "|",
        ">",
        "a:",
        "käse",
        "tab\there",
        "2024-01-01",
        "/a/b",
        "http://localhost:7007",
        "plain text",
        ".5",
        "=",
    ];
    let tree: Value = values
        .iter()
        .map(|value| ((*value).to_owned(), json!([value, { *value: value }])))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("app-config.yaml");
    let printed = print(&platform::config::Config::from(tree.clone()));
    std::fs::write(&file, &printed).unwrap();
    let (config, problems) = load(&options(dir.path(), &[], &[]));
    assert_eq!((config.root(), problems), (&tree, vec![]), "{printed}");
}
