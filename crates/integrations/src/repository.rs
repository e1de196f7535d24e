//! What a web URL of a source control host points at: repository, revision and path.

use url::Url;

use crate::integration::{Integration, Kind};
use crate::percent;

/// A URL taken apart. All parts are decoded and free of path traversal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoUrl {
    /// User, organization, group path (with slashes) or project key.
    pub owner: String,
    /// Name of the repository.
    pub name: String,
    /// Branch, tag or commit; `None` means the default branch.
    pub reference: Option<Reference>,
    /// Path below the root of the repository, without a leading slash; may hold wildcards.
    pub path: String,
    /// Azure's organization, or organization and collection; empty elsewhere.
    pub(crate) organization: String,
    /// Whether the URL is of the form that shows files.
    pub(crate) is_file: bool,
    /// Encoded URL path of the repository's root at this revision, without a final slash.
    pub(crate) root: String,
}

/// What kind of name selects the revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A branch, or anything where the URL does not tell.
    Branch,
    /// A tag.
    Tag,
    /// A commit.
    Commit,
}

/// A revision of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its name or hash.
    pub name: String,
    /// What it names.
    pub kind: ReferenceKind,
}

impl Reference {
    /// A branch, or a name whose kind is not known.
    pub(crate) fn branch(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: ReferenceKind::Branch,
        }
    }

    /// A commit.
    pub(crate) fn commit(hash: impl Into<String>) -> Self {
        Self {
            name: hash.into(),
            kind: ReferenceKind::Commit,
        }
    }
}

/// The URL cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RepoUrlError {
    /// A part has `.` or `..` segments, control characters or broken encoding.
    #[error("Invalid SCM URL: path traversal is not allowed in the URL")]
    Traversal,
    /// It does not name a repository.
    #[error("the URL must point to a repository")]
    NotARepository,
}

impl RepoUrl {
    /// No repository, only somebody who may have some.
    pub(crate) fn of_owner(owner: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            name: String::new(),
            reference: None,
            path: String::new(),
            organization: owner.to_owned(),
            is_file: false,
            root: String::new(),
        }
    }

    /// The root of a repository.
    pub(crate) fn named(owner: &str, name: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
            reference: None,
            path: String::new(),
            // Who asks for a repository of Azure by name gives its organization.
            organization: owner.to_owned(),
            is_file: false,
            root: String::new(),
        }
    }

    /// Owner and name.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Name of the revision, if the URL has one.
    pub(crate) fn reference_name(&self) -> Option<&str> {
        self.reference
            .as_ref()
            .map(|reference| reference.name.as_str())
    }

    /// Takes a URL of the integration's host apart.
    pub(crate) fn parse(integration: &Integration, url: &Url) -> Result<Self, RepoUrlError> {
        let segments = segments_below(&integration.base, url)?;
        let parsed = match integration.kind {
            Kind::Azure => azure(&segments, url),
            Kind::Gitlab => gitlab(&segments),
            Kind::Gitea => gitea(&segments),
            Kind::BitbucketServer => bitbucket_server(&segments, url),
            Kind::Github => owner_and_name(&segments, &["blob", "tree", "raw", "edit"]),
            Kind::BitbucketCloud => owner_and_name(&segments, &["src", "raw"]),
        };
        let mut repo = parsed.ok_or(RepoUrlError::NotARepository)?;
        repo.root = format!(
            "{}{}",
            integration.base.path().trim_end_matches('/'),
            repo.root
        );
        repo.check()?;
        Ok(repo)
    }

    /// The URL of another file of the same repository and revision.
    pub(crate) fn sibling(&self, integration: &Integration, url: &Url, path: &str) -> Url {
        let mut sibling = url.clone();
        if integration.kind == Kind::Azure {
            set_query(&mut sibling, "path", &format!("/{path}"));
        } else {
            sibling.set_path(&format!("{}/{}", self.root, percent::encode_path(path)));
        }
        sibling
    }

    /// The same repository, at another revision and path.
    pub(crate) fn at(&self, reference: Reference, path: &str) -> Self {
        Self {
            reference: Some(reference),
            path: path.to_owned(),
            ..self.clone()
        }
    }

    fn check(&self) -> Result<(), RepoUrlError> {
        let reference = self.reference_name().unwrap_or_default();
        let parts = [
            &*self.owner,
            &self.name,
            reference,
            &self.path,
            &self.organization,
        ];
        if parts.into_iter().any(percent::has_traversal) {
            return Err(RepoUrlError::Traversal);
        }
        if self.name.is_empty() || (self.owner.is_empty() && self.organization.is_empty()) {
            return Err(RepoUrlError::NotARepository);
        }
        Ok(())
    }
}

/// Replaces one parameter of the query, in place if it is there.
pub(crate) fn set_query(url: &mut Url, key: &str, value: &str) {
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    match pairs.iter_mut().find(|pair| pair.0 == key) {
        Some(pair) => value.clone_into(&mut pair.1),
        None => pairs.push((key.to_owned(), value.to_owned())),
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
}

/// One segment of the URL path, as written and decoded.
struct Segment<'a> {
    raw: &'a str,
    text: String,
}

fn segments_below<'a>(base: &Url, url: &'a Url) -> Result<Vec<Segment<'a>>, RepoUrlError> {
    let prefix = base.path().trim_end_matches('/');
    let below = url
        .path()
        .strip_prefix(prefix)
        .ok_or(RepoUrlError::NotARepository)?;
    let below = below
        .strip_prefix('/')
        .ok_or(RepoUrlError::NotARepository)?;
    below
        .split('/')
        .map(|raw| {
            let text = percent::decode(raw).ok_or(RepoUrlError::Traversal)?;
            Ok(Segment { raw, text })
        })
        .collect()
}

/// `owner/name[/<type>/<ref>[/<path>]]`
fn owner_and_name(segments: &[Segment<'_>], types: &[&str]) -> Option<RepoUrl> {
    let is_type = segments
        .get(2)
        .is_some_and(|segment| types.contains(&&*segment.text));
    let is_file = is_type
        && segments
            .get(3)
            .is_some_and(|segment| !segment.text.is_empty());
    build(segments, 2, is_file.then_some(3))
}

/// `group/…/name[/-]/<type>/<ref>[/<path>]`
fn gitlab(segments: &[Segment<'_>]) -> Option<RepoUrl> {
    const TYPES: [&str; 4] = ["blob", "tree", "raw", "edit"];
    let text = |at: usize| segments.get(at).map(|segment| segment.text.as_str());
    let is_type = |at: usize| text(at).is_some_and(|name| TYPES.contains(&name));
    let dash = (2..segments.len()).find(|&at| text(at) == Some("-"));
    let end = dash.or_else(|| (2..segments.len()).find(|&at| is_type(at)));
    let end = end.unwrap_or(segments.len());
    let type_at = dash.map_or(end, |dash| dash + 1);
    let is_file = is_type(type_at) && text(type_at + 1).is_some_and(|name| !name.is_empty());
    build(segments, end, is_file.then_some(type_at + 1))
}

/// `owner/name[/src/(branch|tag|commit)/<ref>[/<path>]]`, `…/raw/branch/<ref>/…`, `…/_edit/<ref>/…`
fn gitea(segments: &[Segment<'_>]) -> Option<RepoUrl> {
    let text = |at: usize| segments.get(at).map(|segment| segment.text.as_str());
    if !matches!(text(2), Some("src" | "raw" | "_edit")) {
        return build(segments, 2, None);
    }
    let kind = match text(3) {
        Some("branch") => Some(ReferenceKind::Branch),
        Some("tag") => Some(ReferenceKind::Tag),
        Some("commit") => Some(ReferenceKind::Commit),
        _ => None,
    };
    let at = if kind.is_some() { 4 } else { 3 };
    let is_file = text(at).is_some_and(|reference| !reference.is_empty());
    let mut repo = build(segments, 2, is_file.then_some(at))?;
    if let (Some(reference), Some(kind)) = (&mut repo.reference, kind) {
        reference.kind = kind;
    }
    Some(repo)
}

/// `projects/<key>/repos/<name>[/browse/<path>][?at=<ref>]`, `users/<name>/repos/…`, `scm/<key>/<name>`
fn bitbucket_server(segments: &[Segment<'_>], url: &Url) -> Option<RepoUrl> {
    let text = |at: usize| segments.get(at).map(|segment| segment.text.as_str());
    let owner = match (text(0), text(2)) {
        (Some("projects"), Some("repos")) => text(1)?.to_owned(),
        (Some("users"), Some("repos")) => format!("~{}", text(1)?),
        (Some("scm"), _) => return build(segments.get(1..)?, 2, None),
        _ => return owner_and_name(segments, &["src", "raw", "browse"]),
    };
    let is_file = matches!(text(4), Some("browse" | "raw"));
    let root_end = if is_file { 5 } else { 4 };
    Some(RepoUrl {
        owner,
        name: text(3)?.to_owned(),
        reference: query(url, "at")
            .map(|at| Reference::branch(at.strip_prefix("refs/heads/").unwrap_or(&at))),
        path: join(segments, root_end),
        organization: String::new(),
        is_file,
        root: encoded(segments, root_end),
    })
}

/// `<org>[/<project>]/_git/<repo>?path=…&version=GB<branch>`, with `<collection>/` in front on servers
fn azure(segments: &[Segment<'_>], url: &Url) -> Option<RepoUrl> {
    let git = segments.iter().position(|segment| segment.text == "_git")?;
    let name = segments
        .get(git + 1)?
        .text
        .trim_end_matches(".git")
        .to_owned();
    let text = |at: usize| segments.get(at).map(|segment| segment.text.clone());
    let legacy = url.host_str()?.ends_with(".visualstudio.com");
    let (organization, owner) = match (git, legacy) {
        (0, true) => (String::new(), name.clone()),
        (1, true) => (String::new(), text(0)?),
        (1, false) => (text(0)?, name.clone()),
        (2, _) => (text(0)?, text(1)?),
        (3, _) => (format!("{}/{}", text(0)?, text(1)?), text(2)?),
        _ => return None,
    };
    let path = query(url, "path");
    let reference = match query(url, "version").filter(|version| !version.is_empty()) {
        Some(version) => Some(azure_version(&version)?),
        None => None,
    };
    Some(RepoUrl {
        owner,
        name,
        reference,
        is_file: path.is_some(),
        path: path.unwrap_or_default().trim_start_matches('/').to_owned(),
        organization,
        root: encoded(segments, git + 2),
    })
}

/// `GB<branch>`, `GT<tag>` or `GC<commit>`
fn azure_version(version: &str) -> Option<Reference> {
    let (prefix, name) = version.split_at_checked(2)?;
    let kind = match prefix {
        "GB" => ReferenceKind::Branch,
        "GT" => ReferenceKind::Tag,
        "GC" => ReferenceKind::Commit,
        _ => return None,
    };
    Some(Reference {
        name: name.to_owned(),
        kind,
    })
}

/// Segments before `end` are owner and name; the revision, if any, is at `reference`.
fn build(segments: &[Segment<'_>], end: usize, reference: Option<usize>) -> Option<RepoUrl> {
    let mut end = end;
    while end > 2
        && segments
            .get(end - 1)
            .is_some_and(|last| last.text.is_empty())
    {
        end -= 1;
    }
    let (name, owner) = segments.get(..end)?.split_last()?;
    let owner: Vec<&str> = owner.iter().map(|segment| segment.text.as_str()).collect();
    let root_end = reference.map_or(end, |at| at + 1);
    Some(RepoUrl {
        owner: owner.join("/"),
        name: name.text.trim_end_matches(".git").to_owned(),
        reference: reference
            .and_then(|at| segments.get(at))
            .map(|segment| Reference::branch(&*segment.text)),
        path: reference
            .map(|at| join(segments, at + 1))
            .unwrap_or_default(),
        organization: String::new(),
        is_file: reference.is_some(),
        root: encoded(segments, root_end),
    })
}

fn join(segments: &[Segment<'_>], from: usize) -> String {
    let rest = segments.get(from..).unwrap_or_default();
    let rest: Vec<&str> = rest.iter().map(|segment| segment.text.as_str()).collect();
    rest.join("/")
}

fn encoded(segments: &[Segment<'_>], to: usize) -> String {
    let mut root = String::new();
    for segment in segments.iter().take(to) {
        root.push('/');
        root.push_str(segment.raw);
    }
    root
}

fn query(url: &Url, key: &str) -> Option<String> {
    url.query_pairs()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.into_owned())
}
