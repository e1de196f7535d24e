//! Providers of clusters and clouds: `OpenShift`, Pinniped, VMware Cloud Services.

use platform::config::OAuthConfig;

use super::{NAME, USUAL, address, described, from_config, parsed, required};
use crate::oauth::endpoints::Endpoints;
use crate::oauth::preset::{Place, Preset, SessionKind, Source};
use crate::sign_in::{Claims, Fact, Facts, Rule, Trust, openid_facts};

/// The OAuth server of an `OpenShift` cluster; who somebody is, is a resource of the cluster.
pub(super) const OPENSHIFT: Preset = Preset {
    id: "openshift",
    place: |config| {
        required(
            config.openshift_api_server_url.as_ref(),
            "openshiftApiServerUrl",
        )?;
        let authorization = required(config.authorization_url.as_ref(), "authorizationUrl")?;
        let token = required(config.token_url.as_ref(), "tokenUrl")?;
        Ok(Place::Known(Endpoints::plain(
            parsed(authorization, "authorizationUrl")?,
            parsed(token, "tokenUrl")?,
        )))
    },
    scopes: &["user:full"],
    sources: |config| {
        let base = config.openshift_api_server_url.as_deref();
        let url = address(
            base.unwrap_or_default(),
            "/apis/user.openshift.io/v1/users/~",
        );
        url.into_iter().map(Source::Object).collect()
    },
    facts: |claims, _| Facts {
        id: claims.text("/metadata/uid"),
        username: claims.text("/metadata/name"),
        preferred_username: claims.text("/metadata/name"),
        email: None,
        display_name: claims.text("/metadata/name"),
        picture: None,
        claims: claims.names(),
        email_doubt: None,
    },
    resolvers: |_| {
        vec![(
            "displayNameMatchingUserEntityName",
            Rule::Name(Fact::Username),
        )]
    },
    session: SessionKind::AccessToken,
    ..USUAL
};

/// A supervisor of Pinniped, which federates identity providers for clusters.
pub(super) const PINNIPED: Preset = Preset {
    id: "pinniped",
    place: |config| {
        described(required(
            config.federation_domain.as_ref(),
            "federationDomain",
        )?)
    },
    scopes: &[
        "openid",
        "offline_access",
        "username",
        "pinniped:request-audience",
    ],
    facts: |claims, _| Facts {
        username: claims.text("/username"),
        ..openid_facts(claims, Trust::IfVerified)
    },
    resolvers: |_| vec![NAME],
    ..USUAL
};

const VMWARE_URL: &str = "https://console.cloud.vmware.com/csp/gateway";

/// VMware Cloud Services; only members of the organization count.
pub(super) const VMWARE: Preset = Preset {
    id: "vmwareCloudServices",
    place: |config| {
        required(config.organization_id.as_ref(), "organizationId")?;
        Ok(Place::Known(Endpoints::plain(
            address(VMWARE_URL, "/discovery")?,
            address(VMWARE_URL, "/am/api/auth/token")?,
        )))
    },
    scopes: &["openid", "offline_access"],
    start_from_config: |config| from_config(&[("orgId", config.organization_id.as_ref())]),
    facts: vmware_facts,
    resolvers: |_| vec![NAME],
    ..USUAL
};

/// Somebody who chose another organization on the page of the provider is nobody here.
fn vmware_facts(claims: &Claims, config: &OAuthConfig) -> Facts {
    let usual = openid_facts(claims, Trust::IfNotDenied);
    if claims.text("/context_name") == config.organization_id {
        return Facts {
            username: claims.text("/username"),
            ..usual
        };
    }
    Facts {
        id: None,
        username: None,
        preferred_username: None,
        email: None,
        display_name: None,
        picture: None,
        claims: usual.claims,
        email_doubt: Some("the token is for another organization than `organizationId`"),
    }
}
