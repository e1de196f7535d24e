//! Use cases: list, find, create, change and delete, each in one transaction with its audit record.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use audit::{Event, Origin};
use catalog::{Catalog, EntityProvider, Mutation, ProvidedEntity, Schedule};
use platform::ctx::Caller;
use platform::db::{Db, Tx};
use platform::permission::Permission;
use platform::{Clock, Ctx, Error, Result};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use super::describe::MAX_PAGE;
use super::filter::Filter;
use super::namesake;
use super::patch::Patch;
use super::resource::{Kind, Resource, cleaned};
use super::{ScimError, ScimResult};
use crate::people::Org;
use crate::store::{self, Wanted};

/// Name of the provider of what was pushed.
const PROVIDER: &str = "ScimEntityProvider";
/// Most users, and most groups.
const MAX_RESOURCES: i64 = 200_000;
/// Rows that are looked through at a time.
const BATCH: i64 = 1_000;
const DEFAULT_PAGE: i64 = 100;

const READ: Permission<'static> = Permission {
    name: "scim.resource.read",
    action: Some("read"),
    resource_type: None,
};
const WRITE: Permission<'static> = Permission {
    name: "scim.resource.write",
    action: Some("update"),
    resource_type: None,
};

/// Where changes go: the catalog.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Takes what came, changed and went.
    async fn take(&self, provider: &str, mutation: Mutation) -> Result<()>;
}

#[async_trait]
impl Sink for Catalog {
    async fn take(&self, provider: &str, mutation: Mutation) -> Result<()> {
        self.apply(provider, mutation).await.map(drop)
    }
}

/// The server. Cheap to clone.
#[derive(Clone)]
pub struct Scim {
    db: Db,
    base: Arc<str>,
    sink: Arc<dyn Sink>,
    clock: Clock,
}

/// What a list is asked for.
#[derive(Debug, Default)]
pub(crate) struct Query<'q> {
    pub(crate) filter: Option<&'q str>,
    pub(crate) start: Option<i64>,
    pub(crate) count: Option<i64>,
}

/// A page.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) total: i64,
    pub(crate) start: i64,
    pub(crate) page: Vec<Resource>,
}

/// How a resource is changed.
pub(crate) enum Change {
    Replace(Map<String, Value>),
    Patch(Patch),
}

impl Scim {
    /// The server of a portal at `base_url`.
    pub fn new(db: Db, base_url: &Url, sink: Arc<dyn Sink>, clock: Clock) -> Self {
        Self {
            db,
            base: base(base_url).into(),
            sink,
            clock,
        }
    }

    /// The address of the server.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// People sign in to look at the catalog; only programs push.
    async fn admit(&self, ctx: &Ctx, permission: Permission<'_>) -> ScimResult<()> {
        if !matches!(ctx.caller(), Caller::Service(_)) {
            return Err(Error::forbidden("only programs push users and groups").into());
        }
        Ok(ctx.require(permission).await?)
    }

    /// Whether the caller may read what describes the server.
    pub(crate) async fn admit_reader(&self, ctx: &Ctx) -> ScimResult<()> {
        self.admit(ctx, READ).await
    }

    /// Whether the caller may push; asked before a body is read.
    pub(crate) async fn admit_writer(&self, ctx: &Ctx) -> ScimResult<()> {
        self.admit(ctx, WRITE).await
    }

    pub(crate) async fn list(
        &self,
        ctx: &Ctx,
        kind: Kind,
        query: &Query<'_>,
    ) -> ScimResult<Listed> {
        self.admit(ctx, READ).await?;
        let filter = query.filter.map(Filter::parse).transpose()?;
        let start = query.start.unwrap_or(1).max(1);
        let count = query.count.unwrap_or(DEFAULT_PAGE).clamp(0, MAX_PAGE);
        let wanted = filter.as_ref().and_then(|filter| filter.equality(kind));
        let wanted = match wanted {
            Some(("id", text)) => Wanted::Id(text.to_owned()),
            Some(("externalId", text)) => Wanted::External(text.to_owned()),
            Some((_, text)) => Wanted::Name(text.trim().to_lowercase()),
            None => Wanted::All,
        };
        let base = Arc::clone(&self.base);
        let listed = self.db.read(move |tx| match &filter {
            None => page(tx, kind, start, count),
            Some(filter) => matching(tx, kind, filter, &wanted, start, count, &base),
        });
        Ok(listed.await?)
    }

    pub(crate) async fn find(&self, ctx: &Ctx, kind: Kind, id: &str) -> ScimResult<Resource> {
        self.admit(ctx, READ).await?;
        let wanted = Wanted::Id(id.to_owned());
        let found = self
            .db
            .read(move |tx| store::list_resources(tx, kind.name(), &wanted, 0, 1))
            .await?;
        let found = found.into_iter().next();
        let found = found.ok_or_else(|| ScimError::not_found(kind.name(), id))?;
        Ok(Resource::from_stored(found)?)
    }

    pub(crate) async fn create(
        &self,
        ctx: &Ctx,
        kind: Kind,
        body: Map<String, Value>,
    ) -> ScimResult<Resource> {
        self.admit(ctx, WRITE).await?;
        let now = self.clock.now();
        let fresh = Resource {
            kind,
            id: Uuid::new_v4().to_string(),
            version: 1,
            created_at: now,
            updated_at: now,
            body: cleaned(kind, body)?,
        };
        let origin = Origin::of(ctx);
        let saved = fresh.clone();
        let written = self.db.write(move |tx| {
            if store::count_resources(tx, kind.name())? >= MAX_RESOURCES {
                return Ok(Err(ScimError::of_status(507, "there are too many")));
            }
            if let Some(refusal) = namesake::refusal(tx, None, &saved)? {
                return Ok(Err(refusal));
            }
            store::insert_resource(tx, &saved.to_stored())?;
            record(tx, &origin, "create", None, Some(&saved))?;
            Ok(Ok(()))
        });
        written.await??;
        self.tell(None, Some(&fresh)).await?;
        Ok(fresh)
    }

    /// Changes a resource; `is_current` looks at it before.
    pub(crate) async fn change(
        &self,
        ctx: &Ctx,
        (kind, id): (Kind, &str),
        change: Change,
        is_current: impl Fn(&Resource) -> bool + Send + 'static,
    ) -> ScimResult<Resource> {
        self.admit(ctx, WRITE).await?;
        let (origin, wanted, now) = (Origin::of(ctx), id.to_owned(), self.clock.now());
        let written = self.db.write(move |tx| {
            let Some(stored) = store::find_resource(tx, kind.name(), &wanted)? else {
                return Ok(Err(ScimError::not_found(kind.name(), &wanted)));
            };
            let before = Resource::from_stored(stored)?;
            if !is_current(&before) {
                return Ok(Err(ScimError::of_status(412, "the resource was changed")));
            }
            let after = match changed(&before, &change, now) {
                Ok(after) => after,
                Err(error) => return Ok(Err(error)),
            };
            if let Some(refusal) = namesake::refusal(tx, Some(&before), &after)? {
                return Ok(Err(refusal));
            }
            if after.body != before.body {
                store::update_resource(tx, &after.to_stored())?;
                record(tx, &origin, "update", Some(&before), Some(&after))?;
            }
            Ok(Ok((before, after)))
        });
        let (before, after) = written.await??;
        if before.body != after.body {
            self.tell(Some(&before), Some(&after)).await?;
        }
        Ok(after)
    }

    pub(crate) async fn delete(&self, ctx: &Ctx, kind: Kind, id: &str) -> ScimResult<()> {
        self.admit(ctx, WRITE).await?;
        let (origin, wanted) = (Origin::of(ctx), id.to_owned());
        let written = self.db.write(move |tx| {
            let Some(stored) = store::find_resource(tx, kind.name(), &wanted)? else {
                return Ok(None);
            };
            let before = Resource::from_stored(stored)?;
            store::delete_resource(tx, kind.name(), &wanted)?;
            record(tx, &origin, "delete", Some(&before), None)?;
            Ok(Some(before))
        });
        let before = written.await?;
        let before = before.ok_or_else(|| ScimError::not_found(kind.name(), id))?;
        self.tell(Some(&before), None).await
    }

    /// Tells the catalog of a change, and of groups whose member has another name now.
    async fn tell(&self, before: Option<&Resource>, after: Option<&Resource>) -> ScimResult<()> {
        let shown = |resource: Option<&Resource>| {
            let resource = resource.filter(|resource| resource.is_active())?;
            Some(resource.clone())
        };
        let (old, new) = (shown(before), shown(after));
        let user = before
            .or(after)
            .filter(|resource| resource.kind == Kind::User);
        let is_moved = old.as_ref().map(Resource::key) != new.as_ref().map(Resource::key);
        let user = user.filter(|_| is_moved).map(|user| user.id.clone());
        let base = Arc::clone(&self.base);
        let read = self.db.read(move |tx| {
            let mut changed: Vec<Resource> = new.into_iter().collect();
            if let Some(user) = user {
                for group in store::list_naming(tx, Kind::Group.name(), &user)? {
                    changed.push(Resource::from_stored(group)?);
                }
            }
            let added = entities(tx, changed, &base)?;
            let gone: Vec<String> = old.iter().map(|it| reference(it, &base)).collect();
            Ok((added, gone))
        });
        let (added, mut removed) = read.await?;
        let has = |reference: &String| {
            added.iter().any(|it| {
                let found = model::EntityRef::from_entity(&it.entity);
                found.is_ok_and(|found| found.to_string() == *reference)
            })
        };
        removed.retain(|reference| !has(reference));
        let mutation = Mutation::Delta { added, removed };
        Ok(self.sink.take(PROVIDER, mutation).await?)
    }
}

impl fmt::Debug for Scim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scim({})", self.base)
    }
}

fn base(base_url: &Url) -> String {
    format!("{}/api/scim/v2", base_url.as_str().trim_end_matches('/'))
}

fn changed(before: &Resource, change: &Change, now: i64) -> ScimResult<Resource> {
    let body = match change {
        Change::Replace(body) => body.clone(),
        Change::Patch(patch) => patch.apply(&before.body)?,
    };
    let body = cleaned(before.kind, body)?;
    if body == before.body {
        return Ok(before.clone());
    }
    Ok(Resource {
        body,
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    })
}

fn record(
    tx: &mut Tx<'_>,
    origin: &Origin,
    verb: &str,
    before: Option<&Resource>,
    after: Option<&Resource>,
) -> Result<()> {
    let Some(subject) = after.or(before) else {
        return Ok(());
    };
    let name = subject.kind.name().to_lowercase();
    let body = |it: Option<&Resource>| it.map(|it| Value::Object(it.body.clone()));
    let (old, new) = (body(before), body(after));
    let event = Event::done(
        &format!("scim.{name}.{verb}"),
        format!("{name}:{}", subject.key()),
    )
    .changed(old.as_ref(), new.as_ref());
    let now = after.map_or(subject.updated_at, |after| after.updated_at);
    audit::record(tx, origin, &event, now)
}

fn page(tx: &mut Tx<'_>, kind: Kind, start: i64, count: i64) -> Result<Listed> {
    let total = store::count_resources(tx, kind.name())?;
    let found = store::list_resources(tx, kind.name(), &Wanted::All, start - 1, count)?;
    let page = found.into_iter().map(Resource::from_stored);
    Ok(Listed {
        total,
        start,
        page: page.collect::<Result<_>>()?,
    })
}

/// Looks through the rows that may fit.
fn matching(
    tx: &mut Tx<'_>,
    kind: Kind,
    filter: &Filter,
    wanted: &Wanted,
    start: i64,
    count: i64,
    base: &str,
) -> Result<Listed> {
    let (mut total, mut page, mut offset) = (0, Vec::new(), 0);
    loop {
        let found = store::list_resources(tx, kind.name(), wanted, offset, BATCH)?;
        let n_found = i64::try_from(found.len()).unwrap_or(BATCH);
        for stored in found {
            let resource = Resource::from_stored(stored)?;
            let Value::Object(view) = resource.view(base) else {
                continue;
            };
            if filter.matches(&view) {
                total += 1;
                if total >= start && total < start + count {
                    page.push(resource);
                }
            }
        }
        if n_found < BATCH {
            return Ok(Listed { total, start, page });
        }
        offset += n_found;
    }
}

fn reference(resource: &Resource, base: &str) -> String {
    match resource.kind {
        Kind::User => resource.person(base).reference(),
        Kind::Group => resource.team(base, Vec::new()).reference(),
    }
}

/// The entities of resources; members of groups are looked up.
fn entities(tx: &mut Tx<'_>, resources: Vec<Resource>, base: &str) -> Result<Vec<ProvidedEntity>> {
    let mut names: HashMap<String, String> = HashMap::new();
    let groups = resources.iter().filter(|it| it.kind == Kind::Group);
    if groups.clone().next().is_some() {
        for user in all(tx, Kind::User)? {
            if user.is_active() {
                names.insert(user.id.clone(), reference(&user, base));
            }
        }
    }
    let mut org = Org::default();
    for resource in resources {
        match resource.kind {
            Kind::User => org.people.push(resource.person(base)),
            Kind::Group => {
                let members = resource.members().filter_map(|id| names.get(id).cloned());
                let members = members.collect();
                org.teams.push(resource.team(base, members));
            }
        }
    }
    Ok(org.into_entities_of_known(PROVIDER))
}

fn all(tx: &mut Tx<'_>, kind: Kind) -> Result<Vec<Resource>> {
    let mut all = Vec::new();
    loop {
        let offset = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let found = store::list_resources(tx, kind.name(), &Wanted::All, offset, BATCH)?;
        let n_found = found.len();
        for stored in found {
            all.push(Resource::from_stored(stored)?);
        }
        if n_found < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(all);
        }
    }
}

/// Everything that was pushed, at start and now and then, in case a change did not arrive.
pub struct ScimProvider {
    db: Db,
    base: String,
}

impl ScimProvider {
    /// The provider of a portal at `base_url`.
    pub fn new(db: Db, base_url: &Url) -> Self {
        Self {
            db,
            base: base(base_url),
        }
    }
}

#[async_trait]
impl EntityProvider for ScimProvider {
    fn name(&self) -> &str {
        PROVIDER
    }

    fn schedule(&self) -> Option<Schedule> {
        Some(Schedule {
            frequency: Duration::from_hours(1),
            timeout: Duration::from_mins(10),
            initial_delay: Duration::ZERO,
        })
    }

    async fn refresh(&self, _: &Clock) -> Result<Mutation> {
        let base = self.base.clone();
        let read = self.db.read(move |tx| {
            let mut resources = all(tx, Kind::User)?;
            resources.retain(Resource::is_active);
            resources.extend(all(tx, Kind::Group)?);
            entities(tx, resources, &base)
        });
        Ok(Mutation::Full(read.await?))
    }
}
