//! Runs a corpus of template cases: `TEMPLATE_CASES=cases.jsonl cargo test -p scaffolder --test corpus`.

use std::io::{BufRead as _, BufReader};

use scaffolder::{Case, RepoHosts, template_host};
use serde_json::{Value, json};

/// Mismatches that are shown.
const MAX_SHOWN: usize = 40;

#[test]
fn a_corpus_renders_as_expected() {
    let Some(path) = std::env::var_os("TEMPLATE_CASES") else {
        return;
    };
    let host = template_host(RepoHosts::default())
        .with_function("always", |_| Ok(Some(json!(true))))
        .with_function("failure", |_| Ok(Some(json!(false))));
    let file = std::fs::File::open(path).unwrap();
    let (mut n_cases, mut n_wrong) = (0, 0);
    for line in BufReader::new(file).lines() {
        let line = line.unwrap();
        let case: Case = serde_json::from_str(&line).unwrap();
        let expected: Value = serde_json::from_str(&line).unwrap();
        let outcome = case.render(&host);
        n_cases += 1;
        if !outcome.matches(&expected["want"]) {
            n_wrong += 1;
            if n_wrong <= MAX_SHOWN {
                println!("{} {:?}\n  {}", case.id, case.kind, json!(case.source));
                println!(
                    "  expected {}\n  found    {}",
                    expected["want"],
                    outcome.to_json()
                );
            }
        }
    }
    assert_eq!(n_wrong, 0, "of {n_cases} cases");
}
