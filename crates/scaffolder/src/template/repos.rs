//! Fields of forms whose values are repositories: their names are those that the host allows.

use platform::json_schema::Complaint;
use serde_json::{Value, json};

use super::check::{TemplateProblem, member};
use crate::repo_url::{RepoHosts, RepoUrl};

/// The field that repositories are chosen with.
const PICKER: &str = "RepoUrlPicker";
/// Nesting of a form that is looked at.
const MAX_DEPTH: usize = 32;

fn is_picker(schema: &Value) -> bool {
    schema["ui:field"] == PICKER
}

/// What is wrong with the repositories of a page of a form.
pub(super) fn check_values(page: &Value, values: &Value, hosts: &RepoHosts) -> Vec<Complaint> {
    let mut search = Search {
        hosts,
        path: Vec::new(),
        found: Vec::new(),
    };
    search.walk(page, values);
    search.found
}

struct Search<'h> {
    hosts: &'h RepoHosts,
    path: Vec<Value>,
    found: Vec<Complaint>,
}

impl Search<'_> {
    fn walk(&mut self, schema: &Value, value: &Value) {
        if self.path.len() > MAX_DEPTH {
            return;
        }
        if is_picker(schema) {
            self.check(schema, value);
        }
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name) {
                self.below(name.as_str().into(), part, value);
            }
        }
        if schema["items"].is_object() {
            for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                self.below(index.into(), &schema["items"], value);
            }
        }
        self.walk_parts(schema, value, 0);
    }

    fn below(&mut self, step: Value, schema: &Value, value: &Value) {
        self.path.push(step);
        self.walk(schema, value);
        self.path.pop();
    }

    /// Parts of a schema that say more of the same value.
    fn walk_parts(&mut self, schema: &Value, value: &Value, depth: usize) {
        let lists = ["allOf", "anyOf", "oneOf"].map(|key| schema[key].as_array());
        let lists = lists.into_iter().flatten().flatten();
        let single = ["then", "else"].map(|key| &schema[key]).into_iter();
        let dependencies = schema["dependencies"].as_object().into_iter().flatten();
        let dependencies = dependencies.map(|(_, part)| part);
        let parts: Vec<&Value> = lists.chain(single).chain(dependencies).collect();
        for part in parts.into_iter().filter(|part| part.is_object()) {
            self.walk_part(part, value, depth + 1);
        }
    }

    fn walk_part(&mut self, part: &Value, value: &Value, depth: usize) {
        for (name, schema) in part["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name) {
                self.below(name.as_str().into(), schema, value);
            }
        }
        if depth < MAX_DEPTH {
            self.walk_parts(part, value, depth);
        }
    }

    fn check(&mut self, schema: &Value, value: &Value) {
        let text = value.as_str().unwrap_or_default();
        let Err(error) = RepoUrl::check_names(text, self.hosts) else {
            return;
        };
        // Several branches of a form may have the same field.
        if self.found.iter().any(|known| known.path == self.path) {
            return;
        }
        self.found.push(Complaint {
            path: self.path.clone(),
            message: format!("is not possible: {error}"),
            schema: schema.clone(),
            instance: value.clone(),
            name: "format",
            argument: json!("repoUrl"),
        });
    }
}

/// What is wrong with the repositories that a form proposes.
pub(super) fn check_defaults(schema: &Value, at: &str, hosts: &RepoHosts) -> Vec<TemplateProblem> {
    let mut found = Vec::new();
    collect(schema, at, hosts, 0, &mut found);
    found
}

fn collect(
    schema: &Value,
    at: &str,
    hosts: &RepoHosts,
    depth: usize,
    found: &mut Vec<TemplateProblem>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    if is_picker(schema) {
        let at = format!("{at}/default");
        found.extend(check_text(schema["default"].as_str(), &at, hosts));
    }
    match schema {
        Value::Object(members) => {
            for (name, part) in members {
                collect(part, &member(at, name), hosts, depth + 1, found);
            }
        }
        Value::Array(parts) => {
            for (index, part) in parts.iter().enumerate() {
                collect(part, &format!("{at}/{index}"), hosts, depth + 1, found);
            }
        }
        _ => {}
    }
}

/// What is wrong with a repository that a template names.
pub(super) fn check_text(
    text: Option<&str>,
    at: &str,
    hosts: &RepoHosts,
) -> Option<TemplateProblem> {
    let error = RepoUrl::check_names(text?, hosts).err()?;
    Some(TemplateProblem::error(at, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_found_wherever_a_form_has_them() {
        let picker = json!({"type": "string", "ui:field": PICKER});
        let page = json!({
            "properties": {
                "repo": picker, "name": {"type": "string"},
                "more": {"properties": {"repo": picker}},
                "list": {"items": picker},
            },
            "dependencies": {"kind": {"oneOf": [{"properties": {"target": picker}}]}},
            "then": {"properties": {"repo": picker}},
        });
        let (good, bad) = ("github.com?owner=a&repo=b", "github.com?owner=a&repo=b c");
        let values = json!({"repo": bad, "name": bad, "more": {"repo": bad},
                            "list": [good, bad], "target": bad});
        let found = check_values(&page, &values, &RepoHosts::default());
        let places: Vec<String> = found.iter().map(|it| it.property("instance")).collect();
        assert_eq!(
            places,
            [
                "instance.repo",
                "instance.more.repo",
                "instance.list[1]",
                "instance.target"
            ]
        );
        assert_eq!(
            found[0].message,
            "is not possible: the name of the repository has ` `, which github.com does not allow"
        );
        let values = json!({"repo": good, "more": {"repo": 1}});
        assert!(check_values(&page, &values, &RepoHosts::default()).is_empty());
    }
}
