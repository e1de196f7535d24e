//! What an operator configures of the authorization server.

use std::time::Duration;

use platform::Result;
use platform::config::AuthConfig;

use super::pattern::Pattern;

/// Clients that need no permission: those of known tools, and ours.
const USUAL_CLIENTS: [&str; 3] = [
    "https://claude.ai/*",
    "https://vscode.dev/*",
    "https://chatgpt.com/oauth/codex/*/client.json",
];
/// Where clients may be answered: programs on the user's machine.
const USUAL_REDIRECTS: [&str; 3] = [
    "http://localhost:*/*",
    "http://127.0.0.1:*/*",
    "http://[::1]:*/*",
];

/// What an operator configures.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerSettings {
    /// Clients that are known by the URL of their metadata.
    pub(crate) documents: Option<Allowed>,
    /// Clients that register themselves: where they may be answered.
    pub(crate) registration: Option<Vec<Pattern>>,
    pub(crate) refresh: Option<RefreshSettings>,
}

/// Which clients of a kind there may be.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    pub(crate) clients: Vec<Pattern>,
    pub(crate) redirects: Vec<Pattern>,
}

/// `auth.experimentalRefreshToken`.
#[derive(Debug, Clone)]
pub(crate) struct RefreshSettings {
    pub(crate) lifetime: Duration,
    pub(crate) max_lifetime: Duration,
    pub(crate) max_per_user: usize,
    pub(crate) needs_user: bool,
}

impl ServerSettings {
    pub(crate) fn from_config(auth: &AuthConfig, issuer: &str) -> Result<Self> {
        let documents = auth
            .experimental_client_id_metadata_documents
            .as_ref()
            .filter(|older| older.enabled)
            .unwrap_or(&auth.client_id_metadata_documents);
        let registration = &auth.experimental_dynamic_client_registration;
        let refresh = &auth.experimental_refresh_token;
        let own = format!("{issuer}/.well-known/oauth-client/cli.json");
        let usual = || {
            let usual = USUAL_CLIENTS.map(str::to_owned);
            usual.into_iter().chain([own.clone()]).collect()
        };
        let clients = documents
            .allowed_client_id_patterns
            .clone()
            .unwrap_or_else(usual);
        let redirects = |patterns: &Option<Vec<String>>| {
            let usual = || USUAL_REDIRECTS.map(str::to_owned).to_vec();
            Pattern::all(&patterns.clone().unwrap_or_else(usual))
        };
        Ok(Self {
            documents: if documents.enabled {
                Some(Allowed {
                    clients: Pattern::all(&clients)?,
                    redirects: redirects(&documents.allowed_redirect_uri_patterns)?,
                })
            } else {
                None
            },
            registration: if registration.enabled {
                Some(redirects(&registration.allowed_redirect_uri_patterns)?)
            } else {
                None
            },
            refresh: refresh.enabled.then(|| RefreshSettings {
                lifetime: refresh.token_lifetime.get(),
                max_lifetime: refresh.max_rotation_lifetime.get(),
                max_per_user: refresh.max_tokens_per_user as usize,
                needs_user: !refresh.dangerously_disable_catalog_presence_check,
            }),
        })
    }

    /// Whether any client may come.
    pub(crate) fn is_on(&self) -> bool {
        self.documents.is_some() || self.registration.is_some()
    }
}
