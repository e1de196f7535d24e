//! Rule `sql-in-stores`: SQL text lives in stores, migrations and the database module only.

use anyhow::Result;
use regex::Regex;

use super::Finding;
use super::source::Source;

const RULE: &str = "sql-in-stores";
const HOMES: [&str; 2] = ["store", "db"];

/// A statement starts its literal and has the shape of SQL, which an English sentence has not.
const STATEMENT: &str = r"(?isx) ^ \s* \(? \s* (?:
      with \s+ (?:recursive \s+)? \w+ \s* (?:\([^)]*\) \s*)? as \s* \(
    | select \b .{1,2000}? \b from \s+ [\w{(]
    | insert \s+ (?:or \s+ \w+ \s+)? into \s+ [\w{]
    | update \s+ [\w{}.]+ \s+ (?:as \s+ \w+ \s+)? set \s
    | delete \s+ from \s+ [\w{]
    | create \s+ (?:unique \s+|temp \s+|temporary \s+|virtual \s+)? (?:table|index) \s+ [\w{]
    | alter \s+ table \s+ [\w{]
    | drop \s+ (?:table|index) \s+ [\w{] )";

pub(super) fn check(sources: &[Source<'_>]) -> Result<Vec<Finding>> {
    let statement = Regex::new(STATEMENT)?;
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| !is_home(source.path)) {
        for (line, literal) in &source.literals {
            if !source.is_test_line(*line) && statement.is_match(&literal.replace("\\n", "\n")) {
                let message = "SQL outside a store: move it to `store.rs` or `store/`";
                findings.push(Finding::error(RULE, source.path, line + 1, message));
            }
        }
    }
    Ok(findings)
}

fn is_home(path: &str) -> bool {
    path.contains("/migrations/")
        || HOMES.iter().any(|home| {
            path.ends_with(&format!("/{home}.rs")) || path.contains(&format!("/{home}/"))
        })
}

#[cfg(test)]
mod tests {
    use super::super::TextFile;
    use super::*;

    fn n_findings(path: &str, text: &str) -> usize {
        let file = TextFile {
            path: path.into(),
            text: text.into(),
        };
        check(&[Source::of(&file).unwrap()]).unwrap().len()
    }

    #[test]
    fn statements_are_found() {
        for literal in [
            "select uid from catalog_entity where ref = $1",
            "SELECT\\n  uid\\nFROM t",
            "insert into job (id) values ($1)",
            "insert or ignore into job values (1)",
            "update catalog_refresh set next_at = $1",
            "delete from {table}",
            "create table if not exists x (id integer)",
            "with due as (select 1) select * from due",
            "  select 1 from x",
        ] {
            let text = format!("fn f() {{ run(\"{literal}\") }}");
            assert_eq!(
                n_findings("crates/catalog/src/service.rs", &text),
                1,
                "{literal}"
            );
            assert_eq!(
                n_findings("crates/catalog/src/store.rs", &text),
                0,
                "{literal}"
            );
            assert_eq!(
                n_findings("crates/catalog/src/store/entity.rs", &text),
                0,
                "{literal}"
            );
            assert_eq!(
                n_findings("crates/platform/src/db/sqlite.rs", &text),
                0,
                "{literal}"
            );
            assert_eq!(
                n_findings("crates/catalog/tests/it.rs", &text),
                0,
                "{literal}"
            );
        }
    }

    #[test]
    fn sentences_and_comments_are_not_statements() {
        for text in [
            "f(\"select a kind\")",
            "f(\"cannot delete from a read-only catalog\")",
            "f(\"update the entity and set its owner\")",
            "// select uid from catalog_entity",
            "/// delete from t",
            "f(\"created table of contents\")",
        ] {
            assert_eq!(
                n_findings("crates/catalog/src/service.rs", text),
                0,
                "{text}"
            );
        }
    }

    #[test]
    fn tests_may_look_into_tables() {
        let text = "#[cfg(test)]\nmod tests { fn a() { run(\"select 1 from t\") } }";
        assert_eq!(n_findings("crates/catalog/src/service.rs", text), 0);
    }
}
