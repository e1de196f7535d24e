//! The providers. Reference 3 §2.3 has the keys and resolvers of each.

mod clusters;
mod vendors;

use platform::config::OAuthConfig;
use url::Url;

use super::endpoints::Endpoints;
use super::preset::{Place, Preset, SessionKind, Source};
use crate::sign_in::{Fact, Named, Rule, Trust, openid_facts};

/// The preset of a provider.
pub(crate) fn preset(id: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.id == id)
}

/// What most presets have in common.
const USUAL: Preset = Preset {
    id: "",
    place: |_| Err("has no address".to_owned()),
    scopes: &[],
    default_scopes: &[],
    persists_scopes: false,
    start: &[],
    start_from_config: |_| Vec::new(),
    sources: |_| vec![Source::IdToken],
    facts: |claims, _| openid_facts(claims, Trust::IfNotDenied),
    resolvers: |_| Vec::new(),
    session: SessionKind::RefreshToken,
    code_host: |_| None,
    logout: |_, _| None,
};

static PRESETS: &[Preset] = &[
    Preset {
        id: "oidc",
        place: |config| described(required(config.metadata_url.as_ref(), "metadataUrl")?),
        scopes: &["openid", "profile", "email"],
        persists_scopes: true,
        start_from_config: |config| {
            let prompt = config.prompt.clone().filter(|prompt| prompt != "auto");
            prompt
                .map(|prompt| ("prompt", prompt))
                .into_iter()
                .collect()
        },
        sources: |_| vec![Source::IdToken, Source::UserInfo],
        facts: |claims, _| openid_facts(claims, Trust::IfVerified),
        resolvers: |_| {
            vec![(
                "preferredUsernameMatchingUserEntityName",
                Rule::Name(Fact::PreferredUsername),
            )]
        },
        ..USUAL
    },
    Preset {
        id: "oauth2",
        place: |config| {
            let authorization = required(config.authorization_url.as_ref(), "authorizationUrl")?;
            let token = required(config.token_url.as_ref(), "tokenUrl")?;
            Ok(Place::Known(Endpoints::plain(
                parsed(authorization, "authorizationUrl")?,
                parsed(token, "tokenUrl")?,
            )))
        },
        start: &[("access_type", "offline"), ("prompt", "consent")],
        resolvers: |_| vec![NAME],
        ..USUAL
    },
    Preset {
        id: "google",
        place: |_| described("https://accounts.google.com"),
        scopes: &["openid", EMAIL_OF_GOOGLE, PROFILE_OF_GOOGLE],
        start: &[("access_type", "offline"), ("prompt", "consent")],
        facts: |claims, _| openid_facts(claims, Trust::IfVerified),
        resolvers: |_| {
            vec![annotation(
                "emailMatchingUserEntityAnnotation",
                "google.com/email",
                Fact::Email,
            )]
        },
        ..USUAL
    },
    Preset {
        id: "okta",
        place: |config| {
            let base = required(config.audience.as_ref(), "audience")?;
            let base = base.trim_end_matches('/');
            match &config.auth_server_id {
                Some(id) => described(&format!("{base}/oauth2/{id}")),
                None => described(base),
            }
        },
        scopes: &["openid", "email", "profile", "offline_access"],
        start_from_config: |config| from_config(&[("idp", config.idp.as_ref())]),
        resolvers: |_| {
            vec![annotation(
                "emailMatchingUserEntityAnnotation",
                "okta.com/email",
                Fact::Email,
            )]
        },
        ..USUAL
    },
    Preset {
        id: "auth0",
        place: |config| {
            let domain = required(config.domain.as_ref(), "domain")?;
            described(&format!("https://{domain}"))
        },
        scopes: &["openid", "email", "profile", "offline_access"],
        start: &[("prompt", "consent")],
        start_from_config: |config| {
            from_config(&[
                ("audience", config.audience.as_ref()),
                ("connection", config.connection.as_ref()),
                ("connection_scope", config.connection_scope.as_ref()),
                ("organization", config.organization.as_ref()),
            ])
        },
        facts: |claims, _| openid_facts(claims, Trust::IfVerified),
        logout: leave_auth0,
        ..USUAL
    },
    Preset {
        id: "onelogin",
        place: |config| described(required(config.issuer.as_ref(), "issuer")?),
        scopes: &["openid", "profile", "email"],
        sources: |_| vec![Source::IdToken, Source::UserInfo],
        resolvers: |_| vec![NAME],
        ..USUAL
    },
    vendors::MICROSOFT,
    vendors::GITHUB,
    vendors::GITLAB,
    vendors::BITBUCKET,
    vendors::BITBUCKET_SERVER,
    vendors::ATLASSIAN,
    clusters::OPENSHIFT,
    clusters::PINNIPED,
    clusters::VMWARE,
];

const EMAIL_OF_GOOGLE: &str = "https://www.googleapis.com/auth/userinfo.email";
const PROFILE_OF_GOOGLE: &str = "https://www.googleapis.com/auth/userinfo.profile";
/// The resolver that many providers have.
const NAME: Named = ("usernameMatchingUserEntityName", Rule::Name(Fact::Username));

fn annotation(name: &'static str, annotation: &'static str, fact: Fact) -> Named {
    (name, Rule::Annotation(annotation.into(), fact))
}

fn required<'c>(value: Option<&'c String>, key: &str) -> Result<&'c str, String> {
    let value = value.map(String::as_str).filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("`{key}` is missing"))
}

fn parsed(text: &str, key: &str) -> Result<Url, String> {
    let url: Option<Url> = text.parse().ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| format!("`{key}`: `{text}` is not a URL"))
}

fn described(text: &str) -> Result<Place, String> {
    parsed(text, "address of the provider").map(Place::Described)
}

/// An address we know, or one made of a checked base.
fn address(base: &str, path: &str) -> Result<Url, String> {
    let base = base.trim_end_matches('/');
    parsed(&format!("{base}{path}"), "address of the provider")
}

fn from_config(parameters: &[(&'static str, Option<&String>)]) -> Vec<(&'static str, String)> {
    let given = parameters.iter();
    given
        .filter_map(|(name, value)| Some((*name, (*value)?.clone())))
        .collect()
}

/// The page that ends the session at Auth0, and with `federatedLogout` behind it.
fn leave_auth0(config: &OAuthConfig, origin: Option<&str>) -> Option<Url> {
    let domain = config.domain.as_ref()?;
    let mut url: Url = format!("https://{domain}/v2/logout").parse().ok()?;
    let mut query = url.query_pairs_mut();
    if config.federated_logout {
        query.append_pair("federated", "");
    }
    query.append_pair("client_id", config.client_id.as_deref().unwrap_or_default());
    if let Some(origin) = origin {
        query.append_pair("returnTo", origin);
    }
    drop(query);
    Some(url)
}

#[cfg(test)]
mod tests {
    use platform::config::OAUTH_PROVIDERS;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_provider_of_the_configuration_has_a_preset() {
        for id in OAUTH_PROVIDERS {
            assert!(preset(id).is_some(), "{id}");
        }
        assert_eq!(PRESETS.len(), OAUTH_PROVIDERS.len());
    }

    #[test]
    fn tokens_are_for_the_host_of_the_provider() {
        let cases = [
            ("github", json!({}), Some("github.com")),
            (
                "github",
                json!({ "enterpriseInstanceUrl": "https://ghe.acme.org/" }),
                Some("ghe.acme.org"),
            ),
            (
                "gitlab",
                json!({ "audience": "https://git.acme.org:8443" }),
                Some("git.acme.org:8443"),
            ),
            ("gitlab", json!({}), Some("gitlab.com")),
            ("bitbucket", json!({}), Some("bitbucket.org")),
            (
                "bitbucketServer",
                json!({ "host": "bitbucket.acme.org" }),
                Some("bitbucket.acme.org"),
            ),
            ("google", json!({}), None),
        ];
        for (id, config, expected) in cases {
            let config = serde_json::from_value(config).unwrap();
            let host = (preset(id).unwrap().code_host)(&config);
            assert_eq!(host.as_deref(), expected, "{id}");
        }
    }
}
