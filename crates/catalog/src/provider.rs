//! Entity providers: named sources of whole sets of entities. Reference 1 §B.2.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use audit::{Event, Origin, Via};
use model::{EntityRef, LocationRef, location_entity_name};
use platform::db::Tx;
use platform::{Clock, Error, Millis, Result};
use serde_json::{Value, json};

use crate::config::{ConfigLocation, MassDeletion};
use crate::guard;
use crate::ingest::{self, Departure};
use crate::model::{Deferred, Source};
use crate::process::{LOCATION, ORIGIN_LOCATION};
use crate::store::edges;

/// Name of the provider of `catalog.locations`.
pub const CONFIG_LOCATIONS: &str = "ConfigLocationProvider";
/// Name of the provider of registered locations.
pub const REGISTERED_LOCATIONS: &str = "DefaultLocationStore";

/// When a provider runs by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Time between two runs.
    pub frequency: Duration,
    /// After which time a run is ended.
    pub timeout: Duration,
    /// Time before the first run.
    pub initial_delay: Duration,
}

/// An entity as a provider gives it.
#[derive(Debug, Clone)]
pub struct ProvidedEntity {
    /// The entity, with its location annotations.
    pub entity: Value,
    /// Who may replace it; usually the provider's name.
    pub location_key: Option<String>,
}

/// What a provider tells the catalog.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// These are all of its entities.
    Full(Vec<ProvidedEntity>),
    /// These came or changed, and those went.
    Delta {
        /// New and changed entities.
        added: Vec<ProvidedEntity>,
        /// References of entities that are gone.
        removed: Vec<String>,
    },
}

/// A source of entities.
///
/// Runs on one replica at a time. An error leaves everything as it is: a provider must not return
/// less than it knows when its own source fails.
#[async_trait]
pub trait EntityProvider: Send + Sync {
    /// Stable name; entities belong to it across restarts.
    fn name(&self) -> &str;

    /// When it runs; `None` for once at start and then on demand.
    fn schedule(&self) -> Option<Schedule>;

    /// Asks the source.
    async fn refresh(&self, clock: &Clock) -> Result<Mutation>;
}

/// What became of a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// All of it was done.
    Whole,
    /// Additions were done; removals wait for approval.
    Held,
}

/// Applies a mutation of a provider.
pub(crate) fn apply(
    tx: &mut Tx<'_>,
    provider: &str,
    mutation: &Mutation,
    limit: MassDeletion,
    now: Millis,
) -> Result<Applied> {
    let source = Source::Provider(provider.to_owned());
    match mutation {
        Mutation::Full(entities) => {
            let items = deferred(entities)?;
            let before = edges::load_targets(tx, &source)?;
            let n_before = before.len();
            let removed = without(before, &items);
            if guard::holds_back(tx, &source, n_before, &removed, limit, now)? {
                ingest::accept(tx, &source, &items, now)?;
                return Ok(Applied::Held);
            }
            ingest::replace(tx, &source, &items, Departure::Eager, now)?;
        }
        Mutation::Delta { added, removed } => {
            ingest::accept(tx, &source, &deferred(added)?, now)?;
            let removed: Vec<String> = removed.iter().map(|entity| entity.to_lowercase()).collect();
            ingest::retract(tx, &source, &removed, Departure::Eager, now)?;
        }
    }
    Ok(Applied::Whole)
}

fn without(mut refs: HashSet<String>, items: &[Deferred]) -> Vec<String> {
    for item in items {
        refs.remove(&item.entity_ref);
    }
    refs.into_iter().collect()
}

/// Like [`apply`], with a record in the audit log when entities came or went.
pub(crate) fn apply_recorded(
    tx: &mut Tx<'_>,
    provider: &str,
    mutation: &Mutation,
    limit: MassDeletion,
    now: Millis,
) -> Result<Applied> {
    let source = Source::Provider(provider.to_owned());
    let before = sorted(edges::load_targets(tx, &source)?);
    let applied = apply(tx, provider, mutation, limit, now)?;
    let after = sorted(edges::load_targets(tx, &source)?);
    if before != after {
        let n_gone = before.iter().filter(|it| after.binary_search(it).is_err());
        let n_new = after.iter().filter(|it| before.binary_search(it).is_err());
        let detail = format!("{} came, {} went", n_new.count(), n_gone.count());
        let event = Event::done("catalog.provider.apply", format!("provider:{provider}"))
            .changed(Some(&json!(before)), Some(&json!(after)))
            .detail(detail);
        let origin = Origin::internal(Via::Provider, provider);
        audit::record(tx, &origin, &event, now)?;
    }
    Ok(applied)
}

/// Removes what a provider that does not run here any more gave, with a record.
pub(crate) fn evict(tx: &mut Tx<'_>, provider: &str, now: Millis) -> Result<()> {
    let source = Source::Provider(provider.to_owned());
    let before = sorted(edges::load_targets(tx, &source)?);
    let event = Event::done("catalog.provider.evict", format!("provider:{provider}"))
        .changed(Some(&json!(before)), None)
        .detail(format!("{} went", before.len()));
    audit::record(tx, &Origin::internal(Via::Job, "start"), &event, now)?;
    ingest::replace(tx, &source, &[], Departure::Eager, now)
}

fn sorted(refs: HashSet<String>) -> Vec<String> {
    let mut refs: Vec<String> = refs.into_iter().collect();
    refs.sort_unstable();
    refs
}

pub(crate) fn deferred(entities: &[ProvidedEntity]) -> Result<Vec<Deferred>> {
    let one = |provided: &ProvidedEntity| {
        let entity_ref = EntityRef::from_entity(&provided.entity)
            .map_err(|error| Error::input(error.message.clone()))?;
        Ok(Deferred {
            entity: provided.entity.to_string(),
            entity_ref: entity_ref.to_string(),
            location_key: provided.location_key.clone(),
            line: None,
        })
    };
    entities.iter().map(one).collect()
}

/// The Location entity that stands for a location. Reference 1 §B.2.
pub(crate) fn location_entity(location: &LocationRef) -> ProvidedEntity {
    let text = location.to_string();
    let LocationRef {
        location_type,
        target,
    } = location;
    let entity = json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {
            "name": location_entity_name(location_type, target),
            "annotations": { LOCATION: text, ORIGIN_LOCATION: text },
        },
        "spec": { "type": location_type, "target": target },
    });
    ProvidedEntity {
        entity,
        location_key: Some(text),
    }
}

/// The locations of `catalog.locations`.
pub struct ConfigLocations(pub Vec<ConfigLocation>);

#[async_trait]
impl EntityProvider for ConfigLocations {
    fn name(&self) -> &str {
        CONFIG_LOCATIONS
    }

    fn schedule(&self) -> Option<Schedule> {
        None
    }

    async fn refresh(&self, _clock: &Clock) -> Result<Mutation> {
        let locations = self.0.iter().map(|location| {
            LocationRef::new(&location.kind, &location.target)
                .map(|location| location_entity(&location))
                .map_err(|error| Error::input(format!("`catalog.locations`: {}", error.message)))
        });
        Ok(Mutation::Full(locations.collect::<Result<_>>()?))
    }
}

/// A provider that others share.
pub type SharedProvider = Arc<dyn EntityProvider>;
