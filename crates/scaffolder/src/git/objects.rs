//! Objects of git, and packs of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use platform::{Error, Result};
use sha1::{Digest as _, Sha1};

use crate::workspace::{self, Kind, io};

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

/// A commit without parents of everything in a folder but `.git`.
pub(crate) fn commit_folder(root: &Path, author: &Author, message: &str) -> Result<Commit> {
    let mut commit = Commit {
        id: [0; 20],
        objects: BTreeMap::new(),
    };
    let tree = commit.tree(root)?;
    commit.id = commit.add_commit(tree, author, message);
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

    fn tree(&mut self, root: &Path) -> Result<Id> {
        let mut top = Folder::default();
        for entry in workspace::list(root)? {
            let parts: Vec<&str> = entry.path.split('/').collect();
            let Some((name, folder)) = parts.split_last() else {
                continue;
            };
            if parts.contains(&".git") {
                continue;
            }
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
        Ok(self.add_tree(top))
    }

    fn add_tree(&mut self, folder: Folder) -> Id {
        let mut entries = folder.files;
        for (name, inner) in folder.folders {
            let id = self.add_tree(inner);
            entries.push((name, "40000", id));
        }
        // Git compares folders as if their names ended with a slash.
        entries.sort_by_cached_key(|(name, mode, _)| {
            let end = if *mode == "40000" { "/" } else { "" };
            format!("{name}{end}").into_bytes()
        });
        let mut content = Vec::new();
        for (name, mode, id) in entries {
            content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            content.extend_from_slice(&id);
        }
        self.add(Type::Tree, content)
    }

    fn add_commit(&mut self, tree: Id, author: &Author, message: &str) -> Id {
        let clean = |text: &str| text.replace(['<', '>', '\n', '\0'], "").trim().to_owned();
        let (name, email) = (clean(&author.name), clean(&author.email));
        let by = format!("{name} <{email}> {} +0000", author.at);
        let tree = hex::encode(tree);
        let message = message.trim_end();
        let text = format!("tree {tree}\nauthor {by}\ncommitter {by}\n\n{message}\n");
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
