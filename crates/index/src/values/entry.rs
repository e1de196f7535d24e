//! How one value is written in the arena.
//!
//! A value is a pair: the lower-case text that filters compare and the spelling that facets report.
//! Most spellings are lower case already, and nearly all others differ in ASCII capitals only, for
//! which one bit per byte says it all.
//!
//! Layout: `varint(len << 2 | kind)`, the lower-case bytes, then nothing ([`SAME`]), a bit mask of
//! the capitals ([`CAPITALS`]), or the whole spelling as `varint(len)` and bytes ([`OTHER`]).

const SAME: usize = 0;
const CAPITALS: usize = 1;
const OTHER: usize = 2;

/// A value as found in the arena.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    /// What filters compare.
    pub(super) lower: &'a [u8],
    /// What facets report, when it differs.
    spelling: Spelling<'a>,
    /// Bytes of the whole entry.
    pub(super) size: usize,
}

#[derive(Clone, Copy)]
enum Spelling<'a> {
    Same,
    Capitals(&'a [u8]),
    Other(&'a [u8]),
}

impl<'a> Entry<'a> {
    /// Reads the entry at the start of `bytes`.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let (head, start) = read_varint(bytes);
        let len = head >> 2;
        let (lower, rest) = split(&bytes[start..], len);
        let (spelling, extra) = match head & 3 {
            CAPITALS => {
                let mask = split(rest, len.div_ceil(8)).0;
                (Spelling::Capitals(mask), mask.len())
            }
            OTHER => {
                let (len, start) = read_varint(rest);
                let other = split(&rest[start..], len).0;
                (Spelling::Other(other), start + other.len())
            }
            _ => (Spelling::Same, 0),
        };
        Self {
            lower,
            spelling,
            size: start + len + extra,
        }
    }

    /// Whether the spelling equals the lower-case text.
    pub(super) fn is_lower(&self) -> bool {
        matches!(self.spelling, Spelling::Same)
    }

    /// Whether the value was written as `original`.
    pub(super) fn is_spelled(&self, original: &[u8]) -> bool {
        match self.spelling {
            Spelling::Same => self.lower == original,
            Spelling::Other(other) => other == original,
            Spelling::Capitals(mask) => {
                self.lower.len() == original.len()
                    && original
                        .iter()
                        .enumerate()
                        .all(|(at, byte)| *byte == self.capital(mask, at))
            }
        }
    }

    /// The spelling.
    pub(super) fn original(&self) -> Vec<u8> {
        match self.spelling {
            Spelling::Same => self.lower.to_vec(),
            Spelling::Other(other) => other.to_vec(),
            Spelling::Capitals(mask) => (0..self.lower.len())
                .map(|at| self.capital(mask, at))
                .collect(),
        }
    }

    fn capital(&self, mask: &[u8], at: usize) -> u8 {
        let is_capital = mask[at / 8] & (1 << (at % 8)) != 0;
        if is_capital {
            self.lower[at].to_ascii_uppercase()
        } else {
            self.lower[at]
        }
    }
}

/// Appends the entry of a value to `out`.
pub(super) fn write(out: &mut Vec<u8>, lower: &[u8], original: &[u8]) {
    let kind = match () {
        () if lower == original => SAME,
        () if original.to_ascii_lowercase() == lower => CAPITALS,
        () => OTHER,
    };
    write_varint(out, lower.len() << 2 | kind);
    out.extend_from_slice(lower);
    match kind {
        CAPITALS => write_capitals(out, original),
        OTHER => {
            write_varint(out, original.len());
            out.extend_from_slice(original);
        }
        _ => {}
    }
}

fn write_capitals(out: &mut Vec<u8>, original: &[u8]) {
    for eight in original.chunks(8) {
        let bits = eight.iter().enumerate();
        out.push(bits.fold(0, |mask, (at, byte)| {
            mask | u8::from(byte.is_ascii_uppercase()) << at
        }));
    }
}

/// Appends `value`, seven bits a byte, least significant first.
pub(crate) fn write_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// The number at the start of `bytes` and how many bytes it takes.
pub(crate) fn read_varint(bytes: &[u8]) -> (usize, usize) {
    if let [byte @ ..0x80, ..] = bytes {
        return (usize::from(*byte), 1);
    }
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return (value, at + 1);
        }
    }
    (value, bytes.len())
}

fn split(bytes: &[u8], len: usize) -> (&[u8], &[u8]) {
    bytes.split_at(len.min(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lower: &str, original: &str, size: usize) {
        let mut bytes = Vec::new();
        write(&mut bytes, lower.as_bytes(), original.as_bytes());
        bytes.extend_from_slice(b"next entry");
        let entry = Entry::read(&bytes);
        assert_eq!(entry.lower, lower.as_bytes());
        assert_eq!(entry.original(), original.as_bytes());
        assert_eq!(entry.size, size, "{original}");
        assert!(entry.is_spelled(original.as_bytes()));
        assert!(!entry.is_spelled(b"something else"));
        assert_eq!(entry.is_lower(), lower == original);
    }

    #[test]
    fn spellings_are_kept_in_the_smallest_form() {
        check("", "", 1);
        check("production", "production", 11);
        check("production", "PRODUCTION", 13);
        check("größe", "Größe", 9);
        check("größe", "GRÖSSE", 1 + 7 + 1 + 7);
        check("i̇stanbul", "İstanbul", 1 + 10 + 1 + 9);
        check(&"x".repeat(300), &"X".repeat(300), 2 + 300 + 38);
    }
}
