//! The routes of the `auth` plugin, and those every plugin has.

mod auth;
mod cookie;
mod device;
mod oauth;
mod plugin;
mod provider;
mod sessions;
mod well_known;

pub use auth::auth_plugin;
pub use plugin::{JWKS_PATH, plugin_routes};
pub use well_known::well_known;
