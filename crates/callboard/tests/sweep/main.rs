//! Every route of the binary, asked by every sort of caller: `routes.txt` has a row for each, with
//! the status each caller gets. A route without a row fails, and so does a row without a route.
//!
//! `UPDATE=1` writes the table anew; what changed is to be read like a change of who may do what.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

mod callers;
mod portal;
mod routes;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use callers::Caller;
use portal::Portal;

const TABLE: &str = include_str!("routes.txt");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sweep/routes.txt");

/// Statuses by `METHOD path`.
type Table = BTreeMap<String, Vec<u16>>;

fn pinned() -> Table {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &str| {
        let (statuses, route) = line.split_at(line.rfind("  ")?);
        let statuses = statuses.split_whitespace();
        let statuses = statuses.map(|status| status.parse().unwrap()).collect();
        Some((route.trim().to_owned(), statuses))
    };
    rows.filter_map(row).collect()
}

async fn found(portal: &Portal) -> Table {
    let mut table = Table::new();
    let callers = Caller::all(portal).await;
    for route in routes::all() {
        let (method, template) = route.split_once(' ').unwrap();
        let (path, body) = (routes::sample(template), routes::body(template));
        let mut statuses = Vec::new();
        for caller in &callers {
            statuses.push(
                portal
                    .status(method, &path, body, caller.token.as_deref())
                    .await,
            );
        }
        table.insert(route, statuses);
    }
    table
}

fn written(table: &Table) -> String {
    let mut text = format!("# {}\n", Caller::NAMES.join(" "));
    for (route, statuses) in table {
        let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
        let _ = writeln!(text, "{}  {route}", statuses.join(" "));
    }
    text
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test environment asks for it"
)]
async fn every_route_answers_every_caller_as_pinned() {
    let portal = Portal::start().await;
    let found = found(&portal).await;
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(PATH, written(&found)).unwrap();
        return;
    }
    let pinned = pinned();
    let mut wrong = Vec::new();
    for (route, statuses) in &found {
        match pinned.get(route) {
            None => wrong.push(format!("{route} has no row: {statuses:?}")),
            Some(expected) if expected != statuses => {
                wrong.push(format!("{route}: {expected:?}, found {statuses:?}"));
            }
            Some(_) => {}
        }
    }
    let gone = pinned.keys().filter(|route| !found.contains_key(*route));
    wrong.extend(gone.map(|route| format!("{route} has a row and no route")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Routes that are open by intention; nothing else answers callers that nobody knows.
const OPEN: &[&str] = &[
    "/.backstage/auth/v1/jwks.json",
    "/api/auth/",
    "/.well-known/o",
    "/api/notifications/health",
    "/api/permission/health",
    // Who connects says who they are by the subprotocol.
    "/api/signals/",
];

#[test]
fn nobody_gets_in_without_good_credentials() {
    let unknown = ["none", "garbage", "expired", "audience", "limited"];
    for (route, statuses) in pinned() {
        if OPEN.iter().any(|open| route.contains(open)) {
            continue;
        }
        for (name, status) in Caller::NAMES.iter().zip(statuses) {
            assert!(
                !unknown.contains(name) || status == 401,
                "{route}: {name} gets {status}"
            );
        }
    }
}

#[test]
fn who_has_no_permission_changes_nothing() {
    let nobody = Caller::NAMES
        .iter()
        .position(|name| *name == "nobody")
        .unwrap();
    for (route, statuses) in pinned() {
        let is_plain = route.starts_with("GET ") || routes::is_read(&route);
        let own = [
            "/api/user-settings/",
            "/auth/v1/cookie",
            "/api/notifications/notifications/update",
            "/api/notifications/settings",
            "/api/notifications/update",
        ];
        let is_own = own.iter().any(|own| route.contains(own));
        let is_open = OPEN.iter().any(|open| route.contains(open));
        // What the proxy passes on is for the target to decide.
        let is_passed = route.contains("/api/proxy/");
        if !(is_plain || is_own || is_open || is_passed) {
            assert_eq!(statuses[nobody], 403, "{route}");
        }
    }
}
