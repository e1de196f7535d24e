//! Writing back what processing gave, a batch in one transaction.
//!
//! Invariants: an outcome counts only while its claim is the last one; the same outcome as last
//! time writes nothing but the schedule; everything whose final form may have changed is queued
//! for stitching in the same transaction.

use std::collections::{BTreeSet, HashSet};

use platform::db::Tx;
use platform::{Millis, Result};

use crate::config::MassDeletion;
use crate::ingest;
use crate::model::{Completed, Outcome};
use crate::store::refresh::{self, Processed};
use crate::store::{NEVER, conflicts, edges, relations, stitches};

/// How many outcomes were of which sort.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Committed {
    /// The same as last time.
    pub unchanged: usize,
    /// New or different.
    pub changed: usize,
    /// Failed, for the first time or in another way.
    pub errors: usize,
    /// Dropped, because a later claim exists.
    pub stale: usize,
}

/// Writes a batch back.
pub(crate) fn commit(
    tx: &mut Tx<'_>,
    outcomes: &[Outcome],
    limit: MassDeletion,
    now: Millis,
) -> Result<Committed> {
    let claims: Vec<_> = outcomes
        .iter()
        .map(|outcome| (outcome.claimed.id, outcome.claimed.claim))
        .collect();
    let live = refresh::still_claimed(tx, &claims)?;
    let mut done = Committed::default();
    let mut unchanged = Vec::new();
    let mut failed = Vec::new();
    let mut completed = Vec::new();
    for (outcome, live) in outcomes.iter().zip(live) {
        if !live {
            done.stale += 1;
        } else if outcome.claimed.result_hash.as_deref() == Some(outcome.result_hash.as_str()) {
            unchanged.push(outcome);
        } else {
            match &outcome.result {
                Ok(result) => completed.push((outcome, result)),
                Err(_) => failed.push(outcome),
            }
        }
    }
    done.unchanged = unchanged.len();
    done.changed = completed.len();
    done.errors = failed.len();
    commit_unchanged(tx, &unchanged)?;
    commit_failed(tx, &failed, now)?;
    commit_completed(tx, &completed, limit, now)?;
    Ok(done)
}

fn next_at(outcome: &Outcome) -> Millis {
    outcome.next_at.unwrap_or(NEVER)
}

fn commit_unchanged(tx: &mut Tx<'_>, outcomes: &[&Outcome]) -> Result<()> {
    let (quiet, remembering): (Vec<&Outcome>, Vec<&Outcome>) =
        outcomes.iter().partition(|outcome| outcome.state.is_none());
    let rows: Vec<_> = quiet
        .iter()
        .map(|outcome| (outcome.claimed.id, outcome.claimed.claim, next_at(outcome)))
        .collect();
    refresh::reschedule(tx, &rows)?;
    let rows = remembering
        .iter()
        .map(|outcome| processed(outcome, None))
        .collect::<Result<Vec<_>>>()?;
    refresh::update_processed(tx, &rows)
}

fn commit_failed(tx: &mut Tx<'_>, outcomes: &[&Outcome], now: Millis) -> Result<()> {
    let rows = outcomes
        .iter()
        .map(|outcome| processed(outcome, None))
        .collect::<Result<Vec<_>>>()?;
    refresh::update_processed(tx, &rows)?;
    // What it read when it last succeeded counts as well.
    refresh::insert_keys(tx, &keys(outcomes.iter().copied()))?;
    let refs: BTreeSet<&str> = outcomes
        .iter()
        .map(|outcome| outcome.claimed.entity_ref.as_str())
        .collect();
    stitches::enqueue(tx, refs, now)
}

fn commit_completed(
    tx: &mut Tx<'_>,
    outcomes: &[(&Outcome, &Completed)],
    limit: MassDeletion,
    now: Millis,
) -> Result<()> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let rows = outcomes
        .iter()
        .map(|(outcome, result)| processed(outcome, Some(&result.entity)))
        .collect::<Result<Vec<_>>>()?;
    refresh::update_processed(tx, &rows)?;
    let whole = outcomes
        .iter()
        .filter(|(_, result)| result.deferred.is_some());
    refresh::replace_keys(tx, &keys(whole.map(|(outcome, _)| *outcome)))?;
    let mut affected = replace_relations(tx, outcomes)?;
    affected.extend(
        outcomes
            .iter()
            .map(|(outcome, _)| outcome.claimed.entity_ref.clone()),
    );
    stitches::enqueue(tx, affected.iter().map(String::as_str), now)?;
    let idle = list_idle(tx, outcomes)?;
    for (outcome, result) in outcomes {
        if idle.contains(outcome.claimed.entity_ref.as_str()) {
            continue;
        }
        if let Some(deferred) = &result.deferred {
            ingest::replace_below(tx, &outcome.claimed.entity_ref, deferred, limit, now)?;
        }
    }
    Ok(())
}

/// Entities that emit nothing and never did, which is most of them.
fn list_idle<'a>(
    tx: &mut Tx<'_>,
    outcomes: &[(&'a Outcome, &Completed)],
) -> Result<HashSet<&'a str>> {
    let silent = outcomes
        .iter()
        .filter(|(_, result)| result.deferred.as_ref().is_some_and(Vec::is_empty));
    let mut idle: HashSet<&str> = silent
        .map(|(outcome, _)| outcome.claimed.entity_ref.as_str())
        .collect();
    let refs: Vec<&str> = idle.iter().copied().collect();
    for busy in edges::list_emitters(tx, &refs)? {
        idle.remove(busy.as_str());
    }
    for busy in conflicts::list_claimants(tx, &refs)? {
        idle.remove(busy.as_str());
    }
    Ok(idle)
}

fn processed<'a>(outcome: &'a Outcome, entity: Option<&'a str>) -> Result<Processed<'a>> {
    let errors = match &outcome.result {
        Ok(_) => None,
        Err(errors) => Some(serde_json::to_string(errors).map_err(|error| {
            platform::Error::internal("errors cannot be written").with_source(error)
        })?),
    };
    Ok(Processed {
        id: outcome.claimed.id,
        claim: outcome.claimed.claim,
        entity,
        errors,
        state: outcome.state.as_deref(),
        result_hash: &outcome.result_hash,
        next_at: next_at(outcome),
    })
}

fn keys<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<(i64, &'a [String])> {
    outcomes
        .map(|outcome| (outcome.claimed.id, outcome.refresh_keys.as_slice()))
        .collect()
}

/// Writes the difference of relations; the entities that show any of it.
fn replace_relations(
    tx: &mut Tx<'_>,
    outcomes: &[(&Outcome, &Completed)],
) -> Result<BTreeSet<String>> {
    let ids: Vec<i64> = outcomes
        .iter()
        .map(|(outcome, _)| outcome.claimed.id)
        .collect();
    let mut before = relations::load_by_origin(tx, &ids)?;
    let mut affected = BTreeSet::new();
    let mut added = Vec::new();
    let mut removed = Vec::new();
    let before: Vec<_> = ids
        .iter()
        .map(|id| before.remove(id).unwrap_or_default())
        .collect();
    for ((outcome, result), before) in outcomes.iter().zip(&before) {
        let id = outcome.claimed.id;
        let after: HashSet<&crate::model::Relation> = result.relations.iter().collect();
        added.extend(
            after
                .iter()
                .filter(|relation| !before.contains(**relation))
                .map(|r| (id, *r)),
        );
        removed.extend(
            before
                .iter()
                .filter(|relation| !after.contains(relation))
                .map(|r| (id, r)),
        );
    }
    affected.extend(
        added
            .iter()
            .chain(&removed)
            .map(|(_, relation)| relation.source.clone()),
    );
    relations::insert(tx, &added)?;
    relations::delete(tx, &removed)?;
    Ok(affected)
}
