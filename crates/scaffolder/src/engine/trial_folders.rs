//! The folders of a dry run.
//!
//! Invariant: they go with the run, also when whoever asked for it went away in the middle; those of a
//! process that was broken off are found by their age.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use platform::{Error, Result};
use tokio::runtime::Handle;

use super::blocking;
use crate::workspace;

const PREFIX: &str = "dry-run-";
const BESIDE: &str = "-beside";
/// Times at which folders are removed that were left in a hurry: what was being written then may come
/// after the first.
const PAUSES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(30),
];

/// The workspace of a dry run, and the folder of the files that came with the request.
pub(super) struct Folders {
    id: String,
    root: PathBuf,
    beside: PathBuf,
    is_removed: bool,
}

impl Folders {
    /// Folders that are not there yet.
    pub(super) fn new(working_dir: &Path) -> Self {
        let id = format!("{PREFIX}{}", uuid::Uuid::new_v4());
        Self {
            root: working_dir.join(&id),
            beside: working_dir.join(format!("{id}{BESIDE}")),
            id,
            is_removed: false,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn beside(&self) -> &Path {
        &self.beside
    }

    /// Removes what is there.
    pub(super) async fn remove(mut self) -> Result<()> {
        remove(self.both()).await?;
        self.is_removed = true;
        Ok(())
    }

    fn both(&self) -> [PathBuf; 2] {
        [self.root.clone(), self.beside.clone()]
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        if self.is_removed {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (id, both) = (self.id.clone(), self.both());
        runtime.spawn(async move {
            for pause in PAUSES {
                tokio::time::sleep(pause).await;
                if let Err(error) = remove(both.clone()).await {
                    tracing::warn!(id, error = error.chain(), "a dry run was not tidied up");
                }
            }
        });
    }
}

async fn remove(folders: [PathBuf; 2]) -> Result<()> {
    blocking(move || {
        folders
            .iter()
            .try_for_each(|folder| workspace::remove(folder))
    })
    .await
}

/// Removes folders of dry runs that have not changed for so long.
pub(super) fn sweep(working_dir: &Path, age: Duration) -> Result<()> {
    let unreadable = |error: std::io::Error| {
        Error::internal("the folder of the workspaces cannot be read").with_source(error)
    };
    let before = SystemTime::now().checked_sub(age);
    let entries = match fs::read_dir(working_dir) {
        // Nothing has run yet.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(unreadable)?,
    };
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let is_ours = entry.file_name().to_str().is_some_and(is_trial);
        // Of a link, this is the link itself.
        let metadata = entry.metadata().ok().filter(fs::Metadata::is_dir);
        let changed = metadata.and_then(|it| it.modified().ok());
        let is_old = changed.is_some_and(|changed| Some(changed) < before);
        if is_ours
            && is_old
            && let Err(error) = workspace::remove(&entry.path())
        {
            tracing::warn!(error = error.chain(), "a folder of a dry run stays");
        }
    }
    Ok(())
}

fn is_trial(name: &str) -> bool {
    let id = name.strip_prefix(PREFIX);
    let id = id.map(|id| id.strip_suffix(BESIDE).unwrap_or(id));
    id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_folders_of_dry_runs_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let id = uuid::Uuid::new_v4();
        let day = Duration::from_hours(24);
        for (name, age, stays) in [
            (format!("dry-run-{id}"), day, false),
            (format!("dry-run-{id}-beside"), day, false),
            (
                format!("dry-run-{}", uuid::Uuid::new_v4()),
                Duration::ZERO,
                true,
            ),
            (id.to_string(), day, true),
            ("dry-run-of-somebody".to_owned(), day, true),
        ] {
            let path = folder.path().join(&name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("file"), "x").unwrap();
            let open = fs::File::open(&path).unwrap();
            open.set_modified(SystemTime::now() - age).unwrap();
            sweep(folder.path(), Duration::from_hours(1)).unwrap();
            assert_eq!(path.exists(), stays, "{name}");
        }
    }
}
