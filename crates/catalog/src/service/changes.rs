//! Listening to what changes.
//!
//! A listener begins at a revision, its own or the present one, and hears of every later change
//! that it may see. What somebody missed is taken from the change log.

use std::sync::Arc;
use std::time::Duration;

use model::Filter;
use platform::ctx::Caller;
use platform::{Ctx, Result};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::catalog::Catalog;
use crate::feed::{Issue, MAX_TOLD, News, Seat, see};
use crate::permission;
use crate::store::changes;

/// How long a listener who knows a later revision than this process waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Somebody who hears of changes.
pub(crate) struct Listener {
    catalog: Catalog,
    ctx: Ctx,
    filter: Filter,
    issues: Receiver<Issue>,
    /// Up to here everything was told.
    rev: i64,
    _seat: Seat,
}

impl Catalog {
    /// Listens from now on; what happened after `since` is told first.
    pub(crate) async fn listen(
        &self,
        ctx: &Ctx,
        since: Option<i64>,
    ) -> Result<(Listener, Option<News>)> {
        let seat = self.view.feed().sit(ctx.caller().subject())?;
        let filter = readable(ctx).await?;
        let issues = self.view.feed().listen(filter.clone())?;
        if let Some(since) = since {
            self.view.wait_for(since, PATIENCE).await;
        }
        let rev = self.view.applied();
        let missed = match since {
            Some(since) => self.missed(&filter, since, rev).await?,
            None => None,
        };
        let listener = Listener {
            catalog: self.clone(),
            ctx: ctx.clone(),
            filter,
            issues,
            rev,
            _seat: seat,
        };
        Ok((listener, missed))
    }

    /// What happened between two revisions. What can no longer be judged is a reason to load again:
    /// a deleted entity does not tell who could see it.
    async fn missed(&self, filter: &Filter, since: i64, until: i64) -> Result<Option<News>> {
        if since == until {
            return Ok(None);
        }
        let read = move |tx: &mut platform::db::Tx<'_>| {
            let horizon = changes::horizon(tx)?;
            let ids = changes::load_ids_between(tx, since, until, MAX_TOLD + 1)?;
            Ok((horizon, ids))
        };
        let (horizon, ids) = self.db.read(read).await?;
        let is_known = since <= until && horizon <= since + 1 && ids.len() <= MAX_TOLD;
        if !is_known {
            return Ok(Some(News::Everything));
        }
        let seen = see(&self.view.index(), filter, &ids);
        let changed: Option<Vec<String>> = seen.into_iter().collect();
        Ok(Some(changed.map_or(News::Everything, |changed| {
            News::Entities {
                changed,
                removed: Vec::new(),
            }
        })))
    }
}

/// The entities that the caller may see.
async fn readable(ctx: &Ctx) -> Result<Filter> {
    let filter = permission::filter(ctx, permission::ENTITY_READ).await?;
    Ok(filter.unwrap_or_else(Filter::nothing))
}

impl Listener {
    /// The revision up to which everything was told.
    pub(crate) fn rev(&self) -> i64 {
        self.rev
    }

    /// How long the credentials of the caller are good; `None` without an end.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        let Caller::User(user) = self.ctx.caller() else {
            return None;
        };
        let left = user.expires_at.saturating_mul(1000) - self.catalog.clock.now();
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }

    /// The next news; `None` when there will be none.
    pub(crate) async fn next(&mut self) -> Option<Arc<News>> {
        loop {
            match self.issues.recv().await {
                // It was applied before the listener began.
                Ok(issue) if issue.rev <= self.rev => {}
                Ok(issue) => {
                    self.rev = issue.rev;
                    return Some(issue.news);
                }
                Err(RecvError::Lagged(_)) => {
                    self.issues = self.issues.resubscribe();
                    self.rev = self.catalog.view.applied();
                    return Some(Arc::new(News::Everything));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Asks again what the caller may see; news if that is not what it was.
    pub(crate) async fn check(&mut self) -> Result<Option<News>> {
        let filter = readable(&self.ctx).await?;
        if filter == self.filter {
            return Ok(None);
        }
        self.issues = self.catalog.view.feed().listen(filter.clone())?;
        self.filter = filter;
        self.rev = self.catalog.view.applied();
        Ok(Some(News::Everything))
    }
}
