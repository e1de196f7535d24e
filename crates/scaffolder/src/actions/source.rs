//! Where files come from: beside the template, or from a source control host.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use integrations::{FileKind, ReadOutcome, ReadRequest};
use platform::actions::{Run, Step};
use platform::{Error, Result};
use url::Url;

use super::Reach;
use super::publish::of_token;
use crate::engine::blocking;
use crate::workspace::{self, Kind, io, resolve};

/// Mode of a file whose mode is not known.
const PLAIN: u32 = 0o100_644;

/// Mode of a file that can be executed.
const EXECUTABLE: u32 = 0o100_755;

/// Something in a folder that was read.
#[derive(Debug, Clone)]
pub(super) struct Sourced {
    /// Path in the folder, with `/`.
    pub path: String,
    pub mode: u32,
    pub content: Content,
}

/// What it is.
#[derive(Debug, Clone)]
pub(super) enum Content {
    File(Bytes),
    Folder,
    /// The target of a link.
    Link(PathBuf),
}

/// Where a URL of an input leads.
enum Place {
    /// A path on this machine, inside of a folder that the template may read.
    Local {
        root: PathBuf,
        path: String,
    },
    Remote(Url),
}

/// Everything in a folder, sorted by path.
///
/// `token` is what the input has instead of the credentials of the configuration.
pub(super) async fn read_folder(
    run: &Run,
    reach: &Reach,
    url: &str,
    token: Option<&str>,
) -> Result<Vec<Sourced>> {
    match locate(run.step()?, reach, url)? {
        Place::Local { root, path } => blocking(move || read_local(&resolve(&root, &path)?)).await,
        Place::Remote(url) => read_remote(reach, &url, token).await,
    }
}

/// One file, with its mode.
pub(super) async fn read_file(
    run: &Run,
    reach: &Reach,
    url: &str,
    token: Option<&str>,
) -> Result<(Bytes, u32)> {
    match locate(run.step()?, reach, url)? {
        Place::Local { root, path } => {
            blocking(move || {
                let full = resolve(&root, &path)?;
                let failed = |error: std::io::Error| io(&error, "open", &full);
                let mode = fs::metadata(&full).map_err(failed)?.mode();
                let content = fs::read(&full).map_err(failed)?;
                workspace::check_room(content.len() as u64, 1)?;
                Ok((content.into(), mode))
            })
            .await
        }
        Place::Remote(url) => match reach.reader.read(&request(reach, &url, token)).await {
            Ok(ReadOutcome::Found(body)) => Ok((body.bytes, PLAIN)),
            Ok(ReadOutcome::NotModified) => Err(Error::unavailable("the host sent no file")),
            Err(error) => Err(unreadable(&error)),
        },
    }
}

/// A URL as it is, or relative to the template.
fn locate(step: &Step, reach: &Reach, url: &str) -> Result<Place> {
    if let Ok(absolute) = Url::parse(url) {
        return match absolute.scheme() {
            "http" | "https" => Ok(Place::Remote(absolute)),
            _ => Err(Error::input(format!("{url} is not a URL that can be read"))),
        };
    }
    let base = step.template["baseUrl"].as_str().ok_or_else(|| {
        Error::input(format!(
            "Failed to fetch, template location could not be determined and the fetch URL is \
             relative, {url}"
        ))
    })?;
    if let Some(path) = base.strip_prefix("file://") {
        let root = match &step.beside {
            Some(beside) => beside.clone(),
            None => Path::new(path)
                .parent()
                .unwrap_or(Path::new("/"))
                .to_owned(),
        };
        let path = url.to_owned();
        return Ok(Place::Local { root, path });
    }
    let resolved = reach
        .catalog
        .integrations()
        .resolve_url(url, base)
        .map_err(|error| Error::input(error.to_string()))?;
    let resolved = Url::parse(&resolved)
        .map_err(|error| Error::input(format!("{resolved} is no URL")).with_source(error))?;
    Ok(Place::Remote(resolved))
}

fn read_local(folder: &Path) -> Result<Vec<Sourced>> {
    if !folder.is_dir() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(io(&missing, "scandir", folder));
    }
    let entries = workspace::list(folder)?;
    entries
        .into_iter()
        .map(|entry| {
            let full = folder.join(&entry.path);
            let content = match entry.kind {
                Kind::Folder => Content::Folder,
                Kind::File => {
                    let bytes = fs::read(&full).map_err(|error| io(&error, "open", &full))?;
                    Content::File(bytes.into())
                }
                Kind::Link => {
                    let target = fs::read_link(&full);
                    Content::Link(target.map_err(|error| io(&error, "readlink", &full))?)
                }
            };
            Ok(Sourced {
                path: entry.path,
                mode: entry.mode,
                content,
            })
        })
        .collect()
}

async fn read_remote(reach: &Reach, url: &Url, token: Option<&str>) -> Result<Vec<Sourced>> {
    let request = request(reach, url, token);
    let files = reach.reader.folder(&request).await;
    let files = files.map_err(|error| unreadable(&error))?;
    Ok(files
        .into_iter()
        .map(|file| Sourced {
            path: file.path,
            mode: if file.kind == FileKind::Executable {
                EXECUTABLE
            } else {
                PLAIN
            },
            content: match file.kind {
                FileKind::Link => {
                    let target = String::from_utf8_lossy(&file.bytes).into_owned();
                    Content::Link(target.into())
                }
                FileKind::Plain | FileKind::Executable => Content::File(file.bytes),
            },
        })
        .collect())
}

/// A request with the token of the input, which goes to a configured host only.
fn request(reach: &Reach, url: &Url, token: Option<&str>) -> ReadRequest {
    let integration = reach.catalog.integrations().by_url(url);
    let authorization = integration
        .zip(token.filter(|token| !token.is_empty()))
        .map(|(integration, token)| of_token(integration.kind(), token));
    ReadRequest::new(url.clone()).with_authorization(authorization)
}

fn unreadable(error: &integrations::ReadError) -> Error {
    let message = error.to_string();
    if error.is_gone() {
        Error::not_found(message)
    } else {
        Error::input(message)
    }
}
