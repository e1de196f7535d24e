//! Errors as Backstage serialises them: a name, a message and the error that caused it.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A serialised error, without stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// Error class, for example `InputError`.
    pub name: String,
    /// Full message; it already contains the messages of the causes.
    pub message: String,
    /// Machine-readable code, where the source of the error has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The error that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<ErrorInfo>>,
}

impl ErrorInfo {
    /// An error without cause.
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
            code: None,
            cause: None,
        }
    }

    /// An `InputError`.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new("InputError", message)
    }

    /// The same error with a cause, whose text is appended to the message as Backstage does.
    #[must_use]
    pub fn caused_by(mut self, cause: Self) -> Self {
        if !self.message.is_empty() {
            self.message.push_str("; ");
        }
        self.message.push_str("caused by ");
        self.message.push_str(&cause.to_string());
        self.cause = Some(Box::new(cause));
        self
    }
}

impl fmt::Display for ErrorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return f.write_str(&self.name);
        }
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for ErrorInfo {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// Something a client sent that cannot be used; an HTTP edge answers 400 `InputError`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct InputError {
    /// Message for the client, in the words of Backstage where it has any.
    pub message: String,
}

impl InputError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl From<InputError> for ErrorInfo {
    fn from(error: InputError) -> Self {
        Self::input(error.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_appended_to_the_message_and_kept() {
        let error = ErrorInfo::input("outer").caused_by(ErrorInfo::new("TypeError", "inner"));
        assert_eq!(
            error.to_string(),
            "InputError: outer; caused by TypeError: inner"
        );
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(
            json,
            r#"{"name":"InputError","message":"outer; caused by TypeError: inner","cause":{"name":"TypeError","message":"inner"}}"#
        );
        assert_eq!(serde_json::from_str::<ErrorInfo>(&json).unwrap(), error);
    }

    #[test]
    fn empty_messages_leave_no_separators() {
        let error = ErrorInfo::input("").caused_by(ErrorInfo::new("Error", ""));
        assert_eq!(error.message, "caused by Error");
    }
}
