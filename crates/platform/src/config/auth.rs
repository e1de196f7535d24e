//! `auth`: who may sign in, and how long tokens last.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::duration::HumanDuration;
use super::providers::ProvidersConfig;
use super::secret::Secret;

/// Sign-in and the tokens of users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthConfig {
    /// Which environment of each provider is used.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub environment: String,
    /// Sign-in providers by id.
    pub providers: ProvidersConfig,
    /// Sessions of providers that need one.
    pub session: SessionConfig,
    /// How long a user's token is valid: between 10 minutes and 24 hours.
    pub backstage_token_expiration: HumanDuration,
    /// Signature algorithm of user tokens.
    pub identity_token_algorithm: String,
    /// Leaves the ownership claim `ent` out of user tokens.
    pub omit_identity_token_ownership_claim: bool,
    /// Where signing keys are kept.
    pub key_store: KeyStoreConfig,
    /// Origins besides the portal's own that may start a sign-in; may contain `*`.
    pub experimental_extra_allowed_origins: Vec<String>,
    /// Clients that register themselves (RFC 7591); deprecated.
    pub experimental_dynamic_client_registration: ClientRegistrationConfig,
    /// Clients identified by the URL of their metadata.
    pub client_id_metadata_documents: ClientMetadataConfig,
    /// Former name of `clientIdMetadataDocuments`.
    pub experimental_client_id_metadata_documents: Option<ClientMetadataConfig>,
    /// Tokens that outlive a session of the OAuth server.
    pub experimental_refresh_token: RefreshTokenConfig,
    /// Sign-out after a time without activity; read by the browser.
    #[schemars(extend("x-visibility" = "frontend"))]
    pub autologout: BTreeMap<String, Value>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            environment: "development".to_owned(),
            providers: ProvidersConfig::default(),
            session: SessionConfig::default(),
            backstage_token_expiration: HumanDuration::from_secs(3600),
            identity_token_algorithm: "ES256".to_owned(),
            omit_identity_token_ownership_claim: true,
            key_store: KeyStoreConfig::default(),
            experimental_extra_allowed_origins: Vec::new(),
            experimental_dynamic_client_registration: ClientRegistrationConfig::default(),
            client_id_metadata_documents: ClientMetadataConfig::default(),
            experimental_client_id_metadata_documents: None,
            experimental_refresh_token: RefreshTokenConfig::default(),
            autologout: BTreeMap::new(),
        }
    }
}

/// Sessions of sign-in providers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionConfig {
    /// Signs session cookies.
    pub secret: Option<Secret>,
}

/// Where the keys that sign user tokens are kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyStoreConfig {
    /// Kind of store.
    pub provider: KeyStoreProvider,
    /// Keys of the `static` store.
    #[serde(rename = "static")]
    pub fixed: Option<StaticKeys>,
    /// Settings of the `firestore` store, which Callboard does not have.
    #[schemars(extend("x-ignored" = "Callboard keeps keys in its database"))]
    pub firestore: BTreeMap<String, Value>,
}

/// Kinds of key stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyStoreProvider {
    /// Generated, rotated and kept in the database.
    #[default]
    Database,
    /// Generated at every start.
    Memory,
    /// Read from files.
    Static,
    /// Not supported; treated as `database`.
    Firestore,
}

/// Keys read from files.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaticKeys {
    /// At least one; the first one signs.
    pub keys: Vec<StaticKey>,
}

/// A key read from files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaticKey {
    /// File with the public key (SPKI, PEM).
    pub public_key_file: String,
    /// File with the private key (PKCS#8, PEM); the signing key needs it.
    #[serde(default)]
    #[schemars(extend("x-visibility" = "backend"))]
    pub private_key_file: Option<String>,
    /// Id of the key in the key set.
    pub key_id: String,
    /// Signature algorithm; `ES256` when absent.
    #[serde(default)]
    pub algorithm: Option<String>,
}

/// Dynamic client registration of the OAuth server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientRegistrationConfig {
    /// Whether clients may register.
    pub enabled: bool,
    /// Redirect URIs a client may have; may contain `*`.
    pub allowed_redirect_uri_patterns: Option<Vec<String>>,
    /// How long a registration is valid.
    pub token_expiration: HumanDuration,
}

impl Default for ClientRegistrationConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            allowed_redirect_uri_patterns: None,
            token_expiration: HumanDuration::from_secs(3600),
        }
    }
}

/// Client ID metadata documents of the OAuth server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientMetadataConfig {
    /// Whether such clients are accepted.
    pub enabled: bool,
    /// Client ids that are accepted; may contain `*`.
    pub allowed_client_id_patterns: Option<Vec<String>>,
    /// Redirect URIs a client may have; may contain `*`.
    pub allowed_redirect_uri_patterns: Option<Vec<String>>,
}

/// Refresh tokens of the OAuth server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RefreshTokenConfig {
    /// Whether refresh tokens are issued.
    pub enabled: bool,
    /// How long one is valid before it must be used.
    pub token_lifetime: HumanDuration,
    /// How long a session lasts over all rotations.
    pub max_rotation_lifetime: HumanDuration,
    /// Most refresh tokens of one user.
    pub max_tokens_per_user: u32,
    /// Does not look the user up in the catalog at a refresh.
    pub dangerously_disable_catalog_presence_check: bool,
}

impl Default for RefreshTokenConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            token_lifetime: HumanDuration::from_secs(30 * 86_400),
            max_rotation_lifetime: HumanDuration::from_secs(365 * 86_400),
            max_tokens_per_user: 20,
            dangerously_disable_catalog_presence_check: false,
        }
    }
}
