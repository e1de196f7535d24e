//! Problems in what users wrote: data, not errors.

use serde::{Deserialize, Serialize};

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is ignored.
    Info,
    /// Something is ignored or will stop working.
    Warning,
    /// The document, entity or key cannot be used.
    Error,
}

/// A place in a text, both counted from one; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Line, from one.
    pub line: u32,
    /// Column, from one.
    pub column: u32,
}

/// One thing that is wrong in a user's file, with the place and, where known, the fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Stable machine-readable code, for example `entity.field-format`.
    pub code: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// JSON pointer to the value at fault, for example `/metadata/name`; empty for the document.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// File path or URL of the text, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Place in that text, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// How to fix it, when we can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// An error-level problem at a JSON pointer.
    pub fn error(code: &str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.to_owned(),
            message: message.into(),
            path: path.into(),
            file: None,
            position: None,
            hint: None,
        }
    }

    /// The same problem with a hint how to fix it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same problem at a place of a file.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, position: Option<Position>) -> Self {
        self.file = Some(file.into());
        self.position = position;
        self
    }
}
