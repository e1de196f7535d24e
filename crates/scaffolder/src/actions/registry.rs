//! The scaffolder's own actions for everybody: start templates, look at tasks. Reference 2 §D.10.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use model::{YamlLimits, parse_documents};
use platform::actions::{Action, Run, Spec};
use platform::{Caller, Error, Result};
use serde_json::{Map, Value, json};

use crate::engine::dry_run::{Beside, Planning};
use crate::permission::DRY_RUN;
use crate::scaffolder::{Inner, Scaffolder};
use crate::service::Checked;
use crate::service::{tasks, templates};
use crate::task::{Event, Task, TaskQuery};

/// Identifiers, titles, attributes and schemas.
const SPECS: &str = include_str!("registry.json");
/// Tasks of one answer unless the input says otherwise.
const DEFAULT_LIMIT: i64 = 100;

/// The actions, to be registered.
pub(super) fn actions(scaffolder: &Scaffolder) -> Result<Vec<Arc<dyn Action>>> {
    let list: Vec<Value> = serde_json::from_str(SPECS)
        .map_err(|error| Error::internal("actions are not JSON").with_source(error))?;
    let action = |value: &Value| {
        let mut spec = Spec::from_json(value)?;
        if spec.name() == "dry-run-template" {
            spec.permission = Some(DRY_RUN);
        }
        let action: Arc<dyn Action> = Arc::new(UseCase {
            spec,
            scaffolder: scaffolder.downgrade(),
        });
        Ok(action)
    };
    list.iter().map(action).collect()
}

/// A use case of the scaffolder, which has the registry of this action and must not be kept by it.
struct UseCase {
    spec: Spec,
    scaffolder: Weak<Inner>,
}

#[async_trait]
impl Action for UseCase {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    async fn run(&self, run: &Run, input: Value) -> Result<Value> {
        let Some(scaffolder) = Scaffolder::upgrade(&self.scaffolder) else {
            return Err(Error::unavailable("the scaffolder has ended"));
        };
        let scaffolder = &scaffolder;
        match self.spec.name() {
            "execute-template" => execute(scaffolder, run, &input).await,
            "dry-run-template" => dry_run(scaffolder, run, &input).await,
            "list-scaffolder-tasks" => list_tasks(scaffolder, run, &input).await,
            "get-scaffolder-task-logs" => task_logs(scaffolder, run, &input).await,
            "list-scaffolder-actions" => {
                let actions = scaffolder.list_actions(&run.ctx).await;
                Ok(json!({ "actions": actions }))
            }
            other => Err(Error::internal(format!(
                "no use case for the action `{other}`"
            ))),
        }
    }
}

fn object(input: &Value, name: &str) -> Map<String, Value> {
    input[name].as_object().cloned().unwrap_or_default()
}

async fn execute(scaffolder: &Scaffolder, run: &Run, input: &Value) -> Result<Value> {
    let draft = tasks::Draft {
        template_ref: input["templateRef"].as_str().unwrap_or_default().to_owned(),
        values: object(input, "values").into(),
        secrets: object(input, "secrets"),
        waits: false,
    };
    match scaffolder.create_task(&run.ctx, draft).await? {
        Checked::Fine(id) => Ok(json!({ "taskId": id })),
        Checked::Wrong(errors) => Err(Error::input(stacks(&errors).join(", "))),
    }
}

fn stacks(errors: &[Value]) -> Vec<String> {
    let text = |error: &Value| error["stack"].as_str().unwrap_or_default().to_owned();
    errors.iter().map(text).collect()
}

async fn dry_run(scaffolder: &Scaffolder, run: &Run, input: &Value) -> Result<Value> {
    let text = input["templateYaml"].as_str().unwrap_or_default();
    let mut documents = parse_documents(text, &YamlLimits::default());
    if let Some(problem) = documents.iter().flat_map(|it| &it.problems).next() {
        return Ok(invalid(std::slice::from_ref(&problem.message)));
    }
    let Some(document) = documents.pop().filter(|_| documents.is_empty()) else {
        return Ok(invalid(&["expected exactly one document".to_owned()]));
    };
    let files = input["files"].as_array().into_iter().flatten();
    let part = |file: &Value, name: &str| file[name].as_str().unwrap_or_default().to_owned();
    let draft = templates::Draft {
        template: document.value,
        values: object(input, "values").into(),
        secrets: Map::new(),
        beside: Beside::Sent(
            files
                .map(|file| (part(file, "path"), part(file, "content").into_bytes()))
                .collect(),
        ),
        mocks: Map::new(),
        planning: Planning::No,
    };
    match scaffolder.dry_run(&run.ctx, draft).await {
        Ok(Checked::Fine((tried, steps))) => {
            let log: Vec<Value> = tried.log.iter().map(|line| line["body"].clone()).collect();
            Ok(json!({
                "valid": true,
                "message": "The template was tried without an error",
                "log": log,
                "output": tried.output,
                "steps": steps.iter().map(step_view).collect::<Vec<_>>(),
            }))
        }
        Ok(Checked::Wrong(errors)) => Ok(invalid(&stacks(&errors))),
        Err(error) if error.code() == platform::Code::Forbidden => Err(error),
        Err(error) => Ok(invalid(&[error.message().to_owned()])),
    }
}

fn step_view(step: &Value) -> Value {
    json!({ "id": step["id"], "name": step["name"], "action": step["action"] })
}

fn invalid(errors: &[String]) -> Value {
    json!({ "valid": false, "message": "The template has errors", "errors": errors })
}

async fn list_tasks(scaffolder: &Scaffolder, run: &Run, input: &Value) -> Result<Value> {
    let created_by = match (input["owned"] == true, run.ctx.caller()) {
        (false, _) => None,
        (true, Caller::User(user)) => Some(vec![user.entity_ref.clone()]),
        (true, _) => return Err(Error::forbidden("only users own tasks")),
    };
    let status = match &input["status"] {
        Value::String(status) => Some(vec![status.clone()]),
        Value::Array(list) => {
            let texts = list.iter().filter_map(|it| it.as_str().map(str::to_owned));
            Some(texts.collect())
        }
        _ => None,
    };
    let query = TaskQuery {
        created_by,
        status,
        limit: input["limit"].as_i64().unwrap_or(DEFAULT_LIMIT),
        offset: input["offset"].as_i64().unwrap_or(0),
        ..TaskQuery::default()
    };
    let (tasks, total) = scaffolder.list_tasks(&run.ctx, query).await?;
    let view = |task: &Task| {
        let mut view = task.to_json()?;
        if let Value::Object(members) = &mut view {
            members.remove("createdBy");
        }
        Ok(view)
    };
    let tasks: Vec<Value> = tasks.iter().map(view).collect::<Result<_>>()?;
    Ok(json!({ "tasks": tasks, "totalTasks": total }))
}

async fn task_logs(scaffolder: &Scaffolder, run: &Run, input: &Value) -> Result<Value> {
    let id = input["taskId"].as_str().unwrap_or_default();
    let task = scaffolder.find_task(&run.ctx, id).await?;
    let after = input["after"].as_i64().unwrap_or(0);
    let events = scaffolder.all_events_after(&task.id, after).await?;
    let events: Vec<Value> = events
        .iter()
        .map(|it| event_view(it, id))
        .collect::<Result<_>>()?;
    Ok(json!({ "events": events }))
}

/// An event with what the schema has room for.
fn event_view(event: &Event, task_id: &str) -> Result<Value> {
    let mut view = event.to_json(task_id, false)?;
    if let Some(members) = view.as_object_mut() {
        members.remove("isTaskRecoverable");
    }
    if let Some(body) = view["body"].as_object_mut() {
        body.retain(|name, _| matches!(name.as_str(), "message" | "stepId" | "status"));
    }
    Ok(view)
}
