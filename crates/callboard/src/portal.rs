//! What the web app is told of the configuration.

use identity::Identity;
use platform::config::{AuthConfig, Config, CspDirective};

use crate::app::Sections;

/// What the web app shows of the configuration.
pub(crate) struct Portal {
    pub title: String,
    pub organization: Option<String>,
    pub base_path: String,
    pub providers: Vec<web::Provider>,
    pub csp: Vec<(String, Option<Vec<String>>)>,
    /// The pages of another front end, when one is configured.
    pub front_end: Option<axum::Router>,
}

impl Portal {
    pub(crate) async fn read(
        config: &Config,
        sections: &Sections,
        identity: &Identity,
    ) -> anyhow::Result<Self> {
        let title = config.opt_string("app.title")?;
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
            providers: ways_to_sign_in(&sections.auth, identity).await,
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

/// Providers that sign people in, in the environment that is used; the guest comes last.
async fn ways_to_sign_in(auth: &AuthConfig, identity: &Identity) -> Vec<web::Provider> {
    let reports = identity.report_providers(false).await;
    let usable = reports.into_iter().filter(|report| {
        let environment = report.environment.as_deref();
        // Without resolvers a provider only gives access tokens.
        !report.resolvers.is_empty() && environment.is_none_or(|it| it == auth.environment)
    });
    let providers = usable.map(|report| web::Provider {
        id: report.provider,
        kind: match report.callback_url {
            Some(_) => web::ProviderKind::Pages,
            None => web::ProviderKind::Proxy,
        },
        environment: report.environment,
    });
    let guest = auth.providers.guest.as_ref().map(|_| web::Provider {
        id: "guest".to_owned(),
        kind: web::ProviderKind::Guest,
        environment: None,
    });
    providers.chain(guest).collect()
}
