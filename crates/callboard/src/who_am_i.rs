//! `auth:who-am-i`: the caller, as identity and catalog know them together.

use std::sync::Arc;

use async_trait::async_trait;
use catalog::Catalog;
use model::EntityRef;
use platform::actions::{Action, Run, Spec};
use platform::{Caller, Error, Result};
use serde_json::{Value, json};

/// Identifier, title, attributes and schemas.
const SPEC: &str = include_str!("who_am_i.json");

/// The action.
pub(crate) fn who_am_i(catalog: &Catalog) -> Result<Arc<dyn Action>> {
    let spec: Value = serde_json::from_str(SPEC)
        .map_err(|error| Error::internal("the action is not JSON").with_source(error))?;
    Ok(Arc::new(WhoAmI {
        spec: Spec::from_json(&spec)?,
        catalog: catalog.clone(),
    }))
}

struct WhoAmI {
    spec: Spec,
    catalog: Catalog,
}

#[async_trait]
impl Action for WhoAmI {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    async fn run(&self, run: &Run, _input: Value) -> Result<Value> {
        let Caller::User(user) = run.ctx.caller() else {
            return Err(Error::forbidden("this action is for users only"));
        };
        let entity_ref: EntityRef = user.entity_ref.parse()?;
        let entity = self.catalog.entity(&run.ctx, &entity_ref).await?;
        let entity = entity
            .ok_or_else(|| Error::not_found(format!("the catalog has no entity {entity_ref}")))?;
        Ok(json!({
            "entity": entity,
            "userInfo": {
                "userEntityRef": user.entity_ref,
                "ownershipEntityRefs": &user.ownership[..],
            },
        }))
    }
}
