//! Values for the form of a template, made up: to try a template without filling it in.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ValueEnum;
use platform::json_schema;
use serde_json::{Map, Value, json};

/// Texts that fit most patterns; the first one that fits is taken.
const TEXTS: [&str; 14] = [
    "example",
    "example-name",
    "example_name",
    "Example",
    "EXAMPLE",
    "ex",
    "1",
    "8080",
    "1.0.0",
    "com.example",
    "com.example.app",
    "user@example.com",
    "https://example.com/path",
    "10.0.0.0/16",
];
/// Nesting of a form.
const MAX_DEPTH: usize = 20;

/// Which of several possible values are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Choice {
    /// Defaults and the first of each list.
    First,
    /// The last of each list, and the opposite of each switch.
    Last,
}

/// Values for every field of the form of a template, also of those that appear later.
pub(super) fn values(template: &Value, choice: Choice) -> Map<String, Value> {
    fields_of(&template["spec"]["parameters"], choice)
        .into_iter()
        .map(|(name, schema)| (name.clone(), value(schema, choice, 0)))
        .collect()
}

/// The fields of a form or of an object by their names.
type Fields<'v> = BTreeMap<&'v String, &'v Value>;

fn fields_of(schema: &Value, choice: Choice) -> Fields<'_> {
    let mut fields = Fields::new();
    collect(schema, choice, &mut fields, 0);
    fields
}

/// Adds the fields of a part of a form; what comes first stays.
fn collect<'v>(schema: &'v Value, choice: Choice, fields: &mut Fields<'v>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(parts) => {
            let parts = parts.iter();
            return parts.for_each(|it| collect(it, choice, fields, depth + 1));
        }
        _ => return,
    };
    let own = members.get("properties").and_then(Value::as_object);
    for (name, field) in own.into_iter().flatten() {
        fields.entry(name).or_insert(field);
    }
    let dependent = members.get("dependencies").and_then(Value::as_object);
    let dependent = dependent.into_iter().flatten().map(|(_, part)| part);
    let parts = ["allOf", "then", "else"].into_iter();
    for part in parts.filter_map(|name| members.get(name)).chain(dependent) {
        collect(part, choice, fields, depth + 1);
    }
    for branches in ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|name| members.get(name))
    {
        for branch in branches_to_take(branches, choice) {
            collect(branch, choice, fields, depth + 1);
        }
    }
}

/// Branches that look at another field exclude each other by its value; of others, one is taken.
fn branches_to_take(branches: &Value, choice: Choice) -> Vec<&Value> {
    let branches: Vec<&Value> = branches.as_array().into_iter().flatten().collect();
    let looks = |branch: &&Value| {
        let fields = branch["properties"].as_object().into_iter().flatten();
        let mut fields = fields.map(|(_, field)| field);
        fields.any(|field| field.get("const").is_some() || field.get("enum").is_some())
    };
    if branches.iter().any(looks) {
        return branches;
    }
    let one = match choice {
        Choice::First => branches.first(),
        Choice::Last => branches.last(),
    };
    one.copied().into_iter().collect()
}

fn value(schema: &Value, choice: Choice, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    let given = schema.get("const").or_else(|| schema.get("default"));
    // A default that does not fit its own field is a mistake that forms mend.
    let given = given.filter(|given| json_schema::validate(schema, given).is_empty());
    let choices = schema["enum"].as_array().filter(|list| !list.is_empty());
    match (choices, given, choice) {
        (Some(list), _, Choice::Last) => list.last().cloned().unwrap_or_default(),
        (_, Some(given), _) if !is_switch(schema) || choice == Choice::First => given.clone(),
        (Some(list), _, Choice::First) => list.first().cloned().unwrap_or_default(),
        _ => made_up(schema, choice, depth),
    }
}

fn is_switch(schema: &Value) -> bool {
    schema["type"] == "boolean"
}

fn made_up(schema: &Value, choice: Choice, depth: usize) -> Value {
    match schema["type"].as_str() {
        Some("boolean") => {
            let default = schema["default"] == true;
            Value::Bool(if choice == Choice::Last {
                !default
            } else {
                default
            })
        }
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("array") => {
            let items = schema.get("items").filter(|it| it.is_object());
            items.map_or_else(
                || json!([]),
                |items| json!([value(items, choice, depth + 1)]),
            )
        }
        Some("object") => fields_of(schema, choice)
            .into_iter()
            .map(|(name, field)| (name.clone(), value(field, choice, depth + 1)))
            .collect::<Map<_, _>>()
            .into(),
        _ => text(schema).into(),
    }
}

fn text(schema: &Value) -> String {
    match schema["ui:field"].as_str() {
        Some("RepoUrlPicker") => return repository(&schema["ui:options"]),
        Some("OwnerPicker" | "MyGroupsPicker") => return "group:default/example".to_owned(),
        Some("EntityPicker" | "OwnedEntityPicker") => {
            return "component:default/example".to_owned();
        }
        _ => {}
    }
    let fits = |text: &&str| json_schema::validate(schema, &json!(text)).is_empty();
    let found = TEXTS.into_iter().find(|text| fits(text));
    found.unwrap_or("example").to_owned()
}

/// A repository on a host that the field allows.
fn repository(options: &Value) -> String {
    let host = options["allowedHosts"][0].as_str().unwrap_or("github.com");
    let parts = match host {
        "dev.azure.com" => "organization=acme&project=example&repo=example",
        "bitbucket.org" => "workspace=acme&project=example&repo=example",
        _ => "owner=acme&repo=example",
    };
    format!("{host}?{parts}")
}

/// Actions of files and of the catalog, which need more than a template.
const OF_FILES: [&str; 7] = [
    "fetch:",
    "fs:",
    "catalog:fetch",
    "roadiehq:utils:fs:",
    "roadiehq:utils:json:merge",
    "roadiehq:utils:merge",
    "terasky:",
];

/// Outputs for every action of a template that has not what it needs here, or is not there.
///
/// What fetches only what is in `folder` runs as it is, and so does what changes files where all that
/// is fetched is there.
pub(super) fn stand_ins(
    template: &Value,
    folder: &Path,
    is_known: impl Fn(&str) -> bool,
) -> Map<String, Value> {
    let steps = template["spec"]["steps"].as_array().map(Vec::as_slice);
    let steps = steps.unwrap_or_default();
    let is_here = |id: &str| {
        let mut fetches = steps.iter().filter(|step| step["action"] == *id);
        fetches.all(|step| is_beside(&step["input"]["url"], folder))
    };
    let ids: Vec<&str> = steps
        .iter()
        .filter_map(|it| it["action"].as_str())
        .collect();
    let mut fetches = ids.iter().filter(|id| id.starts_with("fetch:"));
    let has_all = fetches.all(|id| is_here(id));
    let lacks_files = |id: &str| match id {
        "catalog:fetch" => true,
        id if id.starts_with("fetch:") => !is_here(id),
        id => !has_all && OF_FILES.iter().any(|start| id.starts_with(start)),
    };
    let ids = ids.into_iter();
    ids.filter(|id| !is_known(id) || lacks_files(id))
        .map(|id| (id.to_owned(), json!({})))
        .collect()
}

/// Whether a URL is a path of something beside a template.
fn is_beside(url: &Value, folder: &Path) -> bool {
    let url = url.as_str().unwrap_or_default();
    !url.contains("://") && !url.contains("${{") && folder.join(url).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_the_form() {
        let template = json!({"spec": {"parameters": [
            {"properties": {
                "name": {"type": "string", "pattern": "^[A-Z]+$"},
                "host": {"type": "string", "enum": ["a", "b"]},
                "port": {"type": "integer", "minimum": 1024},
                "loud": {"type": "boolean"},
                "size": {"type": "string", "default": "small"},
                "repo": {"type": "string", "ui:field": "RepoUrlPicker",
                         "ui:options": {"allowedHosts": ["gitlab.com"]}},
                "list": {"type": "array", "items": {"type": "string"}},
                "deep": {"type": "object", "properties": {"owner": {"ui:field": "OwnerPicker"}}},
            }},
            {"dependencies": {"loud": {"oneOf": [
                {"properties": {"loud": {"const": true}, "volume": {"type": "number"}}},
            ]}}},
        ]}});
        let first = values(&template, Choice::First);
        let expected = json!({
            "name": "EXAMPLE", "host": "a", "port": 1024, "loud": false, "size": "small",
            "repo": "gitlab.com?owner=acme&repo=example", "list": ["example"],
            "deep": {"owner": "group:default/example"}, "volume": 1,
        });
        assert_eq!(Value::from(first), expected);
        let pages = json!({"spec": {"parameters": [{"oneOf": [
            {"required": ["a"], "properties": {"a": {"type": "string"}}},
            {"required": ["b"], "properties": {"b": {"type": "string", "default": 7}}},
        ]}]}});
        assert_eq!(
            Value::from(values(&pages, Choice::First)),
            json!({"a": "example"})
        );
        assert_eq!(
            Value::from(values(&pages, Choice::Last)),
            json!({"b": "example"})
        );
        let last = values(&template, Choice::Last);
        assert_eq!((&last["host"], &last["loud"]), (&json!("b"), &json!(true)));
    }

    #[test]
    fn what_is_not_there_has_a_stand_in() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("skeleton")).unwrap();
        for (urls, expected) in [
            (&["./skeleton"][..], &["acme:do"][..]),
            (&["./nowhere"], &["acme:do", "fetch:template", "fs:rename"]),
            (
                &["./skeleton", "https://example.com/x"],
                &["acme:do", "fetch:template", "fs:rename"],
            ),
            (
                &["./${{ parameters.kind }}"],
                &["acme:do", "fetch:template", "fs:rename"],
            ),
        ] {
            let fetch = |url: &&str| json!({"action": "fetch:template", "input": {"url": url}});
            let mut steps: Vec<Value> = urls.iter().map(fetch).collect();
            let others = ["fs:rename", "debug:log", "acme:do", "publish:github"];
            steps.extend(others.map(|id| json!({"action": id})));
            let template = json!({"spec": {"steps": steps}});
            let found = stand_ins(&template, folder.path(), |id| id != "acme:do");
            let mut found: Vec<&String> = found.keys().collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{urls:?}");
        }
    }
}
