//! Sessions begin, go on and end.

use std::sync::Arc;

use http::HeaderMap;
use platform::clock::Millis;
use platform::ctx::{Caller, Client, Reach, User};
use platform::http::Act;
use platform::{Code, Error, Result};

use super::{Beginning, BrowserSession, Key, USED_EVERY, Which, address_of};
use crate::Identity;
use crate::jws::Jws;
use crate::service::Door;
use crate::sign_in::Refusal;
use crate::token::SESSION;
use crate::verify::{Route, bearer_token};

/// A browser that has, or gets, what stands for a session.
pub(crate) struct Renewal<'r> {
    pub(crate) door: Door<'r>,
    pub(crate) client: &'r Client,
    /// The session that the browser shows, if it is known and goes on.
    pub(crate) known: Option<BrowserSession>,
    /// What the browser shows, if it goes on, and what it gets in its place; the newest is last.
    pub(crate) keys: Vec<Key>,
    /// How long the browser keeps it.
    pub(crate) life: Millis,
}

/// Who asks about their own sessions.
pub(crate) struct Asking {
    pub(crate) user_ref: String,
    /// The session of the browser that asks.
    pub(crate) present: Option<String>,
}

impl Renewal<'_> {
    /// The id of the session of a user; `None` when nothing stands for one. Somebody else who signs
    /// in with the same browser has a session of their own.
    pub(crate) fn id_for(&self, user_ref: &str) -> Option<String> {
        let known = self.known.as_ref();
        match known.filter(|session| session.user_ref == user_ref) {
            Some(session) => Some(session.id.clone()),
            None => self.keys.first().map(Key::session_id),
        }
    }

    fn session(&self, user_ref: &str, now: Millis) -> Option<BrowserSession> {
        Some(BrowserSession {
            id: self.id_for(user_ref)?,
            user_ref: user_ref.to_owned(),
            provider: self.door.provider.to_owned(),
            agent: self.client.agent.as_deref().unwrap_or_default().to_owned(),
            address: address_of(self.client),
            begun_at: now,
            used_at: now,
            expires_at: now.saturating_add(self.life),
            ended_at: None,
        })
    }

    fn digests(&self) -> Vec<String> {
        let keys = self.keys.iter();
        keys.map(|key| key.as_str().to_owned()).collect()
    }
}

/// What is told of a session that its user ended.
pub(crate) fn has_ended() -> Refusal {
    let name = Code::Unauthenticated.name();
    Refusal::new(name, "The session has ended, sign in anew")
}

/// The user signed out, or ended sessions: what the audit log is told.
pub(crate) fn signed_out(session: &BrowserSession) -> Act {
    let caller = Caller::User(User {
        entity_ref: session.user_ref.clone(),
        ownership: [].into(),
        expires_at: 0,
        limited_token: None,
        actor: None,
        agent: None,
        reach: Reach::Read,
    });
    Act {
        action: "auth.session.end",
        subject: session.user_ref.as_str().into(),
        detail: Some(format!("session {}, signed out", session.id).into()),
        caller: Some(Arc::new(caller)),
        is_refused: false,
    }
}

impl Identity {
    /// The session that a browser shows; refused when it has ended.
    pub(crate) async fn shown_session(
        &self,
        key: &Key,
    ) -> Result<Result<Option<BrowserSession>, Refusal>> {
        let found = self.store.find_session(key.as_str()).await?;
        Ok(match found {
            Some(session) if session.ended_at.is_some() => Err(has_ended()),
            found => Ok(found),
        })
    }

    /// Somebody signed in on the pages of a provider.
    pub(crate) async fn begin_browser_session(
        &self,
        renewal: &Renewal<'_>,
        user_ref: &str,
    ) -> Result<()> {
        let now = self.clock.now();
        let Some(session) = renewal.session(user_ref, now) else {
            return Ok(());
        };
        self.store
            .save_session(session, renewal.digests(), Beginning::SignIn)
            .await
    }

    /// A browser came for a new token; whether that is the beginning of a session.
    pub(crate) async fn continue_session(
        &self,
        renewal: &Renewal<'_>,
        user_ref: &str,
    ) -> Result<bool> {
        let now = self.clock.now();
        let Some(session) = renewal.session(user_ref, now) else {
            return Ok(false);
        };
        let keys = renewal.digests();
        match &renewal.known {
            Some(known) if known.user_ref == user_ref => {
                // The first of them is known, by it the session was found.
                if let [_, .., newest] = &*keys {
                    let end = session.expires_at;
                    self.store
                        .add_session_key(&known.id, newest, end, now)
                        .await?;
                }
                self.remember_use(known, now).await;
                Ok(false)
            }
            // The provider, or the catalog, calls the person something else now.
            Some(_) => {
                let save = self.store.save_session(session, keys, Beginning::SignIn);
                save.await.map(|()| true)
            }
            None => {
                let save = self.store.save_session(session, keys, Beginning::Found);
                save.await.map(|()| true)
            }
        }
    }

    async fn remember_use(&self, session: &BrowserSession, now: Millis) {
        if now.saturating_sub(session.used_at) >= USED_EVERY {
            let used = self.uses.add(&session.id, now);
            self.write_uses(used).await;
        }
    }

    /// It is no reason to refuse anybody that this fails.
    async fn write_uses(&self, used: Vec<(String, Millis)>) {
        if used.is_empty() {
            return;
        }
        if let Err(error) = self.store.touch_sessions(used).await {
            tracing::warn!(
                error = error.chain(),
                "keeping when sessions were used failed"
            );
        }
    }

    /// Who asks about their sessions: a user by their own token. Programs that act for users do not
    /// decide where these are signed in, and who shows the last token of a session that has ended
    /// does not either.
    pub(crate) async fn asking(&self, headers: &HeaderMap) -> Result<Asking> {
        let missing = || Error::unauthenticated("Missing credentials");
        let token = bearer_token(headers).ok_or_else(missing)?;
        let route = Route {
            plugin: "auth",
            allows_limited: false,
        };
        let caller = self.authenticate_token(token, route).await?;
        let Caller::User(user) = &*caller else {
            return Err(Error::forbidden("This endpoint is for users only"));
        };
        if user.actor.is_some() || user.agent.is_some() {
            let text = "A program cannot see or end the sessions of its user";
            return Err(Error::forbidden(text));
        }
        let claims = Jws::parse(token).and_then(|jws| jws.payload());
        let present = claims
            .as_ref()
            .and_then(|claims| claims.get(SESSION)?.as_str());
        let present = present.map(str::to_owned);
        if let Some(id) = &present {
            self.require_open(id).await?;
        }
        Ok(Asking {
            user_ref: user.entity_ref.clone(),
            present,
        })
    }

    async fn require_open(&self, id: &str) -> Result<()> {
        if self.store.is_session_ended(id).await? {
            return Err(Error::unauthenticated(has_ended().message));
        }
        Ok(())
    }

    /// The sessions of a user that go on, the one used last first.
    pub(crate) async fn list_sessions(&self, user_ref: &str) -> Result<Vec<BrowserSession>> {
        self.write_uses(self.uses.take()).await;
        let now = self.clock.now();
        self.store.list_sessions(user_ref, now).await
    }

    /// Ends sessions of a user; how many.
    pub(crate) async fn end_sessions(&self, user_ref: &str, which: Which) -> Result<u64> {
        let now = self.clock.now();
        self.store.end_sessions(user_ref, which, now).await
    }

    /// A browser signs out; what it was.
    pub(crate) async fn leave_session(&self, key: &Key) -> Result<Option<BrowserSession>> {
        let found = self.store.find_session(key.as_str()).await?;
        let Some(session) = found.filter(|session| session.ended_at.is_none()) else {
            return Ok(None);
        };
        let which = Which::One(session.id.clone());
        let n_ended = self.end_sessions(&session.user_ref, which).await?;
        Ok((n_ended > 0).then_some(session))
    }
}
