//! Which files to validate: files as they are, folders and globs by what is in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use model::{Problem, Severity};
use walkdir::{DirEntry, WalkDir};

use super::read_text;

/// Most files of one run.
const MAX_FILES: usize = 500_000;
/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 64;
/// Folders that hold no catalog.
const SKIPPED: [&str; 2] = ["node_modules", "target"];

/// What there is to validate.
#[derive(Debug, Default)]
pub struct FoundFiles {
    /// The files, each once, sorted within each path that was asked for.
    pub files: Vec<PathBuf>,
    /// What was passed over, and paths that lead nowhere.
    pub problems: Vec<Problem>,
}

/// The catalog files of paths: a file is taken as it is; below a folder, `catalog-info.yaml` and
/// every YAML file that looks like an entity; of a glob, what it matches.
pub fn find_files(paths: &[PathBuf]) -> FoundFiles {
    let mut found = FoundFiles::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        let before = found.files.len();
        let mut files = Vec::new();
        if path.is_dir() {
            walk(path, &mut found.problems, is_yaml, &mut files);
            files.retain(|file| is_catalog_file(file, &mut found.problems));
        } else if path.exists() {
            files.push(path.clone());
        } else {
            match matching(path, &mut found.problems) {
                Ok(matched) => files = matched,
                Err(message) => found.problems.push(nowhere(path, message)),
            }
        }
        files.sort_unstable();
        found
            .files
            .extend(files.into_iter().filter(|file| seen.insert(file.clone())));
        if found.files.len() == before && path.is_dir() {
            found.problems.push(note(path, "has no catalog files"));
        }
    }
    found
}

fn nowhere(path: &Path, message: String) -> Problem {
    Problem::error("file.unreadable", "", message).at(path.to_string_lossy(), None)
}

fn note(path: &Path, message: &str) -> Problem {
    Problem {
        severity: Severity::Info,
        ..Problem::error("file.skipped", "", message).at(path.to_string_lossy(), None)
    }
}

fn matching(pattern: &Path, problems: &mut Vec<Problem>) -> Result<Vec<PathBuf>, String> {
    let is_pattern = |text: &str| text.contains(['*', '?', '{', '[']);
    let text = pattern.to_string_lossy();
    if !is_pattern(&text) {
        return Err("does not exist".to_owned());
    }
    let matcher = GlobBuilder::new(text.strip_prefix("./").unwrap_or(&text))
        .literal_separator(true)
        .build()
        .map_err(|error| error.to_string())?
        .compile_matcher();
    let fixed: PathBuf = pattern
        .components()
        .take_while(|part| !is_pattern(&part.as_os_str().to_string_lossy()))
        .collect();
    let is_here = fixed.as_os_str().is_empty();
    let root = if is_here { Path::new(".") } else { &fixed };
    let mut files = Vec::new();
    let matches = |path: &Path| matcher.is_match(path.strip_prefix("./").unwrap_or(path));
    walk(root, problems, matches, &mut files);
    if files.is_empty() {
        return Err("matches no file".to_owned());
    }
    Ok(files)
}

fn walk(
    root: &Path,
    problems: &mut Vec<Problem>,
    wanted: impl Fn(&Path) -> bool,
    files: &mut Vec<PathBuf>,
) {
    let walk = WalkDir::new(root).max_depth(MAX_DEPTH).into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_skipped(entry)) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if wanted(entry.path()) => files.push(entry.into_path()),
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                problems.push(nowhere(&path, "cannot be listed".to_owned()));
            }
        }
        if files.len() >= MAX_FILES {
            problems.push(nowhere(root, format!("has more than {MAX_FILES} files")));
            return;
        }
    }
}

/// Hidden folders, and those of build tools.
fn is_skipped(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.file_type().is_dir() && (name.starts_with('.') || SKIPPED.contains(&&*name))
}

fn is_yaml(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml"))
}

/// Whether a file below a folder is meant for a catalog.
fn is_catalog_file(path: &Path, problems: &mut Vec<Problem>) -> bool {
    let name = path.file_stem().unwrap_or_default();
    let Ok(text) = read_text(path) else {
        // Validation says why it cannot be read, if it is one of ours at all.
        return name == "catalog-info";
    };
    if is_skeleton(&text) {
        problems.push(note(
            path,
            "is the skeleton of a template and is passed over",
        ));
        return false;
    }
    name == "catalog-info" || has_entity(&text)
}

/// Whether the text is filled in by a template before it is a catalog file.
fn is_skeleton(text: &str) -> bool {
    let values = text.match_indices("{{").any(|(at, _)| {
        let inside = text[at + 2..].trim_start_matches(['-', ' ']);
        inside.starts_with("values.") || inside.starts_with("cookiecutter.")
    });
    values && !text.contains("\nkind: Template")
}

/// Whether a document is of an API version that entities have.
fn has_entity(text: &str) -> bool {
    text.lines().any(|line| {
        line.strip_prefix("apiVersion:").is_some_and(|version| {
            let version = version.trim().trim_matches(['"', '\'']);
            version.starts_with("backstage.io/") || version.contains(".backstage.io/")
        })
    })
}
