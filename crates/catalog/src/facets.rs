//! Counted facets, which every list page of every user asks for again.
//!
//! Invariant: an answer is kept only as long as the index it was counted in stays as it is; whoever
//! changes the index calls [`Facets::forget`] while readers are kept out.

use bytes::Bytes;
use index::{FacetValue, Index};
use model::Filter;
use platform::{Error, Result};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// Bytes of questions and answers that are kept.
const CAPACITY: u64 = 4 << 20;
/// A typical question with its answer.
const TYPICAL: u64 = 4 << 10;

#[derive(Clone)]
struct ByBytes;

impl Weighter<String, Bytes> for ByBytes {
    fn weight(&self, question: &String, answer: &Bytes) -> u64 {
        (question.len() + answer.len() + 64) as u64
    }
}

/// The answers of one state of the index.
pub(crate) struct Facets {
    cache: Cache<String, Bytes, ByBytes>,
}

impl Facets {
    pub(crate) fn new() -> Self {
        let items = usize::try_from(CAPACITY / TYPICAL).unwrap_or(1024);
        Self {
            cache: Cache::with_weighter(items, CAPACITY, ByBytes),
        }
    }

    /// Forgets everything, because the index changes.
    pub(crate) fn forget(&self) {
        self.cache.clear();
    }

    /// How often each value of these keys occurs, as the JSON of `/entity-facets`. The index is
    /// that of the caller's read guard.
    pub(crate) fn count(&self, index: &Index, names: &[String], filter: &Filter) -> Result<Bytes> {
        let question = format!("{names:?}{filter:?}");
        if let Some(answer) = self.cache.get(&question) {
            return Ok(answer);
        }
        let keys: Vec<&str> = names.iter().map(String::as_str).collect();
        let counted = index.facets(&keys, filter);
        let answer = serde_json::to_vec(&Answer {
            facets: Lists(names, &counted),
        });
        let answer = answer
            .map_err(|error| Error::internal("facets cannot be written").with_source(error))?;
        let answer = Bytes::from(answer);
        self.cache.insert(question, answer.clone());
        Ok(answer)
    }
}

#[derive(serde::Serialize)]
struct Answer<'a> {
    facets: Lists<'a>,
}

/// Names with their values; a name that was asked for twice is there once.
struct Lists<'a>(&'a [String], &'a [Vec<FacetValue>]);

impl Serialize for Lists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (at, (name, values)) in self.0.iter().zip(self.1).enumerate() {
            if !self.0[..at].contains(name) {
                map.serialize_entry(name, &Values(values))?;
            }
        }
        map.end()
    }
}

struct Values<'a>(&'a [FacetValue]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Value<'a> {
            value: &'a str,
            count: u64,
        }
        serializer.collect_seq(self.0.iter().map(|one| Value {
            value: &one.value,
            count: one.count,
        }))
    }
}
