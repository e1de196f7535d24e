//! Runs a parsed template.

mod call;
mod expression;
mod macros;
mod scope;
mod statement;

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::ast::{Ast, Body, ExprId};
use crate::error::Result;
use crate::host::Host;
use crate::limits::Limits;
use crate::machine::Machine;
use crate::parser::is_reserved;
use crate::template::Syntax;
use crate::value::{Callable, Value};
use call::Definition;
use scope::{FrameId, ScopeId, Scopes};

pub(crate) struct Evaluator<'a> {
    ast: &'a Ast,
    syntax: Syntax,
    host: &'a Host,
    context: &'a Map<String, Json>,
    machine: Machine<'a>,
    scopes: Scopes<'a>,
    definitions: Vec<Definition<'a>>,
    n_handles: u32,
    /// Functions of the language and of the host that were named already.
    functions: HashMap<&'a str, Callable>,
    /// Copies of what the template may change.
    copies: HashMap<&'a str, Value<'a>>,
}

/// Where names are looked up, and where they go.
#[derive(Debug, Clone, Copy)]
struct Env {
    scope: ScopeId,
    frame: FrameId,
    /// What macros see: the outermost assignments and macros.
    exports: ScopeId,
    exports_macros: bool,
    exports_assignments: bool,
    depth: usize,
}

impl Env {
    /// One level deeper.
    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        ast: &'a Ast,
        syntax: Syntax,
        limits: &Limits,
        context: &'a Map<String, Json>,
        host: &'a Host,
    ) -> Self {
        Self {
            ast,
            syntax,
            host,
            context,
            machine: Machine::new(limits),
            scopes: Scopes::default(),
            definitions: Vec::new(),
            n_handles: 0,
            functions: HashMap::new(),
            copies: HashMap::new(),
        }
    }

    /// The text of the whole template.
    pub(crate) fn render(&mut self, body: &'a Body) -> Result<String> {
        let env = self.root();
        let mut output = String::new();
        self.run(body, env, &mut output)?;
        Ok(self.machine.finish(output))
    }

    /// The value of one expression; `None` is undefined.
    pub(crate) fn value(&mut self, expr: ExprId) -> Result<Option<Json>> {
        let env = self.root();
        let value = self.eval(expr, env)?;
        self.machine
            .json_of(&value)
            .map_err(|fault| fault.at(self.ast.node(expr).at))
    }

    fn root(&mut self) -> Env {
        let exports = self.scopes.add(None, true);
        Env {
            scope: self.scopes.add(Some(exports), true),
            frame: self.scopes.add_frame(self.ast.n_slots, None),
            exports,
            exports_macros: true,
            exports_assignments: true,
            depth: 0,
        }
    }

    /// What a name means that the source does not bind.
    fn lookup(&mut self, name: &'a str, scope: ScopeId) -> Result<Value<'a>> {
        if let Some(value) = self.scopes.get(scope, name) {
            return Ok(value.clone());
        }
        if let Some(value) = self.context_value(name)? {
            return Ok(value);
        }
        if self.syntax.cookiecutter_compat {
            match name {
                "True" => return Ok(Value::Bool(true)),
                "False" => return Ok(Value::Bool(false)),
                "None" => return Ok(Value::Null),
                _ => {}
            }
        }
        if let Some(json) = self.host.value(name) {
            return self.given(name, json);
        }
        Ok(self
            .function(name)
            .map_or(Value::Undefined, Value::Callable))
    }

    fn context_value(&mut self, name: &'a str) -> Result<Option<Value<'a>>> {
        match self.context.get(name) {
            Some(json) if !is_reserved(name) => self.given(name, json).map(Some),
            _ => Ok(None),
        }
    }

    /// A value from outside: as it is, or a copy if the template may change it.
    fn given(&mut self, name: &'a str, json: &'a Json) -> Result<Value<'a>> {
        if !self.ast.mutates || !(json.is_array() || json.is_object()) {
            return Ok(json.into());
        }
        if let Some(copy) = self.copies.get(name) {
            return Ok(copy.clone());
        }
        let copy = self.machine.adopt(json)?;
        self.copies.insert(name, copy.clone());
        Ok(copy)
    }
}
