//! The index itself: its parts, and lookups of single entities.

use std::io;
use std::sync::Arc;

use model::Filter;

use crate::cache::{Cache, Limits};
use crate::column::Column;
use crate::digest::{BucketDigest, Digests};
use crate::documents::{Documents, Hit, Meta};
use crate::filter::Node;
use crate::keys::{KeyId, Keys};
use crate::order::Order;
use crate::postings::{Postings, View};
use crate::set::Bits;
use crate::snapshot::{Decoder, Encoder, Part};
use crate::sort;
use crate::source::{Source, TRUE};
use crate::terms::Terms;
use crate::text::TextColumn;
use crate::values::{ValueId, Values};

/// Orders kept at a time.
const MAX_ORDERS: usize = 32;

/// Sorted term lists kept at a time.
const MAX_COLUMNS: usize = 256;

/// Text buffers kept at a time.
const MAX_TEXTS: usize = 16;

/// What a cache may always hold, in entries.
const MIN_WEIGHT: usize = 1 << 18;

/// Key of the order by entity reference in the cache of orders.
const BY_REF: u32 = u32::MAX;

/// Key of the uid of entities whose rows do not carry it.
pub(crate) const HIDDEN_UID: &str = "\0uid";

/// Key under which rows carry the uid.
pub(crate) const UID: &str = "metadata.uid";

/// The inverted index of all entities.
///
/// Plain data without locks of its own for the contents: the owner holds it in a read-write lock.
/// Queries take `&self` and may run concurrently; orders and other derived structures are built by
/// the first query that needs them.
pub struct Index {
    pub(crate) values: Values,
    /// The value of the rows that array items imply; always interned.
    truth: ValueId,
    pub(crate) keys: Keys,
    pub(crate) terms: Terms,
    pub(crate) postings: Postings,
    pub(crate) documents: Documents,
    pub(crate) digests: Digests,
    pub(crate) orders: Cache<Order>,
    pub(crate) columns: Cache<Column>,
    pub(crate) texts: Cache<TextColumn>,
}

/// Bytes of heap per part of the index; see [`Index::memory`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Distinct texts.
    pub values: usize,
    /// Distinct keys.
    pub keys: usize,
    /// Pairs of key and value.
    pub terms: usize,
    /// Sets of entities per term and key.
    pub postings: usize,
    /// Per-entity data.
    pub documents: usize,
    /// Terms per entity.
    pub forwards: usize,
    /// Orders, sorted terms and text buffers, built on demand.
    pub caches: usize,
}

impl Memory {
    /// Bytes of all parts.
    pub fn total(&self) -> usize {
        self.values
            + self.keys
            + self.terms
            + self.postings
            + self.documents
            + self.forwards
            + self.caches
    }
}

/// A filter made ready for testing many entities.
pub struct Matcher<'a>(Node<'a>);

impl Matcher<'_> {
    /// Whether the filter holds for the entity in a slot.
    pub fn matches(&self, slot: u32) -> bool {
        self.0.contains(slot)
    }
}

impl Default for Index {
    fn default() -> Self {
        let mut values = Values::default();
        let truth = values.intern(TRUE, TRUE).unwrap_or(ValueId::NULL);
        values.acquire(truth);
        Self {
            values,
            truth,
            keys: Keys::default(),
            terms: Terms::default(),
            postings: Postings::default(),
            documents: Documents::default(),
            digests: Digests::default(),
            orders: Cache::default(),
            columns: Cache::default(),
            texts: Cache::default(),
        }
    }
}

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty index with room for about `n` entities, to spare a bulk load the rehashing.
    pub fn with_capacity(n: usize) -> Self {
        let mut index = Self::default();
        index.documents.reserve(n);
        index.values.reserve(n * 7);
        index.terms.reserve(n * 12);
        index
    }

    /// Number of entities.
    pub fn len(&self) -> u64 {
        self.documents.live().len()
    }

    /// Whether there are no entities.
    pub fn is_empty(&self) -> bool {
        self.documents.live().is_empty()
    }

    /// The entity with this reference, compared as it is: stored references are lower case.
    pub fn by_ref(&self, entity_ref: &str) -> Option<Hit> {
        let value = self.values.find_spelled(entity_ref, entity_ref)?;
        self.documents.by_ref(value).map(|slot| self.hit(slot))
    }

    /// The entity with this uid.
    pub fn by_uid(&self, uid: &str) -> Option<Hit> {
        let value = self.values.find_spelled(uid, uid)?;
        let keys = [UID, HIDDEN_UID]
            .into_iter()
            .filter_map(|key| self.keys.find(key));
        let terms = keys.filter_map(|key| self.terms.find(key.term_key(false), value));
        let slot = terms.into_iter().find_map(|term| {
            let mut owner = None;
            self.view(term).for_each(|slot| {
                if self.documents.uid(slot) == value {
                    owner = Some(slot);
                }
            });
            owner
        })?;
        Some(self.hit(slot))
    }

    /// The entity with this database row id.
    pub fn by_id(&self, id: i64) -> Option<Hit> {
        self.documents.by_id(id).map(|slot| self.hit(slot))
    }

    /// [`version_of`](crate::version_of) the etag of the entity in a slot.
    pub fn version(&self, slot: u32) -> u64 {
        self.documents.version(slot)
    }

    /// Length of the body of the entity in a slot, in bytes.
    pub fn body_len(&self, slot: u32) -> u32 {
        self.documents.body_len(slot)
    }

    /// What the index knows of the entity in a slot.
    pub fn meta(&self, slot: u32) -> Meta<'_> {
        self.documents.meta(slot, &self.values)
    }

    /// Whether the filter holds for the entity in a slot.
    pub fn matches(&self, slot: u32, filter: &Filter) -> bool {
        self.compile(filter).contains(slot)
    }

    /// The values of a key of the entity in a slot, in lower case.
    pub fn values_of(&self, slot: u32, key: &str) -> Vec<&str> {
        let Some(key) = self.keys.find(key) else {
            return Vec::new();
        };
        let terms = self.documents.forward(slot).iter();
        let values = terms.filter(|term| self.terms.key(*term).key() == key);
        let values = values.map(|term| self.terms.value(term));
        values
            .filter(|value| *value != ValueId::NULL)
            .map(|value| self.values.text(value))
            .collect()
    }

    /// Prepares a filter for testing many entities.
    pub fn matcher(&self, filter: &Filter) -> Matcher<'_> {
        Matcher(self.compile(filter))
    }

    /// Number of entities that the filter holds for.
    pub fn count(&self, filter: &Filter) -> u64 {
        match self.compile(filter) {
            Node::One(view) => view.len(),
            node => self.evaluate(node).len(),
        }
    }

    /// Checksums of the contents, for the comparison with the database.
    pub fn bucket_digests(&self) -> Vec<BucketDigest> {
        self.digests.list()
    }

    /// Builds the order by entity reference and by these fields, so that no query has to wait.
    pub fn warm(&self, fields: &[&str]) {
        self.order_by_ref();
        for field in fields {
            self.order(Some(field));
        }
    }

    /// Bytes of heap per part of the index.
    pub fn memory(&self) -> Memory {
        let orders = self.orders.sum(Order::heap_bytes);
        let columns = self.columns.sum(Column::heap_bytes);
        Memory {
            values: self.values.heap_bytes(),
            keys: self.keys.heap_bytes(),
            terms: self.terms.heap_bytes(),
            postings: self.postings.heap_bytes(),
            documents: self.documents.heap_bytes(),
            forwards: self.documents.forward_bytes(),
            caches: orders + columns + self.texts.sum(TextColumn::heap_bytes),
        }
    }

    /// Number of distinct values, keys and terms.
    pub fn cardinalities(&self) -> [usize; 3] {
        [self.values.len(), self.keys.len(), self.terms.len()]
    }

    pub(crate) fn hit(&self, slot: u32) -> Hit {
        Hit {
            slot,
            id: self.documents.id(slot),
        }
    }

    /// One more than the largest slot.
    pub(crate) fn n_slots(&self) -> usize {
        self.documents
            .live()
            .max()
            .map_or(0, |slot| slot as usize + 1)
    }

    /// The order by a field as a client writes it, or by entity reference; `None` for a field that
    /// no entity has.
    pub(crate) fn order(&self, field: Option<&str>) -> Option<Arc<Order>> {
        let Some(field) = field else {
            return Some(self.order_by_ref());
        };
        let source = self.source(&field.to_lowercase());
        match source.key {
            Some(key) if source.items.is_empty() => {
                let limits = self.order_limits();
                Some(
                    self.orders
                        .get(key.number(), limits, || self.build_order(&source)),
                )
            }
            // Orders by array items are not worth keeping up to date.
            _ if !source.items.is_empty() => Some(Arc::new(self.build_order(&source))),
            _ => None,
        }
    }

    fn order_by_ref(&self) -> Arc<Order> {
        self.orders.get(BY_REF, self.order_limits(), || {
            let mut slots: Vec<u32> = self.documents.live().iter().collect();
            sort::by_text(&mut slots, |slot| {
                self.values.lower(self.documents.entity_ref(slot))
            });
            let sorted: Vec<_> = slots
                .into_iter()
                .map(|slot| (slot, self.documents.entity_ref(slot)))
                .collect();
            Order::from_sorted(&sorted, self.n_slots())
        })
    }

    /// Goes through the values from the smallest: the first time an entity is met is its place.
    fn build_order(&self, source: &Source) -> Order {
        let by_ref = self.order_by_ref();
        let mut seen = Bits::new(self.n_slots());
        let mut sorted = Vec::new();
        for group in self
            .values_by_text(source)
            .chunk_by(|a, b| self.same_text(a.0, b.0))
        {
            let start = sorted.len();
            for (value, view) in group {
                view.for_each(|slot| {
                    if seen.insert(slot) {
                        sorted.push((slot, *value));
                    }
                });
            }
            sorted[start..].sort_unstable_by_key(|(slot, _)| by_ref.label(*slot));
        }
        Order::from_sorted(&sorted, self.n_slots())
    }

    /// The values of a key with their entities, by text.
    fn values_by_text(&self, source: &Source) -> Vec<(ValueId, View<'_>)> {
        let mut values = Vec::new();
        if let Some(key) = source.key {
            let column = self.column(key);
            values.extend(
                column
                    .iter()
                    .map(|term| (self.terms.value(term), self.view(term))),
            );
        }
        let at = values.partition_point(|(other, _)| self.values.lower(*other) < TRUE.as_bytes());
        let items = source
            .items
            .iter()
            .map(|term| (self.truth, self.view(*term)));
        values.splice(at..at, items);
        values
    }

    pub(crate) fn same_text(&self, a: ValueId, b: ValueId) -> bool {
        a == b || self.values.lower(a) == self.values.lower(b)
    }

    pub(crate) fn column_limits(&self) -> Limits {
        Limits {
            count: MAX_COLUMNS,
            weight: MIN_WEIGHT.max(self.n_slots() * 8),
        }
    }

    pub(crate) fn text_limits(&self) -> Limits {
        Limits {
            count: MAX_TEXTS,
            weight: MIN_WEIGHT.max(self.n_slots() * 16),
        }
    }

    fn order_limits(&self) -> Limits {
        Limits {
            count: MAX_ORDERS,
            weight: MIN_WEIGHT.max(self.n_slots() * 12),
        }
    }
}

impl Part for Index {
    fn encode(&self, out: &mut Encoder<'_>) -> io::Result<()> {
        self.values.encode(out)?;
        out.u32(self.truth.number())?;
        self.keys.encode(out)?;
        self.terms.encode(out)?;
        self.postings.encode(out)?;
        self.documents.encode(out)?;
        self.digests.encode(out)
    }

    fn decode(input: &mut Decoder<'_>) -> io::Result<Self> {
        Ok(Self {
            values: Part::decode(input)?,
            truth: ValueId::from_number(input.u32()?),
            keys: Part::decode(input)?,
            terms: Part::decode(input)?,
            postings: Part::decode(input)?,
            documents: Part::decode(input)?,
            digests: Part::decode(input)?,
            orders: Cache::default(),
            columns: Cache::default(),
            texts: Cache::default(),
        })
    }
}

/// The cached order that a change of a key affects.
pub(crate) fn order_key(key: Option<KeyId>) -> u32 {
    key.map_or(BY_REF, KeyId::number)
}
