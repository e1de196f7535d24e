//! What a template refers to, found without rendering it.

use std::collections::HashSet;

use crate::ast::{Ast, Body, Expr, ExprId, Parameter, StmtKind};
use crate::error::Position;

/// Something a template names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What is named.
    pub kind: ReferenceKind,
    /// The name, and for a variable the members that follow it, as far as they are fixed.
    pub path: Vec<String>,
    /// Where the name is.
    pub position: Position,
}

/// The kinds of [`Reference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A variable of the context, or of the host.
    Variable,
    /// A variable that the template itself sets somewhere.
    Local,
    /// A function that is called by its name, or a method.
    Call,
    /// A filter.
    Filter,
    /// A test.
    Test,
}

/// All references in the order of the source.
pub(crate) fn references(ast: &Ast, source: &str) -> Vec<Reference> {
    let mut finder = Finder {
        ast,
        locals: HashSet::from(["loop", "caller"]),
        found: Vec::new(),
    };
    finder.collect_locals(&ast.root);
    finder.find();
    finder.found.sort_by_key(|found| found.at);
    let mut place = Position { line: 1, column: 1 };
    let mut last = 0;
    let found = finder.found.into_iter().map(|found| {
        let at = (found.at as usize).min(source.len());
        place = place.after(&source[last..at]);
        last = at;
        Reference {
            kind: found.kind,
            path: found.path,
            position: place,
        }
    });
    found.collect()
}

struct Found {
    kind: ReferenceKind,
    path: Vec<String>,
    at: u32,
}

struct Finder<'a> {
    ast: &'a Ast,
    /// Names that the template sets; where they hold is not looked at.
    locals: HashSet<&'a str>,
    found: Vec<Found>,
}

impl<'a> Finder<'a> {
    /// Bodies are nested as deeply as parsing allows, so recursion is bounded.
    fn collect_locals(&mut self, body: &'a Body) {
        for statement in body {
            match &statement.kind {
                StmtKind::Text(_) | StmtKind::Output(_) => {}
                StmtKind::If {
                    branches,
                    otherwise,
                } => {
                    for (_, body) in branches {
                        self.collect_locals(body);
                    }
                    self.collect_optional(otherwise.as_ref());
                }
                StmtKind::For(it) => {
                    self.locals
                        .extend(it.targets.iter().map(|name| &*name.text));
                    self.collect_locals(&it.body);
                    self.collect_optional(it.otherwise.as_ref());
                }
                StmtKind::Set { targets, value } => {
                    self.locals.extend(targets.iter().map(|name| &*name.text));
                    if let crate::ast::SetValue::Body(body) = value {
                        self.collect_locals(body);
                    }
                }
                StmtKind::Macro(it) => {
                    self.locals.insert(&it.name.text);
                    self.collect_parameters(&it.parameters);
                    self.collect_locals(&it.body);
                }
                StmtKind::Call(it) => {
                    self.collect_parameters(&it.caller.parameters);
                    self.collect_locals(&it.caller.body);
                }
                StmtKind::Block { body, .. } => self.collect_locals(body),
                StmtKind::Switch {
                    cases, otherwise, ..
                } => {
                    for (_, body) in cases {
                        self.collect_locals(body);
                    }
                    self.collect_optional(otherwise.as_ref());
                }
            }
        }
    }

    fn collect_optional(&mut self, body: Option<&'a Body>) {
        if let Some(body) = body {
            self.collect_locals(body);
        }
    }

    fn collect_parameters(&mut self, parameters: &'a [Parameter]) {
        for parameter in parameters {
            self.locals.insert(match parameter {
                Parameter::Required(name) => &name.text,
                Parameter::Default(name, _) => name,
            });
        }
    }

    fn find(&mut self) {
        // A member of a path is part of the longest path it is in.
        let mut is_inner = vec![false; self.ast.exprs.len()];
        let mut is_called = vec![false; self.ast.exprs.len()];
        for node in &self.ast.exprs {
            match &node.expr {
                Expr::Member { target, .. } => is_inner[target.index()] = true,
                Expr::Call { target, .. } => is_called[target.index()] = true,
                _ => {}
            }
        }
        for (index, node) in self.ast.exprs.iter().enumerate() {
            match &node.expr {
                Expr::Filter(call) => self.add(ReferenceKind::Filter, [&*call.name], node.at),
                Expr::Test(call) => self.add(ReferenceKind::Test, [&*call.name], call.at),
                _ if is_inner[index] => {}
                Expr::Name(_) | Expr::Member { .. } => {
                    self.add_path(&node.expr, node.at, is_called[index]);
                }
                _ => {}
            }
        }
    }

    fn add<'s>(&mut self, kind: ReferenceKind, path: impl IntoIterator<Item = &'s str>, at: u32) {
        self.found.push(Found {
            kind,
            path: path.into_iter().map(str::to_owned).collect(),
            at,
        });
    }

    fn add_path(&mut self, expr: &'a Expr, at: u32, is_called: bool) {
        let mut reversed: Vec<Option<&str>> = Vec::new();
        let (mut expr, mut at) = (expr, at);
        let root = loop {
            match expr {
                Expr::Name(name) => break name,
                Expr::Member { target, key } => {
                    reversed.push(self.fixed_key(*key));
                    let node = self.ast.node(*target);
                    (expr, at) = (&node.expr, node.at);
                }
                // A member of something that has no name.
                _ => return,
            }
        };
        let fixed = reversed.iter().rev().map_while(|key| *key);
        let path: Vec<&str> = std::iter::once(&*root.text).chain(fixed).collect();
        let kind = if root.slot.is_some() || self.locals.contains(&*root.text) {
            ReferenceKind::Local
        } else if is_called {
            ReferenceKind::Call
        } else {
            ReferenceKind::Variable
        };
        self.add(kind, path, at);
    }

    fn fixed_key(&self, key: ExprId) -> Option<&'a str> {
        match self.ast.expr(key) {
            Expr::Text(name) => Some(name),
            _ => None,
        }
    }
}
