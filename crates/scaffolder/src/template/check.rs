//! Whether an entity is a good template: its form, its steps, and what its expressions refer to.

use std::collections::{BTreeSet, HashMap, HashSet};

use nunjucks::{Position, ReferenceKind, Syntax, did_you_mean};
use platform::actions::{Actions, Spec};
use platform::json_schema;
use serde_json::{Map, Value};

use crate::engine::policy::Policy;
use crate::engine::step::is_repeatable;
use crate::render;
use crate::repo_url::RepoHosts;

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
const MAX_PROBLEMS: usize = 100;

/// Something that is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateProblem {
    /// Whether the template cannot work because of it.
    pub is_error: bool,
    /// JSON pointer of the place in the entity.
    pub pointer: String,
    /// What is wrong, and what may help.
    pub message: String,
}

/// What keeps an entity from being a template at all.
pub(crate) fn check_shape(entity: &Value) -> Vec<TemplateProblem> {
    // The text is ours and a test reads it.
    let schema: Value = serde_json::from_str(SPEC).unwrap_or_default();
    let complaints = json_schema::validate(&schema, entity.get("spec").unwrap_or(&Value::Null));
    let problem = |complaint: &json_schema::Complaint| TemplateProblem {
        is_error: true,
        pointer: pointer("/spec", &complaint.path),
        message: complaint.text("spec"),
    };
    complaints.iter().map(problem).collect()
}

fn pointer(start: &str, path: &[Value]) -> String {
    let mut text = start.to_owned();
    for part in path {
        text.push('/');
        match part {
            Value::String(name) => text.push_str(&name.replace('~', "~0").replace('/', "~1")),
            index => text.push_str(&index.to_string()),
        }
    }
    text
}

/// Everything that is wrong with a template, for `template lint`.
pub fn lint(entity: &Value, actions: &Actions) -> Vec<TemplateProblem> {
    let mut linter = Linter {
        found: check_shape(entity),
        step_ids: HashMap::new(),
        outputs: HashMap::new(),
        names: Names::new(),
        parameters: parameter_names(entity),
    };
    if !linter.found.is_empty() {
        return linter.found;
    }
    let pages = entity.pointer("/spec/parameters").unwrap_or(&Value::Null);
    for problem in json_schema::check_schema(pages) {
        linter.warn("/spec/parameters".to_owned(), problem);
    }
    let steps = entity.pointer("/spec/steps").and_then(Value::as_array);
    for (index, step) in steps.into_iter().flatten().enumerate() {
        linter.check_step(index, step, actions);
    }
    if let Some(output) = entity.pointer("/spec/output") {
        linter.check_expressions("/spec/output", output, false);
    }
    linter.found.truncate(MAX_PROBLEMS);
    linter.found
}

struct Linter {
    found: Vec<TemplateProblem>,
    /// Ids of the steps before, and whether they run in any case.
    step_ids: HashMap<String, bool>,
    /// Names of the outputs of the steps before, where their actions give no others.
    outputs: HashMap<String, BTreeSet<String>>,
    names: Names,
    /// `None` when the form is too open to tell.
    parameters: Option<HashSet<String>>,
}

impl Linter {
    fn add(&mut self, is_error: bool, pointer: String, message: String) {
        if self.found.len() < MAX_PROBLEMS {
            self.found.push(TemplateProblem {
                is_error,
                pointer,
                message,
            });
        }
    }

    fn error(&mut self, pointer: String, message: String) {
        self.add(true, pointer, message);
    }

    fn warn(&mut self, pointer: String, message: String) {
        self.add(false, pointer, message);
    }

    fn check_step(&mut self, index: usize, step: &Value, actions: &Actions) {
        let at = format!("/spec/steps/{index}");
        let id = step.get("id").and_then(Value::as_str);
        let id = id.map_or_else(|| format!("step-{}", index + 1), str::to_owned);
        let action = step["action"].as_str().unwrap_or_default();
        match actions.get(action) {
            None => self.warn(
                format!("{at}/action"),
                format!("there is no action `{action}` in this installation"),
            ),
            Some(action) => {
                let input = step.get("input").unwrap_or(&Value::Null);
                self.check_input(&at, &action.spec().input, input);
                self.check_policy(&at, step, action.spec());
            }
        }
        for key in ["if", "each", "input", "continueOnFailure"] {
            if let Some(value) = step.get(key) {
                let has_secrets = matches!(key, "each" | "input");
                self.check_expressions(&format!("{at}/{key}"), value, has_secrets);
            }
        }
        self.check_keys(&at, step);
        self.check_id(&at, step, &id);
        let outputs = actions.get(action);
        match outputs.and_then(|action| output_names(&action.spec().output)) {
            // Of two steps with one id, either may be meant.
            Some(names) => self.outputs.entry(id).or_default().extend(names),
            None => drop(self.outputs.remove(&id)),
        }
    }

    /// Whether another step has the id; of two with conditions, one may be meant to run.
    fn check_id(&mut self, at: &str, step: &Value, id: &str) {
        let is_sure = step.get("if").is_none();
        let before = self.step_ids.insert(id.to_owned(), is_sure);
        if before.is_some_and(|was_sure| was_sure || is_sure) {
            self.warn(
                format!("{at}/id"),
                format!("two steps have the id `{id}`, so that only one output can be reached"),
            );
        }
    }

    /// Members of the step that nobody reads.
    fn check_keys(&mut self, at: &str, step: &Value) {
        let keys = step.as_object().into_iter().flatten().map(|(key, _)| key);
        for key in keys.filter(|key| !STEP_KEYS.contains(&key.as_str())) {
            let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            self.warn(place, format!("steps have no `{key}`; it has no effect"));
        }
    }

    /// `timeout` and `retry`.
    fn check_policy(&mut self, at: &str, step: &Value, action: &Spec) {
        match Policy::of(step) {
            Err(error) => self.error(at.to_owned(), error.message().to_owned()),
            Ok(policy) if policy.n_tries > 1 && !is_repeatable(action) => self.warn(
                format!("{at}/retry"),
                format!("{} cannot be repeated, and is tried once", action.id),
            ),
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
                self.error(at.to_owned(), format!("the input `{name}` is missing"));
            }
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, value) in input {
            let place = format!("{at}/input/{}", name.replace('~', "~0").replace('/', "~1"));
            match known.and_then(|known| known.get(name)) {
                None if is_closed => self.warn(place, format!("the action has no input `{name}`")),
                Some(schema) if !has_expression(value) => {
                    for complaint in json_schema::validate(schema, value) {
                        self.error(place.clone(), complaint.text(name));
                    }
                }
                _ => {}
            }
        }
    }

    fn check_expressions(&mut self, at: &str, value: &Value, has_secrets: bool) {
        match value {
            Value::String(text) => self.check_expression(at, text, has_secrets),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.check_expressions(&format!("{at}/{index}"), item, has_secrets);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.check_expressions(&format!("{at}/{name}"), member, has_secrets);
                }
            }
            _ => {}
        }
    }

    fn check_expression(&mut self, at: &str, text: &str, has_secrets: bool) {
        let template = match nunjucks::Template::parse(text, Syntax::default()) {
            Ok(template) => template,
            Err(error) => {
                let message = format!("{error}; the text stays as it is");
                return self.warn(at.to_owned(), message);
            }
        };
        for reference in template.references() {
            let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
            if let Some(message) = self.names.complaint(reference.kind, &path) {
                let Position { line, column } = reference.position;
                let place = format!("at {line}:{column} of the text");
                self.warn(
                    at.to_owned(),
                    format!("{message}; the text stays as it is ({place})"),
                );
            }
            let is_value = match reference.kind {
                ReferenceKind::Variable => true,
                // A method of something.
                ReferenceKind::Call => path.len() > 1,
                ReferenceKind::Local | ReferenceKind::Filter | ReferenceKind::Test => false,
            };
            if !is_value {
                continue;
            }
            match path.as_slice() {
                ["steps", id, member, ..]
                    if self.step_ids.contains_key(*id) && *member != "output" =>
                {
                    let message = format!("steps have `output` only, `{id}` has no `{member}`");
                    self.error(at.to_owned(), message);
                }
                ["steps", id, "output", name, ..] => {
                    let known = self.outputs.get(*id);
                    if let Some(known) = known.filter(|known| !known.contains(*name)) {
                        let near = did_you_mean(name, known.iter().map(String::as_str));
                        let message = format!("the step `{id}` has no output `{name}`{near}");
                        self.warn(at.to_owned(), message);
                    } else if !self.step_ids.contains_key(*id) {
                        self.error(at.to_owned(), unknown_step(id));
                    }
                }
                ["steps", id, ..] if !self.step_ids.contains_key(*id) => {
                    self.error(at.to_owned(), unknown_step(id));
                }
                ["parameters", name, ..] => {
                    let is_unknown = self
                        .parameters
                        .as_ref()
                        .is_some_and(|it| !it.contains(*name));
                    if is_unknown {
                        let message = format!("the form has no parameter `{name}`");
                        self.warn(at.to_owned(), message);
                    }
                }
                ["secrets", ..] if !has_secrets => self.error(
                    at.to_owned(),
                    "`secrets` are there in `input` and `each` only".to_owned(),
                ),
                _ => {}
            }
        }
    }
}

fn unknown_step(id: &str) -> String {
    format!("no step before this one has the id `{id}`")
}

/// The names of all outputs of an action; `None` when it may give others.
fn output_names(schema: &Value) -> Option<BTreeSet<String>> {
    let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    let names = schema
        .get("properties")?
        .as_object()
        .filter(|_| is_closed)?;
    Some(names.iter().map(|(name, _)| name.clone()).collect())
}

/// What expressions can use.
struct Names {
    filters: BTreeSet<String>,
    functions: BTreeSet<String>,
    tests: BTreeSet<String>,
}

impl Names {
    fn new() -> Self {
        let host = render::host(&RepoHosts::default(), false);
        let language = ["range", "cycler", "joiner", "caller", "super"];
        let mut names = Self {
            filters: host.filter_names().map(str::to_owned).collect(),
            functions: host.global_names().map(str::to_owned).collect(),
            tests: nunjucks::test_names().map(str::to_owned).collect(),
        };
        let filters = nunjucks::filter_names().map(str::to_owned);
        names.filters.extend(filters);
        names.functions.extend(language.map(str::to_owned));
        names
    }

    /// What is wrong with a name; methods of values are not looked at.
    fn complaint(&self, kind: ReferenceKind, path: &[&str]) -> Option<String> {
        let (known, what) = match kind {
            ReferenceKind::Filter => (&self.filters, "filter"),
            ReferenceKind::Test => (&self.tests, "test"),
            ReferenceKind::Call => (&self.functions, "function"),
            ReferenceKind::Variable | ReferenceKind::Local => return None,
        };
        let [name] = path else { return None };
        if known.contains(*name) {
            return None;
        }
        let near = did_you_mean(name, known.iter().map(String::as_str));
        Some(format!("there is no {what} `{name}`{near}"))
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

/// Every name that some part of the form can give a value to.
fn parameter_names(entity: &Value) -> Option<HashSet<String>> {
    let mut names = HashSet::new();
    collect_names(entity.pointer("/spec/parameters")?, &mut names, 0).then_some(names)
}

fn collect_names(schema: &Value, names: &mut HashSet<String>, depth: usize) -> bool {
    if depth > 32 {
        return false;
    }
    match schema {
        Value::Array(parts) => parts.iter().all(|it| collect_names(it, names, depth + 1)),
        Value::Object(members) => members.iter().all(|(key, member)| match key.as_str() {
            "properties" => {
                names.extend(
                    member
                        .as_object()
                        .into_iter()
                        .flatten()
                        .map(|it| it.0.clone()),
                );
                true
            }
            "$ref" | "patternProperties" => false,
            "additionalProperties" => member == &Value::Bool(false),
            "dependencies" => member
                .as_object()
                .into_iter()
                .flatten()
                .all(|(_, it)| it.is_array() || collect_names(it, names, depth + 1)),
            "allOf" | "anyOf" | "oneOf" | "if" | "then" | "else" => {
                collect_names(member, names, depth + 1)
            }
            _ => true,
        }),
        _ => true,
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
                Some("there is no filter `uper`; did you mean `upper`?; the text stays as it is"),
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
                Some("the step `p` has no output `remotUrl`; did you mean `remoteUrl`?"),
            ),
            (
                "${{ steps.p.output.remotUrl.split('/') }}",
                Some("the step `p` has no output `remotUrl`; did you mean `remoteUrl`?"),
            ),
            ("${{ steps.o.output.remotUrl }}", None),
            (
                "${{ steps.p.outputs.remoteUrl }}",
                Some("steps have `output` only, `p` has no `outputs`"),
            ),
            (
                "${{ steps.q.output.remoteUrl }}",
                Some("no step before this one has the id `q`"),
            ),
        ] {
            let entity = json!({"spec": {"type": "x", "steps": [
                {"id": "p", "action": "test:closed"},
                {"id": "o", "action": "test:open"},
            ], "output": {"said": text}}});
            let problems = lint(&entity, &actions);
            let told = problems.first().map(|problem| &*problem.message);
            // Where it is in the text follows.
            let told = told.map(|told| told.split(" (at 1:").next().unwrap());
            assert_eq!(told, expected, "{text}");
            assert!(problems.iter().all(|it| it.pointer == "/spec/output/said"));
        }
    }
}
