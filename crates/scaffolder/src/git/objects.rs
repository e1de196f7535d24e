//! Objects of git, and packs of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use platform::{Error, Result};
use sha1::{Digest as _, Sha1};

use super::fetch::Base;
use crate::workspace::{self, Kind, io};

/// The mode of folders.
const FOLDER: &str = "40000";

/// The id of an object.
pub(crate) type Id = [u8; 20];

/// Who made a commit.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub name: String,
    pub email: String,
    /// Seconds since the epoch.
    pub at: i64,
}

/// A commit with everything it needs.
pub(crate) struct Commit {
    pub id: Id,
    objects: BTreeMap<Id, (Type, Vec<u8>)>,
}

/// The types of objects, as packs number them.
#[derive(Debug, Clone, Copy)]
enum Type {
    Commit = 1,
    Tree = 2,
    Blob = 3,
}

impl Type {
    const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }
}

/// A commit without parents of what git would add of a folder.
pub(crate) fn commit_folder(root: &Path, author: &Author, message: &str) -> Result<Commit> {
    let mut commit = Commit {
        id: [0; 20],
        objects: BTreeMap::new(),
    };
    let top = commit.folder(root)?;
    let tree = commit.add_tree(top, None)?;
    commit.id = commit.add_commit(tree, None, author, message);
    Ok(commit)
}

/// A commit on another one, with what git would add of a folder over what is there.
pub(crate) fn commit_onto(
    base: &Base,
    root: &Path,
    author: &Author,
    message: &str,
) -> Result<Commit> {
    let mut commit = Commit {
        id: [0; 20],
        objects: BTreeMap::new(),
    };
    let top = commit.folder(root)?;
    let tree = commit.add_tree(top, Some((base, base.tree)))?;
    commit.id = commit.add_commit(tree, Some(base.commit), author, message);
    Ok(commit)
}

/// A folder that is being put together.
#[derive(Default)]
struct Folder {
    files: Vec<(String, &'static str, Id)>,
    folders: BTreeMap<String, Folder>,
}

impl Folder {
    fn at(&mut self, path: &[&str]) -> &mut Self {
        path.iter().fold(self, |folder, part| {
            folder.folders.entry((*part).to_owned()).or_default()
        })
    }
}

impl Commit {
    /// The id as text.
    pub(crate) fn hash(&self) -> String {
        hex::encode(self.id)
    }

    /// What is in a folder of the workspace; contents are among the objects afterwards.
    fn folder(&mut self, root: &Path) -> Result<Folder> {
        let mut top = Folder::default();
        for entry in workspace::list_tracked(root)? {
            let parts: Vec<&str> = entry.path.split('/').collect();
            let Some((name, folder)) = parts.split_last() else {
                continue;
            };
            let full = root.join(&entry.path);
            let (mode, content) = match entry.kind {
                Kind::Folder => continue,
                Kind::Link => {
                    let target = fs::read_link(&full);
                    let target = target.map_err(|error| io(&error, "readlink", &full))?;
                    ("120000", target.into_os_string().into_encoded_bytes())
                }
                Kind::File => {
                    let is_executable = entry.mode & 0o100 != 0;
                    let content = fs::read(&full).map_err(|error| io(&error, "open", &full))?;
                    (if is_executable { "100755" } else { "100644" }, content)
                }
            };
            let id = self.add(Type::Blob, content);
            top.at(folder).files.push(((*name).to_owned(), mode, id));
        }
        Ok(top)
    }

    /// A folder over the one that is there, if one is.
    fn add_tree(&mut self, folder: Folder, under: Option<(&Base, Id)>) -> Result<Id> {
        let mut entries: BTreeMap<String, (String, Id)> = match under {
            Some((base, id)) => entries_of(base, &id)?,
            None => BTreeMap::new(),
        };
        for (name, mode, id) in folder.files {
            entries.insert(name, (mode.to_owned(), id));
        }
        for (name, inner) in folder.folders {
            let below = entries.get(&name).filter(|(mode, _)| mode == FOLDER);
            let below = below.and_then(|(_, id)| Some((under?.0, *id)));
            let id = self.add_tree(inner, below)?;
            entries.insert(name, (FOLDER.to_owned(), id));
        }
        let mut entries: Vec<_> = entries.into_iter().collect();
        // Git compares folders as if their names ended with a slash.
        entries.sort_by_cached_key(|(name, (mode, _))| {
            let end = if mode == FOLDER { "/" } else { "" };
            format!("{name}{end}").into_bytes()
        });
        let mut content = Vec::new();
        for (name, (mode, id)) in entries {
            content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            content.extend_from_slice(&id);
        }
        Ok(self.add(Type::Tree, content))
    }

    fn add_commit(&mut self, tree: Id, parent: Option<Id>, author: &Author, message: &str) -> Id {
        let clean = |text: &str| text.replace(['<', '>', '\n', '\0'], "").trim().to_owned();
        let (name, email) = (clean(&author.name), clean(&author.email));
        let by = format!("{name} <{email}> {} +0000", author.at);
        let tree = hex::encode(tree);
        let parent = parent.map(|id| format!("parent {}\n", hex::encode(id)));
        let parent = parent.unwrap_or_default();
        let message = message.trim_end();
        let text = format!("tree {tree}\n{parent}author {by}\ncommitter {by}\n\n{message}\n");
        self.add(Type::Commit, text.into_bytes())
    }

    fn add(&mut self, kind: Type, content: Vec<u8>) -> Id {
        let mut hash = Sha1::new();
        hash.update(format!("{} {}\0", kind.name(), content.len()));
        hash.update(&content);
        let id: Id = hash.finalize().into();
        self.objects.insert(id, (kind, content));
        id
    }

    /// All objects as a pack.
    pub(crate) fn pack(&self) -> Result<Vec<u8>> {
        let broken =
            |error: std::io::Error| Error::internal("cannot pack the commit").with_source(error);
        let n_objects = u32::try_from(self.objects.len())
            .map_err(|_| Error::input("there are too many files for one commit"))?;
        let mut pack = b"PACK\0\0\0\x02".to_vec();
        pack.extend_from_slice(&n_objects.to_be_bytes());
        for (kind, content) in self.objects.values() {
            write_header(&mut pack, *kind, content.len());
            let mut packed = ZlibEncoder::new(pack, Compression::fast());
            packed.write_all(content).map_err(broken)?;
            pack = packed.finish().map_err(broken)?;
        }
        let hash: Id = Sha1::digest(&pack).into();
        pack.extend_from_slice(&hash);
        Ok(pack)
    }
}

/// The entries of a folder that is there, by name.
///
/// Names are kept as text: a folder with one that is none cannot be changed.
fn entries_of(base: &Base, id: &Id) -> Result<BTreeMap<String, (String, Id)>> {
    let broken = || Error::unavailable("the host left out a folder, or it cannot be read");
    let mut rest = base.trees.get(id).ok_or_else(broken)?.as_slice();
    let mut entries = BTreeMap::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0).ok_or_else(broken)?;
        let head = std::str::from_utf8(&rest[..end]).map_err(|_| broken())?;
        let (mode, name) = head.split_once(' ').ok_or_else(broken)?;
        let (id, after) = rest[end + 1..].split_at_checked(20).ok_or_else(broken)?;
        let id = Id::try_from(id).map_err(|_| broken())?;
        entries.insert(name.to_owned(), (mode.to_owned(), id));
        rest = after;
    }
    Ok(entries)
}

/// Type and size: four bits of the size, then seven in each further byte.
fn write_header(pack: &mut Vec<u8>, kind: Type, size: usize) {
    let mut byte = ((kind as u8) << 4) | low_bits(size, 0x0f);
    let mut rest = size >> 4;
    while rest > 0 {
        pack.push(byte | 0x80);
        byte = low_bits(rest, 0x7f);
        rest >>= 7;
    }
    pack.push(byte);
}

fn low_bits(number: usize, mask: u8) -> u8 {
    u8::try_from(number & usize::from(mask)).unwrap_or(mask)
}
