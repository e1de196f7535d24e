//! Watching the files below local locations, so that a change shows at once.
//!
//! Invariants: watching only makes entities due earlier; what it misses, the next look finds. Where
//! the system cannot watch (some network file systems, exhausted limits), files are polled.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use globset::{Glob, GlobMatcher};
use notify::{Config, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use platform::Result;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalog;
use crate::store::{WORK, refresh};

/// Prefix of the refresh keys of files.
const PREFIX: &str = "file:";
/// How long to collect events, because editors write a file in several steps.
const SETTLE: Duration = Duration::from_millis(50);
/// How often the set of watched folders is brought up to date: a location may have failed, a folder
/// may have been replaced, a link may lead elsewhere, all of which no event tells.
const RESCAN: Duration = Duration::from_secs(1);
/// How often files are compared where they cannot be watched.
const POLL: Duration = Duration::from_secs(2);

/// Watches until `stop`.
pub(crate) async fn run(catalog: Catalog, stop: CancellationToken) {
    let (sender, mut events) = mpsc::channel(1024);
    let mut folders = match Folders::new(sender) {
        Ok(folders) => folders,
        Err(error) => {
            tracing::warn!(%error, "files cannot be watched; changes show at the next look");
            return;
        }
    };
    let mut keys = Keys::default();
    let mut links = Links::default();
    loop {
        match catalog.db.read(|tx| refresh::list_keys(tx, PREFIX)).await {
            Ok(found) => keys = Keys::new(found),
            Err(error) => tracing::warn!(error = error.chain(), "cannot list watched files"),
        }
        let mut missed = keys.below(&folders.watch(keys.folders()));
        missed.extend(links.changed(&keys));
        make_due(&catalog, missed).await;
        let rescan = tokio::time::sleep(RESCAN);
        tokio::pin!(rescan);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = &mut rescan => break,
                Some(path) = events.recv() => {
                    let paths = collect(path, &mut events).await;
                    make_due(&catalog, keys.touched_by(&paths)).await;
                }
            }
        }
    }
}

/// One event and those that follow closely.
async fn collect(first: PathBuf, events: &mut mpsc::Receiver<PathBuf>) -> HashSet<PathBuf> {
    let mut paths = HashSet::from([first]);
    tokio::time::sleep(SETTLE).await;
    while let Ok(path) = events.try_recv() {
        paths.insert(path);
    }
    paths
}

async fn make_due(catalog: &Catalog, keys: Vec<String>) {
    if keys.is_empty() {
        return;
    }
    let now = catalog.clock.now();
    let result: Result<()> = catalog
        .db
        .write(move |tx| {
            refresh::make_due_by_keys(tx, &keys, now)?;
            tx.notify(WORK)
        })
        .await;
    if let Err(error) = result {
        tracing::warn!(
            error = error.chain(),
            "a changed file waits for the next look"
        );
    }
}

/// Refresh keys of files, as paths and patterns.
#[derive(Default)]
struct Keys(Vec<Key>);

struct Key {
    text: String,
    folder: PathBuf,
    is_recursive: bool,
    matcher: Option<GlobMatcher>,
}

impl Keys {
    fn new(keys: Vec<String>) -> Self {
        Self(keys.into_iter().filter_map(Key::new).collect())
    }

    fn folders(&self) -> HashMap<PathBuf, RecursiveMode> {
        let mut folders = HashMap::new();
        for key in &self.0 {
            let mode = folders
                .entry(key.folder.clone())
                .or_insert(RecursiveMode::NonRecursive);
            if key.is_recursive {
                *mode = RecursiveMode::Recursive;
            }
        }
        folders
    }

    fn touched_by(&self, paths: &HashSet<PathBuf>) -> Vec<String> {
        let touched = self
            .0
            .iter()
            .filter(|key| paths.iter().any(|path| key.matches(path)));
        touched.map(|key| key.text.clone()).collect()
    }

    /// Keys in folders that were not watched so far: they may have changed unseen.
    fn below(&self, folders: &[PathBuf]) -> Vec<String> {
        let fresh = self.0.iter().filter(|key| folders.contains(&key.folder));
        fresh.map(|key| key.text.clone()).collect()
    }
}

impl Key {
    fn new(text: String) -> Option<Self> {
        let path = Path::new(text.strip_prefix(PREFIX)?);
        let is_glob = |text: &str| text.contains(['*', '?', '{', '[']);
        if !is_glob(&text) {
            let folder = path.parent()?.to_owned();
            return Some(Self {
                text,
                folder,
                is_recursive: false,
                matcher: None,
            });
        }
        let fixed = path
            .components()
            .take_while(|part| !is_glob(&part.as_os_str().to_string_lossy()));
        let folder: PathBuf = fixed.collect();
        let depth = path.components().count() - folder.components().count();
        let matcher = Glob::new(&path.to_string_lossy()).ok()?.compile_matcher();
        Some(Self {
            text,
            folder,
            is_recursive: depth > 1,
            matcher: Some(matcher),
        })
    }

    /// A removed or new folder touches every pattern below it, and so does the link that
    /// Kubernetes turns to other contents (`..data`).
    fn matches(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        if name.as_encoded_bytes().starts_with(b"..") {
            return path
                .parent()
                .is_some_and(|folder| self.folder.starts_with(folder));
        }
        match &self.matcher {
            None => Path::new(self.text.trim_start_matches(PREFIX)) == path,
            Some(matcher) => {
                matcher.is_match(path) || (self.is_recursive && path.extension().is_none())
            }
        }
    }
}

/// What links to files led to at the last look: events tell of the folder of the link only.
#[derive(Default)]
struct Links(HashMap<String, Option<Stamp>>);

/// Tells versions of a file or folder apart.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    /// Nanoseconds within the second, too.
    modified: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

impl Links {
    /// Keys of links that lead to something else than before.
    fn changed(&mut self, keys: &Keys) -> Vec<String> {
        let files = keys.0.iter().filter(|key| key.matcher.is_none());
        let links = files.filter_map(|key| {
            let path = Path::new(key.text.trim_start_matches(PREFIX));
            path.is_symlink()
                .then(|| (key.text.clone(), Stamp::of(path)))
        });
        let now: HashMap<String, Option<Stamp>> = links.collect();
        let is_changed = |(key, stamp): &(&String, &Option<Stamp>)| {
            self.0.get(*key).is_some_and(|before| before != *stamp)
        };
        let changed = now.iter().filter(is_changed);
        let changed = changed.map(|(key, _)| key.clone()).collect();
        self.0 = now;
        changed
    }
}

/// The watched folders.
struct Folders {
    watcher: Box<dyn Watcher + Send>,
    fallback: PollWatcher,
    watched: HashMap<PathBuf, Watched>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Watched {
    mode: RecursiveMode,
    /// A folder of the same name is another one, of which the watch knows nothing.
    device: u64,
    inode: u64,
}

impl Watched {
    fn new(folder: &Path, mode: RecursiveMode) -> Option<Self> {
        let metadata = std::fs::metadata(folder).ok()?;
        metadata.is_dir().then(|| Self {
            mode,
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

impl Folders {
    fn new(sender: mpsc::Sender<PathBuf>) -> notify::Result<Self> {
        let config = Config::default()
            .with_poll_interval(POLL)
            .with_compare_contents(true);
        let fallback = PollWatcher::new(handler(sender.clone()), config)?;
        let watcher: Box<dyn Watcher + Send> =
            match RecommendedWatcher::new(handler(sender.clone()), config) {
                Ok(watcher) => Box::new(watcher),
                Err(error) => {
                    tracing::warn!(%error, "polling files instead of watching them");
                    Box::new(PollWatcher::new(handler(sender), config)?)
                }
            };
        Ok(Self {
            watcher,
            fallback,
            watched: HashMap::new(),
        })
    }

    /// Watches these folders and no others; those that are new or gone.
    fn watch(&mut self, wanted: HashMap<PathBuf, RecursiveMode>) -> Vec<PathBuf> {
        let is_same = |folder: &PathBuf, watched: &Watched| {
            let mode = wanted.get(folder);
            mode.and_then(|mode| Watched::new(folder, *mode)).as_ref() == Some(watched)
        };
        let others = self
            .watched
            .iter()
            .filter(|(folder, watched)| !is_same(folder, watched));
        let gone: Vec<PathBuf> = others.map(|(folder, _)| folder.clone()).collect();
        for folder in &gone {
            let folder = folder.as_path();
            self.watched.remove(folder);
            // The folder itself may be gone, which ends its watch just as well.
            let _ = self.watcher.unwatch(folder);
            let _ = self.fallback.unwatch(folder);
        }
        let mut fresh = gone;
        for (folder, mode) in wanted {
            if self.watched.contains_key(&folder) {
                continue;
            }
            let Some(watched) = Watched::new(&folder, mode) else {
                continue;
            };
            let started = self.watcher.watch(&folder, mode).or_else(|error| {
                tracing::warn!(folder = %folder.display(), %error, "polling files of this folder");
                self.fallback.watch(&folder, mode)
            });
            if started.is_ok() {
                fresh.push(folder.clone());
                self.watched.insert(folder, watched);
            }
        }
        fresh
    }
}

/// Hands over paths of events; when too many wait, the rest is found by the next look.
fn handler(
    sender: mpsc::Sender<PathBuf>,
) -> impl Fn(notify::Result<notify::Event>) + Send + 'static {
    move |event| {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in event.paths {
            let _ = sender.try_send(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_touch_the_files_and_patterns_they_are_about() {
        let key = |text: &str| Key::new(format!("file:{text}")).unwrap();
        let cases = [
            ("/c/all.yaml", "/c/all.yaml", true),
            ("/c/all.yaml", "/c/other.yaml", false),
            ("/c/*.yaml", "/c/new.yaml", true),
            ("/c/*.yaml", "/c/readme.md", false),
            ("/c/**/catalog-info.yaml", "/c/a/b/catalog-info.yaml", true),
            ("/c/**/catalog-info.yaml", "/c/a/new-folder", true),
            ("/c/*/x.yaml", "/c/a/y.yaml", false),
            ("/c/all.yaml", "/c/..data", true),
            ("/c/*.yaml", "/c/..data", true),
            ("/c/all.yaml", "/other/..data", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(
                key(pattern).matches(Path::new(path)),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn the_fixed_part_of_a_pattern_is_watched() {
        let folder = |text: &str| {
            let key = Key::new(format!("file:{text}")).unwrap();
            (key.folder.to_string_lossy().into_owned(), key.is_recursive)
        };
        assert_eq!(folder("/c/d/all.yaml"), ("/c/d".to_owned(), false));
        assert_eq!(folder("/c/*.yaml"), ("/c".to_owned(), false));
        assert_eq!(folder("/c/*/x.yaml"), ("/c".to_owned(), true));
    }
}
