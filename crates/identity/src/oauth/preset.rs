//! What the engine has to know of a provider.

use platform::config::OAuthConfig;
use url::Url;

use super::endpoints::Endpoints;
use crate::sign_in::{Claims, Facts, Named};

/// A provider, as data.
pub(crate) struct Preset {
    /// Its id in URLs and in the configuration.
    pub(crate) id: &'static str,
    /// Where it is; the error names the key that is missing.
    pub(crate) place: fn(&OAuthConfig) -> Result<Place, String>,
    /// Scopes it cannot do without.
    pub(crate) scopes: &'static [&'static str],
    /// The scopes that `scope` of the configuration replaces.
    pub(crate) default_scopes: &'static [&'static str],
    /// Whether what was granted is kept in a cookie, because the provider does not say it again.
    pub(crate) persists_scopes: bool,
    /// Further parameters of its sign-in page.
    pub(crate) start: &'static [(&'static str, &'static str)],
    /// The same, from the configuration.
    pub(crate) start_from_config: fn(&OAuthConfig) -> Vec<(&'static str, String)>,
    /// Where it says who somebody is; later sources win.
    pub(crate) sources: fn(&OAuthConfig) -> Vec<Source>,
    /// How to read what it says.
    pub(crate) facts: fn(&Claims, &OAuthConfig) -> Facts,
    /// Its resolvers beside the common ones.
    pub(crate) resolvers: fn(&OAuthConfig) -> Vec<Named>,
    /// What stands for a session in the browser.
    pub(crate) session: SessionKind,
    /// The source control host its access tokens are for.
    pub(crate) code_host: fn(&OAuthConfig) -> Option<String>,
    /// A page that ends the session at the provider.
    pub(crate) logout: fn(&OAuthConfig, Option<&str>) -> Option<Url>,
}

/// Where a provider is.
pub(crate) enum Place {
    /// It describes itself at this address.
    Described(Url),
    /// Known.
    Known(Box<Endpoints>),
}

/// Where a provider says who somebody is.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// In the ID token.
    IdToken,
    /// At the `userinfo` endpoint.
    UserInfo,
    /// At an address that answers an object.
    Object(Url),
    /// At an address whose answer becomes the member with this name; it may fail.
    Member(&'static str, Url),
    /// At an address that answers the name of the user in a header, and then below another one.
    NameInHeader {
        /// Answers with the header.
        ask: Url,
        /// Lower-case name of the header.
        header: &'static str,
        /// The name is appended to it.
        then: Url,
    },
}

/// What stands for a session in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionKind {
    /// A refresh token, if there is one.
    RefreshToken,
    /// A refresh token, or else the access token, which never ends.
    AccessToken,
}
