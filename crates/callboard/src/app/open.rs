//! Features as the configuration wants them, for the server and for commands that need one of them.

use std::path::Path;
use std::sync::Arc;

use ::catalog::{Catalog, ConfigLocations, SharedProvider, SnapshotFile};
use ::permission::{Groups, Permissions};
use audit::Audit;
use identity::{DbStore, HttpFetch, Identity, Stage, Surroundings};
use integrations::{ScmIntegrations, UrlReaders};
use org::ScimProvider;
use platform::Clock;
use platform::actions::Actions;
use platform::db::Db;
use platform::permission::Permissioned;
use platform::seal::Keyring;
use platform::telemetry::Metrics;
use scaffolder::TemplateProcessor;

use super::Sections;
use crate::admin;
use crate::cli::version;
use crate::who_am_i::who_am_i;

/// Sign-in over a catalog.
pub(crate) fn open_identity(
    sections: &Sections,
    stage: Stage,
    db: Db,
    catalog: Catalog,
    clock: Clock,
) -> anyhow::Result<Arc<Identity>> {
    let settings = identity::Settings::from_config(
        sections.base_url()?,
        sections.app_url()?,
        stage,
        &sections.auth,
        &sections.backend.auth,
        &sections.discovery,
    )?;
    let keyring = Keyring::from_config(&sections.callboard.encryption)?;
    let surroundings = Surroundings {
        store: Arc::new(DbStore::new(db).with_keyring(keyring)),
        fetch: Arc::new(HttpFetch::new()?),
        directory: Some(Arc::new(catalog)),
        clock,
    };
    Ok(Identity::new(settings, surroundings)?)
}

/// All actions but those of the scaffolder, which adds its own.
pub(crate) fn open_actions(
    sections: &Sections,
    catalog: &Catalog,
    audit: &Audit,
) -> anyhow::Result<Actions> {
    let actions = Actions::new(&sections.backend.actions, Some(audit.witness()))?;
    actions.register_all(::catalog::actions(catalog)?)?;
    actions.register(who_am_i(catalog)?)?;
    Ok(actions)
}

/// Groups of users as the catalog knows them.
pub(crate) struct CatalogGroups(pub(crate) Catalog);

impl Groups for CatalogGroups {
    fn revision(&self) -> u64 {
        self.0.revision()
    }

    fn of_user(&self, user_ref: &str) -> Vec<String> {
        self.0.groups_of_user(user_ref)
    }

    fn parents(&self, group_ref: &str) -> Vec<String> {
        self.0.groups_above(group_ref)
    }
}

/// Permissions by the policy of the configuration, the files and the database.
pub(crate) async fn open_permissions(
    sections: &Sections,
    db: Db,
    catalog: &Catalog,
    audit: &Audit,
    clock: Clock,
) -> anyhow::Result<Permissions> {
    let settings = ::permission::Settings::from_config(
        &sections.permission,
        sections.callboard.permission.record_decisions,
        &sections.folders,
    )?;
    let plugins: Vec<Arc<dyn Permissioned>> = vec![
        Arc::new(catalog.clone()),
        Arc::new(audit.clone()),
        Arc::new(admin::Own),
        scaffolder::permission::permissioned(db.clone()),
    ];
    let parts = ::permission::Parts {
        db,
        settings,
        groups: Arc::new(CatalogGroups(catalog.clone())),
        plugins,
        clock,
    };
    Ok(Permissions::open(parts).await?)
}

/// The catalog, with its index complete.
pub(crate) async fn open_catalog(
    sections: &Sections,
    db: Db,
    data_dir: &Path,
    metrics: Metrics,
    clock: Clock,
) -> anyhow::Result<Catalog> {
    let reading = integrations::Settings::from_config(
        &sections.integrations,
        &sections.backend.reading,
        &sections.callboard.reading,
    );
    let integrations = ScmIntegrations::new(&reading)?;
    let readers = UrlReaders::new(&reading, integrations.clone(), clock.clone())?;
    let settings = ::catalog::Settings::new(&sections.catalog, &sections.folders);
    let surroundings = org::Surroundings {
        readers: readers.clone(),
        clock: clock.clone(),
    };
    let mut providers = org::providers(&sections.catalog.providers, &surroundings)?;
    if sections.callboard.scim.enabled {
        providers.push(Arc::new(ScimProvider::new(
            db.clone(),
            &sections.base_url()?,
        )));
    }
    let locations: SharedProvider = Arc::new(ConfigLocations(settings.locations.clone()));
    providers.push(locations);
    let parts = ::catalog::Parts {
        db,
        settings,
        integrations: Arc::new(integrations),
        reader: Arc::new(readers),
        processors: vec![Arc::new(TemplateProcessor)],
        providers,
        metrics,
        clock,
        snapshot: Some(SnapshotFile {
            path: data_dir.join("index.snapshot"),
            build: version::build(),
        }),
    };
    Ok(Catalog::open(parts).await?)
}
