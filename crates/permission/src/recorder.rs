//! Remembering decisions, so that a changed policy can be tried on them.
//!
//! One row for each user and permission, however often it was asked; in memory until it is written,
//! bounded there and in the database.

use std::collections::HashMap;

use parking_lot::Mutex;
use platform::ctx::User;
use platform::permission::{Decision, Permission};
use platform::{Clock, Millis};
use serde::Serialize;

/// Rows that wait to be written; more are dropped until then.
const MAX_PENDING: usize = 20_000;

/// A kind of decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Who asked.
    pub user: String,
    /// Name of the permission.
    pub permission: String,
    /// Its action.
    pub action: Option<String>,
    /// Its type of resources.
    pub resource_type: Option<String>,
    /// `ALLOW`, `DENY` or `CONDITIONAL`.
    pub decision: String,
    /// How often.
    pub n_times: i64,
    /// When it was made last.
    pub last_at: Millis,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    user: Box<str>,
    permission: Box<str>,
    action: Option<Box<str>>,
    resource_type: Option<Box<str>>,
}

struct Row {
    decision: &'static str,
    n_times: i64,
    last_at: Millis,
}

/// Decisions that are not written yet.
pub(crate) struct Recorder {
    clock: Clock,
    pending: Mutex<HashMap<Key, Row>>,
}

impl Recorder {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            pending: Mutex::default(),
        }
    }

    pub(crate) fn record(&self, user: &User, permission: &Permission<'_>, decision: &Decision) {
        let key = Key {
            user: user.entity_ref.as_str().into(),
            permission: permission.name.into(),
            action: permission.action.map(Into::into),
            resource_type: permission.resource_type.map(Into::into),
        };
        let (decision, last_at) = (name(decision), self.clock.now());
        let mut pending = self.pending.lock();
        if pending.len() >= MAX_PENDING && !pending.contains_key(&key) {
            return;
        }
        let row = pending.entry(key).or_insert(Row {
            decision,
            n_times: 0,
            last_at,
        });
        row.n_times += 1;
        row.decision = decision;
        row.last_at = last_at;
    }

    /// What is to be written.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        let pending = std::mem::take(&mut *self.pending.lock());
        let rows = pending.into_iter().map(|(key, row)| Recorded {
            user: key.user.into(),
            permission: key.permission.into(),
            action: key.action.map(Into::into),
            resource_type: key.resource_type.map(Into::into),
            decision: row.decision.to_owned(),
            n_times: row.n_times,
            last_at: row.last_at,
        });
        rows.collect()
    }
}

/// The name of a decision on the wire.
pub(crate) fn name(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow => "ALLOW",
        Decision::Deny => "DENY",
        Decision::Conditional(_) => "CONDITIONAL",
    }
}
