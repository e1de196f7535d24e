//! Names that hosts allow for repositories and for what they are in.
//!
//! Only what a host is sure to refuse is refused here: the host has the last word.

use super::{HostKind, RepoHosts, RepoUrl, RepoUrlError};

/// Longest name of all hosts.
const MAX_NAME: usize = 255;
/// What the path of a repository cannot be.
const DOTS: [&str; 2] = [".", ".."];

/// Characters of a name.
enum Allowed {
    /// Letters and digits of ASCII, and these.
    Ascii(&'static str),
    /// Letters and digits of all languages, and these.
    Wide(&'static str),
    /// All but these.
    AllBut(&'static str),
}

impl Allowed {
    /// What a product allows in a part of the URL that it looks at.
    fn of(kind: HostKind, part: &str) -> Option<Self> {
        Some(match (kind, part) {
            (HostKind::Github, "owner") => Self::Ascii("-_"),
            (HostKind::Github | HostKind::Gitlab, "repo")
            | (HostKind::Gitea, "owner" | "repo")
            | (HostKind::Bitbucket, "workspace") => Self::Ascii("-_."),
            (HostKind::Gitlab, "owner" | "project") => Self::Ascii("-_./"),
            (HostKind::Bitbucket, "repo") => Self::Wide("-_. "),
            (HostKind::Bitbucket, "project") => Self::Ascii("-_.~"),
            (HostKind::Azure, "organization") => Self::Ascii("-"),
            (HostKind::Azure, "project" | "repo") => Self::AllBut("\\/:*?\"<>|#${},+=[];"),
            (HostKind::Gerrit, "repo") => Self::AllBut("\\:*?\"<>|%&"),
            _ => return None,
        })
    }

    fn has(&self, c: char) -> bool {
        match self {
            Self::Ascii(more) => c.is_ascii_alphanumeric() || more.contains(c),
            Self::Wide(more) => !c.is_ascii() || c.is_ascii_alphanumeric() || more.contains(c),
            Self::AllBut(others) => !others.contains(c),
        }
    }
}

impl RepoUrl {
    /// Reads a URL and fails if its host is sure to refuse one of its names; what is no URL of a
    /// known host is not looked at.
    pub(crate) fn check_names(text: &str, hosts: &RepoHosts) -> Result<(), RepoUrlError> {
        let Ok((url, kind, _)) = Self::read(text, hosts) else {
            return Ok(());
        };
        let parts = [
            ("owner", "owner"),
            ("repo", "repository"),
            ("organization", "organization"),
            ("workspace", "workspace"),
            ("project", "project"),
        ];
        for (part, noun) in parts {
            let name = url.part(part).filter(|name| !name.is_empty());
            if let (Some(name), Some(allowed)) = (name, Allowed::of(kind, part)) {
                url.check_name(noun, name, &allowed)?;
            }
        }
        Ok(())
    }

    fn check_name(&self, noun: &str, name: &str, allowed: &Allowed) -> Result<(), RepoUrlError> {
        let host = &self.host;
        if name.len() > MAX_NAME {
            return Err(RepoUrlError(format!(
                "the name of the {noun} is longer than {host} allows"
            )));
        }
        if DOTS.contains(&name) {
            return Err(RepoUrlError(format!(
                "`{name}` is no name of the {noun} that {host} allows"
            )));
        }
        let wrong = name.chars().find(|c| c.is_control() || !allowed.has(*c));
        match wrong {
            Some(c) => Err(RepoUrlError(format!(
                "the name of the {noun} has `{}`, which {host} does not allow",
                c.escape_debug()
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_characters_that_their_host_allows() {
        let hosts = RepoHosts::new([
            ("github.com".to_owned(), HostKind::Github),
            ("gitlab.com".to_owned(), HostKind::Gitlab),
            ("bitbucket.org".to_owned(), HostKind::Bitbucket),
            ("dev.azure.com".to_owned(), HostKind::Azure),
            ("gitea.example".to_owned(), HostKind::Gitea),
            ("gerrit.example".to_owned(), HostKind::Gerrit),
        ]);
        for (text, expected) in [
            ("github.com?owner=acme&repo=my-shop_2.js", None),
            (
                "github.com?owner=acme&repo=my%20shop",
                Some("the name of the repository has ` `, which github.com does not allow"),
            ),
            (
                "github.com?owner=ac/me&repo=shop",
                Some("the name of the owner has `/`, which github.com does not allow"),
            ),
            (
                "github.com?owner=acme&repo=sh%C3%B6p",
                Some("the name of the repository has `ö`, which github.com does not allow"),
            ),
            (
                "github.com?owner=acme&repo=..",
                Some("`..` is no name of the repository that github.com allows"),
            ),
            ("gitlab.com?owner=acme/web&repo=my_shop.api", None),
            (
                "gitlab.com?owner=acme&repo=a/b",
                Some("the name of the repository has `/`, which gitlab.com does not allow"),
            ),
            (
                "bitbucket.org?workspace=acme&project=~ada&repo=my+shop",
                None,
            ),
            (
                "bitbucket.org?workspace=ac me&project=X&repo=shop",
                Some("the name of the workspace has ` `, which bitbucket.org does not allow"),
            ),
            (
                "dev.azure.com?organization=acme&project=My+Shop&repo=an+api",
                None,
            ),
            (
                "dev.azure.com?organization=acme&project=p&repo=a:b",
                Some("the name of the repository has `:`, which dev.azure.com does not allow"),
            ),
            (
                "gitea.example?owner=acme&repo=a%0Ab",
                Some("the name of the repository has `\\n`, which gitea.example does not allow"),
            ),
            ("gerrit.example?repo=platform/shop", None),
            // The host decides what it has no part of, and what is no URL is told elsewhere.
            ("github.com?owner=acme&repo=shop&workspace=a b", None),
            ("elsewhere.example?owner=a b&repo=c d", None),
            ("", None),
        ] {
            let error = RepoUrl::check_names(text, &hosts).map_err(|error| error.to_string());
            assert_eq!(error.as_ref().err().map(String::as_str), expected, "{text}");
        }
        let long = format!("github.com?owner=acme&repo={}", "a".repeat(MAX_NAME + 1));
        assert!(RepoUrl::check_names(&long, &hosts).is_err());
    }
}
