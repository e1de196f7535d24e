//! Settings from the `auth` and `backend.auth` sections of the configuration.

use platform::config::{
    AccessMethod, AccessRestrictionConfig, AuthConfig, BackendAuthConfig, DiscoveryConfig,
    ExternalAccess as Entry, KeyStoreProvider, OneOrMany, PluginKeyStoreType,
};
use platform::ctx::AccessRestriction;
use platform::{Error, Result};
use url::Url;

use crate::server::ServerSettings;
use crate::service::is_plugin_id;

use super::{ExternalAccess, ExternalMethod, JwksAccess, Settings, Stage};

/// Where a plugin publishes the keys of its tokens, below its address.
const PLUGIN_KEYS: &str = "/.backstage/auth/v1/jwks.json";

impl Settings {
    /// The settings of an installation at `base_url`, which browsers see at `app_url`.
    ///
    /// Logs a warning for what is configured but not supported; fails where ignoring it would change
    /// who may call.
    pub fn from_config(
        base_url: Url,
        app_url: Url,
        stage: Stage,
        auth: &AuthConfig,
        access: &BackendAuthConfig,
        discovery: &DiscoveryConfig,
    ) -> Result<Self> {
        warn_of_unsupported(auth, access);
        let mut settings = Self::new(base_url);
        let server = ServerSettings::from_config(auth, &settings.issuer())?;
        let entries = access.external_access.iter().enumerate();
        settings.app_url = app_url;
        settings.stage = stage;
        settings
            .extra_origins
            .clone_from(&auth.experimental_extra_allowed_origins);
        settings.providers.clone_from(&auth.providers);
        settings.server = server;
        settings.token_lifetime = auth.backstage_token_expiration.get();
        settings.omit_ownership_claim = auth.omit_identity_token_ownership_claim;
        settings.external_access = entries
            .map(|(index, entry)| external_access(index, entry))
            .collect::<Result<_>>()?;
        settings.legacy_keys = access.keys.iter().map(|key| key.secret.clone()).collect();
        settings.peers = peers(discovery)?;
        Ok(settings)
    }
}

/// Plugins with the addresses of their keys.
fn peers(discovery: &DiscoveryConfig) -> Result<Vec<(String, Url)>> {
    let mut peers = Vec::new();
    for (index, endpoint) in discovery.endpoints.iter().enumerate() {
        for plugin in &endpoint.plugins {
            let place = format!("`discovery.endpoints[{index}]`");
            if !is_plugin_id(plugin) {
                return Err(Error::input(format!("{place}: `{plugin}` is no plugin id")));
            }
            let Some(target) = endpoint.target.internal(plugin) else {
                continue;
            };
            let keys = format!("{}{PLUGIN_KEYS}", target.trim_end_matches('/'));
            let url = keys.parse().ok();
            let url = url.filter(|url: &Url| matches!(url.scheme(), "http" | "https"));
            let url = url.ok_or_else(|| {
                Error::input(format!("{place}: `target` is no http or https URL"))
            })?;
            peers.push((plugin.clone(), url));
        }
    }
    Ok(peers)
}

fn warn_of_unsupported(auth: &AuthConfig, access: &BackendAuthConfig) {
    if auth.identity_token_algorithm != "ES256" {
        tracing::warn!("`auth.identityTokenAlgorithm`: tokens are signed with ES256 only");
    }
    if matches!(
        auth.key_store.provider,
        KeyStoreProvider::Static | KeyStoreProvider::Firestore
    ) {
        tracing::warn!("`auth.keyStore.provider`: keys are kept in the database instead");
    }
    if access.plugin_key_store.kind == PluginKeyStoreType::Static {
        tracing::warn!("`backend.auth.pluginKeyStore`: keys are kept in the database instead");
    }
}

fn external_access(index: usize, entry: &Entry) -> Result<ExternalAccess> {
    let method = match &entry.method {
        AccessMethod::Static { token, subject } => ExternalMethod::Static {
            token: token.clone(),
            subject: subject.clone(),
        },
        AccessMethod::Legacy { secret, subject } => ExternalMethod::Legacy {
            secret: secret.clone(),
            subject: subject.clone(),
        },
        AccessMethod::Jwks {
            url,
            algorithms,
            issuers,
            audiences,
            subject_prefix,
        } => ExternalMethod::Jwks(JwksAccess {
            url: url.parse().map_err(|error| {
                let place = format!("backend.auth.externalAccess[{index}].options.url");
                Error::input(format!("`{place}`: `{url}` is not a URL")).with_source(error)
            })?,
            issuers: words(issuers),
            audiences: words(audiences),
            algorithms: words(algorithms),
            subject_prefix: subject_prefix.clone(),
        }),
    };
    let restrictions = entry.access_restrictions.as_ref();
    Ok(ExternalAccess {
        method,
        restrictions: restrictions.map(|list| list.iter().map(restriction).collect()),
    })
}

fn restriction(config: &AccessRestrictionConfig) -> AccessRestriction {
    let of = |list: Option<&OneOrMany<String>>| list.map_or_else(Vec::new, |list| words(&list.0));
    let attribute = config.permission_attribute.as_ref();
    AccessRestriction {
        plugin: config.plugin.clone(),
        permissions: of(config.permission.as_ref()),
        actions: of(attribute.and_then(|attribute| attribute.action.as_ref())),
    }
}

/// The values of a list in which each may be several, with commas or spaces between.
fn words(list: &[String]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in list.iter().flat_map(|text| text.split([' ', ','])) {
        if !word.is_empty() && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(auth: Value, access: Value) -> Result<Settings> {
        let auth = serde_json::from_value(auth).unwrap();
        let access = serde_json::from_value(access).unwrap();
        let base_url: Url = "http://localhost:7007".parse().unwrap();
        Settings::from_config(
            base_url.clone(),
            base_url,
            Stage::Unstated,
            &auth,
            &access,
            &DiscoveryConfig::default(),
        )
    }

    fn peers_of(endpoints: &Value) -> Result<Vec<(String, Url)>> {
        let config = serde_json::from_value(json!({ "endpoints": endpoints })).unwrap();
        peers(&config)
    }

    #[test]
    fn plugins_of_other_backends_publish_keys_below_their_address() {
        let found = peers_of(&json!([
            {"target": "https://a/api/{{pluginId}}", "plugins": ["todo", "rating"]},
            {"target": {"internal": "http://b:1/{{ pluginId }}/"}, "plugins": ["poll"]},
            {"target": {"external": "https://c/api"}, "plugins": ["seen-by-browsers"]},
        ]));
        let found = found.unwrap();
        let urls: Vec<_> = found.iter().map(|(_, url)| url.as_str()).collect();
        let expected = [
            "https://a/api/todo/.backstage/auth/v1/jwks.json",
            "https://a/api/rating/.backstage/auth/v1/jwks.json",
            "http://b:1/poll/.backstage/auth/v1/jwks.json",
        ];
        assert_eq!(urls, expected);
        for (endpoint, expected) in [
            (json!({"target": "ftp://a", "plugins": ["x"]}), "`target`"),
            (json!({"target": "https://a", "plugins": ["a b"]}), "`a b`"),
        ] {
            let error = peers_of(&json!([endpoint])).unwrap_err();
            assert!(error.message().contains(expected), "{error}");
            assert!(error.message().contains("endpoints[0]"), "{error}");
        }
    }

    #[test]
    fn settings_are_read_as_written() {
        let settings = read(
            json!({
                "backstageTokenExpiration": {"minutes": 30},
                "providers": {"guest": {"ownershipEntityRefs": ["group:default/all"]}},
            }),
            json!({
                "keys": [{"secret": "b2xk"}],
                "externalAccess": [
                    {
                        "type": "static",
                        "options": {"token": "0123456789", "subject": "ci"},
                        "accessRestrictions": [{
                            "plugin": "catalog",
                            "permission": "catalog.entity.read, catalog.entity.create",
                            "permissionAttribute": {"action": ["read", "create read"]},
                        }],
                    },
                    {"type": "jwks", "options": {"url": "https://acme.org/keys", "issuer": "a b"}},
                ],
            }),
        )
        .unwrap();
        assert_eq!(settings.token_lifetime.as_secs(), 1_800);
        let guest = settings.providers.guest.unwrap();
        assert_eq!(guest.user_entity_ref, "user:development/guest");
        assert_eq!(guest.ownership_entity_refs.unwrap(), ["group:default/all"]);
        assert_eq!(settings.legacy_keys[0].expose(), "b2xk");
        let [first, second] = &*settings.external_access else {
            panic!("{:?}", settings.external_access);
        };
        let restriction = &first.restrictions.as_ref().unwrap()[0];
        assert_eq!(
            restriction.permissions,
            ["catalog.entity.read", "catalog.entity.create"]
        );
        assert_eq!(restriction.actions, ["read", "create"]);
        let ExternalMethod::Jwks(jwks) = &second.method else {
            panic!("{:?}", second.method);
        };
        assert_eq!(
            (jwks.url.as_str(), &*jwks.issuers),
            (
                "https://acme.org/keys",
                &["a".to_owned(), "b".to_owned()][..]
            )
        );
    }

    #[test]
    fn an_empty_configuration_lets_nobody_in() {
        let settings = read(json!({}), json!({})).unwrap();
        assert!(settings.providers.guest.is_none());
        assert!(settings.external_access.is_empty() && settings.legacy_keys.is_empty());
        assert!(settings.omit_ownership_claim);
    }

    #[test]
    fn a_wrong_url_is_an_error_with_its_place() {
        let entry = json!({"type": "jwks", "options": {"url": "acme"}});
        let error = read(json!({}), json!({"externalAccess": [entry]})).unwrap_err();
        let text = "`backend.auth.externalAccess[0].options.url`: `acme` is not a URL";
        assert_eq!(error.message(), text);
    }
}
