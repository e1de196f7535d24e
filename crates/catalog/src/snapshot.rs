//! The index in a file, so that a large catalog need not be flattened again at every start.
//!
//! Invariants: a file counts only for the build that wrote it, undamaged, and when its last change
//! stands in the change log as it did; what came after is followed as usual. Without a usable file
//! everything is loaded from the database. It is written beside the old one and put in its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use index::Index;
use sha2::{Digest as _, Sha256};

use crate::store::changes::Mark;

/// First bytes of every file.
const MAGIC: &[u8; 16] = b"callboard-index\n";
const BUFFER: usize = 1 << 20;
/// Longest name of a build.
const MAX_BUILD: usize = 256;

/// Where the index is kept between two runs.
#[derive(Debug, Clone)]
pub struct SnapshotFile {
    /// The file; its folder exists.
    pub path: PathBuf,
    /// Names the build of the program: another one may flatten or write differently.
    pub build: String,
}

impl SnapshotFile {
    /// Writes the index as it was after `mark`, unless another process that shares the folder is
    /// writing one.
    pub(crate) fn write(&self, index: &Index, mark: &Mark) -> io::Result<()> {
        let lock = File::create(self.path.with_extension("lock"))?;
        if lock.try_lock().is_err() {
            return Ok(());
        }
        let beside = self.path.with_extension("new");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        let mut out = Hashing::new(BufWriter::with_capacity(BUFFER, file));
        self.head(mark, &mut out)?;
        index.write_snapshot(&mut out)?;
        let (mut out, digest) = out.finish();
        out.write_all(&digest)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)
    }

    fn head(&self, mark: &Mark, out: &mut impl Write) -> io::Result<()> {
        let build = self.build.as_bytes();
        out.write_all(MAGIC)?;
        out.write_all(&[u8::try_from(build.len().min(MAX_BUILD - 1)).unwrap_or(u8::MAX)])?;
        out.write_all(&build[..build.len().min(MAX_BUILD - 1)])?;
        for number in [mark.rev, mark.entity_id, mark.at] {
            out.write_all(&number.to_le_bytes())?;
        }
        Ok(())
    }

    /// Reads what [`SnapshotFile::write`] wrote in this build; `None` if there is no such file.
    ///
    /// Only the checksum at the end tells whether the index is the one that was written; it is
    /// compared before anything is returned.
    pub(crate) fn read(
        &self,
        is_current: impl FnOnce(&Mark) -> bool,
    ) -> io::Result<Option<(Index, Mark)>> {
        let Some(file) = open(&self.path)? else {
            return Ok(None);
        };
        let mut input = Hashing::new(BufReader::with_capacity(BUFFER, file));
        let mut expected = Vec::new();
        let nowhere = Mark::default();
        self.head(&nowhere, &mut expected)?;
        let n_named = expected.len() - 3 * size_of::<i64>();
        let mut named = vec![0; n_named];
        if input.read_exact(&mut named).is_err() || named != expected[..n_named] {
            return Ok(None);
        }
        let mut number = || {
            let mut bytes = [0; size_of::<i64>()];
            input.read_exact(&mut bytes)?;
            Ok::<_, io::Error>(i64::from_le_bytes(bytes))
        };
        let mark = Mark {
            rev: number()?,
            entity_id: number()?,
            at: number()?,
        };
        if !is_current(&mark) {
            return Ok(None);
        }
        let index = Index::read_snapshot(&mut input)?;
        let (mut input, digest) = input.finish();
        let mut stored = [0; 32];
        input.read_exact(&mut stored)?;
        if stored != digest {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "wrong checksum"));
        }
        Ok(Some((index, mark)))
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A stream whose bytes are hashed on their way.
struct Hashing<T> {
    stream: T,
    hasher: Sha256,
}

impl<T> Hashing<T> {
    fn new(stream: T) -> Self {
        Self {
            stream,
            hasher: Sha256::new(),
        }
    }

    fn finish(self) -> (T, [u8; 32]) {
        (self.stream, self.hasher.finalize().into())
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.stream.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.stream.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
}
