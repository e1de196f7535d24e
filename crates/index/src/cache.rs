//! Derived structures by key: built by the first reader that needs one, patched by the writer,
//! dropped when long unused.
//!
//! Readers share the index, so building must not need `&mut`. The map lock is held only to find a
//! cell; readers that want the same structure wait for one build, others pass.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

/// What a structure costs, in entries.
pub(crate) trait Weigh {
    /// Number of entries, roughly proportional to memory.
    fn weight(&self) -> usize;
}

/// How much a cache may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Number of structures.
    pub(crate) count: usize,
    /// Sum of their weights; one structure is kept even when it exceeds this alone.
    pub(crate) weight: usize,
}

/// Structures by key.
pub(crate) struct Cache<T> {
    cells: RwLock<HashMap<u32, Arc<Cell<T>>>>,
    /// Counts uses; the cell with the smallest stamp was unused for longest.
    clock: AtomicU64,
}

struct Cell<T> {
    value: OnceLock<Arc<T>>,
    used: AtomicU64,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self {
            cells: RwLock::default(),
            clock: AtomicU64::default(),
        }
    }
}

impl<T: Weigh> Cache<T> {
    /// The structure of a key, built now if it is missing.
    pub(crate) fn get(&self, key: u32, limits: Limits, build: impl FnOnce() -> T) -> Arc<T> {
        let cell = self.cell(key);
        cell.used.store(
            self.clock.fetch_add(1, Ordering::Relaxed),
            Ordering::Relaxed,
        );
        if let Some(value) = cell.value.get() {
            return Arc::clone(value);
        }
        let value = Arc::clone(cell.value.get_or_init(|| Arc::new(build())));
        self.evict(key, limits);
        value
    }

    /// The structure of a key to patch, if there is one.
    pub(crate) fn patch(&mut self, key: u32) -> Option<&mut T> {
        let cells = self.cells.get_mut();
        if cells.is_empty() {
            return None;
        }
        // The writer is alone; should a reader have kept a structure, it is rebuilt on next use.
        let is_ours = cells.get_mut(&key).is_some_and(|cell| {
            Arc::get_mut(cell)
                .and_then(|cell| cell.value.get_mut())
                .and_then(Arc::get_mut)
                .is_some()
        });
        if !is_ours {
            cells.remove(&key);
            return None;
        }
        let cell = cells.get_mut(&key).and_then(Arc::get_mut)?;
        cell.value.get_mut().and_then(Arc::get_mut)
    }

    /// Drops the structure of a key.
    pub(crate) fn remove(&mut self, key: u32) {
        self.cells.get_mut().remove(&key);
    }

    /// Whether nothing is cached, which spares bulk loads the patching.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.cells.get_mut().is_empty()
    }

    /// Sum of `measure` over all structures.
    pub(crate) fn sum(&self, measure: impl Fn(&T) -> usize) -> usize {
        let cells = self.cells.read();
        cells
            .values()
            .filter_map(|cell| cell.value.get())
            .map(|value| measure(value))
            .sum()
    }

    fn cell(&self, key: u32) -> Arc<Cell<T>> {
        if let Some(cell) = self.cells.read().get(&key) {
            return Arc::clone(cell);
        }
        let new = || {
            Arc::new(Cell {
                value: OnceLock::new(),
                used: AtomicU64::new(0),
            })
        };
        Arc::clone(self.cells.write().entry(key).or_insert_with(new))
    }

    fn evict(&self, keep: u32, limits: Limits) {
        let mut cells = self.cells.write();
        loop {
            let weights = cells.values().filter_map(|cell| cell.value.get());
            let weight: usize = weights.map(|value| value.weight()).sum();
            if cells.len() <= limits.count && weight <= limits.weight {
                return;
            }
            let others = cells.iter().filter(|(key, _)| **key != keep);
            let oldest = others.min_by_key(|(_, cell)| cell.used.load(Ordering::Relaxed));
            let Some(oldest) = oldest.map(|(key, _)| *key) else {
                return;
            };
            cells.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for usize {
        fn weight(&self) -> usize {
            *self
        }
    }

    const LIMITS: Limits = Limits {
        count: 3,
        weight: 100,
    };

    fn is_cached(cache: &Cache<usize>, key: u32) -> bool {
        cache.cells.read().contains_key(&key)
    }

    #[test]
    fn a_structure_is_built_once_and_patched_in_place() {
        let mut cache = Cache::default();
        assert_eq!(*cache.get(1, LIMITS, || 10), 10);
        assert_eq!(*cache.get(1, LIMITS, || unreachable!()), 10);
        *cache.patch(1).unwrap() += 1;
        assert_eq!(*cache.get(1, LIMITS, || unreachable!()), 11);
        assert_eq!(cache.patch(2), None);
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let cache = Cache::default();
        for key in [1, 2, 3, 1, 4] {
            cache.get(key, LIMITS, || 1);
        }
        assert!(is_cached(&cache, 1) && !is_cached(&cache, 2));
        cache.get(5, LIMITS, || 99);
        assert!(is_cached(&cache, 5) && is_cached(&cache, 4) && !is_cached(&cache, 1));
        cache.get(6, LIMITS, || 500);
        assert!(is_cached(&cache, 6) && !is_cached(&cache, 5));
    }

    #[test]
    fn a_structure_still_held_by_a_reader_is_not_patched() {
        let mut cache = Cache::default();
        let held = cache.get(1, LIMITS, || 10);
        assert_eq!(cache.patch(1), None);
        drop(held);
        assert_eq!(*cache.get(1, LIMITS, || 20), 20);
    }
}
