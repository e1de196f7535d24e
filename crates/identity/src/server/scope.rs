//! Scopes: what a program may do for its user.
//!
//! `openid` and `offline_access` are Backstage's. `<plugin>:<reach>` limits a token to a plugin and
//! a [`Reach`]; the plugin `portal` means all of them. A token without such a scope does everything
//! its user may, as in Backstage.
//!
//! Invariants: what cannot be understood never widens a token; a narrowed token stays narrow however
//! it is renewed.

use platform::ctx::Reach;

use super::{OAuthError, OAuthResult};
use crate::oauth::join_scopes;
use crate::service::is_plugin_id;

pub(crate) const OPENID: &str = "openid";
pub(crate) const OFFLINE: &str = "offline_access";
/// Stands for every plugin.
const PORTAL: &str = "portal";
/// Most scopes of a token.
const MAX_SCOPES: usize = 50;

/// A plugin, or all of them, and how far a token goes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) plugin: Option<String>,
    pub(crate) reach: Reach,
}

impl Limit {
    fn parse(scope: &str) -> Option<Self> {
        let (plugin, reach) = scope.split_once(':')?;
        let reach = Reach::ALL.into_iter().find(|it| it.name() == reach)?;
        let plugin = is_plugin_id(plugin).then_some(plugin)?;
        Some(Self {
            plugin: (plugin != PORTAL).then(|| plugin.to_owned()),
            reach,
        })
    }

    fn is_on(&self, plugin: &str) -> bool {
        self.plugin.as_deref().is_none_or(|own| own == plugin)
    }

    fn covers(&self, other: &Self) -> bool {
        let is_same = self.plugin.is_none() || self.plugin == other.plugin;
        is_same && self.reach >= other.reach
    }
}

/// The limits among scopes; none is no limit.
pub(crate) fn limits(scope: &str) -> Vec<Limit> {
    scope.split(' ').filter_map(Limit::parse).collect()
}

/// How far scopes go on a plugin; `None` for not at all.
pub(crate) fn reach_on(limits: &[Limit], plugin: &str) -> Option<Reach> {
    let own = limits.iter().filter(|limit| limit.is_on(plugin));
    own.map(|limit| limit.reach).max()
}

/// The scopes that there are, of those that were asked for. Words of other servers are passed over,
/// as Backstage does; what looks like a limit and is none is refused.
pub(super) fn granted(scope: &str) -> OAuthResult<String> {
    if scope.split_whitespace().count() > MAX_SCOPES {
        return Err(invalid("too many scopes"));
    }
    let mut known = Vec::new();
    for word in scope.split_whitespace() {
        if word == OPENID || word == OFFLINE || Limit::parse(word).is_some() {
            known.push(word);
        } else if word.contains(':') {
            return Err(invalid("scopes are `<plugin>:read`, `:write` or `:delete`"));
        }
    }
    Ok(join_scopes(known))
}

/// What is left of the scopes `had` when a client asks for less.
pub(super) fn narrowed(had: &str, asked: &str) -> OAuthResult<String> {
    let asked = granted(asked)?;
    let (old, new) = (limits(had), limits(&asked));
    let is_word = |word: &&str| !word.contains(':');
    let has_words = asked
        .split(' ')
        .filter(is_word)
        .all(|word| word.is_empty() || had.split(' ').any(|had| had == word));
    let is_within = |limit: &Limit| old.is_empty() || old.iter().any(|old| old.covers(limit));
    if !has_words || !new.iter().all(is_within) {
        return Err(invalid("more than was granted"));
    }
    if !new.is_empty() {
        return Ok(asked);
    }
    let limits = had.split(' ').filter(|word| Limit::parse(word).is_some());
    Ok(join_scopes(
        asked
            .split(' ')
            .filter(|word| !word.is_empty())
            .chain(limits),
    ))
}

fn invalid(text: &str) -> OAuthError {
    OAuthError::new("invalid_scope", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_scopes_never_widen() {
        for (asked, expected) in [
            ("openid", Some("openid")),
            ("openid profile email", Some("openid")),
            ("openid catalog:read openid", Some("openid catalog:read")),
            ("portal:write", Some("portal:write")),
            ("catalog:reed", None),
            ("catalog:", None),
            (":read", None),
            ("openid cata/log:read", None),
            ("a:b:read", None),
        ] {
            assert_eq!(granted(asked).ok().as_deref(), expected, "{asked}");
        }
        let many = vec!["catalog:read"; MAX_SCOPES + 1].join(" ");
        assert!(granted(&many).is_err());
    }

    #[test]
    fn scopes_reach_as_far_as_the_widest() {
        use Reach::{Delete, Read, Write};
        for (scope, on_catalog, on_techdocs) in [
            ("catalog:read", Some(Read), None),
            ("catalog:read catalog:write", Some(Write), None),
            ("portal:read catalog:delete", Some(Delete), Some(Read)),
        ] {
            let limits = limits(scope);
            assert_eq!(reach_on(&limits, "catalog"), on_catalog, "{scope}");
            assert_eq!(reach_on(&limits, "techdocs"), on_techdocs, "{scope}");
        }
    }

    #[test]
    fn a_renewed_token_has_no_more_than_before() {
        for (had, asked, expected) in [
            ("openid offline_access", "openid", Some("openid")),
            ("openid", "offline_access", None),
            ("openid", "catalog:read", Some("catalog:read")),
            ("openid catalog:write", "catalog:read", Some("catalog:read")),
            (
                "openid catalog:write",
                "openid",
                Some("openid catalog:write"),
            ),
            ("catalog:write", "", Some("catalog:write")),
            ("catalog:write", "profile", Some("catalog:write")),
            ("catalog:read", "catalog:write", None),
            ("catalog:read", "portal:read", None),
            ("catalog:read", "techdocs:read", None),
            ("portal:read", "techdocs:read", Some("techdocs:read")),
            ("portal:read", "portal:write", None),
        ] {
            let found = narrowed(had, asked).ok();
            assert_eq!(found.as_deref(), expected, "{had} -> {asked}");
        }
    }
}
