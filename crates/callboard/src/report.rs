//! Lists of problems, for people and for programs.

mod sarif;

use std::io::{self, Write};

use clap::ValueEnum;
use model::{Problem, Severity};
use serde_json::json;

use crate::output::{CYAN, RED, YELLOW, counted, say, styled, write_json};

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// One line each, with the hint below it.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Commands of GitHub Actions that annotate the change.
    Github,
}

/// How many problems there are of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub errors: usize,
    pub warnings: usize,
}

impl Tally {
    /// Counts.
    pub(crate) fn of(problems: &[Problem]) -> Self {
        let count = |severity| problems.iter().filter(|p| p.severity == severity).count();
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let errors = counted(self.errors, "error");
        let warnings = counted(self.warnings, "warning");
        write!(f, "{errors}, {warnings}")
    }
}

/// Most problems that are printed: nobody reads more, and services refuse larger reports.
const MOST: usize = 1000;

/// Prints problems; of very many, the first ones and how many there are besides.
pub(crate) fn write(
    out: &mut impl Write,
    problems: &[Problem],
    format: ReportFormat,
) -> io::Result<()> {
    let all = problems;
    let problems = &all[..all.len().min(MOST)];
    let n_left = all.len() - problems.len();
    if n_left > 0 {
        say(format_args!(
            "{} not shown; fix the first {MOST} and run it again",
            counted(n_left, "more problem")
        ));
    }
    match format {
        ReportFormat::Text => problems
            .iter()
            .try_for_each(|problem| writeln!(out, "{}", text(problem))),
        ReportFormat::Json => {
            let Tally { errors, warnings } = Tally::of(all);
            let mut report = json!({"errors": errors, "warnings": warnings, "problems": problems});
            if n_left > 0 {
                report["omitted"] = n_left.into();
            }
            write_json(out, &report)
        }
        ReportFormat::Sarif => write_json(out, &sarif::document(problems)),
        ReportFormat::Github => problems
            .iter()
            .try_for_each(|problem| writeln!(out, "{}", github(problem))),
    }
}

/// Prints one problem to standard error.
pub(crate) fn say_problem(problem: &Problem) {
    say(text(problem));
}

/// `file:line:column: severity: message`, then the hint on a line of its own.
fn text(problem: &Problem) -> String {
    let place = place(problem);
    let separator = if place.is_empty() { "" } else { ": " };
    let severity = match problem.severity {
        Severity::Error => styled(RED, "error"),
        Severity::Warning => styled(YELLOW, "warning"),
        Severity::Info => styled(CYAN, "note"),
    };
    let mut text = format!("{place}{separator}{severity}: {}", problem.message);
    if let Some(hint) = &problem.hint {
        text = format!("{text}\n  {}: {hint}", styled(CYAN, "hint"));
    }
    text
}

/// `file:line:column`, as far as it is known.
fn place(problem: &Problem) -> String {
    let file = problem.file.as_deref().unwrap_or_default();
    match problem.position {
        Some(position) => format!("{file}:{}:{}", position.line, position.column),
        None => file.to_owned(),
    }
}

/// A workflow command of GitHub Actions.
fn github(problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(file) = &problem.file {
        properties.push(format!("file={}", github_property(file)));
    }
    if let Some(position) = problem.position {
        properties.push(format!("line={},col={}", position.line, position.column));
    }
    properties.push(format!("title={}", github_property(&problem.code)));
    let hint = problem.hint.as_ref();
    let hint = hint.map(|hint| format!("\nhint: {hint}"));
    let message = problem.message.clone() + &hint.unwrap_or_default();
    format!(
        "::{level} {}::{}",
        properties.join(","),
        github_data(&message)
    )
}

fn github_data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn github_property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use model::Position;

    use super::*;

    #[test]
    fn workflow_commands_are_escaped() {
        let position = Some(Position { line: 3, column: 7 });
        let problem = Problem::error("a.b", "", "100% wrong\nreally")
            .with_hint("use `x: y`")
            .at("a,b:c.yaml", position);
        assert_eq!(
            github(&problem),
            "::error file=a%2Cb%3Ac.yaml,line=3,col=7,title=a.b::100%25 wrong%0Areally%0Ahint: \
             use `x: y`"
        );
    }
}
