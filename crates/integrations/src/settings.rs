//! What an operator configures: source control hosts, other readable hosts, and bounds.
//!
//! These are plain inputs; defaults of public hosts are added by [`crate::ScmIntegrations`].

use std::time::Duration;

use platform::config::Secret;

/// Everything this crate is configured with.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `integrations.github`
    pub github: Vec<GithubSettings>,
    /// `integrations.gitlab`
    pub gitlab: Vec<GitlabSettings>,
    /// `integrations.gitea`
    pub gitea: Vec<GiteaSettings>,
    /// `integrations.bitbucketCloud`
    pub bitbucket_cloud: Vec<BitbucketCloudSettings>,
    /// `integrations.bitbucketServer`
    pub bitbucket_server: Vec<BitbucketServerSettings>,
    /// `integrations.azure`
    pub azure: Vec<AzureSettings>,
    /// `backend.reading.allow`
    pub reading: Vec<ReadingSettings>,
    /// Bounds of every read.
    pub limits: Limits,
}

/// One entry of `integrations.github`.
#[derive(Debug, Clone, Default)]
pub struct GithubSettings {
    /// Host of the web pages, `github.com` when empty.
    pub host: String,
    /// Base of the REST API.
    pub api_base_url: Option<String>,
    /// Base of raw downloads, used when nobody signs in.
    pub raw_base_url: Option<String>,
    /// Personal or machine token.
    pub token: Option<Secret>,
    /// GitHub Apps, preferred over the token where they are installed.
    pub apps: Vec<GithubAppSettings>,
}

/// One entry of `integrations.github[].apps`.
#[derive(Debug, Clone)]
pub struct GithubAppSettings {
    /// Numeric id of the app.
    pub app_id: String,
    /// PEM of its RSA key.
    pub private_key: Secret,
    /// Owners the app may act for; empty means all that installed it.
    pub allowed_installation_owners: Vec<String>,
}

/// One entry of `integrations.gitlab`.
#[derive(Debug, Clone, Default)]
pub struct GitlabSettings {
    /// Host of the web pages, `gitlab.com` when empty.
    pub host: String,
    /// Base of the web pages, with the relative path of self-hosted servers.
    pub base_url: Option<String>,
    /// Base of the REST API.
    pub api_base_url: Option<String>,
    /// Personal, project or group token.
    pub token: Option<Secret>,
}

/// One entry of `integrations.gitea`.
#[derive(Debug, Clone, Default)]
pub struct GiteaSettings {
    /// Host of the web pages.
    pub host: String,
    /// Base of the web pages.
    pub base_url: Option<String>,
    /// User name for basic authentication.
    pub username: Option<String>,
    /// Password, or a token when there is no user name.
    pub password: Option<Secret>,
}

/// One entry of `integrations.bitbucketCloud`.
#[derive(Debug, Clone, Default)]
pub struct BitbucketCloudSettings {
    /// User name or e-mail address for basic authentication.
    pub username: Option<String>,
    /// API or access token; alone it is sent as a bearer token.
    pub token: Option<Secret>,
    /// App password of `username`.
    pub app_password: Option<Secret>,
    /// OAuth consumer key.
    pub client_id: Option<String>,
    /// OAuth consumer secret.
    pub client_secret: Option<Secret>,
    /// Base of the REST API, when it is not the public one.
    pub api_base_url: Option<String>,
    /// Where the OAuth consumer fetches tokens, when it is not the public place.
    pub token_url: Option<String>,
    /// Where the web pages and repositories are, when it is not the public place.
    pub base_url: Option<String>,
}

/// One entry of `integrations.bitbucketServer`.
#[derive(Debug, Clone, Default)]
pub struct BitbucketServerSettings {
    /// Host of the web pages.
    pub host: String,
    /// Base of the REST API.
    pub api_base_url: Option<String>,
    /// HTTP access token.
    pub token: Option<Secret>,
    /// User name for basic authentication, preferred over the token.
    pub username: Option<String>,
    /// Password of `username`.
    pub password: Option<Secret>,
}

/// One entry of `integrations.azure`.
#[derive(Debug, Clone, Default)]
pub struct AzureSettings {
    /// Host of the web pages, `dev.azure.com` when empty.
    pub host: String,
    /// Scheme and host of the server when it is not `https://<host>`.
    pub base_url: Option<String>,
    /// Credentials, chosen by organization.
    pub credentials: Vec<AzureCredential>,
}

/// One entry of `integrations.azure[].credentials`.
#[derive(Debug, Clone, Default)]
pub struct AzureCredential {
    /// Organizations this is for; empty means all others.
    pub organizations: Vec<String>,
    /// Personal access token.
    pub personal_access_token: Option<Secret>,
    /// Client id of a service principal.
    pub client_id: Option<String>,
    /// Client secret of a service principal.
    pub client_secret: Option<Secret>,
    /// Tenant of a service principal.
    pub tenant_id: Option<String>,
    /// Base of the sign-in service, when it is not the public one.
    pub login_base_url: Option<String>,
}

/// One entry of `backend.reading.allow`.
#[derive(Debug, Clone, Default)]
pub struct ReadingSettings {
    /// `host`, `host:port`, `host:from-to`, or the same with `*.` in front.
    pub host: String,
    /// Path prefixes; `None` allows all.
    pub paths: Option<Vec<String>>,
}

/// Bounds of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest decoded body of one file.
    pub file_bytes: usize,
    /// Largest decoded body of one listing.
    pub listing_bytes: usize,
    /// Most files one glob may match.
    pub files: usize,
    /// Most bytes all files of one glob may have together.
    pub total_bytes: usize,
    /// Memory for unchanged bodies.
    pub cache_bytes: u64,
    /// Requests in flight altogether.
    pub requests: usize,
    /// Requests in flight to one host.
    pub requests_per_host: usize,
    /// Attempts after the first one.
    pub retries: u32,
    /// First pause between attempts; doubles each time, with jitter.
    pub retry_pause: Duration,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time without a byte arriving.
    pub idle_timeout: Duration,
    /// Time until a request may run.
    pub queue_timeout: Duration,
    /// Time of one request with its redirects and retries.
    pub total_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 10 << 20,
            listing_bytes: 32 << 20,
            files: 1_000,
            total_bytes: 128 << 20,
            cache_bytes: 32 << 20,
            requests: 32,
            requests_per_host: 8,
            retries: 2,
            retry_pause: Duration::from_millis(200),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(10),
            queue_timeout: Duration::from_mins(1),
            total_timeout: Duration::from_secs(30),
        }
    }
}
