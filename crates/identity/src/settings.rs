//! What an operator configures: sign-in, token lifetimes and the programs that may call.

mod config;

use std::sync::Arc;
use std::time::Duration;

use platform::config::{ProvidersConfig, Secret};
use platform::ctx::AccessRestriction;
use url::{Host, Url};

use crate::server::ServerSettings;

/// Everything this crate is configured with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `backend.baseUrl`: where browsers and other programs reach us.
    pub base_url: Url,
    /// How this installation is used; see [`Stage`].
    pub stage: Stage,
    /// `auth.backstageTokenExpiration`; taken within 10 minutes and 24 hours.
    pub token_lifetime: Duration,
    /// `auth.omitIdentityTokenOwnershipClaim`: keep `ent` out of user tokens.
    pub omit_ownership_claim: bool,
    /// `app.baseUrl`: where browsers see the portal.
    pub app_url: Url,
    /// `auth.experimentalExtraAllowedOrigins`.
    pub extra_origins: Vec<String>,
    /// `auth.providers`.
    pub providers: ProvidersConfig,
    /// The authorization server.
    pub(crate) server: ServerSettings,
    /// `backend.auth.externalAccess`, in order.
    pub external_access: Vec<ExternalAccess>,
    /// Secrets of the older `backend.auth.keys`, in order.
    pub legacy_keys: Vec<Secret>,
    /// `discovery.endpoints`: plugins that other backends run, and where each publishes the keys of
    /// its tokens.
    pub peers: Vec<(String, Url)>,
}

impl Settings {
    /// The defaults of an installation at `base_url`: nobody may sign in, no program may call.
    pub fn new(base_url: Url) -> Self {
        Self {
            app_url: base_url.clone(),
            base_url,
            extra_origins: Vec::new(),
            providers: ProvidersConfig::default(),
            server: ServerSettings::default(),
            stage: Stage::default(),
            token_lifetime: Duration::from_hours(1),
            omit_ownership_claim: true,
            external_access: Vec::new(),
            legacy_keys: Vec::new(),
            peers: Vec::new(),
        }
    }

    /// `iss` of user tokens: the public address of the auth plugin.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/api/auth", self.base_url.as_str().trim_end_matches('/'))
    }

    /// The token lifetime within its bounds.
    pub(crate) fn bounded_token_lifetime(&self) -> Duration {
        self.token_lifetime
            .clamp(Duration::from_mins(10), Duration::from_hours(24))
    }

    /// Whether conveniences that are unsafe in public, like the guest, are on.
    pub(crate) fn is_development(&self) -> bool {
        match self.stage {
            Stage::Development => true,
            Stage::Production => false,
            Stage::Unstated => is_loopback(&self.base_url),
        }
    }
}

/// How an installation is used.
///
/// Backstage asks `NODE_ENV`. `auth.environment` says nothing about it: the config of every new
/// Backstage app sets that to `development`, also where it is deployed. So: `--dev` or
/// `NODE_ENV=development` is development, any other `NODE_ENV` is production, and without either the
/// base URL decides: one that only this machine can reach is somebody trying us out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stage {
    /// Stated to be development.
    Development,
    /// Stated to be production.
    Production,
    /// Not stated; development exactly when the base URL is a loopback address.
    #[default]
    Unstated,
}

impl Stage {
    /// The stage that `--dev` and `NODE_ENV` state.
    pub fn from_flags(dev: bool, node_env: Option<&str>) -> Self {
        match node_env {
            _ if dev => Self::Development,
            Some("development") => Self::Development,
            Some("") | None => Self::Unstated,
            Some(_) => Self::Production,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// One entry of `backend.auth.externalAccess`.
#[derive(Debug, Clone)]
pub struct ExternalAccess {
    /// How the program proves itself.
    pub method: ExternalMethod,
    /// `accessRestrictions`; `None` when there are none.
    pub restrictions: Option<Arc<[AccessRestriction]>>,
}

/// `type` and `options` of an entry of `backend.auth.externalAccess`.
#[derive(Debug, Clone)]
pub enum ExternalMethod {
    /// `static`: an opaque token.
    Static {
        /// The token, at least 8 characters without spaces.
        token: Secret,
        /// Who shows it.
        subject: String,
    },
    /// `legacy`: a token of Backstage's old backend system, signed with a shared secret.
    Legacy {
        /// Base64 of the shared secret.
        secret: Secret,
        /// Who shows it.
        subject: String,
    },
    /// `jwks`: a token of another issuer whose keys are published.
    Jwks(JwksAccess),
}

/// `options` of an entry of type `jwks`.
#[derive(Debug, Clone)]
pub struct JwksAccess {
    /// Where the keys are published.
    pub url: Url,
    /// Accepted `iss`; any when empty.
    pub issuers: Vec<String>,
    /// Accepted `aud`; any when empty.
    pub audiences: Vec<String>,
    /// Accepted `alg`; any asymmetric one when empty.
    pub algorithms: Vec<String>,
    /// Put before `sub`: `external:<prefix>:<sub>`.
    pub subject_prefix: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_follows_flags_then_the_base_url() {
        let cases = [
            (true, Some("production"), "https://portal.acme.org", true),
            (false, Some("development"), "https://portal.acme.org", true),
            (false, Some("production"), "http://localhost:7007", false),
            (false, Some("test"), "http://localhost:7007", false),
            (false, Some(""), "http://localhost:7007", true),
            (false, None, "http://localhost:7007", true),
            (false, None, "http://portal.localhost", true),
            (false, None, "http://127.0.0.1:7007", true),
            (false, None, "http://[::1]:7007", true),
            (false, None, "http://10.0.0.1:7007", false),
            (false, None, "https://localhost.acme.org", false),
            (false, None, "https://portal.acme.org", false),
        ];
        for (dev, node_env, base_url, development) in cases {
            let mut settings = Settings::new(base_url.parse().unwrap());
            settings.stage = Stage::from_flags(dev, node_env);
            assert_eq!(
                settings.is_development(),
                development,
                "dev={dev} NODE_ENV={node_env:?} {base_url}"
            );
        }
    }

    #[test]
    fn the_issuer_follows_the_base_url_and_its_path() {
        for (base_url, issuer) in [
            ("http://localhost:7007", "http://localhost:7007/api/auth"),
            (
                "https://acme.org/portal/",
                "https://acme.org/portal/api/auth",
            ),
        ] {
            assert_eq!(Settings::new(base_url.parse().unwrap()).issuer(), issuer);
        }
    }

    #[test]
    fn token_lifetimes_stay_within_bounds() {
        let mut settings = Settings::new("http://localhost".parse().unwrap());
        for (asked, taken) in [(0, 600), (599, 600), (7200, 7200), (1_000_000, 86_400)] {
            settings.token_lifetime = Duration::from_secs(asked);
            assert_eq!(settings.bounded_token_lifetime().as_secs(), taken);
        }
    }
}
