//! Documents as users write them.

use serde_json::{Value, json};

/// A component.
pub(crate) fn component(name: &str) -> String {
    described(name, "as first written")
}

/// A component with a description.
pub(crate) fn described(name: &str, description: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n\
         metadata:\n  name: {name}\n  description: {description}\n\
         spec:\n  type: service\n  lifecycle: production\n  owner: team-a\n"
    )
}

/// A document of any kind.
pub(crate) fn entity(kind: &str, name: &str, spec: Value) -> String {
    let api = "backstage.io/v1alpha1";
    let mut entity = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
    entity["spec"] = spec;
    entity.to_string()
}

/// A Location with targets.
pub(crate) fn location(name: &str, targets: &[&str]) -> String {
    entity("Location", name, json!({ "targets": targets }))
}

/// Several documents in one file.
pub(crate) fn file(documents: &[String]) -> String {
    documents.join("\n---\n")
}

/// A component as a provider gives it.
pub(crate) fn provided(name: &str) -> Value {
    provided_as(name, "as first provided")
}

/// A component with a description, as a provider gives it.
pub(crate) fn provided_as(name: &str, description: &str) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": { "name": name, "description": description, "annotations": origin() },
        "spec": { "type": "service", "lifecycle": "production", "owner": "team-a" },
    })
}

/// The annotations a provider adds.
pub(crate) fn origin() -> Value {
    json!({
        "backstage.io/managed-by-location": "url:https://people.example/api",
        "backstage.io/managed-by-origin-location": "url:https://people.example/api",
    })
}

/// The description of an entity.
pub(crate) fn description(entity: &Value) -> &str {
    entity["metadata"]["description"].as_str().unwrap()
}

/// An annotation of an entity; empty when it has none.
pub(crate) fn annotation<'a>(entity: &'a Value, name: &str) -> &'a str {
    entity["metadata"]["annotations"][name]
        .as_str()
        .unwrap_or_default()
}

/// The message of the first status item; empty when there is none.
pub(crate) fn status(entity: &Value) -> &str {
    entity
        .pointer("/status/items/0/message")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Relations as `type target`.
pub(crate) fn relations(entity: &Value) -> Vec<String> {
    let relations = entity["relations"].as_array().unwrap().iter();
    let text = |relation: &Value| {
        format!(
            "{} {}",
            relation["type"].as_str().unwrap(),
            relation["targetRef"].as_str().unwrap()
        )
    };
    relations.map(text).collect()
}
