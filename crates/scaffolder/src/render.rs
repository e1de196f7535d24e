//! Expressions in inputs, conditions, loops and outputs. Reference 2 §D.2.

use nunjucks::{Host, ReferenceKind, Syntax, Template};
use serde_json::{Map, Value, json};

use crate::filters::template_host;
use crate::repo_url::RepoHosts;

/// Nesting of values that is rendered; deeper ones stay as they are.
const MAX_DEPTH: usize = 100;

/// What steps of a task can use beyond their context.
pub(crate) fn host(hosts: &RepoHosts, has_failed: bool) -> Host {
    template_host(hosts.clone())
        .with_function("always", |_| Ok(Some(json!(true))))
        .with_function("failure", move |_| Ok(Some(json!(has_failed))))
}

/// A value with all its texts rendered; `None` is undefined.
///
/// A text that is one expression keeps the type of its value, and one that cannot be rendered stays
/// as it is.
pub(crate) fn render(value: &Value, context: &Map<String, Value>, host: &Host) -> Option<Value> {
    render_below(value, context, host, 0)
}

fn render_below(
    value: &Value,
    context: &Map<String, Value>,
    host: &Host,
    depth: usize,
) -> Option<Value> {
    if depth > MAX_DEPTH {
        return Some(value.clone());
    }
    let inner = |value: &Value| render_below(value, context, host, depth + 1);
    match value {
        Value::String(text) => render_text(text, context, host),
        Value::Array(items) => {
            let items = items.iter().map(|item| inner(item).unwrap_or_default());
            Some(items.collect())
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .filter_map(|(name, member)| Some((name.clone(), inner(member)?)));
            Some(members.collect::<Map<_, _>>().into())
        }
        other => Some(other.clone()),
    }
}

fn render_text(text: &str, context: &Map<String, Value>, host: &Host) -> Option<Value> {
    let is_template = ["${{", "{%", "{#"].iter().any(|mark| text.contains(mark));
    if !is_template {
        return Some(text.into());
    }
    let rendered = Template::parse(text, Syntax::default())
        .and_then(|template| template.render_value(context, host));
    rendered.unwrap_or_else(|error| {
        tracing::debug!(%error, "an expression cannot be rendered and stays as it is");
        Some(text.into())
    })
}

/// Whether a condition holds, as in JavaScript but for the empty list, which does not.
pub(crate) fn is_truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|it| it != 0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(_)) => true,
    }
}

/// Whether a condition asks how the steps before ended, so that it counts after a failure, too.
pub(crate) fn looks_at_failure(condition: &Value) -> bool {
    let Some(text) = condition.as_str() else {
        return false;
    };
    let Ok(template) = Template::parse(text, Syntax::default()) else {
        return false;
    };
    template.references().iter().any(|reference| {
        reference.kind == ReferenceKind::Call
            && matches!(reference.path.as_slice(), [name] if name == "always" || name == "failure")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(value: &Value) -> Option<Value> {
        let context = json!({"parameters": {"a": 1, "o": {"k": [1]}, "name": "x"}});
        render(
            value,
            context.as_object().unwrap(),
            &host(&RepoHosts::default(), false),
        )
    }

    #[test]
    fn types_are_kept_and_what_is_undefined_is_dropped() {
        let cases = [
            (json!("${{ parameters.o }}"), Some(json!({"k": [1]}))),
            (
                json!("${{ parameters.a }}-${{ parameters.name }}"),
                Some(json!("1-x")),
            ),
            (json!("${{ parameters.missing.deep }}"), None),
            (
                json!({"a": "${{ parameters.missing }}", "b": 1}),
                Some(json!({"b": 1})),
            ),
            (
                json!(["${{ parameters.missing }}", true]),
                Some(json!([null, true])),
            ),
            (
                json!("${{ parameters.name | nope }}"),
                Some(json!("${{ parameters.name | nope }}")),
            ),
            (
                json!("{{ parameters.a }}"),
                Some(json!("{{ parameters.a }}")),
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(rendered(&value), expected, "{value}");
        }
    }

    #[test]
    fn conditions() {
        for (value, expected) in [
            (json!(false), false),
            (json!(""), false),
            (json!("false"), true),
            (json!([]), false),
            (json!({}), true),
            (json!(0), false),
            (json!(null), false),
            (json!([0]), true),
        ] {
            assert_eq!(is_truthy(Some(&value)), expected, "{value}");
        }
        assert!(looks_at_failure(&json!("${{ always() }}")));
        assert!(looks_at_failure(&json!(
            "${{ failure() and parameters.x }}"
        )));
        assert!(!looks_at_failure(&json!("${{ parameters.always }}")));
        assert!(!looks_at_failure(&json!(true)));
    }
}
