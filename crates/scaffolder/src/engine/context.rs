//! What expressions of a task can see. Reference 2 §D.2.

use serde_json::{Map, Value, json};

use super::Runner;

/// What expressions can see.
pub(super) struct Context {
    open: Map<String, Value>,
    /// `secrets` and `environment.secrets`, for inputs and loops only.
    secrets: Map<String, Value>,
    environment_secrets: Map<String, Value>,
    /// Steps with names of their outputs that are secrets.
    secret_outputs: Vec<(String, Vec<String>)>,
}

impl Context {
    pub(super) fn new(runner: &Runner) -> Self {
        let spec = |name: &str| runner.spec.get(name).cloned().unwrap_or_else(|| json!({}));
        let mut open = Map::new();
        open.insert("parameters".into(), spec("parameters"));
        open.insert("steps".into(), json!({}));
        open.insert("user".into(), spec("user"));
        open.insert(
            "context".into(),
            json!({ "task": { "id": runner.task_id } }),
        );
        let parameters = &runner.environment.parameters;
        open.insert("environment".into(), json!({ "parameters": parameters }));
        Self {
            open,
            secrets: runner.secrets.clone(),
            environment_secrets: runner.environment.secrets.clone(),
            secret_outputs: Vec::new(),
        }
    }

    /// Adds the output of a step; `secrets` are names of members.
    pub(super) fn add_output(&mut self, id: &str, output: &Value, secrets: Vec<String>) {
        if !secrets.is_empty() {
            self.secret_outputs.push((id.to_owned(), secrets));
        }
        if let Some(Value::Object(steps)) = self.open.get_mut("steps") {
            steps.insert(id.to_owned(), json!({ "output": output }));
        }
    }

    /// For conditions and outputs.
    pub(super) fn open(&self) -> &Map<String, Value> {
        &self.open
    }

    /// For conditions in a loop.
    pub(super) fn open_in(&self, each: Option<&Value>) -> Map<String, Value> {
        let mut context = self.open.clone();
        if let Some(each) = each {
            context.insert("each".into(), each.clone());
        }
        context
    }

    /// Whether anything is to be kept from people.
    pub(super) fn has_secrets(&self) -> bool {
        !(self.secrets.is_empty()
            && self.environment_secrets.is_empty()
            && self.secret_outputs.is_empty())
    }

    /// What inputs would see without any secret.
    pub(super) fn bare(&self, each: Option<&Value>) -> Map<String, Value> {
        let mut context = self.full(each, |_| Map::new());
        for (id, names) in &self.secret_outputs {
            let output = context
                .get_mut("steps")
                .and_then(|steps| steps.get_mut(id)?.get_mut("output")?.as_object_mut());
            if let Some(output) = output {
                output.retain(|name, _| !names.contains(name));
            }
        }
        context
    }

    /// For inputs; secrets as `change` leaves them.
    pub(super) fn full(
        &self,
        each: Option<&Value>,
        change: impl Fn(&Map<String, Value>) -> Map<String, Value>,
    ) -> Map<String, Value> {
        let mut context = self.open_in(each);
        context.insert("secrets".into(), change(&self.secrets).into());
        if let Some(Value::Object(environment)) = context.get_mut("environment") {
            let secrets = change(&self.environment_secrets);
            environment.insert("secrets".into(), secrets.into());
        }
        context
    }
}
