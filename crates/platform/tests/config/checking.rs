//! What is wrong is found at once, with its place.

use std::collections::BTreeSet;

use model::Severity;
use platform::config::{Config, check, load_and_check, parse_and_check};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{assert_current, options, shown, testdata};

#[test]
fn everything_wrong_is_found_at_once() {
    let folder = testdata("broken");
    let (_, problems) = load_and_check(&options(&folder, &[], &[("DB_PORT", "hunter22-hunter22")]));
    let text = shown(&problems);
    assert!(!text.contains("hunter22"), "{text}");
    assert_current(&folder.join("problems.txt"), &text);
}

#[test]
fn a_fresh_create_app_has_no_errors() {
    let variables = [
        ("GITHUB_TOKEN", "t"),
        ("POSTGRES_HOST", "db"),
        ("POSTGRES_PORT", "5432"),
        ("POSTGRES_USER", "u"),
        ("POSTGRES_PASSWORD", "p"),
    ];
    let folder = testdata("create-app");
    let (_, problems) = load_and_check(&options(&folder, &[], &variables));
    assert_current(&folder.join("problems.txt"), &shown(&problems));
    let files = ["app-config.yaml", "app-config.production.yaml"];
    let (_, production) = load_and_check(&options(&folder, &files, &variables));
    for problems in [problems, production] {
        assert!(
            problems
                .iter()
                .all(|problem| problem.severity == Severity::Info),
            "{}",
            shown(&problems)
        );
    }
}

#[test]
fn other_portals_have_no_errors() {
    let variables = [("WIRE_TOKEN", "0123456789"), ("WIRE_DIR", "/srv")];
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/acme");
    for folder in [testdata("lab"), example] {
        let (config, problems) =
            load_and_check(&options(&folder, &["app-config.yaml"], &variables));
        assert!(
            config.get("catalog.locations").is_some(),
            "{}",
            folder.display()
        );
        let is_note = |problem: &model::Problem| problem.severity == Severity::Info;
        assert!(problems.iter().all(is_note), "{}", shown(&problems));
    }
}

#[test]
fn the_files_of_the_example_portal_have_no_errors() {
    let variables = [
        "POSTGRES_HOST",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "GITHUB_TOKEN",
        "GRAFANA_API_TOKEN",
        "K8S_DEV_TOKEN",
        "K8S_DEV_CA_DATA",
        "K8S_PROD_TOKEN",
        "K8S_PROD_CA_DATA",
    ];
    let mut variables: Vec<_> = variables.map(|name| (name, "value")).to_vec();
    variables.push(("POSTGRES_PORT", "5432"));
    let args = [
        "app-config.yaml",
        "app-config.actions.yaml",
        "app-config.github-actions.yaml",
        "app-config.grafana.yaml",
        "app-config.kubernetes.yaml",
        "app-config.techdocs.yaml",
    ];
    let (config, problems) = load_and_check(&options(&testdata("portal"), &args, &variables));
    assert!(
        problems
            .iter()
            .all(|problem| problem.severity == Severity::Info),
        "{}",
        shown(&problems)
    );
    let sections: BTreeSet<&str> = problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(
        sections,
        BTreeSet::from(["/grafana", "/kubernetes", "/techdocs"])
    );
    assert_eq!(sections.len(), problems.len(), "one note per section");
    // Files further down the command line add to the endpoints of the others.
    let endpoints = config.get("proxy.endpoints").unwrap().as_object().unwrap();
    assert_eq!(
        endpoints.keys().collect::<Vec<_>>(),
        ["/github-actions", "/grafana/api"]
    );
}

#[test]
fn problems_name_key_and_fix() {
    let table = [
        (
            json!({ "catlog": {} }),
            "unknown section `catlog` (did you mean `catalog`?)",
        ),
        (
            json!({ "Backend": {} }),
            "unknown section `Backend` (did you mean `backend`?)",
        ),
        (
            json!({ "techdoc": {} }),
            "unknown section `techdoc` (did you mean `techdocs`?)",
        ),
        (
            json!({ "proxy": { "endpoint": { "/a": "https://a.example" } } }),
            "unknown key `proxy.endpoint` (did you mean `endpoints`?)",
        ),
        (
            json!({ "acmeStuff": {} }),
            "`acmeStuff` belongs to a plugin Callboard does not know and is not read",
        ),
        (
            json!({ "permission": { "enable": true } }),
            "unknown key `permission.enable` (did you mean `enabled`?)",
        ),
        (
            json!({ "callboard": { "x": 1 } }),
            "unknown key `callboard.x` (known keys: `dataDir`, `app`, `reading`, `audit`, `permission`, `rateLimit`, `scim`, `encryption`, `scaffolder`)",
        ),
        (
            json!({ "permission": { "permissionedPlugins": ["catalog"] } }),
            "`permission.permissionedPlugins` has no effect: use `permission.rbac.pluginsWithPermission`",
        ),
        (
            json!({ "catalog": { "readonly": "maybe" } }),
            "`catalog.readonly` must be true or false, not a string",
        ),
        (
            json!({ "catalog": { "locations": {} } }),
            "`catalog.locations` must be a list, not an object",
        ),
        (
            json!({ "catalog": { "locations": [{ "type": "url" }] } }),
            "`catalog.locations[0]` needs the key `target`",
        ),
        (
            json!({ "catalog": { "orphanStrategy": "deleted" } }),
            "`catalog.orphanStrategy` must be one of `keep`, `delete` (did you mean `delete`?)",
        ),
        (
            json!({ "catalog": { "massDeletion": { "maxPercent": 101 } } }),
            "`catalog.massDeletion.maxPercent` must be at most 100",
        ),
        (
            json!({ "catalog": { "processingInterval": "often" } }),
            "`catalog.processingInterval`: not a duration; write `PT10M`, `10 minutes` or an object such as `{ minutes: 10 }`",
        ),
        (
            json!({ "catalog": { "processingInterval": 60 } }),
            "`catalog.processingInterval`: a duration needs a unit, such as `500ms` or `30 seconds`",
        ),
        (
            json!({ "catalog": { "rules": [{ "allow": ["A"], "locations": [{ "exact": "a", "pattern": "b" }] }] } }),
            "`catalog.rules[0].locations[0]` has both `exact` and `pattern`",
        ),
        (
            json!({ "integrations": { "github": [{ "token": "x" }] } }),
            "`integrations.github[0]` needs the key `host`",
        ),
    ];
    for (tree, expected) in table {
        assert_told(tree, expected);
    }
}

/// A configuration has this one problem.
fn assert_told(mut tree: Value, expected: &str) {
    for section in ["app", "backend"] {
        tree[section] = json!({ "baseUrl": "http://localhost" });
    }
    let problems = check(&Config::from(tree.clone()));
    let text = shown(&problems);
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.splitn(3, ": ").nth(2).unwrap())
        .collect();
    assert_eq!(lines, [expected], "{tree}");
}

#[test]
fn one_slip_is_one_problem_and_what_nothing_reads_is_told() {
    let table = [
        (
            json!({ "catalog": { "rules": [{ "alow": ["Component"] }] } }),
            "unknown key `catalog.rules[0].alow` (did you mean `allow`?)",
        ),
        (
            json!({ "catalog": { "rules": [{ "allow": [{ "kin": "Component" }] }] } }),
            "unknown key `catalog.rules[0].allow[0].kin` (did you mean `kind`?)",
        ),
        (
            json!({ "catalog": { "rules": [{ "allow": "Component" }] } }),
            "`catalog.rules[0].allow` must be a list, not a string",
        ),
        (
            json!({ "catalog": { "locations": [{ "type": "ulr", "target": "https://x" }] } }),
            "`catalog.locations[0].type` must be `file` or `url`; nothing reads locations of other types (did you mean `url`?)",
        ),
        (
            json!({ "auth": { "providers": { "gihub": {} } } }),
            "`auth.providers.gihub` is a provider Callboard does not have; nobody can sign in with it (did you mean `github`?)",
        ),
        (
            json!({ "auth": { "providers": { "acme": {} } } }),
            "`auth.providers.acme` is a provider Callboard does not have; nobody can sign in with it",
        ),
    ];
    for (tree, expected) in table {
        assert_told(tree, expected);
    }
}

#[test]
fn of_a_file_that_is_not_there_nothing_else_is_told() {
    let folder = testdata("create-app");
    let (_, problems) = load_and_check(&options(&folder, &["app-confg.yaml"], &[]));
    assert_eq!(problems.len(), 1, "{}", shown(&problems));
    assert_eq!(problems[0].code, "config.file");
}

#[test]
fn base_urls_have_defaults_that_are_named() {
    let notes = |tree| shown(&check(&Config::from(tree)));
    assert_eq!(
        notes(json!({ "backend": { "listen": ":8080" } })),
        "-: note: `app.baseUrl` is not set; `http://localhost:8080` is used\n\
         -: note: `backend.baseUrl` is not set; `http://localhost:8080` is used\n"
    );
    assert_eq!(
        notes(json!({ "backend": { "baseUrl": "https://portal.example" } })),
        "-: note: `app.baseUrl` is not set; `backend.baseUrl` is used\n"
    );
}

#[test]
fn syntax_errors_have_a_place() {
    let table = [
        ("app: [", ":2:1: error"),
        ("app: {}\nbackend: }\n", ":2:"),
        ("app:\n  a: 1\n  a: 2\n", ":3:3: error"),
        ("- a\n", ":1:1: error: a configuration file is an object"),
        (
            "app: {}\n---\napp: {}\n",
            ":3:1: error: a configuration file is one document",
        ),
    ];
    for (text, expected) in table {
        let problems = shown(&parse_and_check(text));
        assert!(
            problems.contains(&format!("app-config.yaml{expected}")),
            "{text:?}\n{problems}"
        );
        assert!(problems.contains("error"), "{text:?}\n{problems}");
    }
}

#[test]
fn the_seeds_of_the_fuzzer_are_checked() {
    for entry in std::fs::read_dir(testdata("fuzz")).unwrap() {
        let path = entry.unwrap().path();
        let problems = parse_and_check(&std::fs::read_to_string(&path).unwrap());
        assert!(!problems.is_empty(), "{}", path.display());
    }
}

#[test]
fn a_file_full_of_mistakes_is_answered_in_time() {
    let mistakes: Vec<String> = (0..3_000)
        .map(|n| format!("  k{n}: 1\n  v{n}: ${{V{n}}}\n"))
        .collect();
    let started = std::time::Instant::now();
    let problems = parse_and_check(&format!("backend:\n{}", mistakes.concat()));
    // 500 of loading and 500 of checking; nobody would read the rest.
    assert!(
        (1000..=1002).contains(&problems.len()),
        "{}",
        problems.len()
    );
    assert!(shown(&problems).contains("more problems were found; these are the first 500"));
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn huge_and_deep_texts_are_refused_quickly() {
    let levels = (b'a'..b'i').map(|letter| {
        let (from, name) = (char::from(letter), char::from(letter + 1));
        let references = vec![format!("*{from}"); 10].join(", ");
        format!("{name}: &{name} [{references}]\n")
    });
    let leaf = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    let bomb = leaf + &levels.collect::<Vec<_>>().concat();
    let deep = "[".repeat(100_000);
    let levels = (0..500).map(|level| format!("{}a:\n", "  ".repeat(level)));
    let deep_map = levels.collect::<Vec<_>>().concat();
    for text in [bomb, deep, deep_map] {
        let problems = parse_and_check(&text);
        assert!(
            problems
                .iter()
                .any(|problem| problem.severity == Severity::Error)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_checked_without_panic(text in "\\PC*") {
        parse_and_check(&text);
    }

    #[test]
    fn any_nearly_valid_text_is_checked_without_panic(
        section in "(app|backend|catalog|integrations|auth|callboard|permission|proxy)",
        key in "(baseUrl|listen|csp|cors|rules|locations|github|token|database|\\$include|\\$env|\\$file|[a-z]{1,8})",
        value in "(true|7007|\\$\\{A\\}|\\$\\{A:-b\\}|\\[1, \\{a: b\\}\\]|\\{a: [b]\\}|null|'x'|&a b|\\*a|- a|PT5M)",
    ) {
        parse_and_check(&format!("{section}:\n  {key}: {value}\n  {key}2:\n    - {key}: {value}\n"));
    }
}
