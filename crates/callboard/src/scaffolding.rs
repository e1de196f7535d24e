//! The scaffolder as the configuration wants it.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use catalog::Catalog;
use integrations::{Kind, ScmIntegrations, UrlReaders};
use notifications::{Notifications, Signals};
use platform::Clock;
use platform::actions::Actions;
use platform::config::{CatalogConfig, EncryptionConfig, HumanDuration, Secret};
use platform::ctx::{Caller, Ctx, Reach, User};
use platform::db::Db;
use platform::http::Inside;
use platform::permission::{Authorizer, Decision, Permission};
use platform::seal::Keyring;
use platform::telemetry::Metrics;
use scaffolder::{
    ArgoInstance, ArgoLogin, CommitDefaults, Environment, HostKind, Parts, RepoHosts, Scaffolder,
    Settings,
};
use serde_json::Value;

use crate::app::Sections;
use crate::cli::ensure_folder;

/// What the derived key is for.
const KEYS: &str = "scaffolder secrets";
/// The file of the key that seals secrets of tasks, where configuration has no secret.
const KEY_FILE: &str = "scaffolder.key";

/// What the scaffolder stands on.
pub(crate) struct Surroundings {
    pub db: Db,
    pub catalog: Catalog,
    pub actions: Actions,
    pub authorizer: Arc<dyn Authorizer>,
    pub metrics: Metrics,
    pub inside: Inside,
    pub clock: Clock,
}

/// The scaffolder, with its actions registered.
pub(crate) fn open(
    sections: &Sections,
    data_dir: &Path,
    surroundings: Surroundings,
) -> anyhow::Result<Scaffolder> {
    let parts = Parts {
        settings: settings(sections),
        keyring: keyring(sections, data_dir)?,
        hosts: repo_hosts(surroundings.catalog.integrations()),
        db: surroundings.db,
        catalog: surroundings.catalog,
        actions: surroundings.actions,
        authorizer: surroundings.authorizer,
        metrics: surroundings.metrics,
        inside: surroundings.inside,
        clock: surroundings.clock,
    };
    Ok(Scaffolder::new(parts)?)
}

/// The keys that seal what tasks keep.
pub(crate) fn keyring(sections: &Sections, data_dir: &Path) -> anyhow::Result<Keyring> {
    let secret = seal_secret(sections, data_dir)?;
    let keyring = Keyring::with_derived(&sections.callboard.encryption, &secret, KEYS)?;
    Ok(keyring)
}

fn settings(sections: &Sections) -> Settings {
    let config = &sections.scaffolder;
    let working_dir = sections.backend.working_directory.as_ref();
    let environment = &config.default_environment;
    let secrets = environment.secrets.iter();
    Settings {
        concurrent_tasks: config.concurrent_tasks_limit.into(),
        working_dir: working_dir.map_or_else(std::env::temp_dir, PathBuf::from),
        task_timeout: config.task_timeout.get(),
        janitor_period: config.task_timeout_janitor_frequency.get(),
        concurrent_dry_runs: sections.callboard.scaffolder.concurrent_dry_runs.into(),
        dry_run_timeout: sections.callboard.scaffolder.dry_run_timeout.get(),
        retention: sections
            .callboard
            .scaffolder
            .retention
            .map(HumanDuration::get),
        environment: Environment {
            parameters: environment.parameters.clone().into_iter().collect(),
            secrets: secrets
                .map(|(name, secret)| (name.clone(), secret.0.clone()))
                .collect(),
        },
        argo: argo_instances(&sections.argocd),
        commits: CommitDefaults {
            author_name: config.default_author.name.clone(),
            author_email: config.default_author.email.clone(),
            message: config.default_commit_message.clone(),
        },
    }
}

/// `auth.session.secret`, or a random text in a file of the data folder.
///
/// Processes that share a database need the same: a task with secrets waits for one that can open
/// them.
fn seal_secret(sections: &Sections, data_dir: &Path) -> anyhow::Result<Secret> {
    if let Some(secret) = &sections.auth.session.secret {
        return Ok(secret.clone());
    }
    // With PostgreSQL, nothing else may have made it yet.
    ensure_folder(data_dir)?;
    let path = data_dir.join(KEY_FILE);
    loop {
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Secret::new(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
            }
        }
        let text = format!("{}{}", uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match file {
            Ok(mut file) => file.write_all(text.as_bytes())?,
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot write `{}`", path.display()));
            }
        }
    }
}

/// `argocd`: installations, with the credentials of their own or those of all.
fn argo_instances(config: &Value) -> Vec<ArgoInstance> {
    let methods = config["appLocatorMethods"].as_array().into_iter().flatten();
    let instances = methods.filter_map(|method| method["instances"].as_array());
    instances
        .flatten()
        .filter_map(|instance| {
            let own = |name: &str| instance[name].as_str();
            let either = |name: &str| own(name).or_else(|| config[name].as_str());
            let login = if let Some(token) = own("token") {
                ArgoLogin::Token(Secret::new(token))
            } else {
                ArgoLogin::Password {
                    username: either("username")?.to_owned(),
                    password: Secret::new(either("password")?),
                }
            };
            Some(ArgoInstance {
                name: own("name")?.to_owned(),
                url: own("url")?.parse().ok()?,
                login,
            })
        })
        .collect()
}

/// What runs on the configured hosts.
fn repo_hosts(integrations: &ScmIntegrations) -> RepoHosts {
    let kind = |kind| match kind {
        Kind::Azure => HostKind::Azure,
        Kind::BitbucketCloud | Kind::BitbucketServer => HostKind::Bitbucket,
        Kind::Github => HostKind::Github,
        Kind::Gitlab => HostKind::Gitlab,
        Kind::Gitea => HostKind::Gitea,
    };
    let hosts = integrations.list().iter();
    RepoHosts::new(hosts.map(|it| (it.host().to_owned(), kind(it.kind()))))
}

/// A scaffolder without a portal, for templates in files: nothing is in its catalog, nothing is kept,
/// and everything is allowed.
pub(crate) async fn offline() -> anyhow::Result<(Scaffolder, Actions, Ctx)> {
    let db = Db::open(
        platform::db::Settings::SqliteMemory,
        &crate::app::migrations(),
    )
    .await?;
    let (metrics, clock) = (Metrics::new(), Clock::system());
    let hosts = integrations::Settings::default();
    let known = ScmIntegrations::new(&hosts)?;
    let mut catalog = catalog::Settings::new(&CatalogConfig::default(), &[]);
    catalog.process = false;
    let parts = catalog::Parts {
        db: db.clone(),
        settings: catalog,
        integrations: Arc::new(known.clone()),
        reader: Arc::new(UrlReaders::new(&hosts, known, clock.clone())?),
        processors: Vec::new(),
        providers: Vec::new(),
        metrics: metrics.clone(),
        clock: clock.clone(),
        snapshot: None,
    };
    let catalog = Catalog::open(parts).await?;
    let actions = Actions::default();
    actions.register_all(catalog::actions(&catalog)?)?;
    let signals = Signals::default();
    let notifications = Notifications::new(db.clone(), catalog.clone(), signals, clock.clone());
    actions.register(notifications::action(&notifications)?)?;
    let parts = Parts {
        settings: Settings {
            concurrent_tasks: 0,
            working_dir: std::env::temp_dir(),
            task_timeout: Duration::from_hours(1),
            janitor_period: Duration::from_hours(1),
            retention: None,
            concurrent_dry_runs: 100,
            dry_run_timeout: Duration::from_hours(1),
            environment: Environment::default(),
            commits: CommitDefaults::default(),
            argo: Vec::new(),
        },
        keyring: Keyring::with_derived(
            &EncryptionConfig::default(),
            &Secret::new(uuid::Uuid::new_v4().to_string()),
            KEYS,
        )?,
        hosts: repo_hosts(catalog.integrations()),
        db,
        catalog,
        actions: actions.clone(),
        authorizer: Arc::new(Everything),
        metrics,
        // There is no portal to ask.
        inside: Inside::default(),
        clock,
    };
    let scaffolder = Scaffolder::new(parts)?;
    let user = User {
        entity_ref: "user:default/guest".to_owned(),
        ownership: ["user:default/guest".to_owned()].into(),
        expires_at: i64::MAX,
        limited_token: None,
        agent: None,
        actor: None,
        reach: Reach::default(),
    };
    let ctx = Ctx::new(
        Arc::new(Caller::User(user)),
        Arc::new(Everything),
        "".into(),
    );
    Ok((scaffolder, actions, ctx))
}

/// Allows everything: there is nothing to protect.
struct Everything;

#[async_trait]
impl Authorizer for Everything {
    async fn decide(&self, _caller: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
        vec![Decision::Allow; permissions.len()]
    }
}
