//! Why something could not be read. "Gone" and "cannot tell now" are never mixed up.

use std::error::Error as StdError;
use std::time::Duration;

use platform::{Code, Error};

/// Why a file could not be read. `Display` never includes the source, nor any credential.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The host says that there is no such file.
    #[error("{message}")]
    NotFound {
        /// Which file.
        message: String,
    },
    /// Configuration, or our guard against internal addresses, forbids reading this.
    #[error("{message}")]
    NotAllowed {
        /// What is forbidden.
        message: String,
    },
    /// The host refuses our credentials, or wants some.
    #[error("{message}")]
    Denied {
        /// What the host said.
        message: String,
    },
    /// The host asked us to pause; nothing is known about the file.
    #[error("{message}")]
    RateLimited {
        /// What the host said.
        message: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// The host failed or cannot be reached; nothing is known about the file.
    #[error("{message}")]
    Unavailable {
        /// What happened.
        message: String,
        /// When to try again, if the host told.
        retry_after: Option<Duration>,
        /// The network error, if there was one.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// The host did not answer in time; nothing is known about the file.
    #[error("{message}")]
    Timeout {
        /// Which request.
        message: String,
    },
    /// More bytes, files or pages than we take.
    #[error("{message}")]
    TooLarge {
        /// What is too large.
        message: String,
    },
    /// The URL, or the answer of the host, makes no sense.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
    },
}

impl ReadError {
    /// Whether the file certainly is not there: the only error that may remove anything.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether a later try may succeed without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::Timeout { .. }
        )
    }

    /// When to try again, if known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound {
            message: message.into(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
        }
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::TooLarge {
            message: message.into(),
        }
    }

    pub(crate) fn timeout(message: impl Into<String>) -> Self {
        Self::Timeout {
            message: message.into(),
        }
    }

    /// The recorded text for a host that is neither an integration nor on the list.
    pub(crate) fn not_allowed(url: &str) -> Self {
        Self::NotAllowed {
            message: format!(
                "Reading from '{url}' is not allowed. You may need to configure an integration \
                 for the target host, or add it to the configured list of allowed hosts at \
                 'backend.reading.allow'"
            ),
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        let code = match &error {
            ReadError::NotFound { .. } => Code::NotFound,
            ReadError::NotAllowed { .. } | ReadError::Denied { .. } => Code::Forbidden,
            ReadError::RateLimited { .. }
            | ReadError::Unavailable { .. }
            | ReadError::Timeout { .. } => Code::Unavailable,
            ReadError::TooLarge { .. } => Code::TooLarge,
            ReadError::Invalid { .. } => Code::InvalidInput,
        };
        Error::new(code, error.to_string()).with_source(error)
    }
}
