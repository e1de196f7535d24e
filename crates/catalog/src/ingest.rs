//! What sources emit and no longer emit: the only place that adds and removes entities.
//!
//! Invariants: an entity has one owner, its location key; another source gets it only when its
//! owner lets go (a waiting claim takes over the row, so uid and final entity stay); an entity that
//! no provider reaches goes at once when a provider let go of it, and after a grace when a location
//! did, so that a file can move without a gap.

use std::collections::{HashMap, HashSet};

use platform::db::Tx;
use platform::{Millis, Result};
use serde::de::IgnoredAny;
use sha1::{Digest, Sha1};

use crate::model::{Deferred, Source};
use crate::store::conflicts::{self, Claim};
use crate::store::refresh::{self, Existing, Upsert};
use crate::store::{WORK, edges, relations, stitches};

/// What becomes of entities that nobody emits any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// They stay for a grace, and may be taken over.
    Orphan,
    /// They go now, with everything that only they emit.
    Eager,
}

/// The source emits exactly `items`. Returns how many were turned away by other owners.
pub(crate) fn replace(
    tx: &mut Tx<'_>,
    source: &Source,
    items: &[Deferred],
    departure: Departure,
    now: Millis,
) -> Result<usize> {
    let before = edges::load_targets(tx, source)?;
    let answer = accept_beside(tx, source, items, &before, now)?;
    let removed: Vec<String> = before
        .into_iter()
        .filter(|target| !answer.accepted.contains(target.as_str()))
        .collect();
    let n_claims = answer.claims.len();
    forget_old_claims(tx, source, &answer.claims)?;
    retract(tx, source, &removed, departure, now)?;
    Ok(n_claims)
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
    ask_others(tx, targets, now)?;
    let free: Vec<String> = unrooted(tx, targets)?.into_iter().collect();
    refresh::mark_orphans(tx, &free, now)?;
    hand_over(tx, &free, now)?;
    if departure == Departure::Eager {
        sweep(tx, targets, now)?;
    }
    Ok(())
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

/// Deletes what no provider reaches of `targets` and everything below them. What somebody else
/// waits for is handed over as it is.
fn sweep(tx: &mut Tx<'_>, targets: &[String], now: Millis) -> Result<()> {
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
    delete(tx, &gone, now)?;
    let gone: HashSet<String> = gone.into_iter().collect();
    let kept: HashSet<String> = emitted
        .into_iter()
        .map(|(_, child)| child)
        .filter(|child| !gone.contains(child))
        .collect();
    ask_others(tx, &kept.into_iter().collect::<Vec<_>>(), now)
}

/// Deletes entities and what they gave rise to, and lets waiting claims have their references.
pub(crate) fn delete(tx: &mut Tx<'_>, refs: &[String], now: Millis) -> Result<()> {
    for refs in refs.chunks(1000) {
        let ids = refresh::delete(tx, refs)?;
        let mut shown = relations::delete_by_origin(tx, &ids)?;
        for entity in refs {
            shown.remove(entity);
        }
        edges::delete_of(tx, refs)?;
        conflicts::delete_by_sources(tx, refs)?;
        stitches::delete(tx, &ids, now)?;
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
        sweep(tx, &lost, now)?;
    } else {
        refresh::confirm_orphans(tx, &lost)?;
        stitches::enqueue(tx, lost.iter().map(String::as_str), now)?;
        tx.notify(WORK)?;
    }
    Ok(lost.len())
}

/// What to do with each item of an emission.
#[derive(Default)]
struct Plan<'a> {
    new: Vec<Upsert<'a>>,
    changed: Vec<(i64, Upsert<'a>)>,
    adopted: Vec<&'a str>,
    claims: Vec<Claim<'a>>,
    /// References that are ours, with the location key of the document that won.
    accepted: HashMap<&'a str, Option<&'a str>>,
    /// Whether the source itself has no certain origin to hand down.
    origin_lost: bool,
}

impl<'a> Plan<'a> {
    fn add(
        &mut self,
        item: &'a Deferred,
        hash: String,
        existing: Option<&'a Existing>,
        yields: &HashSet<&str>,
    ) {
        let entity_ref = item.entity_ref.as_str();
        // Of several documents with one reference the owner's wins, and without an owner the first.
        // The others are claims when they come from elsewhere, and passed over within one file.
        if let Some(key) = self.accepted.get(entity_ref) {
            if *key != item.location_key.as_deref() {
                let existing_key = key.unwrap_or_default();
                self.claims.push(Claim {
                    deferred: item,
                    existing_key,
                });
            }
            return;
        }
        let upsert = Upsert {
            deferred: item,
            hash,
            origin_lost: self.origin_lost,
        };
        let Some(row) = existing else {
            self.accepted
                .insert(entity_ref, item.location_key.as_deref());
            self.new.push(upsert);
            return;
        };
        let same_key = row.location_key == item.location_key;
        if !(same_key || row.location_key.is_none() || yields.contains(entity_ref)) {
            let existing_key = row.location_key.as_deref().unwrap_or_default();
            self.claims.push(Claim {
                deferred: item,
                existing_key,
            });
            return;
        }
        self.accepted
            .insert(entity_ref, item.location_key.as_deref());
        let finds_origin = row.origin_lost && !self.origin_lost;
        if row.unprocessed_hash != upsert.hash || !same_key || finds_origin {
            self.changed.push((row.id, upsert));
        }
        if row.is_orphan {
            self.adopted.push(entity_ref);
        }
    }
}

/// The text of an entity before and behind its origin: several sources may emit it, each with
/// another origin, and if each put its own in place of the other's, there would be no end to it.
fn around_origin(entity: &str) -> [&str; 2] {
    const KEY: &str = "\"backstage.io/managed-by-origin-location\":";
    let mut places = entity.match_indices(KEY);
    let (Some((at, _)), None) = (places.next(), places.next()) else {
        return [entity, ""];
    };
    let (before, rest) = entity.split_at(at + KEY.len());
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
    values.next();
    [before, &rest[values.byte_offset()..]]
}

fn hash(texts: &[&str]) -> String {
    let mut hash = Sha1::new();
    for text in texts {
        hash.update(text);
    }
    hex::encode(hash.finalize())
}

/// Entities whose owner gives way: orphans, and those that only this source emits, under another
/// key, because their file has moved.
fn owners_that_yield<'a>(
    tx: &mut Tx<'_>,
    source: &Source,
    items: &'a [Deferred],
    existing: &HashMap<String, Existing>,
) -> Result<HashSet<&'a str>> {
    let mut yields = HashSet::new();
    let mut contested = Vec::new();
    for item in items {
        match existing.get(&item.entity_ref) {
            Some(row) if row.is_orphan => {
                yields.insert(item.entity_ref.as_str());
            }
            Some(row) if row.location_key != item.location_key => {
                contested.push(item.entity_ref.clone());
            }
            _ => {}
        }
    }
    if contested.is_empty() {
        return Ok(yields);
    }
    let keys: HashSet<(&str, Option<&str>)> = items
        .iter()
        .map(|item| (item.entity_ref.as_str(), item.location_key.as_deref()))
        .collect();
    let sources = edges::load_sources(tx, &contested)?;
    for item in items {
        let Some(row) = existing.get(&item.entity_ref) else {
            continue;
        };
        let only_ours = sources
            .get(&item.entity_ref)
            .is_some_and(|s| s.iter().all(|s| s == source));
        let still_there = keys.contains(&(&item.entity_ref, row.location_key.as_deref()));
        if only_ours && !still_there {
            yields.insert(&item.entity_ref);
        }
    }
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
    conflicts::delete(tx, &old)
}

/// Gives freed entities to the oldest claim that waits for them.
fn hand_over(tx: &mut Tx<'_>, free: &[String], now: Millis) -> Result<()> {
    for waiting in conflicts::load_waiting(tx, free)? {
        let entity_ref = waiting.deferred.entity_ref.clone();
        let key = waiting.deferred.location_key.clone().unwrap_or_default();
        accept(tx, &waiting.source, &[waiting.deferred], now)?;
        conflicts::delete(tx, &[(entity_ref, key)])?;
    }
    Ok(())
}

/// Of `targets` and everything below them, what no provider reaches.
fn unreachable(tx: &mut Tx<'_>, targets: &[String]) -> Result<Vec<String>> {
    let below = descendants(tx, targets)?;
    Ok(unrooted(tx, &below)?.into_iter().collect())
}

fn descendants(tx: &mut Tx<'_>, targets: &[String]) -> Result<Vec<String>> {
    let mut below: HashSet<String> = targets.iter().cloned().collect();
    let mut level: Vec<String> = targets.to_vec();
    while !level.is_empty() {
        let children = edges::load_children(tx, &level)?;
        level = children
            .into_iter()
            .map(|(_, child)| child)
            .filter(|child| below.insert(child.clone()))
            .collect();
    }
    Ok(below.into_iter().collect())
}

/// Of these entities, those to which no way leads from a provider. Entities that emit each other
/// in a circle do not hold each other.
fn unrooted(tx: &mut Tx<'_>, refs: &[String]) -> Result<HashSet<String>> {
    let mut seen: HashSet<String> = refs.iter().cloned().collect();
    let mut children: HashMap<String, Vec<String>> = HashMap::new();
    let mut rooted = Vec::new();
    let mut level: Vec<String> = refs.to_vec();
    while !level.is_empty() {
        let mut above = Vec::new();
        for (entity, sources) in edges::load_sources(tx, &level)? {
            for source in sources {
                match source {
                    Source::Provider(_) => rooted.push(entity.clone()),
                    Source::Entity(parent) => {
                        if seen.insert(parent.clone()) {
                            above.push(parent.clone());
                        }
                        children.entry(parent).or_default().push(entity.clone());
                    }
                }
            }
        }
        level = above;
    }
    let mut unrooted: HashSet<String> = refs.iter().cloned().collect();
    while let Some(entity) = rooted.pop() {
        unrooted.remove(&entity);
        rooted.extend(children.remove(&entity).into_iter().flatten());
    }
    Ok(unrooted)
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
