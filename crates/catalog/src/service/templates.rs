//! What other features ask of the catalog.

use std::sync::Arc;

use integrations::{ReadUrl, ScmIntegrations};
use model::{EntityRef, LocationRef};
use platform::{Ctx, Result};
use serde_json::Value;

use crate::catalog::Catalog;

impl Catalog {
    /// One entity; absent and unreadable ones look the same to the caller.
    pub async fn entity(&self, ctx: &Ctx, entity_ref: &EntityRef) -> Result<Option<Value>> {
        self.find_value(ctx, entity_ref).await
    }

    /// Registers a URL as a location; its id.
    pub async fn register_url(&self, ctx: &Ctx, url: &str) -> Result<String> {
        let location = LocationRef::new("url", url)?;
        Ok(self.register(ctx, location, false).await?.location.id)
    }

    /// The entities a URL leads to, without keeping anything.
    pub async fn entities_of_url(&self, ctx: &Ctx, url: &str) -> Result<Vec<Value>> {
        let location = LocationRef::new("url", url)?;
        Ok(self.try_location(ctx, location, false).await?.entities)
    }

    /// Reads URLs as ingestion does.
    pub fn reader(&self) -> Arc<dyn ReadUrl> {
        Arc::clone(&self.pipeline.reader)
    }

    /// Source control hosts.
    pub fn integrations(&self) -> &ScmIntegrations {
        &self.pipeline.integrations
    }
}
