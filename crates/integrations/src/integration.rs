//! One configured source control host: its kind, its addresses and its credentials.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use platform::config::Secret;
use url::Url;

use crate::settings::{
    AzureCredential, AzureSettings, BitbucketCloudSettings, BitbucketServerSettings, GiteaSettings,
    GithubAppSettings, GithubSettings, GitlabSettings,
};

/// The product that runs on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Azure DevOps, service and server.
    Azure,
    /// bitbucket.org.
    BitbucketCloud,
    /// Bitbucket Server and Data Center.
    BitbucketServer,
    /// GitHub, cloud and enterprise.
    Github,
    /// GitLab, cloud and self-managed.
    Gitlab,
    /// Gitea and Forgejo.
    Gitea,
}

impl Kind {
    /// The key below `integrations` in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::BitbucketCloud => "bitbucketCloud",
            Self::BitbucketServer => "bitbucketServer",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
        }
    }

    /// The product's name, for messages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Azure => "Azure",
            Self::BitbucketCloud => "Bitbucket Cloud",
            Self::BitbucketServer => "Bitbucket Server",
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Gitea => "Gitea",
        }
    }
}

/// The configuration of an integration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`integrations.{kind}`: {reason}", kind = kind.as_str())]
pub struct IntegrationError {
    kind: Kind,
    reason: String,
}

/// One configured source control host.
#[derive(Debug, Clone)]
pub struct Integration {
    pub(crate) kind: Kind,
    pub(crate) host: String,
    /// Web pages; its path is the relative path of self-hosted servers.
    pub(crate) base: Url,
    pub(crate) api: Url,
    pub(crate) raw: Option<Url>,
    pub(crate) credentials: Credentials,
}

/// How requests to a host are authorized.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    /// Nobody signs in.
    Anonymous,
    /// A fixed `Authorization` header.
    Header(Secret),
    /// GitHub Apps, then the header if there is one.
    GithubApps(Vec<GithubAppSettings>, Option<Secret>),
    /// An OAuth consumer with the client credentials grant.
    BitbucketOauth {
        /// Consumer key.
        client_id: String,
        /// Consumer secret.
        client_secret: Secret,
        /// Token endpoint.
        token_url: Url,
    },
    /// Chosen by organization.
    Azure(Vec<AzureCredential>),
}

impl Integration {
    /// The product that runs on the host.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Host, with port if any, of the web pages.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Base of the web pages.
    pub fn base_url(&self) -> &Url {
        &self.base
    }

    /// Base of the REST API.
    pub fn api_url(&self) -> &Url {
        &self.api
    }

    /// Whether requests carry credentials.
    pub fn is_authenticated(&self) -> bool {
        !matches!(self.credentials, Credentials::Anonymous)
    }

    /// Whether this integration serves the URL.
    pub fn serves(&self, url: &Url) -> bool {
        authority(url).is_some_and(|authority| authority.eq_ignore_ascii_case(&self.host))
    }

    /// All places requests of this integration may go to.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Url> {
        [&self.base, &self.api].into_iter().chain(&self.raw)
    }

    pub(crate) fn github(settings: &GithubSettings) -> Result<Self, IntegrationError> {
        let build = Builder::new(Kind::Github, &settings.host, "github.com")?;
        let public = build.host == "github.com";
        let api = if public {
            "https://api.github.com".to_owned()
        } else {
            build.at("/api/v3")
        };
        let raw = match &settings.raw_base_url {
            None if public => Some("https://raw.githubusercontent.com".to_owned()),
            other => other.clone(),
        };
        let token = settings.token.as_ref().map(bearer);
        let credentials = match (settings.apps.is_empty(), token) {
            (true, None) => Credentials::Anonymous,
            (true, Some(token)) => Credentials::Header(token),
            (false, token) => Credentials::GithubApps(settings.apps.clone(), token),
        };
        let api = build.url(
            "apiBaseUrl",
            settings.api_base_url.as_deref().unwrap_or(&api),
        )?;
        let raw = raw.map(|raw| build.url("rawBaseUrl", &raw)).transpose()?;
        let base = build.url("host", &build.at(""))?;
        Ok(build.finish(base, api, raw, credentials))
    }

    pub(crate) fn gitlab(settings: &GitlabSettings) -> Result<Self, IntegrationError> {
        let build = Builder::new(Kind::Gitlab, &settings.host, "gitlab.com")?;
        let base = settings.base_url.clone().unwrap_or_else(|| build.at(""));
        let base = base.trim_end_matches('/');
        let api = format!("{base}/api/v4");
        let api = build.url(
            "apiBaseUrl",
            settings.api_base_url.as_deref().unwrap_or(&api),
        )?;
        let base = build.url("baseUrl", base)?;
        let credentials = header(settings.token.as_ref().map(bearer));
        Ok(build.finish(base, api, None, credentials))
    }

    pub(crate) fn gitea(settings: &GiteaSettings) -> Result<Self, IntegrationError> {
        let build = Builder::new(Kind::Gitea, &settings.host, "")?;
        let base = settings.base_url.clone().unwrap_or_else(|| build.at(""));
        let base = base.trim_end_matches('/');
        let api = build.url("baseUrl", &format!("{base}/api/v1"))?;
        let base = build.url("baseUrl", base)?;
        let credentials = match (&settings.username, &settings.password) {
            (Some(user), Some(password)) => Some(basic(user, password)),
            (None, Some(token)) => Some(Secret::new(format!("token {}", token.expose()))),
            (_, None) => None,
        };
        Ok(build.finish(base, api, None, header(credentials)))
    }

    pub(crate) fn bitbucket_cloud(
        settings: &BitbucketCloudSettings,
    ) -> Result<Self, IntegrationError> {
        let mut build = Builder::new(Kind::BitbucketCloud, "", "bitbucket.org")?;
        let api = settings.api_base_url.as_deref();
        let api = build.url("apiBaseUrl", api.unwrap_or("https://api.bitbucket.org/2.0"))?;
        let base = settings.base_url.clone().unwrap_or_else(|| build.at(""));
        let base = build.url("host", &base)?;
        build.host = authority(&base).unwrap_or(build.host);
        let password = settings.token.as_ref().or(settings.app_password.as_ref());
        let credentials = match (&settings.client_id, &settings.client_secret) {
            (Some(client_id), Some(client_secret)) => {
                let token_url = settings.token_url.as_deref();
                let token_url =
                    token_url.unwrap_or("https://bitbucket.org/site/oauth2/access_token");
                Credentials::BitbucketOauth {
                    client_id: client_id.clone(),
                    client_secret: client_secret.clone(),
                    token_url: build.url("tokenUrl", token_url)?,
                }
            }
            _ => header(match (&settings.username, password) {
                (Some(user), Some(password)) => Some(basic(user, password)),
                _ => settings.token.as_ref().map(bearer),
            }),
        };
        Ok(build.finish(base, api, None, credentials))
    }

    pub(crate) fn bitbucket_server(
        settings: &BitbucketServerSettings,
    ) -> Result<Self, IntegrationError> {
        let build = Builder::new(Kind::BitbucketServer, &settings.host, "")?;
        let api = settings
            .api_base_url
            .clone()
            .unwrap_or_else(|| build.at("/rest/api/1.0"));
        let base = match api.find("/rest/api/") {
            Some(end) => api[..end].to_owned(),
            None => build.at(""),
        };
        let credentials = match (&settings.username, &settings.password) {
            (Some(user), Some(password)) => Some(basic(user, password)),
            _ => settings.token.as_ref().map(bearer),
        };
        let api = build.url("apiBaseUrl", &api)?;
        let base = build.url("apiBaseUrl", &base)?;
        Ok(build.finish(base, api, None, header(credentials)))
    }

    pub(crate) fn azure(settings: &AzureSettings) -> Result<Self, IntegrationError> {
        let build = Builder::new(Kind::Azure, &settings.host, "dev.azure.com")?;
        let base = settings.base_url.clone().unwrap_or_else(|| build.at(""));
        let base = build.url("baseUrl", &base)?;
        let credentials = if settings.credentials.is_empty() {
            Credentials::Anonymous
        } else {
            Credentials::Azure(settings.credentials.clone())
        };
        Ok(build.finish(base.clone(), base, None, credentials))
    }
}

/// Host and, when it is not the usual one of the scheme, port.
pub(crate) fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn header(value: Option<Secret>) -> Credentials {
    value.map_or(Credentials::Anonymous, Credentials::Header)
}

pub(crate) fn bearer(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.expose()))
}

pub(crate) fn basic(user: &str, password: &Secret) -> Secret {
    let pair = format!("{user}:{}", password.expose());
    Secret::new(format!("Basic {}", STANDARD.encode(pair)))
}

struct Builder {
    kind: Kind,
    host: String,
}

impl Builder {
    fn new(kind: Kind, host: &str, default: &str) -> Result<Self, IntegrationError> {
        let host = if host.is_empty() { default } else { host }.to_ascii_lowercase();
        let build = Self { kind, host };
        let url = build.url("host", &build.at(""))?;
        if build.host.is_empty() || authority(&url).as_deref() != Some(&*build.host) {
            return Err(build.error(format!("`{}` is not a valid host", build.host)));
        }
        Ok(build)
    }

    fn at(&self, path: &str) -> String {
        format!("https://{}{path}", self.host)
    }

    fn url(&self, key: &str, text: &str) -> Result<Url, IntegrationError> {
        let url = Url::parse(text.trim_end_matches('/'))
            .map_err(|error| self.error(format!("`{key}` is not a URL: {error}")))?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none();
        if plain {
            Ok(url)
        } else {
            Err(self.error(format!("`{key}` must be a plain http(s) URL")))
        }
    }

    fn error(&self, reason: String) -> IntegrationError {
        IntegrationError {
            kind: self.kind,
            reason,
        }
    }

    fn finish(
        self,
        base: Url,
        api: Url,
        raw: Option<Url>,
        credentials: Credentials,
    ) -> Integration {
        Integration {
            kind: self.kind,
            host: self.host,
            base,
            api,
            raw,
            credentials,
        }
    }
}
