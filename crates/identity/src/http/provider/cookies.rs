//! The cookies of a provider: what a browser keeps of a sign-in on its way, and of a session.
//! Reference 3 §2.3.
//!
//! Names and attributes are Backstage's, so that sessions outlive a move from it. One differs: the
//! nonce cookie holds several nonces, each with its PKCE verifier, so that a sign-in in one tab does
//! not break one in another.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use platform::clock::{Millis, millis};
use platform::{Error, Result};
use url::Url;

use crate::http::cookie::http_date;
use crate::oauth::Client;

/// Longest value of one cookie; more is spread over several.
const MAX_VALUE: usize = 4_000;
/// Most cookies of one value.
const MAX_CHUNKS: usize = 10;
/// Most sign-ins on their way in one browser.
const MAX_FLOWS: usize = 5;
const FLOW_LIFE: Millis = 600_000;
/// How long a browser stays signed in unless configured.
const SESSION_LIFE: Millis = 1_000 * 86_400_000;
const FRAME: &str = "/handler/frame";

/// The cookies of one provider for one site.
pub(super) struct Cookies {
    provider: &'static str,
    domain: String,
    path: String,
    security: &'static str,
    session_life: Millis,
}

impl Cookies {
    /// The cookies of a client for the portal at `origin`.
    pub(super) fn new(client: &Client, origin: &str) -> Result<Self> {
        let callback = &client.callback_url;
        let provider = client.preset.id;
        let domain = callback.host_str().unwrap_or_default();
        let origin: Url = origin
            .parse()
            .map_err(|error| Error::internal("an origin is no URL").with_source(error))?;
        let is_secure = callback.scheme() == "https";
        let path = callback.path();
        let path = match path.strip_suffix(FRAME) {
            Some(base) if base.ends_with(provider) => base.to_owned(),
            _ => format!("{}/{provider}", path.trim_end_matches('/')),
        };
        let life = client.config.session_duration;
        Ok(Self {
            provider,
            domain: domain.to_owned(),
            path,
            security: match (is_secure, origin.host_str() == Some(domain)) {
                (true, true) => "HttpOnly; Secure; SameSite=Lax",
                (true, false) => "HttpOnly; Secure; SameSite=None",
                (false, _) => "HttpOnly; SameSite=Lax",
            },
            session_life: life.map_or(SESSION_LIFE, |life| millis(life.get())),
        })
    }

    /// Remembers a sign-in on its way, beside others.
    pub(super) fn set_flow(
        &self,
        headers: &HeaderMap,
        nonce: &str,
        verifier: &str,
        now: Millis,
    ) -> Result<HeaderValue> {
        let known = self.flows(headers);
        let mut flows = vec![format!("{nonce}.{verifier}")];
        flows.extend(known.into_iter().take(MAX_FLOWS - 1));
        self.set(&self.flow_name(), &flows.join("~"), FLOW_LIFE, now)
    }

    /// Forgets a sign-in that has come to its end.
    pub(super) fn end_flow(
        &self,
        headers: &HeaderMap,
        nonce: &str,
        now: Millis,
    ) -> Result<HeaderValue> {
        let mut flows = self.flows(headers);
        flows.retain(|flow| {
            flow.split_once('.')
                .is_some_and(|(known, _)| known != nonce)
        });
        let life = if flows.is_empty() { 0 } else { FLOW_LIFE };
        self.set(&self.flow_name(), &flows.join("~"), life, now)
    }

    /// The PKCE verifier of the sign-in with a nonce, if this browser began it.
    pub(super) fn verifier(&self, headers: &HeaderMap, nonce: &str) -> Result<String> {
        let flows = self.flows(headers);
        if flows.is_empty() {
            return Err(Error::forbidden("Auth response is missing cookie nonce"));
        }
        let mut flows = flows.iter().filter_map(|flow| flow.split_once('.'));
        let found = flows.find(|(known, _)| *known == nonce);
        found
            .map(|(_, verifier)| verifier.to_owned())
            .ok_or_else(|| Error::forbidden("Invalid nonce"))
    }

    fn flows(&self, headers: &HeaderMap) -> Vec<String> {
        let value = value(headers, &self.flow_name()).unwrap_or_default();
        let flows = value.split('~').filter(|flow| !flow.is_empty());
        flows.map(str::to_owned).collect()
    }

    fn flow_name(&self) -> String {
        format!("{}-nonce", self.provider)
    }

    /// How long the browser keeps a session.
    pub(super) fn life(&self) -> Millis {
        self.session_life
    }

    /// What stands for the session.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<String> {
        let name = self.session_name();
        let whole = value(headers, &name).filter(|value| !value.is_empty());
        whole.or_else(|| {
            let chunk = |at| value(headers, &chunk_name(&name, at));
            let chunks = (0..MAX_CHUNKS).map_while(chunk);
            let joined: String = chunks.collect();
            (!joined.is_empty()).then_some(joined)
        })
    }

    /// Keeps what stands for the session, in as many cookies as it needs.
    pub(super) fn set_session(
        &self,
        headers: &HeaderMap,
        token: &str,
        now: Millis,
    ) -> Result<Vec<HeaderValue>> {
        let name = self.session_name();
        let whole = token.len() <= MAX_VALUE;
        let n_chunks = if whole {
            0
        } else {
            token.len().div_ceil(MAX_VALUE)
        };
        if n_chunks > MAX_CHUNKS || !token.is_ascii() {
            return Err(Error::unavailable(
                "the provider's refresh token is too long",
            ));
        }
        let mut set = Vec::new();
        if whole {
            set.push(self.set(&name, token, self.session_life, now)?);
        } else {
            for at in 0..n_chunks {
                let end = token.len().min((at + 1) * MAX_VALUE);
                let part = token.get(at * MAX_VALUE..end).unwrap_or_default();
                set.push(self.set(&chunk_name(&name, at), part, self.session_life, now)?);
            }
        }
        set.extend(self.forget_rest(headers, whole, n_chunks, now)?);
        Ok(set)
    }

    /// Removes what an earlier session left beside the present one.
    fn forget_rest(
        &self,
        headers: &HeaderMap,
        whole: bool,
        n_chunks: usize,
        now: Millis,
    ) -> Result<Vec<HeaderValue>> {
        let name = self.session_name();
        let mut stale: Vec<String> = (n_chunks..MAX_CHUNKS)
            .map(|at| chunk_name(&name, at))
            .collect();
        if !whole {
            stale.push(name);
        }
        stale.retain(|name| value(headers, name).is_some());
        stale
            .iter()
            .map(|name| self.set(name, "", 0, now))
            .collect()
    }

    fn session_name(&self) -> String {
        format!("{}-refresh-token", self.provider)
    }

    /// What was granted to the session.
    pub(super) fn scope(&self, headers: &HeaderMap) -> Option<String> {
        value(headers, &self.scope_name())
    }

    /// Keeps what was granted to the session.
    pub(super) fn set_scope(&self, scope: &str, now: Millis) -> Result<HeaderValue> {
        self.set(&self.scope_name(), scope, self.session_life, now)
    }

    fn scope_name(&self) -> String {
        format!("{}-granted-scope", self.provider)
    }

    /// Removes everything of a session.
    pub(super) fn forget(&self, headers: &HeaderMap, now: Millis) -> Result<Vec<HeaderValue>> {
        let mut gone = vec![
            self.set(&self.session_name(), "", 0, now)?,
            self.set(&self.scope_name(), "", 0, now)?,
        ];
        gone.extend(self.forget_rest(headers, true, 0, now)?);
        Ok(gone)
    }

    /// The header, with its parts in Express's order.
    fn set(&self, name: &str, value: &str, life: Millis, now: Millis) -> Result<HeaderValue> {
        let Self {
            domain,
            path,
            security,
            ..
        } = self;
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        let expires = http_date(now.saturating_add(life) / 1_000)?;
        let age = life / 1_000;
        let text = format!(
            "{name}={value}; Max-Age={age}; Domain={domain}; Path={path}; Expires={expires}; \
             {security}"
        );
        HeaderValue::try_from(text)
            .map_err(|error| Error::internal("writing a cookie failed").with_source(error))
    }
}

fn chunk_name(name: &str, at: usize) -> String {
    format!("{name}-{at}")
}

/// The decoded value of a cookie.
fn value(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.into_iter().find(|(name, _)| *name == wanted)?;
    let decoded = percent_decode_str(value).decode_utf8().ok()?;
    Some(decoded.into_owned())
}
