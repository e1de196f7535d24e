//! Sign-in by a proxy in front of the portal, which has asked who somebody is already.
//!
//! Invariants: a token is believed after signature, issuer, audience and time were checked, whoever
//! hands it over; plain headers are believed only when a configured proxy opened the connection,
//! because everybody else can write them too.

mod alb;
mod kinds;
mod token;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use ipnet::IpNet;
use platform::config::TrustedProxyConfig;
use platform::{Clock, Error, Result};
use serde_json::{Map, Value};

use self::alb::LoadBalancer;
use self::token::SignedHeader;
use crate::fetch::Fetch;
use crate::sign_in::{Claims, Facts, Resolver, Trust, openid_facts};

/// A provider that believes a proxy.
pub(crate) struct Proxy {
    pub(crate) id: &'static str,
    pub(crate) resolvers: Vec<Resolver>,
    kind: Kind,
}

enum Kind {
    /// A signed token in a header.
    Token(SignedHeader),
    /// What AWS load balancers sign.
    LoadBalancer(LoadBalancer),
    /// Plain headers.
    Headers(Vec<IpNet>),
}

/// A request, as far as a proxy has something to do with it.
#[derive(Clone, Copy)]
pub(crate) struct Handed<'r> {
    pub(crate) headers: &'r HeaderMap,
    /// Who opened the connection; `None` on a socket of this machine.
    pub(crate) peer: Option<IpAddr>,
}

/// Somebody the proxy vouches for.
#[derive(Debug)]
pub(crate) struct Vouched {
    pub(crate) facts: Facts,
    /// What the front end is told of the provider.
    pub(crate) provider_info: Map<String, Value>,
}

impl Proxy {
    /// A provider by its id; the error says which key is missing or wrong.
    pub(crate) fn new(
        id: &str,
        config: &TrustedProxyConfig,
        fetch: &Arc<dyn Fetch>,
        clock: &Clock,
    ) -> Result<Self, String> {
        let (id, own) = kinds::resolvers(id).ok_or("is not known")?;
        let configured = config.sign_in.iter().flat_map(|sign_in| &sign_in.resolvers);
        let resolvers: Result<Vec<_>, _> = configured
            .map(|resolver| Resolver::new(resolver, &own))
            .collect();
        let resolvers = resolvers?;
        if resolvers.is_empty() {
            return Err("`signIn.resolvers` is missing".to_owned());
        }
        Ok(Self {
            id,
            resolvers,
            kind: kinds::kind(id, config, fetch, clock)?,
        })
    }

    /// Fails when what the proxy says cannot be checked now. The keys of AWS are read one by one as
    /// tokens name them, and headers have none.
    pub(crate) async fn check(&self) -> Result<()> {
        match &self.kind {
            Kind::Token(header) => header.keys.check().await,
            Kind::LoadBalancer(_) | Kind::Headers(_) => Ok(()),
        }
    }

    /// What claims say, without asking who made them.
    pub(crate) fn facts(&self, claims: &Claims) -> Facts {
        match &self.kind {
            Kind::Token(header) => (header.facts)(claims),
            Kind::LoadBalancer(_) => openid_facts(claims, Trust::IfNotDenied),
            Kind::Headers(_) => Facts {
                username: claims.text("/x-forwarded-user"),
                preferred_username: claims.text("/x-forwarded-preferred-username"),
                email: claims.text("/x-forwarded-email"),
                claims: claims.names(),
                ..Facts::default()
            },
        }
    }

    /// Who made a request, if the proxy vouches for somebody.
    pub(crate) async fn identify(&self, handed: Handed<'_>) -> Result<Vouched> {
        match &self.kind {
            Kind::Token(header) => header.identify(handed).await,
            Kind::LoadBalancer(balancer) => balancer.identify(handed).await,
            Kind::Headers(trusted) => forwarded(handed, trusted),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.id)
    }
}

/// What oauth2-proxy writes into headers.
fn forwarded(handed: Handed<'_>, trusted: &[IpNet]) -> Result<Vouched> {
    // A socket of this machine is as near as a loopback address.
    let is_trusted = handed
        .peer
        .is_none_or(|peer| trusted.iter().any(|net| net.contains(&peer.to_canonical())));
    if !is_trusted {
        return Err(refused(
            "a connection of an address that is not in `trustedProxies`",
        ));
    }
    let header = |name: &str| -> Result<Option<String>> {
        let mut values = handed.headers.get_all(name).iter();
        let value = values.next().and_then(|value| value.to_str().ok());
        // A proxy replaces the header; a second one was written by somebody else.
        if values.next().is_some() {
            return Err(refused("a header that is there twice"));
        }
        Ok(value.filter(|value| !value.is_empty()).map(str::to_owned))
    };
    let username = header("x-forwarded-user")?;
    let preferred_username = header("x-forwarded-preferred-username")?;
    let email = header("x-forwarded-email")?;
    if username.is_none() && preferred_username.is_none() && email.is_none() {
        return Err(Error::unauthenticated("Missing header: x-forwarded-user"));
    }
    let facts = Facts {
        id: username.clone(),
        username,
        preferred_username,
        email,
        claims: [
            "x-forwarded-user",
            "x-forwarded-preferred-username",
            "x-forwarded-email",
        ]
        .into_iter()
        .filter(|name| handed.headers.contains_key(*name))
        .map(str::to_owned)
        .collect(),
        ..Facts::default()
    };
    Ok(Vouched {
        facts,
        provider_info: Map::new(),
    })
}

/// The proxy says something that it does not prove.
fn refused(reason: &str) -> Error {
    Error::unauthenticated("The proxy does not prove who you are").with_source(reason)
}
