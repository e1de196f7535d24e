//! Reading entities from the index, and what callers may do to one.

use std::collections::HashMap;
use std::sync::Arc;

use audit::{Event, Origin};
use bytes::Bytes;
use http::HeaderValue;
use index::{Cursor, Hit, Index, ListRequest, PageRequest};
use model::{EntityRef, ErrorInfo, Filter, LocationRef, OrderField};
use platform::db::Tx;
use platform::{Ctx, Result};
use serde_json::{Value, json};
use url::Url;

use crate::catalog::Catalog;
use crate::ingest;
use crate::model::Source;
use crate::parents::{Ancestors, climb};
use crate::permission;
use crate::process::location::annotate;
use crate::store::stitches::Times;
use crate::store::{WORK, changes, edges, refresh, stitches};
use platform::Error;

/// An entity that was chosen while the index was locked; its body is fetched afterwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picked {
    id: i64,
    /// Tells versions of the body apart.
    version: u64,
    /// Length of the body in bytes.
    pub len: usize,
}

/// One entity with its version.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub body: Bytes,
    pub etag: HeaderValue,
}

/// A page of a query.
pub(crate) struct EntityPage {
    pub picked: Vec<Picked>,
    pub total: u64,
    pub next: Option<Cursor>,
    pub previous: Option<Cursor>,
}

fn pick(index: &Index, hit: Hit) -> Picked {
    Picked {
        id: hit.id,
        version: index.version(hit.slot),
        len: index.body_len(hit.slot) as usize,
    }
}

/// A weak `ETag` over many entities: it changes when any of them does.
pub(crate) fn etag_of(picked: &[Picked], salt: &str) -> HeaderValue {
    let mut hash = index::version_of(salt);
    for one in picked {
        hash = (hash.rotate_left(5) ^ one.version).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    etag_header(&format!("{:x}-{hash:016x}", picked.len()))
}

fn etag_header(text: &str) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{text}\"")).unwrap_or(HeaderValue::from_static("W/\"0\""))
}

impl Catalog {
    /// One entity by reference; absent and unreadable ones look the same to the caller.
    pub(crate) async fn find(&self, ctx: &Ctx, entity_ref: &EntityRef) -> Result<Option<Found>> {
        let entity_ref = entity_ref.to_string();
        self.find_one(ctx, |index| index.by_ref(&entity_ref)).await
    }

    /// One entity by uid.
    pub(crate) async fn find_by_uid(&self, ctx: &Ctx, uid: &str) -> Result<Option<Found>> {
        self.find_one(ctx, |index| index.by_uid(uid)).await
    }

    async fn find_one(
        &self,
        ctx: &Ctx,
        find: impl Fn(&Index) -> Option<Hit>,
    ) -> Result<Option<Found>> {
        let Some(filter) = permission::filter(ctx, permission::ENTITY_READ).await? else {
            return Ok(None);
        };
        let (picked, etag) = {
            let index = self.view.index();
            let Some(hit) = find(&index).filter(|hit| index.matches(hit.slot, &filter)) else {
                return Ok(None);
            };
            (
                pick(&index, hit),
                etag_header(index.meta(hit.slot).etag.as_str()),
            )
        };
        let body = self.bodies(&[picked]).await?.pop().flatten();
        Ok(body.map(|body| Found { body, etag }))
    }

    /// One entity as JSON.
    pub(crate) async fn find_value(
        &self,
        ctx: &Ctx,
        entity_ref: &EntityRef,
    ) -> Result<Option<Value>> {
        let found = self.find(ctx, entity_ref).await?;
        found.map(|found| parse(&found.body)).transpose()
    }

    /// Entities by canonical reference, in order; `None` for those that are absent, unreadable or
    /// do not fulfil the filter.
    pub(crate) async fn find_many(
        &self,
        ctx: &Ctx,
        refs: &[String],
        filter: Filter,
    ) -> Result<Vec<Option<Bytes>>> {
        let Some(readable) = permission::filter(ctx, permission::ENTITY_READ).await? else {
            return Ok(vec![None; refs.len()]);
        };
        let picked: Vec<Option<Picked>> = {
            let index = self.view.index();
            let filter = readable.and(filter);
            let matcher = index.matcher(&filter);
            let find = |entity_ref: &String| {
                let hit = index
                    .by_ref(entity_ref)
                    .filter(|hit| matcher.matches(hit.slot))?;
                Some(pick(&index, hit))
            };
            refs.iter().map(find).collect()
        };
        let present: Vec<Picked> = picked.iter().flatten().copied().collect();
        let mut found = self.bodies(&present).await?.into_iter();
        Ok(picked
            .iter()
            .map(|picked| picked.and_then(|_| found.next().flatten()))
            .collect())
    }

    /// A list by offset; the cursor of the rest.
    pub(crate) async fn list(
        &self,
        ctx: &Ctx,
        filter: Filter,
        order: &[OrderField],
        limit: Option<usize>,
        offset: Option<usize>,
    ) -> Result<(Vec<Picked>, Option<index::After>)> {
        let Some(readable) = permission::filter(ctx, permission::ENTITY_READ).await? else {
            return Ok((Vec::new(), None));
        };
        let filter = readable.and(filter);
        let index = self.view.index();
        let page = index.list(&ListRequest {
            filter: &filter,
            order,
            limit,
            offset,
        });
        Ok((
            page.items
                .into_iter()
                .map(|hit| pick(&index, hit))
                .collect(),
            page.after,
        ))
    }

    /// A page of a query.
    pub(crate) async fn page(
        &self,
        ctx: &Ctx,
        filter: Filter,
        cursor: &Cursor,
        limit: usize,
        offset: usize,
        with_total: bool,
    ) -> Result<EntityPage> {
        let readable = permission::filter(ctx, permission::ENTITY_READ).await?;
        let filter = readable.unwrap_or_else(Filter::nothing).and(filter);
        let index = self.view.index();
        let page = index.page(&PageRequest {
            filter: &filter,
            cursor,
            limit,
            offset,
            with_total,
        });
        Ok(EntityPage {
            picked: page
                .items
                .into_iter()
                .map(|hit| pick(&index, hit))
                .collect(),
            total: page.total,
            next: page.next,
            previous: page.previous,
        })
    }

    /// Values and their counts, a list per key.
    pub(crate) async fn facets(
        &self,
        ctx: &Ctx,
        names: &[String],
        filter: Filter,
    ) -> Result<Bytes> {
        let readable = permission::filter(ctx, permission::ENTITY_READ).await?;
        let filter = readable.unwrap_or_else(Filter::nothing).and(filter);
        self.view.facets(names, &filter)
    }

    /// Bodies from memory, and from the database where they are not.
    pub(crate) async fn bodies(&self, picked: &[Picked]) -> Result<Vec<Option<Bytes>>> {
        let cache = self.view.bodies();
        let mut found = cache.get(picked.iter().map(|one| (one.id, one.version)));
        let missing: Vec<i64> = picked
            .iter()
            .zip(&found)
            .filter(|(_, body)| body.is_none())
            .map(|(one, _)| one.id)
            .collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let rows = self
            .db
            .read(move |tx| stitches::load_bodies(tx, &missing))
            .await?;
        let rows = rows.into_iter();
        let rows: Vec<_> = rows
            .map(|(id, etag, body)| (id, etag, Bytes::from(body)))
            .collect();
        cache.keep(&rows);
        let loaded: HashMap<i64, Bytes> =
            rows.into_iter().map(|(id, _, body)| (id, body)).collect();
        for (one, body) in picked.iter().zip(&mut found) {
            if body.is_none() {
                *body = loaded.get(&one.id).cloned();
            }
        }
        Ok(found)
    }

    /// The entity and what emitted it, upwards to the roots; parents by reference.
    pub(crate) async fn ancestry(
        &self,
        ctx: &Ctx,
        entity_ref: &EntityRef,
    ) -> Result<Vec<(Bytes, Arc<[String]>)>> {
        let start = entity_ref.to_string();
        self.require_on(ctx, permission::ENTITY_READ, &start)
            .await?;
        let missing = || Error::not_found(format!("No such entity {entity_ref}"));
        self.find(ctx, entity_ref).await?.ok_or_else(missing)?;
        let chain = match self.view.ancestors(&start) {
            Some(chain) => chain,
            None => self.read_ancestors(start).await?,
        };
        let refs: Vec<String> = chain.iter().map(|(entity, _)| entity.clone()).collect();
        let bodies = self.find_many(ctx, &refs, Filter::everything()).await?;
        let items = bodies.into_iter().zip(chain);
        Ok(items
            .filter_map(|(body, (_, parents))| Some((body?, parents)))
            .collect())
    }

    async fn read_ancestors(&self, start: String) -> Result<Ancestors> {
        let read = move |tx: &mut Tx<'_>| Ok((changes::head(tx)?, ancestors(tx, start)?));
        let (head, chain) = self.db.read(read).await?;
        self.view.keep_ancestors(head, &chain);
        Ok(chain)
    }

    /// When an entity came, changed last, and is looked at next.
    pub(crate) async fn times(&self, ctx: &Ctx, entity_ref: &EntityRef) -> Result<Times> {
        let missing = || Error::not_found(format!("No such entity {entity_ref}"));
        self.find(ctx, entity_ref).await?.ok_or_else(missing)?;
        let start = entity_ref.to_string();
        let load = move |tx: &mut Tx<'_>| stitches::load_times(tx, &start);
        self.db.read(load).await?.ok_or_else(missing)
    }

    /// Makes an entity, and the locations above it, due now.
    pub(crate) async fn refresh(&self, ctx: &Ctx, entity_ref: &EntityRef) -> Result<()> {
        let start = entity_ref.to_string();
        self.require_on(ctx, permission::ENTITY_REFRESH, &start)
            .await?;
        let (origin, now) = (Origin::of(ctx), self.clock.now());
        self.db
            .write(move |tx| {
                if refresh::find_id(tx, &start)?.is_none() {
                    return Err(Error::not_found(format!("Entity {start} not found")));
                }
                let chain = ancestors(tx, start.clone())?;
                let due: Vec<String> = chain
                    .into_iter()
                    .map(|(entity, _)| entity)
                    .filter(|entity| *entity == start || entity.starts_with("location:"))
                    .collect();
                refresh::make_due(tx, &due, now)?;
                audit::record(tx, &origin, &refresh_event(&start), now)?;
                tx.notify(WORK)
            })
            .await
    }

    /// Deletes an entity. It comes back when something still emits it; unknown uids are no error.
    pub(crate) async fn delete(&self, ctx: &Ctx, uid: &str) -> Result<()> {
        let lookup = uid.to_owned();
        let find =
            move |tx: &mut Tx<'_>| Ok((refresh::find_ref_by_uid(tx, &lookup)?, changes::head(tx)?));
        let (found, rev) = self.db.read(find).await?;
        let Some(entity_ref) = found else {
            self.require_on(ctx, permission::ENTITY_DELETE, "").await?;
            // Another replica may have deleted it just now; then this one must not show it either.
            self.wait_for(rev).await;
            return Ok(());
        };
        self.require_on(ctx, permission::ENTITY_DELETE, &entity_ref)
            .await?;
        let (now, name) = (self.clock.now(), entity_ref.clone());
        let (origin, before) = (Origin::of(ctx), self.fingerprint(&entity_ref));
        let removed = self.write(move |tx| {
            let event = Event::done("catalog.entity.delete", &entity_ref);
            audit::record(tx, &origin, &event.changed(before.as_ref(), None), now)?;
            ingest::remove(tx, &entity_ref, now)
        });
        self.ask_providers(removed.await?).await?;
        tracing::info!(by = ctx.caller().subject(), entity = name, "entity deleted");
        Ok(())
    }

    /// What tells versions of a final entity apart, for audit records.
    fn fingerprint(&self, entity_ref: &str) -> Option<Value> {
        let index = self.view.index();
        let hit = index.by_ref(entity_ref)?;
        Some(json!({ "ref": entity_ref, "etag": index.meta(hit.slot).etag.as_str() }))
    }

    /// The errors an entity would have at a location; none when it is fine.
    pub(crate) async fn validate(
        &self,
        ctx: &Ctx,
        mut entity: Value,
        location: LocationRef,
    ) -> Result<Vec<ErrorInfo>> {
        ctx.require(permission::ENTITY_VALIDATE).await?;
        if let Err(error) = model::validate_envelope(&entity) {
            return Ok(vec![error.into_info()]);
        }
        annotate(&mut entity, &location, &location);
        Ok(match self.pipeline.process_unstored(entity).await {
            Ok(_) => Vec::new(),
            Err(failure) => failure
                .errors
                .into_iter()
                .map(|error| error.error)
                .collect(),
        })
    }

    /// A proposal for a repository without catalog files. Reference 1 §C.1.
    pub(crate) async fn analyze(&self, ctx: &Ctx, url: &Url) -> Result<Value> {
        ctx.require(permission::LOCATION_ANALYZE).await?;
        let integrations = &self.pipeline.integrations;
        let mut metadata = json!({ "name": integrations.repository_name(url) });
        if let Some((annotation, slug)) = integrations.project_slug(url) {
            metadata["annotations"] = json!({ annotation: slug });
        }
        let entity = json!({
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": metadata,
            "spec": { "type": "other", "lifecycle": "unknown" },
        });
        Ok(json!({
            "existingEntityFiles": [],
            "generateEntities": [{ "entity": entity, "fields": [] }],
        }))
    }

    /// Fails unless the caller has a permission on an entity; an entity that is not there is
    /// judged as one that fulfils no condition.
    async fn require_on(
        &self,
        ctx: &Ctx,
        permission: platform::permission::Permission<'_>,
        entity_ref: &str,
    ) -> Result<()> {
        let filter = permission::filter(ctx, permission).await?;
        let allowed = match filter {
            None => false,
            Some(filter) if filter == Filter::everything() => true,
            Some(filter) => {
                let index = self.view.index();
                index
                    .by_ref(entity_ref)
                    .is_some_and(|hit| index.matches(hit.slot, &filter))
            }
        };
        if allowed {
            Ok(())
        } else {
            Err(Error::forbidden(""))
        }
    }
}

/// An entity and everything above it, as the database has it.
fn ancestors(tx: &mut Tx<'_>, start: String) -> Result<Ancestors> {
    climb(start, |level| {
        let sources = edges::load_sources(tx, level)?.into_iter();
        let parents = |sources: Vec<Source>| {
            let entities = sources.iter().filter(|source| !source.is_root());
            entities.map(|source| source.name().to_owned()).collect()
        };
        Ok(sources
            .map(|(entity, sources)| (entity, parents(sources)))
            .collect())
    })
}

/// Somebody asked for a new look at an entity; what comes of it is not known yet.
pub(crate) fn refresh_event(entity_ref: &str) -> Event {
    Event::done("catalog.entity.refresh", entity_ref)
}

pub(crate) fn parse(body: &[u8]) -> Result<Value> {
    serde_json::from_slice(body)
        .map_err(|error| Error::internal("stored entity is not JSON").with_source(error))
}
