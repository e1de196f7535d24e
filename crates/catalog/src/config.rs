//! What the catalog takes from `app-config.yaml`.

use crate::bodies::BodyLimits;
use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::config::{CatalogConfig, Interval, LocationConflictStrategy, OrphanStrategy};

use crate::process::rules::Rules;

/// Shortest time between two looks at the same thing. Reference 1 §B.3.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// Default time between two looks; jitter of half of it is added.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(100);
/// Time for a look that is due to be had.
const LEEWAY: Duration = Duration::from_mins(1);
/// Nobody waits longer than this to see that an entity is gone, however rarely places are looked at.
const MAX_GRACE: Duration = Duration::from_hours(1);

/// Settings of the catalog.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the configuration"
)]
pub struct Settings {
    /// Which kinds may come from where.
    pub rules: Rules,
    /// Locations that are always there, with absolute paths.
    pub locations: Vec<ConfigLocation>,
    /// Whether the location API is closed.
    pub readonly: bool,
    /// Whether orphans are deleted.
    pub delete_orphans: bool,
    /// Whether entities of providers that are no longer there are deleted.
    pub delete_orphan_providers: bool,
    /// Time between two looks at what may change by itself; `None` for never.
    pub interval: Option<Duration>,
    /// Whether registering an existing location refreshes it.
    pub refresh_existing_location: bool,
    /// Whether files and URLs are read at all.
    pub read_locations: bool,
    /// Guard against mass deletion.
    pub mass_deletion: MassDeletion,
    /// Bodies kept in memory.
    pub bodies: BodyLimits,
    /// Whether this process ingests; a replica that only serves does not.
    pub process: bool,
}

/// When a removal is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MassDeletion {
    /// More than this many percent of the entities of the provider or location…
    pub max_percent: u8,
    /// …and more than this many.
    pub min_entities: u32,
}

/// A location of `catalog.locations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigLocation {
    /// `file` or `url`.
    pub kind: String,
    /// Absolute path or URL.
    pub target: String,
}

impl Settings {
    /// Settings from the `catalog` section.
    ///
    /// Relative paths are looked for in `folders`, in order; the first of them is used when the
    /// file is in none. Backstage resolves them against `packages/backend`.
    pub fn new(config: &CatalogConfig, folders: &[PathBuf]) -> Self {
        let locations: Vec<ConfigLocation> = config
            .locations
            .iter()
            .map(|location| ConfigLocation {
                kind: location.kind.clone(),
                target: absolute_target(&location.kind, &location.target, folders),
            })
            .collect();
        let rules = Rules::new(config, &locations);
        Self {
            rules,
            locations,
            readonly: config.readonly,
            delete_orphans: config.orphan_strategy == OrphanStrategy::Delete,
            delete_orphan_providers: config.orphan_provider_strategy == OrphanStrategy::Delete,
            interval: interval(config.processing_interval.as_ref()),
            refresh_existing_location: config.default_location_conflict_strategy
                == LocationConflictStrategy::Refresh,
            read_locations: !config.disable_default_processors,
            mass_deletion: MassDeletion {
                max_percent: config.mass_deletion.max_percent,
                min_entities: config.mass_deletion.min_entities,
            },
            bodies: BodyLimits::default(),
            process: true,
        }
    }
}

impl Settings {
    /// How long an entity may be without a source before it counts as an orphan: until every place
    /// that may emit it now has been looked at, because it may be moving there.
    pub(crate) fn orphan_grace(&self) -> Duration {
        let longest_pause = self.interval.unwrap_or_default() * 3 / 2;
        (longest_pause + LEEWAY).min(MAX_GRACE)
    }
}

fn interval(configured: Option<&Interval>) -> Option<Duration> {
    match configured {
        None => Some(DEFAULT_INTERVAL),
        Some(Interval::Never) => None,
        Some(Interval::Every(duration)) => Some(duration.get().max(MIN_INTERVAL)),
    }
}

fn absolute_target(kind: &str, target: &str, folders: &[PathBuf]) -> String {
    if kind != "file" || Path::new(target).is_absolute() {
        return target.to_owned();
    }
    let found = folders
        .iter()
        .find(|folder| fixed_part(&folder.join(target)).exists());
    let folder = found.or(folders.first());
    let path = folder.map_or_else(|| PathBuf::from(target), |folder| folder.join(target));
    normalised(&path).to_string_lossy().into_owned()
}

/// The part of a glob ahead of its first pattern.
fn fixed_part(path: &Path) -> PathBuf {
    path.components()
        .take_while(|part| {
            !part
                .as_os_str()
                .to_string_lossy()
                .contains(['*', '?', '{', '['])
        })
        .collect()
}

/// The path without `.` and `..`, as Node's `path.resolve` gives it.
pub(crate) fn normalised(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                result.pop();
            }
            part => result.push(part),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_locations_are_found_where_backstage_would_look() {
        let root = tempfile::tempdir().unwrap();
        let backend = root.path().join("packages/backend");
        std::fs::create_dir_all(&backend).unwrap();
        std::fs::create_dir_all(root.path().join("examples")).unwrap();
        let folders = [root.path().to_owned(), backend];
        let expect = |target: &str, path: &str| {
            let path = root.path().join(path).to_string_lossy().into_owned();
            assert_eq!(absolute_target("file", target, &folders), path, "{target}");
        };
        expect("../../examples/*.yaml", "examples/*.yaml");
        expect("./examples/all.yaml", "examples/all.yaml");
        expect("missing/here.yaml", "missing/here.yaml");
        assert_eq!(absolute_target("url", "a/b", &folders), "a/b");
    }
}
