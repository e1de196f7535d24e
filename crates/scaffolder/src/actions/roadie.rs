//! `roadiehq:utils:*`: small changes to files of the workspace, and texts of values.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use model::{YamlLimits, parse_documents, to_yaml};
use platform::actions::Run;
use platform::{Error, Result};
use regex::RegexBuilder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::typed;
use crate::engine::blocking;
use crate::workspace::{io, resolve, write_file};

/// How long a step may sleep.
const MAX_SLEEP: Duration = Duration::from_mins(10);
/// Bytes that a compiled pattern may take.
const PATTERN_SIZE: usize = 1 << 20;
const PLAIN: u32 = 0o644;

/// Runs one of them; the rest of its id after `roadiehq:utils:`.
pub(super) async fn run(name: &str, run: &Run, input: &Value) -> Result<Value> {
    match name {
        "serialize:json" => return Ok(json!({ "serialized": json_text(input) })),
        "serialize:yaml" => return Ok(json!({ "serialized": to_yaml(&input["data"]) })),
        "sleep" => return sleep(input).await,
        _ => {}
    }
    let root = run.step()?.workspace.clone();
    let (name, input) = (name.to_owned(), input.clone());
    blocking(move || match name.as_str() {
        "fs:write" => write(&root, &input),
        "fs:append" => append(&root, &input),
        "fs:parse" => parse(&root, &input),
        "fs:replace" => replace(&root, &input),
        "json:merge" | "merge" => merge(&root, &input),
        other => Err(Error::internal(format!(
            "no code for roadiehq:utils:{other}"
        ))),
    })
    .await
}

/// JSON with `space`, as `JSON.stringify` takes it.
fn json_text(input: &Value) -> String {
    let has_space = match &input["space"] {
        Value::Number(number) => number.as_f64().is_some_and(|it| it > 0.0),
        Value::String(text) => !text.is_empty(),
        _ => false,
    };
    let data = &input["data"];
    if has_space {
        format!("{data:#}")
    } else {
        data.to_string()
    }
}

async fn sleep(input: &Value) -> Result<Value> {
    let seconds = input["amount"].as_f64().unwrap_or_default();
    let time = Duration::try_from_secs_f64(seconds)
        .map_err(|error| Error::input("this is no time to sleep").with_source(error))?;
    tokio::time::sleep(time.min(MAX_SLEEP)).await;
    Ok(json!({}))
}

fn path_of(input: &Value) -> &str {
    input["path"].as_str().unwrap_or_default()
}

fn content_text(input: &Value) -> String {
    match &input["content"] {
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}

fn write(root: &Path, input: &Value) -> Result<Value> {
    let full = resolve(root, path_of(input))?;
    write_file(&full, content_text(input).as_bytes(), PLAIN)?;
    Ok(json!({ "path": full }))
}

fn append(root: &Path, input: &Value) -> Result<Value> {
    let full = resolve(root, path_of(input))?;
    let file = fs::OpenOptions::new().append(true).create(true).open(&full);
    let mut file = file.map_err(|error| io(&error, "open", &full))?;
    file.write_all(content_text(input).as_bytes())
        .map_err(|error| io(&error, "write", &full))?;
    Ok(json!({ "path": full }))
}

fn read(full: &Path) -> Result<String> {
    fs::read_to_string(full).map_err(|error| io(&error, "open", full))
}

fn is_json(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("json"))
}

fn documents(text: &str, path: &str) -> Result<Vec<Value>> {
    let documents = parse_documents(text, &YamlLimits::default());
    documents
        .into_iter()
        .map(|document| match document.problems.first() {
            Some(problem) => Err(Error::input(format!("{path}: {}", problem.message))),
            None => Ok(document.value),
        })
        .collect()
}

fn json_of(text: &str, path: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| Error::input(format!("{path} is not JSON")).with_source(error))
}

fn parse(root: &Path, input: &Value) -> Result<Value> {
    let path = path_of(input);
    let text = read(&resolve(root, path)?)?;
    let content = match input["parser"].as_str() {
        Some("multiyaml") => documents(&text, path)?.into(),
        Some("yaml") => documents(&text, path)?
            .into_iter()
            .next()
            .unwrap_or_default(),
        Some("json") => json_of(&text, path)?,
        _ => text.into(),
    };
    Ok(json!({ "content": content }))
}

#[derive(Deserialize)]
struct Replacements {
    files: Vec<Replacement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    file: String,
    find: String,
    #[serde(default)]
    match_regex: bool,
    #[serde(default)]
    replace_with: String,
}

fn replace(root: &Path, input: &Value) -> Result<Value> {
    let Replacements { files } = typed(input)?;
    for one in files {
        let full = resolve(root, &one.file)?;
        let text = read(&full)?;
        let text = if one.match_regex {
            let pattern = RegexBuilder::new(&one.find)
                .size_limit(PATTERN_SIZE)
                .build();
            let pattern = pattern.map_err(|error| {
                Error::input(format!("`{}` is no pattern", one.find)).with_source(error)
            })?;
            pattern
                .replace_all(&text, one.replace_with.as_str())
                .into_owned()
        } else {
            text.replace(&one.find, &one.replace_with)
        };
        write_kept(&full, &text)?;
    }
    Ok(json!({}))
}

/// Writes a file that is there, with its mode.
fn write_kept(full: &Path, text: &str) -> Result<()> {
    fs::write(full, text).map_err(|error| io(&error, "open", full))
}

fn merge(root: &Path, input: &Value) -> Result<Value> {
    let path = path_of(input);
    let full = resolve(root, path)?;
    let as_json = is_json(path);
    let parsed = |text: &str| {
        if as_json {
            json_of(text, path)
        } else {
            Ok(documents(text, path)?
                .into_iter()
                .next()
                .unwrap_or_default())
        }
    };
    let mut merged = if full.exists() {
        parsed(&read(&full)?)?
    } else {
        json!({})
    };
    let content = match &input["content"] {
        Value::String(text) => parsed(text)?,
        other => other.clone(),
    };
    merge_into(&mut merged, content, input["mergeArrays"] == true);
    let text = if as_json {
        format!("{merged:#}")
    } else {
        to_yaml(&merged)
    };
    write_file(&full, text.as_bytes(), PLAIN)?;
    Ok(json!({ "path": full }))
}

/// Members of objects are merged, lists if so wanted; everything else is replaced.
fn merge_into(target: &mut Value, content: Value, merges_lists: bool) {
    match (target, content) {
        (Value::Object(target), Value::Object(content)) => {
            for (name, value) in content {
                merge_into(
                    target.entry(name).or_insert(Value::Null),
                    value,
                    merges_lists,
                );
            }
        }
        (Value::Array(target), Value::Array(content)) if merges_lists => target.extend(content),
        (target, content) => *target = content,
    }
}
