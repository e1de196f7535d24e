//! Repositories of Bitbucket, in the cloud and on servers.

pub(super) mod cloud;
pub(super) mod server;

use platform::{Error, Result};
use serde_json::Value;
use url::Url;

use super::{Host, text};

/// One of several links, by its name.
fn link(links: &Value, name: &str) -> String {
    let mut links = links.as_array().into_iter().flatten();
    let found = links.find(|link| link["name"] == name);
    let href = found.and_then(|link| link["href"].as_str());
    href.unwrap_or_default().to_owned()
}

/// The branch that changes go to where a step names none.
fn main_branch(found: Option<&str>) -> Result<String> {
    found
        .map(str::to_owned)
        .ok_or_else(|| Error::input("the repository has no default branch"))
}

/// What the commit of a pull request says.
fn message<'a>(host: &'a Host<'_>, input: &'a Value) -> &'a str {
    text(input, "description")
        .or(host.reach.commits.message.as_deref())
        .or(text(input, "title"))
        .unwrap_or_default()
}

/// The URL that one clones a repository from.
fn clone_url(host: &Host<'_>, path: &[&str]) -> Result<Url> {
    let mut url = host.integration.base_url().clone();
    url.path_segments_mut()
        .map_err(|()| Error::internal("the host has no paths"))?
        .pop_if_empty()
        .extend(path);
    Ok(url)
}
