//! What the web app is told of the configuration.

use identity::{Identity, ProviderReport};
use integrations::ScmIntegrations;
use platform::config::{AuthConfig, Config, CspDirective};

use crate::app::Sections;

/// What the web app shows of the configuration.
pub(crate) struct Portal {
    pub title: String,
    pub organization: Option<String>,
    pub base_path: String,
    pub providers: Vec<web::Provider>,
    pub hosts: Vec<web::CodeHost>,
    pub csp: Vec<(String, Option<Vec<String>>)>,
    /// The pages of another front end, when one is configured.
    pub front_end: Option<axum::Router>,
}

impl Portal {
    pub(crate) async fn read(
        config: &Config,
        sections: &Sections,
        identity: &Identity,
        integrations: &ScmIntegrations,
    ) -> anyhow::Result<Self> {
        let title = config.opt_string("app.title")?;
        let mut reports = identity.report_providers(false).await;
        // Those of other environments are not used.
        reports.retain(|report| {
            let environment = report.environment.as_deref();
            environment.is_none_or(|it| it == sections.auth.environment)
        });
        let csp = sections.backend.csp.iter().map(|(name, directive)| {
            let sources = match directive {
                CspDirective::Removed => None,
                CspDirective::Sources(sources) => Some(sources.clone()),
            };
            (name.clone(), sources)
        });
        Ok(Self {
            title: title.unwrap_or_else(|| "Callboard".to_owned()),
            organization: config.opt_string("organization.name")?,
            base_path: sections.base_url()?.path().to_owned(),
            providers: ways_to_sign_in(&sections.auth, &reports),
            hosts: code_hosts(integrations, &reports),
            csp: csp.collect(),
            front_end: front_end(config, sections)?,
        })
    }
}

/// The pages of `callboard.app.dist`.
fn front_end(config: &Config, sections: &Sections) -> anyhow::Result<Option<axum::Router>> {
    let Some(path) = &sections.callboard.app.dist else {
        return Ok(None);
    };
    let places = sections.folders.iter().map(|folder| folder.join(path));
    let found = places.into_iter().find(|place| place.is_dir());
    let built = web::FrontEnd {
        folder: found.unwrap_or_else(|| path.clone()),
        base_path: sections.app_url()?.path().trim_end_matches('/').to_owned(),
        is_configured: sections.app.disable_config_injection,
    };
    Ok(Some(web::front_end_router(&built, config)?))
}

/// Providers that sign people in; the guest comes last.
fn ways_to_sign_in(auth: &AuthConfig, reports: &[ProviderReport]) -> Vec<web::Provider> {
    // Without resolvers a provider only gives access tokens.
    let usable = reports.iter().filter(|it| !it.resolvers.is_empty());
    let guest = auth.providers.guest.as_ref().map(|_| web::Provider {
        id: "guest".to_owned(),
        kind: web::ProviderKind::Guest,
        environment: None,
    });
    usable.map(provider_of).chain(guest).collect()
}

/// Source control hosts, each with the provider that gives people tokens of their own for it.
fn code_hosts(integrations: &ScmIntegrations, reports: &[ProviderReport]) -> Vec<web::CodeHost> {
    let hosts = integrations.list().iter().map(|integration| {
        let host = integration.host();
        let report = reports
            .iter()
            .find(|it| it.code_host.as_deref() == Some(host));
        web::CodeHost {
            host: host.to_owned(),
            kind: integration.kind().as_str(),
            provider: report.map(provider_of),
        }
    });
    hosts.collect()
}

fn provider_of(report: &ProviderReport) -> web::Provider {
    web::Provider {
        id: report.provider.clone(),
        kind: match report.callback_url {
            Some(_) => web::ProviderKind::Pages,
            None => web::ProviderKind::Proxy,
        },
        environment: report.environment.clone(),
    }
}
