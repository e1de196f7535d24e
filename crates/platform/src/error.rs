//! The one error type at the edges of services.
//!
//! Inside a feature, enums made with `thiserror` exist only where a caller branches; everything that
//! leaves a service is an [`Error`]: a closed [`Code`], a public message, and a source that is logged
//! but never sent. HTTP, MCP and CLI mappings start from here.

use std::error::Error as StdError;
use std::fmt;

use serde_json::{Map, Value};

/// Result of a service.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as a client is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request is wrong: 400 `InputError`.
    InvalidInput,
    /// Nobody, or somebody we do not know, asked: 401 `AuthenticationError`.
    Unauthenticated,
    /// The caller may not do this: 403 `NotAllowedError`.
    Forbidden,
    /// There is no such thing, or the caller may not know of it: 404 `NotFoundError`.
    NotFound,
    /// The state of the thing does not allow this: 409 `ConflictError`.
    Conflict,
    /// The body is larger than we take: 413 `PayloadTooLargeError`.
    TooLarge,
    /// Nothing changed since the client's copy: 304 `NotModifiedError`.
    NotModified,
    /// The server does not do this: 501 `NotImplementedError`.
    NotImplemented,
    /// Not now; a later try may succeed: 503 `ServiceUnavailableError`.
    Unavailable,
    /// Our fault: 500 `Error`; the message is masked.
    Internal,
}

impl Code {
    /// The error name Backstage's clients look for. Reference 1, section A.7.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidInput => "InputError",
            Self::Unauthenticated => "AuthenticationError",
            Self::Forbidden => "NotAllowedError",
            Self::NotFound => "NotFoundError",
            Self::Conflict => "ConflictError",
            Self::TooLarge => "PayloadTooLargeError",
            Self::NotModified => "NotModifiedError",
            Self::NotImplemented => "NotImplementedError",
            Self::Unavailable => "ServiceUnavailableError",
            Self::Internal => "Error",
        }
    }

    /// The HTTP status code.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidInput => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::NotModified => 304,
            Self::NotImplemented => 501,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }
}

/// An error on its way to a client, a log line or a terminal.
pub struct Error {
    code: Code,
    message: String,
    fields: Map<String, Value>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with a public message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Map::new(),
            source: None,
        }
    }

    /// 400: the request is wrong.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidInput, message)
    }

    /// 401: the caller is not known.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, message)
    }

    /// 403: the caller may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// 409: the present state does not allow it.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// 501: the server does not do this.
    pub fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(Code::NotImplemented, message)
    }

    /// 503: not now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    /// 500: the message is for logs only; clients see a masked one.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// Keeps what caused this error, for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds a public member to the `error` object of the answer, for example `cause`.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The public message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Further public members of the `error` object.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The message followed by those of all causes, for logs and terminals.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut source = self.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.chain())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<model::InputError> for Error {
    fn from(error: model::InputError) -> Self {
        Self::input(error.message)
    }
}

impl From<model::RefError> for Error {
    fn from(error: model::RefError) -> Self {
        Self::input(error.message)
    }
}
