//! Who somebody is, from what the provider says: ID token, `userinfo`, and the APIs of vendors.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use jsonwebtoken::Algorithm;
use platform::clock::Millis;
use platform::{Error, Result};
use serde_json::{Map, Value};
use url::Url;

use super::endpoints::Endpoints;
use super::exchange::Tokens;
use super::preset::Source;
use crate::digest::Digest;
use crate::fetch::{Fetch, Incoming, Outgoing, place, success};
use crate::jws::Jws;
use crate::sign_in::Claims;
use crate::verify::is_current;

/// Entra ID writes this in place of the tenant in the issuer of tenants it does not name.
const TENANT: &str = "{tenantid}";

/// What an ID token must be like.
pub(super) struct Expected<'e> {
    pub(super) client_id: &'e str,
    /// The hash of what the browser keeps; none when there was no page, as at a refresh.
    pub(super) nonce: Option<String>,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) now: Millis,
}

/// The nonce that belongs to a PKCE verifier: the provider sees it, and learns nothing of the
/// verifier.
pub(super) fn nonce_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(&format!("nonce.{verifier}")).as_bytes())
}

/// What all sources say; later ones win.
pub(super) async fn collect(
    fetch: &dyn Fetch,
    endpoints: &Endpoints,
    sources: &[Source],
    tokens: &Tokens,
    expected: &Expected<'_>,
) -> Result<Claims> {
    let identity = match &tokens.id_token {
        Some(token) => Some(verified(token, endpoints, expected).await?),
        None if expected.nonce.is_some() && sources.iter().any(needs_id_token) => {
            return Err(refused(
                "the provider sent no ID token; ask for the scope `openid`",
            ));
        }
        None => None,
    };
    let mut claims = Map::new();
    let api = Api { fetch, tokens };
    for source in sources {
        match source {
            Source::IdToken => claims.extend(identity.clone().unwrap_or_default()),
            Source::UserInfo => {
                if let Some(url) = &endpoints.userinfo {
                    let said = api.object(url).await?;
                    same_person(identity.as_ref(), &said)?;
                    claims.extend(said);
                }
            }
            Source::Object(url) => claims.extend(api.object(url).await?),
            Source::Member(name, url) => {
                if let Ok(value) = api.value(url).await {
                    claims.insert((*name).to_owned(), value);
                }
            }
            Source::NameInHeader { ask, header, then } => {
                claims.extend(api.named_in_header(ask, header, then).await?);
            }
        }
    }
    Ok(Claims(claims))
}

fn needs_id_token(source: &Source) -> bool {
    matches!(source, Source::IdToken)
}

/// `userinfo` of somebody else than the ID token is no answer (OpenID Connect Core §5.3.2).
fn same_person(identity: Option<&Map<String, Value>>, said: &Map<String, Value>) -> Result<()> {
    let Some(identity) = identity else {
        return Ok(());
    };
    if identity.get("sub") == said.get("sub") {
        return Ok(());
    }
    Err(refused("`sub` of userinfo and of the ID token differ"))
}

/// The claims of an ID token that is what it should be (OpenID Connect Core §3.1.3.7).
///
/// Without published keys the token is believed because it came from the token endpoint, over a
/// connection that proved who answered.
async fn verified(
    token: &str,
    endpoints: &Endpoints,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>> {
    let jws = Jws::parse(token).ok_or_else(|| refused("the ID token is no token"))?;
    let claims = jws.payload().unwrap_or_default();
    if expected
        .algorithm
        .is_some_and(|only| only != jws.header.alg)
    {
        return Err(refused(
            "the ID token has another algorithm than configured",
        ));
    }
    if let Some(keys) = &endpoints.keys {
        let key = keys.find(jws.header.kid.as_deref(), jws.header.alg).await;
        let is_signed = key.is_some_and(|key| jws.is_signed_by(&key, jws.header.alg));
        if !is_signed {
            return Err(refused(
                "the ID token is not signed with a key of the provider",
            ));
        }
    }
    if let Some(issuer) = &endpoints.issuer {
        let tenant = claims.get("tid").and_then(Value::as_str);
        let issuer = issuer.replace(TENANT, tenant.unwrap_or(TENANT));
        if jws.claims.iss.as_deref() != Some(&*issuer) {
            return Err(refused("the ID token is of another issuer"));
        }
    }
    let authorized = claims.get("azp").and_then(Value::as_str);
    let is_ours = jws.claims.aud.iter().any(|aud| aud == expected.client_id)
        && authorized.is_none_or(|party| party == expected.client_id);
    if !is_ours {
        return Err(refused("the ID token is for another client"));
    }
    if jws.claims.exp.is_none() || !is_current(&jws.claims, expected.now) {
        return Err(refused(
            "the ID token has ended or not begun; compare the clocks",
        ));
    }
    let nonce = claims.get("nonce").and_then(Value::as_str);
    match &expected.nonce {
        Some(expected) if nonce != Some(expected) => Err(refused("the ID token has another nonce")),
        _ => Ok(claims),
    }
}

/// The APIs of a provider, asked with the access token.
struct Api<'a> {
    fetch: &'a dyn Fetch,
    tokens: &'a Tokens,
}

impl Api<'_> {
    async fn object(&self, url: &Url) -> Result<Map<String, Value>> {
        match self.value(url).await? {
            Value::Object(object) => Ok(object),
            _ => Err(unusable(format!("{} is no object", place(url)))),
        }
    }

    async fn value(&self, url: &Url) -> Result<Value> {
        let answer = self.ask(url).await?;
        let body = success(url, answer).map_err(|error| unusable(error.chain()))?;
        // The error of the parser could repeat personal data.
        serde_json::from_slice(&body).map_err(|_| unusable(format!("{} is no JSON", place(url))))
    }

    async fn named_in_header(
        &self,
        ask: &Url,
        header: &str,
        then: &Url,
    ) -> Result<Map<String, Value>> {
        let answer = self.ask(ask).await?;
        let name = answer
            .headers
            .get(header)
            .and_then(|name| name.to_str().ok());
        let name = name.ok_or_else(|| unusable(format!("{} names no user", place(ask))))?;
        let mut url = then.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(name);
        }
        self.object(&url).await
    }

    async fn ask(&self, url: &Url) -> Result<Incoming> {
        let mut request = Outgoing::get(url.clone());
        let bearer = format!("Bearer {}", self.tokens.access_token);
        let mut bearer = HeaderValue::try_from(bearer)
            .map_err(|_| unusable("the access token is no header".to_owned()))?;
        bearer.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, bearer);
        self.fetch
            .send(request)
            .await
            .map_err(|error| unusable(error.chain()))
    }
}

fn unusable(reason: String) -> Error {
    Error::unavailable("Failed to fetch user profile").with_source(reason)
}

fn refused(reason: &'static str) -> Error {
    Error::unauthenticated("Authentication failed").with_source(reason)
}
