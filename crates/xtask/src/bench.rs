//! Benchmarks of the whole binary: start, memory, ingestion, and requests under load.
//!
//! Invariants: everything is measured from outside, through the wire and `/proc`; the yardstick (a
//! handler that answers the same number of bytes from memory, in the same binary and run) is
//! measured beside every request; the load generator runs on the same machine and counts as load.

mod load;
mod report;
mod server;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::gen_catalog::{self, Plan};
use load::{Load, Request};
use report::Report;
use server::{Catalog, Database, Server};

/// Seconds between two looks at a location where looks are measured.
const LOOK_INTERVAL: u32 = 2;
/// For how long.
const STEADY: Duration = Duration::from_secs(15);

/// What to measure.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// Binary to measure
    #[arg(long, default_value = "target/release/callboard")]
    pub binary: PathBuf,
    /// Numbers of entities
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,500000")]
    pub entities: Vec<u32>,
    /// Folder for catalogs and databases
    #[arg(long, default_value = "target/bench")]
    pub work: PathBuf,
    /// Server to measure on PostgreSQL too, as a connection string
    #[arg(long, env = "TEST_DATABASE_URL")]
    pub postgres: Option<String>,
    /// Leave SQLite out
    #[arg(long, requires = "postgres")]
    pub only_postgres: bool,
    /// Seconds of load per request and number of connections
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// Report to write
    #[arg(long, default_value = "docs/BENCHMARKS.md")]
    pub out: PathBuf,
}

/// Measures everything and writes the report.
pub fn run(args: &BenchArgs) -> Result<()> {
    fs::create_dir_all(&args.work)?;
    let mut report = Report::new(&args.binary)?;
    for &n in &args.entities {
        let catalog = generate(&args.work, n)?;
        let mut databases = Vec::from_iter((!args.only_postgres).then_some(Database::Sqlite));
        databases.extend(args.postgres.clone().map(Database::Postgres));
        for database in databases {
            report.start_run(n, database.name());
            measure(args, &mut report, n, &catalog, &database)
                .with_context(|| format!("{n} entities on {}", database.name()))?;
            report.write(&args.out)?;
        }
    }
    Ok(())
}

fn generate(work: &Path, n: u32) -> Result<PathBuf> {
    let folder = work.join(format!("catalog-{n}"));
    if !folder.is_dir() {
        gen_catalog::write(&Plan::new(n, 1)?, &folder, 1000)?;
    }
    Ok(fs::canonicalize(folder)?)
}

fn measure(
    args: &BenchArgs,
    report: &mut Report,
    n: u32,
    catalog: &Path,
    database: &Database,
) -> Result<()> {
    let data = args.work.join(format!("data-{n}-{}", database.name()));
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    fs::create_dir_all(&data)?;
    database.reset()?;
    let mut catalog = Catalog {
        files: catalog,
        database,
        interval: None,
    };
    ingest(args, report, n, &catalog, &data)?;
    catalog.interval = Some(LOOK_INTERVAL);
    steady(args, report, n, &catalog, &data)?;
    catalog.interval = None;
    let server = restart(args, report, &catalog, &data)?;
    under_load(args, report, &server)?;
    register(report, &server, &data)?;
    report.row("RSS after the load", &megabytes(server.rss()?));
    server.stop()
}

/// From an empty database until every entity can be queried.
fn ingest(
    args: &BenchArgs,
    report: &mut Report,
    n: u32,
    catalog: &Catalog<'_>,
    data: &Path,
) -> Result<()> {
    let server = Server::start(&args.binary, catalog, data)?;
    report.row(
        "first 200, empty database",
        &milliseconds(server.ready_after),
    );
    let started = Instant::now();
    server.wait_for_entities(u64::from(n), Duration::from_mins(30))?;
    let took = started.elapsed();
    report.row(
        "ingestion until all are queryable",
        &format!("{:.1} s", took.as_secs_f64()),
    );
    report.row(
        "ingestion rate",
        &format!("{:.0} entities/s", f64::from(n) / took.as_secs_f64()),
    );
    report.row(
        "CPU time of ingestion",
        &format!("{:.1} s", server.cpu()?.as_secs_f64()),
    );
    server.wait_until_quiet()?;
    server.stop()
}

/// A second start, on the database as it is.
fn restart(
    args: &BenchArgs,
    report: &mut Report,
    catalog: &Catalog<'_>,
    data: &Path,
) -> Result<Server> {
    let server = Server::start(&args.binary, catalog, data)?;
    report.row(
        "first 200, warm database",
        &milliseconds(server.ready_after),
    );
    std::thread::sleep(Duration::from_secs(3));
    report.row("RSS idle", &megabytes(server.rss()?));
    Ok(server)
}

/// Looks at locations whose files are as they were, for a while.
fn steady(
    args: &BenchArgs,
    report: &mut Report,
    n: u32,
    catalog: &Catalog<'_>,
    data: &Path,
) -> Result<()> {
    let server = Server::start(&args.binary, catalog, data)?;
    // The first looks follow the start.
    std::thread::sleep(STEADY);
    let (cpu, looks) = (server.cpu()?, server.unchanged()?);
    std::thread::sleep(STEADY);
    let (cpu, looks) = (
        server.cpu()?.saturating_sub(cpu),
        server.unchanged()? - looks,
    );
    ensure!(looks > 0, "no location was looked at within {STEADY:?}");
    let per_location = u64::from(n) / catalog.locations()?.len() as u64;
    let millis = u64::try_from(cpu.as_millis())?.max(1);
    let rate = per_location * looks * 1000 / millis;
    report.row(
        "steady refresh, nothing changed",
        &format!("{rate} entities/s per core ({looks} looks at locations)"),
    );
    server.stop()
}

fn under_load(args: &BenchArgs, report: &mut Report, server: &Server) -> Result<()> {
    let duration = Duration::from_secs(args.seconds);
    let requests = Request::all(server)?;
    for request in requests {
        let size = request.size(server)?;
        let yardstick = Request::yardstick(size);
        for connections in [1, 16] {
            let limit = Load::run(server, &yardstick, connections, duration)?;
            let load = Load::run(server, &request, connections, duration)?;
            report.load(&request, size, connections, &load, &limit);
        }
    }
    Ok(())
}

/// From the answer of a registration until the entity can be read.
fn register(report: &mut Report, server: &Server, data: &Path) -> Result<()> {
    let mut worst = Duration::ZERO;
    for i in 0..10 {
        worst = worst.max(server.register_and_read(data, i)?);
    }
    report.row(
        "register a location until readable, worst of 10",
        &milliseconds(worst),
    );
    Ok(())
}

fn milliseconds(duration: Duration) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{:.0} ms", duration.as_secs_f64() * 1000.0);
    text
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes >> 20)
}
