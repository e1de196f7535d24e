//! The scaffolder's handle, and what it is made of.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use catalog::Catalog;
use platform::actions::Actions;
use platform::db::{Db, Dialect};
use platform::http::Inside;
use platform::permission::Authorizer;
use platform::seal::Keyring;
use platform::{Clock, Result};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::actions::ArgoInstance;
use crate::engine::{Environment, worker};
use crate::janitor;
use crate::metrics::Metrics;
use crate::outgoing::Outgoing;
use crate::repo_url::RepoHosts;
use crate::store::tasks;
use crate::task::Initiator;

/// What a scaffolder needs.
pub struct Parts {
    /// The migrated database.
    pub db: Db,
    /// Settings.
    pub settings: Settings,
    /// Where templates are.
    pub catalog: Catalog,
    /// Everything that steps can do.
    pub actions: Actions,
    /// Decides what steps may do.
    pub authorizer: Arc<dyn Authorizer>,
    /// Keeps secrets.
    pub keyring: Keyring,
    /// Source control hosts.
    pub hosts: RepoHosts,
    /// Where metrics are kept.
    pub metrics: platform::telemetry::Metrics,
    /// The portal's own API.
    pub inside: Inside,
    /// The clock.
    pub clock: Clock,
}

/// How the scaffolder works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Tasks that run at once in this process; none at all for 0.
    pub concurrent_tasks: usize,
    /// Folder of the workspaces.
    pub working_dir: PathBuf,
    /// How long a task may give no sign of life before it is given up.
    pub task_timeout: std::time::Duration,
    /// Time between two looks for tasks to give up.
    pub janitor_period: std::time::Duration,
    /// How long tasks are kept after their end; for ever if `None`.
    pub retention: Option<std::time::Duration>,
    /// Dry runs and plans that are made at once in this process.
    pub concurrent_dry_runs: usize,
    /// How long a dry run or a plan may take.
    pub dry_run_timeout: std::time::Duration,
    /// What every template can see.
    pub environment: Environment,
    /// Author and message of commits that name none.
    pub commits: CommitDefaults,
    /// Installations of Argo CD.
    pub argo: Vec<ArgoInstance>,
}

/// Author and message of commits that name none.
#[derive(Debug, Clone, Default)]
pub struct CommitDefaults {
    /// Name of the author.
    pub author_name: Option<String>,
    /// Address of the author.
    pub author_email: Option<String>,
    /// Message.
    pub message: Option<String>,
}

/// The scaffolder of one process; clones share it.
#[derive(Clone)]
pub struct Scaffolder(Arc<Inner>);

/// What all clones of a [`Scaffolder`] share.
pub struct Inner {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    pub(crate) catalog: Catalog,
    pub(crate) actions: Actions,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) keyring: Keyring,
    pub(crate) hosts: RepoHosts,
    pub(crate) inside: Inside,
    pub(crate) outgoing: Outgoing,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    /// Room for dry runs and plans.
    pub(crate) trials: Semaphore,
}

impl std::ops::Deref for Scaffolder {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Scaffolder {
    /// A scaffolder; nothing runs before [`Scaffolder::start`].
    pub fn new(parts: Parts) -> Result<Self> {
        let inner = Inner {
            trials: Semaphore::new(parts.settings.concurrent_dry_runs),
            db: parts.db,
            settings: parts.settings,
            catalog: parts.catalog,
            actions: parts.actions,
            authorizer: parts.authorizer,
            keyring: parts.keyring,
            hosts: parts.hosts,
            inside: parts.inside,
            outgoing: Outgoing::new()?,
            clock: parts.clock,
            metrics: Metrics::new(&parts.metrics)?,
        };
        let scaffolder = Self(Arc::new(inner));
        scaffolder.register_actions()?;
        Ok(scaffolder)
    }

    /// For what the scaffolder keeps itself.
    pub(crate) fn downgrade(&self) -> Weak<Inner> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn upgrade(weak: &Weak<Inner>) -> Option<Self> {
        weak.upgrade().map(Self)
    }

    /// Takes tasks and looks after them until `stop`.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        if self.settings.concurrent_tasks > 0 {
            let (scaffolder, tracker, stop) = (self.clone(), tasks.clone(), stop.clone());
            tasks.spawn(async move {
                scaffolder.take_back().await;
                worker::work(scaffolder, tracker, stop).await;
            });
        }
        tasks.spawn(janitor::watch(self.clone(), stop.clone()));
    }

    /// With an embedded database there is one process, so that what is in work when it starts has
    /// lost its worker.
    async fn take_back(&self) {
        if self.db.dialect() != Dialect::Sqlite {
            return;
        }
        if let Err(error) = self.db.write(tasks::release_all).await {
            tracing::warn!(
                error = error.chain(),
                "interrupted tasks wait for their lease to end"
            );
        }
    }

    /// Who a task runs for, with the groups they have now; who left the catalog has none.
    pub(crate) fn current(&self, initiator: Initiator) -> Initiator {
        match initiator {
            Initiator::User(user) => {
                let now = self.catalog.ownership(&user.entity_ref);
                Initiator::User(user.owning(now))
            }
            service @ Initiator::Service { .. } => service,
        }
    }
}
