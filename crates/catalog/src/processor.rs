//! Processors: additions to the processing of entities.

use model::{ErrorInfo, LocationRef};
use serde_json::Value;

use crate::model::Relation;

/// What a processor emits beside the entity.
#[derive(Debug, Default)]
pub struct Emit {
    /// Further entities, owned by the location of the entity.
    pub entities: Vec<Value>,
    /// Relations; a processor gives both directions.
    pub relations: Vec<Relation>,
    /// What makes the entity due when it changes.
    pub refresh_keys: Vec<String>,
}

/// A step that every valid entity passes.
///
/// It must be a function of its arguments: an entity is processed again only when the entity or
/// [`Processor::version`] changes.
pub trait Processor: Send + Sync {
    /// Name, as in `catalog.processorOptions`.
    fn name(&self) -> &str;

    /// Grows whenever the processor gives another result for the same entity.
    fn version(&self) -> u32 {
        1
    }

    /// Order: lower runs earlier. Reference 1 §B.3.
    fn priority(&self) -> f64 {
        20.0
    }

    /// Looks at, changes or rejects an entity.
    fn process(
        &self,
        entity: &mut Value,
        location: &LocationRef,
        emit: &mut Emit,
    ) -> Result<(), ErrorInfo>;
}
