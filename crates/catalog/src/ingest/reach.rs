//! What leads to what: walks along the edges between sources and what they emit.

use std::collections::{HashMap, HashSet};

use platform::Result;
use platform::db::Tx;

use crate::model::Source;
use crate::store::{conflicts, edges};

/// Of `targets` and everything below them, what no provider reaches.
pub(super) fn unreachable(tx: &mut Tx<'_>, targets: &[String]) -> Result<Vec<String>> {
    let below = descendants(tx, targets)?;
    Ok(unrooted(tx, &below)?.into_iter().collect())
}

/// The targets and everything below them.
pub(crate) fn descendants(tx: &mut Tx<'_>, targets: &[String]) -> Result<Vec<String>> {
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
pub(super) fn unrooted(tx: &mut Tx<'_>, refs: &[String]) -> Result<HashSet<String>> {
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

/// Of `targets` and everything below them, what would be left without a source if `source` emitted
/// the targets no longer: nobody from elsewhere emits it or waits for it.
pub(crate) fn only_through(
    tx: &mut Tx<'_>,
    source: &Source,
    targets: &[String],
) -> Result<Vec<String>> {
    let below = descendants(tx, targets)?;
    let mut safe: Vec<String> = conflicts::list_claimed(tx, &below)?.into_iter().collect();
    let mut alone: HashSet<String> = below.iter().cloned().collect();
    let targets: HashSet<&String> = targets.iter().collect();
    let mut children: HashMap<String, Vec<String>> = HashMap::new();
    for (entity, sources) in edges::load_sources(tx, &below)? {
        for other in sources {
            if other == *source && targets.contains(&entity) {
                continue;
            }
            if other.is_root() || other == *source || !alone.contains(other.name()) {
                safe.push(entity.clone());
            } else {
                let emitted = children.entry(other.name().to_owned()).or_default();
                emitted.push(entity.clone());
            }
        }
    }
    while let Some(entity) = safe.pop() {
        if alone.remove(&entity) {
            safe.extend(children.remove(&entity).into_iter().flatten());
        }
    }
    Ok(alone.into_iter().collect())
}
