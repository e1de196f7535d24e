//! What a dry run puts in the place of actions that it does not call.

use std::sync::Arc;

use async_trait::async_trait;
use platform::Result;
use platform::actions::{Action, Log as _, Run, Spec};
use serde_json::{Map, Value, json};

use super::step::{check_input, unknown_action};
use super::{Place, Progress, Runner, mask};
use crate::render;

impl Runner {
    /// Says what an action would get.
    pub(super) fn announce_dry_run(
        &self,
        place: &Place<'_>,
        spec: &Spec,
        each: Option<&Value>,
        progress: &Progress,
    ) {
        let host = render::host(&self.hosts, progress.error.is_some());
        let context = progress.context.full(each, mask::stars);
        let input = place
            .step
            .get("input")
            .cloned()
            .unwrap_or_else(|| json!({}));
        let input = render::render(&input, &context, &host).unwrap_or_default();
        self.log_of(place).info(&format!(
            "Running {} in dry-run mode with inputs (secrets redacted): {input:#}",
            spec.id
        ));
    }

    /// The action of a step; in a dry run, one that is not there can have a stand-in.
    pub(super) fn action_of(&self, place: &Place<'_>) -> Option<Arc<dyn Action>> {
        let id = place.action();
        let known = self.actions.get(id);
        known.or_else(|| {
            let is_mocked = self.is_dry_run && self.mocks.contains_key(id);
            is_mocked.then(|| Stranger::action(id)).flatten()
        })
    }

    /// Why a dry run does not call an action.
    pub(super) fn reason_to_leave_out(&self, spec: &Spec) -> Option<String> {
        let id = &spec.id;
        if !self.is_dry_run {
            None
        } else if !spec.has_dry_run {
            Some(format!("Skipping because {id} does not support dry-run"))
        } else {
            let is_mocked = self.mocks.contains_key(id);
            is_mocked.then(|| format!("Skipping because {id} has a stand-in"))
        }
    }

    /// What stands in for an action that would have run does not hide that its input is wrong.
    pub(super) fn check_left_out(
        &self,
        place: &Place<'_>,
        spec: &Spec,
        each: Option<&Value>,
        progress: &Progress,
    ) -> Result<()> {
        if !spec.has_dry_run {
            return Ok(());
        }
        check_input(spec, &spec.id, &self.input(place, each, progress))
    }

    /// What stands in for the output of an action that is left out.
    pub(super) async fn stand_in(
        &self,
        place: &Place<'_>,
        action: &dyn Action,
        each: Option<&Value>,
        progress: &Progress,
    ) -> Value {
        let planned = self.plan_step(place, action, each, progress).await;
        let spec = action.spec();
        if spec.id == "catalog:register" {
            let input = self.input(place, each, progress);
            for problem in self.problems_to_register(&input).await {
                self.log_of(place)
                    .error(&format!("The catalog would refuse {problem}"));
            }
        }
        let mock = self.mocks.get(&spec.id).cloned();
        mock.or(planned)
            .unwrap_or_else(|| example_of(&spec.output, 0))
    }
}

/// An action that is not there, in whose place a dry run puts something.
struct Stranger(Spec);

impl Stranger {
    fn action(id: &str) -> Option<Arc<dyn Action>> {
        let mut spec = Spec::from_json(&json!({ "id": id })).ok()?;
        spec.input = json!({});
        Some(Arc::new(Self(spec)))
    }
}

#[async_trait]
impl Action for Stranger {
    fn spec(&self) -> &Spec {
        &self.0
    }

    async fn run(&self, _run: &Run, _input: Value) -> Result<Value> {
        Err(unknown_action(&self.0.id))
    }
}

/// Something that fits a schema, for the outputs of actions that a dry run leaves out.
fn example_of(schema: &Value, depth: usize) -> Value {
    let example = schema.get("examples").and_then(Value::as_array);
    if let Some(first) = example.and_then(|it| it.first()) {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        _ if depth > 8 => Value::Null,
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let member =
                |(name, schema): (&String, &Value)| (name.clone(), example_of(schema, depth + 1));
            properties
                .into_iter()
                .flatten()
                .map(member)
                .collect::<Map<_, _>>()
                .into()
        }
        Some("array") => schema
            .get("items")
            .map_or_else(|| json!([]), |items| json!([example_of(items, depth + 1)])),
        Some("string") => "<example>".into(),
        Some("number" | "integer") => 0.into(),
        Some("boolean") => false.into(),
        _ => "<unknown>".into(),
    }
}
