//! Reading files by URL.

use async_trait::async_trait;
use bytes::Bytes;
use platform::Millis;
use platform::config::Secret;
use url::Url;

use crate::error::ReadError;

/// What to read.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// Web URL of a file of an integration, or any URL that `backend.reading.allow` permits.
    pub url: Url,
    /// Version the caller has; if it is still current the outcome is [`ReadOutcome::NotModified`].
    pub etag: Option<String>,
    /// What to send to the URL's host as `Authorization`, instead of what the configuration says.
    pub authorization: Option<Secret>,
}

impl ReadRequest {
    /// Reads whatever version is current.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            etag: None,
            authorization: None,
        }
    }

    /// Reads only if the current version is another one.
    #[must_use]
    pub fn with_etag(mut self, etag: Option<String>) -> Self {
        self.etag = etag;
        self
    }

    /// Reads with credentials of its own, if there are some.
    #[must_use]
    pub fn with_authorization(mut self, authorization: Option<Secret>) -> Self {
        self.authorization = authorization;
        self
    }
}

/// What came of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOutcome {
    /// The caller's version is current.
    NotModified,
    /// The file.
    Found(FileBody),
}

/// One file as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileBody {
    /// Its bytes.
    pub bytes: Bytes,
    /// Version for the next request.
    pub etag: Option<String>,
    /// When it changed, if the host told.
    pub last_modified: Option<Millis>,
}

/// What came of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchOutcome {
    /// The caller's version is current.
    NotModified,
    /// The files that are there; none is not an error.
    Found {
        /// Files by URL, sorted.
        files: Vec<FoundFile>,
        /// Version for the next request.
        etag: Option<String>,
    },
}

/// One file of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Web URL of this file.
    pub url: Url,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Something in a folder of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderFile {
    /// Path in the folder, with `/`.
    pub path: String,
    /// Its bytes; of a link, where it leads.
    pub bytes: Bytes,
    /// What it is, as far as the host tells.
    pub kind: FileKind,
}

/// The kinds of files that git knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileKind {
    /// Neither of the others, or not known.
    #[default]
    Plain,
    /// It can be executed.
    Executable,
    /// A symbolic link.
    Link,
}

impl FileKind {
    /// The kind that git writes as a mode.
    pub(crate) fn of_mode(mode: &str) -> Self {
        match mode {
            "100755" => Self::Executable,
            "120000" => Self::Link,
            _ => Self::Plain,
        }
    }
}

/// Reads files by URL; the seam at which tests put another source.
#[async_trait]
pub trait ReadUrl: Send + Sync {
    /// Reads one file.
    async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError>;

    /// Reads all files that a URL with `*`, `**` or `?` in its path matches, or the one it names.
    async fn search(&self, request: &ReadRequest) -> Result<SearchOutcome, ReadError>;

    /// Reads everything below a folder of a repository, sorted by path; a folder without files is not
    /// there.
    async fn folder(&self, request: &ReadRequest) -> Result<Vec<FolderFile>, ReadError>;

    /// What to send as `Authorization` to the API of a configured host, for one repository; none
    /// where nobody signs in.
    async fn authorization(
        &self,
        _host: &str,
        _owner: &str,
        _name: &str,
    ) -> Result<Option<Secret>, ReadError> {
        Ok(None)
    }
}
