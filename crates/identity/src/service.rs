//! The service: signs users in, issues tokens, and knows who calls.

mod sign_in;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use platform::clock::millis;
use platform::ctx::{Authenticator, User};
use platform::{Clock, Error, Result};
use url::Url;

use crate::directory::Directory;
use crate::external::External;
use crate::fetch::Fetch;
use crate::key_set::KeySet;
use crate::keys::{Keys, PublicJwk, USERS};
use crate::origins::Origins;
use crate::providers::Providers;
use crate::server::Server;
use crate::session::{Uses, Visits};
use crate::settings::Settings;
use crate::store::Store;
use crate::token::{self, UserClaims};
use crate::verify::{PluginAuthenticator, Route, VerifiedTokens, new_cache};

/// How long plugin tokens live and plugin keys sign.
const PLUGIN_TOKEN_LIFETIME: Duration = Duration::from_hours(1);
const MAX_PLUGIN_ID: usize = 100;

/// What this crate needs from its surroundings.
pub struct Surroundings {
    /// Keeps keys and what users own.
    pub store: Arc<dyn Store>,
    /// Fetches the keys of other issuers.
    pub fetch: Arc<dyn Fetch>,
    /// Knows users and what they own; without one, nobody but the guest signs in.
    pub directory: Option<Arc<dyn Directory>>,
    /// Time.
    pub clock: Clock,
}

/// Signs users in, issues tokens, and knows who calls.
pub struct Identity {
    pub(crate) settings: Settings,
    pub(crate) issuer: String,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Keys,
    pub(crate) external: External,
    /// Keys of plugins that other backends run, by plugin.
    pub(crate) peers: HashMap<String, KeySet>,
    pub(crate) verified: VerifiedTokens,
    pub(crate) clock: Clock,
    pub(crate) providers: Providers,
    pub(crate) origins: Origins,
    pub(crate) server: Option<Server>,
    /// When sessions were used, until that is written.
    pub(crate) uses: Uses,
    /// Who came without a session.
    pub(crate) visits: Visits,
    directory: Option<Arc<dyn Directory>>,
}

/// Whom a token of a user is for, and what it may; the user's own and everything by default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Agreed<'a> {
    /// The program; `None` for the user's own sign-in.
    pub(crate) client: Option<&'a str>,
    /// The only resource its token opens.
    pub(crate) resource: Option<&'a str>,
    /// Scopes that limit its token.
    pub(crate) scope: Option<&'a str>,
    /// The session of the user's browser.
    pub(crate) session: Option<&'a str>,
}

pub(crate) use sign_in::Door;

/// A user who has just signed in.
pub struct SignedIn {
    /// The user token.
    pub token: String,
    /// The user.
    pub user_ref: String,
    /// What the user owns things through.
    pub ownership: Vec<String>,
    /// How long the token lives.
    pub expires_in: Duration,
}

impl Identity {
    /// The service; fails when an entry of the settings is wrong.
    pub fn new(settings: Settings, surroundings: Surroundings) -> Result<Arc<Self>> {
        let Surroundings {
            store,
            fetch,
            directory,
            clock,
        } = surroundings;
        let identity = Self {
            issuer: settings.issuer(),
            external: External::new(&settings, &fetch, &clock)?,
            peers: peers(&settings, &fetch, &clock),
            providers: Providers::new(&settings, &fetch, &clock),
            server: Server::new(settings.server.clone())?,
            origins: Origins::new(&settings.app_url, &settings.extra_origins)?,
            keys: Keys::new(Arc::clone(&store), clock.clone()),
            verified: new_cache(),
            uses: Uses::default(),
            visits: Visits::default(),
            settings,
            store,
            clock,
            directory,
        };
        Ok(Arc::new(identity))
    }

    /// Authenticates requests to a plugin, for [`platform::http::mount`].
    pub fn authenticator(self: &Arc<Self>, plugin: &'static str) -> Arc<dyn Authenticator> {
        self.authenticator_for(plugin, false)
    }

    /// Like [`Identity::authenticator`], for routes that browsers load by themselves: takes limited
    /// user tokens and the cookie too.
    pub fn cookie_authenticator(self: &Arc<Self>, plugin: &'static str) -> Arc<dyn Authenticator> {
        self.authenticator_for(plugin, true)
    }

    fn authenticator_for(
        self: &Arc<Self>,
        plugin: &'static str,
        allows_limited: bool,
    ) -> Arc<dyn Authenticator> {
        Arc::new(PluginAuthenticator {
            identity: Arc::clone(self),
            route: Route {
                plugin,
                allows_limited,
            },
        })
    }

    /// Issues a token to a user whose identity has been proven, and remembers what they own.
    pub async fn issue_user_token(
        &self,
        user_ref: &str,
        ownership: Vec<String>,
    ) -> Result<SignedIn> {
        self.issue_token_for(user_ref, ownership, Agreed::default())
            .await
    }

    /// The same, for a program that acts for the user.
    pub(crate) async fn issue_token_for(
        &self,
        user_ref: &str,
        ownership: Vec<String>,
        agreed: Agreed<'_>,
    ) -> Result<SignedIn> {
        let lifetime = self.settings.bounded_token_lifetime();
        let key = self.keys.signing_key(USERS, lifetime).await?;
        let now = self.clock.now();
        self.store.save_ownership(user_ref, &ownership, now).await?;
        let iat = now / 1_000;
        let claims = UserClaims {
            iss: &self.issuer,
            sub: user_ref,
            ent: (!self.settings.omit_ownership_claim).then_some(&*ownership),
            agreed,
            iat,
            exp: iat + millis(lifetime) / 1_000,
        };
        Ok(SignedIn {
            token: token::sign_user(&claims, &key)?,
            user_ref: user_ref.to_owned(),
            ownership,
            expires_in: lifetime,
        })
    }

    /// Issues a token by which plugin `source` calls plugin `target`, for itself or for a user.
    pub async fn issue_plugin_token(
        &self,
        source: &str,
        target: &str,
        on_behalf_of: Option<&User>,
    ) -> Result<String> {
        for id in [source, target] {
            if !is_plugin_id(id) {
                return Err(Error::internal(format!("`{id}` is not a plugin id")));
            }
        }
        let obo = match on_behalf_of.map(|user| user.limited_token.as_deref()) {
            Some(None) => return Err(Error::internal("the user's token has no limited form")),
            other => other.flatten(),
        };
        let key = self.keys.signing_key(source, PLUGIN_TOKEN_LIFETIME).await?;
        let iat = self.clock.now() / 1_000;
        let own_end = iat + millis(PLUGIN_TOKEN_LIFETIME) / 1_000;
        let exp = on_behalf_of.map_or(own_end, |user| own_end.min(user.expires_at));
        token::sign_plugin(source, target, iat, exp, obo, &key)
    }

    /// Whether the catalog knows a user; without a catalog everybody is known.
    pub(crate) async fn is_known(&self, user_ref: &str) -> Result<bool> {
        match &self.directory {
            Some(directory) => Ok(directory.ownership(user_ref).await?.is_some()),
            None => Ok(true),
        }
    }

    /// The plugin that a URL of the portal belongs to.
    pub(crate) fn plugin_of(&self, url: &Url) -> Option<String> {
        let base = self.settings.base_url.as_str().trim_end_matches('/');
        let rest = url.as_str().strip_prefix(base)?.strip_prefix("/api/")?;
        let plugin = rest.split(['/', '?', '#']).next()?;
        is_plugin_id(plugin).then(|| plugin.to_owned())
    }

    pub(crate) fn directory(&self) -> Result<&dyn Directory> {
        let missing = || Error::internal("there is no catalog to find users in");
        self.directory.as_deref().ok_or_else(missing)
    }

    /// Why configured sign-in providers cannot be used.
    pub fn provider_problems(&self) -> &[String] {
        self.providers.problems()
    }

    /// Fails when the stored keys cannot be read.
    pub async fn check_keys(&self) -> Result<()> {
        self.store.load_keys().await.map(drop)
    }

    /// The keys that verify user tokens.
    pub async fn user_keys(&self) -> Result<Vec<PublicJwk>> {
        let lifetime = self.settings.bounded_token_lifetime();
        self.keys.published(USERS, lifetime).await
    }

    /// The keys that verify the tokens of a plugin.
    pub async fn plugin_keys(&self, plugin: &'static str) -> Result<Vec<PublicJwk>> {
        self.keys.published(plugin, PLUGIN_TOKEN_LIFETIME).await
    }

    /// What a user owns things through: as configured or as the catalog says, else the user alone.
    ///
    /// Who left the catalog keeps nothing of what was true at sign-in: the groups remembered from
    /// then include those above theirs, which no one could tell from their own any more. Only where
    /// there is no catalog counts what is remembered.
    pub(crate) async fn ownership(&self, user_ref: &str) -> Result<Arc<[String]>> {
        let known = match self.known_ownership(user_ref).await? {
            None if self.directory.is_none() => self.store.load_ownership(user_ref).await?,
            known => known,
        };
        Ok(known.unwrap_or_else(|| vec![user_ref.to_owned()]).into())
    }

    /// What is known of a user now: an explicit setting for the guest, else the catalog.
    async fn known_ownership(&self, user_ref: &str) -> Result<Option<Vec<String>>> {
        let guest = self.settings.providers.guest.as_ref();
        let guest = guest.filter(|guest| guest.user_entity_ref == user_ref);
        if let Some(refs) = guest.and_then(|guest| guest.ownership_entity_refs.clone()) {
            return Ok(Some(refs));
        }
        match &self.directory {
            Some(directory) => directory.ownership(user_ref).await,
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("issuer", &self.issuer)
            .field("external", &self.external)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedIn({})", self.user_ref)
    }
}

fn peers(settings: &Settings, fetch: &Arc<dyn Fetch>, clock: &Clock) -> HashMap<String, KeySet> {
    let peers = settings.peers.iter().map(|(plugin, url)| {
        let keys = KeySet::new(url.clone(), Arc::clone(fetch), clock.clone());
        (plugin.clone(), keys)
    });
    peers.collect()
}

/// Whether a text is the id of a plugin; owners of other keys never are.
pub(crate) fn is_plugin_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= MAX_PLUGIN_ID
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
