//! What sources emit and no longer emit: the only place that adds and removes entities.
//!
//! Invariants: an entity has one owner, its location key; another source gets it only when its
//! owner lets go (a waiting claim takes over the row, so uid and final entity stay); of several
//! documents of one source, the first in its order is the owner, whichever came first; an entity
//! that no provider reaches goes at once when a provider let go of it, and after a grace when a
//! location did, so that a file can move without a gap.

mod plan;
pub(crate) mod reach;

use std::collections::{HashMap, HashSet};

use audit::{Event, Origin, Via};
use serde_json::json;

use crate::config::MassDeletion;
use crate::guard;
use crate::model::{Deferred, Source};
use crate::store::conflicts::{self, Claim};
use crate::store::refresh::{self, Existing};
use crate::store::{WORK, changes, edges, held, relations, removed, stitches};
use platform::db::Tx;
use platform::{Millis, Result};

use plan::{Plan, around_origin, hash};
use reach::{descendants, unreachable, unrooted};

/// What becomes of entities that nobody emits any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// They stay for a grace, and may be taken over.
    Orphan,
    /// They go now, with everything that only they emit.
    Eager,
}

/// The source emits exactly `items`.
pub(crate) fn replace(
    tx: &mut Tx<'_>,
    source: &Source,
    items: &[Deferred],
    departure: Departure,
    now: Millis,
) -> Result<()> {
    let before = edges::load_targets(tx, source)?;
    let removed = take_over(tx, source, items, &before, now)?;
    retract(tx, source, &removed, departure, now)
}

/// The entity emits exactly `items`. What would be too large a removal is held, and the entity is
/// processed in full at its next look, to see whether it still asks for it.
pub(crate) fn replace_below(
    tx: &mut Tx<'_>,
    entity: &str,
    items: &[Deferred],
    limit: MassDeletion,
    now: Millis,
) -> Result<()> {
    let source = Source::Entity(entity.to_owned());
    let before = edges::load_targets(tx, &source)?;
    let mut removed = take_over(tx, &source, items, &before, now)?;
    // What was emitted never is nothing that could be missing.
    if !before.is_empty() {
        let (n_before, lost) = guard::loss(tx, &source, &before, &removed, limit)?;
        if guard::holds_back(tx, &source, n_before, &lost, limit, now)? {
            let lost: HashSet<String> = lost.into_iter().collect();
            removed.retain(|target| !lost.contains(target));
            held::ask_again(tx, entity)?;
        }
    }
    retract(tx, &source, &removed, Departure::Orphan, now)
}

/// Gives the source what it emits now. Returns what it had `before` and emits no longer.
fn take_over(
    tx: &mut Tx<'_>,
    source: &Source,
    items: &[Deferred],
    before: &HashSet<String>,
    now: Millis,
) -> Result<Vec<String>> {
    let answer = accept_beside(tx, source, items, before, now)?;
    forget_old_claims(tx, source, &answer.claims)?;
    let removed = before
        .iter()
        .filter(|target| !answer.accepted.contains(target.as_str()));
    Ok(removed.cloned().collect())
}

/// The source emits `items` besides what it emits already.
pub(crate) fn accept(
    tx: &mut Tx<'_>,
    source: &Source,
    items: &[Deferred],
    now: Millis,
) -> Result<()> {
    accept_beside(tx, source, items, &HashSet::new(), now).map(drop)
}

/// What became of the items of an emission.
struct Answer {
    /// References the source has now.
    accepted: HashSet<String>,
    /// Reference and location key of those that were turned away.
    claims: HashSet<(String, String)>,
}

/// As [`accept`], knowing that the source emits `already`.
fn accept_beside(
    tx: &mut Tx<'_>,
    source: &Source,
    items: &[Deferred],
    already: &HashSet<String>,
    now: Millis,
) -> Result<Answer> {
    let existing = refresh::load_existing(tx, items.iter().map(|item| item.entity_ref.as_str()))?;
    let yields = owners_that_yield(tx, source, items, &existing)?;
    let mut plan = Plan {
        origin_lost: match source {
            Source::Provider(_) => false,
            Source::Entity(entity) => refresh::has_lost_origin(tx, entity)?,
        },
        ..Plan::default()
    };
    for item in items {
        let hash = match source {
            Source::Provider(_) => hash(&[&item.entity]),
            Source::Entity(_) => hash(&around_origin(&item.entity)),
        };
        plan.add(item, hash, existing.get(&item.entity_ref), &yields);
    }
    refresh::insert(tx, &plan.new, now)?;
    refresh::update_unprocessed(tx, &plan.changed, now)?;
    if !plan.adopted.is_empty() {
        adopt(tx, source, &plan.adopted, now)?;
    }
    let fresh: Vec<&str> = plan
        .accepted
        .keys()
        .copied()
        .filter(|target| !already.contains(*target))
        .collect();
    edges::insert(tx, source, &fresh)?;
    if !source.is_root() {
        let known = fresh
            .iter()
            .filter(|target| existing.contains_key(**target));
        let known: Vec<String> = known.map(|&target| target.to_owned()).collect();
        changes::touch(tx, &known, now)?;
    }
    if !plan.claims.is_empty() {
        conflicts::upsert(tx, source, &plan.claims, now)?;
        report_conflicts(source, &plan.claims);
    }
    if !(plan.new.is_empty() && plan.changed.is_empty()) {
        tx.notify(WORK)?;
    }
    let accepted = plan.accepted.keys().map(|&entity| entity.to_owned());
    Ok(Answer {
        accepted: accepted.collect(),
        claims: plan.claims.iter().map(Claim::identity).collect(),
    })
}

/// Ends the orphanhood of what the source emits, unless the source hangs in the air itself.
fn adopt(tx: &mut Tx<'_>, source: &Source, orphans: &[&str], now: Millis) -> Result<()> {
    let is_rooted = match source {
        Source::Provider(_) => true,
        Source::Entity(entity) => unrooted(tx, std::slice::from_ref(entity))?.is_empty(),
    };
    if is_rooted {
        refresh::adopt(tx, orphans)?;
    } else {
        let orphans: Vec<String> = orphans.iter().map(|&entity| entity.to_owned()).collect();
        refresh::mark_orphans(tx, &orphans, now)?;
    }
    stitches::enqueue(tx, orphans.iter().copied(), now)
}

/// The source no longer emits `targets`.
pub(crate) fn retract(
    tx: &mut Tx<'_>,
    source: &Source,
    targets: &[String],
    departure: Departure,
    now: Millis,
) -> Result<()> {
    if targets.is_empty() {
        return Ok(());
    }
    edges::delete(tx, source, targets)?;
    if !source.is_root() {
        changes::touch(tx, targets, now)?;
    }
    ask_others(tx, targets, now)?;
    let free: Vec<String> = unrooted(tx, targets)?.into_iter().collect();
    refresh::mark_orphans(tx, &free, now)?;
    hand_over(tx, &free, now)?;
    if departure == Departure::Eager {
        sweep(tx, targets, None, now)?;
    }
    ask_claimants(tx, targets, now)
}

/// Of the documents of one source that share a reference, a later one may have it because somebody
/// else had it before, or because it waited for longest. Only the source knows which comes first.
fn ask_claimants(tx: &mut Tx<'_>, targets: &[String], now: Millis) -> Result<()> {
    let claimants = conflicts::list_emitting_claimants(tx, targets)?;
    if claimants.is_empty() {
        return Ok(());
    }
    refresh::make_due(tx, &claimants, now)?;
    tx.notify(WORK)
}

/// Entities keep the form and the origin that their first emitter gave them, and hand the origin
/// down. When it lets go of them, all that is below may have an origin that is no more: entities
/// from outside of it which emit any of it are asked for theirs. Entities that emit each other in a
/// circle could only tell each other what they have lost.
fn ask_others(tx: &mut Tx<'_>, targets: &[String], now: Millis) -> Result<()> {
    let below = descendants(tx, targets)?;
    let sources = edges::load_sources(tx, &below)?;
    let is_rooted = |entity: &String| {
        let sources = sources.get(entity);
        sources.is_some_and(|sources| sources.iter().any(Source::is_root))
    };
    let lost: HashSet<String> = below.into_iter().filter(|it| !is_rooted(it)).collect();
    let others: HashSet<&str> = sources
        .iter()
        .filter(|(target, _)| lost.contains(*target))
        .flat_map(|(_, sources)| sources)
        .filter(|source| !source.is_root() && !lost.contains(source.name()))
        .map(Source::name)
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let others: Vec<String> = others.into_iter().map(str::to_owned).collect();
    refresh::lose_origin(tx, &lost.into_iter().collect::<Vec<_>>())?;
    refresh::make_due(tx, &others, now)?;
    tx.notify(WORK)
}

/// Deletes what no provider reaches of `targets` and everything below them, with a record of each
/// entity if nothing else says who did it. What somebody else waits for is handed over as it is.
fn sweep(tx: &mut Tx<'_>, targets: &[String], origin: Option<&Origin>, now: Millis) -> Result<()> {
    let mut gone = unreachable(tx, targets)?;
    // Claims of what goes too are no reason to stay.
    conflicts::delete_by_sources(tx, &gone)?;
    let waiting = conflicts::load_waiting(tx, &gone)?;
    if !waiting.is_empty() {
        let wanted: Vec<String> = waiting
            .into_iter()
            .map(|waiting| waiting.deferred.entity_ref)
            .collect();
        refresh::mark_orphans(tx, &wanted, now)?;
        hand_over(tx, &wanted, now)?;
        gone = unreachable(tx, targets)?;
    }
    let emitted = edges::load_children(tx, &gone)?;
    if let Some(origin) = origin {
        record_gone(tx, origin, &gone, now)?;
    }
    delete(tx, &gone, now)?;
    let gone: HashSet<String> = gone.into_iter().collect();
    let kept: HashSet<String> = emitted
        .into_iter()
        .map(|(_, child)| child)
        .filter(|child| !gone.contains(child))
        .collect();
    ask_others(tx, &kept.into_iter().collect::<Vec<_>>(), now)
}

/// Records what is about to be deleted.
fn record_gone(tx: &mut Tx<'_>, origin: &Origin, refs: &[String], now: Millis) -> Result<()> {
    let existing = refresh::load_existing(tx, refs.iter().map(String::as_str))?;
    for entity in refs {
        let was = existing
            .get(entity)
            .map(|row| json!({ "ref": entity, "hash": row.unprocessed_hash }));
        let event = Event::done("catalog.entity.delete", entity)
            .changed(was.as_ref(), None)
            .detail("nothing leads to it any more");
        audit::record(tx, origin, &event, now)?;
    }
    Ok(())
}

/// Deletes an entity that somebody wants away, leaving what it led to in the air. Locations that emit
/// it are read again, because it comes back if something still does; the providers that do are the
/// answer, for the caller to ask.
pub(crate) fn remove(tx: &mut Tx<'_>, entity_ref: &str, now: Millis) -> Result<Vec<String>> {
    let gone = [entity_ref.to_owned()];
    let emitters = edges::load_sources(tx, &gone)?.remove(entity_ref);
    let below = edges::load_children(tx, &gone)?;
    let below: Vec<String> = below.into_iter().map(|(_, child)| child).collect();
    let source = Source::Entity(entity_ref.to_owned());
    retract(tx, &source, &below, Departure::Orphan, now)?;
    delete(tx, &gone, now)?;
    let (providers, parents): (Vec<Source>, Vec<Source>) =
        emitters.into_iter().flatten().partition(Source::is_root);
    let names = |sources: Vec<Source>| -> Vec<String> {
        let names = sources.iter().map(|source| source.name().to_owned());
        names.collect()
    };
    refresh::make_due(tx, &names(parents), now)?;
    Ok(names(providers))
}

/// Deletes entities and what they gave rise to, and lets waiting claims have their references.
pub(crate) fn delete(tx: &mut Tx<'_>, refs: &[String], now: Millis) -> Result<()> {
    removed::remember(tx, refs, now)?;
    for refs in refs.chunks(1000) {
        let ids = refresh::delete(tx, refs)?;
        let mut shown = relations::delete_by_origin(tx, &ids)?;
        for entity in refs {
            shown.remove(entity);
        }
        let below = edges::load_children(tx, refs)?.into_iter();
        let below: Vec<String> = below.map(|(_, child)| child).collect();
        edges::delete_of(tx, refs)?;
        conflicts::delete_by_sources(tx, refs)?;
        held::release_entities(tx, refs)?;
        stitches::delete(tx, &ids, now)?;
        changes::touch(tx, &below, now)?;
        stitches::enqueue(tx, shown.iter().map(String::as_str), now)?;
        hand_over(tx, refs, now)?;
    }
    tx.notify(WORK)
}

/// Deletes orphans for good, or shows them as orphans; the number of both.
pub(crate) fn settle_orphans(
    tx: &mut Tx<'_>,
    before: Millis,
    delete_them: bool,
    now: Millis,
) -> Result<usize> {
    let orphans = refresh::list_orphans(tx, before, delete_them, 1000)?;
    if orphans.is_empty() {
        return Ok(0);
    }
    // An orphan may be reachable again because something above it was adopted.
    let still = unrooted(tx, &orphans)?;
    let (lost, found): (Vec<String>, Vec<String>) = orphans
        .into_iter()
        .partition(|entity| still.contains(entity));
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    refresh::adopt(tx, &found)?;
    if delete_them {
        let origin = Origin::internal(Via::Job, "orphans");
        sweep(tx, &lost, Some(&origin), now)?;
    } else {
        refresh::confirm_orphans(tx, &lost)?;
        stitches::enqueue(tx, lost.iter().map(String::as_str), now)?;
        tx.notify(WORK)?;
    }
    Ok(lost.len())
}

/// Entities whose owner gives way: orphans, and those that only this source emits, because its file
/// has moved or another one of its files now comes first.
fn owners_that_yield<'a>(
    tx: &mut Tx<'_>,
    source: &Source,
    items: &'a [Deferred],
    existing: &HashMap<String, Existing>,
) -> Result<HashSet<&'a str>> {
    let mut yields = HashSet::new();
    let mut contested = HashSet::new();
    for item in items {
        match existing.get(&item.entity_ref) {
            Some(row) if row.is_orphan => {
                yields.insert(item.entity_ref.as_str());
            }
            Some(row) if row.location_key != item.location_key => {
                contested.insert(item.entity_ref.as_str());
            }
            _ => {}
        }
    }
    if contested.is_empty() {
        return Ok(yields);
    }
    let refs: Vec<String> = contested.iter().map(|&entity| entity.to_owned()).collect();
    let sources = edges::load_sources(tx, &refs)?;
    let only_ours = |entity: &str| {
        let sources = sources.get(entity);
        sources.is_some_and(|sources| sources.iter().all(|other| other == source))
    };
    yields.extend(contested.into_iter().filter(|entity| only_ours(entity)));
    Ok(yields)
}

/// Claims of this source that it no longer makes, or that were met, are no conflicts any more.
fn forget_old_claims(
    tx: &mut Tx<'_>,
    source: &Source,
    claims: &HashSet<(String, String)>,
) -> Result<()> {
    let mut old = conflicts::list_by_source(tx, source)?;
    old.retain(|claim| !claims.contains(claim));
    conflicts::delete(tx, source, &old)
}

/// Gives freed entities to the oldest claim that waits for them, and to those it does not exclude.
fn hand_over(tx: &mut Tx<'_>, free: &[String], now: Millis) -> Result<()> {
    let all_waiting = conflicts::load_waiting(tx, free)?;
    let wanted: Vec<String> = all_waiting
        .iter()
        .map(|waiting| waiting.deferred.entity_ref.clone())
        .collect();
    for waiting in all_waiting {
        let entity_ref = waiting.deferred.entity_ref.clone();
        let key = waiting.deferred.location_key.clone().unwrap_or_default();
        accept(tx, &waiting.source, &[waiting.deferred], now)?;
        conflicts::delete(tx, &waiting.source, &[(entity_ref, key)])?;
    }
    ask_claimants(tx, &wanted, now)
}

fn report_conflicts(source: &Source, claims: &[Claim<'_>]) {
    for claim in claims.iter().take(20) {
        tracing::warn!(
            entity = claim.deferred.entity_ref,
            existing_location_key = claim.existing_key,
            conflicting_location_key = claim.deferred.location_key.as_deref().unwrap_or_default(),
            source = source.name(),
            "detected conflicting entityRef; the first one stays"
        );
    }
}
