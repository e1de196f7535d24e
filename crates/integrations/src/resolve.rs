//! Resolving targets against the URL of the file that names them, and edit links.

use url::Url;

use crate::integration::{Integration, Kind};
use crate::repository::{RepoUrl, RepoUrlError, set_query};

/// A target cannot be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The base, or the target on it, is no URL.
    #[error("Invalid URL")]
    Invalid,
    /// The result would leave the repository, or hides path traversal.
    #[error("Invalid SCM URL: path traversal is not allowed in the URL")]
    Traversal,
}

/// Absolute targets stay; a leading `/` means the root of the repository; others are relative.
pub(crate) fn resolve(
    integration: Option<&Integration>,
    target: &str,
    base: &str,
) -> Result<String, ResolveError> {
    if Url::parse(target).is_ok() {
        return Ok(target.to_owned());
    }
    let base = Url::parse(base).map_err(|_| ResolveError::Invalid)?;
    let resolved = match integration {
        None => join(&base, target)?,
        Some(integration) if integration.kind == Kind::Azure => azure(integration, target, &base)?,
        Some(integration) => in_repository(integration, target, &base)?,
    };
    Ok(resolved.into())
}

fn join(base: &Url, target: &str) -> Result<Url, ResolveError> {
    base.join(target).map_err(|_| ResolveError::Invalid)
}

fn in_repository(integration: &Integration, target: &str, base: &Url) -> Result<Url, ResolveError> {
    let repo = match RepoUrl::parse(integration, base) {
        Ok(repo) => Some(repo),
        Err(RepoUrlError::NotARepository) => None,
        Err(RepoUrlError::Traversal) => return Err(ResolveError::Traversal),
    };
    let mut resolved = if target.starts_with('/') {
        let root = repo.as_ref().map_or_else(|| base.path(), |repo| &repo.root);
        let mut resolved = base.clone();
        resolved.set_path(&format!("{}{target}", root.trim_end_matches('/')));
        resolved.set_fragment(None);
        resolved
    } else {
        join(base, target)?
    };
    resolved.set_query(base.query());
    if let Some(repo) = repo.filter(|repo| repo.is_file) {
        check_inside(integration, &repo, base, &resolved)?;
    }
    Ok(if integration.kind == Kind::Github {
        with_type(integration, resolved, "tree")
    } else {
        resolved
    })
}

fn check_inside(
    integration: &Integration,
    repo: &RepoUrl,
    base: &Url,
    resolved: &Url,
) -> Result<(), ResolveError> {
    let below = resolved.path().strip_prefix(&*repo.root);
    let is_inside = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && resolved.origin() == base.origin()
        && resolved.username() == base.username()
        && RepoUrl::parse(integration, resolved).is_ok();
    if is_inside {
        Ok(())
    } else {
        Err(ResolveError::Traversal)
    }
}

/// Azure names the file in the query, so the path is resolved there.
fn azure(integration: &Integration, target: &str, base: &Url) -> Result<Url, ResolveError> {
    let repo = match RepoUrl::parse(integration, base) {
        Ok(repo) => repo,
        Err(RepoUrlError::Traversal) => return Err(ResolveError::Traversal),
        Err(RepoUrlError::NotARepository) => return join(base, target),
    };
    let mut file = Url::parse("https://path.invalid/").map_err(|_| ResolveError::Invalid)?;
    file.set_path(&repo.path);
    let resolved = join(&file, target)?;
    if resolved.origin() != file.origin() {
        return Err(ResolveError::Traversal);
    }
    let path = crate::percent::decode(resolved.path()).ok_or(ResolveError::Traversal)?;
    if crate::percent::has_traversal(&path) {
        return Err(ResolveError::Traversal);
    }
    let mut url = base.clone();
    set_query(&mut url, "path", &path);
    Ok(url)
}

/// The page that edits the file, or the URL itself where the host has none.
pub(crate) fn edit(integration: Option<&Integration>, target: &str) -> String {
    let parsed = integration.zip(Url::parse(target).ok());
    let Some((integration, url)) = parsed else {
        return target.to_owned();
    };
    match integration.kind {
        Kind::Github => with_type(integration, url, "edit").into(),
        Kind::Gitlab => gitlab_edit(target),
        Kind::Gitea => gitea_edit(integration, &url).unwrap_or_else(|| target.to_owned()),
        Kind::BitbucketCloud => bitbucket_cloud_edit(integration, url).into(),
        Kind::BitbucketServer => target.split('?').next().unwrap_or(target).to_owned(),
        Kind::Azure => target.to_owned(),
    }
}

/// GitHub's pages of one file differ in the third segment only.
fn with_type(integration: &Integration, mut url: Url, kind: &str) -> Url {
    let prefix = integration.base.path().trim_end_matches('/').to_owned();
    let replaced = url.path().strip_prefix(&prefix).and_then(|path| {
        let mut parts: Vec<&str> = path.splitn(5, '/').collect();
        let is_page = parts.len() == 5 && matches!(parts.get(3), Some(&("blob" | "tree" | "edit")));
        *parts.get_mut(3).filter(|_| is_page)? = kind;
        Some(format!("{prefix}{}", parts.join("/")))
    });
    if let Some(path) = replaced {
        url.set_path(&path);
    }
    url
}

fn gitlab_edit(target: &str) -> String {
    let first = ["/-/blob/", "/-/tree/", "/-/edit/"]
        .into_iter()
        .filter_map(|page| target.find(page).map(|at| (at, page.len())))
        .min();
    match first {
        Some((at, len)) => format!("{}/-/edit/{}", &target[..at], &target[at + len..]),
        None => target.to_owned(),
    }
}

fn gitea_edit(integration: &Integration, url: &Url) -> Option<String> {
    let repo = RepoUrl::parse(integration, url)
        .ok()
        .filter(|repo| repo.is_file)?;
    let encode = crate::percent::encode_segment;
    Some(format!(
        "{}/{}/{}/_edit/{}/{}",
        integration.base.as_str().trim_end_matches('/'),
        encode(&repo.owner),
        encode(&repo.name),
        encode(repo.reference_name()?),
        crate::percent::encode_path(&repo.path),
    ))
}

fn bitbucket_cloud_edit(integration: &Integration, mut url: Url) -> Url {
    let repo = RepoUrl::parse(integration, &url).ok();
    let reference = repo
        .as_ref()
        .and_then(RepoUrl::reference_name)
        .unwrap_or_default();
    set_query(&mut url, "mode", "edit");
    set_query(&mut url, "at", reference);
    url
}
