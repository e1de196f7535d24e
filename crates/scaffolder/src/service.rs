//! Use cases: forms, tasks, trials. Each asks for permission before it does anything.

mod approval;
mod complete;
mod plans;
pub(crate) mod tasks;
pub(crate) mod templates;
mod undo;

use platform::json_schema::Complaint;
use platform::{Error, Result};
use serde_json::{Map, Value};

/// What came of a request whose values may be wrong.
pub(crate) enum Checked<T> {
    /// They are not.
    Fine(T),
    /// They are; as the API tells it.
    Wrong(Vec<Value>),
}

/// Complaints as the API tells them.
pub(crate) fn told(complaints: &[Complaint], root: &str) -> Vec<Value> {
    complaints.iter().map(|it| it.to_json(root)).collect()
}

/// Secrets of a request: texts by name.
pub(crate) fn secrets_of(value: Option<Value>) -> Result<Map<String, Value>> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(secrets)) => Ok(secrets),
        Some(_) => Err(Error::input("request/body/secrets must be object")),
    }
}
