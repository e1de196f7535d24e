//! `callboard serve`

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use identity::Stage;
use model::{Problem, Severity};
use platform::http::{Front, HttpSettings, Readiness, Server};
use platform::telemetry::{BuildInfo, Metrics, Redactor, Telemetry, TelemetrySettings};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Sections};
use crate::cli::{ConfigArgs, Loaded, ensure_folder, print_problem, version};
use crate::reload::{Followers, Reload};

/// How long background work may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Sign everybody in as a guest, as a Backstage in development does.
    #[arg(long)]
    dev: bool,
    /// Serve the yardstick of benchmarks at /.callboard/static/BYTES.
    #[arg(long, hide = true)]
    bench: bool,
}

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let loaded = args.config.load()?;
    for problem in &loaded.problems {
        if problem.severity != Severity::Info {
            print_problem(problem);
        }
    }
    // A wrong key can be lived with; a file that cannot be read leaves out who knows what.
    if loaded.problems.iter().any(is_fatal) {
        anyhow::bail!("the configuration could not be read");
    }
    ensure_folder(&args.config.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(serve(args, &loaded));
    runtime.shutdown_timeout(STOP_TIMEOUT);
    result
}

/// Whether a part of the configuration is missing altogether.
pub(crate) fn is_fatal(problem: &Problem) -> bool {
    matches!(
        problem.code.as_str(),
        "config.file" | "config.syntax" | "config.root"
    )
}

async fn serve(args: &ServeArgs, loaded: &Loaded) -> anyhow::Result<()> {
    let sections = Sections::read(&loaded.config, &loaded.working_dir)?;
    let base_url = sections.base_url()?;
    let reload = Reload::new(&args.config, loaded);
    let data_dir = &args.config.data;
    let mut http = HttpSettings::from_config(&sections.backend, data_dir)?;
    http.bench = args.bench;
    let metrics = Metrics::new();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let redactor = observe(loaded, &sections, &metrics, &tasks, &stop)?;
    let front = Front::new(&http, Readiness::new(), &metrics)?;
    let server = Server::bind(&http).await?;
    let serving = tokio::spawn(server.run(front.clone(), stop.clone()));
    let stage = Stage::from_flags(args.dev, loaded.environment.get("NODE_ENV"));
    let app = tokio::select! {
        app = App::build(&loaded.config, &sections, data_dir, stage, &metrics) => app?,
        signal = shutdown_signal() => return signal,
    };
    app.start(&tasks, &stop);
    let followers = Followers {
        proxy: app.proxy.clone(),
        known: sections.proxy.clone(),
        redactor,
        db: app.db.clone(),
    };
    tasks.spawn(reload.follow(followers, stop.clone()));
    front.open(app.routes()?);
    tracing::info!(url = base_url.as_str(), "ready");
    shutdown_signal().await?;
    tracing::info!("shutting down");
    stop.cancel();
    serving.await?;
    tasks.close();
    let _ = tokio::time::timeout(STOP_TIMEOUT, tasks.wait()).await;
    app.db.close();
    Ok(())
}

/// Starts logs, traces and the metrics of the process; secrets of the configuration are hidden, and
/// others that come later can be.
fn observe(
    loaded: &Loaded,
    sections: &Sections,
    metrics: &Metrics,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<Redactor> {
    let is_terminal = std::io::stderr().is_terminal();
    let settings =
        TelemetrySettings::from_config(&sections.backend, &loaded.environment, is_terminal);
    let sink = Box::new(std::io::stderr());
    let mut telemetry = Telemetry::new(&settings, metrics, version::VERSION, sink)?;
    let redactor = telemetry.redactor().clone();
    redactor.add(platform::config::secrets(&loaded.config));
    telemetry.install()?;
    if let Some(exporter) = telemetry.take_exporter() {
        tasks.spawn(exporter.run(stop.clone()));
    }
    let build = BuildInfo {
        version: version::VERSION,
        commit: version::COMMIT,
    };
    metrics.register_process(build)?;
    Ok(redactor)
}

/// Ctrl-C or the signal of a supervisor.
async fn shutdown_signal() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
