//! The report: tables per run, beside the budget and Backstage's figures.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::load::{Load, Request};

/// What Backstage 1.55 took on a machine of this kind, at 1,000 entities and 16 connections on
/// SQLite (it did not finish ingesting 10,000 within 200 s).
const BACKSTAGE: &[(&str, &str)] = &[
    (
        "by-query 20, kind=component, by name",
        "194 ms / 1.68 s / 72",
    ),
    ("by-query 20, the same with text", "106 ms / 865 ms / 133"),
    ("facets, spec.type", "109 ms / 1.09 s / 124"),
    ("entity by name", "27 ms / 297 ms / 496"),
    ("by-refs, 40", "66 ms / 365 ms / 225"),
    ("ancestry", "64 ms / 308 ms / 234"),
    ("entities, limit 20", "43 ms / 364 ms / 316"),
    ("first 200, empty database", "17.7 s"),
    ("ingestion rate", "21 entities/s"),
    ("RSS idle", "601 MB (1,000 entities)"),
];

/// Lines of the budget, by row.
const BUDGET: &[(&str, &str)] = &[
    ("first 200, empty database", "100 ms"),
    ("first 200, warm database", "300 ms at 10 k, 5 s at 500 k"),
    (
        "RSS idle",
        "80 MB at 10 k, 250 MB at 100 k, 900 MB at 500 k",
    ),
    (
        "ingestion until all are queryable",
        "3 s at 10 k, 40 s at 100 k",
    ),
    (
        "steady refresh, nothing changed",
        "10,000 entities/s per core",
    ),
    ("register a location until readable, worst of 10", "1 s"),
];

/// Ends the part of the file that people write; what follows it is written anew.
const MARKER: &str = "<!-- `make bench` writes what follows -->";

/// A report in the making.
pub(super) struct Report {
    head: String,
    runs: Vec<Run>,
}

struct Run {
    title: String,
    rows: Vec<(String, String)>,
    loads: Vec<String>,
}

impl Report {
    pub(super) fn new(binary: &Path) -> Result<Self> {
        let size = fs::metadata(binary)?.len() >> 20;
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find(|line| line.starts_with("model name"));
        let model = model
            .and_then(|line| line.split(": ").nth(1))
            .unwrap_or("unknown");
        let cores = std::thread::available_parallelism()?;
        let commit = Command::new("git")
            .args(["rev-parse", "--short", "HEAD"])
            .output();
        let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        let mut head = String::new();
        writeln!(
            head,
            "Made by `make bench` at commit {}.\nMachine: {cores} cores ({model}), shared by server, \
             database and load generator.\nThe binary has {size} MB.\n\n\
             Each request is measured beside its yardstick: a handler of the same binary that \
             answers the same number of bytes from memory, under the same load, just before.\n\
             Backstage's figures (p50 / p99 / requests per second) were measured at 1,000 entities \
             on SQLite with 16 connections; it did not finish ingesting 10,000 within 200 s.\n",
            commit.unwrap_or_default()
        )?;
        Ok(Self {
            head,
            runs: Vec::new(),
        })
    }

    pub(super) fn start_run(&mut self, n: u32, database: &str) {
        let title = format!("{n} entities on {database}");
        println(&title);
        self.runs.push(Run {
            title,
            rows: Vec::new(),
            loads: Vec::new(),
        });
    }

    pub(super) fn row(&mut self, name: &str, value: &str) {
        println(&format!("  {name}: {value}"));
        if let Some(run) = self.runs.last_mut() {
            run.rows.push((name.to_owned(), value.to_owned()));
        }
    }

    pub(super) fn load(
        &mut self,
        request: &Request,
        size: usize,
        connections: usize,
        load: &Load,
        limit: &Load,
    ) {
        let share = 100.0 * load.per_second / limit.per_second;
        let backstage = find(BACKSTAGE, request.name)
            .filter(|_| connections == 16)
            .unwrap_or("");
        let line = format!(
            "| {} | {:.1} KB | {connections} | {} | {} | {:.0} | {:.0} | {share:.0} % | {backstage} |",
            request.name,
            kilobytes(size),
            milliseconds(load.p50),
            milliseconds(load.p99),
            load.per_second,
            limit.per_second,
        );
        println(&format!("  {line}"));
        if let Some(run) = self.runs.last_mut() {
            run.loads.push(line);
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let old = fs::read_to_string(path).unwrap_or_default();
        let written = old
            .split_once(MARKER)
            .map_or("# Benchmarks\n\n", |(written, _)| written);
        let mut text = format!("{written}{MARKER}\n\n{}", self.head);
        for run in &self.runs {
            writeln!(
                text,
                "## {}\n\n| What | Measured | Budget | Backstage |\n|---|---|---|---|",
                run.title
            )?;
            for (name, value) in &run.rows {
                let budget = find(BUDGET, name).unwrap_or("");
                let backstage = find(BACKSTAGE, name).unwrap_or("");
                writeln!(text, "| {name} | {value} | {budget} | {backstage} |")?;
            }
            text.push_str(
                "\n| Request | Size | Connections | p50 | p99 | per second | static limit | share | \
                 Backstage |\n|---|---|---|---|---|---|---|---|---|\n",
            );
            for line in &run.loads {
                writeln!(text, "{line}")?;
            }
            text.push('\n');
        }
        fs::write(path, text)?;
        Ok(())
    }
}

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| *value)
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

/// Progress for whoever waits.
fn println(line: &str) {
    use std::io::Write as _;
    // Nobody to tell is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{line}");
}
