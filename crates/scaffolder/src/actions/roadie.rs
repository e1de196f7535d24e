//! `roadiehq:utils:*`: small changes to files of the workspace, and texts of values.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::{YamlLimits, parse_documents};
use platform::actions::{Run, Step};
use platform::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::files::globs;
use super::typed;
use crate::engine::blocking;
use crate::script::{self, Function};
use crate::workspace::{self, Kind, io, resolve, write_file};

/// How long a step may sleep.
const MAX_SLEEP: Duration = Duration::from_mins(10);
/// Spaces of a JSON file that nobody wants otherwise.
const INDENT: usize = 2;
const PLAIN: u32 = 0o644;

/// Runs one of them; the rest of its id after `roadiehq:utils:`.
pub(super) async fn run(name: &str, run: &Run, input: &Value) -> Result<Value> {
    if name == "sleep" {
        return sleep(run, input).await;
    }
    let step = run.step()?.clone();
    let (name, input) = (name.to_owned(), input.clone());
    blocking(move || match name.as_str() {
        "fs:write" => write(&step.workspace, &input),
        "fs:append" => append(&step.workspace, &input),
        "fs:parse" => parse(&step, &input),
        "fs:replace" => replace(&step, &input),
        "json:merge" => merge_json(&step, &input),
        "merge" => merge(&step, &input),
        "serialize:json" => serialize_json(&step, &input),
        "serialize:yaml" => text(&step, Function::YamlText, "serialized", &input),
        "jsonata" => jsonata(&step, &input),
        "jsonata:json:transform" => transform_json(&step, &input),
        "jsonata:yaml:transform" => transform_yaml(&step, &input),
        "zip" => zip(&step.workspace, &input),
        other => Err(Error::internal(format!(
            "no code for roadiehq:utils:{other}"
        ))),
    })
    .await
}

/// What a function of the libraries gives, as an output; `undefined` is none.
fn text(step: &Step, function: Function, name: &str, input: &Value) -> Result<Value> {
    step.make(input, |input| {
        let found = script::call(function, input)?;
        Ok(found.map_or_else(|| json!({}), |value| json!({ name: value })))
    })
}

fn serialize_json(step: &Step, input: &Value) -> Result<Value> {
    let mut input = input.clone();
    // An empty list of names means all of them.
    if input["replacer"].as_array().is_some_and(Vec::is_empty) {
        input["replacer"] = Value::Null;
    }
    text(step, Function::JsonText, "serialized", &input)
}

fn jsonata(step: &Step, input: &Value) -> Result<Value> {
    text(step, Function::Evaluate, "result", input).map_err(|error| {
        let why = error.message();
        Error::input(format!("JSONata failed to evaluate the expression: {why}"))
    })
}

fn transform_json(step: &Step, input: &Value) -> Result<Value> {
    let path = path_of(input);
    let text = read(&resolve(&step.workspace, path)?)?.into();
    let data = step.make(&text, |text| json_of(text_in(text), path))?;
    transform(step, input, data, "json")
}

fn transform_yaml(step: &Step, input: &Value) -> Result<Value> {
    let text = read(&resolve(&step.workspace, path_of(input))?)?.into();
    let data = step.make(&text, |text| yaml_data(text_in(text), input))?;
    transform(step, input, data, "yaml")
}

/// The content of a YAML file, as an expression sees it.
fn yaml_data(text: &str, input: &Value) -> Result<Value> {
    let mut documents = documents(text, path_of(input))?;
    Ok(match documents.len() {
        _ if input["loadAll"] == true => documents.into(),
        0 => Value::Null,
        1 => documents.remove(0),
        _ => {
            let path = path_of(input);
            let message = format!("{path} has several documents; `loadAll` makes a list of them");
            return Err(Error::input(message));
        }
    })
}

/// A text that is wrapped as a value.
fn text_in(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The result of an expression on the content of a file, as a text unless an object is wanted.
fn transform(step: &Step, input: &Value, data: Value, format: &str) -> Result<Value> {
    let mut input = input.clone();
    let as_value = input["as"] == "object";
    input["as"] = if as_value { "object" } else { format }.into();
    input["data"] = data;
    text(step, Function::Evaluate, "result", &input)
}

async fn sleep(run: &Run, input: &Value) -> Result<Value> {
    let seconds = input["amount"].as_f64().unwrap_or_default();
    let time = Duration::try_from_secs_f64(seconds)
        .map_err(|error| Error::input("this is no time to sleep").with_source(error))?;
    if run.is_dry_run {
        run.log
            .info(&format!("Not waiting {seconds} seconds in a dry run"));
        return Ok(json!({}));
    }
    run.log.info(&format!("Waiting {seconds} seconds"));
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
        Value::String(text) if input["preserveFormatting"] == true => formatted(text),
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}

/// JSON over several lines; anything else as it is.
fn formatted(text: &str) -> String {
    let parsed = serde_json::from_str::<Value>(text);
    parsed.map_or_else(|_| text.to_owned(), |value| format!("{value:#}"))
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

/// The extension of a path, which says what kind of file it is.
fn extension(path: &str) -> String {
    let extension = Path::new(path).extension().unwrap_or_default();
    extension.to_string_lossy().to_ascii_lowercase()
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

fn parse(step: &Step, input: &Value) -> Result<Value> {
    let path = path_of(input);
    let text = read(&resolve(&step.workspace, path)?)?.into();
    let content = step.make(&text, |text| {
        let text = text_in(text);
        Ok(match input["parser"].as_str() {
            Some("multiyaml") => documents(text, path)?.into(),
            Some("yaml") => {
                let mut documents = documents(text, path)?.into_iter();
                documents.next().unwrap_or_default()
            }
            Some("json") => json_of(text, path)?,
            _ => text.into(),
        })
    })?;
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

fn replace(step: &Step, input: &Value) -> Result<Value> {
    let Replacements { files } = typed(input)?;
    for one in files {
        for full in one.files(&step.workspace)? {
            let text = read(&full)?;
            write_kept(&full, &one.apply(step, &text)?)?;
        }
    }
    Ok(json!({}))
}

impl Replacement {
    fn apply(&self, step: &Step, text: &str) -> Result<String> {
        let asked = json!({
            "text": text, "find": self.find, "isPattern": self.match_regex,
            "replacement": self.replace_with,
        });
        // A dollar sign in the new text means a part of what was found, with and without patterns.
        if self.match_regex || self.replace_with.contains('$') {
            return written(step, Function::ReplaceText, &asked);
        }
        let made = step.make(&asked, |asked| {
            let replaced = text_in(&asked["text"])
                .replace(text_in(&asked["find"]), text_in(&asked["replacement"]));
            Ok(replaced.into())
        })?;
        Ok(text_in(&made).to_owned())
    }
}

/// The text that a function of the libraries makes for a file.
fn written(step: &Step, function: Function, asked: &Value) -> Result<String> {
    let made = step.make(asked, |asked| {
        Ok(script::call(function, asked)?.unwrap_or_default())
    })?;
    Ok(text_in(&made).to_owned())
}

/// Writes a file that is there, with its mode.
fn write_kept(full: &Path, text: &str) -> Result<()> {
    fs::write(full, text).map_err(|error| io(&error, "open", full))
}

/// Merges into a JSON file, which is made if need be.
fn merge_json(step: &Step, input: &Value) -> Result<Value> {
    let full = resolve(&step.workspace, path_of(input))?;
    let old = if full.exists() {
        read(&full)?
    } else {
        "{}".to_owned()
    };
    let space = if input["matchFileIndent"] == true {
        indent_of(&old)
    } else {
        INDENT
    };
    let merged = merged(step, Function::MergeJson, &old, space, input)?;
    write_merged(&full, &merged)
}

/// Merges into a JSON or YAML file; other files stay as they are.
fn merge(step: &Step, input: &Value) -> Result<Value> {
    let path = path_of(input);
    let full = resolve(&step.workspace, path)?;
    if !full.exists() {
        return Err(Error::input(format!("The file {path} does not exist.")));
    }
    let function = match extension(path).as_str() {
        "json" => Function::MergeJson,
        "yaml" | "yml" => Function::MergeYaml,
        _ => return Ok(json!({})),
    };
    let merged = merged(step, function, &read(&full)?, INDENT, input)?;
    write_merged(&full, &merged)
}

fn merged(
    step: &Step,
    function: Function,
    old: &str,
    space: usize,
    input: &Value,
) -> Result<String> {
    let asked = json!({
        "text": old,
        "content": input["content"],
        "joins": input["mergeArrays"] == true,
        "space": space,
        "including": input["useDocumentIncludingField"],
        "keepsComments": input["preserveYamlComments"] == true,
        "options": input["options"],
    });
    written(step, function, &asked)
}

fn write_merged(full: &Path, text: &str) -> Result<Value> {
    write_file(full, text.as_bytes(), PLAIN)?;
    Ok(json!({ "path": full }))
}

/// Spaces, or tabs, by which the first line inside of something is indented.
fn indent_of(text: &str) -> usize {
    let width = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut widths = text.lines().map(width);
    widths.find(|width| *width > 0).unwrap_or(INDENT)
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
