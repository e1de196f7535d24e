//! Calls: macros, methods, `range`, `cycler`, `joiner`, functions of the host; and members,
//! because a method is one.

use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::ast::{Arguments, Expr, ExprId, Parameter};
use crate::error::{ErrorKind, Fault, Result, fault, quoted};
use crate::machine::check_size;
use crate::methods::{self, Method};
use crate::value::{Callable, Text, Value};

use super::macros::Defined;
use super::{Env, Evaluator};

/// What a callable value does.
#[derive(Debug)]
pub(super) enum Definition<'a> {
    Macro(Defined<'a>),
    Caller(Defined<'a>),
    Range,
    MakeCycler,
    MakeJoiner,
    Cycler {
        values: Vec<Value<'a>>,
        index: Option<usize>,
    },
    CyclerNext(u32),
    CyclerReset(u32),
    Joiner {
        separator: Value<'a>,
        is_used: bool,
    },
    Method(Value<'a>, Method),
    Host(usize),
}

/// A member: a value of its own, or a method.
enum Member<'a> {
    Value(Value<'a>),
    Method(Method),
}

/// Evaluated arguments.
#[derive(Debug, Default)]
pub(super) struct CallArguments<'a> {
    pub positional: Vec<Value<'a>>,
    keyword: Vec<(&'a str, Value<'a>)>,
}

impl<'a> CallArguments<'a> {
    pub(super) fn set(&mut self, name: &'a str, value: Value<'a>) {
        self.keyword.retain(|(known, _)| *known != name);
        self.keyword.push((name, value));
    }

    pub(super) fn get(&self, name: &str) -> Option<Value<'a>> {
        let found = self.keyword.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let index = self.keyword.iter().position(|(known, _)| *known == name)?;
        Some(self.keyword.remove(index).1)
    }

    /// Positional arguments beyond the required parameters go to those with a default, in order.
    pub(super) fn spread_surplus(&mut self, parameters: &'a [Parameter]) {
        let n_required = parameters
            .iter()
            .filter(|parameter| matches!(parameter, Parameter::Required(_)))
            .count();
        if self.positional.len() <= n_required {
            return;
        }
        let surplus = self.positional.split_off(n_required);
        let defaults = parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Default(name, _) => Some(&**name),
            Parameter::Required(_) => None,
        });
        for (name, value) in defaults.zip(surplus) {
            self.set(name, value);
        }
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn define(&mut self, definition: Definition<'a>) -> Callable {
        let index = u32::try_from(self.definitions.len()).unwrap_or(u32::MAX);
        self.definitions.push(definition);
        self.handle(index)
    }

    /// A new identity for something that can be called.
    fn handle(&mut self, definition: u32) -> Callable {
        self.n_handles += 1;
        Callable {
            definition,
            handle: self.n_handles,
        }
    }

    pub(super) fn definition(&self, index: u32) -> &Definition<'a> {
        &self.definitions[index as usize]
    }

    /// A function of the host or of the language.
    pub(super) fn function(&mut self, name: &'a str) -> Option<Callable> {
        if let Some(known) = self.functions.get(name) {
            return Some(*known);
        }
        let definition = match self.host.function_index(name) {
            Some(index) => Definition::Host(index),
            None => match name {
                "range" => Definition::Range,
                "cycler" => Definition::MakeCycler,
                "joiner" => Definition::MakeJoiner,
                _ => return None,
            },
        };
        let callable = self.define(definition);
        self.functions.insert(name, callable);
        Some(callable)
    }

    pub(super) fn member_of(&mut self, target: ExprId, key: ExprId, env: Env) -> Result<Value<'a>> {
        let target = self.eval(target, env)?;
        match self.member(&target, key, env)? {
            Member::Value(value) => Ok(value),
            Member::Method(method) => {
                let callable = self.define(Definition::Method(target, method));
                Ok(Value::Callable(callable))
            }
        }
    }

    fn member(&mut self, target: &Value<'a>, key: ExprId, env: Env) -> Result<Member<'a>> {
        let key = if let Expr::Text(name) = self.ast.expr(key) {
            Text::Borrowed(name)
        } else {
            let key = self.eval(key, env)?;
            self.machine.text_of(&key)?
        };
        if let Value::Callable(callable) = target {
            return Ok(Member::Value(self.cycler_member(*callable, &key)));
        }
        Ok(match self.own_member(target, &key)? {
            // A function that comes out of a container is another one each time.
            Some(Value::Callable(callable)) => {
                Member::Value(Value::Callable(self.handle(callable.definition)))
            }
            Some(value) => Member::Value(value),
            None => match methods::find(target, &key, self.syntax) {
                Some(method) => Member::Method(method),
                None => Member::Value(Value::Undefined),
            },
        })
    }

    /// A member that is data.
    pub(super) fn own_member(
        &mut self,
        target: &Value<'a>,
        name: &str,
    ) -> Result<Option<Value<'a>>> {
        self.machine.own_member(target, name)
    }

    fn cycler_member(&mut self, callable: Callable, name: &str) -> Value<'a> {
        let Definition::Cycler { values, index } = self.definition(callable.definition) else {
            return Value::Undefined;
        };
        let definition = match name {
            "current" => {
                return match index {
                    Some(index) => values.get(*index).cloned().unwrap_or(Value::Undefined),
                    None => Value::Null,
                };
            }
            "next" => Definition::CyclerNext(callable.definition),
            "reset" => Definition::CyclerReset(callable.definition),
            _ => return Value::Undefined,
        };
        Value::Callable(self.define(definition))
    }

    pub(super) fn call(
        &mut self,
        target: ExprId,
        arguments: &'a Arguments,
        env: Env,
    ) -> Result<Value<'a>> {
        let callee = match self.ast.expr(target) {
            Expr::Member { target: owner, key } => {
                let owner = self.eval(*owner, env)?;
                match self.member(&owner, *key, env)? {
                    Member::Method(method) => {
                        return self.call_method(&owner, method, arguments, env);
                    }
                    Member::Value(value) => value,
                }
            }
            _ => self.eval(target, env)?,
        };
        let Value::Callable(Callable { definition, .. }) = callee else {
            let name = self
                .path(target)
                .map_or_else(|| "this expression".to_owned(), |path| quoted(&path));
            return Err(fault(format!(
                "{name} is {}, it cannot be called",
                callee.kind()
            )));
        };
        self.call_definition(definition, arguments, env)
    }

    fn call_definition(
        &mut self,
        index: u32,
        arguments: &'a Arguments,
        env: Env,
    ) -> Result<Value<'a>> {
        let (name, max) = match self.definition(index) {
            Definition::Macro(defined) | Definition::Caller(defined) => {
                let defined = *defined;
                let arguments = self.call_arguments(arguments, env)?;
                return self.invoke(defined, arguments, env);
            }
            Definition::Method(owner, method) => {
                let (owner, method) = (owner.clone(), *method);
                return self.call_method(&owner, method, arguments, env);
            }
            Definition::Cycler { .. } => {
                return Err(fault("a cycler has to be asked for `next()`"));
            }
            Definition::Range => ("range", 3),
            Definition::MakeCycler => ("cycler", usize::MAX),
            Definition::MakeJoiner => ("joiner", 1),
            Definition::CyclerNext(_) | Definition::CyclerReset(_) | Definition::Joiner { .. } => {
                ("this function", 0)
            }
            Definition::Host(_) => ("a function of the host", usize::MAX),
        };
        let arguments = self.data_arguments(name, 0, max, arguments, env)?;
        self.call_builtin(index, arguments)
    }

    fn call_builtin(&mut self, index: u32, arguments: Vec<Value<'a>>) -> Result<Value<'a>> {
        match self.definition(index) {
            Definition::Range => self.range(&arguments),
            Definition::MakeCycler => {
                let cycler = Definition::Cycler {
                    values: arguments,
                    index: None,
                };
                Ok(Value::Callable(self.define(cycler)))
            }
            Definition::MakeJoiner => {
                let separator = arguments.into_iter().next().filter(Value::is_truthy);
                let separator = separator.unwrap_or_else(|| ",".into());
                let joiner = Definition::Joiner {
                    separator,
                    is_used: false,
                };
                Ok(Value::Callable(self.define(joiner)))
            }
            Definition::CyclerNext(owner) => Ok(self.cycle(*owner)),
            Definition::CyclerReset(owner) => {
                let owner = *owner as usize;
                if let Definition::Cycler { index, .. } = &mut self.definitions[owner] {
                    *index = None;
                }
                Ok(Value::Undefined)
            }
            Definition::Host(function) => self.call_host(*function, &arguments),
            _ => Ok(self.join_next(index)),
        }
    }

    fn cycle(&mut self, owner: u32) -> Value<'a> {
        let Definition::Cycler { values, index } = &mut self.definitions[owner as usize] else {
            return Value::Undefined;
        };
        let next = index.map_or(0, |index| index + 1);
        let next = if next < values.len() { next } else { 0 };
        *index = Some(next);
        values.get(next).cloned().unwrap_or(Value::Undefined)
    }

    fn join_next(&mut self, index: u32) -> Value<'a> {
        match &mut self.definitions[index as usize] {
            Definition::Joiner { is_used, .. } if !*is_used => {
                *is_used = true;
                "".into()
            }
            Definition::Joiner { separator, .. } => separator.clone(),
            _ => Value::Undefined,
        }
    }

    fn range(&mut self, arguments: &[Value<'a>]) -> Result<Value<'a>> {
        let given = |index: usize| arguments.get(index).cloned().unwrap_or(Value::Undefined);
        let (start, stop, step) = match (given(1), given(2)) {
            (Value::Undefined, _) => (Value::Number(0.0), given(0), Value::Number(1.0)),
            (stop, step) if step.is_truthy() => (given(0), stop, step),
            (stop, _) => (given(0), stop, Value::Number(1.0)),
        };
        let is_up = self.machine.order(&step, &Value::Number(0.0))? == Some(Ordering::Greater);
        let goes_on = if is_up {
            Ordering::Less
        } else {
            Ordering::Greater
        };
        let mut items = Vec::new();
        let mut value = start;
        while self.machine.order(&value, &stop)? == Some(goes_on) {
            self.machine.meter.work(1)?;
            items.push(value.clone());
            check_size(items.len())?;
            value = self.machine.add(&value, &step)?;
        }
        self.machine.array(items)
    }

    fn call_method(
        &mut self,
        owner: &Value<'a>,
        method: Method,
        arguments: &'a Arguments,
        env: Env,
    ) -> Result<Value<'a>> {
        let name = method.name();
        let (min, max) = method.n_arguments(self.syntax);
        let arguments = self.data_arguments(name, min, max, arguments, env)?;
        self.machine.check_data(owner)?;
        methods::call(&mut self.machine, owner, method, &arguments)
            .map_err(|fault| fault.within(&format!("`{name}` of {}", owner.kind())))
    }

    /// Evaluated positional arguments; how many there are is checked before.
    fn data_arguments(
        &mut self,
        name: &str,
        min: usize,
        max: usize,
        arguments: &'a Arguments,
        env: Env,
    ) -> Result<Vec<Value<'a>>> {
        if !arguments.keyword.is_empty() {
            return Err(fault(format!("`{name}` takes no named arguments")));
        }
        let n_given = arguments.positional.len();
        if n_given < min || n_given > max {
            let expected = match (min, max) {
                (0, 0) => "no arguments".to_owned(),
                (1, 1) => "one argument".to_owned(),
                (min, max) if min == max => format!("{min} arguments"),
                (min, usize::MAX) => format!("at least {min} arguments"),
                (min, max) => format!("{min} to {max} arguments"),
            };
            return Err(fault(format!("`{name}` takes {expected}, not {n_given}")));
        }
        let values = self.all(&arguments.positional, env)?;
        for value in &values {
            self.machine.check_data(value)?;
        }
        Ok(values)
    }

    pub(super) fn call_arguments(
        &mut self,
        arguments: &'a Arguments,
        env: Env,
    ) -> Result<CallArguments<'a>> {
        Ok(CallArguments {
            positional: self.all(&arguments.positional, env)?,
            keyword: self.keywords(arguments, env)?,
        })
    }

    /// Named arguments; the last of a name wins.
    pub(super) fn keywords(
        &mut self,
        arguments: &'a Arguments,
        env: Env,
    ) -> Result<Vec<(&'a str, Value<'a>)>> {
        let mut keyword: Vec<(&'a str, Value<'a>)> = Vec::new();
        for (name, expr) in &arguments.keyword {
            let value = self.eval(*expr, env)?;
            match keyword.iter_mut().find(|(known, _)| **known == **name) {
                Some((_, place)) => *place = value,
                None => keyword.push((name, value)),
            }
        }
        Ok(keyword)
    }

    fn call_host(&mut self, index: usize, arguments: &[Value<'a>]) -> Result<Value<'a>> {
        let arguments = self.host_arguments(arguments)?;
        let Some((name, function)) = self.host.function(index) else {
            return Ok(Value::Undefined);
        };
        let result = function(&arguments).map_err(|message| {
            Fault::new(
                ErrorKind::Host,
                format!("function `{name}` failed: {message}"),
            )
        })?;
        self.host_result(result.as_ref())
    }

    pub(super) fn host_arguments(&mut self, values: &[Value<'a>]) -> Result<Vec<Option<Json>>> {
        self.machine.meter.call()?;
        values
            .iter()
            .map(|value| self.machine.json_of(value))
            .collect()
    }

    pub(super) fn host_result(&mut self, result: Option<&Json>) -> Result<Value<'a>> {
        match result {
            Some(json) => self.machine.adopt(json),
            None => Ok(Value::Undefined),
        }
    }

    /// How the source names what it calls: `steps.x.output`.
    fn path(&self, expr: ExprId) -> Option<String> {
        match self.ast.expr(expr) {
            Expr::Name(name) => Some(name.text.to_string()),
            Expr::Member { target, key } => match self.ast.expr(*key) {
                Expr::Text(key) => Some(format!("{}.{key}", self.path(*target)?)),
                _ => None,
            },
            _ => None,
        }
    }
}
