//! What operators ask of the database itself, whether or not a portal runs on it.
//!
//! Whoever can open the database may do all of this, so there is no caller and no permission; the
//! same questions with both are in the service.

use audit::{Origin, Via};
use platform::db::Db;
use platform::{Clock, Error, Result};

use crate::model::{Conflict, HeldMutation};
use crate::service::ingestion::{EntityError, entity_error, held_event};
use crate::store::refresh::{self, Stage};
use crate::store::{WORK, conflicts, held};

/// Rows of one answer.
const LIMIT: i64 = 10_000;

/// The catalog of a database, for its operators.
#[derive(Debug, Clone)]
pub struct Operator(Db);

impl Operator {
    /// The operator of a migrated database.
    pub fn new(db: Db) -> Self {
        Self(db)
    }

    /// Every entity that failed, with file, line, column and fix.
    pub async fn errors(&self) -> Result<Vec<EntityError>> {
        let rows = self
            .0
            .read(|tx| refresh::list_unprocessed(tx, Stage::Failed, LIMIT))
            .await?;
        Ok(rows.into_iter().map(entity_error).collect())
    }

    /// Every entity that more than one source claims.
    pub async fn conflicts(&self) -> Result<Vec<Conflict>> {
        self.0.read(|tx| conflicts::list(tx, LIMIT)).await
    }

    /// Mutations that wait for approval.
    pub async fn held(&self) -> Result<Vec<HeldMutation>> {
        self.0.read(held::list).await
    }

    /// Lets the held removals of a provider happen at its next run.
    pub async fn approve(&self, provider: &str) -> Result<()> {
        let name = provider.to_owned();
        let approve = move |tx: &mut platform::db::Tx<'_>| {
            tx.notify(WORK)?;
            let found = held::approve(tx, &name)?;
            if found {
                // Where it is a location and no provider, this is its next run.
                refresh::make_due(tx, std::slice::from_ref(&name), Clock::system().now())?;
                record(tx, "approve", &name)?;
            }
            Ok(found)
        };
        found(self.0.write(approve).await?, provider)
    }

    /// Forgets the held removals of a provider; its next run may hold them again.
    pub async fn reject(&self, provider: &str) -> Result<()> {
        let name = provider.to_owned();
        let release = move |tx: &mut platform::db::Tx<'_>| {
            let found = held::release(tx, &name)?;
            if found {
                record(tx, "reject", &name)?;
            }
            Ok(found)
        };
        let released = self.0.write(release).await?;
        found(released, provider)
    }
}

/// Who uses the command line is known to the operating system only.
fn record(tx: &mut platform::db::Tx<'_>, verb: &str, provider: &str) -> Result<()> {
    let origin = Origin::internal(Via::Operator, "command line");
    audit::record(
        tx,
        &origin,
        &held_event(verb, provider),
        Clock::system().now(),
    )
}

fn found(found: bool, provider: &str) -> Result<()> {
    if found {
        return Ok(());
    }
    Err(Error::not_found(format!(
        "no mutation of provider `{provider}` is held"
    )))
}
