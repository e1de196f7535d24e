//! One template with its context and what it renders to, as a line of JSON.

use nunjucks::{Error, Host, Syntax, Template};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How a case is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CaseKind {
    /// Input of a step: a value, and the source itself where rendering fails.
    Value,
    /// A file: its text.
    File,
    /// The name of a file.
    Path,
}

/// Options of the language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CaseOptions {
    /// Outputs are `{{ }}`.
    pub cookiecutter_compat: bool,
    /// Line breaks behind block tags go with them.
    pub trim_blocks: bool,
    /// Indentation of block tags goes with them.
    pub lstrip_blocks: bool,
}

impl From<CaseOptions> for Syntax {
    fn from(options: CaseOptions) -> Self {
        Self {
            cookiecutter_compat: options.cookiecutter_compat,
            trim_blocks: options.trim_blocks,
            lstrip_blocks: options.lstrip_blocks,
            python: false,
        }
    }
}

/// A template with its context.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// Whatever identifies the case.
    pub id: Value,
    /// How it is rendered.
    pub kind: CaseKind,
    /// Options of the language.
    #[serde(default)]
    pub opts: CaseOptions,
    /// The template.
    pub source: String,
    /// What the template can see.
    #[serde(default)]
    pub ctx: Map<String, Value>,
}

/// What a case renders to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The value of an input; `None` is undefined.
    Value(Option<Value>),
    /// The text of a file or of a name.
    Text(String),
    /// The source of an input that could not be rendered, and why.
    Fallback(String, Error),
    /// Why a file could not be rendered.
    Failed(Error),
}

impl Case {
    /// Renders the case; `always()` is true and `failure()` false in it.
    pub fn render(&self, host: &Host) -> Outcome {
        let template = Template::parse(&self.source, self.opts.into());
        match self.kind {
            CaseKind::Value => {
                let value = template.and_then(|it| it.render_value(&self.ctx, host));
                match value {
                    Ok(value) => Outcome::Value(value),
                    Err(error) => Outcome::Fallback(self.source.clone(), error),
                }
            }
            CaseKind::File | CaseKind::Path => {
                match template.and_then(|it| it.render(&self.ctx, host)) {
                    Ok(text) => Outcome::Text(text),
                    Err(error) => Outcome::Failed(error),
                }
            }
        }
    }
}

impl Outcome {
    /// Why it could not be rendered.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Value(_) | Self::Text(_) => None,
            Self::Fallback(_, error) | Self::Failed(error) => Some(error),
        }
    }

    /// The outcome as JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Value(Some(value)) => json!({ "json": value }),
            Self::Value(None) => json!({ "undef": true }),
            Self::Text(text) => json!({ "value": text }),
            Self::Fallback(source, error) => {
                json!({ "json": source, "fallback": error.to_string() })
            }
            Self::Failed(error) => json!({ "error": error.to_string() }),
        }
    }

    /// Whether an expected outcome is this one; the words of a message do not count.
    pub fn matches(&self, expected: &Value) -> bool {
        let found = self.to_json();
        let same = |key: &str| found.get(key) == expected.get(key);
        let both = |key: &str| found.get(key).is_some() == expected.get(key).is_some();
        same("json") && same("value") && same("undef") && both("fallback") && both("error")
    }
}
