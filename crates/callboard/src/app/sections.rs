//! What the application reads of the configuration.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use platform::config::{
    AppConfig, AuthConfig, BackendConfig, CallboardConfig, CatalogConfig, Config, DiscoveryConfig,
    IntegrationsConfig, PermissionConfig, ProxyConfig, ScaffolderConfig,
};
use url::Url;

/// The sections of the configuration that the application uses.
pub(crate) struct Sections {
    pub app: AppConfig,
    pub backend: BackendConfig,
    pub auth: AuthConfig,
    pub catalog: CatalogConfig,
    pub integrations: IntegrationsConfig,
    pub permission: PermissionConfig,
    pub discovery: DiscoveryConfig,
    pub proxy: ProxyConfig,
    pub scaffolder: ScaffolderConfig,
    /// Settings of the Argo CD plugins, of which some are used.
    pub argocd: serde_json::Value,
    pub callboard: CallboardConfig,
    /// Folders that relative paths of locations may mean.
    pub folders: Vec<PathBuf>,
}

impl Sections {
    /// Reads the sections; the error names file and line.
    pub(crate) fn read(config: &Config, working_dir: &Path) -> anyhow::Result<Self> {
        let mut folders = vec![working_dir.to_owned()];
        folders.extend(
            config
                .files()
                .iter()
                .filter_map(|file| Some(file.parent()?.to_owned())),
        );
        let backends: Vec<PathBuf> = folders
            .iter()
            .map(|folder| folder.join("packages/backend"))
            .collect();
        folders.extend(backends);
        Ok(Self {
            app: config.section("app")?,
            backend: config.section("backend")?,
            auth: config.section("auth")?,
            catalog: config.section("catalog")?,
            integrations: config.section("integrations")?,
            permission: config.section("permission")?,
            discovery: config.section("discovery")?,
            proxy: config.section("proxy")?,
            scaffolder: config.section("scaffolder")?,
            argocd: config.section("argocd")?,
            callboard: config.section("callboard")?,
            folders,
        })
    }

    /// `app.baseUrl`, or [`Sections::base_url`].
    pub(crate) fn app_url(&self) -> anyhow::Result<Url> {
        match &self.app.base_url {
            Some(text) => {
                Url::parse(text).with_context(|| format!("`app.baseUrl`: `{text}` is not a URL"))
            }
            None => self.base_url(),
        }
    }

    /// `backend.baseUrl`, or where the server listens.
    pub(crate) fn base_url(&self) -> anyhow::Result<Url> {
        let listen = &self.backend.listen;
        let local = || format!("http://localhost:{}", listen.port);
        let text = self.backend.base_url.clone().unwrap_or_else(local);
        Url::parse(&text).with_context(|| format!("`backend.baseUrl`: `{text}` is not a URL"))
    }
}
