//! Tasks: create, look, watch, cancel, retry.

use audit::{Event as AuditEvent, Origin};
use model::EntityRef;
use platform::config::Secret;
use platform::db::Tx;
use platform::permission::{Decision, Permission};
use platform::{Caller, Ctx, Error, Millis, Result};
use serde_json::{Map, Value, json};

use super::approval::check_retrier;
use super::{Checked, told};
use crate::permission::{
    TASK_CANCEL, TASK_CREATE, TASK_READ, allows_task, creators, missing, require,
};
use crate::scaffolder::Scaffolder;
use crate::store::tasks::Reopened;
use crate::store::{events, journal, sealed, tasks};
use crate::task::{
    Approval, Event, EventKind, Initiator, NewEvent, NewTask, State, Task, TaskQuery,
};

/// Bytes of one task's specification.
const MAX_SPEC: usize = 4 << 20;
/// Events of one answer that is made in memory.
const MAX_LISTED: usize = 50_000;

/// A task to create.
pub(crate) struct Draft {
    pub template_ref: String,
    pub values: Value,
    pub secrets: Map<String, Value>,
    /// Whether the task waits until somebody approves of it.
    pub waits: bool,
}

/// A task that could be created.
pub(super) struct Prepared {
    pub template_ref: EntityRef,
    pub spec: Value,
    pub secrets: Map<String, Value>,
    /// Who has to approve before it runs.
    pub approval: Option<Approval>,
    /// Who is told that somebody has to.
    pub owner: Option<String>,
    pub title: String,
}

impl Scaffolder {
    /// Creates a task; a worker takes it at once, unless it has to be approved.
    pub(crate) async fn create_task(&self, ctx: &Ctx, draft: Draft) -> Result<Checked<String>> {
        let prepared = match self.prepare(ctx, draft).await? {
            Checked::Fine(prepared) => prepared,
            Checked::Wrong(errors) => return Ok(Checked::Wrong(errors)),
        };
        let task = self.new_task(ctx, &prepared)?;
        let (id, origin, now) = (task.id.clone(), Origin::of(ctx), self.clock.now());
        self.db
            .write(move |tx| {
                tasks::insert(tx, &task, now)?;
                if task.approval.is_some() {
                    events::insert(tx, &task.id, &[waiting()], now)?;
                }
                let event =
                    AuditEvent::done("scaffolder.task.create", &task.id).detail(&task.template_ref);
                audit::record(tx, &origin, &event, now)
            })
            .await?;
        if prepared.approval == Some(Approval::Others) {
            let owner = prepared.owner.as_deref();
            self.tell_owner(ctx, owner, &prepared.title, &id).await;
        }
        Ok(Checked::Fine(id))
    }

    /// What would be the task of a draft.
    pub(super) async fn prepare(&self, ctx: &Ctx, draft: Draft) -> Result<Checked<Prepared>> {
        require(ctx, &[TASK_CREATE]).await?;
        let entity_ref = EntityRef::parse(
            &draft.template_ref,
            Some("template"),
            model::DEFAULT_NAMESPACE,
        )
        .map_err(|error| Error::input(error.to_string()))?;
        let template = self.find_template(ctx, &entity_ref).await?;
        let complaints = template.check_values(&draft.values, &self.hosts);
        if !complaints.is_empty() {
            return Ok(Checked::Wrong(told(&complaints, "instance")));
        }
        let complaints = template.check_secrets(&draft.secrets);
        if !complaints.is_empty() {
            return Ok(Checked::Wrong(told(&complaints, "secrets")));
        }
        let approval = match (template.needs_approval(), draft.waits) {
            (true, _) => Some(Approval::Others),
            (false, true) => Some(Approval::Own),
            (false, false) => None,
        };
        Ok(Checked::Fine(Prepared {
            spec: template.task_spec(draft.values, &self.user_of(ctx).await?)?,
            template_ref: entity_ref,
            secrets: draft.secrets,
            approval,
            owner: template.owner(),
            title: template.title().to_owned(),
        }))
    }

    fn new_task(&self, ctx: &Ctx, prepared: &Prepared) -> Result<NewTask> {
        let spec = prepared.spec.to_string();
        if spec.len() > MAX_SPEC {
            return Err(Error::input("the template and its values are too large"));
        }
        let id = uuid::Uuid::new_v4().to_string();
        let initiator = Initiator::of(ctx.caller(), |user| self.catalog.ownership(user).is_some())?;
        let initiator = serde_json::to_string(&initiator)
            .map_err(|error| Error::internal("the caller cannot be written").with_source(error))?;
        let (secrets, seal_id) = self.sealed(&id, &prepared.secrets)?;
        let created_by = match ctx.caller() {
            Caller::User(user) => Some(user.entity_ref.clone()),
            _ => None,
        };
        Ok(NewTask {
            id,
            spec,
            template_ref: prepared.template_ref.to_string(),
            created_by,
            initiator,
            secrets,
            seal_id,
            approval: prepared.approval,
        })
    }

    /// Sealed secrets, and which key opens them; nothing when there are none.
    fn sealed(
        &self,
        id: &str,
        secrets: &Map<String, Value>,
    ) -> Result<(Option<String>, Option<String>)> {
        if secrets.is_empty() {
            return Ok((None, None));
        }
        let text = Secret::new(Value::Object(secrets.clone()).to_string());
        let sealed = self.keyring.seal(&text, id)?;
        Ok((Some(sealed), self.seal_id()))
    }

    /// Which key opens what is sealed now.
    fn seal_id(&self) -> Option<String> {
        let keys = self.keyring.ids();
        keys.first().map(|key| sealed::mark(key))
    }

    /// Tasks the caller may see, and how many there are.
    pub(crate) async fn list_tasks(
        &self,
        ctx: &Ctx,
        mut query: TaskQuery,
    ) -> Result<(Vec<Task>, i64)> {
        query.visible_to = match ctx.decide(TASK_READ).await {
            Decision::Allow => None,
            Decision::Deny => return Err(missing(TASK_READ)),
            // A condition that says nothing about creators is fulfilled by no list.
            Decision::Conditional(condition) => Some(creators(&condition).unwrap_or_default()),
        };
        self.db.read(move |tx| tasks::list(tx, &query)).await
    }

    /// One task.
    pub(crate) async fn find_task(&self, ctx: &Ctx, id: &str) -> Result<Task> {
        self.task_for(ctx, id, &[TASK_READ]).await
    }

    /// The newest tasks, as the API tells them to who asks for their ends, of all states or of one.
    pub async fn newest_tasks(
        &self,
        ctx: &Ctx,
        status: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Value>> {
        let query = TaskQuery {
            status: status.map(|status| vec![status.to_owned()]),
            tells_cancelled: true,
            limit,
            ..TaskQuery::default()
        };
        let (tasks, _) = self.list_tasks(ctx, query).await?;
        tasks.iter().map(Task::to_json_with_end).collect()
    }

    /// A task and its events, as the API tells them to who asks for their ends.
    pub async fn task_with_events(&self, ctx: &Ctx, id: &str) -> Result<(Value, Vec<Value>)> {
        let task = self.find_task(ctx, id).await?;
        let events = self.all_events_after(&task.id, 0).await?;
        let events = events.iter().map(|it| it.to_json(id, false));
        Ok((task.to_json_with_end()?, events.collect::<Result<_>>()?))
    }

    pub(super) async fn task_for(
        &self,
        ctx: &Ctx,
        id: &str,
        permissions: &[Permission<'_>],
    ) -> Result<Task> {
        // Who may not see any task is not told which there are.
        let decisions = ctx.decide_all(permissions).await;
        let mut decided = permissions.iter().zip(decisions);
        if let Some((denied, _)) = decided.find(|(_, it)| *it == Decision::Deny) {
            return Err(missing(*denied));
        }
        let wanted = id.to_owned();
        let task = self.db.read(move |tx| tasks::find(tx, &wanted)).await?;
        let task = task.ok_or_else(|| Error::not_found(format!("No task with id '{id}' found")))?;
        for permission in permissions {
            if !allows_task(ctx, *permission, task.created_by.as_deref()).await {
                return Err(missing(*permission));
            }
        }
        Ok(task)
    }

    /// The next page of events of a task after one, and the completion even if it was before, if so
    /// wanted.
    pub(crate) async fn events_after(
        &self,
        id: &str,
        after: i64,
        with_completion: bool,
    ) -> Result<Vec<Event>> {
        let id = id.to_owned();
        self.db
            .read(move |tx| events::list(tx, &id, after, with_completion))
            .await
    }

    /// All events of a task after one, and the completion even if it was before; an error if there
    /// are more than one answer can have.
    pub(crate) async fn all_events_after(&self, id: &str, after: i64) -> Result<Vec<Event>> {
        let mut all = self.events_after(id, after, true).await?;
        let mut n_read = all.len();
        while n_read == events::PAGE {
            let last = all.last().map_or(after, |last| last.id);
            let page = self.events_after(id, last.max(after), false).await?;
            n_read = page.len();
            all.extend(page);
            if all.len() > MAX_LISTED {
                return Err(Error::input(format!(
                    "Task {id} has more than {MAX_LISTED} events after {after}; ask for later ones"
                )));
            }
        }
        Ok(all)
    }

    /// Asks for the end of a task.
    pub async fn cancel_task(&self, ctx: &Ctx, id: &str) -> Result<()> {
        let task = self.task_for(ctx, id, &[TASK_CANCEL, TASK_READ]).await?;
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        self.db
            .write(move |tx| {
                let is_over = tasks::find(tx, &task.id)?.is_none_or(|it| it.status.is_over());
                if is_over {
                    return Ok(());
                }
                let last = events::find_last_of_step(tx, &task.id)?;
                let body = cancelled_body(last.as_deref());
                let event = NewEvent {
                    kind: EventKind::Cancelled,
                    body,
                };
                tasks::cancel(tx, &task.id)?;
                events::insert(tx, &task.id, &[event], now)?;
                let event = AuditEvent::done("scaffolder.task.cancel", &task.id);
                audit::record(tx, &origin, &event, now)
            })
            .await
    }

    /// Opens an ended task again: what completed stays, unless the template starts over.
    pub async fn retry_task(
        &self,
        ctx: &Ctx,
        id: &str,
        secrets: &Map<String, Value>,
    ) -> Result<()> {
        require(ctx, &[TASK_CREATE]).await?;
        let task = self.find_task(ctx, id).await?;
        self.refuse_widening(ctx, &task.id).await?;
        let spec = task.spec()?;
        let strategy = spec["EXPERIMENTAL_recovery"]["EXPERIMENTAL_strategy"].as_str();
        let strategy = strategy.unwrap_or("none").to_owned();
        let (secrets, _) = self.sealed(id, secrets)?;
        let (approval, template) = self.approval_of_retry(ctx, &spec).await?;
        if approval.is_some() {
            check_retrier(ctx, &task)?;
        }
        let retry = Retry {
            secrets,
            keys: self.keyring.ids(),
            steps: spec["steps"].as_array().cloned().unwrap_or_default(),
            strategy,
            approval,
            origin: Origin::of(ctx),
            now: self.clock.now(),
        };
        let task_id = task.id.clone();
        self.db.write(move |tx| retry.write(tx, &task_id)).await?;
        if let (Some(_), Some(template)) = (approval, template) {
            let owner = template.owner();
            self.tell_owner(ctx, owner.as_deref(), template.title(), id)
                .await;
        }
        Ok(())
    }
}

/// An ended task that is opened again.
struct Retry {
    secrets: Option<String>,
    /// The keys that this process has.
    keys: Vec<String>,
    steps: Vec<Value>,
    strategy: String,
    approval: Option<Approval>,
    origin: Origin,
    now: Millis,
}

impl Retry {
    fn write(&self, tx: &mut Tx<'_>, id: &str) -> Result<()> {
        let status = tasks::find(tx, id)?.map(|it| it.status);
        let Some(status) = status.filter(|it| it.is_over()) else {
            return Err(Error::conflict(format!(
                "Task {id} has not ended and cannot be retried"
            )));
        };
        let is_whole = status == crate::task::Status::Completed || self.strategy == "startOver";
        if self.secrets.is_none() && self.needs_secrets(tx, id, is_whole)? {
            return Err(Error::input(format!(
                "Task {id} had secrets, which were removed when it ended, and steps to come read \
                 them: send them again in `secrets`, or start the template anew"
            )));
        }
        let seal_id = if is_whole {
            journal::delete_all(tx, id)?;
            self.keys.first().map(|key| sealed::mark(key))
        } else {
            journal::delete_incomplete(tx, id)?;
            self.seal_id(tx, id)?
        };
        events::delete_ends(tx, id)?;
        let recovered = NewEvent {
            kind: EventKind::Recovered,
            body: json!({ "recoverStrategy": self.strategy }),
        };
        events::insert(tx, id, &[recovered], self.now)?;
        if self.approval.is_some() {
            events::insert(tx, id, &[waiting()], self.now)?;
        }
        let reopened = Reopened {
            secrets: self.secrets.as_deref(),
            seal_id: seal_id.as_deref(),
            approval: self.approval,
        };
        tasks::reopen(tx, id, &reopened)?;
        let event = AuditEvent::done("scaffolder.task.retry", id);
        audit::record(tx, &self.origin, &event, self.now)
    }

    /// Whether steps that will run read secrets that a run before had: without them they would make
    /// something else, and nobody would see it.
    fn needs_secrets(&self, tx: &mut Tx<'_>, id: &str, is_whole: bool) -> Result<bool> {
        if journal::list_masks(tx, id)?.is_empty() {
            return Ok(false);
        }
        let entries = if is_whole {
            Vec::new()
        } else {
            journal::list(tx, id)?
        };
        let is_done = |key: &str| {
            let found = entries.iter().find(|it| it.key == key);
            found.is_some_and(|it| it.state == State::Completed)
        };
        Ok(self.steps.iter().enumerate().any(|(at, step)| {
            let text = step.to_string();
            let reads = text.contains("secrets.") || text.contains("secrets[");
            reads && !is_done(&at.to_string())
        }))
    }

    /// Which key opens the task: that of the run before, whose steps stay, if this process lacks it.
    fn seal_id(&self, tx: &mut Tx<'_>, id: &str) -> Result<Option<String>> {
        let of_others =
            tasks::find_seal_id(tx, id)?.filter(|mark| !sealed::marks(&self.keys).contains(mark));
        if of_others.is_some() && self.secrets.is_some() {
            return Err(Error::conflict(format!(
                "Task {id} keeps what only the process that ran it can open: try again without \
                 secrets, start it anew, or give all processes the same `callboard.encryption.keys`"
            )));
        }
        Ok(of_others.or_else(|| self.keys.first().map(|key| sealed::mark(key))))
    }
}

fn waiting() -> NewEvent {
    NewEvent {
        kind: EventKind::Log,
        body: json!({ "message": "Waiting for approval" }),
    }
}

/// The event of a cancellation; it names the step that was last heard of.
fn cancelled_body(last: Option<&str>) -> Value {
    let last: Value = last
        .and_then(|body| serde_json::from_str(body).ok())
        .unwrap_or_default();
    match last["stepId"].as_str() {
        Some(step) => json!({
            "message": format!("Step {step} has been cancelled."),
            "stepId": step,
            "status": "cancelled",
        }),
        None => json!({ "message": "The task has been cancelled.", "status": "cancelled" }),
    }
}

/// Whether the template of a task starts over after an interruption.
pub(crate) fn is_recoverable(spec: &Value) -> bool {
    spec["EXPERIMENTAL_recovery"]["EXPERIMENTAL_strategy"] == "startOver"
}
