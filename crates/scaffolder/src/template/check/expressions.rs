//! What expressions refer to: steps before, parameters of the form, secrets, and names of the language.

use std::collections::{BTreeMap, BTreeSet};

use nunjucks::{Position, Reference, ReferenceKind, Syntax, Template};
use platform::actions::Spec;
use serde_json::Value;

use super::{MAX_PROBLEMS, TemplateProblem};
use crate::render;
use crate::repo_url::RepoHosts;

/// Nesting of a form that is looked at.
const MAX_DEPTH: usize = 32;

/// What the expressions of a step can refer to.
pub(super) struct Scope {
    /// Steps before, by their ids.
    steps: BTreeMap<String, Before>,
    names: Names,
    /// `None` when the form is too open to tell.
    parameters: Option<BTreeSet<String>>,
}

/// A step before.
struct Before {
    /// Whether it runs in any case.
    is_sure: bool,
    /// Names of its outputs; `None` when its action may give others.
    outputs: Option<BTreeSet<String>>,
}

impl Scope {
    /// What the first step of a template can refer to.
    pub(super) fn new(entity: &Value) -> Self {
        Self {
            steps: BTreeMap::new(),
            names: Names::new(),
            parameters: parameter_names(entity),
        }
    }

    /// Adds a step, for those behind it; whether another one has its id. Of two with conditions, one
    /// may be meant to run, and either may be meant by its id.
    pub(super) fn add_step(&mut self, id: &str, step: &Value, action: Option<&Spec>) -> bool {
        let is_sure = step.get("if").is_none();
        let outputs = action.and_then(|action| output_names(&action.output));
        let Some(before) = self.steps.get_mut(id) else {
            let before = Before { is_sure, outputs };
            self.steps.insert(id.to_owned(), before);
            return false;
        };
        let is_double = before.is_sure || is_sure;
        before.is_sure = is_sure;
        before.outputs = match (before.outputs.take(), outputs) {
            (Some(names), Some(more)) => Some(&names | &more),
            _ => None,
        };
        is_double
    }

    /// What is wrong with the expressions of a text.
    pub(super) fn check(&self, at: &str, text: &str, has_secrets: bool) -> Vec<TemplateProblem> {
        let template = match Template::parse(text, Syntax::default()) {
            Ok(template) => template,
            Err(error) => {
                let message = format!("{error}; the text stays as it is");
                return vec![TemplateProblem::warning(at, message)];
            }
        };
        let mut found = Vec::new();
        for reference in template.references() {
            let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
            found.extend(self.names.check(at, &reference, &path));
            if is_value(&reference, &path) {
                found.extend(self.check_value(at, &path, has_secrets));
            }
            if found.len() >= MAX_PROBLEMS {
                break;
            }
        }
        found
    }

    /// What is wrong with a variable and its members.
    fn check_value(&self, at: &str, path: &[&str], has_secrets: bool) -> Option<TemplateProblem> {
        match path {
            ["steps", id, members @ ..] => match self.steps.get(*id) {
                Some(step) => step.check(at, id, members),
                None => Some(self.unknown_step(at, id)),
            },
            ["parameters", name, ..] => self.check_parameter(at, name),
            ["secrets", ..] if !has_secrets => Some(TemplateProblem::error(
                at,
                "`secrets` are there in `input` and `each` only",
            )),
            _ => None,
        }
    }

    fn unknown_step(&self, at: &str, id: &str) -> TemplateProblem {
        let message = format!("no step before this one has the id `{id}`");
        let known = self.steps.keys().map(String::as_str);
        TemplateProblem::error(at, message).with_nearest(id, known)
    }

    fn check_parameter(&self, at: &str, name: &str) -> Option<TemplateProblem> {
        let known = self.parameters.as_ref()?;
        if known.contains(name) {
            return None;
        }
        let message = format!("the form has no parameter `{name}`");
        let problem = TemplateProblem::warning(at, message);
        Some(problem.with_nearest(name, known.iter().map(String::as_str)))
    }
}

impl Before {
    /// What is wrong with members of the step.
    fn check(&self, at: &str, id: &str, members: &[&str]) -> Option<TemplateProblem> {
        match members {
            ["output", name, ..] => {
                let known = self.outputs.as_ref()?;
                if known.contains(*name) {
                    return None;
                }
                let message = format!("the step `{id}` has no output `{name}`");
                let problem = TemplateProblem::warning(at, message);
                Some(problem.with_nearest(name, known.iter().map(String::as_str)))
            }
            [member, ..] if *member != "output" => Some(TemplateProblem::error(
                at,
                format!("steps have `output` only, `{id}` has no `{member}`"),
            )),
            _ => None,
        }
    }
}

/// Whether a reference is one to a value, and not to a name of the language.
fn is_value(reference: &Reference, path: &[&str]) -> bool {
    match reference.kind {
        ReferenceKind::Variable => true,
        // A method of something.
        ReferenceKind::Call => path.len() > 1,
        ReferenceKind::Local | ReferenceKind::Filter | ReferenceKind::Test => false,
    }
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
    fn check(&self, at: &str, reference: &Reference, path: &[&str]) -> Option<TemplateProblem> {
        let (known, what) = match reference.kind {
            ReferenceKind::Filter => (&self.filters, "filter"),
            ReferenceKind::Test => (&self.tests, "test"),
            ReferenceKind::Call => (&self.functions, "function"),
            ReferenceKind::Variable | ReferenceKind::Local => return None,
        };
        let [name] = path else { return None };
        if known.contains(*name) {
            return None;
        }
        let Position { line, column } = reference.position;
        let message = format!(
            "there is no {what} `{name}`; the text stays as it is (at {line}:{column} of the text)"
        );
        let problem = TemplateProblem::warning(at, message);
        Some(problem.with_nearest(name, known.iter().map(String::as_str)))
    }
}

/// Every name that some part of the form can give a value to.
fn parameter_names(entity: &Value) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    collect_names(entity.pointer("/spec/parameters")?, &mut names, 0).then_some(names)
}

fn collect_names(schema: &Value, names: &mut BTreeSet<String>, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match schema {
        Value::Array(parts) => parts.iter().all(|it| collect_names(it, names, depth + 1)),
        Value::Object(members) => members.iter().all(|(key, value)| match key.as_str() {
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                names.extend(properties.map(|(name, _)| name.clone()));
                true
            }
            "$ref" | "patternProperties" => false,
            "additionalProperties" => value == &Value::Bool(false),
            "dependencies" => {
                let mut parts = value.as_object().into_iter().flatten();
                parts.all(|(_, it)| it.is_array() || collect_names(it, names, depth + 1))
            }
            "allOf" | "anyOf" | "oneOf" | "if" | "then" | "else" => {
                collect_names(value, names, depth + 1)
            }
            _ => true,
        }),
        _ => true,
    }
}
