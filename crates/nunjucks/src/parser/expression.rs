//! Expressions, by recursive descent.
//!
//! From weak to strong: `if else`, `or`, `and`, `not`, `in`, `is`, `==`, `<`, `+ - ~`,
//! `* / // %`, `**`, `|`, unary `+ -`, and what follows an operand (`.a`, `[a]`, `(a)`).

use std::ops::Range;

use crate::ast::{
    Arguments, Binary, Comparison, Expr, ExprId, FilterCall, Parameter, TestCall, Unary,
};
use crate::error::{Result, offset, syntax};
use crate::lexer::{Token, tokenize};
use crate::number;

use super::build::Builder;
use super::cursor::LITERALS;
use super::statement::required;

/// Reads one tag's code; the tree grows in the builder.
pub(super) struct ExprParser<'b, 's> {
    pub(super) builder: &'b mut Builder,
    pub(super) tokens: Vec<Token<'s>>,
    pub(super) index: usize,
}

impl<'b, 's> ExprParser<'b, 's> {
    pub(super) fn new(
        builder: &'b mut Builder,
        source: &'s str,
        code: Range<usize>,
    ) -> Result<Self> {
        Ok(Self {
            builder,
            tokens: tokenize(source, code)?,
            index: 0,
        })
    }

    /// One expression and nothing else.
    pub(super) fn whole(mut self) -> Result<ExprId> {
        let expr = self.expression()?;
        self.end()?;
        Ok(expr)
    }

    /// Names with commas between them.
    pub(super) fn names(mut self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        loop {
            let at = self.at();
            let name = self.name()?;
            if LITERALS.contains(&name) {
                return Err(syntax(format!("`{name}` cannot be assigned to"), at));
            }
            names.push(name.to_owned());
            if !self.takes(",") {
                self.end()?;
                return Ok(names);
            }
        }
    }

    /// The parameters of a macro and the closing parenthesis; binds them.
    pub(super) fn parameters(mut self) -> Result<Vec<Parameter>> {
        let mut required_ones = Vec::new();
        let mut defaults = Vec::new();
        if !self.takes(")") {
            loop {
                let at = self.at();
                let name = self.name()?;
                if LITERALS.contains(&name) {
                    return Err(syntax("a parameter needs a name", at));
                }
                if self.takes("=") {
                    let default = self.expression()?;
                    defaults.push(Parameter::Default(name.into(), default));
                } else {
                    required_ones.push(required(&mut self.builder.slots, name));
                }
                if !self.takes(",") {
                    break;
                }
            }
            self.need(")")?;
        }
        self.end()?;
        required_ones.extend(defaults);
        Ok(required_ones)
    }

    /// A filter with its arguments, applied to `input`.
    pub(super) fn filter_of(mut self, input: ExprId) -> Result<ExprId> {
        let expr = self.filter(input)?;
        self.end()?;
        Ok(expr)
    }

    pub(super) fn expression(&mut self) -> Result<ExprId> {
        let then = self.or()?;
        if !self.takes_word("if") {
            return Ok(then);
        }
        let condition = self.or()?;
        let otherwise = if self.takes_word("else") {
            Some(self.nested(Self::or)?)
        } else {
            None
        };
        let at = self.builder.place(then);
        self.builder.add(
            Expr::If {
                condition,
                then,
                otherwise,
            },
            at,
        )
    }

    fn or(&mut self) -> Result<ExprId> {
        let mut left = self.and()?;
        while self.takes_word("or") {
            let right = self.and()?;
            left = self
                .builder
                .add(Expr::Or(left, right), self.builder.place(left))?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<ExprId> {
        let mut left = self.not()?;
        while self.takes_word("and") {
            let right = self.not()?;
            left = self
                .builder
                .add(Expr::And(left, right), self.builder.place(left))?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<ExprId> {
        let at = self.at();
        if self.takes_word("not") {
            let target = self.nested(Self::not)?;
            return self.builder.negate(target, at);
        }
        self.membership()
    }

    fn membership(&mut self) -> Result<ExprId> {
        let mut left = self.test()?;
        loop {
            let is_negated = self.is_word(0, "not") && self.is_word(1, "in");
            if is_negated {
                self.index += 2;
            } else if !self.takes_word("in") {
                return Ok(left);
            }
            let at = self.builder.place(left);
            let container = self.test()?;
            let needle = left;
            left = self.builder.add(Expr::In { needle, container }, at)?;
            if is_negated {
                left = self.builder.add(Expr::Unary(Unary::Not, left), at)?;
            }
        }
    }

    fn test(&mut self) -> Result<ExprId> {
        let input = self.equality()?;
        if !self.takes_word("is") {
            return Ok(input);
        }
        let is_negated = self.takes_word("not");
        let right = self.equality()?;
        let at = self.builder.place(right);
        let (name, arguments) = self.test_name(right);
        let call = TestCall {
            input,
            name,
            at: offset(at),
            arguments,
        };
        let test = self.builder.add(Expr::Test(Box::new(call)), at)?;
        if is_negated {
            let at = self.builder.place(input);
            return self.builder.add(Expr::Unary(Unary::Not, test), at);
        }
        Ok(test)
    }

    /// What is on the right of `is` names a test; anything that is no name is test `undefined`.
    fn test_name(&mut self, right: ExprId) -> (Box<str>, Option<Arguments>) {
        match self.builder.take(right) {
            Expr::Call { target, arguments } => {
                let name = self.builder.take(target);
                (test_word(&name), Some(*arguments))
            }
            Expr::Filter(filter) => (filter.name, Some(filter.arguments)),
            expr => (test_word(&expr), None),
        }
    }

    fn equality(&mut self) -> Result<ExprId> {
        let first = self.relation()?;
        self.comparisons(first, Self::relation, |operator| match operator {
            "==" => Some(Comparison::Equal),
            "===" => Some(Comparison::Identical),
            "!=" => Some(Comparison::NotEqual),
            "!==" => Some(Comparison::NotIdentical),
            _ => None,
        })
    }

    fn relation(&mut self) -> Result<ExprId> {
        let first = self.sum()?;
        self.comparisons(first, Self::sum, |operator| match operator {
            "<" => Some(Comparison::Less),
            "<=" => Some(Comparison::LessOrEqual),
            ">" => Some(Comparison::Greater),
            ">=" => Some(Comparison::GreaterOrEqual),
            _ => None,
        })
    }

    fn comparisons(
        &mut self,
        first: ExprId,
        operand: fn(&mut Self) -> Result<ExprId>,
        comparison: fn(&str) -> Option<Comparison>,
    ) -> Result<ExprId> {
        let mut rest = Vec::new();
        while let Some(operator) = self.operator().and_then(comparison) {
            self.index += 1;
            rest.push((operator, operand(self)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let at = self.builder.place(first);
        self.builder.add(Expr::Compare(first, rest), at)
    }

    fn sum(&mut self) -> Result<ExprId> {
        let mut left = self.product()?;
        loop {
            let operator = match self.operator() {
                Some("+") => Binary::Add,
                Some("-") => Binary::Subtract,
                Some("~") => Binary::Concat,
                _ => return Ok(left),
            };
            self.index += 1;
            let right = self.product()?;
            left = self.binary(operator, left, right)?;
        }
    }

    /// `*`, `/` and `%` from left to right, but `//` rounds its own term only.
    fn product(&mut self) -> Result<ExprId> {
        let (first, divisors) = self.floored_term()?;
        let mut left = self.remainders(first, &divisors)?;
        loop {
            let operator = match self.operator() {
                Some("*") => Binary::Multiply,
                Some("/") => Binary::Divide,
                _ => return Ok(left),
            };
            self.index += 1;
            let (right, divisors) = self.floored_term()?;
            left = self.binary(operator, left, right)?;
            left = self.remainders(left, &divisors)?;
        }
    }

    /// A term with `//`, and the divisors of the `%` behind it.
    fn floored_term(&mut self) -> Result<(ExprId, Vec<ExprId>)> {
        let (mut first, mut divisors) = self.remainder_term()?;
        while self.takes("//") {
            let (right, more) = self.remainder_term()?;
            let left = self.remainders(first, &divisors)?;
            let quotient = self.binary(Binary::Divide, left, right)?;
            let quotient = self.remainders(quotient, &more)?;
            let at = self.builder.place(quotient);
            first = self.builder.add(Expr::Unary(Unary::Floor, quotient), at)?;
            divisors.clear();
        }
        Ok((first, divisors))
    }

    fn remainder_term(&mut self) -> Result<(ExprId, Vec<ExprId>)> {
        let first = self.power()?;
        let mut divisors = Vec::new();
        while self.takes("%") {
            divisors.push(self.power()?);
        }
        Ok((first, divisors))
    }

    fn remainders(&mut self, first: ExprId, divisors: &[ExprId]) -> Result<ExprId> {
        divisors.iter().try_fold(first, |left, divisor| {
            self.binary(Binary::Remainder, left, *divisor)
        })
    }

    fn power(&mut self) -> Result<ExprId> {
        let mut left = self.filtered()?;
        while self.takes("**") {
            let right = self.filtered()?;
            left = self.binary(Binary::Power, left, right)?;
        }
        Ok(left)
    }

    fn binary(&mut self, operator: Binary, left: ExprId, right: ExprId) -> Result<ExprId> {
        let at = self.builder.place(left);
        self.builder.add(Expr::Binary(operator, left, right), at)
    }

    fn filtered(&mut self) -> Result<ExprId> {
        let mut expr = self.signed()?;
        while self.takes("|") {
            expr = self.filter(expr)?;
        }
        Ok(expr)
    }

    fn filter(&mut self, input: ExprId) -> Result<ExprId> {
        let at = self.at();
        let mut name = self.name()?.to_owned();
        while self.takes(".") {
            name.push('.');
            name.push_str(self.name()?);
        }
        let mut arguments = if self.takes("(") {
            self.nested(Self::arguments)?
        } else {
            Arguments::default()
        };
        arguments.positional.insert(0, input);
        let call = FilterCall {
            name: name.into(),
            arguments,
        };
        self.builder.add(Expr::Filter(Box::new(call)), at)
    }

    fn signed(&mut self) -> Result<ExprId> {
        let at = self.at();
        let sign = match self.operator() {
            Some("-") => Unary::Minus,
            Some("+") => Unary::Plus,
            _ => return self.postfix(),
        };
        self.index += 1;
        let target = self.nested(Self::signed)?;
        if matches!(self.builder.expr(target), Expr::Unary(inner, _) if *inner == sign) {
            return Err(syntax("the same sign twice needs parentheses", at));
        }
        self.builder.add(Expr::Unary(sign, target), at)
    }
}

fn test_word(expr: &Expr) -> Box<str> {
    match expr {
        Expr::Name(name) => name.text.clone(),
        Expr::Text(text) => text.clone(),
        Expr::Null => "null".into(),
        Expr::Bool(value) => value.to_string().into(),
        Expr::Number(number) => number::to_text(*number).into(),
        _ => "undefined".into(),
    }
}
