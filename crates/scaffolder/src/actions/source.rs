//! Where files come from: beside the template, or from a source control host.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use integrations::{ReadOutcome, ReadRequest, SearchOutcome};
use platform::actions::{Run, Step};
use platform::{Error, Result};
use url::Url;

use super::Reach;
use crate::engine::blocking;
use crate::workspace::{self, Kind, io, resolve};

/// Mode of a file whose mode is not known.
const PLAIN: u32 = 0o100_644;

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
pub(super) async fn read_folder(run: &Run, reach: &Reach, url: &str) -> Result<Vec<Sourced>> {
    match locate(run.step()?, reach, url)? {
        Place::Local { root, path } => blocking(move || read_local(&resolve(&root, &path)?)).await,
        Place::Remote(url) => read_remote(reach, &url).await,
    }
}

/// One file, with its mode.
pub(super) async fn read_file(run: &Run, reach: &Reach, url: &str) -> Result<(Bytes, u32)> {
    match locate(run.step()?, reach, url)? {
        Place::Local { root, path } => {
            blocking(move || {
                let full = resolve(&root, &path)?;
                let content = fs::read(&full).map_err(|error| io(&error, "open", &full))?;
                workspace::check_room(content.len() as u64, 1)?;
                Ok((content.into(), PLAIN))
            })
            .await
        }
        Place::Remote(url) => match reach.reader.read(&ReadRequest::new(url)).await {
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

async fn read_remote(reach: &Reach, url: &Url) -> Result<Vec<Sourced>> {
    let base = url.as_str().trim_end_matches('/').to_owned();
    let mut found = Vec::new();
    // Names with a dot match only patterns with one.
    for pattern in ["**/*", "**/.*", "**/.*/**/*", "**/.*/**/.*"] {
        let pattern = Url::parse(&format!("{base}/{pattern}"))
            .map_err(|error| Error::input(format!("{base} is no URL")).with_source(error))?;
        match reach.reader.search(&ReadRequest::new(pattern)).await {
            Ok(SearchOutcome::Found { files, .. }) => found.extend(files),
            Ok(SearchOutcome::NotModified) => {}
            Err(error) => return Err(unreadable(&error)),
        }
    }
    let mut files = Vec::new();
    for file in found {
        let Some(path) = path_below(&base, &file.url) else {
            return Err(Error::internal(format!("{} is not below {base}", file.url)));
        };
        files.push(Sourced {
            path,
            mode: PLAIN,
            content: Content::File(file.bytes),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    if files.is_empty() {
        return Err(Error::not_found(format!("there is nothing at {url}")));
    }
    Ok(files)
}

/// The path of a file below a folder; hosts call folders `tree` and files `blob`.
fn path_below(base: &str, file: &Url) -> Option<String> {
    let folder = Url::parse(base).ok()?;
    let parts = |url: &Url| -> Option<Vec<String>> {
        let parts = url.path_segments()?.filter(|part| !part.is_empty());
        Some(
            parts
                .map(|part| {
                    percent_encoding::percent_decode_str(part)
                        .decode_utf8_lossy()
                        .into_owned()
                })
                .collect(),
        )
    };
    let (folder, file) = (parts(&folder)?, parts(file)?);
    let is_same = |(a, b): (&String, &String)| a == b || (a == "tree" && b == "blob");
    let is_below = file.len() > folder.len() && folder.iter().zip(&file).all(is_same);
    is_below.then(|| file[folder.len()..].join("/"))
}

fn unreadable(error: &integrations::ReadError) -> Error {
    let message = error.to_string();
    if error.is_gone() {
        Error::not_found(message)
    } else {
        Error::input(message)
    }
}
