//! What a portal refuses of files that it reads from its own disk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use crate::config::normalised;

use super::CheckedFile;

/// Adds what is wrong with files that the locations lead to, directly or through Locations in files.
pub(super) fn refuse_placeholders(
    files: &[PathBuf],
    checked: &mut [CheckedFile],
    locations: &[String],
) {
    let paths: Vec<PathBuf> = files.iter().map(|file| absolute(file)).collect();
    let mut is_local = vec![false; files.len()];
    let mut seen: HashSet<String> = locations.iter().cloned().collect();
    let mut left: Vec<String> = locations.to_vec();
    while let Some(target) = left.pop() {
        let leads_to = matcher(&target);
        for (index, path) in paths.iter().enumerate() {
            if is_local[index] || !leads_to(path) {
                continue;
            }
            is_local[index] = true;
            let folder = path.parent().unwrap_or(Path::new("/"));
            for target in &checked[index].leads_to {
                let target = normalised(&folder.join(target))
                    .to_string_lossy()
                    .into_owned();
                if seen.insert(target.clone()) {
                    left.push(target);
                }
            }
        }
    }
    for (file, _) in checked.iter_mut().zip(is_local).filter(|(_, is)| *is) {
        file.problems.append(&mut file.if_local);
    }
}

fn absolute(file: &Path) -> PathBuf {
    normalised(&std::path::absolute(file).unwrap_or_else(|_| file.to_owned()))
}

/// Whether a path is what a target means: itself or, where that is a pattern, a match of it.
fn matcher(target: &str) -> Box<dyn Fn(&Path) -> bool> {
    let exact = PathBuf::from(target);
    let pattern = GlobBuilder::new(target).literal_separator(true).build();
    match pattern.map(|pattern| pattern.compile_matcher()) {
        Ok(pattern) => Box::new(move |path| path == exact || pattern.is_match(path)),
        Err(_) => Box::new(move |path| path == exact),
    }
}
