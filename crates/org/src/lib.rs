//! Users and groups of an organization, from where they are kept: GitHub, GitLab, Microsoft Graph,
//! LDAP, Keycloak. Each is an [`EntityProvider`](catalog::EntityProvider) of the catalog with the
//! settings of Backstage's module. Reference 4 §F.3.
//!
//! Invariants: a run either reads everything or fails as a whole, so that nobody is removed because
//! a page was missing; credentials go to the configured host only; what is read is bounded in size
//! and number, and a source that asks for a pause gets it.

mod github;
mod gitlab;
mod graph;
mod http;
mod keycloak;
mod ldap;
mod people;
mod provider;
mod schedule;
mod scim;
mod settings;
mod source;
mod store;

pub use http::router;
pub use provider::{Surroundings, providers};
pub use scim::{Scim, ScimProvider, Sink};
pub use store::MIGRATIONS;
