//! What is read again while the portal runs: `proxy`, as in Backstage.
//!
//! Invariants: a configuration that cannot be read, or whose endpoints are wrong, changes nothing; a
//! file that is being written is left alone until it stays as it is; the secrets of a configuration
//! are hidden in logs before it is used.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use audit::{Event, Origin, Via};
use platform::Clock;
use platform::config::{Config, ProxyConfig, secrets};
use platform::db::Db;
use platform::telemetry::Redactor;
use proxy::Proxy;
use tokio_util::sync::CancellationToken;

use crate::cli::{ConfigArgs, Loaded};
use crate::serve::is_fatal;

/// How often the files are looked at.
const POLL: Duration = Duration::from_millis(500);

/// Follows the files of the configuration.
pub(crate) struct Reload {
    args: ConfigArgs,
    files: Vec<PathBuf>,
    /// How the files were when they were read last.
    read: Stamp,
}

/// Tells versions of the files apart.
#[derive(Clone, PartialEq, Eq)]
struct Stamp(Vec<Option<(SystemTime, u64)>>);

/// What follows the configuration.
pub(crate) struct Followers {
    pub proxy: Proxy,
    /// What the proxy goes by.
    pub known: ProxyConfig,
    pub redactor: Redactor,
    pub db: Db,
}

impl Reload {
    /// From the configuration that the portal was started with.
    pub(crate) fn new(args: &ConfigArgs, loaded: &Loaded) -> Self {
        let files = loaded.config.files().to_vec();
        Self {
            args: args.clone(),
            read: stamp(&files),
            files,
        }
    }

    /// Reads the configuration again whenever a file of it has changed, until `stop`.
    pub(crate) async fn follow(mut self, mut followers: Followers, stop: CancellationToken) {
        let mut last = self.read.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
            let files = self.files.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || stamp(&files)).await else {
                return;
            };
            let is_settled = now == last;
            last = now.clone();
            if is_settled && now != self.read {
                self.read = now;
                self.read_again(&mut followers).await;
            }
        }
    }

    async fn read_again(&mut self, followers: &mut Followers) {
        let args = self.args.clone();
        let Ok(loaded) = tokio::task::spawn_blocking(move || args.load()).await else {
            return;
        };
        let loaded = match loaded {
            Ok(loaded) if !loaded.problems.iter().any(is_fatal) => loaded,
            Ok(_) => {
                return tracing::error!("the configuration cannot be read; all stays as it was");
            }
            Err(error) => {
                let error = format!("{error:#}");
                return tracing::error!(error, "the configuration cannot be read");
            }
        };
        self.files = loaded.config.files().to_vec();
        followers.follow(&loaded.config).await;
    }
}

impl Followers {
    async fn follow(&mut self, config: &Config) {
        let wanted = match config.section::<ProxyConfig>("proxy") {
            Ok(wanted) => wanted,
            Err(error) => {
                let error = error.to_string();
                return tracing::error!(error, "the proxy endpoints of before stay");
            }
        };
        if wanted == self.known {
            return tracing::info!(
                "the configuration has changed; what is not below `proxy` counts after a restart"
            );
        }
        self.redactor.add(secrets(config));
        if let Err(error) = self.proxy.replace(&wanted) {
            let error = error.chain();
            return tracing::error!(error, "the proxy endpoints of before stay");
        }
        let n_endpoints = wanted.endpoints.len();
        tracing::info!(n_endpoints, "proxy endpoints were read again");
        self.known = wanted;
        self.record(n_endpoints).await;
    }

    /// Tells the audit log; who changed the files, their repository knows.
    async fn record(&self, n_endpoints: usize) {
        let now = Clock::system().now();
        let recorded = self.db.write(move |tx| {
            let origin = Origin::internal(Via::Job, "configuration");
            let event = Event::done("proxy.endpoints.reload", "proxy.endpoints");
            let event = event.detail(format!("{n_endpoints} endpoints"));
            audit::record(tx, &origin, &event, now)
        });
        if let Err(error) = recorded.await {
            let error = error.chain();
            tracing::error!(error, "a change of proxy endpoints was not recorded");
        }
    }
}

fn stamp(files: &[PathBuf]) -> Stamp {
    let of = |path: &PathBuf| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    Stamp(files.iter().map(of).collect())
}
