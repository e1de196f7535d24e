//! Completion of fields of forms, with what source control hosts show a user. Reference 2 §D.5.
//!
//! Invariants: hosts are asked with the token of the user and never with credentials of the
//! configuration, so that nobody sees more than the host would show them; only configured hosts are
//! asked; lists are bounded.

use http::Method;
use integrations::{Integration, Kind};
use platform::config::Secret;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use crate::outgoing::Request;
use crate::scaffolder::Scaffolder;

/// Entries of a page.
const PAGE: usize = 100;
/// Pages of one list.
const MAX_PAGES: usize = 10;

/// Providers, what runs there, and the host that is meant where none is named.
const PROVIDERS: [(&str, Kind, &str); 4] = [
    ("github", Kind::Github, "github.com"),
    ("gitlab", Kind::Gitlab, "gitlab.com"),
    ("bitbucket-cloud", Kind::BitbucketCloud, "bitbucket.org"),
    ("gitea", Kind::Gitea, ""),
];

impl Scaffolder {
    /// Values a field may have.
    pub(crate) async fn complete(
        &self,
        provider: &str,
        resource: &str,
        request: &Value,
    ) -> Result<Vec<Value>> {
        let known = PROVIDERS.iter().find(|(name, ..)| *name == provider);
        let Some((_, kind, public)) = known else {
            return Err(Error::input(format!("Unsupported provider: {provider}")));
        };
        let context = &request["context"];
        let name = context["host"].as_str().unwrap_or(public);
        let integrations = self.catalog.integrations().list();
        let integration = integrations
            .iter()
            .find(|it| it.host() == name && it.kind() == *kind)
            .ok_or_else(|| {
                Error::input(format!(
                    "No matching integration configuration for host {name}, please check your \
                     integrations config"
                ))
            })?;
        let token = request["token"].as_str().unwrap_or_default();
        if token.is_empty() {
            return Err(Error::input("a token of the user is needed"));
        }
        let host = Host {
            scaffolder: self,
            integration,
            authorization: Secret::new(format!("Bearer {token}")),
            context,
        };
        match kind {
            Kind::Gitlab => host.gitlab(resource).await,
            Kind::BitbucketCloud => host.bitbucket(resource).await,
            _ => host.github(resource).await,
        }
    }
}

/// A host that is asked, with what the form knows already.
struct Host<'a> {
    scaffolder: &'a Scaffolder,
    integration: &'a Integration,
    authorization: Secret,
    context: &'a Value,
}

fn unknown<T>(resource: &str) -> Result<T> {
    Err(Error::input(format!("Invalid resource: {resource}")))
}

/// The entries by what they are called.
fn by<'l>(list: &'l [Value], name: &'l str) -> Vec<Value> {
    let ids = list.iter().filter_map(|entry| entry[name].as_str());
    ids.map(|id| json!({ "id": id })).collect()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

impl Host<'_> {
    /// GitHub, and Gitea, which speaks like it.
    async fn github(&self, resource: &str) -> Result<Vec<Value>> {
        match resource {
            "owners" => {
                let organizations = self.list(&["user", "orgs"], &[]).await?;
                Ok(by(&organizations, "login")
                    .into_iter()
                    .chain(by(&organizations, "username"))
                    .collect())
            }
            "repositoriesWithOwner" => {
                Ok(by(&self.list(&["user", "repos"], &[]).await?, "full_name"))
            }
            "branches" => {
                let (owner, name) = (self.given("owner")?, self.given("repository")?);
                let path = ["repos", owner, name, "branches"];
                Ok(by(&self.list(&path, &[]).await?, "name"))
            }
            other => unknown(other),
        }
    }

    async fn gitlab(&self, resource: &str) -> Result<Vec<Value>> {
        match resource {
            "groups" => {
                let groups = self.list(&["groups"], &[]).await?;
                let user = self.get(self.url(&["user"])?).await?;
                let entry = |thing: &Value, title: &str| json!({ "title": thing[title], "id": text(&thing["id"]) });
                let own = std::iter::once(entry(&user, "username"));
                let groups = groups.iter().map(|group| entry(group, "full_path"));
                Ok(groups.chain(own).collect())
            }
            "repositories" => {
                let id = self.given("id")?;
                let user = self.get(self.url(&["user"])?).await?;
                let of = if text(&user["id"]) == id {
                    "users"
                } else {
                    "groups"
                };
                let projects = self.list(&[of, id, "projects"], &[]).await?;
                let entry = |project: &Value| {
                    let name = project["name"].as_str().unwrap_or_default();
                    json!({ "title": name.trim(), "id": project["path"] })
                };
                Ok(projects.iter().map(entry).collect())
            }
            other => unknown(other),
        }
    }

    async fn bitbucket(&self, resource: &str) -> Result<Vec<Value>> {
        match resource {
            "workspaces" => Ok(by(&self.list(&["workspaces"], &[]).await?, "slug")),
            "projects" => {
                let path = ["workspaces", self.given("workspace")?, "projects"];
                Ok(by(&self.list(&path, &[]).await?, "key"))
            }
            "repositories" => {
                let project = self.given("project")?;
                if project.contains(['"', '\\']) {
                    return Err(Error::input("this is no key of a project"));
                }
                let query = format!("project.key=\"{project}\"");
                let path = ["repositories", self.given("workspace")?];
                Ok(by(
                    &self.list(&path, &[("q", query.as_str())]).await?,
                    "slug",
                ))
            }
            "branches" => {
                let (workspace, name) = (self.given("workspace")?, self.given("repository")?);
                let path = ["repositories", workspace, name, "refs", "branches"];
                Ok(by(&self.list(&path, &[]).await?, "name"))
            }
            other => unknown(other),
        }
    }

    /// What the form has to know already.
    fn given(&self, name: &str) -> Result<&str> {
        self.context[name]
            .as_str()
            .filter(|it| !it.is_empty())
            .ok_or_else(|| Error::input(format!("Missing {name} context parameter")))
    }

    /// All entries of a list, page by page.
    async fn list(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Vec<Value>> {
        let mut entries = Vec::new();
        for page in 1..=MAX_PAGES {
            let mut url = self.url(path)?;
            let size = match self.integration.kind() {
                Kind::BitbucketCloud => "pagelen",
                Kind::Gitea => "limit",
                _ => "per_page",
            };
            url.query_pairs_mut()
                .append_pair(size, &PAGE.to_string())
                .append_pair("page", &page.to_string())
                .extend_pairs(query);
            let mut answer = self.get(url).await?;
            if !answer["values"].is_null() {
                answer = answer["values"].take();
            }
            let Value::Array(list) = answer else {
                return Err(Error::unavailable("the host answered with no list"));
            };
            let n_entries = list.len();
            entries.extend(list);
            // Some hosts give smaller pages than they are asked for.
            if n_entries == 0 || (n_entries < PAGE && self.integration.kind() != Kind::Gitea) {
                break;
            }
        }
        Ok(entries)
    }

    fn url(&self, path: &[&str]) -> Result<Url> {
        let mut url = self.integration.api_url().clone();
        url.path_segments_mut()
            .map_err(|()| Error::internal("the API has no paths"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    async fn get(&self, url: Url) -> Result<Value> {
        let request = Request {
            authorization: Some(self.authorization.clone()),
            ..Request::new(Method::GET, url)
        };
        let answer = self.scaffolder.outgoing.send(request).await?;
        if !answer.is_success() {
            return Err(answer.error(self.integration.host()));
        }
        answer.json()
    }
}
