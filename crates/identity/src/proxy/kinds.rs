//! The proxies we know. Reference 3 §2.3.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderName;
use ipnet::IpNet;
use jsonwebtoken::Algorithm;
use platform::Clock;
use platform::config::{OneOrMany, TrustedProxyConfig};
use url::Url;

use super::Kind;
use super::alb::{LoadBalancer, RegionKeys};
use super::token::SignedHeader;
use crate::fetch::Fetch;
use crate::key_set::KeySet;
use crate::sign_in::{Claims, Fact, Facts, Named, Rule, Trust, openid_facts};

const IAP_KEYS: &str = "https://www.gstatic.com/iap/verify/public_key-jwk";
const IAP_ISSUER: &str = "https://cloud.google.com/iap";
/// Before the id of a Google account.
const IAP_SUBJECT: &str = "accounts.google.com:";
const ENTRA: &str = "https://login.microsoftonline.com/";

/// The id as we write it, and the resolvers of a proxy beside the common ones.
pub(super) fn resolvers(id: &str) -> Option<(&'static str, Vec<Named>)> {
    let annotation = |name, annotation: &'static str, fact| -> Named {
        (name, Rule::Annotation(annotation.into(), fact))
    };
    let username: Named = ("usernameMatchingUserEntityName", Rule::Name(Fact::Username));
    Some(match id {
        "awsalb" => ("awsalb", Vec::new()),
        "azureEasyAuth" => (
            "azureEasyAuth",
            vec![annotation(
                "idMatchingUserEntityAnnotation",
                "graph.microsoft.com/user-id",
                Fact::Id,
            )],
        ),
        "cfaccess" => ("cfaccess", Vec::new()),
        "gcpIap" => (
            "gcpIap",
            vec![
                annotation(
                    "emailMatchingUserEntityAnnotation",
                    "google.com/email",
                    Fact::Email,
                ),
                annotation(
                    "idMatchingUserEntityAnnotation",
                    "google.com/user-id",
                    Fact::Id,
                ),
            ],
        ),
        "jwtHeader" => ("jwtHeader", vec![username]),
        "oauth2Proxy" => (
            "oauth2Proxy",
            vec![
                (
                    "forwardedUserMatchingUserEntityName",
                    Rule::Name(Fact::Username),
                ),
                (
                    "forwardedPreferredUsernameMatchingUserEntityName",
                    Rule::Name(Fact::PreferredUsername),
                ),
            ],
        ),
        _ => return None,
    })
}

/// How a proxy proves what it says.
pub(super) fn kind(
    id: &str,
    config: &TrustedProxyConfig,
    fetch: &Arc<dyn Fetch>,
    clock: &Clock,
) -> Result<Kind, String> {
    let draft = Draft {
        config,
        fetch,
        clock,
    };
    match id {
        "awsalb" => draft.load_balancer(),
        "azureEasyAuth" => draft.entra(),
        "cfaccess" => draft.cloudflare(),
        "gcpIap" => draft.google(),
        "jwtHeader" => draft.generic(),
        "oauth2Proxy" => draft.oauth2_proxy(),
        _ => Err("is not known".to_owned()),
    }
}

struct Draft<'c> {
    config: &'c TrustedProxyConfig,
    fetch: &'c Arc<dyn Fetch>,
    clock: &'c Clock,
}

impl Draft<'_> {
    fn load_balancer(&self) -> Result<Kind, String> {
        let signer = self.config.signer.as_ref();
        let region = required(self.config.region.as_ref(), "region")?;
        Ok(Kind::LoadBalancer(LoadBalancer {
            issuer: required(self.config.issuer.as_ref(), "issuer")?.to_owned(),
            signer: required(signer, "signer")
                .map_err(|problem| format!("{problem}: the ARN of the load balancer"))?
                .to_owned(),
            keys: RegionKeys::new(region, self.fetch)
                .ok_or_else(|| format!("`region`: `{region}` is not a region"))?,
            clock: self.clock.clone(),
        }))
    }

    fn google(&self) -> Result<Kind, String> {
        let facts = |claims: &Claims| {
            let facts = openid_facts(claims, Trust::IfNotDenied);
            let id = facts.id.as_deref().unwrap_or_default();
            Facts {
                id: Some(id.strip_prefix(IAP_SUBJECT).unwrap_or(id).to_owned()),
                ..facts
            }
        };
        let header = self.config.jwt_header.as_deref();
        let header = header.unwrap_or("x-goog-iap-jwt-assertion");
        Ok(Kind::Token(SignedHeader {
            algorithms: vec![Algorithm::ES256],
            facts,
            told_as: "iapToken",
            ..self.signed(header, IAP_ISSUER, IAP_KEYS)?
        }))
    }

    fn cloudflare(&self) -> Result<Kind, String> {
        let team = required(self.config.team_name.as_ref(), "teamName")?;
        let issuer = format!("https://{team}.cloudflareaccess.com");
        let keys = format!("{issuer}/cdn-cgi/access/certs");
        let header = self.config.jwt_header_name.as_deref();
        let cookie = self.config.authorization_cookie_name.clone();
        let tokens = self.config.service_tokens.iter();
        Ok(Kind::Token(SignedHeader {
            algorithms: vec![Algorithm::RS256],
            cookie: Some(cookie.unwrap_or_else(|| "CF_Authorization".to_owned())),
            service_tokens: tokens
                .map(|token| (token.token.clone(), token.subject.clone()))
                .collect(),
            ..self.signed(header.unwrap_or("cf-access-jwt-assertion"), &issuer, &keys)?
        }))
    }

    fn entra(&self) -> Result<Kind, String> {
        let issuer = required(self.config.issuer.as_ref(), "issuer")?;
        let derived = issuer
            .strip_prefix(ENTRA)
            .and_then(|rest| rest.split('/').next());
        let derived = derived.map(|tenant| format!("{ENTRA}{tenant}/discovery/v2.0/keys"));
        let keys = self.config.jwks_url.clone().or(derived);
        let facts = |claims: &Claims| {
            let facts = openid_facts(claims, Trust::IfNotDenied);
            Facts {
                id: claims.text("/oid"),
                username: claims
                    .text("/preferred_username")
                    .or_else(|| claims.text("/upn")),
                ..facts
            }
        };
        Ok(Kind::Token(SignedHeader {
            facts,
            ..self.signed(
                "x-ms-token-aad-id-token",
                issuer,
                required(keys.as_ref(), "jwksUrl")?,
            )?
        }))
    }

    fn generic(&self) -> Result<Kind, String> {
        let header = self.config.jwt_header.as_deref().unwrap_or("authorization");
        let issuer = required(self.config.issuer.as_ref(), "issuer")?;
        let keys = required(self.config.jwks_url.as_ref(), "jwksUrl")?;
        let names = self.config.algorithms.as_ref();
        let algorithms = names.map_or(&[][..], |names| &names.0).iter();
        let algorithms = algorithms.map(|name| {
            name.parse()
                .map_err(|_| format!("`algorithms`: `{name}` is not an algorithm we know"))
        });
        Ok(Kind::Token(SignedHeader {
            algorithms: algorithms.collect::<Result<_, _>>()?,
            ..self.signed(header, issuer, keys)?
        }))
    }

    /// With published keys the ID token counts, else plain headers of known addresses do.
    fn oauth2_proxy(&self) -> Result<Kind, String> {
        if let Some(keys) = &self.config.jwks_url {
            let issuer = required(self.config.issuer.as_ref(), "issuer")?;
            let header = self.signed("x-oauth2-proxy-id-token", issuer, keys)?;
            return Ok(Kind::Token(header));
        }
        let local = || OneOrMany(vec!["127.0.0.0/8".to_owned(), "::1".to_owned()]);
        let trusted = self.config.trusted_proxies.clone().unwrap_or_else(local);
        let nets = trusted.0.iter().map(|text| {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse::<IpNet>().or_else(|_| {
                address().map_err(|_| format!("`trustedProxies`: `{text}` is not an address"))
            })
        });
        Ok(Kind::Headers(nets.collect::<Result<_, _>>()?))
    }

    fn signed(&self, header: &str, issuer: &str, keys: &str) -> Result<SignedHeader, String> {
        let audiences = self.config.audience.as_ref().map(|list| list.0.clone());
        let audiences = audiences.unwrap_or_default();
        if audiences.is_empty() {
            return Err("`audience` is missing: without it, tokens for others would do".to_owned());
        }
        let keys: Url = keys.parse().map_err(|_| format!("`{keys}` is not a URL"))?;
        Ok(SignedHeader {
            header: HeaderName::try_from(header)
                .map_err(|_| format!("`{header}` is not a header"))?,
            cookie: None,
            issuer: issuer.to_owned(),
            audiences,
            algorithms: Vec::new(),
            keys: KeySet::new(keys, Arc::clone(self.fetch), self.clock.clone()),
            facts: |claims| openid_facts(claims, Trust::IfNotDenied),
            service_tokens: Vec::new(),
            told_as: "claims",
            clock: self.clock.clone(),
        })
    }
}

fn required<'c>(value: Option<&'c String>, key: &str) -> Result<&'c str, String> {
    let value = value.map(String::as_str).filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("`{key}` is missing"))
}
