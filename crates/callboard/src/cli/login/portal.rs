//! A running portal, asked over HTTP for the user of this machine.

use anyhow::{Context as _, bail};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use identity::{Fetch as _, HttpFetch, Incoming, Outgoing};
use platform::Clock;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::{Host, Url, form_urlencoded};

use super::keep::{Login, Logins};
use super::refused;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// A token that ends sooner is renewed first.
const MARGIN_MS: i64 = 30_000;

/// A portal whose authorization server is on.
pub(super) struct Portal {
    base: String,
    server: Server,
    fetch: HttpFetch,
}

/// What the authorization server says of itself.
#[derive(Deserialize)]
struct Server {
    issuer: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    revocation_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
}

/// A login that waits for the user.
#[derive(Deserialize)]
pub(super) struct Begun {
    pub(super) device_code: String,
    pub(super) user_code: String,
    pub(super) verification_uri: String,
    pub(super) verification_uri_complete: String,
    pub(super) interval: u64,
}

/// Tokens that were given.
#[derive(Deserialize)]
pub(super) struct Tokens {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: i64,
}

/// What is known of a login that waits.
pub(super) enum Poll {
    Given(Tokens),
    Wait,
    SlowDown,
}

impl Portal {
    /// Asks the portal where its endpoints are.
    pub(super) async fn at(url: &str) -> anyhow::Result<Self> {
        let base = url.trim_end_matches('/').to_owned();
        let about: Url = format!("{base}/api/auth/.well-known/openid-configuration")
            .parse()
            .with_context(|| format!("`{url}` is no address of a portal"))?;
        let fetch = HttpFetch::new()?;
        let answer = fetch.send(Outgoing::get(about)).await?;
        if !answer.status.is_success() {
            bail!("{base} answered {}; is it a portal?", answer.status);
        }
        let server = read(&answer).with_context(|| format!("{base} is no portal"))?;
        Ok(Self {
            base,
            server,
            fetch,
        })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Whether nobody between here and the portal can read along.
    pub(super) fn is_private(&self) -> bool {
        let Ok(url) = self.base.parse::<Url>() else {
            return false;
        };
        let is_local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        is_local || url.scheme() == "https"
    }

    fn client_id(&self) -> String {
        format!("{}/.well-known/oauth-client/cli.json", self.server.issuer)
    }

    /// Begins a login; the user answers in a browser.
    pub(super) async fn begin(&self, scope: &str) -> anyhow::Result<Begun> {
        let Some(endpoint) = &self.server.device_authorization_endpoint else {
            bail!(
                "{} gives no tokens to programs; its operator can set \
                 `auth.clientIdMetadataDocuments.enabled: true`",
                self.base
            );
        };
        let fields = [("client_id", &*self.client_id()), ("scope", scope)];
        let answer = post(&self.fetch, endpoint, &fields).await?;
        if !answer.status.is_success() {
            refused(&read(&answer)?)?;
        }
        read(&answer)
    }

    /// Asks whether the user has answered.
    pub(super) async fn poll(&self, device_code: &str) -> anyhow::Result<Poll> {
        let fields = [
            ("grant_type", DEVICE_GRANT),
            ("client_id", &*self.client_id()),
            ("device_code", device_code),
        ];
        let answer = post(&self.fetch, &self.server.token_endpoint, &fields).await?;
        if answer.status.is_success() {
            return Ok(Poll::Given(read(&answer)?));
        }
        let said: Value = read(&answer)?;
        match said.get("error").and_then(Value::as_str) {
            Some("authorization_pending") => Ok(Poll::Wait),
            Some("slow_down") => Ok(Poll::SlowDown),
            _ => refused(&said).map(|_| Poll::Wait),
        }
    }

    /// What is kept of tokens that were given.
    pub(super) fn login(&self, tokens: Tokens, now: i64) -> Login {
        Login {
            token_endpoint: self.server.token_endpoint.clone(),
            revocation_endpoint: self.server.revocation_endpoint.clone().unwrap_or_default(),
            client_id: self.client_id(),
            access_token: tokens.access_token,
            expires_at: now + tokens.expires_in * 1_000,
            refresh_token: tokens.refresh_token,
        }
    }

    /// Who the portal says the user is.
    pub(super) async fn who_am_i(&self, logins: &Logins) -> anyhow::Result<Value> {
        let token = self.token(logins).await?;
        let url = self.server.userinfo_endpoint.parse()?;
        let mut request = Outgoing::get(url);
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))?;
        bearer.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, bearer);
        let answer = self.fetch.send(request).await?;
        if !answer.status.is_success() {
            bail!("the portal answered {}; log in anew", answer.status);
        }
        let mut said: Value = read(&answer)?;
        Ok(said.get_mut("claims").map(Value::take).unwrap_or_default())
    }

    /// A token that is good for a while, renewed if need be.
    async fn token(&self, logins: &Logins) -> anyhow::Result<String> {
        let (_, login) = logins.chosen(Some(&self.base))?;
        let now = Clock::system().now();
        if login.expires_at - MARGIN_MS > now {
            return Ok(login.access_token);
        }
        let Some(refresh_token) = &login.refresh_token else {
            bail!("your login has ended; log in anew");
        };
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", &*login.client_id),
            ("refresh_token", refresh_token),
        ];
        let answer = post(&self.fetch, &login.token_endpoint, &fields).await?;
        if !answer.status.is_success() {
            bail!("your login has ended; log in anew");
        }
        let fresh = self.login(read(&answer)?, now);
        logins.save(&self.base, &fresh)?;
        Ok(fresh.access_token)
    }
}

/// Ends the session of a login at the portal.
pub(super) async fn revoke(login: &Login) -> anyhow::Result<()> {
    let Some(token) = &login.refresh_token else {
        return Ok(());
    };
    let fields = [("client_id", &*login.client_id), ("token", token)];
    let answer = post(&HttpFetch::new()?, &login.revocation_endpoint, &fields).await?;
    if !answer.status.is_success() {
        bail!("it answered {}", answer.status);
    }
    Ok(())
}

async fn post(fetch: &HttpFetch, url: &str, fields: &[(&str, &str)]) -> anyhow::Result<Incoming> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let mut request = Outgoing::post(url.parse()?, form.finish());
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers.insert(CONTENT_TYPE, form);
    Ok(fetch.send(request).await?)
}

fn read<T: DeserializeOwned>(answer: &Incoming) -> anyhow::Result<T> {
    serde_json::from_slice(&answer.body).context("the portal answered something else")
}
