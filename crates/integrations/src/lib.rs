//! Reading files from source control hosts, from the web and from local folders.
//!
//! Invariants:
//! - "gone" ([`ReadError::NotFound`]) is said only when a host said so; everything that is unclear
//!   (limits, failures, timeouts) is another error, so that nobody deletes because of it;
//! - a credential goes to the host it is configured for and to no other, whatever redirects say;
//! - no request reaches an address inside our own network unless configuration names the host;
//! - everything read is bounded in size, number and time.

mod address;
mod cache;
mod config;
mod error;
mod files;
mod glob;
mod host;
mod http_client;
mod integration;
mod percent;
mod perimeter;
mod reader;
mod registry;
mod repository;
mod resolve;
mod session;
pub mod settings;
mod tokens;
mod url_readers;

pub use address::{PublicResolver, ResolveHost, SystemResolver, is_public};
pub use error::ReadError;
pub use files::{FileContent, FileLimits, read_files, version_files, version_of_files};
pub use integration::{Integration, IntegrationError, Kind};
pub use perimeter::ReadingError;
pub use reader::{
    FileBody, FileKind, FolderFile, FoundFile, ReadOutcome, ReadRequest, ReadUrl, SearchOutcome,
};
pub use registry::ScmIntegrations;
pub use repository::{Reference, ReferenceKind, RepoUrl, RepoUrlError};
pub use resolve::ResolveError;
pub use settings::{Limits, Settings};
pub use url_readers::{ReadersError, UrlReaders};
