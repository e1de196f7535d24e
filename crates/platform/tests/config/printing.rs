//! What is printed has no secrets, and browsers see only what is meant for them.

use model::to_yaml;
use platform::config::{
    AuthConfig, BackendConfig, CatalogConfig, Config, IntegrationsConfig, frontend, load,
    load_and_check, redact, redacted, secrets,
};
use serde_json::json;

use crate::{assert_current, options, shown, testdata};

const PASSWORD: &str = "hunter22-correct-horse";

#[test]
fn secrets_are_never_shown() {
    let folder = testdata("secrets");
    let (config, problems) = load_and_check(&options(&folder, &[], &[("PW", PASSWORD)]));
    let printed = to_yaml(&redacted(&config));
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
fn secrets_under_mistyped_keys_are_never_shown_either() {
    let cases = [
        json!({"backend": {"database": {"client": "pg", "connection": {"pasword": PASSWORD}}}}),
        json!({"backend": {"auth": {"externalAccess": [
            {"type": "static", "options": {"tokn": PASSWORD, "subject": "ci"}},
        ]}}}),
        json!({"auth": {"providers": {"github": {"production": {"clientSecrt": PASSWORD}}}}}),
        json!({"anything": {"passwrod": PASSWORD}}),
    ];
    for case in cases {
        let printed = to_yaml(&redacted(&Config::from(case)));
        assert!(!printed.contains(PASSWORD), "{printed}");
    }
}

#[test]
fn secrets_are_taken_out_of_logs() {
    let (config, _) = load(&options(&testdata("secrets"), &[], &[("PW", PASSWORD)]));
    let secrets = secrets(&config);
    assert_eq!(
        secrets.len(),
        5,
        "the password, the connection strings around it, and the webhooks"
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

/// CVE-2024-47762: a variable sets a key that browsers must not see.
#[test]
fn variables_open_nothing_to_browsers() {
    let variables = [
        ("APP_CONFIG_app_title", "From a variable"),
        ("APP_CONFIG_app_unknown", PASSWORD),
        (
            "APP_CONFIG_backend_auth_keys",
            "[{\"secret\": \"hunter22-correct-horse\"}]",
        ),
        ("APP_CONFIG_backend_database_connection", PASSWORD),
        (
            "APP_CONFIG_integrations_gitlab",
            "[{\"host\": \"gitlab.com\", \"token\": \"hunter22-correct-horse\"}]",
        ),
        (
            "APP_CONFIG_auth_providers_github_production_clientSecret",
            PASSWORD,
        ),
        ("APP_CONFIG_somewhere_else", PASSWORD),
    ];
    let folder = testdata("secrets");
    let all = [&[("PW", "other")][..], &variables].concat();
    let (config, _) = load(&options(&folder, &[], &all));
    let seen = frontend(&config);
    assert_eq!(seen["app"]["title"], "From a variable");
    assert_eq!(
        seen["integrations"]["gitlab"],
        json!([{ "host": "gitlab.com" }])
    );
    assert!(!seen.to_string().contains(PASSWORD), "{seen}");
}

#[test]
fn what_is_printed_is_read_back() {
    let folder = testdata("create-app");
    let (config, _) = load(&options(&folder, &[], &[]));
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("app-config.yaml"),
        to_yaml(&redacted(&config)),
    )
    .unwrap();
    let (again, problems) = load(&options(dir.path(), &[], &[]));
    assert_eq!(problems, []);
    assert_eq!(again.root(), config.root());
}
