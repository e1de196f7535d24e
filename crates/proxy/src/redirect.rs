//! Following redirects, where an endpoint wants that: within the target's origin as the target, and
//! elsewhere as a stranger who must not get into the own network.

use std::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, COOKIE, HOST, LOCATION};
use http::{Method, StatusCode};
use integrations::is_public;
use platform::{Error, Result};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::endpoint::Endpoint;
use crate::forward::{Outgoing, builder};

const MAX_REDIRECTS: usize = 5;

/// A client that reaches public addresses only.
pub(crate) struct Guarded(reqwest::Client);

impl Guarded {
    pub(crate) fn new() -> Result<Self> {
        let client = builder().dns_resolver(std::sync::Arc::new(PublicOnly));
        let client = client.build();
        client
            .map(Self)
            .map_err(|error| Error::internal("the proxy has no client").with_source(error))
    }
}

/// Resolves names, and leaves out what is not public; a name cannot change its mind afterwards.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// The answer at the end of the redirects, or the last one when there are too many.
pub(crate) async fn follow(
    client: &reqwest::Client,
    guarded: &Guarded,
    endpoint: &Endpoint,
    outgoing: &Outgoing,
    mut answer: reqwest::Response,
) -> Result<reqwest::Response> {
    let mut method = outgoing.method.clone();
    for _ in 0..MAX_REDIRECTS {
        let Some(next) = destination(&answer) else {
            break;
        };
        if answer.status() == StatusCode::SEE_OTHER && method != Method::HEAD {
            method = Method::GET;
        }
        let is_home = next.origin() == endpoint.target.origin();
        let mut headers = outgoing.headers.clone();
        headers.remove(HOST);
        let request = if is_home {
            client
                .request(method.clone(), next)
                .headers(headers)
                .headers(endpoint.own_headers.clone())
        } else {
            require_public(&next)?;
            headers.remove(AUTHORIZATION);
            headers.remove(COOKIE);
            guarded.0.request(method.clone(), next).headers(headers)
        };
        answer = request
            .send()
            .await
            .map_err(|error| Error::unavailable("a redirect failed").with_source(error))?;
    }
    Ok(answer)
}

fn destination(answer: &reqwest::Response) -> Option<Url> {
    if !answer.status().is_redirection() {
        return None;
    }
    let location = answer.headers().get(LOCATION)?.to_str().ok()?;
    let next = answer.url().join(location).ok()?;
    matches!(next.scheme(), "http" | "https").then_some(next)
}

/// Addresses written in the URL are not resolved, so they are looked at here.
fn require_public(url: &Url) -> Result<()> {
    let address: IpAddr = match url.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(Error::unavailable("a redirect leads nowhere")),
    };
    if is_public(address) {
        return Ok(());
    }
    Err(Error::unavailable(
        "a redirect leads into a private network",
    ))
}
