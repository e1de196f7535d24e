//! A record: who, on whose behalf, from where, did what to what, and how it ended.

use std::fmt::Write as _;

use platform::Ctx;
use platform::ctx::{Caller, Client};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Characters of names and references that are kept.
const MAX_TEXT: usize = 1_000;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// The caller was not allowed to, or not known.
    Denied,
    /// It was allowed and did not work.
    Failed,
}

/// Through which door something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The HTTP API, called by a person or a program.
    Api,
    /// A program that a person let act for them: its actor is the id of the OAuth client.
    Agent,
    /// A provider of entities.
    Provider,
    /// Background work of the portal.
    Job,
    /// The command line of an operator.
    Operator,
}

macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// The name in records.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The variant of a name.
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

names! { Outcome { Succeeded => "succeeded", Denied => "denied", Failed => "failed" } }
names! { Via {
    Api => "api", Agent => "agent", Provider => "provider", Job => "job", Operator => "operator",
} }

/// How much a record matters to who reads the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Everyday events.
    Low,
    /// Changes.
    Medium,
    /// Changes of what others may do, and attempts that were refused.
    High,
    /// The audit log itself is not whole.
    Critical,
}

names! { Severity {
    Low => "low", Medium => "medium", High => "high", Critical => "critical",
} }

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub(crate) via: Via,
    pub(crate) actor: String,
    pub(crate) on_behalf_of: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl Origin {
    /// The caller of a use case; the barrier then knows that the use case records for itself.
    pub fn of(ctx: &Ctx) -> Self {
        ctx.mark_audited();
        Self::caller(ctx.caller(), ctx.client(), ctx.request_id())
    }

    pub(crate) fn caller(caller: &Caller, client: &Client, request_id: &str) -> Self {
        // A plugin that passes a call of an agent on does what the agent wants.
        let (actor, is_agent) = match caller {
            Caller::User(user) if user.agent.is_some() => (user.agent.as_deref(), true),
            Caller::User(user) => (user.actor.as_deref(), false),
            _ => (None, false),
        };
        let subject = caller.subject();
        Self {
            via: if is_agent { Via::Agent } else { Via::Api },
            actor: bounded(actor.unwrap_or(subject)),
            on_behalf_of: actor.map(|_| bounded(subject)),
            client: client.agent.as_deref().map(bounded),
            address: client.address.map(|address| address.to_string()),
            request_id: Some(bounded(request_id)),
        }
    }

    /// Somebody who does not call: a provider, a job, an operator.
    pub fn internal(via: Via, name: &str) -> Self {
        Self {
            via,
            actor: bounded(name),
            on_behalf_of: None,
            client: None,
            address: None,
            request_id: None,
        }
    }
}

/// What was done, or was to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Name, `feature.noun.verb`.
    pub action: String,
    /// To what, for example an entity reference.
    pub subject: String,
    /// Digest of what was there before.
    pub before: Option<String>,
    /// Digest of what is there afterwards.
    pub after: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// A few words more; never contents.
    pub detail: Option<String>,
}

impl Event {
    /// Something that was done.
    pub fn done(action: &str, subject: impl Into<String>) -> Self {
        Self {
            action: action.to_owned(),
            subject: bounded(&subject.into()),
            before: None,
            after: None,
            outcome: Outcome::Succeeded,
            detail: None,
        }
    }

    /// With what was there before and is there now; only digests are kept.
    #[must_use]
    pub fn changed(mut self, before: Option<&Value>, after: Option<&Value>) -> Self {
        self.before = before.map(digest);
        self.after = after.map(digest);
        self
    }

    /// With a few words more.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(bounded(&detail.into()));
        self
    }

    /// With another end.
    #[must_use]
    pub fn ended(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
}

/// A record as it is stored and told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Number, without gaps.
    pub seq: i64,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// Through which door.
    pub via: Via,
    /// What was done.
    pub action: String,
    /// Who did it: a person or a program.
    pub actor: String,
    /// For whom a program did it.
    pub on_behalf_of: Option<String>,
    /// What the calling program calls itself.
    pub client: Option<String>,
    /// Network address of the caller.
    pub address: Option<String>,
    /// To what.
    pub subject: String,
    /// Digest of what was there before.
    pub before: Option<String>,
    /// Digest of what is there afterwards.
    pub after: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// A few words more.
    pub detail: Option<String>,
    /// Id of the request, as in logs and traces.
    pub request_id: Option<String>,
    /// Covers all of the above and the hash before it.
    pub hash: String,
}

impl Record {
    /// How much it matters.
    pub fn severity(&self) -> Severity {
        let concerns = |feature: &str| self.action.split('.').next() == Some(feature);
        match self.action.as_str() {
            "audit.record.lose" => Severity::Critical,
            _ if self.outcome == Outcome::Denied => Severity::High,
            "auth.session.begin" | "auth.session.end" => Severity::Low,
            _ if concerns("permission") || concerns("auth") || concerns("audit") => Severity::High,
            _ => Severity::Medium,
        }
    }

    /// The hash of this record after another hash. Every field goes in with its length, so that no
    /// two records give the same bytes.
    pub(crate) fn hash_after(&self, previous: &str) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: Option<&str>| match text {
            None => hash.update([0]),
            Some(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        };
        add(Some(previous));
        add(Some(&self.seq.to_string()));
        add(Some(&self.at.to_string()));
        for text in [self.via.name(), &self.action, &self.actor] {
            add(Some(text));
        }
        for text in [&self.on_behalf_of, &self.client, &self.address] {
            add(text.as_deref());
        }
        add(Some(&self.subject));
        add(self.before.as_deref());
        add(self.after.as_deref());
        add(Some(self.outcome.name()));
        add(self.detail.as_deref());
        add(self.request_id.as_deref());
        hex::encode(hash.finalize())
    }
}

/// SHA-256 of a value as JSON, for [`Event::changed`].
pub fn digest(value: &Value) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{value}");
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_the_rights_of_others_matters_more() {
        use Outcome::{Denied, Failed, Succeeded};
        for (action, outcome, severity) in [
            ("auth.session.begin", Succeeded, Severity::Low),
            ("auth.session.end", Succeeded, Severity::Low),
            ("catalog.location.register", Succeeded, Severity::Medium),
            ("catalog.post", Failed, Severity::Medium),
            ("catalog.delete", Denied, Severity::High),
            ("auth.session.begin", Denied, Severity::High),
            ("permission.role.create", Succeeded, Severity::High),
            ("permissions.other", Succeeded, Severity::Medium),
            ("audit.record.remove", Succeeded, Severity::High),
            ("audit.record.lose", Failed, Severity::Critical),
        ] {
            let record = Record {
                action: action.to_owned(),
                outcome,
                ..record()
            };
            assert_eq!(record.severity(), severity, "{action} {outcome:?}");
        }
    }

    fn record() -> Record {
        Record {
            seq: 1,
            at: 2,
            via: Via::Api,
            action: "a".into(),
            actor: "b".into(),
            on_behalf_of: None,
            client: None,
            address: None,
            subject: "c".into(),
            before: None,
            after: None,
            outcome: Outcome::Denied,
            detail: None,
            request_id: None,
            hash: String::new(),
        }
    }

    #[test]
    fn every_field_is_covered_by_the_hash() {
        type Change = fn(&mut Record);
        let base = record().hash_after("");
        let changes: &[Change] = &[
            |r| r.seq = 3,
            |r| r.at = 3,
            |r| r.via = Via::Job,
            |r| r.action = "x".into(),
            |r| r.actor = "x".into(),
            |r| r.on_behalf_of = Some(String::new()),
            |r| r.client = Some("x".into()),
            |r| r.address = Some("x".into()),
            |r| r.subject = "x".into(),
            |r| r.before = Some("x".into()),
            |r| r.after = Some("x".into()),
            |r| r.outcome = Outcome::Failed,
            |r| r.detail = Some("x".into()),
            |r| r.request_id = Some("x".into()),
            // The border between two fields counts, too.
            |r| (r.action, r.actor) = ("ab".into(), String::new()),
        ];
        let mut hashes = vec![base, record().hash_after("x")];
        for change in changes {
            let mut changed = record();
            change(&mut changed);
            hashes.push(changed.hash_after(""));
        }
        let n = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), n);
    }
}
