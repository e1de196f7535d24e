//! From arguments, files and variables to one [`Config`].

use std::path::{Path, PathBuf};
use std::str::FromStr;

use model::Problem;
use url::Url;

use super::environment::{Environment, apply_variable};
use super::files::FileSet;
use super::handle::Config;
use super::transform::{Transformer, VARIABLE_UNSET};
use super::tree::{Kind, Mark, Node};

/// A `--config` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigArg {
    /// A file.
    Path(PathBuf),
    /// A URL; Backstage knows it, but only with remote configuration switched on.
    Url(Url),
}

impl FromStr for ConfigArg {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // One letter is a drive of Windows rather than a scheme.
        let url = Url::parse(text).ok().filter(|url| url.scheme().len() > 1);
        Ok(url.map_or_else(|| Self::Path(text.into()), Self::Url))
    }
}

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The `--config` arguments in order; the usual files when empty.
    pub args: Vec<ConfigArg>,
    /// Folder relative paths start from, absolute.
    pub working_dir: PathBuf,
    /// The variables of the process.
    pub environment: Environment,
}

/// Loads, substitutes and merges; problems are in order of reading, and the configuration has
/// everything that could be understood.
pub fn load(options: &LoadOptions) -> (Config, Vec<Problem>) {
    let mut loader = Loader {
        environment: &options.environment,
        files: FileSet::on_disk(&options.working_dir),
        problems: Vec::new(),
        tree: Node::empty(Mark::whole(0)),
    };
    for source in loader.sources(options) {
        loader.add_file(&source);
    }
    loader.add_variables();
    loader.finish()
}

/// Loads one text without any file: for tests, fuzzing and editors.
pub fn load_text(name: &str, text: &str, environment: &Environment) -> (Config, Vec<Problem>) {
    let mut loader = Loader {
        environment,
        files: FileSet::default(),
        problems: Vec::new(),
        tree: Node::empty(Mark::whole(0)),
    };
    let tree = loader.files.parse(name, text, &mut loader.problems);
    loader.add_tree(tree, Path::new(""));
    loader.finish()
}

struct Loader<'a> {
    environment: &'a Environment,
    files: FileSet,
    problems: Vec<Problem>,
    tree: Node,
}

impl Loader<'_> {
    fn sources(&mut self, options: &LoadOptions) -> Vec<PathBuf> {
        if options.args.is_empty() {
            return default_sources(options);
        }
        let mut sources = Vec::new();
        for arg in &options.args {
            match arg {
                ConfigArg::Path(path) => sources.push(options.working_dir.join(path)),
                ConfigArg::Url(_) => self.problems.push(Problem::error(
                    "config.remote",
                    "",
                    "remote configuration is not enabled; `--config` needs the path of a file",
                )),
            }
        }
        sources
    }

    fn add_file(&mut self, path: &Path) {
        match self.files.read_tree(path, &mut self.problems) {
            Ok(tree) => self.add_tree(tree, path.parent().unwrap_or(Path::new(""))),
            Err(error) => {
                let name = self.files.display(path);
                let problem = Problem::error("config.file", "", error.to_string());
                self.problems.push(problem.at(name, None));
            }
        }
    }

    fn add_tree(&mut self, tree: Option<Node>, dir: &Path) {
        let Some(tree) = tree else { return };
        if !matches!(tree.kind, Kind::Map(_)) {
            let problem = Problem::error("config.root", "", "a configuration file is an object");
            self.problems
                .push(self.files.sources.place(problem, tree.mark));
            return;
        }
        let mut transformer =
            Transformer::new(self.environment, &mut self.files, &mut self.problems);
        if let Some(layer) = transformer.run(tree, dir) {
            self.tree.overlay(layer);
        }
    }

    fn add_variables(&mut self) {
        let mut layer = Node::empty(Mark::whole(0));
        for (key, text) in self.environment.config_variables() {
            let name = format!("variable APP_CONFIG_{key}");
            let mark = Mark::whole(self.files.add_name(&name));
            let problem = apply_variable(&mut layer, key, text, mark);
            self.problems
                .extend(problem.map(|problem| problem.at(name, None)));
        }
        self.tree.overlay(layer);
    }

    fn finish(mut self) -> (Config, Vec<Problem>) {
        let (root, marks) = self.tree.into_parts();
        // A value another file gives is not missing.
        self.problems.retain(|problem| {
            problem.code != VARIABLE_UNSET
                || has_index(&problem.path)
                || root.pointer(&problem.path).is_none()
        });
        (Config::new(root, marks, self.files), self.problems)
    }
}

/// Whether a pointer goes through a list, whose items move when one is left out.
fn has_index(pointer: &str) -> bool {
    pointer
        .split('/')
        .any(|key| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The usual files that exist; without any, defaults do, but others need the first one.
fn default_sources(options: &LoadOptions) -> Vec<PathBuf> {
    let environments: Vec<&str> = options.environment.list("BACKSTAGE_ENV").collect();
    let mut names: Vec<String> = environments
        .iter()
        .map(|name| format!("app-config.{name}.yaml"))
        .collect();
    names.push("app-config.local.yaml".to_owned());
    names.extend(
        environments
            .iter()
            .map(|name| format!("app-config.{name}.local.yaml")),
    );
    let others = names.iter().map(|name| options.working_dir.join(name));
    let others: Vec<PathBuf> = others.filter(|path| path.exists()).collect();
    let base = options.working_dir.join("app-config.yaml");
    let is_needed = base.exists() || !others.is_empty();
    is_needed
        .then_some(base)
        .into_iter()
        .chain(others)
        .collect()
}
