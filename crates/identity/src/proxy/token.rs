//! A signed token in a header or a cookie.

use http::header::COOKIE;
use http::{HeaderMap, HeaderName};
use jsonwebtoken::Algorithm;
use platform::{Clock, Error, Result};
use serde_json::{Map, Value};

use super::{Handed, Vouched, refused};
use crate::jws::{Claims as Times, Jws};
use crate::key_set::KeySet;
use crate::sign_in::{Claims, Facts};
use crate::verify::is_current;

/// Where a token is, and what it must be like.
pub(super) struct SignedHeader {
    pub(super) header: HeaderName,
    /// The cookie that may carry it instead.
    pub(super) cookie: Option<String>,
    pub(super) issuer: String,
    /// One of them must be named.
    pub(super) audiences: Vec<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) keys: KeySet,
    pub(super) facts: fn(&Claims) -> Facts,
    /// Email addresses by the client id of service tokens.
    pub(super) service_tokens: Vec<(String, String)>,
    /// Member under which the front end is told the claims.
    pub(super) told_as: &'static str,
    pub(super) clock: Clock,
}

impl SignedHeader {
    pub(super) async fn identify(&self, handed: Handed<'_>) -> Result<Vouched> {
        let token = self.token(handed.headers)?;
        let jws = Jws::parse(token).ok_or_else(|| refused("the token is no token"))?;
        let claims = self.verified(&jws).await?;
        let expires_in = remaining(&jws.claims, &self.clock);
        let mut facts = (self.facts)(&claims);
        if jws.claims.sub.as_deref().is_none_or(str::is_empty) {
            self.be_service(&claims, &mut facts)?;
        }
        let mut provider_info = Map::new();
        provider_info.insert("expiresInSeconds".to_owned(), expires_in.into());
        provider_info.insert(self.told_as.to_owned(), Value::Object(claims.0));
        Ok(Vouched {
            facts,
            provider_info,
        })
    }

    fn token<'r>(&self, headers: &'r HeaderMap) -> Result<&'r str> {
        let header = headers
            .get(&self.header)
            .and_then(|value| value.to_str().ok());
        let header = header.map(|text| text.strip_prefix("Bearer ").unwrap_or(text));
        let cookie = || cookie(headers, self.cookie.as_deref()?);
        header
            .or_else(cookie)
            .ok_or_else(|| Error::unauthenticated(format!("Missing header: {}", self.header)))
    }

    async fn verified(&self, jws: &Jws<'_>) -> Result<Claims> {
        let algorithm = jws.header.alg;
        if !self.algorithms.is_empty() && !self.algorithms.contains(&algorithm) {
            return Err(refused("the token has an algorithm that is not accepted"));
        }
        let key = self.keys.find(jws.header.kid.as_deref(), algorithm).await;
        if !key.is_some_and(|key| jws.is_signed_by(&key, algorithm)) {
            return Err(refused("the token is not signed with a known key"));
        }
        if jws.claims.iss.as_deref() != Some(&*self.issuer) {
            return Err(refused("the token is of another issuer"));
        }
        if !jws
            .claims
            .aud
            .iter()
            .any(|aud| self.audiences.contains(aud))
        {
            return Err(refused("the token is for another audience"));
        }
        in_time(&jws.claims, &self.clock)?;
        jws.payload()
            .map(Claims)
            .ok_or_else(|| refused("the token says nothing"))
    }

    /// Tokens of programs have no subject; Cloudflare names them in `common_name`.
    fn be_service(&self, claims: &Claims, facts: &mut Facts) -> Result<()> {
        let id = claims.text("/common_name");
        let known = self
            .service_tokens
            .iter()
            .find(|(token, _)| Some(token) == id.as_ref());
        let Some((token, email)) = known else {
            return Err(refused("a service token that is not in `serviceTokens`"));
        };
        facts.id = Some(token.clone());
        facts.email = Some(email.clone());
        facts.display_name = Some("Bot".to_owned());
        Ok(())
    }
}

/// Fails unless a token has begun and not ended; one without an end is none.
pub(super) fn in_time(claims: &Times, clock: &Clock) -> Result<()> {
    if claims.exp.is_some() && is_current(claims, clock.now()) {
        return Ok(());
    }
    Err(refused(
        "the token has ended or not begun; compare the clocks",
    ))
}

/// Seconds until a token ends.
pub(super) fn remaining(claims: &Times, clock: &Clock) -> i64 {
    let exp = claims.exp.unwrap_or_default();
    exp.saturating_sub(clock.now() / 1_000).max(0)
}

fn cookie<'r>(headers: &'r HeaderMap, wanted: &str) -> Option<&'r str> {
    let values = headers.get_all(COOKIE).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}
