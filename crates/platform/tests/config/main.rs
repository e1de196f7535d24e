//! Configuration as Backstage loads it; each table is a rule.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has to fail"
)]

mod checking;
mod generated;
mod loading;
mod printing;

use std::path::{Path, PathBuf};

use model::{Problem, Severity};
use platform::config::{ConfigArg, Environment, LoadOptions};

/// A folder of `testdata/config`.
fn testdata(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/config")
        .join(folder)
}

fn options(working_dir: &Path, args: &[&str], environment: &[(&str, &str)]) -> LoadOptions {
    LoadOptions {
        args: args
            .iter()
            .map(|arg| arg.parse::<ConfigArg>().unwrap())
            .collect(),
        working_dir: working_dir.to_path_buf(),
        environment: environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Environment>(),
    }
}

/// Problems as a person reads them, one per line.
fn shown(problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let file = problem.file.as_deref().unwrap_or("-");
        let place = problem
            .position
            .map(|at| format!(":{}:{}", at.line, at.column));
        let severity = match problem.severity {
            Severity::Info => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let hint = problem.hint.as_deref().map(|hint| format!(" ({hint})"));
        format!(
            "{file}{}: {severity}: {}{}\n",
            place.unwrap_or_default(),
            problem.message,
            hint.unwrap_or_default()
        )
    };
    problems.iter().map(line).collect()
}

/// Compares with a committed file; `UPDATE=1` rewrites it.
fn assert_current(path: &Path, text: &str) {
    if std::env::vars_os().any(|(name, _)| name == "UPDATE") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == text,
        "{} is not current; run the tests with UPDATE=1 and commit it\n{text}",
        path.display()
    );
}
