//! The entities that have a value for a key, sorted by it.
//!
//! Ties are broken by entity reference; of several values the smallest counts, in either direction,
//! so that an entity appears once and descending pages are the reverse of ascending ones.
//!
//! Every slot has a label, a number that grows along the order with gaps in between. A handful of
//! hits is sorted by label without looking at texts, and an entity that moves only needs a label
//! between those of its new neighbours; when a gap is used up its run, or everything, is relabelled.

use std::cmp::Reverse;

use roaring::RoaringBitmap;

use crate::cache::Weigh;
use crate::runs::{Position, Runs};
use crate::set::Set;
use crate::tight;
use crate::values::{ValueId, Values};

/// Label of slots that are not in the order; real labels lie between this and `u32::MAX`.
const NONE: u32 = 0;

/// From this many hits on, walking along the order is always the better way.
const MANY: u64 = 4096;

/// One sorted order.
pub(crate) struct Order {
    runs: Runs,
    /// By slot.
    places: Vec<Place>,
    members: RoaringBitmap,
}

#[derive(Clone, Copy)]
struct Place {
    label: u32,
    value: ValueId,
}

impl Place {
    const NONE: Self = Self {
        label: NONE,
        value: ValueId::NULL,
    };
}

/// What comparing entities needs.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'a> {
    /// All values.
    pub(crate) values: &'a Values,
    /// Entity reference of a slot.
    pub(crate) refs: &'a dyn Fn(u32) -> ValueId,
}

impl<'a> Texts<'a> {
    fn key(&self, slot: u32, value: ValueId) -> (&'a [u8], &'a [u8]) {
        (
            self.values.lower(value),
            self.values.lower((self.refs)(slot)),
        )
    }
}

impl Weigh for Order {
    fn weight(&self) -> usize {
        self.runs.len() + self.places.len()
    }
}

impl Order {
    /// Keeps entities that are sorted already, each with its value.
    pub(crate) fn from_sorted(sorted: &[(u32, ValueId)], n_slots: usize) -> Self {
        let slots: Vec<u32> = sorted.iter().map(|(slot, _)| *slot).collect();
        let mut places = Vec::new();
        tight::grow(&mut places, n_slots, Place::NONE);
        for (slot, value) in sorted {
            places[*slot as usize].value = *value;
        }
        let members = slots.iter().copied().collect();
        let mut order = Self {
            runs: Runs::from_sorted(&slots),
            places,
            members,
        };
        order.relabel_all();
        order
    }

    /// The value that places a slot; null if the slot is not in the order.
    pub(crate) fn value(&self, slot: u32) -> ValueId {
        self.places
            .get(slot as usize)
            .map_or(ValueId::NULL, |place| place.value)
    }

    /// A number that grows along the order; zero if the slot is not in the order.
    pub(crate) fn label(&self, slot: u32) -> u32 {
        self.places
            .get(slot as usize)
            .map_or(NONE, |place| place.label)
    }

    /// The slots of the order.
    pub(crate) fn members(&self) -> &RoaringBitmap {
        &self.members
    }

    /// Adds a slot.
    pub(crate) fn insert(&mut self, slot: u32, value: ValueId, texts: Texts<'_>) {
        let target = texts.key(slot, value);
        let position = self
            .runs
            .partition_point(|other| texts.key(other, self.value(other)) < target);
        let below = self
            .runs
            .before(position)
            .map_or(NONE, |slot| self.label(slot));
        let above = self
            .runs
            .after(position)
            .map_or(u32::MAX, |slot| self.label(slot));
        let label = below + (above - below) / 2;
        tight::grow(&mut self.places, slot as usize + 1, Place::NONE);
        self.places[slot as usize] = Place { label, value };
        self.members.insert(slot);
        let position = self.runs.insert(position, slot);
        if label == below {
            self.relabel_run(position);
        }
    }

    /// Removes a slot, while its value and entity reference are still readable.
    pub(crate) fn remove(&mut self, slot: u32, texts: Texts<'_>) {
        let target = texts.key(slot, self.value(slot));
        let position = self
            .runs
            .partition_point(|other| texts.key(other, self.value(other)) < target);
        self.runs.remove(position, slot, |_| false);
        if let Some(place) = self.places.get_mut(slot as usize) {
            *place = Place::NONE;
        }
        self.members.remove(slot);
    }

    /// The places before and after entities at exactly this value and entity reference.
    pub(crate) fn around(
        &self,
        value: &str,
        entity_ref: &str,
        texts: Texts<'_>,
    ) -> (Position, Position) {
        let target = (value.as_bytes(), entity_ref.as_bytes());
        let key = |slot| texts.key(slot, self.value(slot));
        let before = self.runs.partition_point(|slot| key(slot) < target);
        let after = self.runs.partition_point(|slot| key(slot) <= target);
        (before, after)
    }

    /// The place before or after everything.
    pub(crate) fn edge(&self, is_end: bool) -> Position {
        if is_end {
            self.runs.end()
        } else {
            Position::START
        }
    }

    /// The slots of `set` along the order, starting at a place; at least `need` if there are.
    pub(crate) fn walk<'a>(
        &'a self,
        set: &'a Set<'a>,
        start: Position,
        is_descending: bool,
        need: usize,
    ) -> Box<dyn Iterator<Item = u32> + 'a> {
        if self.is_worth_sorting(set.len(), need) {
            let labels = self.labels(set, start, is_descending);
            return if is_descending {
                Box::new(smallest(labels.map(Reverse), need).map(|Reverse((_, slot))| slot))
            } else {
                Box::new(smallest(labels, need).map(|(_, slot)| slot))
            };
        }
        let is_hit = |slot: &u32| set.contains(*slot);
        if is_descending {
            Box::new(self.runs.iter_before(start).filter(is_hit))
        } else {
            Box::new(self.runs.iter_from(start).filter(is_hit))
        }
    }

    /// Whether to sort the labels of all hits rather than to walk along the order until enough
    /// hits came by. If hits are spread evenly, the walk takes `need * members / hits` steps.
    fn is_worth_sorting(&self, n_hits: u64, need: usize) -> bool {
        let n_steps = (need as u64).saturating_mul(self.members.len());
        n_hits < MANY && n_hits.saturating_mul(n_hits) < n_steps.saturating_mul(4)
    }

    /// Bytes of heap in use.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.runs.heap_bytes()
            + self.places.capacity() * size_of::<Place>()
            + self.members.serialized_size()
    }

    /// The slots of `set` on one side of a place, with their labels, in no order.
    fn labels<'a>(
        &'a self,
        set: &'a Set<'a>,
        start: Position,
        is_descending: bool,
    ) -> impl Iterator<Item = (u32, u32)> + 'a {
        let range = if is_descending {
            let last = self
                .runs
                .before(start)
                .map_or(NONE, |slot| self.label(slot));
            1..=last
        } else {
            let first = self
                .runs
                .after(start)
                .map_or(u32::MAX, |slot| self.label(slot));
            first..=u32::MAX
        };
        let labelled = set.iter().map(|slot| (self.label(slot), slot));
        labelled.filter(move |(label, _)| range.contains(label))
    }

    /// Spreads the labels of one run over the gap between its neighbours.
    fn relabel_run(&mut self, position: Position) {
        let (before, run, after) = self.runs.surroundings(position);
        let below = before.map_or(NONE, |slot| self.label(slot));
        let above = after.map_or(u32::MAX, |slot| self.label(slot));
        let step = (above - below) / (tight::id(run.len()) + 1);
        if step == 0 {
            return self.relabel_all();
        }
        for (at, slot) in (1..).zip(run) {
            self.places[*slot as usize].label = below + at * step;
        }
    }

    fn relabel_all(&mut self) {
        let step = u32::MAX / (tight::id(self.runs.len()) + 1);
        for (at, slot) in (1..).zip(self.runs.iter_from(Position::START)) {
            self.places[slot as usize].label = at * step;
        }
    }
}

/// The `need` smallest items, ascending.
fn smallest<T: Ord>(items: impl Iterator<Item = T>, need: usize) -> std::vec::IntoIter<T> {
    let mut items: Vec<T> = items.collect();
    if let Some(last) = need.checked_sub(1)
        && last < items.len()
    {
        items.select_nth_unstable(last);
        items.truncate(need);
    }
    items.sort_unstable();
    items.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inserting at one point over and over uses up gaps, runs and finally the whole range.
    #[test]
    fn labels_grow_along_the_order_however_it_came_about() {
        let mut values = Values::default();
        let name = |n: u32| format!("{n:06}");
        let ids: Vec<ValueId> = (0..6_000)
            .map(|n| {
                let id = values.intern(&name(n), &name(n)).unwrap();
                values.acquire(id);
                id
            })
            .collect();
        let refs = |slot: u32| ids[slot as usize];
        let texts = Texts {
            values: &values,
            refs: &refs,
        };
        let mut order = Order::from_sorted(&[(0, ids[0]), (5_999, ids[5_999])], 6_000);
        for slot in (1..3_000).chain((3_000..5_999).rev()) {
            order.insert(slot, ids[slot as usize], texts);
        }
        for slot in (0..6_000).step_by(7) {
            order.remove(slot, texts);
        }
        let slots: Vec<u32> = order.runs.iter_from(Position::START).collect();
        assert!(
            slots
                .iter()
                .copied()
                .eq((0..6_000).filter(|slot| slot % 7 != 0))
        );
        assert!(slots.is_sorted_by(|a, b| order.label(*a) < order.label(*b)));
        assert!(slots.iter().all(|slot| order.label(*slot) > 0));
    }
}
