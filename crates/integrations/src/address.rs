//! Which network addresses may be connected to, and the resolver that makes it so.
//!
//! The check runs on the addresses that the connection will use, inside name resolution. A name that
//! answers with a public address first and an internal one later gains nothing.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::perimeter::Perimeter;

/// Looks names up; the seam at which tests answer with addresses of their choice.
#[async_trait]
pub trait ResolveHost: Send + Sync {
    /// All addresses of a host name.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl ResolveHost for SystemResolver {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// How much configuration says about a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// Nothing: public addresses only.
    Unknown,
    /// A wildcard covers it: private networks too, never this machine.
    Suffix,
    /// It is named: this machine too.
    Named,
}

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Public,
    Private,
    Loopback,
    /// Link-local, metadata services, multicast, reserved: nothing a file is served from.
    Never,
}

/// Whether an address is one of the public network: what a stranger may make us connect to.
pub fn is_public(address: IpAddr) -> bool {
    is_reachable(address, Trust::Unknown)
}

/// Whether a name with this trust may lead to this address.
pub(crate) fn is_reachable(address: IpAddr, trust: Trust) -> bool {
    match reach(address) {
        Reach::Public => true,
        Reach::Private => trust >= Trust::Suffix,
        Reach::Loopback => trust >= Trust::Named,
        Reach::Never => false,
    }
}

fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    /// Metadata and host services of clouds outside of the link-local range.
    const SERVICES: [Ipv4Addr; 2] = [
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(168, 63, 129, 16),
    ];
    let never = address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || SERVICES.contains(&address);
    match address.octets() {
        _ if never => Reach::Never,
        [0 | 240..=255, ..] | [192, 0, 0, _] | [198, 18 | 19, ..] => Reach::Never,
        [127, ..] => Reach::Loopback,
        [100, 64..=127, ..] => Reach::Private,
        _ if address.is_private() => Reach::Private,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(embedded) = embedded_v4(address) {
        return reach_v4(embedded);
    }
    if address == Ipv6Addr::LOCALHOST {
        return Reach::Loopback;
    }
    match address.segments() {
        // One cloud's metadata service, tunnels to addresses of the sender's choice, documentation.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254]
        | [0x2001, 0 | 0xdb8, ..]
        | [0x3fff, 0..=0xfff, ..] => Reach::Never,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Reach::Private,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

/// The IPv4 address that mapped, compatible, NAT64 and 6to4 addresses stand for.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// A name led to addresses that are out of bounds only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockedAddress {
    host: String,
}

impl BlockedAddress {
    pub(crate) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
        }
    }

    /// Finds this error among the causes of another one.
    pub(crate) fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut current = Some(error);
        while let Some(error) = current {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            current = error.source();
        }
        None
    }
}

impl fmt::Display for BlockedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` leads to an internal address, which is not allowed",
            self.host
        )
    }
}

impl StdError for BlockedAddress {}

/// Resolves names to public addresses only, for clients that fetch what strangers name. Addresses
/// written as such are not resolved, so their callers refuse them.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            let found = SystemResolver.addresses(host).await?;
            // One internal address among public ones is enough to be suspicious.
            if found.is_empty() || !found.iter().all(|address| is_public(*address)) {
                return Err(BlockedAddress::new(host).into());
            }
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Resolves names for the HTTP client and leaves out addresses that are out of bounds.
#[derive(Clone)]
pub(crate) struct GuardedResolver {
    pub(crate) inner: Arc<dyn ResolveHost>,
    pub(crate) perimeter: Arc<Perimeter>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let trust = this.perimeter.trust(host);
            let mut found = this.inner.addresses(host).await?;
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            found.retain(|address| is_reachable(*address, trust));
            if found.is_empty() {
                return Err(BlockedAddress::new(host).into());
            }
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_by_trust() {
        use Reach::{Loopback, Never, Private, Public};
        let cases = [
            ("140.82.121.4", Public),
            ("2606:50c0:8000::154", Public),
            ("64:ff9b::8c52:7904", Public),
            ("10.1.2.3", Private),
            ("172.16.0.1", Private),
            ("172.32.0.1", Public),
            ("192.168.1.1", Private),
            ("100.64.0.1", Private),
            ("fd12::1", Private),
            ("::ffff:10.0.0.1", Private),
            ("64:ff9b::a00:1", Private),
            ("2002:a00:1::", Private),
            ("127.0.0.1", Loopback),
            ("127.9.9.9", Loopback),
            ("::1", Loopback),
            ("::ffff:127.0.0.1", Loopback),
            ("0.0.0.0", Never),
            ("::", Never),
            ("169.254.169.254", Never),
            ("::ffff:169.254.169.254", Never),
            ("fd00:ec2::254", Never),
            ("100.100.100.200", Never),
            ("168.63.129.16", Never),
            ("fe80::1", Never),
            ("ff02::1", Never),
            ("224.0.0.1", Never),
            ("255.255.255.255", Never),
            ("2001:0:1::1", Never),
        ];
        for (text, expected) in cases {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(reach(address), expected, "{text}");
            let by_trust = [Trust::Unknown, Trust::Suffix, Trust::Named]
                .map(|trust| is_reachable(address, trust));
            let allowed = match expected {
                Public => [true, true, true],
                Private => [false, true, true],
                Loopback => [false, false, true],
                Never => [false, false, false],
            };
            assert_eq!(by_trust, allowed, "{text}");
        }
    }
}
