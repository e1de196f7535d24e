//! The URLs of the repository picker: `host?owner=…&repo=…`.

mod names;

use std::collections::HashMap;

use serde_json::{Map, Value};
use url::Url;

/// The product that runs on a host; it decides which parts a URL needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKind {
    /// Azure DevOps.
    Azure,
    /// Bitbucket, cloud or server.
    Bitbucket,
    /// Gerrit.
    Gerrit,
    /// Gitea.
    Gitea,
    /// GitLab.
    Gitlab,
    /// GitHub, and everything else that has owners and repositories.
    Github,
}

/// Which hosts are configured, and what runs there.
#[derive(Debug, Clone)]
pub struct RepoHosts(HashMap<String, HostKind>);

impl Default for RepoHosts {
    /// The public hosts, which need no configuration.
    fn default() -> Self {
        Self::new([
            ("github.com".to_owned(), HostKind::Github),
            ("gitlab.com".to_owned(), HostKind::Gitlab),
            ("bitbucket.org".to_owned(), HostKind::Bitbucket),
            ("dev.azure.com".to_owned(), HostKind::Azure),
        ])
    }
}

impl RepoHosts {
    /// The hosts and what runs there.
    pub fn new(hosts: impl IntoIterator<Item = (String, HostKind)>) -> Self {
        Self(hosts.into_iter().collect())
    }

    /// What runs on a host.
    pub(crate) fn kind(&self, host: &str) -> Option<HostKind> {
        self.0.get(host).copied()
    }
}

/// The parts of a URL of the repository picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoUrl {
    /// Host, with its port if it has one.
    pub host: String,
    /// Owner or group.
    pub owner: Option<String>,
    /// Name of the repository.
    pub repo: Option<String>,
    /// Organization of Azure DevOps.
    pub organization: Option<String>,
    /// Workspace of Bitbucket.
    pub workspace: Option<String>,
    /// Project of Azure DevOps and Bitbucket, or the id of one of GitLab.
    pub project: Option<String>,
}

/// Why a text is not the URL of a repository, in the words of Backstage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoUrlError(String);

impl std::fmt::Display for RepoUrlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RepoUrlError {}

impl RepoUrl {
    /// Reads a URL whose host is configured and which has the parts that host needs.
    pub fn parse(text: &str, hosts: &RepoHosts) -> Result<Self, RepoUrlError> {
        let (parsed, kind, url) = Self::read(text, hosts)?;
        parsed.check(kind, url.as_str())?;
        Ok(parsed)
    }

    /// Reads a URL of which only the host is needed.
    pub(crate) fn parse_host(text: &str, hosts: &RepoHosts) -> Result<Self, RepoUrlError> {
        Self::read(text, hosts).map(|(parsed, ..)| parsed)
    }

    fn read(text: &str, hosts: &RepoHosts) -> Result<(Self, HostKind, Url), RepoUrlError> {
        let invalid = |error: &dyn std::fmt::Display| {
            let message = format!("Invalid repo URL passed to publisher, got {text}, {error}");
            RepoUrlError(message)
        };
        let url = Url::parse(&format!("https://{text}")).map_err(|error| invalid(&error))?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(invalid(&"there is no host")),
        };
        let part = |name: &str| {
            let mut pairs = url.query_pairs();
            let found = pairs.find(|(known, _)| known == name);
            found.map(|(_, value)| value.trim_matches('/').to_owned())
        };
        let parsed = Self {
            owner: part("owner"),
            repo: part("repo"),
            organization: part("organization"),
            workspace: part("workspace"),
            project: part("project"),
            host,
        };
        let Some(kind) = hosts.kind(&parsed.host) else {
            return Err(RepoUrlError(format!(
                "No matching integration configuration for host {}, please check your \
                 integrations config",
                parsed.host
            )));
        };
        Ok((parsed, kind, url))
    }

    fn check(&self, kind: HostKind, url: &str) -> Result<(), RepoUrlError> {
        let required: &[&str] = match kind {
            HostKind::Bitbucket if self.host == "www.bitbucket.org" => {
                &["workspace", "project", "repo"]
            }
            HostKind::Azure | HostKind::Bitbucket => &["project", "repo"],
            HostKind::Gitlab if self.project.as_deref().is_some_and(|it| !it.is_empty()) => &[],
            HostKind::Gerrit | HostKind::Gitea => &["repo"],
            HostKind::Gitlab => &["owner", "repo"],
            HostKind::Github => &["repo", "owner"],
        };
        let missing = required
            .iter()
            .find(|name| self.part(name).is_none_or(str::is_empty));
        match missing {
            Some(name) => Err(RepoUrlError(format!(
                "Invalid repo URL passed to publisher: {url}, missing {name}"
            ))),
            None => Ok(()),
        }
    }

    fn part(&self, name: &str) -> Option<&str> {
        match name {
            "owner" => self.owner.as_deref(),
            "repo" => self.repo.as_deref(),
            "organization" => self.organization.as_deref(),
            "workspace" => self.workspace.as_deref(),
            "project" => self.project.as_deref(),
            _ => None,
        }
    }

    /// The parts that are there, as templates see them.
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("host".to_owned(), self.host.clone().into());
        for name in ["owner", "repo", "organization", "workspace", "project"] {
            if let Some(value) = self.part(name) {
                members.insert(name.to_owned(), value.into());
            }
        }
        Value::Object(members)
    }

    /// `owner/repo`
    pub fn slug(&self) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "undefined".to_owned());
        format!("{}/{}", part(&self.owner), part(&self.repo))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_the_parts_their_host_needs() {
        let hosts = RepoHosts::default();
        for (text, expected) in [
            ("github.com?owner=acme&repo=shop", Ok("acme/shop")),
            (
                "gitlab.com?owner=/acme%2Fweb/&repo=shop",
                Ok("acme/web/shop"),
            ),
            ("gitlab.com?project=12", Ok("undefined/undefined")),
            (
                "github.com?owner=acme",
                Err(
                    "Invalid repo URL passed to publisher: https://github.com/?owner=acme, missing repo",
                ),
            ),
            (
                "dev.azure.com?owner=acme&repo=shop",
                Err(
                    "Invalid repo URL passed to publisher: https://dev.azure.com/?owner=acme&repo=shop, missing project",
                ),
            ),
            (
                "git.example.com?owner=a&repo=b",
                Err(
                    "No matching integration configuration for host git.example.com, please check your integrations config",
                ),
            ),
        ] {
            let slug = RepoUrl::parse(text, &hosts).map(|url| url.slug());
            let slug = slug.map_err(|error| error.to_string());
            assert_eq!(slug.as_deref().map_err(String::as_str), expected, "{text}");
        }
        assert!(RepoUrl::parse("", &hosts).is_err());
    }

    #[test]
    fn parts_that_are_missing_are_left_out() {
        let hosts = RepoHosts::new([("git.example.com:8443".to_owned(), HostKind::Gitea)]);
        let url = RepoUrl::parse("git.example.com:8443?repo=x", &hosts).unwrap();
        assert_eq!(
            url.to_json(),
            serde_json::json!({"host": "git.example.com:8443", "repo": "x"})
        );
    }
}
