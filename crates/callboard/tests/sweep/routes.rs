//! The routes, read from the source: a router cannot be asked for them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Which plugins the routes of a file belong to.
const PLUGINS: &[(&str, &[&str])] = &[
    ("audit/src/http", &["audit"]),
    ("callboard/src/admin.rs", &["callboard"]),
    ("catalog/src/http", &["catalog"]),
    ("identity/src/http/auth.rs", &["auth"]),
    ("identity/src/http/device.rs", &["auth"]),
    ("identity/src/http/oauth.rs", &["auth"]),
    ("identity/src/http/sessions.rs", &["auth"]),
    (
        "identity/src/http/plugin.rs",
        &[
            "app",
            "audit",
            "auth",
            "callboard",
            "catalog",
            "notifications",
            "permission",
            "proxy",
            "scaffolder",
            "scim",
            "signals",
            "techdocs",
            "user-settings",
        ],
    ),
    ("notifications/src/http.rs", &["notifications"]),
    ("notifications/src/socket.rs", &["signals"]),
    ("org/src/http.rs", &["scim"]),
    ("permission/src/http", &["permission"]),
    (
        "platform/src/http/permissions.rs",
        &["audit", "callboard", "catalog", "permission", "scaffolder"],
    ),
    (
        "platform/src/actions/http.rs",
        &["auth", "catalog", "scaffolder"],
    ),
    ("proxy/src/http", &["proxy"]),
    ("scaffolder/src/http", &["scaffolder"]),
    ("settings/src/http", &["user-settings"]),
];
/// Files with routes of something else: pages, benchmarks, tests.
const OTHERS: &[&str] = &["web/src/", "http/yardstick.rs", "telemetry/otlp.rs"];
/// A file whose routes are at the root of the portal, not of a plugin.
const AT_THE_ROOT: &str = "http/well_known.rs";
/// Paths that are written as constants.
const CONSTANTS: &[(&str, &str)] = &[
    ("JWKS_PATH", "/.backstage/auth/v1/jwks.json"),
    ("COOKIE_PATH", "/.backstage/auth/v1/cookie"),
];
/// Questions with a body.
const READS: &[&str] = &[
    "/analyze-location",
    "/apply-conditions",
    "/authorize",
    "/by-query",
    "/autocomplete/{provider}/{resource}",
    "/by-refs",
    "/dry-run",
    "/entity-facets",
    "/explain",
    "/invoke",
    "/lint",
    "/multiget",
    "/validate-entity",
];

/// Bodies that are as the route wants them, so that who is asked for comes before what.
const BODIES: &[(&str, &str)] = &[
    (
        "/locations",
        r#"{"type": "url", "target": "https://git.example/a.yaml"}"#,
    ),
    (
        "/locations/{id}",
        r#"{"type": "url", "target": "https://git.example/a.yaml"}"#,
    ),
    (
        "/v2/tasks",
        r#"{"templateRef": "template:default/thing", "values": {}}"#,
    ),
    (
        "/v2/plan",
        r#"{"templateRef": "template:default/thing", "values": {}}"#,
    ),
    ("/v2/lint", r#"{"text": "kind: Template"}"#),
    ("/refresh", r#"{"entityRef": "component:default/thing"}"#),
];

/// The body for a route.
pub(crate) fn body(template: &str) -> &'static str {
    let known = BODIES.iter().find(|(end, _)| template.ends_with(end));
    known.map_or("{}", |(_, body)| body)
}

/// All routes as `METHOD /api/plugin/template`.
pub(crate) fn all() -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    collect(&crates, &mut files);
    let mut routes = BTreeSet::new();
    for file in files {
        let name = file
            .strip_prefix(&crates)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let own = in_source(text);
        if name.ends_with(AT_THE_ROOT) {
            routes.extend(own.iter().map(|(method, path)| format!("{method} {path}")));
            continue;
        }
        if own.is_empty() || OTHERS.iter().any(|other| name.contains(other)) {
            continue;
        }
        let plugins = PLUGINS.iter().find(|(path, _)| name.starts_with(path));
        let (_, plugins) = plugins.unwrap_or_else(|| {
            unreachable!("{name} has routes; say in PLUGINS of which plugin they are")
        });
        for plugin in *plugins {
            routes.extend(
                own.iter()
                    .map(|(method, path)| format!("{method} /api/{plugin}{path}")),
            );
        }
    }
    routes.into_iter().collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir()
            && !matches!(
                name.as_str(),
                "target" | "tests" | "node_modules" | "xtask" | "testkit"
            )
        {
            collect(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs")
            && path.to_string_lossy().contains("/src/")
        {
            files.push(path);
        }
    }
}

/// Methods and paths of every `.route(path, methods)` of a text.
fn in_source(text: &str) -> Vec<(String, String)> {
    let method = Regex::new(r"\b(get|post|put|delete|patch|any)\(").unwrap();
    let mut routes = Vec::new();
    for call in text.split(".route(").skip(1) {
        let call = balanced(call);
        let Some((path, methods)) = call.split_once(',') else {
            continue;
        };
        let path = path.trim();
        let constant = CONSTANTS.iter().find(|(name, _)| path == *name);
        let path = match constant {
            Some((_, path)) => (*path).to_owned(),
            None if path.starts_with('"') => path.trim_matches('"').to_owned(),
            None => continue,
        };
        for found in method.captures_iter(methods) {
            let names: &[&str] = match &found[1] {
                "any" => &["GET", "POST", "PUT", "DELETE"],
                "get" => &["GET"],
                "post" => &["POST"],
                "put" => &["PUT"],
                "delete" => &["DELETE"],
                _ => &["PATCH"],
            };
            routes.extend(names.iter().map(|name| ((*name).to_owned(), path.clone())));
        }
    }
    routes
}

/// The text up to the parenthesis that closes the one before it.
fn balanced(text: &str) -> &str {
    let mut depth = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

/// A path for a template.
pub(crate) fn sample(template: &str) -> String {
    let values = [
        ("{kind}", "role"),
        ("{namespace}", "default"),
        ("{name}", "thing"),
        ("{id}", "1"),
        ("{provider}", "oidc"),
        ("{*rest}", "rest"),
        ("{*path}", "nowhere"),
    ];
    let filled = values
        .iter()
        .fold(template.to_owned(), |path, (name, value)| {
            path.replace(name, value)
        });
    Regex::new(r"\{[^}]+\}")
        .unwrap()
        .replace_all(&filled, "x")
        .into_owned()
}

/// Whether a route changes nothing, whatever its method.
pub(crate) fn is_read(route: &str) -> bool {
    READS.iter().any(|end| route.ends_with(end))
}

#[test]
fn routes_are_found_in_source() {
    let text = r#"
        .route("/a", get(x).post(y))
        .route(
            "/b/{id}",
            put(x).fallback(z),
        )
        .route(JWKS_PATH, any(handler(1)))
    "#;
    let found: Vec<_> = in_source(text)
        .into_iter()
        .map(|(m, p)| format!("{m} {p}"))
        .collect();
    assert_eq!(found[..3], ["GET /a", "POST /a", "PUT /b/{id}"]);
    assert_eq!(found[3], "GET /.backstage/auth/v1/jwks.json");
    assert_eq!(found.len(), 7);
}
