//! Tasks that wait until somebody approves of them.

use std::sync::Arc;

use audit::{Event as AuditEvent, Origin};
use model::EntityRef;
use platform::actions::{Quiet, Run};
use platform::permission::Decision;
use platform::{Caller, Code, Ctx, Error, Result};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::permission::{MANAGEMENT, TASK_READ};
use crate::scaffolder::Scaffolder;
use crate::store::{events, tasks};
use crate::task::{Approval, EventKind, NewEvent, Task};
use crate::template::Template;

/// The action that tells people something, where notifications are part of the portal.
const SEND: &str = "notification:send";

impl Scaffolder {
    /// Lets a task run that waits for approval.
    pub async fn approve_task(&self, ctx: &Ctx, id: &str) -> Result<()> {
        let task = self.task_for(ctx, id, &[TASK_READ]).await?;
        let not_waiting = Error::conflict(format!("Task {id} does not wait for approval"));
        let Some(approval) = task.approval else {
            return Err(not_waiting);
        };
        check_approver(ctx, &task, approval).await?;
        self.refuse_widening(ctx, &task.id).await?;
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        let who = ctx.caller().subject().to_owned();
        self.db
            .write(move |tx| {
                if !tasks::approve(tx, &task.id)? {
                    return Err(not_waiting);
                }
                let event = NewEvent {
                    kind: EventKind::Log,
                    body: json!({ "message": format!("Approved by {who}") }),
                };
                events::insert(tx, &task.id, &[event], now)?;
                let event = AuditEvent::done("scaffolder.task.approve", &task.id);
                audit::record(tx, &origin, &event, now)
            })
            .await
    }

    /// Tells the owner of a template that a task waits for somebody else than who started it.
    ///
    /// The task waits whether they are told or not, and can be found in the list of tasks.
    pub(super) async fn tell_owner(&self, ctx: &Ctx, owner: Option<&str>, title: &str, id: &str) {
        let (Some(owner), Some(action)) = (owner, self.actions.get(SEND)) else {
            return;
        };
        let by = ctx.caller().subject();
        let input = json!({
            "recipients": "entity",
            "entityRefs": [owner],
            "title": format!("{title} waits for approval"),
            "info": format!("{by} started it, and somebody else has to let it run."),
            "link": format!("/create/tasks/{id}"),
            "severity": "normal",
            "topic": "approval",
            "scope": format!("approval:{id}"),
        });
        let run = Run {
            ctx: ctx.clone(),
            log: Arc::new(Quiet),
            secrets: Map::new(),
            cancel: CancellationToken::new(),
            is_dry_run: false,
            step: None,
        };
        if let Err(error) = action.run(&run, input).await {
            tracing::warn!(
                task = id,
                error = error.chain(),
                "who approves was not told"
            );
        }
    }

    /// Whose approval a task needs to run again, because one approval is for one run with its secrets;
    /// and its template, if the caller may see it.
    pub(super) async fn approval_of_retry(
        &self,
        ctx: &Ctx,
        spec: &Value,
    ) -> Result<(Option<Approval>, Option<Template>)> {
        let template = spec["templateInfo"]["entityRef"].as_str();
        let template = match template.and_then(|it| it.parse::<EntityRef>().ok()) {
            Some(template) => match self.find_template(ctx, &template).await {
                Ok(template) => Some(template),
                Err(error) if error.code() == Code::NotFound => None,
                // What cannot be read may demand approval.
                Err(error) => return Err(error),
            },
            None => None,
        };
        // Either what was demanded then, or what is demanded now.
        let demands_now = template.as_ref().is_some_and(Template::needs_approval);
        let demands = demands_now || Template::demanded_approval(spec);
        Ok((demands.then_some(Approval::Others), template))
    }
}

/// Whether the caller is who started a task.
fn is_own(ctx: &Ctx, task: &Task) -> bool {
    match ctx.caller() {
        Caller::User(user) => task.created_by.as_deref() == Some(user.entity_ref.as_str()),
        _ => false,
    }
}

/// Fails if the caller could approve of what they bring into the task of somebody else.
pub(super) fn check_retrier(ctx: &Ctx, task: &Task) -> Result<()> {
    let is_of_program = task.created_by.is_none() && !matches!(ctx.caller(), Caller::User(_));
    if is_own(ctx, task) || is_of_program {
        return Ok(());
    }
    Err(Error::forbidden(
        "another run of this task needs approval, so only who started it can ask for one; \
         start the template anew instead",
    ))
}

/// Fails unless the caller may approve of a task.
async fn check_approver(ctx: &Ctx, task: &Task, approval: Approval) -> Result<()> {
    let is_own = is_own(ctx, task);
    let is_enough = match approval {
        Approval::Own if is_own => true,
        Approval::Others if is_own => {
            return Err(Error::forbidden(
                "somebody else than who started the task has to approve of it",
            ));
        }
        Approval::Own | Approval::Others => ctx.decide(MANAGEMENT).await == Decision::Allow,
    };
    if is_enough {
        return Ok(());
    }
    Err(Error::forbidden(
        "approving of a task takes the permission scaffolder.template.management",
    ))
}
