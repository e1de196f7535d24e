//! A program without a browser gets tokens: it shows a short code, and its user types it into a
//! browser where they are signed in (RFC 8628).
//!
//! Invariants: only a signed-in user sees or answers a request, and may guess a few codes a minute
//! only; a program that asks too often is slowed down; an answer is given once and used once.

use std::time::Duration;

use platform::Millis;
use platform::ctx::{Caller, User};
use serde::{Deserialize, Serialize};

use super::authorize::asked;
use super::grant::{DEVICE, Grant};
use super::scope::granted;
use super::token::{Issued, Offline, Shown, TokenRequest, invalid};
use super::{OAuthError, OAuthResult, Server};
use crate::Identity;
use crate::digest::Digest;
use crate::random;

/// `grant_type` of a program that waits for its user.
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long the user may take.
const LIFE: Duration = Duration::from_mins(10);
/// Seconds between two questions of a program, and how many more when it does not wait.
const INTERVAL: i64 = 5;
const CODE_BYTES: usize = 32;
/// Letters that are hard to confuse and spell no words (RFC 8628 §6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const N_LETTERS: usize = 8;

/// States of a request.
pub(super) const PENDING: &str = "pending";
const APPROVED: &str = "approved";
const DENIED: &str = "denied";
const USED: &str = "used";

/// A program that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) user_code: String,
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) scope: String,
    pub(crate) resource: Option<String>,
    /// Seconds it has to wait between two questions.
    interval: i64,
    asked_at: Millis,
    /// Who said yes.
    user_ref: Option<String>,
}

/// What a program is told when it begins to wait.
#[derive(Debug, Serialize)]
pub(crate) struct Begun {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: i64,
}

impl Identity {
    /// A program begins to wait for its user.
    pub(crate) async fn begin_device(
        &self,
        server: &Server,
        client: Shown<'_>,
        scope: Option<&str>,
        resource: Option<&str>,
    ) -> OAuthResult<Begun> {
        let missing = || OAuthError::new("invalid_client", "client_id is missing");
        let id = client.id.filter(|id| !id.is_empty()).ok_or_else(missing)?;
        let known = self.oauth_client(server, id).await?;
        known.prove(client.secret)?;
        let resource = resource.map(|text| self.resource(text)).transpose()?;
        let scope = granted(scope.unwrap_or("openid"))?;
        let waiting = Waiting {
            user_code: random::letters::<N_LETTERS>(LETTERS)?,
            client_id: known.id.clone(),
            client_name: known.name.clone(),
            scope,
            resource,
            interval: INTERVAL,
            asked_at: 0,
            user_ref: None,
        };
        let device_code = random::text::<CODE_BYTES>()?;
        let name = hex::encode(Digest::of(&device_code).as_bytes());
        let grant = Grant {
            owner: waiting.user_code.clone(),
            digest: PENDING.to_owned(),
            ..Grant::new(DEVICE, name, &waiting, self.clock.now(), LIFE)?
        };
        self.add_grant(server, grant).await?;
        let page = self.settings.app_url.as_str().trim_end_matches('/');
        let page = format!("{page}/oauth2/device");
        let user_code = shown(&waiting.user_code);
        Ok(Begun {
            device_code,
            verification_uri_complete: format!("{page}?user_code={user_code}"),
            verification_uri: page,
            user_code,
            expires_in: LIFE.as_secs(),
            interval: INTERVAL,
        })
    }

    /// The program that shows a code to its user, and when it stops waiting.
    pub(crate) async fn waiting_device(
        &self,
        server: &Server,
        caller: &Caller,
        user_code: &str,
    ) -> OAuthResult<(Waiting, Millis)> {
        let (_, grant) = self.typed(server, caller, user_code).await?;
        Ok((grant.read()?, grant.expires_at))
    }

    /// Its user says yes or no; what was answered.
    pub(crate) async fn answer_device(
        &self,
        server: &Server,
        caller: &Caller,
        user_code: &str,
        is_yes: bool,
    ) -> OAuthResult<Waiting> {
        let (user, grant) = self.typed(server, caller, user_code).await?;
        let mut waiting: Waiting = grant.read()?;
        waiting.user_ref = is_yes.then(|| user.entity_ref.clone());
        let state = if is_yes { APPROVED } else { DENIED };
        let answered = grant.with(state, &waiting)?;
        if !self.store.swap_grant(answered, PENDING).await? {
            return Err(unknown());
        }
        if is_yes {
            self.keep_client(&waiting.client_id).await?;
        }
        tracing::info!(
            user = user.entity_ref,
            client = waiting.client_id,
            answer = state,
            "a user answered a program that waits"
        );
        Ok(waiting)
    }

    /// The request behind a code that a user typed.
    async fn typed<'c>(
        &self,
        server: &Server,
        caller: &'c Caller,
        user_code: &str,
    ) -> OAuthResult<(&'c User, Grant)> {
        let user = asked(caller)?;
        if server.guesses.admit(&user.entity_ref).is_err() {
            return Err(OAuthError {
                status: 429,
                ..OAuthError::new("slow_down", "too many codes; wait a minute")
            });
        }
        let code = plain(user_code).ok_or_else(unknown)?;
        let now = self.clock.now();
        let found = self.store.list_grants(DEVICE, &code).await?;
        let is_open = |grant: &Grant| grant.digest == PENDING && grant.expires_at > now;
        let grant = found.into_iter().find(is_open).ok_or_else(unknown)?;
        Ok((user, grant))
    }

    /// Tokens for a program whose user said yes.
    pub(super) async fn poll_device(
        &self,
        server: &Server,
        request: &TokenRequest<'_>,
    ) -> OAuthResult<Issued> {
        let name = hex::encode(Digest::of(request.device_code.unwrap_or_default()).as_bytes());
        let found = self.store.find_grant(DEVICE, &name).await?;
        let grant = found.ok_or_else(|| invalid("the device code is unknown"))?;
        let waiting: Waiting = grant.read()?;
        self.proven(server, request.client, &waiting.client_id)
            .await?;
        if grant.expires_at <= self.clock.now() {
            let text = "nobody answered in time; ask anew";
            return Err(OAuthError::new("expired_token", text));
        }
        match &*grant.digest {
            PENDING => Err(self.wait(&grant, waiting).await?),
            DENIED => Err(OAuthError {
                status: 400,
                ..OAuthError::new("access_denied", "the user said no")
            }),
            APPROVED => {
                // What is refused here leaves the code as it is.
                let resource = self.narrowed(waiting.resource.clone(), request.resource)?;
                let used = grant.with(USED, &waiting)?;
                if !self.store.swap_grant(used, APPROVED).await? {
                    return Err(invalid("the device code was used before"));
                }
                let offline = Offline {
                    client_id: waiting.client_id,
                    user_ref: waiting.user_ref.unwrap_or_default(),
                    scope: waiting.scope,
                    resource,
                    ends_at: Millis::MAX,
                };
                self.begin_session(server, &offline).await
            }
            _ => Err(invalid("the device code was used before")),
        }
    }

    /// What a program is told that asks before its user answered.
    async fn wait(&self, grant: &Grant, mut waiting: Waiting) -> OAuthResult<OAuthError> {
        let now = self.clock.now();
        let is_too_soon = now < waiting.asked_at + waiting.interval * 1_000;
        waiting.asked_at = now;
        if is_too_soon {
            waiting.interval += INTERVAL;
        }
        // When the user answers at this moment, the answer stays and the count is lost.
        let counted = grant.with(PENDING, &waiting)?;
        self.store.swap_grant(counted, PENDING).await?;
        Ok(if is_too_soon {
            let text = format!("ask every {} seconds", waiting.interval);
            OAuthError::new("slow_down", text)
        } else {
            OAuthError::new("authorization_pending", "the user has not answered yet")
        })
    }
}

fn unknown() -> OAuthError {
    let text = "no program waits with this code; it may have stopped";
    OAuthError::new("invalid_request", text)
}

/// A code as it is read to people.
fn shown(code: &str) -> String {
    match code.split_at_checked(N_LETTERS / 2) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}

/// A code as somebody typed it, if it can be one.
fn plain(typed: &str) -> Option<String> {
    let letters = typed.chars().filter(char::is_ascii_alphabetic);
    let letters: String = letters.take(N_LETTERS + 1).collect();
    (letters.len() == N_LETTERS).then(|| letters.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_however_they_are_typed() {
        for (typed, expected) in [
            ("BCDF-GHJK", Some("BCDFGHJK")),
            ("bcdf ghjk", Some("BCDFGHJK")),
            ("bcdfghjk", Some("BCDFGHJK")),
            ("bcdfghj", None),
            ("bcdfghjkl", None),
            ("", None),
        ] {
            assert_eq!(plain(typed).as_deref(), expected, "{typed}");
        }
        assert_eq!(shown("BCDFGHJK"), "BCDF-GHJK");
    }
}
