//! What a step would change in a repository, file by file.

use std::fs;

use integrations::{ReadOutcome, ReadRequest};
use platform::Result;
use serde_json::{Value, json};
use similar::TextDiff;
use url::Url;

use super::planning::Plan;
use super::{Runner, blocking};
use crate::repo_url::HostKind;
use crate::workspace::{self, Kind, io, resolve};

/// Files of one step that are told.
const MAX_FILES: usize = 500;
/// Files that are compared with what is there.
const MAX_COMPARED: usize = 100;
/// Largest file that is compared line by line.
const MAX_LINES_OF: usize = 256 << 10;

/// The files of a step that sends the workspace to a repository.
pub(super) async fn of_step(
    runner: &Runner,
    plan: &Plan,
    action: &str,
    input: &Value,
    web: &str,
) -> Result<Vec<Value>> {
    let is_change = action.ends_with(":pull-request") || action.ends_with(":merge-request");
    let is_push = action.starts_with("publish:") || action.ends_with(":repo:push");
    if !is_push || input["sourcePath"] == Value::Bool(false) {
        return Ok(Vec::new());
    }
    let blobs = match Plan::kind(runner, input) {
        Some(HostKind::Gitlab) => format!("{web}/-/blob"),
        _ => format!("{web}/blob"),
    };
    let files = files(runner, input, is_change).await?;
    let mut told = Vec::with_capacity(files.len());
    for (index, (path, content)) in files.into_iter().enumerate() {
        let before = match (is_change, plan.may_ask && index < MAX_COMPARED) {
            (false, _) => Before::Nothing,
            (true, false) => Before::Unknown,
            (true, true) => before(plan, input, &blobs, &path).await,
        };
        told.push(change(&path, &before, &content));
    }
    for path in input["filesToDelete"].as_array().into_iter().flatten() {
        told.push(json!({ "path": path, "change": "removed" }));
    }
    Ok(told)
}

/// What is at a path of a repository.
enum Before {
    Nothing,
    File(Vec<u8>),
    /// The host does not tell.
    Unknown,
}

/// Paths in the repository with their contents.
async fn files(runner: &Runner, input: &Value, is_change: bool) -> Result<Vec<(String, Vec<u8>)>> {
    let text = |name: &str| input[name].as_str().filter(|it| !it.is_empty());
    let target = text("targetPath").filter(|_| is_change).unwrap_or_default();
    let source = text("sourcePath").or(Some(target).filter(|it| !it.is_empty()));
    let source = source.unwrap_or(".").to_owned();
    let target = target.trim_start_matches("./").trim_matches('/').to_owned();
    let root = runner.workspace.clone();
    blocking(move || {
        let folder = resolve(&root, &source)?;
        let entries = workspace::list_tracked(&folder)?.into_iter();
        let files = entries.filter(|it| it.kind == Kind::File);
        let read = |entry: workspace::Entry| -> Result<(String, Vec<u8>)> {
            let full = folder.join(&entry.path);
            let content = fs::read(&full).map_err(|error| io(&error, "open", &full))?;
            let path = match target.as_str() {
                "" | "." => entry.path,
                target => format!("{target}/{}", entry.path),
            };
            Ok((path, content))
        };
        files.take(MAX_FILES).map(read).collect()
    })
    .await
}

async fn before(plan: &Plan, input: &Value, blobs: &str, path: &str) -> Before {
    let branch = input["targetBranchName"].as_str().unwrap_or("HEAD");
    let Ok(url) = Url::parse(&format!("{blobs}/{branch}/{path}")) else {
        return Before::Unknown;
    };
    match plan.reader.read(&ReadRequest::new(url)).await {
        Ok(ReadOutcome::Found(body)) => Before::File(body.bytes.to_vec()),
        Err(error) if error.is_gone() => Before::Nothing,
        Ok(ReadOutcome::NotModified) | Err(_) => Before::Unknown,
    }
}

fn change(path: &str, before: &Before, after: &[u8]) -> Value {
    match before {
        Before::Nothing => json!({ "path": path, "change": "added" }),
        Before::Unknown => json!({ "path": path, "change": "unknown" }),
        Before::File(before) if before == after => json!({ "path": path, "change": "none" }),
        Before::File(before) => {
            let mut told = json!({ "path": path, "change": "changed" });
            if let Some(diff) = diff(path, before, after) {
                told["diff"] = diff.into();
            }
            told
        }
    }
}

/// The lines that differ, as `diff -u` writes them; nothing for what is no text.
fn diff(path: &str, before: &[u8], after: &[u8]) -> Option<String> {
    if before.len().max(after.len()) > MAX_LINES_OF {
        return None;
    }
    let before = std::str::from_utf8(before).ok()?;
    let after = std::str::from_utf8(after).ok()?;
    let diff = TextDiff::from_lines(before, after);
    let mut diff = diff.unified_diff();
    Some(
        diff.header(&format!("a/{path}"), &format!("b/{path}"))
            .to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_files() {
        let file = |text: &str| Before::File(text.as_bytes().to_vec());
        for (before, after, expected) in [
            (
                Before::Nothing,
                "a\n",
                json!({"path": "x", "change": "added"}),
            ),
            (
                Before::Unknown,
                "a\n",
                json!({"path": "x", "change": "unknown"}),
            ),
            (file("a\n"), "a\n", json!({"path": "x", "change": "none"})),
            (
                file("a\nb\n"),
                "a\nc\n",
                json!({"path": "x", "change": "changed",
                       "diff": "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"}),
            ),
        ] {
            assert_eq!(change("x", &before, after.as_bytes()), expected);
        }
        let binary = Before::File(vec![0xff, 0]);
        assert_eq!(
            change("x", &binary, b"text"),
            json!({"path": "x", "change": "changed"})
        );
    }
}
