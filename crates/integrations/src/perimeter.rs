//! Which URLs may be read outside of source control hosts: `backend.reading.allow`.

use std::collections::HashSet;

use url::{Host, Url};

use crate::address::{BlockedAddress, Trust, is_reachable};
use crate::integration::Integration;
use crate::percent;
use crate::registry::ScmIntegrations;
use crate::settings::ReadingSettings;

/// An entry of `backend.reading.allow` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`backend.reading.allow`: `{host}` is not a host with an optional port or range of ports")]
pub struct ReadingError {
    host: String,
}

/// The hosts configuration knows of.
#[derive(Debug, Default)]
pub(crate) struct Perimeter {
    rules: Vec<Rule>,
    named: HashSet<String>,
}

#[derive(Debug)]
struct Rule {
    host: Pattern,
    /// `None` permits the usual port of the scheme only.
    ports: Option<(u16, u16)>,
    paths: Option<Vec<String>>,
}

#[derive(Debug)]
enum Pattern {
    Exact(String),
    /// With its leading dot.
    Suffix(String),
}

impl Pattern {
    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(exact) => host == exact,
            Self::Suffix(suffix) => host.ends_with(&**suffix),
        }
    }
}

impl Perimeter {
    pub(crate) fn new(
        reading: &[ReadingSettings],
        integrations: &ScmIntegrations,
    ) -> Result<Self, ReadingError> {
        let rules: Vec<Rule> = reading.iter().map(Rule::parse).collect::<Result<_, _>>()?;
        let places = integrations.list().iter().flat_map(Integration::places);
        let hosts = places.filter_map(|place| place.host_str().map(str::to_owned));
        let exact = rules.iter().filter_map(|rule| match &rule.host {
            Pattern::Exact(host) => Some(host.clone()),
            Pattern::Suffix(_) => None,
        });
        let named = hosts.chain(exact).collect();
        Ok(Self { rules, named })
    }

    /// Whether a rule permits reading this URL without an integration.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        matches!(url.scheme(), "http" | "https") && self.rules.iter().any(|rule| rule.allows(url))
    }

    /// What configuration says about a host name.
    pub(crate) fn trust(&self, host: &str) -> Trust {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if self.named.contains(&host) {
            Trust::Named
        } else if self.rules.iter().any(|rule| rule.host.matches(&host)) {
            Trust::Suffix
        } else {
            Trust::Unknown
        }
    }

    /// Checks hosts that are written as addresses; names are checked when they are resolved.
    ///
    /// An address that configuration names literally is meant, whatever it is.
    pub(crate) fn check_literal(&self, url: &Url) -> Result<(), BlockedAddress> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        let host = url.host_str().unwrap_or_default();
        let is_meant = self.named.contains(host) || is_reachable(address, Trust::Unknown);
        if is_meant {
            Ok(())
        } else {
            Err(BlockedAddress::new(host))
        }
    }
}

impl Rule {
    fn parse(settings: &ReadingSettings) -> Result<Self, ReadingError> {
        let error = || ReadingError {
            host: settings.host.clone(),
        };
        let text = settings.host.trim().to_ascii_lowercase();
        // An IPv6 address is in brackets; its colons are not those before the port.
        let after_address = text.find(']').map_or(0, |end| end + 1);
        let (host, ports) = match text.get(after_address..).and_then(|rest| rest.find(':')) {
            Some(at) => text.split_at(after_address + at),
            None => (text.as_str(), ""),
        };
        let ports = match ports.strip_prefix(':') {
            Some(ports) => Some(parse_ports(ports).ok_or_else(error)?),
            None => None,
        };
        let pattern = match host.strip_prefix('*') {
            Some(suffix) if suffix.len() > 1 && suffix.starts_with('.') => {
                Pattern::Suffix(suffix.to_owned())
            }
            _ => Pattern::Exact(Host::parse(host).map_err(|_| error())?.to_string()),
        };
        let is_plain = match &pattern {
            Pattern::Exact(host) | Pattern::Suffix(host) => !host.contains(['*', '/', '@']),
        };
        let paths = settings.paths.clone();
        if is_plain {
            Ok(Self {
                host: pattern,
                ports,
                paths,
            })
        } else {
            Err(error())
        }
    }

    fn allows(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        self.host.matches(host) && self.allows_port(url) && self.allows_path(url.path())
    }

    fn allows_port(&self, url: &Url) -> bool {
        match (self.ports, url.port_or_known_default()) {
            (Some((from, to)), Some(port)) => (from..=to).contains(&port),
            (None, _) => url.port().is_none(),
            (Some(_), None) => false,
        }
    }

    fn allows_path(&self, path: &str) -> bool {
        let Some(prefixes) = &self.paths else {
            return true;
        };
        let mut normal = String::with_capacity(path.len());
        for character in path.chars() {
            if character != '/' || !normal.ends_with('/') {
                normal.push(character);
            }
        }
        !percent::has_traversal(&normal) && prefixes.iter().any(|prefix| normal.starts_with(prefix))
    }
}

fn parse_ports(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let range: (u16, u16) = (from.parse().ok()?, to.parse().ok()?);
    (range.0 > 0 && range.0 <= range.1).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn perimeter(rules: &[(&str, Option<&[&str]>)]) -> Result<Perimeter, ReadingError> {
        let reading: Vec<ReadingSettings> = rules
            .iter()
            .map(|(host, paths)| ReadingSettings {
                host: (*host).to_owned(),
                paths: paths.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect()),
            })
            .collect();
        Perimeter::new(
            &reading,
            &ScmIntegrations::new(&Settings::default()).unwrap(),
        )
    }

    #[test]
    fn rules_and_urls() {
        type Case = (
            &'static str,
            Option<&'static [&'static str]>,
            &'static [&'static str],
            &'static [&'static str],
        );
        let cases: &[Case] = &[
            (
                "example.com",
                None,
                &[
                    "https://example.com/a",
                    "http://example.com/",
                    "https://EXAMPLE.com:443/",
                ],
                &[
                    "https://example.com:8443/",
                    "https://a.example.com/",
                    "ftp://example.com/",
                ],
            ),
            (
                "*.example.com",
                None,
                &["https://a.example.com/", "https://a.b.example.com/"],
                &[
                    "https://example.com/",
                    "https://badexample.com/",
                    "https://a.example.com:81/",
                ],
            ),
            (
                "example.com:7000-8000",
                None,
                &["https://example.com:7000/", "https://example.com:8000/"],
                &["https://example.com/", "https://example.com:8001/"],
            ),
            (
                "example.com:443",
                None,
                &["https://example.com/"],
                &["http://example.com/"],
            ),
            (
                "[::1]:80",
                None,
                &["http://[::1]/"],
                &["http://[::1]:81/", "http://[::2]/"],
            ),
            (
                "example.com",
                Some(&["/public/", "/other"]),
                &[
                    "https://example.com/public/x",
                    "https://example.com//public/x",
                ],
                &[
                    "https://example.com/",
                    "https://example.com/public/%2e%2e/secret",
                    "https://example.com/public/..%2fsecret",
                    "https://example.com/public/%252e%252e%252fsecret",
                ],
            ),
        ];
        for (host, paths, allowed, refused) in cases {
            let perimeter = perimeter(&[(host, *paths)]).unwrap();
            let check = |url: &&str| perimeter.allows(&Url::parse(url).unwrap());
            for url in *allowed {
                assert!(check(url), "{host} should allow {url}");
            }
            for url in *refused {
                assert!(!check(url), "{host} should refuse {url}");
            }
        }
    }

    #[test]
    fn broken_rules_are_errors() {
        for host in [
            "",
            "a b",
            "*",
            "*.",
            "x:*",
            "x:0",
            "x:9-8",
            "x:99999",
            "a.*.b",
            "https://x",
        ] {
            assert!(perimeter(&[(host, None)]).is_err(), "{host}");
        }
    }

    #[test]
    fn trust_follows_how_explicit_configuration_is() {
        let perimeter =
            perimeter(&[("*.corp.example", None), ("wiki.example:8080", None)]).unwrap();
        for (host, trust) in [
            ("github.com", Trust::Named),
            ("api.github.com", Trust::Named),
            ("wiki.example", Trust::Named),
            ("WIKI.example.", Trust::Named),
            ("git.corp.example", Trust::Suffix),
            ("elsewhere.example", Trust::Unknown),
        ] {
            assert_eq!(perimeter.trust(host), trust, "{host}");
        }
    }

    #[test]
    fn literal_addresses_must_be_public_or_named() {
        let perimeter = perimeter(&[("127.0.0.1:7997", None), ("[fd00::1]", None)]).unwrap();
        for (url, is_ok) in [
            ("http://127.0.0.1:7997/x", true),
            ("http://[fd00::1]/x", true),
            ("http://140.82.121.4/", true),
            ("http://127.0.0.2/", false),
            ("http://2130706434/", false),
            ("http://0x7f.2/", false),
            ("http://169.254.169.254/latest/meta-data", false),
            ("http://[::ffff:10.0.0.1]/", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(perimeter.check_literal(&url).is_ok(), is_ok, "{url}");
        }
    }
}
