//! `auth.providers`: who says who somebody is.
//!
//! Providers with pages of their own (OAuth) are configured per environment,
//! `auth.providers.<id>.<environment>`; those that only read what a proxy in front of the portal says
//! are not, `auth.providers.<id>`. All of a kind share one type: which keys a provider needs is its
//! own affair, and it says so when it is made.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, json};

use super::duration::{HumanDuration, Millis};
use super::secret::{Opaque, Secret};
use super::shape::OneOrMany;

/// Providers with pages of their own; the first one is the example of the reference.
pub const OAUTH_PROVIDERS: [&str; 15] = [
    "oidc",
    "atlassian",
    "auth0",
    "bitbucket",
    "bitbucketServer",
    "github",
    "gitlab",
    "google",
    "microsoft",
    "oauth2",
    "okta",
    "onelogin",
    "openshift",
    "pinniped",
    "vmwareCloudServices",
];

/// Providers that believe a proxy.
pub const PROXY_PROVIDERS: [&str; 6] = [
    "awsalb",
    "azureEasyAuth",
    "cfaccess",
    "gcpIap",
    "jwtHeader",
    "oauth2Proxy",
];

/// Sign-in providers by id.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ProvidersConfig {
    /// Sign-in without credentials.
    pub guest: Option<GuestConfig>,
    /// Those of [`OAUTH_PROVIDERS`], by id and environment.
    pub oauth: BTreeMap<String, BTreeMap<String, OAuthConfig>>,
    /// Those of [`PROXY_PROVIDERS`], by id.
    pub proxies: BTreeMap<String, TrustedProxyConfig>,
    /// Every other provider as written; nobody reads them.
    #[serde(skip)]
    pub others: BTreeMap<String, Opaque>,
}

impl<'de> Deserialize<'de> for ProvidersConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ProvidersVisitor)
    }
}

struct ProvidersVisitor;

impl<'de> Visitor<'de> for ProvidersVisitor {
    type Value = ProvidersConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a sign-in provider per key")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ProvidersConfig, A::Error> {
        let mut providers = ProvidersConfig::default();
        while let Some(id) = map.next_key::<String>()? {
            if id == "guest" {
                providers.guest = Some(map.next_value()?);
            } else if OAUTH_PROVIDERS.contains(&&*id) {
                let environments = map.next_value::<Option<_>>()?;
                providers.oauth.insert(id, environments.unwrap_or_default());
            } else if PROXY_PROVIDERS.contains(&&*id) {
                let proxy = map.next_value::<Option<_>>()?;
                providers.proxies.insert(id, proxy.unwrap_or_default());
            } else {
                providers.others.insert(id, map.next_value()?);
            }
        }
        Ok(providers)
    }

    fn visit_unit<E: de::Error>(self) -> Result<ProvidersConfig, E> {
        Ok(ProvidersConfig::default())
    }
}

impl JsonSchema for ProvidersConfig {
    fn schema_name() -> Cow<'static, str> {
        "ProvidersConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut guest = generator.subschema_for::<GuestConfig>().to_value();
        guest["description"] = "Sign-in without credentials.".into();
        let mut properties = Map::new();
        properties.insert("guest".to_owned(), guest);
        for (index, id) in OAUTH_PROVIDERS.into_iter().enumerate() {
            let mut settings = generator.subschema_for::<OAuthConfig>().to_value();
            settings["x-visibility"] = "keys".into();
            let mut provider = json!({
                "type": "object",
                "description": format!("Sign-in with {id}, per environment."),
                "additionalProperties": settings,
            });
            if index > 0 {
                provider["x-type"] = "as `auth.providers.oidc`".into();
            }
            properties.insert(id.to_owned(), provider);
        }
        for (index, id) in PROXY_PROVIDERS.into_iter().enumerate() {
            let mut provider = generator.subschema_for::<TrustedProxyConfig>().to_value();
            provider["description"] = format!("Sign-in by a proxy: {id}.").into();
            if index > 0 {
                provider["x-type"] = "as `auth.providers.awsalb`".into();
            }
            properties.insert(id.to_owned(), provider);
        }
        json_schema!({
            "description": "Sign-in providers by id.",
            "type": "object",
            "properties": properties,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": { "x-visibility": "keys" },
            },
        })
    }
}

/// Sign-in without credentials, for development and demonstrations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("additionalProperties" = true))]
pub struct GuestConfig {
    /// Who the guest is.
    pub user_entity_ref: String,
    /// What the guest owns; defaults to what the catalog says about the user.
    pub ownership_entity_refs: Option<Vec<String>>,
    /// Allows guests outside development.
    pub dangerously_allow_outside_development: bool,
}

impl Default for GuestConfig {
    fn default() -> Self {
        Self {
            user_entity_ref: "user:development/guest".to_owned(),
            ownership_entity_refs: None,
            dangerously_allow_outside_development: false,
        }
    }
}

/// A provider with pages of its own, in one environment. Each reads the keys it knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "keys of many providers, as they are written"
)]
pub struct OAuthConfig {
    /// Id of the portal at the provider.
    pub client_id: Option<String>,
    /// Secret of the portal at the provider; none for public clients.
    pub client_secret: Option<Secret>,
    /// Where the provider sends the browser back to; `<backend.baseUrl>/api/auth/<id>/handler/frame`
    /// when absent.
    pub callback_url: Option<String>,
    /// Scopes to ask for beside those the provider needs.
    pub additional_scopes: Option<OneOrMany<String>>,
    /// How long a browser stays signed in; 1000 days when absent.
    pub session_duration: Option<HumanDuration>,
    /// Who may use the portal as whom.
    pub sign_in: Option<SignInConfig>,
    /// `oidc`: the provider's discovery document, or its issuer.
    pub metadata_url: Option<String>,
    /// `oidc`: how the portal proves itself at the token endpoint: `client_secret_basic`,
    /// `client_secret_post` or `none`.
    pub token_endpoint_auth_method: Option<String>,
    /// `oidc`: the only algorithm of ID tokens to accept.
    pub token_signed_response_alg: Option<String>,
    /// `oidc`: `none`, `login`, `consent`, `select_account`; `auto` or nothing lets the provider
    /// decide.
    pub prompt: Option<String>,
    /// `oidc`: how long the provider may take to answer.
    pub timeout: Option<Millis>,
    /// `oidc`: further parameters of the provider's sign-in page.
    pub start_url_search_params: BTreeMap<String, String>,
    /// `github`: URL of a GitHub Enterprise instance.
    pub enterprise_instance_url: Option<String>,
    /// `gitlab`: URL of the instance; `okta`: URL of the organization; `auth0`: the API to ask a
    /// token for.
    pub audience: Option<String>,
    /// `microsoft`: id of the tenant.
    pub tenant_id: Option<String>,
    /// `microsoft`: which accounts to offer.
    pub domain_hint: Option<String>,
    /// `microsoft`: do not ask Microsoft Graph about the user.
    pub skip_user_profile: bool,
    /// `okta`: id of the authorization server.
    pub auth_server_id: Option<String>,
    /// `okta`: id of the identity provider to use.
    pub idp: Option<String>,
    /// `oauth2`, `openshift`: the provider's sign-in page.
    pub authorization_url: Option<String>,
    /// `oauth2`, `openshift`: the provider's token endpoint.
    pub token_url: Option<String>,
    /// `oauth2`, `microsoft`: scopes to ask for in place of the usual ones.
    pub scope: Option<OneOrMany<String>>,
    /// `oauth2`: do not use refresh tokens.
    pub disable_refresh: bool,
    /// `oauth2`: send the secret in an `Authorization` header.
    pub include_basic_auth: bool,
    /// `auth0`: domain of the tenant.
    pub domain: Option<String>,
    /// `auth0`: the connection to use.
    pub connection: Option<String>,
    /// `auth0`: scopes to ask the connection for.
    pub connection_scope: Option<String>,
    /// `auth0`: id of the organization.
    pub organization: Option<String>,
    /// `auth0`: sign out of the identity provider behind it too.
    pub federated_logout: bool,
    /// `bitbucketServer`: host of the instance.
    pub host: Option<String>,
    /// `onelogin`: the issuer.
    pub issuer: Option<String>,
    /// `openshift`: URL of the cluster's API server.
    pub openshift_api_server_url: Option<String>,
    /// `pinniped`: URL of the federation domain.
    pub federation_domain: Option<String>,
    /// `vmwareCloudServices`: id of the organization whose members may sign in.
    pub organization_id: Option<String>,
}

/// A provider that believes a proxy. Each reads the keys it knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TrustedProxyConfig {
    /// Who may use the portal as whom.
    pub sign_in: Option<SignInConfig>,
    /// `awsalb`, `azureEasyAuth`, `jwtHeader`: who must have issued the token.
    pub issuer: Option<String>,
    /// `gcpIap`, `cfaccess`, `azureEasyAuth`, `jwtHeader`, `oauth2Proxy`: whom the token must be for.
    pub audience: Option<OneOrMany<String>>,
    /// `awsalb`: ARN of the load balancer that must have signed.
    pub signer: Option<String>,
    /// `awsalb`: its region.
    pub region: Option<String>,
    /// `cfaccess`: name of the team.
    pub team_name: Option<String>,
    /// `cfaccess`: service tokens that may sign in.
    pub service_tokens: Vec<ServiceTokenConfig>,
    /// `gcpIap`, `jwtHeader`: header of the token, when it is not the usual one.
    pub jwt_header: Option<String>,
    /// `cfaccess`: header of the token, when it is not the usual one.
    pub jwt_header_name: Option<String>,
    /// `cfaccess`: cookie of the token, when it is not the usual one.
    pub authorization_cookie_name: Option<String>,
    /// `jwtHeader`, `azureEasyAuth`, `oauth2Proxy`: where the keys are published that sign the token.
    pub jwks_url: Option<String>,
    /// `jwtHeader`: algorithms that are accepted; all asymmetric ones when absent.
    pub algorithms: Option<OneOrMany<String>>,
    /// `oauth2Proxy`: addresses of the proxy (`10.0.0.7` or `10.0.0.0/24`), whose plain headers are
    /// believed; this machine only when absent.
    pub trusted_proxies: Option<OneOrMany<String>>,
}

/// A service token of Cloudflare Access.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceTokenConfig {
    /// Client id of the token.
    pub token: String,
    /// Email address of the user it signs in.
    pub subject: String,
}

/// How to find the user of the catalog for a person a provider knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SignInConfig {
    /// Tried in order until one finds a user.
    pub resolvers: Vec<ResolverConfig>,
}

/// One way to find the user.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResolverConfig {
    /// Its name.
    pub resolver: String,
    /// Domains of email addresses that may sign in; all when absent.
    pub allowed_domains: Option<OneOrMany<String>>,
    /// Lets people in of whom the catalog knows nothing.
    pub dangerously_allow_sign_in_without_user_in_catalog: bool,
}

#[cfg(test)]
mod tests {
    use super::super::de::from_value;
    use super::*;

    #[test]
    fn providers_are_read_by_kind() {
        let providers: ProvidersConfig = from_value(&json!({
            "guest": {},
            "oidc": {"production": {
                "clientId": "portal",
                "clientSecret": "s3cret",
                "additionalScopes": "offline_access groups",
                "timeout": 5000,
                "signIn": {"resolvers": [
                    {"resolver": "emailLocalPartMatchingUserEntityName", "allowedDomains": ["acme.org"]},
                ]},
            }},
            "github": null,
            "gcpIap": {"audience": "/projects/1"},
            "saml": {"entryPoint": "x"},
        }))
        .unwrap();
        assert!(providers.guest.is_some());
        let oidc = &providers.oauth["oidc"]["production"];
        assert_eq!(oidc.client_id.as_deref(), Some("portal"));
        assert_eq!(oidc.timeout.map(|t| t.get().as_secs()), Some(5));
        let resolvers = &oidc.sign_in.as_ref().unwrap().resolvers;
        assert_eq!(
            resolvers[0].allowed_domains.as_ref().unwrap().0,
            ["acme.org"]
        );
        assert!(providers.oauth["github"].is_empty());
        assert_eq!(
            providers.proxies["gcpIap"].audience.as_ref().unwrap().0,
            ["/projects/1"]
        );
        assert!(providers.others.contains_key("saml"));
    }

    #[test]
    fn the_place_of_a_misfit_is_known() {
        let tree = json!({"oidc": {"dev": {"sessionDuration": "soon"}}});
        let misfit = from_value::<ProvidersConfig>(&tree).unwrap_err();
        assert_eq!(misfit.pointer, "/oidc/dev/sessionDuration");
    }
}
