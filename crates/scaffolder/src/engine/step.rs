//! One step: its condition, its loop, its action.

use std::collections::HashMap;
use std::sync::Arc;

use platform::actions::{Action, Call, Log as _, Run, Spec, Step};
use platform::permission::Decision;
use platform::{Code, Error, Result, json_schema};
use serde_json::{Map, Value, json};

use super::policy::Policy;
use super::step_book::{StepCheckpoints, StepLog, StepSecrecy};
use super::{News, Place, Progress, Runner, loops};
use crate::permission::{ACTION_EXECUTE, allows_action};
use crate::render;
use crate::task::{Entry, State};
use crate::workspace;

/// In what a failed step leaves: whether the task goes on without it.
pub(super) const MAY_FAIL: &str = "mayFail";

/// What came of a step that began.
enum Done {
    Completed(Value),
    /// It was not to run; the line says why.
    Skipped(String),
}

impl Runner {
    /// Runs a step to its end; an error means that the run cannot go on here.
    pub(super) async fn run_step(
        &self,
        place: &Place<'_>,
        was_started: bool,
        done: &HashMap<String, Entry>,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let condition = place.step.get("if").unwrap_or(&Value::Null);
        if progress.error.is_some() && !render::looks_at_failure(condition) {
            let id = place.id();
            let message = format!("Skipping step {id} because a previous step failed");
            let news = News::new(State::Skipped, message);
            return self.write_down(place, news, progress).await;
        }
        let begun = format!("Beginning step {}", place.name());
        self.write_down(place, News::new(State::Started, begun), progress)
            .await?;
        let result = match self.check_repeatable(place, was_started) {
            Ok(()) => self.perform(place, done, progress).await?,
            Err(error) => Err(error),
        };
        // What is lost now was not done by this process as far as anyone will know.
        match result {
            _ if self.is_lost() => Err(Error::unavailable("the task is in other hands")),
            Ok(Done::Completed(output)) => {
                let message = format!("Finished step {}", place.name());
                let news = News::new(State::Completed, message).with(&output);
                self.write_down(place, news, progress).await?;
                progress.context.add_output(place.id(), &output, &self.mask);
                Ok(())
            }
            Ok(Done::Skipped(message)) => {
                let news = News::new(State::Skipped, message);
                self.write_down(place, news, progress).await
            }
            Err(error) => self.fail(place, error, progress).await,
        }
    }

    async fn fail(
        &self,
        place: &Place<'_>,
        error: Error,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let error = if self.cancel.is_cancelled() {
            let (id, name, task) = (place.id(), place.name(), &self.task_id);
            Error::internal(format!(
                "Step {id} ({name}) of task {task} has been cancelled."
            ))
        } else {
            self.shown(&error)
        };
        if let Some(plan) = &self.plan {
            let entry = json!({
                "stepId": place.id(), "name": place.name(), "action": place.action(),
            });
            plan.add_failure(entry, &self.without_root(error.message()));
        }
        let may_fail = !self.cancel.is_cancelled() && self.may_fail(place, progress);
        let name = error.code().name();
        let message = format!("{name}: {}", error.message());
        let stored = json!({ "name": name, "message": error.message(), MAY_FAIL: may_fail });
        let news = News::new(State::Failed, message).with(&stored);
        self.write_down(place, news, progress).await?;
        if may_fail {
            let message = format!("Going on after step {}, which may fail", place.id());
            self.book.log(json!({ "message": message }));
        } else {
            progress.error.get_or_insert(error);
        }
        Ok(())
    }

    /// An error of a step as people may see it.
    fn shown(&self, error: &Error) -> Error {
        if let Err(too_much) = self.mask.check() {
            return too_much;
        }
        let message = match (error.code(), error.message()) {
            // Backstage says nothing more, which helps nobody who reads a log.
            (Code::Forbidden, "") => "the permissions of who started the task do not allow it",
            (_, message) => message,
        };
        Error::new(error.code(), self.mask.hide_line(message))
    }

    /// `continueOnFailure`: whether the task goes on as if the step had not been there.
    fn may_fail(&self, place: &Place<'_>, progress: &Progress) -> bool {
        match place.step.get("continueOnFailure") {
            None => false,
            Some(value) => self.holds(value, None, progress),
        }
    }

    /// Whether a step that was interrupted may run again.
    fn check_repeatable(&self, place: &Place<'_>, was_started: bool) -> Result<()> {
        let action = self.actions.get(place.action());
        let is_safe = action.is_none_or(|action| is_repeatable(action.spec()));
        if !was_started || is_safe {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "the step was interrupted, and whether {} did its work is not known; look, and retry \
             the task to run the step again",
            place.action()
        )))
    }

    fn is_lost(&self) -> bool {
        self.book.is_lost()
    }

    /// The outer error means that the run cannot go on here, the inner one that the step failed.
    async fn perform(
        &self,
        place: &Place<'_>,
        done: &HashMap<String, Entry>,
        progress: &mut Progress,
    ) -> Result<Result<Done>, Error> {
        if self.cancel.is_cancelled() {
            return Ok(Err(Error::internal("cancelled")));
        }
        let Some(action) = self.action_of(place) else {
            return Ok(Err(unknown_action(place.action())));
        };
        if place.step.get("each").is_some_and(|each| !each.is_null()) {
            let each = self.with_secrets(&place.step["each"], None, progress);
            let bare = self.without_secrets(&place.step["each"], None, progress);
            let is_secret = progress.context.has_secrets() && bare != each;
            if let Err(error) = self.mask.check() {
                return Ok(Err(error));
            }
            return match loops::rounds(place.action(), each.as_ref()) {
                Ok(items) => {
                    let rounds = Rounds { items, is_secret };
                    self.perform_rounds(place, &*action, rounds, done, progress)
                        .await
                }
                Err(error) => Ok(Err(error)),
            };
        }
        if !self.is_wanted(place, progress, None) {
            return Ok(Ok(Done::Skipped(unwanted(place))));
        }
        if let Some(message) = self.reason_to_leave_out(action.spec()) {
            self.announce_dry_run(place, action.spec(), None, progress);
            if let Err(error) = self.check_left_out(place, action.spec(), None, progress) {
                return Ok(Err(error));
            }
            let output = self.stand_in(place, &*action, None, progress).await;
            progress.context.add_output(place.id(), &output, &self.mask);
            return Ok(Ok(Done::Skipped(message)));
        }
        self.plan_step(place, &*action, None, progress).await;
        let result = self.call(place, &*action, None, progress).await;
        Ok(result.map(Done::Completed))
    }

    async fn perform_rounds(
        &self,
        place: &Place<'_>,
        action: &dyn Action,
        rounds: Rounds,
        done: &HashMap<String, Entry>,
        progress: &mut Progress,
    ) -> Result<Result<Done>, Error> {
        let mut all = Map::new();
        let log = self.log_of(place);
        for (index, round) in rounds.items.iter().enumerate() {
            let key = format!("{}.{index}", place.index);
            if let Some(entry) = done.get(&key).filter(|it| it.state == State::Completed) {
                let output = entry.output.as_deref().unwrap_or("{}");
                match self.opened(output) {
                    Ok(output) => loops::collect(&mut all, &output),
                    Err(error) => return Ok(Err(error)),
                }
                continue;
            }
            if self.cancel.is_cancelled() {
                return Ok(Err(Error::internal("cancelled")));
            }
            if !self.is_wanted(place, progress, Some(round)) {
                log.info(&unwanted(place));
                continue;
            }
            log.info(&loops::announcement(round, rounds.is_secret));
            if let Some(message) = self.reason_to_leave_out(action.spec()) {
                self.announce_dry_run(place, action.spec(), Some(round), progress);
                log.info(&message);
                let checked = self.check_left_out(place, action.spec(), Some(round), progress);
                if let Err(error) = checked {
                    return Ok(Err(error));
                }
                let output = self.stand_in(place, action, Some(round), progress).await;
                loops::collect(&mut all, &output);
                continue;
            }
            self.plan_step(place, action, Some(round), progress).await;
            match self.call(place, action, Some(round), progress).await {
                Err(error) => return Ok(Err(error)),
                Ok(_) if self.is_lost() => {
                    return Err(Error::unavailable("the task is in other hands"));
                }
                Ok(output) => {
                    let index = Round { place, key };
                    self.write_round(&index, &output, progress).await?;
                    loops::collect(&mut all, &output);
                }
            }
        }
        Ok(Ok(Done::Completed(all.into())))
    }

    async fn write_round(
        &self,
        round: &Round<'_, '_>,
        output: &Value,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let mut change = super::Change {
            key: round.key.clone(),
            state: State::Completed,
            output: Some(self.sealed(output)?),
            line: None,
            workspace: None,
        };
        if self.book.keeps_files() {
            (progress.version, change.workspace) =
                super::packed(&self.workspace, progress.version).await?;
        }
        tracing::trace!(step = round.place.id(), "a round is done");
        self.book.commit(change).await
    }

    /// Whether the condition of a step holds.
    fn is_wanted(&self, place: &Place<'_>, progress: &Progress, each: Option<&Value>) -> bool {
        let condition = place.step.get("if").filter(|it| !it.is_null());
        condition.is_none_or(|condition| self.holds(condition, each, progress))
    }

    /// Whether a value is true as expressions see it, without secrets.
    fn holds(&self, condition: &Value, each: Option<&Value>, progress: &Progress) -> bool {
        let host = render::host(&self.hosts, progress.error.is_some());
        let context = progress.context.open_in(each);
        render::is_truthy(render::render(condition, &context, &host).as_ref())
    }

    /// Renders the input and runs the action with it.
    async fn call(
        &self,
        place: &Place<'_>,
        action: &dyn Action,
        each: Option<&Value>,
        progress: &Progress,
    ) -> Result<Value> {
        let spec = action.spec();
        let label = match each {
            Some(each) => format!("{}[{}]", spec.id, each["key"].as_str().unwrap_or_default()),
            None => spec.id.clone(),
        };
        let input = self.input(place, each, progress);
        self.mask.check()?;
        check_input(spec, &label, &input)?;
        let policy = self.policy_of(place, spec)?;
        self.authorize(spec, &label, &input).await?;
        if self.is_dry_run {
            self.announce_dry_run(place, spec, each, progress);
        }
        let run = self.run_of(place, each);
        let tell = |error: &Error, n_tried| {
            let why = error.message();
            run.log.error(&format!(
                "Try {n_tried} of {} failed: {why}",
                policy.n_tries
            ));
        };
        let result = tokio::select! {
            result = policy.apply(|| action.run(&run, input.clone()), tell) => result,
            () = self.cancel.cancelled() => Err(Error::internal("cancelled")),
        };
        if !self.is_dry_run {
            let task = format!("{}/{}", self.task_id, place.id());
            self.actions.tell(&Call {
                ctx: &self.ctx,
                id: &spec.id,
                task: Some(&task),
                error: result.as_ref().err(),
            });
        }
        if let Ok(output) = &result {
            self.hide_secrets(&spec.secret_outputs, output);
            self.mask.check()?;
        }
        if let Err(error) = &result {
            tracing::debug!(error = error.chain(), action = spec.id, "a step failed");
        }
        let root = self.workspace.clone();
        super::blocking(move || workspace::list(&root).map(drop)).await?;
        result
    }

    fn policy_of(&self, place: &Place<'_>, spec: &Spec) -> Result<Policy> {
        let policy = Policy::of(place.step)?;
        let may_repeat = is_repeatable(spec) && !self.is_dry_run;
        Ok(if may_repeat { policy } else { policy.once() })
    }

    pub(super) fn input(
        &self,
        place: &Place<'_>,
        each: Option<&Value>,
        progress: &Progress,
    ) -> Value {
        let input = place.step.get("input");
        let rendered = input.and_then(|input| self.with_secrets(input, each, progress));
        rendered.unwrap_or_else(|| json!({}))
    }

    /// A value rendered with secrets; what was made of them is hidden from now on.
    fn with_secrets(
        &self,
        value: &Value,
        each: Option<&Value>,
        progress: &Progress,
    ) -> Option<Value> {
        let host = render::host(&self.hosts, progress.error.is_some());
        let rendered = render::render(value, &progress.context.full(each, Map::clone), &host);
        if let (Some(rendered), true) = (&rendered, progress.context.has_secrets()) {
            let without = self.without_secrets(value, each, progress);
            self.mask.add_derived(rendered, without.as_ref());
        }
        rendered
    }

    /// The same without any secret, which is what people may see of it.
    fn without_secrets(
        &self,
        value: &Value,
        each: Option<&Value>,
        progress: &Progress,
    ) -> Option<Value> {
        let each = each.map(|each| self.mask.hide_value(each.clone()));
        let host = render::host(&self.hosts, progress.error.is_some());
        let bare = progress.context.bare(each.as_ref());
        render::render(value, &bare, &host)
    }

    pub(super) async fn authorize(&self, spec: &Spec, label: &str, input: &Value) -> Result<()> {
        let is_allowed = match self.ctx.decide(ACTION_EXECUTE).await {
            Decision::Allow => true,
            Decision::Deny => false,
            Decision::Conditional(condition) => allows_action(&condition, &spec.id, input),
        };
        let may_use = match spec.permission {
            Some(permission) => self.ctx.decide(permission).await == Decision::Allow,
            None => true,
        };
        if is_allowed && may_use {
            return Ok(());
        }
        Err(Error::forbidden(format!(
            "Unauthorized action: {label}. The action is not allowed. Input: {input:#}"
        )))
    }

    pub(super) fn log_of(&self, place: &Place<'_>) -> StepLog {
        StepLog {
            book: Arc::clone(&self.book),
            mask: Arc::clone(&self.mask),
            step_id: place.id().to_owned(),
        }
    }

    pub(super) fn run_of(&self, place: &Place<'_>, each: Option<&Value>) -> Run {
        let round = each
            .and_then(|each| each["key"].as_str())
            .unwrap_or_default();
        let step = Step {
            task_id: self.task_id.clone(),
            step_id: place.id().to_owned(),
            workspace: self.workspace.clone(),
            template: self.spec["templateInfo"].clone(),
            beside: self.beside.clone(),
            checkpoints: Arc::new(StepCheckpoints {
                book: Arc::clone(&self.book),
                prefix: format!("{}.{round}", place.index),
            }),
            secrecy: Some(Arc::new(StepSecrecy(Arc::clone(&self.mask)))),
        };
        Run {
            ctx: self.ctx.clone(),
            log: Arc::new(self.log_of(place)),
            secrets: self.secrets.clone(),
            cancel: self.cancel.clone(),
            is_dry_run: self.is_dry_run,
            step: Some(step),
        }
    }
}

/// The rounds of a loop.
struct Rounds {
    items: Vec<Value>,
    /// Whether they are made of a secret, so that none is shown.
    is_secret: bool,
}

/// A round of a loop and its key in the book.
struct Round<'p, 's> {
    place: &'p Place<'s>,
    key: String,
}

/// Whether a call whose outcome is not known may be made again.
pub(crate) fn is_repeatable(spec: &Spec) -> bool {
    spec.attributes.idempotent || spec.attributes.read_only
}

fn unwanted(place: &Place<'_>) -> String {
    let id = place.id();
    format!("Skipping step {id} because its if condition was false")
}

/// The error of a step whose action is not there.
pub(crate) fn unknown_action(id: &str) -> Error {
    Error::not_found(format!(
        "Template action with ID '{id}' is not registered. See \
         https://backstage.io/docs/features/software-templates/builtin-actions/ on how to add a \
         new action module."
    ))
}

pub(super) fn check_input(spec: &Spec, label: &str, input: &Value) -> Result<()> {
    let complaints = json_schema::validate(&spec.input, input);
    if complaints.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = complaints.iter().map(|it| it.text("instance")).collect();
    Err(Error::input(format!(
        "Invalid input passed to action {label}, {}",
        texts.join(", ")
    )))
}
