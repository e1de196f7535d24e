//! Forward lists: the terms of one entity, as ascending differences in variable-length bytes.
//!
//! Terms born with an entity have neighbouring numbers and common terms are old and small, so that
//! a term costs under two bytes on average.

use crate::terms::TermId;
use crate::tight;
use crate::values::entry::{read_varint, write_varint};

/// The terms of one entity.
#[derive(Default)]
pub(crate) struct Forward(Box<[u8]>);

impl Forward {
    /// Stores strictly ascending terms.
    pub(crate) fn new(terms: &[TermId]) -> Self {
        let mut bytes = Vec::with_capacity(terms.len() * 2);
        let mut last = 0;
        for term in terms {
            write_varint(&mut bytes, (term - last) as usize);
            last = *term;
        }
        Self(bytes.into_boxed_slice())
    }

    /// The terms, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = TermId> + '_ {
        let mut rest = &*self.0;
        let mut last = 0;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (step, size) = read_varint(rest);
            rest = &rest[size..];
            last += tight::id(step);
            Some(last)
        })
    }

    /// The list as it is stored.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The list that [`Forward::bytes`] gave.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes.into_boxed_slice())
    }

    /// Bytes of heap in use.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_survive() {
        for terms in [vec![], vec![0], vec![0, 1, 2, 300, 70_000, u32::MAX - 1]] {
            assert_eq!(Forward::new(&terms).iter().collect::<Vec<_>>(), terms);
        }
    }
}
