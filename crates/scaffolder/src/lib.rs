//! Golden paths: templates that make new projects, and the engine that runs them.
//!
//! A template is an entity of the catalog with a form and steps. A task is a template with values:
//! it is stored, taken by a worker (`engine`), and run step by step in a folder of its own
//! (`workspace`); each step renders its input (`render`) and calls an action of the registry.
//!
//! Invariants: a task that was acknowledged is run to its end by some process, whatever crashes; a
//! step that completed is never run again; no path of a template leads out of its workspace; secrets
//! are sealed where they are stored, wiped at the end, and hidden in everything that people see.

mod actions;
mod case;
mod engine;
mod filters;
mod git;
mod http;
mod janitor;
mod metrics;
mod outgoing;
pub mod permission;
mod plan;
mod processor;
mod render;
mod repo_url;
mod scaffolder;
mod script;
mod service;
mod store;
mod task;
mod template;
mod workspace;

pub use actions::{ArgoInstance, ArgoLogin};
pub use case::{Case, CaseKind, CaseOptions, Outcome};
pub use engine::Environment;
pub use engine::dry_run::{Tried, TriedFile};
pub use filters::template_host;
pub use http::router;
pub use processor::TemplateProcessor;
pub use repo_url::{HostKind, RepoHosts, RepoUrl, RepoUrlError};
pub use scaffolder::{CommitDefaults, Parts, Scaffolder, Settings};
pub use service::templates::Rehearsal;
pub use store::{MIGRATIONS, Reencrypted, reencrypt};
pub use template::text::{Linted, lint_text};
