//! Providers that say who somebody is in ways of their own.

use platform::config::OAuthConfig;
use serde_json::Value;
use url::Url;

use super::{NAME, USUAL, address, annotation, described, from_config, required};
use crate::oauth::endpoints::Endpoints;
use crate::oauth::preset::{Place, Preset, SessionKind, Source};
use crate::sign_in::{Claims, Fact, Facts, Named, Rule, Trust, openid_facts};

/// Entra ID. The id is the one of the directory, the same for every application.
pub(super) const MICROSOFT: Preset = Preset {
    id: "microsoft",
    place: |config| {
        let tenant = required(config.tenant_id.as_ref(), "tenantId")?;
        described(&format!("https://login.microsoftonline.com/{tenant}/v2.0"))
    },
    scopes: &["openid", "email", "profile", "offline_access"],
    default_scopes: &["user.read"],
    start_from_config: |config| from_config(&[("domain_hint", config.domain_hint.as_ref())]),
    sources: |config| {
        let mut sources = vec![Source::IdToken];
        let profile = address("https://graph.microsoft.com", "/v1.0/me").ok();
        // A token for another API cannot ask Graph.
        let profile = profile.filter(|_| !config.skip_user_profile);
        sources.extend(profile.map(|url| Source::Member("graph", url)));
        sources
    },
    facts: microsoft_facts,
    resolvers: |_| {
        vec![
            annotation(
                "emailMatchingUserEntityAnnotation",
                "microsoft.com/email",
                Fact::Email,
            ),
            annotation(
                "userIdMatchingUserEntityAnnotation",
                "graph.microsoft.com/user-id",
                Fact::Id,
            ),
        ]
    },
    ..USUAL
};

/// GitHub and GitHub Enterprise: OAuth 2 and a REST API.
pub(super) const GITHUB: Preset = Preset {
    id: "github",
    place: |config| {
        let base = config
            .enterprise_instance_url
            .as_deref()
            .unwrap_or(GITHUB_URL);
        Ok(Place::Known(Endpoints::plain(
            address(base, "/login/oauth/authorize")?,
            address(base, "/login/oauth/access_token")?,
        )))
    },
    scopes: &["read:user"],
    persists_scopes: true,
    sources: |config| {
        let url = match &config.enterprise_instance_url {
            Some(base) => address(base, "/api/v3/user"),
            None => address("https://api.github.com", "/user"),
        };
        url.into_iter().map(Source::Object).collect()
    },
    facts: |claims, _| Facts {
        id: claims.text("/id"),
        username: claims.text("/login"),
        preferred_username: claims.text("/login"),
        // What GitHub shows as public address has been verified.
        email: claims.text("/email"),
        display_name: claims.text("/name"),
        picture: claims.text("/avatar_url"),
        claims: claims.names(),
        email_doubt: None,
    },
    resolvers: |_| {
        vec![
            NAME,
            (
                "preferredUsernameMatchingUserEntityName",
                Rule::Name(Fact::PreferredUsername),
            ),
            annotation(
                "userIdMatchingUserEntityAnnotation",
                "github.com/user-id",
                Fact::Id,
            ),
        ]
    },
    session: SessionKind::AccessToken,
    code_host: |config| {
        let base = config.enterprise_instance_url.as_deref();
        host_of(base.unwrap_or(GITHUB_URL))
    },
    ..USUAL
};

const GITHUB_URL: &str = "https://github.com";
const GITLAB_URL: &str = "https://gitlab.com";

/// The host of an address as integrations write it, with its port where it has one of its own.
fn host_of(address: &str) -> Option<String> {
    let url = address.parse::<Url>().ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// GitLab, in the cloud or one's own.
pub(super) const GITLAB: Preset = Preset {
    id: "gitlab",
    place: |config| {
        let base = config.audience.as_deref().unwrap_or(GITLAB_URL);
        let mut endpoints = Endpoints::plain(
            address(base, "/oauth/authorize")?,
            address(base, "/oauth/token")?,
        );
        endpoints.revocation = Some(address(base, "/oauth/revoke")?);
        Ok(Place::Known(endpoints))
    },
    scopes: &["read_user"],
    sources: |config| {
        let base = config.audience.as_deref().unwrap_or(GITLAB_URL);
        let url = address(base, "/api/v4/user");
        url.into_iter().map(Source::Object).collect()
    },
    facts: |claims, _| {
        let email = claims.text("/email");
        let is_confirmed = claims.has("/confirmed_at");
        Facts {
            id: claims.text("/id"),
            username: claims.text("/username"),
            preferred_username: claims.text("/username"),
            email_doubt: (email.is_some() && !is_confirmed)
                .then_some("the email address is not confirmed at GitLab"),
            email: email.filter(|_| is_confirmed),
            display_name: claims.text("/name"),
            picture: claims.text("/avatar_url"),
            claims: claims.names(),
        }
    },
    resolvers: |config| {
        let host = config.audience.as_deref().unwrap_or(GITLAB_URL);
        let host = host.parse::<Url>().ok();
        let host = host
            .as_ref()
            .and_then(Url::host_str)
            .unwrap_or("gitlab.com");
        let by_id: Named = (
            "userIdMatchingUserEntityAnnotation",
            Rule::Annotation(format!("{host}/user-id").into(), Fact::Id),
        );
        vec![NAME, by_id]
    },
    code_host: |config| host_of(config.audience.as_deref().unwrap_or(GITLAB_URL)),
    ..USUAL
};

/// Bitbucket Cloud.
pub(super) const BITBUCKET: Preset = Preset {
    id: "bitbucket",
    place: |_| {
        let base = "https://bitbucket.org";
        Ok(Place::Known(Endpoints::plain(
            address(base, "/site/oauth2/authorize")?,
            address(base, "/site/oauth2/access_token")?,
        )))
    },
    scopes: &["account"],
    sources: |_| {
        let base = "https://api.bitbucket.org/2.0";
        let user = address(base, "/user").map(Source::Object);
        // Needs the scope `email`; without it there is no address.
        let emails = address(base, "/user/emails").map(|url| Source::Member("emails", url));
        user.into_iter().chain(emails).collect()
    },
    facts: bitbucket_facts,
    resolvers: |_| {
        vec![
            NAME,
            annotation(
                "usernameMatchingUserEntityAnnotation",
                "bitbucket.org/username",
                Fact::Username,
            ),
            annotation(
                "userIdMatchingUserEntityAnnotation",
                "bitbucket.org/user-id",
                Fact::Id,
            ),
        ]
    },
    code_host: |_| Some("bitbucket.org".to_owned()),
    ..USUAL
};

/// Bitbucket Server and Data Center; it names the user in a header of every answer.
pub(super) const BITBUCKET_SERVER: Preset = Preset {
    id: "bitbucketServer",
    place: |config| {
        let base = format!(
            "https://{}/rest/oauth2/latest",
            required(config.host.as_ref(), "host")?
        );
        Ok(Place::Known(Endpoints::plain(
            address(&base, "/authorize")?,
            address(&base, "/token")?,
        )))
    },
    sources: |config| {
        let host = config.host.as_deref().unwrap_or_default();
        let base = format!("https://{host}/rest/api/latest");
        let ask = address(&base, "/application-properties");
        let then = address(&base, "/users");
        match (ask, then) {
            (Ok(ask), Ok(then)) => vec![Source::NameInHeader {
                ask,
                header: "x-ausername",
                then,
            }],
            _ => Vec::new(),
        }
    },
    facts: |claims, _| Facts {
        id: claims.text("/id"),
        username: claims.text("/slug").or_else(|| claims.text("/name")),
        preferred_username: claims.text("/name"),
        // Addresses of an instance are managed by its administrators.
        email: claims.text("/emailAddress"),
        display_name: claims.text("/displayName"),
        picture: None,
        claims: claims.names(),
        email_doubt: None,
    },
    code_host: |config| config.host.clone(),
    ..USUAL
};

/// Atlassian Cloud.
pub(super) const ATLASSIAN: Preset = Preset {
    id: "atlassian",
    place: |_| {
        let base = "https://auth.atlassian.com";
        Ok(Place::Known(Endpoints::plain(
            address(base, "/authorize")?,
            address(base, "/oauth/token")?,
        )))
    },
    scopes: &[
        "offline_access",
        "read:me",
        "read:jira-work",
        "read:jira-user",
    ],
    start: &[("audience", "api.atlassian.com"), ("prompt", "consent")],
    sources: |_| {
        let url = address("https://api.atlassian.com", "/me");
        url.into_iter().map(Source::Object).collect()
    },
    facts: |claims, _| {
        let email = claims.text("/email");
        // Only addresses that somebody answered from belong to an active account.
        let is_denied = claims.has("/email_verified") && !claims.is_true("/email_verified");
        Facts {
            id: claims.text("/account_id"),
            username: claims.text("/nickname"),
            preferred_username: claims.text("/nickname"),
            email: email.filter(|_| !is_denied),
            display_name: claims.text("/name"),
            picture: claims.text("/picture"),
            claims: claims.names(),
            email_doubt: is_denied.then_some("the email address is not verified at Atlassian"),
        }
    },
    resolvers: |_| vec![NAME],
    ..USUAL
};

/// Tenants in which anybody can make an account, with any address.
const OPEN_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

/// In a tenant of one's own, addresses are managed by its administrators; where any tenant may sign
/// in, an address counts only if its domain was proven to belong to the tenant (`xms_edov`).
fn microsoft_facts(claims: &Claims, config: &OAuthConfig) -> Facts {
    let tenant = config.tenant_id.as_deref().unwrap_or_default();
    let is_open = OPEN_TENANTS.contains(&tenant);
    let is_proven = claims.is_true("/xms_edov") || claims.text("/xms_edov").as_deref() == Some("1");
    let email = claims.text("/graph/mail").filter(|_| !is_open);
    let email = email.or_else(|| claims.text("/email"));
    let counts = !is_open || is_proven;
    let usual = openid_facts(claims, Trust::IfNotDenied);
    Facts {
        id: claims.text("/graph/id").or_else(|| claims.text("/oid")),
        display_name: claims.text("/graph/displayName").or(usual.display_name),
        email_doubt: (email.is_some() && !counts).then_some(
            "accounts of any tenant may sign in, so an email address counts only with the \
             optional claim `xms_edov`; set `tenantId` to your tenant",
        ),
        email: email.filter(|_| counts),
        ..usual
    }
}

fn bitbucket_facts(claims: &Claims, _: &OAuthConfig) -> Facts {
    let is = |email: &Value, key: &str| email.get(key).and_then(Value::as_bool) == Some(true);
    let emails = claims.at("/emails/values").and_then(Value::as_array);
    let email = emails
        .into_iter()
        .flatten()
        .find(|email| is(email, "is_primary"));
    let email = email.filter(|email| is(email, "is_confirmed"));
    let email = email
        .and_then(|email| email.get("email"))
        .and_then(Value::as_str);
    Facts {
        id: claims.text("/account_id").or_else(|| claims.text("/uuid")),
        username: claims.text("/username"),
        preferred_username: claims.text("/nickname"),
        email: email.map(str::to_owned),
        display_name: claims.text("/display_name"),
        picture: claims.text("/links/avatar/href"),
        claims: claims.names(),
        email_doubt: email.is_none().then_some(
            "Bitbucket tells addresses only with the scope `email`, and only confirmed ones count; \
             add it to `additionalScopes`",
        ),
    }
}
