//! Whether an entity is a good template: its form, its steps, and what its expressions refer to.

mod expressions;

use nunjucks::nearest;
use platform::actions::{Actions, Spec};
use platform::json_schema;
use serde_json::{Map, Value};

use super::repos;
use crate::engine::policy::Policy;
use crate::engine::step::is_repeatable;
use crate::repo_url::RepoHosts;
use expressions::Scope;

/// The schema of `spec`. Reference 2 §D.1.
const SPEC: &str = include_str!("spec.schema.json");
/// What a step can say.
const STEP_KEYS: [&str; 10] = [
    "action",
    "backstage:permissions",
    "continueOnFailure",
    "each",
    "id",
    "if",
    "input",
    "name",
    "retry",
    "timeout",
];
/// Problems of one template.
pub(super) const MAX_PROBLEMS: usize = 100;

/// Something that is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateProblem {
    /// Whether the template cannot work because of it.
    pub is_error: bool,
    /// JSON pointer of the place in the entity.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What may help, where that can be told.
    pub fix: Option<String>,
}

impl TemplateProblem {
    pub(super) fn error(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            is_error: true,
            pointer: pointer.into(),
            message: message.into(),
            fix: None,
        }
    }

    fn warning(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            is_error: false,
            ..Self::error(pointer, message)
        }
    }

    /// The same with the known name that a wrong one may mean.
    fn with_nearest<'a>(mut self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        self.fix = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
        self
    }
}

/// What keeps an entity from being a template at all.
pub(crate) fn check_shape(entity: &Value) -> Vec<TemplateProblem> {
    // The text is ours and a test reads it.
    let schema: Value = serde_json::from_str(SPEC).unwrap_or_default();
    let complaints = json_schema::validate(&schema, entity.get("spec").unwrap_or(&Value::Null));
    let problem = |complaint: &json_schema::Complaint| {
        TemplateProblem::error(pointer("/spec", &complaint.path), complaint.text("spec"))
    };
    complaints.iter().map(problem).collect()
}

fn pointer(start: &str, path: &[Value]) -> String {
    path.iter().fold(start.to_owned(), |at, part| match part {
        Value::String(name) => member(&at, name),
        index => format!("{at}/{index}"),
    })
}

/// The pointer of a member.
pub(super) fn member(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Everything that is wrong with a template, for `template lint`.
pub(crate) fn lint(entity: &Value, actions: &Actions, hosts: &RepoHosts) -> Vec<TemplateProblem> {
    let found = check_shape(entity);
    if !found.is_empty() {
        return found;
    }
    let mut linter = Linter {
        found,
        actions,
        hosts,
        scope: Scope::new(entity),
    };
    let pages = entity.pointer("/spec/parameters").unwrap_or(&Value::Null);
    for problem in json_schema::check_schema(pages) {
        linter.add(TemplateProblem::warning("/spec/parameters", problem));
    }
    for problem in repos::check_defaults(pages, "/spec/parameters", hosts) {
        linter.add(problem);
    }
    let steps = entity.pointer("/spec/steps").and_then(Value::as_array);
    for (index, step) in steps.into_iter().flatten().enumerate() {
        linter.check_step(index, step);
    }
    if let Some(output) = entity.pointer("/spec/output") {
        linter.check_expressions("/spec/output", output, false);
    }
    linter.found
}

struct Linter<'a> {
    found: Vec<TemplateProblem>,
    actions: &'a Actions,
    hosts: &'a RepoHosts,
    scope: Scope,
}

impl Linter<'_> {
    fn add(&mut self, problem: TemplateProblem) {
        if !self.is_full() {
            self.found.push(problem);
        }
    }

    /// Whether nothing more is told, so that there is nothing more to look for.
    fn is_full(&self) -> bool {
        self.found.len() >= MAX_PROBLEMS
    }

    fn check_step(&mut self, index: usize, step: &Value) {
        if self.is_full() {
            return;
        }
        let at = format!("/spec/steps/{index}");
        let id = step.get("id").and_then(Value::as_str);
        let id = id.map_or_else(|| format!("step-{}", index + 1), str::to_owned);
        let action = step["action"].as_str().unwrap_or_default();
        let known = self.actions.get(action);
        match &known {
            None => self.add(self.unknown_action(&at, action)),
            Some(known) => {
                let input = step.get("input").unwrap_or(&Value::Null);
                self.check_input(&at, &known.spec().input, input);
                self.check_policy(&at, step, known.spec());
            }
        }
        for key in ["if", "each", "input", "continueOnFailure"] {
            if let Some(value) = step.get(key) {
                let has_secrets = matches!(key, "each" | "input");
                self.check_expressions(&format!("{at}/{key}"), value, has_secrets);
            }
        }
        self.check_keys(&at, step);
        if self
            .scope
            .add_step(&id, step, known.as_ref().map(|it| it.spec()))
        {
            self.add(TemplateProblem::warning(
                format!("{at}/id"),
                format!("two steps have the id `{id}`, so that only one output can be reached"),
            ));
        }
    }

    fn unknown_action(&self, at: &str, action: &str) -> TemplateProblem {
        let ids = self.actions.ids();
        TemplateProblem::warning(
            format!("{at}/action"),
            format!("there is no action `{action}` in this installation"),
        )
        .with_nearest(action, ids.iter().map(String::as_str))
    }

    /// Members of the step that nobody reads.
    fn check_keys(&mut self, at: &str, step: &Value) {
        let keys = step.as_object().into_iter().flatten().map(|(key, _)| key);
        for key in keys.filter(|key| !STEP_KEYS.contains(&key.as_str())) {
            let message = format!("steps have no `{key}`; it has no effect");
            let problem = TemplateProblem::warning(member(at, key), message);
            self.add(problem.with_nearest(key, STEP_KEYS));
        }
    }

    /// `timeout` and `retry`.
    fn check_policy(&mut self, at: &str, step: &Value, action: &Spec) {
        match Policy::of(step) {
            Err(error) => self.add(TemplateProblem::error(at, error.message())),
            Ok(policy) if policy.n_tries > 1 && !is_repeatable(action) => {
                self.add(TemplateProblem::warning(
                    format!("{at}/retry"),
                    format!("{} cannot be repeated, and is tried once", action.id),
                ));
            }
            Ok(_) => {}
        }
    }

    /// Members of the input; values may be made by expressions, and are checked when they are known.
    fn check_input(&mut self, at: &str, schema: &Value, input: &Value) {
        let none = Map::new();
        let input = match input {
            Value::Object(input) => input,
            Value::Null => &none,
            _ => return,
        };
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !input.contains_key(name) {
                let message = format!("the input `{name}` is missing");
                self.add(TemplateProblem::error(at, message));
            }
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, value) in input {
            let place = member(&format!("{at}/input"), name);
            match known.and_then(|known| known.get(name)) {
                None if is_closed => {
                    let names = known.into_iter().flatten().map(|(name, _)| name.as_str());
                    let message = format!("the action has no input `{name}`");
                    let problem = TemplateProblem::warning(place, message);
                    self.add(problem.with_nearest(name, names));
                }
                Some(schema) if !has_expression(value) => {
                    for complaint in json_schema::validate(schema, value) {
                        self.add(TemplateProblem::error(&place, complaint.text(name)));
                    }
                    if name == "repoUrl"
                        && let Some(problem) = repos::check_text(value.as_str(), &place, self.hosts)
                    {
                        self.add(problem);
                    }
                }
                _ => {}
            }
        }
    }

    fn check_expressions(&mut self, at: &str, value: &Value, has_secrets: bool) {
        if self.is_full() {
            return;
        }
        match value {
            Value::String(text) => {
                for problem in self.scope.check(at, text, has_secrets) {
                    self.add(problem);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.check_expressions(&format!("{at}/{index}"), item, has_secrets);
                }
            }
            Value::Object(members) => {
                for (name, value) in members {
                    self.check_expressions(&member(at, name), value, has_secrets);
                }
            }
            _ => {}
        }
    }
}

fn has_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${{") || text.contains("{%"),
        Value::Array(items) => items.iter().any(has_expression),
        Value::Object(members) => members.values().any(has_expression),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use platform::actions::{Action, Run};
    use serde_json::json;

    use super::*;

    struct Publish(Spec);

    #[async_trait]
    impl Action for Publish {
        fn spec(&self) -> &Spec {
            &self.0
        }

        async fn run(&self, _run: &Run, _input: Value) -> platform::Result<Value> {
            Ok(Value::Null)
        }
    }

    fn actions() -> Actions {
        let actions = Actions::default();
        for (id, is_closed) in [("test:closed", true), ("test:open", false)] {
            let spec = json!({"id": id, "schema": {"input": {"type": "object"}, "output": {
                "type": "object", "properties": {"remoteUrl": {"type": "string"}},
                "additionalProperties": !is_closed,
            }}});
            let spec = Spec::from_json(&spec).unwrap();
            actions.register(Arc::new(Publish(spec))).unwrap();
        }
        actions
    }

    #[test]
    fn names_that_are_not_there_are_told_with_the_nearest_one() {
        let actions = actions();
        for (text, expected) in [
            ("${{ 'a' | upper | parseRepoUrl }}", None),
            (
                "${{ 'a' | uper }}",
                Some("there is no filter `uper`; the text stays as it is | did you mean `upper`?"),
            ),
            (
                "${{ nofunc() }}",
                Some("there is no function `nofunc`; the text stays as it is"),
            ),
            ("${{ range(2) and always() and 'a'.split('') }}", None),
            ("{% macro m() %}{% endmacro %}${{ m() }}", None),
            (
                "${{ 1 is notest }}",
                Some("there is no test `notest`; the text stays as it is"),
            ),
            ("${{ 1 is odd }}", None),
            ("${{ steps.p.output.remoteUrl }}", None),
            (
                "${{ steps.p.output.remotUrl }}",
                Some("the step `p` has no output `remotUrl` | did you mean `remoteUrl`?"),
            ),
            (
                "${{ steps.p.output.remotUrl.split('/') }}",
                Some("the step `p` has no output `remotUrl` | did you mean `remoteUrl`?"),
            ),
            ("${{ steps.o.output.remotUrl }}", None),
            (
                "${{ steps.p.outputs.remoteUrl }}",
                Some("steps have `output` only, `p` has no `outputs`"),
            ),
            (
                "${{ steps.q.output.remoteUrl }}",
                Some("no step before this one has the id `q` | did you mean `o`?"),
            ),
        ] {
            let entity = json!({"spec": {"type": "x", "steps": [
                {"id": "p", "action": "test:closed"},
                {"id": "o", "action": "test:open"},
            ], "output": {"said": text}}});
            let problems = lint(&entity, &actions, &RepoHosts::default());
            let told = problems.first().map(|problem| {
                // Where it is in the text follows.
                let message = problem.message.split(" (at 1:").next().unwrap();
                [Some(message), problem.fix.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" | ")
            });
            assert_eq!(told.as_deref(), expected, "{text}");
            assert!(problems.iter().all(|it| it.pointer == "/spec/output/said"));
        }
    }
}
