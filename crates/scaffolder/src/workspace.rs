//! The folder of a task.
//!
//! Invariants: no path of a template leads out of the folder, neither by `..` nor by a link; what the
//! folder may hold is bounded; a snapshot that is restored gives the same files, links and modes.

mod tracked;

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use platform::{Code, Error, Result};
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

pub(crate) use tracked::list_tracked;

/// Bytes that a workspace may hold.
pub(crate) const MAX_BYTES: u64 = 256 << 20;
/// Files and folders that a workspace may hold.
pub(crate) const MAX_ENTRIES: usize = 20_000;

const OUTSIDE: &str = "Relative path is not allowed to refer to a directory outside its parent";

/// A path below a folder; an error if it leads out of it.
pub(crate) fn resolve(root: &Path, path: &str) -> Result<PathBuf> {
    let refused = || Error::forbidden(OUTSIDE);
    if path.contains('\0') {
        return Err(refused());
    }
    let mut parts: Vec<&std::ffi::OsStr> = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop().ok_or_else(refused)?;
            }
            Component::RootDir | Component::Prefix(_) => return Err(refused()),
        }
    }
    let mut resolved = root.to_owned();
    let real_root = fs::canonicalize(root).map_err(|error| io(&error, "open", root))?;
    for part in parts {
        resolved.push(part);
        // A link may lead elsewhere; what does not exist cannot.
        if fs::symlink_metadata(&resolved).is_ok_and(|it| it.is_symlink()) {
            let real = fs::canonicalize(&resolved).map_err(|_| refused())?;
            if !real.starts_with(&real_root) {
                return Err(refused());
            }
        }
    }
    Ok(resolved)
}

/// A failure of the file system, with the words of Node.
pub(crate) fn io(error: &std::io::Error, call: &str, path: &Path) -> Error {
    use std::io::ErrorKind;
    let path = path.display();
    let message = match error.kind() {
        ErrorKind::NotFound => format!("ENOENT: no such file or directory, {call} '{path}'"),
        ErrorKind::AlreadyExists => format!("EEXIST: file already exists, {call} '{path}'"),
        ErrorKind::NotADirectory => format!("ENOTDIR: not a directory, {call} '{path}'"),
        ErrorKind::IsADirectory => {
            format!("EISDIR: illegal operation on a directory, {call} '{path}'")
        }
        ErrorKind::PermissionDenied => format!("EACCES: permission denied, {call} '{path}'"),
        _ => format!("{error}, {call} '{path}'"),
    };
    Error::new(Code::Internal, message)
}

/// Makes the folder; it must not exist.
pub(crate) fn create(root: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .mode(0o700)
        .create(root)
        .map_err(|error| io(&error, "mkdir", root))
}

/// Removes the folder, if it is there.
pub(crate) fn remove(root: &Path) -> Result<()> {
    match fs::remove_dir_all(root) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io(&error, "rmdir", root))
        }
        _ => Ok(()),
    }
}

/// One thing in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Relative to the folder, with `/`.
    pub path: String,
    pub kind: Kind,
    /// As in `st_mode`.
    pub mode: u32,
    pub size: u64,
    /// Nanoseconds, to see changes.
    modified: i64,
}

/// The kinds of things in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
}

/// Everything below a folder, sorted; links are not followed.
pub(crate) fn list(root: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut total = 0;
    for entry in WalkDir::new(root).min_depth(1).follow_links(false) {
        let entry = entry.map_err(|error| {
            Error::internal(format!("cannot list {}", root.display())).with_source(error)
        })?;
        let metadata = entry
            .metadata()
            .map_err(|error| Error::internal("cannot list the workspace").with_source(error))?;
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let Some(path) = relative.to_str() else {
            return Err(Error::input("a file has a name that is no text"));
        };
        let kind = match metadata.file_type() {
            it if it.is_symlink() => Kind::Link,
            it if it.is_dir() => Kind::Folder,
            it if it.is_file() => Kind::File,
            _ => {
                return Err(Error::input(format!(
                    "{path} is neither a file nor a folder"
                )));
            }
        };
        let size = if kind == Kind::File {
            metadata.len()
        } else {
            0
        };
        total += size;
        check_room(total, entries.len() + 1)?;
        entries.push(Entry {
            path: path.to_owned(),
            kind,
            mode: metadata.mode(),
            size,
            modified: metadata.mtime().wrapping_mul(1_000_000_000) + metadata.mtime_nsec(),
        });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// Fails when so much does not fit.
pub(crate) fn check_room(n_bytes: u64, n_entries: usize) -> Result<()> {
    if n_bytes > MAX_BYTES {
        let limit = MAX_BYTES >> 20;
        return Err(Error::input(format!("the workspace may hold {limit} MiB")));
    }
    if n_entries > MAX_ENTRIES {
        return Err(Error::input(format!(
            "the workspace may hold {MAX_ENTRIES} files and folders"
        )));
    }
    Ok(())
}

/// A digest that changes when the folder does, without reading files.
pub(crate) fn version(entries: &[Entry]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for entry in entries {
        hash.update((entry.path.len() as u64).to_be_bytes());
        hash.update(entry.path.as_bytes());
        hash.update(entry.mode.to_be_bytes());
        hash.update(entry.size.to_be_bytes());
        hash.update(entry.modified.to_be_bytes());
    }
    hash.finalize().into()
}

/// Everything in a folder as bytes.
pub(crate) fn pack(root: &Path, entries: &[Entry]) -> Result<Vec<u8>> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    let broken =
        |error: std::io::Error| Error::internal("cannot pack the workspace").with_source(error);
    for entry in entries {
        let full = root.join(&entry.path);
        let content = match entry.kind {
            Kind::Folder => Vec::new(),
            Kind::File => fs::read(&full).map_err(|error| io(&error, "open", &full))?,
            Kind::Link => {
                let target = fs::read_link(&full).map_err(|error| io(&error, "readlink", &full))?;
                target.into_os_string().into_encoded_bytes()
            }
        };
        let kind = match entry.kind {
            Kind::File => b'f',
            Kind::Folder => b'd',
            Kind::Link => b'l',
        };
        let mut write = |bytes: &[u8]| packed.write_all(bytes).map_err(broken);
        write(&[kind])?;
        write(&entry.mode.to_be_bytes())?;
        write(&(entry.path.len() as u64).to_be_bytes())?;
        write(entry.path.as_bytes())?;
        write(&(content.len() as u64).to_be_bytes())?;
        write(&content)?;
    }
    packed.finish().map_err(broken)
}

/// Puts back what [`pack`] took.
pub(crate) fn unpack(root: &Path, packed: &[u8]) -> Result<()> {
    let mut reader = ZlibDecoder::new(packed);
    let broken = |error: std::io::Error| {
        Error::internal("the stored workspace cannot be read").with_source(error)
    };
    let (mut total, mut n_entries) = (0, 0);
    loop {
        let mut kind = [0];
        if reader.read(&mut kind).map_err(broken)? == 0 {
            return Ok(());
        }
        n_entries += 1;
        check_room(0, n_entries)?;
        let mut mode = [0; 4];
        reader.read_exact(&mut mode).map_err(broken)?;
        let path = String::from_utf8(read_sized(&mut reader, &mut total)?)
            .map_err(|error| Error::internal("a stored path is no text").with_source(error))?;
        let content = read_sized(&mut reader, &mut total)?;
        restore(root, kind[0], u32::from_be_bytes(mode), &path, &content)?;
    }
}

fn read_sized(reader: &mut impl std::io::Read, total: &mut u64) -> Result<Vec<u8>> {
    let broken = |error: std::io::Error| {
        Error::internal("the stored workspace cannot be read").with_source(error)
    };
    let mut len = [0; 8];
    reader.read_exact(&mut len).map_err(broken)?;
    let len = u64::from_be_bytes(len);
    *total = total.saturating_add(len);
    check_room(*total / 2, 0)?;
    let mut bytes = Vec::new();
    reader.take(len).read_to_end(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

fn restore(root: &Path, kind: u8, mode: u32, path: &str, content: &[u8]) -> Result<()> {
    let full = resolve(root, path)?;
    match kind {
        b'd' => fs::create_dir_all(&full).map_err(|error| io(&error, "mkdir", &full)),
        b'l' => {
            let target = String::from_utf8_lossy(content).into_owned();
            std::os::unix::fs::symlink(target, &full).map_err(|error| io(&error, "symlink", &full))
        }
        _ => write_file(&full, content, mode),
    }
}

/// Writes a file with its mode, making the folders above it.
pub(crate) fn write_file(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| io(&error, "mkdir", folder))?;
    }
    fs::write(path, content).map_err(|error| io(&error, "open", path))?;
    let permissions = fs::Permissions::from_mode(mode & 0o777);
    fs::set_permissions(path, permissions).map_err(|error| io(&error, "chmod", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("w");
        create(&root).unwrap();
        fs::write(folder.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink("../secret", root.join("out")).unwrap();
        std::os::unix::fs::symlink("..", root.join("up")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("dangling")).unwrap();
        fs::create_dir(root.join("a")).unwrap();
        std::os::unix::fs::symlink("a", root.join("in")).unwrap();
        for good in ["a/b", "./a/../b", "in/x", "", "a//b"] {
            assert!(resolve(&root, good).is_ok(), "{good}");
        }
        for bad in [
            "..",
            "a/../../x",
            "/etc/passwd",
            "out",
            "up/secret",
            "up/w/a",
            "dangling",
            "a\0b",
        ] {
            let error = resolve(&root, bad).unwrap_err();
            assert_eq!(error.message(), OUTSIDE, "{bad}");
        }
    }

    #[test]
    fn snapshots_give_the_same_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        for root in [&from, &to] {
            create(root).unwrap();
        }
        write_file(&from.join("x/run.sh"), b"#!/bin/sh", 0o755).unwrap();
        write_file(&from.join("x/.hidden"), &[0, 159, 146], 0o644).unwrap();
        fs::create_dir(from.join("empty")).unwrap();
        std::os::unix::fs::symlink("x/run.sh", from.join("link")).unwrap();
        let entries = list(&from).unwrap();
        unpack(&to, &pack(&from, &entries).unwrap()).unwrap();
        let found = list(&to).unwrap();
        let plain = |entries: &[Entry]| -> Vec<_> {
            entries
                .iter()
                .map(|it| (it.path.clone(), it.kind, it.mode, it.size))
                .collect()
        };
        assert_eq!(plain(&found), plain(&entries));
        assert_eq!(fs::read(to.join("x/.hidden")).unwrap(), [0, 159, 146]);
    }

    #[test]
    fn a_small_archive_of_something_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bomb = |entries: &mut dyn Iterator<Item = (String, u64)>| {
            let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
            for (path, len) in entries {
                packed.write_all(b"f").unwrap();
                packed.write_all(&0o644_u32.to_be_bytes()).unwrap();
                packed
                    .write_all(&(path.len() as u64).to_be_bytes())
                    .unwrap();
                packed.write_all(path.as_bytes()).unwrap();
                packed.write_all(&len.to_be_bytes()).unwrap();
            }
            unpack(folder.path(), &packed.finish().unwrap()).unwrap_err()
        };
        let large = bomb(&mut std::iter::once(("a".to_owned(), 3 * MAX_BYTES)));
        assert_eq!(large.message(), "the workspace may hold 256 MiB");
        let many = bomb(&mut (0..=MAX_ENTRIES).map(|_| ("a".to_owned(), 0)));
        assert_eq!(
            many.message(),
            "the workspace may hold 20000 files and folders"
        );
    }

    #[test]
    fn versions_change_with_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let version_now = || version(&list(folder.path()).unwrap());
        let empty = version_now();
        write_file(&folder.path().join("a"), b"1", 0o644).unwrap();
        let one = version_now();
        assert_ne!(empty, one);
        write_file(&folder.path().join("a"), b"1", 0o755).unwrap();
        assert_ne!(one, version_now());
    }
}
