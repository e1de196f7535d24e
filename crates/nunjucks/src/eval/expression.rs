//! Expressions.

use std::cmp::Ordering;

use crate::ast::{Binary, Comparison, Expr, ExprId, FilterCall, SliceRange, TestCall, Unary};
use crate::error::{ErrorKind, Fault, Result, fault, quoted};
use crate::filters::{self, Filter};
use crate::nearest::did_you_mean;
use crate::number;
use crate::predicate::{self, Test};
use crate::value::{Text, Value};

use super::{Env, Evaluator};

impl<'a> Evaluator<'a> {
    pub(super) fn eval(&mut self, id: ExprId, env: Env) -> Result<Value<'a>> {
        let node = self.ast.node(id);
        self.eval_node(&node.expr, env)
            .map_err(|fault| fault.at(node.at))
    }

    fn eval_node(&mut self, expr: &'a Expr, env: Env) -> Result<Value<'a>> {
        self.machine.meter.work(1)?;
        self.machine.meter.check_depth(env.depth)?;
        let env = env.deeper();
        match expr {
            Expr::Null => Ok(Value::Null),
            Expr::Bool(value) => Ok(Value::Bool(*value)),
            Expr::Number(number) => Ok(Value::Number(*number)),
            Expr::Text(text) => Ok(Value::Text(Text::Borrowed(text))),
            Expr::Regex(regex) => self.machine.regex_literal(&regex.source, &regex.flags),
            Expr::Name(name) => match name.slot {
                Some(slot) => Ok(self.scopes.slot(env.frame, slot)),
                None => self.lookup(&name.text, env.scope),
            },
            Expr::List(items) => {
                let items = self.all(items, env)?;
                self.machine.array(items)
            }
            Expr::Group(items) => self.group(items, env),
            Expr::Dict(pairs) => self.dict(pairs, env),
            Expr::Member { target, key } => self.member_of(*target, *key, env),
            Expr::Slice { target, range } => {
                let target = self.eval(*target, env)?;
                self.slice(&target, range, env)
            }
            Expr::If {
                condition,
                then,
                otherwise,
            } => self.choose_expr(*condition, *then, *otherwise, env),
            Expr::Or(left, right) => {
                let left = self.eval(*left, env)?;
                if left.is_truthy() {
                    Ok(left)
                } else {
                    self.eval(*right, env)
                }
            }
            Expr::And(left, right) => {
                let left = self.eval(*left, env)?;
                if left.is_truthy() {
                    self.eval(*right, env)
                } else {
                    Ok(left)
                }
            }
            Expr::Unary(operator, target) => self.unary(*operator, *target, env),
            Expr::Binary(operator, left, right) => self.binary(*operator, *left, *right, env),
            Expr::Compare(first, rest) => self.compare(*first, rest, env),
            Expr::In { needle, container } => {
                let needle = self.eval(*needle, env)?;
                let container = self.eval(*container, env)?;
                self.contains(&container, &needle).map(Value::Bool)
            }
            Expr::Test(call) => self.test(call, env),
            Expr::Filter(call) => self.filter(call, env),
            Expr::Call { target, arguments } => self.call(*target, arguments, env),
            Expr::Capture(body) => {
                let scope = self.scopes.add(Some(env.scope), false);
                self.capture(body, Env { scope, ..env }).map(Value::from)
            }
        }
    }

    pub(super) fn all(&mut self, exprs: &'a [ExprId], env: Env) -> Result<Vec<Value<'a>>> {
        exprs.iter().map(|expr| self.eval(*expr, env)).collect()
    }

    fn group(&mut self, items: &'a [ExprId], env: Env) -> Result<Value<'a>> {
        let mut last = Value::Undefined;
        for item in items {
            self.machine.check_data(&last)?;
            last = self.eval(*item, env)?;
        }
        Ok(last)
    }

    fn dict(&mut self, pairs: &'a [(Box<str>, ExprId)], env: Env) -> Result<Value<'a>> {
        let members = pairs
            .iter()
            .map(|(name, value)| Ok((Text::Borrowed(name), self.eval(*value, env)?)))
            .collect::<Result<Vec<_>>>()?;
        self.machine.record(members)
    }

    fn choose_expr(
        &mut self,
        condition: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
        env: Env,
    ) -> Result<Value<'a>> {
        if self.eval(condition, env)?.is_truthy() {
            return self.eval(then, env);
        }
        match otherwise {
            Some(otherwise) => self.eval(otherwise, env),
            None => Ok("".into()),
        }
    }

    fn unary(&mut self, operator: Unary, target: ExprId, env: Env) -> Result<Value<'a>> {
        let target = self.eval(target, env)?;
        if operator == Unary::Not {
            return Ok(Value::Bool(!target.is_truthy()));
        }
        let number = self.machine.number_of(&target)?;
        Ok(Value::Number(match operator {
            Unary::Minus => -number,
            Unary::Floor => number.floor(),
            Unary::Plus | Unary::Not => number,
        }))
    }

    fn binary(
        &mut self,
        operator: Binary,
        left: ExprId,
        right: ExprId,
        env: Env,
    ) -> Result<Value<'a>> {
        let left = self.eval(left, env)?;
        let right = self.eval(right, env)?;
        match operator {
            Binary::Add => return self.machine.add(&left, &right),
            Binary::Concat => return self.machine.concat(&left, &right),
            _ => {}
        }
        let left = self.machine.number_of(&left)?;
        let right = self.machine.number_of(&right)?;
        Ok(Value::Number(match operator {
            Binary::Subtract => left - right,
            Binary::Multiply => left * right,
            Binary::Divide => left / right,
            Binary::Remainder => left % right,
            Binary::Power => number::power(left, right),
            Binary::Add | Binary::Concat => f64::NAN,
        }))
    }

    fn compare(
        &mut self,
        first: ExprId,
        rest: &'a [(Comparison, ExprId)],
        env: Env,
    ) -> Result<Value<'a>> {
        let mut left = self.eval(first, env)?;
        for (comparison, right) in rest {
            let right = self.eval(*right, env)?;
            left = Value::Bool(self.compare_two(*comparison, &left, &right)?);
        }
        Ok(left)
    }

    fn compare_two(
        &mut self,
        comparison: Comparison,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Result<bool> {
        Ok(match comparison {
            Comparison::Identical => left.is_identical(right),
            Comparison::NotIdentical => !left.is_identical(right),
            Comparison::Equal => self.machine.is_equal(left, right)?,
            Comparison::NotEqual => !self.machine.is_equal(left, right)?,
            Comparison::Less => self
                .machine
                .order(left, right)?
                .is_some_and(Ordering::is_lt),
            Comparison::LessOrEqual => self
                .machine
                .order(left, right)?
                .is_some_and(Ordering::is_le),
            Comparison::Greater => self
                .machine
                .order(left, right)?
                .is_some_and(Ordering::is_gt),
            Comparison::GreaterOrEqual => self
                .machine
                .order(left, right)?
                .is_some_and(Ordering::is_ge),
        })
    }

    fn contains(&mut self, container: &Value<'a>, needle: &Value<'a>) -> Result<bool> {
        match container {
            Value::Text(text) => {
                let needle = self.machine.text_of(needle)?;
                self.machine.meter.work(1 + text.len() / 64)?;
                Ok(text.contains(needle.as_str()))
            }
            Value::Safe(_) => {
                let needle = self.machine.text_of(needle)?;
                Ok(matches!(needle.as_str(), "length" | "val"))
            }
            Value::Array(array) => {
                let items = self.machine.items(*array)?;
                Ok(items.iter().any(|item| item.is_identical(needle)))
            }
            Value::Record(record) => {
                let name = self.machine.text_of(needle)?;
                Ok(self.machine.member(*record, &name).is_some())
            }
            _ => Err(fault(format!(
                "`in` needs an array, a record or a text, not {}",
                container.kind()
            ))),
        }
    }

    /// `target[start:stop:step]`, which is always an array.
    ///
    /// Bounds are compared and added as JavaScript does with whatever they are.
    fn slice(&mut self, target: &Value<'a>, range: &'a SliceRange, env: Env) -> Result<Value<'a>> {
        if matches!(target, Value::Callable(_)) {
            return Err(fault("a function has no parts"));
        }
        let length = if target.is_truthy() {
            self.own_member(target, "length")?
        } else {
            Some(Value::Number(0.0))
        };
        let length = length.unwrap_or(Value::Undefined);
        let start = self.bound(range.start, env)?;
        let stop = self.bound(range.stop, env)?;
        let step = match range.step {
            Some(step) => self.eval(step, env)?,
            None => Value::Number(1.0),
        };
        let number = self.machine.number_of(&step)?;
        if !number.is_finite() || number == 0.0 {
            return Err(fault("the step of a slice is a number other than 0"));
        }
        let is_forward = number > 0.0;
        let start = match start {
            Some(start) => self.counted_from(start, &length)?,
            None if is_forward => Value::Number(0.0),
            None => Value::Number(self.machine.number_of(&length)? - 1.0),
        };
        let stop = match stop {
            Some(stop) => self.counted_from(stop, &length)?,
            None if is_forward => length.clone(),
            None => Value::Number(-1.0),
        };
        let mut items = Vec::new();
        let mut index = start;
        while !self.is_past(&index, &stop, is_forward, &length)? {
            self.machine.meter.work(1)?;
            let key = self.machine.text_of(&index)?;
            let item = self.own_member(target, &key)?.unwrap_or(Value::Undefined);
            self.machine.check_data(&item)?;
            items.push(item);
            index = self.machine.add(&index, &step)?;
        }
        self.machine.array(items)
    }

    /// A bound of a slice; null counts as left out.
    fn bound(&mut self, bound: Option<ExprId>, env: Env) -> Result<Option<Value<'a>>> {
        let Some(bound) = bound else {
            return Ok(None);
        };
        let value = self.eval(bound, env)?;
        Ok(Some(value).filter(|value| !matches!(value, Value::Null)))
    }

    /// A negative bound counts from the end.
    fn counted_from(&mut self, bound: Value<'a>, length: &Value<'a>) -> Result<Value<'a>> {
        match self.machine.order(&bound, &Value::Number(0.0))? {
            Some(Ordering::Less) => self.machine.add(&bound, length),
            _ => Ok(bound),
        }
    }

    /// Whether an index is outside of the target or behind the stop.
    fn is_past(
        &mut self,
        index: &Value<'a>,
        stop: &Value<'a>,
        is_forward: bool,
        length: &Value<'a>,
    ) -> Result<bool> {
        let zero = Value::Number(0.0);
        let is_before = self.machine.order(index, &zero)? == Some(Ordering::Less);
        let is_behind = self.machine.order(index, length)? == Some(Ordering::Greater);
        let past = if is_forward {
            Ordering::Greater
        } else {
            Ordering::Less
        };
        let order = self.machine.order(index, stop)?;
        Ok(is_before || is_behind || order == Some(past) || order == Some(Ordering::Equal))
    }

    fn test(&mut self, call: &'a TestCall, env: Env) -> Result<Value<'a>> {
        let test = Test::named(&call.name).ok_or_else(|| {
            let hint = did_you_mean(&call.name, predicate::test_names());
            fault(format!("unknown test {}{hint}", quoted(&call.name))).at(call.at)
        })?;
        let (n_given, has_keywords) = match &call.arguments {
            Some(arguments) => (arguments.positional.len(), !arguments.keyword.is_empty()),
            None => (0, false),
        };
        if n_given != test.n_arguments() || has_keywords {
            return Err(fault(predicate::wrong_count(&call.name, test)));
        }
        let input = self.eval(call.input, env)?;
        let arguments = match &call.arguments {
            Some(arguments) => self.all(&arguments.positional, env)?,
            None => Vec::new(),
        };
        predicate::apply(&mut self.machine, test, &input, &arguments)
            .map(Value::Bool)
            .map_err(|fault| {
                let context = format!("test `{}` on {}", call.name, input.kind());
                fault.within(&context)
            })
    }

    fn filter(&mut self, call: &'a FilterCall, env: Env) -> Result<Value<'a>> {
        if self.host.filter(&call.name).is_some() {
            return self.host_filter(call, env);
        }
        let filter = Filter::named(&call.name, self.syntax).ok_or_else(|| {
            let mut known: Vec<&str> = filters::filter_names().collect();
            known.extend(self.host.filter_names());
            let hint = did_you_mean(&call.name, known);
            fault(format!("unknown filter {}{hint}", quoted(&call.name)))
        })?;
        let mut positional = self.all(&call.arguments.positional, env)?;
        let keyword = self.keywords(&call.arguments, env)?;
        for value in positional
            .iter()
            .chain(keyword.iter().map(|(_, value)| value))
        {
            self.machine.check_data(value)?;
        }
        let rest = positional.split_off(1.min(positional.len()));
        let input = positional.pop().unwrap_or(Value::Undefined);
        let arguments = filter.place_keywords(&mut self.machine, rest, keyword)?;
        filters::apply(&mut self.machine, filter, &input, &arguments).map_err(|fault| {
            let context = format!("filter `{}` on {}", call.name, input.kind());
            fault.within(&context)
        })
    }

    fn host_filter(&mut self, call: &'a FilterCall, env: Env) -> Result<Value<'a>> {
        let name = &call.name;
        if !call.arguments.keyword.is_empty() {
            return Err(fault(format!("filter `{name}` takes no named arguments")));
        }
        let arguments = self.all(&call.arguments.positional, env)?;
        let arguments = self.host_arguments(&arguments)?;
        let Some(filter) = self.host.filter(name) else {
            return Ok(Value::Undefined);
        };
        let result = filter(&arguments).map_err(|message| {
            Fault::new(
                ErrorKind::Host,
                format!("filter `{name}` failed: {message}"),
            )
        })?;
        self.host_result(result.as_ref())
    }
}
