//! The configured sign-in providers.

use std::collections::BTreeMap;
use std::sync::Arc;

use platform::{Clock, Error, Result};

use crate::fetch::Fetch;
use crate::oauth::{Client, preset};
use crate::proxy::Proxy;
use crate::settings::Settings;

/// All providers but the guest. One that cannot work is left out and says why, so that a missing
/// secret of one provider does not keep everybody from signing in with the others.
#[derive(Debug, Default)]
pub(crate) struct Providers {
    oauth: BTreeMap<String, BTreeMap<String, Client>>,
    proxies: BTreeMap<String, Proxy>,
    problems: Vec<String>,
}

/// A configured provider.
pub(crate) enum Provider<'p> {
    /// With pages of its own.
    OAuth(&'p BTreeMap<String, Client>),
    /// A proxy in front of the portal.
    Proxy(&'p Proxy),
}

impl Providers {
    pub(crate) fn new(settings: &Settings, fetch: &Arc<dyn Fetch>, clock: &Clock) -> Self {
        let mut providers = Self::default();
        for (id, environments) in &settings.providers.oauth {
            for (environment, config) in environments {
                let client = preset(id).ok_or_else(|| "is not known".to_owned());
                let client = client.and_then(|preset| {
                    Client::new(
                        preset,
                        environment,
                        config,
                        &settings.base_url,
                        fetch,
                        clock,
                    )
                });
                match client {
                    Ok(client) => {
                        let of_id = providers.oauth.entry(id.clone()).or_default();
                        of_id.insert(environment.clone(), client);
                    }
                    Err(problem) => providers.complain(&format!("{id}.{environment}"), &problem),
                }
            }
        }
        for (id, config) in &settings.providers.proxies {
            match Proxy::new(id, config, fetch, clock) {
                Ok(proxy) => drop(providers.proxies.insert(id.clone(), proxy)),
                Err(problem) => providers.complain(id, &problem),
            }
        }
        for id in settings.providers.others.keys() {
            providers.complain(id, "there is no such provider");
        }
        providers
    }

    fn complain(&mut self, place: &str, problem: &str) {
        let text = format!("`auth.providers.{place}`: {problem}");
        tracing::error!(problem = text, "a sign-in provider cannot be used");
        self.problems.push(text);
    }

    /// The provider with an id.
    pub(crate) fn find(&self, id: &str) -> Option<Provider<'_>> {
        let oauth = self.oauth.get(id).map(Provider::OAuth);
        oauth.or_else(|| self.proxies.get(id).map(Provider::Proxy))
    }

    /// Every client.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.oauth.values().flat_map(BTreeMap::values)
    }

    /// Every proxy.
    pub(crate) fn proxies(&self) -> impl Iterator<Item = &Proxy> {
        self.proxies.values()
    }

    /// Why providers cannot be used.
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// The client of an environment, or the error Backstage has for unknown ones.
pub(crate) fn client_of<'p>(
    clients: &'p BTreeMap<String, Client>,
    environment: Option<&str>,
) -> Result<&'p Client> {
    let environment = environment
        .ok_or_else(|| Error::input("Must specify 'env' query to select environment"))?;
    clients.get(environment).ok_or_else(|| {
        Error::not_found(format!(
            "No configuration available for the '{environment}' environment of this provider."
        ))
    })
}
