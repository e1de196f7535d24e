//! Sessions of browsers that end with the process.

use std::cmp::Reverse;
use std::collections::HashMap;

use async_trait::async_trait;
use platform::{Millis, Result};

use super::MemoryStore;
use super::sessions::SessionStore;
use crate::session::{Beginning, BrowserSession, MAX_ENDED, MAX_KEYS, MAX_SESSIONS, Which};

/// Sessions by id, and their ids by key with the time of the key.
#[derive(Default)]
pub(super) struct Sessions {
    rows: HashMap<String, BrowserSession>,
    keys: HashMap<String, (String, Millis)>,
}

impl Sessions {
    fn add_key(&mut self, id: &str, key: &str, now: Millis) {
        self.keys.insert(key.to_owned(), (id.to_owned(), now));
        let mut own: Vec<_> = self
            .keys
            .iter()
            .filter(|(_, (session, _))| session == id)
            .map(|(key, (_, at))| (Reverse(*at), key.clone()))
            .collect();
        own.sort();
        for (_, key) in own.into_iter().skip(at_most(MAX_KEYS)) {
            self.keys.remove(&key);
        }
    }

    fn forget(&mut self, ids: &[String]) {
        self.rows.retain(|id, _| !ids.contains(id));
        self.keys.retain(|_, (id, _)| !ids.contains(id));
    }

    /// Ids of the sessions of a user that are too many.
    fn surplus(&self, user_ref: &str) -> Vec<String> {
        let (mut ended, mut open): (Vec<_>, Vec<_>) = self
            .rows
            .values()
            .filter(|row| row.user_ref == user_ref)
            .partition(|row| row.ended_at.is_some());
        open.sort_by_key(|row| (Reverse(row.used_at), &row.id));
        ended.sort_by_key(|row| (Reverse(row.ended_at), &row.id));
        let open = open.into_iter().skip(at_most(MAX_SESSIONS));
        let ended = ended.into_iter().skip(at_most(MAX_ENDED));
        open.chain(ended).map(|row| row.id.clone()).collect()
    }
}

fn at_most(bound: u32) -> usize {
    usize::try_from(bound).unwrap_or(usize::MAX)
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn find_session(&self, key: &str) -> Result<Option<BrowserSession>> {
        let sessions = self.sessions.lock();
        let id = sessions.keys.get(key);
        Ok(id.and_then(|(id, _)| sessions.rows.get(id)).cloned())
    }

    async fn save_session(
        &self,
        session: BrowserSession,
        keys: Vec<String>,
        beginning: Beginning,
    ) -> Result<()> {
        let mut sessions = self.sessions.lock();
        let now = session.begun_at;
        let over = sessions.rows.values().filter(|row| row.expires_at <= now);
        let over: Vec<_> = over.map(|row| row.id.clone()).collect();
        sessions.forget(&over);
        if beginning == Beginning::SignIn || !sessions.rows.contains_key(&session.id) {
            sessions.rows.insert(session.id.clone(), session.clone());
        }
        for key in &keys {
            sessions.add_key(&session.id, key, now);
        }
        let surplus = sessions.surplus(&session.user_ref);
        sessions.forget(&surplus);
        Ok(())
    }

    async fn add_session_key(
        &self,
        id: &str,
        key: &str,
        expires_at: Millis,
        now: Millis,
    ) -> Result<()> {
        let mut sessions = self.sessions.lock();
        sessions.add_key(id, key, now);
        if let Some(row) = sessions.rows.get_mut(id) {
            row.expires_at = expires_at;
        }
        Ok(())
    }

    async fn touch_sessions(&self, used: Vec<(String, Millis)>) -> Result<()> {
        let mut sessions = self.sessions.lock();
        for (id, at) in used {
            if let Some(row) = sessions.rows.get_mut(&id) {
                row.used_at = row.used_at.max(at);
            }
        }
        Ok(())
    }

    async fn is_session_ended(&self, id: &str) -> Result<bool> {
        let sessions = self.sessions.lock();
        let row = sessions.rows.get(id);
        Ok(row.is_some_and(|row| row.ended_at.is_some()))
    }

    async fn list_sessions(&self, user_ref: &str, now: Millis) -> Result<Vec<BrowserSession>> {
        let sessions = self.sessions.lock();
        let goes_on = |row: &&BrowserSession| {
            row.user_ref == user_ref && row.ended_at.is_none() && row.expires_at > now
        };
        let mut own: Vec<_> = sessions.rows.values().filter(goes_on).cloned().collect();
        own.sort_by_key(|row| (Reverse(row.used_at), row.id.clone()));
        Ok(own)
    }

    async fn end_sessions(&self, user_ref: &str, which: Which, now: Millis) -> Result<u64> {
        let is_meant = |id: &str| match &which {
            Which::One(one) => id == one,
            Which::AllBut(kept) => kept.as_deref() != Some(id),
        };
        let mut sessions = self.sessions.lock();
        let mut n_ended = 0;
        for row in sessions.rows.values_mut() {
            if row.user_ref == user_ref && row.ended_at.is_none() && is_meant(&row.id) {
                row.ended_at = Some(now);
                n_ended += 1;
            }
        }
        Ok(n_ended)
    }
}
