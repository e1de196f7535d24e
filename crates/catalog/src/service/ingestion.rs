//! What operators ask: what failed, what conflicts, what is held, and what to do about it.

use audit::{Event, Origin};
use model::{LocationRef, Problem};
use platform::db::Tx;
use platform::{Ctx, Error, Millis, Result};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::catalog::Catalog;
use crate::ingest;
use crate::model::{Conflict, HeldMutation, ProcessingError};
use crate::permission;
use crate::process::LOCATION;
use crate::store::refresh::{self, RefreshRow, Stage};
use crate::store::{WORK, conflicts, held};

/// Rows of one answer.
const LIMIT: i64 = 1000;

/// An entity that could not be processed, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityError {
    /// The entity.
    pub entity_ref: String,
    /// Where it comes from, for example `file:/catalog/all.yaml`.
    pub location: Option<String>,
    /// Whether an older version of it is still being served.
    pub has_last_good: bool,
    /// What is wrong, where, and how to fix it.
    pub problems: Vec<Problem>,
}

impl Catalog {
    /// Entities that failed, or that no processing has succeeded for, as rows of Backstage's
    /// `refresh_state`. Reference 1 §C.1.
    pub(crate) async fn list_unprocessed(
        &self,
        ctx: &Ctx,
        failed: bool,
        owner: Option<String>,
    ) -> Result<Vec<Value>> {
        ctx.require(permission::UNPROCESSED_READ).await?;
        let stage = if failed {
            Stage::Failed
        } else {
            Stage::Pending
        };
        let rows = self
            .db
            .read(move |tx| refresh::list_unprocessed(tx, stage, LIMIT))
            .await?;
        let rows = rows.into_iter().map(refresh_state);
        Ok(rows
            .filter(|row| owner.as_ref().is_none_or(|owner| is_owned_by(row, owner)))
            .collect())
    }

    /// Deletes the row of an entity that is not final, or of any other.
    pub(crate) async fn delete_unprocessed(&self, ctx: &Ctx, uid: &str) -> Result<()> {
        ctx.require(permission::UNPROCESSED_DELETE).await?;
        let (uid, now) = (uid.to_owned(), self.clock.now());
        let origin = Origin::of(ctx);
        let removed = self.write(move |tx| {
            let Some(entity_ref) = refresh::find_ref_by_uid(tx, &uid)? else {
                return Ok(Vec::new());
            };
            let event = Event::done("catalog.entity.delete", &entity_ref).detail("unprocessed");
            audit::record(tx, &origin, &event, now)?;
            ingest::remove(tx, &entity_ref, now)
        });
        self.ask_providers(removed.await?).await
    }

    /// Every entity that failed, with file, line, column and fix.
    pub async fn list_errors(&self, ctx: &Ctx) -> Result<Vec<EntityError>> {
        ctx.require(permission::INGESTION_READ).await?;
        let rows = self
            .db
            .read(|tx| refresh::list_unprocessed(tx, Stage::Failed, LIMIT))
            .await?;
        Ok(rows.into_iter().map(entity_error).collect())
    }

    /// Every entity that more than one source claims.
    pub async fn list_conflicts(&self, ctx: &Ctx) -> Result<Vec<Conflict>> {
        ctx.require(permission::INGESTION_READ).await?;
        self.db.read(|tx| conflicts::list(tx, LIMIT)).await
    }

    /// Mutations that wait for approval.
    pub async fn list_held(&self, ctx: &Ctx) -> Result<Vec<HeldMutation>> {
        ctx.require(permission::INGESTION_READ).await?;
        self.db.read(held::list).await
    }

    /// Lets the held removals of a provider happen at its next run, which is asked for at once.
    pub async fn approve_held(&self, ctx: &Ctx, provider: &str) -> Result<()> {
        ctx.require(permission::INGESTION_MANAGE).await?;
        let name = provider.to_owned();
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        let found = self
            .db
            .write(move |tx| {
                tx.notify(WORK)?;
                let found = held::approve(tx, &name)?;
                if found {
                    // Where it is a location and no provider, this is its next run.
                    refresh::make_due(tx, std::slice::from_ref(&name), now)?;
                    audit::record(tx, &origin, &held_event("approve", &name), now)?;
                }
                Ok(found)
            })
            .await?;
        if !found {
            return Err(Error::not_found(format!(
                "No mutation of provider `{provider}` is held"
            )));
        }
        tracing::warn!(
            by = ctx.caller().subject(),
            provider,
            "held removals approved"
        );
        self.trigger(provider);
        Ok(())
    }

    /// Forgets the held removals of a provider; its next run may hold them again.
    pub async fn reject_held(&self, ctx: &Ctx, provider: &str) -> Result<()> {
        ctx.require(permission::INGESTION_MANAGE).await?;
        let name = provider.to_owned();
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        let release = move |tx: &mut Tx<'_>| {
            let found = held::release(tx, &name)?;
            if found {
                audit::record(tx, &origin, &held_event("reject", &name), now)?;
            }
            Ok(found)
        };
        if !self.db.write(release).await? {
            return Err(Error::not_found(format!(
                "No mutation of provider `{provider}` is held"
            )));
        }
        tracing::info!(
            by = ctx.caller().subject(),
            provider,
            "held removals rejected"
        );
        Ok(())
    }
}

/// A decision on removals that are held.
pub(crate) fn held_event(verb: &str, provider: &str) -> Event {
    Event::done(
        &format!("catalog.held.{verb}"),
        format!("provider:{provider}"),
    )
}

fn refresh_state(row: RefreshRow) -> Value {
    let parse = |text: Option<String>| {
        text.and_then(|text| serde_json::from_str::<Value>(&text).ok())
            .unwrap_or(Value::Null)
    };
    let errors = parse(row.errors);
    json!({
        "entity_id": row.uid,
        "entity_ref": row.entity_ref,
        "unprocessed_entity": parse(Some(row.unprocessed)),
        "unprocessed_hash": row.unprocessed_hash,
        "processed_entity": parse(row.processed),
        "result_hash": row.result_hash,
        "cache": parse(row.state),
        "next_update_at": timestamp(row.next_at),
        "last_discovery_at": timestamp(row.discovered_at),
        "errors": if errors.is_null() { json!([]) } else { errors },
        "location_key": row.location_key,
    })
}

/// RFC 3339 with milliseconds; rows that are due only when they change have no time.
fn timestamp(at: Millis) -> Value {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .ok()
        .and_then(|at| at.format(&format).ok())
        .map_or(Value::Null, Value::from)
}

fn is_owned_by(row: &Value, owner: &str) -> bool {
    let found = row
        .pointer("/unprocessed_entity/spec/owner")
        .and_then(Value::as_str);
    found.is_some_and(|found| found.eq_ignore_ascii_case(owner))
}

pub(crate) fn entity_error(row: RefreshRow) -> EntityError {
    let errors: Vec<ProcessingError> = row
        .errors
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let entity: Value = serde_json::from_str(&row.unprocessed).unwrap_or_default();
    let location = entity
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations")?.get(LOCATION)?.as_str())
        .and_then(|text| LocationRef::parse(text).ok());
    let problems = errors.into_iter().map(|error| {
        error.problem.unwrap_or_else(|| {
            Problem::error("catalog.processing", "", error.error.message.clone())
        })
    });
    EntityError {
        entity_ref: row.entity_ref,
        location: location.map(|location| location.to_string()),
        has_last_good: row.processed.is_some(),
        problems: problems.collect(),
    }
}
