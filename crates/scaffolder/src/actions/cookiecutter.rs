//! `fetch:cookiecutter`: what Cookiecutter makes of a template, made here.
//!
//! As there, the variables of `cookiecutter.json` are rendered one after the other, each with those
//! before it; then names and contents of the files below the folder whose name is a variable. Hooks
//! are programs and are not run; the log says so. Random values (`uuid4`, `random_ascii_string`) are
//! others when a step is repeated, as they are in Cookiecutter.

mod variables;

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use nunjucks::{Host, Syntax};
use platform::actions::{Run, Step};
use platform::{Error, Result};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::source::{self, Content, Sourced};
use super::template::is_binary;
use super::{Reach, typed};
use crate::engine::blocking;
use crate::workspace::{io, resolve, write_file};

/// The file of the variables.
const SETTINGS: &str = "cookiecutter.json";
/// Extensions that are part of what templates can use anyway.
const EXTENSIONS: [&str; 5] = [
    "cookiecutter.extensions.JsonifyExtension",
    "cookiecutter.extensions.RandomStringExtension",
    "cookiecutter.extensions.SlugifyExtension",
    "cookiecutter.extensions.UUIDExtension",
    "jinja2.ext.with_",
];

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    url: String,
    target_path: Option<String>,
    values: Map<String, Value>,
    copy_without_render: Option<Value>,
    extensions: Option<Value>,
    token: Option<String>,
}

pub(super) async fn fetch(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    run.log
        .info("Fetching and then templating using cookiecutter");
    let input: Input = typed(input)?;
    let step = run.step()?.clone();
    let target = input.target_path.clone().unwrap_or_else(|| "./".to_owned());
    resolve(&step.workspace, &target)?;
    let sourced = source::read_folder(run, reach, &input.url, input.token.as_deref()).await?;
    if sourced.iter().any(|it| it.path.starts_with("hooks/")) {
        run.log
            .error("The hooks of the template are not run: they are programs of their own");
    }
    blocking(move || {
        for made in made(&step, &sourced, &input)? {
            let full = resolve(&step.workspace, &format!("{target}/{}", made.path))?;
            made.write(&full)?;
        }
        Ok(json!({}))
    })
    .await
}

/// What a template becomes; what it makes of secrets is hidden from now on.
fn made(step: &Step, sourced: &[Sourced], input: &Input) -> Result<Vec<Made>> {
    let made = |values| Project::new(sourced, input, values)?.files();
    let files = made(input.values.clone());
    let values = Value::Object(input.values.clone());
    if let Some(secrecy) = &step.secrecy
        && let Some(Value::Object(values)) = secrecy.without(&values)
    {
        secrecy.hide_made(&told(&files), &told(&made(values)))?;
    }
    files
}

/// What is to be seen of files.
fn told(files: &Result<Vec<Made>>) -> Value {
    match files {
        Ok(files) => files.iter().map(Made::to_json).collect(),
        Err(error) => error.message().into(),
    }
}

/// A file or, without content, a folder that a template becomes.
struct Made {
    path: String,
    mode: u32,
    content: Option<Bytes>,
}

impl Made {
    fn to_json(&self) -> Value {
        let text = self.content.as_deref().map(String::from_utf8_lossy);
        json!([self.path, text])
    }

    fn write(&self, full: &Path) -> Result<()> {
        match &self.content {
            Some(_) if full.is_dir() => Ok(()),
            Some(content) => write_file(full, content, self.mode),
            None => std::fs::create_dir_all(full).map_err(|error| io(&error, "mkdir", full)),
        }
    }
}

/// A template with its variables.
struct Project<'s> {
    sourced: &'s [Sourced],
    /// The folder whose name is a variable.
    folder: &'s str,
    /// `cookiecutter`, with all variables.
    context: Map<String, Value>,
    verbatim: Vec<Regex>,
    syntax: Syntax,
    host: Host,
}

impl<'s> Project<'s> {
    fn new(sourced: &'s [Sourced], input: &Input, values: Map<String, Value>) -> Result<Self> {
        let mut settings = settings(sourced)?;
        settings.extend(values);
        for (name, given) in [
            ("_copy_without_render", &input.copy_without_render),
            ("_extensions", &input.extensions),
        ] {
            if let Some(given) = given {
                settings.insert(name.to_owned(), given.clone());
            }
        }
        for extension in texts(settings.get("_extensions")) {
            if !EXTENSIONS.contains(&extension) {
                return Err(Error::not_implemented(format!(
                    "the template needs the extension {extension}, which is a program of its own"
                )));
            }
        }
        let patterns = texts(settings.get("_copy_without_render"));
        let verbatim = patterns.map(fnmatch).collect::<Result<_>>()?;
        let options = settings
            .get("_jinja2_env_vars")
            .cloned()
            .unwrap_or_default();
        let syntax = Syntax {
            cookiecutter_compat: true,
            trim_blocks: options["trim_blocks"] == true,
            lstrip_blocks: options["lstrip_blocks"] == true,
            python: true,
        };
        let host = variables::host();
        let variables = variables::render(settings, syntax, &host)?;
        Ok(Self {
            sourced,
            folder: template_folder(sourced)?,
            context: [("cookiecutter".to_owned(), variables.into())]
                .into_iter()
                .collect(),
            verbatim,
            syntax,
            host,
        })
    }

    fn files(&self) -> Result<Vec<Made>> {
        let name = self.render(self.folder, self.folder)?;
        if name.is_empty() {
            return Err(Error::input(format!(
                "{}: a folder needs a name",
                self.folder
            )));
        }
        self.check_folders()?;
        let made = self.inside().map(|(path, it)| self.make(path, it));
        made.filter_map(Result::transpose).collect()
    }

    /// Everything in the folder that becomes the project, with its path there.
    fn inside(&self) -> impl Iterator<Item = (&'s str, &'s Sourced)> {
        self.sourced.iter().filter_map(|it| {
            let path = it.path.strip_prefix(self.folder)?.strip_prefix('/')?;
            Some((path, it))
        })
    }

    /// Refuses folders without a name, and two that become one.
    fn check_folders(&self) -> Result<()> {
        let mut folders = BTreeSet::new();
        for (path, sourced) in self.inside() {
            let ends = path.match_indices('/').map(|(at, _)| at);
            let own = is_folder(sourced).then_some(path.len());
            folders.extend(ends.chain(own).map(|at| &path[..at]));
        }
        let mut made = BTreeSet::from([String::new()]);
        for folder in folders {
            if self.is_verbatim(folder) || self.copied_folder(folder).is_some() {
                continue;
            }
            let rendered = self.render(folder, folder)?;
            let parts = rendered.split('/').filter(|part| !part.is_empty());
            let rendered = parts.collect::<Vec<_>>().join("/");
            if !made.insert(rendered) {
                return Err(Error::input(format!(
                    "{folder}: its name becomes that of another folder, or none"
                )));
            }
        }
        Ok(())
    }

    /// What a file or folder becomes; nothing if its name renders to nothing.
    fn make(&self, path: &str, sourced: &Sourced) -> Result<Option<Made>> {
        let copied = self.copied_folder(path);
        let rendered = match copied {
            Some(folder) => format!("{}{}", self.render(path, folder)?, &path[folder.len()..]),
            None => self.render(path, path)?,
        };
        if rendered.is_empty() || (rendered.ends_with('/') && !is_folder(sourced)) {
            return Ok(None);
        }
        let content = match &sourced.content {
            Content::Folder => None,
            Content::File(bytes) => {
                let is_copied = copied.is_some() || self.is_verbatim(path) || is_binary(bytes);
                Some(if is_copied {
                    bytes.clone()
                } else {
                    self.content(path, bytes)?
                })
            }
            Content::Link(_) => {
                return Err(Error::input(format!("{path} is a link, which is refused")));
            }
        };
        Ok(Some(Made {
            path: rendered,
            mode: sourced.mode,
            content,
        }))
    }

    /// The first folder above something that is copied as it is, with everything in it.
    fn copied_folder<'p>(&self, path: &'p str) -> Option<&'p str> {
        let ends = path.match_indices('/').map(|(at, _)| at);
        ends.map(|at| &path[..at])
            .find(|folder| self.is_verbatim(folder))
    }

    fn is_verbatim(&self, path: &str) -> bool {
        self.verbatim.iter().any(|pattern| pattern.is_match(path))
    }

    /// The rendered text; its lines end as the first one did.
    fn content(&self, path: &str, bytes: &Bytes) -> Result<Bytes> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Error::input(format!("{path} is neither text nor binary")))?;
        let first = text.split_once('\n').map_or("", |(line, _)| line);
        let rendered = self.render(path, &text.replace("\r\n", "\n"))?;
        let given = self.context["cookiecutter"]["_new_lines"].as_str();
        let line_end = given.unwrap_or(if first.ends_with('\r') { "\r\n" } else { "\n" });
        Ok(if line_end == "\n" {
            rendered.into()
        } else {
            rendered.replace('\n', line_end).into()
        })
    }

    fn render(&self, path: &str, source: &str) -> Result<String> {
        variables::text(source, &self.context, self.syntax, &self.host)
            .map_err(|error| Error::input(format!("{path}: {error}")))
    }
}

fn is_folder(sourced: &Sourced) -> bool {
    matches!(sourced.content, Content::Folder)
}

/// The variables as the template has them, in their order.
fn settings(sourced: &[Sourced]) -> Result<Map<String, Value>> {
    let missing = || Error::input(format!("the template has no {SETTINGS}"));
    let file = sourced.iter().find(|it| it.path == SETTINGS);
    let Content::File(bytes) = &file.ok_or_else(missing)?.content else {
        return Err(missing());
    };
    serde_json::from_slice(bytes)
        .map_err(|error| Error::input(format!("{SETTINGS} is no JSON object: {error}")))
}

/// The folder that becomes the project.
fn template_folder(sourced: &[Sourced]) -> Result<&str> {
    let names = sourced.iter().map(|it| {
        let end = it.path.find('/').unwrap_or(it.path.len());
        &it.path[..end]
    });
    let mut found = names
        .filter(|name| name.contains("cookiecutter") && name.contains("{{") && name.contains("}}"));
    found.next().ok_or_else(|| {
        Error::input(
            "the template has no folder whose name is a variable, such as {{cookiecutter.name}}",
        )
    })
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str)
}

/// A pattern of Python's `fnmatch`: a star stands for slashes, too.
fn fnmatch(pattern: &str) -> Result<Regex> {
    let mut source = String::from("(?s)^");
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => source.push_str(".*"),
            '?' => source.push('.'),
            '[' => match end_of_set(rest) {
                Some(end) => {
                    let (set, after) = rest.split_at(end);
                    rest = &after[1..];
                    push_set(set, &mut source);
                }
                None => source.push_str("\\["),
            },
            c => source.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    source.push('$');
    Regex::new(&source)
        .map_err(|error| Error::input(format!("`{pattern}` is no pattern")).with_source(error))
}

/// Where the bracket is that closes a set; one right at its start is a member.
fn end_of_set(rest: &str) -> Option<usize> {
    let first = rest.chars().next()?.len_utf8();
    rest[first..].find(']').map(|at| at + first)
}

/// Characters and ranges; a mark at the start turns them into all others.
fn push_set(set: &str, source: &mut String) {
    source.push('[');
    let members = set.strip_prefix('!');
    if members.is_some() {
        source.push('^');
    }
    for c in members.unwrap_or(set).chars() {
        if "\\[]^&~".contains(c) {
            source.push('\\');
        }
        source.push(c);
    }
    source.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_python() {
        for (pattern, path, expected) in [
            ("*.js", "a/b.js", true),
            ("docs/*", "docs/a/b", true),
            ("?.txt", "ab.txt", false),
            ("[ab].txt", "a.txt", true),
            ("[!ab].txt", "a.txt", false),
            ("[", "[", true),
            ("a.c", "abc", false),
            ("[]]", "]", true),
            ("[^]", "^", true),
            ("[é", "[é", true),
            ("[a&&b]", "&", true),
        ] {
            assert_eq!(
                fnmatch(pattern).unwrap().is_match(path),
                expected,
                "{pattern} {path}"
            );
        }
    }
}
