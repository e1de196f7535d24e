//! Reads files for the loader, within bounds, and remembers which ones.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Problem;

use super::document;
use super::transform::canonical;
use super::tree::Node;

/// Most bytes of a configuration file.
const MAX_CONFIG_BYTES: u64 = 4 << 20;
/// Most bytes of a file taken in by `$file`.
pub(super) const MAX_TEXT_BYTES: u64 = 1 << 20;
/// Most files of one configuration.
const MAX_FILES: usize = 256;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("there is no such file")]
    Missing,
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the configuration has more than {MAX_FILES} files")]
    TooMany,
    #[error("files cannot be included here")]
    NotAllowed,
    #[error("{0}")]
    Io(std::io::Error),
}

/// The files of one configuration.
#[derive(Debug, Default)]
pub(super) struct FileSet {
    /// Names in problems are relative to this folder; without one nothing is read.
    root: Option<PathBuf>,
    names: Vec<Arc<str>>,
    paths: Vec<PathBuf>,
}

impl FileSet {
    /// Reads from disk; files below `root` are named relative to it.
    pub(super) fn on_disk(root: &Path) -> Self {
        Self {
            root: Some(root.to_path_buf()),
            ..Self::default()
        }
    }

    /// Adds something that is not a file, such as a variable.
    pub(super) fn add_name(&mut self, name: &str) -> usize {
        self.names.push(name.into());
        self.names.len() - 1
    }

    pub(super) fn name(&self, file: usize) -> &str {
        self.names.get(file).map_or("", |name| name)
    }

    pub(super) fn into_parts(self) -> (Vec<Arc<str>>, Vec<PathBuf>) {
        (self.names, self.paths)
    }

    /// The path as it is shown to people.
    pub(super) fn display(&self, path: &Path) -> String {
        let root = self.root.as_deref().unwrap_or(Path::new(""));
        path.strip_prefix(root)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// The one name of a file, which tells whether it includes itself.
    pub(super) fn canonical(&self, path: &Path) -> PathBuf {
        if self.root.is_some() {
            canonical(path)
        } else {
            path.to_path_buf()
        }
    }

    /// A whole file as text.
    pub(super) fn read_text(&mut self, path: &Path, limit: u64) -> Result<String, ReadError> {
        if self.root.is_none() {
            return Err(ReadError::NotAllowed);
        }
        if self.paths.len() >= MAX_FILES {
            return Err(ReadError::TooMany);
        }
        let io = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => ReadError::Missing,
            _ => ReadError::Io(error),
        };
        let file = std::fs::File::open(path).map_err(io)?;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(ReadError::TooLarge(limit));
        }
        self.paths.push(path.to_path_buf());
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// A configuration file; `None` when it is empty or cannot be understood, which is reported.
    pub(super) fn read_tree(
        &mut self,
        path: &Path,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<Node>, ReadError> {
        let text = self.read_text(path, MAX_CONFIG_BYTES)?;
        let name = self.display(path);
        Ok(self.parse(&name, &text, problems))
    }

    /// A configuration given as text.
    pub(super) fn parse(
        &mut self,
        name: &str,
        text: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Node> {
        let file = self.add_name(name);
        let (tree, found) = document::parse(text, file);
        problems.extend(found.into_iter().map(|problem| {
            let position = problem.position;
            problem.at(name, position)
        }));
        tree
    }
}
