//! Sign-in at providers that speak OAuth 2 or OpenID Connect: one engine, and a table of presets.
//!
//! Invariants: an authorization code is exchanged only by the browser that asked for it (nonce and
//! PKCE verifier are in a cookie); an ID token is believed after its signature, issuer, audience,
//! time and nonce were checked; an email address counts only if the provider verified it; secrets
//! and tokens reach the provider they belong to and nobody else.

mod claims;
mod client;
mod endpoints;
mod exchange;
mod preset;
mod presets;
mod scope;
mod state;

pub(crate) use client::{Answer, Client, Completed};
pub(crate) use presets::preset;
pub(crate) use scope::{join as join_scopes, split as split_scopes};
pub(crate) use state::State;
