//! Templates in files: `template lint` and `template dry-run`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use model::{Severity, YamlLimits, parse_documents};
use platform::actions::Actions;
use platform::ctx::Ctx;
use scaffolder::{Rehearsal, RepoHosts, Scaffolder, Tried, lint_text};
use serde_json::{Map, Value};

use crate::cli::{Verdict, block_on, print_problem};
use crate::output::stdout;
use crate::scaffolding;

use super::example::{self, Choice};
use super::plan::print_plan;

/// Largest file of a template.
const MAX_FILE: u64 = 4 << 20;

/// A template in a file.
pub(super) struct Found {
    pub entity: Value,
    pub path: PathBuf,
}

impl Found {
    /// The folder that relative URLs of the template mean.
    pub(super) fn folder(&self) -> PathBuf {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        folder.to_owned()
    }

    pub(super) fn name(&self) -> &str {
        self.entity["metadata"]["name"].as_str().unwrap_or("?")
    }
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let len = fs::metadata(path)
        .with_context(|| format!("cannot read `{shown}`"))?
        .len();
    if len > MAX_FILE {
        bail!("`{shown}` is too large");
    }
    fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))
}

/// All templates of a file.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Found>> {
    let shown = path.display();
    let documents = parse_documents(&text_of(path)?, &YamlLimits::default());
    let mut found = Vec::new();
    for document in documents {
        if let Some(problem) = document.problems.first() {
            bail!("`{shown}`: {}", problem.message);
        }
        if document.value["kind"] == "Template" {
            found.push(Found {
                entity: document.value,
                path: path.to_owned(),
            });
        }
    }
    if found.is_empty() {
        bail!("there is no template in `{shown}`");
    }
    Ok(found)
}

/// Arguments of `template lint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Looks at the form, the steps and every expression: unknown actions and inputs, outputs of steps that \
come later, parameters the form does not have, expressions that cannot be read. Nothing is run.")]
pub(crate) struct LintArgs {
    /// Files with templates.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// End with 1 for warnings, too.
    #[arg(long)]
    strict: bool,
}

impl LintArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let mut is_wrong = false;
        let mut n_templates = 0;
        let (_, actions, _) = block_on(scaffolding::offline())?;
        for file in &self.files {
            let linted = lint_text(&text_of(file)?, &actions, &RepoHosts::default());
            n_templates += linted.n_templates;
            for mut problem in linted.problems {
                is_wrong |= problem.severity == Severity::Error || self.strict;
                problem.file = Some(file.display().to_string());
                print_problem(&problem);
            }
        }
        let mut out = stdout();
        let noun = if n_templates == 1 {
            "template"
        } else {
            "templates"
        };
        writeln!(out, "{n_templates} {noun} looked at")?;
        out.flush()?;
        Ok(Verdict::wrong_if(is_wrong))
    }
}

/// Arguments of `template dry-run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Runs the steps that change nothing but a folder, leaves the others out, and shows the log, every \
file, the plan (what the others would do: calls, files and changes of the catalog) and the output. \
Hosts are not asked. Relative URLs mean files beside the template.

Example: callboard template dry-run template.yaml --values '{\"name\":\"shop\"}' --to out")]
pub(crate) struct DryRunArgs {
    /// File with a template.
    file: PathBuf,
    /// Values of the form, as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    values: String,
    /// Make values of the form up; those of `--values` stay.
    #[arg(long, value_name = "WHICH")]
    example_values: Option<Choice>,
    /// Put nothing in the place of actions that are not there, or work on files that are not.
    #[arg(long)]
    stand_in: bool,
    /// Folder to write the files to; without it they are printed.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Output of an action that is not to be called; may be repeated. The action need not be there.
    #[arg(long = "mock", value_name = "ACTION=JSON", value_parser = mock)]
    mocks: Vec<(String, Value)>,
}

/// `publish:github={"remoteUrl":"…"}`
fn mock(text: &str) -> Result<(String, Value), String> {
    let (id, output) = text
        .split_once('=')
        .ok_or("an action and its output are expected, as in `publish:zip={}`")?;
    let output = serde_json::from_str(output).map_err(|error| error.to_string())?;
    Ok((id.to_owned(), output))
}

impl DryRunArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let found = read(&self.file)?.swap_remove(0);
        let values = self.values(&found.entity)?;
        let tried = block_on(async {
            let (scaffolder, actions, ctx) = scaffolding::offline().await?;
            let case = Case {
                values: values.into(),
                secrets: Map::new(),
                mocks: self.mocks(&found, &actions),
                plan: true,
            };
            case.run(&scaffolder, &ctx, &found).await
        })?;
        let mut out = stdout();
        for line in &tried.log {
            let message = line["body"]["message"].as_str().unwrap_or_default();
            writeln!(out, "{message}")?;
        }
        match &self.to {
            Some(folder) => write_files(folder, &tried)?,
            None => print_files(&mut out, &tried)?,
        }
        print_plan(&mut out, &tried.plan)?;
        if let Some(error) = &tried.error {
            out.flush()?;
            anyhow::bail!("{}", error.message());
        }
        writeln!(out, "output: {:#}", tried.output)?;
        out.flush()?;
        Ok(Verdict::Fine)
    }
}

impl DryRunArgs {
    fn values(&self, template: &Value) -> anyhow::Result<Map<String, Value>> {
        let given: Map<String, Value> =
            serde_json::from_str(&self.values).context("`--values` is no JSON object")?;
        let example = self.example_values;
        let mut values = example
            .map(|choice| example::values(template, choice))
            .unwrap_or_default();
        values.extend(given);
        Ok(values)
    }

    fn mocks(&self, found: &Found, actions: &Actions) -> Map<String, Value> {
        let mut mocks = Map::new();
        if self.stand_in {
            let is_known = |id: &str| actions.get(id).is_some();
            mocks = example::stand_ins(&found.entity, &found.folder(), is_known);
        }
        mocks.extend(self.mocks.iter().cloned());
        mocks
    }
}

/// Values and mocks to try a template with.
pub(super) struct Case {
    pub values: Value,
    pub secrets: Map<String, Value>,
    pub mocks: Map<String, Value>,
    /// Whether to tell what would be done outside.
    pub plan: bool,
}

impl Case {
    pub(super) async fn run(
        &self,
        scaffolder: &Scaffolder,
        ctx: &Ctx,
        found: &Found,
    ) -> anyhow::Result<Tried> {
        let rehearsal = Rehearsal {
            template: found.entity.clone(),
            folder: found.folder(),
            values: self.values.clone(),
            secrets: self.secrets.clone(),
            mocks: self.mocks.clone(),
            plan: self.plan,
        };
        Ok(scaffolder.rehearse(ctx, rehearsal).await?)
    }
}

/// Prints the files of a trial.
pub(super) fn print_files(out: &mut impl std::io::Write, tried: &Tried) -> anyhow::Result<()> {
    for file in &tried.files {
        writeln!(out, "--- {}", file.path)?;
        match std::str::from_utf8(&file.content) {
            Ok(text) => writeln!(out, "{}", text.trim_end())?,
            Err(_) => writeln!(out, "({} bytes that are no text)", file.content.len())?,
        }
    }
    Ok(())
}

/// Writes the files of a trial into a folder.
pub(super) fn write_files(folder: &Path, tried: &Tried) -> anyhow::Result<()> {
    for file in &tried.files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, &file.content)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        if file.is_executable {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}
