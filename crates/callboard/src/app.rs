//! The application: the only place where everything is wired.

mod open;
mod sections;

use std::path::Path;
use std::sync::Arc;

use ::catalog::Catalog;
use ::permission::Permissions;
use audit::{Audit, Reads};
use identity::http::{auth_plugin, plugin_routes, well_known};
use identity::{Identity, Stage};
use notifications::{Notifications, Recipients, Signals};
use org::Scim;
use platform::Clock;
use platform::actions::{Actions, action_routes};
use platform::config::{Config, PrincipalLimitConfig};
use platform::db::{Db, Migration};
use platform::http::{
    AccessOf, Limit, Limiter, Mount, Plugin, Plugins, Routes, mount_with, permission_routes,
};
use platform::telemetry::Metrics;
use proxy::Proxy;
use scaffolder::Scaffolder;
use settings::{Change, Settings};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::{self, Admin};
use crate::cli::version;
use crate::database::{self, Tenancy};
use crate::portal::Portal;
use crate::reads;
use crate::scaffolding;

pub(crate) use open::{CatalogGroups, open_actions, open_catalog, open_identity, open_permissions};
pub(crate) use sections::Sections;

/// All migrations, in the order of the features.
pub(crate) fn migrations() -> Vec<Migration> {
    [
        audit::MIGRATIONS,
        identity::MIGRATIONS,
        org::MIGRATIONS,
        ::permission::MIGRATIONS,
        settings::MIGRATIONS,
        ::catalog::MIGRATIONS,
        scaffolder::MIGRATIONS,
        notifications::MIGRATIONS,
    ]
    .concat()
}

/// Everything that runs.
pub(crate) struct App {
    pub db: Db,
    pub catalog: Catalog,
    pub actions: Actions,
    scaffolder: Scaffolder,
    identity: Arc<Identity>,
    permissions: Permissions,
    audit: Audit,
    settings: Settings,
    pub proxy: Proxy,
    admin: Admin,
    scim: Option<Scim>,
    limiter: Option<Arc<Limiter>>,
    portal: Portal,
    signals: Signals,
    notifications: Notifications,
    /// The same routes, for steps of templates.
    plugins: Plugins,
    /// Kept for as long as the database is used.
    _tenancy: Tenancy,
}

impl App {
    /// Opens the database and builds all features; the catalog's index is complete afterwards.
    pub(crate) async fn build(
        config: &Config,
        sections: &Sections,
        data_dir: &Path,
        stage: Stage,
        metrics: &Metrics,
    ) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let database = database::settings(&sections.backend.database, data_dir)?;
        let tenancy = Tenancy::take(&database)?;
        let db = Db::open(database, &migrations()).await?;
        let catalog = open_catalog(
            sections,
            db.clone(),
            data_dir,
            metrics.clone(),
            clock.clone(),
        )
        .await?;
        let scim = sections.callboard.scim.enabled.then(|| {
            let sink = Arc::new(catalog.clone());
            Ok::<_, anyhow::Error>(Scim::new(
                db.clone(),
                &sections.base_url()?,
                sink,
                clock.clone(),
            ))
        });
        let identity = open_identity(sections, stage, db.clone(), catalog.clone(), clock.clone())?;
        // A key that is missing is told now, not when somebody signs in.
        identity.check_keys().await?;
        audit::log_at(sections.backend.auditor.severity_log_level_mappings.clone());
        let audit = Audit::new(audit::Parts {
            db: db.clone(),
            settings: audit::Settings {
                retention: sections.callboard.audit.retention.map(Into::into),
            },
            reads: Reads::new(reads::ALL),
            metrics: metrics.clone(),
            clock: clock.clone(),
        })?;
        let permissions =
            open_permissions(sections, db.clone(), &catalog, &audit, clock.clone()).await?;
        let actions = open_actions(sections, &catalog, &audit)?;
        let signals = Signals::default();
        let notifications =
            Notifications::new(db.clone(), catalog.clone(), signals.clone(), clock.clone());
        actions.register(notifications::action(&notifications)?)?;
        let plugins = Plugins::default();
        let surroundings = scaffolding::Surroundings {
            db: db.clone(),
            catalog: catalog.clone(),
            actions: actions.clone(),
            authorizer: permissions.authorizer(),
            metrics: metrics.clone(),
            inside: plugins.inside(),
            clock,
        };
        let scaffolder = scaffolding::open(sections, data_dir, surroundings)?;
        let portal = Portal::read(config, sections, &identity, catalog.integrations()).await?;
        Ok(Self {
            settings: Settings::new(db.clone()).telling(change_of_settings(&signals)),
            signals,
            notifications,
            plugins,
            limiter: limiter(&sections.callboard.rate_limit),
            db,
            catalog,
            actions,
            scaffolder,
            admin: Admin::new(config, Arc::clone(&identity)),
            identity,
            permissions,
            audit,
            scim: scim.transpose()?,
            proxy: Proxy::new(&sections.proxy, sections.base_url()?.path())?,
            portal,
            _tenancy: tenancy,
        })
    }

    /// Starts background work.
    pub(crate) fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        self.catalog.start(tasks, stop);
        self.signals.start(tasks, stop);
        self.notifications.start(tasks, stop);
        self.scaffolder.start(tasks, stop);
        self.permissions.start(tasks, stop);
        self.audit.start(tasks, stop);
        self.proxy.start(tasks, stop);
    }

    /// All routes.
    pub(crate) fn routes(&self) -> anyhow::Result<Routes> {
        let catalog = self.with_common(
            "catalog",
            ::catalog::router(self.catalog.clone()).merge(self.action_routes("catalog")),
            &[identity::http::JWKS_PATH],
        );
        let mut auth = auth_plugin(&self.identity);
        auth.router = auth.router.merge(self.action_routes("auth"));
        let pages = match &self.portal.front_end {
            Some(pages) => pages.clone(),
            None => web::router(self.web())?,
        };
        let pages = pages.merge(well_known(&self.identity));
        let mut routes = Routes::new().pages(pages);
        let mut inside = Vec::new();
        for id in COOKIE_ONLY {
            routes = routes.plugin(id, self.mount(self.cookie_only(id)));
        }
        for plugin in [
            catalog,
            auth,
            self.scaffolder(),
            self.with_common(
                "permission",
                ::permission::router(&self.permissions),
                &["/health", identity::http::JWKS_PATH],
            ),
            self.with_common(
                "user-settings",
                settings::router(self.settings.clone()),
                &[identity::http::JWKS_PATH],
            ),
            self.with_common(
                "notifications",
                notifications::router(self.notifications.clone()),
                &["/health", identity::http::JWKS_PATH],
            ),
            self.signals(),
            self.with_common(
                "audit",
                audit::router(self.audit.clone()),
                &[identity::http::JWKS_PATH],
            ),
            self.with_common(
                admin::PLUGIN,
                self.admin.router(),
                &[identity::http::JWKS_PATH],
            ),
        ] {
            let (id, router) = (plugin.id, self.mount(plugin));
            inside.push((id, router.clone()));
            routes = routes.plugin(id, router);
        }
        if let Some(scim) = &self.scim {
            let router = org::router(scim.clone());
            let plugin = self.with_common("scim", router, &[identity::http::JWKS_PATH]);
            routes = routes.plugin("scim", self.mount(plugin));
        }
        let proxy = self.proxy();
        inside.push(("proxy", proxy.clone()));
        self.plugins.open(inside);
        Ok(routes.plugin("proxy", proxy))
    }

    /// The web app; its pages know their user by the cookie that `app` gives.
    fn web(&self) -> web::Settings {
        let portal = &self.portal;
        web::Settings {
            title: portal.title.clone(),
            organization: portal.organization.clone(),
            base_path: portal.base_path.clone(),
            providers: portal.providers.clone(),
            hosts: portal.hosts.clone(),
            version: version::VERSION.to_owned(),
            csp: portal.csp.clone(),
            authenticator: self.identity.cookie_authenticator("app"),
            authorizer: self.permissions.authorizer(),
            apis: [("catalog", ::catalog::router(self.catalog.clone()))].into(),
        }
    }

    fn mount(&self, plugin: Plugin) -> axum::Router {
        self.mount_opening(plugin, None)
    }

    /// Like [`App::mount`], where who may enter a path is known from the configuration.
    fn mount_opening(&self, plugin: Plugin, access: Option<AccessOf>) -> axum::Router {
        let mount = Mount {
            authenticator: self.identity.authenticator(plugin.id),
            authorizer: self.permissions.authorizer(),
            observer: Some(self.audit.observer()),
            access,
            limiter: self.limiter.clone(),
            is_read: Some(reads::is_read),
            challenge: self.identity.challenge(plugin.id),
        };
        mount_with(plugin, mount)
    }

    fn proxy(&self) -> axum::Router {
        let plugin = self.with_common(
            "proxy",
            proxy::router(self.proxy.clone()),
            &[identity::http::JWKS_PATH],
        );
        let proxy = self.proxy.clone();
        self.mount_opening(plugin, Some(Arc::new(move |path| proxy.access(path))))
    }

    fn scaffolder(&self) -> Plugin {
        let permissions = permission_routes(scaffolder::permission::permissioned(self.db.clone()));
        let router = scaffolder::router(self.scaffolder.clone())
            .merge(permissions)
            .merge(self.action_routes("scaffolder"));
        self.with_common("scaffolder", router, &[identity::http::JWKS_PATH])
    }

    /// Whoever connects says who they are inside of the request, so that the barrier is open.
    fn signals(&self) -> Plugin {
        let authenticator = self.identity.authenticator("signals");
        let router = notifications::signals_router(self.signals.clone(), authenticator);
        self.with_common("signals", router, &["/"])
    }

    fn action_routes(&self, plugin: &'static str) -> axum::Router {
        action_routes(plugin, &self.actions)
    }

    fn cookie_only(&self, id: &'static str) -> Plugin {
        self.with_common(id, axum::Router::new(), &[identity::http::JWKS_PATH])
    }

    /// A plugin with the routes that all of them have.
    fn with_common(
        &self,
        id: &'static str,
        router: axum::Router,
        open_paths: &'static [&'static str],
    ) -> Plugin {
        Plugin {
            id,
            router: router.merge(plugin_routes(&self.identity, id)),
            open_paths,
        }
    }
}

/// Plugins of which only the common routes exist: browsers fetch cookies for them.
const COOKIE_ONLY: &[&str] = &["app", "techdocs"];

/// Tells other tabs of a user what one of them has set. Reference 3 §7, `user-settings`.
fn change_of_settings(signals: &Signals) -> impl Fn(&str, Change<'_>) + Send + Sync + 'static {
    let signals = signals.clone();
    move |user_ref, change| {
        let (kind, key) = match change {
            Change::Set(key) => ("key-changed", key),
            Change::Removed(key) => ("key-deleted", key),
        };
        let message = serde_json::json!({ "type": kind, "key": key });
        signals.send(Recipients::User(user_ref), "user-settings", &message);
    }
}

/// How often each user and program may ask.
fn limiter(config: &PrincipalLimitConfig) -> Option<Arc<Limiter>> {
    let limit = Limit::new(config.requests?, config.window.get());
    Some(Arc::new(Limiter::new(limit)))
}
