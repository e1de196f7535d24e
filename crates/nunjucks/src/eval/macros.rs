//! Macros and call blocks.

use crate::ast::{CallBlock, Macro, Parameter};
use crate::error::{Result, fault};
use crate::value::{Callable, Text, Value};

use super::call::{CallArguments, Definition};
use super::scope::{FrameId, ScopeId};
use super::{Env, Evaluator};

/// A macro, or the body of a call block, with what it sees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defined<'a> {
    it: &'a Macro,
    scope: ScopeId,
    exports: ScopeId,
    /// The frame around the body of a call block.
    frame: Option<FrameId>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn define_macro(&mut self, it: &'a Macro, env: Env) {
        let callable = self.define(Definition::Macro(Defined {
            it,
            scope: env.exports,
            exports: env.exports,
            frame: None,
        }));
        if let Some(slot) = it.name.slot {
            self.scopes
                .set_slot(env.frame, slot, Value::Callable(callable));
        }
        if env.exports_macros {
            self.scopes
                .set(env.exports, &it.name.text, Value::Callable(callable));
        }
    }

    pub(super) fn call_block(
        &mut self,
        it: &'a CallBlock,
        env: Env,
        output: &mut String,
    ) -> Result<()> {
        let target = self.eval(it.target, env)?;
        let Some(defined) = self.as_macro(&target) else {
            return Err(fault(format!(
                "a call block needs a macro, not {}",
                target.kind()
            )));
        };
        let mut arguments = self.call_arguments(&it.arguments, env)?;
        let caller = self.define(Definition::Caller(Defined {
            it: &it.caller,
            scope: env.scope,
            exports: env.exports,
            frame: Some(env.frame),
        }));
        arguments.set("caller", Value::Callable(caller));
        let value = self.invoke(defined, arguments, env)?;
        self.put_out(&value, output)
    }

    fn as_macro(&self, value: &Value<'a>) -> Option<Defined<'a>> {
        let Value::Callable(Callable { definition, .. }) = value else {
            return None;
        };
        match self.definition(*definition) {
            Definition::Macro(defined) => Some(*defined),
            _ => None,
        }
    }

    /// Runs a macro; what it puts out is a safe text.
    pub(super) fn invoke(
        &mut self,
        defined: Defined<'a>,
        arguments: CallArguments<'a>,
        env: Env,
    ) -> Result<Value<'a>> {
        let inner = Env {
            scope: self.scopes.add(Some(defined.scope), true),
            frame: self.scopes.add_frame(defined.it.n_slots, defined.frame),
            exports: defined.exports,
            exports_macros: defined.frame.is_none(),
            exports_assignments: false,
            depth: env.depth + 1,
        };
        self.bind_parameters(&defined.it.parameters, arguments, inner)?;
        let text = self.capture(&defined.it.body, inner)?;
        Ok(Value::Safe(Text::from(text)))
    }

    fn bind_parameters(
        &mut self,
        parameters: &'a [Parameter],
        mut arguments: CallArguments<'a>,
        env: Env,
    ) -> Result<()> {
        arguments.spread_surplus(parameters);
        let mut positional = std::mem::take(&mut arguments.positional).into_iter();
        let mut declares_caller = false;
        for parameter in parameters {
            match parameter {
                Parameter::Required(name) => {
                    declares_caller |= &*name.text == "caller";
                    let value = positional
                        .next()
                        .or_else(|| arguments.take(&name.text))
                        .unwrap_or(Value::Undefined);
                    self.bind_name(name, value, env);
                }
                Parameter::Default(name, default) => {
                    declares_caller |= &**name == "caller";
                    let value = match arguments.get(name) {
                        Some(value) => value,
                        None => self.eval(*default, env)?,
                    };
                    self.scopes.set(env.scope, name, value);
                }
            }
        }
        match arguments.get("caller") {
            Some(caller) if !declares_caller => self.scopes.set(env.scope, "caller", caller),
            _ => {}
        }
        Ok(())
    }
}
