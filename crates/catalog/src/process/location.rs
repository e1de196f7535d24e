//! Reading what a Location points at. Reference 1 §B.3, `UrlReader` and
//! `FileReader`.
//!
//! Invariants: a Location is atomic (one unreadable target, document or forbidden kind fails it as
//! a whole, and what it emitted before stays); a target that is as before is not parsed again.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use integrations::{
    FileLimits, ReadError, ReadRequest, SearchOutcome, read_files, version_files, version_of_files,
};
use model::{EntityRef, ErrorInfo, LocationRef, Problem, YamlDocument};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use crate::config::normalised;
use crate::model::Deferred;
use crate::parallel;

use super::{Failure, LOCATION, ORIGIN_LOCATION, Pipeline, Processed, Provenance, unreadable};

/// Most text that one Location may emit: it is in memory at once and written in one transaction.
const MAX_EMITTED: usize = 100 << 20;
/// The files of one Location are in memory at once, too.
const FILES: FileLimits = FileLimits {
    files: 10_000,
    file_bytes: 10 << 20,
    total_bytes: 100 << 20,
    visited: 200_000,
    depth: 32,
};

/// Faulty documents of one file that are told together.
const MAX_FAULTS: usize = 20;

/// The type of locations in the file system.
const FILE: &str = "file";

/// What is remembered of the last successful read: a version per target.
#[derive(Debug, Default, Serialize, Deserialize, PartialEq)]
struct State {
    versions: BTreeMap<String, String>,
}

/// One target, read.
enum Target {
    /// It is as it was.
    Unchanged { version: String },
    /// These files, with the version they make.
    Files {
        files: Vec<(LocationRef, Bytes)>,
        version: Option<String>,
    },
}

impl Target {
    fn files(&self) -> &[(LocationRef, Bytes)] {
        match self {
            Self::Unchanged { .. } => &[],
            Self::Files { files, .. } => files,
        }
    }
}

/// Reads the targets of a Location and adds what they hold.
pub(super) async fn read(
    pipeline: &Pipeline,
    processed: &mut Processed,
    from: &Provenance,
    state: Option<&str>,
) -> Result<(), Failure> {
    let spec = Spec::of(&processed.entity, from);
    processed.reads = true;
    require_reachable(&spec, from)?;
    let known: State = state
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let result = read_targets(pipeline, &spec, from, &known, &mut processed.refresh_keys).await;
    let (deferred, state) = result.map_err(|failure| Failure {
        reads: true,
        refresh_keys: processed.refresh_keys.clone(),
        ..failure
    })?;
    processed.deferred = deferred;
    processed.state = Some(json!(state).to_string());
    Ok(())
}

/// The parts of `spec` that say what to read.
struct Spec {
    location_type: String,
    targets: Vec<String>,
    is_optional: bool,
}

impl Spec {
    fn of(entity: &Value, from: &Provenance) -> Self {
        let text = |name: &str| {
            entity
                .pointer(&format!("/spec/{name}"))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let list = entity.pointer("/spec/targets").and_then(Value::as_array);
        let listed = list
            .into_iter()
            .flatten()
            .filter_map(|target| target.as_str().map(str::to_owned));
        Self {
            location_type: text("type").unwrap_or_else(|| from.location.location_type.clone()),
            targets: text("target").into_iter().chain(listed).collect(),
            is_optional: text("presence").as_deref() == Some("optional"),
        }
    }
}

/// What a file of a Location holds.
struct Found<'a> {
    entities: Vec<Deferred>,
    /// Text of the entities of all files.
    n_bytes: &'a AtomicUsize,
}

impl Found<'_> {
    fn push(&mut self, deferred: Deferred) -> Result<(), Failure> {
        let length = deferred.entity.len();
        if self.n_bytes.fetch_add(length, Ordering::Relaxed) + length > MAX_EMITTED {
            let message = format!("Location leads to more than {MAX_EMITTED} bytes of entities");
            let problem = Problem::error("location.too-large", "/spec/target", message.clone())
                .with_hint("spread the files over several locations");
            return Err(Failure::of(
                ErrorInfo::new("InputError", message),
                Some(problem),
            ));
        }
        self.entities.push(deferred);
        Ok(())
    }
}

type Read = (Option<Vec<Deferred>>, State);

async fn read_targets(
    pipeline: &Pipeline,
    spec: &Spec,
    from: &Provenance,
    known: &State,
    keys: &mut Vec<String>,
) -> Result<Read, Failure> {
    let targets: Vec<LocationRef> = spec
        .targets
        .iter()
        .map(|target| absolute(pipeline, &spec.location_type, target, from))
        .collect::<Result<_, _>>()
        .map_err(ErrorInfo::from)?;
    keys.extend(targets.iter().map(ToString::to_string));
    let mut results = Vec::with_capacity(targets.len());
    for target in &targets {
        let version = known.versions.get(&target.to_string());
        results.push(fetch(pipeline, target, spec, version).await?);
    }
    let unchanged = |result: &Target| matches!(result, Target::Unchanged { .. });
    if !results.is_empty() && results.iter().all(unchanged) {
        return Ok((None, versions(&targets, &results)));
    }
    // One target has changed, so the others have to be read too: what is emitted is the whole.
    for (target, result) in targets.iter().zip(&mut results) {
        if unchanged(result) {
            *result = fetch(pipeline, target, spec, None).await?;
        }
    }
    let files: Vec<_> = results.iter().flat_map(Target::files).collect();
    keys.extend(files.iter().map(|(location, _)| location.to_string()));
    let n_bytes = AtomicUsize::new(0);
    let parsed = parallel::map(files, 1, |(location, bytes)| {
        parse(pipeline, location, bytes, from, &n_bytes)
    });
    let parsed: Vec<_> = parsed.into_iter().collect::<Result<_, _>>()?;
    let entities = parsed.into_iter().flatten().collect();
    Ok((Some(entities), versions(&targets, &results)))
}

fn versions(targets: &[LocationRef], results: &[Target]) -> State {
    let versions = targets.iter().zip(results).filter_map(|(target, result)| {
        let version = match result {
            Target::Unchanged { version } => Some(version),
            Target::Files { version, .. } => version.as_ref(),
        };
        Some((target.to_string(), version?.clone()))
    });
    State {
        versions: versions.collect(),
    }
}

/// Files of this machine are named by the configuration, and by files that it names; never by
/// what was read from elsewhere (CVE-2026-106496).
fn require_reachable(spec: &Spec, from: &Provenance) -> Result<(), Failure> {
    if spec.location_type != FILE || from.location.location_type == FILE {
        return Ok(());
    }
    let message = format!(
        "Location at {} is of type file, which only the configuration and files that it names may \
         use",
        from.location
    );
    let problem = Problem::error("location.file", "/spec/type", message.clone()).with_hint(
        "use `type: url`, or leave `type` out and give the targets relative to this file",
    );
    Err(Failure::of(
        ErrorInfo::new("NotAllowedError", message),
        Some(problem),
    ))
}

/// A target in absolute terms; one of another type than the Location's own is taken as it is.
fn absolute(
    pipeline: &Pipeline,
    location_type: &str,
    target: &str,
    from: &Provenance,
) -> Result<LocationRef, model::RefError> {
    let base = &from.location;
    let absolute = match location_type {
        _ if base.location_type != location_type => target.to_owned(),
        FILE if target.starts_with('.') => {
            let folder = Path::new(&base.target)
                .parent()
                .unwrap_or_else(|| Path::new("/"));
            normalised(&folder.join(target))
                .to_string_lossy()
                .into_owned()
        }
        "url" => pipeline
            .integrations
            .resolve_url(target, &base.target)
            .unwrap_or_else(|_| target.to_owned()),
        _ => target.to_owned(),
    };
    LocationRef::new(location_type, absolute)
}

async fn fetch(
    pipeline: &Pipeline,
    target: &LocationRef,
    spec: &Spec,
    version: Option<&String>,
) -> Result<Target, Failure> {
    let fetched = match target.location_type.as_str() {
        FILE => fetch_files(target, version).await,
        "url" => fetch_url(pipeline, target, version).await,
        other => return Err(unreadable::unknown_type(other)),
    };
    match fetched {
        Ok(fetched) => Ok(fetched),
        Err(error) if error.is_gone() && spec.is_optional => Ok(Target::Files {
            files: Vec::new(),
            version: None,
        }),
        Err(error) => Err(unreadable::failure(pipeline, target, &error)),
    }
}

async fn fetch_files(target: &LocationRef, version: Option<&String>) -> Result<Target, ReadError> {
    // Most looks find nothing new, and need not hold all files at once.
    if let Some(known) = version
        && version_files(&target.target, FILES).await? == *known
    {
        let version = known.clone();
        return Ok(Target::Unchanged { version });
    }
    let files = read_files(&target.target, FILES).await?;
    let found = version_of_files(&files);
    let files = files.into_iter().map(|file| {
        let target = file.path.to_string_lossy().into_owned();
        (
            LocationRef {
                location_type: FILE.into(),
                target,
            },
            file.bytes,
        )
    });
    Ok(Target::Files {
        files: files.collect(),
        version: Some(found),
    })
}

async fn fetch_url(
    pipeline: &Pipeline,
    target: &LocationRef,
    version: Option<&String>,
) -> Result<Target, ReadError> {
    let url = Url::parse(&target.target).map_err(|error| ReadError::Invalid {
        message: format!("`{}` is not a URL: {error}", target.target),
    })?;
    let request = ReadRequest::new(url).with_etag(version.cloned());
    match pipeline.reader.search(&request).await? {
        SearchOutcome::NotModified => Ok(Target::Unchanged {
            version: version.cloned().unwrap_or_default(),
        }),
        SearchOutcome::Found { files, .. } if files.is_empty() => Err(ReadError::NotFound {
            message: format!("no matching files found for {}", target.target),
        }),
        SearchOutcome::Found { files, etag } => {
            let files = files.into_iter().map(|file| {
                let target = file.url.to_string();
                (
                    LocationRef {
                        location_type: "url".into(),
                        target,
                    },
                    file.bytes,
                )
            });
            Ok(Target::Files {
                files: files.collect(),
                version: etag,
            })
        }
    }
}

/// Reads the documents of one file.
fn parse(
    pipeline: &Pipeline,
    location: &LocationRef,
    bytes: &Bytes,
    from: &Provenance,
    n_bytes: &AtomicUsize,
) -> Result<Vec<Deferred>, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        let message = format!("YAML error at {location}, the file is not UTF-8 text");
        ErrorInfo::new("InputError", message)
    })?;
    let mut found = Found {
        entities: Vec::new(),
        n_bytes,
    };
    let mut failure: Option<Failure> = None;
    model::for_each_document(text, &model::YamlLimits::default(), |document| {
        // What follows broken YAML may be anything.
        let is_broken = !document.problems.is_empty();
        let result = match document.problems.first() {
            Some(problem) => Err(broken_document(location, problem.clone())),
            None => document_entity(pipeline, document, location, from),
        };
        let (fault, is_last) = match result {
            Ok(None) => return ControlFlow::Continue(()),
            Ok(Some(deferred)) => match found.push(deferred) {
                Ok(()) => return ControlFlow::Continue(()),
                Err(fault) => (fault, true),
            },
            Err(fault) => (fault, is_broken),
        };
        let n_faults = match &mut failure {
            Some(failure) => {
                failure.errors.extend(fault.errors);
                failure.errors.len()
            }
            None => failure.insert(fault).errors.len(),
        };
        if is_last || n_faults >= MAX_FAULTS {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    failure.map_or(Ok(found.entities), Err)
}

fn broken_document(location: &LocationRef, problem: Problem) -> Failure {
    let message = format!("YAML error at {location}, {}", problem.message);
    let position = problem.position;
    let problem = problem.at(location.target.clone(), position);
    Failure::of(ErrorInfo::new("InputError", message), Some(problem))
}

fn document_entity(
    pipeline: &Pipeline,
    document: YamlDocument,
    location: &LocationRef,
    from: &Provenance,
) -> Result<Option<Deferred>, Failure> {
    let line = document.start.line;
    if let Some(problem) = document.root_problem() {
        let problem =
            problem.with_hint("each document must be an entity with apiVersion, kind and metadata");
        let error = ErrorInfo::new("InputError", problem.message.clone());
        return Err(Failure::of(error, Some(problem)).at(location, line));
    }
    if document.value.is_null() {
        return Ok(None);
    }
    deferred(pipeline, document.value, from, location, Some(line))
        .map(Some)
        .map_err(|failure| failure.at(location, line))
}

/// An entity as the Location emits it: with its annotations, if its kind may come from there.
pub(super) fn deferred(
    pipeline: &Pipeline,
    mut entity: Value,
    from: &Provenance,
    location: &LocationRef,
    line: Option<u32>,
) -> Result<Deferred, Failure> {
    model::validate_envelope(&entity).map_err(|error| {
        let mut failure = Failure::invalid(error);
        for error in &mut failure.errors {
            error.error = ErrorInfo::input(format!("Envelope validation failed at {location}"))
                .caused_by(error.error.clone());
        }
        failure
    })?;
    let entity_ref = EntityRef::from_entity(&entity)
        .map_err(ErrorInfo::from)?
        .to_string();
    if !pipeline.settings.rules.allow(&entity, &from.origin) {
        return Err(not_allowed(&entity_ref, location, from));
    }
    annotate(&mut entity, location, &from.origin);
    Ok(Deferred {
        entity: entity.to_string(),
        entity_ref,
        location_key: Some(location.to_string()),
        line,
    })
}

fn not_allowed(entity_ref: &str, location: &LocationRef, from: &Provenance) -> Failure {
    let message = format!(
        "Entity {entity_ref} at {location}, originated at {}, is not of an allowed kind for that \
         location",
        from.origin
    );
    let problem = Problem::error("catalog.rules", "/kind", message.clone())
        .with_hint("allow the kind in `catalog.rules` or in the `rules` of the location");
    Failure::of(ErrorInfo::new("NotAllowedError", message), Some(problem))
}

/// Sets the two location annotations; a Location emits nothing under another name than its own.
pub(crate) fn annotate(entity: &mut Value, location: &LocationRef, origin: &LocationRef) {
    let Some(metadata) = entity.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    let annotations = metadata
        .entry("annotations")
        .or_insert_with(|| Map::new().into());
    if !annotations.is_object() {
        // Wrong in itself, which the validation of the entity will say.
        return;
    }
    annotations[ORIGIN_LOCATION] = origin.to_string().into();
    annotations[LOCATION] = location.to_string().into();
}

impl Failure {
    /// Names the file and line of the document in problems that have none.
    fn at(mut self, location: &LocationRef, line: u32) -> Self {
        for error in &mut self.errors {
            if let Some(problem) = &mut error.problem {
                problem.file.get_or_insert_with(|| location.target.clone());
                problem
                    .position
                    .get_or_insert(model::Position { line, column: 1 });
            }
        }
        self
    }
}
