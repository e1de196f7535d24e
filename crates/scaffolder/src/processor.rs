//! Templates are checked when they come into the catalog.

use catalog::{Emit, Processor};
use model::{ErrorInfo, LocationRef};
use serde_json::Value;

use crate::template::API_VERSION;
use crate::template::check::check_shape;

/// Rejects templates that no form and no task can be made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct TemplateProcessor;

impl Processor for TemplateProcessor {
    fn name(&self) -> &'static str {
        "ScaffolderEntitiesProcessor"
    }

    fn process(
        &self,
        entity: &mut Value,
        _location: &LocationRef,
        _emit: &mut Emit,
    ) -> Result<(), ErrorInfo> {
        if entity["kind"] != "Template" || entity["apiVersion"] != API_VERSION {
            return Ok(());
        }
        match check_shape(entity).into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(ErrorInfo::new("InputError", problem.message)),
        }
    }
}
