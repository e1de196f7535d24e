//! What AWS load balancers sign: a token whose header names the balancer, with padded parts, and a
//! key per id, as PEM.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey};
use parking_lot::Mutex;
use platform::clock::Millis;
use platform::{Clock, Error, Result};
use serde_json::{Map, Value};
use url::Url;

use super::token::{in_time, remaining};
use super::{Handed, Vouched, refused};
use crate::fetch::{self, Fetch};
use crate::jws::Jws;
use crate::sign_in::{Claims, Trust, openid_facts};

const DATA: &str = "x-amzn-oidc-data";
const ACCESS_TOKEN: &str = "x-amzn-oidc-accesstoken";
const MAX_KEYS: usize = 100;
const MAX_KID: usize = 100;
/// Least time between two tries to get an unknown key, which anybody can name.
const COOLDOWN: Millis = 1_000;

/// One load balancer.
pub(super) struct LoadBalancer {
    pub(super) issuer: String,
    /// ARN of the balancer: without it, everybody's balancer in the region would be believed.
    pub(super) signer: String,
    pub(super) keys: RegionKeys,
    pub(super) clock: Clock,
}

/// The published keys of the balancers of a region.
pub(super) struct RegionKeys {
    base: Url,
    fetch: Arc<dyn Fetch>,
    known: Mutex<HashMap<String, DecodingKey>>,
    tried_at: tokio::sync::Mutex<Option<Millis>>,
}

impl LoadBalancer {
    pub(super) async fn identify(&self, handed: Handed<'_>) -> Result<Vouched> {
        let data = header(handed.headers, DATA)?;
        let access_token = header(handed.headers, ACCESS_TOKEN)?;
        let jws = Jws::parse_padded(data).ok_or_else(|| refused("the token is no token"))?;
        let claims = self.verified(&jws).await?;
        let mut provider_info = Map::new();
        provider_info.insert("accessToken".to_owned(), access_token.into());
        let expires_in = remaining(&jws.claims, &self.clock);
        provider_info.insert("expiresInSeconds".to_owned(), expires_in.into());
        Ok(Vouched {
            facts: openid_facts(&claims, Trust::IfNotDenied),
            provider_info,
        })
    }

    async fn verified(&self, jws: &Jws<'_>) -> Result<Claims> {
        let header = jws.whole_header().unwrap_or_default();
        let signer = header.get("signer").and_then(Value::as_str);
        if jws.header.alg != Algorithm::ES256 || signer != Some(&*self.signer) {
            return Err(refused("another load balancer signed the token"));
        }
        let kid = jws.header.kid.as_deref().unwrap_or_default();
        let key = self.keys.find(kid, self.clock.now()).await;
        if !key.is_some_and(|key| jws.is_signed_by(&key, Algorithm::ES256)) {
            return Err(refused("the token is not signed with a key of the region"));
        }
        if jws.claims.iss.as_deref() != Some(&*self.issuer) {
            return Err(refused("the token is of another issuer"));
        }
        in_time(&jws.claims, &self.clock)?;
        jws.payload()
            .map(Claims)
            .ok_or_else(|| refused("the token says nothing"))
    }
}

impl RegionKeys {
    /// The keys of a region; `None` when it is not one.
    pub(super) fn new(region: &str, fetch: &Arc<dyn Fetch>) -> Option<Self> {
        let is_region = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let base = match region {
            _ if region.is_empty() || !region.bytes().all(is_region) => return None,
            _ if region.starts_with("us-gov") => {
                format!("https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}/")
            }
            _ => format!("https://public-keys.auth.elb.{region}.amazonaws.com/"),
        };
        Some(Self {
            base: base.parse().ok()?,
            fetch: Arc::clone(fetch),
            known: Mutex::default(),
            tried_at: tokio::sync::Mutex::default(),
        })
    }

    /// The key with an id; asks AWS for one that is not known, now and then.
    async fn find(&self, kid: &str, now: Millis) -> Option<DecodingKey> {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if kid.is_empty() || kid.len() > MAX_KID || !kid.bytes().all(is_id) {
            return None;
        }
        if let Some(key) = self.known.lock().get(kid) {
            return Some(key.clone());
        }
        let mut tried_at = self.tried_at.lock().await;
        if let Some(key) = self.known.lock().get(kid) {
            return Some(key.clone());
        }
        if tried_at.is_some_and(|at| now - at < COOLDOWN) {
            return None;
        }
        match self.load(kid).await {
            Ok(key) => {
                let mut known = self.known.lock();
                if known.len() >= MAX_KEYS {
                    known.clear();
                }
                known.insert(kid.to_owned(), key.clone());
                Some(key)
            }
            Err(error) => {
                *tried_at = Some(now);
                tracing::warn!(error = error.chain(), "fetching a key of AWS failed");
                None
            }
        }
    }

    async fn load(&self, kid: &str) -> Result<DecodingKey> {
        let unusable = |error: &str| Error::unavailable("the key is unusable").with_source(error);
        let url = self
            .base
            .join(kid)
            .map_err(|error| unusable(&error.to_string()))?;
        let pem = fetch::get(&*self.fetch, &url).await?;
        DecodingKey::from_ec_pem(&pem).map_err(|error| unusable(&error.to_string()))
    }
}

fn header<'r>(headers: &'r HeaderMap, name: &str) -> Result<&'r str> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or_else(|| Error::unauthenticated(format!("Missing header: {name}")))
}
