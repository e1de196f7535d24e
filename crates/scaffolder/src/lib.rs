//! Golden paths: templates that make new projects.
//!
//! So far: what templates of the scaffolder can do beyond the language itself ([`template_host`]),
//! and single cases of it ([`Case`]).

mod case;
mod filters;
mod repo_url;

pub use case::{Case, CaseKind, CaseOptions, Outcome};
pub use filters::template_host;
pub use repo_url::{HostKind, RepoHosts, RepoUrl, RepoUrlError};
