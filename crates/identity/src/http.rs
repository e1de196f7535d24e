//! The routes of the `auth` plugin, and those every plugin has.

mod auth;
mod cookie;
mod oauth;
mod plugin;
mod provider;

pub use auth::auth_plugin;
pub use oauth::well_known;
pub use plugin::{JWKS_PATH, plugin_routes};
