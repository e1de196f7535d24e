//! A client asks to act for somebody, and somebody says yes or no.

use std::time::Duration;

use platform::ctx::{Caller, User};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::client::Client;
use super::grant::{CODE, Grant, SESSION};
use super::scope::granted;
use super::{OAuthError, OAuthResult, Server};
use crate::Identity;
use crate::digest::Digest;
use crate::random;

/// How long somebody may think.
const SESSION_LIFE: Duration = Duration::from_hours(1);
/// How long a client may take to come for its tokens.
const CODE_LIFE: Duration = Duration::from_mins(10);
const MAX_TEXT: usize = 2_000;
const CODE_BYTES: usize = 32;
/// Characters of a SHA-256 in the alphabet of URLs.
const CHALLENGE_LENGTH: usize = 43;
/// What a code's grant is in until it is used.
pub(super) const FRESH: &str = "fresh";
/// And afterwards.
pub(super) const USED: &str = "used";

/// What a client asks for.
#[derive(Debug, Default)]
pub(crate) struct AuthorizeRequest<'r> {
    pub(crate) client_id: Option<&'r str>,
    pub(crate) redirect_uri: Option<&'r str>,
    pub(crate) response_type: Option<&'r str>,
    pub(crate) scope: Option<&'r str>,
    pub(crate) state: Option<&'r str>,
    pub(crate) code_challenge: Option<&'r str>,
    pub(crate) code_challenge_method: Option<&'r str>,
    pub(crate) resource: Option<&'r str>,
}

/// A question that waits for an answer, and then what was agreed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Authorized {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) state: Option<String>,
    pub(crate) challenge: String,
    pub(crate) resource: Option<String>,
    /// Who said yes.
    pub(crate) user_ref: Option<String>,
}

impl Identity {
    /// Where to send the browser: to the question, or back to the client with an error. An error of
    /// this function itself must not go to an address of the request.
    pub(crate) async fn authorize(
        &self,
        server: &Server,
        request: &AuthorizeRequest<'_>,
    ) -> OAuthResult<Url> {
        let id = request.client_id.unwrap_or_default();
        let client = self.oauth_client(server, id).await?;
        let redirect = client.redirect(request.redirect_uri.unwrap_or_default());
        let Some(redirect) = redirect else {
            let text = "redirect_uri is not one of the client";
            return Err(OAuthError::new("invalid_request", text));
        };
        match self.ask(server, &client, request).await {
            Ok(session) => {
                let base = self.settings.app_url.as_str().trim_end_matches('/');
                let page = format!("{base}/oauth2/authorize/{}", session.id);
                page.parse().map_err(|_| {
                    OAuthError::new("server_error", "the address of the portal is no URL")
                })
            }
            Err(error) => Ok(self.answer(
                redirect,
                request.state,
                &[
                    ("error", error.code),
                    ("error_description", &error.description),
                ],
            )),
        }
    }

    async fn ask(
        &self,
        server: &Server,
        client: &Client,
        request: &AuthorizeRequest<'_>,
    ) -> OAuthResult<Authorized> {
        let bad = |text: &str| OAuthError::new("invalid_request", text);
        if request.response_type != Some("code") {
            let text = "response_type must be `code`";
            return Err(OAuthError::new("unsupported_response_type", text));
        }
        let challenge = request.code_challenge.unwrap_or_default();
        if request.code_challenge_method != Some("S256") || challenge.len() != CHALLENGE_LENGTH {
            return Err(bad("a code_challenge with the method S256 is needed"));
        }
        if request.state.is_some_and(|state| state.len() > MAX_TEXT) {
            return Err(bad("state is too long"));
        }
        let resource = request
            .resource
            .map(|text| self.resource(text))
            .transpose()?;
        let session = Authorized {
            id: Uuid::new_v4().to_string(),
            client_id: client.id.clone(),
            client_name: client.name.clone(),
            redirect_uri: request.redirect_uri.unwrap_or_default().to_owned(),
            scope: granted(request.scope.unwrap_or("openid"))?,
            state: request.state.map(str::to_owned),
            challenge: challenge.to_owned(),
            resource,
            user_ref: None,
        };
        let now = self.clock.now();
        let grant = Grant::new(SESSION, session.id.clone(), &session, now, SESSION_LIFE)?;
        self.add_grant(server, grant).await?;
        Ok(session)
    }

    /// A resource of ours; it has no fragment (RFC 8707).
    pub(super) fn resource(&self, text: &str) -> OAuthResult<String> {
        let url = text.parse::<Url>().ok();
        let url = url.filter(|url| url.fragment().is_none());
        let plugin = url.as_ref().and_then(|url| self.plugin_of(url));
        // Nobody but the user themself has something to do with sign-in.
        let plugin = plugin.filter(|plugin| plugin != "auth");
        if plugin.is_none() || text.len() > MAX_TEXT {
            let text = "resource is not a plugin of this portal";
            return Err(OAuthError::new("invalid_target", text));
        }
        Ok(text.to_owned())
    }

    /// The question with an id.
    pub(crate) async fn oauth_session(&self, id: &str) -> OAuthResult<Authorized> {
        let found = self.store.find_grant(SESSION, id).await?;
        let found = found.filter(|grant| grant.expires_at > self.clock.now());
        let gone = || OAuthError::new("invalid_request", "there is no such question any more");
        Ok(found.ok_or_else(gone)?.read()?)
    }

    /// Somebody says yes: where to send the browser, with a code, and what was agreed on.
    pub(crate) async fn approve(
        &self,
        caller: &Caller,
        id: &str,
    ) -> OAuthResult<(Url, Authorized)> {
        let user = asked(caller)?;
        let mut session = self.oauth_session(id).await?;
        self.end_session(id).await?;
        session.user_ref = Some(user.entity_ref.clone());
        let code = random::text::<CODE_BYTES>()?;
        let name = hex::encode(Digest::of(&code).as_bytes());
        let grant = Grant {
            digest: FRESH.to_owned(),
            ..Grant::new(CODE, name, &session, self.clock.now(), CODE_LIFE)?
        };
        self.store.insert_grant(grant).await?;
        self.keep_client(&session.client_id).await?;
        tracing::info!(
            user = user.entity_ref,
            client = session.client_id,
            "a client may act for a user"
        );
        let url = self.back(&session, &[("code", &code)])?;
        Ok((url, session))
    }

    /// Somebody says no: where to send the browser, and to what.
    pub(crate) async fn reject(&self, caller: &Caller, id: &str) -> OAuthResult<(Url, Authorized)> {
        asked(caller)?;
        let session = self.oauth_session(id).await?;
        self.end_session(id).await?;
        let error = [
            ("error", "access_denied"),
            ("error_description", "the user said no"),
        ];
        let url = self.back(&session, &error)?;
        Ok((url, session))
    }

    /// A question is answered once.
    async fn end_session(&self, id: &str) -> OAuthResult<()> {
        if self.store.delete_grant(SESSION, id).await? {
            return Ok(());
        }
        Err(OAuthError::new(
            "invalid_request",
            "the question was answered",
        ))
    }

    fn back(&self, session: &Authorized, parameters: &[(&str, &str)]) -> OAuthResult<Url> {
        let url = session.redirect_uri.parse();
        let url = url.map_err(|_| OAuthError::new("server_error", "redirect_uri is no URL"))?;
        Ok(self.answer(url, session.state.as_deref(), parameters))
    }

    /// The client's address with an answer, which names us (RFC 9207).
    fn answer(&self, mut url: Url, state: Option<&str>, parameters: &[(&str, &str)]) -> Url {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(parameters);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &self.issuer);
        drop(query);
        url
    }
}

/// Only the user themself can say yes, not a program for them.
pub(super) fn asked(caller: &Caller) -> OAuthResult<&User> {
    match caller {
        Caller::User(user) if user.actor.is_none() => Ok(user),
        _ => Err(OAuthError::new(
            "access_denied",
            "a signed-in user is needed",
        )),
    }
}
