//! The portal as a client of one provider in one environment.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use platform::config::{OAuthConfig, OneOrMany};
use platform::{Clock, Error, Result};
use url::Url;

use super::claims::{Expected, collect, nonce_of};
use super::endpoints::{Discovery, Endpoints};
use super::exchange::{Credentials, Method, Tokens, tokens};
use super::preset::{Preset, SessionKind, Source};
use super::scope;
use crate::digest::Digest;
use crate::fetch::{Fetch, Outgoing};
use crate::sign_in::{Facts, Resolver};

/// Before an access token that stands for a session, with its proof behind it.
const ACCESS_TOKEN: &str = "access-token.";
/// Longest text of a provider's that is repeated.
const MAX_TEXT: usize = 300;

/// The portal as a client of one provider in one environment.
pub(crate) struct Client {
    pub(crate) preset: &'static Preset,
    pub(crate) environment: String,
    pub(crate) config: OAuthConfig,
    pub(crate) callback_url: Url,
    /// `None` when the provider only gives access tokens, and nobody signs in with it.
    pub(crate) resolvers: Option<Vec<Resolver>>,
    scopes: Vec<String>,
    algorithm: Option<Algorithm>,
    credentials: Credentials,
    sources: Vec<Source>,
    discovery: Discovery,
    fetch: Arc<dyn Fetch>,
    clock: Clock,
}

/// Somebody the provider vouches for.
pub(crate) struct Completed {
    pub(crate) session: Session,
    pub(crate) facts: Facts,
}

/// The provider's tokens.
pub(crate) struct Session {
    pub(crate) access_token: String,
    pub(crate) id_token: Option<String>,
    /// What stands for the session in the browser.
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) expires_in: Option<u64>,
}

/// What the provider's page came back with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer<'a> {
    pub(crate) code: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) error_description: Option<&'a str>,
    pub(crate) issuer: Option<&'a str>,
}

impl Client {
    /// A client; the error says which key is missing or wrong.
    pub(crate) fn new(
        preset: &'static Preset,
        environment: &str,
        config: &OAuthConfig,
        base_url: &Url,
        fetch: &Arc<dyn Fetch>,
        clock: &Clock,
    ) -> Result<Self, String> {
        let own = (preset.resolvers)(config);
        let resolvers = config.sign_in.as_ref().map(|sign_in| {
            let resolvers = sign_in.resolvers.iter();
            resolvers
                .map(|resolver| Resolver::new(resolver, &own))
                .collect()
        });
        let timeout = config.timeout.map(platform::config::Millis::get);
        let place = (preset.place)(config)?;
        Ok(Self {
            preset,
            environment: environment.to_owned(),
            callback_url: callback_url(preset.id, config, base_url)?,
            resolvers: resolvers.transpose()?,
            scopes: scopes(preset, config),
            algorithm: algorithm(config)?,
            credentials: credentials(config)?,
            sources: (preset.sources)(config),
            discovery: Discovery::new(place, Arc::clone(fetch), clock.clone(), timeout),
            config: config.clone(),
            fetch: Arc::clone(fetch),
            clock: clock.clone(),
        })
    }

    /// Fails unless the provider answers; those with known endpoints are not asked.
    pub(crate) async fn check(&self) -> Result<()> {
        self.discovery.endpoints().await.map(drop)
    }

    /// What to ask for: what is wanted now, what was granted before, and what is always needed.
    pub(crate) fn scope(&self, requested: &str, granted: &str) -> String {
        let always = self.scopes.iter().map(String::as_str);
        let asked = scope::split(requested).chain(scope::split(granted));
        scope::join(asked.chain(always))
    }

    /// The address of the provider's page.
    pub(crate) async fn start(&self, scope: &str, state: &str, verifier: &str) -> Result<Url> {
        let endpoints = self.discovery.endpoints().await?;
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(verifier).as_bytes());
        let mut url = endpoints.authorization.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.credentials.id)
            .append_pair("redirect_uri", self.callback_url.as_str())
            .append_pair("state", state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if !scope.is_empty() {
            query.append_pair("scope", scope);
        }
        if endpoints.keys.is_some() {
            query.append_pair("nonce", &nonce_of(verifier));
        }
        query.extend_pairs(self.preset.start);
        query.extend_pairs((self.preset.start_from_config)(&self.config));
        query.extend_pairs(&self.config.start_url_search_params);
        drop(query);
        Ok(url)
    }

    /// Who came back from the provider's page.
    pub(crate) async fn complete(&self, answer: &Answer<'_>, verifier: &str) -> Result<Completed> {
        let endpoints = self.discovery.endpoints().await?;
        let code = checked(answer, &endpoints)?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.callback_url.as_str()),
            ("code_verifier", verifier),
        ];
        let tokens = self.tokens(&endpoints, &fields).await?;
        let nonce = endpoints.keys.is_some().then(|| nonce_of(verifier));
        self.completed(&endpoints, tokens, nonce).await
    }

    /// A session anew, by what stood for it in the browser.
    pub(crate) async fn refresh(
        &self,
        token: &str,
        scope: &str,
        is_granted: bool,
    ) -> Result<Completed> {
        let endpoints = self.discovery.endpoints().await?;
        let lasts = self.preset.session == SessionKind::AccessToken;
        if let Some(shown) = token.strip_prefix(ACCESS_TOKEN).filter(|_| lasts) {
            let access_token = self
                .proven(shown)
                .ok_or_else(|| Error::forbidden("Refresh failed, sign in anew"))?;
            if !is_granted {
                return Err(Error::forbidden(
                    "Refresh failed, scope has not been granted",
                ));
            }
            return self.known(&endpoints, access_token, scope).await;
        }
        if self.config.disable_refresh {
            return Err(Error::forbidden("Session refreshes have been disabled"));
        }
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        if !self.preset.persists_scopes && !scope.is_empty() {
            fields.push(("scope", scope));
        }
        let tokens = self.tokens(&endpoints, &fields).await?;
        self.completed(&endpoints, tokens, None).await
    }

    /// Ends a session at the provider as far as it can be; the page to send the browser to.
    pub(crate) async fn end(&self, token: Option<&str>, origin: Option<&str>) -> Option<Url> {
        if let Some(token) = token.filter(|token| !token.starts_with(ACCESS_TOKEN))
            && let Err(error) = self.revoke(token).await
        {
            tracing::warn!(
                provider = self.preset.id,
                error = error.chain(),
                "ending a session at the sign-in provider failed"
            );
        }
        (self.preset.logout)(&self.config, origin)
    }

    async fn revoke(&self, token: &str) -> Result<()> {
        let endpoints = self.discovery.endpoints().await?;
        let Some(url) = &endpoints.revocation else {
            return Ok(());
        };
        let fields = [("token", token), ("token_type_hint", "refresh_token")];
        let request = self.credentials.request(&endpoints, url, &fields)?;
        let answer = self.send(request).await?;
        crate::fetch::success(url, answer).map(drop)
    }

    async fn tokens(&self, endpoints: &Endpoints, fields: &[(&str, &str)]) -> Result<Tokens> {
        let request = self
            .credentials
            .request(endpoints, &endpoints.token, fields)?;
        tokens(&*self.fetch, self.patient(request)).await
    }

    async fn send(&self, request: Outgoing) -> Result<crate::fetch::Incoming> {
        self.fetch.send(self.patient(request)).await
    }

    fn patient(&self, mut request: Outgoing) -> Outgoing {
        if let Some(timeout) = self.config.timeout {
            request.timeout = timeout.get();
        }
        request
    }

    /// The session of an access token that never ends.
    async fn known(
        &self,
        endpoints: &Endpoints,
        access_token: &str,
        scope: &str,
    ) -> Result<Completed> {
        let tokens = Tokens {
            access_token: access_token.to_owned(),
            id_token: None,
            refresh_token: None,
            scope: Some(scope.to_owned()),
            expires_in: None,
        };
        self.completed(endpoints, tokens, None).await
    }

    /// What stands for a session that has an access token only: the token, and a proof that the portal
    /// got it. Anybody can write a cookie, and have a token of somebody else that was made for another
    /// client; it must sign nobody in.
    fn lasting(&self, access_token: &str) -> Option<String> {
        let tag = hmac::sign(&self.proof_key()?, access_token.as_bytes());
        let proof = URL_SAFE_NO_PAD.encode(tag);
        Some(format!("{ACCESS_TOKEN}{access_token}.{proof}"))
    }

    /// The access token of such a session, if its proof is ours.
    fn proven<'t>(&self, shown: &'t str) -> Option<&'t str> {
        let (access_token, proof) = shown.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(proof).ok()?;
        let proven = hmac::verify(&self.proof_key()?, access_token.as_bytes(), &tag);
        proven.ok().map(|()| access_token)
    }

    /// Of the secret that every replica has, and nobody else but the provider.
    fn proof_key(&self) -> Option<hmac::Key> {
        let secret = self.credentials.secret.as_ref()?;
        let text = format!("{} session {}", self.preset.id, secret.expose());
        Some(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()))
    }

    async fn completed(
        &self,
        endpoints: &Endpoints,
        tokens: Tokens,
        nonce: Option<String>,
    ) -> Result<Completed> {
        let expected = Expected {
            client_id: &self.credentials.id,
            nonce,
            algorithm: self.algorithm,
            now: self.clock.now(),
        };
        let claims = collect(&*self.fetch, endpoints, &self.sources, &tokens, &expected).await?;
        let facts = (self.preset.facts)(&claims, &self.config);
        Ok(Completed {
            session: self.session(tokens),
            facts,
        })
    }

    fn session(&self, tokens: Tokens) -> Session {
        let lasts = self.preset.session == SessionKind::AccessToken && tokens.expires_in.is_none();
        let own = lasts.then(|| self.lasting(&tokens.access_token)).flatten();
        Session {
            refresh_token: tokens
                .refresh_token
                .filter(|_| !self.config.disable_refresh)
                .or(own),
            access_token: tokens.access_token,
            id_token: tokens.id_token,
            scope: tokens.scope,
            expires_in: tokens.expires_in,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} {})", self.preset.id, self.environment)
    }
}

/// The code of an answer that is what it should be.
fn checked<'a>(answer: &Answer<'a>, endpoints: &Endpoints) -> Result<&'a str> {
    let expected = endpoints.issuer.as_deref();
    let is_other = answer.issuer.is_some() && expected.is_some() && answer.issuer != expected;
    let is_missing = endpoints.names_issuer && answer.issuer.is_none();
    if is_other || is_missing {
        return Err(Error::unauthenticated("Authentication failed")
            .with_source("the answer is of another issuer (RFC 9207)"));
    }
    if let Some(error) = answer.error {
        let description = answer.error_description.unwrap_or_default();
        let text: String = format!("{error} {description}")
            .chars()
            .take(MAX_TEXT)
            .collect();
        return Err(Error::forbidden(format!(
            "Authentication rejected, {}",
            text.trim_end()
        )));
    }
    answer
        .code
        .ok_or_else(|| Error::input("Authentication failed, the provider sent no code"))
}

fn callback_url(id: &str, config: &OAuthConfig, base_url: &Url) -> Result<Url, String> {
    let base = base_url.as_str().trim_end_matches('/');
    let own = || format!("{base}/api/auth/{id}/handler/frame");
    let text = config.callback_url.clone().unwrap_or_else(own);
    text.parse()
        .map_err(|_| format!("`callbackUrl`: `{text}` is not a URL"))
}

fn scopes(preset: &Preset, config: &OAuthConfig) -> Vec<String> {
    let words = |list: &OneOrMany<String>| -> Vec<String> {
        let texts = list.0.iter();
        texts
            .flat_map(|text| scope::split(text).map(str::to_owned))
            .collect()
    };
    let owned = |list: &[&str]| list.iter().map(|&scope| scope.to_owned()).collect();
    let mut scopes: Vec<String> = owned(preset.scopes);
    scopes.extend(
        config
            .scope
            .as_ref()
            .map_or_else(|| owned(preset.default_scopes), words),
    );
    scopes.extend(
        config
            .additional_scopes
            .as_ref()
            .map_or_else(Vec::new, words),
    );
    scopes
}

fn credentials(config: &OAuthConfig) -> Result<Credentials, String> {
    let id = config.client_id.clone().filter(|id| !id.is_empty());
    let secret = config.client_secret.clone();
    let method = match &config.token_endpoint_auth_method {
        Some(name) => Some(Method::named(name).ok_or_else(|| {
            format!(
                "`tokenEndpointAuthMethod`: `{name}` is none of `client_secret_basic`, \
                 `client_secret_post`, `none`"
            )
        })?),
        None if config.include_basic_auth => Some(Method::Basic),
        None => None,
    };
    Ok(Credentials {
        id: id.ok_or("`clientId` is missing")?,
        secret: secret.filter(|secret| !secret.is_empty()),
        method,
    })
}

fn algorithm(config: &OAuthConfig) -> Result<Option<Algorithm>, String> {
    let Some(name) = &config.token_signed_response_alg else {
        return Ok(None);
    };
    name.parse()
        .map(Some)
        .map_err(|_| format!("`tokenSignedResponseAlg`: `{name}` is not an algorithm we know"))
}
