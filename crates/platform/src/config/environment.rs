//! The variables of the process: read once, passed on explicitly.

use std::collections::BTreeMap;
use std::fmt;

use model::Problem;
use serde_json::Value;

use super::tree::{Kind, Mark, Node};

const PREFIX: &str = "APP_CONFIG_";

/// The environment variables as they were at start; values are not shown by `Debug`.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process; those that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The parts of a list such as `BACKSTAGE_ENV=eu,production`.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let parts = self.get(name).unwrap_or_default().split(',');
        parts.map(str::trim).filter(|part| !part.is_empty())
    }

    /// The variables that set configuration: `APP_CONFIG_app_title` sets `app.title`.
    pub(super) fn config_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let variables = self.0.iter().filter(|(_, value)| !value.is_empty());
        variables.filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value.as_str())))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The layer one `APP_CONFIG_…` variable makes over `root`.
pub(super) fn apply_variable(
    root: &mut Node,
    key: &str,
    text: &str,
    mark: Mark,
) -> Option<Problem> {
    let problem = |message: String| Some(Problem::error("config.variable", "", message));
    let parts: Vec<&str> = key.split('_').collect();
    if !parts.iter().all(|part| is_key_part(part)) {
        return problem(format!("`{PREFIX}{key}` names no key"));
    }
    // What is not JSON is a string, so that ordinary values need no quotes.
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    if value.is_null() {
        return problem(format!("`{PREFIX}{key}` must not be null"));
    }
    let mut node = root;
    for part in &parts {
        if let Kind::Scalar(_) | Kind::List(_) = node.kind {
            return problem(format!(
                "`{PREFIX}{key}` is below the value of another variable"
            ));
        }
        let Kind::Map(entries) = &mut node.kind else {
            return None;
        };
        node = entries
            .entry((*part).to_owned())
            .or_insert_with(|| Node::empty(mark));
    }
    if !matches!(&node.kind, Kind::Map(entries) if entries.is_empty()) {
        return problem(format!("`{PREFIX}{key}` is set by another variable, too"));
    }
    *node = Node::of_value(mark, value);
    None
}

/// `baseUrl`, `orphan-strategy`: a letter, then letters and digits with single separators.
fn is_key_part(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphabetic())
        && part
            .split(['-', ':'])
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn layer(variables: &[(&str, &str)]) -> (Value, Vec<String>) {
        let mark = Mark::whole(0);
        let mut root = Node::empty(mark);
        let environment: Environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let problems = environment
            .config_variables()
            .filter_map(|(key, text)| apply_variable(&mut root, key, text, mark))
            .map(|problem| problem.message)
            .collect();
        (root.into_parts().0, problems)
    }

    #[test]
    fn variables_set_keys() {
        let table: &[(&[(&str, &str)], Value)] = &[
            (
                &[("APP_CONFIG_app_title", "\"My Title\"")],
                json!({"app": {"title": "My Title"}}),
            ),
            (
                &[("APP_CONFIG_app_title", "My Title")],
                json!({"app": {"title": "My Title"}}),
            ),
            (&[("APP_CONFIG_a_port", "42")], json!({"a": {"port": 42}})),
            (
                &[("APP_CONFIG_a", "{\"b\": [true]}")],
                json!({"a": {"b": [true]}}),
            ),
            (&[("APP_CONFIG_a-b_c:d", "1")], json!({"a-b": {"c:d": 1}})),
            (
                &[("APP_CONFIG_a_b", "1"), ("APP_CONFIG_a_c", "2")],
                json!({"a": {"b": 1, "c": 2}}),
            ),
            (&[("APP_CONFIG_a", ""), ("OTHER", "1")], json!({})),
        ];
        for (variables, expected) in table {
            assert_eq!(
                layer(variables),
                (expected.clone(), vec![]),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn variables_that_cannot_be_used_are_reported() {
        let table: &[(&[(&str, &str)], &str)] = &[
            (&[("APP_CONFIG_", "1")], "`APP_CONFIG_` names no key"),
            (
                &[("APP_CONFIG_a__b", "1")],
                "`APP_CONFIG_a__b` names no key",
            ),
            (&[("APP_CONFIG_1a", "1")], "`APP_CONFIG_1a` names no key"),
            (
                &[("APP_CONFIG_a", "null")],
                "`APP_CONFIG_a` must not be null",
            ),
            (
                &[("APP_CONFIG_a", "1"), ("APP_CONFIG_a_b", "2")],
                "`APP_CONFIG_a_b` is below the value of another variable",
            ),
        ];
        for (variables, message) in table {
            assert_eq!(layer(variables).1, [*message], "{variables:?}");
        }
    }

    #[test]
    fn debug_shows_names_only() {
        let environment = Environment::from([("TOKEN", "hunter22")]);
        assert_eq!(format!("{environment:?}"), r#"{"TOKEN"}"#);
    }
}
