//! Registered locations: list, register, change, unregister, try out.

use std::sync::Arc;

use audit::{Event, Origin};
use model::{EntityRef, LocationRef, location_entity_name};
use platform::db::Tx;
use platform::{Ctx, Error, Millis, Result};
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::ingest::{self, Departure};
use crate::model::{Location, Source};
use crate::permission;
use crate::provider::{self, Mutation, ProvidedEntity, REGISTERED_LOCATIONS, location_entity};
use crate::service::entities::refresh_event;
use crate::store::{changes, locations, refresh};

/// Types that may be registered through the API.
const ALLOWED_TYPES: &[&str] = &["url"];

/// What registering a location gave, or would give.
#[derive(Debug)]
pub(crate) struct Registered {
    pub location: Location,
    /// Entities it leads to; only a dry run reads them.
    pub entities: Vec<Value>,
    /// Whether it was registered already; only a dry run says so.
    pub exists: Option<bool>,
}

impl Catalog {
    /// All registered locations; none for callers who may not read them, as Backstage has it.
    pub(crate) async fn list_locations(&self, ctx: &Ctx) -> Result<Arc<[Location]>> {
        if ctx.require(permission::LOCATION_READ).await.is_err() {
            return Ok(Arc::default());
        }
        self.registered().await
    }

    /// All registered locations in order of id, from memory once they have been read.
    async fn registered(&self) -> Result<Arc<[Location]>> {
        if let Some(kept) = self.view.locations() {
            return Ok(kept);
        }
        let read = |tx: &mut Tx<'_>| Ok((changes::head(tx)?, locations::list(tx)?));
        let (head, list) = self.db.read(read).await?;
        let list: Arc<[Location]> = list.into();
        self.view.keep_locations(head, &list);
        Ok(list)
    }

    pub(crate) async fn find_location(&self, ctx: &Ctx, id: &str) -> Result<Location> {
        let may_read = ctx.require(permission::LOCATION_READ).await;
        may_read.map_err(|_| no_location(id))?;
        let registered = self.registered().await?;
        let found = registered.iter().find(|location| location.id == id);
        found.cloned().ok_or_else(|| no_location(id))
    }

    /// The registered location an entity originates from.
    pub(crate) async fn find_location_of(
        &self,
        ctx: &Ctx,
        entity_ref: &EntityRef,
    ) -> Result<Location> {
        let missing = || Error::not_found(format!("found no entity for ref {entity_ref}"));
        let may_read = ctx.require(permission::LOCATION_READ).await;
        may_read.map_err(|_| missing())?;
        let entity = self.find_value(ctx, entity_ref).await?;
        let entity = entity.ok_or_else(missing)?;
        let origin = entity
            .pointer("/metadata/annotations/backstage.io~1managed-by-origin-location")
            .and_then(Value::as_str)
            .ok_or_else(|| {
                Error::not_found(format!("found no origin annotation for ref {entity_ref}"))
            })?;
        let origin = LocationRef::parse(origin).map_err(|error| Error::input(error.message))?;
        let LocationRef {
            location_type,
            target,
        } = &origin;
        let registered = self.registered().await?;
        let found = registered
            .iter()
            .find(|location| location.kind == *location_type && location.target == *target);
        found.cloned().ok_or_else(|| {
            Error::not_found(format!(
                "Found no location with type {location_type} and target {target}"
            ))
        })
    }

    /// Registers a location. Its target is read in the background, as recorded.
    pub(crate) async fn register(
        &self,
        ctx: &Ctx,
        location: LocationRef,
        refresh_existing: bool,
    ) -> Result<Registered> {
        ctx.require(permission::LOCATION_CREATE).await?;
        self.refuse_readonly()?;
        refuse_type(&location)?;
        let refresh_existing = refresh_existing || self.settings.refresh_existing_location;
        let guard = self.settings.mass_deletion;
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        let location = self
            .write(move |tx| {
                let LocationRef {
                    location_type,
                    target,
                } = &location;
                if let Some(existing) = locations::find_by_target(tx, location_type, target)? {
                    if !refresh_existing {
                        return Err(Error::conflict(format!(
                            "Location {location} already exists"
                        )));
                    }
                    refresh::make_due(tx, std::slice::from_ref(&existing.entity_ref), now)?;
                    let event = refresh_event(&existing.entity_ref);
                    audit::record(tx, &origin, &event, now)?;
                    tx.notify(crate::store::WORK)?;
                    return Ok(existing);
                }
                let mut stored = stored(&location);
                if locations::has_entity(tx, &stored.entity_ref)? {
                    // A location that was moved away kept the name that its old target gives.
                    let name = location_entity_name("id", &stored.id);
                    stored.entity_ref = format!("location:default/{name}");
                }
                locations::insert(tx, &stored, now)?;
                let added = vec![registered_entity(&stored)?];
                let mutation = Mutation::Delta {
                    added,
                    removed: Vec::new(),
                };
                provider::apply(tx, REGISTERED_LOCATIONS, &mutation, guard, now)?;
                let event = location_event("register", None, Some(&stored));
                audit::record(tx, &origin, &event, now)?;
                Ok(stored)
            })
            .await?;
        tracing::info!(
            by = ctx.caller().subject(),
            target = location.target,
            "location registered"
        );
        Ok(Registered {
            location,
            entities: Vec::new(),
            exists: None,
        })
    }

    /// Points a registered location at another target; the entity reference stays, as recorded.
    pub(crate) async fn move_location(
        &self,
        ctx: &Ctx,
        id: &str,
        location: LocationRef,
    ) -> Result<Location> {
        ctx.require(permission::LOCATION_CREATE).await?;
        self.refuse_readonly()?;
        refuse_type(&location)?;
        let id = id.to_owned();
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        self.write(move |tx| {
            let old = locations::find(tx, &id)?.ok_or_else(|| no_location(&id))?;
            let LocationRef {
                location_type,
                target,
            } = &location;
            let taken = locations::find_by_target(tx, location_type, target)?;
            if taken.is_some_and(|other| other.id != id) {
                return Err(Error::conflict(format!(
                    "Location {location} already exists"
                )));
            }
            let moved = Location {
                kind: location_type.clone(),
                target: target.clone(),
                ..old.clone()
            };
            locations::update(tx, &moved, now)?;
            let source = Source::Provider(REGISTERED_LOCATIONS.to_owned());
            let items = provider::deferred(&[registered_entity(&moved)?])?;
            let entity = std::slice::from_ref(&old.entity_ref);
            refresh::release_key(tx, entity)?;
            ingest::accept(tx, &source, &items, now)?;
            let event = location_event("move", Some(&old), Some(&moved));
            audit::record(tx, &origin, &event, now)?;
            Ok(moved)
        })
        .await
    }

    /// Unregisters a location; what only it led to is gone when this returns.
    pub(crate) async fn unregister(&self, ctx: &Ctx, id: &str) -> Result<()> {
        ctx.require(permission::LOCATION_DELETE).await?;
        self.refuse_readonly()?;
        let id = id.to_owned();
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        let target = self
            .write(move |tx| {
                let location = locations::find(tx, &id)?.ok_or_else(|| no_location(&id))?;
                locations::delete(tx, &id, now)?;
                let event = location_event("unregister", Some(&location), None);
                audit::record(tx, &origin, &event, now)?;
                let source = Source::Provider(REGISTERED_LOCATIONS.to_owned());
                ingest::retract(tx, &source, &[location.entity_ref], Departure::Eager, now)?;
                Ok(location.target)
            })
            .await?;
        tracing::info!(by = ctx.caller().subject(), target, "location unregistered");
        Ok(())
    }

    /// Reads and processes a location and everything below it, without keeping anything.
    pub(crate) async fn try_location(
        &self,
        ctx: &Ctx,
        location: LocationRef,
        with_problems: bool,
    ) -> Result<Registered> {
        ctx.require(permission::LOCATION_CREATE).await?;
        refuse_type(&location)?;
        let known = location.clone();
        let exists = self
            .db
            .read(move |tx| locations::find_by_target(tx, &known.location_type, &known.target))
            .await?
            .is_some();
        let entities = self.preview(&location, with_problems).await?;
        let stored = Location {
            id: location.to_string(),
            ..stored(&location)
        };
        Ok(Registered {
            location: stored,
            entities,
            exists: Some(exists),
        })
    }

    fn refuse_readonly(&self) -> Result<()> {
        if self.settings.readonly {
            return Err(Error::forbidden(
                "This operation not allowed in readonly mode",
            ));
        }
        Ok(())
    }
}

fn refuse_type(location: &LocationRef) -> Result<()> {
    if ALLOWED_TYPES.contains(&location.location_type.as_str()) {
        return Ok(());
    }
    let allowed: Vec<_> = ALLOWED_TYPES
        .iter()
        .map(|allowed| format!("\"{allowed}\""))
        .collect();
    Err(Error::input(format!(
        "Registered locations must be of an allowed type [{}]",
        allowed.join(",")
    )))
}

fn stored(location: &LocationRef) -> Location {
    Location {
        id: uuid::Uuid::new_v4().to_string(),
        kind: location.location_type.clone(),
        target: location.target.clone(),
        entity_ref: format!("location:default/{}", location.entity_name()),
    }
}

/// The Location entity of a registered location. It keeps its name when it is pointed elsewhere, so
/// that everything below it keeps its identity.
fn registered_entity(location: &Location) -> Result<ProvidedEntity> {
    let target = LocationRef::new(&location.kind, &location.target)?;
    let mut provided = location_entity(&target);
    if let Some(name) = location.entity_ref.rsplit('/').next() {
        provided.entity["metadata"]["name"] = name.into();
    }
    Ok(provided)
}

/// Brings back the entities of registered locations that were deleted one by one.
pub(crate) fn restore_registered(tx: &mut Tx<'_>, now: Millis) -> Result<()> {
    let registered = locations::list(tx)?;
    let entities = registered
        .iter()
        .map(registered_entity)
        .collect::<Result<Vec<_>>>()?;
    let source = Source::Provider(REGISTERED_LOCATIONS.to_owned());
    ingest::accept(tx, &source, &provider::deferred(&entities)?, now)
}

pub(crate) fn location_event(
    verb: &str,
    before: Option<&Location>,
    after: Option<&Location>,
) -> Event {
    let view = |location: &Location| json!({ "id": location.id, "type": location.kind, "target": location.target });
    let subject = after.or(before).map_or("", |location| &location.entity_ref);
    Event::done(&format!("catalog.location.{verb}"), subject)
        .changed(before.map(view).as_ref(), after.map(view).as_ref())
}

fn no_location(id: &str) -> Error {
    Error::not_found(format!("Found no location with ID {id}"))
}
