//! The background work step by step, for tests that hold the clock: the same functions in the same
//! order as the worker runs them, without its waiting.

use std::time::Duration;

use platform::{Error, Result};
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalog;
use crate::store::changes;

use super::stitching::stitch_all;
use super::{claim_and_process, clean_up, prepare, run_provider_once, write_back};

/// How long the index may take to follow.
const FOLLOW: Duration = Duration::from_secs(30);

impl Catalog {
    /// What a worker does first: evicts the entities of providers that are gone, then runs every
    /// provider once.
    #[doc(hidden)]
    pub async fn start_over(&self) -> Result<()> {
        prepare(self).await?;
        for provider in &self.providers {
            run_provider_once(self, provider, "settle").await?;
        }
        Ok(())
    }

    /// Cleans up, processes and stitches until nothing is due at the present time of the clock, and
    /// waits until the index has all of it.
    #[doc(hidden)]
    pub async fn settle(&self) -> Result<()> {
        clean_up(self).await?;
        let never = CancellationToken::new();
        loop {
            let outcomes = claim_and_process(self).await?;
            let is_idle = outcomes.is_empty();
            write_back(self, outcomes).await?;
            if stitch_all(self, &never).await == 0 && is_idle {
                break;
            }
        }
        let head = self.db.read(changes::head).await?;
        if self.view.wait_for(head, FOLLOW).await {
            Ok(())
        } else {
            Err(Error::unavailable("the index does not follow"))
        }
    }
}
