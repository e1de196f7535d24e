//! Parsed templates and how they are rendered.

use serde_json::{Map, Value as Json};

use crate::ast::{Ast, ExprId, StmtKind};
use crate::error::Error;
use crate::eval::Evaluator;
use crate::host::Host;
use crate::limits::Limits;
use crate::parser;
use crate::references::{Reference, references};

/// Which marks a template has and how it treats the space around them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Syntax {
    /// Outputs are `{{ }}` instead of `${{ }}`, and some of Jinja works: `True`, `None`,
    /// `jsonify`, `items()`, `append()`.
    pub cookiecutter_compat: bool,
    /// A line break right behind a block tag goes with the tag.
    pub trim_blocks: bool,
    /// Space between the start of a line and a block tag goes with the tag.
    pub lstrip_blocks: bool,
    /// Values are put out as Python writes them, texts have Python's methods instead of
    /// JavaScript's, and what is undefined cannot be put out: as Cookiecutter itself does.
    pub python: bool,
}

impl Syntax {
    /// What an output begins with.
    pub(crate) fn output_start(self) -> &'static str {
        if self.cookiecutter_compat {
            "{{"
        } else {
            "${{"
        }
    }
}

/// A parsed template: parse once, render often.
#[derive(Debug)]
pub struct Template {
    source: String,
    syntax: Syntax,
    limits: Limits,
    ast: Ast,
}

impl Template {
    /// Parses a template with the default limits.
    pub fn parse(source: &str, syntax: Syntax) -> Result<Self, Error> {
        Self::parse_within(source, syntax, Limits::default())
    }

    /// Parses a template; the limits hold for every rendering, too.
    pub fn parse_within(source: &str, syntax: Syntax, limits: Limits) -> Result<Self, Error> {
        let ast = parser::parse(source, syntax, &limits).map_err(|fault| fault.locate(source))?;
        Ok(Self {
            source: source.to_owned(),
            syntax,
            limits,
            ast,
        })
    }

    /// The source it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text of the template, as of a file.
    pub fn render(&self, context: &Map<String, Json>, host: &Host) -> Result<String, Error> {
        self.evaluator(context, host)
            .render(&self.ast.root)
            .map_err(|fault| fault.locate(&self.source))
    }

    /// The value of the template, as of the input of a step.
    ///
    /// A template that is nothing but one output keeps the type of its expression, and `None` is
    /// JavaScript's `undefined`; everything else is a text.
    pub fn render_value(
        &self,
        context: &Map<String, Json>,
        host: &Host,
    ) -> Result<Option<Json>, Error> {
        let mut evaluator = self.evaluator(context, host);
        match self.sole_output() {
            Some(expr) => evaluator.value(expr),
            None => evaluator
                .render(&self.ast.root)
                .map(|text| Some(text.into())),
        }
        .map_err(|fault| fault.locate(&self.source))
    }

    /// Everything the template refers to: variables, filters, tests, with their places.
    pub fn references(&self) -> Vec<Reference> {
        references(&self.ast, &self.source)
    }

    fn sole_output(&self) -> Option<ExprId> {
        match self.ast.root.as_slice() {
            [only] => match only.kind {
                StmtKind::Output(expr) => Some(expr),
                _ => None,
            },
            _ => None,
        }
    }

    fn evaluator<'a>(&'a self, context: &'a Map<String, Json>, host: &'a Host) -> Evaluator<'a> {
        Evaluator::new(&self.ast, self.syntax, &self.limits, context, host)
    }
}

/// Whether the source is a template, without rendering it.
pub fn check(source: &str, syntax: Syntax) -> Result<(), Error> {
    Template::parse(source, syntax).map(|_| ())
}
