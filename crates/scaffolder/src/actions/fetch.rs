//! `fetch:plain` and `fetch:plain:file`.

use std::path::Path;

use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::Reach;
use super::source::{self, Content, Sourced};
use crate::engine::blocking;
use crate::workspace::{io, resolve, write_file};

pub(super) async fn plain(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    run.log.info("Fetching plain content from remote URL");
    let url = input["url"].as_str().unwrap_or_default();
    let target = input["targetPath"].as_str().unwrap_or("./").to_owned();
    let root = run.step()?.workspace.clone();
    let folder = resolve(&root, &target)?;
    let files = source::read_folder(run, reach, url, input["token"].as_str()).await?;
    blocking(move || {
        for file in &files {
            let full = resolve(&root, &format!("{target}/{}", file.path))?;
            write(&folder, &full, file)?;
        }
        Ok(json!({}))
    })
    .await
}

pub(super) async fn plain_file(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    run.log.info("Fetching plain content from remote URL");
    let url = input["url"].as_str().unwrap_or_default();
    let target = input["targetPath"].as_str().unwrap_or_default();
    let full = resolve(&run.step()?.workspace, target)?;
    let (content, mode) = source::read_file(run, reach, url, input["token"].as_str()).await?;
    blocking(move || write_file(&full, &content, mode)).await?;
    Ok(json!({}))
}

/// Writes something that was read; a link must lead to a place inside of the folder.
pub(super) fn write(root: &Path, full: &Path, sourced: &Sourced) -> Result<()> {
    match &sourced.content {
        Content::Folder => std::fs::create_dir_all(full).map_err(|error| io(&error, "mkdir", full)),
        Content::File(bytes) => write_file(full, bytes, sourced.mode),
        Content::Link(target) => {
            let from = full.parent().unwrap_or(root);
            let relative = from.strip_prefix(root).unwrap_or(from).join(target);
            let is_inside = target.is_relative()
                && relative
                    .to_str()
                    .is_some_and(|path| resolve(root, path).is_ok());
            if !is_inside {
                return Err(Error::forbidden(format!(
                    "the link {} leads out of the workspace",
                    sourced.path
                )));
            }
            std::fs::create_dir_all(from).map_err(|error| io(&error, "mkdir", from))?;
            if std::fs::symlink_metadata(full).is_ok() {
                std::fs::remove_file(full).map_err(|error| io(&error, "unlink", full))?;
            }
            std::os::unix::fs::symlink(target, full).map_err(|error| io(&error, "symlink", full))
        }
    }
}
