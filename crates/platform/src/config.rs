//! Configuration: loading, merging, checking and printing of `app-config.yaml`.
//!
//! Invariants: the environment is read once, in [`Environment::of_process`]; what is loaded never
//! changes; no value of the configuration appears in a `Debug` text, an error or a problem; every
//! value knows the file and the line it came from.

mod access;
mod app;
mod auth;
mod backend;
mod catalog;
mod check;
mod conceal;
mod database;
mod de;
mod discovery;
mod document;
mod duration;
mod environment;
mod files;
mod handle;
mod integrations;
mod listen;
mod load;
mod nearest;
mod path;
mod permission;
mod print;
mod providers;
mod proxy;
mod scaffolder;
pub mod schema;
mod secret;
mod sections;
mod shape;
mod transform;
mod tree;
mod visible;

pub use access::{
    AccessMethod, AccessRestrictionConfig, BackendAuthConfig, ExternalAccess, LegacyKey,
    PermissionAttributeConfig, PluginKeyStore, PluginKeyStoreType,
};
pub use app::{
    AppConfig, AuditConfig, CallboardConfig, DecisionsConfig, EncryptionConfig, EncryptionKey,
    FrontEndConfig, OrganizationConfig, PrincipalLimitConfig, ReadingLimits, ScimConfig,
    TasksConfig,
};
pub use auth::{
    AuthConfig, ClientMetadataConfig, ClientRegistrationConfig, KeyStoreConfig, KeyStoreProvider,
    RefreshTokenConfig, SessionConfig, StaticKey, StaticKeys,
};
pub use backend::{
    ActionAttributes, ActionFilter, ActionMatcher, ActionsConfig, AuditorConfig, BackendConfig,
    CorsConfig, CspDirective, HealthConfig, LifecycleConfig, LogLevel, LogOverride, LoggerConfig,
    OtlpConfig, PluginRateLimit, RateLimitConfig, ReadingConfig, ReadingRule, ReferrerConfig,
    ServerConfig, SeverityLevels, TelemetryConfig,
};
pub use catalog::{
    CatalogActions, CatalogConfig, CatalogLocation, CatalogRule, ImportConfig, KindMatcher,
    LocationConflictStrategy, LocationRule, MassDeletionGuard, OrphanStrategy, ProcessorOptions,
    ProviderOptions, RuleLocation, ScmEvents, StitchingStrategy, Switch,
};
pub use check::{check, load_and_check, parse_and_check};
pub use database::{
    Connection, ConnectionKind, ConnectionParts, DatabaseClient, DatabaseConfig, SslConfig,
};
pub use discovery::{DiscoveryConfig, DiscoveryEndpoint, DiscoveryTarget};
pub use duration::{DurationError, HumanDuration, Millis};
pub use environment::Environment;
pub use handle::{Config, ConfigError, Origin};
pub use integrations::{
    AadCredential, AwsCodeCommitConfig, AwsS3Config, AzureBlobStorageConfig, AzureConfig,
    AzureCredential, BitbucketCloudConfig, BitbucketConfig, BitbucketServerConfig, GerritConfig,
    GiteaConfig, GithubAppConfig, GithubConfig, GitlabConfig, GitlabRetryConfig, GoogleGcsConfig,
    HarnessConfig, IntegrationsConfig,
};
pub use listen::{CertificateConfig, DEFAULT_PORT, HttpsConfig, ListenConfig, TrustProxy};
pub use load::{ConfigArg, LoadOptions, load, load_text};
pub use nearest::nearest;
pub use permission::{
    BasicPermissionConfig, ConditionFileLimitsConfig, ConditionLimitsConfig,
    DefaultPermissionsConfig, NamedConfig, PermissionConfig, PolicyDecisionPrecedence,
    RbacAdminConfig, RbacConfig, RbacValidationConfig,
};
pub use print::{frontend, redacted, secrets};
pub use providers::{
    GuestConfig, OAUTH_PROVIDERS, OAuthConfig, PROXY_PROVIDERS, ProvidersConfig, ResolverConfig,
    ServiceTokenConfig, SignInConfig, TrustedProxyConfig,
};
pub use proxy::{ProxyConfig, ProxyCredentials, ProxyEndpoint};
pub use scaffolder::{CommitAuthor, ScaffolderConfig, TaskRecovery, TemplateEnvironment};
pub use secret::{Opaque, REDACTED, Secret, redact};
pub use shape::{Interval, OneOrMany, Toggle};
pub use visible::FrontEndSchemas;
