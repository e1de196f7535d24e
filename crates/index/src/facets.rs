//! Facets: how often each value of a key occurs among the entities of a filter.
//!
//! Two ways lead there. With few hits their forward lists are read once for all keys; otherwise
//! every term of a key is intersected with the hits. The estimated cost decides.

use hashbrown::HashMap;
use model::Filter;

use crate::index::Index;
use crate::keys::KeyId;
use crate::postings::View;
use crate::set::{Bits, Set};
use crate::source::{Source, TRUE};
use crate::values::ValueId;

/// Rough cost in nanoseconds of reading the forward list of a hit.
const COST_HIT: u64 = 300;

/// Rough cost in nanoseconds of looking at a term.
const COST_TERM: u64 = 12;

/// Rough cost in nanoseconds of looking up one entity of a term.
const COST_ROW: u64 = 2;

/// A value of a key and how many rows have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FacetValue {
    /// The value as it was spelled.
    pub value: String,
    /// Number of rows.
    pub count: u64,
}

type Counts = Vec<(ValueId, u64)>;

impl Index {
    /// Counts the values of each key, among the entities that the filter holds for.
    ///
    /// One list per key as asked for, by spelling, bytewise. Keys are compared in lower case; the
    /// list of a key that no entity has is empty. Every spelling counts on its own.
    pub fn facets(&self, keys: &[&str], filter: &Filter) -> Vec<Vec<FacetValue>> {
        let set = self.evaluate(self.compile(filter));
        let keys: Vec<String> = keys.iter().map(|key| key.to_lowercase()).collect();
        let mut sources: HashMap<&str, Source> = HashMap::new();
        for key in &keys {
            sources.entry(key).or_insert_with(|| self.source(key));
        }
        let ids: Vec<KeyId> = sources.values().filter_map(|source| source.key).collect();
        let mut counts = self.count_values(&ids, &set);
        let mut lists: HashMap<&str, Vec<FacetValue>> = HashMap::new();
        for (key, source) in &sources {
            let counts = source
                .key
                .and_then(|id| counts.remove(&id))
                .unwrap_or_default();
            lists.insert(key, self.facet_list(counts, source, &set));
        }
        let list = |at: usize| {
            let key = keys[at].as_str();
            let is_asked_again = keys[at + 1..].iter().any(|other| other == key);
            let list = if is_asked_again {
                lists.get(key).cloned()
            } else {
                lists.remove(key)
            };
            list.unwrap_or_default()
        };
        (0..keys.len()).map(list).collect()
    }

    fn count_values(&self, keys: &[KeyId], set: &Set<'_>) -> HashMap<KeyId, Counts> {
        if self.is_everything(set) {
            return self.count_terms(keys, |view| view.len());
        }
        let cost = keys.iter().map(|key| {
            let key = self.keys.get(*key);
            u64::from(key.n_terms) * COST_TERM + u64::from(key.n_rows) * COST_ROW
        });
        if set.len() * COST_HIT < cost.sum() {
            return self.count_forwards(keys, set);
        }
        let bits = Bits::of(set, self.n_slots());
        self.count_terms(keys, |view| match view {
            View::Many(bitmap) => set.intersection_len(bitmap),
            view => {
                let mut count = 0;
                view.for_each(|slot| count += u64::from(bits.contains(slot)));
                count
            }
        })
    }

    /// Counts term by term; the counts come in the order of texts.
    fn count_terms(
        &self,
        keys: &[KeyId],
        count: impl Fn(View<'_>) -> u64,
    ) -> HashMap<KeyId, Counts> {
        let count_key = |key: &KeyId| {
            let column = self.column(*key);
            let counted = column
                .iter()
                .map(|term| (self.terms.value(term), count(self.view(term))));
            (*key, counted.filter(|(_, count)| *count > 0).collect())
        };
        keys.iter().map(count_key).collect()
    }

    /// Counts entity by entity.
    fn count_forwards(&self, keys: &[KeyId], set: &Set<'_>) -> HashMap<KeyId, Counts> {
        let mut counts: HashMap<(KeyId, ValueId), u64> = HashMap::new();
        for slot in set.iter() {
            for term in self.documents.forward(slot).iter() {
                let key = self.terms.key(term).key();
                let value = self.terms.value(term);
                if value != ValueId::NULL && keys.contains(&key) {
                    *counts.entry((key, value)).or_default() += 1;
                }
            }
        }
        let mut by_key: HashMap<KeyId, Counts> = HashMap::new();
        for ((key, value), count) in counts {
            by_key.entry(key).or_default().push((value, count));
        }
        for counts in by_key.values_mut() {
            counts.sort_unstable_by(|a, b| self.values.lower(a.0).cmp(self.values.lower(b.0)));
        }
        by_key
    }

    /// Spells the values out and adds what array items imply.
    fn facet_list(&self, counts: Counts, source: &Source, set: &Set<'_>) -> Vec<FacetValue> {
        let mut is_sorted = true;
        let mut list = Vec::with_capacity(counts.len());
        for (value, count) in counts {
            let (value, is_lower) = self.values.original(value);
            is_sorted &= is_lower;
            list.push(FacetValue { value, count });
        }
        let items = source
            .items
            .iter()
            .map(|term| count(self.view(*term), set))
            .sum();
        if items > 0 {
            is_sorted = false;
            list.push(FacetValue {
                value: TRUE.to_owned(),
                count: items,
            });
        }
        if !is_sorted {
            list.sort_unstable();
        }
        // A value may occur both as an array item and on its own.
        list.dedup_by(|next, kept| {
            let is_same = next.value == kept.value;
            if is_same {
                kept.count += next.count;
            }
            is_same
        });
        list
    }

    fn is_everything(&self, set: &Set<'_>) -> bool {
        set.len() == self.len()
    }
}

fn count(view: View<'_>, set: &Set<'_>) -> u64 {
    if let View::Many(bitmap) = view {
        return set.intersection_len(bitmap);
    }
    let mut count = 0;
    view.for_each(|slot| count += u64::from(set.contains(slot)));
    count
}
