//! The guard against mass deletion: a source that suddenly knows much less than before is more likely
//! broken than right, so its removals wait until somebody approves them.
//!
//! Invariants: what is added is never held; an approval is good for one removal of at most the size
//! that was seen; a source that knows everything again holds nothing.

use std::collections::HashSet;

use platform::db::Tx;
use platform::{Millis, Result};
use serde_json::json;

use crate::config::MassDeletion;
use crate::ingest::reach;
use crate::model::Source;
use crate::store::held;

/// References shown of a held removal.
const SAMPLE: usize = 100;

impl MassDeletion {
    /// Whether so many of so many are too many to go unasked.
    fn is_exceeded(self, n_removed: usize, n_before: usize) -> bool {
        n_removed > self.min_entities as usize
            && n_removed * 100 > n_before * usize::from(self.max_percent)
    }
}

/// Whether the removal of `removed` has to wait for approval; an approval is used up.
pub(crate) fn holds_back(
    tx: &mut Tx<'_>,
    source: &Source,
    n_before: usize,
    removed: &[String],
    limit: MassDeletion,
    now: Millis,
) -> Result<bool> {
    let n_removed = i64::try_from(removed.len()).unwrap_or(i64::MAX);
    let is_exceeded = limit.is_exceeded(removed.len(), n_before);
    if !is_exceeded || held::take_approval(tx, source.name(), n_removed)? {
        held::release(tx, source.name())?;
        return Ok(false);
    }
    let mut sample: Vec<&String> = removed.iter().collect();
    sample.sort_unstable();
    sample.truncate(SAMPLE);
    let mutation = held::Held {
        provider: source.name(),
        n_before: i64::try_from(n_before).unwrap_or(i64::MAX),
        n_removed,
        removed: json!(sample).to_string(),
    };
    if held::hold(tx, &mutation, now)? {
        tracing::error!(
            provider = source.name(),
            entities_before = n_before,
            entities_removed = n_removed,
            "too many entities would be removed; held until someone approves it \
             (`callboard catalog held`)"
        );
    }
    Ok(true)
}

/// How many entities a location led to, and of those what is lost with `removed`, which it no longer
/// emits: itself and what only it leads to. What somebody else emits or waits for has only moved.
pub(crate) fn loss(
    tx: &mut Tx<'_>,
    source: &Source,
    before: &HashSet<String>,
    removed: &[String],
    limit: MassDeletion,
) -> Result<(usize, Vec<String>)> {
    if removed.is_empty() {
        return Ok((before.len(), Vec::new()));
    }
    let lost = reach::only_through(tx, source, removed)?;
    if !limit.is_exceeded(lost.len(), lost.len()) {
        return Ok((before.len(), Vec::new()));
    }
    let before: Vec<String> = before.iter().cloned().collect();
    Ok((reach::descendants(tx, &before)?.len(), lost))
}
