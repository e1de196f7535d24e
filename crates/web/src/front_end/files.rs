//! The files of a front end that was built elsewhere.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue};
use platform::{Error, Result};
use tokio_util::io::ReaderStream;

use super::{NEVER, STATIC};
use crate::assets::media_type;

/// More than any front end has.
const MAX_FILES: usize = 50_000;
/// Nesting of folders.
const MAX_DEPTH: usize = 16;

/// Names below `static` have a hash; fourteen days, as Backstage says.
const LONG: HeaderValue = HeaderValue::from_static("public, max-age=1209600");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("public, max-age=0");

/// Files by path, relative to the folder and with `/`.
#[derive(Debug)]
pub(super) struct Files(HashMap<String, File>);

/// One file, as it was when it was listed.
#[derive(Debug)]
pub(super) struct File {
    place: PathBuf,
    media_type: HeaderValue,
    cache_control: HeaderValue,
    etag: Option<HeaderValue>,
}

impl Files {
    /// All files of the folder that are not hidden; links are not followed.
    pub(super) fn list(folder: &Path) -> Result<Self> {
        let mut files = HashMap::new();
        list(folder, "", 0, &mut files).map_err(|error| {
            let folder = folder.display();
            Error::input(format!("`callboard.app.dist`: cannot list `{folder}`")).with_source(error)
        })?;
        Ok(Self(files))
    }

    pub(super) fn find(&self, path: &str) -> Option<&File> {
        self.0.get(path)
    }
}

fn list(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut HashMap<String, File>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < MAX_DEPTH {
            list(&entry.path(), &format!("{path}/"), depth + 1, files)?;
        } else if kind.is_file() && files.len() < MAX_FILES {
            let file = File::new(&path, entry.path(), &entry.metadata()?);
            files.insert(path, file);
        }
    }
    Ok(())
}

impl File {
    fn new(path: &str, place: PathBuf, metadata: &fs::Metadata) -> Self {
        let media_type = media_type(path);
        let cache_control = if media_type.as_bytes().starts_with(b"text/html") {
            NEVER
        } else if path.starts_with(STATIC) {
            LONG
        } else {
            ASK_AGAIN
        };
        let changed = metadata.modified().ok().and_then(since_epoch);
        let changed = changed.map_or(0, |time| time.as_millis());
        let etag = format!("W/\"{:x}-{changed:x}\"", metadata.len());
        Self {
            place,
            media_type,
            cache_control,
            etag: HeaderValue::try_from(etag).ok(),
        }
    }

    pub(super) async fn answer(&self) -> Response {
        let opened = tokio::fs::File::open(&self.place).await;
        let Ok(file) = opened else {
            // It went after the start.
            return StatusCode::NOT_FOUND.into_response();
        };
        let length = file.metadata().await.map(|metadata| metadata.len());
        let mut response = Body::from_stream(ReaderStream::new(file)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.media_type.clone());
        headers.insert(CACHE_CONTROL, self.cache_control.clone());
        if let Ok(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if let Some(etag) = &self.etag {
            headers.insert(ETAG, etag.clone());
        }
        response
    }
}

fn since_epoch(time: SystemTime) -> Option<Duration> {
    time.duration_since(UNIX_EPOCH).ok()
}
