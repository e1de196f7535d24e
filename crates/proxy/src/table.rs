//! Which endpoint a path is of.

use platform::config::ProxyConfig;
use platform::{Error, Result};

use crate::endpoint::Endpoint;
use crate::path;

/// Endpoints, the longest path first.
pub(crate) struct Table(pub(crate) Vec<Endpoint>);

impl Table {
    /// The endpoints of the configuration. One that is wrong is an error, or left out where
    /// configuration says so.
    pub(crate) fn new(config: &ProxyConfig) -> Result<Self> {
        let mut endpoints = Vec::new();
        for (route, settings) in &config.endpoints {
            match Endpoint::new(route, settings) {
                Ok(endpoint) => endpoints.push(endpoint),
                Err(error) if config.skip_invalid_proxies => {
                    tracing::warn!(error = error.chain(), "a proxy endpoint is left out");
                }
                Err(error) => return Err(error),
            }
        }
        endpoints.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.route.len()));
        Ok(Self(endpoints))
    }

    fn find<'p>(&self, path: &'p str) -> Option<(&Endpoint, &'p str)> {
        let mut endpoints = self.0.iter();
        endpoints.find_map(|endpoint| Some((endpoint, endpoint.rest(path)?)))
    }

    /// The endpoint of a path, and what follows it; an error when the target may take the path for
    /// one of another endpoint, which may ask for credentials.
    pub(crate) fn find_certain<'p>(&self, path: &'p str) -> Result<Option<(&Endpoint, &'p str)>> {
        let found = self.find(path);
        if let Some((endpoint, _)) = found {
            let readings = path::readings(path).into_iter();
            let mut others = readings.map(|reading| self.find(&reading).map(|(other, _)| other));
            if others.any(|other| other.is_none_or(|other| !std::ptr::eq(other, endpoint))) {
                return Err(Error::input("the path may lead elsewhere"));
            }
        }
        Ok(found)
    }
}
