//! `each`: a step that runs once for every item.

use platform::{Error, Result};
use serde_json::{Map, Value, json};

use super::mask::STARS;

/// Rounds of one loop.
const MAX_ROUNDS: usize = 10_000;

/// The rounds of a loop: a key and a value each, as `each` in expressions.
pub(super) fn rounds(action: &str, each: Option<&Value>) -> Result<Vec<Value>> {
    let round = |key: String, value: &Value| json!({ "key": key, "value": value });
    let rounds: Vec<Value> = match each {
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, value)| round(index.to_string(), value))
            .collect(),
        Some(Value::Object(members)) => members
            .iter()
            .map(|(name, value)| round(name.clone(), value))
            .collect(),
        other => {
            let found = other.cloned().unwrap_or_default();
            return Err(Error::input(format!(
                "Invalid value on action {action}.each parameter, \"{}\" cannot be resolved to a value",
                text(&found)
            )));
        }
    };
    if rounds.len() > MAX_ROUNDS {
        return Err(Error::input(format!(
            "{action}.each has more than {MAX_ROUNDS} items"
        )));
    }
    Ok(rounds)
}

/// How a round is announced; without its value if that is a part of a secret.
pub(super) fn announcement(round: &Value, is_secret: bool) -> String {
    let member = |name: &str| Value::from(text(&round[name])).to_string();
    let value = if is_secret {
        Value::from(STARS).to_string()
    } else {
        member("value")
    };
    format!(
        "Running step each: {{\"key\":{},\"value\":{value}}}",
        member("key"),
    )
}

/// A value as `String` of JavaScript writes it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".to_owned(),
        other => other.to_string(),
    }
}

/// Adds the output of a round: every name has a list.
pub(super) fn collect(all: &mut Map<String, Value>, output: &Value) {
    for (name, value) in output.as_object().into_iter().flatten() {
        let list = all.entry(name.clone()).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(value.clone());
        }
    }
}
