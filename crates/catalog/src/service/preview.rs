//! What registering a location would bring, or what is wrong with each of its entities.

use std::collections::{HashSet, VecDeque};

use model::{EntityRef, LocationRef};
use platform::{Error, Result};
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::model::Deferred;
use crate::process::{Failure, Processed};
use crate::provider::location_entity;
use crate::service::ingestion::EntityError;

/// Most entities of a dry run.
const MAX_ENTITIES: usize = 10_000;
/// Entities whose faults are told at once; each may mean that its source is read once more.
const MAX_FAULTY: usize = 20;

/// Entities that would not be taken, in the order in which they were met.
#[derive(Default)]
struct Faults {
    /// What Backstage says: the errors of the first one.
    message: Option<String>,
    items: Vec<EntityError>,
}

impl Faults {
    fn push(&mut self, tried: &Deferred, failure: Failure) {
        let errors = failure.errors.iter().map(|error| error.error.to_string());
        self.message
            .get_or_insert_with(|| errors.collect::<Vec<_>>().join(", "));
        self.items.push(EntityError {
            entity_ref: tried.entity_ref.clone(),
            location: tried.location_key.clone(),
            has_last_good: false,
            problems: failure
                .errors
                .into_iter()
                .filter_map(|error| error.problem)
                .collect(),
        });
    }

    /// Fails if there are any. The places and fixes are in `problems` of the error, if they are asked for.
    fn check(self, with_problems: bool) -> Result<()> {
        match self.message {
            None => Ok(()),
            Some(message) if with_problems => {
                Err(Error::input(message).with_field("problems", json!(self.items)))
            }
            Some(message) => Err(Error::input(message)),
        }
    }
}

impl Catalog {
    /// The entities of a location and of everything below it, processed and not kept. Fails with the
    /// first fault, or with the problems of all faulty entities.
    pub(super) async fn preview(
        &self,
        location: &LocationRef,
        with_problems: bool,
    ) -> Result<Vec<Value>> {
        let mut queue = VecDeque::from([root_of(location)?]);
        let mut seen = HashSet::new();
        let mut faults = Faults::default();
        let mut entities = Vec::new();
        while let Some(next) = queue.pop_front() {
            let processed = match self.try_entity(&next, with_problems).await? {
                Ok(processed) => processed,
                Err(failure) => {
                    faults.push(&next, failure);
                    if !with_problems || faults.items.len() == MAX_FAULTY {
                        break;
                    }
                    continue;
                }
            };
            let entity_ref = EntityRef::from_entity(&processed.entity)
                .map_err(|error| Error::input(error.message))?
                .to_string();
            if let Err(error) = count(&mut seen, entity_ref) {
                faults.check(with_problems)?;
                return Err(error);
            }
            queue.extend(processed.deferred.into_iter().flatten());
            entities.push(processed.entity);
        }
        faults.check(with_problems)?;
        Ok(entities)
    }

    async fn try_entity(
        &self,
        tried: &Deferred,
        with_places: bool,
    ) -> Result<Result<Processed, Failure>> {
        let unprocessed = serde_json::from_str(&tried.entity)
            .map_err(|error| Error::internal("emitted entity is not JSON").with_source(error))?;
        let mut result = self.pipeline.process_unstored(unprocessed).await;
        if let Err(failure) = &mut result
            && with_places
        {
            self.pipeline
                .add_places(&tried.entity, tried.line, failure)
                .await;
        }
        Ok(result)
    }
}

/// The entity that stands for the location itself.
fn root_of(location: &LocationRef) -> Result<Deferred> {
    let provided = location_entity(location);
    let entity_ref = EntityRef::from_entity(&provided.entity)
        .map_err(|error| Error::input(error.message))?
        .to_string();
    Ok(Deferred {
        entity: provided.entity.to_string(),
        entity_ref,
        location_key: provided.location_key,
        line: None,
    })
}

/// Counts an entity that is fine; one that comes twice, or one too many, ends the dry run.
fn count(seen: &mut HashSet<String>, entity_ref: String) -> Result<()> {
    if seen.contains(&entity_ref) {
        return Err(Error::input(format!(
            "Duplicate nested entity: {entity_ref}"
        )));
    }
    seen.insert(entity_ref);
    if seen.len() > MAX_ENTITIES {
        return Err(Error::input(format!(
            "Location leads to more than {MAX_ENTITIES} entities"
        )));
    }
    Ok(())
}
