//! Files of `file:` locations: one path or a pattern below a folder.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use platform::Millis;
use platform::clock::millis;
use sha1::{Digest as _, Sha1};
use walkdir::WalkDir;

use crate::error::ReadError;
use crate::glob::PathPattern;

/// Bounds of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Most files.
    pub files: usize,
    /// Most bytes of one file.
    pub file_bytes: u64,
    /// Most bytes of all files together.
    pub total_bytes: u64,
    /// Most folders and files looked at.
    pub visited: usize,
    /// Deepest folder looked into, which also bounds links that lead up.
    pub depth: usize,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            files: 10_000,
            file_bytes: 10 << 20,
            total_bytes: 256 << 20,
            visited: 200_000,
            depth: 32,
        }
    }
}

/// One local file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// Where it is, normalised.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Bytes,
    /// When it changed.
    pub modified: Millis,
}

/// Reads the file, or all files that the pattern matches, sorted by path.
///
/// A target that leads to nothing is [`ReadError::NotFound`] in Backstage's words.
/// Names that begin with a dot are matched only when the pattern says so.
pub async fn read_files(target: &str, limits: FileLimits) -> Result<Vec<FileContent>, ReadError> {
    let target = target.to_owned();
    let work = tokio::task::spawn_blocking(move || read_all(&target, limits));
    work.await
        .unwrap_or_else(|_| Err(ReadError::invalid("reading of local files broke off")))
}

/// The version of the files that [`read_files`] would give, with one of them in memory at a time.
pub async fn version_files(target: &str, limits: FileLimits) -> Result<String, ReadError> {
    let target = target.to_owned();
    let work = tokio::task::spawn_blocking(move || {
        let mut version = Version::default();
        read_each(&target, limits, |file| version.add(&file))?;
        Ok(version.finish())
    });
    work.await
        .unwrap_or_else(|_| Err(ReadError::invalid("reading of local files broke off")))
}

/// The version of these files: it changes with their paths and their contents.
pub fn version_of_files(files: &[FileContent]) -> String {
    let mut version = Version::default();
    for file in files {
        version.add(file);
    }
    version.finish()
}

#[derive(Default)]
struct Version(Sha1);

impl Version {
    fn add(&mut self, file: &FileContent) {
        self.0.update(file.path.as_os_str().as_encoded_bytes());
        self.0.update(Sha1::digest(&file.bytes));
    }

    fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

fn read_all(target: &str, limits: FileLimits) -> Result<Vec<FileContent>, ReadError> {
    let mut files = Vec::new();
    read_each(target, limits, |file| files.push(file))?;
    Ok(files)
}

fn read_each(
    target: &str,
    limits: FileLimits,
    mut take: impl FnMut(FileContent),
) -> Result<(), ReadError> {
    if target.contains('\0') {
        return Err(ReadError::invalid("a file name must not contain NUL"));
    }
    let mut room = limits.total_bytes;
    for path in find(target, limits)? {
        let file = read_file(&path, limits.file_bytes.min(room))
            .map_err(|failure| failure.into_error(target, &path))?;
        room -= u64::try_from(file.bytes.len()).unwrap_or(room).min(room);
        take(file);
    }
    Ok(())
}

/// Paths of the target: itself if it exists, else the matches of the pattern.
fn find(target: &str, limits: FileLimits) -> Result<Vec<PathBuf>, ReadError> {
    let path = normalize(Path::new(target));
    if path.exists() {
        return Ok(vec![path]);
    }
    let missing = || ReadError::not_found(format!("file {target} does not exist"));
    if !target.contains(['*', '?', '[', '{']) {
        return Err(missing());
    }
    let text = path.to_str().ok_or_else(missing)?;
    let pattern = PathPattern::new(text)
        .ok_or_else(|| ReadError::invalid(format!("the pattern `{target}` is too complex")))?;
    let root = if path.is_absolute() {
        Path::new("/")
    } else {
        Path::new("")
    };
    let found = walk(root, &pattern, limits, target)?;
    if found.is_empty() {
        Err(missing())
    } else {
        Ok(found)
    }
}

fn walk(
    root: &Path,
    pattern: &PathPattern,
    limits: FileLimits,
    target: &str,
) -> Result<Vec<PathBuf>, ReadError> {
    let start = root.join(pattern.folder());
    let start = if start.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        start
    };
    // Paths as the pattern sees them: below the root, without a leading `./`.
    let below = |path: &Path| {
        let path = path.strip_prefix(root).unwrap_or(path);
        normalize(path).to_str().map(str::to_owned)
    };
    let too_many =
        |what| ReadError::too_large(format!("`{target}` has to look at too many {what}"));
    let walk = WalkDir::new(&start)
        .follow_links(true)
        .max_depth(limits.depth)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            entry.depth() == 0
                || !entry.file_type().is_dir()
                || below(entry.path()).is_some_and(|path| pattern.may_match_below(&path))
        });
    let mut found = Vec::new();
    for (visited, entry) in walk.enumerate() {
        if visited >= limits.visited {
            return Err(too_many("files"));
        }
        // Links that lead nowhere or in circles, and folders we may not enter, hold no match.
        let Ok(entry) = entry else { continue };
        if entry.file_type().is_file()
            && below(entry.path()).is_some_and(|path| pattern.matches(&path))
        {
            found.push(normalize(entry.path()));
        }
        if found.len() > limits.files {
            return Err(too_many("matches"));
        }
    }
    found.sort();
    Ok(found)
}

enum Failure {
    Io(std::io::Error),
    Folder,
    TooLarge(u64),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Failure {
    fn into_error(self, target: &str, path: &Path) -> ReadError {
        let unreadable = format!("file {target} could not be read");
        match self {
            Self::Io(error) => ReadError::Unavailable {
                message: format!("{unreadable}, {error}"),
                retry_after: None,
                source: Some(error.into()),
            },
            Self::Folder => {
                ReadError::invalid(format!("{unreadable}, `{}` is not a file", path.display()))
            }
            Self::TooLarge(limit) => {
                let path = path.display();
                ReadError::too_large(format!(
                    "{unreadable}, `{path}` has more than {limit} bytes"
                ))
            }
        }
    }
}

fn read_file(path: &Path, limit: u64) -> Result<FileContent, Failure> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !path.metadata()?.is_file() {
        return Err(Failure::Folder);
    }
    let file = File::open(path)?;
    let modified = modified(&file.metadata()?);
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(Failure::TooLarge(limit));
    }
    Ok(FileContent {
        path: path.to_owned(),
        bytes: bytes.into(),
        modified,
    })
}

fn modified(metadata: &Metadata) -> Millis {
    let since = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, millis)
}

/// Removes `.` and resolves `..` by name, as Backstage does before it reports a path.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            Component::ParentDir if normal.has_root() => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    async fn names(folder: &tempfile::TempDir, target: &str) -> Vec<String> {
        let target = format!("{}/{target}", folder.path().display());
        let found = read_files(&target, FileLimits::default()).await.unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let name = |file: FileContent| {
            let path = file
                .path
                .strip_prefix(folder.path())
                .or(file.path.strip_prefix(&root));
            path.unwrap().to_str().unwrap().to_owned()
        };
        found.into_iter().map(name).collect()
    }

    #[tokio::test]
    async fn targets_and_files() {
        let folder = folder(&[
            ("b.yaml", "b"),
            ("a.yaml", "a"),
            (".hidden.yaml", "h"),
            ("sub/c.yaml", "c"),
            ("sub/.git/d.yaml", "d"),
            ("sub/deep/e.yml", "e"),
            ("app/[id]/f.yaml", "f"),
        ]);
        let cases: &[(&str, &[&str])] = &[
            ("a.yaml", &["a.yaml"]),
            ("./sub/../a.yaml", &["a.yaml"]),
            ("*.yaml", &["a.yaml", "b.yaml"]),
            (".*.yaml", &[".hidden.yaml"]),
            (
                "**/*.{yaml,yml}",
                &[
                    "a.yaml",
                    "app/[id]/f.yaml",
                    "b.yaml",
                    "sub/c.yaml",
                    "sub/deep/e.yml",
                ],
            ),
            ("sub/*", &["sub/c.yaml"]),
            ("sub/.git/*", &["sub/.git/d.yaml"]),
            ("app/[id]/f.yaml", &["app/[id]/f.yaml"]),
        ];
        for (target, expected) in cases {
            assert_eq!(&names(&folder, target).await, expected, "{target}");
        }
    }

    #[tokio::test]
    async fn failures_speak_as_backstage_does() {
        let folder = folder(&[("a.yaml", "a")]);
        let root = folder.path().display().to_string();
        for (target, is_gone, message) in [
            (
                format!("{root}/none.yaml"),
                true,
                format!("file {root}/none.yaml does not exist"),
            ),
            (
                format!("{root}/no-*.yml"),
                true,
                format!("file {root}/no-*.yml does not exist"),
            ),
            (
                root.clone(),
                false,
                format!("file {root} could not be read, `{root}` is not a file"),
            ),
        ] {
            let error = read_files(&target, FileLimits::default())
                .await
                .unwrap_err();
            assert_eq!(error.is_gone(), is_gone, "{target}");
            assert_eq!(error.to_string(), message);
        }
    }

    #[tokio::test]
    async fn bounds_hold() {
        let folder = folder(&[("a.yaml", "12345"), ("b.yaml", "12345"), ("c/d.yaml", "1")]);
        let target = format!("{}/**/*.yaml", folder.path().display());
        let all = FileLimits::default();
        for limits in [
            FileLimits { files: 2, ..all },
            FileLimits {
                file_bytes: 4,
                ..all
            },
            FileLimits {
                total_bytes: 9,
                ..all
            },
            FileLimits { visited: 2, ..all },
        ] {
            let error = read_files(&target, limits).await.unwrap_err();
            assert!(
                matches!(error, ReadError::TooLarge { .. }),
                "{limits:?}: {error}"
            );
        }
        assert_eq!(read_files(&target, all).await.unwrap().len(), 3);
    }

    #[tokio::test]
    async fn links_are_followed_but_circles_end() {
        let outside = folder(&[("x.yaml", "x")]);
        let folder = folder(&[("sub/a.yaml", "a")]);
        symlink(folder.path(), folder.path().join("sub/up")).unwrap();
        symlink(outside.path(), folder.path().join("linked")).unwrap();
        symlink("/nowhere", folder.path().join("dangling.yaml")).unwrap();
        assert_eq!(
            names(&folder, "**/*.yaml").await,
            ["linked/x.yaml", "sub/a.yaml"]
        );
    }
}
