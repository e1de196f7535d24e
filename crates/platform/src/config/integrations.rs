//! `integrations`: source control hosts and how to get at them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// Source control hosts by type; the public hosts exist without an entry, then without credentials.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct IntegrationsConfig {
    /// GitHub, github.com and Enterprise.
    pub github: Vec<GithubConfig>,
    /// GitLab, gitlab.com and self-managed.
    pub gitlab: Vec<GitlabConfig>,
    /// Azure DevOps.
    pub azure: Vec<AzureConfig>,
    /// Bitbucket Cloud.
    pub bitbucket_cloud: Vec<BitbucketCloudConfig>,
    /// Bitbucket Server and Data Center.
    pub bitbucket_server: Vec<BitbucketServerConfig>,
    /// Bitbucket of either kind; use `bitbucketCloud` or `bitbucketServer` instead.
    #[schemars(extend("deprecated" = true))]
    pub bitbucket: Vec<BitbucketConfig>,
    /// Gerrit.
    pub gerrit: Vec<GerritConfig>,
    /// Gitea and Forgejo.
    pub gitea: Vec<GiteaConfig>,
    /// Harness Code.
    pub harness: Vec<HarnessConfig>,
    /// Amazon S3 and compatible stores.
    pub aws_s3: Vec<AwsS3Config>,
    /// AWS `CodeCommit`.
    pub aws_code_commit: Vec<AwsCodeCommitConfig>,
    /// Google Cloud Storage.
    pub google_gcs: Option<GoogleGcsConfig>,
    /// Azure Blob Storage.
    pub azure_blob_storage: Vec<AzureBlobStorageConfig>,
}

/// A GitHub host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GithubConfig {
    /// Host name, with a port where needed.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: String,
    /// URL of the REST API; derived for github.com.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub api_base_url: Option<String>,
    /// URL of raw files; derived for github.com.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub raw_base_url: Option<String>,
    /// Personal access token.
    #[serde(default)]
    pub token: Option<Secret>,
    /// GitHub Apps, used where they are installed.
    #[serde(default)]
    pub apps: Vec<GithubAppConfig>,
    /// Private PGP key that signs commits.
    #[serde(default)]
    pub commit_signing_key: Option<Secret>,
}

/// A GitHub App.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GithubAppConfig {
    /// Number of the app.
    pub app_id: u64,
    /// Private key of the app (PEM).
    pub private_key: Secret,
    /// Secret that signs its webhooks.
    #[serde(default)]
    pub webhook_secret: Option<Secret>,
    /// Client id of the app.
    #[serde(default)]
    pub client_id: Option<String>,
    /// Client secret of the app.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// Owners whose installations are used; all when absent.
    #[serde(default)]
    pub allowed_installation_owners: Option<Vec<String>>,
    /// Also reads public repositories outside the installations.
    #[serde(default)]
    pub public_access: bool,
}

/// A GitLab host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitlabConfig {
    /// Host name, with a port where needed.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: String,
    /// URL of the REST API; `https://<host>/api/v4` when absent.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub api_base_url: Option<String>,
    /// URL of the host, with its path where it has one.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub base_url: Option<String>,
    /// Access token.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Private PGP key that signs commits.
    #[serde(default)]
    pub commit_signing_key: Option<Secret>,
    /// What to do when the API refuses or fails.
    #[serde(default)]
    pub retry: Option<GitlabRetryConfig>,
}

/// Repetition of requests to GitLab.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GitlabRetryConfig {
    /// Most repetitions of one request.
    pub max_retries: u32,
    /// Status codes after which a request is repeated.
    pub retry_status_codes: Vec<u16>,
    /// Most requests in a minute; no limit when absent.
    pub max_api_requests_per_minute: Option<u32>,
}

/// An Azure DevOps host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureConfig {
    /// Host name; `dev.azure.com` when absent.
    #[serde(default = "azure_host")]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: String,
    /// Credentials; the first whose organizations match is used.
    #[serde(default)]
    pub credentials: Vec<AzureCredential>,
    /// Personal access token; use `credentials` instead.
    #[serde(default)]
    #[schemars(extend("deprecated" = true))]
    pub token: Option<Secret>,
    /// Private PGP key that signs commits.
    #[serde(default)]
    pub commit_signing_key: Option<Secret>,
}

fn azure_host() -> String {
    "dev.azure.com".to_owned()
}

/// A credential for Azure DevOps: a token, a service principal or a managed identity.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AzureCredential {
    /// Organizations it is for; every other one when absent.
    pub organizations: Option<Vec<String>>,
    /// Personal access token.
    pub personal_access_token: Option<Secret>,
    /// Id of the service principal.
    pub client_id: Option<String>,
    /// Secret of the service principal.
    pub client_secret: Option<Secret>,
    /// Tenant of the service principal.
    pub tenant_id: Option<String>,
    /// Id of the managed identity that vouches for the service principal.
    pub managed_identity_client_id: Option<String>,
}

/// Bitbucket Cloud.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct BitbucketCloudConfig {
    /// User of the token or app password.
    pub username: Option<Secret>,
    /// API token.
    pub token: Option<Secret>,
    /// App password.
    pub app_password: Option<Secret>,
    /// OAuth client id.
    pub client_id: Option<String>,
    /// OAuth client secret.
    pub client_secret: Option<Secret>,
    /// Private PGP key that signs commits.
    pub commit_signing_key: Option<Secret>,
}

/// A Bitbucket Server host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BitbucketServerConfig {
    /// Host name, with a port where needed.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: String,
    /// URL of the REST API; `https://<host>/rest/api/1.0` when absent.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub api_base_url: Option<String>,
    /// Access token.
    #[serde(default)]
    pub token: Option<Secret>,
    /// User of the password.
    #[serde(default)]
    pub username: Option<Secret>,
    /// Password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Private PGP key that signs commits.
    #[serde(default)]
    pub commit_signing_key: Option<Secret>,
}

/// A Bitbucket host of either kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BitbucketConfig {
    /// Host name; `bitbucket.org` for Bitbucket Cloud.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: String,
    /// URL of the REST API.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub api_base_url: Option<String>,
    /// Access token.
    #[serde(default)]
    pub token: Option<Secret>,
    /// User of the app password.
    #[serde(default)]
    pub username: Option<Secret>,
    /// App password.
    #[serde(default)]
    pub app_password: Option<Secret>,
}

/// A Gerrit host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GerritConfig {
    /// Host name, with a port where needed.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: String,
    /// URL of the host, with its path where it has one.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub base_url: Option<String>,
    /// URL of Gitiles.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub gitiles_base_url: Option<String>,
    /// URL repositories are cloned from.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub clone_url: Option<String>,
    /// User of the password.
    #[serde(default)]
    pub username: Option<Secret>,
    /// Password or access token.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Shows no edit links.
    #[serde(default)]
    pub disable_edit_url: bool,
    /// Private PGP key that signs commits.
    #[serde(default)]
    pub commit_signing_key: Option<Secret>,
}

/// A Gitea or Forgejo host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GiteaConfig {
    /// Host name, with a port where needed.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: String,
    /// URL of the host, with its path where it has one.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub base_url: Option<String>,
    /// User of the password.
    #[serde(default)]
    pub username: Option<Secret>,
    /// Password, or an access token.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Private PGP key that signs commits.
    #[serde(default)]
    pub commit_signing_key: Option<Secret>,
}

/// A Harness Code host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HarnessConfig {
    /// Host name, with a port where needed.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: String,
    /// API key.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// Access token.
    #[serde(default)]
    pub token: Option<Secret>,
}

/// Amazon S3 or a compatible store.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AwsS3Config {
    /// Host name; derived from the endpoint when absent.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: Option<String>,
    /// URL of the store; Amazon's when absent.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub endpoint: Option<String>,
    /// Puts the bucket into the path instead of the host name.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub s3_force_path_style: bool,
    /// Id of the access key.
    pub access_key_id: Option<String>,
    /// The access key.
    pub secret_access_key: Option<Secret>,
    /// Role to assume.
    pub role_arn: Option<String>,
    /// Id given when assuming the role.
    pub external_id: Option<String>,
}

/// AWS `CodeCommit` in one region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsCodeCommitConfig {
    /// Region of the repositories.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub region: String,
    /// Host name; derived from the region when absent.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: Option<String>,
    /// Id of the access key.
    #[serde(default)]
    pub access_key_id: Option<String>,
    /// The access key.
    #[serde(default)]
    pub secret_access_key: Option<Secret>,
    /// Role to assume.
    #[serde(default)]
    pub role_arn: Option<String>,
    /// Id given when assuming the role.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// Google Cloud Storage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GoogleGcsConfig {
    /// Service account.
    pub client_email: Option<String>,
    /// Private key of the service account (PEM).
    pub private_key: Option<Secret>,
}

/// An account of Azure Blob Storage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AzureBlobStorageConfig {
    /// Name of the account.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub account_name: Option<String>,
    /// Host name; `blob.core.windows.net` when absent.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub host: Option<String>,
    /// URL of the account.
    pub endpoint: Option<String>,
    /// Key of the account.
    pub account_key: Option<Secret>,
    /// Shared access signature.
    pub sas_token: Option<Secret>,
    /// Connection string.
    pub connection_string: Option<Secret>,
    /// Service principal.
    pub aad_credential: Option<AadCredential>,
}

/// A service principal of Microsoft Entra ID.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AadCredential {
    /// Its id.
    pub client_id: String,
    /// Its tenant.
    pub tenant_id: String,
    /// Its secret.
    pub client_secret: Secret,
}
