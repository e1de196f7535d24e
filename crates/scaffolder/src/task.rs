//! Tasks, their events and what their steps did, as they are stored.

use std::sync::Arc;

use platform::ctx::{AccessRestriction, Caller, Reach, Service, User};
use platform::{Error, Millis, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$each:meta])* $variant:ident => $name:literal),+ $(,)? } else $other:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $type { $($(#[$each])* $variant),+ }

        impl $type {
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub(crate) fn of_name(name: &str) -> Self {
                match name { $($name => Self::$variant,)+ _ => Self::$other }
            }
        }
    };
}

names! {
    /// Where a task is.
    Status {
        Open => "open",
        Processing => "processing",
        Completed => "completed",
        Failed => "failed",
        Cancelled => "cancelled",
        Skipped => "skipped",
    } else Failed
}

names! {
    /// Where a step is.
    State {
        Started => "started",
        Completed => "completed",
        Failed => "failed",
        Skipped => "skipped",
    } else Failed
}

names! {
    /// Who has to approve of a task before it runs.
    Approval {
        /// Who created it, or who manages templates.
        Own => "own",
        /// Somebody else, who manages templates.
        Others => "others",
    } else Others
}

impl Status {
    /// Whether nothing more will happen.
    pub(crate) fn is_over(self) -> bool {
        !matches!(self, Self::Open | Self::Processing)
    }
}

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    Log,
    Completion,
    Cancelled,
    Recovered,
}

impl EventKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Completion => "completion",
            Self::Cancelled => "cancelled",
            Self::Recovered => "recovered",
        }
    }
}

/// A task that is to be stored.
#[derive(Debug)]
pub(crate) struct NewTask {
    pub id: String,
    pub spec: String,
    pub template_ref: String,
    pub created_by: Option<String>,
    pub initiator: String,
    pub secrets: Option<String>,
    pub seal_id: Option<String>,
    pub approval: Option<Approval>,
}

/// A task as clients see it.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub id: String,
    pub spec: String,
    pub status: Status,
    pub created_at: Millis,
    pub heartbeat_at: Option<Millis>,
    pub created_by: Option<String>,
    /// Whose approval it waits for.
    pub approval: Option<Approval>,
    /// Whether somebody wanted it to end.
    pub is_cancelled: bool,
}

impl Task {
    /// The task as the API tells it, cancelled rather than failed where that is why.
    pub(crate) fn to_json_with_end(&self) -> Result<Value> {
        let mut view = self.to_json()?;
        if self.is_cancelled && self.status == Status::Failed {
            view["status"] = Status::Cancelled.name().into();
        }
        Ok(view)
    }

    /// The task as the API tells it.
    pub(crate) fn to_json(&self) -> Result<Value> {
        let mut view = json!({
            "id": self.id,
            "spec": self.spec()?,
            "status": self.status.name(),
            "createdAt": timestamp(self.created_at),
        });
        if let Some(at) = self.heartbeat_at {
            view["lastHeartbeatAt"] = timestamp(at).into();
        }
        if let Some(by) = &self.created_by {
            view["createdBy"] = by.as_str().into();
        }
        if let Some(approval) = self.approval {
            view["waitsForApproval"] = approval.name().into();
        }
        Ok(view)
    }

    pub(crate) fn spec(&self) -> Result<Value> {
        parse(&self.spec)
    }
}

/// A task that a worker took.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub id: String,
    pub spec: String,
    pub initiator: String,
    pub secrets: Option<String>,
    pub fence: i64,
    pub is_cancelled: bool,
}

/// An event that is to be stored.
#[derive(Debug, Clone)]
pub(crate) struct NewEvent {
    pub kind: EventKind,
    pub body: Value,
}

/// An event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub id: i64,
    pub kind: String,
    pub body: String,
    pub created_at: Millis,
}

impl Event {
    /// The event as the API tells it.
    pub(crate) fn to_json(&self, task_id: &str, is_recoverable: bool) -> Result<Value> {
        Ok(json!({
            "id": self.id,
            "isTaskRecoverable": is_recoverable,
            "taskId": task_id,
            "body": parse(&self.body)?,
            "type": self.kind,
            "createdAt": timestamp(self.created_at),
        }))
    }
}

/// What a step did.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub key: String,
    pub state: State,
    pub output: Option<String>,
}

/// Which tasks are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskQuery {
    pub created_by: Option<Vec<String>>,
    pub status: Option<Vec<String>>,
    /// Whether a task that was cancelled counts as that, and not as failed.
    pub tells_cancelled: bool,
    /// Creators whose tasks the caller may see; `None` for all.
    pub visible_to: Option<Vec<String>>,
    pub order: Vec<Order>,
    pub limit: i64,
    pub offset: i64,
}

/// One part of an order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub field: OrderField,
    pub is_descending: bool,
}

/// What tasks are ordered by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OrderField {
    CreatedAt,
    Status,
    CreatedBy,
}

/// Who the steps of a task run for, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub(crate) enum Initiator {
    User(UserInitiator),
    #[serde(rename_all = "camelCase")]
    Service {
        subject: String,
        restrictions: Option<Vec<Restriction>>,
    },
}

/// A user whose task it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserInitiator {
    pub(crate) entity_ref: String,
    ownership: Vec<String>,
    /// How far the token went that created the task: its steps go no further.
    reach: Reach,
    /// The program that created the task for the user, if one did.
    #[serde(default)]
    agent: Option<String>,
    /// Whether the catalog knew the user then. Guests it does not know own what is configured.
    #[serde(default = "yes")]
    is_known: bool,
}

/// What is true of tasks from before it was written down.
fn yes() -> bool {
    true
}

impl UserInitiator {
    /// The same user with what they own things through now; `None` if the catalog does not know
    /// them (any more).
    pub(crate) fn owning(self, now: Option<Vec<String>>) -> Self {
        let ownership = match now {
            Some(now) => now,
            None if self.is_known => vec![self.entity_ref.clone()],
            None => self.ownership,
        };
        Self { ownership, ..self }
    }

    fn caller(self) -> Caller {
        Caller::User(User {
            entity_ref: self.entity_ref,
            ownership: self.ownership.into(),
            expires_at: i64::MAX,
            limited_token: None,
            actor: Some(Arc::from("plugin:scaffolder")),
            agent: self.agent.map(Arc::from),
            reach: self.reach,
        })
    }
}

/// What the token of a service is limited to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Restriction {
    plugin: String,
    permissions: Vec<String>,
    actions: Vec<String>,
}

impl Initiator {
    /// Who calls; `is_known` tells whether the catalog knows a user.
    pub(crate) fn of(caller: &Caller, is_known: impl Fn(&str) -> bool) -> Result<Self> {
        match caller {
            Caller::Anonymous => Err(Error::unauthenticated("Missing credentials")),
            Caller::User(user) => Ok(Self::User(UserInitiator {
                entity_ref: user.entity_ref.clone(),
                ownership: user.ownership.to_vec(),
                reach: user.reach,
                agent: user.agent.as_deref().map(str::to_owned),
                is_known: is_known(&user.entity_ref),
            })),
            Caller::Service(service) => Ok(Self::Service {
                subject: service.subject.clone(),
                restrictions: service.restrictions.as_ref().map(|list| {
                    let restriction = |it: &AccessRestriction| Restriction {
                        plugin: it.plugin.clone(),
                        permissions: it.permissions.clone(),
                        actions: it.actions.clone(),
                    };
                    list.iter().map(restriction).collect()
                }),
            }),
        }
    }

    /// Whether the steps may do what the caller may not, because its token is narrower.
    pub(crate) fn exceeds(&self, caller: &Caller) -> bool {
        match caller {
            Caller::Anonymous => true,
            Caller::User(asking) => match self {
                Self::User(user) => user.reach > asking.reach,
                Self::Service { .. } => asking.reach < Reach::default(),
            },
            Caller::Service(asking) => {
                let is_own =
                    matches!(self, Self::Service { subject, .. } if *subject == asking.subject);
                asking.restrictions.is_some() && !is_own
            }
        }
    }

    /// The caller of the steps: the scaffolder, on behalf of who created the task.
    pub(crate) fn caller(self) -> Caller {
        match self {
            Self::User(user) => user.caller(),
            Self::Service {
                subject,
                restrictions,
            } => Caller::Service(Service {
                subject,
                restrictions: restrictions.map(|list| {
                    let restriction = |it: Restriction| AccessRestriction {
                        plugin: it.plugin,
                        permissions: it.permissions,
                        actions: it.actions,
                    };
                    list.into_iter().map(restriction).collect()
                }),
            }),
        }
    }
}

/// A stored text as JSON.
pub(crate) fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| Error::internal("stored JSON cannot be read").with_source(error))
}

/// A time as JavaScript writes it.
pub(crate) fn timestamp(at: Millis) -> String {
    let nanos = i128::from(at) * 1_000_000;
    let time =
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, clock) = (time.date(), time.time());
    format!(
        "{date}T{:02}:{:02}:{:02}.{:03}Z",
        clock.hour(),
        clock.minute(),
        clock.second(),
        clock.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ANN: &str = "user:default/ann";

    /// What is stored of a user who had groups when they created a task.
    fn stored(more: &Value) -> Initiator {
        let mut stored = json!({
            "type": "user", "entityRef": ANN, "reach": "write",
            "ownership": [ANN, "group:default/team", "group:default/above"],
        });
        for (name, value) in more.as_object().unwrap() {
            stored[name] = value.clone();
        }
        serde_json::from_value(stored).unwrap()
    }

    #[test]
    fn steps_run_with_the_groups_of_now() {
        let now = || Some(vec![ANN.to_owned(), "group:default/new".to_owned()]);
        let all = [ANN, "group:default/team", "group:default/above"];
        for (more, now, expected) in [
            (
                json!({"isKnown": true}),
                now(),
                &[ANN, "group:default/new"][..],
            ),
            // Who left the catalog has no groups, and least of all those above their own.
            (json!({"isKnown": true}), None, &[ANN]),
            (json!({}), None, &[ANN]),
            (json!({"isKnown": false}), None, &all),
            (
                json!({"isKnown": false}),
                now(),
                &[ANN, "group:default/new"],
            ),
        ] {
            let Initiator::User(user) = stored(&more) else {
                panic!("{more}")
            };
            assert_eq!(user.owning(now).ownership, expected, "{more}");
        }
    }

    #[test]
    fn steps_of_a_program_are_its_own_and_go_no_further() {
        let user = |agent: Option<&str>| User {
            entity_ref: ANN.to_owned(),
            ownership: [].into(),
            expires_at: 0,
            limited_token: None,
            actor: agent.map(Arc::from),
            agent: agent.map(Arc::from),
            reach: Reach::Write,
        };
        for agent in [Some("https://tool.org/client.json"), None] {
            let created = Initiator::of(&Caller::User(user(agent)), |_| true).unwrap();
            let text = serde_json::to_string(&created).unwrap();
            let read: Initiator = serde_json::from_str(&text).unwrap();
            let Caller::User(steps) = read.caller() else {
                panic!("{text}")
            };
            assert_eq!(steps.actor.as_deref(), Some("plugin:scaffolder"));
            assert_eq!(steps.agent.as_deref(), agent);
            assert_eq!(steps.reach, Reach::Write);
        }
    }

    #[test]
    fn a_narrower_token_lets_no_task_run_again_that_may_more() {
        let user = |reach| {
            Caller::User(User {
                entity_ref: ANN.to_owned(),
                ownership: [].into(),
                expires_at: 0,
                limited_token: None,
                actor: None,
                agent: None,
                reach,
            })
        };
        let service = |subject: &str, is_restricted: bool| {
            Caller::Service(Service {
                subject: subject.to_owned(),
                restrictions: is_restricted.then(|| [].into()),
            })
        };
        let of = |caller: &Caller| Initiator::of(caller, |_| true).unwrap();
        let by_user = of(&user(Reach::Write));
        let by_service = of(&service("ci", true));
        for (task, caller, expected) in [
            (&by_user, user(Reach::Read), true),
            (&by_user, user(Reach::Write), false),
            (&by_user, user(Reach::Delete), false),
            (&by_user, service("ci", true), true),
            (&by_user, service("ci", false), false),
            (&by_user, Caller::Anonymous, true),
            (&by_service, service("ci", true), false),
            (&by_service, service("other", true), true),
            (&by_service, user(Reach::Write), true),
            (&by_service, user(Reach::Delete), false),
        ] {
            assert_eq!(task.exceeds(&caller), expected, "{caller:?}");
        }
    }
}
