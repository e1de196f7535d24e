//! Vectors that grow by an eighth of their length.
//!
//! The index keeps a handful of vectors with one entry per entity or per term. Doubling them would
//! leave up to half of their memory unused; the smaller step costs a few more copies in total.

/// Room for the first items; short vectors need not be tight.
const FIRST: usize = 16;

/// Appends `item`, keeping the spare capacity small.
pub(crate) fn push<T>(items: &mut Vec<T>, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact(items.len() / 8 + FIRST);
    }
    items.push(item);
}

/// Lengthens `items` to at least `len` with copies of `fill`.
pub(crate) fn grow<T: Copy>(items: &mut Vec<T>, len: usize, fill: T) {
    if len > items.capacity() {
        items.reserve_exact(len + len / 8 + FIRST - items.len());
    }
    if len > items.len() {
        items.resize(len, fill);
    }
}

/// A length as a 32-bit id; no collection of the index holds more entries than that.
pub(crate) fn id(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
