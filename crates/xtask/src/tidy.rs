//! Rules of the repository that no compiler checks, as functions from a [`Tree`] to findings.
//!
//! Invariants: a rule reads only the tree it is given (so that each has a fixture that breaks it);
//! a finding names file, line, rule and the way out. `tests/tidy.rs` runs every rule on this
//! workspace.

mod crates;
mod markdown;
mod names;
mod paths;
mod size;
mod source;
mod sql;
mod unwrap;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use walkdir::{DirEntry, WalkDir};

pub use crates::{Dependency, Package};
use source::Source;

/// Files above this size are data, not something a person wrote.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// Folders nobody writes in by hand.
const SKIPPED_FOLDERS: [&str; 6] = [
    "target",
    "node_modules",
    "dist",
    ".git",
    ".callboard",
    "data",
];
/// Extensions of the files the rules read; files without one (Makefile, LICENSE) count as text.
const TEXT_EXTENSIONS: [&str; 17] = [
    "css", "graphql", "html", "js", "json", "md", "mjs", "proto", "py", "rs", "sh", "sql", "svg",
    "toml", "ts", "yaml", "yml",
];

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Worth a look soon; does not fail the check.
    Warning,
    /// Fails the check.
    Error,
}

/// One place that breaks one rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Whether it fails the check.
    pub severity: Severity,
    /// Name of the rule.
    pub rule: &'static str,
    /// File relative to the workspace, with `/`.
    pub path: String,
    /// Line from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do instead.
    pub message: String,
}

impl Finding {
    fn error(rule: &'static str, path: &str, line: usize, message: impl Into<String>) -> Finding {
        let message = message.into();
        Finding {
            severity: Severity::Error,
            rule,
            path: path.to_owned(),
            line,
            message,
        }
    }

    fn warning(rule: &'static str, path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Warning,
            ..Finding::error(rule, path, line, message)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(
            f,
            "{level}: {}:{}: [{}] {}",
            self.path, self.line, self.rule, self.message
        )
    }
}

/// One text file.
pub struct TextFile {
    /// Path relative to the workspace, with `/`.
    pub path: String,
    /// Content.
    pub text: String,
}

impl TextFile {
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|it| it == extension)
    }
}

/// What the rules look at: every text file of the repository and the graph of its crates.
#[derive(Default)]
pub struct Tree {
    /// Text files, by path.
    pub files: Vec<TextFile>,
    /// Files that are not read (images, archives): only their paths, for links.
    pub other_files: Vec<String>,
    /// Members of the workspace.
    pub packages: Vec<Package>,
}

impl Tree {
    /// Reads the workspace at `root`, asking `cargo metadata` (offline) for its crates.
    pub fn load(root: &Path) -> Result<Tree> {
        let mut tree = Tree {
            packages: crates::load(root)?,
            ..Tree::default()
        };
        let walk = WalkDir::new(root).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| !is_skipped(entry)) {
            let entry = entry.context("cannot list the workspace")?;
            if entry.file_type().is_file() {
                tree.add(root, &entry)?;
            }
        }
        Ok(tree)
    }

    fn add(&mut self, root: &Path, entry: &DirEntry) -> Result<()> {
        let path = entry
            .path()
            .strip_prefix(root)?
            .to_string_lossy()
            .replace('\\', "/");
        if !is_text(entry) {
            self.other_files.push(path);
            return Ok(());
        }
        let bytes = fs::read(entry.path()).with_context(|| format!("cannot read `{path}`"))?;
        self.files.push(TextFile {
            path,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        });
        Ok(())
    }

    /// Runs every rule; findings come ordered by file and line.
    pub fn check(&self) -> Result<Vec<Finding>> {
        let sources: Vec<Source<'_>> = self.files.iter().filter_map(Source::of).collect();
        let mut findings = crates::check(self);
        findings.extend(names::check(self));
        findings.extend(markdown::check(self)?);
        findings.extend(paths::check(self)?);
        findings.extend(sql::check(&sources)?);
        for source in &sources {
            findings.extend(size::check(source));
            findings.extend(unwrap::check(source));
        }
        findings.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));
        Ok(findings)
    }
}

fn is_skipped(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    // `data` is where a developer's portal keeps its files, but only at the top.
    let is_data_elsewhere = name == "data" && entry.depth() != 1;
    // In a linked worktree `.git` is a file that names a folder of the machine.
    let is_folder = entry.file_type().is_dir() || name == ".git";
    is_folder && SKIPPED_FOLDERS.contains(&&*name) && !is_data_elsewhere
}

fn is_text(entry: &DirEntry) -> bool {
    let is_small = entry
        .metadata()
        .is_ok_and(|metadata| metadata.len() <= MAX_FILE_BYTES);
    let extension = entry
        .path()
        .extension()
        .map(|extension| extension.to_string_lossy());
    is_small && extension.is_none_or(|extension| TEXT_EXTENSIONS.contains(&&*extension))
}
