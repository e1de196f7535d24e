//! Reads files for the loader, within bounds, and remembers which ones.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{DocumentPlace, Problem};

use super::document;
use super::handle::Origin;
use super::transform::canonical;
use super::tree::{Mark, Node};

/// Most bytes of a configuration file.
pub(super) const MAX_CONFIG_BYTES: u64 = 1 << 20;
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

/// A file, or a variable, that values come from.
#[derive(Default)]
struct Source {
    name: Arc<str>,
    text: String,
    place: Option<DocumentPlace>,
    pointers: Vec<String>,
}

/// What the values of a configuration come from, in the order of reading.
#[derive(Default)]
pub(super) struct Sources(Vec<Source>);

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|source| &source.name))
            .finish()
    }
}

impl Sources {
    /// Number of the source with this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|source| &*source.name == name)
    }

    /// Where a value was written.
    pub(super) fn origin(&self, mark: Mark) -> Option<Origin> {
        let source = self.0.get(mark.file)?;
        let pointer = mark.value.and_then(|value| source.pointers.get(value));
        let position = pointer
            .zip(source.place)
            .and_then(|(pointer, place)| document::key_position(&source.text, place, pointer));
        Some(Origin {
            file: Arc::clone(&source.name),
            position,
        })
    }

    /// The problem with the place of the value it is about.
    pub(super) fn place(&self, problem: Problem, mark: Mark) -> Problem {
        match self.origin(mark) {
            Some(origin) => problem.at(&*origin.file, origin.position),
            None => problem,
        }
    }
}

/// The files of one configuration.
#[derive(Debug, Default)]
pub(super) struct FileSet {
    /// Names in problems are relative to this folder; without one nothing is read.
    root: Option<PathBuf>,
    pub(super) sources: Sources,
    pub(super) paths: Vec<PathBuf>,
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
        self.sources.0.push(Source {
            name: name.into(),
            ..Source::default()
        });
        self.sources.0.len() - 1
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
        let read = document::parse(text, self.sources.0.len());
        self.sources.0.push(Source {
            name: name.into(),
            text: text.to_owned(),
            place: read.place,
            pointers: read.pointers,
        });
        problems.extend(read.problems.into_iter().map(|problem| {
            let position = problem.position;
            problem.at(name, position)
        }));
        read.tree
    }
}
