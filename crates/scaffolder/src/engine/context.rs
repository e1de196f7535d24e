//! What expressions of a task can see. Reference 2 §D.2.

use serde_json::{Map, Value, json};

use super::Runner;
use super::mask::Mask;

/// What expressions can see.
pub(super) struct Context {
    open: Map<String, Value>,
    /// `secrets` and `environment.secrets`, for inputs and loops only.
    secrets: Map<String, Value>,
    environment_secrets: Map<String, Value>,
    /// What people may see of the outputs that they may not see as they are, by the ids of steps.
    hidden_outputs: Map<String, Value>,
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
            hidden_outputs: Map::new(),
        }
    }

    /// Adds the output of a step.
    pub(super) fn add_output(&mut self, id: &str, output: &Value, mask: &Mask) {
        let hidden = mask.hide_value(output.clone());
        if hidden == *output {
            self.hidden_outputs.remove(id);
        } else {
            self.hidden_outputs.insert(id.to_owned(), hidden);
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
            && self.hidden_outputs.is_empty())
    }

    /// What inputs would see without any secret.
    pub(super) fn bare(&self, each: Option<&Value>) -> Map<String, Value> {
        let mut context = self.full(each, |_| Map::new());
        self.hide_outputs(&mut context);
        context
    }

    /// What outputs of the task would see without any secret; nothing if that is what they see.
    pub(super) fn bare_open(&self) -> Option<Map<String, Value>> {
        (!self.hidden_outputs.is_empty()).then(|| {
            let mut context = self.open.clone();
            self.hide_outputs(&mut context);
            context
        })
    }

    fn hide_outputs(&self, context: &mut Map<String, Value>) {
        let Some(Value::Object(steps)) = context.get_mut("steps") else {
            return;
        };
        for (id, hidden) in &self.hidden_outputs {
            steps.insert(id.clone(), json!({ "output": hidden }));
        }
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
