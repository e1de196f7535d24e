//! Operands of expressions, and what follows them: members, indices, calls.

use crate::ast::{Arguments, Expr, ExprId, Name, RegexLiteral, SliceRange};
use crate::error::{Result, syntax};
use crate::lexer::TokenKind;

use super::cursor::{LITERALS, check_name};
use super::expression::ExprParser;

impl ExprParser<'_, '_> {
    pub(super) fn postfix(&mut self) -> Result<ExprId> {
        let mut expr = self.operand()?;
        loop {
            let at = self.at();
            if self.takes(".") {
                let at = self.at();
                let name = self.name()?;
                let key = self.builder.add(Expr::Text(name.into()), at)?;
                expr = self.builder.add(Expr::Member { target: expr, key }, at)?;
            } else if self.takes("[") {
                expr = self.nested(|parser| parser.subscript(expr))?;
                self.need("]")?;
            } else if self.takes("(") {
                let arguments = Box::new(self.nested(Self::arguments)?);
                let at = self.builder.place(expr).min(at);
                let target = expr;
                expr = self.builder.add(Expr::Call { target, arguments }, at)?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn subscript(&mut self, target: ExprId) -> Result<ExprId> {
        let at = self.at();
        let start = self.slice_bound()?;
        if !self.takes(":") {
            let key = start.ok_or_else(|| syntax("expected an index", at))?;
            if let Expr::Text(name) = self.builder.expr(key) {
                check_name(name, at)?;
            }
            return self.builder.add(Expr::Member { target, key }, at);
        }
        let stop = self.slice_bound()?;
        let step = if self.takes(":") && self.operator() != Some("]") {
            Some(self.expression()?)
        } else {
            None
        };
        let range = SliceRange { start, stop, step };
        self.builder.add(Expr::Slice { target, range }, at)
    }

    fn slice_bound(&mut self) -> Result<Option<ExprId>> {
        if matches!(self.operator(), Some(":" | "]")) {
            return Ok(None);
        }
        self.expression().map(Some)
    }

    fn operand(&mut self) -> Result<ExprId> {
        let at = self.at();
        let token = self.tokens[self.index].kind.clone();
        match token {
            TokenKind::Operator("(") => self.group(at),
            TokenKind::Operator("[") => {
                self.index += 1;
                let items = self.nested(|parser| parser.items("]"))?;
                self.builder.add(Expr::List(items), at)
            }
            TokenKind::Operator("{") => {
                self.index += 1;
                let pairs = self.nested(Self::pairs)?;
                self.builder.add(Expr::Dict(pairs), at)
            }
            TokenKind::Operator(_) | TokenKind::End => Err(self.unexpected("a value")),
            TokenKind::Number(number) => self.literal(Expr::Number(number), at),
            TokenKind::Text(text) => self.literal(Expr::Text(text.into()), at),
            TokenKind::Regex(regex) => {
                let regex = RegexLiteral {
                    source: regex.source.into(),
                    flags: regex.flags.into(),
                };
                self.literal(Expr::Regex(Box::new(regex)), at)
            }
            TokenKind::Name("true") => self.literal(Expr::Bool(true), at),
            TokenKind::Name("false") => self.literal(Expr::Bool(false), at),
            TokenKind::Name("null" | "none") => self.literal(Expr::Null, at),
            TokenKind::Name(name) => {
                check_name(name, at)?;
                let name = Name {
                    slot: self.builder.slot(name),
                    text: name.into(),
                };
                self.literal(Expr::Name(name), at)
            }
        }
    }

    fn literal(&mut self, expr: Expr, at: usize) -> Result<ExprId> {
        self.index += 1;
        self.builder.add(expr, at)
    }

    fn group(&mut self, at: usize) -> Result<ExprId> {
        self.index += 1;
        let items = self.nested(|parser| parser.items(")"))?;
        if items.is_empty() {
            return Err(syntax("there is nothing between the parentheses", at));
        }
        self.builder.add(Expr::Group(items), at)
    }

    /// Expressions with commas between them, up to `end`.
    fn items(&mut self, end: &str) -> Result<Vec<ExprId>> {
        let mut items = Vec::new();
        if self.takes(end) {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            if !self.takes(",") {
                self.need(end)?;
                return Ok(items);
            }
        }
    }

    fn pairs(&mut self) -> Result<Vec<(Box<str>, ExprId)>> {
        let mut pairs = Vec::new();
        if self.takes("}") {
            return Ok(pairs);
        }
        loop {
            let at = self.at();
            let key: Box<str> = match &self.tokens[self.index].kind {
                TokenKind::Name(name) if !LITERALS.contains(name) => (*name).into(),
                TokenKind::Text(text) => text.as_ref().into(),
                _ => return Err(self.unexpected("a name or a text as key")),
            };
            check_name(&key, at)?;
            self.index += 1;
            self.need(":")?;
            pairs.push((key, self.expression()?));
            if !self.takes(",") {
                self.need("}")?;
                return Ok(pairs);
            }
        }
    }

    pub(super) fn arguments(&mut self) -> Result<Arguments> {
        let mut arguments = Arguments::default();
        if self.takes(")") {
            return Ok(arguments);
        }
        loop {
            if let (Some(name), true) = (self.word(0), self.is_operator(1, "=")) {
                check_name(name, self.at())?;
                self.index += 2;
                let value = self.expression()?;
                arguments.keyword.push((name.into(), value));
            } else {
                arguments.positional.push(self.expression()?);
            }
            if !self.takes(",") {
                self.need(")")?;
                return Ok(arguments);
            }
        }
    }
}
