//! Plans: what a task would do, before it does anything.

use std::sync::Arc;

use platform::db::Tx;
use platform::{Ctx, Error, Result};
use serde_json::{Map, Value};

use super::Checked;
use super::tasks::Draft;
use crate::engine::dry_run::{Beside, Planning, Trial, Tried};
use crate::permission::TASK_READ;
use crate::scaffolder::Scaffolder;
use crate::store::tasks;
use crate::task::Initiator;

/// What a plan came to, and the steps with their ids and names.
type Planned = (Tried, Vec<Value>);

impl Scaffolder {
    /// The plan of a task that could be created; who may create it may see it.
    pub(crate) async fn plan(&self, ctx: &Ctx, draft: Draft) -> Result<Checked<Planned>> {
        let prepared = match self.prepare(ctx, draft).await? {
            Checked::Fine(prepared) => prepared,
            Checked::Wrong(errors) => return Ok(Checked::Wrong(errors)),
        };
        let planned = self.plan_spec(ctx, prepared.spec, prepared.secrets).await?;
        Ok(Checked::Fine(planned))
    }

    /// The plan of a task, as its steps would run now for who created it; without its secrets.
    pub async fn plan_of_task(&self, ctx: &Ctx, id: &str) -> Result<Planned> {
        let task = self.task_for(ctx, id, &[TASK_READ]).await?;
        let initiator = self.initiator_of(&task.id).await?;
        let theirs = Ctx::new(
            Arc::new(self.current(initiator).caller()),
            Arc::clone(&self.authorizer),
            task.id.as_str().into(),
        );
        self.plan_spec(&theirs, task.spec()?, Map::new()).await
    }

    /// Who created a task.
    pub(super) async fn initiator_of(&self, id: &str) -> Result<Initiator> {
        let wanted = id.to_owned();
        let find = move |tx: &mut Tx<'_>| tasks::find_initiator(tx, &wanted);
        let initiator = self.db.read(find).await?;
        let initiator =
            initiator.ok_or_else(|| Error::not_found(format!("No task with id '{id}' found")))?;
        serde_json::from_str(&initiator)
            .map_err(|error| Error::internal("the initiator cannot be read").with_source(error))
    }

    /// Fails where a task may do more than the token of who wants it to run.
    pub(super) async fn refuse_widening(&self, ctx: &Ctx, id: &str) -> Result<()> {
        if self.initiator_of(id).await?.exceeds(ctx.caller()) {
            return Err(Error::forbidden(
                "The task may do more than the token that asks for it",
            ));
        }
        Ok(())
    }

    async fn plan_spec(
        &self,
        ctx: &Ctx,
        spec: Value,
        secrets: Map<String, Value>,
    ) -> Result<Planned> {
        let steps = spec["steps"].as_array().cloned().unwrap_or_default();
        self.check_actions(&steps, &Map::new())?;
        let trial = Trial {
            spec,
            secrets,
            beside: Beside::Catalog,
            mocks: Map::new(),
            planning: Planning::Asking,
        };
        Ok((self.try_run(ctx, trial).await?, steps))
    }
}
