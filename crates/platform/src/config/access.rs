//! `backend.auth`: callers from outside and the keys plugins trust each other by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::Secret;
use super::shape::OneOrMany;

/// Authentication between services.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct BackendAuthConfig {
    /// Callers from outside that are let in.
    pub external_access: Vec<ExternalAccess>,
    /// Keys shared with older backends; use `externalAccess` of type `legacy` instead.
    #[schemars(extend("deprecated" = true))]
    pub keys: Vec<LegacyKey>,
    /// Lets requests without credentials in.
    #[schemars(extend("x-ignored" = "not enforced yet"))]
    pub dangerously_disable_default_auth_policy: bool,
    /// Where the keys are kept by which plugins trust each other.
    pub plugin_key_store: PluginKeyStore,
}

/// A key shared with older backends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LegacyKey {
    /// The key, in Base64.
    pub secret: Secret,
}

/// Where the keys are kept by which plugins trust each other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginKeyStore {
    /// Kind of store.
    #[serde(rename = "type")]
    pub kind: PluginKeyStoreType,
    /// Keys of the `static` store.
    #[serde(rename = "static")]
    pub fixed: Option<super::auth::StaticKeys>,
}

/// Kinds of stores for the keys of plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PluginKeyStoreType {
    /// Generated, rotated and kept in the database.
    #[default]
    Database,
    /// Read from files.
    Static,
}

/// A caller from outside that is let in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", rename_all = "camelCase")]
pub struct ExternalAccess {
    /// How the caller proves who it is.
    pub method: AccessMethod,
    /// What the caller may do; everything when absent.
    pub access_restrictions: Option<Vec<AccessRestrictionConfig>>,
}

impl JsonSchema for ExternalAccess {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ExternalAccess".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Written>()
    }
}

/// How a caller from outside proves who it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AccessMethod {
    /// An opaque token.
    #[serde(rename_all = "camelCase")]
    Static {
        /// The token.
        token: Secret,
        /// Who the caller is.
        subject: String,
    },
    /// A token signed with a shared key.
    #[serde(rename_all = "camelCase")]
    Legacy {
        /// The key, in Base64.
        secret: Secret,
        /// Who the caller is.
        subject: String,
    },
    /// A token signed with a key of a published set.
    #[serde(rename_all = "camelCase")]
    Jwks {
        /// URL of the key set.
        url: String,
        /// Algorithms that are accepted; all asymmetric ones when empty.
        algorithms: Vec<String>,
        /// Issuers that are accepted; all when empty.
        issuers: Vec<String>,
        /// Audiences that are accepted; all when empty.
        audiences: Vec<String>,
        /// Put before the subject of the token.
        subject_prefix: Option<String>,
    },
}

/// What a caller from outside may do with one plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessRestrictionConfig {
    /// Id of the plugin.
    pub plugin: String,
    /// Names of permissions, also as one string with commas or spaces; all when absent.
    #[serde(default)]
    pub permission: Option<OneOrMany<String>>,
    /// Attributes permissions must have.
    #[serde(default)]
    pub permission_attribute: Option<PermissionAttributeConfig>,
}

/// Attributes permissions must have.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PermissionAttributeConfig {
    /// `create`, `read`, `update` or `delete`.
    pub action: Option<OneOrMany<String>>,
}

/// A caller from outside that is let in.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExternalAccess", extend("x-check" = "external-access"))]
struct Written {
    /// How the caller proves who it is.
    #[serde(rename = "type")]
    kind: AccessType,
    /// Settings of that type.
    #[serde(default)]
    options: Options,
    /// What the caller may do; everything when absent.
    #[serde(default)]
    access_restrictions: Option<Vec<AccessRestrictionConfig>>,
}

/// How a caller from outside proves who it is.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum AccessType {
    /// An opaque token.
    Static,
    /// A token signed with a shared key.
    Legacy,
    /// A token signed with a key of a published set.
    Jwks,
}

/// Settings of a way to prove who one is; which ones are needed depends on the type.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    /// `static`: the token, at least 8 characters.
    token: Option<Secret>,
    /// `legacy`: the key, in Base64.
    secret: Option<Secret>,
    /// `static`, `legacy`: who the caller is.
    subject: Option<String>,
    /// `jwks`: URL of the key set.
    url: Option<String>,
    /// `jwks`: algorithms that are accepted.
    algorithm: OneOrMany<String>,
    /// `jwks`: issuers that are accepted.
    issuer: OneOrMany<String>,
    /// `jwks`: audiences that are accepted.
    audience: OneOrMany<String>,
    /// `jwks`: put before the subject of the token.
    subject_prefix: Option<String>,
}

const MIN_TOKEN_CHARS: usize = 8;

impl TryFrom<Written> for ExternalAccess {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let options = written.options;
        let needs = |key: &str| format!("`options.{key}` is missing");
        let method = match written.kind {
            AccessType::Static => {
                let token = options.token.ok_or_else(|| needs("token"))?;
                if token.expose().chars().count() < MIN_TOKEN_CHARS {
                    return Err(format!(
                        "`options.token` needs {MIN_TOKEN_CHARS} characters or more"
                    ));
                }
                let subject = options.subject.ok_or_else(|| needs("subject"))?;
                AccessMethod::Static { token, subject }
            }
            AccessType::Legacy => AccessMethod::Legacy {
                secret: options.secret.ok_or_else(|| needs("secret"))?,
                subject: options.subject.ok_or_else(|| needs("subject"))?,
            },
            AccessType::Jwks => AccessMethod::Jwks {
                url: options.url.ok_or_else(|| needs("url"))?,
                algorithms: options.algorithm.0,
                issuers: options.issuer.0,
                audiences: options.audience.0,
                subject_prefix: options.subject_prefix,
            },
        };
        Ok(Self {
            method,
            access_restrictions: written.access_restrictions,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::de::from_value;
    use super::*;

    #[test]
    fn every_type_of_access_is_read() {
        let tree = json!([
            { "type": "static", "options": { "token": "0123456789", "subject": "ci" } },
            { "type": "legacy", "options": { "secret": "c2VjcmV0", "subject": "old" } },
            {
                "type": "jwks",
                "options": { "url": "https://idp/keys", "issuer": ["a", "b"], "audience": "c" },
                "accessRestrictions": [{ "plugin": "catalog", "permission": "catalog.entity.read" }]
            }
        ]);
        let access: Vec<ExternalAccess> = from_value(&tree).unwrap();
        assert!(
            matches!(&access[0].method, AccessMethod::Static { subject, .. } if subject == "ci")
        );
        assert!(matches!(&access[1].method, AccessMethod::Legacy { .. }));
        let AccessMethod::Jwks {
            issuers, audiences, ..
        } = &access[2].method
        else {
            panic!("jwks")
        };
        assert_eq!((issuers.len(), audiences.len()), (2, 1));
        assert_eq!(
            access[2].access_restrictions.as_ref().unwrap()[0].plugin,
            "catalog"
        );
        assert!(!format!("{access:?}").contains("0123456789"));
    }

    #[test]
    fn each_type_needs_its_own_options() {
        let table = [
            (
                json!({ "type": "static", "options": { "subject": "ci" } }),
                "`options.token` is missing",
            ),
            (
                json!({ "type": "static", "options": { "token": "short", "subject": "ci" } }),
                "`options.token` needs 8 characters or more",
            ),
            (
                json!({ "type": "legacy", "options": {} }),
                "`options.secret` is missing",
            ),
            (json!({ "type": "jwks" }), "`options.url` is missing"),
            (
                json!({ "type": "ldap" }),
                "must be one of `static`, `legacy`, `jwks`",
            ),
        ];
        for (tree, message) in table {
            assert_eq!(
                from_value::<ExternalAccess>(&tree).unwrap_err().message,
                message,
                "{tree}"
            );
        }
    }
}
