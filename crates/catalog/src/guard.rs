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
use crate::model::Source;
use crate::store::{conflicts, edges, held};

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

/// Of what a location no longer emits, what nobody else emits or waits for: the rest has only moved.
/// Nothing, when it is too little to look.
pub(crate) fn lost(
    tx: &mut Tx<'_>,
    source: &Source,
    removed: &[String],
    n_before: usize,
    limit: MassDeletion,
) -> Result<Vec<String>> {
    if !limit.is_exceeded(removed.len(), n_before) {
        return Ok(Vec::new());
    }
    let claimed = conflicts::list_claimed(tx, removed)?;
    let others: HashSet<String> = edges::load_sources(tx, removed)?
        .into_iter()
        .filter(|(_, sources)| sources.iter().any(|other| other != source))
        .map(|(target, _)| target)
        .collect();
    let is_lost = |target: &&String| !claimed.contains(*target) && !others.contains(*target);
    Ok(removed.iter().filter(is_lost).cloned().collect())
}
