//! `callboard template …`

mod example;
mod files;
pub(super) mod plan;
mod render;
mod test;

use std::io::{self, BufRead, Read as _, Write as _};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use scaffolder::{Case, RepoHosts, template_host};
use serde_json::json;

use crate::output::stdout;

use super::Verdict;

/// Longest line of a case, in bytes.
const MAX_LINE: u64 = 64 << 20;

/// Commands on templates.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Render templates that are read from standard input, one case a line.
    Eval(EvalArgs),
    /// Look for mistakes in templates, without running them.
    Lint(files::LintArgs),
    /// Render a skeleton with values, as `fetch:template` does.
    Render(render::RenderArgs),
    /// Run a template without changing anything, and show what it makes.
    DryRun(files::DryRunArgs),
    /// Run tests of templates.
    Test(test::TestArgs),
}

impl TemplateCommand {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match self {
            Self::Eval(args) => args.run(),
            Self::Lint(args) => args.run(),
            Self::Render(args) => args.run(),
            Self::DryRun(args) => args.run(),
            Self::Test(args) => args.run(),
        }
    }
}

/// Arguments of `template eval`.
#[derive(Debug, Args)]
#[command(after_help = "\
A case is a JSON object: `id` (anything), `kind` (`value`: input of a step, `file` or `path`), \
`source` (the template), `ctx` (what it can see), `opts` (`cookiecutterCompat`, `trimBlocks`, \
`lstripBlocks`).
For each, a line with `id` and `want` is printed: `{\"json\": …}` or `{\"undef\": true}` for a value, \
with `fallback` if it could not be rendered and stays as it is; `{\"value\": …}` for a text; \
`{\"error\": …}` if it could not be rendered.

Example: echo '{\"id\":1,\"kind\":\"value\",\"source\":\"${{ a + 1 }}\",\"ctx\":{\"a\":2}}' | callboard template eval")]
pub(crate) struct EvalArgs {
    /// End with 1 if a case could not be rendered.
    #[arg(long)]
    strict: bool,
}

impl EvalArgs {
    fn run(&self) -> anyhow::Result<Verdict> {
        // No step has failed where there are no steps.
        let host = template_host(RepoHosts::default())
            .with_function("always", |_| Ok(Some(json!(true))))
            .with_function("failure", |_| Ok(Some(json!(false))));
        let mut input = io::stdin().lock();
        let mut out = stdout();
        let mut line = Vec::new();
        let mut n_lines = 0_u64;
        let mut has_failed = false;
        while read_line(&mut input, &mut line)? {
            n_lines += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let case: Case = serde_json::from_slice(&line)
                .with_context(|| format!("line {n_lines} is no case"))?;
            let outcome = case.render(&host);
            has_failed |= outcome.error().is_some();
            let answer = json!({ "id": case.id, "want": outcome.to_json() });
            writeln!(out, "{answer}")?;
        }
        out.flush()?;
        Ok(Verdict::wrong_if(self.strict && has_failed))
    }
}

/// Reads a line into `line`; false at the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> anyhow::Result<bool> {
    line.clear();
    let n_read = input
        .take(MAX_LINE + 1)
        .read_until(b'\n', line)
        .context("cannot read standard input")?;
    ensure!(
        u64::try_from(n_read)? <= MAX_LINE,
        "a line is longer than {MAX_LINE} bytes"
    );
    Ok(n_read > 0)
}
