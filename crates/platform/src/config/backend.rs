//! `backend`: the server itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::access::BackendAuthConfig;
use super::database::DatabaseConfig;
use super::duration::{HumanDuration, Millis};
use super::listen::{HttpsConfig, ListenConfig, TrustProxy};
use super::secret::{Opaque, Secret};
use super::shape::{OneOrMany, Toggle};

/// The server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct BackendConfig {
    /// URL under which browsers and other clients reach the server; derived from `listen` when absent.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub base_url: Option<String>,
    /// Where the server listens.
    pub listen: ListenConfig,
    /// TLS; `true` makes a self-signed certificate.
    pub https: Toggle<HttpsConfig>,
    /// Which other origins may call the API; none when absent.
    pub cors: Option<CorsConfig>,
    /// Content security policy: sources by directive; `false` removes a directive of the default.
    pub csp: BTreeMap<String, CspDirective>,
    /// Referrer policy.
    pub referrer: ReferrerConfig,
    /// Hosts other than source control hosts that may be read from.
    pub reading: ReadingConfig,
    /// Start and stop.
    pub lifecycle: LifecycleConfig,
    /// Limits of connections.
    pub server: ServerConfig,
    /// Health checks.
    pub health: HealthConfig,
    /// Logs.
    pub logger: LoggerConfig,
    /// Traces.
    pub telemetry: TelemetryConfig,
    /// Authentication between services.
    pub auth: BackendAuthConfig,
    /// Bounds the number of requests of each client.
    pub rate_limit: Toggle<RateLimitConfig>,
    /// Which proxies may say who the client is.
    pub trust_proxy: TrustProxy,
    /// The database.
    pub database: DatabaseConfig,
    /// Actions offered to templates and language models.
    pub actions: ActionsConfig,
    /// Audit log.
    pub auditor: AuditorConfig,
    /// Folder for temporary files.
    pub working_directory: Option<String>,
    /// Shared cache.
    #[schemars(extend("x-ignored" = "every replica keeps its own caches"))]
    pub cache: BTreeMap<String, Opaque>,
    /// Names of meters of single plugins.
    #[schemars(extend("x-ignored" = "metrics are offered at `/metrics`"))]
    pub metrics: BTreeMap<String, Opaque>,
    /// Names of tracers of single plugins.
    #[schemars(extend("x-ignored" = "use `backend.telemetry`"))]
    pub tracing: BTreeMap<String, Opaque>,
    /// What happens when a plugin does not start.
    #[schemars(extend("x-ignored" = "the portal starts as a whole or not at all"))]
    pub startup: BTreeMap<String, Opaque>,
    /// Which packages are searched for features.
    #[schemars(extend("x-ignored" = "features are part of the binary"))]
    pub packages: Option<Opaque>,
}

/// Cross-origin requests.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CorsConfig {
    /// Globs of origins.
    pub origin: Option<OneOrMany<String>>,
    /// Methods.
    pub methods: Option<OneOrMany<String>>,
    /// Headers a request may have.
    pub allowed_headers: Option<OneOrMany<String>>,
    /// Headers of an answer a page may see.
    pub exposed_headers: Option<OneOrMany<String>>,
    /// Whether cookies and credentials are allowed.
    pub credentials: Option<bool>,
    /// Seconds a preflight answer may be kept.
    pub max_age: Option<u64>,
    /// Hands preflight requests to the plugin.
    #[schemars(extend("x-ignored" = "not enforced yet"))]
    pub preflight_continue: Option<bool>,
    /// Status of preflight answers; 204 when absent.
    #[schemars(extend("x-ignored" = "not enforced yet"))]
    pub options_success_status: Option<u16>,
}

/// Sources of one directive of the content security policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CspDirective {
    /// The directive is left out.
    Removed,
    /// The directive has these sources.
    Sources(Vec<String>),
}

impl Serialize for CspDirective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Removed => serializer.serialize_bool(false),
            Self::Sources(sources) => sources.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for CspDirective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CspVisitor)
    }
}

struct CspVisitor;

impl<'de> Visitor<'de> for CspVisitor {
    type Value = CspDirective;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of sources or false")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<CspDirective, E> {
        if on {
            return Err(E::invalid_value(de::Unexpected::Bool(on), &self));
        }
        Ok(CspDirective::Removed)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<CspDirective, E> {
        match text {
            "false" => Ok(CspDirective::Removed),
            _ => Ok(CspDirective::Sources(vec![text.to_owned()])),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<CspDirective, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(CspDirective::Sources)
    }
}

impl JsonSchema for CspDirective {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CspDirective".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "array", "items": { "type": "string" } },
                { "type": "string" },
                { "const": false }
            ]
        })
    }
}

/// Referrer policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReferrerConfig {
    /// Values of the `Referrer-Policy` header.
    pub policy: Vec<String>,
}

impl Default for ReferrerConfig {
    fn default() -> Self {
        Self {
            policy: vec!["no-referrer".to_owned()],
        }
    }
}

/// Hosts other than source control hosts that may be read from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReadingConfig {
    /// Hosts and paths; nothing else is read.
    pub allow: Vec<ReadingRule>,
}

/// A host, and its paths, that may be read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadingRule {
    /// Host name or `*.suffix`, with a port or a range of ports where needed.
    pub host: String,
    /// Prefixes of paths; all paths when absent.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
}

/// Start and stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LifecycleConfig {
    /// How long a request waits for the start to finish.
    pub startup_request_pause_timeout: HumanDuration,
    /// How long the server goes on, reported as not ready, before it stops.
    pub server_shutdown_delay: HumanDuration,
}

impl Default for LifecycleConfig {
    fn default() -> Self {
        Self {
            startup_request_pause_timeout: HumanDuration::from_secs(5),
            server_shutdown_delay: HumanDuration::default(),
        }
    }
}

/// Limits of connections.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ServerConfig {
    /// Longest time the headers of a request may take.
    pub headers_timeout: Option<Millis>,
    /// Longest time a whole request may take.
    #[schemars(extend("x-ignored" = "not enforced yet"))]
    pub request_timeout: Option<Millis>,
    /// How long an idle connection stays open.
    #[schemars(extend("x-ignored" = "not enforced yet"))]
    pub keep_alive_timeout: Option<Millis>,
    /// How long a connection may be silent.
    #[schemars(extend("x-ignored" = "not enforced yet"))]
    pub timeout: Option<Millis>,
    /// Most headers of a request.
    pub max_headers_count: Option<u32>,
    /// Most requests on one connection.
    #[schemars(extend("x-ignored" = "not enforced yet"))]
    pub max_requests_per_socket: Option<u32>,
}

/// Health checks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HealthConfig {
    /// Headers added to the answers.
    pub headers: BTreeMap<String, String>,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggerConfig {
    /// Least level that is logged; the variable `LOG_LEVEL` wins.
    pub level: Option<LogLevel>,
    /// Fields of every line.
    pub meta: serde_json::Map<String, Value>,
    /// Other levels for some lines.
    pub overrides: Vec<LogOverride>,
}

/// Another level for some lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogOverride {
    /// Fields and the values they must have.
    pub matchers: serde_json::Map<String, Value>,
    /// Least level of those lines.
    pub level: LogLevel,
}

/// How important a line is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// For whoever looks for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Something may need attention.
    Warn,
    /// Something failed.
    Error,
}

/// Traces.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TelemetryConfig {
    /// Export of traces by the OpenTelemetry protocol.
    pub otlp: Option<OtlpConfig>,
}

/// Export of traces by the OpenTelemetry protocol over HTTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OtlpConfig {
    /// URL of the collector, such as `http://localhost:4318`.
    pub endpoint: String,
    /// Headers of every export.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
}

/// Bounds the number of requests of each client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the keys are Backstage's")]
pub struct RateLimitConfig {
    /// Counts the requests to all plugins together.
    pub global: bool,
    /// Length of the window requests are counted in.
    pub window: Millis,
    /// Most requests of a client in a window.
    pub incoming_request_limit: u32,
    /// Addresses that are not counted.
    pub ip_allow_list: Vec<String>,
    /// Does not count requests that succeed.
    pub skip_successful_requests: bool,
    /// Does not count requests that fail.
    pub skip_failed_requests: bool,
    /// Lets requests through when the store fails.
    #[schemars(extend("x-ignored" = "counters are kept in memory"))]
    pub pass_on_store_error: bool,
    /// Where requests are counted.
    #[schemars(extend("x-ignored" = "counters are kept in memory"))]
    pub store: BTreeMap<String, Opaque>,
    /// Limits of single plugins; what is absent is as above.
    pub plugin: BTreeMap<String, PluginRateLimit>,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self {
            global: true,
            window: Millis::from_secs(60),
            incoming_request_limit: 5,
            ip_allow_list: ["127.0.0.1", "0:0:0:0:0:0:0:1", "::1"]
                .map(str::to_owned)
                .to_vec(),
            skip_successful_requests: false,
            skip_failed_requests: false,
            pass_on_store_error: false,
            store: BTreeMap::new(),
            plugin: BTreeMap::new(),
        }
    }
}

/// Bounds the number of requests of each client to one plugin.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginRateLimit {
    /// Length of the window requests are counted in.
    pub window: Option<Millis>,
    /// Most requests of a client in a window.
    pub incoming_request_limit: Option<u32>,
    /// Addresses that are not counted.
    pub ip_allow_list: Option<Vec<String>>,
    /// Does not count requests that succeed.
    pub skip_successful_requests: Option<bool>,
    /// Does not count requests that fail.
    pub skip_failed_requests: Option<bool>,
    /// Lets requests through when the store fails.
    #[schemars(extend("x-ignored" = "counters are kept in memory"))]
    pub pass_on_store_error: Option<bool>,
}

/// Actions offered to templates and language models.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ActionsConfig {
    /// Plugins whose actions are offered.
    pub plugin_sources: Vec<String>,
    /// Which of their actions.
    pub filter: ActionFilter,
}

/// Which actions are offered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ActionFilter {
    /// Only actions one of these matches; all when empty.
    pub include: Vec<ActionMatcher>,
    /// No action one of these matches.
    pub exclude: Vec<ActionMatcher>,
}

/// Matches actions by id and attributes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ActionMatcher {
    /// Glob of ids, such as `catalog:*`.
    pub id: Option<String>,
    /// Attributes the action must have.
    pub attributes: ActionAttributes,
}

/// Attributes an action must have.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ActionAttributes {
    /// Whether it may destroy something.
    pub destructive: Option<bool>,
    /// Whether it changes nothing.
    pub read_only: Option<bool>,
    /// Whether doing it twice is like doing it once.
    pub idempotent: Option<bool>,
}

/// Audit log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditorConfig {
    /// Log levels of audit events by severity.
    pub severity_log_level_mappings: SeverityLevels,
}

/// Log levels of audit events by severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SeverityLevels {
    /// Everyday events.
    pub low: LogLevel,
    /// Changes.
    pub medium: LogLevel,
    /// Changes of what others may do.
    pub high: LogLevel,
    /// Events that need attention.
    pub critical: LogLevel,
}

impl Default for SeverityLevels {
    fn default() -> Self {
        let info = LogLevel::Info;
        Self {
            low: LogLevel::Debug,
            medium: info,
            high: info,
            critical: info,
        }
    }
}
