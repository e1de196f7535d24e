//! `fetch:template` and `fetch:template:file`. Reference 2 §D.3.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use globset::GlobSet;
use nunjucks::{Host, Syntax, Template};
use platform::actions::{Run, Step};
use platform::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::files::globs;
use super::source::{self, Content, Sourced};
use super::{Reach, fetch, typed};
use crate::engine::blocking;
use crate::filters::template_host;
use crate::repo_url::RepoHosts;
use crate::workspace::{io, resolve, write_file};

/// Bytes at the start of a file that tell whether it is text.
const SNIFFED: usize = 8_000;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the members are Backstage's")]
struct Input {
    url: String,
    target_path: Option<String>,
    values: Map<String, Value>,
    copy_without_templating: Vec<String>,
    cookiecutter_compat: bool,
    template_file_extension: Option<Extension>,
    replace: bool,
    trim_blocks: bool,
    lstrip_blocks: bool,
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Extension {
    Switch(bool),
    Text(String),
}

impl Input {
    /// The extension of templates, with its point.
    fn extension(&self) -> Option<&str> {
        match &self.template_file_extension {
            None | Some(Extension::Switch(false)) => None,
            Some(Extension::Switch(true)) => Some(".njk"),
            Some(Extension::Text(text)) if text.is_empty() => None,
            Some(Extension::Text(text)) => Some(text),
        }
    }

    fn check(&self) -> Result<()> {
        if self.extension().is_none() {
            return Ok(());
        }
        let other = if !self.copy_without_templating.is_empty() {
            "copyWithoutTemplating"
        } else if self.cookiecutter_compat {
            "cookiecutterCompat"
        } else {
            return Ok(());
        };
        Err(Error::input(format!(
            "Fetch action input extension incompatible with {other} and templateFileExtension"
        )))
    }
}

pub(super) async fn folder(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    run.log.info("Fetching template content from remote URL");
    let input: Input = typed(input)?;
    input.check()?;
    let step = run.step()?.clone();
    let target = input.target_path.clone().unwrap_or_else(|| "./".to_owned());
    let folder = resolve(&step.workspace, &target)?;
    let sourced = source::read_folder(run, reach, &input.url, input.token.as_deref()).await?;
    run.log.info("Listing files and directories in template");
    let n_files = sourced.len();
    let values = if input.values.is_empty() {
        String::new()
    } else {
        format!(" {}", sorted(&input.values))
    };
    let line = format!("Processing {n_files} template files/directories with input values{values}");
    run.log.info(&line);
    let log = run.log.clone();
    blocking(move || {
        let renderer = Renderer::new(step, target, &input)?;
        for one in &sourced {
            renderer.place(one, &*log)?;
        }
        log.info(&format!("Template result written to {}", folder.display()));
        Ok(json!({}))
    })
    .await
}

/// An object as the logger of Backstage writes it.
fn sorted(values: &Map<String, Value>) -> Value {
    let mut members: Vec<_> = values.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    let member = |(name, value): (&String, &Value)| {
        let value = value.as_object().map_or_else(|| value.clone(), sorted);
        (name.clone(), value)
    };
    members
        .into_iter()
        .map(member)
        .collect::<Map<_, _>>()
        .into()
}

pub(super) async fn file(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    run.log
        .info("Fetching template file content from remote URL");
    let input: Input = typed(input)?;
    let step = run.step()?.clone();
    let target = input.target_path.clone().unwrap_or_default();
    let full = resolve(&step.workspace, &target)?;
    if full.exists() && !input.replace {
        run.log.info(&format!(
            "File {target} already exists in workspace, not replacing."
        ));
        return Ok(json!({}));
    }
    let (content, mode) = source::read_file(run, reach, &input.url, input.token.as_deref()).await?;
    let n_bytes = content.len();
    run.log.info(&format!(
        "Processing template file of {n_bytes} bytes for {target}"
    ));
    blocking(move || {
        let renderer = Renderer::new(step, String::new(), &input)?;
        let text = renderer.content(&target, &content)?;
        write_file(&full, &text, mode)?;
        Ok(json!({}))
    })
    .await
}

/// Renders names and contents of files into a folder of the workspace.
struct Renderer {
    step: Step,
    target: String,
    context: Value,
    host: Host,
    syntax: Syntax,
    verbatim: GlobSet,
    extension: Option<String>,
    replace: bool,
}

impl Renderer {
    fn new(step: Step, target: String, input: &Input) -> Result<Self> {
        let name = if input.cookiecutter_compat {
            "cookiecutter"
        } else {
            "values"
        };
        let extension = input.extension().map(str::to_owned);
        Ok(Self {
            step,
            target,
            verbatim: globs(&input.copy_without_templating)?,
            extension,
            replace: input.replace,
            syntax: Syntax {
                cookiecutter_compat: input.cookiecutter_compat,
                trim_blocks: input.trim_blocks,
                lstrip_blocks: input.lstrip_blocks,
                python: false,
            },
            context: json!({ name: input.values }),
            host: template_host(RepoHosts::default()),
        })
    }

    /// Puts one thing where its rendered name says.
    fn place(&self, sourced: &Sourced, log: &dyn platform::actions::Log) -> Result<()> {
        let path = &sourced.path;
        let is_verbatim = self.verbatim.is_match(path);
        let is_template = !is_verbatim
            && match (&self.extension, &sourced.content) {
                (Some(extension), Content::File(_)) => path.ends_with(extension.as_str()),
                (Some(_), _) => false,
                (None, _) => true,
            };
        let name = self.name(path, is_template)?;
        // A name that renders to nothing, or to nothing between two slashes, leaves the file out.
        if name.is_empty() || name.starts_with('/') || name.contains("//") {
            return Ok(());
        }
        let root = &self.step.workspace;
        let full = resolve(root, &format!("{}/{name}", self.target))?;
        if full == resolve(root, &self.target)? {
            return Ok(());
        }
        let is_there = fs::symlink_metadata(&full).is_ok();
        match &sourced.content {
            Content::Folder if is_there => Ok(()),
            Content::Folder => {
                log.info(&format!(
                    "Writing directory {path}/ to template output path."
                ));
                fs::create_dir_all(&full).map_err(|error| io(&error, "mkdir", &full))
            }
            _ if is_there && !self.replace => {
                log.info(&format!(
                    "File {name} already exists in workspace, not replacing."
                ));
                Ok(())
            }
            Content::Link(_) => {
                log.info(&format!(
                    "Copying file/directory {path} without processing."
                ));
                fetch::write(root, &full, sourced)
            }
            Content::File(bytes) => self.write(sourced, bytes, &full, is_template, log),
        }
    }

    fn write(
        &self,
        sourced: &Sourced,
        bytes: &Bytes,
        full: &Path,
        is_template: bool,
        log: &dyn platform::actions::Log,
    ) -> Result<()> {
        let (path, mode) = (&sourced.path, sourced.mode);
        if is_binary(bytes) {
            log.info(&format!(
                "Copying binary file {path} to template output path."
            ));
            return write_file(full, bytes, mode);
        }
        if !is_template {
            log.info(&format!(
                "Copying file/directory {path} without processing."
            ));
            return write_file(full, bytes, mode);
        }
        log.info(&format!(
            "Writing file {path} to template output path with mode {mode}."
        ));
        write_file(full, &self.content(path, bytes)?, mode)
    }

    /// The rendered name; without the extension of templates.
    fn name(&self, path: &str, is_template: bool) -> Result<String> {
        let path = match &self.extension {
            Some(extension) if is_template => path.strip_suffix(extension.as_str()).unwrap_or(path),
            _ => path,
        };
        // Names of files that are copied as they are are rendered, too.
        self.render(path, path)
    }

    fn content(&self, path: &str, bytes: &Bytes) -> Result<Vec<u8>> {
        if is_binary(bytes) {
            return Ok(bytes.to_vec());
        }
        let text = String::from_utf8_lossy(bytes);
        self.render(path, &text).map(String::into_bytes)
    }

    /// A text, rendered; what the template makes of secrets is hidden from now on.
    fn render(&self, path: &str, source: &str) -> Result<String> {
        let failed = |error| Error::input(format!("{path}: {error}"));
        let template = Template::parse(source, self.syntax).map_err(failed)?;
        rendered(&self.step, &self.context, |context| {
            template.render(context, &self.host).map_err(failed)
        })
    }
}

/// What a template makes of its context, with the secrets in it hidden.
pub(super) fn rendered<F>(step: &Step, context: &Value, render: F) -> Result<String>
where
    F: Fn(&Map<String, Value>) -> Result<String>,
{
    let made = step.make(context, |context| match context {
        Value::Object(context) => render(context).map(Value::from),
        // More secrets than can be hidden.
        _ => Ok(Value::Null),
    })?;
    Ok(match made {
        Value::String(text) => text,
        _ => String::new(),
    })
}

/// Whether a file is no text.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let start = bytes.get(..SNIFFED).unwrap_or(bytes);
    if start.contains(&0) {
        return true;
    }
    match std::str::from_utf8(start) {
        Ok(_) => false,
        // A character may be cut in two at the end of the sample.
        Err(error) => error.error_len().is_some() || start.len() - error.valid_up_to() > 3,
    }
}
