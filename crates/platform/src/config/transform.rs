//! Substitution of variables and includes: what makes a configuration of what is written.
//!
//! `${VAR}` and `${VAR:-default}` in strings, and objects with exactly one of the keys `$env`,
//! `$file` and `$include`. A value whose variable is unset does not exist, as in Backstage; unlike
//! there, this is reported. Depth, number and size of includes are bounded.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use model::{Problem, Severity, pointer};
use serde_json::Value;

use super::environment::Environment;
use super::files::{FileSet, MAX_TEXT_BYTES};
use super::path;
use super::tree::{Kind, Mark, Node};

/// Includes within includes.
const MAX_INCLUDE_DEPTH: usize = 16;
/// Levels of objects and lists, over all includes.
pub(super) const MAX_DEPTH: usize = 100;
/// Values of a configuration, over all includes.
const MAX_NODES: usize = 200_000;

/// Problems of a configuration that are reported.
pub(super) const MAX_PROBLEMS: usize = 500;

const INCLUDE_KEYS: [&str; 3] = ["$file", "$env", "$include"];

/// The files a value was included through, innermost first.
struct Scope<'a> {
    dir: &'a Path,
    included: Option<(&'a Path, &'a str)>,
    parent: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    fn depth(&self) -> usize {
        self.parent.map_or(0, |parent| parent.depth() + 1)
    }

    fn contains(&self, file: &Path, part: &str) -> bool {
        self.included == Some((file, part))
            || self
                .parent
                .is_some_and(|parent| parent.contains(file, part))
    }
}

/// Turns what is written in one file into values.
pub(super) struct Transformer<'a> {
    environment: &'a Environment,
    files: &'a mut FileSet,
    problems: &'a mut Vec<Problem>,
    nodes: usize,
}

impl<'a> Transformer<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        files: &'a mut FileSet,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        Self {
            environment,
            files,
            problems,
            nodes: 0,
        }
    }

    /// The values of a file in `dir`; `None` when nothing is left.
    pub(super) fn run(&mut self, node: Node, dir: &Path) -> Option<Node> {
        let scope = Scope {
            dir,
            included: None,
            parent: None,
        };
        self.node(node, &scope, &mut String::new(), 0)
    }

    fn node(
        &mut self,
        node: Node,
        scope: &Scope<'_>,
        at: &mut String,
        depth: usize,
    ) -> Option<Node> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            if self.nodes <= MAX_NODES + 1 {
                return self.fail(node.mark, at, "the configuration is too deep or too large");
            }
            return None;
        }
        match node.kind {
            Kind::Scalar(Value::String(text)) => {
                let value = self.substitute(&text, node.mark, at)?;
                Some(Node::scalar(node.mark, Value::String(value)))
            }
            Kind::Scalar(_) => Some(node),
            Kind::List(items) => Some(self.list(node.mark, items, scope, at, depth)),
            Kind::Map(entries) => {
                match entries
                    .keys()
                    .find(|key| INCLUDE_KEYS.contains(&key.as_str()))
                {
                    Some(key) => {
                        let key = key.clone();
                        self.include(&key, node.mark, &entries, scope, at, depth)
                    }
                    None => Some(self.map(node.mark, entries, scope, at, depth)),
                }
            }
        }
    }

    fn list(
        &mut self,
        mark: Mark,
        items: Vec<Node>,
        scope: &Scope<'_>,
        at: &mut String,
        depth: usize,
    ) -> Node {
        let len = at.len();
        let mut kept = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            pointer::push_index(at, index);
            kept.extend(self.node(item, scope, at, depth + 1));
            at.truncate(len);
        }
        Node {
            mark,
            kind: Kind::List(kept),
        }
    }

    fn map(
        &mut self,
        mark: Mark,
        entries: IndexMap<String, Node>,
        scope: &Scope<'_>,
        at: &mut String,
        depth: usize,
    ) -> Node {
        let len = at.len();
        let mut kept = IndexMap::with_capacity(entries.len());
        for (key, node) in entries {
            pointer::push_key(at, &key);
            if let Some(node) = self.node(node, scope, at, depth + 1) {
                kept.insert(key, node);
            }
            at.truncate(len);
        }
        Node {
            mark,
            kind: Kind::Map(kept),
        }
    }

    fn include(
        &mut self,
        key: &str,
        mark: Mark,
        entries: &IndexMap<String, Node>,
        scope: &Scope<'_>,
        at: &mut String,
        depth: usize,
    ) -> Option<Node> {
        if entries.len() != 1 {
            return self.fail(
                mark,
                at,
                format!("`{key}` must be the only key of its object"),
            );
        }
        let Some(Kind::Scalar(Value::String(text))) = entries.get(key).map(|node| &node.kind)
        else {
            return self.fail(mark, at, format!("`{key}` needs a string"));
        };
        let argument = self.substitute(text, mark, at)?;
        match key {
            "$env" => {
                let value = self.variable(&argument, mark, at)?;
                Some(Node::scalar(mark, Value::String(value)))
            }
            "$file" => {
                let file = scope.dir.join(&argument);
                match self.files.read_text(&file, MAX_TEXT_BYTES) {
                    Ok(text) => Some(Node::scalar(
                        mark,
                        Value::String(text.trim_end().to_owned()),
                    )),
                    Err(error) => {
                        let name = self.files.display(&file);
                        self.fail(mark, at, format!("cannot read `{name}`: {error}"))
                    }
                }
            }
            _ => self.include_part(&argument, mark, scope, at, depth),
        }
    }

    /// `file#a.b`: a value of another file, with that file's own includes.
    fn include_part(
        &mut self,
        argument: &str,
        mark: Mark,
        scope: &Scope<'_>,
        at: &mut String,
        depth: usize,
    ) -> Option<Node> {
        let (name, part) = argument.split_once('#').unwrap_or((argument, ""));
        let file = scope.dir.join(name);
        if !has_extension(&file, &["json", "yaml", "yml"]) {
            let message = format!("`{name}` is neither a `.yaml` nor a `.json` file");
            return self.fail(mark, at, message);
        }
        let file = self.files.canonical(&file);
        if scope.contains(&file, part) {
            return self.fail(mark, at, format!("`{argument}` includes itself"));
        }
        if scope.depth() >= MAX_INCLUDE_DEPTH {
            return self.fail(mark, at, "too many includes within includes");
        }
        let included = self.files.read_tree(&file, self.problems);
        let mut included = match included {
            Ok(included) => included?,
            Err(error) => {
                let name = self.files.display(&file);
                return self.fail(mark, at, format!("cannot read `{name}`: {error}"));
            }
        };
        for key in part.split('.').filter(|_| !part.is_empty()) {
            let Kind::Map(mut entries) = included.kind else {
                let message = format!("`{name}` has no object around `{key}` of `#{part}`");
                return self.fail(mark, at, message);
            };
            included = entries.swap_remove(key)?;
        }
        let dir = file.parent().unwrap_or(scope.dir).to_path_buf();
        let inner = Scope {
            dir: &dir,
            included: Some((&file, part)),
            parent: Some(scope),
        };
        self.node(included, &inner, at, depth)
    }

    /// `text` with its variables; `None`, and a problem, when one of them is unset.
    fn substitute(&mut self, text: &str, mark: Mark, at: &str) -> Option<String> {
        if !text.contains("${") {
            return Some(text.to_owned());
        }
        let mut output = String::with_capacity(text.len());
        let mut is_complete = true;
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => output.push_str(text),
                Piece::Variable(expression) => match self.evaluate(expression, mark, at) {
                    Some(value) => output.push_str(&value),
                    None => is_complete = false,
                },
            }
        }
        is_complete.then_some(output)
    }

    /// What stands between `${` and `}`: a name, or a name with a default.
    fn evaluate(&mut self, expression: &str, mark: Mark, at: &str) -> Option<String> {
        let Some((name, default)) = expression.split_once(":-") else {
            return self.variable(expression.trim(), mark, at);
        };
        let value = self
            .environment
            .get(name.trim())
            .map(str::trim)
            .unwrap_or_default();
        let value = if value.is_empty() {
            default.trim()
        } else {
            value
        };
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn variable(&mut self, name: &str, mark: Mark, at: &str) -> Option<String> {
        let value = self
            .environment
            .get(name)
            .map(|value| value.trim().to_owned());
        if value.is_none() {
            let message = format!(
                "variable `{name}` is not set, so `{}` is left out",
                path::of_pointer(at)
            );
            let problem = Problem::error(VARIABLE_UNSET, at, message)
                .with_hint(format!("set `{name}`, or give a default: `${{{name}:-…}}`"));
            self.report(
                Problem {
                    severity: Severity::Warning,
                    ..problem
                },
                mark,
            );
        }
        value
    }

    fn fail<T>(&mut self, mark: Mark, at: &str, message: impl Into<String>) -> Option<T> {
        self.report(Problem::error("config.include", at, message), mark);
        None
    }

    fn report(&mut self, problem: Problem, mark: Mark) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(self.files.sources.place(problem, mark));
        }
    }
}

/// Code of the warning about an unset variable.
pub(super) const VARIABLE_UNSET: &str = "config.variable-unset";

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension))
}

/// A part of a string with variables.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// Cuts `a ${B} $${C}` into text and variables; `$${C}` is the text `${C}`.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(found) = rest[from..].find("${") {
        let start = from + found;
        let inner = &rest[start + 2..];
        // A brace in between means that this `${` opens nothing.
        let end = match inner.find(['{', '}']) {
            Some(end) if inner.as_bytes()[end] == b'}' => start + 2 + end,
            _ => {
                from = start + 2;
                continue;
            }
        };
        let is_escaped = rest[..start].ends_with('$');
        if is_escaped {
            pieces.push(Piece::Text(&rest[..start - 1]));
            pieces.push(Piece::Text(&rest[start..=end]));
        } else {
            pieces.push(Piece::Text(&rest[..start]));
            pieces.push(Piece::Variable(&rest[start + 2..end]));
        }
        rest = &rest[end + 1..];
        from = 0;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Resolves `..` and links where the file exists, so that a file has one name.
pub(super) fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_cut_at_variables() {
        let shown = |text| {
            let mut shown = String::new();
            for piece in pieces(text) {
                match piece {
                    Piece::Text(text) => shown.push_str(text),
                    Piece::Variable(name) => {
                        shown.push('<');
                        shown.push_str(name);
                        shown.push('>');
                    }
                }
            }
            shown
        };
        let table = [
            ("plain", "plain"),
            ("${A}", "<A>"),
            ("a ${ B } c ${D:-e}", "a < B > c <D:-e>"),
            ("$${A}", "${A}"),
            ("$$${A}", "$${A}"),
            ("$${A}${B}", "${A}<B>"),
            ("${A", "${A"),
            ("${A{B}", "${A{B}"),
            ("${${A}}", "${<A>}"),
            ("$A {B} }", "$A {B} }"),
            ("${}", "<>"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
