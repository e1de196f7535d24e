//! `callboard template render`: a skeleton with values, without a template around it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use scaffolder::Rehearsal;
use serde_json::{Map, Value, json};

use crate::cli::{Verdict, block_on};
use crate::output::stdout;
use crate::scaffolding;

use super::files::{print_files, write_files};

/// Arguments of `template render`.
#[derive(Debug, Args)]
#[command(after_help = "\
Renders names and contents of the files of a folder, or one file, exactly as the step `fetch:template` \
does, and shows them. What a step would refuse (links out of the folder, too many or too large files) \
is refused here.

Example: callboard template render skeleton --values '{\"name\":\"shop\"}' --to out")]
pub(crate) struct RenderArgs {
    /// Folder or file to render.
    skeleton: PathBuf,
    /// What expressions see as `values`, as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    values: String,
    /// Folder to write the files to; without it they are printed.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Render `{{ … }}` with `cookiecutter` as Cookiecutter templates have it.
    #[arg(long)]
    cookiecutter_compat: bool,
    /// Drop the line break after a tag.
    #[arg(long)]
    trim_blocks: bool,
    /// Drop the blanks before a tag at the start of a line.
    #[arg(long)]
    lstrip_blocks: bool,
    /// Render only files whose names end so, and drop the ending; `.njk`, for example.
    #[arg(long, value_name = "EXTENSION")]
    extension: Option<String>,
    /// Patterns of files to copy as they are.
    #[arg(long, value_name = "GLOB")]
    copy: Vec<String>,
}

impl RenderArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let values: Value = serde_json::from_str(&self.values).context("`--values` is not JSON")?;
        let shown = self.skeleton.display();
        let skeleton = self
            .skeleton
            .canonicalize()
            .with_context(|| format!("cannot read `{shown}`"))?;
        let input = self.input(&skeleton, values)?;
        let rehearsal = Rehearsal {
            template: template(&skeleton, &input),
            folder: skeleton.parent().unwrap_or(Path::new("/")).to_owned(),
            values: input.into(),
            secrets: Map::new(),
            mocks: Map::new(),
            plan: false,
        };
        let tried = block_on(async {
            let (scaffolder, _, ctx) = scaffolding::offline().await?;
            anyhow::Ok(scaffolder.rehearse(&ctx, rehearsal).await?)
        })?;
        let mut out = stdout();
        match &self.to {
            Some(folder) => write_files(folder, &tried)?,
            None => print_files(&mut out, &tried)?,
        }
        out.flush()?;
        Ok(Verdict::Fine)
    }

    /// What the step gets.
    fn input(&self, skeleton: &Path, values: Value) -> anyhow::Result<Map<String, Value>> {
        let name = skeleton.file_name().and_then(|name| name.to_str());
        let name = name.context("the name of the skeleton is no text")?;
        let mut input = Map::new();
        let mut set = |key: &str, value: Value| input.insert(key.to_owned(), value);
        set("url", format!("./{name}").into());
        set("values", values);
        set("cookiecutterCompat", self.cookiecutter_compat.into());
        set("trimBlocks", self.trim_blocks.into());
        set("lstripBlocks", self.lstrip_blocks.into());
        if skeleton.is_file() {
            set("targetPath", name.into());
        }
        if let Some(extension) = &self.extension {
            set("templateFileExtension", extension.as_str().into());
        }
        if !self.copy.is_empty() {
            set("copyWithoutTemplating", self.copy.clone().into());
        }
        Ok(input)
    }
}

/// A template of the one step that renders the skeleton; its input comes through the form, because
/// names and values are no expressions.
fn template(skeleton: &Path, input: &Map<String, Value>) -> Value {
    let action = if skeleton.is_file() {
        "fetch:template:file"
    } else {
        "fetch:template"
    };
    let passed = |name: &String| {
        let expression = format!("${{{{ parameters.{name} }}}}");
        (name.clone(), Value::from(expression))
    };
    let input: Map<String, Value> = input.keys().map(passed).collect();
    json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": { "name": "render" },
        "spec": { "type": "skeleton", "steps": [{ "action": action, "input": input }] },
    })
}
