//! Undo: what the steps of an ended task made is taken back, where their actions say how.
//!
//! Invariants: only what a step of the task made itself is taken back, which its checkpoints tell; a
//! step that was undone is forgotten, so that it is not undone twice, and a retry runs it again.

use std::sync::Arc;

use audit::{Event as AuditEvent, Origin};
use platform::actions::{Action, Call, Inverse, Quiet, Run};
use platform::permission::Decision;
use platform::{Code, Ctx, Error, Result};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::engine::planning::Effect;
use crate::permission::{ACTION_EXECUTE, TASK_CANCEL, TASK_READ, allows_action};
use crate::render;
use crate::scaffolder::Scaffolder;
use crate::store::{events, journal};
use crate::task::{Entry, EventKind, NewEvent, State, parse};

/// What is known of the steps of a task.
struct Traces {
    entries: Vec<Entry>,
    /// Keys and values.
    checkpoints: Vec<(String, String)>,
}

/// Something that a step made.
struct Deed<'s> {
    task_id: &'s str,
    step: &'s Value,
    /// The key of the checkpoint that tells of it.
    key: String,
    /// What was made.
    made: Value,
}

impl Scaffolder {
    /// Undoes what can be undone, the last first; what was undone, and what was not and why.
    pub async fn undo_task(&self, ctx: &Ctx, id: &str) -> Result<Value> {
        let task = self.task_for(ctx, id, &[TASK_CANCEL, TASK_READ]).await?;
        if !task.status.is_over() {
            return Err(Error::conflict(format!(
                "Task {id} has not ended and cannot be undone"
            )));
        }
        let traces = self.traces(&task.id).await?;
        let spec = task.spec()?;
        let steps = spec["steps"].as_array().map(Vec::as_slice);
        let (mut undone, mut kept) = (Vec::new(), Vec::new());
        for (index, step) in steps.unwrap_or_default().iter().enumerate().rev() {
            let told = |name: &str, value: &str| json!({ "stepId": step["id"], "action": step["action"], name: value });
            let action = self
                .actions
                .get(step["action"].as_str().unwrap_or_default());
            let Some(action) = action else {
                if traces.has_completed(index) {
                    kept.push(told("reason", "the action is not there any more"));
                }
                continue;
            };
            let Some(inverse) = &action.spec().inverse else {
                if traces.has_completed(index) && Effect::of(action.spec()).is_some() {
                    kept.push(told("reason", "the action cannot be undone"));
                }
                continue;
            };
            let made = traces.made(index, &inverse.of)?;
            if made.is_empty() && traces.has_completed(index) {
                kept.push(told("reason", "it made nothing that could be taken back"));
            }
            for (key, made) in made {
                let deed = Deed {
                    task_id: &task.id,
                    step,
                    key,
                    made,
                };
                let by = inverse.action.as_deref().unwrap_or(&action.spec().id);
                match self.undo(ctx, &*action, &deed, inverse).await {
                    Ok(()) => undone.push(told("by", by)),
                    Err(error) => kept.push(told("reason", error.message())),
                }
            }
        }
        Ok(json!({ "undone": undone, "kept": kept }))
    }

    async fn traces(&self, id: &str) -> Result<Traces> {
        let wanted = id.to_owned();
        let mut traces = self
            .db
            .read(move |tx| {
                Ok(Traces {
                    entries: journal::list(tx, &wanted)?,
                    checkpoints: journal::list_checkpoints(tx, &wanted)?,
                })
            })
            .await?;
        for (_, value) in &mut traces.checkpoints {
            let sealed = std::mem::take(value);
            self.keyring.open(sealed, id)?.expose().clone_into(value);
        }
        Ok(traces)
    }

    async fn undo(
        &self,
        ctx: &Ctx,
        action: &dyn Action,
        deed: &Deed<'_>,
        inverse: &Inverse,
    ) -> Result<()> {
        let (by, taken_back) = match &inverse.action {
            Some(by) => {
                let result = self.undo_with(ctx, by, &inverse.input, &deed.made).await;
                (by.as_str(), result)
            }
            None => (
                action.spec().id.as_str(),
                self.undo_by_itself(ctx, action, deed).await,
            ),
        };
        match taken_back {
            // Somebody has taken it back already.
            Err(error) if error.code() == Code::NotFound => {}
            result => result?,
        }
        self.forget(ctx, deed, by).await
    }

    /// Calls the action that takes back what was made.
    async fn undo_with(&self, ctx: &Ctx, by: &str, input: &Value, made: &Value) -> Result<()> {
        if self.actions.find(ctx, by).await.is_err() {
            return Err(Error::forbidden(format!("{by} cannot be used here")));
        }
        let mut context = Map::new();
        context.insert("made".into(), made.clone());
        let host = render::host(&self.hosts, false);
        let input = render::render(input, &context, &host).unwrap_or_default();
        self.actions.invoke(ctx, by, input, None).await.map(drop)
    }

    /// Lets the action take back what it made, for whoever may run it.
    async fn undo_by_itself(&self, ctx: &Ctx, action: &dyn Action, deed: &Deed<'_>) -> Result<()> {
        self.refuse_widening(ctx, deed.task_id).await?;
        let id = &action.spec().id;
        let is_allowed = match ctx.decide(ACTION_EXECUTE).await {
            Decision::Allow => true,
            Decision::Deny => false,
            Decision::Conditional(condition) => allows_action(&condition, id, &deed.made),
        };
        if !is_allowed {
            let name = ACTION_EXECUTE.name;
            return Err(Error::forbidden(format!(
                "this takes the permission {name} for {id}"
            )));
        }
        let run = Run {
            ctx: ctx.clone(),
            log: Arc::new(Quiet),
            secrets: Map::new(),
            cancel: CancellationToken::new(),
            is_dry_run: false,
            step: None,
        };
        let result = action.undo(&run, &deed.made).await;
        let step = deed.step["id"].as_str().unwrap_or_default();
        self.actions.tell(&Call {
            ctx,
            id,
            task: Some(&format!("{}/{step}", deed.task_id)),
            error: result.as_ref().err(),
        });
        result
    }

    /// Writes down that something is not there any more.
    async fn forget(&self, ctx: &Ctx, deed: &Deed<'_>, by: &str) -> Result<()> {
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        let (id, key) = (deed.task_id.to_owned(), deed.key.clone());
        let step = deed.step["id"].as_str().unwrap_or_default();
        let message = format!("Undid step {step} with {by}");
        let event = NewEvent {
            kind: EventKind::Log,
            body: json!({ "message": message, "stepId": step }),
        };
        self.db
            .write(move |tx| {
                journal::forget(tx, &id, &key)?;
                events::insert(tx, &id, &[event], now)?;
                let event = AuditEvent::done("scaffolder.task.undo", &id).detail(&message);
                audit::record(tx, &origin, &event, now)
            })
            .await
    }
}

impl Traces {
    /// Whether a step, or a round of it, came to its end.
    fn has_completed(&self, index: usize) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.state == State::Completed && is_of(&entry.key, index))
    }

    /// What a step made under a name, the last round first, with the keys of the checkpoints.
    fn made(&self, index: usize, name: &str) -> Result<Vec<(String, Value)>> {
        let checkpoints = self.checkpoints.iter().rev();
        checkpoints
            .filter(|(key, _)| is_of(key, index) && key.rsplit('.').next() == Some(name))
            .map(|(key, value)| Ok((key.clone(), parse(value)?)))
            .collect()
    }
}

/// Whether a key of the journal is of a step or of a round of it.
fn is_of(key: &str, index: usize) -> bool {
    key.split('.').next() == Some(&index.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steps_made_is_told_by_their_checkpoints() {
        let traces = Traces {
            entries: vec![Entry {
                key: "1.0".to_owned(),
                state: State::Completed,
                output: None,
            }],
            checkpoints: [
                ("1.a.location", "\"first\""),
                ("1.b.location", "\"second\""),
                ("1.b.location.begun", "true"),
                ("11..location", "\"other\""),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec(),
        };
        let made = traces.made(1, "location").unwrap();
        let made: Vec<_> = made.into_iter().map(|(_, value)| value).collect();
        assert_eq!(made, ["second", "first"]);
        assert!(traces.has_completed(1) && !traces.has_completed(11));
    }
}
