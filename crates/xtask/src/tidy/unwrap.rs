//! Rule `no-unwrap`: the product does not panic where it could answer with an error.
//!
//! Clippy knows this rule too, but only for code it compiles; features and platforms that a run
//! does not build are seen here.

use super::Finding;
use super::source::Source;

const RULE: &str = "no-unwrap";
const CALLS: [&str; 2] = [".unwrap()", ".expect("];

pub(super) fn check(source: &Source<'_>) -> Vec<Finding> {
    let lines = source.code.lines().enumerate();
    lines
        .filter(|(line, code)| {
            !source.is_test_line(*line) && CALLS.iter().any(|it| code.contains(it))
        })
        .map(|(line, _)| {
            let message = "no unwrap or expect outside tests: return an error or make it a type";
            Finding::error(RULE, source.path, line + 1, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::TextFile;
    use super::*;

    #[test]
    fn calls_outside_tests_are_found() {
        let lines = [
            "fn a() { x.unwrap() }",
            "fn b() { x.expect(\"never\") }",
            "fn c() { x.unwrap_or(1); x.expect_err; \".unwrap()\" } // .unwrap()",
            "#[cfg(test)]",
            "mod tests { fn d() { x.unwrap() } }",
            "fn e() { x.unwrap() }",
        ];
        let file = TextFile {
            path: "crates/x/src/a.rs".into(),
            text: lines.join("\n"),
        };
        let found = check(&Source::of(&file).unwrap());
        assert_eq!(
            found.iter().map(|it| it.line).collect::<Vec<_>>(),
            [1, 2, 6]
        );
    }
}
