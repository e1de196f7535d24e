//! The crate from outside: routes against recordings, tokens against forgeries.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

mod access_tokens;
mod browser;
mod external;
mod guest;
mod keys;
mod lab;
mod oauth_clients;
mod oauth_device;
mod oauth_looks;
mod oauth_records;
mod oauth_server;
mod oauth_world;
mod oidc;
mod ownership;
mod people;
mod presets;
mod proxies;
mod recordings;
mod session_stores;
mod sessions;
mod speed;
mod stores;
mod tokens;
mod vendor;
