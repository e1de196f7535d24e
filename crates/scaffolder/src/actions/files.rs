//! `fs:*`: files of the workspace.

use std::fs;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use platform::actions::Run;
use platform::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::typed;
use crate::engine::blocking;
use crate::workspace::{self, Kind, io, resolve};

#[derive(Deserialize)]
struct Delete {
    files: Vec<String>,
}

pub(super) async fn delete(run: &Run, input: &Value) -> Result<Value> {
    let Delete { files } = typed(input)?;
    let root = run.step()?.workspace.clone();
    let log = run.log.clone();
    blocking(move || {
        for pattern in files {
            // The pattern itself must not lead outside.
            resolve(&root, pattern.trim_end_matches('/'))?;
            for path in matching(&root, &pattern)? {
                let full = resolve(&root, &path)?;
                remove(&full)?;
                log.info(&format!("File {} deleted successfully", full.display()));
            }
        }
        Ok(json!({}))
    })
    .await
}

/// What a path or a pattern means, outer before inner; nothing twice.
fn matching(root: &Path, pattern: &str) -> Result<Vec<String>> {
    let wanted = globs(std::slice::from_ref(&pattern.trim_matches('/').to_owned()))?;
    let entries = workspace::list(root)?.into_iter();
    let mut found: Vec<String> = entries
        .map(|entry| entry.path)
        .filter(|path| wanted.is_match(path))
        .collect();
    let outer = found.clone();
    found.retain(|path| {
        let is_inside = |it: &String| path.len() > it.len() && path.starts_with(&format!("{it}/"));
        !outer.iter().any(is_inside)
    });
    Ok(found)
}

/// Patterns of paths: `*` stays in a folder, `**` does not, names with a dot are like others.
pub(super) fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let text = pattern.strip_prefix("./").unwrap_or(pattern);
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        set.add(glob.map_err(|error| {
            Error::input(format!("`{pattern}` is no pattern")).with_source(error)
        })?);
    }
    set.build()
        .map_err(|error| Error::input("the patterns cannot be used").with_source(error))
}

fn remove(path: &Path) -> Result<()> {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
    let removed = if is_folder {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.map_err(|error| io(&error, "rm", path))
}

#[derive(Deserialize)]
struct Renames {
    files: Vec<Rename>,
}

#[derive(Deserialize)]
struct Rename {
    from: String,
    to: String,
    #[serde(default)]
    overwrite: bool,
}

pub(super) async fn rename(run: &Run, input: &Value) -> Result<Value> {
    let Renames { files } = typed(input)?;
    let root = run.step()?.workspace.clone();
    let log = run.log.clone();
    blocking(move || {
        for file in files {
            let (from, to) = (resolve(&root, &file.from)?, resolve(&root, &file.to)?);
            let names = format!("{} to {}", from.display(), to.display());
            match move_file(&from, &to, file.overwrite) {
                Ok(()) => log.info(&format!("File {names} renamed successfully")),
                Err(error) => {
                    log.error(&format!(
                        "Failed to rename file {names}: {}",
                        error.message()
                    ));
                    return Err(error);
                }
            }
        }
        Ok(json!({}))
    })
    .await
}

fn move_file(from: &Path, to: &Path, overwrite: bool) -> Result<()> {
    fs::symlink_metadata(from).map_err(|error| io(&error, "lstat", from))?;
    if fs::symlink_metadata(to).is_ok() {
        if !overwrite {
            return Err(Error::internal("dest already exists."));
        }
        remove(to)?;
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|error| io(&error, "mkdir", folder))?;
    }
    fs::rename(from, to).map_err(|error| io(&error, "rename", from))
}

#[derive(Deserialize)]
struct ReadDir {
    paths: Vec<String>,
    #[serde(default)]
    recursive: bool,
}

pub(super) async fn read_dir(run: &Run, input: &Value) -> Result<Value> {
    let ReadDir { paths, recursive } = typed(input)?;
    let root = run.step()?.workspace.clone();
    blocking(move || {
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for path in paths {
            let folder = resolve(&root, &path)?;
            fs::read_dir(&folder).map_err(|error| io(&error, "scandir", &folder))?;
            for entry in workspace::list(&folder)? {
                if !recursive && entry.path.contains('/') {
                    continue;
                }
                let full = folder.join(&entry.path);
                let relative = full.strip_prefix(&root).unwrap_or(&full);
                let name = entry.path.rsplit('/').next().unwrap_or_default();
                let view = json!({
                    "name": name,
                    "path": relative.to_string_lossy(),
                    "fullPath": full.to_string_lossy(),
                });
                match entry.kind {
                    Kind::File => files.push(view),
                    Kind::Folder => folders.push(view),
                    Kind::Link => {}
                }
            }
        }
        Ok(json!({ "files": files, "folders": folders }))
    })
    .await
}
