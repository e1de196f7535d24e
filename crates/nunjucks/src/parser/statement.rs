//! Statements: what is between `{%` and `%}`.

use std::ops::Range;

use crate::ast::{CallBlock, Expr, For, Macro, Name, Parameter, SetValue, StmtKind};
use crate::error::{Result, quoted, syntax};
use crate::lexer::{TokenKind, is_code_space, tokenize};

use super::{Parser, Tag};

impl Parser<'_> {
    pub(super) fn if_statement(&mut self, tag: &Tag) -> Result<StmtKind> {
        let mut branches = Vec::new();
        let mut opening = tag.clone();
        loop {
            let condition = self.expression(opening.rest.clone())?.whole()?;
            let (body, stop) = self.closed_body(tag, &["elif", "elseif", "else", "endif"])?;
            branches.push((condition, body));
            opening = match stop.name.as_str() {
                "elif" | "elseif" => stop,
                "else" => {
                    let (body, _) = self.closed_body(tag, &["endif"])?;
                    return Ok(StmtKind::If {
                        branches,
                        otherwise: Some(body),
                    });
                }
                _ => {
                    return Ok(StmtKind::If {
                        branches,
                        otherwise: None,
                    });
                }
            };
        }
    }

    pub(super) fn for_statement(&mut self, tag: &Tag) -> Result<StmtKind> {
        let Some((names, list)) = self.split_at_in(&tag.rest)? else {
            return Err(syntax("a loop needs `in`", tag.at));
        };
        let names = self.expression(names)?.names()?;
        if names == ["loop"] {
            return Err(syntax("a loop variable cannot be named `loop`", tag.at));
        }
        let list = self.expression(list)?.whole()?;
        let length = self.builder.slots.anonymous();
        let region = self.builder.slots.enter_region();
        let targets = names
            .iter()
            .map(|name| Name {
                text: name.as_str().into(),
                slot: Some(self.builder.slots.bind(name)),
            })
            .collect();
        let (body, stop) = self.closed_body(tag, &["else", "endfor"])?;
        let otherwise = if stop.name == "else" {
            Some(self.closed_body(tag, &["endfor"])?.0)
        } else {
            None
        };
        self.builder.slots.leave_region(region);
        Ok(StmtKind::For(Box::new(For {
            list,
            targets,
            body,
            otherwise,
            length,
        })))
    }

    /// The parts of a loop's head on both sides of `in`.
    fn split_at_in(&self, head: &Range<usize>) -> Result<Option<(Range<usize>, Range<usize>)>> {
        let is_space = |c: Option<char>| c.is_none_or(is_code_space);
        let mut depth = 0_usize;
        for token in tokenize(self.source, head.clone())? {
            match token.kind {
                TokenKind::Operator("(" | "[" | "{") => depth += 1,
                TokenKind::Operator(")" | "]" | "}") => depth = depth.saturating_sub(1),
                TokenKind::Name("in") if depth == 0 => {
                    let before = &self.source[head.start..token.span.start];
                    let after = &self.source[token.span.end..head.end];
                    if is_space(before.chars().next_back()) && is_space(after.chars().next()) {
                        let split = (head.start..token.span.start, token.span.end..head.end);
                        return Ok(Some(split));
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }

    pub(super) fn set_statement(&mut self, tag: &Tag) -> Result<StmtKind> {
        let Some(assignment) = self.find_assignment(&tag.rest)? else {
            let names = self.expression(tag.rest.clone())?.names()?;
            let body = self.capture(tag, "endset")?;
            return Ok(StmtKind::Set {
                targets: self.targets(names),
                value: SetValue::Body(body),
            });
        };
        let names = self.expression(tag.rest.start..assignment.start)?.names()?;
        let value = self.expression(assignment.end..tag.rest.end)?.whole()?;
        Ok(StmtKind::Set {
            targets: self.targets(names),
            value: SetValue::Expr(value),
        })
    }

    fn find_assignment(&self, head: &Range<usize>) -> Result<Option<Range<usize>>> {
        let mut depth = 0_usize;
        for token in tokenize(self.source, head.clone())? {
            match token.kind {
                TokenKind::Operator("(" | "[" | "{") => depth += 1,
                TokenKind::Operator(")" | "]" | "}") => depth = depth.saturating_sub(1),
                TokenKind::Operator("=") if depth == 0 => return Ok(Some(token.span)),
                _ => {}
            }
        }
        Ok(None)
    }

    fn targets(&self, names: Vec<String>) -> Vec<Name> {
        names
            .into_iter()
            .map(|name| Name {
                slot: self.builder.slot(&name),
                text: name.into(),
            })
            .collect()
    }

    /// The body of a tag whose output becomes a value.
    fn capture(&mut self, tag: &Tag, end: &str) -> Result<crate::ast::Body> {
        let n_macros = self.n_macros;
        let (body, _) = self.closed_body(tag, &[end])?;
        if self.n_macros > n_macros {
            let message = format!("a macro cannot be defined inside {}", quoted(&tag.name));
            return Err(syntax(message, tag.at));
        }
        Ok(body)
    }

    pub(super) fn macro_statement(&mut self, tag: &Tag) -> Result<StmtKind> {
        let head = &self.source[tag.rest.clone()];
        let wrong = || syntax("a macro needs a name and parameters in parentheses", tag.at);
        let open = head.find('(').ok_or_else(wrong)?;
        if !head.ends_with(')') {
            return Err(wrong());
        }
        let name_range = tag.rest.start..tag.rest.start + open;
        let mut names = self.expression(name_range)?.names()?;
        let name = names.pop().filter(|_| names.is_empty()).ok_or_else(wrong)?;
        let slot = self.builder.slots.bind(&name);
        self.builder.slots.enter_frame(false);
        let parameters = self
            .expression(tag.rest.start + open + 1..tag.rest.end)?
            .parameters()?;
        let (body, _) = self.closed_body(tag, &["endmacro"])?;
        self.n_macros += 1;
        Ok(StmtKind::Macro(Box::new(Macro {
            name: Name {
                text: name.into(),
                slot: Some(slot),
            },
            parameters,
            body,
            n_slots: self.builder.slots.leave_frame(),
        })))
    }

    pub(super) fn call_statement(&mut self, tag: &Tag) -> Result<StmtKind> {
        let (parameters, callee) = self.split_call(tag)?;
        let call = self.expression(callee)?.whole()?;
        if !self.is_static_call(call) {
            return Err(syntax("a call block calls a macro by its name", tag.at));
        }
        let Expr::Call { target, arguments } = self.builder.take(call) else {
            return Err(syntax("a call block needs a call", tag.at));
        };
        self.builder.slots.enter_frame(true);
        let parameters = match parameters {
            Some(range) => self.expression(range)?.parameters()?,
            None => Vec::new(),
        };
        let (body, _) = self.closed_body(tag, &["endcall"])?;
        let caller = Macro {
            name: Name {
                text: "caller".into(),
                slot: None,
            },
            parameters,
            body,
            n_slots: self.builder.slots.leave_frame(),
        };
        Ok(StmtKind::Call(Box::new(CallBlock {
            target,
            arguments: *arguments,
            caller,
        })))
    }

    /// The parameters of the body, with their closing parenthesis, and the call behind them.
    fn split_call(&self, tag: &Tag) -> Result<(Option<Range<usize>>, Range<usize>)> {
        if !self.source[tag.rest.clone()].starts_with('(') {
            return Ok((None, tag.rest.clone()));
        }
        let mut depth = 0_usize;
        for token in tokenize(self.source, tag.rest.clone())? {
            match token.kind {
                TokenKind::Operator("(" | "[" | "{") => depth += 1,
                TokenKind::Operator(")" | "]" | "}") => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let parameters = tag.rest.start + 1..token.span.end;
                return Ok((Some(parameters), token.span.end..tag.rest.end));
            }
        }
        Err(syntax(
            "the parameters of the call block have no end",
            tag.at,
        ))
    }

    /// Whether an expression is a call of a name or of a member with a fixed name.
    fn is_static_call(&self, call: crate::ast::ExprId) -> bool {
        let Expr::Call { target, .. } = self.builder.expr(call) else {
            return false;
        };
        let mut target = *target;
        loop {
            match self.builder.expr(target) {
                Expr::Name(_) => return true,
                Expr::Member { target: inner, key } => {
                    if !matches!(
                        self.builder.expr(*key),
                        Expr::Text(_) | Expr::Number(_) | Expr::Bool(_) | Expr::Null
                    ) {
                        return false;
                    }
                    target = *inner;
                }
                _ => return false,
            }
        }
    }

    pub(super) fn filter_statement(&mut self, tag: &Tag) -> Result<StmtKind> {
        let body = self.capture(tag, "endfilter")?;
        let input = self.builder.add(Expr::Capture(body), tag.at)?;
        let expr = self.expression(tag.rest.clone())?.filter_of(input)?;
        Ok(StmtKind::Output(expr))
    }

    pub(super) fn block_statement(&mut self, tag: &Tag) -> Result<StmtKind> {
        let mut names = self.expression(tag.rest.clone())?.names()?;
        let name = names
            .pop()
            .filter(|_| names.is_empty())
            .ok_or_else(|| syntax("a block needs a name", tag.at))?;
        self.builder.slots.enter_frame(false);
        let (body, stop) = self.closed_body(tag, &["endblock"])?;
        let n_slots = self.builder.slots.leave_frame();
        let end_name = &self.source[stop.rest.clone()];
        if !end_name.is_empty() && end_name != name {
            let message = format!("this ends another block than {}", quoted(&name));
            return Err(syntax(message, stop.at));
        }
        if !self.blocks.insert(name.clone()) {
            let message = format!("block {} is defined twice", quoted(&name));
            return Err(syntax(message, tag.at));
        }
        Ok(StmtKind::Block { body, n_slots })
    }

    pub(super) fn switch_statement(&mut self, tag: &Tag) -> Result<StmtKind> {
        const STOPS: [&str; 3] = ["case", "default", "endswitch"];
        let subject = self.expression(tag.rest.clone())?.whole()?;
        let (before, mut stop) = self.closed_body(tag, &STOPS)?;
        if !before.is_empty() {
            return Err(syntax("a switch begins with `case` or `default`", tag.at));
        }
        let mut cases = Vec::new();
        while stop.name == "case" {
            let condition = self.expression(stop.rest.clone())?.whole()?;
            let (body, next) = self.closed_body(tag, &STOPS)?;
            cases.push((condition, body));
            stop = next;
        }
        let otherwise = if stop.name == "default" {
            Some(self.closed_body(tag, &["endswitch"])?.0)
        } else {
            None
        };
        if cases.is_empty() && otherwise.is_none() {
            return Err(syntax("a switch needs a `case` or a `default`", tag.at));
        }
        Ok(StmtKind::Switch {
            subject,
            cases,
            otherwise,
        })
    }
}

/// Binds the parameters of a macro; a repeated name means the same slot.
pub(super) fn required(slots: &mut super::slots::Slots, name: &str) -> Parameter {
    let slot = slots.find_own(name).unwrap_or_else(|| slots.bind(name));
    Parameter::Required(Name {
        text: name.into(),
        slot: Some(slot),
    })
}
