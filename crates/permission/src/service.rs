//! The handle: keeps the policy current, decides, and changes roles and policies.

pub(crate) mod authorize;
pub(crate) mod conditions;
pub(crate) mod entity;
pub(crate) mod plugins;
pub(crate) mod policies;
pub(crate) mod preview;
pub(crate) mod roles;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use audit::{Event, Origin, Via};
use model::Problem;
use parking_lot::Mutex;
use platform::db::{Db, Tx};
use platform::permission::{Authorizer, Condition, Decision, Permission, Permissioned};
use platform::{Clock, Ctx, Error, Result};
use serde_json::Value;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::authorizer::{AllowAll, ByRoles};
use crate::engine::Engine;
use crate::files::{self, Loaded, Stamp};
use crate::policy::{PolicySet, Role};
use crate::recorder::{Recorded, Recorder};
use crate::settings::Settings;
use crate::store::{self, CHANGED};
use crate::subject::Groups;

pub use self::entity::PERMISSIONS;
use self::entity::PolicyEntities;

/// How often the files are looked at.
const POLL_FILES: Duration = Duration::from_millis(500);
/// How long a change by another replica whose wake-up was lost goes unnoticed.
const POLL_CHANGES: Duration = Duration::from_secs(2);
/// How often decisions are written.
const FLUSH: Duration = Duration::from_secs(5);

/// What permissions need.
pub struct Parts {
    /// The migrated database.
    pub db: Db,
    /// Settings.
    pub settings: Settings,
    /// Who is in which group.
    pub groups: Arc<dyn Groups>,
    /// The plugins that have permissions, beside this one.
    pub plugins: Vec<Arc<dyn Permissioned>>,
    /// The clock.
    pub clock: Clock,
}

/// What callers may do; clones share it.
#[derive(Clone)]
pub struct Permissions(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    engine: Option<Arc<Engine>>,
    recorder: Option<Arc<Recorder>>,
    plugins: Vec<Arc<dyn Permissioned>>,
    /// What the configuration and the files said last, and when the files were that way.
    loaded: Mutex<(Arc<Loaded>, Stamp)>,
    /// Of what is in the database, when it was loaded last.
    version: AtomicI64,
    /// Held while the policy is made anew: an older one must not replace a newer one.
    turn: tokio::sync::Mutex<()>,
}

impl Permissions {
    /// Reads the files and the database; fails when a file cannot be read.
    pub async fn open(parts: Parts) -> Result<Self> {
        let Parts {
            db,
            settings,
            groups,
            mut plugins,
            clock,
        } = parts;
        let mut loaded = (Arc::<Loaded>::default(), Stamp::default());
        let mut engine = None;
        if let Some(rbac) = settings.rbac {
            loaded = (Arc::new(files::load(&rbac)?), Stamp::of(&rbac));
            warn(&loaded.0.problems);
            engine = Some(Arc::new(Engine::new(rbac, groups, PolicySet::default())));
        }
        if let Some(engine) = &engine {
            plugins.push(Arc::new(PolicyEntities(Arc::clone(engine))));
        }
        let recorder = settings.record_decisions && engine.is_some();
        let permissions = Self(Arc::new(Inner {
            recorder: recorder.then(|| Arc::new(Recorder::new(clock.clone()))),
            db,
            clock,
            engine,
            plugins,
            loaded: Mutex::new(loaded),
            version: AtomicI64::new(0),
            turn: tokio::sync::Mutex::default(),
        }));
        permissions.reload().await?;
        Ok(permissions)
    }

    /// Decides for features.
    pub fn authorizer(&self) -> Arc<dyn Authorizer> {
        match &self.0.engine {
            None => Arc::new(AllowAll),
            Some(engine) => Arc::new(ByRoles {
                engine: Arc::clone(engine),
                recorder: self.0.recorder.clone(),
            }),
        }
    }

    /// Decides by roles; `None` while everything is allowed.
    pub fn engine(&self) -> Option<&Arc<Engine>> {
        self.0.engine.as_ref()
    }

    /// Everything the plugins have to allow.
    pub fn known(&self) -> Vec<Permission<'static>> {
        let all = self
            .0
            .plugins
            .iter()
            .flat_map(|plugin| plugin.permissions());
        all.copied().collect()
    }

    /// This plugin's own resources, the roles.
    pub fn entities(&self) -> Option<Arc<dyn Permissioned>> {
        let engine = self.0.engine.as_ref()?;
        Some(Arc::new(PolicyEntities(Arc::clone(engine))))
    }

    /// Keeps the policy current until `stop`.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        if self.0.engine.is_some() {
            tasks.spawn(self.clone().follow(stop.clone()));
        }
        if let Some(recorder) = &self.0.recorder {
            let (db, recorder) = (self.0.db.clone(), Arc::clone(recorder));
            tasks.spawn(flush(db, recorder, stop.clone()));
        }
    }

    async fn follow(self, stop: CancellationToken) {
        let mut woken = self.0.db.subscribe(CHANGED);
        let mut look = tokio::time::interval(POLL_CHANGES);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_look = tokio::select! {
                () = stop.cancelled() => return,
                _ = woken.changed() => true,
                _ = look.tick() => true,
                () = tokio::time::sleep(POLL_FILES) => false,
            };
            let is_changed = self.read_changed_files().await;
            if is_changed || is_look {
                let outcome = self.catch_up(is_changed).await;
                if let Err(error) = outcome {
                    tracing::error!(error = error.chain(), "policies were not loaded");
                }
            }
        }
    }

    /// Decides by what is in the database now; `is_forced` also when nothing has changed there.
    async fn catch_up(&self, is_forced: bool) -> Result<()> {
        let version = self.0.db.read(store::load_version).await?;
        if is_forced || version != self.0.version.load(Ordering::Relaxed) {
            self.reload().await?;
        }
        Ok(())
    }

    /// Reads the files again when they have changed; those that cannot be read leave all as it was.
    async fn read_changed_files(&self) -> bool {
        let Some(engine) = &self.0.engine else {
            return false;
        };
        if !engine.settings().reload {
            return false;
        }
        let (settings, known) = (engine.settings().clone(), self.0.loaded.lock().1.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let stamp = Stamp::of(&settings);
            (stamp != known).then(|| (files::load(&settings), stamp))
        });
        match reading.await {
            Ok(Some((Ok(loaded), stamp))) => {
                warn(&loaded.problems);
                tracing::info!("policy files were read again");
                *self.0.loaded.lock() = (Arc::new(loaded), stamp);
                self.record_reload().await;
                true
            }
            Ok(Some((Err(error), stamp))) => {
                tracing::error!(error = error.chain(), "the old policy stays");
                self.0.loaded.lock().1 = stamp;
                false
            }
            Ok(None) | Err(_) => false,
        }
    }

    /// Tells the audit log that files changed what people may; each process reads them for itself.
    async fn record_reload(&self) {
        let now = self.0.clock.now();
        let recorded = self.0.db.write(move |tx| {
            let origin = Origin::internal(Via::Job, "policy-files");
            let event = Event::done("permission.policy.reload", "policy files");
            audit::record(tx, &origin, &event, now)
        });
        if let Err(error) = recorded.await {
            tracing::error!(
                error = error.chain(),
                "a change of policy files was not recorded"
            );
        }
    }

    /// Makes the policy of configuration, database and files anew.
    pub(crate) async fn reload(&self) -> Result<()> {
        let Some(engine) = &self.0.engine else {
            return Ok(());
        };
        let _turn = self.0.turn.lock().await;
        let load = |tx: &mut Tx<'_>| Ok((store::load_version(tx)?, store::load(tx)?));
        let (version, stored) = self.0.db.read(load).await?;
        let loaded = Arc::clone(&self.0.loaded.lock().0);
        let (set, problems) = layered(&loaded, stored);
        warn(&problems);
        self.warn_of_rules(&set);
        engine.replace(set);
        self.0.version.store(version, Ordering::Relaxed);
        Ok(())
    }

    /// A conditional policy that cannot be read stays, as leaving it out could allow more: what it is
    /// about is an error then.
    fn warn_of_rules(&self, set: &PolicySet) {
        for policy in &set.conditions {
            if let Err(problem) = self.check_rules(policy) {
                let (role, id) = (&policy.role, policy.id);
                tracing::warn!(role, id, problem, "a conditional policy cannot be read");
            }
        }
    }

    /// Recorded decisions, for a replay.
    pub async fn recorded(&self) -> Result<Vec<Recorded>> {
        self.0.db.read(store::decisions::list).await
    }

    /// Roles and policies, or 404: without them there is nothing to administer.
    pub(crate) fn rbac(&self) -> Result<&Arc<Engine>> {
        self.engine().ok_or_else(|| Error::not_found(""))
    }

    /// Changes roles or policies, records it, and decides by the result.
    async fn change<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        work: impl FnOnce(&mut Tx<'_>) -> Result<(T, Event)> + Send + 'static,
    ) -> Result<T> {
        let (origin, now) = (Origin::of(ctx), self.0.clock.now());
        let value = self.0.db.write(move |tx| {
            let (value, event) = work(tx)?;
            audit::record(tx, &origin, &event, now)?;
            store::mark_changed(tx)?;
            Ok(value)
        });
        let value = value.await?;
        self.reload().await?;
        Ok(value)
    }

    /// The roles on which the caller has a permission of this plugin.
    async fn scope(&self, ctx: &Ctx, permission: Permission<'_>) -> Result<Scope> {
        let is_read = permission == entity::READ;
        if !is_read {
            ctx.require_user().map_err(|_| {
                Error::forbidden(
                    "Only credential principal with type 'user' permitted to modify permissions",
                )
            })?;
        }
        match ctx.decide(permission).await {
            Decision::Allow => Ok(Scope(None)),
            Decision::Conditional(condition) => Ok(Scope(Some(condition))),
            Decision::Deny => Err(Error::forbidden("")),
        }
    }
}

/// Some of the roles.
pub(crate) struct Scope(Option<Condition>);

impl Scope {
    /// Whether a role is one of them; one that is not there is only when all are.
    pub(crate) fn has(&self, role: Option<&Role>) -> bool {
        let Some(condition) = &self.0 else {
            return true;
        };
        role.is_some_and(|role| entity::fulfils(role, condition))
    }

    /// Fails unless a role is one of them.
    pub(crate) fn require(&self, role: Option<&Role>) -> Result<()> {
        if self.has(role) {
            return Ok(());
        }
        Err(Error::forbidden(""))
    }
}

fn layered(loaded: &Loaded, stored: PolicySet) -> (PolicySet, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut set = loaded.configured.clone();
    set.add_layer(stored, &mut problems);
    set.add_layer(loaded.filed.clone(), &mut problems);
    (set, problems)
}

fn warn(problems: &[Problem]) {
    for problem in problems {
        let line = problem.position.map(|position| position.line);
        tracing::warn!(
            file = problem.file.as_deref(),
            line,
            problem = problem.message,
            "a policy is left out"
        );
    }
}

async fn flush(db: Db, recorder: Arc<Recorder>, stop: CancellationToken) {
    loop {
        let is_last = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(FLUSH) => false,
        };
        let rows = recorder.take();
        if !rows.is_empty()
            && let Err(error) = db
                .write(move |tx| store::decisions::upsert(tx, &rows))
                .await
        {
            tracing::warn!(error = error.chain(), "decisions were not recorded");
        }
        if is_last {
            return;
        }
    }
}

/// A text of a body, empty when it is not one.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
