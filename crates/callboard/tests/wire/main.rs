//! Answers on the wire: what Backstage 1.55 answered to a list of requests, and what this binary
//! answers to the same list over the same files.
//!
//! Status, content type and shape must be the same everywhere; values too, except for the requests
//! in [`ACCEPTED`]. An entry that no longer differs fails as well, so the list stays true.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step fails the test, also in shared code"
)]

mod answer;
mod compare;
mod fixture;
mod request;
mod session;
mod socket;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fixture::{Database, Fixture};
use session::Session;

const PAGE: &str = "unknown paths get the page of the front end, which is another one";
const WORDS: &str = "titles and descriptions of the actions are our own words";
const TIES: &str = "ties are in the order of entity references; in Backstage, of random ids";

const STACKS: &str = "errors in logs have no stack of JavaScript";

/// Requests whose values differ, and why that is right. The same table is in
/// `docs/compatibility.md`.
const ACCEPTED: &[(&str, &str)] = &[
    ("health-unknown", PAGE),
    ("auth-root-wellknown-as", PAGE),
    ("auth-root-wellknown-pr", PAGE),
    ("cat-actions", WORDS),
    ("cat-actions-user", WORDS),
    ("cat-list-order-two", TIES),
    ("cat-q-fulltext-wildcard", TIES),
    ("cat-q-post-fulltext", TIES),
    ("scaf-task-fail-events", STACKS),
    ("scaf-task-cancel-events", STACKS),
    ("scaf-task-unknown-events", STACKS),
    ("scaf-registry", WORDS),
];

#[test]
fn answers_are_those_of_backstage() {
    replay(&Database::Sqlite);
}

#[test]
fn answers_on_postgresql_are_those_of_backstage() {
    // Without a server there is nothing to compare; `make test` brings one.
    if let Some(database) = Database::postgres() {
        replay(&database);
    }
}

fn replay(database: &Database) {
    let fixture = Fixture::start(database);
    let recorded = answer::recorded();
    let mut session = Session::sign_in(&fixture);
    let mut wrong = Vec::new();
    let mut differing = BTreeMap::new();
    for request in request::all() {
        let expected = &recorded[&request.id];
        let found = session.run(&request, expected);
        let verdict = compare::verdict(&request, expected, &found);
        wrong.extend(
            verdict
                .wrong
                .map(|reason| format!("{}: {reason}", request.id)),
        );
        if let Some(difference) = verdict.difference {
            differing.insert(request.id, difference);
        }
    }
    for (id, reason) in ACCEPTED {
        if differing.remove(*id).is_none() {
            wrong.push(format!(
                "{id}: no longer differs ({reason}); take it off the list"
            ));
        }
    }
    wrong.extend(
        differing
            .iter()
            .map(|(id, difference)| format!("{id}: {difference}")),
    );
    assert!(
        wrong.is_empty(),
        "{} requests:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What readers are told.
const DOCUMENT: &str = include_str!("../../../../docs/compatibility.md");

#[test]
fn accepted_differences_are_explained_to_readers() {
    for (id, _) in ACCEPTED {
        assert!(
            DOCUMENT.contains(&format!("| `{id}` |")),
            "{id} is not in docs/compatibility.md"
        );
    }
}

#[test]
fn everything_that_is_said_to_pin_a_quirk_exists() {
    let ids: Vec<String> = request::all()
        .into_iter()
        .map(|request| request.id)
        .collect();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |of: &str, module: &str| {
        let file = crates.join(of).join("tests/it").join(module);
        fs::read_to_string(file.with_extension("rs")).unwrap_or_default()
    };
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| "));
    let pins = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let names = pins.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let mut n_pins = 0;
    for name in names {
        n_pins += 1;
        let Some((module, test)) = name.split_once("::") else {
            assert!(ids.iter().any(|id| id == name), "no request `{name}`");
            continue;
        };
        let source = read("catalog", module) + &read("identity", module);
        let wanted = if test == "*" {
            "fn "
        } else {
            &format!("fn {test}()")
        };
        let is_there = source.contains(wanted);
        assert!(is_there, "no test `{name}`");
    }
    assert!(n_pins > 40, "the tables are read: {n_pins}");
}
