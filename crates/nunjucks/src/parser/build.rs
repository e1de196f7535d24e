//! The tree while it grows, with its bounds.

use crate::ast::{Ast, Binary, Body, Expr, ExprId, Slot};
use crate::error::{Result, offset};
use crate::limits::{Limits, exceeded};

use super::slots::Slots;

/// Methods that change the array they are called on.
const MUTATING: [&str; 12] = [
    "append",
    "copyWithin",
    "fill",
    "insert",
    "pop",
    "push",
    "remove",
    "reverse",
    "shift",
    "sort",
    "splice",
    "unshift",
];

pub(super) struct Builder {
    ast: Ast,
    pub slots: Slots,
    depth: usize,
    max_depth: usize,
    n_nodes: usize,
    max_nodes: usize,
    /// A member is looked up by a name that is only known later…
    has_computed_member: bool,
    /// …and something else than a member is called: that could be it.
    has_indirect_call: bool,
}

impl Builder {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            ast: Ast::default(),
            slots: Slots::default(),
            depth: 0,
            max_depth: limits.depth,
            n_nodes: 0,
            max_nodes: limits.nodes,
            has_computed_member: false,
            has_indirect_call: false,
        }
    }

    /// The tree with its outermost statements.
    pub(super) fn finish(mut self, root: Body) -> Ast {
        self.ast.root = root;
        self.ast.n_slots = self.slots.finish();
        self.ast.mutates |= self.has_computed_member && self.has_indirect_call;
        self.ast
    }

    /// Goes one level deeper.
    pub(super) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(exceeded("nesting"));
        }
        Ok(())
    }

    /// Comes back from one level.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Counts a node.
    pub(super) fn count(&mut self) -> Result<()> {
        self.n_nodes += 1;
        if self.n_nodes > self.max_nodes {
            return Err(exceeded("size"));
        }
        Ok(())
    }

    /// Adds an expression.
    pub(super) fn add(&mut self, expr: Expr, at: usize) -> Result<ExprId> {
        self.count()?;
        self.note_mutation(&expr);
        Ok(self.ast.add(expr, offset(at)))
    }

    fn note_mutation(&mut self, expr: &Expr) {
        match expr {
            Expr::Member { key, .. } => match self.ast.expr(*key) {
                Expr::Text(name) => self.ast.mutates |= MUTATING.contains(&&**name),
                Expr::Null | Expr::Bool(_) | Expr::Number(_) => {}
                _ => self.has_computed_member = true,
            },
            Expr::Call { target, .. } => match self.ast.expr(*target) {
                Expr::Member { key, .. } => {
                    self.ast.mutates |= !matches!(self.ast.expr(*key), Expr::Text(_));
                }
                _ => self.has_indirect_call = true,
            },
            _ => {}
        }
    }

    pub(super) fn expr(&self, id: ExprId) -> &Expr {
        self.ast.expr(id)
    }

    /// Place of an expression.
    pub(super) fn place(&self, id: ExprId) -> usize {
        self.ast.node(id).at as usize
    }

    /// Takes an expression out again, because it is read as something else.
    pub(super) fn take(&mut self, id: ExprId) -> Expr {
        self.ast.take(id)
    }

    /// `not` in front of a chain of operators belongs to the leftmost operand only.
    pub(super) fn negate(&mut self, target: ExprId, at: usize) -> Result<ExprId> {
        let mut parent = None;
        let mut operand = target;
        loop {
            let left = match self.ast.expr(operand) {
                Expr::Binary(operator, left, _) if *operator != Binary::Power => *left,
                Expr::Compare(left, _) => *left,
                _ => break,
            };
            parent = Some(operand);
            operand = left;
        }
        let negated = self.add(Expr::Unary(crate::ast::Unary::Not, operand), at)?;
        let Some(parent) = parent else {
            return Ok(negated);
        };
        match self.ast.expr_mut(parent) {
            Expr::Binary(_, left, _) | Expr::Compare(left, _) => *left = negated,
            _ => {}
        }
        Ok(target)
    }

    /// The slot a name means here.
    pub(super) fn slot(&self, name: &str) -> Option<Slot> {
        self.slots.find(name)
    }
}
