//! A SCIM 2.0 server (RFC 7643, RFC 7644): an identity provider pushes users and groups, and takes
//! them away the moment somebody leaves.
//!
//! Invariants: only programs push, never people; a password is never stored; what is pushed is in
//! the database before it is answered, and in the catalog right after.

mod describe;
mod filter;
mod namesake;
mod patch;
mod resource;
mod service;

pub(crate) use describe::{find_schema, find_type, provider_config, schemas, types};
pub(crate) use resource::{Kind, Resource};
pub(crate) use service::{Change, Query};
pub use service::{Scim, ScimProvider, Sink};

use platform::{Code, Error};

/// An error as SCIM has it.
#[derive(Debug)]
pub(crate) struct ScimError {
    pub(crate) status: u16,
    pub(crate) scim_type: Option<&'static str>,
    pub(crate) detail: String,
}

impl ScimError {
    /// 400 of a registered kind.
    fn bad(scim_type: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            scim_type: Some(scim_type),
            detail: detail.into(),
        }
    }

    fn value(detail: impl Into<String>) -> Self {
        Self::bad("invalidValue", detail)
    }

    fn of_status(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        Self::of_status(404, format!("there is no {kind} `{id}`"))
    }
}

impl From<Error> for ScimError {
    fn from(error: Error) -> Self {
        let code = error.code();
        if code == Code::Internal {
            tracing::error!(error = error.chain(), "a SCIM request failed");
            return Self::of_status(500, "the server failed; its log says why");
        }
        Self::of_status(code.status(), error.message())
    }
}

pub(crate) type ScimResult<T> = Result<T, ScimError>;
