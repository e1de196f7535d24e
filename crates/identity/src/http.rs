//! The routes of the `auth` and `permission` plugins, and those every plugin has.

mod auth;
mod cookie;
mod permission;
mod plugin;
mod provider;

pub use auth::auth_plugin;
pub use permission::permission_plugin;
pub use plugin::{JWKS_PATH, plugin_routes};
