//! What of a folder goes into a repository: everything but `.git` and what `.gitignore` leaves out.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use platform::{Error, Result};

use super::{Entry, Kind, io, list};

/// Bytes of one `.gitignore`.
const MAX_IGNORE: u64 = 64 << 10;

/// Everything below a folder that git would add, sorted.
pub(crate) fn list_tracked(root: &Path) -> Result<Vec<Entry>> {
    let entries = list(root)?;
    let rules = Rules::of(root, &entries)?;
    let mut left_out: HashSet<String> = HashSet::new();
    // Folders come before what is in them.
    Ok(entries
        .into_iter()
        .filter(|entry| {
            let (folder, name) = split(&entry.path);
            let is_out = name == ".git" || left_out.contains(folder) || rules.ignore(entry);
            if is_out && entry.kind == Kind::Folder {
                left_out.insert(entry.path.clone());
            }
            !is_out
        })
        .collect())
}

/// Folder and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Rules by the folders that they are of.
struct Rules(HashMap<String, Gitignore>);

impl Rules {
    fn of(root: &Path, entries: &[Entry]) -> Result<Self> {
        let mut rules = HashMap::new();
        for entry in entries {
            let (folder, name) = split(&entry.path);
            if name == ".gitignore" && entry.kind == Kind::File {
                rules.insert(folder.to_owned(), read(&root.join(&entry.path), entry)?);
            }
        }
        Ok(Self(rules))
    }

    /// Whether the rule that is nearest says so.
    fn ignore(&self, entry: &Entry) -> bool {
        let is_folder = entry.kind == Kind::Folder;
        let mut folder = entry.path.as_str();
        while !folder.is_empty() {
            folder = split(folder).0;
            let Some(rules) = self.0.get(folder) else {
                continue;
            };
            let path = entry.path[folder.len()..].trim_start_matches('/');
            let found = rules.matched(path, is_folder);
            if !found.is_none() {
                return found.is_ignore();
            }
        }
        false
    }
}

fn read(full: &Path, entry: &Entry) -> Result<Gitignore> {
    let path = &entry.path;
    if entry.size > MAX_IGNORE {
        return Err(Error::input(format!(
            "{path} has more than {MAX_IGNORE} bytes"
        )));
    }
    let bytes = fs::read(full).map_err(|error| io(&error, "open", full))?;
    let mut builder = GitignoreBuilder::new("");
    for line in String::from_utf8_lossy(&bytes).lines() {
        // Git goes past lines that it does not understand.
        let _ = builder.add_line(None, line);
    }
    builder
        .build()
        .map_err(|error| Error::input(format!("{path} cannot be understood")).with_source(error))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::workspace::write_file;

    #[test]
    fn what_git_would_leave_out_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in [
            (
                ".gitignore",
                "# built\ntarget/\n*.log\n!keep.log\n/only-here\nbroken[\n.env*\n",
            ),
            ("docs/.gitignore", "!*.log\n*.tmp\ndeep/**/x\n"),
            ("a.log", ""),
            ("keep.log", ""),
            ("only-here", ""),
            (".env", ""),
            (".env.example", ""),
            ("target/a", ""),
            ("target/.gitignore", "!a\n"),
            ("src/target/b", ""),
            ("src/only-here", ""),
            ("src/main.rs", ""),
            ("docs/a.log", ""),
            ("docs/a.tmp", ""),
            ("docs/deep/1/2/x", ""),
            ("docs/deep/1/2/y", ""),
            ("with space ", ""),
        ] {
            write_file(&root.join(path), text.as_bytes(), 0o644).unwrap();
        }
        let entries = list_tracked(root).unwrap().into_iter();
        let files = entries.filter(|it| it.kind == Kind::File);
        let found: Vec<String> = files.map(|it| it.path).collect();
        let git = |args: &[&str]| {
            let output = Command::new("git").arg("-C").arg(root).args(args).output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        };
        git(&["init", "-q"]);
        git(&["add", "."]);
        let mut expected: Vec<String> = git(&["ls-files"]).lines().map(str::to_owned).collect();
        expected.sort();
        assert_eq!(found, expected);
        assert!(found.contains(&"keep.log".to_owned()) && found.len() > 5);
    }
}
