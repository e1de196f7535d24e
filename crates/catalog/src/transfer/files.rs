//! Import of a folder: its catalog files become registered locations.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use globset::Glob;
use model::{LocationRef, Problem, YamlLimits};
use platform::db::{Db, Tx};
use platform::{Clock, Millis, Result};
use serde::Serialize;
use serde_json::Value;

use crate::config::normalised;
use crate::ingest::{self, Departure};
use crate::model::{Location, Source};
use crate::offline;
use crate::process::rules::Rules;
use crate::provider::REGISTERED_LOCATIONS;
use crate::service::locations::location_event;
use crate::store::locations;

use super::backstage::{importer, insert_location};

/// Type of the locations of a folder.
const FILE: &str = "file";

/// What the import of a folder did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FilesReport {
    /// Files that are registered now.
    pub locations_added: usize,
    /// Files that were registered already.
    pub locations_present: usize,
    /// Files that are gone from the folder and no longer registered.
    pub locations_removed: usize,
    /// Files that another file of the folder leads to.
    pub files_below_others: usize,
    /// Kinds that `catalog.rules` does not allow from the files, with the number of entities.
    pub kinds_refused: BTreeMap<String, usize>,
    /// What was passed over.
    #[serde(skip)]
    pub notes: Vec<Problem>,
}

/// Registers the catalog files below a folder, and unregisters those that are gone.
pub async fn import_files(
    db: &Db,
    folder: &Path,
    rules: &Rules,
    clock: &Clock,
    dry_run: bool,
) -> Result<FilesReport> {
    let folder = folder.to_owned();
    let rules = rules.clone();
    let scanned = {
        let folder = folder.clone();
        tokio::task::spawn_blocking(move || scan(&folder, &rules))
            .await
            .map_err(|error| platform::Error::internal("scan failed").with_source(error))?
    };
    let Scan { roots, mut report } = scanned;
    let now = clock.now();
    let sync = move |tx: &mut Tx<'_>| sync(tx, &folder, &roots, dry_run, now);
    let counts = if dry_run {
        db.read(sync).await?
    } else {
        db.write(sync).await?
    };
    (
        report.locations_added,
        report.locations_present,
        report.locations_removed,
    ) = counts;
    Ok(report)
}

/// Files to register.
struct Scan {
    roots: BTreeSet<String>,
    report: FilesReport,
}

fn scan(folder: &Path, rules: &Rules) -> Scan {
    let found = offline::find_files(&[folder.to_owned()]);
    let mut report = FilesReport {
        notes: found.problems,
        ..FilesReport::default()
    };
    let mut below = HashSet::new();
    for file in &found.files {
        for entity in entities(file) {
            let origin = LocationRef {
                location_type: FILE.to_owned(),
                target: file.to_string_lossy().into_owned(),
            };
            if !rules.allow(&entity, &origin) {
                let kind = entity.get("kind").and_then(Value::as_str);
                let kind = kind.unwrap_or_default().to_owned();
                *report.kinds_refused.entry(kind).or_default() += 1;
            }
            below.extend(targets(&entity, file, &found.files));
        }
    }
    let n_files = found.files.len();
    let roots: BTreeSet<String> = found
        .files
        .iter()
        .filter(|file| !below.contains(*file))
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    report.files_below_others = n_files - roots.len();
    Scan { roots, report }
}

/// What can be read of a file; the catalog will say what cannot.
fn entities(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    model::parse_documents(&text, &YamlLimits::default())
        .into_iter()
        .filter(|document| document.problems.is_empty() && document.value.is_object())
        .map(|document| document.value)
        .collect()
}

/// The other files a Location leads to.
fn targets(entity: &Value, file: &Path, files: &[PathBuf]) -> Vec<PathBuf> {
    if entity.get("kind").and_then(Value::as_str) != Some("Location") {
        return Vec::new();
    }
    let spec = |name| entity.get("spec").and_then(|spec| spec.get(name));
    let list = spec("targets").and_then(Value::as_array);
    let listed = list.into_iter().flatten();
    let written = spec("target").into_iter().chain(listed);
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut found = Vec::new();
    for target in written.filter_map(Value::as_str) {
        if !target.starts_with('.') {
            continue;
        }
        let path = normalised(&folder.join(target));
        match Glob::new(&path.to_string_lossy()) {
            Ok(glob) if target.contains(['*', '?', '{', '[']) => {
                let matcher = glob.compile_matcher();
                let matched = files.iter().filter(|file| matcher.is_match(file));
                found.extend(matched.cloned());
            }
            _ => found.push(path),
        }
    }
    found.retain(|target| target != file);
    found
}

/// Makes the registered files below a folder those of `roots`: added, present, removed.
fn sync(
    tx: &mut Tx<'_>,
    folder: &Path,
    roots: &BTreeSet<String>,
    dry_run: bool,
    now: Millis,
) -> Result<(usize, usize, usize)> {
    let mut registered: Vec<Location> = locations::list(tx)?;
    registered.retain(|l| l.kind == FILE && Path::new(&l.target).starts_with(folder));
    let known: HashSet<&str> = registered.iter().map(|l| l.target.as_str()).collect();
    let added: Vec<&String> = roots
        .iter()
        .filter(|t| !known.contains(t.as_str()))
        .collect();
    let removed: Vec<&Location> = registered
        .iter()
        .filter(|location| !roots.contains(&location.target))
        .collect();
    let counts = (added.len(), roots.len() - added.len(), removed.len());
    if dry_run {
        return Ok(counts);
    }
    for target in added {
        let location = Location {
            id: uuid::Uuid::new_v4().to_string(),
            kind: FILE.to_owned(),
            target: target.clone(),
            entity_ref: format!(
                "location:default/{}",
                model::location_entity_name(FILE, target)
            ),
        };
        insert_location(tx, &location, now)?;
    }
    let source = Source::Provider(REGISTERED_LOCATIONS.to_owned());
    let refs: Vec<String> = removed.iter().map(|l| l.entity_ref.clone()).collect();
    for location in &removed {
        locations::delete(tx, &location.id, now)?;
        let event = location_event("unregister", Some(location), None);
        audit::record(tx, &importer(), &event, now)?;
    }
    ingest::retract(tx, &source, &refs, Departure::Eager, now)?;
    Ok(counts)
}
