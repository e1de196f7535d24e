//! The whole index as bytes, so that a process need not make it from all entities at every start.
//!
//! Numbers are little-endian; lists are their length and their items. Only what cannot be derived
//! is written: hash tables are filled again, orders and columns are built by the first query.
//! The format is private to one build of the program; whoever stores it names the build beside it.
//!
//! Invariants: reading never panics and never allocates more than the input is long; bytes that are
//! not what [`Index::write_snapshot`] wrote are an error. Whether ids inside are consistent is not
//! checked: the caller guards stored snapshots with a checksum.

use std::io::{self, Read, Write};

use roaring::RoaringBitmap;

use crate::index::Index;

/// Items read at a time, so that a wrong length cannot claim memory.
const STEP: usize = 1 << 16;

/// Writes parts of the index.
pub(crate) struct Encoder<'a>(&'a mut dyn Write);

/// Reads parts of the index.
pub(crate) struct Decoder<'a>(&'a mut dyn Read);

/// A part of the index that can be written and read.
pub(crate) trait Part: Sized {
    fn encode(&self, out: &mut Encoder<'_>) -> io::Result<()>;
    fn decode(input: &mut Decoder<'_>) -> io::Result<Self>;
}

impl Index {
    /// Writes the index.
    pub fn write_snapshot(&self, out: &mut dyn Write) -> io::Result<()> {
        self.encode(&mut Encoder(out))
    }

    /// Reads an index that [`Index::write_snapshot`] wrote in the same build of the program.
    pub fn read_snapshot(input: &mut dyn Read) -> io::Result<Self> {
        Self::decode(&mut Decoder(input))
    }
}

/// What is wrong with bytes that no index was written as.
pub(crate) fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a snapshot of an index")
}

/// Some numbers as bytes; `SIZE` is four times as many.
pub(crate) fn bytes_of<const N: usize, const SIZE: usize>(numbers: [u32; N]) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

/// The numbers that [`bytes_of`] wrote.
pub(crate) fn numbers<const N: usize, const SIZE: usize>(bytes: [u8; SIZE]) -> [u32; N] {
    let mut numbers = [0; N];
    for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
        *number = bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u32::from(*byte));
    }
    numbers
}

impl Encoder<'_> {
    pub(crate) fn u32(&mut self, number: u32) -> io::Result<()> {
        self.0.write_all(&number.to_le_bytes())
    }

    pub(crate) fn u64(&mut self, number: u64) -> io::Result<()> {
        self.0.write_all(&number.to_le_bytes())
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.u64(bytes.len() as u64)?;
        self.0.write_all(bytes)
    }

    /// Items of a fixed size.
    pub(crate) fn list<T: Copy, const N: usize>(
        &mut self,
        items: &[T],
        to_bytes: impl Fn(T) -> [u8; N],
    ) -> io::Result<()> {
        self.u64(items.len() as u64)?;
        let mut buffer = Vec::with_capacity(STEP.min(items.len()) * N);
        for part in items.chunks(STEP) {
            buffer.clear();
            for item in part {
                buffer.extend_from_slice(&to_bytes(*item));
            }
            self.0.write_all(&buffer)?;
        }
        Ok(())
    }

    pub(crate) fn u32s(&mut self, numbers: &[u32]) -> io::Result<()> {
        self.list(numbers, u32::to_le_bytes)
    }

    pub(crate) fn bitmap(&mut self, bitmap: &RoaringBitmap) -> io::Result<()> {
        bitmap.serialize_into(&mut *self.0)
    }
}

impl Decoder<'_> {
    pub(crate) fn u32(&mut self) -> io::Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> io::Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn len(&mut self) -> io::Result<usize> {
        usize::try_from(self.u64()?).map_err(|_| malformed())
    }

    pub(crate) fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let len = self.len()?;
        let mut bytes = Vec::new();
        // A wrong length ends here, with what there is.
        if len > STEP {
            let limit = len as u64;
            if self.0.take(limit).read_to_end(&mut bytes)? < len {
                return Err(malformed());
            }
            bytes.shrink_to_fit();
        } else {
            bytes.resize(len, 0);
            self.0.read_exact(&mut bytes)?;
        }
        Ok(bytes)
    }

    pub(crate) fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| malformed())
    }

    /// Items of a fixed size.
    pub(crate) fn list<T, const N: usize>(
        &mut self,
        from_bytes: impl Fn([u8; N]) -> T,
    ) -> io::Result<Vec<T>> {
        let len = self.len()?;
        let mut items = Vec::new();
        let mut buffer = vec![0; STEP.min(len) * N];
        while items.len() < len {
            let n = STEP.min(len - items.len());
            let part = &mut buffer[..n * N];
            self.0.read_exact(part)?;
            if items.is_empty() && len > STEP {
                // Something of this length is being read, so it is there to be stored.
                items.reserve_exact(len.min(n * 64));
            }
            items.extend(
                part.chunks_exact(N)
                    .filter_map(|bytes| Some(from_bytes(bytes.try_into().ok()?))),
            );
        }
        items.shrink_to_fit();
        Ok(items)
    }

    pub(crate) fn u32s(&mut self) -> io::Result<Vec<u32>> {
        self.list(u32::from_le_bytes)
    }

    pub(crate) fn bitmap(&mut self) -> io::Result<RoaringBitmap> {
        RoaringBitmap::deserialize_from(&mut *self.0)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use model::Filter;

    use super::*;
    use crate::{Cursor, Document, PageRequest, Row};

    fn add(index: &mut Index, n: u32) {
        let texts = [
            (
                "kind",
                if n.is_multiple_of(3) {
                    "API"
                } else {
                    "Component"
                }
                .to_owned(),
            ),
            ("metadata.name", format!("Name-{n}")),
            ("metadata.tags", format!("tag-{}", n % 700)),
            ("spec.owner", format!("team-{}", n % 11)),
        ];
        let lower: Vec<String> = texts.iter().map(|(_, text)| text.to_lowercase()).collect();
        let rows: Vec<Row<'_>> = texts
            .iter()
            .zip(&lower)
            .map(|((key, text), lower)| Row {
                key,
                value: Some(lower),
                original: Some(text),
            })
            .collect();
        let etag = format!("{n:040x}");
        assert!(index.upsert(Document {
            id: i64::from(n) * 7,
            entity_ref: &format!("component:default/name-{n}"),
            uid: &format!("uid-{n}"),
            etag: if n.is_multiple_of(5) { "odd" } else { &etag },
            body_len: n,
            rows: &rows,
        }));
    }

    /// An index with a history: entities came, changed and went.
    fn sample() -> Index {
        let mut index = Index::new();
        (0..5_000).for_each(|n| add(&mut index, n));
        (0..5_000).filter(|n| n % 4 == 1).for_each(|n| {
            index.remove(i64::from(n) * 7);
        });
        (0..500).for_each(|n| add(&mut index, n));
        index
    }

    fn written(index: &Index) -> Vec<u8> {
        let mut bytes = Vec::new();
        index.write_snapshot(&mut bytes).unwrap();
        bytes
    }

    fn answers(index: &Index) -> String {
        let filter = Filter::In {
            key: "spec.owner".into(),
            values: vec!["team-3".into()],
        };
        let cursor = Cursor::first(
            model::parse_order_fields(&["metadata.name,desc"]).unwrap(),
            None,
        );
        let page = index.page(&PageRequest {
            filter: &filter,
            cursor: &cursor,
            limit: 50,
            offset: 3,
            with_total: true,
        });
        let metas: Vec<String> = page
            .items
            .iter()
            .map(|hit| format!("{:?}", index.meta(hit.slot)))
            .collect();
        let facets = index.facets(&["kind", "metadata.tags"], &filter);
        format!(
            "{} {metas:?} {facets:?} {:?}",
            page.total,
            index.bucket_digests()
        )
    }

    #[test]
    fn an_index_that_was_read_answers_and_changes_like_the_one_that_was_written() {
        let mut index = sample();
        let mut read = Index::read_snapshot(&mut written(&index).as_slice()).unwrap();
        assert_eq!(answers(&read), answers(&index));
        for index in [&mut index, &mut read] {
            (100..300).for_each(|n| assert!(index.remove(i64::from(n) * 7) || n % 4 == 1));
            (4_900..6_000).for_each(|n| add(index, n));
        }
        assert_eq!(answers(&read), answers(&index));
        assert_eq!(read.by_uid("uid-5999"), index.by_uid("uid-5999"));
        assert_eq!(read.by_ref("component:default/name-150"), None);
    }

    #[test]
    fn bytes_that_end_early_are_refused() {
        let bytes = written(&sample());
        for len in (0..bytes.len()).step_by(bytes.len() / 97 + 1) {
            assert!(Index::read_snapshot(&mut &bytes[..len]).is_err(), "{len}");
        }
    }
}
