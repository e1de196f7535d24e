//! Clients: known by the URL of their metadata, or registered.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use platform::clock::Millis;
use platform::{Error, Result};
use quick_cache::sync::Cache;
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use uuid::Uuid;

use super::grant::{CLIENT, Grant};
use super::pattern::{Pattern, is_answerable};
use super::{OAuthError, OAuthResult, Server, ServerSettings};
use crate::Identity;
use crate::digest::Digest;
use crate::fetch::{Fetch, HttpFetch, Outgoing};
use crate::random;

/// Largest metadata document.
const MAX_DOCUMENT: usize = 64 * 1024;
const DOCUMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a document is used.
const DOCUMENT_AGE: Millis = 300_000;
const MAX_DOCUMENTS: usize = 1_000;
/// How long a registration lasts.
const REGISTRATION_LIFE: Duration = Duration::from_hours(24 * 365);
const MAX_REDIRECTS: usize = 10;
const MAX_TEXT: usize = 2_000;
const SECRET_BYTES: usize = 32;

/// A client that may be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) redirect_uris: Vec<String>,
    /// Digest of its secret; none for public clients.
    pub(crate) secret: Option<String>,
}

/// What a client says of itself when it registers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Registration {
    client_name: Option<String>,
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: Option<String>,
}

/// A registered client with its secret, which is told once.
pub(crate) struct Registered {
    pub(crate) client: Client,
    pub(crate) secret: Option<String>,
}

impl Client {
    /// The address to answer to, if it is one of the client's. A program on the user's machine
    /// listens on any port (RFC 8252); everything else is compared letter by letter.
    pub(super) fn redirect(&self, wanted: &str) -> Option<Url> {
        let url = wanted.parse().ok().filter(is_answerable)?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return None;
        }
        let fits = |known: &String| {
            known == wanted || (is_loopback(&url) && is_same_but_port(known, &url))
        };
        self.redirect_uris.iter().any(fits).then_some(url)
    }

    /// Fails unless the secret is the client's; public clients have none to show.
    pub(super) fn prove(&self, secret: Option<&str>) -> OAuthResult<()> {
        let wrong = || OAuthError::new("invalid_client", "the client is not who it says it is");
        match (&self.secret, secret) {
            (None, _) => Ok(()),
            (Some(known), Some(secret)) => {
                let shown = hex::encode(Digest::of(secret).as_bytes());
                verify_slices_are_equal(known.as_bytes(), shown.as_bytes()).map_err(|_| wrong())
            }
            (Some(_), None) => Err(wrong()),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    is_local && url.scheme() == "http"
}

fn is_same_but_port(known: &str, url: &Url) -> bool {
    let parts = |url: &Url| {
        let host = url.host_str().map(str::to_owned);
        (host, url.path().to_owned(), url.query().map(str::to_owned))
    };
    let known = known.parse::<Url>();
    known.is_ok_and(|known| is_loopback(&known) && parts(&known) == parts(url))
}

/// Metadata documents of clients.
pub(crate) struct Documents {
    fetch: Arc<dyn Fetch>,
    known: Cache<String, (Millis, Arc<Client>)>,
}

impl Documents {
    /// Names lead to public addresses only, redirects nowhere (CVE-2026-32236).
    pub(super) fn new(_: &ServerSettings) -> Result<Self> {
        let client = reqwest::Client::builder()
            .user_agent("callboard")
            .redirect(Policy::none())
            .dns_resolver(Arc::new(integrations::PublicResolver))
            .no_proxy()
            .build()
            .map_err(|error| Error::internal("making an HTTP client failed").with_source(error))?;
        Ok(Self {
            fetch: Arc::new(HttpFetch::of(client)),
            known: Cache::new(MAX_DOCUMENTS),
        })
    }

    async fn client(&self, url: &Url, id: &str, now: Millis) -> OAuthResult<Arc<Client>> {
        if let Some((at, client)) = self.known.get(id)
            && now - at < DOCUMENT_AGE
        {
            return Ok(client);
        }
        let client = Arc::new(self.read(url, id).await?);
        self.known.insert(id.to_owned(), (now, Arc::clone(&client)));
        Ok(client)
    }

    async fn read(&self, url: &Url, id: &str) -> OAuthResult<Client> {
        let bad = |reason: &str| {
            let text = format!("the metadata of the client is unusable: {reason}");
            OAuthError::new("invalid_client", text)
        };
        let mut request = Outgoing::get(url.clone());
        request.timeout = DOCUMENT_TIMEOUT;
        let answer = self.fetch.send(request).await.map_err(|error| {
            tracing::info!(
                error = error.chain(),
                "reading the metadata of a client failed"
            );
            bad("it cannot be read")
        })?;
        if !answer.status.is_success() || answer.body.len() > MAX_DOCUMENT {
            return Err(bad("it cannot be read"));
        }
        document(id, &answer.body).map_err(bad)
    }
}

/// The client that a document describes.
fn document(id: &str, body: &[u8]) -> Result<Client, &'static str> {
    #[derive(Deserialize)]
    struct Document {
        client_id: String,
        client_name: Option<String>,
        redirect_uris: Vec<String>,
        client_secret: Option<serde_json::Value>,
        client_secret_expires_at: Option<serde_json::Value>,
        token_endpoint_auth_method: Option<String>,
    }
    let said: Document = serde_json::from_slice(body).map_err(|_| "it is not a description")?;
    if said.client_id != id {
        return Err("`client_id` is not its address");
    }
    if said.client_secret.is_some() || said.client_secret_expires_at.is_some() {
        return Err("a public document has no secret");
    }
    let method = said.token_endpoint_auth_method.unwrap_or_default();
    if method.starts_with("client_secret") {
        return Err("clients with a document have no secret");
    }
    let is_url = |uri: &String| uri.len() <= MAX_TEXT && uri.parse::<Url>().is_ok();
    let count = said.redirect_uris.len();
    if count == 0 || count > MAX_REDIRECTS || !said.redirect_uris.iter().all(is_url) {
        return Err("`redirect_uris` are missing or no URLs");
    }
    let name = said.client_name.unwrap_or_else(|| id.to_owned());
    Ok(Client {
        id: id.to_owned(),
        name: name.chars().take(MAX_TEXT).collect(),
        redirect_uris: said.redirect_uris,
        secret: None,
    })
}

/// The URL of a document, if it may be one.
fn document_url(id: &str) -> Option<Url> {
    let url: Url = id.parse().ok()?;
    let is_plain = url.as_str() == id
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.query().is_none()
        && url.path() != "/";
    let is_named = matches!(url.host(), Some(Host::Domain(_)));
    (is_plain && is_named && url.scheme() == "https" && id.len() <= MAX_TEXT).then_some(url)
}

impl Identity {
    /// The client with an id.
    pub(super) async fn oauth_client(&self, server: &Server, id: &str) -> OAuthResult<Arc<Client>> {
        let unknown = || OAuthError::new("invalid_client", "there is no such client");
        if let Some(allowed) = &server.settings.documents {
            if id == self.cli_client_id() {
                return Ok(Arc::new(self.cli_client()));
            }
            if let Some(url) = document_url(id) {
                if !allowed.clients.iter().any(|pattern| pattern.matches(&url)) {
                    return Err(unknown());
                }
                let now = self.clock.now();
                let client = server.documents.client(&url, id, now).await?;
                return self.within(&allowed.redirects, client);
            }
        }
        let Some(patterns) = &server.settings.registration else {
            return Err(unknown());
        };
        let found = self.store.find_grant(CLIENT, id).await?;
        let found = found.filter(|grant| grant.expires_at > self.clock.now());
        let client = found.ok_or_else(unknown)?.read::<Client>()?;
        // What was allowed when it registered need not be any more.
        self.within(patterns, Arc::new(client))
    }

    /// Our own command line, which needs no fetching.
    pub(crate) fn cli_client(&self) -> Client {
        Client {
            id: self.cli_client_id(),
            name: "Callboard CLI".to_owned(),
            redirect_uris: vec!["http://127.0.0.1:8055/callback".to_owned()],
            secret: None,
        }
    }

    /// Where the metadata of our command line is.
    pub(crate) fn cli_client_id(&self) -> String {
        format!("{}/.well-known/oauth-client/cli.json", self.issuer)
    }

    /// The client with the addresses that the configuration allows; none left is no client.
    #[expect(clippy::unused_self, reason = "reads as a step of looking a client up")]
    fn within(&self, patterns: &[Pattern], client: Arc<Client>) -> OAuthResult<Arc<Client>> {
        let is_allowed = |uri: &String| {
            let url = uri.parse::<Url>();
            url.is_ok_and(|url| patterns.iter().any(|pattern| pattern.matches(&url)))
        };
        let mut client = Arc::unwrap_or_clone(client);
        client.redirect_uris.retain(is_allowed);
        if client.redirect_uris.is_empty() {
            let text = "none of the client's redirect URIs is allowed here";
            return Err(OAuthError::new("invalid_client", text));
        }
        Ok(Arc::new(client))
    }

    /// Registers a client (RFC 7591).
    pub(crate) async fn register_client(
        &self,
        server: &Server,
        wanted: Registration,
    ) -> OAuthResult<Registered> {
        let Some(patterns) = &server.settings.registration else {
            return Err(OAuthError::new(
                "access_denied",
                "clients cannot register here",
            ));
        };
        let uris = &wanted.redirect_uris;
        let is_allowed = |uri: &String| {
            let url = Some(uri).filter(|uri| uri.len() <= MAX_TEXT);
            let url = url.and_then(|uri| uri.parse::<Url>().ok());
            url.is_some_and(|url| {
                url.fragment().is_none() && patterns.iter().any(|pattern| pattern.matches(&url))
            })
        };
        if uris.is_empty() || uris.len() > MAX_REDIRECTS || !uris.iter().all(is_allowed) {
            let text = "redirect_uris are missing, or not allowed here";
            return Err(OAuthError::new("invalid_redirect_uri", text));
        }
        let is_public = wanted.token_endpoint_auth_method.as_deref() == Some("none");
        let secret = if is_public {
            None
        } else {
            Some(random::text::<SECRET_BYTES>()?)
        };
        let name = wanted
            .client_name
            .unwrap_or_else(|| "unnamed client".to_owned());
        let digest = |secret: &String| hex::encode(Digest::of(secret).as_bytes());
        let client = Client {
            id: Uuid::new_v4().to_string(),
            name: name.chars().take(MAX_TEXT).collect(),
            redirect_uris: wanted.redirect_uris,
            secret: secret.as_ref().map(digest),
        };
        let now = self.clock.now();
        let grant = Grant::new(CLIENT, client.id.clone(), &client, now, REGISTRATION_LIFE)?;
        self.add_grant(server, grant).await?;
        tracing::info!(
            client = client.id,
            name = client.name,
            "an OAuth client registered"
        );
        Ok(Registered { client, secret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_at_plain_addresses() {
        for (id, expected) in [
            ("https://claude.ai/oauth/client.json", true),
            ("http://claude.ai/oauth/client.json", false),
            ("https://claude.ai/", false),
            ("https://claude.ai", false),
            ("https://claude.ai/a?b", false),
            ("https://claude.ai/a#b", false),
            ("https://u@claude.ai/a", false),
            ("https://claude.ai/a/../b", false),
            ("https://claude.ai/a/%2e%2e/b", false),
            ("https://10.0.0.1/a", false),
            ("https://[::1]/a", false),
            ("https://0x7f000001/a", false),
            ("7c9f", false),
        ] {
            assert_eq!(document_url(id).is_some(), expected, "{id}");
        }
    }

    #[test]
    fn a_document_says_what_it_must() {
        let id = "https://tool.org/client.json";
        let good = serde_json::json!({"client_id": id, "redirect_uris": ["http://localhost/cb"]});
        let cases = [
            (
                "client_id",
                serde_json::json!("https://tool.org/other.json"),
            ),
            ("client_secret", serde_json::json!("s")),
            (
                "token_endpoint_auth_method",
                serde_json::json!("client_secret_post"),
            ),
            ("redirect_uris", serde_json::json!([])),
            ("redirect_uris", serde_json::json!(["nonsense"])),
        ];
        assert!(document(id, good.to_string().as_bytes()).is_ok());
        for (key, value) in cases {
            let mut changed = good.clone();
            changed[key] = value;
            assert!(
                document(id, changed.to_string().as_bytes()).is_err(),
                "{changed}"
            );
        }
    }

    #[test]
    fn only_ports_of_the_own_machine_may_differ() {
        let client = Client {
            id: String::new(),
            name: String::new(),
            redirect_uris: vec![
                "http://127.0.0.1:8055/callback".to_owned(),
                "https://tool.org/cb".to_owned(),
                // Registered before such addresses were refused.
                "javascript:alert(1)".to_owned(),
            ],
            secret: None,
        };
        for (uri, expected) in [
            ("http://127.0.0.1:8055/callback", true),
            ("http://127.0.0.1:9/callback", true),
            ("http://127.0.0.1/callback", true),
            ("http://127.0.0.1:9/other", false),
            ("http://127.0.0.1:9/callback?x=y", false),
            ("http://localhost:9/callback", false),
            ("http://127.0.0.1:9@evil.org/callback", false),
            ("https://127.0.0.1:9/callback", false),
            ("https://tool.org/cb", true),
            ("https://tool.org:8443/cb", false),
            ("https://tool.org/cb#x", false),
            ("https://tool.org/cb/", false),
            ("https://evil.org/cb", false),
            ("javascript:alert(1)", false),
            ("nonsense", false),
        ] {
            assert_eq!(client.redirect(uri).is_some(), expected, "{uri}");
        }
    }
}
