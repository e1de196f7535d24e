//! Statements.

use crate::ast::{Body, For, Name, SetValue, Stmt, StmtKind};
use crate::error::{Result, fault};
use crate::number;
use crate::text;
use crate::value::{Array, LoopState, Record, Text, Value};

use super::{Env, Evaluator};

/// What a loop goes over.
enum Entries<'a> {
    /// Looked at while it runs: a loop sees what its body appends.
    Array(Array<'a>),
    Values(Vec<Value<'a>>),
    Pairs(Vec<(Text<'a>, Value<'a>)>),
}

/// How the variables of a loop are set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Binding {
    Single,
    /// Several variables over arrays are known to the loop's own text only.
    Items,
    Pairs,
}

impl<'a> Evaluator<'a> {
    pub(super) fn run(&mut self, body: &'a Body, env: Env, output: &mut String) -> Result<()> {
        self.machine.meter.check_depth(env.depth)?;
        for statement in body {
            self.statement(statement, env, output)
                .map_err(|fault| fault.at(statement.at))?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &'a Stmt, env: Env, output: &mut String) -> Result<()> {
        self.machine.meter.work(1)?;
        match &statement.kind {
            StmtKind::Text(text) => {
                self.machine.meter.output(text.len())?;
                output.push_str(text);
                Ok(())
            }
            StmtKind::Output(expr) => {
                let value = self.eval(*expr, env)?;
                if self.syntax.python {
                    let before = output.len();
                    self.machine.write_python(&value, output)?;
                    return self.machine.meter.output(output.len() - before);
                }
                self.put_out(&value, output)
            }
            StmtKind::If {
                branches,
                otherwise,
            } => self.choose(branches, otherwise.as_ref(), env, output),
            StmtKind::For(it) => self.repeat(it, env, output),
            StmtKind::Set { targets, value } => self.assign(targets, value, env),
            StmtKind::Macro(it) => {
                self.define_macro(it, env);
                Ok(())
            }
            StmtKind::Call(it) => self.call_block(it, env, output),
            StmtKind::Block { body, n_slots } => self.block(body, *n_slots, env, output),
            StmtKind::Switch {
                subject,
                cases,
                otherwise,
            } => {
                let subject = self.eval(*subject, env)?;
                self.switch(&subject, cases, otherwise.as_ref(), env, output)
            }
        }
    }

    pub(super) fn put_out(&mut self, value: &Value<'a>, output: &mut String) -> Result<()> {
        let before = output.len();
        self.machine.write(value, output)?;
        self.machine.meter.output(output.len() - before)
    }

    fn choose(
        &mut self,
        branches: &'a [(crate::ast::ExprId, Body)],
        otherwise: Option<&'a Body>,
        env: Env,
        output: &mut String,
    ) -> Result<()> {
        for (condition, body) in branches {
            if self.eval(*condition, env)?.is_truthy() {
                return self.run(body, env.deeper(), output);
            }
        }
        match otherwise {
            Some(body) => self.run(body, env.deeper(), output),
            None => Ok(()),
        }
    }

    /// The first case that is identical; cases without a body share the next one.
    fn switch(
        &mut self,
        subject: &Value<'a>,
        cases: &'a [(crate::ast::ExprId, Body)],
        otherwise: Option<&'a Body>,
        env: Env,
        output: &mut String,
    ) -> Result<()> {
        let mut is_matched = false;
        for (condition, body) in cases {
            is_matched = is_matched || self.eval(*condition, env)?.is_identical(subject);
            if is_matched && !body.is_empty() {
                return self.run(body, env.deeper(), output);
            }
        }
        match otherwise {
            Some(body) => self.run(body, env.deeper(), output),
            None => Ok(()),
        }
    }

    fn block(
        &mut self,
        body: &'a Body,
        n_slots: usize,
        env: Env,
        output: &mut String,
    ) -> Result<()> {
        let env = Env {
            scope: self.scopes.add(Some(env.scope), true),
            frame: self.scopes.add_frame(n_slots, None),
            exports_macros: true,
            exports_assignments: false,
            ..env.deeper()
        };
        self.run(body, env, output)
    }

    fn assign(&mut self, targets: &'a [Name], value: &'a SetValue, env: Env) -> Result<()> {
        let value = match value {
            SetValue::Expr(expr) => self.eval(*expr, env)?,
            SetValue::Body(body) => self.capture(body, env)?.into(),
        };
        for target in targets {
            self.scopes.assign(env.scope, &target.text, value.clone());
            if let Some(slot) = target.slot {
                self.scopes.set_slot(env.frame, slot, value.clone());
            }
            if env.exports_assignments {
                self.scopes.set(env.exports, &target.text, value.clone());
            }
        }
        Ok(())
    }

    /// What a body puts out, as a text.
    pub(super) fn capture(&mut self, body: &'a Body, env: Env) -> Result<String> {
        let mut output = String::new();
        self.run(body, env.deeper(), &mut output)?;
        self.machine.meter.scratch(output.len())?;
        Ok(output)
    }

    fn repeat(&mut self, it: &'a For, env: Env, output: &mut String) -> Result<()> {
        let list = self.eval(it.list, env)?;
        let (entries, length, binding) = self.entries(&list, it.targets.len())?;
        let inner = Env {
            scope: self.scopes.add(Some(env.scope), false),
            exports_macros: false,
            exports_assignments: false,
            ..env.deeper()
        };
        // A loop over nothing keeps the length of its last run, as compiled Nunjucks does.
        let length = if list.is_truthy() {
            self.scopes.set_slot(env.frame, it.length, length.clone());
            length
        } else {
            self.scopes.slot(env.frame, it.length)
        };
        let n_entries = self.machine.number_of(&length)?;
        let mut index = 0;
        while let Some(entry) = self.entry(&entries, index) {
            self.machine.meter.work(1)?;
            self.bind(&it.targets, entry, binding, inner)?;
            let state = LoopState {
                index: number::from_len(index),
                length: n_entries,
            };
            let state = Value::Record(Record::Loop(state));
            self.scopes.set(inner.scope, "loop", state);
            self.run(&it.body, inner, output)?;
            index += 1;
        }
        match &it.otherwise {
            Some(body) if !length.is_truthy() => self.run(body, inner, output),
            _ => Ok(()),
        }
    }

    fn entries(
        &mut self,
        list: &Value<'a>,
        n_targets: usize,
    ) -> Result<(Entries<'a>, Value<'a>, Binding)> {
        let is_single = n_targets == 1;
        Ok(match list {
            Value::Array(array) => {
                let length = number::from_len(self.machine.array_len(*array));
                let binding = if is_single {
                    Binding::Single
                } else {
                    Binding::Items
                };
                (Entries::Array(*array), length.into(), binding)
            }
            Value::Record(record) if is_single => {
                let length = self.machine.member(*record, "length");
                let length = length.unwrap_or(Value::Undefined);
                let values = self.numbered_members(*record, &length)?;
                (Entries::Values(values), length, Binding::Single)
            }
            Value::Record(record) => {
                let pairs = self.machine.entries(*record)?;
                let length = number::from_len(pairs.len());
                (Entries::Pairs(pairs), length.into(), Binding::Pairs)
            }
            Value::Text(text) if !is_single => {
                let units = self.machine.unit_texts(text)?;
                let length = number::from_len(units.len());
                let pairs = units.into_iter().enumerate();
                let pairs = pairs.map(|(index, unit)| (index.to_string().into(), unit));
                (
                    Entries::Pairs(pairs.collect()),
                    length.into(),
                    Binding::Pairs,
                )
            }
            Value::Text(text) | Value::Safe(text) => {
                let units = self.machine.unit_texts(text)?;
                let length = number::from_len(units.len());
                let binding = if is_single {
                    Binding::Single
                } else {
                    Binding::Items
                };
                (Entries::Values(units), length.into(), binding)
            }
            _ if is_single => (
                Entries::Values(Vec::new()),
                Value::Undefined,
                Binding::Single,
            ),
            _ => (Entries::Values(Vec::new()), 0.0.into(), Binding::Pairs),
        })
    }

    /// The members `0`, `1`, … of a record that says it has a length.
    fn numbered_members(
        &mut self,
        record: Record<'a>,
        length: &Value<'a>,
    ) -> Result<Vec<Value<'a>>> {
        let length = self.machine.number_of(length)?;
        let mut values = Vec::new();
        while number::from_len(values.len()) < length {
            self.machine.meter.work(1)?;
            let member = self.machine.member(record, &values.len().to_string());
            values.push(member.unwrap_or(Value::Undefined));
        }
        Ok(values)
    }

    fn entry(&mut self, entries: &Entries<'a>, index: usize) -> Option<Entry<'a>> {
        match entries {
            Entries::Array(array) => (index < self.machine.array_len(*array))
                .then(|| Entry::Value(self.machine.item(*array, index))),
            Entries::Values(values) => values.get(index).cloned().map(Entry::Value),
            Entries::Pairs(pairs) => pairs
                .get(index)
                .map(|(name, value)| Entry::Pair(name.clone(), value.clone())),
        }
    }

    fn bind(
        &mut self,
        targets: &'a [Name],
        entry: Entry<'a>,
        binding: Binding,
        env: Env,
    ) -> Result<()> {
        match entry {
            Entry::Pair(name, value) => {
                for (target, value) in targets.iter().zip([Value::Text(name), value]) {
                    self.bind_name(target, value, env);
                }
            }
            Entry::Value(value) if binding == Binding::Single => {
                if let [target] = targets {
                    self.bind_name(target, value, env);
                }
            }
            Entry::Value(value) => {
                for (index, target) in targets.iter().enumerate() {
                    let part = self.part(&value, index)?;
                    if let Some(slot) = target.slot {
                        self.scopes.set_slot(env.frame, slot, part);
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn bind_name(&mut self, name: &'a Name, value: Value<'a>, env: Env) {
        if let Some(slot) = name.slot {
            self.scopes.set_slot(env.frame, slot, value.clone());
        }
        self.scopes.set(env.scope, &name.text, value);
    }

    /// One part of an item that is taken apart.
    fn part(&mut self, value: &Value<'a>, index: usize) -> Result<Value<'a>> {
        Ok(match value {
            Value::Undefined | Value::Null => {
                return Err(fault("null and undefined cannot be taken apart"));
            }
            Value::Array(array) => self.machine.item(*array, index),
            Value::Record(record) => self
                .machine
                .member(*record, &index.to_string())
                .unwrap_or(Value::Undefined),
            Value::Text(text) if index < text::len(text) => {
                let unit = text::slice(text, index..index + 1).into_owned();
                self.machine.cut(unit)?
            }
            _ => Value::Undefined,
        })
    }
}

enum Entry<'a> {
    Value(Value<'a>),
    Pair(Text<'a>, Value<'a>),
}
