//! Providers against servers that answer as their vendors document, and against a real directory.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

mod double;
mod github;
mod gitlab;
mod graph;
mod keycloak;
mod ldap;
mod scim;
