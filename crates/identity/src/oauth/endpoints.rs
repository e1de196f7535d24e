//! Where a provider's endpoints are: known, or as it describes them itself (OpenID discovery).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use platform::clock::Millis;
use platform::{Clock, Error, Result};
use serde::Deserialize;
use url::Url;

use super::preset::Place;
use crate::fetch::{Fetch, Outgoing, place, success};
use crate::key_set::KeySet;

/// How long a description is used.
const MAX_AGE: Millis = 3_600_000;
/// Least time between two tries when the first one failed.
const COOLDOWN: Millis = 3_000;
const WELL_KNOWN: &str = ".well-known/openid-configuration";

/// Where to ask a provider for what.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// Who issues ID tokens; none for providers without.
    pub(crate) issuer: Option<String>,
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) userinfo: Option<Url>,
    pub(crate) revocation: Option<Url>,
    /// The keys of ID tokens.
    pub(crate) keys: Option<Arc<KeySet>>,
    /// Whether every answer names its issuer (RFC 9207).
    pub(crate) names_issuer: bool,
    /// How clients may prove themselves at the token endpoint; empty when it does not say.
    pub(crate) auth_methods: Vec<String>,
}

impl Endpoints {
    /// The two every provider has.
    pub(crate) fn plain(authorization: Url, token: Url) -> Box<Self> {
        Box::new(Self {
            issuer: None,
            authorization,
            token,
            userinfo: None,
            revocation: None,
            keys: None,
            names_issuer: false,
            auth_methods: Vec::new(),
        })
    }
}

/// What a provider says of itself, as far as it is used.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: Address,
    token_endpoint: Address,
    jwks_uri: Address,
    userinfo_endpoint: Option<Address>,
    revocation_endpoint: Option<Address>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// A URL in a description.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Address(Url);

impl TryFrom<String> for Address {
    type Error = url::ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// The endpoints of one provider, found when needed.
pub(crate) struct Discovery {
    place: Where,
    fetch: Arc<dyn Fetch>,
    clock: Clock,
    timeout: Option<Duration>,
}

enum Where {
    Known(Arc<Endpoints>),
    /// The lock is held while asking, so that one request asks for all that wait.
    Described(Url, tokio::sync::Mutex<Found>),
}

#[derive(Default)]
struct Found {
    endpoints: Option<Arc<Endpoints>>,
    /// When the provider was last asked.
    asked_at: Option<Millis>,
    failure: Option<String>,
}

impl Discovery {
    pub(crate) fn new(
        place: Place,
        fetch: Arc<dyn Fetch>,
        clock: Clock,
        timeout: Option<Duration>,
    ) -> Self {
        let place = match place {
            Place::Known(endpoints) => Where::Known(Arc::from(endpoints)),
            Place::Described(url) => {
                Where::Described(described_at(url), tokio::sync::Mutex::default())
            }
        };
        Self {
            place,
            fetch,
            clock,
            timeout,
        }
    }

    /// The endpoints; asks the provider unless it was asked lately. Endpoints that are too old are
    /// used until the provider answers again.
    pub(crate) async fn endpoints(&self) -> Result<Arc<Endpoints>> {
        let (url, found) = match &self.place {
            Where::Known(endpoints) => return Ok(Arc::clone(endpoints)),
            Where::Described(url, found) => (url, found),
        };
        let mut found = found.lock().await;
        let age = found.asked_at.map(|at| self.clock.now() - at);
        let limit = if found.failure.is_none() {
            MAX_AGE
        } else {
            COOLDOWN
        };
        if age.is_none_or(|age| age >= limit) {
            found.asked_at = Some(self.clock.now());
            match self.ask(url).await {
                Ok(endpoints) => {
                    found.endpoints = Some(Arc::new(endpoints));
                    found.failure = None;
                }
                Err(error) => {
                    tracing::warn!(error = error.chain(), "asking a sign-in provider failed");
                    found.failure = Some(error.chain());
                }
            }
        }
        let failure = || found.failure.clone().unwrap_or_default();
        found.endpoints.clone().ok_or_else(|| {
            Error::unavailable("The sign-in provider cannot be reached").with_source(failure())
        })
    }

    async fn ask(&self, url: &Url) -> Result<Endpoints> {
        let mut request = Outgoing::get(url.clone());
        request.timeout = self.timeout.unwrap_or(request.timeout);
        let body = success(url, self.fetch.send(request).await?)?;
        let said: Description = serde_json::from_slice(&body).map_err(|error| {
            let text = format!("{} is not the description of a provider", place(url));
            Error::unavailable(text).with_source(error)
        })?;
        let keys = KeySet::new(said.jwks_uri.0, Arc::clone(&self.fetch), self.clock.clone());
        Ok(Endpoints {
            issuer: Some(said.issuer),
            authorization: said.authorization_endpoint.0,
            token: said.token_endpoint.0,
            userinfo: said.userinfo_endpoint.map(|address| address.0),
            revocation: said.revocation_endpoint.map(|address| address.0),
            keys: Some(Arc::new(keys)),
            names_issuer: said.authorization_response_iss_parameter_supported,
            auth_methods: said.token_endpoint_auth_methods_supported,
        })
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Where::Known(endpoints) => write!(f, "Discovery({})", endpoints.authorization),
            Where::Described(url, _) => write!(f, "Discovery({url})"),
        }
    }
}

/// The description of an issuer; addresses of descriptions stay as they are.
fn described_at(mut url: Url) -> Url {
    if !url.path().contains("/.well-known/") {
        let path = format!("{}/{WELL_KNOWN}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_stands_for_its_description() {
        for (written, read) in [
            (
                "https://id.acme.org",
                "https://id.acme.org/.well-known/openid-configuration",
            ),
            (
                "https://id.acme.org/realms/a/",
                "https://id.acme.org/realms/a/.well-known/openid-configuration",
            ),
            (
                "https://id.acme.org/.well-known/other",
                "https://id.acme.org/.well-known/other",
            ),
        ] {
            assert_eq!(described_at(written.parse().unwrap()).as_str(), read);
        }
    }
}
