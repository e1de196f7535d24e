//! Import of the catalog database of a Backstage.
//!
//! Entities keep their uid, locations their id, and every entity the source that emitted it. What
//! came from `catalog.locations` that are not configured here, or from providers that do not exist
//! here, waits as an orphan for a source that emits it, and goes when none does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use audit::{Event, Origin, Via};
use model::{EntityRef, LocationRef};
use platform::clock::millis;
use platform::db::{Db, Tx};
use platform::{Clock, Error, Millis, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

use crate::config::{ConfigLocation, MassDeletion};
use crate::model::{Location, Source};
use crate::provider::{self, CONFIG_LOCATIONS, Mutation, REGISTERED_LOCATIONS, location_entity};
use crate::service::locations::location_event;
use crate::store::backstage::{BackstageDatabase, EntityRow, LocationRow};
use crate::store::transfer::{self, Imported};
use crate::store::{WORK, locations, stitches};

/// Largest entity that is taken, as for documents.
const MAX_ENTITY_BYTES: usize = 8 << 20;
/// References of unreadable entities that are told.
const SAMPLE: usize = 100;

/// How to import.
#[derive(Debug, Clone)]
pub struct BackstageImport {
    /// Only tell what would be done.
    pub dry_run: bool,
    /// The configured locations of this portal.
    pub config_locations: Vec<ConfigLocation>,
    /// How long entities without a source wait for one.
    pub keep: Duration,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Locations that are registered now.
    pub locations_added: usize,
    /// Locations that were registered already.
    pub locations_present: usize,
    /// Entities that are new.
    pub entities_added: usize,
    /// Entities that were there and now have the uid they had in Backstage.
    pub uids_changed: usize,
    /// Entities that were there with that uid.
    pub entities_present: usize,
    /// New entities that wait for a source.
    pub entities_waiting: usize,
    /// Providers that do not exist here, with the number of entities they emitted.
    pub absent_providers: BTreeMap<String, usize>,
    /// Configured locations of Backstage that are not configured here.
    pub absent_config_locations: Vec<String>,
    /// Entities that could not be read.
    pub entities_unreadable: usize,
    /// References of the first hundred of those.
    pub unreadable: Vec<String>,
}

/// Imports a Backstage catalog; `progress` is told how many of how many entities are done.
pub async fn import_backstage(
    db: &Db,
    source: &BackstageDatabase,
    import: &BackstageImport,
    clock: &Clock,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<ImportReport> {
    let mut report = ImportReport::default();
    let locations = source.list_locations().await?;
    let origins = Origins::load(source, &locations, import, &mut report).await?;
    let total = source.count_entities().await?;
    let mut done = 0;
    let mut after = String::new();
    loop {
        let rows = source.load_entities(&after).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.entity_ref);
        done += rows.len() as u64;
        let now = clock.now();
        let page = Page::read(rows, &origins, now + millis(import.keep), &mut report);
        write(db, page, import.dry_run, now, &mut report).await?;
        progress(done, total.max(done));
    }
    for chunk in locations.chunks(200) {
        register(db, chunk, import.dry_run, clock.now(), &mut report).await?;
    }
    Ok(report)
}

/// Who emitted what in Backstage, as far as it exists here.
struct Origins {
    incoming: HashMap<String, Vec<Source>>,
    /// Location entities of configuration that is not ours.
    skipped: HashSet<String>,
}

impl Origins {
    async fn load(
        source: &BackstageDatabase,
        locations: &[LocationRow],
        import: &BackstageImport,
        report: &mut ImportReport,
    ) -> Result<Self> {
        let configured: HashSet<String> = import
            .config_locations
            .iter()
            .map(|location| generated_ref(&location.kind, &location.target))
            .collect();
        let registered: HashSet<String> = locations.iter().map(location_ref).collect();
        let mut incoming: HashMap<String, Vec<Source>> = HashMap::new();
        let mut skipped = HashSet::new();
        for edge in source.list_edges().await? {
            let origin = match (edge.provider, edge.entity) {
                (Some(name), _) if name == CONFIG_LOCATIONS => {
                    if !configured.contains(&edge.target) {
                        skipped.insert(edge.target);
                        continue;
                    }
                    Source::Provider(name)
                }
                (Some(name), _) if name == REGISTERED_LOCATIONS => {
                    if !registered.contains(&edge.target) {
                        continue;
                    }
                    Source::Provider(name)
                }
                (Some(name), _) => {
                    *report.absent_providers.entry(name).or_default() += 1;
                    continue;
                }
                (None, Some(entity)) => Source::Entity(entity),
                (None, None) => continue,
            };
            incoming.entry(edge.target).or_default().push(origin);
        }
        skipped.retain(|entity| !incoming.contains_key(entity));
        for sources in incoming.values_mut() {
            sources.retain(|source| source.is_root() || !skipped.contains(source.name()));
        }
        Ok(Self { incoming, skipped })
    }

    fn of(&self, entity_ref: &str) -> &[Source] {
        self.incoming.get(entity_ref).map_or(&[], Vec::as_slice)
    }
}

/// Entities that are written together.
#[derive(Default)]
struct Page {
    entities: Vec<Imported>,
    edges: Vec<(Source, String)>,
}

impl Page {
    fn read(
        rows: Vec<EntityRow>,
        origins: &Origins,
        keep_until: Millis,
        report: &mut ImportReport,
    ) -> Self {
        let mut page = Self::default();
        for row in rows {
            if origins.skipped.contains(&row.entity_ref) {
                let target = row.location_key.unwrap_or(row.entity_ref);
                report.absent_config_locations.push(target);
                continue;
            }
            let sources = origins.of(&row.entity_ref);
            let Some(mut entity) = imported(&row) else {
                report.entities_unreadable += 1;
                if report.unreadable.len() < SAMPLE {
                    report.unreadable.push(row.entity_ref);
                }
                continue;
            };
            entity.orphan_at = sources.is_empty().then_some(keep_until);
            let edges = sources.iter().cloned();
            page.edges
                .extend(edges.map(|source| (source, row.entity_ref.clone())));
            page.entities.push(entity);
        }
        page
    }
}

fn imported(row: &EntityRow) -> Option<Imported> {
    let emitted = parse(row.unprocessed.as_deref(), &row.entity_ref);
    let entity = emitted.or_else(|| {
        let mut entity = parse(row.final_entity.as_deref(), &row.entity_ref)?;
        strip_generated(&mut entity);
        Some(entity)
    })?;
    if row.uid.is_empty() {
        return None;
    }
    let unprocessed = Value::Object(entity).to_string();
    let processed = parse(row.processed.as_deref(), &row.entity_ref);
    Some(Imported {
        entity_ref: row.entity_ref.clone(),
        uid: row.uid.clone(),
        location_key: row.location_key.clone(),
        hash: hex::encode(Sha1::digest(&unprocessed)),
        unprocessed,
        processed: processed.map(|entity| Value::Object(entity).to_string()),
        orphan_at: None,
    })
}

/// The entity of this reference in a JSON text of acceptable size.
fn parse(text: Option<&str>, entity_ref: &str) -> Option<Map<String, Value>> {
    let text = text.filter(|text| text.len() <= MAX_ENTITY_BYTES)?;
    let entity: Value = serde_json::from_str(text).ok()?;
    let is_it = EntityRef::from_entity(&entity).ok()?.to_string() == entity_ref;
    match entity {
        Value::Object(entity) if is_it => Some(entity),
        _ => None,
    }
}

/// Takes out what stitching adds to an entity.
pub(super) fn strip_generated(entity: &mut Map<String, Value>) {
    for key in ["relations", "status"] {
        entity.shift_remove(key);
    }
    if let Some(Value::Object(metadata)) = entity.get_mut("metadata") {
        for key in ["uid", "etag"] {
            metadata.shift_remove(key);
        }
    }
}

async fn write(
    db: &Db,
    page: Page,
    dry_run: bool,
    now: Millis,
    report: &mut ImportReport,
) -> Result<()> {
    let done = if dry_run {
        db.read(move |tx| Ok(Classes::of(tx, &page)?.counts()))
            .await?
    } else {
        db.write(move |tx| write_page(tx, &page, now)).await?
    };
    report.entities_added += done.added;
    report.entities_waiting += done.waiting;
    report.uids_changed += done.changed;
    report.entities_present += done.present;
    Ok(())
}

/// What is to be done with the entities of a page.
#[derive(Default)]
struct Classes<'a> {
    new: Vec<&'a Imported>,
    /// Row ids of entities with another uid.
    changed: Vec<(i64, &'a Imported)>,
    n_present: usize,
}

#[derive(Default)]
struct Counts {
    added: usize,
    waiting: usize,
    changed: usize,
    present: usize,
}

impl<'a> Classes<'a> {
    fn of(tx: &mut Tx<'_>, page: &'a Page) -> Result<Self> {
        let refs: Vec<String> = page
            .entities
            .iter()
            .map(|entity| entity.entity_ref.clone())
            .collect();
        let existing = transfer::load_uids(tx, &refs)?;
        let mut classes = Self::default();
        for entity in &page.entities {
            match existing.get(&entity.entity_ref) {
                None => classes.new.push(entity),
                Some((id, uid)) if *uid != entity.uid => classes.changed.push((*id, entity)),
                Some(_) => classes.n_present += 1,
            }
        }
        Ok(classes)
    }

    fn counts(&self) -> Counts {
        let is_waiting = |entity: &&&Imported| entity.orphan_at.is_some();
        Counts {
            added: self.new.len(),
            waiting: self.new.iter().filter(is_waiting).count(),
            changed: self.changed.len(),
            present: self.n_present,
        }
    }
}

fn write_page(tx: &mut Tx<'_>, page: &Page, now: Millis) -> Result<Counts> {
    let mut classes = Classes::of(tx, page)?;
    let inserted = transfer::insert(tx, &classes.new, now)?;
    let mut taken = inserted.into_iter();
    classes.new.retain(|_| taken.next().unwrap_or(false));
    let uids: Vec<(i64, &str)> = classes
        .changed
        .iter()
        .map(|(id, entity)| (*id, entity.uid.as_str()))
        .collect();
    transfer::update_uids(tx, &uids)?;
    let edges: Vec<(&Source, &str)> = page
        .edges
        .iter()
        .map(|(source, target)| (source, target.as_str()))
        .collect();
    transfer::insert_edges(tx, &edges)?;
    let processed = classes
        .new
        .iter()
        .filter(|e| e.processed.is_some())
        .copied();
    record_page(tx, &classes, now)?;
    let changed = classes.changed.iter().map(|(_, entity)| *entity);
    let to_stitch = processed.chain(changed).map(|e| e.entity_ref.as_str());
    stitches::enqueue(tx, to_stitch, now)?;
    tx.notify(WORK)?;
    Ok(classes.counts())
}

/// One record for a page: which entities came and which have another uid from now on.
fn record_page(tx: &mut Tx<'_>, classes: &Classes<'_>, now: Millis) -> Result<()> {
    let (n_new, n_changed) = (classes.new.len(), classes.changed.len());
    let changed = classes.changed.iter().map(|(_, entity)| *entity);
    let all = classes.new.iter().copied().chain(changed);
    let after: Vec<_> = all
        .map(|entity| json!([entity.entity_ref, entity.uid, entity.hash]))
        .collect();
    if after.is_empty() {
        return Ok(());
    }
    let event = Event::done("catalog.entity.import", "catalog of a Backstage")
        .changed(None, Some(&after.into()))
        .detail(format!("{n_new} came, {n_changed} got another uid"));
    audit::record(tx, &importer(), &event, now)
}

/// Who uses the command line is known to the operating system only.
pub(super) fn importer() -> Origin {
    Origin::internal(Via::Operator, "command line")
}

/// Registers locations under the ids they had.
async fn register(
    db: &Db,
    rows: &[LocationRow],
    dry_run: bool,
    now: Millis,
    report: &mut ImportReport,
) -> Result<()> {
    let stored: Vec<Location> = rows
        .iter()
        .map(|row| Location {
            id: row.id.clone(),
            kind: row.kind.clone(),
            target: row.target.clone(),
            entity_ref: location_ref(row),
        })
        .collect();
    let count = move |tx: &mut Tx<'_>, insert: bool| {
        let mut n_added = 0;
        for location in &stored {
            if locations::find_by_target(tx, &location.kind, &location.target)?.is_none() {
                n_added += 1;
                if insert {
                    insert_location(tx, location, now)?;
                }
            }
        }
        Ok((n_added, stored.len() - n_added))
    };
    let (n_added, n_present) = if dry_run {
        db.read(move |tx| count(tx, false)).await?
    } else {
        db.write(move |tx| count(tx, true)).await?
    };
    report.locations_added += n_added;
    report.locations_present += n_present;
    Ok(())
}

/// Inserts a location and its entity; an id that is taken by another target is replaced.
pub(super) fn insert_location(tx: &mut Tx<'_>, location: &Location, now: Millis) -> Result<()> {
    let mut location = location.clone();
    if locations::find(tx, &location.id)?.is_some() {
        location.id = uuid::Uuid::new_v4().to_string();
    }
    locations::insert(tx, &location, now)?;
    let reference = LocationRef::new(&location.kind, &location.target)
        .map_err(|error| Error::input(error.message))?;
    let mut provided = location_entity(&reference);
    // A location that was moved keeps the entity it had, and with it everything below.
    if let Some(name) = location.entity_ref.rsplit('/').next() {
        provided.entity["metadata"]["name"] = name.into();
    }
    let mutation = Mutation::Delta {
        added: vec![provided],
        removed: Vec::new(),
    };
    // A delta removes nothing, so there is nothing to guard.
    let guard = MassDeletion {
        max_percent: 100,
        min_entities: 0,
    };
    provider::apply(tx, REGISTERED_LOCATIONS, &mutation, guard, now)?;
    let event = location_event("register", None, Some(&location));
    audit::record(tx, &importer(), &event, now)
}

fn location_ref(row: &LocationRow) -> String {
    row.entity_ref
        .clone()
        .unwrap_or_else(|| generated_ref(&row.kind, &row.target))
}

fn generated_ref(kind: &str, target: &str) -> String {
    format!(
        "location:default/{}",
        model::location_entity_name(kind, target)
    )
}
