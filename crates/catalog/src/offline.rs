//! Validation of catalog files without a catalog, for editors and pipelines.
//!
//! Invariants: everything that is wrong is found in one run; problems are in the order of the files
//! and, within one, of the lines; the only files read are those asked for and those they name in
//! relative placeholders.

mod document;
mod find;
mod local;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use model::{DocumentPlace, EntityRef, Position, Problem, Severity};
use parking_lot::Mutex;

pub use find::{FoundFiles, find_files};

/// Largest file that is read.
const MAX_FILE_BYTES: u64 = 128 << 20;

/// What to look at beside the documents themselves.
#[derive(Debug, Clone, Default)]
pub struct OfflineOptions {
    /// Warn about references to entities that are in none of the files.
    pub references: bool,
    /// Absolute targets of the `file` locations of the portal: some things work below `url` locations
    /// only.
    pub file_locations: Vec<String>,
}

/// What validation found.
#[derive(Debug, Default)]
pub struct OfflineReport {
    /// Files that were read.
    pub n_files: usize,
    /// Entities in them, valid or not.
    pub n_entities: usize,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
}

/// Validates files, on all processors.
pub fn validate_files(files: &[PathBuf], options: &OfflineOptions) -> OfflineReport {
    let mut checked = check_all(files, options);
    local::refuse_placeholders(files, &mut checked, &options.file_locations);
    let mut problems: Vec<Problem> = checked
        .iter_mut()
        .flat_map(|file| std::mem::take(&mut file.problems))
        .collect();
    let defined = find_duplicates(files, &checked, &mut problems);
    if options.references {
        find_missing(files, &checked, &defined, &mut problems);
    }
    sort(files, &mut problems);
    OfflineReport {
        n_files: files.len(),
        n_entities: checked.iter().map(|file| file.entities.len()).sum(),
        problems,
    }
}

/// One file, checked.
#[derive(Debug, Default)]
struct CheckedFile {
    entities: Vec<Defined>,
    problems: Vec<Problem>,
    /// Files that its Locations lead to on the same disk, as written.
    leads_to: Vec<String>,
    /// What is wrong if a portal reads the file from its disk.
    if_local: Vec<Problem>,
}

/// An entity that a file defines.
#[derive(Debug)]
struct Defined {
    entity_ref: String,
    place: DocumentPlace,
    start: Position,
    /// References it makes: pointer and target.
    targets: Vec<(String, EntityRef)>,
}

fn check_all(files: &[PathBuf], options: &OfflineOptions) -> Vec<CheckedFile> {
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(index) else { return };
            let checked = check_file(path, options);
            results.lock().insert(index, checked);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..n_threads.min(files.len()) {
            scope.spawn(work);
        }
        work();
    });
    results.into_inner().into_values().collect()
}

fn check_file(path: &Path, options: &OfflineOptions) -> CheckedFile {
    let name = path.to_string_lossy();
    let text = match read_text(path) {
        Ok(text) => text,
        Err(message) => {
            let problem = Problem::error("file.unreadable", "", message).at(name, None);
            return CheckedFile {
                problems: vec![problem],
                ..CheckedFile::default()
            };
        }
    };
    let mut file = CheckedFile::default();
    let mut is_empty = true;
    for document in model::YamlDocuments::new(&text, &model::YamlLimits::default()) {
        is_empty = false;
        document::check(&text, path, document, options, &mut file);
    }
    if is_empty {
        let problem = Problem::error("yaml.empty", "", "the file has no documents");
        file.problems.push(Problem {
            severity: Severity::Warning,
            ..problem.at(name, None)
        });
    }
    file
}

/// The text of a regular file of bounded size; the error says why there is none.
fn read_text(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(format!("is larger than {} MiB", MAX_FILE_BYTES >> 20));
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

/// Where each entity is defined first: file and entity of that file.
type Definitions<'a> = HashMap<&'a str, (usize, &'a Defined)>;

fn find_duplicates<'a>(
    files: &'a [PathBuf],
    checked: &'a [CheckedFile],
    problems: &mut Vec<Problem>,
) -> Definitions<'a> {
    let mut defined = Definitions::new();
    let mut last = LastFile::default();
    let entities = checked.iter().enumerate();
    let entities = entities.flat_map(|(file, c)| c.entities.iter().map(move |e| (file, e)));
    for (file, entity) in entities {
        let Some((first_file, first)) = defined.get(entity.entity_ref.as_str()) else {
            defined.insert(&entity.entity_ref, (file, entity));
            continue;
        };
        let message = format!(
            "`{}` is defined already, at {}:{}",
            entity.entity_ref,
            files[*first_file].display(),
            first.start.line
        );
        let problem = Problem::error("entity.duplicate", "/metadata/name", message)
            .with_hint("the catalog keeps the first one; rename or remove the other");
        problems.push(last.place(problem, &files[file], entity));
    }
    defined
}

fn find_missing(
    files: &[PathBuf],
    checked: &[CheckedFile],
    defined: &Definitions<'_>,
    problems: &mut Vec<Problem>,
) {
    let mut by_name: HashMap<String, Vec<&str>> = HashMap::new();
    for entity_ref in defined.keys() {
        let name = entity_ref.rsplit('/').next().unwrap_or_default();
        by_name.entry(name.to_owned()).or_default().push(entity_ref);
    }
    let mut last = LastFile::default();
    for (file, checked) in files.iter().zip(checked) {
        for entity in &checked.entities {
            for (pointer, target) in &entity.targets {
                let text = target.to_string();
                if defined.contains_key(text.as_str()) {
                    continue;
                }
                let message = format!("`{text}` is in none of the files");
                let problem = Problem::error("entity.unknown-reference", pointer, message);
                let similar = by_name.get(&target.name.to_lowercase());
                let hint = similar
                    .and_then(|refs| refs.iter().min())
                    .map(|similar| format!("did you mean `{similar}`?"));
                let problem = Problem {
                    severity: Severity::Warning,
                    hint,
                    ..problem
                };
                problems.push(last.place(problem, file, entity));
            }
        }
    }
}

/// The last file that was read: problems come file by file.
#[derive(Default)]
struct LastFile<'a>(Option<(&'a Path, String)>);

impl<'a> LastFile<'a> {
    /// The problem with the file, and the line its pointer leads to.
    fn place(&mut self, problem: Problem, file: &'a Path, entity: &Defined) -> Problem {
        if self.0.as_ref().is_none_or(|(last, _)| *last != file) {
            self.0 = Some((file, read_text(file).unwrap_or_default()));
        }
        let text = self.0.as_ref().map_or("", |(_, text)| text);
        let position = model::locate(text, entity.place, &problem.path);
        problem.at(
            file.to_string_lossy(),
            Some(position.unwrap_or(entity.start)),
        )
    }
}

fn sort(files: &[PathBuf], problems: &mut [Problem]) {
    let order: HashMap<String, usize> = files
        .iter()
        .enumerate()
        .map(|(index, file)| (file.to_string_lossy().into_owned(), index))
        .collect();
    problems.sort_by_cached_key(|problem| {
        let file = problem.file.as_ref().and_then(|file| order.get(file));
        (file.copied(), problem.position)
    });
}
