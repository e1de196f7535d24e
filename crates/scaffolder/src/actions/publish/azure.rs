//! `publish:azure`: a repository of Azure DevOps.

use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use super::{Host, Published, repository, text};
use crate::actions::Reach;

/// The version of the API that is spoken.
const VERSION: &str = "7.1";

pub(super) async fn azure(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Azure).await?;
    let branch = text(input, "defaultBranch").unwrap_or("master");
    let repositories = Repositories {
        host: &host,
        organization: host.part("organization")?,
        project: host.part("project")?,
    };
    let created = run
        .once("repository", repositories.create(), repositories.find())
        .await?;
    let part = |name: &str| created[name].as_str().unwrap_or_default();
    let published = Published {
        remote_url: part("remoteUrl").to_owned(),
        contents_url: part("webUrl").to_owned(),
    };
    let commit = repository::commit(run, &host, input).await?;
    repository::send(run, &host, &published.remote_url, branch, &commit).await?;
    let mut output = published.to_json(&commit.hash());
    output["repositoryId"] = created["id"].clone();
    Ok(output)
}

/// The repositories of a project.
struct Repositories<'a> {
    host: &'a Host<'a>,
    organization: &'a str,
    project: &'a str,
}

impl Repositories<'_> {
    async fn create(&self) -> Result<Value> {
        let body = json!({ "name": self.host.name() });
        let url = self.url(None)?;
        let answer = self.host.send(Method::POST, url, Some(body)).await?;
        // Who is not known is sent to a page for signing in.
        if answer.is_success() && answer.status != http::StatusCode::NON_AUTHORITATIVE_INFORMATION {
            return answer.json();
        }
        let error = answer.error(&self.host.repo.host);
        let (project, name) = (self.project, self.host.name());
        Err(Error::new(
            error.code(),
            format!(
                "Unable to create the repository {name} in the project {project} of {}: {}",
                self.organization,
                error.message()
            ),
        ))
    }

    async fn find(&self) -> Result<Option<Value>> {
        let url = self.url(Some(self.host.name()))?;
        self.host.find_at(url).await
    }

    fn url(&self, name: Option<&str>) -> Result<Url> {
        let mut path = vec![
            self.organization,
            self.project,
            "_apis",
            "git",
            "repositories",
        ];
        path.extend(name);
        let mut url = self.host.api(&path)?;
        url.query_pairs_mut().append_pair("api-version", VERSION);
        Ok(url)
    }
}
