//! The newest commit of a branch with its folders, over smart HTTP: what it takes to put another one
//! on top. Contents of files are left with the host, or dropped where it sends them anyway.

use std::collections::HashMap;
use std::io::Read as _;

use flate2::bufread::ZlibDecoder;
use http::Method;
use platform::{Error, Result};
use sha1::{Digest as _, Sha1};

use super::objects::Id;
use super::packets::{FLUSH, packet, packets, split_packet};
use super::push::{Remote, checked};

/// Bytes of a pack, and of what is in it.
const MAX_PACK: usize = 128 << 20;
/// Bytes of all folders and differences together.
const MAX_UNPACKED: usize = 256 << 20;
/// How long a chain of differences may be; git's own limit is 4,095, its default 50.
const MAX_CHAIN: usize = 4_095;
/// What tells what a host can do, for what is wanted here.
const WISHES: [&str; 4] = ["shallow", "filter", "multi_ack_detailed", "no-progress"];

/// The types of objects in a pack.
const COMMIT: u8 = 1;
const TREE: u8 = 2;
const DELTA: u8 = 7;

/// A commit that another one is put on.
pub(crate) struct Base {
    pub commit: Id,
    pub tree: Id,
    /// Contents of folders.
    pub trees: HashMap<Id, Vec<u8>>,
}

/// Branches of a repository, and what the host can do.
pub(crate) struct Branches {
    ids: HashMap<String, String>,
    abilities: Vec<String>,
}

impl Branches {
    /// The commit of a branch, as text.
    pub(crate) fn find(&self, branch: &str) -> Option<&str> {
        let name = format!("refs/heads/{branch}");
        self.ids.get(&name).map(String::as_str)
    }
}

/// The branches of a repository.
pub(crate) async fn branches(remote: &Remote<'_>) -> Result<Branches> {
    let path = "info/refs?service=git-upload-pack";
    let answer = remote.send(Method::GET, path, None).await?;
    let mut branches = Branches {
        ids: HashMap::new(),
        abilities: Vec::new(),
    };
    for line in packets(&answer)?.into_iter().flatten() {
        let line = String::from_utf8_lossy(line);
        let (line, abilities) = line.split_once('\0').unwrap_or((&line, ""));
        branches
            .abilities
            .extend(abilities.split_whitespace().map(str::to_owned));
        if let Some((hash, name)) = line.trim_end().split_once(' ') {
            branches.ids.insert(name.to_owned(), hash.to_owned());
        }
    }
    Ok(branches)
}

/// The commit of a branch, without those before it.
pub(crate) async fn fetch(remote: &Remote<'_>, known: &Branches, hash: &str) -> Result<Base> {
    let can = |wish: &&&str| known.abilities.iter().any(|it| it == **wish);
    let wishes: Vec<&str> = WISHES.iter().filter(can).copied().collect();
    let mut body = packet(&format!(
        "want {hash} {} agent=callboard\n",
        wishes.join(" ")
    ));
    if wishes.contains(&"shallow") {
        body += &packet("deepen 1\n");
    }
    if wishes.contains(&"filter") {
        body += &packet("filter blob:none\n");
    }
    body += FLUSH;
    body += &packet("done\n");
    let answer = remote
        .exchange("git-upload-pack", body.into_bytes(), MAX_PACK)
        .await?;
    let base = Pack::read(pack_of(&answer)?)?;
    base.base(hash)
}

/// A name that can be a branch, and is one.
pub(crate) fn existing<'b>(branches: &'b Branches, branch: &str) -> Result<&'b str> {
    let found = branches.find(checked(branch)?);
    found.ok_or_else(|| Error::not_found(format!("There is no branch '{branch}'")))
}

fn broken() -> Error {
    Error::unavailable("the host sent no pack that can be read")
}

/// What follows the packets that come first.
fn pack_of(mut answer: &[u8]) -> Result<&[u8]> {
    while !answer.starts_with(b"PACK") {
        let (line, rest) = split_packet(answer)?;
        if let Some(line) = line
            && line.starts_with(b"ERR ")
        {
            let why = String::from_utf8_lossy(&line[4..]).trim_end().to_owned();
            return Err(Error::unavailable(format!(
                "the host sent no commit: {why}"
            )));
        }
        answer = rest;
    }
    Ok(answer)
}

/// Commits and folders of a pack, and differences that are not applied yet.
#[derive(Default)]
struct Pack {
    objects: HashMap<Id, (u8, Vec<u8>)>,
    deltas: Vec<(Id, Vec<u8>)>,
}

impl Pack {
    fn read(bytes: &[u8]) -> Result<Self> {
        let mut pack = Self::default();
        let (head, mut rest) = bytes.split_at_checked(12).ok_or_else(broken)?;
        let count: [u8; 4] = head[8..12].try_into().map_err(|_| broken())?;
        let mut room = MAX_UNPACKED;
        for _ in 0..u32::from_be_bytes(count) {
            let (kind, size, after) = header(rest)?;
            let (base, after) = if kind == DELTA {
                let (base, after) = after.split_at_checked(20).ok_or_else(broken)?;
                (Id::try_from(base).ok(), after)
            } else {
                (None, after)
            };
            room = room.checked_sub(size).ok_or_else(|| {
                Error::input("the repository is too large to put a commit on it from here")
            })?;
            let (content, after) = inflate(after, size)?;
            match (kind, base) {
                (COMMIT | TREE, _) => pack.add(kind, content),
                (DELTA, Some(base)) => pack.deltas.push((base, content)),
                // Contents of files and tags are of no use here.
                (3 | 4, _) => {}
                _ => return Err(broken()),
            }
            rest = after;
        }
        pack.apply()?;
        Ok(pack)
    }

    fn add(&mut self, kind: u8, content: Vec<u8>) {
        let name = if kind == COMMIT { "commit" } else { "tree" };
        let hash = Sha1::new()
            .chain_update(format!("{name} {}\0", content.len()))
            .chain_update(&content);
        self.objects.insert(hash.finalize().into(), (kind, content));
    }

    /// Applies the differences whose base is there; the others are of files.
    fn apply(&mut self) -> Result<()> {
        for _ in 0..MAX_CHAIN {
            let deltas = std::mem::take(&mut self.deltas);
            let n_before = deltas.len();
            for (base, delta) in deltas {
                match self.objects.get(&base) {
                    Some((kind, content)) => {
                        let (kind, content) = (*kind, changed(content, &delta)?);
                        self.add(kind, content);
                    }
                    None => self.deltas.push((base, delta)),
                }
            }
            if self.deltas.len() == n_before {
                break;
            }
        }
        Ok(())
    }

    fn base(self, hash: &str) -> Result<Base> {
        let commit = id_of(hash)?;
        let (_, text) = self.objects.get(&commit).ok_or_else(broken)?;
        let text = String::from_utf8_lossy(text);
        let tree = text.lines().next().and_then(|it| it.strip_prefix("tree "));
        let tree = id_of(tree.ok_or_else(broken)?)?;
        let trees = self.objects.into_iter();
        let trees = trees.filter(|(_, (kind, _))| *kind == TREE);
        Ok(Base {
            commit,
            tree,
            trees: trees.map(|(id, (_, content))| (id, content)).collect(),
        })
    }
}

fn id_of(hash: &str) -> Result<Id> {
    let bytes = hex::decode(hash).ok();
    let id = bytes.and_then(|bytes| Id::try_from(bytes).ok());
    id.ok_or_else(broken)
}

/// Type and size of an object, and what follows.
fn header(bytes: &[u8]) -> Result<(u8, usize, &[u8])> {
    let (first, mut rest) = bytes.split_first().ok_or_else(broken)?;
    let kind = (first >> 4) & 0x07;
    let mut size = usize::from(first & 0x0f);
    let mut shift = 4;
    let mut goes_on = first & 0x80 != 0;
    while goes_on {
        let (byte, after) = rest.split_first().ok_or_else(broken)?;
        if shift > 32 {
            return Err(broken());
        }
        size |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        goes_on = byte & 0x80 != 0;
        rest = after;
    }
    Ok((kind, size, rest))
}

/// So many bytes of a compressed content, and what follows it.
fn inflate(bytes: &[u8], size: usize) -> Result<(Vec<u8>, &[u8])> {
    let mut decoder = ZlibDecoder::new(bytes);
    let mut content = Vec::new();
    // One byte more tells content that is longer than it says; reading to the end checks its sum.
    let limit = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    let read = (&mut decoder).take(limit).read_to_end(&mut content);
    read.map_err(|error| broken().with_source(error))?;
    if content.len() != size {
        return Err(broken());
    }
    let n_read = usize::try_from(decoder.total_in()).map_err(|_| broken())?;
    let rest = bytes.get(n_read..).ok_or_else(broken)?;
    Ok((content, rest))
}

/// A content after a difference.
fn changed(base: &[u8], delta: &[u8]) -> Result<Vec<u8>> {
    let (base_size, rest) = size_of(delta)?;
    let (size, mut rest) = size_of(rest)?;
    if base_size != base.len() || size > MAX_UNPACKED {
        return Err(broken());
    }
    let mut content = Vec::with_capacity(size.min(1 << 20));
    while let Some((command, after)) = rest.split_first() {
        rest = after;
        if command & 0x80 == 0 {
            let n_bytes = usize::from(*command);
            let (new, after) = rest.split_at_checked(n_bytes).ok_or_else(broken)?;
            content.extend_from_slice(new);
            rest = after;
            continue;
        }
        let mut number = |bits: u8, n_bytes: usize| -> Result<usize> {
            let mut number = 0;
            for at in 0..n_bytes {
                if bits & (1 << at) != 0 {
                    let (byte, after) = rest.split_first().ok_or_else(broken)?;
                    number |= usize::from(*byte) << (8 * at);
                    rest = after;
                }
            }
            Ok(number)
        };
        let start = number(command & 0x0f, 4)?;
        let n_bytes = match number((command >> 4) & 0x07, 3)? {
            0 => 0x1_0000,
            n_bytes => n_bytes,
        };
        let end = start.checked_add(n_bytes).ok_or_else(broken)?;
        content.extend_from_slice(base.get(start..end).ok_or_else(broken)?);
        if content.len() > size {
            return Err(broken());
        }
    }
    if content.len() != size {
        return Err(broken());
    }
    Ok(content)
}

/// A size as differences write it: seven bits in each byte.
fn size_of(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let mut size = 0;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        size |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok((size, &bytes[at + 1..]));
        }
    }
    Err(broken())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_copy_and_add() {
        // 11 bytes become 8: the first five, and three new ones.
        let delta = [11, 8, 0x90, 5, 3, b'!', b'!', b'!'];
        assert_eq!(changed(b"hello world", &delta).unwrap(), b"hello!!!");
        let from_six = [11, 5, 0x91, 6, 5];
        assert_eq!(changed(b"hello world", &from_six).unwrap(), b"world");
        for broken in [
            &[10, 8, 0x90, 5][..],
            &[11, 8, 0x90, 5],
            &[11, 5, 0x91, 7, 5],
            &[11, 3, 3, b'!'],
            &[11, 1, 0x90],
            &[0x80],
        ] {
            assert!(changed(b"hello world", broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn packs_that_end_early_or_lie_are_refused() {
        let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
        assert!(Pack::read(&pack).is_err());
        // An empty folder that says it has a byte.
        pack.extend_from_slice(&[0x21, 0x78, 0x9c, 3, 0, 0, 0, 0, 1]);
        assert!(Pack::read(&pack).is_err());
        pack[12] = 0x20;
        assert_eq!(Pack::read(&pack).unwrap().objects.len(), 1);
        assert!(pack_of(b"0008NAK\n").is_err());
        let told = packet("ERR access denied\n");
        let error = pack_of(told.as_bytes()).unwrap_err();
        assert_eq!(error.message(), "the host sent no commit: access denied");
    }
}
