//! Codes and refresh tokens become tokens; tokens are revoked and looked at.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::clock::{Millis, millis};
use platform::ctx::Caller;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::act::Agent;
use super::authorize::{Authorized, FRESH, USED};
use super::device::DEVICE_GRANT;
use super::grant::{CODE, Grant, REFRESH};
use super::scope::{self, OFFLINE, OPENID};
use super::settings::RefreshSettings;
use super::{OAuthError, OAuthResult, Server};
use crate::Identity;
use crate::digest::Digest;
use crate::jws::Jws;
use crate::random;
use crate::service::Agreed;

const SECRET_BYTES: usize = 32;

/// What a client shows for tokens.
#[derive(Debug, Default)]
pub(crate) struct TokenRequest<'r> {
    pub(crate) grant_type: Option<&'r str>,
    pub(crate) code: Option<&'r str>,
    pub(crate) redirect_uri: Option<&'r str>,
    pub(crate) code_verifier: Option<&'r str>,
    pub(crate) refresh_token: Option<&'r str>,
    pub(crate) device_code: Option<&'r str>,
    pub(crate) scope: Option<&'r str>,
    pub(crate) resource: Option<&'r str>,
    pub(crate) client: Shown<'r>,
}

/// Who a client says it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown<'r> {
    pub(crate) id: Option<&'r str>,
    pub(crate) secret: Option<&'r str>,
}

/// Tokens for a client.
#[derive(Serialize)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) token_type: &'static str,
    pub(crate) expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    /// Who got them, and for whom.
    #[serde(skip)]
    pub(crate) agent: Agent,
}

/// A session that outlives its tokens.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Offline {
    pub(super) client_id: String,
    pub(super) user_ref: String,
    pub(super) scope: String,
    pub(super) resource: Option<String>,
    /// When it ends however often it is renewed.
    pub(super) ends_at: Millis,
}

impl Offline {
    fn agent(&self) -> Agent {
        Agent {
            client_id: self.client_id.clone(),
            user_ref: self.user_ref.clone(),
        }
    }
}

impl Identity {
    /// Tokens for what a client shows.
    pub(crate) async fn token(
        &self,
        server: &Server,
        request: &TokenRequest<'_>,
    ) -> OAuthResult<Issued> {
        match request.grant_type {
            Some("authorization_code") => self.redeem(server, request).await,
            Some("refresh_token") => self.renew(server, request).await,
            Some(DEVICE_GRANT) => self.poll_device(server, request).await,
            _ => {
                let text = "grant_type must be `authorization_code`, `refresh_token` or the one of \
                            devices";
                Err(OAuthError::new("unsupported_grant_type", text))
            }
        }
    }

    /// Tokens for a code.
    async fn redeem(&self, server: &Server, request: &TokenRequest<'_>) -> OAuthResult<Issued> {
        let name = hex::encode(Digest::of(request.code.unwrap_or_default()).as_bytes());
        let found = self.store.find_grant(CODE, &name).await?;
        let grant = found.filter(|grant| grant.expires_at > self.clock.now());
        let grant = grant.ok_or_else(|| invalid("the code is unknown or too old"))?;
        let agreed: Authorized = grant.read()?;
        self.proven(server, request.client, &agreed.client_id)
            .await?;
        if request.redirect_uri != Some(&*agreed.redirect_uri) {
            return Err(invalid("redirect_uri is not the one the code was made for"));
        }
        if !verifies(&agreed.challenge, request.code_verifier.unwrap_or_default()) {
            return Err(invalid("code_verifier is wrong"));
        }
        if grant.digest == USED {
            return Err(self.reused(&agreed).await?);
        }
        // What is refused here leaves the code as it is.
        let resource = self.narrowed(agreed.resource.clone(), request.resource)?;
        let used = Grant {
            digest: USED.to_owned(),
            ..grant
        };
        if !self.store.swap_grant(used, FRESH).await? {
            return Err(self.reused(&agreed).await?);
        }
        let offline = Offline {
            client_id: agreed.client_id,
            user_ref: agreed.user_ref.unwrap_or_default(),
            scope: agreed.scope,
            resource,
            ends_at: Millis::MAX,
        };
        self.begin_session(server, &offline).await
    }

    /// Somebody has a code who should not: what came of it ends.
    async fn reused(&self, agreed: &Authorized) -> OAuthResult<OAuthError> {
        let agent = Agent {
            client_id: agreed.client_id.clone(),
            user_ref: agreed.user_ref.clone().unwrap_or_default(),
        };
        self.end_offline(&agent.client_id, &agent.user_ref).await?;
        Ok(OAuthError {
            act: Some(Box::new(agent.used_twice("a code"))),
            ..invalid("the code was used before")
        })
    }

    /// The first tokens for what was agreed, with one to renew them if that was part of it.
    pub(super) async fn begin_session(
        &self,
        server: &Server,
        offline: &Offline,
    ) -> OAuthResult<Issued> {
        let refresh_token = match &server.settings.refresh {
            Some(settings) if offline.scope.split(' ').any(|scope| scope == OFFLINE) => {
                Some(self.begin_offline(settings, offline).await?)
            }
            _ => None,
        };
        self.issue(offline, offline.scope.clone(), refresh_token)
            .await
    }

    /// Tokens for a refresh token, which is replaced.
    async fn renew(&self, server: &Server, request: &TokenRequest<'_>) -> OAuthResult<Issued> {
        let Some(settings) = &server.settings.refresh else {
            let text = "there are no refresh tokens here";
            return Err(OAuthError::new("unsupported_grant_type", text));
        };
        let unknown = || invalid("the refresh token is unknown or too old");
        let shown = request.refresh_token.unwrap_or_default();
        let (id, _) = shown.split_once('.').ok_or_else(unknown)?;
        let found = self.store.find_grant(REFRESH, id).await?;
        let now = self.clock.now();
        let grant = found
            .filter(|grant| grant.expires_at > now)
            .ok_or_else(unknown)?;
        let offline: Offline = grant.read()?;
        self.proven(server, request.client, &offline.client_id)
            .await?;
        let digest = hex::encode(Digest::of(shown).as_bytes());
        let is_current =
            verify_slices_are_equal(grant.digest.as_bytes(), digest.as_bytes()).is_ok();
        if !is_current {
            return Err(self.replayed(&grant, &offline).await?);
        }
        if settings.needs_user && !self.is_known(&offline.user_ref).await? {
            self.store.delete_grant(REFRESH, id).await?;
            return Err(invalid("the user is gone"));
        }
        // What is refused or fails up to here leaves the token as it is.
        let (secret, next) = self.rotated(settings, &grant, &offline)?;
        let issued = self.renewed(&offline, request, secret).await?;
        if !self.store.swap_grant(next, &digest).await? {
            return Err(self.replayed(&grant, &offline).await?);
        }
        Ok(issued)
    }

    /// The tokens that a renewal asks for, within what was agreed on.
    async fn renewed(
        &self,
        offline: &Offline,
        request: &TokenRequest<'_>,
        secret: String,
    ) -> OAuthResult<Issued> {
        let scope = match request.scope {
            Some(asked) => scope::narrowed(&offline.scope, asked)?,
            None => offline.scope.clone(),
        };
        let offline = Offline {
            resource: self.narrowed(offline.resource.clone(), request.resource)?,
            ..offline.clone()
        };
        self.issue(&offline, scope, Some(secret)).await
    }

    /// Somebody has a refresh token who should not: its session ends.
    async fn replayed(&self, grant: &Grant, offline: &Offline) -> OAuthResult<OAuthError> {
        self.store.delete_grant(REFRESH, &grant.id).await?;
        tracing::warn!(
            user = offline.user_ref,
            client = offline.client_id,
            "a refresh token was used twice; its session is over"
        );
        let text = "the refresh token was used before; the session is over";
        Ok(OAuthError {
            act: Some(Box::new(offline.agent().used_twice("a refresh token"))),
            ..invalid(text)
        })
    }

    /// Revokes a refresh token (RFC 7009); whose session ended. Tokens that are not known are no error.
    pub(crate) async fn revoke(
        &self,
        server: &Server,
        client: Shown<'_>,
        token: &str,
    ) -> OAuthResult<Option<Agent>> {
        let id = client.id.unwrap_or_default();
        self.proven(server, client, id).await?;
        let Some((session, _)) = token.split_once('.') else {
            return Ok(None);
        };
        let Some(grant) = self.store.find_grant(REFRESH, session).await? else {
            return Ok(None);
        };
        let offline: Offline = grant.read()?;
        let digest = hex::encode(Digest::of(token).as_bytes());
        let is_same = verify_slices_are_equal(grant.digest.as_bytes(), digest.as_bytes()).is_ok();
        if !is_same || offline.client_id != id {
            return Ok(None);
        }
        self.store.delete_grant(REFRESH, session).await?;
        Ok(Some(offline.agent()))
    }

    /// The client that shows itself, which must be the one something belongs to.
    pub(super) async fn proven(
        &self,
        server: &Server,
        shown: Shown<'_>,
        owner: &str,
    ) -> OAuthResult<()> {
        let id = shown.id.filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| OAuthError::new("invalid_client", "client_id is missing"))?;
        let client = self.oauth_client(server, id).await?;
        client.prove(shown.secret)?;
        if id != owner {
            return Err(invalid("it belongs to another client"));
        }
        Ok(())
    }

    /// The resource that was agreed on, or one of all; a client cannot ask for another one later.
    pub(super) fn narrowed(
        &self,
        agreed: Option<String>,
        asked: Option<&str>,
    ) -> OAuthResult<Option<String>> {
        match (agreed, asked) {
            (agreed, None) => Ok(agreed),
            (None, Some(asked)) => self.resource(asked).map(Some),
            (Some(agreed), Some(asked)) if agreed == asked => Ok(Some(agreed)),
            _ => Err(OAuthError::new(
                "invalid_target",
                "another resource was agreed on",
            )),
        }
    }

    async fn issue(
        &self,
        offline: &Offline,
        scope: String,
        refresh_token: Option<String>,
    ) -> OAuthResult<Issued> {
        let ownership = self.ownership(&offline.user_ref).await?.to_vec();
        let resource = offline.resource.as_deref();
        let signed_in = self
            .issue_token_for(
                &offline.user_ref,
                ownership,
                Agreed {
                    client: Some(&offline.client_id),
                    resource,
                    scope: (!scope::limits(&scope).is_empty()).then_some(&*scope),
                    session: None,
                },
            )
            .await?;
        self.remember_agent(&signed_in.token, &offline.client_id)
            .await?;
        let is_openid = scope.split(' ').any(|scope| scope == OPENID);
        let is_narrow = resource.is_some() || !scope::limits(&scope).is_empty();
        Ok(Issued {
            // A narrow token is no proof of identity elsewhere.
            id_token: (is_openid && !is_narrow).then(|| signed_in.token.clone()),
            access_token: signed_in.token,
            token_type: "Bearer",
            expires_in: signed_in.expires_in.as_secs(),
            scope,
            refresh_token,
            agent: offline.agent(),
        })
    }

    /// A session that outlives its tokens, in place of an earlier one of the same client and user.
    async fn begin_offline(
        &self,
        settings: &RefreshSettings,
        offline: &Offline,
    ) -> OAuthResult<String> {
        self.end_offline(&offline.client_id, &offline.user_ref)
            .await?;
        let sessions = self.store.list_grants(REFRESH, &offline.user_ref).await?;
        let keep = settings.max_per_user.saturating_sub(1);
        let n_surplus = sessions.len().saturating_sub(keep);
        for session in sessions.iter().take(n_surplus) {
            self.store.delete_grant(REFRESH, &session.id).await?;
        }
        let now = self.clock.now();
        let offline = Offline {
            ends_at: now.saturating_add(millis(settings.max_lifetime)),
            ..offline.clone()
        };
        let id = Uuid::new_v4().to_string();
        let grant = Grant {
            owner: offline.user_ref.clone(),
            ..Grant::new(REFRESH, id, &offline, now, settings.lifetime)?
        };
        let (secret, grant) = self.rotated(settings, &grant, &offline)?;
        self.store.insert_grant(grant).await?;
        Ok(secret)
    }

    /// The same session with a new token.
    fn rotated(
        &self,
        settings: &RefreshSettings,
        grant: &Grant,
        offline: &Offline,
    ) -> OAuthResult<(String, Grant)> {
        let secret = format!("{}.{}", grant.id, random::text::<SECRET_BYTES>()?);
        let lasts = self.clock.now().saturating_add(millis(settings.lifetime));
        let next = Grant {
            digest: hex::encode(Digest::of(&secret).as_bytes()),
            expires_at: lasts.min(offline.ends_at),
            ..grant.clone()
        };
        Ok((secret, next))
    }

    async fn end_offline(&self, client_id: &str, user_ref: &str) -> OAuthResult<()> {
        for session in self.store.list_grants(REFRESH, user_ref).await? {
            if session.read::<Offline>()?.client_id == client_id {
                self.store.delete_grant(REFRESH, &session.id).await?;
            }
        }
        Ok(())
    }

    /// Whether a token is good, whose it is and what it is for (RFC 7662).
    pub(crate) async fn introspect(&self, token: &str) -> Value {
        match self.known_token(token).await.as_deref() {
            Ok(Caller::User(user)) => {
                let mut said = json!({
                    "active": true, "sub": user.entity_ref, "exp": user.expires_at,
                    "token_type": "Bearer", "iss": self.issuer,
                });
                tell_bounds(&mut said, token);
                said
            }
            Ok(Caller::Service(service)) => {
                json!({"active": true, "sub": service.subject, "token_type": "Bearer"})
            }
            Ok(Caller::Anonymous) | Err(_) => json!({"active": false}),
        }
    }
}

/// What a token that was found good says of its client and of what it opens. One that has no limits
/// names no scope, and is told to have the one that every program gets.
fn tell_bounds(said: &mut Value, token: &str) {
    let claims = Jws::parse(token).and_then(|jws| jws.payload());
    let mut claims = claims.unwrap_or_default();
    if let Some(audience) = claims.remove("aud") {
        said["aud"] = audience;
    }
    if let Some(client) = claims.remove("azp") {
        said["client_id"] = client;
        said["scope"] = claims.remove("scope").unwrap_or_else(|| OPENID.into());
    }
}

/// Whether a verifier belongs to a challenge (RFC 7636).
fn verifies(challenge: &str, verifier: &str) -> bool {
    let is_long_enough = (43..=128).contains(&verifier.len());
    let computed = URL_SAFE_NO_PAD.encode(Digest::of(verifier).as_bytes());
    is_long_enough && verify_slices_are_equal(computed.as_bytes(), challenge.as_bytes()).is_ok()
}

pub(super) fn invalid(description: &str) -> OAuthError {
    OAuthError::new("invalid_grant", description)
}
