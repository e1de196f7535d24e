//! All configured source control hosts.

use url::Url;

use crate::integration::{Integration, IntegrationError, Kind};
use crate::repository::{RepoUrl, RepoUrlError};
use crate::resolve::{self, ResolveError};
use crate::settings::{
    AzureSettings, BitbucketCloudSettings, GithubSettings, GitlabSettings, Settings,
};

/// The configured source control hosts; public ones are there without configuration.
#[derive(Debug, Clone)]
pub struct ScmIntegrations {
    list: Vec<Integration>,
}

impl ScmIntegrations {
    /// Builds the integrations and adds those of the public hosts that are not configured.
    pub fn new(settings: &Settings) -> Result<Self, IntegrationError> {
        let mut list = Vec::new();
        for item in &settings.azure {
            list.push(Integration::azure(item)?);
        }
        for item in &settings.bitbucket_cloud {
            list.push(Integration::bitbucket_cloud(item)?);
        }
        for item in &settings.bitbucket_server {
            list.push(Integration::bitbucket_server(item)?);
        }
        for item in &settings.github {
            list.push(Integration::github(item)?);
        }
        for item in &settings.gitlab {
            list.push(Integration::gitlab(item)?);
        }
        for item in &settings.gitea {
            list.push(Integration::gitea(item)?);
        }
        let public = [
            Integration::azure(&AzureSettings::default())?,
            Integration::bitbucket_cloud(&BitbucketCloudSettings::default())?,
            Integration::github(&GithubSettings::default())?,
            Integration::gitlab(&GitlabSettings::default())?,
        ];
        for integration in public {
            if !list.iter().any(|known| known.host == integration.host) {
                list.push(integration);
            }
        }
        Ok(Self { list })
    }

    /// All integrations, configured ones of a kind before the public default.
    pub fn list(&self) -> &[Integration] {
        &self.list
    }

    /// The integration that serves a URL.
    pub fn by_url(&self, url: &Url) -> Option<&Integration> {
        self.list.iter().find(|integration| integration.serves(url))
    }

    /// The product behind a URL, if its host is configured.
    pub fn kind(&self, url: &Url) -> Option<Kind> {
        self.by_url(url).map(Integration::kind)
    }

    /// Repository, revision and path of a URL; `None` when its host is not configured.
    pub fn parse(&self, url: &Url) -> Option<Result<RepoUrl, RepoUrlError>> {
        self.by_url(url)
            .map(|integration| RepoUrl::parse(integration, url))
    }

    /// Resolves a target named in the file at `base`.
    ///
    /// Absolute URLs are returned as they are, a leading `/` means the root of the repository, and
    /// everything else is relative to the file. Targets that leave the repository are refused.
    pub fn resolve_url(&self, target: &str, base: &str) -> Result<String, ResolveError> {
        resolve::resolve(self.by_text(base), target, base)
    }

    /// The page that edits the file, or the URL itself when there is none.
    pub fn resolve_edit_url(&self, url: &str) -> String {
        resolve::edit(self.by_text(url), url)
    }

    /// Whether two files are in one repository; `None` unless both are URLs of repository files.
    pub fn same_repository(&self, left: &Url, right: &Url) -> Option<bool> {
        let (left_host, left) = self.file(left)?;
        let (right_host, right) = self.file(right)?;
        let is_same = |left: &str, right: &str| left.eq_ignore_ascii_case(right);
        Some(
            is_same(&left_host.host, &right_host.host)
                && is_same(&left.organization, &right.organization)
                && is_same(&left.owner, &right.owner)
                && is_same(&left.name, &right.name),
        )
    }

    /// The annotation that names the repository, as key and value, where Backstage has one.
    pub fn project_slug(&self, url: &Url) -> Option<(&'static str, String)> {
        let integration = self.by_url(url)?;
        let key = match integration.kind {
            Kind::Azure => "dev.azure.com/project-slug",
            Kind::BitbucketCloud => "bitbucket.org/project-slug",
            Kind::Github => "github.com/project-slug",
            Kind::Gitlab => "gitlab.com/project-slug",
            Kind::BitbucketServer | Kind::Gitea => return None,
        };
        let repo = RepoUrl::parse(integration, url).ok()?;
        Some((key, repo.full_name()))
    }

    /// The name a repository at this URL would be registered with; may be empty.
    pub fn repository_name(&self, url: &Url) -> String {
        if let Some(Ok(repo)) = self.parse(url) {
            return repo.name;
        }
        let path = url.path().trim_matches('/');
        let last = path.rsplit('/').next().unwrap_or_default();
        crate::percent::decode(last)
            .unwrap_or_default()
            .trim_end_matches(".git")
            .to_owned()
    }

    fn file(&self, url: &Url) -> Option<(&Integration, RepoUrl)> {
        let integration = self.by_url(url)?;
        let repo = RepoUrl::parse(integration, url).ok()?;
        repo.is_file.then_some((integration, repo))
    }

    fn by_text(&self, url: &str) -> Option<&Integration> {
        self.by_url(&Url::parse(url).ok()?)
    }
}
