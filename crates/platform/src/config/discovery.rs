//! `discovery`: plugins that run elsewhere, as Backstage's `discovery.endpoints` has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where plugins are that other processes run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DiscoveryConfig {
    /// Plugins of other backends, whose tokens the portal accepts.
    pub endpoints: Vec<DiscoveryEndpoint>,
}

/// Plugins of one other backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveryEndpoint {
    /// Address of a plugin, with `{{pluginId}}` in place of its id; a URL, or an object.
    pub target: DiscoveryTarget,
    /// Ids of the plugins.
    pub plugins: Vec<String>,
}

/// Address of plugins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DiscoveryTarget {
    /// For everybody.
    Everybody(String),
    /// For other backends, and for browsers.
    ByCaller {
        /// For other backends.
        internal: Option<String>,
        /// For browsers.
        external: Option<String>,
    },
}

impl DiscoveryTarget {
    /// Where a backend finds a plugin; `None` when only browsers are told.
    pub fn internal(&self, plugin: &str) -> Option<String> {
        let template = match self {
            Self::Everybody(target) => target,
            Self::ByCaller { internal, .. } => internal.as_ref()?,
        };
        let spaced = template.replace("{{ pluginId }}", plugin);
        Some(spaced.replace("{{pluginId}}", plugin))
    }
}
