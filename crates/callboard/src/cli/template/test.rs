//! `callboard template test`: templates with values, and what has to come of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use model::{YamlLimits, parse_documents};
use platform::ctx::Ctx;
use scaffolder::{Scaffolder, Tried};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cli::{Verdict, block_on};
use crate::output::{GREEN, RED, stdout, styled};
use crate::scaffolding;

use super::files::{Case, Found, read, write_files};

/// Arguments of `template test`.
#[derive(Debug, Args)]
#[command(after_help = "\
A file of tests is YAML:

  template: ./template.yaml
  tests:
    - name: a service with a database
      values: {name: shop, database: true}
      secrets: {token: x}
      mocks: {'publish:github': {remoteUrl: 'https://git.example/shop'}}
      expect:
        files: ./golden/with-database   # the folder has to be equal to what the steps leave
        output: {name: shop}            # members that have to be there
        skipped: [publish]              # steps that must not run
        error: does not match           # a part of the error, where there has to be one

Each test is a dry run; an action that `mocks` names is not called and puts out what it says there, \
even if it is not there at all.
The report ends with how many branches of the conditions of steps were taken, and which were not.")]
pub(crate) struct TestArgs {
    /// Files with tests.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write what came out into the folders of `expect.files`.
    #[arg(long)]
    update: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    template: PathBuf,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    name: String,
    #[serde(default)]
    values: Map<String, Value>,
    #[serde(default)]
    secrets: Map<String, Value>,
    #[serde(default)]
    mocks: Map<String, Value>,
    #[serde(default)]
    expect: Expect,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Expect {
    files: Option<PathBuf>,
    output: Option<Map<String, Value>>,
    skipped: Vec<String>,
    error: Option<String>,
}

impl TestArgs {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        block_on(async {
            let (scaffolder, _, ctx) = scaffolding::offline().await?;
            let mut is_wrong = false;
            for file in &self.files {
                is_wrong |= self.run_file(file, &scaffolder, &ctx).await?;
            }
            Ok(Verdict::wrong_if(is_wrong))
        })
    }

    /// Whether a test failed.
    async fn run_file(
        &self,
        file: &Path,
        scaffolder: &Scaffolder,
        ctx: &Ctx,
    ) -> anyhow::Result<bool> {
        let suite = suite(file)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let found = read(&folder.join(&suite.template))?.swap_remove(0);
        let (mut is_wrong, mut branches) = (false, Branches::of(&found));
        for test in &suite.tests {
            let case = Case {
                values: test.values.clone().into(),
                secrets: test.secrets.clone(),
                mocks: test.mocks.clone(),
                plan: false,
            };
            let tried = case.run(scaffolder, ctx, &found).await;
            if let Ok(tried) = &tried {
                branches.note(tried);
            }
            let faults = self.faults(folder, test, tried)?;
            is_wrong |= !faults.is_empty();
            tell(&found, test, &faults)?;
        }
        branches.tell()?;
        Ok(is_wrong)
    }

    fn faults(
        &self,
        folder: &Path,
        test: &Test,
        tried: anyhow::Result<Tried>,
    ) -> anyhow::Result<Vec<String>> {
        let tried = match (tried, &test.expect.error) {
            (Err(error), Some(part)) if error.to_string().contains(part) => return Ok(Vec::new()),
            (Err(error), _) => return Ok(vec![format!("the error is: {error:#}")]),
            (Ok(_), Some(part)) => return Ok(vec![format!("there is no error `{part}`")]),
            (Ok(tried), None) => tried,
        };
        let mut faults = Vec::new();
        for (name, expected) in test.expect.output.iter().flatten() {
            let found = &tried.output[name];
            if found != expected {
                faults.push(format!("output `{name}` is {found}, not {expected}"));
            }
        }
        for step in &test.expect.skipped {
            if !states(&tried, "skipped").contains(step.as_str()) {
                faults.push(format!("the step `{step}` was not skipped"));
            }
        }
        if let Some(golden) = &test.expect.files {
            let golden = folder.join(golden);
            if self.update {
                if golden.exists() {
                    fs::remove_dir_all(&golden)?;
                }
                fs::create_dir_all(&golden)?;
                write_files(&golden, &tried)?;
            } else {
                compare(&golden, &tried, &mut faults)?;
            }
        }
        Ok(faults)
    }
}

fn suite(file: &Path) -> anyhow::Result<Suite> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("cannot read `{shown}`"))?;
    let mut documents = parse_documents(&text, &YamlLimits::default());
    let Some(document) = documents.pop().filter(|_| documents.is_empty()) else {
        bail!("`{shown}` has to be one document");
    };
    if let Some(problem) = document.problems.first() {
        bail!("`{shown}`: {}", problem.message);
    }
    serde_json::from_value(document.value).with_context(|| format!("`{shown}` is no file of tests"))
}

/// The steps that a line gives a state.
fn states<'t>(tried: &'t Tried, state: &str) -> BTreeSet<&'t str> {
    let bodies = tried.log.iter().map(|line| &line["body"]);
    bodies
        .filter(|body| body["status"] == state)
        .filter_map(|body| body["stepId"].as_str())
        .collect()
}

/// Compares what the steps left with a folder.
fn compare(golden: &Path, tried: &Tried, faults: &mut Vec<String>) -> anyhow::Result<()> {
    let mut expected = BTreeMap::new();
    if golden.exists() {
        collect(golden, golden, &mut expected)?;
    }
    for file in &tried.files {
        let path = &file.path;
        match expected.remove(path) {
            None => faults.push(format!("`{path}` is new")),
            Some(content) if content != file.content => {
                faults.push(difference(path, &content, &file.content));
            }
            Some(_) => {}
        }
    }
    faults.extend(expected.keys().map(|path| format!("`{path}` is missing")));
    Ok(())
}

fn collect(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

/// The first line in which two files differ.
fn difference(path: &str, expected: &[u8], found: &[u8]) -> String {
    let (expected, found) = (
        String::from_utf8_lossy(expected),
        String::from_utf8_lossy(found),
    );
    let (mut left, mut right) = (expected.lines(), found.lines());
    let mut n_line = 0;
    loop {
        n_line += 1;
        match (left.next(), right.next()) {
            (None, None) => return format!("`{path}` differs in its last line break"),
            (a, b) if a == b => {}
            (a, b) => {
                let shown = |line: Option<&str>| line.unwrap_or("(end)").to_owned();
                return format!("`{path}` line {n_line}: -{} +{}", shown(a), shown(b));
            }
        }
    }
}

fn tell(found: &Found, test: &Test, faults: &[String]) -> anyhow::Result<()> {
    let mut out = stdout();
    let verdict = if faults.is_empty() {
        styled(GREEN, "ok")
    } else {
        styled(RED, "failed")
    };
    writeln!(out, "{verdict} {}: {}", found.name(), test.name)?;
    for fault in faults {
        writeln!(out, "    {fault}")?;
    }
    out.flush()?;
    Ok(())
}

/// Which conditions were true, and which false.
struct Branches {
    conditional: BTreeSet<String>,
    /// Steps with `each`, whose conditions are asked in every round.
    loops: BTreeSet<String>,
    ran: BTreeSet<String>,
    skipped: BTreeSet<String>,
}

impl Branches {
    fn of(found: &Found) -> Self {
        let steps = found.entity["spec"]["steps"].as_array();
        let ids_with = |key: &str| -> BTreeSet<String> {
            let steps = steps.into_iter().flatten().enumerate();
            let ids = steps.filter(|(_, step)| step.get(key).is_some());
            ids.map(|(index, step)| {
                let id = step["id"].as_str().map(str::to_owned);
                id.unwrap_or_else(|| format!("step-{}", index + 1))
            })
            .collect()
        };
        Self {
            conditional: ids_with("if"),
            loops: ids_with("each"),
            ran: BTreeSet::new(),
            skipped: BTreeSet::new(),
        }
    }

    fn note(&mut self, tried: &Tried) {
        // A step that a dry run leaves out would have run.
        let bodies = tried.log.iter().map(|line| &line["body"]);
        for body in bodies {
            let Some(step) = body["stepId"].as_str() else {
                continue;
            };
            let message = body["message"].as_str().unwrap_or_default();
            let has_run = if self.loops.contains(step) {
                message.contains("Running step each: ")
            } else {
                body["status"].is_string() && body["status"] != "processing"
            };
            if message.ends_with("its if condition was false") {
                self.skipped.insert(step.to_owned());
            } else if has_run {
                self.ran.insert(step.to_owned());
            }
        }
    }

    fn tell(&self) -> anyhow::Result<()> {
        let mut out = stdout();
        if !self.conditional.is_empty() {
            let taken = |steps: &BTreeSet<String>| self.conditional.intersection(steps).count();
            let n_taken = taken(&self.ran) + taken(&self.skipped);
            let n_branches = 2 * self.conditional.len();
            writeln!(out, "branches of conditions: {n_taken} of {n_branches}")?;
        }
        for step in &self.conditional {
            if !self.ran.contains(step) {
                writeln!(out, "note: no test makes the condition of `{step}` true")?;
            }
            if !self.skipped.contains(step) {
                writeln!(out, "note: no test makes the condition of `{step}` false")?;
            }
        }
        out.flush()?;
        Ok(())
    }
}
