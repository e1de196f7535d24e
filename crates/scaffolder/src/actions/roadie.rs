//! `roadiehq:utils:*`: small changes to files of the workspace, and texts of values.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::{YamlLimits, parse_documents, to_yaml};
use platform::actions::Run;
use platform::{Error, Result};
use regex::RegexBuilder;
use serde::Deserialize;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::files::globs;
use super::typed;
use crate::engine::blocking;
use crate::workspace::{self, Kind, io, resolve, write_file};

/// How long a step may sleep.
const MAX_SLEEP: Duration = Duration::from_mins(10);
/// Bytes that a compiled pattern may take.
const PATTERN_SIZE: usize = 1 << 20;
const PLAIN: u32 = 0o644;

/// Runs one of them; the rest of its id after `roadiehq:utils:`.
pub(super) async fn run(name: &str, run: &Run, input: &Value) -> Result<Value> {
    match name {
        "serialize:json" => {
            return Ok(json!({ "serialized": json_text(input, &replaced(input)) }));
        }
        "serialize:yaml" => return Ok(json!({ "serialized": to_yaml(&replaced(input)) })),
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
        "zip" => zip(&root, &input),
        other => Err(Error::internal(format!(
            "no code for roadiehq:utils:{other}"
        ))),
    })
    .await
}

/// The data with only the members that `replacer` names.
fn replaced(input: &Value) -> Value {
    fn keep(value: &Value, names: &[Value]) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| keep(item, names)).collect(),
            Value::Object(members) => {
                let kept = names.iter().filter_map(Value::as_str);
                let kept = kept.filter_map(|name| Some((name, members.get(name)?)));
                let kept = kept.map(|(name, value)| (name.to_owned(), keep(value, names)));
                Value::Object(kept.collect())
            }
            other => other.clone(),
        }
    }
    match input["replacer"].as_array() {
        Some(names) if !names.is_empty() => keep(&input["data"], names),
        _ => input["data"].clone(),
    }
}

/// JSON with `space`, as `JSON.stringify` takes it.
fn json_text(input: &Value, data: &Value) -> String {
    let has_space = match &input["space"] {
        Value::Number(number) => number.as_f64().is_some_and(|it| it > 0.0),
        Value::String(text) => !text.is_empty(),
        _ => false,
    };
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
    text_of(input, "path")
}

fn text_of<'v>(input: &'v Value, name: &str) -> &'v str {
    input[name].as_str().unwrap_or_default()
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
    #[serde(default)]
    include_dot_files: bool,
}

impl Replacement {
    /// The files that a path or a pattern means; a path has to be one of a file.
    fn files(&self, root: &Path) -> Result<Vec<PathBuf>> {
        if !self.file.contains(['*', '?', '[', '{']) {
            return Ok(vec![resolve(root, &self.file)?]);
        }
        let wanted = globs(std::slice::from_ref(&self.file))?;
        let is_hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
        let entries = workspace::list(root)?.into_iter();
        let files = entries.filter(|entry| {
            entry.kind == Kind::File
                && wanted.is_match(&entry.path)
                && (self.include_dot_files || !is_hidden(&entry.path))
        });
        files.map(|entry| resolve(root, &entry.path)).collect()
    }
}

fn replace(root: &Path, input: &Value) -> Result<Value> {
    let Replacements { files } = typed(input)?;
    for one in files {
        for full in one.files(root)? {
            let text = read(&full)?;
            write_kept(&full, &one.apply(&text)?)?;
        }
    }
    Ok(json!({}))
}

impl Replacement {
    fn apply(&self, text: &str) -> Result<String> {
        if !self.match_regex {
            return Ok(text.replace(&self.find, &self.replace_with));
        }
        let pattern = RegexBuilder::new(&self.find)
            .size_limit(PATTERN_SIZE)
            .build();
        let pattern = pattern.map_err(|error| {
            Error::input(format!("`{}` is no pattern", self.find)).with_source(error)
        })?;
        let replaced = pattern.replace_all(text, self.replace_with.as_str());
        Ok(replaced.into_owned())
    }
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

/// Packs a file, or everything in a folder but links.
fn zip(root: &Path, input: &Value) -> Result<Value> {
    let (path, output) = (path_of(input), text_of(input, "outputPath"));
    let (source, target) = (resolve(root, path)?, resolve(root, output)?);
    let failed = |error: zip::result::ZipError| {
        Error::input(format!("{path} cannot be packed")).with_source(error)
    };
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, full: &Path, mode: u32| -> Result<()> {
        let options = SimpleFileOptions::default().unix_permissions(mode & 0o777);
        archive.start_file(name, options).map_err(failed)?;
        let content = fs::read(full).map_err(|error| io(&error, "open", full))?;
        archive
            .write_all(&content)
            .map_err(|error| io(&error, "write", full))
    };
    if source.is_dir() {
        let entries = workspace::list(&source)?;
        let files = entries.iter().filter(|entry| entry.kind == Kind::File);
        for entry in files {
            let full = source.join(&entry.path);
            // An archive of before is not a part of itself.
            if full != target {
                add(&entry.path, &full, entry.mode)?;
            }
        }
    } else if source.is_file() {
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        add(&name, &source, PLAIN)?;
    } else {
        let message = format!("File {path} does not exist. Can't zip it.");
        return Err(Error::input(message));
    }
    let packed = archive.finish().map_err(failed)?.into_inner();
    write_file(&target, &packed, PLAIN)?;
    Ok(json!({ "outputPath": output }))
}
