//! Evaluation of filters.
//!
//! A filter is first resolved to the sets it names ([`Node`]); then either one slot is tested or the
//! set of all matches is built, starting from the part with the fewest candidates.

use std::borrow::Cow;

use model::Filter;
use roaring::RoaringBitmap;

use crate::index::Index;
use crate::postings::View;
use crate::set::Set;

/// Unions of more sets than this are computed once instead of being tested one by one.
const MANY_VIEWS: usize = 8;

/// Sets with fewer slots are narrowed slot by slot, even where another bitmap is at hand.
const FEW: u64 = 256;

/// Sets with fewer slots are narrowed slot by slot rather than to evaluate a part as a whole.
const FEW_FOR_PARTS: u64 = 4096;

/// A filter that nests deeper matches nothing as a whole; parsers stop far earlier.
const MAX_DEPTH: usize = 256;

/// A filter with its keys and values looked up.
pub(crate) enum Node<'a> {
    /// Every entity.
    Everything,
    /// No entity.
    Nothing,
    /// The entities of one term or key.
    One(View<'a>),
    /// The entities of many terms.
    Union(RoaringBitmap),
    /// All parts hold; the part with the fewest candidates first.
    All(Vec<Node<'a>>),
    /// One of the parts holds.
    Any(Vec<Node<'a>>),
    /// The part does not hold.
    Not(Box<Node<'a>>),
}

impl Node<'_> {
    /// Whether the filter holds for a slot.
    pub(crate) fn contains(&self, slot: u32) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::One(view) => view.contains(slot),
            Self::Union(bitmap) => bitmap.contains(slot),
            Self::All(parts) => parts.iter().all(|part| part.contains(slot)),
            Self::Any(parts) => parts.iter().any(|part| part.contains(slot)),
            Self::Not(part) => !part.contains(slot),
        }
    }

    /// An upper bound of how many slots the filter holds for.
    fn estimate(&self) -> u64 {
        match self {
            Self::Everything | Self::Not(_) => u64::MAX,
            Self::Nothing => 0,
            Self::One(view) => view.len(),
            Self::Union(bitmap) => bitmap.len(),
            Self::All(parts) => parts.first().map_or(u64::MAX, Self::estimate),
            Self::Any(parts) => parts
                .iter()
                .map(Self::estimate)
                .fold(0, u64::saturating_add),
        }
    }
}

impl Index {
    /// Looks up the keys and values of a filter.
    pub(crate) fn compile(&self, filter: &Filter) -> Node<'_> {
        self.compile_at(filter, 0).unwrap_or(Node::Nothing)
    }

    fn compile_at(&self, filter: &Filter, depth: usize) -> Option<Node<'_>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let parts = |parts: &[Filter]| -> Option<Vec<Node<'_>>> {
            parts
                .iter()
                .map(|part| self.compile_at(part, depth + 1))
                .collect()
        };
        let mut views = Vec::new();
        match filter {
            Filter::All(filters) => return Some(all(parts(filters)?)),
            Filter::Any(filters) => return Some(any(parts(filters)?)),
            Filter::Not(filter) => return Some(not(self.compile_at(filter, depth + 1)?)),
            Filter::Exists(key) => self.push_present(&self.source(key), &mut views),
            Filter::Prefix { key, prefix } => {
                self.push_prefixed(&self.source(key), prefix, &mut views);
            }
            Filter::In { key, values } => {
                let source = self.source(key);
                for value in values {
                    self.push_equal(&source, value, &mut views);
                }
            }
        }
        Some(union(views))
    }

    /// The entities that a compiled filter holds for.
    pub(crate) fn evaluate<'a>(&'a self, node: Node<'a>) -> Set<'a> {
        match node {
            Node::Everything => Set::Many(Cow::Borrowed(self.documents.live())),
            Node::Nothing | Node::One(View::Empty) => Set::empty(),
            Node::One(View::One(slot)) => Set::Few(vec![slot]),
            Node::One(View::Few(slots)) => Set::Few(slots.to_vec()),
            Node::One(View::Many(bitmap)) => Set::Many(Cow::Borrowed(bitmap)),
            Node::Union(bitmap) => Set::Many(Cow::Owned(bitmap)),
            Node::Any(parts) => self.unite(parts),
            Node::Not(part) => self.subtract(Cow::Borrowed(self.documents.live()), *part),
            Node::All(parts) => {
                let mut parts = parts.into_iter();
                let first = self.evaluate(parts.next().unwrap_or(Node::Everything));
                parts.fold(first, |set, part| self.intersect(set, part))
            }
        }
    }

    fn unite<'a>(&'a self, parts: Vec<Node<'a>>) -> Set<'a> {
        let mut union = RoaringBitmap::new();
        for part in parts {
            match self.evaluate(part) {
                Set::Few(slots) => union.extend(slots),
                Set::Many(bitmap) => union |= &*bitmap,
            }
        }
        Set::Many(Cow::Owned(union))
    }

    fn intersect<'a>(&'a self, set: Set<'a>, part: Node<'a>) -> Set<'a> {
        let few = match &part {
            Node::One(View::Many(_)) | Node::Union(_) => FEW,
            _ => FEW_FOR_PARTS,
        };
        let bitmap = match set {
            Set::Many(bitmap) if bitmap.len() >= few => bitmap,
            small => return small.filter(|slot| part.contains(slot)),
        };
        let part = match part {
            Node::Not(part) => return self.subtract(bitmap, *part),
            part => self.evaluate(part),
        };
        match (part, bitmap) {
            (Set::Few(slots), bitmap) => Set::Few(slots).filter(|slot| bitmap.contains(slot)),
            (Set::Many(part), Cow::Borrowed(bitmap)) => Set::Many(Cow::Owned(bitmap & &*part)),
            (Set::Many(part), Cow::Owned(mut bitmap)) => {
                bitmap &= &*part;
                Set::Many(Cow::Owned(bitmap))
            }
        }
    }

    fn subtract<'a>(&'a self, bitmap: Cow<'a, RoaringBitmap>, part: Node<'a>) -> Set<'a> {
        let mut bitmap = bitmap.into_owned();
        match self.evaluate(part) {
            Set::Many(part) => bitmap -= &*part,
            Set::Few(slots) => slots.into_iter().for_each(|slot| {
                bitmap.remove(slot);
            }),
        }
        Set::Many(Cow::Owned(bitmap))
    }
}

/// Conjunction; everything is neutral and nothing decides.
pub(crate) fn all(mut parts: Vec<Node<'_>>) -> Node<'_> {
    if parts.iter().any(|part| matches!(part, Node::Nothing)) {
        return Node::Nothing;
    }
    parts.retain(|part| !matches!(part, Node::Everything));
    parts.sort_by_cached_key(Node::estimate);
    match parts.pop() {
        None => Node::Everything,
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            Node::All(parts)
        }
    }
}

/// Disjunction; nothing is neutral and everything decides.
fn any(mut parts: Vec<Node<'_>>) -> Node<'_> {
    if parts.iter().any(|part| matches!(part, Node::Everything)) {
        return Node::Everything;
    }
    parts.retain(|part| !matches!(part, Node::Nothing));
    match parts.pop() {
        None => Node::Nothing,
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            Node::Any(parts)
        }
    }
}

fn not(part: Node<'_>) -> Node<'_> {
    match part {
        Node::Everything => Node::Nothing,
        Node::Nothing => Node::Everything,
        Node::Not(part) => *part,
        part => Node::Not(Box::new(part)),
    }
}

/// The union of the entities of terms.
pub(crate) fn union(mut views: Vec<View<'_>>) -> Node<'_> {
    views.retain(|view| !matches!(view, View::Empty));
    if views.len() > MANY_VIEWS {
        return Node::Union(merge(&views));
    }
    any(views.into_iter().map(Node::One).collect())
}

/// Single slots are sorted first: adding them to a bitmap one by one would be slower.
fn merge(views: &[View<'_>]) -> RoaringBitmap {
    let mut slots = Vec::new();
    let mut union = RoaringBitmap::new();
    for view in views {
        match view {
            View::Many(bitmap) => union |= *bitmap,
            view => view.for_each(|slot| slots.push(slot)),
        }
    }
    slots.sort_unstable();
    slots.dedup();
    union |= RoaringBitmap::from_sorted_iter(slots).unwrap_or_default();
    union
}
