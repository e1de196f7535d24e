//! Rule `markdown-link`: a link to a file or a heading of this repository leads somewhere.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use regex::Regex;

use super::{Finding, Tree};

const RULE: &str = "markdown-link";

/// `[text](target "title")`, `![text](target)` and `[label]: target`.
const LINK: &str = r#"\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s{0,3}\[[^\]]+\]:\s+(\S+)"#;

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let link = Regex::new(LINK)?;
    let repository = Repository::of(tree);
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.is("md")) {
        for (line, text) in prose(&file.text) {
            for found in link.captures_iter(&text) {
                let target = found.get(1).or(found.get(2)).map_or("", |it| it.as_str());
                if let Some(message) = repository.objection(&file.path, target) {
                    findings.push(Finding::error(RULE, &file.path, line + 1, message));
                }
            }
        }
    }
    Ok(findings)
}

/// What links can lead to.
struct Repository<'a> {
    paths: HashSet<&'a str>,
    folders: HashSet<&'a str>,
    headings: HashMap<&'a str, HashSet<String>>,
}

impl<'a> Repository<'a> {
    fn of(tree: &'a Tree) -> Repository<'a> {
        let texts = tree.files.iter().map(|file| file.path.as_str());
        let paths: HashSet<&str> = texts
            .chain(tree.other_files.iter().map(String::as_str))
            .collect();
        let mut folders = HashSet::from([""]);
        for path in &paths {
            folders.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        }
        let markdown = tree.files.iter().filter(|file| file.is("md"));
        let headings = markdown
            .map(|file| (file.path.as_str(), headings(&file.text)))
            .collect();
        Repository {
            paths,
            folders,
            headings,
        }
    }

    /// Why this target of a link in `from` leads nowhere.
    fn objection(&self, from: &str, target: &str) -> Option<String> {
        if target.contains("://") || target.starts_with("mailto:") || target.starts_with("${{") {
            return None;
        }
        let (file, heading) = target.split_once('#').unwrap_or((target, ""));
        let path = if file.is_empty() {
            Some(from.to_owned())
        } else {
            resolve(from, file)
        };
        let Some(path) = path else {
            return Some(format!("`{target}` leads out of the repository"));
        };
        if !self.paths.contains(path.as_str()) && !self.folders.contains(path.as_str()) {
            return Some(format!("`{target}` leads to nothing"));
        }
        let known = self.headings.get(path.as_str())?;
        (!heading.is_empty() && !known.contains(heading))
            .then(|| format!("`{path}` has no heading `#{heading}`"))
    }
}

/// The path a relative link means, without `.` and `..`.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Lines outside code, with code spans blanked.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(line, text)| {
        let start = text.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| start.starts_with(mark));
        if mark.is_some() && (fence.is_none() || fence == mark) {
            fence = if fence.is_none() { mark } else { None };
            return None;
        }
        let parts = text.split('`').enumerate();
        let without_spans = parts
            .filter(|(place, _)| place % 2 == 0)
            .map(|(_, part)| part);
        fence
            .is_none()
            .then(|| (line, without_spans.collect::<Vec<_>>().join("``")))
    })
}

/// Anchors of the headings as code hosts make them: lower case, hyphens, no punctuation.
fn headings(text: &str) -> HashSet<String> {
    let lines = text.lines().filter(|line| line.starts_with('#'));
    lines
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower
        .chars()
        .filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::TextFile;
    use super::*;

    fn findings(text: &str) -> Vec<Finding> {
        let files = [
            ("docs/a.md", text),
            ("docs/b.md", "# Two words, `code`\n"),
            ("README.md", ""),
        ];
        let files = files.map(|(path, text)| TextFile {
            path: path.into(),
            text: text.into(),
        });
        let other_files = vec!["docs/logo.png".to_owned()];
        check(&Tree {
            files: files.into(),
            other_files,
            ..Tree::default()
        })
        .unwrap()
    }

    #[test]
    fn links_lead_somewhere() {
        for (text, n_findings) in [
            (
                "[b](b.md), [up](../README.md) and [web](https://example.com)",
                0,
            ),
            (
                "![logo](logo.png \"Logo\") [folder](../docs) [root](../docs/)",
                0,
            ),
            ("[b](b.md#two-words-code)", 0),
            ("# Here\n[here](#here)", 0),
            ("[x]: b.md", 0),
            ("`[not](a-link.md)`\n```\n[nor](this.md)\n```", 0),
            ("[c](c.md)", 1),
            ("[b](b.md#three-words)", 1),
            ("[there](#there)", 1),
            ("[out](../../secret.md)", 1),
            ("[x]: gone.md", 1),
            ("![logo](lost.png) [b](b.md) [c](c.md)", 2),
        ] {
            assert_eq!(findings(text).len(), n_findings, "{text}");
        }
    }

    #[test]
    fn finding_names_the_line() {
        assert_eq!(
            findings("one\n\n[c](c.md)").first().map(|it| it.line),
            Some(3)
        );
    }
}
