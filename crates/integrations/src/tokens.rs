//! Credentials that have to be fetched and renewed: GitHub Apps and OAuth clients.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::clock::millis;
use platform::config::Secret;
use platform::{Clock, Millis};
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::error::ReadError;
use crate::http_client::{Fetch, HttpClient, Subject};
use crate::integration::{Credentials, Integration, basic, bearer};
use crate::percent;
use crate::repository::RepoUrl;
use crate::settings::{AzureCredential, GithubAppSettings};

const MAX_TOKENS: usize = 4_096;
const MAX_ANSWER_BYTES: usize = 256 << 10;
/// A token is renewed this long before it ends.
const MARGIN: Duration = Duration::from_mins(5);
/// How long it is believed that an app is not installed somewhere.
const ABSENCE: Duration = Duration::from_mins(5);
/// How long tokens live whose answer does not say.
const USUAL_LIFE: Duration = Duration::from_hours(1);
/// The resource id of Azure DevOps, the same in every tenant.
const AZURE_SCOPE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";

/// The value of an `Authorization` header, or the knowledge that there is none.
#[derive(Debug, Clone)]
struct Token {
    header: Option<Secret>,
    renew_at: Millis,
}

/// Fetches tokens once and keeps them until they are about to end.
pub(crate) struct Tokens {
    client: HttpClient,
    clock: Clock,
    kept: Cache<String, Token>,
}

impl Tokens {
    pub(crate) fn new(client: HttpClient, clock: Clock) -> Self {
        Self {
            client,
            clock,
            kept: Cache::new(MAX_TOKENS),
        }
    }

    /// What to send as `Authorization` for a repository.
    pub(crate) async fn authorization(
        &self,
        integration: &Integration,
        repo: &RepoUrl,
    ) -> Result<Option<Secret>, ReadError> {
        match &integration.credentials {
            Credentials::Anonymous => Ok(None),
            Credentials::Header(header) => Ok(Some(header.clone())),
            Credentials::GithubApps(apps, header) => {
                for app in apps.iter().filter(|app| app.may_serve(&repo.owner)) {
                    let key = key(integration, &format!("{}/{}", app.app_id, repo.owner));
                    let mint = self.installation_token(integration, app, &repo.owner);
                    if let Some(found) = self.kept_or(&key, mint).await? {
                        return Ok(Some(found));
                    }
                }
                Ok(header.clone())
            }
            Credentials::BitbucketOauth {
                client_id,
                client_secret,
                token_url,
            } => {
                let fetch = Fetch {
                    authorization: Some(basic(client_id, client_secret)),
                    ..post(token_url.clone(), &[("grant_type", "client_credentials")])
                };
                self.kept_or(&key(integration, client_id), self.oauth_token(fetch))
                    .await
            }
            Credentials::Azure(credentials) => match azure_credential(credentials, repo) {
                Some(credential) => self.azure_token(integration, credential).await,
                None => Ok(None),
            },
        }
    }

    /// What to send as `Authorization` for everything that somebody owns.
    pub(crate) async fn of_owner(
        &self,
        integration: &Integration,
        owner: &str,
    ) -> Result<Option<Secret>, ReadError> {
        let repo = RepoUrl::of_owner(owner);
        self.authorization(integration, &repo).await
    }

    /// Drops what is kept for a repository after the host refused it.
    pub(crate) fn forget(&self, integration: &Integration, repo: &RepoUrl) {
        match &integration.credentials {
            Credentials::Anonymous | Credentials::Header(_) => {}
            Credentials::GithubApps(apps, _) => {
                for app in apps {
                    let name = format!("{}/{}", app.app_id, repo.owner);
                    self.kept.remove(&key(integration, &name));
                }
            }
            Credentials::BitbucketOauth { client_id, .. } => {
                self.kept.remove(&key(integration, client_id));
            }
            Credentials::Azure(credentials) => {
                for client_id in credentials
                    .iter()
                    .filter_map(|item| item.client_id.as_ref())
                {
                    self.kept.remove(&key(integration, client_id));
                }
            }
        }
    }

    /// The kept token, or a new one; concurrent callers wait for one exchange.
    async fn kept_or(
        &self,
        key: &str,
        mint: impl Future<Output = Result<Token, ReadError>>,
    ) -> Result<Option<Secret>, ReadError> {
        let now = self.clock.now();
        self.kept.remove_if(key, |token| token.renew_at <= now);
        let token = self
            .kept
            .get_or_insert_async(key, mint)
            .await
            .map_err(not_gone)?;
        Ok(token.header)
    }

    async fn installation_token(
        &self,
        integration: &Integration,
        app: &GithubAppSettings,
        owner: &str,
    ) -> Result<Token, ReadError> {
        let proof = Secret::new(app_proof(app, self.clock.now())?);
        let owner = percent::encode_segment(owner);
        let ask = |path: String| {
            let url = below(&integration.api, &path)?;
            let accept = "application/vnd.github+json";
            Ok::<_, ReadError>(Fetch {
                accept,
                authorization: Some(bearer(&proof)),
                ..call(url)
            })
        };
        let mut installation: Option<Installation> = None;
        for kind in ["orgs", "users"] {
            match self
                .json(&ask(format!("{kind}/{owner}/installation"))?)
                .await
            {
                Err(error) if error.is_gone() => {}
                found => {
                    installation = Some(found?);
                    break;
                }
            }
        }
        let Some(Installation { id }) = installation else {
            return Ok(Token {
                header: None,
                renew_at: self.clock.now() + millis(ABSENCE),
            });
        };
        let method = http::Method::POST;
        let fetch = ask(format!("app/installations/{id}/access_tokens"))?;
        let minted: InstallationToken = self.json(&Fetch { method, ..fetch }).await?;
        let ends = OffsetDateTime::parse(&minted.expires_at, &Rfc3339).ok();
        let ends = ends.map(|time| time.unix_timestamp().saturating_mul(1_000));
        let ends = ends.unwrap_or_else(|| self.clock.now() + millis(USUAL_LIFE));
        let header = Some(bearer(&Secret::new(minted.token)));
        Ok(Token {
            header,
            renew_at: ends.saturating_sub(millis(MARGIN)),
        })
    }

    async fn azure_token(
        &self,
        integration: &Integration,
        credential: &AzureCredential,
    ) -> Result<Option<Secret>, ReadError> {
        if let Some(token) = &credential.personal_access_token {
            return Ok(Some(basic("", token)));
        }
        let (Some(client_id), Some(secret), Some(tenant)) = (
            &credential.client_id,
            &credential.client_secret,
            &credential.tenant_id,
        ) else {
            return Ok(None);
        };
        let login = credential.login_base_url.as_deref();
        let login = Url::parse(login.unwrap_or("https://login.microsoftonline.com"))
            .map_err(|_| ReadError::invalid("the address of the sign-in service is no URL"))?;
        let tenant = percent::encode_segment(tenant);
        let url = below(&login, &format!("{tenant}/oauth2/v2.0/token"))?;
        let fetch = post(
            url,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", client_id),
                ("client_secret", secret.expose()),
                ("scope", AZURE_SCOPE),
            ],
        );
        self.kept_or(&key(integration, client_id), self.oauth_token(fetch))
            .await
    }

    async fn oauth_token(&self, fetch: Fetch) -> Result<Token, ReadError> {
        let minted: OauthToken = self.json(&fetch).await?;
        let life = minted
            .expires_in
            .map_or(USUAL_LIFE, Duration::from_secs)
            .min(24 * USUAL_LIFE);
        let header = Some(bearer(&Secret::new(minted.access_token)));
        Ok(Token {
            header,
            renew_at: self.clock.now() + millis(life.saturating_sub(MARGIN)),
        })
    }

    async fn json<T: DeserializeOwned>(&self, fetch: &Fetch) -> Result<T, ReadError> {
        let answer = self.client.fetch(fetch).await?;
        serde_json::from_slice(&answer.body).map_err(|_| {
            // The answer may hold a token: neither it nor the parser's words are shown.
            ReadError::invalid(format!("the answer of {} is not understood", fetch.url))
        })
    }
}

impl GithubAppSettings {
    fn may_serve(&self, owner: &str) -> bool {
        let allowed = &self.allowed_installation_owners;
        allowed.is_empty() || allowed.iter().any(|name| name.eq_ignore_ascii_case(owner))
    }
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Deserialize)]
struct InstallationToken {
    token: String,
    expires_at: String,
}

#[derive(Deserialize)]
struct OauthToken {
    access_token: String,
    expires_in: Option<u64>,
}

/// The signed statement that we are the app.
fn app_proof(app: &GithubAppSettings, now: Millis) -> Result<String, ReadError> {
    #[derive(serde::Serialize)]
    struct Claims<'a> {
        iat: i64,
        exp: i64,
        iss: &'a str,
    }
    let now = now / 1_000;
    // Issued in the past and for less than ten minutes, so that clocks may differ.
    let claims = Claims {
        iat: now - 60,
        exp: now + 540,
        iss: &app.app_id,
    };
    // Keys that came through an environment variable often have their line ends escaped.
    let pem = Secret::new(app.private_key.expose().replace("\\n", "\n"));
    EncodingKey::from_rsa_pem(pem.expose().as_bytes())
        .and_then(|key| jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key))
        .map_err(|_| {
            ReadError::invalid(format!(
                "the private key of GitHub App {} is not usable",
                app.app_id
            ))
        })
}

/// Trouble with a token says nothing about the file.
fn not_gone(error: ReadError) -> ReadError {
    match error {
        ReadError::NotFound { message } | ReadError::Invalid { message } => {
            ReadError::Denied { message }
        }
        other => other,
    }
}

fn azure_credential<'a>(
    credentials: &'a [AzureCredential],
    repo: &RepoUrl,
) -> Option<&'a AzureCredential> {
    let organization = repo.organization.split('/').next().unwrap_or_default();
    let names = |item: &&AzureCredential| {
        item.organizations
            .iter()
            .any(|name| name.eq_ignore_ascii_case(organization))
    };
    let any = || {
        credentials
            .iter()
            .find(|item| item.organizations.is_empty())
    };
    credentials.iter().find(names).or_else(any)
}

fn key(integration: &Integration, name: &str) -> String {
    format!("{}/{}", integration.host, name.to_ascii_lowercase())
}

fn below(base: &Url, path: &str) -> Result<Url, ReadError> {
    Url::parse(&format!("{}/{path}", base.as_str().trim_end_matches('/')))
        .map_err(|_| ReadError::invalid("a configured address is no URL"))
}

fn call(url: Url) -> Fetch {
    Fetch {
        subject: Subject::Call,
        accept: "application/json",
        ..Fetch::get(url, MAX_ANSWER_BYTES)
    }
}

fn post(url: Url, form: &[(&str, &str)]) -> Fetch {
    let form = Serializer::new(String::new()).extend_pairs(form).finish();
    Fetch {
        method: http::Method::POST,
        form: Some(Secret::new(form)),
        ..call(url)
    }
}
