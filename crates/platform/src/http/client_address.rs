//! `backend.trustProxy`: the address of a client behind proxies that say who it is, as Express reads
//! `X-Forwarded-For`.

use std::net::IpAddr;

use http::HeaderMap;

use crate::config::TrustProxy;
use crate::error::{Error, Result};

/// Entries of the header that are read, from its end.
const MAX_HOPS: usize = 32;

/// Whom to believe.
#[derive(Debug, Clone, Default)]
pub(super) enum Trust {
    #[default]
    Nobody,
    Everybody,
    Hops(usize),
    Networks(Vec<Network>),
}

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    n_bits: u8,
}

impl Trust {
    pub(super) fn new(config: &TrustProxy) -> Result<Self> {
        Ok(match config {
            TrustProxy::Nobody => Self::Nobody,
            TrustProxy::Everybody => Self::Everybody,
            TrustProxy::Hops(hops) => Self::Hops(usize::try_from(*hops).unwrap_or(usize::MAX)),
            TrustProxy::Addresses(list) => {
                let networks = list.iter().map(|text| networks(text));
                Self::Networks(networks.collect::<Result<Vec<_>>>()?.concat())
            }
        })
    }

    /// The address of the client; `peer` opened the connection.
    pub(super) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        if matches!(self, Self::Nobody) {
            return peer;
        }
        let mut last = peer;
        for (hop, address) in hops(headers).enumerate() {
            let is_trusted = match self {
                Self::Nobody => false,
                Self::Everybody => true,
                Self::Hops(hops) => hop < *hops,
                // A unix socket is opened by this machine.
                Self::Networks(list) => last.is_none_or(|it| list.iter().any(|net| net.has(it))),
            };
            let Some(address) = address.filter(|_| is_trusted) else {
                break;
            };
            last = Some(address);
        }
        last
    }
}

/// What the header says, the nearest first; `None` for what is no address.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let values = headers.get_all("x-forwarded-for").into_iter();
    let texts: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let addresses: Vec<_> = texts
        .iter()
        .rev()
        .take(MAX_HOPS)
        .map(|text| text.trim().parse().ok())
        .collect();
    addresses.into_iter()
}

impl Network {
    fn has(self, address: IpAddr) -> bool {
        let same = |a: &[u8], b: &[u8]| {
            let n_bits = usize::from(self.n_bits);
            let (whole, rest) = (n_bits / 8, n_bits % 8);
            let mask = !(0xff_u8
                .checked_shr(u32::try_from(rest).unwrap_or(0))
                .unwrap_or(0));
            a[..whole] == b[..whole] && (rest == 0 || (a[whole] & mask) == (b[whole] & mask))
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(&a.octets(), &b.octets()),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(&a.octets(), &b.octets()),
            _ => false,
        }
    }
}

fn networks(text: &str) -> Result<Vec<Network>> {
    let named: &[&str] = match text {
        "loopback" => &["127.0.0.1/8", "::1/128"],
        "linklocal" => &["169.254.0.0/16", "fe80::/10"],
        "uniquelocal" => &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
        other => return network(other).map(|network| vec![network]),
    };
    named.iter().map(|text| network(text)).collect()
}

fn network(text: &str) -> Result<Network> {
    let wrong = || {
        Error::input(format!(
            "`backend.trustProxy`: `{text}` is neither an address nor a subnet"
        ))
    };
    let (address, n_bits) = match text.split_once('/') {
        Some((address, n_bits)) => (address, Some(n_bits)),
        None => (text, None),
    };
    let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let n_bits = match n_bits {
        Some(n_bits) => n_bits.trim().parse().map_err(|_| wrong())?,
        None => most,
    };
    if n_bits > most {
        return Err(wrong());
    }
    Ok(Network { address, n_bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trust: &TrustProxy, peer: &str, forwarded: &str) -> String {
        let trust = Trust::new(trust).unwrap();
        let mut headers = HeaderMap::new();
        if !forwarded.is_empty() {
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        }
        let found = trust.client(peer.parse().ok(), &headers);
        found.map(|it| it.to_string()).unwrap_or_default()
    }

    #[test]
    fn only_trusted_proxies_say_who_the_client_is() {
        let list =
            |list: &[&str]| TrustProxy::Addresses(list.iter().map(|it| (*it).to_owned()).collect());
        let (all, none) = (TrustProxy::Everybody, TrustProxy::Nobody);
        let chain = "1.1.1.1, 2.2.2.2, 10.0.0.2";
        let cases = [
            (none.clone(), "10.0.0.1", chain, "10.0.0.1"),
            (all.clone(), "10.0.0.1", chain, "1.1.1.1"),
            (all.clone(), "10.0.0.1", "", "10.0.0.1"),
            (all.clone(), "10.0.0.1", "garbage, 2.2.2.2", "2.2.2.2"),
            (TrustProxy::Hops(1), "10.0.0.1", chain, "10.0.0.2"),
            (TrustProxy::Hops(2), "10.0.0.1", chain, "2.2.2.2"),
            (TrustProxy::Hops(9), "10.0.0.1", chain, "1.1.1.1"),
            (list(&["10.0.0.0/8"]), "10.0.0.1", chain, "2.2.2.2"),
            (list(&["10.0.0.1"]), "10.0.0.1", chain, "10.0.0.2"),
            (list(&["uniquelocal"]), "9.9.9.9", chain, "9.9.9.9"),
            (list(&["loopback", "10.0.0.2"]), "::1", chain, "2.2.2.2"),
            (list(&["10.0.0.0/30"]), "10.0.0.5", chain, "10.0.0.5"),
            (list(&["10.0.0.0/30"]), "10.0.0.3", chain, "2.2.2.2"),
            (list(&["fc00::/7"]), "fd00::1", "2001:db8::1", "2001:db8::1"),
            (list(&["loopback"]), "", "1.1.1.1", "1.1.1.1"),
        ];
        for (trust, peer, forwarded, expected) in cases {
            assert_eq!(
                client(&trust, peer, forwarded),
                expected,
                "{trust:?} {peer}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "here", "10.0.0.0/33", "::/129", "10.0.0.0/x"] {
            let trust = TrustProxy::Addresses(vec![text.to_owned()]);
            assert!(Trust::new(&trust).is_err(), "{text}");
        }
    }
}
