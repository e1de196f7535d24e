//! Processing of one entity: from what a source wrote to an entity, its relations, and what it
//! emits. Reference 1 §B.3.
//!
//! Invariants: only locations and placeholders do IO, through the readers; everything else is a
//! function of the entity and the version of the processors, so it need not run again until one of
//! them changes; "cannot tell now" never removes anything.

mod annotate;
pub(crate) mod commit;
pub(crate) mod locate;
pub(crate) mod location;
mod placeholders;
pub(crate) mod rules;
mod unreadable;

use std::sync::Arc;
use std::time::Instant;

use integrations::{ReadUrl, ScmIntegrations};
use model::{EntityRef, ErrorInfo, LocationRef, Problem};
use platform::{Clock, Millis};
use rand::RngExt;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::config::Settings;
use crate::metrics::Metrics;
use crate::model::{Claimed, Completed, Deferred, Outcome, ProcessingError, Relation};
use crate::processor::{Emit, Processor};

/// Grows when built-in processing changes what it gives, so that everything is processed again.
const VERSION: u32 = 2;

pub(crate) const LOCATION: &str = "backstage.io/managed-by-location";
pub(crate) const ORIGIN_LOCATION: &str = "backstage.io/managed-by-origin-location";

/// Turns unprocessed entities into outcomes.
pub(crate) struct Pipeline {
    pub settings: Arc<Settings>,
    pub integrations: Arc<ScmIntegrations>,
    pub reader: Arc<dyn ReadUrl>,
    pub processors: Vec<Arc<dyn Processor>>,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    /// Bounds the search for the places of errors.
    pub lookups: locate::Lookups,
}

/// What one entity gave, before it is bound to its claim.
#[derive(Debug)]
pub(crate) struct Processed {
    /// The processed entity.
    pub entity: Value,
    /// Relations in both directions.
    pub relations: Vec<Relation>,
    /// Entities it emits; `None` when nothing it reads has changed.
    pub deferred: Option<Vec<Deferred>>,
    /// What makes it due when it changes.
    pub refresh_keys: Vec<String>,
    /// What the readers want to remember.
    pub state: Option<String>,
    /// Whether it has to be looked at again by time.
    pub reads: bool,
}

impl Processed {
    /// Whether it is a Location all of whose targets are as they were.
    fn is_as_before(&self, settings: &Settings) -> bool {
        settings.read_locations && is_location(&self.entity) && self.deferred.is_none()
    }
}

/// Why an entity could not be processed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub errors: Vec<ProcessingError>,
    /// What it read before it failed: changes there may mend it.
    pub refresh_keys: Vec<String>,
    /// Whether looking again may help.
    pub reads: bool,
    /// When a host asked us to come back.
    pub retry_at: Option<Millis>,
}

impl Failure {
    pub(crate) fn of(error: ErrorInfo, problem: Option<Problem>) -> Self {
        Self {
            errors: vec![ProcessingError { error, problem }],
            refresh_keys: Vec::new(),
            reads: false,
            retry_at: None,
        }
    }
}

impl From<ErrorInfo> for Failure {
    fn from(error: ErrorInfo) -> Self {
        Self::of(error, None)
    }
}

/// Where an entity is from.
#[derive(Debug, Clone)]
pub(crate) struct Provenance {
    /// The location it was read from.
    pub location: LocationRef,
    /// The location at the top of the chain.
    pub origin: LocationRef,
}

impl Pipeline {
    /// Identifies the processors; a different value means that everything is due.
    pub(crate) fn version(&self) -> String {
        let named = |processor: &Arc<dyn Processor>| {
            format!("{}@{}", processor.name(), processor.version())
        };
        let versions = self.processors.iter().map(named);
        let versions: Vec<String> = std::iter::once(VERSION.to_string())
            .chain(versions)
            .collect();
        versions.join(",")
    }

    /// Processes a claimed entity.
    pub(crate) async fn process(&self, claimed: Claimed) -> Outcome {
        let started = Instant::now();
        let result = match serde_json::from_str(&claimed.unprocessed) {
            Ok(entity) => self.run(entity, claimed.state.as_deref(), &claimed).await,
            Err(error) => Err(ErrorInfo::new("SyntaxError", error.to_string()).into()),
        };
        self.metrics
            .entity_processed(started.elapsed(), result.is_ok());
        match result {
            Ok(processed) => self.outcome(claimed, processed),
            Err(failure) => self.failed(claimed, failure).await,
        }
    }

    /// Processes an entity that is not stored, as validation and dry runs do.
    pub(crate) async fn process_unstored(&self, entity: Value) -> Result<Processed, Failure> {
        self.steps(entity, None).await
    }

    /// Names the places of what is wrong with an entity whose document begins at `line`.
    pub(crate) async fn add_places(
        &self,
        unprocessed: &str,
        line: Option<u32>,
        failure: &mut Failure,
    ) {
        locate::add_places(self, unprocessed, line, failure).await;
    }

    async fn run(
        &self,
        entity: Value,
        state: Option<&str>,
        claimed: &Claimed,
    ) -> Result<Processed, Failure> {
        // Without a former result there is nothing that "unchanged" could refer to.
        let state = state.filter(|_| claimed.result_hash.is_some());
        let processed = self.steps(entity, state).await?;
        let entity_ref = EntityRef::from_entity(&processed.entity).map_err(ErrorInfo::from)?;
        if entity_ref.to_string() != claimed.entity_ref {
            let message = format!(
                "Fatal: The entity kind, namespace, or name changed during processing, \
                 from {} to {entity_ref}",
                claimed.entity_ref
            );
            return Err(ErrorInfo::new("ConflictError", message).into());
        }
        Ok(processed)
    }

    async fn steps(&self, mut entity: Value, state: Option<&str>) -> Result<Processed, Failure> {
        model::validate_envelope(&entity).map_err(Failure::invalid)?;
        let from = provenance(&entity)?;
        let read = placeholders::resolve(self, &mut entity, &from).await?;
        annotate::add_location(&mut entity, &from.location, &self.integrations);
        annotate::add_default_namespace(&mut entity);
        model::normalise(&mut entity);
        model::validate(&mut entity).map_err(Failure::invalid)?;
        let relations = relations_of(&entity).map_err(|error| {
            Failure::of(error, model::find_malformed(&entity).into_iter().next())
        })?;
        let mut processed = Processed {
            relations,
            deferred: None,
            reads: !read.is_empty(),
            refresh_keys: read,
            state: None,
            entity,
        };
        if is_location(&processed.entity) && self.settings.read_locations {
            location::read(self, &mut processed, &from, state).await?;
        }
        let is_as_before = processed.is_as_before(&self.settings);
        let emitted = self.run_processors(&mut processed, &from)?;
        // Processors are functions: where the entity is as before, so is what they emit.
        if !is_as_before {
            processed
                .deferred
                .get_or_insert_with(Vec::new)
                .extend(emitted);
        }
        refuse_nul(&processed)?;
        Ok(processed)
    }

    fn run_processors(
        &self,
        processed: &mut Processed,
        from: &Provenance,
    ) -> Result<Vec<Deferred>, Failure> {
        let mut emitted = Vec::new();
        for processor in &self.processors {
            let mut emit = Emit::default();
            processor.process(&mut processed.entity, &from.location, &mut emit)?;
            processed.relations.extend(emit.relations);
            processed.refresh_keys.extend(emit.refresh_keys);
            for entity in emit.entities {
                emitted.push(location::deferred(
                    self,
                    entity,
                    from,
                    &from.location,
                    None,
                )?);
            }
        }
        Ok(emitted)
    }

    fn outcome(&self, claimed: Claimed, mut processed: Processed) -> Outcome {
        let next_at = if processed.reads {
            self.next_look()
        } else {
            None
        };
        normalise_lists(&mut processed);
        let is_as_before = processed.is_as_before(&self.settings);
        // After a failure there is something to write in any case: that it is over.
        let result_hash = match &claimed.result_hash {
            Some(hash) if is_as_before && !claimed.has_failed => hash.clone(),
            _ => success_hash(&processed),
        };
        let completed = Completed {
            entity: processed.entity.to_string(),
            relations: processed.relations,
            deferred: processed.deferred,
        };
        Outcome {
            claimed,
            result: Ok(completed),
            state: processed.state,
            next_at,
            result_hash,
            refresh_keys: processed.refresh_keys,
        }
    }

    async fn failed(&self, claimed: Claimed, mut failure: Failure) -> Outcome {
        self.add_places(&claimed.unprocessed, claimed.line, &mut failure)
            .await;
        failure.refresh_keys.sort_unstable();
        failure.refresh_keys.dedup();
        let next_at = if failure.reads {
            failure.retry_at.or_else(|| self.next_look())
        } else {
            None
        };
        let text = json!(failure.errors).to_string();
        Outcome {
            claimed,
            result_hash: hex::encode(Sha1::digest(text)),
            result: Err(failure.errors),
            state: None,
            next_at,
            refresh_keys: failure.refresh_keys,
        }
    }

    /// The next look at what may change by itself: the interval and up to half of it more.
    fn next_look(&self) -> Option<Millis> {
        let interval = platform::clock::millis(self.settings.interval?);
        let jitter = rand::rng().random_range(0..=interval / 2);
        Some(self.clock.now() + interval + jitter)
    }
}

impl Failure {
    fn invalid(error: model::ValidationError) -> Self {
        let problem = error.to_problem();
        Self::of(error.into_info(), Some(problem))
    }
}

/// PostgreSQL has no NUL in its texts. In documents it is escaped; in names it is a mistake.
fn refuse_nul(processed: &Processed) -> Result<(), ErrorInfo> {
    let relations = processed.relations.iter();
    let relations = relations.flat_map(|relation| [&relation.source, &relation.target]);
    let emitted = processed
        .deferred
        .iter()
        .flatten()
        .map(|item| &item.entity_ref);
    let mut names = relations.chain(emitted).chain(&processed.refresh_keys);
    match names.find(|name| name.contains('\0')) {
        Some(name) => Err(ErrorInfo::input(format!(
            "{name:?} has a NUL character, which no name may have"
        ))),
        None => Ok(()),
    }
}

fn is_location(entity: &Value) -> bool {
    entity
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|k| k.eq_ignore_ascii_case("location"))
}

/// Reads where an entity is from off its annotations.
fn provenance(entity: &Value) -> Result<Provenance, ErrorInfo> {
    let annotation = |name: &str| {
        let annotations = entity.pointer("/metadata/annotations");
        let text = annotations
            .and_then(|annotations| annotations.get(name))
            .and_then(Value::as_str);
        let text = text.ok_or_else(|| {
            ErrorInfo::input(format!(
                "Entity has no annotation {name}, so its source is unknown"
            ))
        })?;
        LocationRef::parse(text).map_err(ErrorInfo::from)
    };
    Ok(Provenance {
        location: annotation(LOCATION)?,
        origin: annotation(ORIGIN_LOCATION)?,
    })
}

/// Relations that the built-in kinds imply, as they are stored.
pub(crate) fn relations_of(entity: &Value) -> Result<Vec<Relation>, ErrorInfo> {
    let relations = model::relations_of(entity).map_err(ErrorInfo::from)?;
    let stored = relations.into_iter().map(|relation| Relation {
        source: relation.source.to_string(),
        kind: relation.relation_type.to_owned(),
        target: relation.target.to_string(),
    });
    Ok(stored.collect())
}

fn normalise_lists(processed: &mut Processed) {
    processed.relations.sort_unstable();
    processed.relations.dedup();
    processed.refresh_keys.sort_unstable();
    processed.refresh_keys.dedup();
}

fn success_hash(processed: &Processed) -> String {
    let mut hasher = Sha1::new();
    hasher.update(processed.entity.to_string());
    for relation in &processed.relations {
        hasher.update(format!(
            "\n{} {} {}",
            relation.source, relation.kind, relation.target
        ));
    }
    for key in &processed.refresh_keys {
        hasher.update("\nk ");
        hasher.update(key);
    }
    for deferred in processed.deferred.iter().flatten() {
        hasher.update("\nd ");
        hasher.update(deferred.location_key.as_deref().unwrap_or_default());
        hasher.update(&deferred.entity);
    }
    hex::encode(hasher.finalize())
}
